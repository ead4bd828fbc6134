//! Spaces of named choices: tables with a column a choice, every strategy, resuming, drawings.

use crate::sandbox::Sandbox;

const SPACE: &str = r#"
name = "training"
kind = "config"
[[choice]]
name = "layers"
low = 1
high = 2
[[choice]]
name = "units"
values = [16, 64, 256]
log = true
repeat = "layers"
[[choice]]
name = "optimizer"
values = ["sgd", "adam"]
[[choice]]
name = "lr"
low = 1e-3
high = 1e-1
log = true
steps = 5
[[choice]]
name = "momentum"
low = 0.8
high = 0.95
step = 0.05
when = "optimizer == sgd"
[metrics]
size = "sum(units)"
"#;

/// A table of the whole space; best is `layers=2;units 256, 64;sgd;lr 0.01;momentum 0.9`.
fn table(sandbox: &Sandbox) {
    sandbox.write("space.toml", SPACE);
    let mut rows = String::from("layers,units_1,units_2,optimizer,lr,momentum,score\n");
    let units = ["16", "64", "256"];
    for layers in [1, 2] {
        for (i, first) in units.iter().enumerate() {
            let seconds: &[&str] = if layers == 2 { &units } else { &[""] };
            for (j, second) in seconds.iter().enumerate() {
                for (k, lr) in ["0.001", "0.003162278", "0.01", "0.0316228", "0.1"]
                    .iter()
                    .enumerate()
                {
                    let own = f64::from(layers) + i as f64
                        - (j as f64 - 1.0).abs()
                        - (k as f64 - 2.0).abs();
                    for (l, momentum) in ["0.8", "0.85", "0.9", "0.95"].iter().enumerate() {
                        let score = own + 0.5 - (l as f64 - 2.0).abs();
                        rows += &format!("{layers},{first},{second},sgd,{lr},{momentum},{score}\n");
                    }
                    rows += &format!("{layers},{first},{second},adam,{lr},,{own}\n");
                }
            }
        }
    }
    sandbox.write("table.csv", rows);
}

const BEST: &str = "layers=2;units.1=256;units.2=64;optimizer=sgd;lr=0.01;momentum=0.9";

#[test]
fn every_strategy_searches_a_table_with_a_column_a_choice() {
    let sandbox = Sandbox::new();
    table(&sandbox);
    let strategies = "ga-nas,ga-nas:paper-setup1,random,evolution,local-search,cross-entropy,reinforce,\
                      bananas,tpe,tpe:univariate";
    sandbox
        .run(&format!(
            "bench --space space.toml --table table.csv --objective score --strategies {strategies} \
             --queries 60 --seeds 2 --json bench.json"
        ))
        .success();
    let bench = sandbox.json("bench.json");
    assert_eq!(bench["best_row"]["arch"], BEST);
    let summary = bench["summary"].as_array().unwrap();
    assert_eq!(summary.len(), 10);
    let of = |runs: &serde_json::Value| runs.as_array().unwrap().clone();
    for run in of(&bench["runs"]) {
        let best = run["best_arch"].as_str().unwrap();
        assert!(best.starts_with("layers="), "{best}");
        if run["strategy"] == "ga-nas" && run["preset"] == "default" {
            assert_eq!(best, BEST);
        }
    }
}

#[test]
fn a_run_is_resumed_bounded_and_drawn() {
    let sandbox = Sandbox::new();
    table(&sandbox);
    let search =
        "search --space space.toml --table table.csv --objective score --constraint 'size <= 80'";
    sandbox
        .run(&format!("{search} --queries 40 --out whole"))
        .success();
    sandbox
        .run(&format!("{search} --queries 15 --out parts"))
        .success();
    sandbox.run("resume parts --queries 40").success();
    assert_eq!(sandbox.trace("whole"), sandbox.trace("parts"));
    // Two layers of 16 and 64 units are as good as of 64 and 16; 256 is above the bound.
    assert_eq!(sandbox.json("whole/result.json")["best"], 2.5);

    let drawn = sandbox
        .run(&format!("export '{BEST}' --space space.toml --to text"))
        .success();
    let text = String::from_utf8_lossy(&drawn.get_output().stdout).into_owned();
    for words in ["units     │ 256 ─ 64", "momentum  │ 0.9"] {
        assert!(text.contains(words), "{text}");
    }
    let other = "layers=1;units.1=256;optimizer=adam;lr=0.01";
    let drawn = sandbox
        .run(&format!(
            "export '{BEST}' --from '{other}' --space space.toml --to text"
        ))
        .success();
    let text = String::from_utf8_lossy(&drawn.get_output().stdout).into_owned();
    assert!(text.contains("~sgd") && text.contains("+0.9"), "{text}");
    sandbox
        .run(&format!("export '{BEST}' --space space.toml --to svg"))
        .success();
    let json = sandbox
        .run(&format!("export '{BEST}' --space space.toml --to json"))
        .success();
    let json: serde_json::Value = serde_json::from_slice(&json.get_output().stdout).unwrap();
    assert_eq!(json["graph"]["values"]["units.2"], 64);
    assert_eq!(json["costs"]["size"], 320.0);
}

