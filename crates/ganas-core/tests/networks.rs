//! Equal networks are one architecture.

use std::collections::{HashMap, HashSet};

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::{Roles, Sampler, SearchSpace, from_toml, nasbench201};

const LAYERS: &str = "name = 'layers'\nkind = 'chain'\nlength = 4\n\
    ops = ['none', 'a', 'b', 'c', 'd']\nabsent = ['none']";

fn all(space: &dyn SearchSpace) -> HashSet<Arch> {
    let mut all = HashSet::new();
    space
        .enumerate(&mut |arch| assert!(all.insert(arch), "{arch:?} twice"))
        .unwrap();
    all
}

fn names(space: &dyn SearchSpace, archs: &[Arch]) -> Vec<String> {
    archs.iter().map(|arch| space.format(arch)).collect()
}

#[test]
fn chains_that_differ_by_absent_blocks_are_one() {
    let space = from_toml(LAYERS).unwrap();
    let parse = |text: &str| space.parse(text).unwrap();
    assert_eq!(parse("none;none;d;c"), parse("d;c;none;none"));
    assert_eq!(parse("none;d;none;c"), parse("d;c;none;none"));
    assert_ne!(parse("c;d;none;none"), parse("d;c;none;none"));
    assert_eq!(space.format(&parse("none;d;none;c")), "d;c;none;none");
    // 1 + 4 + 16 + 64 + 256 sequences of layers.
    assert_eq!(space.size(), Some(341));
    assert_eq!(all(&*space).len(), 341);
}

#[test]
fn neighbours_have_one_layer_replaced_removed_or_inserted() {
    let space = from_toml(
        "name = 'c'\nkind = 'chain'\nlength = 3\nops = ['a', 'b', 'id']\nidentity = ['id']",
    )
    .unwrap();
    let found = space.neighbors(&space.parse("a;id;b").unwrap());
    let mut found = names(&*space, &found);
    found.sort();
    let expected = [
        "a;a;b", "a;a;id", "a;b;a", "a;b;b", "a;id;id", "b;a;b", "b;b;id", "b;id;id",
    ];
    assert_eq!(found, expected);
}

#[test]
fn samples_are_even_over_networks() {
    let space =
        from_toml("name = 'c'\nkind = 'chain'\nlength = 3\nops = ['none', 'a']\nabsent = ['none']")
            .unwrap();
    let mut rng = Rng::stream(0, "networks");
    let mut counts: HashMap<Arch, usize> = HashMap::new();
    for _ in 0..4000 {
        let arch = space.sample(Sampler::Uniform, &mut rng);
        *counts.entry(arch).or_default() += 1;
    }
    assert_eq!(counts.len(), 4);
    // Each 1,000 times: five standard deviations.
    assert!(
        counts.values().all(|n| n.abs_diff(1000) < 140),
        "{counts:?}"
    );
}

#[test]
fn blocks_move_within_their_stage() {
    let staged = format!("{LAYERS}\nstages = [2, 2]");
    let space = from_toml(&staged).unwrap();
    let parse = |text: &str| space.parse(text).unwrap();
    assert_eq!(parse("none;a;b;none"), parse("a;none;none;b"));
    assert_ne!(parse("a;b;none;none"), parse("a;none;b;none"));
    assert_eq!(space.size(), Some(21 * 21));
    let cells = "name = 'e'\nkind = 'edge-cell'\nnodes = 3\nops = ['a']\nstages = [1]";
    for text in [
        format!("{LAYERS}\nstages = [2, 3]"),
        format!("{LAYERS}\nstages = [4, 0]"),
        LAYERS.replace("absent = ['none']", "stages = [2, 2]"),
        cells.into(),
    ] {
        let refused = from_toml(&text).is_err_and(|e| e.to_string().contains("stages"));
        assert!(refused, "{text}");
    }
}

