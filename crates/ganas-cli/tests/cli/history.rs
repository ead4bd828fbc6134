//! `--history`: evaluations that are known before a search.

use std::fs;

use predicates::str::contains;

use crate::resume::same;
use crate::sandbox::Sandbox;

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
            ["known.csv:3: ", "`many` is no number"],
        ),
        (
            "arch,accuracy\na;a;a;a,1\na;b;a;a,1\na;a;a;a,2\n",
            ["known.csv:4: ", "on line 2"],
        ),
        (
            "arch,accuracy\na;a;a;a\n",
            ["known.csv:2: ", "1 fields, and 2"],
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
        ("", ["known.csv:1: ", "no column holds the architecture"]),
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
