//! `--history`: evaluations that are known before a search.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use predicates::str::contains;

use crate::resume::same;
use crate::sandbox::Sandbox;
use crate::workers::{SEARCH, worker};

const CHAIN: &str = "search --space chain.toml --table chain.csv --objective accuracy";

#[test]
fn what_is_known_is_no_query_and_is_never_evaluated_again() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --strategy random --queries 50 --out first"
        ))
        .success();
    let known = sandbox.read("first/evaluations.csv");
    let arch = |line: &str| line.split(',').nth(2).unwrap().to_owned();
    let known: Vec<String> = known.lines().skip(1).map(arch).collect();
    for strategy in [
        "ga-nas",
        "evolution",
        "local-search",
        "cross-entropy",
        "random",
    ] {
        let search =
            format!("{CHAIN} --strategy {strategy} --queries 40 --history first/evaluations.csv");
        sandbox.run(&format!("{search} --out {strategy}")).success();
        let csv = sandbox.read(&format!("{strategy}/evaluations.csv"));
        assert_eq!(csv.lines().count(), 41);
        assert!(csv.lines().nth(1).unwrap().starts_with("1,1,"));
        assert!(csv.lines().skip(1).all(|line| !known.contains(&arch(line))));
        let result = sandbox.json(&format!("{strategy}/result.json"));
        assert_eq!(result["trajectory"][0]["query"], 0);
        assert_eq!(result["provenance"]["history"]["evaluations"], 50);
    }
}

#[test]
fn a_run_with_a_history_is_resumed_with_the_history_that_it_had() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "known.csv",
        "accuracy,arch\n20,a;a;a;b\n,b;b;b;b\n31,c;c;c;c\n",
    );
    let search = format!("{CHAIN} --strategy ga-nas --queries 60 --history known.csv");
    sandbox.run(&format!("{search} --out whole")).success();
    sandbox.run(&format!("{search} --out run")).success();
    fs::remove_file(sandbox.path("run/result.json")).unwrap();
    sandbox.write("known.csv", "arch,accuracy\na;a;a;a,1\n");
    sandbox.run("resume run").success();
    same(&sandbox, "whole", "run");
}

#[test]
fn the_best_can_have_been_known_before() {
    let sandbox = Sandbox::new();
    sandbox.write("known.csv", "arch,accuracy\na;a;a;a,99\n");
    sandbox
        .run(&format!(
            "{CHAIN} --strategy random --queries 10 --history known.csv"
        ))
        .success()
        .stdout(contains("the best was known before"));
}

#[test]
fn rows_that_cannot_be_used_are_named() {
    let sandbox = Sandbox::new();
    let search = format!("{CHAIN} --history known.csv --out run");
    for (rows, words) in [
        (
            "arch,accuracy\na;a;a;a,1\na;x;a;a,1\n",
            ["known.csv:3: ", "unknown op `x`"],
        ),
        (
            "arch,accuracy\na;a;a;a,1\na;a;a;b,many\n",
            [
                "known.csv:3: ",
                "column `accuracy` is not all numbers: `many` here",
            ],
        ),
        (
            "arch,accuracy\na;a;a;a,1\na;b;a;a,1\na;a;a;a,2\n",
            [
                "known.csv:4: ",
                "is on line 2 too, with `accuracy` 1 there and 2 here",
            ],
        ),
        (
            "arch,accuracy\na;a;a;a\n",
            ["known.csv:2: ", "1 fields where the header has 2"],
        ),
        (
            "arch,loss\na;a;a;a,1\n",
            ["known.csv:1: ", "no column `accuracy`"],
        ),
        (
            "cell,accuracy\na;a;a;a,1\n",
            [
                "known.csv:1: no column holds the architecture among cell, accuracy",
                "name it `arch`",
            ],
        ),
        ("", ["known.csv: ", "the file is empty"]),
    ] {
        sandbox.write("known.csv", rows);
        sandbox.refuses(&search, &words);
    }
    sandbox.write("known.csv", "arch,accuracy\na;a;a;a,1\n");
    sandbox.refuses(
        &format!("{search} --constraint 'latency < 12'"),
        &["known.csv:1: ", "no column `latency`"],
    );
    let costs = format!("{search} --queries 20 --constraint 'params < 12'");
    sandbox.run(&costs).success();
    sandbox.refuses(
        &format!("{CHAIN} --history gone.csv"),
        &["gone.csv: ", "no such file"],
    );
}

