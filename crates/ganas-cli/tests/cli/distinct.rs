//! Equal networks are evaluated once.

use std::collections::HashSet;

use crate::sandbox::Sandbox;

const LAYERS: &str = "name = \"layers\"\nkind = \"chain\"\nlength = 4\n\
    ops = [\"none\", \"a\", \"b\"]\n";

/// A worker whose accuracy depends on the layers only.
const WORKER: &str = r#"
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "hello":
        print(json.dumps({"type": "ready"}), flush=True)
    elif request["type"] == "evaluate":
        layers = [op for op in request["arch"].split(";") if op != "none"]
        accuracy = sum((3 if op == "a" else 2) / (i + 1) for i, op in enumerate(layers))
        print(json.dumps({"type": "result", "id": request["id"], "metrics": {"accuracy": accuracy}}), flush=True)
    else:
        break
"#;

const SEARCH: &str = "search --space layers.toml --command 'python3 worker.py' --queries 40";

fn layers(declared: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("layers.toml", format!("{LAYERS}{declared}"));
    sandbox.write("worker.py", WORKER);
    sandbox
}

/// The layers of each architecture that was evaluated.
fn evaluated(sandbox: &Sandbox, run: &str) -> Vec<String> {
    let csv = sandbox.read(&format!("{run}/evaluations.csv"));
    (csv.lines().skip(1))
        .map(|line| {
            line.split(',')
                .nth(2)
                .unwrap()
                .replace("none", "")
                .replace(';', "")
        })
        .collect()
}

#[test]
fn a_search_evaluates_each_network_once() {
    let sandbox = layers("absent = [\"none\"]\n");
    for strategy in ["ga-nas", "evolution", "local-search", "random"] {
        let out = format!("runs/{strategy}");
        sandbox
            .run(&format!("{SEARCH} --strategy {strategy} --out {out}"))
            .success();
        let all = evaluated(&sandbox, &out);
        let distinct: HashSet<&String> = all.iter().collect();
        // 1 + 2 + 4 + 8 + 16 networks.
        assert!(distinct.len() == all.len() && all.len() <= 31, "{all:?}");
    }
    let settings = sandbox.json("runs/random/settings.json");
    assert_eq!(settings["task"]["distinct_networks"], true);
}

#[test]
fn networks_are_kept_apart_if_asked_and_such_runs_go_on() {
    let sandbox = layers("absent = [\"none\"]\n");
    let search = format!("{SEARCH} --strategy random --keep-apart --out apart");
    sandbox.run(&search).success();
    let all = evaluated(&sandbox, "apart");
    assert_eq!(all.len(), 40);
    assert!(all.iter().collect::<HashSet<_>>().len() < 40);
    sandbox.run("resume apart --queries 50").success();
    assert_eq!(evaluated(&sandbox, "apart").len(), 50);
    sandbox.refuses(
        "search --space nasbench201 --keep-apart --merge-isomorphic",
        &["`--keep-apart` and `--merge-isomorphic` exclude each other"],
    );
}

#[test]
fn a_run_from_before_networks_were_compared_goes_on_as_it_began() {
    let sandbox = layers("");
    let search = format!("{SEARCH} --strategy random --out old");
    sandbox.run(&search).success();
    // The space file is said more of now.
    sandbox.write("layers.toml", format!("{LAYERS}absent = [\"none\"]\n"));
    sandbox.run("resume old --queries 60").success();
    assert_eq!(evaluated(&sandbox, "old").len(), 60);
}

#[test]
fn rows_of_a_table_stay_apart_unless_they_are_merged() {
    let sandbox = layers("absent = [\"none\"]\n");
    let csv = "arch,accuracy\nnone;none;a;b,1.25\na;b;none;none,3.25\nb;none;none;none,2.125\n";
    sandbox.write("rows.csv", csv);
    let search = "search --space layers.toml --table rows.csv --objective accuracy --queries 10";
    sandbox
        .run(&format!("{search} --json apart.json"))
        .success();
    assert_eq!(sandbox.json("apart.json")["queries"], 3);
    sandbox
        .run(&format!("{search} --merge-isomorphic --json merged.json"))
        .success();
    // The same rows, averaged where they repeat a notation: another compiled table.
    sandbox
        .run(&format!("{search} --duplicates mean --json mean.json"))
        .success();
    assert_eq!(sandbox.json("mean.json")["queries"], 3);
    let merged = sandbox.json("merged.json");
    assert_eq!(
        (&merged["queries"], &merged["best"]),
        (&2.into(), &2.25.into())
    );
}

#[test]
fn trainings_know_the_ops_without_a_layer() {
    let sandbox = Sandbox::new();
    // The first two blocks are one stage, in which a block can stand in two places.
    sandbox.write(
        "blocks.toml",
        "name = \"blocks\"\nkind = \"chain\"\n\
         choices = [[\"identity\", \"conv_1x1\"], [\"none\", \"conv_1x1\"], [\"none\"], [\"none\"]]\n",
    );
    let search = "search --space blocks.toml --train digits --strategy random --queries 10 \
                  --epochs 1 --width 4 --winner-epochs 1";
    sandbox.run(&format!("{search} --out once")).success();
    let csv = sandbox.read("once/evaluations.csv");
    assert_eq!(csv.lines().count(), 1 + 3, "{csv}");
    sandbox
        .run(&format!("{search} --keep-apart --out all"))
        .success();
    assert_eq!(sandbox.read("all/evaluations.csv").lines().count(), 1 + 4);
}

#[test]
fn spaces_say_what_is_distinct() {
    let sandbox = layers("absent = [\"none\"]\n");
    let said = |args: &str| {
        let output = sandbox.run(args).success().get_output().stdout.clone();
        String::from_utf8(output).unwrap()
    };
    assert_eq!(said("space count layers.toml"), "31\n");
    assert_eq!(said("space enumerate layers.toml").lines().count(), 31);
    assert!(said("space info layers.toml").contains("absent         none\n"));
    assert_eq!(
        said("space neighbors layers.toml none;a;none;none"),
        said("space neighbors layers.toml a;none;none;none")
    );
}
