//! `--prior` and `--known`: what is known before a search.

use std::fmt::Write as _;
use std::fs;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::sandbox::{CHAINS, Sandbox};

const CHAIN: &str = "search --space chain.toml --table task.csv --objective accuracy";

/// A sandbox with `task.csv`, where `accuracy` follows from the ops, `other.csv`, where `score` is much the same
/// and `regret` its opposite, and `proxy` and `noise` beside the task's accuracy.
fn tasks() -> Sandbox {
    let sandbox = Sandbox::new();
    let chain = sandbox.read("chain.csv");
    let mut task = String::from("arch,accuracy,proxy,noise\n");
    let mut other = String::from("arch,score,regret_loss\n");
    for (i, line) in chain.lines().skip(1).enumerate() {
        let arch = line.split(',').next().unwrap();
        let worth =
            |op: &str, place: usize| ((op.as_bytes()[0] as usize * 7 + place * 3) % 11) as f64;
        let sum: f64 = arch
            .split(';')
            .enumerate()
            .map(|(place, op)| worth(op, place))
            .sum();
        let jitter = |salt: usize| ((i * salt) % 97) as f64 / 97.0;
        let _ = writeln!(
            task,
            "{arch},{},{},{}",
            sum + 3.0 * jitter(31),
            -sum,
            jitter(57)
        );
        let score = sum + 3.0 * jitter(43);
        let _ = writeln!(other, "{arch},{score},{}", 50.0 - score);
    }
    sandbox.write("task.csv", task);
    sandbox.write("other.csv", other);
    sandbox
}

/// Mean best rank of searches with three seeds.
fn rank(sandbox: &Sandbox, options: &str, queries: usize) -> f64 {
    let ranks = (0..3).map(|seed| {
        sandbox
            .run(&format!(
                "{CHAIN} {options} --queries {queries} --seed {seed} --json out.json"
            ))
            .success();
        sandbox.json("out.json")["best_rank"].as_f64().unwrap()
    });
    ranks.sum::<f64>() / 3.0
}

#[test]
fn another_task_leads_to_better_architectures_in_few_queries() {
    let sandbox = tasks();
    let without = rank(&sandbox, "", 9);
    let with = rank(&sandbox, "--prior other.csv:score", 9);
    assert!(with < 0.5 * without, "{with} and {without}");
    // A run folder is a prior like a table, and a model stands in for what it lacks.
    let search = "search --space chain.toml --table other.csv --objective score --strategy random";
    sandbox
        .run(&format!("{search} --queries 60 --out earlier"))
        .success();
    let with = rank(&sandbox, "--prior earlier", 9);
    assert!(with < without, "{with} and {without}");
}

#[test]
fn free_metrics_lead_to_better_architectures_whichever_way_they_go() {
    let sandbox = tasks();
    let without = rank(&sandbox, "", 9);
    let with = rank(&sandbox, "--known proxy --known noise", 9);
    assert!(with < without, "{with} and {without}");
    let task = &sandbox.json("out.json")["provenance"]["task"]["known"];
    assert_eq!(*task, serde_json::json!(["proxy", "noise"]));
}

#[test]
fn priors_are_announced_and_on_record() {
    let sandbox = tasks();
    sandbox
        .run(&format!("{CHAIN} --prior other.csv:score --prior other.csv:regret_loss --queries 12 --json out.json"))
        .success()
        .stderr(
            contains("prior: 625 architectures of other.csv by `score`, where larger is better")
                .and(contains("by `regret_loss`, where smaller is better"))
                .and(contains("warning").not()),
        );
    let record = &sandbox.json("out.json")["provenance"]["task"]["prior"];
    assert_eq!(record[0]["rows"], CHAINS);
    assert_eq!(record[1]["minimize"], true);
    assert_eq!(record[0]["digest"].as_str().unwrap().len(), 16);
}

