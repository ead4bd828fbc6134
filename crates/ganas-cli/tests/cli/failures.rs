//! Evaluations that fail, and searches that end for it.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::sandbox::Sandbox;
use crate::workers::{SEARCH, worker};

/// A worker that is broken until the file `mended` is there.
fn broken(sandbox: &Sandbox, answer: &str) {
    worker(
        sandbox,
        &format!(
            "def before(n, id):\n    \
                 with open('asked', 'a') as asked: asked.write(request['arch'] + '\\n')\n    \
                 if not os.path.exists('mended'):\n        {answer}\n        return 1"
        ),
    );
}

fn asked(sandbox: &Sandbox) -> usize {
    sandbox.read("asked").lines().count()
}

#[test]
fn a_search_whose_first_evaluations_all_fail_ends_and_goes_on_once_that_is_mended() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    sandbox
        .run(&format!("{SEARCH} --queries 40 --out whole"))
        .success();
    broken(
        &sandbox,
        "say(type='error', id=id, reason='no module named \\'torch\\': ' + str(id))",
    );
    sandbox
        .run(&format!("{SEARCH} --queries 40 --checkpoint 0 --out run"))
        .code(3)
        .stdout(contains("evaluations kept failing"))
        .stderr(
            contains("error: all 5 evaluations failed, the first: no module named 'torch'")
                .and(contains("`ganas resume run --retry-failed` continues")),
        );
    assert_eq!(asked(&sandbox), 5);
    assert_eq!(sandbox.json("run/result.json")["stop"], "failures");
    sandbox.refuses(
        "resume run",
        &[
            "its evaluations failed",
            "`--retry-failed`",
            "`--max-failures 0`",
        ],
    );
    sandbox.write("mended", "");
    sandbox.run("resume run --retry-failed").success();
    assert_eq!(sandbox.trace("run"), sandbox.trace("whole"));
    assert_eq!(asked(&sandbox), 45);
    // The journal has both, and the run is the same from there.
    std::fs::remove_file(sandbox.path("run/result.json")).unwrap();
    std::fs::remove_file(sandbox.path("run/checkpoint")).unwrap();
    sandbox.run("resume run").success();
    assert_eq!(sandbox.trace("run"), sandbox.trace("whole"));
    assert_eq!(asked(&sandbox), 45);
    let report = sandbox.run("report run --out report.html").success();
    drop(report);
    assert!(!sandbox.read("report.html").contains("no module named"));
}

#[test]
fn the_number_of_failures_can_be_set() {
    let sandbox = Sandbox::new();
    broken(&sandbox, "say(type='error', id=id)");
    let search = format!("{SEARCH} --queries 12");
    for (option, count) in [("--max-failures 2", 2), ("--max-failures 0", 12)] {
        sandbox.write("asked", "");
        sandbox
            .run(&format!("{search} {option} --out run{count}"))
            .code(3)
            .stderr(contains(format!("all {count} evaluations failed")));
        assert_eq!(asked(&sandbox), count);
    }
    sandbox.write("asked", "");
    sandbox
        .run("resume run2 --max-failures 4")
        .code(3)
        .stderr(contains("all 4 evaluations failed"));
    assert_eq!(asked(&sandbox), 2);
    sandbox.run("resume run2 --max-failures 0").code(3);
    assert_eq!(asked(&sandbox), 10);
    sandbox
        .run("resume run2")
        .code(3)
        .stdout(contains("finished after 12 queries"));
}

#[test]
fn a_worker_that_ends_at_each_architecture_ends_the_search() {
    let sandbox = Sandbox::new();
    broken(&sandbox, "sys.exit('no card')");
    sandbox
        .run(&format!("{SEARCH} --queries 40 --out run"))
        .code(3)
        .stderr(contains("all 5 evaluations failed").and(contains("`no card`")));
    assert_eq!(asked(&sandbox), 15);
}