#[test]
fn rows_off_the_grid_are_refused_by_their_line_unless_they_may_be_rounded() {
    let sandbox = Sandbox::new();
    table(&sandbox);
    sandbox.write(
        "off.csv",
        "layers,units.1,optimizer,lr,score\n1,16,adam,0.01,1\n1,16,adam,0.02,2\n",
    );
    let search = "search --table off.csv --objective score --queries 2";
    sandbox.refuses(
        &format!("{search} --space space.toml"),
        &["off.csv:3", "lr=0.02", "the nearest is 0.0316", "snap"],
    );
    sandbox.write("snap.toml", format!("snap = true{SPACE}"));
    for rounded in ["--space snap.toml", "--space space.toml --snap"] {
        sandbox.run(&format!("{search} {rounded}")).success();
    }
    // A table that was compiled by rounding is no table of exact values.
    sandbox
        .run("table import off.csv --space space.toml --snap --out off.gtab")
        .success();
    let compiled = "search --table off.gtab --objective score --queries 2 --space space.toml";
    sandbox.refuses(compiled, &["off.gtab", "nearest values", "add `--snap`"]);
    sandbox.run(&format!("{compiled} --snap")).success();
}

#[test]
fn snap_holds_for_starts_and_histories_and_needs_numbers() {
    let sandbox = Sandbox::new();
    table(&sandbox);
    let off = "layers=1;units.1=60;optimizer=adam;lr=0.02";
    sandbox.write(
        "earlier.csv",
        "layers,units_1,optimizer,lr,score\n1,17,adam,0.011,1\n",
    );
    let bench = format!(
        "bench --space space.toml --table table.csv --objective score --strategies random --seeds 1 \
         --queries 3 --start '{off}'"
    );
    sandbox.refuses(&bench, &["--start", "units.1=60", "nearest is 64"]);
    sandbox
        .run(&format!("{bench} --snap --json bench.json"))
        .success();
    let near = "layers=1;units.1=64;optimizer=adam;lr=0.031623";
    assert_eq!(sandbox.json("bench.json")["provenance"]["start"][0], near);
    let search = "search --space space.toml --table table.csv --objective score --queries 3 \
                  --history earlier.csv";
    sandbox.refuses(search, &["earlier.csv:2", "nearest is 16"]);
    sandbox.run(&format!("{search} --snap --out run")).success();
    sandbox.run("resume run --queries 5").success();
    sandbox.refuses(
        "search --table nasbench201 --queries 3 --snap",
        &[
            "`nasbench201` has no numbers to snap to",
            "leave out `--snap`",
        ],
    );
    sandbox.write(
        "widths.toml",
        "name = 'widths'\nkind = 'chain'\nlength = 2\nops = ['8', '16', '64']",
    );
    sandbox.write("widths.csv", "arch,score\n8;16,1\n9;60,2\n");
    let widths = "search --space widths.toml --table widths.csv --objective score --queries 2";
    sandbox.refuses(widths, &["widths.csv:3", "`9`"]);
    sandbox
        .run(&format!("{widths} --snap --json widths.json"))
        .success();
    assert_eq!(sandbox.json("widths.json")["best_arch"], "8;64");
}

