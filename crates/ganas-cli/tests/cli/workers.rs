//! `--command`: workers of the user's own, good and bad.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use ganas_core::rng::Rng;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::Value;

use crate::resume::same;
use crate::sandbox::Sandbox;

/// A worker whose answers are the table's: `before(n, id)` is run before the `n`-th answer of a
/// process, and may say or do what it likes.
const WORKER: &str = r#"
import json, os, sys, time
values = {}
for line in open("chain.csv").read().splitlines()[1:]:
    arch, accuracy, latency, note = line.split(",")
    values[arch] = {"accuracy": float(accuracy), "latency": float(latency)}
def say(**message):
    print(json.dumps(message), flush=True)
def first():
    # Whether this is the first process of all that gets here.
    try:
        os.close(os.open("happened", os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False
def before(n, id):
    pass
n = 0
#EXTRA
for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "hello":
        say(type="ready")
    elif request["type"] == "evaluate":
        n += 1
        metrics = dict(values[request["arch"]])
        if before(n, request["id"]) is None:
            say(type="result", id=request["id"], metrics=metrics)
    else:
        break
"#;

pub const SEARCH: &str =
    "search --space chain.toml --command 'python3 worker.py' --strategy evolution";

/// A worker with an own `before`, or anything else.
pub fn worker(sandbox: &Sandbox, extra: &str) {
    sandbox.write("worker.py", WORKER.replace("#EXTRA", extra));
}

/// The evaluations of a search by workers, without the round and what only a table has.
fn evaluations(sandbox: &Sandbox, run: &str) -> Vec<[String; 2]> {
    let csv = sandbox.read(&format!("{run}/evaluations.csv"));
    (csv.lines().skip(1))
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            [cells[2].to_owned(), cells[3].to_owned()]
        })
        .collect()
}

/// Runs a search by a bad worker, and checks that it found what it would have found by a good one.
#[track_caller]
fn survives(extra: &str, args: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    sandbox
        .run(&format!("{SEARCH} --queries 40 --out good"))
        .success();
    worker(&sandbox, extra);
    sandbox
        .run(&format!(
            "{SEARCH} --queries 40 --workers 2 {args} --out bad"
        ))
        .success();
    assert_eq!(evaluations(&sandbox, "good"), evaluations(&sandbox, "bad"));
    assert_eq!(sandbox.json("bad/result.json")["failed"], 0);
    sandbox
}

/// Runs a search by a worker that answers its third architecture badly.
#[track_caller]
fn counts_a_failure(answer: &str, why: &str) {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        &format!("def before(n, id):\n    if n == 3:\n        {answer}\n        return 1"),
    );
    sandbox
        .run(&format!("{SEARCH} --queries 20 --out run"))
        .success();
    let result = sandbox.json("run/result.json");
    assert_eq!(
        (&result["failed"], &result["queries"]),
        (&1.into(), &20.into())
    );
    assert_eq!(evaluations(&sandbox, "run")[2][1], "");
    let journal = sandbox.read("run/journal.jsonl");
    let entry: Value = serde_json::from_str(journal.lines().nth(3).unwrap()).unwrap();
    assert!(entry.to_string().contains(why), "{entry}");
}

#[test]
fn finds_what_the_table_gives() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    let args = "--queries 60 --seed 2 --objective accuracy --strategy ga-nas";
    sandbox
        .run(&format!(
            "search --space chain.toml --command 'python3 worker.py' {args} --workers 3 --out w"
        ))
        .success();
    sandbox
        .run(&format!(
            "search --space chain.toml --table chain.csv {args} --out t"
        ))
        .success();
    assert_eq!(evaluations(&sandbox, "w"), evaluations(&sandbox, "t"));
    assert_eq!(
        sandbox.json("w/settings.json")["task"]["workers"]["program"],
        "python3 worker.py"
    );
}

#[test]
fn the_example_in_the_repository_works() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/worker.py");
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!(
            "search --space nasbench201 --command 'python3 {}' --queries 30 --workers 2",
            example.display()
        ))
        .success()
        .stdout(contains("all queries are spent").and(contains("runs/python3-1")));
}

