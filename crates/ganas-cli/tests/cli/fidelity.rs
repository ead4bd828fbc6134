//! Several fidelities: tables with learning curves, strategies that choose levels, early stops, and workers
//! that report, stop and continue.

use std::fs;
use std::time::Duration;

use ganas_core::rng::Rng;
use predicates::str::contains;
use serde_json::Value;

use crate::report::data;
use crate::sandbox::Sandbox;

const SEARCH: &str = "search --space chain.toml --table curves.csv --objective val_e{epochs} --fidelity \
                      epochs=1..27";

/// A table of chains with curves of 27 epochs: architectures differ in their end and in their pace.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let table = sandbox.read("chain.csv");
    let mut curves = String::from("arch");
    (1..=27).for_each(|epoch| curves += &format!(",val_e{epoch}"));
    curves.push('\n');
    for (i, row) in table.lines().skip(1).enumerate() {
        let mut cells = row.split(',');
        curves += cells.next().unwrap();
        let end: f64 = cells.next().unwrap().parse().unwrap();
        let pace = 4.0 + (i * 7 % 5) as f64;
        for epoch in 1..=27 {
            curves += &format!(",{:.4}", end * (1.0 - (-f64::from(epoch) / pace).exp()));
        }
        curves.push('\n');
    }
    sandbox.write("curves.csv", curves);
    sandbox
}

/// The rows of a run's evaluations: architecture and level.
fn trials(sandbox: &Sandbox, run: &str) -> Vec<(String, u64)> {
    let csv = sandbox.read(&format!("{run}/evaluations.csv"));
    (csv.lines().skip(1))
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            (cells[2].to_owned(), cells[3].parse().unwrap())
        })
        .collect()
}

/// The cost of trials, where going on costs the rest.
fn cost(trials: &[(String, u64)]) -> u64 {
    let mut reached = std::collections::HashMap::new();
    let of = |(arch, level): &(String, u64)| {
        let before = reached.insert(arch.clone(), *level).unwrap_or(0);
        if before < *level {
            level - before
        } else {
            *level
        }
    };
    trials.iter().map(of).sum()
}

#[test]
fn strategies_spend_a_cost_and_results_say_what_came_of_it() {
    let sandbox = sandbox();
    for strategy in [
        "ga-nas",
        "asha",
        "hyperband",
        "successive-halving",
        "bohb",
        "random",
    ] {
        let out = format!("runs/{strategy}");
        sandbox
            .run(&format!(
                "{SEARCH} --strategy {strategy} --cost 400 --out {out} --json r.json"
            ))
            .success();
        let result = sandbox.json("r.json");
        let trials = trials(&sandbox, &out);
        let spent = result["cost"].as_u64().unwrap();
        assert_eq!(spent, cost(&trials), "{strategy}");
        assert!(spent <= 400 && spent > 300, "{strategy}: {spent}");
        assert!(result["cost_to_best"].as_u64().unwrap() <= spent);
        assert_eq!(result["best_at_max"], result["best"], "{strategy}");
        assert_eq!(result["final_rank"], result["best_rank"], "{strategy}");
        let whole = trials.iter().filter(|(_, level)| *level == 27).count();
        assert_eq!(result["trained_to_max"], whole);
        assert_eq!(whole == trials.len(), strategy == "random", "{strategy}");
        assert_eq!(result["provenance"]["task"]["fidelity"], "epochs=1..27");
        // A larger cost continues, and the trace is that of a search with the larger cost from the start.
        sandbox.run(&format!("resume {out} --cost 600")).success();
        let again = format!("again/{strategy}");
        sandbox
            .run(&format!(
                "{SEARCH} --strategy {strategy} --cost 600 --out {again}"
            ))
            .success();
        let resumed = self::trials(&sandbox, &out);
        assert_eq!(resumed, self::trials(&sandbox, &again), "{strategy}");
    }
}

#[test]
fn benchmarks_compare_by_cost() {
    let sandbox = sandbox();
    let bench = SEARCH.replace("search ", "bench ");
    sandbox
        .run(&format!(
            "{bench} --strategies asha,random --cost 300 --seeds 3 --out b"
        ))
        .success();
    let report = sandbox.json("b/bench.json");
    for summary in report["summary"].as_array().unwrap() {
        assert!(summary["mean_final_rank"].as_f64().unwrap() >= 1.0);
        assert!(summary["mean_rank_at_cost"]["300"].is_number());
        assert!(summary["mean_cost"].as_f64().unwrap() <= 300.0);
    }
    // The report draws them over what they cost.
    sandbox.run("report b --out page.html").success();
    let run = &data(&sandbox, "page.html")["report"]["tasks"][0]["runs"][0];
    assert_eq!(run["axis"], "epochs");
    assert!(run["cost"].as_u64().unwrap() > run["queries"].as_u64().unwrap());
    assert!(!run["cost_steps"].as_array().unwrap().is_empty());
    sandbox
        .run(&format!(
            "{bench} --strategies asha,random --queries 300 --cost 200 --seeds 3 --out b"
        ))
        .code(2)
        .stderr(contains(
            "`cost` was 300 when the run began, and is 200 now",
        ));
}

