//! Specifications: searches and benchmarks from files.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, without_times};

/// A search with several kinds of fields.
const SEARCH: &str = "--space chain.toml --table chain.csv --objective accuracy --queries 70 --seed 3 \
                      --constraint params<=15 --set batch=5 --top 2";

#[test]
fn the_specification_that_a_search_left_gives_the_same_trace() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("search {SEARCH} --out first"))
        .success();
    for (file, out) in [
        ("first/settings.json", "second"),
        ("first/result.json", "third"),
    ] {
        sandbox.run(&format!("run {file} --out {out}")).success();
        for file in ["evaluations.csv", "rounds.jsonl"] {
            let of = |run: &str| sandbox.read(&format!("{run}/{file}"));
            assert_eq!(of("first"), of(out), "{out}/{file}");
        }
    }
    // Without another folder it would be written over.
    sandbox.refuses("run first/settings.json", &["already holds a run"]);
    // What it left can be written by hand.
    sandbox.write(
        "search.toml",
        "space = \"chain.toml\"\ntable = \"chain.csv\"\nobjective = \"accuracy\"\nqueries = 70\nseed = 3\n\
         constraints = \"params<=15\"\nset = [\"batch=5\"]\ntop = 2\nout = \"fourth\"\n",
    );
    sandbox.run("run search.toml").success();
    assert_eq!(
        sandbox.read("first/evaluations.csv"),
        sandbox.read("fourth/evaluations.csv")
    );
    let spec = |run: &str| {
        let mut spec = sandbox.json(&format!("{run}/settings.json"))["spec"].take();
        spec["out"].take();
        spec
    };
    assert_eq!(spec("first")["constraints"], json!(["params<=15"]));
    assert_eq!(spec("first"), spec("second"));
}

#[test]
fn a_resumed_search_keeps_its_specification() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("search {SEARCH} --out run")).success();
    sandbox.run("resume run --queries 90").success();
    let spec = sandbox.json("run/result.json")["provenance"]["spec"].take();
    assert_eq!((&spec["queries"], &spec["seed"]), (&json!(90), &json!(3)));
    sandbox.run("run run/result.json --out again").success();
    assert_eq!(
        sandbox.read("run/evaluations.csv"),
        sandbox.read("again/evaluations.csv")
    );
}

#[test]
fn benchmarks_and_suites_run_from_files() {
    let sandbox = Sandbox::new();
    let task = "space = \"chain.toml\"\ntable = \"chain.csv\"\nobjective = \"accuracy:max\"\n";
    sandbox.write(
        "in/bench.toml",
        task.replace("chain.", "../chain.")
            + "strategies = [\"random\", \"evolution+sample=5\"]\nqueries = 40\nseeds = 2\n",
    );
    sandbox.run("run in/bench.toml --json file.json").success();
    sandbox
        .run(
            "bench --space chain.toml --table chain.csv --objective accuracy \
             --strategies random,evolution+sample=5 --queries 40 --seeds 2 --json typed.json",
        )
        .success();
    let runs = |file: &str| without_times(&sandbox, file)["runs"].take();
    assert_eq!(runs("file.json"), runs("typed.json"));
    sandbox.write(
        "suite.toml",
        format!(
            "strategies = [\"random\"]\nseeds = 2\n[[task]]\nname = \"one\"\nqueries = 20\n{task}"
        ),
    );
    sandbox.run("run suite.toml --json suite.json").success();
    let suite: Value = sandbox.json("suite.json");
    assert_eq!(suite["tasks"][0]["name"], "one");
}

#[test]
fn unusable_specifications_are_refused_with_their_place() {
    let sandbox = Sandbox::new();
    let refused = |text: &str, words: &[&str]| {
        sandbox.write("spec.toml", text);
        sandbox.refuses("run spec.toml", words);
    };
    refused(
        "seed = 1\nquerys = 3\n",
        &["spec.toml:2", "did you mean `queries`?"],
    );
    refused(
        "queries = \"many\"\n",
        &["spec.toml:1", "`queries`", "whole number"],
    );
    refused("version = 99\n", &["unknown version 99"]);
    refused(
        "kind = \"serach\"\n",
        &["unknown kind", "did you mean `search`?"],
    );
    refused("space = [1\n", &["spec.toml:"]);
    refused(
        "optimizer = \"adam\"\n",
        &["spec.toml:1", "did you mean `adamw`?"],
    );
    refused(
        "space = \"nothing.toml\"\ntable = \"chain.csv\"\nobjective = \"accuracy\"\n",
        &["nothing.toml"],
    );
    refused(
        "space = \"chain.toml\"\ntable = \"nothing.csv\"\nobjective = \"accuracy\"\n",
        &["nothing.csv", "no such file"],
    );
    refused(
        "evaluator = \"mine\"\nspace = \"chain.toml\"\n",
        &["no evaluator `mine`"],
    );
    sandbox.write("spec.json", "{\"seed\": 1,\n \"out\" 3}");
    sandbox.refuses("run spec.json", &["spec.json:2", "not JSON"]);
    sandbox.refuses("run missing.toml", &["missing.toml", "cannot be read"]);
    sandbox.write(
        "spec.toml",
        "[[task]]\nname = \"one\"\nqueries = 3\nspace = \"chain.toml\"\n",
    );
    sandbox.refuses("run spec.toml", &["`one` names nothing to search"]);
}
