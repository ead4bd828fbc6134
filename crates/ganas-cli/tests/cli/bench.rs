//! `ganas bench`.

use ganas_search::Registry;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::sandbox::{CHAINS, Sandbox, without_times};

const CHAIN: &str = "bench --space chain.toml --table chain.csv --objective accuracy";

#[test]
fn json_is_as_the_contract_has_it() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --strategies random,local-search:first-improvement --queries 120 --seeds 3 \
             --json out/bench.json"
        ))
        .success()
        .stdout(contains("mean rank").and(contains("first-improvement")));
    let report = sandbox.json("out/bench.json");
    assert_eq!(report["space"], "chain");
    assert_eq!(report["objective"], "accuracy");
    assert_eq!(report["optimum"], 62.4);
    let best_row = &report["best_row"];
    assert_eq!(
        (&best_row["column"], &best_row["value"]),
        (&json!("accuracy"), &json!(62.4))
    );
    let row = format!("{},62.4,", best_row["arch"].as_str().unwrap());
    assert!(sandbox.read("chain.csv").contains(&row), "{row}");
    let runs = report["runs"].as_array().unwrap();
    let order: Vec<(&Value, &Value, &Value)> = (runs.iter())
        .map(|r| (&r["strategy"], &r["preset"], &r["seed"]))
        .collect();
    let (random, local) = (json!("random"), json!("local-search"));
    let (plain, first) = (json!("default"), json!("first-improvement"));
    let seeds = [json!(0), json!(1), json!(2)];
    let mut expected: Vec<_> = seeds.iter().map(|s| (&random, &plain, s)).collect();
    expected.extend(seeds.iter().map(|s| (&local, &first, s)));
    assert_eq!(order, expected);
    for run in runs {
        assert_eq!(run["queries"], 120);
        let rank = run["best_rank"].as_u64().unwrap();
        // Accuracies are 0.1 apart, so the rank follows from the value.
        let best = run["best"].as_f64().unwrap();
        assert_eq!(rank as f64, 1.0 + ((62.4 - best) * 10.0).round());
        assert_eq!(run["measured_distance"], best - 62.4);
        assert!(run["predicted_distance"].is_null());
        assert_eq!(run["best_arch"].as_str().unwrap().split(';').count(), 4);
        assert!((1..=120).contains(&run["queries_to_best"].as_u64().unwrap()));
        match rank {
            1 => assert_eq!(run["queries_to_optimum"], run["queries_to_best"]),
            _ => assert!(run["queries_to_optimum"].is_null()),
        }
        let budgets: Vec<&str> = (run["rank_at"].as_object().unwrap().keys())
            .map(String::as_str)
            .collect();
        assert_eq!(budgets.len(), 3);
        assert!(["50", "100", "120"].iter().all(|b| budgets.contains(b)));
        assert_eq!(run["rank_at"]["120"], run["best_rank"]);
        assert!(run["rank_at"]["50"].as_u64() >= run["rank_at"]["100"].as_u64());
        assert!(run["seconds"].as_f64().unwrap() >= 0.0);
    }
    let summary = report["summary"].as_array().unwrap();
    assert_eq!(summary.len(), 2);
    for (line, runs) in summary.iter().zip([&runs[..3], &runs[3..]]) {
        assert_eq!(line["strategy"], runs[0]["strategy"]);
        assert_eq!(line["preset"], runs[0]["preset"]);
        assert_eq!(line["seeds"], 3);
        let of =
            |field: &str| -> Vec<f64> { runs.iter().filter_map(|r| r[field].as_f64()).collect() };
        let mean = |field: &str| of(field).iter().sum::<f64>() / 3.0;
        let close = |a: &Value, b: f64| assert!((a.as_f64().unwrap() - b).abs() < 1e-9);
        close(&line["mean_best"], mean("best"));
        close(&line["mean_rank"], mean("best_rank"));
        close(&line["mean_queries_to_best"], mean("queries_to_best"));
        let squares = of("best")
            .iter()
            .map(|v| (v - mean("best")).powi(2))
            .sum::<f64>();
        close(&line["std_best"], (squares / 2.0).sqrt());
        let mut found = of("queries_to_optimum");
        found.sort_by(f64::total_cmp);
        assert_eq!(line["found_optimum"], found.len());
        match found.len() {
            0 | 1 => assert!(line["median_queries_to_optimum"].is_null()),
            _ => assert_eq!(
                line["median_queries_to_optimum"].as_f64().unwrap(),
                found[1]
            ),
        }
        assert!(line["median_seconds"].as_f64().unwrap() >= 0.0);
    }
    let made = &report["provenance"];
    let version = made["ganas"].as_str().unwrap();
    assert!(version.starts_with(env!("CARGO_PKG_VERSION")), "{version}");
    assert_eq!(made["task"]["sampler"], "uniform");
    assert_eq!(made["task"]["table_rows"], CHAINS);
    assert_eq!(made["strategies"][1]["settings"]["first_improvement"], true);
}