#[test]
fn early_stops_save_cost_and_are_on_record() {
    let sandbox = sandbox();
    for (out, stop) in [("whole", ""), ("stopped", "--stop-early 0.05")] {
        sandbox
            .run(&format!(
                "{SEARCH} --strategy evolution --queries 80 {stop} --out {out}"
            ))
            .success();
    }
    let [whole, stopped] =
        ["whole", "stopped"].map(|run| sandbox.json(&format!("{run}/result.json")));
    assert_eq!(whole["cost"], 80 * 27);
    assert!(stopped["stopped_early"].as_u64().unwrap() > 0);
    assert!(stopped["cost"].as_u64().unwrap() < 80 * 27);
    let journal = sandbox.read("stopped/journal.jsonl");
    assert!(journal.contains("\"stopped\":") && journal.contains("\"curve\":[[1,"));
    // What was stopped is never the best.
    assert_eq!(stopped["recommended_at"], 27);
    // Its row has the level that it reached, so that a history takes the value for one there.
    let evaluations = sandbox.read("stopped/evaluations.csv");
    let level = |row: &str| -> u64 { row.split(',').nth(3).unwrap().parse().unwrap() };
    let levels: Vec<u64> = evaluations.lines().skip(1).map(level).collect();
    assert_eq!(levels.iter().sum::<u64>(), stopped["cost"]);
    let early = levels.iter().filter(|level| **level < 27).count();
    assert_eq!(early as u64, stopped["stopped_early"]);
    let again = format!(
        "{SEARCH} --strategy evolution --queries 5 --history stopped/evaluations.csv --out again"
    );
    sandbox.run(&again).success();
}

#[test]
fn columns_at_even_steps_stand_for_the_levels_after_them() {
    let sandbox = sandbox();
    let curves = sandbox.read("curves.csv");
    let kept = |name: &str| {
        let level = name
            .strip_prefix("val_e")
            .and_then(|l| l.parse::<u32>().ok());
        level.is_none_or(|level| level % 5 == 2)
    };
    let names: Vec<&str> = curves.lines().next().unwrap().split(',').collect();
    let cut = |line: &str| -> String {
        let cells = line.split(',').zip(&names);
        let cells: Vec<&str> = cells.filter(|(_, name)| kept(name)).map(|c| c.0).collect();
        cells.join(",") + "\n"
    };
    sandbox.write("steps.csv", curves.lines().map(cut).collect::<String>());
    let search = SEARCH
        .replace("curves.csv", "steps.csv")
        .replace("1..27", "2..27");
    sandbox
        .run(&format!("{search} --strategy asha --cost 200 --out steps"))
        .success();
    for row in sandbox.read("steps/evaluations.csv").lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let level: u32 = cells[3].parse().unwrap();
        let of_arch = curves
            .lines()
            .find(|line| line.starts_with(cells[2]))
            .unwrap();
        let column = format!("val_e{}", level - (level - 2) % 5);
        let place = names.iter().position(|name| *name == column).unwrap();
        let measured = of_arch.split(',').nth(place).unwrap();
        assert_eq!(cells[4].parse::<f64>(), measured.parse::<f64>(), "{row}");
    }
    let beyond = search.replace("2..27", "2..25");
    sandbox
        .run(&beyond)
        .code(2)
        .stderr(contains("there is no column `val_e3`"))
        .stderr(contains("even steps"));
}

