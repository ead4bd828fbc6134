//! Public benchmarks that ganas reads, as `benchmarks.toml` lists them.

mod fetch;

use std::fmt::Write as _;

use ganas_core::error::{Error, Result, hint};
use serde::Deserialize;

pub use fetch::{Fetched, obtain};

/// Public benchmark. Facts that its source does not state are given as such.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    /// Name on the command line.
    pub name: String,
    title: String,
    /// Content: the architectures, their number and their measurements.
    pub content: String,
    paper: String,
    doi: String,
    source: String,
    licence: String,
    /// Name of the published file.
    file: String,
    /// Size of the file as its source states it.
    pub size: String,
    digest: String,
    /// Download that needs no browser, if there is one.
    pub fetch: Option<Download>,
    /// Steps after the download, or all of them.
    steps: Vec<String>,
    /// Command that uses the result.
    #[serde(rename = "use")]
    usage: String,
}

/// File that can be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Download {
    /// Address.
    pub url: String,
    /// Published digest.
    pub sha256: Option<String>,
    /// Space, if ganas reads the file as it is.
    pub space: Option<String>,
}

impl Download {
    /// Returns the name of the file.
    pub fn file(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct Catalogue {
    benchmark: Vec<Benchmark>,
}

/// Returns all benchmarks.
///
/// # Errors
/// If the program itself is damaged.
pub fn all() -> Result<Vec<Benchmark>> {
    let catalogue: Catalogue = toml::from_str(include_str!("benchmarks.toml"))
        .map_err(|e| Error::bug(format!("the list of benchmarks: {e}")))?;
    Ok(catalogue.benchmark)
}

/// Returns the benchmark of a name.
///
/// # Errors
/// If there is none.
pub fn find(name: &str) -> Result<Benchmark> {
    let all = all()?;
    let names: Vec<&str> = all.iter().map(|b| b.name.as_str()).collect();
    let unknown = || {
        Error::input(format!("no benchmark is called `{name}`")).mend(hint(
            name,
            &names,
            "there are",
        ))
    };
    (all.iter().find(|b| b.name == name).cloned()).ok_or_else(unknown)
}

impl Benchmark {
    /// Returns the facts with their titles, in order.
    fn facts(&self) -> [(&'static str, &str); 8] {
        [
            ("content", &self.content),
            ("paper", &self.paper),
            ("doi", &self.doi),
            ("source", &self.source),
            ("licence", &self.licence),
            ("file", &self.file),
            ("size", &self.size),
            ("digest", &self.digest),
        ]
    }

    /// Returns the steps: with the fetch by this program, if it can fetch the file.
    fn all_steps(&self) -> Vec<String> {
        let mut steps = Vec::new();
        if let Some(fetch) = &self.fetch {
            steps.push(format!("Fetch it: `ganas table get {}`", self.name));
            steps.push(format!("Or download it yourself: {}", fetch.url));
        }
        steps.extend(self.steps.iter().cloned());
        steps.push(format!("Use it: `{}`", self.usage));
        steps
    }

    /// Describes the benchmark for a terminal.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.title);
        for (title, fact) in self.facts() {
            let _ = writeln!(text, "{title:9} {}", fact.replace('`', ""));
        }
        text.push('\n');
        for (i, step) in self.all_steps().iter().enumerate() {
            let _ = writeln!(text, "{}. {}", i + 1, step.replace('`', ""));
        }
        text
    }

    /// Describes the benchmark in Markdown.
    #[cfg(test)]
    fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n", self.title);
        let _ = writeln!(text, "`ganas table get {}`\n", self.name);
        text += "| | |\n|---|---|\n";
        for (title, fact) in self.facts() {
            let fact = match title {
                "doi" if fact.starts_with("10.") => format!("[{fact}](https://doi.org/{fact})"),
                _ => fact.to_owned(),
            };
            let _ = writeln!(text, "| {title} | {fact} |");
        }
        text.push('\n');
        for (i, step) in self.all_steps().iter().enumerate() {
            let _ = writeln!(text, "{}. {step}", i + 1);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTRODUCTION: &str = "\
# Benchmarks

Public benchmarks that ganas reads, with their sources, licences and digests. The CIFAR-10 test accuracies of
NAS-Bench-201 are part of the program:

```sh
ganas search --table nasbench201
ganas table get
```

`ganas table get` lists the benchmarks of this page. `ganas table get NAME` prints one, fetches its file by `curl` or
`wget` if that needs no browser, and checks its digest if one is published. `--explain` fetches nothing. Facts that a
source does not state are marked as such here. Steps by which a file is converted are those of its authors' tools;
downloads and those tools were not run for this page, except where tests of this repository read such files.

";

    #[test]
    fn the_page_of_benchmarks_is_made_of_the_list() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/benchmarks.md");
        let sections: Vec<String> = all().unwrap().iter().map(Benchmark::markdown).collect();
        let text = format!("{INTRODUCTION}{}", sections.join("\n"));
        if std::env::var_os("GANAS_RECORD_DOCS").is_some() {
            std::fs::write(page, &text).unwrap();
        }
        let written = std::fs::read_to_string(page).unwrap();
        assert!(
            written == text,
            "make docs/benchmarks.md again with GANAS_RECORD_DOCS=1"
        );
    }

    #[test]
    fn entries_are_complete_and_digests_have_their_form() {
        let all = all().unwrap();
        for benchmark in &all {
            for (title, fact) in benchmark.facts() {
                assert!(!fact.is_empty(), "{}: {title}", benchmark.name);
            }
            let download = benchmark.fetch.as_ref();
            assert!(download.is_some() || !benchmark.steps.is_empty());
            if let Some(sha) = download.and_then(|d| d.sha256.as_ref()) {
                assert!(sha.len() == 64 && sha.bytes().all(|b| b.is_ascii_hexdigit()));
                assert!(benchmark.digest.contains(sha), "{}", benchmark.name);
            }
        }
        let names: std::collections::HashSet<&str> = all.iter().map(|b| b.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn unknown_names_get_the_nearest() {
        let error = find("nasbench1o1").unwrap_err().to_string();
        assert!(error.contains("did you mean `nasbench101`?"), "{error}");
    }
}
