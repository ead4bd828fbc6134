//! Sizes of networks agree with their spaces.

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::{Kind, Sampler, SearchSpace, from_toml, load, nasbench101, nasbench201};
use ganas_train::network::Op;
use ganas_train::{Frame, Plan, TrainError};

/// The spaces of whole networks, and those of DARTS cells.
const MACRO: [&str; 8] = [
    "efficientnet-b0",
    "proxylessnas",
    "proxylessnas-gpu",
    "proxylessnas-cpu",
    "ofa-mobilenetv3",
    "accel-nasbench",
    "darts",
    "nasbench301",
];

fn cost(space: &dyn SearchSpace, arch: &Arch, name: &str) -> usize {
    let index = space.costs().iter().position(|cost| cost == name).unwrap();
    // That space counts in millions, as its benchmark does.
    let unit = match space.name() {
        "accel-nasbench" => 1e6,
        _ => 1.0,
    };
    (space.cost(arch, index) * unit).round() as usize
}

/// The operations besides multiply-adds that the counters behind some published tables count: four
/// an element of batch norm, one an element of average pooling, and one more a channel for pooling
/// of the whole image.
fn elementwise(space: &dyn SearchSpace, arch: &Arch, plan: &Plan) -> usize {
    let size = |step: usize| plan.steps[step].shape.iter().product::<usize>();
    let charges = plan
        .steps
        .iter()
        .enumerate()
        .map(|(i, step)| match step.op {
            Op::Norm { .. } => 4 * size(i),
            Op::GlobalAvgPool => size(step.inputs[0]) + step.shape[2],
            _ => 0,
        });
    let mut total = charges.sum();
    if let Kind::Darts(space) = space.kind() {
        // Edge by edge, since a plan pools once what several edges pool.
        let mut image = 32;
        for cell in space.network(arch, None, None).cells {
            image /= if cell.reduces { 2 } else { 1 };
            let edges = cell.nodes.as_flattened().iter();
            let pools = edges.filter(|edge| space.ops()[edge.1 as usize] == "avg_pool_3x3");
            total += pools.count() * cell.channels * image * image;
        }
    }
    total
}

fn size_is_the_cost(space: &dyn SearchSpace, arch: &Arch) {
    let frame = match space.kind() {
        Kind::Mobile(_) => Frame::imagenet(),
        _ => Frame::cifar10(),
    };
    let plan = Plan::build(space, arch, &frame).unwrap();
    let text = space.format(arch);
    assert_eq!(plan.params(), cost(space, arch, "params"), "{text}");
    let mut macs = plan.macs();
    if matches!(space.name(), "darts" | "nasbench301" | "accel-nasbench") {
        macs += elementwise(space, arch, &plan);
    }
    assert_eq!(macs, cost(space, arch, "macs"), "{text}");
    let names: std::collections::BTreeSet<_> = plan.weights.iter().map(|w| &w.name).collect();
    assert_eq!(names.len(), plan.weights.len(), "{text}");
}