#[test]
fn a_run_with_priors_is_resumed_as_it_would_have_gone_on() {
    let sandbox = tasks();
    let search = format!("{CHAIN} --prior other.csv:score --known proxy");
    sandbox
        .run(&format!("{search} --queries 60 --out whole"))
        .success();
    sandbox
        .run(&format!("{search} --queries 25 --out run"))
        .success();
    sandbox.run("resume run --queries 60").success();
    assert_eq!(sandbox.trace("whole"), sandbox.trace("run"));
    sandbox
        .run(&format!("{search} --queries 60 --out again"))
        .success();
    assert_eq!(sandbox.trace("whole"), sandbox.trace("again"));
}

#[test]
fn a_prior_that_changed_or_is_gone_ends_a_resumption() {
    let sandbox = tasks();
    sandbox
        .run(&format!(
            "{CHAIN} --prior other.csv:score --queries 20 --out run"
        ))
        .success();
    let other = sandbox.read("other.csv");
    sandbox.write("other.csv", other.replacen(",5", ",6", 1));
    sandbox
        .run("resume run --queries 40")
        .code(2)
        .stderr(contains("`task.prior[0].digest` was").and(contains("put it back")));
    fs::remove_file(sandbox.path("other.csv")).unwrap();
    sandbox
        .run("resume run --queries 40")
        .code(2)
        .stderr(contains(
            "other.csv: --prior other.csv:score: there is no such file",
        ));
    sandbox.write("other.csv", other);
    sandbox.run("resume run --queries 40").success();
}

#[test]
fn priors_that_say_too_much_or_too_little_are_warned_of() {
    let sandbox = tasks();
    let warned = |options: &str, words: &str| {
        let search = format!("{CHAIN} {options} --queries 6");
        sandbox
            .run(&search)
            .success()
            .stderr(contains(words.to_owned()));
    };
    warned(
        "--prior task.csv",
        "is what this search evaluates: the prior is the answer",
    );
    sandbox.write("few.csv", "arch,score\na;a;a;a,1\nb;b;b;b,2\n");
    warned(
        "--prior few.csv",
        "few.csv has only 2 architectures, and says little",
    );
    let rows = sandbox.read("task.csv");
    let part: Vec<&str> = rows.lines().take(40).collect();
    sandbox.write("part.csv", part.join("\n"));
    let rows = sandbox.read("other.csv");
    let rest: Vec<&str> = rows.lines().take(1).chain(rows.lines().skip(40)).collect();
    sandbox.write("rest.csv", rest.join("\n"));
    sandbox
        .run("search --space chain.toml --table part.csv --objective accuracy --prior rest.csv:score --queries 8")
        .success()
        .stderr(contains("part.csv has only 0 of the 586 architectures of rest.csv"));
}

