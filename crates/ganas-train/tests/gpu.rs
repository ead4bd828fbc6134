//! Agreement of a graphics card with the CPU; a software driver such as Mesa's lavapipe counts as a
//! card. Without any card the tests print so and pass. The distances are shown with `--nocapture`.
#![cfg(feature = "wgpu")]

use std::io::Write;
use std::sync::LazyLock;

use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace, from_toml, nasbench101, nasbench201};
use ganas_tensor::{Device, Tensor};
use ganas_train::device::Choice;
use ganas_train::layer::{
    ConvShape, Moments, Targets, avg_pool, batch_norm, conv2d, cross_entropy, depthwise_conv2d,
    global_avg_pool, max_pool, normalize, relu,
};
use ganas_train::{Examples, Feed, Frame, Network, Optimizer, Plan, Recipe, Weights};

/// Not square, so that height and width cannot be exchanged unseen.
const IMAGE: [usize; 3] = [8, 12, 3];
const CLASSES: usize = 3;

/// The first card, if there is one.
static GPU: LazyLock<Option<Device>> = LazyLock::new(|| {
    // Past the capture of the test runner, which shows nothing of a test that passes.
    let mut out = std::io::stderr();
    match Choice::Gpu(0).open() {
        Ok(opened) => {
            writeln!(out, "on {}", opened.name).unwrap();
            Some(opened.device)
        }
        Err(error) => {
            writeln!(out, "skipped: {error}").unwrap();
            None
        }
    }
});

/// The plans that are compared: of each kind of space some at random, and chains of all ops.
fn plans() -> Vec<(String, Plan)> {
    let chain = "name = \"c\"\nkind = \"chain\"\nlength = 7\nops = [\"dw_conv_3x3\", \
        \"sep_conv_5x5\", \"max_pool_3x3\", \"dil_conv_3x3\", \"avg_pool_3x3\", \"mb3_k3\", \
        \"conv_3x3\", \"skip_connect\"]";
    let chain = from_toml(chain).unwrap();
    let edges = nasbench201();
    let nodes = nasbench101();
    let spaces: [(&dyn SearchSpace, usize); 3] = [(&edges, 4), (&nodes, 8), (&*chain, 6)];
    let mut plans = Vec::new();
    for (space, width) in spaces {
        let frame = Frame {
            image: IMAGE,
            classes: CLASSES,
            width: Some(width),
            depth: Some(1),
        };
        let mut rng = Rng::stream(1, "gpu");
        let mut archs: Vec<_> = (0..4)
            .map(|_| space.sample(Sampler::Uniform, &mut rng))
            .collect();
        // Text of one kind of space is none of the others.
        let all = "dw_conv_3x3;sep_conv_5x5;max_pool_3x3;dil_conv_3x3;avg_pool_3x3;mb3_k3;conv_3x3";
        let nothing = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
        archs.extend(
            [all, nothing]
                .into_iter()
                .flat_map(|text| space.parse(text)),
        );
        for arch in archs {
            let plan = Plan::build(space, &arch, &frame).unwrap();
            plans.push((space.format(&arch), plan));
        }
    }
    plans
}

/// Noise around a pattern of each class.
fn examples(count: usize, seed: u64) -> Examples {
    let mut rng = Rng::stream(seed, "examples");
    let len: usize = IMAGE.iter().product();
    let mut patterns = Rng::stream(0, "patterns");
    let patterns: Vec<f64> = (0..CLASSES * len).map(|_| patterns.normal()).collect();
    let labels: Vec<u32> = (0..count).map(|_| rng.below(CLASSES) as u32).collect();
    let images = labels.iter().flat_map(|&label| {
        let pattern = &patterns[label as usize * len..][..len];
        let noisy = pattern.iter().map(|p| (p + 0.5 * rng.normal()) as f32);
        noisy.collect::<Vec<f32>>()
    });
    let images = images.collect();
    Examples::new(IMAGE, images, labels).unwrap()
}

/// The largest distance of two vectors of numbers, relative to the largest number of the second.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().chain(b).all(|v| v.is_finite()));
    let size = b.iter().fold(0.0f32, |m, v| m.max(v.abs())) as f64;
    let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    match apart.fold(0.0f32, f32::max) as f64 {
        0.0 => 0.0,
        apart => apart / size,
    }
}

/// All weights that are trained, one after another.
fn flat(network: &Network) -> Vec<f32> {
    let slots = network.plan().weights.iter();
    slots
        .flat_map(|slot| network.weights().get(&slot.name).unwrap().0)
        .collect()
}

#[test]
fn logits_are_those_of_the_cpu() {
    let Some(gpu) = &*GPU else { return };
    let batch = examples(6, 2).in_order(6).next().unwrap();
    for (name, plan) in plans() {
        let [ours, theirs] = [gpu, &Device::Cpu].map(|device| {
            let mut network = Network::new(plan.clone(), 3, device);
            let fresh = network.logits(&batch).unwrap();
            network.recompute_moments(&examples(16, 1), 8).unwrap();
            [fresh, network.logits(&batch).unwrap()]
        });
        let [fresh, settled] = [0, 1].map(|i| distance(&ours[i], &theirs[i]));
        println!("{fresh:.1e} {settled:.1e} {name}");
        assert!(fresh < 1e-4 && settled < 1e-4, "{name}: {fresh} {settled}");
    }
}

