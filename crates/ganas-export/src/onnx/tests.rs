use std::collections::BTreeSet;

use ganas_core::rng::Rng;
use ganas_core::space::{self, Kind};
use ganas_train::{Frame, Weights, cpu};

use super::*;

/// The network of a random architecture, a small one if the space has such.
fn network(space: &dyn SearchSpace, arch: &Arch) -> Network {
    let (width, depth, pixels) = match space.kind() {
        Kind::Mobile(_) => (Some(8), None, 32),
        Kind::Darts(_) => (Some(2), Some(3), 8),
        _ => (Some(4), Some(1), 8),
    };
    let frame = Frame {
        image: [pixels, pixels, 2],
        classes: 3,
        width,
        depth,
    };
    let plan = Plan::build(space, arch, &frame).unwrap();
    Network::new(plan, 0, &cpu())
}

fn sampled(name: &str, count: usize) -> (Box<dyn SearchSpace>, Vec<Arch>) {
    let space = space::load(name).unwrap();
    let mut rng = Rng::stream(3, "onnx");
    let archs = (0..count).map(|_| space.sample(space.samplers()[0], &mut rng));
    let archs = archs.collect();
    (space, archs)
}

fn model(space: &dyn SearchSpace, arch: &Arch, network: &Network) -> Graph {
    let bytes = onnx(space, arch, network, &Input::default()).unwrap();
    Model::decode(&bytes[..]).unwrap().graph.unwrap()
}

#[test]
fn nodes_take_what_is_there_before_them() {
    for name in space::NAMES {
        let (space, archs) = sampled(name, 10);
        if matches!(space.kind(), Kind::Config(_)) {
            continue;
        }
        for arch in &archs {
            let graph = model(&*space, arch, &network(&*space, arch));
            let mut there: BTreeSet<&str> = [IMAGES].into();
            for tensor in &graph.initializer {
                assert!(there.insert(&tensor.name), "{} twice", tensor.name);
            }
            for node in &graph.node {
                for input in &node.input {
                    assert!(there.contains(input.as_str()), "{name}: {input}");
                }
                for output in &node.output {
                    assert!(there.insert(output), "{name}: {output} twice");
                }
            }
            assert!(there.contains(LOGITS));
        }
    }
}

#[test]
fn all_weights_that_the_output_depends_on_are_in_it() {
    // Mobile networks have no layers that do not reach the output.
    for name in ["efficientnet-b0", "proxylessnas", "ofa-mobilenetv3"] {
        let (space, archs) = sampled(name, 5);
        for arch in &archs {
            let network = network(&*space, arch);
            let graph = model(&*space, arch, &network);
            let moments = |name: &str| name.ends_with(".mean") || name.ends_with(".variance");
            let sizes = (graph.initializer.iter())
                .filter(|tensor| tensor.data_type == FLOAT && !moments(&tensor.name))
                .filter(|tensor| !tensor.dims.is_empty())
                .map(|tensor| tensor.dims.iter().product::<i64>());
            assert_eq!(sizes.sum::<i64>() as usize, network.plan().params());
        }
    }
}

#[test]
fn weights_are_turned() {
    let (space, archs) = sampled("nasbench201", 1);
    let network = network(&*space, &archs[0]);
    let graph = model(&*space, &archs[0], &network);
    let tensor = (graph.initializer.iter())
        .find(|tensor| tensor.name == "stem.conv")
        .unwrap();
    assert_eq!(tensor.dims, [4, 2, 3, 3]);
    let (quads, _) = tensor.raw_data.as_chunks::<4>();
    let turned: Vec<f32> = quads.iter().map(|quad| f32::from_le_bytes(*quad)).collect();
    let (values, [3, 3, 2, 4]) = network.weights().get("stem.conv").unwrap() else {
        panic!("the stem has another shape");
    };
    for (i, value) in values.iter().enumerate() {
        let [output, input, tap] = [i % 4, i / 4 % 2, i / 8];
        assert_eq!(turned[(output * 2 + input) * 9 + tap], *value);
    }
}

#[test]
fn a_network_without_its_weights_is_refused() {
    let (space, archs) = sampled("nasbench201", 1);
    let none = Weights::default();
    let mut builder = Builder::new(&none);
    let plan = network(&*space, &archs[0]).plan().clone();
    let error = builder.step(&plan, 1, &plan.steps[1]).unwrap_err();
    assert_eq!(error.to_string(), "the network has no weight `stem.conv`");
}
