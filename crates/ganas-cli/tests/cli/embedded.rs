//! Searches in another program, and what the binary makes of them.

use std::sync::atomic::{AtomicBool, Ordering};

use ganas_core::arch::Arch;
use ganas_core::driver::Observer;
use ganas_core::error::Result;
use ganas_core::evaluate::{Evaluator, Outcome, Work};
use ganas_core::trial::Trial;
use ganas_study::host::{self, Search};
use ganas_study::run::Embedding;
use ganas_study::session::Session;
use ganas_study::spec::{BenchSpec, SearchSpec, StudySpec, read_map};
use serde_json::json;

use crate::sandbox::Sandbox;

/// Evaluator of this program: the table of a sandbox. It stops after so many evaluations.
struct Own<'s> {
    names: Vec<String>,
    rows: Vec<(Arch, f64)>,
    left: usize,
    stop: &'s AtomicBool,
}

impl<'s> Own<'s> {
    fn new(sandbox: &Sandbox, search: &Search, left: usize, stop: &'s AtomicBool) -> Self {
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
        while let Some(trial) = work.next() {
            let (_, value) = self.rows.iter().find(|(a, _)| *a == trial.arch).unwrap();
            work.done(&trial, Outcome::Done(vec![*value]));
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
    fn finished(&mut self, _: &Trial, _: &Outcome) -> Result<()> {
        self.finished += 1;
        Ok(())
    }

    fn recalled(&mut self, _: &Trial, _: &Outcome) -> Result<()> {
        self.recalled += 1;
        Ok(())
    }

    fn queried(&mut self, _: usize, _: &ganas_core::ledger::Query) -> Result<()> {
        self.queried += 1;
        Ok(())
    }
}

fn spec(sandbox: &Sandbox, out: &str) -> SearchSpec {
    let path = |name: &str| sandbox.path(name).display().to_string();
    let spec = json!({
        "space": path("chain.toml"), "caller": "tests", "queries": 90, "seed": 2,
        "constraints": "params<=15", "checkpoint": 1000, "out": path(out),
    });
    read_map(spec).unwrap()
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
        let search =
            Search::open(spec(&sandbox, out), Embedding::default(), Session::silent()).unwrap();
        assert!(search.is_embedded() && search.queries() == 90);
        let left = if out == "whole" { 1000 } else { 37 };
        // For the evaluator, which outlives nothing here but has to be `'static`.
        let stop: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
        let own = Own::new(&sandbox, &search, left, stop);
        let mut seen = Seen::default();
        search.run(Some(Box::new(own)), &mut seen, stop).unwrap();
        assert_eq!(seen.finished, left.min(90));
    }
    sandbox.refuses("resume torn", &["come from tests", "continue there"]);
    let search = Search::resume(
        &sandbox.path("torn"),
        None,
        false,
        |_, _| Embedding::default(),
        Session::silent(),
        &ganas_cli::legacy,
    )
    .unwrap();
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
fn an_unusable_specification_is_refused_in_a_line() {
    let read = |value| read_map::<SearchSpec>(value).unwrap_err().to_string();
    assert!(read(json!({ "queries": -1 })).contains("`queries` cannot be -1"));
    assert!(read(json!({ "querys": 1 })).contains("did you mean `queries`?"));
    let spec = read_map(json!({ "space": "nasbench102", "caller": "x" })).unwrap();
    let refused = Search::open(spec, Embedding::default(), Session::silent())
        .err()
        .unwrap();
    assert!(refused.to_string().contains("nasbench101"));
}

#[test]
fn a_benchmark_records_the_specification_that_repeats_it() {
    let sandbox = Sandbox::new();
    let [space, table, out] =
        ["chain.toml", "chain.csv", "out"].map(|name| sandbox.path(name).display().to_string());
    let spec: BenchSpec = read_map(json!({
        "space": space, "table": table, "objective": "accuracy", "strategies": ["random"],
        "queries": 20, "seeds": 2, "out": out,
    }))
    .unwrap();
    let stop = AtomicBool::new(false);
    let report = host::bench(&spec, &Session::silent(), &stop).unwrap();
    assert_eq!(
        report.provenance.spec,
        Some(StudySpec::Bench(Box::new(spec)))
    );
    let report = serde_json::to_value(&report).unwrap();
    // The binary repeats it from its results, and each run of it from its settings.
    sandbox
        .run("run out/bench.json --out again --json again.json")
        .success();
    let scores = |runs: &serde_json::Value| -> Vec<serde_json::Value> {
        let runs = runs.as_array().unwrap().iter();
        runs.map(|run| run["steps"].clone()).collect()
    };
    assert_eq!(
        scores(&sandbox.json("again.json")["runs"]),
        scores(&report["runs"])
    );
    sandbox
        .run("run out/random-default/1/settings.json --out one")
        .success();
    assert_eq!(
        sandbox.read("one/evaluations.csv"),
        sandbox.read("out/random-default/1/evaluations.csv")
    );
    // The same benchmark finds all its runs there.
    let command = format!(
        "bench --space {space} --table {table} --objective accuracy --strategies random --queries 20 \
         --seeds 2 --out {out} --json known.json"
    );
    sandbox.run(&command).success();
    assert_eq!(sandbox.json("known.json")["runs"], report["runs"]);
}