#[test]
fn constraints_hold_on_what_workers_measure() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    sandbox
        .run(&format!(
            "{SEARCH} --queries 60 --constraint 'latency < 12' --constraint 'params <= 14' --out run"
        ))
        .success();
    let result = sandbox.json("run/result.json");
    assert!(result["noncompliant"].as_u64().unwrap() > 0);
    let csv = sandbox.read("run/evaluations.csv");
    assert!(csv.starts_with("query,round,arch,accuracy,latency,params,evaluation_seconds,"));
    let best = result["best_arch"].as_str().unwrap();
    let row = csv.lines().find(|l| l.contains(best)).unwrap();
    assert!(row.split(',').nth(4).unwrap().parse::<f64>().unwrap() < 12.0);
}

#[test]
fn costs_of_the_space_are_compared_with_the_start() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    let started = format!("{SEARCH} --queries 30 --start 'c;c;c;c' --out run");
    sandbox
        .run(&format!("{started} --constraint 'params <= @start'"))
        .success();
    let csv = sandbox.read("run/evaluations.csv");
    let params = |row: &str| row.split(',').nth(4).unwrap().parse::<f64>().unwrap();
    assert!(csv.lines().skip(1).all(|row| params(row) <= 12.0));
}

#[test]
fn a_start_that_breaks_a_cheap_bound_is_not_evaluated_for_a_dear_one() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "def before(n, id): open('asked', 'w').close()");
    let search =
        format!("{SEARCH} --queries 30 --start 'c;c;c;c' --constraint 'latency <= @start'");
    let params = |bound| format!("{search} --constraint 'params <= {bound}*@start' --out run");
    sandbox.refuses(
        &params("0.9"),
        &["--start `c;c;c;c`: it breaks `params <= 10.8`: its params is 12"],
    );
    assert!(!sandbox.path("asked").exists());
    sandbox.run(&params("1")).success();
    assert!(sandbox.path("asked").exists());
}

#[test]
fn what_workers_measure_is_compared_with_what_they_measured_of_the_start() {
    let sandbox = Sandbox::new();
    // Every process measures something else, and writes down what it evaluates.
    let extra = "import random\n\
                 for v in values.values(): v[\"latency\"] += random.random()\n\
                 asked = open(\"asked\", \"a\")\n\
                 def before(n, id):\n    \
                     print(request[\"arch\"], file=asked, flush=True); time.sleep(0.02)";
    worker(&sandbox, extra);
    let search = format!(
        "{SEARCH} --queries 40 --start 'c;c;c;c' --constraint 'latency <= 0.9*@start' --constraint \
         'latency >= 0.1*@start' --out run"
    );
    let rows = |file: &str| -> Vec<(String, f64)> {
        let csv = sandbox.read(file);
        (csv.lines().skip(1))
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                (cells[2].to_owned(), cells[4].parse().unwrap())
            })
            .collect()
    };
    let (code, said) = sandbox.interrupt_once(&search, || {
        // Some rounds after the start.
        sandbox.path("run/evaluations.csv").exists() && rows("run/evaluations.csv").len() > 5
    });
    assert_eq!(code, Some(130), "{said}");
    let bounds = sandbox.json("run/settings.json")["task"]["constraints"].take();
    let before = rows("run/evaluations.csv");
    sandbox.run("resume run").success();
    let result = sandbox.json("run/result.json");
    assert_eq!(result["provenance"]["task"]["constraints"], bounds);
    assert_eq!(result["queries"], 40);
    let after = rows("run/evaluations.csv");
    assert_eq!(after[..before.len()], before[..]);
    // The start was evaluated once, and that is what is on record of it.
    let (start, latency) = &after[0];
    assert_eq!(start, "c;c;c;c");
    assert_eq!(bounds[0], format!("latency <= {}", 0.9 * latency));
    let asked = sandbox.read("asked");
    assert_eq!(asked.lines().filter(|arch| *arch == "c;c;c;c").count(), 1);
    let best = result["best_arch"].as_str().unwrap();
    let (_, kept) = after.iter().find(|(arch, _)| arch == best).unwrap();
    assert!((0.1 * latency..=0.9 * latency).contains(kept));
    assert!(result["noncompliant"].as_u64().unwrap() > 0);
    let search = format!("{SEARCH} --space nasbench101 --start resnet --out other")
        .replace("--space chain.toml ", "");
    sandbox.refuses(
        &format!("{search} --constraint 'latency <= @inception'"),
        &[
            "`@inception` has no `latency`",
            "only the start",
            "compare with a number",
        ],
    );
}