#[test]
fn unusable_fidelities_are_refused() {
    let sandbox = sandbox();
    for (change, words) in [
        (["1..27", "9..3"], "`epochs` from 9 to 3 is not a fidelity"),
        (["1..27", "1..28"], "there is no column `val_e28`"),
        (
            ["--fidelity epochs=1..27", ""],
            "add `--fidelity epochs=MIN..MAX`",
        ),
        (
            ["val_e{epochs}", "val_e27"],
            "has one value for all levels of `epochs`",
        ),
    ] {
        let search = SEARCH.replace(change[0], change[1]);
        sandbox.run(&search).code(2).stderr(contains(words));
    }
    let curves = sandbox.read("curves.csv");
    for (options, words) in [
        ("--cost 0", "below the lowest level of `epochs`"),
        ("--stop-early 2", "2 is not a probability"),
    ] {
        sandbox
            .run(&format!("{SEARCH} {options}"))
            .code(2)
            .stderr(contains(words));
    }
    sandbox
        .run("search --space chain.toml --table chain.csv --objective accuracy --cost 5")
        .code(2)
        .stderr(contains("add `--fidelity NAME=MIN..MAX`"));
    // A gap in a curve is a failed evaluation there, and a note.
    let mut lines: Vec<String> = curves.lines().map(String::from).collect();
    let mut cells: Vec<&str> = lines[3].split(',').collect();
    cells[5] = "";
    lines[3] = cells.join(",");
    sandbox.write("curves.csv", lines.join("\n"));
    sandbox
        .run(&format!("{SEARCH} --strategy asha --cost 100"))
        .success()
        .stderr(contains("the curves of 1 row"));
}

/// A worker that trains by counting epochs in its checkpoint folder. `{HOOK}` is run after each epoch.
fn curves_worker(sandbox: &Sandbox, hook: &str) {
    let script = r#"
import json, os, sys, time
def say(**message): print(json.dumps(message), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "hello": say(type="ready")
    elif request["type"] == "evaluate":
        id, path = request["id"], os.path.join(request["checkpoint"], "epochs")
        first = int(open(path).read()) if os.path.exists(path) else 0
        with open("log", "a") as log: log.write(f"{request['arch']} {first} {request['fidelity']['epochs']}\n")
        end = 60 + sum(map(ord, request["arch"])) * 37 % 30
        for epoch in range(1, request["fidelity"]["epochs"] + 1):
            value = end * (1 - 0.7 ** epoch)
            say(type="report", id=id, fidelity={"epochs": epoch}, metrics={"accuracy": value})
            if epoch <= first: continue
            # In one step: a worker can be killed while it writes.
            with open(path + ".new", "w") as new: new.write(str(epoch))
            os.replace(path + ".new", path)
            HOOK
        say(type="result", id=id, metrics={"accuracy": end * (1 - 0.7 ** request["fidelity"]["epochs"])})
    elif request["type"] == "bye": break
"#;
    sandbox.write("curves_worker.py", script.replace("HOOK", hook));
}

const WORKERS: &str =
    "search --space chain.toml --command 'python3 curves_worker.py' --fidelity epochs=1..27";

#[test]
fn workers_continue_from_their_checkpoints() {
    let sandbox = sandbox();
    curves_worker(&sandbox, "pass");
    sandbox
        .run(&format!(
            "{WORKERS} --strategy asha --cost 200 --out run --workers 2"
        ))
        .success();
    let log = sandbox.read("log");
    let mut reached = std::collections::HashMap::new();
    for line in log.lines() {
        let [arch, first, last] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let before = reached.insert(arch.to_owned(), last.to_owned());
        assert_eq!(first, before.as_deref().unwrap_or("0"), "{arch}");
    }
    assert!(
        log.lines().any(|line| !line.contains(" 0 ")),
        "nothing went on"
    );
    assert_eq!(
        sandbox.json("run/result.json")["cost"],
        cost(&trials(&sandbox, "run"))
    );
}

#[test]
fn a_worker_that_ignores_a_stop_is_killed_and_nothing_else_is_lost() {
    let sandbox = sandbox();
    curves_worker(&sandbox, "time.sleep(0.02)");
    let ended = sandbox
        .run(&format!(
            "{WORKERS} --strategy random --queries 25 --stop-early 0.2 --grace 0.05 --out run"
        ))
        .success();
    ended.stderr(contains("it did not stop within 0.05 s"));
    let result = sandbox.json("run/result.json");
    assert!(result["stopped_early"].as_u64().unwrap() > 0);
    assert_eq!(
        (&result["queries"], &result["failed"]),
        (&Value::from(25), &Value::from(0))
    );
}

/// Number of kills: few for every build, `GANAS_KILLS=50` for more.
fn kills() -> u64 {
    let text = std::env::var("GANAS_KILLS");
    text.map_or(6, |text| text.parse().expect("GANAS_KILLS is a number"))
}

/// Workers are killed with their search, in the middle of trainings whose checkpoints stay.
#[test]
fn killed_at_random_moments_with_checkpoints_in_flight_nothing_differs() {
    let sandbox = sandbox();
    curves_worker(&sandbox, "time.sleep(0.004)");
    let mut rng = Rng::stream(0, "kills");
    let mut killed = 0;
    for seed in 0.. {
        for strategy in ["ga-nas", "asha", "successive-halving"] {
            let search = format!(
                "{WORKERS} --strategy {strategy} --cost 150 --workers 2 --seed {seed} --checkpoint 0"
            );
            let (whole, torn) = (format!("{strategy}-{seed}"), format!("{strategy}-{seed}-k"));
            sandbox.run(&format!("{search} --out {whole}")).success();
            let mut args = format!("{search} --out {torn}");
            let mut own = 0;
            // The time grows, so that there is an end to it on the slowest machine.
            while sandbox.kill_after(
                &args,
                Duration::from_millis(rng.below(500) as u64 + 200 * own),
            ) {
                own += 1;
                if sandbox.path(&format!("{torn}/settings.json")).exists() {
                    args = format!("resume {torn}");
                }
            }
            killed += own;
            assert_eq!(
                sorted(&sandbox.trace(&torn)),
                sorted(&sandbox.trace(&whole)),
                "{strategy}, seed {seed}"
            );
            let best = |run: &str| sandbox.json(&format!("{run}/result.json"))["best_arch"].clone();
            assert_eq!(best(&torn), best(&whole));
        }
        if killed >= kills() {
            return;
        }
    }
}

/// The lines of a text in an order that does not depend on which worker is first.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn without_a_checkpoint_folder_trainings_begin_anew() {
    let sandbox = sandbox();
    curves_worker(&sandbox, "pass");
    let search = format!("{WORKERS} --strategy asha --workers 1");
    sandbox
        .run(&format!("{search} --cost 200 --out whole"))
        .success();
    sandbox
        .run(&format!("{search} --cost 100 --out run"))
        .success();
    fs::remove_dir_all(sandbox.path("run/checkpoints")).unwrap();
    fs::remove_file(sandbox.path("log")).unwrap();
    sandbox.run("resume run --cost 200").success();
    assert_eq!(sandbox.trace("run"), sandbox.trace("whole"));
    // The first training of each architecture since then begins at 0.
    let log = sandbox.read("log");
    let mut seen = std::collections::HashSet::new();
    for line in log.lines() {
        let [arch, first, _] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        assert_eq!(first == "0", seen.insert(arch), "{line}");
    }
    // A folder that is deleted under a training costs one more try.
    curves_worker(
        &sandbox,
        "if not os.path.exists('once'): open('once', 'w').close(); os.remove(path); \
         os.rmdir(request['checkpoint']); open(path, 'w')",
    );
    let result = "search-again";
    sandbox
        .run(&format!("{search} --cost 200 --out {result}"))
        .success()
        .stderr(contains("FileNotFoundError"));
    assert_eq!(sandbox.trace(result), sandbox.trace("whole"));
    assert_eq!(sandbox.json(&format!("{result}/result.json"))["failed"], 0);
}

