//! `ganas report`: pages of runs, finished or not, and of benchmarks.

use std::fs;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

use crate::sandbox::Sandbox;

const CHAIN: &str = "search --space chain.toml --table chain.csv --objective accuracy";
const BENCH: &str = "bench --space chain.toml --table chain.csv --objective accuracy \
                     --strategies ga-nas,random --queries 60 --seeds 2";

/// Contents of a page.
pub fn data(sandbox: &Sandbox, page: &str) -> Value {
    ganas_report::unpacked(&sandbox.read(page)).unwrap()
}

#[test]
fn a_run_is_shown_with_all_that_it_wrote() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --set proposals.screened.generated=20 --set proposals.screened.discriminator=0.2 \
             --queries 80 --seed 5 --start 'b;b;b;b' --constraint 'params <= 12' --out run"
        ))
        .success();
    sandbox
        .run("report run")
        .success()
        .stdout(contains("report.html: 1 run, 0."));
    let shown = data(&sandbox, "run/report.html");
    let result = sandbox.json("run/result.json");
    let task = &shown["report"]["tasks"][0];
    assert_eq!(task["space"], "chain.toml");
    assert_eq!(task["optimum"], result["optimum"]);
    assert_eq!(task["metrics"], serde_json::json!(["latency", "params"]));
    assert_eq!(task["constraints"][0]["bound"], 12.0);
    assert_eq!(task["archs"]["notation"].as_array().unwrap().len(), 80);
    assert_eq!(task["archs"]["notation"][0], "b;b;b;b");
    assert_eq!(task["best"][0], result["best_arch"]);
    let best = result["best_arch"].as_str().unwrap();
    assert!(task["drawings"][best].as_str().unwrap().starts_with("<svg"));
    assert_eq!(task["differences"][0]["from"], "b;b;b;b");
    assert_eq!(task["origins"][0]["settings"]["truth"], 30);
    let run = &task["runs"][0];
    assert_eq!(
        (&run["state"], &run["seed"]),
        (&"finished".into(), &5.into())
    );
    assert_eq!(run["evaluations"].as_array().unwrap().len(), 80);
    assert_eq!(
        run["steps"].as_array().unwrap().last().unwrap()[1],
        result["best"]
    );
    for part in ["discriminator", "generator", "evaluating", "screening"] {
        assert!(run["parts"][part].as_f64().unwrap() > 0.0, "{part}");
    }
    for gauge in [
        "gamma",
        "rho",
        "d_loss",
        "d_accuracy",
        "js",
        "ess",
        "g_loss",
        "g_reward",
        "g_entropy",
        "g_valid",
        "g_duplicates",
    ] {
        let curve = &shown["curves"][0][gauge][0];
        assert!(curve["mean"].as_array().unwrap().len() > 1, "{gauge}");
    }
    assert!(run["outlook"].is_string());
    assert_eq!(run["outlook"], result["outlook"]["sentence"]);
    let gauges = &run["rounds"].as_array().unwrap().last().unwrap()["gauges"];
    assert!((0.0..=std::f64::consts::LN_2).contains(&gauges["js"].as_f64().unwrap()));
}

#[test]
fn a_killed_run_is_shown_as_far_as_it_came() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --queries 60 --constraint 'latency < 12' --out run"
        ))
        .success();
    let result = sandbox.json("run/result.json");
    fs::remove_file(sandbox.path("run/result.json")).unwrap();
    for (file, lines) in [
        ("evaluations.csv", 41),
        ("rounds.jsonl", 3),
        ("times.jsonl", 3),
    ] {
        let whole = sandbox.read(&format!("run/{file}"));
        let mut torn: String = whole.split_inclusive('\n').take(lines).collect();
        torn.push_str(&whole.lines().nth(lines).unwrap()[..5]);
        sandbox.write(&format!("run/{file}"), torn);
    }
    sandbox.run("report run --out page.html").success();
    let task = &data(&sandbox, "page.html")["report"]["tasks"][0];
    let run = &task["runs"][0];
    assert_eq!(
        (&run["state"], &run["queries"]),
        (&"unfinished".into(), &40.into())
    );
    assert_eq!(run["budget"], 60);
    assert!(task["notes"][0].as_str().unwrap().contains("not finished"));
    // As the run itself would have said it after 40 queries.
    let steps = result["trajectory"].as_array().unwrap().iter();
    let steps: Vec<&Value> = steps
        .filter(|s| s["query"].as_u64().unwrap() <= 40)
        .collect();
    assert_eq!(run["steps"].as_array().unwrap().len(), steps.len());
    assert_eq!(run["best"], steps.last().unwrap()["best"]);
    // Without evaluations there is still something to say.
    fs::remove_file(sandbox.path("run/evaluations.csv")).unwrap();
    sandbox.run("report run --out page.html").success();
}

