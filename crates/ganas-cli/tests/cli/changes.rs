//! `ganas resume` with other workers.

use std::fs;

use predicates::str::contains;

use crate::sandbox::Sandbox;
use crate::workers::{SEARCH, worker};

#[test]
fn a_run_goes_on_with_other_workers() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "open(os.environ['GANAS_WORKER'] + '.here', 'w').close()\n\
         def before(n, id):\n    \
             time.sleep(0.01)\n    \
             if not os.path.exists('mended') and id == 12:\n        \
                 open('slow', 'w').close(); time.sleep(600)",
    );
    let search = "search --space chain.toml --command 'python3 worker.py' --strategy cross-entropy \
                  --set batch=6 --queries 60";
    let (code, said) = sandbox.interrupt_once_there(&format!("{search} --out run"), "slow");
    assert_eq!(code, Some(130), "{said}");
    assert!(sandbox.json("run/settings.json")["changes"].is_null());
    // Too little time, and no second chance: the evaluation fails.
    sandbox
        .run("resume run --workers 3 --timeout 3 --retries 0 --queries 61")
        .success()
        .stderr(contains("it took more than 3 s; its evaluation failed"));
    assert!(sandbox.path("2.here").exists() && !sandbox.path("3.here").exists());
    assert_eq!(sandbox.json("run/result.json")["failed"], 1);
    let changes = serde_json::json!(
        [{ "after": 11, "workers": 3, "timeout": 3.0, "retries": 0 }]
    );
    assert_eq!(sandbox.json("run/settings.json")["changes"], changes);

    // What was changed stays so, and may be changed again.
    fs::remove_file(sandbox.path("2.here")).unwrap();
    sandbox.write("mended", "");
    sandbox.run("resume run --queries 70").success();
    assert!(sandbox.path("2.here").exists());
    assert_eq!(sandbox.json("run/settings.json")["changes"], changes);
    sandbox.run("resume run --queries 80 --workers 4").success();
    assert!(sandbox.path("3.here").exists());
    let changed = &sandbox.json("run/settings.json")["changes"];
    assert_eq!(changed[0], changes[0]);
    assert_eq!(changed[1], serde_json::json!({ "after": 70, "workers": 4 }));
    assert_eq!(
        sandbox.json("run/result.json")["provenance"]["changes"],
        *changed
    );
}

#[test]
fn the_number_of_workers_changes_nothing_in_rounds() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "");
    let search = "search --space chain.toml --command 'python3 worker.py' --queries 60";
    sandbox.run(&format!("{search} --out whole")).success();
    sandbox.run(&format!("{search} --out run")).success();
    let journal = sandbox.read("run/journal.jsonl");
    let half: String = journal.split_inclusive('\n').take(31).collect();
    sandbox.write("run/journal.jsonl", half);
    fs::remove_file(sandbox.path("run/result.json")).unwrap();
    sandbox.run("resume run --workers 3").success();
    assert_eq!(sandbox.trace("whole"), sandbox.trace("run"));
    let rounds = |run: &str| sandbox.read(&format!("{run}/rounds.jsonl"));
    assert_eq!(rounds("whole"), rounds("run"));
}

