//! Disks that are full, files that are none, and folders that go away.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::Command;
use std::thread;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use tempfile::TempDir;

use crate::resume::same;
use crate::sandbox::Sandbox;
use crate::workers::{self, worker};

const CHAIN: &str = "search --space chain.toml --table chain.csv --objective accuracy --strategy \
                     cross-entropy";

/// A search that trains networks for a moment.
const TRAIN: &str = "search --strategy random --queries 2 --epochs 1 --width 4 --winner-epochs 1";

/// The winner of a run, but for where its files are.
fn winner(sandbox: &Sandbox, run: &str) -> serde_json::Value {
    let mut winner = sandbox.json(&format!("{run}/result.json"))["winner"].take();
    winner["weights"].take();
    winner["drawing"].take();
    winner
}

fn fifo(sandbox: &Sandbox, name: &str) {
    let made = Command::new("mkfifo").arg(sandbox.path(name)).status();
    assert!(made.unwrap().success());
}

/// Runs the binary with a disk that takes no byte more in any file.
fn on_a_full_disk(sandbox: &Sandbox, args: &str) -> std::process::Output {
    let binary = assert_cmd::cargo::cargo_bin("ganas");
    Command::new("bash")
        .arg("-c")
        // Without its signal, what is too long for a file is an error as any other.
        .arg(format!(
            "trap '' XFSZ; ulimit -f 0; exec {} {args}",
            binary.display()
        ))
        .current_dir(sandbox.path(""))
        .env("GANAS_CACHE", sandbox.path("cache"))
        .output()
        .unwrap()
}

#[test]
fn what_is_written_goes_into_pipes_and_through_links() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("elsewhere")).unwrap();
    sandbox
        .run(&format!("{CHAIN} --queries 20 --out run"))
        .success();
    let searched = format!("{CHAIN} --queries 20 --json out");
    for command in [
        "export 'a;b;c;d' --space chain.toml --to json --out out",
        "export 'a;b;c;d' --space chain.toml --to svg --out out",
        searched.as_str(),
        "report run --out out",
        "rare-event --space chain.toml --table chain.csv --objective accuracy --alpha 60 \
         --queries 50 --svg out",
    ] {
        fifo(&sandbox, "out");
        let pipe = sandbox.path("out");
        let reader = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read_to_string(pipe).unwrap()
        });
        sandbox.run(command).success();
        assert!(
            fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo(),
            "{command}"
        );
        assert!(reader.join().unwrap().len() > 20, "{command}");
        fs::remove_file(&pipe).unwrap();
        symlink("elsewhere/file", &pipe).unwrap();
        sandbox.run(command).success();
        assert!(
            fs::symlink_metadata(&pipe).unwrap().is_symlink(),
            "{command}"
        );
        assert!(sandbox.read("elsewhere/file").len() > 20, "{command}");
        fs::remove_file(&pipe).unwrap();
        fs::remove_file(sandbox.path("elsewhere/file")).unwrap();
    }
}

#[test]
fn a_winner_that_cannot_be_written_is_left_to_resume() {
    let sandbox = Sandbox::new();
    sandbox.run(&format!("{TRAIN} --out whole")).success();
    for file in ["winner.svg", "winner.safetensors"] {
        // Nothing takes the place of a folder that is not empty.
        sandbox.write(&format!("run/{file}/there"), "");
        (sandbox.run(&format!("{TRAIN} --out run")).code(1))
            .stderr(contains(file).and(contains("cannot be written")))
            .stderr(contains("`ganas resume run` continues"));
        assert_eq!(sandbox.json("run/result.json")["stop"], "interrupted");
        fs::remove_dir_all(sandbox.path(&format!("run/{file}"))).unwrap();
        sandbox.run("resume run").success();
        let [whole, run] = ["whole", "run"].map(|run| winner(&sandbox, run));
        assert_eq!(whole, run);
        (sandbox.run("resume run").success()).stdout(contains("finished after 2 queries"));
        fs::remove_dir_all(sandbox.path("run")).unwrap();
    }
}