#[test]
fn priors_that_cannot_be_used_are_refused() {
    let sandbox = tasks();
    sandbox.write("foreign.csv", "arch,score\na;a;a,1\n");
    sandbox.write("two.csv", "arch,left,right\na;a;a;a,1,2\n");
    sandbox
        .run("search --space chain.toml --table other.csv --objective score --strategy random --queries 12 --out run")
        .success();
    sandbox
        .run("search --space nasbench201 --table nasbench201 --strategy random --queries 5 --out cells")
        .success();
    for (options, words) in [
        (
            "--prior foreign.csv",
            "name tables and runs of the space `chain` for `--prior`",
        ),
        ("--prior other.csv:scores", "did you mean `score`?"),
        (
            "--prior two.csv",
            "there is no column `accuracy`, and no other is named",
        ),
        ("--prior missing.csv", "there is no such file"),
        ("--prior :score", "does not name a prior"),
        ("--prior .", "the folder has no `evaluations.csv`"),
        (
            "--prior other.csv:score --prior other.csv:score",
            "it is named twice",
        ),
        (
            "--prior other.csv:score --prior other.csv:score:min",
            "it is named with both directions",
        ),
        (
            "--prior task.csv:accuracy:min",
            "`accuracy` is minimised here, and this search has it maximised",
        ),
        (
            "--prior other.csv:score --strategy evolution",
            "`evolution` cannot use what `--prior` names; leave that out, or take `ga-nas`",
        ),
        (
            "--prior other.csv:score --strategy ga-nas:paper-setup1",
            "leave that out, or take `ga-nas`",
        ),
        (
            "--prior other.csv:score --objective proxy",
            "`score` is none of the objectives accuracy and proxy; say which one it tells of, as \
             `other.csv:score=accuracy`",
        ),
        (
            "--prior other.csv:score=prxy --objective proxy",
            "there is no objective `prxy`; did you mean `proxy`?",
        ),
        (
            "--prior other.csv --objective proxy",
            "there is no column `accuracy`, and no other is named; name one, as `other.csv:score=accuracy`",
        ),
        (
            "--prior other.csv:score=accuracy --prior other.csv:score=accuracy:min --objective proxy",
            "it is named with both directions",
        ),
        ("--prior other.csv:=proxy", "does not name a prior"),
        (
            "--known task.csv:proxy=accuracy",
            "it informs every objective",
        ),
        ("--known prox", "did you mean `proxy`?"),
        ("--known accuracy", "this is what the search evaluates"),
        ("--known params", "a cost of the space is known without it"),
        ("--known proxy --known proxy", "it is named twice"),
        (
            "--known proxy --strategy tpe",
            "`tpe` cannot use what `--known` names",
        ),
    ] {
        sandbox
            .run(&format!("{CHAIN} {options} --queries 9"))
            .code(2)
            .stderr(contains(words.to_owned()));
    }
    let settings = sandbox.read("cells/settings.json");
    let unsealed = settings.lines().filter(|line| !line.contains("\"crc32c\""));
    let unsealed = unsealed.collect::<Vec<_>>().join("\n");
    sandbox.write(
        "cells/settings.json",
        unsealed.replace("\"space\": \"nasbench201\"", "\"space\": \"darts\""),
    );
    sandbox
        .run("search --table nasbench201 --prior cells --queries 9")
        .code(2)
        .stderr(contains(
            "the run was on the space `darts`, and this search is on `nasbench201`",
        ));
    sandbox
        .run("search --space chain.toml --table other.csv --objective score:min --prior run --queries 9")
        .code(2)
        .stderr(contains("`score` is maximised by that run, and this search has it minimised"));
    sandbox
        .run("search --space nasbench201 --command true --objective accuracy --known nwot --queries 9")
        .code(2)
        .stderr(contains("there is no table that has `nwot`"));
}

#[test]
fn benchmarks_and_suites_have_priors() {
    let sandbox = tasks();
    sandbox
        .run("bench --space chain.toml --table task.csv --objective accuracy --prior other.csv:score --strategies ga-nas --queries 12 --seeds 2 --json bench.json")
        .success();
    let bench = sandbox.json("bench.json");
    assert_eq!(bench["provenance"]["task"]["prior"][0]["column"], "score");
    sandbox.write(
        "suites/two.toml",
        "[[task]]\nname = \"with\"\nspace = \"../chain.toml\"\ntable = \"../task.csv\"\nobjective = \"accuracy\"\n\
         prior = [\"../other.csv:score\"]\nknown = \"proxy\"\nqueries = 12\n\
         [[task]]\nname = \"without\"\nspace = \"../chain.toml\"\ntable = \"../task.csv\"\nobjective = \"accuracy\"\nqueries = 12\n",
    );
    sandbox
        .run("bench --suite suites/two.toml --strategies ga-nas --seeds 2 --json suite.json")
        .success();
    let suite = sandbox.json("suite.json");
    assert_eq!(
        suite["tasks"][0]["provenance"]["task"]["prior"][0]["rows"],
        CHAINS
    );
    assert!(suite["tasks"][1]["provenance"]["task"]["prior"].is_null());
}