#[test]
fn a_checkpoint_folder_that_cannot_be_made_is_a_failure_that_says_so() {
    let sandbox = sandbox();
    curves_worker(&sandbox, "pass");
    sandbox
        .run(&format!(
            "{WORKERS} --strategy random --queries 2 --out run"
        ))
        .success();
    fs::remove_dir_all(sandbox.path("run/checkpoints")).unwrap();
    sandbox.write("run/checkpoints", "not a folder");
    sandbox
        .run("resume run --queries 4")
        .stdout(contains("the checkpoint folder"));
}

#[test]
fn reports_that_go_back_or_are_no_numbers_are_refused() {
    let sandbox = sandbox();
    let back = "say(type='report', id=id, fidelity={'epochs': 1}, metrics={'accuracy': 1.0})";
    curves_worker(&sandbox, back);
    sandbox
        .run(&format!(
            "{WORKERS} --strategy random --queries 2 --retries 0 --max-failures 1"
        ))
        .code(3)
        .stdout(contains("it reported 1 epochs after 1"));
    curves_worker(
        &sandbox,
        "say(type='report', id=id, fidelity={'epochs': epoch + 1}, metrics={'accuracy': float('nan')})",
    );
    sandbox
        .run(&format!(
            "{WORKERS} --strategy random --queries 2 --retries 0 --max-failures 1"
        ))
        .code(3)
        .stdout(contains("`accuracy` was NaN at 2 epochs"));
}
