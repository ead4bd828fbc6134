//! Several objectives: fronts, reference points and hypervolumes.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

use crate::sandbox::Sandbox;

const BOTH: &str =
    "--space chain.toml --table chain.csv --objective accuracy:max --objective latency:min";

/// Accuracy and latency of each row of a CSV file.
fn points(csv: &str) -> Vec<[f64; 2]> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|cell| *cell == name).unwrap();
    let columns = [column("accuracy"), column("latency")];
    let rows = lines.map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        columns.map(|c| cells[c].parse().unwrap_or(f64::NAN))
    });
    rows.collect()
}

/// True if `a` is at least as good as `b` in both, and not the same.
fn beats(a: &[f64; 2], b: &[f64; 2]) -> bool {
    a[0] >= b[0] && a[1] <= b[1] && a != b
}

/// The value that 95 % of others are at least as good as; the best are first.
fn quantile(mut values: Vec<f64>, larger_is_better: bool) -> f64 {
    values.sort_by(f64::total_cmp);
    if larger_is_better {
        values.reverse();
    }
    let share = |i: usize| (i + 1) as f64 / values.len() as f64;
    values[(0..values.len()).find(|i| share(*i) >= 0.95).unwrap()]
}

/// Area that points dominate in the box between a reference and the ideal, in strips between all values.
fn area(points: &[[f64; 2]], ideal: [f64; 2], reference: [f64; 2]) -> f64 {
    let gain = |p: &[f64; 2]| [0, 1].map(|i| (p[i] - reference[i]) / (ideal[i] - reference[i]));
    let gains: Vec<[f64; 2]> = points.iter().map(gain).collect();
    let mut cuts: Vec<f64> = gains.iter().map(|g| g[0]).filter(|x| *x > 0.0).collect();
    cuts.push(0.0);
    cuts.sort_by(f64::total_cmp);
    let height = |x: f64| {
        gains
            .iter()
            .filter(|g| g[0] >= x)
            .map(|g| g[1])
            .fold(0.0, f64::max)
    };
    cuts.windows(2).map(|w| (w[1] - w[0]) * height(w[1])).sum()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} and {b}");
}

#[test]
fn a_search_finds_a_front_and_measures_it() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "search {BOTH} --strategy random --queries 80 --json result.json --out run"
        ))
        .success()
        .stderr(contains(
            "the front of several objectives: maximising `accuracy`, minimising `latency`",
        ))
        .stdout(contains("hypervolume").and(contains("front  ")));
    let result = sandbox.json("result.json");
    let table = points(&sandbox.read("chain.csv"));
    let evaluated = points(&sandbox.read("run/evaluations.csv"));
    assert_eq!(evaluated.len(), 80);
    let on_front = |p: &&[f64; 2]| !evaluated.iter().any(|other| beats(other, p));
    let mut expected: Vec<[f64; 2]> = evaluated.iter().filter(on_front).copied().collect();
    expected.sort_by(|a, b| b[0].total_cmp(&a[0]));
    expected.dedup();
    let front = result["front"].as_array().unwrap();
    let found: Vec<[f64; 2]> = (front.iter())
        .map(|m| ["accuracy", "latency"].map(|name| number(&m["metrics"][name])))
        .collect();
    assert_eq!(found, expected);
    for member in front {
        let query = member["query"].as_u64().unwrap() as usize;
        assert_eq!(
            evaluated[query - 1][0],
            number(&member["metrics"]["accuracy"])
        );
        assert!(member["arch"].is_string() && member["metrics"]["params"].is_number());
    }
    let column = |i: usize| table.iter().map(|p| p[i]).collect::<Vec<_>>();
    let reference = [quantile(column(0), true), quantile(column(1), false)];
    close(number(&result["reference"]["accuracy"]), reference[0]);
    close(number(&result["reference"]["latency"]), reference[1]);
    let ideal = [
        column(0).into_iter().fold(f64::NEG_INFINITY, f64::max),
        column(1).into_iter().fold(f64::INFINITY, f64::min),
    ];
    let volume = area(&evaluated, ideal, reference);
    close(number(&result["hypervolume"]), volume);
    let whole = area(&table, ideal, reference);
    close(number(&result["hypervolume_share"]), volume / whole);
    close(
        number(&result["share_at"]["50"]),
        area(&evaluated[..50], ideal, reference) / whole,
    );
    for absent in ["best", "best_arch", "best_rank"] {
        assert!(result[absent].is_null(), "{absent}");
    }
    // A resumed run is as one that was never ended.
    sandbox.run("resume run --queries 120").success();
    sandbox
        .run(&format!(
            "search {BOTH} --strategy random --queries 120 --json whole.json"
        ))
        .success();
    let (resumed, whole) = (sandbox.json("run/result.json"), sandbox.json("whole.json"));
    for field in [
        "front",
        "hypervolume",
        "share_at",
        "reference",
        "hypervolume_steps",
    ] {
        assert_eq!(resumed[field], whole[field], "{field}");
    }
}

