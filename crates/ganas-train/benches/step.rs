//! Two training steps, forward and backward, on one thread, in processor time. One is four times
//! convolution 3x3, batch norm and ReLU. The other is a whole network of NAS-Bench-201 (16 channels,
//! one cell a stage) with its optimiser. `step.py` beside it is the same in PyTorch. If `PYTHON`
//! names a Python with PyTorch, both are timed in turn and their ratio is printed:
//!
//! `PYTHON=python3 cargo bench -p ganas-train`

use std::collections::HashMap;
use std::process::Command;

use cpu_time::ProcessTime;
use ganas_core::rng::Rng;
use ganas_core::space::{SearchSpace, nasbench201};
use ganas_tensor::Tensor;
use ganas_train::layer::{ConvShape, batch_norm, conv2d};
use ganas_train::{Examples, Frame, Network, Plan, Recipe};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BLOCKS: usize = 4;
const STEPS: usize = 10;
const ROUNDS: usize = 4;

fn leaf(shape: [usize; 4], mean: f64, rng: &mut Rng) -> Tensor<4> {
    let values: Vec<f32> = (0..shape.iter().product::<usize>())
        .map(|_| (mean + 0.1 * rng.normal()) as f32)
        .collect();
    ganas_tensor::tensor(values, shape).require_grad()
}

/// The fastest of the steps, in milliseconds.
fn step(batch: usize, size: usize, channels: usize) -> f64 {
    let mut rng = Rng::stream(0, "bench");
    let x = leaf([batch, size, size, channels], 0.0, &mut rng);
    let blocks: Vec<[Tensor<4>; 3]> = (0..BLOCKS)
        .map(|_| {
            [
                leaf([3, 3, channels, channels], 0.0, &mut rng),
                leaf([1, 1, 1, channels], 1.0, &mut rng),
                leaf([1, 1, 1, channels], 0.0, &mut rng),
            ]
        })
        .collect();
    let times: Vec<f64> = (0..STEPS)
        .map(|_| {
            let start = ProcessTime::now();
            let mut h = x.clone();
            for [weight, scale, shift] in blocks.clone() {
                h = conv2d(h, weight, ConvShape::same(3, 1));
                h = batch_norm(h, scale, shift, true).0;
            }
            std::hint::black_box(h.square().mean().backward());
            1e3 * start.elapsed().as_secs_f64()
        })
        .collect();
    times.into_iter().fold(f64::INFINITY, f64::min)
}

/// The cell of the network, with every op except `none`.
const CELL: &str = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|";

/// The fastest training step of a network on 64 images, in milliseconds.
fn network() -> f64 {
    let space = nasbench201();
    let frame = Frame {
        width: Some(16),
        depth: Some(1),
        ..Frame::cifar10()
    };
    // The cell is one of the space, and the images are CIFAR's.
    let arch = space.parse(CELL).unwrap();
    let plan = Plan::build(&space, &arch, &frame).unwrap();
    let mut rng = Rng::stream(0, "bench");
    let pixels = (0..64 * 32 * 32 * 3).map(|_| rng.normal() as f32).collect();
    let labels = (0..64).map(|i| i % 10).collect();
    let images = Examples::new([32, 32, 3], pixels, labels).unwrap();
    let recipe = Recipe {
        epochs: 1,
        batch: 64,
        learning_rate: 0.01,
        ..Recipe::default()
    };
    let mut network = Network::new(plan, 0, &ganas_train::cpu());
    let times: Vec<f64> = (0..STEPS)
        .map(|_| {
            let start = ProcessTime::now();
            network.train(&recipe, &images, 0, &mut |_| ()).unwrap();
            1e3 * start.elapsed().as_secs_f64()
        })
        .collect();
    times.into_iter().fold(f64::INFINITY, f64::min)
}

/// Runs `step.py` and reads its output: a name and milliseconds a line.
fn pytorch() -> HashMap<String, f64> {
    let Ok(python) = std::env::var("PYTHON") else {
        return HashMap::new();
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/step.py");
    let output = Command::new(python).arg(script).output();
    let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
    text.unwrap_or_default()
        .lines()
        .filter_map(|line| {
            let (name, time) = line.split_once(' ')?;
            Some((name.to_owned(), time.parse().ok()?))
        })
        .collect()
}

fn main() {
    const CASES: [(usize, usize, usize); 4] =
        [(64, 32, 16), (64, 16, 32), (64, 8, 64), (16, 32, 128)];
    let mut ours = [f64::INFINITY; CASES.len()];
    let mut whole = f64::INFINITY;
    let mut theirs = HashMap::<String, f64>::new();
    // In turn, so that what else the machine does meets both alike.
    for _ in 0..ROUNDS {
        for (name, time) in pytorch() {
            let best = theirs.entry(name).or_insert(time);
            *best = best.min(time);
        }
        for (best, (batch, size, channels)) in ours.iter_mut().zip(CASES) {
            *best = best.min(step(batch, size, channels));
        }
        whole = whole.min(network());
    }
    let speed = |milliseconds: f64| 64e3 / milliseconds;
    match theirs.get("network") {
        Some(theirs) => println!(
            "network: {:.0} images a second, PyTorch {:.0}, ratio {:.2}",
            speed(whole),
            speed(*theirs),
            theirs / whole
        ),
        None => println!("network: {:.0} images a second", speed(whole)),
    }
    for (ours, (batch, size, channels)) in ours.into_iter().zip(CASES) {
        let name = format!("{batch}x{size}x{size}x{channels}");
        match theirs.get(&name) {
            Some(theirs) => println!(
                "{name}: {ours:.2} ms, PyTorch {theirs:.2} ms, ratio {:.2}",
                ours / theirs
            ),
            None => println!("{name}: {ours:.2} ms"),
        }
    }
}
