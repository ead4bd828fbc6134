//! Files that were changed since they were written.

use std::fs;

use predicates::str::contains;

use crate::sandbox::Sandbox;

const CHAIN: &str = "--space chain.toml --table chain.csv --objective accuracy";

/// Replaces the first occurrence of a text in a file.
fn change(sandbox: &Sandbox, file: &str, from: &str, to: &str) {
    let text = sandbox.read(file);
    assert!(text.contains(from), "{file}");
    sandbox.write(file, text.replacen(from, to, 1));
}

/// Removes the checksum of a file, as files of older versions have none.
fn age(sandbox: &Sandbox, file: &str) {
    let text = sandbox.read(file);
    let lines = text.lines().filter(|line| !line.contains("\"crc32c\""));
    let without: String = lines.map(|line| format!("{line}\n")).collect();
    assert_ne!(text, without);
    sandbox.write(file, without);
}

#[test]
fn changed_settings_are_refused() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("search {CHAIN} --queries 40 --out run"))
        .success();
    change(
        &sandbox,
        "run/settings.json",
        "\"queries\": 40",
        "\"queries\": 60",
    );
    for args in [
        "resume run",
        "resume run --queries 70",
        "report run --out r.html",
    ] {
        sandbox.refuses(args, &["run/settings.json: ", "was changed", "crc32c"]);
    }
    // A change that is meant is told so, and older versions wrote no checksum.
    age(&sandbox, "run/settings.json");
    age(&sandbox, "run/result.json");
    sandbox.run("resume run").success();
    assert_eq!(sandbox.json("run/result.json")["queries"], 60);
}

#[test]
fn a_changed_result_is_refused() {
    let sandbox = Sandbox::new();
    let search = format!("search {CHAIN} --queries 40 --strategy random --out run");
    sandbox.run(&search).success();
    change(
        &sandbox,
        "run/result.json",
        "\"stop\": \"budget\"",
        "\"stop\": \"target\"",
    );
    let words = ["run/result.json: ", "was changed", "remove the file"];
    sandbox.refuses("resume run", &words);
    sandbox.refuses("report run --out r.html", &words);
    fs::remove_file(sandbox.path("run/result.json")).unwrap();
    sandbox.run("resume run").success();
    assert_eq!(sandbox.json("run/result.json")["stop"], "budget");
}

#[test]
fn a_changed_result_of_a_benchmark_is_refused() {
    let sandbox = Sandbox::new();
    let bench = format!("bench {CHAIN} --strategies random --queries 40 --seeds 2 --out out");
    sandbox.run(&bench).success();
    let report = sandbox.json("out/bench.json");
    let result = "out/random-default/1/result.json";
    let best = format!("\"best\": {}", sandbox.json(result)["best"]);
    let whole = sandbox.read(result);
    change(&sandbox, result, &best, "\"best\": 62.4");
    sandbox.refuses(&bench, &[result, "was changed", "remove the file"]);
    for old in [false, true] {
        sandbox.write(result, &whole);
        if old {
            age(&sandbox, result);
        }
        sandbox.run(&bench).success();
        assert_eq!(sandbox.json("out/bench.json")["runs"], report["runs"]);
    }
}

#[test]
fn changed_weights_are_refused() {
    let sandbox = Sandbox::new();
    let train = "search --strategy random --queries 2 --epochs 1 --width 4 --winner-epochs 1";
    sandbox.run(&format!("{train} --out run")).success();
    let winner = sandbox.json("run/result.json")["winner"]["arch"].take();
    let export = format!(
        "export '{}' --space nasbench201 --to onnx --weights run/winner.safetensors --out net.onnx",
        winner.as_str().unwrap()
    );
    sandbox.run(&export).success();
    fs::remove_file(sandbox.path("net.onnx")).unwrap();
    let file = sandbox.path("run/winner.safetensors");
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, bytes).unwrap();
    sandbox.refuses(&export, &["run/winner.safetensors: ", "was changed"]);
    let supernet =
        "supernet train --space nasbench201 --data digits --epochs 1 --width 4 --depth 1 --out net";
    sandbox.run(supernet).success();
    let file = sandbox.path("net/supernet.safetensors");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() * 3 / 4;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    (sandbox
        .run("search --space nasbench201 --supernet net --queries 2")
        .code(2))
    .stderr(contains("supernet.safetensors: ").count(1))
    .stderr(contains("was changed"));
}
