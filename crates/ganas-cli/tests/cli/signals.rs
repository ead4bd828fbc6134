//! Searches that are told to stop, and one that is to go on.

use std::fs;

use crate::resume::same;
use crate::sandbox::{Sandbox, signal_once};
use crate::workers::{SEARCH, worker};

#[test]
fn ctrl_c_stops_long_evaluations_at_once() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "def before(n, id):\n    if n == 4: open('slow', 'w').close(); time.sleep(600)",
    );
    let (code, said) =
        sandbox.interrupt_once_there(&format!("{SEARCH} --queries 40 --out run"), "slow");
    assert_eq!(code, Some(130), "{said}");
    assert_eq!(sandbox.json("run/result.json")["queries"], 3);
    worker(&sandbox, "");
    sandbox.run("resume run").success();
    sandbox
        .run(&format!("{SEARCH} --queries 40 --out whole"))
        .success();
    same(&sandbox, "whole", "run");
}

#[test]
#[cfg(target_os = "linux")]
fn other_signals_stop_a_search_like_ctrl_c() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mut lines = status.lines();
    let ignored = lines.find_map(|l| l.strip_prefix("SigIgn:")).unwrap();
    // Under `nohup` this process ignores SIGHUP, and so does what it starts.
    let hangs_up = u64::from_str_radix(ignored.trim(), 16).unwrap() & 1 == 0;
    let signals = ["-TERM", "-HUP"];
    for signal in &signals[..1 + usize::from(hangs_up)] {
        let sandbox = Sandbox::new();
        worker(
            &sandbox,
            "def before(n, id):\n    \
                 if n == 4:\n        \
                     open('pid', 'w').write(str(os.getpid()))\n        \
                     open('slow', 'w').close(); time.sleep(600)",
        );
        let child = sandbox.start(&format!("{SEARCH} --queries 40 --out run"));
        let (code, said) = signal_once(child, signal, || sandbox.path("slow").exists());
        assert_eq!(code, Some(130), "{signal}: {said}");
        let result = sandbox.json("run/result.json");
        assert_eq!(
            (&result["queries"], &result["stop"]),
            (&3.into(), &"interrupted".into())
        );
        let status = fs::read_to_string(format!("/proc/{}/stat", sandbox.read("pid")));
        assert!(
            status.is_err() || status.unwrap().contains(") Z "),
            "its worker lives"
        );
        worker(&sandbox, "");
        sandbox.run("resume run").success();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_search_that_is_to_outlive_its_terminal_does() {
    let sandbox = Sandbox::new();
    worker(
        &sandbox,
        "def before(n, id):\n    if n == 4: open('slow', 'w').close(); time.sleep(1)",
    );
    let ganas = assert_cmd::cargo::cargo_bin("ganas");
    let child = std::process::Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(ganas)
        .args([
            "search",
            "--space",
            "chain.toml",
            "--command",
            "python3 worker.py",
        ])
        .args(["--strategy", "evolution", "--queries", "10", "--out", "run"])
        .current_dir(sandbox.path("."))
        .env("GANAS_CACHE", sandbox.path("cache"))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (code, said) = signal_once(child, "-HUP", || sandbox.path("slow").exists());
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(sandbox.json("run/result.json")["queries"], 10);
}