fn sizes_are_the_costs(space: &dyn SearchSpace, sampler: Sampler, count: usize) {
    let mut rng = Rng::stream(7, "networks");
    for _ in 0..count {
        size_is_the_cost(space, &space.sample(sampler, &mut rng));
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

#[test]
fn macro_networks_have_the_params_and_macs_of_their_spaces() {
    for name in MACRO {
        let space = load(name).unwrap();
        sizes_are_the_costs(&*space, Sampler::Uniform, 300);
        for (_, arch) in space.named() {
            size_is_the_cost(&*space, arch);
        }
    }
}

#[test]
fn macro_networks_of_one_op_have_the_params_and_macs_of_their_spaces() {
    for name in MACRO {
        let space = load(name).unwrap();
        for op in 0..space.ops().len() as u8 {
            let arch = match space.kind() {
                // Skipped layers are part of random architectures.
                Kind::Mobile(_) if space.ops()[op as usize] == "skip" => continue,
                Kind::Mobile(_) => {
                    let random = space.sample(Sampler::Uniform, &mut Rng::stream(0, "networks"));
                    Arch::new(&vec![op; random.ops().len()])
                }
                _ => {
                    let op = &space.ops()[op as usize];
                    let cell = |a, b| {
                        let inputs = [a, b, a, 2, b, 3, 2, 4];
                        let pairs = inputs.map(|input| format!("({input},'{op}')"));
                        format!("[{}]", pairs.join(","))
                    };
                    space
                        .parse(&format!("[{},{}]", cell(0, 1), cell(1, 0)))
                        .unwrap()
                }
            };
            assert_eq!(space.check(&arch), Ok(()));
            size_is_the_cost(&*space, &arch);
        }
    }
}

/// The image is halved five times before the head of a mobile network, and twice by DARTS cells.
#[test]
fn images_shrink_as_published() {
    for name in MACRO {
        let space = load(name).unwrap();
        let (frame, last) = match space.kind() {
            Kind::Mobile(_) => (Frame::imagenet(), 7),
            _ => (Frame::cifar10(), 8),
        };
        let mut rng = Rng::stream(2, "networks");
        for _ in 0..10 {
            let arch = space.sample(Sampler::Uniform, &mut rng);
            let plan = Plan::build(&*space, &arch, &frame).unwrap();
            let pool = plan.steps.iter().rfind(|step| step.op == Op::GlobalAvgPool);
            let [height, width, _] = plan.steps[pool.unwrap().inputs[0]].shape;
            assert_eq!([height, width], [last, last], "{name}");
        }
    }
}

#[test]
fn macro_networks_take_another_width_and_small_images() {
    for name in MACRO {
        let space = load(name).unwrap();
        let mobile = matches!(space.kind(), Kind::Mobile(_));
        let mut rng = Rng::stream(3, "networks");
        for _ in 0..20 {
            let arch = space.sample(Sampler::Uniform, &mut rng);
            let build = |side: usize, width, depth| {
                let frame = Frame {
                    image: [side, side, 1],
                    classes: 5,
                    width,
                    depth,
                };
                Plan::build(&*space, &arch, &frame)
            };
            let own = match name {
                "ofa-mobilenetv3" => 16,
                "proxylessnas-gpu" | "proxylessnas-cpu" => 40,
                "darts" | "nasbench301" => 36,
                _ => 32,
            };
            let published = build(32, None, None).unwrap();
            assert_eq!(build(32, Some(own), None).unwrap(), published);
            let params = |width| build(32, Some(width), None).unwrap().params();
            assert!(params(5) < params(own) && params(own) < params(2 * own));
            for side in [1, 8, 15, 28] {
                match build(side, Some(3), None) {
                    Ok(plan) => {
                        assert!(mobile || side % 4 == 0);
                        assert_eq!(plan.steps.last().unwrap().shape, [1, 1, 5]);
                    }
                    Err(TrainError::ImageSize { height, .. }) => {
                        assert!(!mobile && height % 4 != 0);
                    }
                    Err(other) => panic!("{other}"),
                }
            }
            for depth in [1, 2, 3, 8] {
                match build(8, Some(3), Some(depth)) {
                    Ok(_) => assert!(!mobile && depth >= 3),
                    Err(error) => {
                        let expected = if mobile {
                            "use none in this space, whose architectures say how many"
                        } else {
                            "use 3 or more, since fewer cells of a DARTS network are"
                        };
                        let text = error.to_string();
                        assert!(text.contains(expected), "{text}");
                        assert!(mobile || depth < 3);
                    }
                }
            }
        }
    }
}

/// Architectures that have an op in common at a position have its weights in common.
#[test]
fn weights_of_a_name_have_one_shape_in_all_networks_of_a_space() {
    for name in MACRO {
        let space = load(name).unwrap();
        let mut rng = Rng::stream(4, "networks");
        let mut shapes = std::collections::BTreeMap::new();
        for _ in 0..100 {
            let arch = space.sample(Sampler::Uniform, &mut rng);
            for slot in Plan::build(&*space, &arch, &Frame::cifar10())
                .unwrap()
                .weights
            {
                let shape = *shapes.entry(slot.name.clone()).or_insert(slot.shape);
                assert_eq!(shape, slot.shape, "{name}: {}", slot.name);
            }
        }
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

#[test]
fn a_block_none_of_a_chain_is_left_out() {
    let text =
        "name = \"c\"\nkind = \"chain\"\nlength = 6\nops = [\"none\", \"identity\", \"conv_3x3\"]";
    let space = from_toml(text).unwrap();
    let frame = Frame::cifar10();
    let plan = |text: &str| Plan::build(&*space, &space.parse(text).unwrap(), &frame).unwrap();
    assert_eq!(
        plan("conv_3x3;none;none;conv_3x3;none;conv_3x3"),
        plan("conv_3x3;identity;identity;conv_3x3;identity;conv_3x3")
    );
    // Networks that are one architecture have the same layers, and names of their weights aside.
    let mut distinct = from_toml(text).unwrap();
    distinct
        .unify(&ganas_train::network::roles(&*space))
        .unwrap();
    let arch = space
        .parse("none;conv_3x3;conv_3x3;identity;none;none")
        .unwrap();
    let same = distinct.canonical(&arch);
    assert_eq!(space.format(&same), "conv_3x3;none;conv_3x3;none;none;none");
    let steps = |arch: &Arch| Plan::build(&*space, arch, &frame).unwrap().steps;
    assert_eq!(steps(&arch), steps(&same));
}
