//! Facts about the spaces of mobile networks.

use std::collections::HashMap;

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::{
    Sampler, SearchSpace, accel_nasbench, efficientnet_b0, load, ofa_mobilenetv3, proxylessnas,
};

/// Weights and multiply-adds of a named point.
fn costs(space: &str, name: &str) -> (f64, f64) {
    let space = load(space).unwrap();
    let arch = space.parse(name).unwrap();
    assert_eq!(space.costs(), ["params", "macs"]);
    (space.cost(&arch, 0), space.cost(&arch, 1))
}

#[test]
fn efficientnet_b0_has_its_weights_and_multiply_adds() {
    // The weights of the authors' network; "0.39B" multiply-adds in table 8 of Tan & Le 2019.
    let (params, macs) = costs("efficientnet-b0", "efficientnet-b0");
    assert_eq!((params, macs), (5_288_548.0, 385_814_752.0));
}

#[test]
fn the_published_proxyless_nets_have_their_weights_and_multiply_adds() {
    // Weights of the published models; the authors state 320M and 465M multiply-adds for the
    // first two.
    for (space, name, params, millions) in [
        ("proxylessnas", "proxylessnas-mobile", 4_080_512.0, 320.0),
        ("proxylessnas-gpu", "proxylessnas-gpu", 7_119_848.0, 465.0),
        ("proxylessnas-cpu", "proxylessnas-cpu", 4_361_648.0, 439.0),
        // GA-NAS (arXiv 2105.09356), table 6: 4.4M.
        (
            "proxylessnas",
            "proxylessnas-gpu-layers",
            4_363_024.0,
            271.0,
        ),
    ] {
        let (found, macs) = costs(space, name);
        assert_eq!(found, params, "{name}");
        assert_eq!((macs / 1e6).round(), millions, "{name}");
    }
}

#[test]
fn published_networks_are_named_in_the_spaces_that_hold_them() {
    let b0 = costs("efficientnet-b0", "efficientnet-b0");
    let (params, _) = costs("accel-nasbench", "efficientnet-b0");
    assert_eq!(params, b0.0 / 1e6);
    // Published models of MobileNetV3-Large have 5,483,032 weights. Here 152 channels more are
    // expanded to (of 80 channels, with kernels of 3 and two batch norms), and the last
    // convolution, of 1,280 channels, has no bias.
    let (params, _) = costs("ofa-mobilenetv3", "mobilenetv3-large");
    assert_eq!(
        params,
        5_483_032.0 + 152.0 * (80.0 + 2.0 + 9.0 + 2.0 + 80.0) - 1280.0
    );
    let space = ofa_mobilenetv3();
    let extremes = ["smallest", "largest"].map(|name| costs("ofa-mobilenetv3", name));
    let mut rng = Rng::stream(3, "test");
    for _ in 0..200 {
        let arch = space.sample(Sampler::Uniform, &mut rng);
        for cost in 0..2 {
            let of = |(params, macs): (f64, f64)| [params, macs][cost];
            let range = of(extremes[0])..=of(extremes[1]);
            assert!(range.contains(&space.cost(&arch, cost)));
        }
    }
}

#[test]
fn an_unknown_name_is_refused_with_those_that_there_are() {
    for (space, name, message) in [
        ("nasbench101", "resnett", "did you mean `resnet`?"),
        ("nasbench101", "vgg", "the names are resnet, inception"),
        (
            "ofa-mobilenetv3",
            "mobilenet-v3-large",
            "did you mean `mobilenetv3-large`?",
        ),
        ("nasbench301", "dart-v1", "did you mean `darts-v1`?"),
    ] {
        let error = load(space).unwrap().parse(name).unwrap_err();
        assert_eq!(error, format!("no architecture has this name; {message}"));
    }
}