#[test]
fn a_benchmark_is_shown_from_its_folder_and_from_its_json() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{BENCH} --out bench --json bench.json"))
        .success();
    sandbox
        .run("report bench bench.json --out page.html")
        .success();
    let shown = data(&sandbox, "page.html");
    // The folder's own JSON says nothing that its runs do not say, the other one is a path of its own.
    let task = &shown["report"]["tasks"][0];
    assert_eq!(shown["report"]["tasks"].as_array().unwrap().len(), 1);
    assert_eq!(task["runs"].as_array().unwrap().len(), 8);
    sandbox.run("report bench.json --out page.html").success();
    let from_json = data(&sandbox, "page.html");
    sandbox.run("report bench --out page.html").success();
    let from_folder = data(&sandbox, "page.html");
    for what in ["best", "rank"] {
        assert_eq!(from_json["curves"][0][what], from_folder["curves"][0][what]);
    }
    let bench = sandbox.json("bench.json");
    for (shown, summary) in (from_json["summaries"][0].as_array().unwrap().iter())
        .zip(bench["summary"].as_array().unwrap())
    {
        assert_eq!(shown["strategy"], summary["strategy"]);
        assert_eq!(shown["found_optimum"], summary["found_optimum"]);
        for number in ["mean_best", "std_best", "mean_rank", "mean_queries_to_best"] {
            let (shown, summary) = (shown[number].as_f64(), summary[number].as_f64());
            assert!((shown.unwrap() - summary.unwrap()).abs() < 1e-9, "{number}");
        }
    }
}

#[test]
fn what_failed_is_named() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "{CHAIN} --strategy random --queries 5 --out run --quiet"
        ))
        .success();
    let csv = sandbox.read("run/evaluations.csv") + "6,5,e;e;e;e,,,\n";
    sandbox.write("run/evaluations.csv", csv);
    let failed = "{\"arch\":\"e;e;e;e\",\"failed\":\"out of memory\",\"crc32c\":\"00000000\"}\n";
    let journal = sandbox.read("run/journal.jsonl") + failed;
    sandbox.write("run/journal.jsonl", journal);
    sandbox.run("report run --out page.html").success();
    let archs = &data(&sandbox, "page.html")["report"]["tasks"][0]["archs"];
    assert_eq!(archs["objective"][5], Value::Null);
    assert_eq!(archs["failures"], serde_json::json!({"5": "out of memory"}));
    assert_eq!(archs["compliant"][5], false);
}

#[test]
fn a_suite_is_shown_task_by_task_and_as_a_whole() {
    let sandbox = Sandbox::new();
    let task = |name: &str, rest: &str| {
        format!(
            "[[task]]\nname = \"{name}\"\nspace = \"chain.toml\"\ntable = \"chain.csv\"\nqueries = 30\n{rest}\n"
        )
    };
    let tasks = task("accurate", "objective = \"accuracy\"")
        + &task("fast", "objective = \"latency\"\nminimize = true");
    sandbox.write("suite.toml", tasks);
    sandbox
        .run("bench --suite suite.toml --strategies random,evolution --seeds 2 --out suite")
        .success();
    sandbox.run("report suite").success();
    let report = &data(&sandbox, "suite/report.html")["report"];
    assert_eq!(report["suites"][0]["tasks"], 2);
    let standings = report["suites"][0]["standings"].as_array().unwrap();
    assert_eq!(standings.len(), 2);
    assert!(standings[0]["mean_rank_at"]["20"].is_f64());
    let tasks = report["tasks"].as_array().unwrap();
    let runs = tasks.iter().map(|t| t["runs"].as_array().unwrap());
    assert!(runs.clone().all(|runs| runs.len() == 4));
    assert!(
        runs.flatten()
            .all(|run| run["evaluations"].as_array().unwrap().len() == 30)
    );
}

#[test]
fn only_runs_of_one_task_are_compared() {
    let sandbox = Sandbox::new();
    let search = |args: &str| {
        sandbox
            .run(&format!("search --space chain.toml {args}"))
            .success()
    };
    search("--table chain.csv --objective accuracy --strategy random --queries 10 --out a");
    search("--table chain.csv --objective accuracy --strategy evolution --queries 20 --out b");
    search(
        "--table chain.csv --objective latency --minimize --strategy random --queries 10 --out c",
    );
    sandbox.run("report a b c").success();
    let report = &data(&sandbox, "report.html")["report"];
    let tasks = report["tasks"].as_array().unwrap();
    let runs: Vec<usize> = tasks
        .iter()
        .map(|t| t["runs"].as_array().unwrap().len())
        .collect();
    assert_eq!(runs, [2, 1]);
    assert!(report["notes"][0].as_str().unwrap().contains("2 tasks"));
    assert!(tasks[0]["notes"][0].as_str().unwrap().contains("10, 20"));
    assert_eq!(tasks[1]["minimize"], true);
}