#[test]
fn asynchronously_more_workers_are_kept_at_work_and_that_is_gone_through_again() {
    let sandbox = Sandbox::new();
    // Nobody answers before all of them are there; if they do not come, somebody does all the same.
    worker(
        &sandbox,
        "import glob, random\n\
         open(os.environ['GANAS_WORKER'] + '.here', 'w').close()\n\
         def before(n, id):\n    \
             for _ in range(6000):\n        \
                 if len(glob.glob('*.here')) >= int(open('awaited').read()): break\n        \
                 time.sleep(0.01)\n    \
             time.sleep(random.random() / 100)",
    );
    let here = || -> Vec<usize> {
        let there =
            |worker: &usize| fs::remove_file(sandbox.path(&format!("{worker}.here"))).is_ok();
        (0..9).filter(there).collect()
    };
    sandbox.write("awaited", "2");
    sandbox
        .run(
            "search --space chain.toml --command 'python3 worker.py' --strategy evolution \
             --workers 2 --async --checkpoint 0 --out run --queries 40",
        )
        .success();
    assert_eq!(here(), [0, 1]);
    for (workers, queries) in [(5, 80), (3, 120)] {
        sandbox.write("awaited", workers.to_string());
        sandbox
            .run(&format!(
                "resume run --workers {workers} --queries {queries}"
            ))
            .success();
        assert_eq!(here(), Vec::from_iter(0..workers));
    }
    let settings = sandbox.json("run/settings.json");
    assert_eq!(settings["asynchronous"], 2);
    assert_eq!(
        settings["changes"],
        serde_json::json!([{ "after": 40, "workers": 5 }, { "after": 80, "workers": 3 }])
    );
    // From the last checkpoint, and from the journal alone: nothing is evaluated again.
    let [whole, rounds] =
        ["evaluations.csv", "rounds.jsonl"].map(|file| sandbox.read(&format!("run/{file}")));
    for lost in [&["result.json"][..], &["result.json", "checkpoint"]] {
        for file in lost {
            fs::remove_file(sandbox.path(&format!("run/{file}"))).unwrap();
        }
        sandbox.run("resume run").success();
        assert_eq!(sandbox.read("run/evaluations.csv"), whole);
        assert_eq!(sandbox.read("run/rounds.jsonl"), rounds);
    }
    assert!(here().is_empty());
}

#[test]
fn what_has_no_workers_cannot_be_given_others() {
    let sandbox = Sandbox::new();
    sandbox
        .run("search --space chain.toml --table chain.csv --objective accuracy --queries 5 --out run")
        .success();
    for (option, words) in [
        ("--workers 3", ["has no workers", "leave out `--workers`"]),
        (
            "--timeout 3",
            ["no workers of `--command`", "leave out `--timeout`"],
        ),
        (
            "--retries 3",
            ["no workers of `--command`", "leave out `--retries`"],
        ),
    ] {
        sandbox.refuses(&format!("resume run --queries 9 {option}"), &words);
    }
    worker(&sandbox, "");
    sandbox
        .run(&format!("{SEARCH} --queries 5 --out mine"))
        .success();
    for (option, word) in [
        ("--workers 0", "there are no workers"),
        ("--timeout 0", "`--timeout 0` is not a time"),
    ] {
        sandbox.refuses(&format!("resume mine --queries 9 {option}"), &[word]);
    }
    assert!(sandbox.json("mine/settings.json")["changes"].is_null());
}

#[test]
fn a_moved_table_is_named_and_its_content_is_checked() {
    let sandbox = Sandbox::new();
    let search =
        "search --space chain.toml --table chain.csv --objective accuracy --strategy evolution";
    sandbox
        .run(&format!("{search} --queries 40 --out run"))
        .success();
    sandbox
        .run(&format!("{search} --queries 80 --out whole"))
        .success();
    let other = sandbox
        .read("chain.csv")
        .replacen("b;b;b;b,", "b;b;b;b,1", 1);
    sandbox.write("other.csv", other);
    fs::create_dir(sandbox.path("moved")).unwrap();
    fs::rename(sandbox.path("chain.csv"), sandbox.path("moved/table.csv")).unwrap();
    sandbox.refuses("resume run --queries 60", &["chain.csv", "no such file"]);
    sandbox.refuses(
        "resume run --queries 60 --table other.csv",
        &["table_digest"],
    );
    sandbox.refuses(
        "resume run --queries 60 --table none.csv",
        &["none.csv", "no such file"],
    );
    sandbox
        .run("resume run --queries 60 --table moved/table.csv")
        .success();
    // It is known from then on.
    sandbox.run("resume run --queries 80").success();
    for file in ["evaluations.csv", "rounds.jsonl"] {
        let of = |run: &str| sandbox.read(&format!("{run}/{file}"));
        assert_eq!(of("run"), of("whole"), "{file}");
    }
}

#[test]
fn a_run_that_was_begun_quietly_is_not_mute() {
    let sandbox = Sandbox::new();
    let search = "search --space chain.toml --table chain.csv --objective accuracy --quiet";
    (sandbox
        .run(&format!("{search} --queries 20 --out run"))
        .success())
    .stdout("");
    (sandbox.run("resume run --queries 30").success()).stdout(contains("30, "));
    (sandbox.run("resume run --queries 40 --quiet").success()).stdout("");
    (sandbox.run("resume run").success()).stdout(contains("finished after 40 queries"));
}