#[test]
fn sizes_are_products_over_stages() {
    // Of a stage with up to n free layers of b blocks: b + b^2 + .. + b^n.
    let sum = |blocks: u128, depths: std::ops::RangeInclusive<u32>| -> u128 {
        depths.map(|d| blocks.pow(d)).sum()
    };
    let b0: u128 = [1, 2, 2, 3, 3, 4, 1]
        .map(|n| sum(6, 1..=n))
        .iter()
        .product();
    assert_eq!(efficientnet_b0().size(), Some(b0));
    assert_eq!(proxylessnas().size(), Some(sum(6, 1..=4).pow(5) * 6));
    assert_eq!(ofa_mobilenetv3().size(), Some(sum(9, 2..=4).pow(5)));
    // 12 blocks, 1 to 3 layers, 4 in one stage.
    assert_eq!(accel_nasbench().size(), Some(36u128.pow(6) * 48));
    assert!(efficientnet_b0().enumerate(&mut |_| ()).is_err());
}

#[test]
fn draws_are_uniform_over_networks() {
    // Of the architectures of `efficientnet-b0`, 6 in 42 have a second stage of one layer; of
    // those of `accel-nasbench`, a third.
    let share = |space: &dyn SearchSpace, slot: usize| {
        let mut rng = Rng::stream(0, "test");
        let skip = space.ops().len() as u8 - 1;
        let draws = (0..20_000).map(|_| space.sample(Sampler::Uniform, &mut rng));
        draws.filter(|a| a.ops()[slot] == skip).count() as f64 / 20_000.0
    };
    assert!((share(&efficientnet_b0(), 2) - 6.0 / 42.0).abs() < 0.01);
    assert!((share(&accel_nasbench(), 1) - 1.0 / 3.0).abs() < 0.015);
}

#[test]
fn a_removed_layer_is_the_same_wherever_it_stood() {
    let space = proxylessnas();
    let a = format!(
        "3x3_MBConv3;Zero;5x5_MBConv6;Zero{}",
        ";7x7_MBConv3".repeat(17)
    );
    let b = format!(
        "3x3_MBConv3;5x5_MBConv6;Zero;Zero{}",
        ";7x7_MBConv3".repeat(17)
    );
    assert_eq!(space.parse(&a), space.parse(&b));
    assert_eq!(space.format(&space.parse(&a).unwrap()), b);

    let space = ofa_mobilenetv3();
    let text = |slot: char| {
        let stage = format!("57{slot}{slot}");
        format!(
            "ks={};e={};d=22222",
            stage.repeat(5),
            format!("46{slot}{slot}").repeat(5)
        )
    };
    assert_eq!(space.parse(&text('3')), space.parse(&text('0')));
    assert_eq!(space.format(&space.parse(&text('7')).unwrap()), text('3'));
}

#[test]
fn block_strings_need_not_say_what_follows_from_the_rest() {
    let space = efficientnet_b0();
    let full = "r1_k5_s11_e1_i32_o16_se0.25;r1_k3_s22_e6_i16_o24_se0.25;\
                r1_k5_s11_e3_i24_o24_se0.25;r2_k5_s22_e6_i24_o40_se0.25;\
                r1_k3_s22_e1_i40_o80_se0.25;r3_k5_s11_e6_i80_o112_se0.25;\
                r4_k5_s22_e6_i112_o192_se0.25;r1_k3_s11_e6_i192_o320_se0.25";
    let short = "r1_k5_e1_o16; r1_k3_s2_e6_o24; r1_k5_e3_o24; r1_k5_e6_o40; r1_k5_e6_i40_o40;\
                 r1_k3_e1_o80; r3_k5_e6_o112; r4_k5_e6_o192; r1_k3_e6_o320";
    let arch = space.parse(short).unwrap();
    assert_eq!(space.format(&arch), full);
    assert_eq!(space.parse(full), Ok(arch));
}

