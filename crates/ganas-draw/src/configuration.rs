//! Configurations: a line for each choice, with its value. Copies of a repeated choice share a line.

use ganas_core::arch::Arch;
use ganas_core::space::Config;

use crate::difference::merged_stages;
use crate::figure::{Change, Figure, Layer, Stage};
use crate::label;

/// A figure and the names of its values.
pub struct Table {
    pub figure: Figure,
    pub names: Vec<String>,
}

/// The values of a configuration by choice, repeated choices as one.
fn rows(config: &Config, arch: &Arch) -> Vec<(String, Vec<String>)> {
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for (choice, value) in config.choices().iter().zip(config.values(arch)) {
        if rows.last().is_none_or(|(name, _)| name != choice.base()) {
            rows.push((choice.base().to_owned(), Vec::new()));
        }
        if let (Some(value), Some((_, values))) = (value, rows.last_mut()) {
            values.push(label::clean(&choice.values[usize::from(value)].text));
        }
    }
    if let Some(cell) = config.cell() {
        let cell = label::clean(&cell.format(&config.cell_of(arch)));
        rows.push(("cell".into(), vec![cell]));
    }
    rows
}

fn stages(rows: &[(String, Vec<String>)], names: &[String]) -> Vec<Stage> {
    let layer = |text: &String| Layer {
        // A configuration has fewer different values than a label has numbers.
        op: names.iter().position(|name| name == text).unwrap_or(0) as u8,
        change: Change::Same,
    };
    rows.iter()
        .map(|(name, values)| Stage {
            name: label::clean(name),
            layers: values.iter().map(layer).collect(),
        })
        .collect()
}

/// The table of a configuration; with `from`, of its differences from that one. `None` if it has too
/// many different values to be told apart.
pub fn table(config: &Config, from: Option<&Arch>, arch: &Arch) -> Option<Table> {
    let mut own = rows(config, arch);
    let mut before = from.map(|from| rows(config, from));
    let idle = |i: usize| own[i].1.is_empty() && before.as_ref().is_none_or(|b| b[i].1.is_empty());
    let kept: Vec<bool> = (0..own.len()).map(|i| !idle(i)).collect();
    for rows in std::iter::once(&mut own).chain(&mut before) {
        let mut keep = kept.iter();
        rows.retain(|_| *keep.next().unwrap_or(&true));
    }
    let all = own.iter().chain(before.iter().flatten());
    let mut names: Vec<String> = all.flat_map(|(_, values)| values.iter().cloned()).collect();
    names.sort();
    names.dedup();
    if names.len() > usize::from(u8::MAX) {
        return None;
    }
    let stages_of = |rows: &[(String, Vec<String>)]| stages(rows, &names);
    let stages = match &before {
        Some(before) => {
            let pairs = stages_of(before).into_iter().zip(stages_of(&own));
            pairs.map(|(from, to)| merged_stages(&from, to)).collect()
        }
        None => stages_of(&own),
    };
    Some(Table {
        figure: Figure::Chain(stages),
        names,
    })
}