#[test]
fn the_columns_of_a_table_are_those_of_a_history() {
    let sandbox = Sandbox::new();
    let row = |op: &str, accuracy: f64| format!("\"input;{op};output\",101,{accuracy}\n");
    let known = format!("ops,adjacency,acc\n{}", row("maxpool3x3", 0.9));
    let table = format!(
        "{known}{}{}",
        row("conv1x1-bn-relu", 0.8),
        row("conv3x3-bn-relu", 0.7)
    );
    sandbox.write("known.csv", known);
    sandbox.write("table.csv", table);
    let search = "search --space nasbench101 --table table.csv --objective acc --strategy random \
                  --queries 2 --history known.csv --out run";
    sandbox
        .run(search)
        .success()
        .stdout(contains("the best was known before"));
    let evaluations = sandbox.read("run/evaluations.csv");
    assert_eq!(evaluations.lines().count(), 3);
    assert!(!evaluations.contains("maxpool3x3"), "{evaluations}");

    // The run's own file is a history, too.
    fs::remove_file(sandbox.path("known.csv")).unwrap();
    let next = search.replace("known.csv", "run/evaluations.csv");
    let next = next
        .replace("--queries 2", "--queries 1")
        .replace("--out run", "--out next");
    sandbox.run(&next).success();
    assert!(sandbox.read("next/evaluations.csv").contains("maxpool3x3"));

    sandbox.write("known.csv", "op,adjacency,acc\n\"input;output\",1,0.5\n");
    sandbox.refuses(
        &search.replace("--out run", "--out other"),
        &["among op, adjacency, acc", "its parts `ops`, `adjacency`"],
    );
}

#[test]
fn usual_files_of_evaluations_are_read() {
    let sandbox = Sandbox::new();
    let search = format!("{CHAIN} --strategy random --queries 5 --history known.csv");
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let text = "architecture\taccuracy\tlatency\na;a;a;a\t99\tfast\nb;b;b;b\tNone\t\n";
    packed.write_all(text.as_bytes()).unwrap();
    sandbox.write("known.csv", packed.finish().unwrap());
    sandbox
        .run(&format!("{search} --json found.json"))
        .success();
    let found = sandbox.json("found.json");
    assert_eq!(found["provenance"]["history"]["evaluations"], 1);
    assert_eq!(found["best_arch"], "a;a;a;a");

    sandbox.write(
        "known.csv",
        "arch,seed,accuracy\na;a;a;a,0,98\na;a;a;a,1,99\n",
    );
    sandbox.refuses(
        &search,
        &[
            "known.csv:3: ",
            "with `seed` 0 there and 1 here",
            "`--where seed=0`",
        ],
    );
    for (option, best) in [("--duplicates mean", 98.5), ("--duplicates first", 98.0)] {
        sandbox
            .run(&format!("{search} {option} --json found.json"))
            .success();
        assert_eq!(sandbox.json("found.json")["best"], best, "{option}");
    }
    // What chooses rows of the table need not be in the history.
    sandbox.write(
        "known.csv",
        "arch,note,accuracy\na;a;a;a,old,98\na;a;a;a,text,99\n",
    );
    sandbox
        .run(&format!("{search} --where note=text --json found.json"))
        .success();
    assert_eq!(sandbox.json("found.json")["best"], 99.0);
    sandbox.write("known.csv", "arch,accuracy\na;a;a;a,97\n");
    sandbox
        .run(&format!("{search} --where note=text --json found.json"))
        .success();
    assert_eq!(sandbox.json("found.json")["best"], 97.0);
}

#[test]
fn values_on_two_scales_are_warned_of_with_both() {
    let sandbox = Sandbox::new();
    let mut table = String::from("arch,accuracy\n");
    for (i, arch) in ["a;a;a;a", "b;b;b;b", "c;c;c;c", "d;d;d;d"]
        .iter()
        .enumerate()
    {
        table += &format!("{arch},{}\n", 70 + i);
    }
    sandbox.write("table.csv", table);
    let search = "search --space chain.toml --table table.csv --objective accuracy --queries 2 \
                  --strategy random --history known.csv";
    for (known, words) in [
        (
            "arch,accuracy\na;a;a;a,0.5\nb;b;b;a,0.6\nb;b;b;b,78\n",
            "`accuracy` is 0.6 on line 3 and 78 on line 4",
        ),
        (
            "arch,accuracy\na;b;a;a,0.5\n",
            "`accuracy` is 0.5 here and 70 in the table",
        ),
    ] {
        sandbox.write("known.csv", known);
        let said = sandbox.run(search).success().get_output().stderr.clone();
        let said = String::from_utf8(said).unwrap();
        assert!(
            said.contains("warning: known.csv: ") && said.contains(words),
            "{said}"
        );
    }
    sandbox.write("known.csv", "arch,accuracy\na;b;a;a,71.5\n");
    let said = sandbox.run(search).success().get_output().stderr.clone();
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains("scale"), "{said}");
}

#[test]
fn another_scale_than_what_workers_measure_is_noted_with_both() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "values = {arch: {\"accuracy\": 78.5} for arch in values}",
    );
    sandbox.write("known.csv", "arch,accuracy\na;a;a;a,0.5\n");
    let run = format!("{SEARCH} --queries 3 --history known.csv --out run");
    sandbox.run(&run).success().stderr(contains(
        "note: `accuracy` is 0.5 in the history and 78.5 in an evaluation",
    ));
}
