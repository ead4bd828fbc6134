//! Bars and lines on a terminal.

use std::process::Command;

use crate::sandbox::Sandbox;
use crate::workers::{self, worker};

/// Text that a command draws on a terminal.
fn drawn(sandbox: &Sandbox, args: &str) -> String {
    let binary = assert_cmd::cargo::cargo_bin("ganas");
    let output = Command::new("script")
        .args(["-qec", &format!("{} {args}", binary.display()), "/dev/null"])
        .current_dir(sandbox.path(""))
        .env("GANAS_CACHE", sandbox.path("cache"))
        .env("TERM", "xterm")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(target_os = "linux")]
#[test]
fn the_bar_is_there_before_anything_is_evaluated() {
    let sandbox = Sandbox::new();
    worker(&sandbox, "def before(n, id):\n    if n == 1: time.sleep(1)");
    let search = workers::SEARCH.replace('\'', "\"");
    let said = drawn(&sandbox, &format!("{search} --queries 12 --out run"));
    let first = said.find("0/12 queries");
    assert!(
        first.is_some_and(|at| Some(at) < said.find("1/12 queries")),
        "{said}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn trainings_that_are_under_way_show_their_speed() {
    let sandbox = Sandbox::new();
    let train = "search --strategy random --queries 1 --epochs 60 --width 4 --winner-epochs 1";
    let said = drawn(&sandbox, &format!("{train} --out run"));
    let speed = said.find(" images/s");
    assert!(
        speed.is_some_and(|at| Some(at) < said.find("1/1 queries")),
        "{said}"
    );
}

#[test]
fn numbers_of_the_summary_are_rounded() {
    let sandbox = Sandbox::new();
    let thirds: String = sandbox.read("chain.csv").lines().enumerate().fold(
        String::new(),
        |text, (i, line)| match i {
            0 => text + line + "\n",
            _ => {
                let mut cells: Vec<&str> = line.split(',').collect();
                let third = (cells[1].parse::<f64>().unwrap() / 3.0).to_string();
                cells[1] = &third;
                text + &cells.join(",") + "\n"
            }
        },
    );
    sandbox.write("thirds.csv", thirds);
    let search = "search --space chain.toml --table thirds.csv --objective accuracy --queries 30 -vv \
                  --start 'a;a;a;a'";
    let output = sandbox.run(search).success().get_output().clone();
    for said in [output.stdout, output.stderr] {
        let said = String::from_utf8(said).unwrap();
        let long = said
            .split(|c: char| !c.is_ascii_digit() && c != '.')
            .find(|n| n.len() > 8);
        assert_eq!(long, None, "{said}");
    }
}
