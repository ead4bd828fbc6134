use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::space::{Rules, from_toml};

const GPT: &str = r#"
name = "gpt"
kind = "config"
[[choice]]
name = "embed"
values = [192, 384, 768]
[[choice]]
name = "bias"
values = ["bias", "nobias"]
[[choice]]
name = "layers"
low = 1
high = 3
[[choice]]
name = "heads"
values = [4, 8, 12]
repeat = "layers"
[metrics]
width = "embed"
heads = "sum(heads)"
"#;

const TRAINING: &str = r#"
name = "training"
kind = "config"
constraints = ["units <= 64 or optimizer == adam"]
[[choice]]
name = "momentum"
low = 0.8
high = 0.99
steps = 3
when = "optimizer == sgd"
[[choice]]
name = "optimizer"
values = ["sgd", "adam"]
[[choice]]
name = "lr"
low = 1e-4
high = 1e-1
log = true
steps = 4
default = 0.001
[[choice]]
name = "units"
values = [16, 64, 256]
[[choice]]
name = "amp"
values = [true, false]
[metrics]
cost = "units^2 * if(amp == true, 1, 2) + default(momentum, 0)"
[cell]
kind = "edge-cell"
nodes = 3
ops = ["none", "skip"]
"#;

fn space(text: &str) -> Box<dyn SearchSpace> {
    from_toml(text).unwrap()
}

fn refused(text: &str) -> String {
    match from_toml(text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => error.to_string(),
    }
}

fn all(space: &dyn SearchSpace) -> Vec<Arch> {
    let mut archs = Vec::new();
    space.enumerate(&mut |arch| archs.push(arch)).unwrap();
    archs
}

#[test]
fn configurations_are_counted_enumerated_and_drawn_uniformly() {
    let gpt = space(GPT);
    // 3 + 9 + 27 ways to choose heads, times 3 widths and 2 biases.
    assert_eq!(gpt.size(), Some(39 * 6));
    // The momentum of sgd has 3 values; sgd takes 2 of 3 units; 2^3 cells.
    let training = space(TRAINING);
    assert_eq!(training.size(), Some((3 * 2 + 3) * 4 * 2 * 8));
    for space in [gpt, training] {
        let archs = all(&*space);
        let distinct: BTreeSet<&Arch> = archs.iter().collect();
        assert_eq!(
            (archs.len(), distinct.len()),
            (distinct.len(), space.size().unwrap() as usize)
        );
        let mut rng = Rng::stream(0, "config");
        let mut counts: BTreeMap<Arch, usize> = BTreeMap::new();
        let draws = 100 * archs.len();
        for _ in 0..draws {
            let arch = space.sample(Sampler::Uniform, &mut rng);
            *counts.entry(arch).or_default() += 1;
        }
        assert_eq!(counts.len(), archs.len());
        // Five standard deviations of a count with mean 100.
        assert!(
            counts.values().all(|&n| n.abs_diff(100) <= 50),
            "{counts:?}"
        );
    }
}

#[test]
fn rare_configurations_are_drawn_uniformly() {
    // One in 2^14 strings meets the constraint.
    let choice = |i: usize| format!("[[choice]]\nname = \"c{i}\"\nlow = 0\nhigh = 1\n");
    let choices: String = (0..16).map(choice).collect();
    let sum = (0..16)
        .map(|i| format!("c{i}"))
        .collect::<Vec<_>>()
        .join(" + ");
    let text = format!("name = 'rare'\nkind = 'config'\nconstraints = ['{sum} >= 15']\n{choices}");
    let space = space(&text);
    assert_eq!(space.size(), Some(17));
    let mut rng = Rng::stream(0, "rare");
    let mut counts: BTreeMap<Arch, usize> = BTreeMap::new();
    for _ in 0..17_000 {
        *counts
            .entry(space.sample(Sampler::Uniform, &mut rng))
            .or_default() += 1;
    }
    assert_eq!(counts.len(), 17);
    assert!(
        counts.values().all(|n| n.abs_diff(1000) < 160),
        "{counts:?}"
    );
}