#[test]
fn a_worker_that_crashes() {
    survives("def before(n, id):\n    if n == 4: os._exit(7)", "");
}

#[test]
fn a_worker_that_hangs_and_what_it_started() {
    let sandbox = survives(
        "import subprocess\n\
         def before(n, id):\n    \
             if n == 3 and first():\n        \
                 child = subprocess.Popen(['sleep', '600'])\n        \
                 open('child', 'w').write(str(child.pid))\n        \
                 time.sleep(600)",
        "--timeout 2",
    );
    let child = sandbox.read("child");
    let alive = fs::read_to_string(format!("/proc/{child}/stat"));
    // It may be a zombie that nobody has waited for, in a sandbox without an init.
    assert!(
        alive.is_err() || alive.unwrap().contains(") Z "),
        "{child} lives"
    );
}

#[test]
fn a_worker_that_is_never_ready_once() {
    survives("if first(): time.sleep(600)", "--startup 5");
}

#[test]
fn a_worker_that_goes_after_each_answer() {
    survives("def before(n, id):\n    if n == 2: sys.exit()", "");
}

#[test]
fn a_worker_that_babbles() {
    survives(
        "def before(n, id):\n    if n == 5 and first():\n        while True: print('la la')",
        "",
    );
}

#[test]
fn a_worker_that_says_ten_megabytes_in_a_line() {
    survives(
        "def before(n, id):\n    if n == 5 and first(): print('{' + 'x' * 10_000_000)",
        "",
    );
}

#[test]
fn a_worker_that_prints_what_programs_print() {
    let sandbox = survives(
        "def before(n, id): print('epoch', n); print({'loss': 0.3}); print(json.dumps({'lr': n}, indent=1))",
        "--retries 0",
    );
    let log = sandbox.read("bad/worker-0.log");
    assert!(
        log.contains("epoch 1\n{'loss': 0.3}\n{\n \"lr\": 1\n}\n"),
        "{log}"
    );
}

#[test]
fn a_worker_that_answers_for_another_id() {
    survives(
        "def before(n, id):\n    if n == 5: say(type='result', id=id + 70, metrics=metrics)",
        "",
    );
}

#[test]
fn a_worker_that_answers_twice() {
    survives(
        "def before(n, id): say(type='result', id=id, metrics=metrics)",
        "",
    );
}

#[test]
fn a_worker_that_says_half_a_message() {
    survives(
        "def before(n, id):\n    if n == 5: print('{\"type\":\"result\",')",
        "",
    );
}

#[test]
fn what_is_asked_for_by_name_is_kept() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "def before(n, id):\n    metrics['params'] = 500 + n\n    if n != 2: metrics['loss'] = n / 4",
    );
    let search = format!("{SEARCH} --queries 20 --constraint 'params > 503'");
    sandbox
        .run(&format!("{search} --metric loss --metric params --out run"))
        .success();
    let csv = sandbox.trace("run");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "query,round,arch,accuracy,params,loss,latency,failure"
    );
    for (n, line) in lines.iter().enumerate().skip(1) {
        let loss = match n {
            2 => String::new(),
            _ => (n as f64 / 4.0).to_string(),
        };
        assert!(line.contains(&format!(",{},{loss},", 500 + n)), "{line}");
    }
    assert_eq!(sandbox.json("run/result.json")["noncompliant"], 3);
    let journal = sandbox.read("run/journal.jsonl");
    assert!(journal.contains("\"metrics\":[\"accuracy\",\"params\",\"loss\"]"));
    sandbox.run("resume run --queries 25").success();
    sandbox.refuses(
        "search --space chain.toml --table chain.csv --objective accuracy --metric loss",
        &["no workers to ask for `loss`", "add `--command`"],
    );
}

