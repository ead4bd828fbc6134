//! The table of NAS-Bench-201 that is part of the program.

use serde_json::Value;

use crate::sandbox::Sandbox;

#[test]
fn space_and_objective_follow_from_the_table() {
    let sandbox = Sandbox::new();
    let run = sandbox
        .run("search --table nasbench201 --queries 40 --quiet --json found.json --out runs/one");
    run.success();
    let found = sandbox.json("found.json");
    assert_eq!(found["provenance"]["task"]["space"], "nasbench201");
    assert_eq!(found["provenance"]["task"]["table"], "nasbench201");
    assert_eq!(found["provenance"]["task"]["table_rows"], 15_625);
    assert_eq!(found["provenance"]["task"]["objective"], "cifar10_test");
    // A run of it can be resumed, in whichever folder.
    sandbox
        .run("resume runs/one --queries 50 --quiet")
        .success();
    sandbox
        .run("search --table nasbench201 --queries 50 --quiet --out whole")
        .success();
    assert_eq!(sandbox.trace("runs/one"), sandbox.trace("whole"));
}

#[test]
fn it_is_a_table_in_every_command() {
    let sandbox = Sandbox::new();
    let info = sandbox.run("table info nasbench201 --json").success();
    let info: Value = serde_json::from_slice(&info.get_output().stdout).unwrap();
    assert_eq!(info["rows"], 15_625);
    assert_eq!(info["columns"][0]["max"], 94.373333);
    let merged = sandbox
        .run("table info nasbench201 --merge-isomorphic --json")
        .success();
    let merged: Value = serde_json::from_slice(&merged.get_output().stdout).unwrap();
    assert_eq!(merged["rows"], 6_466);
    sandbox
        .run("table import nasbench201 --out nb.gtab")
        .success();
    let compiled = sandbox
        .run("table info nb.gtab --space nasbench201 --json")
        .success();
    let compiled: Value = serde_json::from_slice(&compiled.get_output().stdout).unwrap();
    assert_eq!(compiled["digest"], info["digest"]);
    let bench = "bench --table nasbench201 --strategies random --queries 20 --seeds 2 --quiet --json bench.json";
    sandbox.run(bench).success();
    assert_eq!(sandbox.json("bench.json")["optimum"], 94.373333);
    let rare = "rare-event --table nasbench201 --alpha 94.3 --methods monte-carlo --queries 200 --seeds 2 --quiet";
    sandbox.run(rare).success();
    let fit = "surrogate fit --table nasbench201 --objective cifar10_test --rows 200 --folds 2 --out model.json";
    sandbox.run(fit).success();
    sandbox
        .run("surrogate eval --surrogate model.json --table nasbench201")
        .success();
}

#[test]
fn suites_and_specifications_name_it() {
    let sandbox = Sandbox::new();
    let task = "[[task]]\nname = \"one\"\ntable = \"nasbench201\"\nqueries = 15\n";
    let suite = format!("strategies = [\"random\"]\nseeds = 2\n{task}");
    sandbox.write("suites/all.toml", suite);
    sandbox
        .run("bench --suite suites/all.toml --quiet --json suite.json")
        .success();
    let suite = sandbox.json("suite.json");
    assert_eq!(
        suite["tasks"][0]["provenance"]["task"]["table"],
        "nasbench201"
    );
    sandbox.write(
        "specs/search.toml",
        "table = \"nasbench201\"\nqueries = 15\n",
    );
    sandbox.run("run specs/search.toml --quiet").success();
    // A file of this name beside the suite could be meant.
    sandbox.write("suites/nasbench201", "arch,a\n");
    sandbox.refuses(
        "bench --suite suites/all.toml",
        &["`nasbench201` is a table of the program and also a file here"],
    );
}

#[test]
fn a_file_of_that_name_is_not_shadowed_in_silence() {
    let sandbox = Sandbox::new();
    sandbox.write("nasbench201", "arch,score\n");
    sandbox.refuses(
        "search --table nasbench201 --queries 5",
        &["also a file here", "write `./nasbench201` for the file"],
    );
    std::fs::copy(sandbox.path("chain.csv"), sandbox.path("nasbench201")).unwrap();
    let file =
        "search --table ./nasbench201 --space chain.toml --objective accuracy --queries 5 --quiet";
    sandbox.run(file).success();
}

#[test]
fn names_that_are_wrong_are_refused_with_advice() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        "search --table nasbench21 --space nasbench201 --objective cifar10_test",
        &[
            "no table of the program has this name",
            "did you mean `nasbench201`?",
        ],
    );
    sandbox.refuses(
        "search --table nasbench201 --space nasbench101",
        &[
            "the table is of the space `nasbench201`, not `nasbench101`",
            "leave the space out",
        ],
    );
    sandbox.refuses(
        "search --table nasbench21",
        &["did you mean `nasbench201`?"],
    );
    sandbox.refuses("search --table measured", &["no search space is named"]);
    sandbox.refuses(
        "search --table nasbench201 --objective cifar10_valid",
        &["no metric `cifar10_valid`", "cifar10_test"],
    );
    sandbox.refuses(
        "table import nasbench201",
        &["part of the program, and needs no import", "--out"],
    );
}
