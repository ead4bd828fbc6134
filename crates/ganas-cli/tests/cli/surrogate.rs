//! `ganas surrogate`, and searches by surrogates.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

use crate::sandbox::Sandbox;

/// A sandbox with `model.json`, fitted to two columns.
fn fitted() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut csv = String::from("arch,score,milliseconds\n");
    for (i, line) in sandbox.read("chain.csv").lines().skip(1).enumerate() {
        let arch = line.split(',').next().unwrap();
        let digits = [125, 25, 5, 1].map(|d| i / d % 5);
        let score = 10 * digits[0] + digits[1] * digits[2] + digits[3];
        csv += &format!("{arch},{score},{}\n", digits.iter().sum::<usize>());
    }
    sandbox.write("smooth.csv", &csv);
    sandbox
        .run(
            "surrogate fit --space chain.toml --table smooth.csv --objective score \
             --objective milliseconds --out model.json",
        )
        .success()
        .stdout(contains("Spearman").and(contains("milliseconds")));
    sandbox
}

#[test]
fn fits_predicts_and_compares() {
    let sandbox = fitted();
    sandbox
        .run("surrogate eval --space chain.toml --surrogate model.json 'e;e;e;e'")
        .success()
        .stdout(contains("e;e;e;e\n  score").and(contains("  milliseconds  1")));
    sandbox
        .run(
            "surrogate eval --space chain.toml --surrogate model.json --table smooth.csv \
             --json fit.json",
        )
        .success()
        .stdout(contains("Kendall"));
    let report = sandbox.json("fit.json");
    assert_eq!(report[0]["objective"], "score");
    assert_eq!(report[0]["rows"], 625);
    assert!(report[0]["spearman"].as_f64().unwrap() > 0.98);
    // Of what the table has no column of, only that is said.
    let smooth = sandbox.read("smooth.csv");
    let lines = smooth.lines().map(|line| line.rsplit_once(',').unwrap().0);
    let cut: Vec<&str> = lines.collect();
    sandbox.write("cut.csv", cut.join("\n"));
    let eval = "surrogate eval --space chain.toml --surrogate model.json --table";
    sandbox
        .run(&format!("{eval} cut.csv --json cut.json"))
        .success()
        .stdout(contains(
            "milliseconds  not compared: the table has no such column",
        ));
    let cut = sandbox.json("cut.json");
    assert_eq!((cut.as_array().unwrap().len(), &cut[0]), (1, &report[0]));
    sandbox.refuses(
        &format!("{eval} chain.csv"),
        &["no column `score`", "accuracy, latency"],
    );
    sandbox
        .run("surrogate eval --space chain.toml --surrogate model.json --sample 1000")
        .success()
        .stdout(contains("1000 random architectures in "));
    sandbox
        .run("surrogate features --space chain.toml --table smooth.csv")
        .success()
        .stdout(contains("op[0]=a").and(contains("metric score")));
}

#[test]
fn a_surrogate_is_searched_beyond_its_table() {
    let sandbox = fitted();
    sandbox
        .run(
            "search --space chain.toml --surrogate model.json --objective score --strategy \
             local-search --queries 150 --start 'b;b;b;b' --constraint 'milliseconds <= 12.2' \
             --json run.json",
        )
        .success();
    let run = sandbox.json("run.json");
    assert_eq!(run["failed"], 0);
    assert!(run["best"].as_f64().unwrap() > 45.0, "{run}");
    assert!(run["best_rank"].is_null() && run["optimum"].is_null());
    let fitted = &run["provenance"]["task"]["surrogate"]["fitted"];
    assert_eq!(fitted[0]["table"], "smooth.csv");
    sandbox
        .run(
            "bench --space chain.toml --surrogate model.json --objective score --table chain.csv \
             --report accuracy --strategies random,evolution --queries 60 --seeds 2 \
             --start 'c;c;c;c' --constraint 'params <= @start' --json bench.json",
        )
        .success();
    let bench = sandbox.json("bench.json");
    assert!(bench["optimum"].is_null());
    assert!(bench["summary"][0]["mean_reported"].is_number());
    assert_eq!(bench["provenance"]["start"][0], "c;c;c;c");
    assert_eq!(
        bench["provenance"]["task"]["constraints"][0],
        "params <= 12"
    );
}

