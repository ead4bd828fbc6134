//! `ganas completions` and `ganas man`.

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::Sandbox;

#[test]
fn completions_name_the_commands() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = sandbox.run(&format!("completions {shell}")).success();
        run.stdout(contains("surrogate").and(contains("constraint")));
    }
    sandbox
        .run("completions tcsh")
        .code(2)
        .stderr(contains("tcsh"));
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let sandbox = Sandbox::new();
    sandbox.run("man").success().stdout(contains(".TH ganas 1"));
    sandbox.run("man --out pages").success().stdout("");
    for page in ["ganas", "ganas-search", "ganas-space-count", "ganas-man"] {
        let page = sandbox.read(&format!("pages/{page}.1"));
        assert!(page.contains("Examples:"), "{page}");
    }
    sandbox.write("file", "");
    sandbox
        .run("man --out file")
        .code(1)
        .stderr(contains("file"));
}
