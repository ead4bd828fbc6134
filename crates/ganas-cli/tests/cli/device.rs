//! The device that networks are computed on. Without the feature there is the CPU alone; a card itself
//! is what `.ci/gpu` runs on.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// A search of a moment.
const BRIEF: &str = "search --strategy random --queries 2 --epochs 1 --width 4 --winner-epochs 1";
/// A supernet of a moment, long enough to be interrupted.
const SUPERNET: &str = "supernet train --space nasbench201 --data digits --epochs 60 --width 8";

#[test]
fn devices_that_cannot_be_meant() {
    let sandbox = Sandbox::new();
    for command in [
        BRIEF,
        &format!("{SUPERNET} --out net"),
        "resume run",
        "supernet eval net",
    ] {
        sandbox.refuses(
            &format!("{command} --device cuda:0"),
            &[
                "--device",
                "`cuda:0` is not a device",
                "use cpu, gpu, or gpu:1",
            ],
        );
    }
    let table = "--space chain.toml --table chain.csv --objective accuracy";
    for command in [
        format!("search {table}"),
        format!("bench {table} --strategies random --queries 2 --seeds 1"),
    ] {
        sandbox.refuses(
            &format!("{command} --device cpu"),
            &["no networks are computed here", "leave out `--device`"],
        );
    }
}

#[cfg(not(any(feature = "cuda", feature = "wgpu")))]
#[test]
fn a_build_without_graphics_cards_says_how_to_have_them() {
    let sandbox = Sandbox::new();
    let refuses = |command: &str| {
        let words = [
            "no graphics cards",
            "`cargo build --release --features wgpu`",
        ];
        sandbox.refuses(&format!("{command} --device gpu"), &words);
    };
    refuses("search");
    refuses("search --train digits");
    refuses("bench --train digits --strategies random --queries 2 --seeds 1");
    refuses("supernet train --space nasbench201 --data digits --out net");
    let net = SUPERNET.replace("--epochs 60", "--epochs 1");
    sandbox.run(&format!("{net} --out net")).success();
    refuses("search --space nasbench201 --supernet net --objective loss");
    refuses("supernet eval net --sample 2");
    refuses("supernet search net --method enas");
    sandbox.run(&format!("{BRIEF} --out run")).success();
    refuses("resume run --queries 3");
}

#[test]
fn a_run_goes_on_with_another_device_only_if_it_is_told_to() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&format!("{BRIEF} --out run"))
        .success()
        .stdout(contains("device ").not());
    let devices = |file: &str| match file {
        "run/result.json" => sandbox.json(file)["provenance"]["devices"].clone(),
        _ => sandbox.json(file)["devices"].clone(),
    };
    assert_eq!(devices("run/settings.json"), json!(["cpu"]));
    assert_eq!(devices("run/result.json"), json!(["cpu"]));
    // As if it had been on a card.
    let claim = |devices: Value| {
        let mut settings = sandbox.json("run/settings.json");
        settings["devices"] = devices;
        settings.as_object_mut().unwrap().remove("crc32c");
        sandbox.write("run/settings.json", settings.to_string());
    };
    claim(json!(["a card"]));
    sandbox.refuses(
        "resume run --queries 3",
        &[
            "on a card",
            "would continue on cpu",
            "`ganas resume --device`",
        ],
    );
    sandbox
        .run("resume run --queries 3 --device cpu")
        .success()
        .stdout(contains("a card, then cpu"));
    let both = json!(["a card", "cpu"]);
    assert_eq!(devices("run/settings.json"), both);
    assert_eq!(devices("run/result.json"), both);
    // Now it is there.
    sandbox.run("resume run --queries 4").success();
    assert_eq!(devices("run/result.json"), both);
    // Runs of versions that knew no other.
    claim(Value::Null);
    sandbox.run("resume run --queries 5").success();
    assert_eq!(devices("run/result.json"), json!(["cpu"]));
}

#[test]
fn a_supernet_that_goes_on_with_another_device_says_so() {
    let sandbox = Sandbox::new();
    let file = "net/supernet.safetensors";
    sandbox.interrupt_once_there(&format!("{SUPERNET} --out net"), file);
    let on = |device: &str| format!(r#"\"devices\":[{device}]"#);
    let bytes = std::fs::read(sandbox.path(file)).unwrap();
    let place = (bytes.windows(on(r#"\"cpu\""#).len()))
        .position(|window| window == on(r#"\"cpu\""#).as_bytes())
        .unwrap();
    let other = on(r#"\"gpu\""#);
    let claimed = [
        &bytes[..place],
        other.as_bytes(),
        &bytes[place + other.len()..],
    ];
    let claimed = claimed.concat();
    // Under another name the checksum is not one.
    let checksum = b"ganas-crc32c";
    let place = (claimed.windows(checksum.len()))
        .position(|window| window == checksum)
        .unwrap();
    let claimed = [
        &claimed[..place],
        b"other-crc32c",
        &claimed[place + checksum.len()..],
    ];
    sandbox.write(file, claimed.concat());
    sandbox
        .run(&format!("{SUPERNET} --out net"))
        .success()
        .stderr(contains(
            "it was trained on gpu so far, and continues on cpu",
        ));
    let bytes = std::fs::read(sandbox.path(file)).unwrap();
    let both = on(r#"\"gpu\",\"cpu\""#);
    assert!(bytes.windows(both.len()).any(|w| w == both.as_bytes()));
    // At its end there is nothing to go on with.
    sandbox
        .run(&format!("{SUPERNET} --out net"))
        .success()
        .stderr(contains("so far").not());
}
