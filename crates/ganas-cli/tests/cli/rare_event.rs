//! `ganas rare-event`.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::sandbox::Sandbox;

/// A sandbox with `sums.csv`: the sum of the digits of each of 625 chains.
fn sums() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut csv = String::from("arch,score,broken\n");
    for (i, line) in sandbox.read("chain.csv").lines().skip(1).enumerate() {
        let arch = line.split(',').next().unwrap();
        let sum: usize = [125, 25, 5, 1].map(|d| i / d % 5).iter().sum();
        csv += &format!("{arch},{sum},1\n");
    }
    sandbox.write("sums.csv", &csv);
    sandbox
}

const COMMAND: &str =
    "rare-event --space chain.toml --table sums.csv --objective score --queries 200";

#[test]
fn estimates_stand_beside_the_exact_value() {
    let sandbox = sums();
    // Five chains of 625 have a sum of 15 or 16.
    sandbox
        .run(&format!(
            "{COMMAND} --alpha 15 --seeds 3 --json rare.json --svg rare.svg"
        ))
        .success()
        .stdout(
            contains("exact          8.0000e-3")
                .and(contains("3 seeds"))
                .and(contains("median width")),
        );
    let report = sandbox.json("rare.json");
    assert_eq!(
        (report["alpha"].as_f64(), report["exact"].as_f64()),
        (Some(15.0), Some(0.008))
    );
    let estimates = report["estimates"].as_array().unwrap();
    let methods: Vec<&str> = estimates
        .iter()
        .map(|e| e["method"].as_str().unwrap())
        .collect();
    assert_eq!(
        methods[..4],
        ["monte-carlo", "monte-carlo", "monte-carlo", "cross-entropy"]
    );
    assert_eq!((methods.len(), methods[8]), (9, "ga-nas"));
    for e in estimates {
        assert!(e["queries"].as_u64().unwrap() <= 200);
        let bound = |i: usize| e["ci95"][i].as_f64().unwrap();
        let estimate = e["estimate"].as_f64().unwrap();
        assert!(bound(0) <= estimate && estimate <= bound(1), "{e}");
        assert!(e["standard_error"].is_f64() && e["effective_samples"].is_f64());
    }
    for s in report["summary"].as_array().unwrap() {
        let mean = s["mean"].as_f64().unwrap();
        assert!(
            (s["bias"].as_f64().unwrap() - (mean / 0.008 - 1.0)).abs() < 1e-9,
            "{s}"
        );
        assert!(
            s["too_low"].as_u64().unwrap() + s["covered"].as_u64().unwrap() <= 3,
            "{s}"
        );
        assert!(s["median_width"].as_f64().unwrap() >= 0.0, "{s}");
    }
    let drawn = sandbox.read("rare.svg");
    roxmltree::Document::parse(&drawn).unwrap();

    // The same again, and as a fraction.
    let command = format!("{COMMAND} --top-fraction 0.008 --seeds 3 --json again.json --quiet");
    sandbox.run(&command).success().stdout("");
    assert_eq!(sandbox.json("again.json")["estimates"], report["estimates"]);
}

#[test]
fn smaller_can_be_better_and_constraints_count() {
    let sandbox = sums();
    sandbox
        .run(&format!(
            "{COMMAND} --minimize --alpha 1 --methods cross-entropy"
        ))
        .success()
        .stdout(contains("exact          8.0000e-3"));
    sandbox
        .run(&format!(
            "{COMMAND} --alpha 15 --constraint 'score <= 15' --methods ga-nas"
        ))
        .success()
        .stdout(contains("exact          6.4000e-3"));
}

#[test]
fn what_never_and_always_happens_is_said() {
    let sandbox = sums();
    sandbox
        .run(&format!("{COMMAND} --alpha 99"))
        .success()
        .stdout(contains("none found: below"));
    sandbox
        .run(&format!("{COMMAND} --alpha -3 --json all.json"))
        .success();
    let all = sandbox.json("all.json");
    assert!((all["estimates"].as_array().unwrap().iter()).all(|e| e["estimate"] == 1.0));
    sandbox
        .run("rare-event --space chain.toml --table sums.csv --objective broken --top-fraction 0.01 --queries 100")
        .success()
        .stdout(contains("exact          1.0000e0"));
}

#[test]
fn where_nothing_is_left_to_evaluate_the_value_is_exact() {
    let sandbox = sums();
    sandbox
        .run("rare-event --space chain.toml --table sums.csv --objective score --queries 700 --alpha 15 --json all.json")
        .success();
    for e in sandbox.json("all.json")["estimates"].as_array().unwrap() {
        assert_eq!(e["estimate"], 0.008);
        assert_eq!(e["ci95"], serde_json::json!([0.008, 0.008]));
        assert_eq!((&e["hits"], &e["queries"]), (&5.into(), &625.into()));
    }
}

#[test]
fn zero_has_no_sign_and_is_not_certain() {
    let sandbox = sums();
    for more in ["--alpha 99", "--minimize --alpha 0"] {
        let command = format!("{COMMAND} {more} --json rare.json");
        sandbox.run(&command).success();
        assert!(!sandbox.read("rare.json").contains("-0.0"), "{more}");
        for e in sandbox.json("rare.json")["estimates"].as_array().unwrap() {
            assert!(
                e["hits"] != 0 || e["standard_error"].as_f64() > Some(0.0),
                "{e}"
            );
        }
    }
}

#[test]
fn the_last_sentence_is_of_the_narrowest_interval() {
    let sandbox = sums();
    let command = format!("{COMMAND} --alpha 15 --methods ga-nas,monte-carlo --json rare.json");
    let said = sandbox.run(&command).success();
    let report = sandbox.json("rare.json");
    let width = |i: usize| {
        let e = &report["estimates"][i];
        let number = |value: &serde_json::Value| value.as_f64().unwrap();
        (number(&e["ci95"][1]) - number(&e["ci95"][0])) / number(&e["estimate"])
    };
    assert!(width(0) < width(1), "{report}");
    said.stdout(contains("By ga-nas, architectures"));
}

#[test]
fn bad_input_is_refused() {
    let sandbox = sums();
    for (more, words) in [
        ("--alpha nan", &["--alpha"][..]),
        ("--top-fraction 0", &["--top-fraction"]),
        (
            "--alpha 1 --methods annealing",
            &["annealing", "cross-entropy"],
        ),
        ("--alpha 1 --seeds 0", &["--seeds"]),
        (
            "--alpha 1 --constraint 'score >= 99'",
            &["score >= 99", "16"],
        ),
        ("", &["--alpha"]),
    ] {
        sandbox.refuses(&format!("{COMMAND} {more}"), words);
    }
    sandbox.refuses("rare-event --space chain.toml --alpha 1", &["--table"]);
    sandbox.write("part.csv", "arch,score\na;a;a;a,1\n");
    sandbox.refuses(
        "rare-event --space chain.toml --table part.csv --objective score --alpha 1",
        &["whole space", "surrogate"],
    );
}
