//! The commands of the guide run as they stand, and its links lead somewhere.
//!
//! Each guide's blocks of `sh` run one after another in a folder of their own that has the
//! repository's `examples`. Left out are blocks below a comment `<!-- not run: WHY -->` and, without
//! `GANAS_DATA`, those that need it.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const BEGIN: &str = "```sh\n";
const END: &str = "```\n";
const NOT_RUN: &str = "<!-- not run: ";

fn root() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).to_owned()
}

/// The blocks of a guide that are to be run.
fn blocks(guide: &str) -> Vec<&str> {
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

/// Asserts that the files that a guide links to are there.
fn links(guide: &str, folder: &Path) {
    for link in guide.split("](").skip(1) {
        let target = link.split([')', '#']).next().unwrap_or_default();
        let there = target.is_empty() || target.contains("://") || folder.join(target).exists();
        assert!(there, "there is no {target}");
    }
}

fn runs(name: &str) {
    let guides = root().join("docs/guide");
    let guide = fs::read_to_string(guides.join(name)).unwrap();
    let folder = TempDir::new().unwrap();
    symlink(root().join("examples"), folder.path().join("examples")).unwrap();
    let binary = assert_cmd::cargo::cargo_bin("ganas");
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", binary.parent().unwrap().display());
    let data = std::env::var_os("GANAS_DATA").is_some();
    let mut ran = 0;
    for block in blocks(&guide) {
        if block.contains("$GANAS_DATA") && !data {
            continue;
        }
        ran += 1;
        let output = Command::new("sh")
            .args(["-e", "-c", block])
            .current_dir(folder.path())
            .env("PATH", &path)
            .env("GANAS_CACHE", folder.path().join("cache"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}:\n{block}\n{said}");
    }
    assert!(ran > 0 || !data, "{name} has nothing to run");
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

/// Includes those guides that have nothing to run here.
#[test]
fn links_lead_somewhere() {
    let guides = root().join("docs/guide");
    for entry in fs::read_dir(&guides).unwrap() {
        links(&fs::read_to_string(entry.unwrap().path()).unwrap(), &guides);
    }
}

#[test]
fn constraints() {
    runs("constraints.md");
}

#[test]
fn how_ga_nas_works() {
    runs("how-ga-nas-works.md");
}

#[test]
fn export() {
    runs("export.md");
}

#[test]
fn report() {
    runs("report.md");
}
