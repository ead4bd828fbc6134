//! Input that cannot be used: exit code 2, one line with place and mend, nothing written.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::sandbox::Sandbox;

const REST: &str = "--objective accuracy --strategies random --queries 5 --seeds 1 \
                    --json new/out.json --out new/runs";
const CHAIN: &str = "bench --space chain.toml --table chain.csv";
const SEARCH: &str = "search --space chain.toml --table chain.csv --objective accuracy \
                      --strategy random --json new/out.json --out new/run";

/// A table of the chain space that is refused.
#[track_caller]
fn refuses_table(content: impl AsRef<[u8]>, words: &[&str]) {
    let sandbox = Sandbox::new();
    sandbox.write("bad.csv", content);
    let mut words = words.to_vec();
    words.push("bad.csv");
    sandbox.refuses(
        &format!("bench --space chain.toml --table bad.csv {REST}"),
        &words,
    );
    sandbox.refuses(
        "table import bad.csv --space chain.toml --out new/bad.gtab",
        &words[..words.len().min(1)],
    );
}

#[test]
fn line_with_too_few_fields() {
    refuses_table("arch,accuracy\na;a;a;a,1\nb;b;b;b\n", &[":3: "]);
}

#[test]
fn value_that_is_no_number() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "bad.csv",
        "arch,accuracy\na;a;a;a,1\nb;b;b;b,2\nc;c;c;c,many\n",
    );
    sandbox.refuses(
        &format!("bench --space chain.toml --table bad.csv {REST}"),
        &["bad.csv:4: ", "`many` here", "correct the cell"],
    );
}

#[test]
fn unknown_op() {
    refuses_table(
        "arch,accuracy\na;a;a;a,1\na;a;conv;a,2\n",
        &[":3: ", "unknown op `conv`"],
    );
}

#[test]
fn duplicate_row_with_another_value() {
    refuses_table(
        "arch,accuracy\na;a;a;a,1\nb;b;b;b,2\na;a;a;a,3\n",
        &[":4: ", "line 2", "`--duplicates mean` or `first`"],
    );
}

#[test]
fn empty_file() {
    refuses_table("", &["empty"]);
}

#[test]
fn table_without_rows() {
    refuses_table("arch,accuracy\n", &["no rows"]);
}

#[test]
fn table_without_architectures() {
    refuses_table("cell,accuracy\na;a;a;a,1\n", &["cell, accuracy", "`arch`"]);
}

#[test]
fn truncated_gzip() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(Sandbox::new().read("chain.csv").as_bytes())
        .unwrap();
    let bytes = encoder.finish().unwrap();
    refuses_table(
        &bytes[..bytes.len() / 2],
        &["ends too early", "copy the file again"],
    );
}

#[test]
fn nan_objective() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.csv", "arch,accuracy\na;a;a;a,-\nb;b;b;b,NaN\n");
    sandbox.refuses(
        &format!("bench --space chain.toml --table bad.csv {REST}"),
        &[
            "bad.csv: ",
            "`accuracy` was not measured in any row",
            "choose another objective",
        ],
    );
}

#[test]
fn truncated_tfrecord() {
    let sandbox = Sandbox::new();
    sandbox.write("cells.tfrecord", [12, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
    sandbox.refuses(
        &format!("bench --space nasbench101 --table cells.tfrecord {REST}"),
        &["cells.tfrecord: ", "record 1", "again"],
    );
}

#[test]
fn cell_of_another_space() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        &format!("bench --space nasbench201 --table chain.csv {REST}"),
        &["chain.csv:2: ", "nasbench201"],
    );
}

#[test]
fn cells_beyond_the_limits_of_nasbench101() {
    let sandbox = Sandbox::new();
    let chain = |vertices: usize| {
        let bits: String = (0..vertices)
            .flat_map(|u| (u + 1..vertices).map(move |v| if v == u + 1 { '1' } else { '0' }))
            .collect();
        let ops = "maxpool3x3;".repeat(vertices - 2);
        format!("input;{ops}output|{bits}")
    };
    sandbox.write(
        "large.csv",
        format!("arch,accuracy\n{},1\n{},2\n", chain(7), chain(8)),
    );
    let full = format!("input;{}output|{}", "maxpool3x3;".repeat(3), "1".repeat(10));
    sandbox.write("dense.csv", format!("arch,accuracy\n{full},1\n"));
    sandbox.refuses(
        &format!("bench --space nasbench101 --table large.csv {REST}"),
        &["large.csv:3: ", "8 vertices"],
    );
    sandbox.refuses(
        &format!("bench --space nasbench101 --table dense.csv {REST}"),
        &["dense.csv:2: ", "10 edges"],
    );
}

#[test]
fn missing_files() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        &format!("bench --space chain.toml --table none.csv {REST}"),
        &["none.csv: there is no such file"],
    );
    sandbox.refuses(
        &format!("bench --space none.toml --table chain.csv {REST}"),
        &["none.toml: there is no such file"],
    );
    sandbox.refuses(
        &format!("bench --space nasbench210 --table chain.csv {REST}"),
        &["unknown space `nasbench210`", "did you mean `nasbench201`?"],
    );
}