#[test]
fn benchmarks_and_suites_have_shares() {
    let sandbox = Sandbox::new();
    let bench = format!(
        "bench {BOTH} --strategies random --queries 100 --seeds 3 --json bench.json --out benched"
    );
    sandbox
        .run(&bench)
        .success()
        .stdout(contains("share at 50"));
    let report = sandbox.json("bench.json");
    let runs = report["runs"].as_array().unwrap();
    let mean = |share: &dyn Fn(&Value) -> f64| runs.iter().map(share).sum::<f64>() / 3.0;
    let row = &report["summary"][0];
    close(
        number(&row["mean_share"]),
        mean(&|run| number(&run["hypervolume_share"])),
    );
    for budget in ["50", "100"] {
        close(
            number(&row["mean_share_at"][budget]),
            mean(&|run| number(&run["share_at"][budget])),
        );
    }
    assert!(report["reference"]["latency"].is_number());
    // Runs of the folder are read back as they were.
    sandbox.run(&bench).success();
    assert_eq!(sandbox.json("bench.json")["runs"], report["runs"]);

    sandbox.write(
        "suite.toml",
        "strategies = [\"random\"]\nseeds = 2\n\
         [[task]]\nname = \"one\"\nspace = \"chain.toml\"\ntable = \"chain.csv\"\n\
         objective = \"accuracy\"\nqueries = 60\n\
         [[task]]\nname = \"two\"\nspace = \"chain.toml\"\ntable = \"chain.csv\"\n\
         objective = [\"accuracy:max\", \"latency:min\"]\nreference = \"latency=20\"\nqueries = 60\n",
    );
    sandbox
        .run("bench --suite suite.toml --json suite.json")
        .success();
    let suite = sandbox.json("suite.json");
    assert!(suite["tasks"][0]["summary"][0].get("mean_share").is_none());
    assert!(suite["tasks"][0]["summary"][0]["mean_rank"].is_number());
    assert!(suite["tasks"][1]["summary"][0]["mean_share"].is_number());
    assert_eq!(suite["tasks"][1]["reference"]["latency"], 20.0);
}

#[test]
fn without_a_table_the_first_trials_give_the_reference() {
    let sandbox = Sandbox::new();
    crate::workers::worker(
        &sandbox,
        "def before(n, id): metrics['latency'] = 5.0 + len(str(metrics['accuracy']))",
    );
    sandbox
        .run(
            "search --space chain.toml --command 'python3 worker.py' --strategy random --queries 30 \
             --objective accuracy --objective latency:min --json result.json --out run",
        )
        .success();
    let result = sandbox.json("result.json");
    let evaluated = points(&sandbox.read("run/evaluations.csv"));
    let first = |i: usize| evaluated[..20].iter().map(move |p| p[i]);
    close(
        number(&result["reference"]["accuracy"]),
        first(0).fold(f64::INFINITY, f64::min),
    );
    close(
        number(&result["reference"]["latency"]),
        first(1).fold(0.0, f64::max),
    );
    assert!(result.get("hypervolume_share").is_none());
    assert!(number(&result["hypervolume"]) > 0.0);
}

#[test]
fn unusable_objectives_are_refused() {
    let sandbox = Sandbox::new();
    let refused = |rest: &str, texts: &[&str]| {
        sandbox.refuses(&format!("search {BOTH} {rest}"), texts);
    };
    refused("--objective accuracy:min", &["`accuracy` is given twice"]);
    refused(
        "--strategy bananas",
        &["`bananas", "searches for one objective", "random"],
    );
    refused(
        "--constraint 'accuracy <= 0.5'",
        &["`accuracy` is maximised", "contradicts"],
    );
    refused(
        "--reference params=3",
        &["`params` is not an objective", "accuracy, latency"],
    );
    refused(
        "--reference latency",
        &["is not a reference", "--reference accuracy=VALUE"],
    );
    refused(
        "--reference latency=1 --reference latency=2",
        &["the reference of `latency` is given twice"],
    );
    refused(
        "--reference latency=-1e9",
        &["not worse than the best value"],
    );
    refused("--minimize", &["--minimize", "leave one of them out"]);
    refused("--target 0.5", &["a target needs a single objective"]);
    refused("--report params", &["several objectives"]);
    sandbox.refuses(
        "search --space chain.toml --table chain.csv --objective accuracy --reference accuracy=0",
        &["a single objective has no reference point"],
    );
    sandbox
        .run(&format!(
            "search {BOTH} --strategy random --queries 30 --reference latency=1e9"
        ))
        .success()
        .stderr(contains("is worse than every row of the table"));
}

#[test]
fn evaluations_without_one_objective_fail_and_are_said() {
    let sandbox = Sandbox::new();
    let table = sandbox.read("chain.csv");
    let holes = table.lines().enumerate().map(|(i, line)| {
        let mut cells: Vec<&str> = line.split(',').collect();
        let place = table
            .lines()
            .next()
            .unwrap()
            .split(',')
            .position(|c| c == "latency");
        if i > 0 && i % 5 == 0 {
            cells[place.unwrap()] = "";
        }
        cells.join(",") + "\n"
    });
    sandbox.write("holes.csv", holes.collect::<String>());
    let search = "search --space chain.toml --objective accuracy --objective latency:min --strategy random \
                  --queries 60 --json result.json";
    sandbox
        .run(&format!("{search} --table holes.csv"))
        .success()
        .stderr(contains(
            "125 of 625 rows of holes.csv count as failed evaluations",
        ))
        .stderr(contains("the objective `latency` is NaN"))
        .stdout(contains("failed  "));
    assert!(number(&sandbox.json("result.json")["failed"]) > 0.0);
    sandbox
        .run(&format!(
            "{search} --table chain.csv --failed 'latency > 20'"
        ))
        .success()
        .stderr(contains("`latency > 20` declares it failed"));
    let result = sandbox.json("result.json");
    let front = result["front"].as_array().unwrap();
    assert!(
        front
            .iter()
            .all(|m| number(&m["metrics"]["latency"]) <= 20.0)
    );
    sandbox.refuses(
        &format!("{search} --table chain.csv --failed 'power < 0'"),
        &["there is no metric `power`"],
    );
}