#[test]
fn many_failures_in_a_row_end_a_search_that_had_worked() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "def before(n, id):\n    \
             if n > 6 and n % 4 and not os.path.exists('mended'):\n        \
                 say(type='error', id=id, reason=f'{n} bytes left'); return 1\n    \
             if n > 20 and not os.path.exists('mended'):\n        \
                 say(type='error', id=id, reason='99 bytes left'); return 1",
    );
    sandbox
        .run(&format!("{SEARCH} --queries 60 --checkpoint 0 --out run"))
        .code(3)
        .stderr(contains("evaluations keep failing").and(contains("bytes left")));
    let result = sandbox.json("run/result.json");
    assert_eq!(result["queries"], 40);
    assert!(result["best"].is_f64());
    let before: Vec<String> = (sandbox.trace("run").lines().skip(1))
        .map(|row| row.split(',').nth(2).unwrap().to_owned())
        .collect();
    // What had worked is kept, what failed is made again, and nothing else is lost.
    sandbox.write("mended", "");
    sandbox.run("resume run --retry-failed").success();
    let result = sandbox.json("run/result.json");
    assert_eq!([&result["queries"], &result["failed"]], [60, 0]);
    let after = sandbox.trace("run");
    for (row, arch) in after.lines().skip(1).zip(&before) {
        assert_eq!(row.split(',').nth(2), Some(&**arch));
    }
    // The same from the journal alone.
    std::fs::remove_file(sandbox.path("run/result.json")).unwrap();
    std::fs::remove_file(sandbox.path("run/checkpoint")).unwrap();
    sandbox.run("resume run").success();
    assert_eq!(sandbox.trace("run"), after);
}

#[test]
fn a_first_result_that_cannot_be_used_ends_the_search_at_once() {
    for (answer, words) in [
        (
            "metrics['accuracy'] = True",
            "`accuracy` is no number but true",
        ),
        (
            "metrics['accuracy'] = '93 %'",
            "`accuracy` is no number but \"93 %\"",
        ),
        (
            "metrics['accuracy'] = [1, 2]",
            "`accuracy` is no number but [1,2]",
        ),
        (
            "say(type='result', metrics=metrics); return 1",
            "sent a result without an `id`",
        ),
        (
            "say(type='result', id='seven', metrics=metrics); return 1",
            "answered for the `id` \"seven\"",
        ),
        (
            "say(type='result', id=id); return 1",
            "sent a result without `metrics`",
        ),
        (
            "say(type='result', id=id, metrics=93); return 1",
            "whose `metrics` are 93",
        ),
        (
            "say(type='done', id=id, metrics=metrics); return 1",
            "of type \"done\"",
        ),
    ] {
        let sandbox = Sandbox::new();
        worker(&sandbox, &format!("def before(n, id): {answer}"));
        sandbox
            .run(&format!("{SEARCH} --queries 40 --out run"))
            .code(2)
            .stderr(contains(words).and(contains("`ganas resume run` continues")));
        assert_eq!(sandbox.read("run/journal.jsonl").lines().count(), 1);
    }
}

#[test]
fn what_is_a_number_in_another_form_is_one() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    sandbox
        .run(&format!("{SEARCH} --queries 20 --out plain"))
        .success();
    for (i, answer) in [
        "metrics['accuracy'] = str(metrics['accuracy'])",
        "metrics['accuracy'] = [metrics['accuracy']]",
        "say(type='Result', id=str(id), metrics=metrics); return 1",
    ]
    .iter()
    .enumerate()
    {
        worker(&sandbox, &format!("def before(n, id): {answer}"));
        sandbox
            .run(&format!("{SEARCH} --queries 20 --out run{i}"))
            .success();
        assert_eq!(sandbox.trace("plain"), sandbox.trace(&format!("run{i}")));
    }
    // What is no number now and then is a failure.
    worker(
        &sandbox,
        "def before(n, id):\n    \
             if n == 4: print('{\"type\":\"result\",\"id\":%d,\"metrics\":{\"accuracy\":nan}}' % id, \
                 flush=True); return 1",
    );
    sandbox
        .run(&format!("{SEARCH} --queries 20 --out nan"))
        .success();
    assert_eq!(sandbox.json("nan/result.json")["failed"], 1);
}