#[test]
fn winners_are_measured_by_the_best_row_of_a_table() {
    let sandbox = fitted();
    let smooth = sandbox.read("smooth.csv");
    let kept = smooth.lines().enumerate().filter(|(i, _)| i % 3 == 0);
    let part: Vec<&str> = kept.map(|(_, line)| line).collect();
    sandbox.write("part.csv", part.join("\n") + "\n");
    let rows: Vec<(&str, f64, f64)> = (part.iter().skip(1))
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (
                cells[0],
                cells[1].parse().unwrap(),
                cells[2].parse().unwrap(),
            )
        })
        .collect();
    let bench = |rest: &str| -> Value {
        sandbox
            .run(&format!(
                "bench --space chain.toml --surrogate model.json --table part.csv --strategies \
                 random --seeds 12 --json bench.json {rest}"
            ))
            .success()
            .stdout(contains("predicted - best row").and(contains("best row that complies: ")));
        sandbox.json("bench.json")
    };
    let found =
        bench("--objective score --report score --queries 15 --constraint 'milliseconds <= 9.5'");
    // The rows that comply are those that do by the table's own column.
    let (arch, best, _) = (rows.iter().filter(|row| row.2 <= 9.5))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .unwrap();
    assert_eq!(found["best_row"]["column"], "score");
    assert_eq!(found["best_row"]["value"], *best);
    let row = found["best_row"]["arch"].as_str().unwrap();
    assert!(rows.iter().any(|r| r.0 == row && r.1 == *best), "{arch}");
    let (mut predicted, mut measured) = (Vec::new(), Vec::new());
    for run in found["runs"].as_array().unwrap() {
        let distance = run["predicted_distance"].as_f64().unwrap();
        assert_eq!(distance, run["best"].as_f64().unwrap() - best);
        predicted.push(distance);
        match rows.iter().find(|row| run["best_arch"] == row.0) {
            Some((_, value, _)) => {
                assert_eq!(run["reported"], *value);
                assert_eq!(run["measured_distance"], value - best);
                measured.push(value - best);
            }
            None => assert!(run["reported"].is_null() && run["measured_distance"].is_null()),
        }
    }
    assert!((1..12).contains(&measured.len()), "{measured:?}");
    let summary = &found["summary"][0];
    assert_eq!(summary["measured"], measured.len());
    let close = |found: &Value, values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((found.as_f64().unwrap() - mean).abs() < 1e-9, "{found}");
    };
    close(&summary["mean_measured_distance"], &measured);
    close(&summary["mean_predicted_distance"], &predicted);
    // What is made small is best where it is smallest, and another column may be reported.
    let small = bench("--objective milliseconds --minimize --report milliseconds --queries 15");
    let least = rows.iter().map(|row| row.2).fold(f64::INFINITY, f64::min);
    assert_eq!(small["best_row"]["value"], least);
    let other = bench("--objective milliseconds --report score --queries 15");
    assert!(other["runs"][0]["predicted_distance"].as_f64().unwrap() < 0.0);
}

#[test]
fn bounds_that_nothing_meets_say_how_far_the_nearest_is() {
    let sandbox = fitted();
    let search = "search --space chain.toml --surrogate model.json --objective score --queries 20";
    sandbox.refuses(
        &format!("{search} --constraint 'params < 4'"),
        &["`params < 4`", "the nearest has params 4, 0.0 % off"],
    );
    // What only an evaluation tells is said at the end.
    sandbox
        .run(&format!(
            "{search} --strategy random --constraint 'milliseconds < -5'"
        ))
        .code(3)
        .stdout(contains("no architecture met").and(contains("nearest")));
}

#[test]
fn input_that_cannot_be_used() {
    let sandbox = fitted();
    let search = "search --space chain.toml --queries 5 --surrogate";
    sandbox.write("cut.json", &sandbox.read("model.json")[..500]);
    sandbox.refuses(&format!("{search} cut.json"), &["cut.json: ", "cut off"]);
    sandbox.refuses(
        &format!("{search} none.json"),
        &["none.json", "no such file"],
    );
    sandbox.refuses(
        &format!("{search} model.json"),
        &["no objective is named", "score, milliseconds"],
    );
    sandbox.refuses(
        "search --space nasbench201 --queries 5 --surrogate model.json --objective score",
        &["model.json: ", "of the space `chain`, not `nasbench201`"],
    );
    sandbox.refuses(
        &format!("{search} model.json --objective score --train digits"),
        &["`--train` and `--surrogate` exclude each other"],
    );
    sandbox.refuses(
        &format!("{search} model.json --objective score --constraint 'latency < 5'"),
        &["no metric `latency`", "score, milliseconds, params"],
    );
    sandbox.refuses(
        "surrogate fit --space chain.toml --table chain.csv --objective acuracy --out new.json",
        &["no column `acuracy`", "did you mean `accuracy`?"],
    );
    sandbox.write("few.csv", "arch,score\na;a;a;a,1\nb;b;b;b,2\n");
    sandbox.refuses(
        "surrogate fit --space chain.toml --table few.csv --objective score --out new.json",
        &["few.csv: ", "`score` was measured in 2 rows", "at least 20"],
    );
    sandbox.refuses(
        "surrogate eval --space chain.toml --surrogate model.json",
        &["nothing to predict", "--sample N"],
    );
}
