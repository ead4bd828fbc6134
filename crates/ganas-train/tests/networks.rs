//! Networks have the size that their space says.

use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace, from_toml, nasbench101, nasbench201};
use ganas_train::network::Op;
use ganas_train::{Frame, Plan};

fn cost(space: &dyn SearchSpace, arch: &ganas_core::arch::Arch, name: &str) -> usize {
    let index = space.costs().iter().position(|cost| cost == name).unwrap();
    space.cost(arch, index) as usize
}

fn sizes_are_the_costs(space: &dyn SearchSpace, sampler: Sampler, count: usize) {
    let mut rng = Rng::stream(7, "networks");
    for _ in 0..count {
        let arch = space.sample(sampler, &mut rng);
        let plan = Plan::build(space, &arch, &Frame::cifar10()).unwrap();
        let text = space.format(&arch);
        assert_eq!(plan.params(), cost(space, &arch, "params"), "{text}");
        assert_eq!(plan.macs(), cost(space, &arch, "macs"), "{text}");
        let names: std::collections::BTreeSet<_> = plan.weights.iter().map(|w| &w.name).collect();
        assert_eq!(names.len(), plan.weights.len(), "{text}");
    }
}

#[test]
fn nasbench101_networks_have_the_params_of_the_space() {
    sizes_are_the_costs(&nasbench101(), Sampler::Uniform, 300);
    sizes_are_the_costs(&nasbench101(), Sampler::Adjacency, 100);
}

#[test]
fn nasbench201_networks_have_the_params_of_the_space() {
    sizes_are_the_costs(&nasbench201(), Sampler::Uniform, 300);
}

#[test]
fn nasbench201_networks_of_one_op_have_the_params_of_the_space() {
    let space = nasbench201();
    for op in space.ops() {
        let text = format!("|{op}~0|+|{op}~0|{op}~1|+|{op}~0|{op}~1|{op}~2|");
        let arch = space.parse(&text).unwrap();
        let plan = Plan::build(&space, &arch, &Frame::cifar10()).unwrap();
        assert_eq!(plan.params(), cost(&space, &arch, "params"), "{op}");
    }
}

/// The benchmark lists 1.531546 million weights for the cell of 3x3 convolutions alone.
#[test]
fn known_sizes() {
    let space = nasbench201();
    let text = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+\
                |nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";
    let plan = Plan::build(&space, &space.parse(text).unwrap(), &Frame::cifar10()).unwrap();
    assert_eq!(plan.params(), 1_531_546);
}

#[test]
fn every_usual_op_builds_in_every_kind_of_space() {
    let ops = "[\"none\", \"skip_connect\", \"conv_3x3\", \"nor_conv_1x1\", \"sep_conv_5x5\", \
               \"dil_conv_3x3\", \"dw_conv_3x3\", \"max_pool_3x3\", \"avg_pool_5x5\", \"mb6_k3\", \
               \"mb1_k7\"]";
    let frame = Frame {
        image: [16, 16, 1],
        classes: 4,
        width: Some(6),
        depth: Some(1),
    };
    for fields in [
        "kind = \"chain\"\nlength = 7",
        "kind = \"edge-cell\"\nnodes = 4",
        "kind = \"node-cell\"\nmax_vertices = 6\nmax_edges = 9",
    ] {
        let space = from_toml(&format!("name = \"custom\"\n{fields}\nops = {ops}")).unwrap();
        let mut rng = Rng::stream(1, "networks");
        for _ in 0..40 {
            let arch = space.sample(space.samplers()[0], &mut rng);
            let plan = Plan::build(&*space, &arch, &frame).unwrap();
            assert_eq!(plan.steps[0].op, Op::Image);
            assert_eq!(plan.steps.last().unwrap().shape, [1, 1, 4]);
        }
    }
}

#[test]
fn an_unknown_op_is_an_error_that_lists_the_known_ones() {
    let space =
        from_toml("name = \"s\"\nkind = \"chain\"\nlength = 2\nops = [\"attention\"]").unwrap();
    let arch = space.parse("attention;attention").unwrap();
    let error = Plan::build(&*space, &arch, &Frame::cifar10()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`attention`") && text.contains("skip_connect"),
        "{text}"
    );
}

#[test]
fn images_that_do_not_fit_are_an_error() {
    let space = nasbench201();
    let arch = space.sample(Sampler::Uniform, &mut Rng::stream(1, "networks"));
    for size in [1, 2, 7, 30] {
        let frame = Frame {
            image: [size, size, 3],
            ..Frame::cifar10()
        };
        assert!(Plan::build(&space, &arch, &frame).is_err(), "{size}");
    }
}
