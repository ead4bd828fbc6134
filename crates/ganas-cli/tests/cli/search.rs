//! `ganas search`.

use ganas_search::Registry;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::json;

use crate::sandbox::Sandbox;

const CHAIN: &str = "search --space chain.toml --table chain.csv --objective accuracy";

#[test]
fn prints_what_it_found() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{CHAIN} --strategy random --queries 625"))
        .success()
        .stdout(
            contains("62.4, rank 1 of 625 (the best of the table)").and(contains("all queries")),
        );
}

#[test]
fn run_directory_holds_settings_evaluations_rounds_and_result() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --strategy evolution --queries 130 --seed 3 --out run --json run.json"
        ))
        .success();
    let csv = sandbox.read("run/evaluations.csv");
    let mut lines = csv.lines();
    assert_eq!(
        lines.next(),
        Some("query,round,arch,accuracy,latency,params")
    );
    let mut best = (f64::NEG_INFINITY, 0);
    for (i, line) in lines.enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[0], (i + 1).to_string());
        let accuracy: f64 = cells[3].parse().unwrap();
        if accuracy > best.0 {
            best = (accuracy, i + 1);
        }
    }
    assert_eq!(csv.lines().count(), 131);
    let mut result = sandbox.json("run/result.json");
    assert!(result.as_object_mut().unwrap().remove("crc32c").is_some());
    assert_eq!(result, sandbox.json("run.json"));
    assert_eq!(result["best"], best.0);
    assert_eq!(result["queries_to_best"], best.1);
    let trajectory = result["trajectory"].as_array().unwrap();
    assert_eq!(trajectory[0]["query"], 1);
    assert_eq!(trajectory.last().unwrap()["query"], best.1);
    assert_eq!(trajectory.last().unwrap()["rank"], result["best_rank"]);
    let settings = sandbox.json("run/settings.json");
    assert_eq!(settings["seeds"][0], 3);
    assert_eq!(settings["strategies"][0]["strategy"], "evolution");
    assert_eq!(settings["task"]["table_digest"].as_str().unwrap().len(), 16);
    let rounds = sandbox.read("run/rounds.jsonl");
    let last: serde_json::Value = serde_json::from_str(rounds.lines().last().unwrap()).unwrap();
    assert_eq!(last["queries"], 130);
}

#[test]
fn constraints_keep_their_bounds() {
    let sandbox = Sandbox::new();
    for (strategy, _) in Registry::builtin().strategies() {
        sandbox
            .run(&format!(
                "{CHAIN} --strategy {strategy} --queries 100 --constraint 'params <= 9' \
                 --constraint 'latency < 20' --out {strategy}"
            ))
            .success()
            .stdout(contains("rejected without a query"));
        let csv = sandbox.read(&format!("{strategy}/evaluations.csv"));
        let mut broken = 0;
        for line in csv.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            assert!(
                cells[5].parse::<f64>().unwrap() <= 9.0,
                "{strategy}: {line}"
            );
            broken += usize::from(cells[4].parse::<f64>().unwrap() >= 20.0);
        }
        assert_eq!(
            sandbox.json(&format!("{strategy}/result.json"))["noncompliant"],
            broken
        );
    }
}

#[test]
fn starting_points_come_first_and_are_compared_with_the_best() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --strategy local-search --queries 60 --start 'b;b;b;b' --start 'a;b;c;d' \
             --constraint 'params <= 1.5*@start' --out run"
        ))
        .success()
        .stdout(
            contains("start        b;b;b;b")
                .and(contains("params 8 -> "))
                .and(contains("constraints"))
                .and(contains("changed")),
        );
    let csv = sandbox.read("run/evaluations.csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[1].starts_with("1,0,b;b;b;b,"));
    assert!(lines[2].starts_with("2,0,a;b;c;d,"));
    assert!(lines[3].starts_with("3,1,"));
    let result = sandbox.json("run/result.json");
    assert_eq!(
        result["provenance"]["task"]["constraints"][0],
        "params <= 12"
    );
    let improved = &result["improved"];
    assert_eq!(improved.as_array().unwrap().len(), 2);
    let start = &improved[0];
    assert_eq!(start["start"], "b;b;b;b");
    let (best, value) = (&result["best"], &start["value"]);
    let change = best.as_f64().unwrap() - value.as_f64().unwrap();
    assert_eq!(start["change"].as_f64().unwrap(), change);
    assert_eq!(start["metrics"]["params"][0], 8.0);
    assert!(start["metrics"]["params"][1].as_f64().unwrap() <= 12.0);
    assert!(start["rank"].as_u64() >= result["best_rank"].as_u64());
}

#[test]
fn a_bound_can_be_what_an_architecture_has_in_a_column() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --strategy random --queries 30 --start 'a;b;c;d' \
             --constraint 'latency <= @start' --json run.json"
        ))
        .success();
    // Its row is 0 * 125 + 1 * 25 + 2 * 5 + 3, and latencies are remainders of 25.
    let task = &sandbox.json("run.json")["provenance"]["task"];
    assert_eq!(task["constraints"][0], "latency <= 13");
}

#[test]
fn what_the_table_lacks_costs_nothing() {
    let sandbox = Sandbox::new();
    let mut csv = String::from("arch,accuracy\n");
    for (i, line) in sandbox.read("chain.csv").lines().skip(1).enumerate() {
        if i % 20 == 7 {
            csv.push_str(&line.split(',').take(2).collect::<Vec<_>>().join(","));
            csv.push('\n');
        }
    }
    sandbox.write("part.csv", &csv);
    for (strategy, presets) in Registry::builtin().strategies() {
        for preset in presets {
            sandbox
                .run(&format!(
                    "search --space chain.toml --table part.csv --objective accuracy \
                     --strategy {strategy}:{preset} --queries 25 --json run.json"
                ))
                .success();
            let result = sandbox.json("run.json");
            assert_eq!(result["queries"], 25, "{strategy}:{preset}");
            assert_eq!(result["failed"], 0);
            assert!(result["best_rank"].as_u64().unwrap() <= 31);
        }
    }
    // 31 rows are all there are.
    sandbox
        .run(
            "search --space chain.toml --table part.csv --objective accuracy --strategy random \
             --queries 100 --json run.json",
        )
        .success();
    let result = sandbox.json("run.json");
    assert_eq!(
        (&result["queries"], &result["stop"]),
        (&json!(31), &json!("exhausted"))
    );
}