#[test]
fn threads_and_processes_change_nothing() {
    let sandbox = Sandbox::new();
    let registry = Registry::builtin();
    let recipes: Vec<(&str, &str)> = (registry.strategies())
        .flat_map(|(strategy, presets)| presets.iter().map(move |preset| (strategy, *preset)))
        .collect();
    let names: Vec<String> = recipes.iter().map(|(s, p)| format!("{s}:{p}")).collect();
    for (out, threads) in [("one", 1), ("two", 2), ("again", 2)] {
        sandbox
            .run(&format!(
                "{CHAIN} --strategies {} --queries 150 --seeds 2 --first-seed 7 \
                 --threads {threads} --out {out} --quiet",
                names.join(",")
            ))
            .success()
            .stdout("");
    }
    for (strategy, preset) in &recipes {
        for seed in 7..9 {
            for file in ["evaluations.csv", "rounds.jsonl"] {
                let file = format!("{strategy}-{preset}/{seed}/{file}");
                let one = sandbox.read(&format!("one/{file}"));
                assert!(one.lines().count() > 1);
                assert_eq!(one, sandbox.read(&format!("two/{file}")), "{file}");
                assert_eq!(one, sandbox.read(&format!("again/{file}")), "{file}");
            }
        }
    }
    let one = without_times(&sandbox, "one/bench.json");
    assert_eq!(one, without_times(&sandbox, "two/bench.json"));
    assert_eq!(one["runs"][0]["seed"], 7);
}

#[test]
fn random_search_has_the_rank_that_theory_expects() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --strategies random --queries 20 --seeds 200 --json bench.json"
        ))
        .success();
    let (m, n, seeds) = (CHAINS as f64, 20.0, 200.0);
    let expected = (m + 1.0) / (n + 1.0);
    let variance = (m + 1.0) * (m - n) * n / ((n + 1.0).powi(2) * (n + 2.0));
    let rank = sandbox.json("bench.json")["summary"][0]["mean_rank"]
        .as_f64()
        .unwrap();
    let errors = (rank - expected) / (variance / seeds).sqrt();
    assert!(errors.abs() < 4.0, "{rank} where {expected} is expected");
}

#[test]
fn a_space_that_is_smaller_than_the_budget_is_searched_to_its_end() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --strategies random --queries 2000 --seeds 2 --json bench.json"
        ))
        .success();
    for run in sandbox.json("bench.json")["runs"].as_array().unwrap() {
        assert_eq!(run["queries"], CHAINS);
        assert_eq!(run["stop"], "exhausted");
        assert_eq!(run["best_rank"], 1);
        assert_eq!(run["rank_at"]["1000"], 1);
        assert_eq!(run["rank_at"]["2000"], 1);
    }
}

