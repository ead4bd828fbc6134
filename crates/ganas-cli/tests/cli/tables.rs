//! The user's own table files.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::sandbox::Sandbox;

/// Rows with two seeds of each architecture.
const SEEDS: &str = "name,architecture,seed,accuracy,size\n\
                     n1,a;a;a;a,0,90,0.8 MB\n\
                     n2,a;a;a;a,1,92,0.8 MB\n\
                     n3,b;b;b;b,0,80,1.2 MB\n\
                     n4,b;b;b;b,1,N/A,1.2 MB\n\
                     n5,c;c;c;c,0,None,1.5 MB\n\
                     n6,d;d;d;d,0,70,1.6 MB\n";

const SEARCH: &str =
    "search --space chain.toml --table seeds.csv --objective accuracy --strategy random";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("seeds.csv", SEEDS);
    sandbox
}

#[test]
fn what_repeated_rows_mean_is_asked_for_everywhere() {
    let sandbox = sandbox();
    sandbox.write(
        "suite.toml",
        "[[task]]\nname = \"t\"\nspace = \"chain.toml\"\ntable = \"seeds.csv\"\n\
         objective = \"accuracy\"\nqueries = 2\nWAY",
    );
    let suite = sandbox.read("suite.toml");
    let words = [
        "seeds.csv:3: `a;a;a;a` is on line 2 too",
        "with `seed` 0 there and 1 here",
    ];
    for command in [
        format!("{SEARCH} --queries 3"),
        "bench --space chain.toml --table seeds.csv --objective accuracy --strategies random \
         --queries 2 --seeds 1"
            .into(),
        "table info seeds.csv --space chain.toml".into(),
        "table query seeds.csv --space chain.toml a;a;a;a".into(),
        "surrogate features --space chain.toml --table seeds.csv".into(),
    ] {
        sandbox.refuses(&command, &words);
        for way in ["--duplicates mean", "--duplicates first", "--where seed=0"] {
            sandbox.run(&format!("{command} {way}")).success();
        }
    }
    for (way, best) in [
        ("duplicates = \"mean\"\n", 91.0),
        ("where = [\"seed=1\"]\n", 92.0),
        (
            "arch_column = \"architecture\"\nduplicates = \"first\"\n",
            90.0,
        ),
    ] {
        sandbox.write("suite.toml", suite.replace("WAY", way));
        sandbox
            .run("bench --suite suite.toml --strategies random --seeds 1 --json suite.json")
            .success();
        assert_eq!(sandbox.json("suite.json")["tasks"][0]["optimum"], best);
    }
    sandbox.write("suite.toml", suite.replace("WAY", ""));
    sandbox
        .run("bench --suite suite.toml --strategies random --seeds 1")
        .code(2)
        .stderr(contains("with `seed` 0 there and 1 here"));
}

#[test]
fn a_run_is_resumed_by_the_way_its_table_was_read() {
    let sandbox = sandbox();
    let search = format!("{SEARCH} --duplicates mean --arch-column architecture --out run");
    sandbox.run(&format!("{search} --queries 2")).success();
    let reading = sandbox.json("run/result.json")["provenance"]["task"]["reading"].clone();
    assert_eq!(reading["duplicates"], "mean");
    sandbox.run("resume run --queries 3").success();
    assert_eq!(sandbox.json("run/result.json")["best"], 91.0);
}

#[test]
fn options_without_a_table_are_refused() {
    let sandbox = sandbox();
    for option in ["--where seed=0", "--duplicates mean", "--arch-column x"] {
        let name = option.split(' ').next().unwrap();
        let words = [
            &format!("no table to read by `{name}`"),
            "add `--table FILE`",
        ];
        sandbox.refuses(&format!("search --queries 1 {option}"), &words);
    }
    sandbox.refuses(&format!("{SEARCH} --where seed"), &["COLUMN=VALUE"]);
    sandbox.refuses(
        &format!("{SEARCH} --duplicates median"),
        &["`median`", "mean"],
    );
}