#[test]
fn configurations_are_drawn_by_their_weights() {
    let text = "name = 'w'\nkind = 'config'\nconstraints = ['a + b <= 3']\n\
        [[choice]]\nname = 'a'\nlow = 0\nhigh = 3\nprior = 2\nconfidence = 'low'\n\
        [[choice]]\nname = 'b'\nlow = 0\nhigh = 3\n\
        [[choice]]\nname = 'c'\nvalues = ['x', 'y', 'z']\nweights = [1, 2, 5]\n\
        [[choice]]\nname = 'd'\nvalues = ['p', 'q']\nprior = 'q'\nconfidence = 'high'\nwhen = 'c == x'\n";
    let space = space(text);
    assert!(space.has_weights());
    let archs = all(&*space);
    let weights: Vec<f64> = archs
        .iter()
        .map(|arch| space.log_weight(arch).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    let mut rng = Rng::stream(0, "weights");
    let mut counts: BTreeMap<Arch, usize> = BTreeMap::new();
    let draws = 100_000;
    for _ in 0..draws {
        let arch = space.sample_weighted(&mut rng).unwrap();
        *counts.entry(arch).or_default() += 1;
    }
    for (arch, weight) in archs.iter().zip(weights) {
        let expected = f64::from(draws) * weight / sum;
        let found = counts.get(arch).copied().unwrap_or(0) as f64;
        let off = (found - expected).abs();
        assert!(
            off < 5.0 * expected.sqrt() + 5.0,
            "{}: {found}, not {expected}",
            space.format(arch)
        );
    }
    // `q` is 64 times as likely as `p`, and `z` five times as likely as `x`.
    let weight = |text: &str| space.log_weight(&space.parse(text).unwrap());
    assert!((weight("a=2;b=0;c=x;d=q") - weight("a=2;b=0;c=x;d=p") - 64f64.ln()).abs() < 1e-12);
    assert!((weight("a=2;b=0;c=z") - weight("a=2;b=0;c=x;d=q") - 5f64.ln()).abs() < 1e-12);
    assert_eq!(weight("a=2;b=0;c=z"), 0.0);
}

#[test]
fn every_text_is_read_back() {
    for text in [GPT, TRAINING] {
        let space = space(text);
        for arch in all(&*space) {
            space.check(&arch).unwrap();
            let written = space.format(&arch);
            assert_eq!(space.parse(&written), Ok(arch), "{written}");
            let graph = space.graph(&arch);
            assert_eq!(space.arch(&graph), Ok(arch));
            assert_eq!(space.violations(&graph), 0);
        }
    }
}

#[test]
fn notations_of_other_tools_are_read() {
    let space = space(GPT);
    let own = space
        .parse("embed=384;bias=nobias;layers=2;heads.1=4;heads.2=12")
        .unwrap();
    for text in [
        r#"{"embed": 384, "bias": "nobias", "layers": 2, "heads": [4, 12]}"#,
        "{'layers': 2, 'embed': 384.0, 'bias': 'nobias', 'heads.1': 4, 'heads.2': 12}",
        "{'layers': 2, 'embed': 384, 'bias': 'nobias', 'heads_1': 4, 'heads[2]': 12, 'heads_3': 7}",
        "heads.2=12; heads.1=4; heads.3=; layers=2; bias=nobias; embed=384",
    ] {
        assert_eq!(space.parse(text), Ok(own), "{text}");
    }
    for (text, words) in [
        (
            "embed=384;bias=nobias;layers=2;heads.1=4",
            "`heads.2` is missing",
        ),
        (
            "embed=400;bias=bias;layers=1;heads.1=4",
            "the nearest is 384",
        ),
        (
            "embed=384;bias=nobais;layers=1;heads.1=4",
            "did you mean `nobias`?",
        ),
        (
            "embde=384;bias=nobias;layers=1;heads.1=4",
            "did you mean `embed`?",
        ),
        (
            "embed=384;embed=192;bias=bias;layers=1;heads.1=4",
            "`embed` has two values",
        ),
        (
            "192",
            "a configuration looks like `embed=192;bias=bias;layers=1;..`",
        ),
    ] {
        let error = space.parse(text).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn conditions_defaults_and_rules_hold() {
    let space = space(TRAINING);
    let cell = "cell=|none~0|+|skip~0|none~1|";
    let adam = space
        .parse(&format!(
            "optimizer=adam;units=256;amp=True;momentum=0.8;{cell}"
        ))
        .unwrap();
    assert_eq!(
        space.format(&adam),
        format!("optimizer=adam;lr=0.001;units=256;amp=true;{cell}")
    );
    assert_eq!(space.cost(&adam, 0), 65536.0);
    let error = space.parse(&format!(
        "optimizer=sgd;units=256;amp=true;momentum=0.8;{cell}"
    ));
    assert_eq!(
        error.unwrap_err(),
        "the configuration breaks `units <= 64 or optimizer == adam`"
    );
    let sgd = space
        .parse(&format!(
            "optimizer=sgd;units=16;amp=false;momentum=0.99;{cell}"
        ))
        .unwrap();
    assert!((space.cost(&sgd, 0) - 512.99).abs() < 1e-9);
}

#[test]
fn edits_are_small_valid_and_lead_everywhere() {
    for text in [GPT, TRAINING] {
        let space = space(text);
        let archs = all(&*space);
        let mut reached = BTreeSet::from([archs[0]]);
        let mut open = vec![archs[0]];
        while let Some(arch) = open.pop() {
            for edit in space.neighbors(&arch) {
                space.check(&edit).unwrap();
                assert!(edit != arch && space.distance(&arch, &edit) > 0);
                if reached.insert(edit) {
                    open.push(edit);
                }
            }
        }
        assert_eq!(reached.len(), archs.len());
    }
    let gpt = space(GPT);
    let arch = gpt.parse("embed=192;bias=bias;layers=1;heads.1=8").unwrap();
    let edits: BTreeSet<String> = gpt.neighbors(&arch).iter().map(|a| gpt.format(a)).collect();
    let wanted = [
        "embed=192;bias=bias;layers=1;heads.1=12",
        "embed=192;bias=bias;layers=1;heads.1=4",
        // A layer that is added is like the one before.
        "embed=192;bias=bias;layers=2;heads.1=8;heads.2=8",
        "embed=192;bias=nobias;layers=1;heads.1=8",
        "embed=384;bias=bias;layers=1;heads.1=8",
    ];
    assert_eq!(edits, wanted.map(str::to_owned).into());
}

#[test]
fn graphs_grow_under_the_rules() {
    for text in [GPT, TRAINING] {
        let space = space(text);
        let mut rng = Rng::stream(1, "growth");
        for _ in 0..300 {
            let mut graph = Graph::default();
            loop {
                let labels = space.labels(&graph, Rules::Enforced);
                let options: Vec<u8> = (0..128).filter(|l| labels >> l & 1 == 1).collect();
                if options.is_empty() {
                    break;
                }
                let label = *rng.choose(&options);
                let links = (0..graph.len()).fold(0, |chosen, from| {
                    match space.link(&graph, label, chosen, from, Rules::Enforced) {
                        crate::space::Link::MayNot => chosen,
                        _ => chosen | 1 << from,
                    }
                });
                graph.push(label, links);
            }
            assert_eq!(space.violations(&graph), 0);
            space.check(&space.arch(&graph).unwrap()).unwrap();
        }
    }
}

#[test]
fn many_choices_are_no_limit() {
    let text = "name = 'large'\nkind = 'config'\n[[choice]]\nname = 'layers'\nlow = 1\nhigh = 256\nsteps = 5\nlog = true\n\
                [[choice]]\nname = 'w'\nlow = 1e-3\nhigh = 1.0\nlog = true\nrepeat = 'layers'\n";
    let space = space(text);
    assert_eq!(space.size(), None);
    let mut rng = Rng::stream(0, "large");
    let arch = space.sample(Sampler::Uniform, &mut rng);
    assert_eq!(arch.ops().len(), 257);
    assert_eq!(space.parse(&space.format(&arch)), Ok(arch));
    assert_eq!(space.arch(&space.graph(&arch)), Ok(arch));
    assert!(!space.neighbors(&arch).is_empty());
}

#[test]
fn bad_files_are_refused_with_a_mend() {
    let with =
        |choice: &str| format!("name = 'bad'\nkind = 'config'\n[[choice]]\nname = 'a'\n{choice}");
    for (text, words) in [
        ("name = 'bad'\nkind = 'config'".to_owned(), "the space has no choice"),
        (with("low = 3\nhigh = 1"), "`low = 3` is above `high = 1`; swap them"),
        (with("low = 0\nhigh = 1.0\nlog = true"), "has no logarithm"),
        (with("low = 1\nhigh = 1000"), "1000 values are too many"),
        (with("values = []"), "`values` is empty"),
        (with("values = [1, 2, 1]"), "the value `1` is there twice"),
        (with("values = [1, 2]\nweights = [1]"), "1 `weights` for 2 values"),
        (with("values = [1, 2]\nweights = [1, 0]"), "the weight 0 is not above 0"),
        (with("values = [1, 2]\nweights = [1, 2]\nprior = 1"), "give one of the two"),
        (with("values = [1, 2]\nprior = 'x'"), "`prior`: "),
        (with("values = [1, 2]\nconfidence = 'high'"), "`confidence` without `prior`"),
        (with("values = [1, 2]\nprior = 1\nconfidence = 'sure'"), "unknown variant `sure`"),
        (with("low = 1"), "needs `values`, or `low` and `high`"),
        (with("values = [1, 2]\ndefault = 3"), "the nearest is 2"),
        (with("values = [1, 2]\nrepeat = 'b'"), "names no choice before it"),
        (with("values = [1, 2]\nwhen = 'b == 1'"), "no choice is called `b`"),
        (
            with("values = [1, 2]\nwhen = 'b == 1'\n[[choice]]\nname = 'b'\nvalues = [1]\nwhen = 'a == 1'"),
            "the conditions of `a`, `b` depend on each other",
        ),
        (with("values = [1, 2]\n[[choice]]\nname = 'a'\nvalues = [1]"), "`a` is there twice"),
        (with("values = [0, 2]\n[metrics]\ncost = '1 / a'"), "is not a finite number in `a=0`"),
        (
            with("values = [1, 2]\n[[choice]]\nname = 'b'\nvalues = [1]\nwhen = 'a == 1'\n[metrics]\ncost = 'b'"),
            "use `default(b, 0)`",
        ),
        (with("values = [1, 2]\n[metrics]\ncost = 'sun(a)'"), "did you mean `sum`?"),
        (with("values = ['x', 'yes']\n[metrics]\ncost = 'if(a == yex, 1, 2)'"), "did you mean `yes`?"),
        (with("values = [1, 2]\n[metrics]\ncost = 'a +'"), "the expression ends too early"),
        (with("values = [1, 2]\nlowest = 3"), "unknown field `lowest`"),
        (
            "name = 'bad'\nkind = 'config'\nconstraints = ['a > 3']\n[[choice]]\nname = 'a'\nvalues = [1, 2]".into(),
            "no configuration meets the constraints",
        ),
    ] {
        let error = refused(&text);
        assert!(error.contains(words), "{text}\n{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn published_spaces_have_their_sizes() {
    let sizes = [
        ("fcnet", 62_208),
        (
            "hwgpt-s",
            3 * 2 * (9u128.pow(10) + 9u128.pow(11) + 9u128.pow(12)),
        ),
        (
            "autoformer-tiny",
            3 * (4u128.pow(12) + 4u128.pow(13) + 4u128.pow(14)),
        ),
        ("jahs", 3 * 2 * 64 * 64 * 27 * 15_625),
    ];
    for (name, size) in sizes {
        assert_eq!(
            crate::space::load(name).unwrap().size(),
            Some(size),
            "{name}"
        );
    }
    for name in ["hwgpt-m", "hwgpt-l"] {
        let space = crate::space::load(name).unwrap();
        let arch = space.sample(Sampler::Uniform, &mut Rng::stream(0, name));
        assert_eq!(space.parse(&space.format(&arch)), Ok(arch));
    }
    let gpt = crate::space::load("hwgpt-s").unwrap();
    let layers = ["h12m2", "h4m2"]
        .map(|layer| [layer; 5].join(";"))
        .join(";");
    let arch = gpt
        .parse(&format!("e192;nobias;{layers};none;none"))
        .unwrap();
    assert!(
        gpt.format(&arch)
            .starts_with("embed=192;bias=nobias;layers=10;heads.1=12")
    );
    assert_eq!(gpt.cost(&arch, 0), 192.0 * 192.0 * (40.0 + 40.0));
}
