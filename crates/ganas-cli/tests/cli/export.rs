//! `ganas export`.

use ganas_core::space;
use predicates::str::contains;
use roxmltree::Document;
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
        "no exported architecture",
    );
    refused(
        "export a;b;c;d --space chain.toml --from a;b;a;d --to json",
        "--from",
    );
}