#[test]
fn long_chains_are_counted_and_sampled_at_once() {
    let text = "name = 'l'\nkind = 'chain'\nlength = 62\nops = ['a', 'none']\nabsent = ['none']";
    let space = from_toml(text).unwrap();
    assert_eq!(space.size(), Some(63));
    assert_eq!(all(&*space).len(), 63);
    let arch = space.parse(&["none"; 62].join(";")).unwrap();
    assert_eq!(space.neighbors(&arch).len(), 1);
    space.sample(Sampler::Uniform, &mut Rng::stream(1, "long"));
}

#[test]
fn ops_without_a_layer_are_checked() {
    for (text, what) in [
        (
            LAYERS.replace("absent = ['none']", "absent = ['nothing']"),
            "`absent`: unknown op `nothing`",
        ),
        (
            format!("{LAYERS}\nidentity = ['none']"),
            "`none` is both in `absent` and in `identity`",
        ),
        (
            format!("{LAYERS}\n[metrics]\nparams = {{ none = 1 }}"),
            "op `none` has no layer, but a cost",
        ),
    ] {
        let said = from_toml(&text).err().unwrap().to_string();
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn edge_cells_that_compute_the_same_are_one() {
    let plain =
        "name = 'e'\nkind = 'edge-cell'\nnodes = 4\nops = ['none', 'skip_connect', 'conv']\n";
    let edges = format!("{plain}absent = ['none']\nidentity = ['skip_connect']");
    let space = from_toml(&edges).unwrap();
    let parse = |text: &str| space.parse(text).unwrap();
    let direct = parse("|none~0|+|none~0|none~1|+|conv~0|none~1|none~2|");
    for same in [
        "|conv~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|",
        "|skip_connect~0|+|none~0|conv~1|+|none~0|none~1|skip_connect~2|",
        "|none~0|+|conv~0|conv~1|+|none~0|none~1|skip_connect~2|",
    ] {
        assert_eq!(parse(same), direct, "{same}");
    }
    let size = space.size().unwrap();
    assert_eq!(all(&*space).len() as u128, size);
    assert!(size < 400, "{size}");
    // No cell of a class has fewer layers than the one that stands for it.
    let layers = |arch: &Arch| arch.ops().iter().filter(|op| **op == 2).count();
    let check = &mut |string: Arch| assert!(layers(&space.canonical(&string)) <= layers(&string));
    from_toml(plain).unwrap().enumerate(check).unwrap();
}

#[test]
fn cells_of_nasbench201_that_compute_the_same_are_one_only_if_asked() {
    let mut space = nasbench201();
    assert_eq!(space.size(), Some(15_625));
    let roles = Roles {
        absent: vec![0],
        identity: vec![1],
        ..Roles::default()
    };
    space.unify(&roles).unwrap();
    // As counted by comparing all orders of the layers of each cell. The benchmark's own 6,466
    // classes keep zeros as terms of sums, and the 5,390 of equal functions do not tell one layer
    // that is used twice from two.
    assert_eq!(space.size(), Some(5_425));
    space.unify(&Roles::default()).unwrap();
    assert_eq!(space.size(), Some(15_625));
}

#[test]
fn node_cells_lose_vertices_without_a_layer() {
    let text = "name = 'n'\nkind = 'node-cell'\nmax_vertices = 5\nmax_edges = 7\n\
        ops = ['none', 'skip', 'conv']\nabsent = ['none']\nidentity = ['skip']";
    let space = from_toml(text).unwrap();
    let parse = |text: &str| space.parse(text).unwrap();
    assert_eq!(
        parse("input;skip;conv;output|100101"),
        parse("input;conv;output|101")
    );
    // input -> conv -> output beside input -> none -> output.
    assert_eq!(
        parse("input;none;conv;output|110011"),
        parse("input;conv;output|101")
    );
    assert_eq!(
        parse("input;none;conv;output|100101"),
        parse("input;none;output|101")
    );
    let cells = all(&*space);
    assert_eq!(space.size(), Some(cells.len() as u128));
    let mut rng = Rng::stream(0, "cells");
    for _ in 0..200 {
        assert!(cells.contains(&space.sample(Sampler::Uniform, &mut rng)));
    }
}
