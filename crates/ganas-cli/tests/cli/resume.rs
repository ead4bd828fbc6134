//! `ganas resume`: runs that were broken off end as if they had not been.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::Duration;

use ganas_core::rng::Rng;
use predicates::str::contains;

use crate::sandbox::Sandbox;

const CHAIN: &str = "search --space chain.toml --table chain.csv --objective accuracy";

/// Checks that two runs left the same, but for the seconds.
#[track_caller]
pub fn same(sandbox: &Sandbox, one: &str, other: &str) {
    assert_eq!(sandbox.trace(one), sandbox.trace(other));
    let rounds = |run: &str| sandbox.read(&format!("{run}/rounds.jsonl"));
    assert_eq!(rounds(one), rounds(other));
    let result = |run: &str| {
        let text = sandbox.read(&format!("{run}/result.json"));
        (text.lines())
            .filter(|line| !line.contains("\"seconds\"") && !line.contains("\"crc32c\""))
            .map(|line| line.replace(&format!("\"{run}\""), "OUT"))
            .collect::<Vec<_>>()
    };
    assert_eq!(result(one), result(other));
}

/// Runs a search, kills it after a while, resumes it, kills it, and so on to its end. Returns the
/// number of kills.
fn killed_again_and_again(sandbox: &Sandbox, search: &str, out: &str, rng: &mut Rng) -> u64 {
    let mut kills = 0;
    let mut began = false;
    loop {
        let args = if began {
            format!("resume {out}")
        } else {
            format!("{search} --out {out}")
        };
        // Longer and longer, so that there is an end to it on the slowest machine.
        let time = Duration::from_millis(rng.below(30) as u64 + kills);
        if !sandbox.kill_after(&args, time) {
            return kills;
        }
        kills += 1;
        began = sandbox.path(&format!("{out}/settings.json")).exists();
    }
}

#[test]
fn killed_at_a_hundred_random_moments_nothing_differs() {
    let sandbox = Sandbox::new();
    let mut rng = Rng::stream(0, "kills");
    let mut kills = 0;
    let mut seed = 0;
    while kills < 100 {
        for strategy in ["ga-nas", "evolution", "local-search", "cross-entropy"] {
            let search = format!(
                "{CHAIN} --strategy {strategy} --queries 250 --seed {seed} --checkpoint 0 \
                 --constraint 'params <= 15'"
            );
            let (whole, torn) = (format!("{strategy}-{seed}"), format!("{strategy}-{seed}-k"));
            sandbox.run(&format!("{search} --out {whole}")).success();
            kills += killed_again_and_again(&sandbox, &search, &torn, &mut rng);
            same(&sandbox, &whole, &torn);
        }
        seed += 1;
    }
}

#[test]
fn without_its_checkpoint_a_run_goes_through_its_rounds_again() {
    let sandbox = Sandbox::new();
    let search = format!("{CHAIN} --strategy cross-entropy --queries 200 --checkpoint 0");
    sandbox.run(&format!("{search} --out whole")).success();
    sandbox.run(&format!("{search} --out run")).success();
    let journal = sandbox.read("run/journal.jsonl");
    for lines in [1, 2, 77, 200] {
        for checkpoint in [true, false] {
            // As if it had been killed when so much was written.
            let torn: String = journal.split_inclusive('\n').take(lines).collect();
            sandbox.write("run/journal.jsonl", torn + "{\"arch\":\"a;");
            fs::remove_file(sandbox.path("run/result.json")).unwrap();
            if !checkpoint {
                fs::remove_file(sandbox.path("run/checkpoint")).unwrap();
            }
            sandbox.run("resume run").success();
            same(&sandbox, "whole", "run");
        }
    }
}

#[test]
fn a_finished_run_says_so_and_takes_more_queries() {
    let sandbox = Sandbox::new();
    let search = format!("{CHAIN} --strategy cross-entropy --seed 4");
    sandbox
        .run(&format!("{search} --queries 90 --out run"))
        .success();
    (sandbox.run("resume run").success()).stdout(contains("finished after 90 queries"));
    sandbox.refuses("resume run --queries 80", &["90 queries", "give more"]);
    sandbox.run("resume run --queries 200").success();
    sandbox
        .run(&format!("{search} --queries 200 --out whole"))
        .success();
    for file in ["evaluations.csv", "rounds.jsonl"] {
        assert_eq!(
            sandbox.read(&format!("run/{file}")),
            sandbox.read(&format!("whole/{file}"))
        );
    }
    (sandbox.run("resume run").success()).stdout(contains("finished after 200 queries"));
}