#[test]
fn minimize_turns_the_objective_around() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --minimize --strategies random --queries 625 --seeds 1 --json bench.json"
        ))
        .success();
    let report = sandbox.json("bench.json");
    assert_eq!(report["optimum"], 0.0);
    assert_eq!(report["runs"][0]["best"], 0.0);
    assert_eq!(report["runs"][0]["best_arch"], "a;a;a;a");
}

#[test]
fn ranks_and_optimum_are_those_of_compliant_architectures() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --constraint 'latency < 1' --strategies random --queries 625 --seeds 1 \
             --json bench.json"
        ))
        .success();
    let report = sandbox.json("bench.json");
    // 25 rows have latency 0.
    let optimum = (0..CHAINS)
        .filter(|i| i % 25 == 0)
        .map(|i| i * 89 % CHAINS)
        .max();
    assert_eq!(report["optimum"], optimum.unwrap() as f64 / 10.0);
    assert_eq!(report["provenance"]["task"]["compliant_rows"], 25);
    assert_eq!(report["runs"][0]["best_rank"], 1);
    assert_eq!(report["runs"][0]["noncompliant"], 600);
}

#[test]
fn ctrl_c_keeps_the_runs_that_finished() {
    let sandbox = Sandbox::new();
    let (code, said) = sandbox.interrupt_once_there(
        &format!("{CHAIN} --strategies random --queries 600 --seeds 50000 --out out"),
        "out/random-default/3/result.json",
    );
    assert_eq!(code, Some(130), "{said}");
    let report = sandbox.json("out/bench.json");
    let runs = report["runs"].as_array().unwrap();
    assert!(!runs.is_empty() && runs.len() < 50000);
    assert_eq!(report["summary"][0]["seeds"], runs.len());
    assert!(runs.iter().all(|run| run["stop"] != "interrupted"));
}

#[test]
fn settings_are_replaced_and_recorded() {
    let sandbox = Sandbox::new();
    let rest = "--queries 40 --seeds 2 --out out";
    sandbox
        .run(&format!(
            "{CHAIN} --strategies evolution,evolution:default+sample=2 --set population=5 {rest}"
        ))
        .success()
        .stdout(contains("default+sample=2+population=5"));
    let report = sandbox.json("out/bench.json");
    let made = &report["provenance"]["strategies"];
    assert_eq!(made[0]["preset"], "default+population=5");
    assert_eq!(made[0]["settings"], json!({"population": 5, "sample": 10}));
    assert_eq!(made[1]["settings"], json!({"population": 5, "sample": 2}));
    assert_eq!(report["summary"].as_array().unwrap().len(), 2);
    let run = |preset: &str| sandbox.read(&format!("out/evolution-{preset}/0/evaluations.csv"));
    assert_ne!(
        run("default+population=5"),
        run("default+sample=2+population=5")
    );
    sandbox
        .run(
            "search --space chain.toml --table chain.csv --objective accuracy --queries 40 \
             --strategy evolution --set population=5 --json search.json",
        )
        .success();
    let alone = sandbox.json("search.json");
    assert_eq!(alone["preset"], "default+population=5");
    assert_eq!(alone["best_arch"], report["runs"][0]["best_arch"]);
    let rest = "--strategies evolution,random --queries 40 --seeds 2";
    sandbox.refuses(
        &format!("{CHAIN} {rest} --set population=5"),
        &[
            "`random` has no setting `population`",
            "there are no settings",
        ],
    );
    sandbox.refuses(
        &format!("{CHAIN} --strategies ga-nas --queries 9 --seeds 1 --set batch=0"),
        &["`batch=0`: `batch` is out of its range; give it a number from 1 on"],
    );
    sandbox.refuses(
        &format!("{CHAIN} --strategies tpe+gamma=1.5 --queries 9 --seeds 1"),
        &["`gamma` is out of its range", "above 0 and up to 1"],
    );
    sandbox.refuses(
        &format!("{CHAIN} --strategies evolution --queries 9 --seeds 1 --set populaton=5"),
        &["did you mean `population`?"],
    );
}