#[test]
fn searches_start_with_the_architectures_of_the_space_file() {
    let sandbox = Sandbox::new();
    table(&sandbox);
    let one = "layers=1;units.1=16;optimizer=adam;lr=0.001";
    let other = "layers=1;units.1=64;optimizer=adam;lr=0.001";
    sandbox.write("one.toml", format!("start = \"{one}\"{SPACE}"));
    sandbox.write(
        "two.toml",
        format!("start = [\"{other}\", \"{one}\"]{SPACE}"),
    );
    let search =
        "search --table table.csv --objective score --queries 6 --constraint 'size <= @start'";
    let found = |args: &str, run: &str| {
        sandbox
            .run(&format!("{search} {args} --out {run}"))
            .success();
        sandbox.trace(run)
    };
    let plain = found(&format!("--space space.toml --start '{one}'"), "plain");
    assert_eq!(found("--space one.toml", "file"), plain);
    assert_eq!(
        found(&format!("--space two.toml --start '{one}'"), "override"),
        plain
    );
    let settings = sandbox.json("file/settings.json");
    assert_eq!(settings["start"], serde_json::json!([one]));
    found("--space two.toml", "two");
    let starts = &sandbox.json("two/settings.json")["start"];
    assert_eq!(*starts, serde_json::json!([other, one]));
    let info = sandbox.run("space info two.toml").success();
    let info = String::from_utf8_lossy(&info.get_output().stdout).into_owned();
    assert!(info.contains(&format!("start          {one}")), "{info}");
    // The run continues with what it started with.
    sandbox
        .run(&format!(
            "{} --space one.toml --out whole",
            search.replace("--queries 6", "--queries 9")
        ))
        .success();
    sandbox.write("one.toml", format!("start = \"{other}\"{SPACE}"));
    sandbox.run("resume file --queries 9").success();
    assert_eq!(sandbox.trace("file"), sandbox.trace("whole"));
}

#[test]
fn starts_of_space_files_are_architectures_of_the_space() {
    let sandbox = Sandbox::new();
    for (kind, good, bad) in [
        ("kind = 'chain'\nlength = 2\nops = ['a', 'b']", "a;b", "a;c"),
        (
            "kind = 'edge-cell'\nnodes = 3\nops = ['none', 'conv']",
            "|none~0|+|conv~0|none~1|",
            "|none~0|",
        ),
        (
            "kind = 'node-cell'\nmax_vertices = 4\nmax_edges = 5\nops = ['conv']",
            "input;conv;output|101",
            "input;pool;output|101",
        ),
        (
            "kind = 'config'\nchoice = [{ name = 'lr', low = 1, high = 4 }]",
            "lr=2",
            "lr=9",
        ),
    ] {
        for (start, refused) in [(good, false), (bad, true)] {
            sandbox.write(
                "s.toml",
                format!("name = 's'\nstart = \"{start}\"\n{kind}\n"),
            );
            if refused {
                sandbox.refuses("space info s.toml", &["s.toml", "`start`", start]);
            } else {
                sandbox.run("space info s.toml").success();
            }
        }
    }
    sandbox.write(
        "cell.toml",
        "name = 'c'\nkind = 'config'\nchoice = [{ name = 'lr', low = 1, high = 4 }]\n\
         [cell]\nkind = 'chain'\nlength = 1\nops = ['a']\nstart = 'a'\n",
    );
    sandbox.refuses(
        "space info cell.toml",
        &["a cell has no `start` of its own"],
    );
}

#[test]
fn the_space_of_another_tool_is_imported_with_what_does_not_map() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "optuna.json",
        r#"{"lr": {"name": "FloatDistribution", "attributes": {"low": 1e-4, "high": 0.1, "log": true}},
            "epochs": {"lower": 1, "upper": 9, "is_fidelity": true}}"#,
    );
    let said = sandbox
        .run("space import optuna.json --name tuned --out tuned.toml")
        .success();
    let said = String::from_utf8_lossy(&said.get_output().stderr).into_owned();
    assert!(said.contains("`epochs` is a fidelity"), "{said}");
    let sample = sandbox.run("space sample tuned.toml").success();
    assert!(String::from_utf8_lossy(&sample.get_output().stdout).starts_with("lr="));
    sandbox.write("broken.json", "{\"lr\": {\"lower\": 1}}");
    sandbox.refuses(
        "space import broken.json",
        &["broken.json", "`lr` has no number `upper`"],
    );
    sandbox.refuses("space import missing.json", &["missing.json"]);
}