#[test]
fn what_workers_never_send_ends_the_search_at_once() {
    for (bound, metrics, words) in [
        (
            "--constraint 'latency < 12'",
            "{'accuracy': 3, 'lat': 4}",
            [
                "no `latency` came back, only `accuracy`, `lat`",
                "in the constraint",
            ],
        ),
        (
            "--constraint 'params <= 14'",
            "{'acc': 3}",
            ["no `accuracy` came back, only `acc`", "as the objective"],
        ),
        (
            "",
            "{}",
            ["no `accuracy` came back, nor", "ganas resume run"],
        ),
    ] {
        let sandbox = Sandbox::new();
        let extra = format!("def before(n, id): metrics.clear(); metrics.update({metrics})");
        worker(&sandbox, &extra);
        let output = sandbox
            .run(&format!("{SEARCH} --queries 20 {bound} --out run"))
            .code(2);
        let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        let notes = said.lines().filter(|line| line.starts_with("note: "));
        assert_eq!(said.lines().count() - notes.count(), 2, "{said}");
        for word in words {
            assert!(said.contains(word), "{said}");
        }
        assert_eq!(sandbox.read("run/journal.jsonl").lines().count(), 1);
        // It is mended, and goes on.
        worker(&sandbox, "");
        sandbox.run("resume run").success();
    }
}

#[test]
fn what_is_no_number_is_a_failure() {
    counts_a_failure(
        "say(type='result', id=id, metrics={'accuracy': float('nan')})",
        "null",
    );
    counts_a_failure(
        "say(type='result', id=id, metrics={'accuracy': float('inf')})",
        "inf",
    );
    counts_a_failure(
        "say(type='result', id=id, metrics={'acc': 1})",
        "only `acc`",
    );
    counts_a_failure(
        "say(type='result', id=id, metrics={'accuracy': 'high'})",
        "no number",
    );
    counts_a_failure(
        "say(type='error', id=id, reason='out of memory')",
        "out of memory",
    );
}

#[test]
fn an_architecture_that_kills_its_worker_every_time_is_a_failure() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "def before(n, id):\n    if id == 6: os._exit(3)");
    sandbox
        .run(&format!("{SEARCH} --queries 20 --out run"))
        .success();
    assert_eq!(sandbox.json("run/result.json")["failed"], 1);
    let journal = sandbox.read("run/journal.jsonl");
    assert!(
        journal.contains("exit status: 3)") && journal.contains("the last of 3 workers that tried"),
        "{journal}"
    );
}

#[test]
fn programs_that_cannot_be_used() {
    let sandbox = Sandbox::new();
    let search = "search --space chain.toml --out run --command";
    sandbox.refuses(
        &format!("{search} 'no-such-program x'"),
        &["no program `no-such-program`"],
    );
    sandbox.refuses(
        &format!("{search} 'python3 \"x'"),
        &["--command", "quotation"],
    );
    sandbox.refuses(&format!("{search} ' '"), &["names no program"]);
    sandbox.refuses("search --command 'python3 x'", &["no search space"]);
    for (program, words) in [
        (
            "import sys; sys.exit('no GPU')",
            [
                "exit status: 1), and its last line on standard error is `no GPU`",
                "run/worker-0.log",
            ],
        ),
        ("print('bonjour')", ["exit status: 0", "`bonjour`"]),
        (
            "print('{\"bon\": \"jour\"}')",
            ["exit status: 0", "`{\"bon\": \"jour\"}`"],
        ),
        (
            "print('{\"type\": \"result\"')",
            [
                "sent half a message, `{\"type\": \"result\"`",
                "worker-0.log",
            ],
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("worker.py", program);
        let output = sandbox
            .run(&format!("{search} 'python3 worker.py'"))
            .code(2);
        let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        let (lost, error) = said.trim_end().rsplit_once('\n').unwrap();
        let lost = lost.strip_prefix("maximising `accuracy`\n").unwrap();
        assert_eq!(lost.lines().count(), 3, "{said}");
        assert!(lost.lines().all(|l| l.starts_with("worker 0 was lost: ")));
        assert!(lost.ends_with("; it is not started again"), "{said}");
        for word in words {
            assert!(error.contains(word), "{said}");
        }
        // It is mended, and goes on.
        worker(&sandbox, "");
        sandbox.run("resume run --queries 130").success();
    }
}

/// Standard error of a search whose third evaluation never answers, and the log of its
/// worker.
fn loses_a_worker(args: &str) -> (String, String) {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "def before(n, id):\n    if id == 3: print('hm', file=sys.stderr, flush=True); os._exit(7)",
    );
    let output = sandbox
        .run(&format!(
            "{SEARCH} --queries 5 --retries 1 --out run {args}"
        ))
        .success();
    let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
    assert_eq!(sandbox.json("run/result.json")["failed"], 1);
    (said, sandbox.read("run/worker-0.log"))
}

