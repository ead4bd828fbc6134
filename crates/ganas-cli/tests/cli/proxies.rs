//! `ganas proxies`, and proxies as metrics that are known.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::sandbox::Sandbox;

/// Networks of a moment.
const BRIEF: &str = "proxies --width 2 --depth 1 --images 4";

const SEARCH: &str = "search --train digits --width 2 --depth 1 --epochs 1 --winner-epochs 1";

#[test]
fn values_do_not_depend_on_threads_and_earlier_ones_are_reused() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{BRIEF} --sample 9 --workers 1 --out one.csv"))
        .success()
        .stdout(contains("9 architectures in one.csv"));
    sandbox
        .run(&format!("{BRIEF} --sample 9 --workers 3 --out three.csv"))
        .success();
    let whole = sandbox.read("one.csv");
    assert_eq!(whole, sandbox.read("three.csv"));
    let header = whole.lines().next().unwrap();
    assert_eq!(header, "arch,nwot,synflow,jacov,snip,grad-norm,zen");
    // A row that was being written when the process was killed.
    let torn: String = whole.chars().take(whole.len() - 30).collect();
    sandbox.write("three.csv", torn);
    sandbox
        .run(&format!("{BRIEF} --sample 9 --out three.csv"))
        .success()
        .stdout(contains("9 architectures in three.csv; 8 were there"));
    assert_eq!(whole, sandbox.read("three.csv"));
}

#[test]
fn an_interrupted_computation_goes_on() {
    let sandbox = Sandbox::new();
    let command = format!("{BRIEF} --proxy nwot --sample 400 --workers 1");
    let begun = || {
        let csv = std::fs::read_to_string(sandbox.path("proxies.csv"));
        csv.is_ok_and(|csv| csv.lines().count() > 8)
    };
    let (code, _) = sandbox.interrupt_once(&command, begun);
    assert_eq!(code, Some(130));
    let some = sandbox.read("proxies.csv");
    assert!(some.lines().count() < 401);
    sandbox
        .run(&command)
        .success()
        .stdout(contains("were there"));
    let whole = sandbox.read("proxies.csv");
    assert!(whole.starts_with(&some) && whole.lines().count() == 401);
}

#[test]
fn architectures_are_named_or_those_of_a_table() {
    let sandbox = Sandbox::new();
    let arch = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|";
    sandbox
        .run(&format!(
            "{BRIEF} --proxy zen '{arch}' '{arch}' --out one.csv"
        ))
        .success();
    let one = sandbox.read("one.csv");
    assert!(one.starts_with("arch,zen\n") && one.lines().count() == 2);
    sandbox
        .run(&format!(
            "{BRIEF} --proxy zen --table one.csv --out again.csv"
        ))
        .success();
    assert_eq!(one, sandbox.read("again.csv"));
}

#[test]
fn trainings_compute_what_is_known_and_a_resumed_run_computes_it_again() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "small.toml",
        "name = \"small\"\nkind = \"chain\"\nlength = 3\nops = [\"conv_1x1\", \"conv_3x3\", \"skip\"]\n",
    );
    let search = format!("{SEARCH} --space small.toml --known nwot --known zen");
    sandbox
        .run(&format!("{search} --queries 7 --out whole"))
        .success()
        .stderr(contains(
            "known: nwot, zen of 27 architectures, computed with 64 images of digits",
        ));
    sandbox
        .run(&format!("{search} --queries 5 --out run"))
        .success();
    sandbox.run("resume run --queries 7").success();
    assert_eq!(sandbox.trace("whole"), sandbox.trace("run"));
    let task = &sandbox.json("whole/settings.json")["task"];
    assert_eq!(task["known"], serde_json::json!(["nwot", "zen"]));
}

#[test]
fn a_column_of_another_file_is_known() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{BRIEF} --proxy nwot --sample 40"))
        .success();
    let search = "search --table nasbench201 --known proxies.csv:nwot --out run";
    sandbox.run(&format!("{search} --queries 12")).success();
    let file = &sandbox.json("run/settings.json")["task"]["known_files"][0];
    assert_eq!(file["column"], "nwot");
    assert!(file["rows"].as_u64().unwrap() > 30);
    let rows = sandbox.read("proxies.csv");
    sandbox.write("proxies.csv", rows.replacen(",1", ",2", 1));
    sandbox
        .run("resume run --queries 15")
        .code(2)
        .stderr(contains("known_files[0].digest"));
}

#[test]
fn what_cannot_be_computed_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("foreign.csv", "arch,nwot\nx,1\n");
    for (options, words) in [
        (
            "--proxy synflw",
            "unknown proxy `synflw`; did you mean `synflow`?",
        ),
        ("--proxy zen --proxy zen", "`--proxy zen` is named twice"),
        ("--space fcnet", "no network is known for the space `fcnet`"),
        ("--data .", "the folder holds no dataset"),
        ("--images 1 --sample 2", "give `--images` at least 2"),
        ("--sample 0", "give `--sample` at least 1"),
        ("--sample 2 resnet", "exclude each other"),
        ("nothing", "`nothing`: "),
        ("--workers 0 --sample 2", "give `--workers` at least 1"),
        (
            "--where a=1 --sample 2",
            "add `--table FILE`, or leave out `--where`",
        ),
        (
            "--sample 2 --out foreign.csv",
            "there is no `foreign.csv.json` with its settings",
        ),
    ] {
        sandbox
            .run(&format!("proxies --width 2 --depth 1 {options}"))
            .code(2)
            .stderr(contains(words.to_owned()));
    }
    sandbox
        .run("proxies --space darts")
        .code(2)
        .stderr(contains(
            "`darts` has more than 20000 architectures; give `--sample N`",
        ));
    let brief = format!("{BRIEF} --proxy nwot --sample 2");
    sandbox.run(&brief).success();
    sandbox.run(&format!("{brief} --seed 1")).code(2).stderr(
        contains("proxies.csv: it was computed with `seed` 0, and not 1").and(contains("--out")),
    );
    for (options, words) in [
        (
            "--train digits --known nwt",
            "unknown proxy `nwt`; did you mean `nwot`?",
        ),
        (
            "--train digits --known nwot --known nwot",
            "it is named twice",
        ),
        (
            "--table nasbench201 --known nwot",
            "give `--known proxies.csv:nwot`",
        ),
        (
            "--table nasbench201 --known proxies.csv:nwt",
            "did you mean `nwot`?",
        ),
        (
            "--table nasbench201 --known proxies.csv:nwot:min",
            "its direction is learned",
        ),
        (
            "--table nasbench201 --known missing.csv:nwot",
            "missing.csv",
        ),
    ] {
        sandbox
            .run(&format!("search {options} --queries 5"))
            .code(2)
            .stderr(contains(words.to_owned()));
    }
}