#[test]
fn a_search_that_found_nothing_that_complies_says_so_in_its_exit_code() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    sandbox
        .run(&format!(
            "{SEARCH} --queries 10 --constraint 'latency > 90' --json result.json --out run"
        ))
        .code(3)
        .stderr(contains(
            "no architecture met the constraints; the nearest: ",
        ));
    assert!(sandbox.json("result.json")["best"].is_null());
    assert_eq!(sandbox.json("run/result.json")["failed"], 0);
}

#[test]
fn what_else_came_back_is_kept_with_the_time_and_the_reason() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "def before(n, id):\n    \
             if n == 2: say(type='error', id=id, reason='no memory\\nat line 3, \\x1b[31mred'); return 1\n    \
             metrics.update(loss=0.5, curve=[1, 2], params=7, optimizer='sgd')",
    );
    sandbox
        .run(&format!("{SEARCH} --queries 12 --out run"))
        .success();
    let check = || {
        let csv = sandbox.read("run/evaluations.csv");
        let mut rows = csv::Reader::from_reader(csv.as_bytes());
        let header: Vec<String> = rows.headers().unwrap().iter().map(str::to_owned).collect();
        assert_eq!(
            header[3..],
            [
                "accuracy",
                "params",
                "curve",
                "latency",
                "loss",
                "optimizer",
                "params_sent",
                "evaluation_seconds",
                "failure"
            ]
        );
        let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 12);
        assert_eq!(&rows[1][11], "no memory");
        assert!(rows[1].iter().skip(3).take(7).all(str::is_empty));
        for row in rows.iter().filter(|row| !row[3].is_empty()) {
            assert_eq!(
                [&row[5], &row[7], &row[8], &row[9], &row[11]],
                ["[1,2]", "0.5", "sgd", "7", ""]
            );
            assert!(row[10].parse::<f64>().unwrap() >= 0.0);
        }
        csv
    };
    let csv = check();
    let journal = sandbox.read("run/journal.jsonl");
    assert!(journal.contains("\"optimizer\":\"sgd\"") && journal.contains("\"seconds\":"));
    assert!(!journal.contains("\\u001b"));
    std::fs::remove_file(sandbox.path("run/result.json")).unwrap();
    sandbox.run("resume run").success();
    assert_eq!(check(), csv);
    // It is a history all the same.
    sandbox
        .run(&format!(
            "{SEARCH} --queries 5 --history run/evaluations.csv --out next"
        ))
        .success();
}

#[test]
fn a_time_limit_ends_a_search_that_goes_on_with_a_longer_one() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    sandbox
        .run(&format!("{SEARCH} --queries 30 --out whole"))
        .success();
    // It would take for ever from the tenth on.
    worker(
        &sandbox,
        "def before(n, id):\n    if n == 10 and first(): time.sleep(600)",
    );
    sandbox
        .run(&format!("{SEARCH} --queries 30 --time-limit 5s --out run"))
        .success()
        .stdout(contains("the time limit is reached"));
    let result = sandbox.json("run/result.json");
    assert_eq!(result["stop"], "time-limit");
    assert!(result["queries"].as_u64().unwrap() <= 9);
    sandbox
        .run("resume run")
        .success()
        .stdout(contains("the time limit of 5s was reached").and(contains("`--time-limit`")));
    sandbox.run("resume run --time-limit 1h30m").success();
    assert_eq!(sandbox.trace("run"), sandbox.trace("whole"));
    let changes = &sandbox.json("run/settings.json")["changes"];
    assert_eq!(changes[0]["time_limit"], "1h30m");
    sandbox.refuses(
        &format!("{SEARCH} --time-limit soon --out other"),
        &["`soon` is not a time", "1h30m"],
    );
}