#[test]
fn runs_with_other_bounds_are_one_task_and_are_not_averaged() {
    let sandbox = Sandbox::new();
    for (out, bounds) in [
        ("a", ""),
        ("b", "--constraint 'params <= 10'"),
        ("c", "--constraint 'params <= 10' --seed 1"),
        (
            "d",
            "--constraint 'params <= 10' --constraint 'latency < 20'",
        ),
    ] {
        sandbox
            .run(&format!(
                "{CHAIN} --strategy random --queries 40 {bounds} --out {out}"
            ))
            .success();
    }
    sandbox.run("report a b c d").success();
    let shown = data(&sandbox, "report.html");
    let tasks = shown["report"]["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 1);
    let task = &tasks[0];
    assert_eq!(task["constraints"], serde_json::json!([]));
    assert!(task["optimum"].is_null());
    let bounds: Vec<&str> = (task["runs"].as_array().unwrap().iter())
        .map(|run| run["bounds"].as_str().unwrap())
        .collect();
    assert_eq!(
        bounds,
        [
            "",
            "params <= 10",
            "params <= 10",
            "latency < 20, params <= 10"
        ]
    );
    let lines: Vec<(&str, u64)> = (shown["summaries"][0].as_array().unwrap().iter())
        .map(|line| {
            (
                line["strategy"].as_str().unwrap(),
                line["runs"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("random (no bounds)", 1),
            ("random (params <= 10)", 2),
            ("random (latency < 20, params <= 10)", 1)
        ]
    );
    assert!(task["notes"].to_string().contains("different bounds"));
    // What keeps the bounds of a run that evaluated it counts.
    let archs = &task["archs"];
    let unbounded = task["runs"][0]["evaluations"].as_array().unwrap();
    let keeps = |i: &Value| archs["compliant"][i.as_u64().unwrap() as usize] == true;
    assert!(unbounded.iter().all(keeps));
    // Runs with the same bounds are as they were.
    sandbox.run("report b c").success();
    let task = &data(&sandbox, "report.html")["report"]["tasks"][0];
    assert_eq!(task["runs"][0]["strategy"], "random");
    assert_eq!(task["constraints"][0]["bound"], 10.0);
}

#[test]
fn what_cannot_be_shown_is_left_out_and_said() {
    let sandbox = Sandbox::new();
    sandbox.write("empty/note.txt", "nothing");
    sandbox.write("broken.json", "{\"runs\": [");
    sandbox.write("other.json", "{\"weights\": 3}");
    sandbox.write("half/settings.json", "{\"ganas\": \"0.1.0\"}");
    sandbox.refuses(
        "report empty",
        &[
            "empty",
            "there is no run in this folder",
            "ganas search --out",
        ],
    );
    sandbox.refuses(
        "report broken.json --out p.html",
        &["broken.json", "this is not JSON"],
    );
    sandbox.refuses(
        "report other.json",
        &["other.json", "not a result of a search or a benchmark"],
    );
    sandbox.refuses("report nowhere", &["nowhere", "cannot be read"]);
    sandbox.refuses(
        "report half",
        &["half/settings.json", "not settings of a run"],
    );
    sandbox
        .run(&format!("{CHAIN} --strategy random --queries 5 --out run"))
        .success();
    sandbox
        .run("report run empty broken.json --out page.html")
        .success()
        .stderr(contains("warning: empty: there is no run").and(contains("warning: broken.json")));
    let report = &data(&sandbox, "page.html")["report"];
    assert_eq!(report["notes"].as_array().unwrap().len(), 2);
    sandbox.refuses("report run --out run", &["run", "this is a folder"]);
}

#[test]
fn the_projects_own_results_can_be_shown() {
    let sandbox = Sandbox::new();
    let results = concat!(env!("CARGO_MANIFEST_DIR"), "/../../results");
    for file in [
        "nasbench201_cifar10.json",
        "table5_resnet.json",
        "default_job.json",
    ] {
        sandbox
            .run(&format!("report {results}/{file} --out page.html"))
            .success();
        let shown = data(&sandbox, "page.html");
        let task = &shown["report"]["tasks"][0];
        let drawn = task["drawings"].as_object().unwrap();
        for run in task["runs"].as_array().unwrap() {
            let winner = run["winner"]["arch"].as_str();
            assert!(winner.is_none_or(|arch| drawn.contains_key(arch)), "{file}");
        }
        assert!(
            drawn.contains_key(task["best"][0].as_str().unwrap()),
            "{file}"
        );
        assert!(
            !shown["curves"][0]["rank"].is_null() || file == "default_job.json",
            "{file}"
        );
    }
}