#[test]
fn trainings_that_choose_the_winner_are_not_done_again() {
    let sandbox = Sandbox::new();
    let search = format!("{TRAIN} --workers 1");
    sandbox.run(&format!("{search} --out whole")).success();
    let trained = sandbox.read("whole/winner.jsonl");
    // The first line is about the file.
    assert_eq!(trained.lines().count(), 1 + 2 * 3);
    sandbox.run(&format!("{search} --out run")).success();
    for kept in [1, 4, 7] {
        // As if it had been killed when so much was written.
        let torn: String = trained.split_inclusive('\n').take(kept).collect();
        sandbox.write("run/winner.jsonl", torn + "{\"arch\":\"|");
        fs::remove_file(sandbox.path("run/result.json")).unwrap();
        sandbox.run("resume run").success();
        assert_eq!(sandbox.read("run/winner.jsonl"), trained);
        let [whole, run] = ["whole", "run"].map(|run| winner(&sandbox, run));
        assert_eq!(whole, run);
    }
    // What is there is believed: with other accuracies the other architecture wins.
    let of = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["arch"].take();
    let winner = sandbox.json("run/result.json")["winner"]["arch"].take();
    let loser = trained
        .lines()
        .skip(1)
        .map(of)
        .find(|arch| *arch != winner)
        .unwrap();
    fs::remove_file(sandbox.path("run/winner.jsonl")).unwrap();
    fs::remove_file(sandbox.path("run/result.json")).unwrap();
    forge(&sandbox, &loser.to_string(), &winner.to_string());
    sandbox.run("resume run").success();
    assert_eq!(sandbox.json("run/result.json")["winner"]["arch"], loser);
}

/// Writes a file of trainings in which one architecture is better than the other.
fn forge(sandbox: &Sandbox, better: &str, worse: &str) {
    let space = ganas_core::space::nasbench201();
    let metrics = ["training".to_owned(), "accuracy".to_owned()];
    let path = sandbox.path("run/winner.jsonl");
    let opened = ganas_core::journal::Journal::open(&path, &space, &metrics, None).unwrap();
    let mut journal = opened.journal;
    for (text, accuracy) in [(better, 99.0), (worse, 1.0)] {
        let arch = ganas_core::space::SearchSpace::parse(&space, text.trim_matches('"')).unwrap();
        for training in 0..3 {
            let outcome = ganas_core::evaluate::Outcome::Done(vec![f64::from(training), accuracy]);
            journal.append(arch, &outcome).unwrap();
        }
    }
}

#[test]
fn a_folder_that_goes_away_stops_the_search() {
    for (doing, words) in [
        (
            "import shutil; shutil.rmtree('run')",
            ["was removed", "are lost"],
        ),
        (
            "os.rename('run', 'elsewhere')",
            ["was renamed", "`ganas resume`"],
        ),
        (
            "os.remove('run/journal.jsonl')",
            ["was removed", "are lost"],
        ),
    ] {
        let sandbox = Sandbox::new();
        worker(
            &sandbox,
            &format!("def before(n, id):\n    if n == 7: {doing}"),
        );
        let search = format!("{} --queries 30 --out run", workers::SEARCH);
        (sandbox.run(&search).code(1)).stderr(contains(words[0]).and(contains(words[1])));
        assert!(!sandbox.path("run/result.json").exists());
        if sandbox.path("elsewhere").exists() {
            worker(&sandbox, "");
            sandbox.run("resume elsewhere").success();
            assert_eq!(sandbox.json("elsewhere/result.json")["queries"], 30);
        }
    }
}

#[test]
fn what_only_saves_time_stops_no_search() {
    let sandbox = Sandbox::new();
    let search = format!("{CHAIN} --queries 100 --checkpoint 0");
    sandbox.run(&format!("{search} --out whole")).success();
    for file in ["checkpoint", "times.jsonl"] {
        let run = format!("no-{file}");
        sandbox.write(&format!("{run}/{file}/there"), "");
        (sandbox.run(&format!("{search} --out {run}")).success()).stderr(
            contains(file)
                .and(contains("cannot be written"))
                .and(contains("continues")),
        );
        same(&sandbox, "whole", &run);
    }
}

#[test]
fn more_queries_on_a_full_disk_leave_the_result() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{CHAIN} --queries 60 --out run"))
        .success();
    let result = sandbox.read("run/result.json");
    let output = on_a_full_disk(&sandbox, "resume run --queries 120");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.matches("cannot be written").count(), 1, "{said}");
    assert!(said.contains("settings.json"), "{said}");
    assert_eq!(sandbox.read("run/result.json"), result);
    (sandbox.run("resume run").success()).stdout(contains("finished after 60 queries"));
    sandbox.run("resume run --queries 120").success();
    assert_eq!(sandbox.json("run/result.json")["queries"], 120);
}

