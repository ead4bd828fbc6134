//! `ganas pretrain`, and searches that start from its networks.

use std::fmt::Write as _;

use predicates::str::contains;

use crate::sandbox::Sandbox;

const PRETRAIN: &str = "pretrain --space chain.toml --prior first.csv --prior second.csv:score";
const SEARCH: &str = "search --space chain.toml --table task.csv --objective accuracy";

/// A sandbox with three tasks, whose values follow from the ops of an architecture.
fn tasks() -> Sandbox {
    let sandbox = Sandbox::new();
    let chain = sandbox.read("chain.csv");
    let archs = chain
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap());
    let archs: Vec<&str> = archs.collect();
    for (file, column, salt) in [
        ("task.csv", "accuracy", 31),
        ("first.csv", "score", 43),
        ("second.csv", "score", 59),
    ] {
        let mut text = format!("arch,{column}\n");
        for (i, arch) in archs.iter().enumerate() {
            let ops = arch.split(';').enumerate();
            let worth = ops.map(|(place, op)| (op.as_bytes()[0] as usize * 7 + place * 3) % 11);
            let value = worth.sum::<usize>() as f64 + ((i * salt) % 97) as f64 / 40.0;
            let _ = writeln!(text, "{arch},{value}");
        }
        sandbox.write(file, text);
    }
    sandbox
}

#[test]
fn networks_of_other_tasks_lead_to_better_architectures_in_few_queries() {
    let sandbox = tasks();
    sandbox
        .run(&format!("{PRETRAIN} --rounds 30 --out networks.json"))
        .success();
    sandbox
        .run(&format!("{PRETRAIN} --rounds 30 --out again.json"))
        .success();
    assert_eq!(
        sandbox.read("networks.json"),
        sandbox.read("again.json"),
        "networks of one seed differ"
    );
    let rank = |options: &str| {
        let ranks = (0..4).map(|seed| {
            sandbox
                .run(&format!(
                    "{SEARCH} --preset adversarial {options} --queries 8 --seed {seed} --json out.json"
                ))
                .success();
            sandbox.json("out.json")["best_rank"].as_f64().unwrap()
        });
        ranks.sum::<f64>()
    };
    let (without, with) = (rank(""), rank("--pretrained networks.json"));
    assert!(with < 0.7 * without, "{with} and {without}");
}

#[test]
fn a_run_from_pretrained_networks_is_resumed_as_it_would_have_gone_on() {
    let sandbox = tasks();
    sandbox
        .run(&format!("{PRETRAIN} --rounds 2 --out networks.json"))
        .success();
    for preset in ["adversarial", "paper-learned+initial=10+batch=10"] {
        let (preset, set) = preset.split_once('+').unwrap_or((preset, ""));
        let set: String = set
            .split('+')
            .filter(|setting| !setting.is_empty())
            .map(|setting| format!(" --set {setting}"))
            .collect();
        let search = format!("{SEARCH} --preset {preset}{set} --pretrained networks.json");
        let folder = |name: &str| format!("{name}-{preset}");
        sandbox
            .run(&format!("{search} --queries 40 --out {}", folder("whole")))
            .success();
        sandbox
            .run(&format!("{search} --queries 22 --out {}", folder("run")))
            .success();
        sandbox
            .run(&format!("resume {} --queries 40", folder("run")))
            .success();
        assert_eq!(
            sandbox.trace(&folder("whole")),
            sandbox.trace(&folder("run"))
        );
    }
    let networks = sandbox.read("networks.json");
    sandbox.write(
        "networks.json",
        networks.replace("\"seed\": 0", "\"seed\": 1"),
    );
    sandbox
        .run("resume run-adversarial --queries 50")
        .code(2)
        .stderr(contains("task.pretrained.digest"));
}

#[test]
fn networks_that_cannot_be_used_are_refused() {
    let sandbox = tasks();
    sandbox
        .run(&format!("{PRETRAIN} --rounds 1 --out networks.json"))
        .success();
    let networks = sandbox.read("networks.json");
    sandbox.write(
        "newer.json",
        networks.replace("\"version\": 1", "\"version\": 9"),
    );
    sandbox.write(
        "other.json",
        networks.replace("\"space_digest\": \"", "\"space_digest\": \"0"),
    );
    sandbox.write("torn.json", &networks[..networks.len() / 2]);
    sandbox.write("damaged.json", networks.replace("\"truth\"", "\"truths\""));
    for (options, words) in [
        (
            "--pretrained missing.json",
            "missing.json: there is no such file",
        ),
        ("--pretrained task.csv", "not a file of pretrained networks"),
        (
            "--pretrained torn.json",
            "not a file of pretrained networks",
        ),
        ("--pretrained damaged.json", "the file is damaged"),
        (
            "--pretrained newer.json",
            "it has version 9, and this program reads version 1",
        ),
        (
            "--pretrained other.json",
            "for the space `chain` of another content",
        ),
        (
            "--pretrained networks.json --set generator.width=16",
            "the pretrained networks have another `generator.width`",
        ),
    ] {
        sandbox
            .run(&format!(
                "{SEARCH} --preset adversarial {options} --queries 9"
            ))
            .code(2)
            .stderr(contains(words.to_owned()));
    }
    sandbox
        .run("search --table nasbench201 --preset adversarial --pretrained networks.json --queries 9")
        .code(2)
        .stderr(contains(
            "the networks are for the space `chain`, and this search is on `nasbench201`",
        ));
    for strategy in ["ga-nas", "evolution"] {
        sandbox
            .run(&format!(
                "{SEARCH} --strategy {strategy} --pretrained networks.json --queries 9"
            ))
            .code(2)
            .stderr(contains(
                "cannot use what `--pretrained` names; leave that out, or take one of ga-nas:paper-setup1",
            ));
    }
    sandbox.write("few.csv", "arch,score\na;a;a;a,1\nb;b;b;b,2\n");
    let with = |options: &str| format!("pretrain --space chain.toml {options}");
    for (command, words) in [
        (with("--prior first.csv"), "add `--out FILE`"),
        (with("--out x.json"), "add `--prior FILE:COLUMN`"),
        (
            with("--prior few.csv --out x.json"),
            "pretraining takes at least 25",
        ),
        (
            with("--prior first.csv:scor --out x.json"),
            "did you mean `score`?",
        ),
        (
            with("--prior first.csv --rounds 0 --out x.json"),
            "`--rounds` at least 1",
        ),
        (
            with("--prior first.csv --prior first.csv --out x.json"),
            "it is named twice",
        ),
    ] {
        sandbox
            .run(&command)
            .code(2)
            .stderr(contains(words.to_owned()));
    }
}