/// Only weights that training moved are compared, since weights move little in few steps.
///
/// Near zeros and ties, rounding decides the output of a rectifier or a maximum, and the gradient
/// of one example moves by a percent or so. A millionth of noise on the images does the same on the
/// CPU alone. So a few networks may be that far apart, and most must agree as closely as rounding
/// allows.
fn changes_are_those_of_the_cpu(steps: usize) {
    let Some(gpu) = &*GPU else { return };
    let feed = examples(8 * steps, 1);
    let recipe = Recipe {
        epochs: 1,
        batch: 8,
        learning_rate: 0.01,
        ..Recipe::default()
    };
    let batch = examples(6, 2).in_order(6).next().unwrap();
    let mut all = Vec::new();
    for (name, plan) in plans() {
        let [ours, theirs] = [gpu, &Device::Cpu].map(|device| {
            let mut network = Network::new(plan.clone(), 3, device);
            let before = flat(&network);
            let epochs = network.train(&recipe, &feed, 4, &mut |_| ()).unwrap();
            let change: Vec<f32> = (flat(&network).iter().zip(&before))
                .map(|(after, before)| after - before)
                .collect();
            (change, epochs[0].train, network.logits(&batch).unwrap())
        });
        let change = distance(&ours.0, &theirs.0);
        let logits = distance(&ours.2, &theirs.2);
        let loss = (ours.1.loss - theirs.1.loss).abs() / theirs.1.loss;
        println!("{change:.1e} {logits:.1e} {loss:.1e} {name}");
        assert!(
            change < 0.1 && logits < 0.01 && loss < 1e-3,
            "{name}: {change} {logits} {loss}"
        );
        all.push(change);
    }
    all.sort_by(f64::total_cmp);
    let usual = all[all.len() * 3 / 4];
    assert!(usual < 1e-4, "{all:?}");
}

#[test]
fn one_step_is_that_of_the_cpu() {
    changes_are_those_of_the_cpu(1);
}

#[test]
fn a_few_steps_are_those_of_the_cpu() {
    changes_are_those_of_the_cpu(4);
}

fn random(shape: [usize; 4], seed: u64, device: &Device) -> Tensor<4> {
    let mut rng = Rng::stream(seed, "gpu");
    let values: Vec<f32> = (0..shape.iter().product::<usize>())
        .map(|_| rng.normal() as f32)
        .collect();
    Tensor::new(values, shape, device)
}

/// Asserts that a function has the same output and gradients on both.
fn agrees<const N: usize>(
    name: &str,
    gpu: &Device,
    shapes: [[usize; 4]; N],
    function: impl Fn([Tensor<4>; N]) -> Tensor<4>,
) {
    let [ours, theirs] = [gpu, &Device::Cpu].map(|device| {
        let mut seed = 0;
        let inputs = shapes.map(|shape| {
            seed += 1;
            random(shape, seed, device).require_grad()
        });
        let output = function(inputs.clone());
        let weights = random(output.dims(), 99, device);
        let gradients = (output.clone() * weights).sum().backward();
        let mut all = vec![output.detach()];
        all.extend(inputs.iter().map(|input| input.grad(&gradients).unwrap()));
        all.into_iter()
            .map(|tensor| tensor.into_vec().unwrap())
            .collect::<Vec<_>>()
    });
    for (part, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        let apart = distance(ours, theirs);
        println!("{apart:.1e} {name} {part}");
        assert!(apart < 1e-4, "{name}, {part}: {apart}");
    }
}

