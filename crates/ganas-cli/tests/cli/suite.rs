//! `ganas bench --suite`.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// Two tasks on the chains: the most accurate one, and the fastest of those that have few params.
const TASKS: &str = "\
    strategies = [\"random\", \"evolution\"]\n\
    seeds = 4\n\
    [[task]]\n\
    name = \"accurate\"\n\
    space = \"chain.toml\"\n\
    table = \"chain.csv\"\n\
    objective = \"accuracy\"\n\
    queries = 60\n\
    [[task]]\n\
    name = \"fast\"\n\
    space = \"chain.toml\"\n\
    table = \"$GANAS_DATA/chain.csv\"\n\
    objective = \"latency\"\n\
    minimize = true\n\
    constraints = [\"params <= 12\"]\n\
    report = \"accuracy\"\n\
    queries = 30\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("suite.toml", TASKS);
    sandbox
}

/// Runs a suite with the folder of tables known.
fn run(sandbox: &Sandbox, rest: &str) -> Value {
    (sandbox.command(&format!(
        "bench --suite suite.toml {rest} --json suite.json"
    )))
    .env("GANAS_DATA", sandbox.path(""))
    .assert()
    .success();
    sandbox.json("suite.json")
}

fn close(a: &Value, b: f64) {
    assert!((a.as_f64().unwrap() - b).abs() < 1e-9, "{a} and {b}");
}

