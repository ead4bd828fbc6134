//! `ganas table`, `ganas space` and `--help`.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, starts_with};
use serde_json::Value;

use crate::sandbox::{CHAINS, Sandbox};

fn stdout(sandbox: &Sandbox, args: &str) -> String {
    let output = sandbox.run(args).success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

#[test]
fn spaces_are_listed_and_described() {
    let sandbox = Sandbox::new();
    let listed = stdout(&sandbox, "space list");
    assert!(listed.contains("nasbench101") && listed.contains("nasbench201"));
    let info: Value =
        serde_json::from_str(&stdout(&sandbox, "space info nasbench201 --json")).unwrap();
    assert_eq!(info["size"], 15625);
    assert_eq!(info["ops"].as_array().unwrap().len(), 5);
    assert_eq!(info["samplers"][0], "uniform");
    let described = stdout(&sandbox, "space info chain.toml");
    assert!(described.contains("architectures  625"), "{described}");
    assert!(described.contains("params"));
    let named = stdout(&sandbox, "space info ofa-mobilenetv3");
    assert!(
        named.contains("named          mobilenetv3-large  params 5508048, macs "),
        "{named}"
    );
    let info: Value =
        serde_json::from_str(&stdout(&sandbox, "space info nasbench101 --json")).unwrap();
    let inception = &info["named"][1];
    assert_eq!(inception["name"], "inception");
    assert_eq!(inception["costs"]["params"], 2694282.0);
    sandbox.refuses(
        "space neighbors nasbench101 resnett",
        &["`resnett`: no architecture has this name; did you mean `resnet`?"],
    );
}

#[test]
fn spaces_are_counted_enumerated_and_sampled() {
    let sandbox = Sandbox::new();
    assert_eq!(stdout(&sandbox, "space count chain.toml"), "625\n");
    assert_eq!(
        stdout(&sandbox, "space count nasbench201 --merge-isomorphic"),
        "6466\n"
    );
    sandbox.write(
        "edges.toml",
        "name = \"edges\"\nkind = \"edge-cell\"\nnodes = 3\n\
         ops = [\"none\", \"skip_connect\", \"conv\"]\n",
    );
    assert_eq!(stdout(&sandbox, "space count edges.toml"), "27\n");
    // Sums of two of 0, x and conv(x), and of one of them and conv(conv(x)).
    let merged = "space count edges.toml --merge-isomorphic";
    assert_eq!(stdout(&sandbox, merged), "9\n");
    let all = stdout(&sandbox, "space enumerate chain.toml");
    let distinct: HashSet<&str> = all.lines().collect();
    assert_eq!(distinct.len(), CHAINS);
    let sample = stdout(&sandbox, "space sample chain.toml -n 20 --seed 4");
    assert_eq!(sample.lines().count(), 20);
    assert!(sample.lines().all(|arch| distinct.contains(arch)));
    assert_eq!(
        sample,
        stdout(&sandbox, "space sample chain.toml -n 20 --seed 4")
    );
    assert_ne!(
        sample,
        stdout(&sandbox, "space sample chain.toml -n 20 --seed 5")
    );
    let cells = stdout(
        &sandbox,
        "space sample nasbench101 -n 3 --sampler adjacency",
    );
    assert_eq!(cells.lines().count(), 3);
    let neighbors = stdout(&sandbox, "space neighbors chain.toml a;a;a;a");
    assert_eq!(neighbors.lines().count(), 16);
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let sandbox = Sandbox::new();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("ganas"))
        .args(["space", "enumerate", "nasbench201"])
        .current_dir(sandbox.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut first).unwrap();
    drop(lines);
    let output = child.wait_with_output().unwrap();
    assert!(first.starts_with('|'));
    assert!(output.status.success() && output.stderr.is_empty());
}

#[test]
fn tables_are_imported_described_and_queried() {
    let sandbox = Sandbox::new();
    let named = "--space chain.toml";
    let cached = stdout(&sandbox, &format!("table import chain.csv {named}"));
    assert!(cached.starts_with(sandbox.path("cache").to_str().unwrap()));
    stdout(
        &sandbox,
        &format!("table import chain.csv {named} --out chain.gtab"),
    );
    for table in ["chain.csv", "chain.gtab"] {
        let info: Value = serde_json::from_str(&stdout(
            &sandbox,
            &format!("table info {table} {named} --json"),
        ))
        .unwrap();
        assert_eq!(info["rows"], CHAINS);
        assert_eq!(info["columns"][0]["name"], "accuracy");
        assert_eq!(info["columns"][0]["max"], 62.4);
        assert_eq!(info["ignored_columns"][0], "note");
    }
    sandbox
        .run(&format!("table info chain.csv {named}"))
        .success()
        .stdout(contains("625 of 625").and(contains("not metrics     note")));
    sandbox
        .run(&format!("table query chain.gtab {named} a;a;a;b"))
        .success()
        .stdout(starts_with("a;a;a;b\n").and(contains("accuracy  8.9")));
}

#[test]
fn queries_come_from_standard_input_too() {
    let sandbox = Sandbox::new();
    sandbox.write("small.csv", "arch,accuracy\na;a;a;a,1.5\n");
    let query = "table query small.csv --space chain.toml - --json";
    let output = sandbox
        .command(query)
        .write_stdin("a;a;a;a\nb;b;b;b\n")
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let lines: Vec<Value> = (String::from_utf8(output).unwrap().lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["metrics"]["accuracy"], 1.5);
    assert_eq!(lines[1]["arch"], "b;b;b;b");
    assert!(lines[1]["metrics"].is_null());
    sandbox
        .command(query)
        .write_stdin("a;a;a;a\nb;b\n")
        .assert()
        .code(2)
        .stderr(contains("standard input, line 2"));
}

#[test]
fn help_shows_examples() {
    let sandbox = Sandbox::new();
    for command in ["search", "bench", "table", "space", "supernet"] {
        sandbox
            .run(&format!("{command} --help"))
            .success()
            .stdout(contains("Examples:").and(contains(format!("ganas {command}"))));
    }
    sandbox.run("").code(2);
    sandbox
        .run("--version")
        .success()
        .stdout(starts_with(concat!("ganas ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn results_name_the_commit_that_was_built() {
    let git = |args: &[&str]| {
        let output = std::process::Command::new("git").args(args).output();
        output.ok().filter(|o| o.status.success())
    };
    // Outside of a checkout there is none.
    let tracked = git(&["ls-files", "--error-unmatch", "build.rs"]).is_some();
    let Some(head) = git(&["rev-parse", "--short", "HEAD"]).filter(|_| tracked) else {
        return;
    };
    let head = String::from_utf8(head.stdout).unwrap();
    let version = format!("{} ({})", env!("CARGO_PKG_VERSION"), head.trim());
    let sandbox = Sandbox::new();
    sandbox
        .run("--version")
        .success()
        .stdout(format!("ganas {version}\n"));
    sandbox
        .run("search --space chain.toml --table chain.csv --objective accuracy --queries 20 --out run")
        .success();
    for file in ["run/settings.json", "run/result.json"] {
        assert!(sandbox.read(file).contains(&version), "{file}");
    }
}