#[test]
fn the_seconds_of_all_parts_of_a_run_add_up() {
    let sandbox = Sandbox::new();
    let search = format!("{CHAIN} --strategy cross-entropy --out run");
    sandbox.run(&format!("{search} --queries 90")).success();
    let seconds = || sandbox.json("run/result.json")["seconds"].as_f64().unwrap();
    let first = seconds();
    assert!(first < 1000.0);
    // An hour in a round that was broken off, and a line that was.
    let hour = "{\"round\":9,\"seconds\":3600.0,\"parts\":{\"evaluating\":3599.0}}\n{\"round\":";
    let before = sandbox.read("run/times.jsonl") + hour;
    sandbox.write("run/times.jsonl", before);
    sandbox.run("resume run --queries 100").success();
    let second = seconds();
    assert!((3600.0..4600.0).contains(&second), "{second}");
    sandbox.run("resume run --queries 110").success();
    assert!(seconds() > second);
    let lines = sandbox.read("run/times.jsonl");
    let all: Vec<serde_json::Value> = (lines.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sum: f64 = all
        .iter()
        .map(|line| line["seconds"].as_f64().unwrap())
        .sum();
    assert!((sum - seconds()).abs() < 1e-6, "{sum} of {}", seconds());
}

#[test]
fn a_damaged_line_is_named() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{CHAIN} --strategy random --queries 20 --out run"))
        .success();
    fs::remove_file(sandbox.path("run/result.json")).unwrap();
    let journal = sandbox.read("run/journal.jsonl");
    let third = journal.lines().nth(2).unwrap();
    sandbox.write(
        "run/journal.jsonl",
        journal.replace(third, &third.replace(".", "1.")),
    );
    sandbox.refuses(
        "resume run",
        &["run/journal.jsonl:3: ", "damaged", "delete this line"],
    );
    sandbox.write("run/journal.jsonl", "{\"ganas-journal\":7}\n{}\n");
    sandbox.refuses("resume run", &["journal.jsonl:1: ", "version 7", "newer"]);
}

#[test]
fn a_second_process_is_refused() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{CHAIN} --strategy random --queries 20 --out run"))
        .success();
    fs::remove_file(sandbox.path("run/result.json")).unwrap();
    let first = File::open(sandbox.path("run/journal.jsonl")).unwrap();
    first.try_lock().unwrap();
    sandbox.refuses("resume run", &["journal.jsonl: ", "another process"]);
    drop(first);
    sandbox.run("resume run").success();
}

#[test]
fn what_is_not_as_it_was_is_named() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{CHAIN} --strategy random --queries 20 --out run"))
        .success();
    fs::remove_file(sandbox.path("run/result.json")).unwrap();
    let table = sandbox.read("chain.csv");
    sandbox.write("chain.csv", table.replacen("a;a;a;a,0,", "a;a;a;a,99,", 1));
    sandbox.refuses("resume run", &["`task.table_digest` was", "put it back"]);
}

#[test]
fn where_there_is_no_run_to_resume() {
    let sandbox = Sandbox::new();
    sandbox.refuses("resume nowhere", &["nowhere/settings.json", "--out DIR"]);
    sandbox
        .run(
            "bench --space chain.toml --table chain.csv --objective accuracy --strategies random \
             --queries 5 --seeds 1 --out runs",
        )
        .success();
    sandbox.refuses(
        "resume runs/random-default/0",
        &["one of a benchmark", "the benchmark's command again"],
    );
    sandbox.refuses("resume runs", &["settings.json", "by its own command"]);
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_full_disk_what_was_evaluated_is_kept() {
    let sandbox = Sandbox::new();
    let search = format!("{CHAIN} --strategy evolution --queries 300 --checkpoint 1000");
    sandbox.run(&format!("{search} --out whole")).success();
    // A file that cannot grow is what a full disk looks like from within.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 20; exec \"$0\" \"$@\""])
        .arg(assert_cmd::cargo::cargo_bin("ganas"))
        .args(search.split_whitespace())
        .args(["--out", "run"])
        .current_dir(sandbox.path("."))
        .env("GANAS_CACHE", sandbox.path("cache"))
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("what was evaluated is kept, and `ganas resume run` continues"),
        "{said}"
    );
    let kept = sandbox.read("run/journal.jsonl");
    assert!(kept.lines().count() > 50 && kept.ends_with('\n'));
    sandbox.run("resume run").success();
    assert!(sandbox.read("run/journal.jsonl").starts_with(&kept));
    same(&sandbox, "whole", "run");
}
