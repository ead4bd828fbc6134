//! The commands of the README and the guide run as they stand, and links lead somewhere.
//!
//! Each page's blocks of `sh` run one after another in a folder of their own that has the repository's
//! `examples`. Left out are blocks below a comment `<!-- not run: WHY -->`. Stand-ins take the place of `cargo`,
//! which would build the program again, and of Slurm's `srun`.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const BEGIN: &str = "```sh\n";
const END: &str = "```\n";
const NOT_RUN: &str = "<!-- not run: ";

/// Stand-ins for programs: their names and what they run.
const STAND_INS: [(&str, &str); 2] = [
    (
        "cargo",
        "[ \"$1\" = run ] || exit 0\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec ganas \"$@\"",
    ),
    (
        "srun",
        "while [ \"${1#--}\" != \"$1\" ]; do shift; done\nexec \"$@\"",
    ),
];

fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).to_owned()
}

/// Reads a file of the repository.
pub fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

/// The blocks of a page that are to be run.
pub fn blocks(guide: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = guide;
    while let Some(start) = rest.find(BEGIN) {
        let (before, block) = rest.split_at(start);
        let block = &block[BEGIN.len()..];
        let end = block.find(END).unwrap();
        let comment = before.trim_end().lines().last().unwrap_or_default();
        if !comment.starts_with(NOT_RUN) {
            found.push(&block[..end]);
        }
        rest = &block[end + END.len()..];
    }
    found
}

/// Asserts that the files that a page links to are there.
fn links(guide: &str, folder: &Path) {
    for link in guide.split("](").skip(1) {
        let target = link.split([')', '#']).next().unwrap_or_default();
        let there = target.is_empty() || target.contains("://") || folder.join(target).exists();
        assert!(there, "there is no {target}");
    }
}

/// Runs a block in a folder, with the stand-ins before all other programs.
pub fn run_block(block: &str, folder: &Path) -> Output {
    let programs = folder.join("stand-ins");
    fs::create_dir_all(&programs).unwrap();
    for (name, script) in STAND_INS {
        let file = programs.join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let binary = assert_cmd::cargo::cargo_bin("ganas");
    let path = format!(
        "{}:{}:{}",
        programs.display(),
        binary.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    Command::new("sh")
        .args(["-e", "-c", block])
        .current_dir(folder)
        .env("PATH", &path)
        .env("GANAS_CACHE", folder.join("cache"))
        .output()
        .unwrap()
}

/// Runs a page of the repository.
fn runs_page(page: &str) {
    let guide = read(page);
    let folder = TempDir::new().unwrap();
    symlink(root().join("examples"), folder.path().join("examples")).unwrap();
    let blocks = blocks(&guide);
    assert!(!blocks.is_empty(), "{page} has nothing to run");
    for block in blocks {
        let output = run_block(block, folder.path());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{page}:\n{block}\n{said}");
    }
}

fn runs(guide: &str) {
    runs_page(&format!("docs/guide/{guide}"));
}

#[test]
fn readme() {
    runs_page("README.md");
}

#[test]
fn pages() {
    for page in [
        "docs/comparison.md",
        "docs/benchmarks.md",
        "docs/tables.md",
        "docs/strategies.md",
    ] {
        runs_page(page);
    }
}

#[test]
fn first_search() {
    runs("first-search.md");
}

#[test]
fn own_table() {
    runs("own-table.md");
}

#[test]
fn own_space() {
    runs("own-space.md");
}

#[test]
fn transformer() {
    runs("transformer.md");
}

/// Includes pages that have nothing to run here.
#[test]
fn links_lead_somewhere() {
    links(&read("README.md"), &root());
    for folder in ["docs", "docs/guide", "docs/decisions"] {
        let folder = root().join(folder);
        for entry in fs::read_dir(&folder).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_some_and(|e| e == "md") {
                links(&fs::read_to_string(file).unwrap(), &folder);
            }
        }
    }
}

#[test]
fn constraints() {
    runs("constraints.md");
}

#[test]
fn fronts() {
    runs("fronts.md");
}

#[test]
fn transfer() {
    runs("transfer.md");
}

#[test]
fn how_ga_nas_works() {
    runs("how-ga-nas-works.md");
}

#[test]
fn stop_early() {
    runs("stop-early.md");
}

#[test]
fn supernet() {
    runs("supernet.md");
}

#[test]
fn export() {
    runs("export.md");
}

#[test]
fn report() {
    runs("report.md");
}
