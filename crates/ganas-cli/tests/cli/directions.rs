//! Directions of objectives, and their announcement.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::sandbox::Sandbox;
use crate::workers::worker;

/// A table whose columns are `loss` and `error` beside the accuracy.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let table = sandbox.read("chain.csv");
    let mut losses = String::from("arch,loss,error\n");
    for row in table.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        losses += &format!("{},{},{}\n", cells[0], cells[1], cells[1]);
    }
    sandbox.write("losses.csv", losses);
    worker(
        &sandbox,
        "def before(n, id): metrics['loss'] = metrics['error'] = metrics['accuracy']",
    );
    sandbox
}

#[test]
fn a_metric_goes_the_same_way_wherever_it_comes_from() {
    let sandbox = sandbox();
    for source in ["--table losses.csv", "--command 'python3 worker.py'"] {
        for (objective, minimize) in [
            ("loss", true),
            ("loss:max", false),
            ("error", false),
            ("error --minimize", true),
            ("error:min", true),
        ] {
            let search = format!(
                "search --space chain.toml {source} --strategy random --queries 30 --objective \
                 {objective} --json result.json --out run"
            );
            let way = if minimize { "minimising" } else { "maximising" };
            let metric = &objective[..objective.find([':', ' ']).unwrap_or(objective.len())];
            let warned = contains(format!("`--objective {metric}:min` minimises it"));
            let said = contains(format!("{way} `{metric}`"));
            let run = sandbox.run(&search).success().stderr(said);
            if objective == "error" {
                run.stderr(warned);
            } else {
                run.stderr(warned.not());
            }
            let result = sandbox.json("result.json");
            assert_eq!(result["provenance"]["task"]["minimize"], minimize);
            assert_eq!(result["objective"], metric);
            let csv = sandbox.read("run/evaluations.csv");
            let values = csv
                .lines()
                .skip(1)
                .map(|row| row.split(',').nth(3).unwrap());
            let values: Vec<f64> = values.map(|cell| cell.parse().unwrap()).collect();
            let best = if minimize {
                values.iter().copied().fold(f64::INFINITY, f64::min)
            } else {
                values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            };
            assert_eq!(result["best"], best, "{source} {objective}");
            std::fs::remove_dir_all(sandbox.path("run")).unwrap();
        }
    }
    sandbox.refuses(
        "search --space chain.toml --table losses.csv --objective loss:max --minimize",
        &["to be maximised", "leave one of them out"],
    );
}

#[test]
fn a_run_goes_on_in_the_direction_that_it_had() {
    let sandbox = sandbox();
    sandbox
        .run(
            "search --space chain.toml --table losses.csv --strategy random --queries 20 --objective \
             loss:max --out run",
        )
        .success();
    // As older versions left it, in which a loss of a table was maximised.
    let settings = sandbox
        .read("run/settings.json")
        .replace("loss:max", "loss");
    let sealed = |line: &&str| line.contains("crc32c");
    let lines = settings.lines().filter(|line| !sealed(line));
    sandbox.write("run/settings.json", lines.collect::<Vec<_>>().join("\n"));
    sandbox
        .run("resume run --queries 25")
        .success()
        .stderr(contains("maximising `loss`"));
    assert_eq!(sandbox.json("run/result.json")["queries"], 25);
}