#[test]
fn merged_strings_share_one_value() {
    let sandbox = Sandbox::new();
    // Both strings compute the same: one path of one convolution.
    let (first, second) = (
        "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
        "|skip_connect~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|skip_connect~2|",
    );
    sandbox.write(
        "cells.csv",
        format!("arch,accuracy\n{first},90\n{second},92\n"),
    );
    let start = format!("--queries 1 --start '{second}'");
    let search = "search --space nasbench201 --table cells.csv --objective accuracy \
                  --strategy random --json run.json";
    sandbox.run(&format!("{search} {start}")).success();
    assert_eq!(sandbox.json("run.json")["best"], 92.0);
    sandbox
        .run(&format!("{search} {start} --merge-isomorphic"))
        .success();
    assert_eq!(sandbox.json("run.json")["best"], 91.0);
    assert_eq!(sandbox.json("run.json")["best_rank"], 1);
}

#[test]
fn what_takes_no_time_keeps_any_limit() {
    let sandbox = Sandbox::new();
    let limited = format!("{CHAIN} --strategy random --queries 5 --timeout");
    sandbox.run(&format!("{limited} 0.1")).success();
    sandbox.refuses(&format!("{limited} 0"), &["`--timeout 0` is not a time"]);
    sandbox.refuses(
        "search --timeout 60",
        &["no time limit", "leave out `--timeout`"],
    );
}

#[test]
fn a_search_without_a_query_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "part.csv",
        "arch,accuracy,latency\na;a;a;a,1,1\nb;b;b;b,2,1\n",
    );
    sandbox.write(
        "known.csv",
        "arch,accuracy,latency\na;a;a;a,1,30\nb;b;b;b,2,30\n",
    );
    sandbox
        .run(
            "search --space chain.toml --table part.csv --objective accuracy --strategy random \
             --constraint 'latency < 12' --history known.csv",
        )
        .code(3)
        .stdout(contains("none: nothing was evaluated").and(contains("nothing left to propose")));
}

#[test]
fn ctrl_c_saves_what_there_is() {
    let sandbox = Sandbox::new();
    let (code, said) = sandbox.interrupt_once_there(
        "search --space nasbench201 --train digits --queries 10000 --strategy random --out run",
        "run/evaluations.csv",
    );
    assert_eq!(code, Some(130), "{said}");
    let result = sandbox.json("run/result.json");
    assert_eq!(result["stop"], "interrupted");
    assert!(result["rank_at"]["1000000"].is_null());
    let rows = sandbox.read("run/evaluations.csv").lines().count() - 1;
    assert_eq!(result["queries"], rows);
}

#[test]
fn a_device_is_written_to_and_never_replaced() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --strategy random --queries 5 --quiet --json /dev/stdout"
        ))
        .success()
        .stdout(contains("\"trajectory\""));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --strategy random --queries 5 --json /dev/full"
        ))
        .code(1)
        .stderr(contains(
            "/dev/full: cannot be written (No space left on device",
        ));
}

#[test]
fn a_column_goes_before_a_cost_of_the_space_of_its_name() {
    let sandbox = Sandbox::new();
    let table = |unit: f64| {
        let mut csv = "arch,accuracy,params\n".to_owned();
        for line in sandbox.read("chain.csv").lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let ops = cells[0].bytes().step_by(2);
            let params: u32 = ops.map(|op| u32::from(op - b'a') + 1).sum();
            csv += &format!("{},{},{}\n", cells[0], cells[1], unit * f64::from(params));
        }
        csv
    };
    sandbox.write("ones.csv", table(1.0));
    sandbox.write("halves.csv", table(0.5));
    let search = |file: &str, bound: &str, out: &str| {
        sandbox
            .run(&format!(
                "search --space chain.toml --table {file} --objective accuracy --strategy random \
                 --queries 80 --start 'c;c;c;c' --constraint '{bound}' --out {out}"
            ))
            .success();
        let result = sandbox.json(&format!("{out}/result.json"));
        let best = result["best_arch"].as_str().unwrap().to_owned();
        let csv = sandbox.read(&format!("{out}/evaluations.csv"));
        let row = csv.lines().find(|line| line.contains(&best)).unwrap();
        let params: f64 = row.rsplit(',').next().unwrap().parse().unwrap();
        let count = |what: &str| result[what].as_u64().unwrap();
        (params, count("noncompliant"), count("rejected"))
    };
    // Where the table says what the space says, no query is spent on what breaks the bound.
    let (params, noncompliant, rejected) = search("ones.csv", "params <= 12", "ones");
    assert!(params <= 12.0 && noncompliant == 0 && rejected > 0);
    // Elsewhere the bound is on the numbers of the table, and so is what the start has.
    for (bound, out) in [("params <= 6", "halves"), ("params <= @start", "start")] {
        let (params, noncompliant, rejected) = search("halves.csv", bound, out);
        assert!(params <= 6.0 && noncompliant > 0 && rejected == 0, "{out}");
        let settings = sandbox.json(&format!("{out}/settings.json"));
        assert_eq!(settings["task"]["constraints"][0], "params <= 6");
    }
}