#[test]
fn space_file_that_is_none() {
    let sandbox = Sandbox::new();
    sandbox.write("bad.toml", "name = \"x\"\nkind = \"chian\"\nlength = 3\n");
    sandbox.refuses(
        &format!("bench --space bad.toml --table chain.csv {REST}"),
        &["bad.toml", "chian", "chain"],
    );
}

#[test]
fn a_metric_that_is_begun_is_completed() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        "search --objective acc",
        &["no metric `acc`", "did you mean `accuracy`?"],
    );
}

#[test]
fn the_help_of_search_lists_the_strategies() {
    let help = Sandbox::new()
        .run("search --help")
        .success()
        .get_output()
        .clone();
    let help = String::from_utf8(help.stdout).unwrap();
    for strategy in ganas_search::Registry::builtin().names() {
        assert!(help.contains(strategy), "{strategy}");
    }
    assert!(!help.contains("[possible values: nasbench101"), "{help}");
}

#[test]
fn missing_objective_column() {
    let sandbox = Sandbox::new();
    let rest = REST.replace("accuracy", "acuracy");
    sandbox.refuses(
        &format!("{CHAIN} {rest}"),
        &["`acuracy`", "did you mean `accuracy`?", "accuracy, latency"],
    );
    let rest = REST.replace("--objective accuracy", "");
    sandbox.refuses(
        &format!("{CHAIN} {rest}"),
        &["`--objective`", "accuracy, latency"],
    );
    let rest = REST.replace("accuracy", "note");
    sandbox.refuses(&format!("{CHAIN} {rest}"), &["`note` holds text"]);
}

#[test]
fn unknown_strategy_or_preset() {
    let sandbox = Sandbox::new();
    for (wrong, words) in [
        (
            "local-serach",
            [
                "unknown strategy `local-serach`",
                "did you mean `local-search`?",
            ],
        ),
        (
            "local-search:steepest",
            [
                "no preset `steepest`",
                "there are default, first-improvement",
            ],
        ),
        (
            "local-search:first-improvment",
            ["no preset", "did you mean `first-improvement`?"],
        ),
        (
            "random,random",
            ["`random` is listed twice", "name it once"],
        ),
    ] {
        let rest = REST.replace("random", wrong);
        sandbox.refuses(&format!("{CHAIN} {rest}"), &words);
    }
    sandbox.refuses(&format!("{SEARCH} --preset paper"), &["no preset `paper`"]);
}

#[test]
fn numbers_of_nothing() {
    let sandbox = Sandbox::new();
    let zero =
        |flag: &str, number: &str| REST.replace(&format!("{flag} {number}"), &format!("{flag} 0"));
    sandbox.refuses(
        &format!("{CHAIN} {}", zero("--queries", "5")),
        &["--queries", "at least 1"],
    );
    sandbox.refuses(
        &format!("{CHAIN} {}", zero("--seeds", "1")),
        &["--seeds", "at least 1"],
    );
    sandbox.refuses(
        &format!("{CHAIN} {REST} --threads 0"),
        &["--threads", "at least 1"],
    );
    sandbox.refuses(
        &format!("{SEARCH} --queries 0"),
        &["--queries", "at least 1"],
    );
    sandbox.refuses(
        &format!("{SEARCH} --queries many"),
        &["many", "--queries", "--help"],
    );
}

#[test]
fn constraints_that_cannot_be_kept() {
    let sandbox = Sandbox::new();
    for (constraint, words) in [
        (
            "latency",
            ["`latency` is not a constraint", "as in `params <= 5.3e6`"],
        ),
        ("latency <= fast", ["`latency <= fast`", "a number"]),
        (
            "latncy < 3",
            ["no metric `latncy`", "did you mean `latency`?"],
        ),
        (
            "latency < 0",
            [
                "chain.csv: no architecture meets",
                "smallest `latency` in the table is 0",
            ],
        ),
        (
            "params > 20",
            [
                "no architecture meets `params > 20`",
                "largest `params` in the table is 20",
            ],
        ),
    ] {
        sandbox.refuses(&format!("{SEARCH} --constraint '{constraint}'"), &words);
    }
    sandbox.refuses(
        &format!("{SEARCH} --constraint 'params <= 4' --constraint 'latency >= 20'"),
        &["all the constraints at once", "loosen one"],
    );
    // The only chain of 4 params has a latency of 0, which is a whole bound off.
    sandbox.refuses(
        &format!("{SEARCH} --constraint 'params <= 4' --constraint 'latency >= 1'"),
        &["the nearest, a;a;a;b, has params 5, 25.0 % off and latency 1"],
    );
    sandbox.refuses(
        &format!("{SEARCH} --constraint 'params <= 4' --constraint 'params >= 20'"),
        &["`params >= 20` and `params <= 4` contradict", "leave one"],
    );
}

#[test]
fn starting_point_that_is_no_architecture() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        &format!("{SEARCH} --start 'a;b'"),
        &["--start `a;b`", "2 blocks", "has 4"],
    );
}

