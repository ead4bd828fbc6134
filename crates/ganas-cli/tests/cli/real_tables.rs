//! The real tables, where `GANAS_DATA` names their folder.

use serde_json::Value;

use crate::sandbox::Sandbox;

/// Runs a benchmark on a real table; `None` where there is none.
fn bench(sandbox: &Sandbox, space: &str, table: &str, rest: &str) -> Option<Value> {
    let Ok(folder) = std::env::var("GANAS_DATA") else {
        eprintln!("skipped: GANAS_DATA is not set");
        return None;
    };
    sandbox
        .run(&format!(
            "bench --space {space} --table {folder}/{table} {rest} --json bench.json"
        ))
        .success();
    Some(sandbox.json("bench.json"))
}

/// Distance of the mean best rank of random search from (M+1)/(N+1), in standard errors.
fn rank_error(report: &Value, queries: f64) -> f64 {
    let summary = &report["summary"][0];
    let m = report["provenance"]["task"]["table_rows"].as_f64().unwrap();
    let expected = (m + 1.0) / (queries + 1.0);
    let variance =
        (m + 1.0) * (m - queries) * queries / ((queries + 1.0).powi(2) * (queries + 2.0));
    let seeds = summary["seeds"].as_f64().unwrap();
    (summary["mean_rank"].as_f64().unwrap() - expected) / (variance / seeds).sqrt()
}

#[test]
fn random_search_on_nasbench201_has_the_rank_that_theory_expects() {
    let sandbox = Sandbox::new();
    let rest = "--objective cifar10_test --strategies random --queries 100 --seeds 200";
    let Some(report) = bench(&sandbox, "nasbench201", "nasbench201_cifar10.csv.gz", rest) else {
        return;
    };
    assert_eq!(report["optimum"], 94.373333);
    assert!(rank_error(&report, 100.0).abs() < 4.0);
}

#[test]
fn random_search_on_nasbench101_has_the_rank_that_theory_expects() {
    let sandbox = Sandbox::new();
    let rest = "--objective test_accuracy --strategies random --queries 200 --seeds 100";
    let Some(report) = bench(&sandbox, "nasbench101", "nasbench101.csv.gz", rest) else {
        return;
    };
    assert_eq!(report["optimum"], 0.943175753);
    assert!(rank_error(&report, 200.0).abs() < 4.0);
}

#[test]
fn no_strategy_breaks_a_bound_on_nasbench201() {
    let sandbox = Sandbox::new();
    let strategies = ["random", "evolution", "local-search", "cross-entropy"];
    let rest = format!(
        "--objective cifar10_test --strategies {} --queries 300 --seeds 2 \
         --constraint 'params <= 5e5' --out runs",
        strategies.join(",")
    );
    let Some(report) = bench(&sandbox, "nasbench201", "nasbench201_cifar10.csv.gz", &rest) else {
        return;
    };
    assert_eq!(report["optimum"], 93.75);
    for strategy in strategies {
        let csv = sandbox.read(&format!("runs/{strategy}-default/1/evaluations.csv"));
        let mut lines = csv.lines();
        assert!(
            lines
                .next()
                .unwrap()
                .starts_with("query,round,arch,cifar10_test,params,")
        );
        for line in lines {
            let params: f64 = line.split(',').nth(4).unwrap().parse().unwrap();
            assert!(params <= 5e5, "{strategy}: {line}");
        }
    }
}

#[test]
fn tables_of_a_part_of_a_space_are_searched_row_by_row() {
    for (space, table, objective) in [
        ("ofa-mobilenetv3", "ofa_mobilenetv3_imagenet", "top1"),
        ("accel-nasbench", "accel_nasbench_imagenet", "val_top1"),
        ("darts", "darts_cifar10_545", "test_accuracy_50epochs"),
        ("nasbench301", "darts_nasbench301_525", "valid_accuracy"),
    ] {
        let sandbox = Sandbox::new();
        let strategies = "random,evolution,local-search,cross-entropy,ga-nas:paper-setup1";
        let rest =
            format!("--objective {objective} --strategies {strategies} --queries 120 --seeds 1");
        let Some(report) = bench(&sandbox, space, &format!("{table}.csv.gz"), &rest) else {
            return;
        };
        let rows = report["provenance"]["task"]["table_rows"].as_f64().unwrap();
        for run in report["runs"].as_array().unwrap() {
            assert_eq!(run["queries"], 120, "{space}: {}", run["strategy"]);
            assert_eq!(run["failed"], 0);
            assert_eq!(run["stop"], "budget");
            // Of 120 random rows, none is in the best 5 % once in 470 times.
            let rank = run["best_rank"].as_f64().unwrap();
            assert!(rank <= rows / 20.0, "{space}: {run}");
        }
    }
}

#[test]
fn surrogates_predict_what_they_have_not_seen() {
    let Ok(folder) = std::env::var("GANAS_DATA") else {
        eprintln!("skipped: GANAS_DATA is not set");
        return;
    };
    for (space, table, objective, least) in [
        ("ofa-mobilenetv3", "ofa_mobilenetv3_imagenet", "top1", 0.99),
        (
            "accel-nasbench",
            "accel_nasbench_imagenet",
            "val_top1",
            0.98,
        ),
        (
            "nasbench301",
            "darts_nasbench301_525",
            "valid_accuracy",
            0.92,
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox
            .run(&format!(
                "surrogate fit --space {space} --table {folder}/{table}.csv.gz \
                 --objective {objective} --out model.json"
            ))
            .success();
        let model = &sandbox.json("model.json")["models"][0];
        let spearman = &model["fitted"]["cross_validated"]["spearman"];
        assert!(spearman.as_f64().unwrap() > least, "{space}: {spearman}");
    }
}
