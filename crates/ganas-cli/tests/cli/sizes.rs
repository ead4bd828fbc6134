//! Sizes from files and options have limits: beyond them a command ends with an error in a moment,
//! without an abort, a panic or a wait.

use std::collections::HashMap;
use std::fs;

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

use crate::sandbox::Sandbox;

/// Numbers that are slips or damage, never wishes.
const HUGE: [&str; 2] = ["1000000000", "1000000000000000000"];

#[test]
fn recipes_and_options_have_limits() {
    let sandbox = Sandbox::new();
    for number in HUGE {
        for setting in [
            "epochs",
            "batch",
            "repeats",
            "width",
            "depth",
            "warmup-epochs",
        ] {
            let says = format!("`{setting} = {number}` is out of range");
            let toml = format!("learning-rate = 0.1\n{setting} = {number}\n");
            sandbox.write("recipe.toml", toml);
            sandbox.refuses(
                "search --recipe recipe.toml",
                &["recipe.toml:2: ", &says, "at most"],
            );
            if setting != "warmup-epochs" {
                sandbox.refuses(&format!("search --{setting} {number}"), &[&says, "at most"]);
            }
            if setting != "repeats" {
                let train = "supernet train --space nasbench201 --data digits --out net";
                sandbox.refuses(
                    &format!("{train} --recipe recipe.toml"),
                    &[&says, "at most"],
                );
            }
        }
        let says = format!("`--winner-epochs {number}` is out of range");
        sandbox.refuses(
            &format!("search --winner-epochs {number}"),
            &[&says, "at most"],
        );
    }
}

#[test]
fn networks_that_no_memory_holds_are_refused() {
    let sandbox = Sandbox::new();
    let says = ["weights is too large", "smaller width"];
    sandbox.refuses("search --width 65536", &says);
    let train = "supernet train --space nasbench201 --data digits --out net";
    sandbox.refuses(&format!("{train} --width 65536"), &says);
}

/// A safetensors file with other metadata or further tensors.
fn altered(
    bytes: &[u8],
    change: impl FnOnce(&mut HashMap<String, String>),
    more: &[(&str, &[usize])],
) -> Vec<u8> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).unwrap();
    let mut header = metadata.metadata().clone().unwrap_or_default();
    change(&mut header);
    let file = SafeTensors::deserialize(bytes).unwrap();
    let kept = (file.tensors().into_iter())
        .filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    let zeros = vec![0; 1 << 20];
    let added = more.iter().map(|(name, shape)| {
        let size = 4 * shape.iter().product::<usize>();
        let view = TensorView::new(Dtype::F32, shape.to_vec(), &zeros[..size]).unwrap();
        ((*name).to_owned(), view)
    });
    let all: Vec<(String, TensorView)> = kept.chain(added).collect();
    safetensors::serialize(all, Some(header)).unwrap()
}

#[test]
fn the_header_of_a_supernet_is_not_taken_at_its_word() {
    let sandbox = Sandbox::new();
    sandbox
        .run("supernet train --space nasbench201 --data digits --width 2 --epochs 1 --quiet --out net")
        .success();
    let file = sandbox.path("net/supernet.safetensors");
    let whole = fs::read(&file).unwrap();
    let changes: [(&str, Value); 8] = [
        ("width", json!(1_000_000_000_000_000_000_u64)),
        ("width", json!(1_000_000)),
        ("width", json!(60_000)),
        ("classes", json!(1_000_000_000_000_u64)),
        ("classes", json!(1_000_000)),
        ("depth", json!(1_000_000_000_000_u64)),
        ("depth", json!(199)),
        ("image", json!([8, 8, 1_000_000_000_000_u64])),
    ];
    for (size, value) in changes {
        let change = |header: &mut HashMap<String, String>| {
            let text = header.get_mut("ganas-supernet").unwrap();
            let mut all: Value = serde_json::from_str(text).unwrap();
            all["identity"]["frame"][size] = value.clone();
            *text = all.to_string();
        };
        fs::write(&file, altered(&whole, change, &[])).unwrap();
        for command in [
            "supernet eval net --sample 2",
            "search --space nasbench201 --supernet net --objective loss --queries 2",
        ] {
            sandbox.refuses(command, &["net/supernet.safetensors: "]);
        }
    }
}

#[test]
fn weights_cannot_claim_what_they_do_not_hold() {
    let sandbox = Sandbox::new();
    sandbox
        .run("search --queries 1 --epochs 1 --width 2 --winner-epochs 1 --quiet --out run")
        .success();
    let whole = fs::read(sandbox.path("run/winner.safetensors")).unwrap();
    let claims: [(&str, &[usize]); 5] = [
        ("stage0.cell1000000.x", &[1, 1, 1, 1]),
        ("stage0.cell18446744073709551615.x", &[1, 1, 1, 1]),
        ("stem.conv", &[3, 3, 0, 1_000_000_000_000_000]),
        ("stem.conv", &[1, 1, 1, 60_000]),
        ("classifier.bias", &[0, 1, 1, 1_000_000_000_000_000]),
    ];
    for claim in claims {
        sandbox.write("claims.safetensors", altered(&whole, |_| (), &[claim]));
        for to in ["onnx", "pytorch"] {
            let export = "export run/result.json --weights claims.safetensors --out out";
            sandbox.refuses(&format!("{export} --to {to}"), &["claims.safetensors: "]);
        }
    }
}