#[test]
fn rows_without_the_objective_are_left_out_with_a_count() {
    let sandbox = sandbox();
    sandbox
        .run(&format!(
            "{SEARCH} --where seed=0 --queries 10 --json found.json"
        ))
        .success()
        .stderr(contains(
            "note: 1 row of seeds.csv has no `accuracy` and is left out; 3 remain",
        ));
    let found = sandbox.json("found.json");
    assert_eq!(
        (&found["queries"], &found["failed"]),
        (&3.into(), &0.into())
    );
    sandbox.refuses(
        &format!("{SEARCH} --where seed=0 --start c;c;c;c"),
        &["--start `c;c;c;c`: the table has no `accuracy` of it"],
    );
}

#[test]
fn a_bound_on_words_is_refused_with_them() {
    let sandbox = sandbox();
    sandbox.write(
        "params.csv",
        "arch,accuracy,params\na;a;a;a,90,\"517,224\"\nb;b;b;b,91,600\n",
    );
    let search = "search --space chain.toml --table params.csv --objective";
    sandbox.refuses(
        &format!("{search} accuracy --constraint 'params <= 10'"),
        &["params.csv:2: column `params` is not all numbers: `517,224` here"],
    );
    sandbox.refuses(
        &format!("{search} params"),
        &["params.csv:2: column `params` is not all numbers: `517,224` here"],
    );
    sandbox.refuses(
        &format!("{SEARCH} --duplicates mean --constraint 'size <= 1'"),
        &["seeds.csv:2: column `size` holds text: `0.8 MB` here"],
    );
    // Who does not ask for it is not bothered.
    sandbox
        .run(&format!("{search} accuracy --queries 2"))
        .success()
        .stderr(contains("params").not());
}

#[test]
fn a_bound_on_the_own_cost_of_the_space_is_said_where_workers_measure() {
    let sandbox = sandbox();
    let search = "search --space chain.toml --command false --queries 1 --objective accuracy \
                  --constraint 'params <= 10'";
    let note = "note: the bound on `params` is on the space's own cost; `--metric params` takes";
    sandbox
        .run(&format!("{search} --out one"))
        .stderr(contains(note));
    sandbox
        .run(&format!("{search} --metric params --out other"))
        .stderr(contains(note).not());
}

#[test]
fn the_best_are_shown_as_they_stand_in_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "own.csv",
        "id;arch_str;accuracy;note\n7;\" b ;b;b;b\";80;good\n8;\"a;a;a;a\";90;better\n9;\"c;c;c;c\";70;\n",
    );
    let search = "search --space chain.toml --table own.csv --objective accuracy --strategy random";
    sandbox
        .run(&format!("{search} --queries 3 --top 2 --json found.json"))
        .success()
        .stdout(contains("own.csv:3, id 8, note better"))
        .stdout(contains("2. 80  own.csv:2, b ;b;b;b, id 7, note good"));
    let found = sandbox.json("found.json");
    assert_eq!(found["row"]["line"], 3);
    assert_eq!(
        found["row"]["cells"][2],
        serde_json::json!(["note", "better"])
    );
    assert_eq!(found["best_row"]["line"], 3);
    let top = found["top"].as_array().unwrap();
    assert_eq!(top.len(), 2);
    assert_eq!(
        (&top[1]["value"], &top[1]["row"]["line"]),
        (&80.0.into(), &2.into())
    );
    assert_eq!(top[1]["row"]["arch"], "b ;b;b;b");
}

#[test]
fn a_target_beyond_the_table_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("own.csv", "arch,accuracy\na;a;a;a,0.94\nb;b;b;b,0.9\n");
    let search = "search --space chain.toml --table own.csv --objective accuracy --target";
    for target in ["94", "0.1"] {
        sandbox.refuses(
            &format!("{search} {target}"),
            &[
                &format!("the target {target} is outside"),
                "`accuracy`: 0.9 to 0.94",
                "`best`",
            ],
        );
    }
    sandbox.run(&format!("{search} 0.93 --queries 2")).success();
}