#[test]
fn samplers_that_the_space_does_not_have() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        &format!("{SEARCH} --sampler fair"),
        &["`fair`", "`uniform` or `adjacency`"],
    );
    sandbox.refuses(
        &format!("{SEARCH} --sampler adjacency"),
        &["no sampler `adjacency`", "use `--sampler uniform`"],
    );
}

#[test]
fn folder_that_holds_a_run() {
    let sandbox = Sandbox::new();
    let search = SEARCH.replace("new/", "");
    sandbox.run(&search).success();
    sandbox.refuses(
        &search,
        &["run: the folder already holds a run", "another `--out`"],
    );
    sandbox.refuses(
        &format!("{CHAIN} {}", REST.replace("new/runs", "run")),
        &["run: the folder is not empty"],
    );
}

#[test]
fn search_without_a_task() {
    let sandbox = Sandbox::new();
    sandbox.refuses("search --table chain.csv", &["--space"]);
    sandbox.refuses(
        "search --space chain.toml --table chain.csv",
        &["--objective", "accuracy, latency"],
    );
    sandbox.refuses("bench --space nasbench201", &["--strategies"]);
    sandbox.refuses("search --tabel x", &["'--tabel'", "'--table'"]);
}

#[test]
fn merging_where_nothing_is_merged() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        &format!("{SEARCH} --merge-isomorphic"),
        &[
            "`chain` has nothing to merge",
            "nasbench201",
            "leave it out",
        ],
    );
}

#[test]
fn queries_of_a_table_that_are_no_architectures() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        "table query chain.csv --space chain.toml 'a;a;a;x'",
        &["`a;a;a;x`", "unknown op `x`", "write it like `a;a;a;a`"],
    );
}

#[test]
fn starts_that_break_their_own_bounds_or_cannot_be_evaluated() {
    let sandbox = Sandbox::new();
    for (rest, words) in [
        (
            "--start 'e;e;e;e' --constraint 'params <= 9'",
            ["`e;e;e;e`", "breaks `params <= 9`: its params is 20"],
        ),
        (
            "--start 'a;a;a;a' --start 'e;e;e;e' --constraint 'params <= 2*@start'",
            ["`e;e;e;e`", "breaks `params <= 8`"],
        ),
        (
            "--start 'a;a;e;e' --constraint 'latency < 24'",
            ["breaks `latency < 24`", "loosen the constraint"],
        ),
        (
            "--constraint 'params <= @start'",
            ["there is no `@start`", "add `--start ARCH`"],
        ),
        (
            "--start 'a;a;a;a' --constraint 'params <= @strat'",
            [
                "no architecture is named `@strat`",
                "did you mean `@start`?",
            ],
        ),
        (
            "--start 'a;a;a;a' --constraint 'parms <= @start'",
            ["no metric `parms`", "did you mean `params`?"],
        ),
    ] {
        sandbox.refuses(&format!("{SEARCH} {rest}"), &words);
    }
    sandbox.write("part.csv", "arch,accuracy\na;a;a;a,1\nb;b;b;b,2\n");
    sandbox.refuses(
        "search --space chain.toml --table part.csv --objective accuracy --start 'a;a;a;b'",
        &["--start `a;a;a;b`: not in the table", "another"],
    );
}

#[test]
fn control_characters_of_files_do_not_reach_the_terminal() {
    let sandbox = Sandbox::new();
    let space = |name: &str, op: &str| {
        format!("name = \"{name}\"\nkind = \"chain\"\nlength = 1\nops = [\"a\", \"{op}\"]\n")
    };
    sandbox.write("op.toml", space("s", "b\\u001b[31m"));
    sandbox.refuses(
        "space info op.toml",
        &["`b\\u{1b}[31m` cannot be the name of an op"],
    );
    sandbox.write("name.toml", space("s\\u0007", "b"));
    sandbox.refuses(
        "space info name.toml",
        &["the name \"s\\u{7}\" has a control character"],
    );
    sandbox.write("good.toml", space("s", "b"));
    sandbox.write("table.csv", "arch,acc\u{1b}[31m\na,1\nb,2\n");
    let shown = sandbox
        .run("table info table.csv --space good.toml")
        .success();
    let shown = String::from_utf8(shown.get_output().stdout.clone()).unwrap();
    assert!(shown.contains("acc\\u001b[31m"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    sandbox.refuses(
        "search --space good.toml --table table.csv --objective acc",
        &["acc\\u001b[31m"],
    );
    // What a worker says goes the same way.
    sandbox.write(
        "worker.sh",
        "echo '{\"type\":\"ready\"}'\nread hello\nread one\nprintf 'not \\033[31m json\\n'\n",
    );
    let lost = sandbox
        .run("search --space good.toml --command 'sh worker.sh' --queries 1 --retries 0 --out run");
    let said = String::from_utf8(lost.get_output().stderr.clone()).unwrap();
    assert!(
        said.contains("[31m json") && !said.contains('\u{1b}'),
        "{said:?}"
    );
}