#[test]
fn layers_are_those_of_the_cpu() {
    let Some(gpu) = &*GPU else { return };
    for (x, w, stride) in [
        ([2, 6, 7, 3], [3, 3, 3, 5], 1),
        ([2, 8, 6, 16], [3, 3, 16, 32], 2),
        ([1, 9, 9, 4], [3, 3, 4, 33], 2),
        ([3, 5, 4, 10], [1, 1, 10, 43], 1),
        ([1, 8, 6, 6], [1, 1, 6, 6], 2),
        ([1, 11, 9, 3], [7, 7, 3, 8], 2),
        ([4, 1, 1, 16], [1, 1, 16, 10], 1),
    ] {
        let shape = ConvShape::same(w[0], stride);
        agrees("conv", gpu, [x, w], |[x, w]| conv2d(x, w, shape));
    }
    for (x, kernel, stride, dilation) in [
        ([2, 6, 7, 5], 3, 1, 1),
        ([2, 8, 8, 16], 5, 2, 1),
        ([1, 9, 8, 4], 3, 1, 2),
        ([1, 4, 5, 4], 5, 1, 2),
    ] {
        let shape = ConvShape::dilated(kernel, stride, dilation);
        agrees(
            "depthwise",
            gpu,
            [x, [kernel, kernel, x[3], 1]],
            |[x, w]| depthwise_conv2d(x, w, shape),
        );
    }
    let x = [2, 8, 6, 5];
    for (kernel, shape) in [
        (3, ConvShape::same(3, 1)),
        (3, ConvShape::same(3, 2)),
        (5, ConvShape::same(5, 1)),
        (2, ConvShape::tiles(2)),
    ] {
        agrees("max pool", gpu, [x], |[x]| max_pool(x, kernel, shape));
        agrees("mean pool", gpu, [x], |[x]| avg_pool(x, kernel, shape));
    }
    agrees("global pool", gpu, [x], |[x]| global_avg_pool(x));
    agrees("relu", gpu, [x], |[x]| relu(x));
    let row = [1, 1, 1, x[3]];
    for rectify in [false, true] {
        agrees("norm", gpu, [x, row, row], |[x, scale, shift]| {
            batch_norm(x, scale, shift, rectify).0
        });
        agrees("running norm", gpu, [x, row, row], |[x, scale, shift]| {
            let device = x.device();
            let moments = Moments {
                mean: random(row, 7, &device),
                variance: random(row, 8, &device).square(),
            };
            normalize(x, scale, shift, &moments, rectify)
        });
    }
    // The moments themselves are off the tape.
    for part in 0..2 {
        let [ours, theirs] = [gpu, &Device::Cpu].map(|device| {
            let [x, scale, shift] = [x, row, row].map(|shape| random(shape, 1, device));
            let (_, moments) = batch_norm(x, scale, shift, false);
            let part = [moments.mean, moments.variance][part].clone();
            part.into_vec().unwrap()
        });
        assert!(distance(&ours, &theirs) < 1e-5);
    }
    agrees("cross entropy", gpu, [[4, 1, 1, 10]], |[logits]| {
        let device = logits.device();
        let targets = Targets::new(&[3, 0, 9, 3], 10, 0.1, &device);
        cross_entropy(logits, &targets).reshape([1, 1, 1, 1])
    });
}

/// Several networks share a card, each trained by a thread of its own.
#[test]
fn networks_that_are_trained_at_once_do_not_disturb_each_other() {
    let Some(gpu) = &*GPU else { return };
    let recipe = Recipe {
        epochs: 1,
        batch: 8,
        learning_rate: 0.01,
        ..Recipe::default()
    };
    let trained = |plan: &Plan, device: &Device| {
        let mut network = Network::new(plan.clone(), 3, device);
        network
            .train(&recipe, &examples(16, 1), 4, &mut |_| ())
            .unwrap();
        flat(&network)
    };
    let plans = plans();
    let (_, plan) = &plans[0];
    let alone = trained(plan, gpu);
    let others = plans[1..5].iter().map(|(_, plan)| plan);
    let together = std::thread::scope(|scope| {
        let threads: Vec<_> = (std::iter::once(plan).chain(others))
            .map(|plan| scope.spawn(|| trained(plan, gpu)))
            .collect();
        let all = threads.into_iter().map(|thread| thread.join().unwrap());
        all.collect::<Vec<_>>()
    });
    assert!(distance(&together[0], &alone) < 1e-5);
    assert!(distance(&together[1], &trained(&plans[1].1, gpu)) < 1e-4);
}

#[test]
fn a_card_that_is_not_there_is_refused_by_naming_those_that_are() {
    let Some(gpu) = &*GPU else { return };
    let error = Choice::Gpu(99).open().unwrap_err().to_string();
    let known = Choice::Gpu(0).open().unwrap();
    assert_eq!(known.device, *gpu);
    let there = format!("there is no graphics card gpu:99; gpu:0 is {}", known.name);
    assert!(error.starts_with(&there), "{error}");
}

#[test]
fn weights_go_from_the_card_to_the_cpu_through_a_file() {
    let Some(gpu) = &*GPU else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let (_, plan) = plans().swap_remove(1);
    let mut network = Network::new(plan.clone(), 3, gpu);
    let recipe = Recipe {
        epochs: 1,
        batch: 8,
        learning_rate: 0.01,
        optimizer: Optimizer::adamw(),
        ..Recipe::default()
    };
    network
        .train(&recipe, &examples(16, 1), 0, &mut |_| ())
        .unwrap();
    network.weights().save(&path).unwrap();
    let loaded = Weights::load(&path, &plan, &Device::Cpu).unwrap();
    let other = Network::with_weights(plan, loaded, 0, &Device::Cpu);
    let batch = examples(6, 2).in_order(6).next().unwrap();
    let [ours, theirs] = [&network, &other].map(|n| n.logits(&batch).unwrap());
    assert!(distance(&ours, &theirs) < 1e-4);
    assert_eq!(flat(&network), flat(&other));
}
