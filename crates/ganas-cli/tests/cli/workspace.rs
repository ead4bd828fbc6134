//! Rules for the workspace.

use std::collections::BTreeSet;
use std::process::Command;

/// The packages of other authors that are built for a selection of ours, with their features.
fn built(selection: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        // As it is unless a configuration says otherwise.
        .args(["--config", "resolver.feature-unification=\"selected\""])
        .args(["tree", "--offline", "--prefix", "none", "--edges", "no-dev"])
        .args(["--format", "{p} {f}"])
        .args(selection)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).unwrap();
    let packages = text.lines().map(|line| line.trim_end_matches(" (*)"));
    (packages.filter(|line| !line.is_empty() && !line.contains("(/")))
        .map(str::to_owned)
        .collect()
}

/// Otherwise `cargo install --path crates/ganas-cli` and a crate that depends on `ganas` would each build
/// everything anew after `cargo run`. The Python package has Parquet, and builds what is above it anew.
#[test]
fn all_that_is_built_shares_its_dependencies() {
    let run = built(&[]);
    assert!(run.len() > 100);
    for selection in [["--package", "ganas-cli"], ["--package", "ganas"]] {
        let differ: Vec<String> = run.difference(&built(&selection)).cloned().collect();
        assert!(differ.is_empty(), "{selection:?}: {differ:?}");
    }
}
