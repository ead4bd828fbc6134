//! Cell spaces that nobody can count: 3,276,800,000 of these cells have a path through all their
//! seven vertices alone.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, starts_with};
use serde_json::Value;

use crate::sandbox::Sandbox;

const WORKER: &str = r#"
import json, sys
for line in sys.stdin:
    request = json.loads(line)
    if request["type"] == "hello":
        print(json.dumps({"type": "ready"}), flush=True)
    elif request["type"] == "evaluate":
        value = request["arch"].count("o1")
        answer = {"type": "result", "id": request["id"], "metrics": {"value": value}}
        print(json.dumps(answer), flush=True)
"#;

const SEARCH: &str = "search --space large.toml --objective value --command 'python3 worker.py'";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let ops: Vec<String> = (0..10).map(|i| format!("\"o{i}\"")).collect();
    sandbox.write(
        "large.toml",
        format!(
            "name = \"large\"\nkind = \"node-cell\"\nmax_vertices = 7\nmax_edges = 21\nops = [{}]\n",
            ops.join(", ")
        ),
    );
    sandbox.write("worker.py", WORKER);
    sandbox
}

#[test]
fn a_search_ends_with_its_result() {
    let sandbox = sandbox();
    sandbox
        .run(&format!("{SEARCH} --queries 60 --out run"))
        .success();
    let result = sandbox.json("run/result.json");
    assert_eq!(result["queries"], 60);
    assert_eq!(result["outlook"]["architectures"], Value::Null);
}

#[test]
fn once_the_result_is_there_ctrl_c_ends_the_command_as_done() {
    let sandbox = sandbox();
    let args = format!("{SEARCH} --queries 60 --out run");
    let (code, said) = sandbox.interrupt_once_there(&args, "run/result.json");
    assert_eq!(code, Some(0), "{said}");
    let result = sandbox.json("run/result.json");
    assert_eq!(
        (&result["queries"], &result["stop"]),
        (&60.into(), &"budget".into())
    );
}

#[test]
fn its_size_is_a_bound() {
    let sandbox = sandbox();
    // All shorter cells on a path, too: 1 + 2 * 10 + 8 * 100 + 64 * 1,000 + 1,024 * 10,000.
    let bound = "more than 3287104821";
    (sandbox.run("space count large.toml").success()).stdout(starts_with(bound));
    (sandbox.run("space info large.toml").success())
        .stdout(contains(format!("architectures  {bound}")));
    let info = sandbox.run("space info large.toml --json").success();
    let info: Value = serde_json::from_slice(&info.get_output().stdout).unwrap();
    assert_eq!(info["size"], Value::Null);
    assert_eq!(info["more_than"], 3_287_104_821u64);
    let rows = sandbox.run("space sample large.toml -n 5").success();
    let rows = String::from_utf8(rows.get_output().stdout.clone()).unwrap();
    let mut table = String::from("arch,value\n");
    for (i, row) in rows.lines().enumerate() {
        table += &format!("{row},{i}\n");
    }
    sandbox.write("large.csv", table);
    (sandbox
        .run("table info large.csv --space large.toml")
        .success())
    .stdout(contains(format!("architectures   5 of {bound}")));
    (sandbox.run("space enumerate large.toml").failure())
        .code(2)
        .stderr(contains("too large to enumerate").and(contains(bound)));
}

#[test]
fn its_rare_events_are_estimated() {
    let sandbox = sandbox();
    let rows = sandbox.run("space sample large.toml -n 40").success();
    let rows = String::from_utf8(rows.get_output().stdout.clone()).unwrap();
    let mut table = String::from("arch,value\n");
    for row in rows.lines() {
        table += &format!("{row},{}\n", row.matches("o1").count());
    }
    sandbox.write("large.csv", table);
    sandbox
        .run(
            "surrogate fit --table large.csv --space large.toml --objective value --out model.json \
             --quiet",
        )
        .success();
    sandbox
        .run(
            "rare-event --space large.toml --surrogate model.json --objective value --alpha 1 \
             --methods monte-carlo --queries 50",
        )
        .success();
}