#[test]
fn an_old_result_is_not_that_of_more_queries() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{CHAIN} --queries 60 --out run"))
        .success();
    let old = sandbox.read("run/result.json");
    sandbox.run("resume run --queries 120").success();
    sandbox
        .run(&format!("{CHAIN} --queries 120 --out whole"))
        .success();
    // As if it had been killed before anything new was evaluated.
    let journal = sandbox.read("run/journal.jsonl");
    let torn: String = journal.split_inclusive('\n').take(61).collect();
    sandbox.write("run/journal.jsonl", torn);
    sandbox.write("run/result.json", old);
    sandbox.run("resume run").success();
    assert_eq!(
        sandbox.read("run/evaluations.csv"),
        sandbox.read("whole/evaluations.csv")
    );
    assert_eq!(sandbox.json("run/result.json")["queries"], 120);
}

#[test]
fn resume_removes_what_a_killed_process_left_half_written() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{CHAIN} --queries 60 --out run"))
        .success();
    fs::remove_file(sandbox.path("run/result.json")).unwrap();
    sandbox.write("run/.ganas-a1B2c3", "half");
    sandbox.run("resume run").success();
    assert!(!sandbox.path("run/.ganas-a1B2c3").exists());
}

#[test]
fn failed_writes_say_so_once() {
    let sandbox = Sandbox::new();
    for args in [
        "table import chain.csv --space chain.toml --out t.gtab",
        "surrogate fit --space chain.toml --table chain.csv --objective accuracy --out m.json",
        "export 'a;b;c;d' --space chain.toml --to json --out a.json",
    ] {
        let output = on_a_full_disk(&sandbox, &args.replace('\'', "\""));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args}: {said}");
        assert_eq!(
            said.matches("cannot be written").count(),
            1,
            "{args}: {said}"
        );
        assert_eq!(said.matches("os error").count(), 1, "{args}: {said}");
    }
}

#[test]
fn only_regular_files_are_read() {
    let sandbox = Sandbox::new();
    fifo(&sandbox, "pipe");
    symlink("/dev/null", sandbox.path("device")).unwrap();
    fifo(&sandbox, "pipe.toml");
    symlink("/dev/null", sandbox.path("device.toml")).unwrap();
    fifo(&sandbox, "pipe.json");
    symlink("/dev/null", sandbox.path("device.json")).unwrap();
    for name in ["pipe", "device"] {
        for args in [
            format!("space info {name}.toml"),
            format!("search --space chain.toml --table {name} --objective accuracy"),
            format!("search --space chain.toml --surrogate {name}"),
            format!("search --space chain.toml --surrogate {name}.toml"),
            format!("{CHAIN} --history {name}"),
            format!("search --recipe {name}"),
            format!("bench --suite {name} --strategies random"),
            format!("export {name}.json --space chain.toml --to json"),
        ] {
            sandbox.refuses(&args, &[name, "not a regular file"]);
        }
    }
}

/// A library in whose presence no file system has locks.
fn without_locks(error: &str) -> (TempDir, std::path::PathBuf) {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("nolock.c");
    let code = format!(
        "#include <errno.h>\nint flock(int fd, int operation) {{ errno = {error}; return -1; }}\n"
    );
    fs::write(&source, code).unwrap();
    let library = folder.path().join("nolock.so");
    let built = (Command::new("cc").args(["-shared", "-fPIC", "-o"]))
        .args([&library, &source])
        .status();
    assert!(built.unwrap().success());
    (folder, library)
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_system_without_locks_is_noted_and_used() {
    for error in ["ENOSYS", "EOPNOTSUPP", "ENOLCK"] {
        let sandbox = Sandbox::new();
        let (_folder, library) = without_locks(error);
        let run = |args: &str| {
            let mut command = sandbox.command(args);
            command.env("LD_PRELOAD", &library).assert().success()
        };
        run(&format!("{CHAIN} --queries 60 --out run")).stderr(contains("has no locks"));
        run("resume run --queries 90").stderr(contains("has no locks"));
        assert_eq!(sandbox.json("run/result.json")["queries"], 90);
    }
}
