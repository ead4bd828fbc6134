//! Searches in another program, and what the binary makes of them.

use std::sync::atomic::{AtomicBool, Ordering};

use ganas_cli::embed;
use ganas_core::arch::Arch;
use ganas_core::driver::Observer;
use ganas_core::error::Result;
use ganas_core::evaluate::{Evaluator, Outcome, Work};

use crate::sandbox::Sandbox;

/// What this program evaluates by: the table of a sandbox. It stops after so many evaluations.
struct Own<'s> {
    names: Vec<String>,
    rows: Vec<(Arch, f64)>,
    left: usize,
    stop: &'s AtomicBool,
}

impl<'s> Own<'s> {
    fn new(sandbox: &Sandbox, search: &embed::Search, left: usize, stop: &'s AtomicBool) -> Self {
        let table = sandbox.read("chain.csv");
        let row = |line: &str| {
            let cells: Vec<&str> = line.split(',').collect();
            (
                search.space().parse(cells[0]).unwrap(),
                cells[1].parse().unwrap(),
            )
        };
        Own {
            names: vec!["accuracy".into()],
            rows: table.lines().skip(1).map(row).collect(),
            left,
            stop,
        }
    }
}

impl Evaluator for Own<'_> {
    fn metrics(&self) -> &[String] {
        &self.names
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        while let Some(arch) = work.next() {
            let (_, value) = self.rows.iter().find(|(a, _)| *a == arch).unwrap();
            work.done(&arch, Outcome::Done(vec![*value]));
            self.left = self.left.saturating_sub(1);
            self.stop.store(self.left == 0, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Counts what it sees.
#[derive(Default)]
struct Seen {
    finished: usize,
    recalled: usize,
    queried: usize,
}

impl Observer for Seen {
    fn finished(&mut self, _: &Arch, _: &Outcome) -> Result<()> {
        self.finished += 1;
        Ok(())
    }

    fn recalled(&mut self, _: &Arch, _: &Outcome) -> Result<()> {
        self.recalled += 1;
        Ok(())
    }

    fn queried(&mut self, _: usize, _: &ganas_core::ledger::Query) -> Result<()> {
        self.queried += 1;
        Ok(())
    }
}

fn words(sandbox: &Sandbox, out: &str) -> Vec<String> {
    let path = |name: &str| sandbox.path(name).display().to_string();
    let words = format!(
        "search --space={} --caller=tests --queries=90 --seed=2 --constraint=params<=15 \
         --checkpoint=1000 --out={}",
        path("chain.toml"),
        path(out)
    );
    words.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn the_trace_is_that_of_the_binary_and_goes_on_after_an_interruption() {
    let sandbox = Sandbox::new();
    let table = "search --space chain.toml --table chain.csv --objective accuracy";
    sandbox
        .run(&format!(
            "{table} --queries 90 --seed 2 --constraint params<=15 --out binary"
        ))
        .success();
    for out in ["whole", "torn"] {
        let search = embed::Search::open(&words(&sandbox, out), Vec::new(), None).unwrap();
        assert!(search.is_embedded() && search.queries() == 90);
        let left = if out == "whole" { 1000 } else { 37 };
        // For the evaluator, which outlives nothing here but has to be `'static`.
        let stop: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
        let own = Own::new(&sandbox, &search, left, stop);
        let mut seen = Seen::default();
        search.run(Some(Box::new(own)), &mut seen, stop).unwrap();
        assert_eq!(seen.finished, left.min(90));
    }
    sandbox.refuses("resume torn", &["come from tests", "go on there"]);
    let search = embed::Search::resume(&sandbox.path("torn"), None, false, |_, _| None).unwrap();
    let stop: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
    let own = Own::new(&sandbox, &search, 1000, stop);
    let mut seen = Seen::default();
    search.run(Some(Box::new(own)), &mut seen, stop).unwrap();
    assert_eq!((seen.recalled, seen.finished, seen.queried), (37, 53, 90));
    for file in ["evaluations.csv", "rounds.jsonl"] {
        let read = |run: &str| sandbox.read(&format!("{run}/{file}"));
        assert_eq!(read("whole"), read("torn"), "{file}");
    }
    let cut = |run: &str| -> Vec<String> {
        let rows = sandbox.read(&format!("{run}/evaluations.csv"));
        let four = |row: &str| row.split(',').take(4).collect::<Vec<_>>().join(",");
        rows.lines().map(four).collect()
    };
    assert_eq!(cut("whole"), cut("binary"));
}

#[test]
fn the_binary_evaluates_for_nobody() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        "search --space chain.toml --caller python --out run",
        &["come from python", "`ganas.Search.load(DIR)`"],
    );
    assert!(!sandbox.path("run").exists());
}

#[test]
fn words_that_are_none_are_refused_in_a_line() {
    let open = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
        let refused = embed::Search::open(&words, Vec::new(), None).err().unwrap();
        refused.to_string()
    };
    assert!(open(&["search", "--queries=-1"]).starts_with("invalid value"));
    assert!(open(&["space", "list"]).contains("no search"));
    assert!(open(&["search", "--space=nasbench102", "--caller=x"]).contains("nasbench101"));
}

#[test]
fn a_benchmark_records_the_command_that_repeats_it() {
    let sandbox = Sandbox::new();
    let [space, table, out] =
        ["chain.toml", "chain.csv", "out"].map(|name| sandbox.path(name).display().to_string());
    let line = format!(
        "bench --space {space} --table {table} --objective accuracy --strategies random --queries 20 \
         --seeds 2 --out {out}"
    );
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    let stop = AtomicBool::new(false);
    let report: serde_json::Value =
        serde_json::from_str(&embed::bench(&words, &stop).unwrap()).unwrap();
    assert_eq!(report["provenance"]["command"], serde_json::json!(words));
    let settings = sandbox.json("out/random-default/1/settings.json");
    assert_eq!(settings["command"], serde_json::json!(words));
    // It is one of the binary, which finds all its runs there.
    sandbox.run(&format!("{line} --json again.json")).success();
    assert_eq!(sandbox.json("again.json")["runs"], report["runs"]);
}
