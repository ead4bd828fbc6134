//! Benchmarks that go on in their folder.

use std::fs;
use std::time::Duration;

use predicates::str::contains;
use serde_json::json;

use crate::sandbox::{Sandbox, without_times};

const BENCH: &str = "bench --space chain.toml --table chain.csv --objective accuracy --strategies \
                     ga-nas,evolution --queries 200 --threads 2";

#[test]
fn killed_again_and_again_it_ends_as_if_it_had_not_been() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{BENCH} --seeds 4 --out whole"))
        .success();
    let (mut kills, mut begun) = (0, 0);
    // Longer and longer, so that there is an end to it on the slowest machine.
    let time = |kills: u64| Duration::from_millis(100 + 30 * kills);
    while sandbox.kill_after(&format!("{BENCH} --seeds 4 --out torn"), time(kills)) {
        kills += 1;
        let runs = (0..4).map(|seed| sandbox.path(&format!("torn/ga-nas-default/{seed}")));
        let torn = |run: &std::path::PathBuf| {
            run.join("settings.json").exists() && !run.join("result.json").exists()
        };
        begun += runs.filter(torn).count();
    }
    assert!(begun > 0, "no run was resumed in {kills} kills");
    let whole = without_times(&sandbox, "whole/bench.json");
    assert_eq!(whole, without_times(&sandbox, "torn/bench.json"));
    for seed in 0..4 {
        for file in ["evaluations.csv", "rounds.jsonl"] {
            let of = |out: &str| sandbox.read(&format!("{out}/ga-nas-default/{seed}/{file}"));
            assert_eq!(of("whole"), of("torn"), "{seed}: {file}");
        }
    }
}

#[test]
fn runs_that_have_ended_are_read_and_others_are_added() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{BENCH} --seeds 1 --out some"))
        .success();
    let kept = fs::metadata(sandbox.path("some/ga-nas-default/0/result.json")).unwrap();
    let more = BENCH.replace("ga-nas,evolution", "random,ga-nas,evolution");
    sandbox
        .run(&format!("{more} --seeds 2 --out some"))
        .success();
    sandbox
        .run(&format!("{more} --seeds 2 --out all"))
        .success();
    let all = without_times(&sandbox, "all/bench.json");
    assert_eq!(all["runs"].as_array().unwrap().len(), 6);
    assert_eq!(all, without_times(&sandbox, "some/bench.json"));
    let again = fs::metadata(sandbox.path("some/ga-nas-default/0/result.json")).unwrap();
    assert_eq!(kept.modified().unwrap(), again.modified().unwrap());
}

#[test]
fn a_suite_goes_on_too() {
    let sandbox = Sandbox::new();
    let task = |name: &str, objective: &str| {
        format!(
            "[[task]]\nname = \"{name}\"\nspace = \"chain.toml\"\ntable = \"chain.csv\"\n\
             objective = \"{objective}\"\nqueries = 30\n"
        )
    };
    sandbox.write(
        "suite.toml",
        task("accurate", "accuracy") + &task("slow", "latency"),
    );
    let suite = "bench --suite suite.toml --strategies random,evolution --seeds 2 --json";
    sandbox.run(&format!("{suite} whole.json")).success();
    sandbox
        .run(&format!("{suite} some.json --out out"))
        .success();
    // As if it had been killed in the second task.
    fs::remove_dir_all(sandbox.path("out/slow/evolution-default")).unwrap();
    fs::remove_file(sandbox.path("out/slow/random-default/1/result.json")).unwrap();
    sandbox
        .run(&format!("{suite} torn.json --out out"))
        .success();
    let best = |name: &str| {
        let report = sandbox.json(name);
        let tasks = report["tasks"].as_array().unwrap().iter();
        let runs = tasks.flat_map(|task| task["runs"].as_array().unwrap());
        let best = runs.map(|run| (run["best_arch"].clone(), run["steps"].clone()));
        (report["standings"].clone(), best.collect::<Vec<_>>())
    };
    assert_eq!(best("whole.json"), best("torn.json"));
}

#[test]
fn a_folder_of_another_benchmark_is_refused() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{BENCH} --seeds 1 --out out"))
        .success();
    let told = "another `--out` folder";
    sandbox.refuses(
        &format!("{BENCH} --seeds 1 --out out").replace("200", "100"),
        &["ga-nas-default/0/settings.json", "200", "100 now", told],
    );
    sandbox.refuses(
        &format!("{BENCH} --seeds 1 --out out --constraint 'params <= 15'"),
        &["task.constraints", told],
    );
    sandbox.refuses(
        &format!("{BENCH} --seeds 1 --out out").replace("ga-nas,evolution", "random"),
        &["out: the folder is not empty", "no run of this benchmark"],
    );
    let result = "out/evolution-default/0/result.json";
    let mut broken = sandbox.json(result);
    broken["trajectory"] = json!(3);
    // As an older version would have written it.
    broken.as_object_mut().unwrap().remove("crc32c");
    sandbox.write(result, broken.to_string());
    sandbox.refuses(
        &format!("{BENCH} --seeds 1 --out out"),
        &[result, "not a result of a run", "remove the file"],
    );
    fs::remove_file(sandbox.path(result)).unwrap();
    sandbox
        .run(&format!("{BENCH} --seeds 1 --out out"))
        .success()
        .stdout(contains("evolution"));
}
