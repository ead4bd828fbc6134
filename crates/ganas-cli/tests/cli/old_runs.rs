//! Run folders of earlier versions are resumed to the same end. `runs_0_1` is of version 0.1.0 (commit
//! 82ced4b), and `runs_0_2` of commit 590dc47, the last one whose journals have version 1.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sandbox::{Sandbox, without_times};

fn stored(version: &str, name: &str) -> PathBuf {
    let folders = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli"));
    folders.join(version).join(name)
}

/// Copies a stored folder into the sandbox.
fn restore(sandbox: &Sandbox, version: &str, name: &str) {
    copy(&stored(version, name), &sandbox.path(name));
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// The columns of a CSV that the stored run has, as later versions may add columns.
fn columns(text: &str, names: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let places: Vec<usize> = (names.split(','))
        .map(|name| header.iter().position(|column| column == name).unwrap())
        .collect();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        places.iter().map(|&place| row[place].to_owned()).collect()
    });
    rows.collect()
}

#[track_caller]
fn search_ends_as_it_would_have(version: &str, strategy: &str) {
    let sandbox = Sandbox::new();
    restore(&sandbox, version, strategy);
    sandbox.run(&format!("resume {strategy}")).success();
    let whole = stored(version, &format!("{strategy}-whole"));
    let expected = fs::read_to_string(whole.join("evaluations.csv")).unwrap();
    let names = expected.lines().next().unwrap();
    let written = sandbox.read(&format!("{strategy}/evaluations.csv"));
    assert_eq!(
        columns(&written, names),
        columns(&expected, names),
        "{strategy}"
    );
    let result = sandbox.json(&format!("{strategy}/result.json"));
    assert_eq!(result["queries"], 60, "{strategy}");
}

#[track_caller]
fn benchmark_ends_as_it_would_have(version: &str) {
    let sandbox = Sandbox::new();
    restore(&sandbox, version, "bench");
    sandbox
        .run(
            "bench --space chain.toml --table chain.csv --objective accuracy \
             --strategies ga-nas,evolution --queries 30 --seeds 2 --out bench",
        )
        .success();
    fs::copy(
        stored(version, "bench-whole.json"),
        sandbox.path("whole.json"),
    )
    .unwrap();
    let of = |name: &str| {
        let report = without_times(&sandbox, name);
        let runs = report["runs"].as_array().unwrap().clone();
        let of_run = |run: &serde_json::Value| {
            [
                "strategy",
                "seed",
                "queries",
                "best",
                "best_arch",
                "queries_to_best",
            ]
            .map(|field| run[field].clone())
        };
        runs.iter().map(of_run).collect::<Vec<_>>()
    };
    let whole = of("whole.json");
    assert_eq!(whole.len(), 4);
    assert!(whole.iter().flatten().all(|field| !field.is_null()));
    assert_eq!(of("bench/bench.json"), whole);
}

#[test]
fn searches_that_were_killed_end_as_they_would_have() {
    for strategy in ["ga-nas", "evolution", "local-search"] {
        search_ends_as_it_would_have("runs_0_1", strategy);
    }
    for strategy in ["ga-nas", "tpe"] {
        search_ends_as_it_would_have("runs_0_2", strategy);
    }
}

#[test]
fn benchmarks_that_were_killed_end_as_they_would_have() {
    for version in ["runs_0_1", "runs_0_2"] {
        benchmark_ends_as_it_would_have(version);
    }
}
