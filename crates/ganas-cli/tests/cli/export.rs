//! `ganas export`.

use ganas_core::space;
use predicates::str::contains;
use roxmltree::Document;
use safetensors::SafeTensors;
use serde_json::Value;

use crate::sandbox::Sandbox;

fn stdout(sandbox: &Sandbox, args: &str) -> String {
    let output = sandbox.run(args).success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

#[test]
fn json_reads_back_to_the_same_architecture_in_every_space() {
    let sandbox = Sandbox::new();
    for name in space::NAMES {
        let drawn = stdout(&sandbox, &format!("space sample {name} -n 3 --seed 1"));
        for (i, arch) in drawn.lines().enumerate() {
            let file = format!("{name}-{i}.json");
            let args = [arch, "--space", name, "--to", "json", "--out", &file];
            sandbox.command("export").args(args).assert().success();
            let written: Value = serde_json::from_str(&sandbox.read(&file)).unwrap();
            assert_eq!(written["arch"], arch);
            let space = space::load(name).unwrap();
            let params = space.costs().iter().position(|c| c == "params");
            if let Some(i) = params {
                let exact = space.cost(&space.parse(arch).unwrap(), i);
                assert_eq!(written["costs"]["params"], exact);
            }
            let again = stdout(&sandbox, &format!("export {file} --space {name} --to json"));
            assert_eq!(again, sandbox.read(&file));
        }
    }
}

#[test]
fn drawings_are_written_in_three_languages() {
    let sandbox = Sandbox::new();
    let svg = stdout(&sandbox, "export resnet --space nasbench101 --to svg");
    assert_eq!(
        Document::parse(&svg)
            .unwrap()
            .root_element()
            .tag_name()
            .name(),
        "svg"
    );
    let dot = stdout(&sandbox, "export resnet --space nasbench101 --to dot");
    assert!(
        dot.starts_with("digraph") && dot.contains("conv3x3-bn-relu"),
        "{dot}"
    );
    let text = stdout(
        &sandbox,
        "export a;b;c;d --space chain.toml --from a;b;a;d --to text",
    );
    assert!(text.lines().any(|l| l.starts_with('~')), "{text}");
}

#[test]
fn what_cannot_be_exported_is_named() {
    let sandbox = Sandbox::new();
    let refused = |args: &str, says: &str| {
        sandbox.run(args).code(2).stderr(contains(says));
    };
    refused("export a;b --space chain.toml --to svg", "a;b");
    refused(
        "export a;b;c;d --space chain.toml --to pdf",
        "possible values: svg, dot",
    );
    refused(
        "export gone.json --space chain.toml --to svg",
        "gone.json: cannot be read",
    );
    sandbox.write("other.json", r#"{"space": "nasbench201", "arch": "x"}"#);
    refused(
        "export other.json --space chain.toml --to svg",
        "of the space `nasbench201`",
    );
    sandbox.write("broken.json", "{");
    refused(
        "export broken.json --space chain.toml --to svg",
        "not an exported architecture",
    );
    refused(
        "export a;b;c;d --space chain.toml --from a;b;a;d --to json",
        "--from",
    );
}

#[test]
fn networks_are_written_for_other_libraries() {
    let sandbox = Sandbox::new();
    let module = stdout(&sandbox, "export resnet --space nasbench101 --to pytorch");
    assert!(module.contains("20346506 parameters") && module.contains("class Network(nn.Module)"));
    let sizes = "--width 4 --depth 1 --classes 3 --channels 1";
    let module = stdout(
        &sandbox,
        &format!("export resnet --space nasbench101 --to pytorch {sizes}"),
    );
    assert!(
        module.contains("width=4, depth=1, classes=3, channels=1"),
        "{module}"
    );
    let model = |seed: &str| {
        let file = format!("{seed}.onnx");
        let args = format!("export resnet --space nasbench101 --to onnx {sizes} --image-size 8");
        (sandbox.run(&format!("{args} --seed {seed} --out {file}"))).success();
        std::fs::read(sandbox.path(&file)).unwrap()
    };
    let first = model("1");
    assert!(first.windows(9).any(|w| w == b"stem.conv"));
    assert_eq!(first, model("1"));
    assert_ne!(first, model("2"));
}

#[test]
fn what_a_search_trained_is_exported_with_its_weights() {
    let sandbox = Sandbox::new();
    let trained = "search --queries 3 --epochs 1 --width 2 --out run --json run.json";
    sandbox.run(trained).success();
    let onnx = "export run.json --weights run/winner.safetensors --to onnx";
    sandbox.run(&format!("{onnx} --out winner.onnx")).success();
    let json = stdout(&sandbox, "export run.json --to json");
    let exported: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(exported["arch"], sandbox.json("run.json")["winner"]["arch"]);
    let module = stdout(
        &sandbox,
        "export run.json --weights run/winner.safetensors --to pytorch",
    );
    // The size of the images is that of the digits.
    for part in [
        "width=2, depth=1, classes=10, channels=1",
        "images of 1 x 8 x 8",
    ] {
        assert!(module.contains(part), "{module}");
    }
    let refused = |args: &str, says: &str| {
        sandbox.run(args).code(2).stderr(contains(says));
    };
    let wider = "export run.json --weights run/winner.safetensors --to onnx --width 3 --out a.onnx";
    refused(wider, "`stem.conv` is F32 [3, 3, 1, 2]");
    let other = "export resnet --space nasbench101 --weights run/winner.safetensors --to pytorch";
    refused(other, "winner.safetensors: no weight");
    refused(
        "export run.json --weights run.json --to pytorch",
        "run.json: not a safetensors file",
    );
    refused(&format!("{onnx} --seed 1 --out a.onnx"), "--seed");
}

#[test]
fn options_that_a_format_does_not_have_are_refused() {
    let sandbox = Sandbox::new();
    let refused = |args: &str, says: &str| {
        sandbox.run(args).code(2).stderr(contains(says));
    };
    refused("export resnet --to svg", "name it with `--space`");
    refused(
        "export resnet --space nasbench101 --to svg --width 3",
        "only networks",
    );
    refused(
        "export resnet --space nasbench101 --to pytorch --seed 3",
        "--seed",
    );
    refused(
        "export resnet --space nasbench101 --to pytorch --from resnet",
        "--from",
    );
    refused(
        "export resnet --space nasbench101 --to onnx --width 0",
        "0 is not in 1..=65536",
    );
    refused(
        "export resnet --space nasbench101 --to onnx --width 65536 --out a.onnx",
        "would exceed 2 GiB",
    );
    refused(
        "export efficientnet-b0 --space efficientnet-b0 --to pytorch --depth 3",
        "depth = 3",
    );
    refused(
        "export a;b;c;d --space chain.toml --to onnx",
        "no layers are known for the op `a`",
    );
    refused(
        "export resnet --space nasbench101 --to safetensors --out a",
        "name a supernet with `--supernet`",
    );
    refused(
        "export resnet --space nasbench101 --to onnx --supernet none --out a",
        "none/supernet.safetensors: there is no such file",
    );
    refused(
        "export resnet --space nasbench101 --to onnx --supernet none --width 3 --out a",
        "cannot be used with",
    );
    sandbox.write("empty.json", r#"{"space": "chain"}"#);
    refused(
        "export empty.json --space chain.toml --to svg",
        "no architecture in it",
    );
}

/// Facts about images in a file of weights.
fn metadata(bytes: &[u8]) -> Value {
    let (_, metadata) = SafeTensors::read_metadata(bytes).unwrap();
    let all = metadata.metadata().clone().unwrap_or_default();
    let parsed = all
        .into_iter()
        // The checksum is not about images.
        .filter(|(key, _)| key != "ganas-crc32c")
        .map(|(key, text)| (key, serde_json::from_str(&text).unwrap()));
    Value::Object(parsed.collect())
}

fn contains_text(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn how_images_are_prepared_leaves_with_the_network() {
    let sandbox = Sandbox::new();
    let trained = "search --queries 1 --epochs 1 --width 2 --winner-epochs 1 --out run";
    sandbox.run(trained).success();
    let winner = sandbox.json("run/result.json")["winner"].clone();
    let said = metadata(&std::fs::read(sandbox.path("run/winner.safetensors")).unwrap());
    for key in ["image", "pixel_max", "mean", "std", "classes"] {
        assert!(
            !said[key].is_null() && said[key] == winner[key],
            "{key}: {said}"
        );
    }
    assert_eq!(said["image"], serde_json::json!([8, 8, 1]));
    assert_eq!(said["pixel_max"], 16);
    assert_eq!(said["classes"][9], "9");
    // The mean of all pixels of the digits is 4.884.
    let mean = said["mean"][0].as_f64().unwrap();
    assert!((mean - 4.88).abs() < 0.2, "{mean}");

    let export = |options: &str| {
        let args = format!("export run/result.json {options} --out out");
        sandbox.run(&args).success();
        std::fs::read(sandbox.path("out")).unwrap()
    };
    for source in ["", "--weights run/winner.safetensors"] {
        let model = export(&format!("{source} --to onnx"));
        for key in ["image", "pixel_max", "mean", "std", "classes"] {
            assert!(contains_text(&model, &said[key].to_string()), "{key}");
        }
        assert!(contains_text(&model, "(pixels - mean) / std"));
        assert!(!contains_text(&model, "normalised/mean"));
        for (scale, takes) in [("", "pixels of 0 to 16"), ("=unit", "pixels of 0 to 1")] {
            let raw = export(&format!("{source} --to onnx --normalize{scale}"));
            assert!(contains_text(&raw, takes) && contains_text(&raw, "normalised/mean"));
        }
        let module = export(&format!("{source} --to pytorch"));
        let module = String::from_utf8(module).unwrap();
        assert!(
            module.contains(&format!("MEAN = {}", said["mean"])),
            "{module}"
        );
        assert!(module.contains("PIXEL_MAX = 16\n") && module.contains("    \"9\",\n"));
        assert!(!module.contains("Normalize"));
        let raw = String::from_utf8(export(&format!("{source} --to pytorch --normalize"))).unwrap();
        assert!(
            raw.contains("self.normalize = Normalize(MEAN, STD)"),
            "{raw}"
        );
    }
}

#[test]
fn nothing_is_normalised_by_numbers_that_nobody_knows() {
    let sandbox = Sandbox::new();
    sandbox.refuses(
        "export resnet --space nasbench101 --to pytorch --normalize --out a",
        &["how images of this network are normalised", "result.json"],
    );
    sandbox.refuses(
        "export resnet --space nasbench101 --to svg --normalize --out a",
        &["only networks"],
    );
    let arch = "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|";
    let winner = |std: &str| {
        format!(
            r#"{{"space": "nasbench201", "winner": {{"arch": "{arch}", "image": [8, 8, 1],
            "pixel_max": 255, "mean": [9.5], "std": {std}, "classes": ["a", "b"]}}}}"#
        )
    };
    sandbox.write("own.json", winner("[2.5]"));
    sandbox.write("broken.json", winner("[0.0]"));
    let export = "--to pytorch --normalize --out a";
    for other in ["--channels 3", "--classes 3"] {
        sandbox.refuses(
            &format!("export own.json {other} {export}"),
            &["no other channels"],
        );
    }
    sandbox.refuses(
        &format!("export broken.json {export}"),
        &["broken.json: ", "deviation not positive"],
    );
    sandbox.run(&format!("export own.json {export}")).success();
    assert!(sandbox.read("a").contains("MEAN = [9.5]"));
}
