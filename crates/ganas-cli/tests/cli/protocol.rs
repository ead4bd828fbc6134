//! Noise on the objective, and re-evaluation of the best.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

use crate::sandbox::{CHAINS, Sandbox};

const BENCH: &str = "bench --space chain.toml --table chain.csv --objective accuracy --seeds 3";

/// The accuracy of a chain in the table.
fn accuracy(arch: &Value) -> f64 {
    let digit = |op: &str| usize::from(op.as_bytes()[0] - b'a');
    let i = arch
        .as_str()
        .unwrap()
        .split(';')
        .fold(0, |i, op| 5 * i + digit(op));
    (i * 89 % CHAINS) as f64 / 10.0
}

/// The rows of a run's evaluations: the architecture, what was seen, and all that follows.
fn evaluations(sandbox: &Sandbox, run: &str) -> Vec<(Value, f64, Vec<f64>)> {
    let csv = sandbox.read(&format!("{run}/evaluations.csv"));
    (csv.lines().skip(1))
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            let numbers: Vec<f64> = cells[3..].iter().map(|c| c.parse().unwrap()).collect();
            (Value::from(cells[2]), numbers[0], numbers[1..].to_vec())
        })
        .collect()
}

#[test]
fn noise_is_seen_by_the_search_and_left_out_of_what_is_reported() {
    let sandbox = Sandbox::new();
    let strategies = "--strategies random,evolution --queries 80";
    for (out, threads) in [("one", 1), ("two", 2)] {
        sandbox
            .run(&format!(
                "{BENCH} {strategies} --noise 4 --threads {threads} --out {out}"
            ))
            .success();
    }
    let report = sandbox.json("one/bench.json");
    assert_eq!(report["provenance"]["task"]["noise"], 4.0);
    let protocol = report["provenance"]["task"]["protocol"].as_str().unwrap();
    assert!(protocol.contains("noise of deviation 4"), "{protocol}");
    let mut noise: Vec<f64> = Vec::new();
    let mut off = 0;
    for run in report["runs"].as_array().unwrap() {
        let best = run["best"].as_f64().unwrap();
        assert_eq!(best, accuracy(&run["best_arch"]));
        let rank = run["best_rank"].as_f64().unwrap();
        assert_eq!(rank, 1.0 + ((62.4 - best) * 10.0).round());
        assert_eq!(run["rank_at"]["80"], run["best_rank"]);
        let folder = format!(
            "{}-default/{}",
            run["strategy"].as_str().unwrap(),
            run["seed"]
        );
        let rows = evaluations(&sandbox, &format!("one/{folder}"));
        assert_eq!(rows, evaluations(&sandbox, &format!("two/{folder}")));
        let most = rows.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        assert_eq!(
            (&most.0, Some(most.1)),
            (&run["best_arch"], run["seen"].as_f64())
        );
        let truly_best = rows.iter().map(|r| accuracy(&r.0)).fold(0.0, f64::max);
        off += usize::from(truly_best > best);
        noise.extend(rows.iter().map(|(arch, seen, _)| seen - accuracy(arch)));
    }
    assert!(off > 0, "noise misled no search");
    let deviation = (noise.iter().map(|e| e * e).sum::<f64>() / noise.len() as f64).sqrt();
    assert!((deviation - 4.0).abs() < 0.6, "{deviation}");
}

#[test]
fn no_noise_changes_nothing() {
    let sandbox = Sandbox::new();
    for (out, noise) in [("plain", ""), ("zero", "--noise 0")] {
        sandbox
            .run(&format!(
                "{BENCH} --strategies random --queries 40 {noise} --out {out}"
            ))
            .success();
    }
    let file = "random-default/2/evaluations.csv";
    let [plain, zero] = ["plain", "zero"].map(|out| sandbox.read(&format!("{out}/{file}")));
    assert_eq!(plain, zero);
}

#[test]
fn the_best_are_re_evaluated_within_the_queries() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{BENCH} --strategies random --queries 40 --report latency --reevaluate 6 --out out"
        ))
        .success();
    let report = sandbox.json("out/bench.json");
    let task = &report["provenance"]["task"];
    assert_eq!(task["reevaluate"], 6);
    assert_eq!(
        task["protocol"],
        "search by accuracy, re-evaluate latency of the best 6, report the best"
    );
    for run in report["runs"].as_array().unwrap() {
        assert_eq!(
            (&run["queries"], &run["reevaluated"]),
            (&40.into(), &6.into())
        );
        let mut rows = evaluations(&sandbox, &format!("out/random-default/{}", run["seed"]));
        assert_eq!(rows.len(), 34);
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        assert_eq!(rows[0].0, run["best_arch"]);
        let latency = |row: &(Value, f64, Vec<f64>)| row.2[0];
        let most = rows[..6].iter().map(latency).fold(0.0, f64::max);
        assert_eq!(run["reported"], most);
        let of = rows.iter().find(|r| r.0 == run["reported_arch"]).unwrap();
        assert_eq!(latency(of), most);
        // Each latency is that of 25 chains.
        assert_eq!(run["reported_rank"], 1 + 25 * (24 - most as u64));
    }
    sandbox
        .run(
            "search --space chain.toml --table chain.csv --objective accuracy --report latency \
             --queries 40 --reevaluate 6 --strategy random --noise 1",
        )
        .success()
        .stdout(contains("the best there of the best 6").and(contains("with noise")));
}

#[test]
fn protocols_that_cannot_be_are_refused() {
    let sandbox = Sandbox::new();
    let refuses = |rest: &str, words: &[&str]| {
        sandbox.refuses(&format!("{BENCH} --strategies random {rest}"), words);
    };
    refuses(
        "--queries 10 --report latency --reevaluate 10",
        &[
            "re-evaluating 10 leaves none of the 10 queries",
            "`--reevaluate`",
        ],
    );
    refuses("--queries 10 --reevaluate 2", &["--report"]);
    refuses(
        "--queries 10 --noise=-1",
        &["-1 is not a standard deviation"],
    );
    refuses(
        "--queries 10 --noise NaN",
        &["--noise", "NaN is not a finite number"],
    );
    sandbox.refuses("search --noise 1", &["--table"]);
    sandbox.refuses(
        "search --space chain.toml --table chain.csv --objective params --noise 1",
        &["params"],
    );
}