#[test]
fn settings_without_effect_are_refused_on_the_command_line() {
    let sandbox = Sandbox::new();
    let words = [
        "`ppo.objective=reinforce` has no effect",
        "proposals.screened.generated=50",
    ];
    let rest = "--queries 20 --seeds 1";
    sandbox.refuses(
        &format!("{CHAIN} --strategies ga-nas:default+ppo.objective=reinforce {rest}"),
        &words,
    );
    sandbox.refuses(
        &format!(
            "{CHAIN} --strategies ga-nas,ga-nas:paper-setup1 --set ppo.objective=reinforce {rest}"
        ),
        &words,
    );
    let search = "search --space chain.toml --table chain.csv --objective accuracy --queries 12";
    sandbox.refuses(&format!("{search} --set ppo.objective=reinforce"), &words);
    // What lets it act may stand in another place.
    sandbox
        .run(&format!(
            "{search} --set ppo.objective=reinforce --set proposals.screened.generated=5"
        ))
        .success();
}

#[test]
fn lists_in_settings_are_no_lists_of_strategies() {
    let sandbox = Sandbox::new();
    let list = "ga-nas+proposals.screened.bonuses=[0,1],ga-nas+proposals.screened.surrogates.unseen=[\"path\",\"edge\"],random";
    let line = format!("{CHAIN} --strategies '{list}' --queries 20 --seeds 1 --json out.json");
    sandbox.run(&line).success();
    let made = &sandbox.json("out.json")["provenance"]["strategies"];
    let screened = |i: usize| &made[i]["settings"]["proposals"]["screened"];
    assert_eq!(screened(0)["bonuses"], json!([0, 1]));
    assert_eq!(screened(1)["surrogates"]["unseen"], json!(["path", "edge"]));
    assert_eq!(made[2]["strategy"], "random");
    sandbox.refuses(
        &format!("{CHAIN} --strategies ga-nas+proposals.screened.surrogates.unseen=[\"paths\"] --queries 9 --seeds 1"),
        &["unknown variant `paths`", "`path`"],
    );
}

#[test]
fn a_run_ends_at_its_target() {
    let sandbox = Sandbox::new();
    let rest = "--strategies evolution,random --queries 300 --seeds 4";
    for (target, file) in [("", "whole.json"), ("--target best", "until.json")] {
        let line = format!("{CHAIN} {rest} {target} --json {file}");
        sandbox.run(&line).success();
    }
    let (whole, until) = (sandbox.json("whole.json"), sandbox.json("until.json"));
    assert_eq!(until["provenance"]["task"]["target"], 62.4);
    let pairs = whole["runs"]
        .as_array()
        .unwrap()
        .iter()
        .zip(until["runs"].as_array().unwrap());
    let mut ended = 0;
    for (whole, until) in pairs {
        for same in ["best_arch", "queries_to_optimum", "rank_at", "steps"] {
            assert_eq!(whole[same], until[same], "{same}");
        }
        if whole["queries_to_optimum"].is_u64() {
            ended += 1;
            assert_eq!(until["stop"], "target");
            // These two ask for one at a time.
            assert_eq!(until["queries"], until["queries_to_optimum"]);
        } else {
            assert_eq!(
                (&until["stop"], &until["queries"]),
                (&json!("budget"), &json!(300))
            );
        }
    }
    assert!(ended > 0, "no run found the best");
    let search = "search --space chain.toml --table chain.csv --objective accuracy --queries 300";
    (sandbox.run(&format!(
        "{search} --strategy evolution --target 60 --out run"
    )))
    .success()
    .stdout(contains("the target is reached"));
    let found = sandbox.json("run/result.json");
    assert!(found["best"].as_f64().unwrap() >= 60.0 && found["queries"].as_u64().unwrap() < 300);
    for (wrong, said) in [
        ("--target high", "`high` is not a target"),
        (
            "--target best --noise 0.1",
            "noise would hide whether the target is reached",
        ),
    ] {
        sandbox.refuses(&format!("{search} {wrong}"), &[said]);
    }
}
