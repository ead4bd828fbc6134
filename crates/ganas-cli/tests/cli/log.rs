//! Events of a search on standard error, and its scalars.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use serde_json::Value;

use crate::sandbox::Sandbox;

const CHAIN: &str = "search --space chain.toml --table chain.csv --objective accuracy";

/// Settings with which generator and discriminator have something to report.
const NETWORKS: &str =
    "--set proposals.screened.generated=20 --set proposals.screened.discriminator=0.2";

#[test]
fn nothing_is_said_where_nobody_looks() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{CHAIN} --queries 40"))
        .success()
        .stderr("maximising `accuracy`\n");
    sandbox
        .run(&format!("{CHAIN} --queries 40 --quiet"))
        .success()
        .stderr(is_empty())
        .stdout(is_empty());
    sandbox.refuses(&format!("{CHAIN} --quiet -v"), &["--quiet", "--verbose"]);
}

#[test]
fn verbose_says_each_round_and_twice_each_evaluation() {
    let sandbox = Sandbox::new();
    let run = |flag: &str| {
        let assert = sandbox
            .run(&format!("{CHAIN} {NETWORKS} --queries 40 {flag}"))
            .success();
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    let rounds = run("-v");
    let mut lines = rounds.lines();
    assert_eq!(lines.next(), Some("maximising `accuracy`"));
    assert!(lines.all(|line| line.starts_with("round ")), "{rounds}");
    assert!(
        rounds.contains("(rank ")
            && rounds.contains(", threshold (gamma) ")
            && rounds.contains(", d_loss ")
    );
    let all = run("-vv");
    assert_eq!(
        all.lines()
            .filter(|line| line.starts_with("query "))
            .count(),
        40
    );
    assert!(all.contains(", the best so far"));
}

#[test]
fn json_is_one_object_a_line() {
    let sandbox = Sandbox::new();
    let assert = sandbox
        .run(&format!(
            "{CHAIN} {NETWORKS} --queries 50 --constraint 'latency < 20' --out run --log-format json"
        ))
        .success()
        .stdout(contains("rank"));
    let said = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    let events: Vec<Value> = said
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let named =
        |name: &str| -> Vec<&Value> { events.iter().filter(|e| e["event"] == name).collect() };
    assert_eq!(events[0]["event"], "begin");
    assert_eq!(events[0]["strategy"], "ga-nas");
    assert_eq!(events[0]["minimize"], false);
    let result = sandbox.json("run/result.json");
    let end = events.last().unwrap();
    assert_eq!(
        (&end["event"], &end["best"]),
        (&"end".into(), &result["best"])
    );
    assert_eq!(end["stop"], "budget");
    let evaluations = named("evaluation");
    assert_eq!(evaluations.len(), 50);
    let bests: Vec<&Value> = (evaluations.iter().filter(|e| e["best"] == true))
        .map(|e| &e["objective"])
        .collect();
    let trajectory = result["trajectory"].as_array().unwrap();
    assert_eq!(
        bests,
        trajectory.iter().map(|s| &s["best"]).collect::<Vec<_>>()
    );
    assert!(evaluations.iter().any(|e| e["compliant"] == false));
    assert!(evaluations[0]["metrics"]["params"].is_f64());
    let rounds = sandbox.read("run/rounds.jsonl");
    let last: Value = serde_json::from_str(rounds.lines().last().unwrap()).unwrap();
    let said = named("round");
    assert_eq!(said.len(), rounds.lines().count());
    let said = said.last().unwrap();
    assert_eq!(said["queries"], last["queries"]);
    assert!(said["gauges"]["g_reward"].is_f64());
    assert!(said["parts"]["evaluating"].is_f64());
}

#[test]
fn a_threshold_has_the_sign_of_what_is_minimised() {
    let sandbox = Sandbox::new();
    let search = format!("{CHAIN} --minimize --queries 40");
    let said = |flags: &str| {
        let assert = sandbox.run(&format!("{search} {flags}")).success();
        String::from_utf8(assert.get_output().stderr.clone()).unwrap()
    };
    let rounds = said("-v");
    assert!(rounds.contains(", threshold (gamma) "), "{rounds}");
    assert!(!rounds.contains("(gamma) -"), "{rounds}");
    for line in said("--log-format json").lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let gamma = event["gauges"]["gamma"].as_f64();
        assert!(gamma.is_none_or(|gamma| gamma > 0.0), "{line}");
    }
    said("--tensorboard --out run");
    let scalars = sandbox.read("run/tensorboard/scalars.csv");
    let gammas: Vec<&str> = (scalars.lines())
        .filter_map(|line| line.split_once("round/gamma,"))
        .map(|(_, gamma)| gamma)
        .collect();
    assert!(!gammas.is_empty() && gammas.iter().all(|gamma| !gamma.starts_with('-')));
}

#[test]
fn scalars_are_those_of_the_run_and_stay_so_when_it_is_resumed() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        &format!("{CHAIN} --tensorboard"),
        &["no folder", "--out DIR"],
    );
    let search = format!("{CHAIN} --queries 50 --tensorboard --checkpoint 0");
    sandbox.run(&format!("{search} --out run")).success();
    // Without the times, and in the order of steps and tags.
    let scalars = |run: &str| -> Vec<String> {
        let text = sandbox.read(&format!("{run}/tensorboard/scalars.csv"));
        let rows = text
            .lines()
            .skip(1)
            .map(|line| line.split_once(',').unwrap().1.to_owned());
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        rows
    };
    let whole = scalars("run");
    assert_eq!(
        whole
            .iter()
            .filter(|row| row.contains(",evaluation/accuracy,"))
            .count(),
        50
    );
    let rounds = sandbox.read("run/rounds.jsonl").lines().count();
    assert_eq!(
        whole
            .iter()
            .filter(|row| row.contains(",round/new,"))
            .count(),
        rounds
    );
    // A torn line and a lost result: the run goes on from its checkpoint.
    std::fs::remove_file(sandbox.path("run/result.json")).unwrap();
    let text = sandbox.read("run/tensorboard/scalars.csv");
    sandbox.write("run/tensorboard/scalars.csv", &text[..text.len() - 9]);
    sandbox.run("resume run").success();
    assert_eq!(scalars("run"), whole);
    sandbox.run("resume run --queries 70").success();
    let longer = scalars("run");
    assert_eq!(
        longer
            .iter()
            .filter(|row| row.contains(",evaluation/accuracy,"))
            .count(),
        70
    );
    let events = std::fs::read_dir(sandbox.path("run/tensorboard"))
        .unwrap()
        .flatten();
    let events = events.filter(|e| e.file_name().to_string_lossy().starts_with("events.out"));
    assert_eq!(events.count(), 1);
}

#[test]
fn a_resumed_run_logs_as_it_is_told_now() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{CHAIN} --queries 30 --quiet --out run"))
        .success();
    sandbox
        .run("resume run --queries 40 --log-format json")
        .success()
        .stderr(contains("\"event\":\"end\"").and(contains("\"query\":40")));
    sandbox
        .run("resume run --queries 50")
        .success()
        .stdout(contains("50, "));
}