#[test]
fn wrong_notations_name_the_place_and_the_mend() {
    let ofa = |ks: &str, e: &str, d: &str| format!("ks={ks};e={e};d={d}");
    let (threes, depths) = ("3".repeat(20), "22222");
    let accel = |first: &str| format!("{first}{}", ";e1_k3_l1_se0".repeat(6));
    for (space, text, message) in [
        (
            "efficientnet-b0",
            "r1_k3_e1_o16;r1_k7_e6_o24".into(),
            "stage 2: there is no block `mb6_k7`; the blocks are mb1_k3, mb1_k5,",
        ),
        (
            "efficientnet-b0",
            "r1_k3_e1_o16;r3_k3_e6_o24".into(),
            "block string 2 (`r3_k3_e6_o24`): its stage has 2 layers at most; repeat less",
        ),
        (
            "efficientnet-b0",
            "r1_k3_s22_e1_o16".into(),
            "block string 1 (`r1_k3_s22_e1_o16`): its stride is 1; write `s11`",
        ),
        (
            "efficientnet-b0",
            "r1_k3_e1_o16".into(),
            "stage 2: 0 layers; give it 1 to 2",
        ),
        (
            "efficientnet-b0",
            "mb1_k3".into(),
            "block string 1 (`mb1_k3`): unknown field `mb1`; use r, k,",
        ),
        (
            "proxylessnas",
            "3x3_MBConv3;3x3_MBConv3".into(),
            "2 layers where there are 21; write `Zero` for those that are removed",
        ),
        (
            "proxylessnas",
            format!("3x3_MBConv3{}", ";3x3_MBConv4".repeat(20)),
            "layer 2: unknown op `3x3_MBConv4`; did you mean `3x3_MBConv3`?",
        ),
        (
            "proxylessnas",
            format!("Zero;Zero;Zero;Zero{}", ";3x3_MBConv3".repeat(17)),
            "stage 1: 0 layers; give it 1 to 4",
        ),
        (
            "ofa-mobilenetv3",
            ofa(&format!("34{}", &threes[2..]), &threes, depths),
            "`ks` has 4 at place 2; use 3, 5, 7",
        ),
        (
            "ofa-mobilenetv3",
            ofa(&threes, &threes[1..], depths),
            "`e` has 19 digits where there are 20; give it one a layer slot",
        ),
        (
            "ofa-mobilenetv3",
            ofa(&threes, &threes, "22252"),
            "`d` has 5 at place 4; use 2, 3, 4",
        ),
        (
            "ofa-mobilenetv3",
            threes.clone(),
            "`ks=` is not in its place; write it like `ks=333..;e=346..;d=23432`",
        ),
        (
            "accel-nasbench",
            accel("e5_k3_l1_se0"),
            "stage 1: there is no block `mb5_k3`; the blocks are mb1_k3, mb1_k3_se,",
        ),
        (
            "accel-nasbench",
            accel("e1_k3_l4_se0"),
            "stage 1 (`e1_k3_l4_se0`): 4 layers; give it 1 to 3",
        ),
        (
            "accel-nasbench",
            accel("e1_k3_l4_se2"),
            "stage 1 (`e1_k3_l4_se2`): `se2` is neither `se0` nor `se1`",
        ),
    ] {
        let error = load(space).unwrap().parse(&text).unwrap_err();
        assert!(
            error.starts_with(message),
            "{error:?} instead of {message:?}"
        );
    }
}

#[test]
fn neighbors_are_single_edits_both_ways() {
    for name in ["efficientnet-b0", "ofa-mobilenetv3", "accel-nasbench"] {
        let space = load(name).unwrap();
        let mut rng = Rng::stream(1, "test");
        let arch = space.sample(Sampler::Uniform, &mut rng);
        let neighbors = space.neighbors(&arch);
        assert!(
            neighbors.iter().all(|n| space.neighbors(n).contains(&arch)),
            "{name}"
        );
    }
    // Seven stages: 11 other blocks, and a layer more, or less, or either.
    let space = accel_nasbench();
    let arch = space.parse("e1_k3_l2_se0;e1_k3_l1_se0;e1_k3_l3_se0;e1_k3_l1_se0;e1_k3_l1_se0;e1_k3_l4_se0;e1_k3_l1_se0").unwrap();
    assert_eq!(space.neighbors(&arch).len(), 7 * 11 + 2 + 6);
}

#[test]
fn distinct_architectures_are_distinct_texts() {
    for name in [
        "efficientnet-b0",
        "proxylessnas",
        "ofa-mobilenetv3",
        "accel-nasbench",
    ] {
        let space = load(name).unwrap();
        let mut rng = Rng::stream(2, "test");
        let mut seen: HashMap<String, Arch> = HashMap::new();
        for _ in 0..2000 {
            let arch = space.sample(Sampler::Uniform, &mut rng);
            assert_eq!(*seen.entry(space.format(&arch)).or_insert(arch), arch);
        }
    }
}
