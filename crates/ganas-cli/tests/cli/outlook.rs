//! Outlook at the end of a search: how rare its best is.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

use crate::sandbox::Sandbox;

/// The accuracy of `chain.csv` is random; that of `sums.csv` is the sum of the ops.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut csv = String::from("arch,score\n");
    for (i, line) in sandbox.read("chain.csv").lines().skip(1).enumerate() {
        let sum: usize = [125, 25, 5, 1].map(|d| i / d % 5).iter().sum();
        csv += &format!("{},{sum}\n", line.split(',').next().unwrap());
    }
    sandbox.write("sums.csv", &csv);
    sandbox
}

const SUMS: &str = "search --space chain.toml --table sums.csv --objective score";

fn numbers(outlook: &Value) -> (f64, [f64; 2], f64) {
    let number = |v: &Value| v.as_f64().unwrap();
    let ends = &outlook["ci95"];
    (
        number(&outlook["share"]),
        [number(&ends[0]), number(&ends[1])],
        number(&outlook["better"]),
    )
}

#[test]
fn a_search_ends_with_a_sentence_and_its_numbers() {
    let sandbox = sandbox();
    sandbox
        .run(&format!(
            "{SUMS} --queries 100 --out run --json result.json"
        ))
        .success()
        .stdout(
            contains("outlook  architectures at least this good make up about ")
                .and(contains("of the space (95 % interval "))
                .and(contains(
                    "another 100 queries would find a better one with probability ",
                ))
                .and(contains("by the table, they make up ")),
        );
    let report = sandbox.json("run/result.json");
    let outlook = &report["outlook"];
    assert_eq!(*outlook, sandbox.json("result.json")["outlook"]);
    let (share, [low, high], better) = numbers(outlook);
    assert!(0.0 < low && low <= share && share <= high && high <= 1.0);
    assert!((0.0..=1.0).contains(&better));
    let exact = outlook["exact"].as_f64().unwrap();
    assert!(low <= exact && exact <= high, "{outlook}");
    assert_eq!(outlook["architectures"], 625.0);
    assert_eq!(outlook["further"], 100);
    let sentence = outlook["sentence"].as_str().unwrap();
    assert!(sentence.starts_with("architectures at least this good"));
}

#[test]
fn bounds_and_smaller_values_count() {
    let sandbox = sandbox();
    sandbox
        .run(&format!(
            "{SUMS} --minimize --queries 100 --constraint 'params >= 12' --json result.json"
        ))
        .success()
        .stdout(contains("of what the constraints let through"));
    let outlook = &sandbox.json("result.json")["outlook"];
    // 355 of the chains have 12 params or more, and 85 of these the least.
    let (_, [low, high], better) = numbers(outlook);
    let exact = outlook["exact"].as_f64().unwrap();
    assert!(low <= exact && exact <= high, "{outlook}");
    assert_eq!(outlook["architectures"], 355.0);
    assert_eq!(exact, 85.0 / 355.0);
    assert!(better < 0.1, "nothing is better: {outlook}");
}

#[test]
fn what_is_certain_or_unknown_is_said_so() {
    let sandbox = sandbox();
    sandbox
        .run(&format!("{SUMS} --queries 700"))
        .success()
        .stdout(contains("all of the space was evaluated").and(contains("none is better")));
    sandbox
        .run(&format!("{SUMS} --queries 49 --json few.json"))
        .success()
        .stdout(contains("too little is known"));
    let few = &sandbox.json("few.json")["outlook"];
    assert_eq!(
        (&few["share"], &few["better"]),
        (&Value::Null, &Value::Null)
    );
    sandbox
        .run(&format!("{SUMS} --queries 60 --json some.json"))
        .success()
        .stdout(
            contains("cannot be told before 100 evaluations").and(contains("probability").not()),
        );
    let some = &sandbox.json("some.json")["outlook"];
    assert!(
        some["ci95"].is_array() && some["better"].is_null(),
        "{some}"
    );
    sandbox
        .run(&format!(
            "{SUMS} --strategy random --queries 60 --json other.json"
        ))
        .success()
        .stdout(contains("outlook").not());
    assert_eq!(sandbox.json("other.json")["outlook"], Value::Null);
    sandbox
        .run(&format!("{SUMS} --queries 60 --quiet --json quiet.json"))
        .success()
        .stdout("");
    assert!(sandbox.json("quiet.json")["outlook"].is_object());
}

#[test]
fn noise_logs_and_resumed_runs_have_it_too() {
    let sandbox = sandbox();
    let log = sandbox
        .run(&format!(
            "{SUMS} --queries 100 --noise 0.5 --log-format json --out noisy"
        ))
        .success();
    let log = String::from_utf8(log.get_output().stderr.clone()).unwrap();
    let end: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    let outlook = &sandbox.json("noisy/result.json")["outlook"];
    assert_eq!(end["outlook"], *outlook);
    assert_eq!(outlook["exact"], Value::Null, "what was seen has no rank");
    numbers(outlook);

    sandbox
        .run(&format!("{SUMS} --queries 40 --out half"))
        .success();
    sandbox.run("resume half --queries 60").success();
    sandbox
        .run(&format!("{SUMS} --queries 60 --out whole"))
        .success();
    let of = |run: &str| sandbox.json(&format!("{run}/result.json"))["outlook"].clone();
    assert_eq!(of("half"), of("whole"));
}