#[test]
fn bounds_hold_with_priors() {
    let sandbox = tasks();
    sandbox
        .run(&format!(
            "{CHAIN} --prior other.csv:score --constraint params<=9 --constraint noise<=0.5 --queries 30 --json out.json"
        ))
        .success();
    let best = &sandbox.json("out.json")["best_metrics"];
    assert!(best.is_null() || best["params"].as_f64().unwrap() <= 9.0);
    assert_eq!(
        sandbox.json("out.json")["rejected"].as_u64().map(|n| n > 0),
        Some(true)
    );
}

#[test]
fn free_metrics_inform_several_objectives() {
    let sandbox = tasks();
    sandbox
        .run(&format!(
            "{CHAIN}:max --objective params:min --known proxy --constraint noise<=0.9 --queries 30 --json out.json"
        ))
        .success();
    let result = sandbox.json("out.json");
    assert!(!result["front"].as_array().unwrap().is_empty());
    assert_eq!(result["provenance"]["task"]["known"][0], "proxy");
}

/// `score` of a task, as in [`tasks`], and `delay`, which conflicts with it, of two tasks.
fn conflicting() -> Sandbox {
    let sandbox = tasks();
    let other = sandbox.read("other.csv");
    let mut files = [
        String::from("arch,accuracy,latency\n"),
        String::from("arch,score,latency\n"),
    ];
    for (i, line) in other.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let score: f64 = cells[1].parse().unwrap();
        let delay = |op: u8, place: usize| ((usize::from(op) * 5 + place * 4) % 9) as f64;
        let ops = cells[0].split(';').enumerate();
        let sum: f64 = ops.map(|(place, op)| delay(op.as_bytes()[0], place)).sum();
        let jitter = |salt: usize| ((i * salt) % 97) as f64 / 97.0;
        for (file, salt) in files.iter_mut().zip([13, 29]) {
            let (score, delay) = (score + jitter(salt), sum + 0.5 * score + jitter(salt + 4));
            let _ = writeln!(file, "{},{score},{delay}", cells[0]);
        }
    }
    for (name, file) in ["fronts.csv", "earlier.csv"].iter().zip(files) {
        sandbox.write(name, file);
    }
    sandbox
}

/// Mean share of the hypervolume of the table's front.
fn share(sandbox: &Sandbox, options: &str) -> f64 {
    sandbox
        .run(&format!(
            "bench --space chain.toml --table fronts.csv --objective accuracy --objective latency:min {options} \
             --strategies ga-nas --queries 10 --seeds 4 --json bench.json"
        ))
        .success();
    let share = &sandbox.json("bench.json")["summary"][0]["mean_share"];
    share.as_f64().unwrap()
}

#[test]
fn tasks_inform_each_of_several_objectives() {
    let sandbox = conflicting();
    let without = share(&sandbox, "");
    // The column of an objective's name tells of it, and others say which one they tell of.
    let with = share(
        &sandbox,
        "--prior earlier.csv --prior earlier.csv:score=accuracy",
    );
    assert!(with > without + 0.03, "{with} and {without}");
    let priors = &sandbox.json("bench.json")["provenance"]["task"]["prior"];
    let of = |field: &str| {
        [&priors[0][field], &priors[1][field]].map(|value| value.as_str().unwrap().to_owned())
    };
    assert_eq!(of("column"), ["latency", "score"]);
    assert_eq!(of("objective"), ["latency", "accuracy"]);
    assert_eq!(priors[0]["minimize"], true);
    // A task that tells of one objective alone does not mislead about the other.
    let half = share(&sandbox, "--prior earlier.csv:latency");
    assert!(half > without - 0.1, "{half} and {without}");
    let search =
        "search --space chain.toml --table fronts.csv --objective accuracy --objective latency:min";
    sandbox
        .run(&format!(
            "{search} --prior earlier.csv --queries 20 --out run"
        ))
        .success();
    let trace = sandbox.read("run/evaluations.csv");
    sandbox
        .run(&format!(
            "{search} --prior earlier.csv --queries 12 --out part"
        ))
        .success();
    sandbox.run("resume part --queries 20").success();
    assert_eq!(sandbox.read("part/evaluations.csv"), trace);
}