#[test]
fn workers_that_are_lost_are_told_of_and_noted() {
    let ended = "it ended (exit status: 7), and its last line on standard error is `hm`";
    let again = &*format!("{ended}; its evaluation is tried again (1 of 1)");
    let failed = &*format!("{ended}; its evaluation failed");
    let (said, log) = loses_a_worker("");
    assert_eq!(
        said,
        format!("maximising `accuracy`\nworker 0 was lost: {again}\nworker 0 was lost: {failed}\n")
    );
    assert_eq!(
        log,
        format!(
            "hm\nganas: this worker was lost: {again}\nhm\nganas: this worker was lost: {failed}\n"
        )
    );
    let (said, again_log) = loses_a_worker("-vv");
    let lines: Vec<&str> = said.lines().collect();
    let lost = lines.iter().position(|l| l.contains(again)).unwrap();
    assert!(lines[lost - 1].starts_with("round 2: "), "{said}");
    assert_eq!(again_log, log);

    let (said, again_log) = loses_a_worker("--log-format json");
    let events: Vec<Value> = (said.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &Value| event["event"] == "lost")
        .collect();
    assert_eq!(events.len(), 2, "{said}");
    assert_eq!(
        (&events[0]["worker"], &events[0]["how"]),
        (&0.into(), &again.into())
    );
    assert!(events[0]["seconds"].as_f64() <= events[1]["seconds"].as_f64());
    assert_eq!(again_log, log);

    let (said, again_log) = loses_a_worker("--quiet");
    assert_eq!((said, again_log), (String::new(), log));
}

#[test]
fn a_worker_that_goes_when_it_has_answered_is_not_lost() {
    let sandbox = Sandbox::new();
    // It answers once the other one has work, too, and the other one once it is gone and was waited for,
    // so that it is not asked again.
    worker(
        &sandbox,
        "def before(n, id):\n    \
             if os.environ['GANAS_WORKER'] == '0':\n        \
                 while not os.path.exists('busy'): time.sleep(0.01)\n        \
                 os.remove('busy')\n        \
                 open('new', 'w').write(str(os.getpid())); os.rename('new', 'pid')\n        \
                 say(type='result', id=id, metrics=metrics); sys.exit()\n    \
             open('busy', 'w').close()\n    \
             while not os.path.exists('pid'): time.sleep(0.01)\n    \
             try:\n        \
                 while True: os.kill(int(open('pid').read()), 0); time.sleep(0.01)\n    \
             except ProcessLookupError: os.remove('pid')",
    );
    let search = "search --space chain.toml --command 'python3 worker.py' --queries 6 --workers 2 \
                  --strategy cross-entropy --set batch=2 --out run";
    let output = sandbox.run(search).success();
    assert_eq!(
        String::from_utf8_lossy(&output.get_output().stderr),
        "maximising `accuracy`\n"
    );
    assert_eq!(sandbox.read("run/worker-0.log"), "");
}

#[test]
fn workers_without_work_are_noted() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    let search = "search --space chain.toml --command 'python3 worker.py'";
    for (args, note) in [
        (
            "--workers 4 --queries 20",
            "no more than 3, so 1 of the 4 workers",
        ),
        (
            "--workers 2 --queries 20 --strategy random",
            "no more than 1, so 1 of the 2",
        ),
        ("--workers 12 --queries 8", "no more than 8, so 4 of the 12"),
        ("--workers 8 --queries 8", ""),
        ("--workers 3 --queries 20", ""),
        ("--workers 4 --queries 20 --async", ""),
        ("--workers 4 --queries 20 --quiet", ""),
    ] {
        let output = sandbox.run(&format!("{search} {args}")).success();
        let said = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        assert!(said.contains(note), "{args}: {said}");
        let way = usize::from(!args.contains("--quiet"));
        assert_eq!(
            said.lines().count(),
            way + usize::from(!note.is_empty()),
            "{said}"
        );
        assert_eq!(said.contains("`--async`"), !note.is_empty(), "{said}");
    }
}

