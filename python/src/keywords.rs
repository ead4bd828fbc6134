//! Advice about options of the command line as advice about keyword arguments.

use ganas_core::error::Setting;

use crate::fault::Caller;

/// Options of `ganas search` with another name as keyword arguments.
const OTHERS: [(&str, &str); 7] = [
    ("out", "dir"),
    ("constraint", "constraints"),
    ("metric", "metrics"),
    ("set", "settings"),
    ("minimize", "maximize=False"),
    ("workers", "in_flight"),
    ("async", "in_flight"),
];

/// Commands and their counterparts in Python.
const HELPS: [(&str, &str); 6] = [
    ("search", "Search"),
    ("bench", "bench"),
    ("report", "report"),
    ("export", "export"),
    ("proxies", "proxies"),
    ("pretrain", "pretrain"),
];

/// The line with keyword arguments in the place of options: `--queries` becomes `queries`,
/// `--table FILE` becomes `table=FILE`, `--sampler uniform` `sampler="uniform"`, and `ganas search --help` becomes `help(ganas.Search)`.
pub fn keywords(line: &str, caller: Caller) -> String {
    let mut line = line.to_owned();
    for (command, function) in HELPS {
        let help = format!("`ganas {command} --help`");
        line = line.replace(&help, &format!("`help(ganas.{function})`"));
    }
    let line = resumes(&line);
    let mut text = String::with_capacity(line.len());
    let mut rest = &*line;
    while let Some(at) = rest.find("--") {
        let (before, option) = rest.split_at(at);
        text.push_str(before);
        let name_end = (option[2..].find(|c: char| !(c.is_ascii_lowercase() || c == '-')))
            .map_or(option.len(), |end| end + 2);
        let name = &option[2..name_end];
        let starts = before.chars().last().is_none_or(|c| " `('\"".contains(c));
        if !starts || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            text.push_str(&option[..name_end]);
            rest = &option[name_end..];
            continue;
        }
        text.push_str(&keyword(name, caller));
        rest = &option[name_end..];
        // `--sampler uniform`: what is quoted with its value.
        let quoted = (rest.strip_prefix(' ').filter(|_| before.ends_with('`')))
            .and_then(|value| value.split_once('`'));
        if let Some((value, after)) = quoted
            && value
                .chars()
                .all(|c| c.is_ascii_lowercase() || "0123456789-_.".contains(c))
        {
            let number = value.parse::<f64>().is_ok();
            let value = if number {
                value.to_owned()
            } else {
                format!("{value:?}")
            };
            text.push_str(&format!("={value}`"));
            rest = after;
            continue;
        }
        // `--report <COLUMN>`: as the parser of the command line writes it.
        let named = rest
            .strip_prefix(" <")
            .and_then(|value| value.split_once('>'));
        if let Some((value, after)) = named {
            text.push_str(&format!("={value}"));
            rest = after;
            continue;
        }
        // `--table FILE`: a word in capitals stands for a value.
        let value = rest.strip_prefix(' ').unwrap_or_default();
        let length = (value.find(|c: char| !c.is_ascii_uppercase())).unwrap_or(value.len());
        if length > 1 {
            text.push('=');
            rest = value;
        }
    }
    text + rest
}

/// Writes a setting as a keyword argument: `duplicates="mean"`.
pub fn argument(setting: &Setting, caller: Caller) -> String {
    let name = keyword(&setting.name.replace('_', "-"), caller);
    match &setting.value {
        Some(value) => format!("{name}={value:?}"),
        None => name,
    }
}

fn keyword(name: &str, caller: Caller) -> String {
    let other = OTHERS.iter().find(|(option, _)| *option == name);
    match other.filter(|_| caller == Caller::Search) {
        Some((_, keyword)) => (*keyword).to_owned(),
        None => name.replace('-', "_"),
    }
}

/// The counterpart of `ganas resume DIR` in Python.
fn resumes(line: &str) -> String {
    const COMMAND: &str = "`ganas resume ";
    let Some((before, rest)) = line.split_once(COMMAND) else {
        return line.to_owned();
    };
    match rest.split_once('`') {
        Some((folder, after)) if !folder.starts_with("--") => {
            format!("{before}`ganas.Search.load({folder:?})`{after}")
        }
        _ => line.to_owned(),
    }
}