#[test]
fn every_task_is_benched_as_if_it_were_alone() {
    let sandbox = sandbox();
    let report = run(&sandbox, "--quiet");
    assert_eq!(report["tasks"].as_array().unwrap().len(), 2);
    for (i, (name, arguments)) in [
        ("accurate", "--objective accuracy --queries 60"),
        (
            "fast",
            "--objective latency --minimize --constraint 'params <= 12' --report accuracy \
             --queries 30",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        sandbox
            .run(&format!(
                "bench --space chain.toml --table chain.csv {arguments} \
                 --strategies random,evolution --seeds 4 --json alone.json"
            ))
            .success();
        let without_times = |report: &Value| {
            let mut report = report.clone();
            for run in report["runs"].as_array_mut().unwrap() {
                run["seconds"].take();
            }
            [report["runs"].take(), report["optimum"].take()]
        };
        let task = &report["tasks"][i];
        assert_eq!(task["name"], name);
        assert_eq!(
            without_times(task),
            without_times(&sandbox.json("alone.json"))
        );
    }
    assert_eq!(report["tasks"][1]["optimum"], 0.0);
    assert!(report["tasks"][1]["runs"][0]["reported"].is_number());
}

#[test]
fn ranks_attainment_and_significance_are_those_of_the_runs() {
    let sandbox = sandbox();
    let report = run(&sandbox, "--seeds 9");
    let tasks = report["tasks"].as_array().unwrap();
    let standings = report["standings"].as_array().unwrap();
    for (s, standing) in standings.iter().enumerate() {
        let mut ranks = 0.0;
        let mut found = 0;
        for task in tasks {
            let of = |run: &Value| run["best_rank"].as_f64().unwrap();
            let runs = task["runs"].as_array().unwrap();
            let place = |own: f64| {
                let below = runs.iter().filter(|r| of(r) < own).count() as f64;
                let same = runs.iter().filter(|r| of(r) == own).count() as f64;
                (below + (same - 1.0) / 2.0) / 17.0
            };
            let own = &runs[9 * s..][..9];
            ranks += own.iter().map(|r| place(of(r))).sum::<f64>() / 9.0;
            found += own
                .iter()
                .filter(|r| r["queries_to_optimum"].is_number())
                .count();
        }
        close(&standing["mean_final_rank"], ranks / 2.0);
        let budgets: Vec<&str> = (standing["mean_rank_at"].as_object().unwrap().keys())
            .map(String::as_str)
            .collect();
        assert!(
            budgets.len() == 3 && ["10", "20", "50"].iter().all(|b| budgets.contains(b)),
            "{budgets:?}"
        );
        let curve = standing["optimum_attained"].as_array().unwrap();
        assert!(curve.is_sorted_by(|a, b| a[0].as_u64() < b[0].as_u64()));
        match curve.last() {
            Some(last) => close(&last[1], found as f64 / 18.0),
            None => assert_eq!(found, 0),
        }
    }
    let compared = &report["comparisons"][0];
    assert_eq!(
        (&compared["a"], &compared["b"]),
        (&json!("random"), &json!("evolution"))
    );
    let alone = |task: &Value| task["comparisons"][0]["a_is_better"].as_f64().unwrap();
    close(
        &compared["a_is_better"],
        (alone(&tasks[0]) + alone(&tasks[1])) / 2.0,
    );
    // Both tasks are views of one table, of which nothing follows for others.
    assert_eq!(
        (&report["tables"], &compared["p"]),
        (&json!(1), &json!(1.0))
    );
    assert!(compared.get("interval").is_none());
    for task in tasks {
        let alone = &task["comparisons"][0];
        let end = |i: usize| alone["interval"][i].as_f64().unwrap();
        let better = alone["a_is_better"].as_f64().unwrap();
        assert!(
            end(0) <= better && better <= end(1) && end(0) < end(1),
            "{alone}"
        );
        let found = &task["summary"][0];
        assert!(found["found_optimum_interval"].as_array().unwrap().len() == 2);
    }
    // There is one comparison, so there is nothing to correct.
    assert_eq!(compared["p"], compared["p_holm"]);
    assert!((0.0..=1.0).contains(&compared["p"].as_f64().unwrap()));
}

#[test]
fn the_command_line_goes_before_the_file() {
    let sandbox = sandbox();
    let rest = "--strategies tpe,local-search,random --seeds 2 --queries 25 --out out";
    let report = run(&sandbox, rest);
    for task in report["tasks"].as_array().unwrap() {
        let runs = task["runs"].as_array().unwrap();
        assert_eq!(runs.len(), 6);
        assert!(runs.iter().all(|run| run["queries"] == 25));
        assert_eq!(task["comparisons"].as_array().unwrap().len(), 3);
    }
    let kept = sandbox.json("out/fast/tpe-default/1/result.json");
    assert_eq!(
        kept["best_arch"],
        report["tasks"][1]["runs"][1]["best_arch"]
    );
    (sandbox.command("bench --suite suite.toml --seeds 1 --queries 10"))
        .env("GANAS_DATA", sandbox.path(""))
        .assert()
        .success()
        .stdout(contains("accurate").and(contains("mean normalised rank")));
}

#[test]
fn surrogates_are_searched_from_a_start() {
    let sandbox = sandbox();
    let mut csv = String::from("arch,score\n");
    for line in sandbox.read("chain.csv").lines().skip(1) {
        let arch = line.split(',').next().unwrap();
        let ops = arch.split(';').zip(1..);
        let score: u32 = ops.map(|(op, i)| i * u32::from(op.as_bytes()[0])).sum();
        csv += &format!("{arch},{score}\n");
    }
    sandbox.write("smooth.csv", csv);
    sandbox
        .run(
            "surrogate fit --space chain.toml --table smooth.csv --objective score --out \
             suites/model.json",
        )
        .success();
    let task = "\
        [[task]]\n\
        name = \"predicted\"\n\
        space = \"../chain.toml\"\n\
        surrogate = \"model.json\"\n\
        objective = \"score\"\n\
        start = [\"b;c;b;c\"]\n\
        constraints = [\"params <= @start\"]\n\
        queries = 60\n";
    let judged =
        task.replace("predicted", "judged") + "table = \"../smooth.csv\"\nreport = \"score\"\n";
    sandbox.write("suites/suite.toml", format!("{task}{judged}"));
    sandbox
        .run(
            "bench --suite suites/suite.toml --strategies random,local-search --seeds 5 --json \
             suite.json",
        )
        .success();
    let report = sandbox.json("suite.json");
    for task in report["tasks"].as_array().unwrap() {
        assert_eq!(task["provenance"]["start"][0], "b;c;b;c");
        assert_eq!(task["provenance"]["task"]["constraints"][0], "params <= 10");
        assert!(task["optimum"].is_null());
        // Runs without a table's ranks are compared by what they found.
        let best = |run: &Value| run["best"].as_f64().unwrap();
        let runs: Vec<f64> = task["runs"].as_array().unwrap().iter().map(best).collect();
        let (random, local) = runs.split_at(5);
        let wins = |pair: (f64, f64)| f64::from(pair.0 > pair.1);
        let pairs = random.iter().flat_map(|a| local.iter().map(|b| (*a, *b)));
        let won: f64 = pairs.clone().map(wins).sum::<f64>() / 25.0;
        let lost: f64 = pairs.map(|(a, b)| wins((b, a))).sum::<f64>() / 25.0;
        let compared = task["comparisons"][0]["a_is_better"].as_f64().unwrap();
        let range = won - 1e-9..=1.0 - lost + 1e-9;
        assert!(range.contains(&compared), "{compared}, {range:?}");
        assert!(won + lost > 0.0, "{runs:?}");
    }
    assert_eq!(report["tasks"][1]["best_row"]["column"], "score");
    let standings = report["standings"].as_array().unwrap();
    for standing in standings {
        assert_eq!(standing["optimum_attained"], json!([]));
    }
    assert_ne!(
        standings[0]["mean_final_rank"],
        standings[1]["mean_final_rank"]
    );
}

#[test]
fn suites_that_cannot_be_used_are_refused() {
    let sandbox = sandbox();
    let refuses = |rest: &str, words: &[&str]| {
        let all: Vec<&str> = words.to_vec();
        sandbox.refuses(&format!("bench --suite {rest}"), &all);
    };
    refuses("none.toml", &["none.toml", "cannot be read"]);
    refuses(
        "suite.toml --space nasbench201",
        &["suite's file", "leave out `--space`"],
    );
    sandbox.write("empty.toml", "task = []\nstrategies = [\"random\"]\n");
    refuses(
        "empty.toml --seeds 1",
        &["empty.toml: there are no tasks", "[[task]]"],
    );
    let tail = "queries = 30\n";
    let (_, fast) = TASKS.split_once("[[task]]\n").unwrap();
    let one = format!("[[task]]\n{}", fast.split("[[task]]").next().unwrap());
    sandbox.write("bare.toml", &one);
    refuses("bare.toml --seeds 1", &["no strategies are named"]);
    refuses("bare.toml --strategies random", &["no seeds"]);
    refuses("bare.toml --strategies random --seeds 0", &["no seeds"]);
    sandbox.write("twice.toml", format!("{one}{one}"));
    refuses(
        "twice.toml --strategies random --seeds 1",
        &["twice.toml: two tasks are called `accurate`"],
    );
    let unknown = TASKS.replace(tail, "querys = 30\n");
    sandbox.write("unknown.toml", unknown);
    refuses(
        "unknown.toml",
        &["unknown.toml:17: ", "querys", "did you mean `queries`?"],
    );
    sandbox.write("none.toml", one.replace("table = \"chain.csv\"\n", ""));
    refuses(
        "none.toml --strategies random --seeds 1",
        &[
            "none.toml: the task `accurate` names nothing to search",
            "add `table` or `surrogate`",
        ],
    );
    sandbox.write("up.toml", TASKS.replace("\"fast\"", "\"../fast\""));
    refuses("up.toml", &["`../fast` cannot be a task's name"]);
    sandbox.write(
        "objective.toml",
        TASKS
            .replace("\"accuracy\"\nqueries", "\"acuracy\"\nqueries")
            .replace("$GANAS_DATA/", ""),
    );
    refuses(
        "objective.toml",
        &["task `accurate`", "did you mean `accuracy`?"],
    );
}

#[test]
fn the_folder_of_tables_has_to_be_known() {
    let sandbox = sandbox();
    (sandbox.command("bench --suite suite.toml --seeds 1"))
        .env_remove("GANAS_DATA")
        .assert()
        .code(2)
        .stderr(contains("task `fast`").and(contains("GANAS_DATA is not set")));
}