#[test]
fn the_trace_depends_on_no_worker() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "import random\ndef before(n, id): time.sleep(random.random() / 50)",
    );
    let search =
        "search --space chain.toml --command 'python3 worker.py' --strategy ga-nas --queries 70";
    sandbox
        .run(&format!("{search} --workers 1 --out one"))
        .success();
    sandbox
        .run(&format!("{search} --workers 5 --out five"))
        .success();
    assert_eq!(sandbox.trace("one"), sandbox.trace("five"));
    assert_eq!(
        sandbox.read("one/rounds.jsonl"),
        sandbox.read("five/rounds.jsonl")
    );
}

#[test]
fn killed_in_the_middle_of_a_round_no_finished_evaluation_is_made_again() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "def before(n, id):\n    time.sleep(0.02)\n    \
         with open('made', 'a') as made: made.write(request['arch'] + '\\n')",
    );
    let search = "search --space chain.toml --command 'python3 worker.py' --strategy cross-entropy \
                  --queries 100 --workers 3 --checkpoint 0";
    sandbox.run(&format!("{search} --out whole")).success();
    fs::remove_file(sandbox.path("made")).unwrap();
    let mut rng = Rng::stream(0, "rounds");
    let mut child = sandbox.start(&format!("{search} --out run"));
    let mut kills = 0u64;
    loop {
        sleep(Duration::from_millis(rng.below(500) as u64 + 50 * kills));
        if let Some(status) = child.try_wait().unwrap() {
            let mut said = String::new();
            child.stderr.unwrap().read_to_string(&mut said).unwrap();
            assert!(status.success(), "{said}");
            break;
        }
        if sandbox.path("run/settings.json").exists() {
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            child = sandbox.start("resume run");
        }
    }
    assert!(kills > 0);
    same(&sandbox, "whole", "run");
    // Only what was in flight can have been made twice.
    let made = sandbox.read("made").lines().count() as u64;
    assert!(made <= 100 + 3 * kills, "{made} evaluations, {kills} kills");
}

#[test]
fn asynchronously_it_goes_on_from_its_journal() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "import random\ndef before(n, id): time.sleep(random.random() / 100)",
    );
    let search = "search --space chain.toml --command 'python3 worker.py' --queries 80 --workers 4 \
                  --async --checkpoint 0";
    for strategy in ["ga-nas", "evolution", "cross-entropy"] {
        let args = format!("{search} --strategy {strategy} --out {strategy}");
        sandbox.run(&args).success();
        let whole = sandbox.read(&format!("{strategy}/evaluations.csv"));
        let mut archs: Vec<&str> = (whole.lines().skip(1))
            .map(|line| line.split(',').nth(2).unwrap())
            .collect();
        archs.sort();
        archs.dedup();
        assert_eq!(archs.len(), 80);
        assert_eq!(
            sandbox.json(&format!("{strategy}/settings.json"))["asynchronous"],
            4
        );
        // As if it had been killed after the last evaluation, and at the very beginning, with all
        // of its evaluations in the journal.
        let rounds = sandbox.read(&format!("{strategy}/rounds.jsonl"));
        for file in ["result.json", "checkpoint"] {
            fs::remove_file(sandbox.path(&format!("{strategy}/{file}"))).unwrap();
            sandbox.write(&format!("{strategy}/evaluations.csv"), "");
            sandbox.run(&format!("resume {strategy}")).success();
            assert_eq!(sandbox.read(&format!("{strategy}/evaluations.csv")), whole);
            assert_eq!(sandbox.read(&format!("{strategy}/rounds.jsonl")), rounds);
            fs::remove_file(sandbox.path(&format!("{strategy}/result.json"))).unwrap();
        }
        // With half of them it goes on, and what was finished stays as it was.
        let journal = sandbox.read(&format!("{strategy}/journal.jsonl"));
        let half: String = journal.split_inclusive('\n').take(41).collect();
        sandbox.write(&format!("{strategy}/journal.jsonl"), half);
        sandbox.run(&format!("resume {strategy}")).success();
        let again = sandbox.read(&format!("{strategy}/evaluations.csv"));
        assert!(whole.lines().take(41).eq(again.lines().take(41)));
        assert_eq!(again.lines().count(), 81);
    }
}
