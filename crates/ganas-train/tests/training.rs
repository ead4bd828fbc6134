//! Trainings learn, repeat exactly, and restore from a file.

use ganas_core::rng::Rng;
use ganas_core::space::{
    Kind, Sampler, SearchSpace, accel_nasbench, darts, efficientnet_b0, from_toml, nasbench101,
    nasbench201, nasbench301, ofa_mobilenetv3, proxylessnas, proxylessnas_cpu, proxylessnas_gpu,
};
use ganas_tensor::Device;
use ganas_train::{
    Batch, Examples, Feed, Frame, Network, Optimizer, Plan, Recipe, TrainError, Weights, measure,
};

const IMAGE: [usize; 3] = [8, 8, 3];

fn frame() -> Frame {
    Frame {
        image: IMAGE,
        classes: 2,
        width: Some(4),
        depth: Some(1),
    }
}

/// Noise with horizontal or vertical stripes.
fn stripes(count: usize, seed: u64) -> Examples {
    let mut rng = Rng::stream(seed, "stripes");
    let (mut images, mut labels) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let label = rng.below(2);
        let phase = rng.below(2);
        for y in 0..IMAGE[0] {
            for x in 0..IMAGE[1] {
                let bright = ([x, y][label] + phase) % 2;
                for _ in 0..IMAGE[2] {
                    images.push((bright as f64 - 0.5 + 0.5 * rng.normal()) as f32);
                }
            }
        }
        labels.push(label as u32);
    }
    Examples::new(IMAGE, images, labels).unwrap()
}

fn plan() -> Plan {
    let space = nasbench201();
    let text =
        "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|";
    Plan::build(&space, &space.parse(text).unwrap(), &frame()).unwrap()
}

fn recipe() -> Recipe {
    Recipe {
        epochs: 4,
        batch: 16,
        learning_rate: 0.05,
        ..Recipe::default()
    }
}

#[test]
fn a_small_network_learns() {
    for optimizer in [Optimizer::default(), Optimizer::adamw()] {
        let learning_rate = if optimizer == Optimizer::default() {
            0.05
        } else {
            0.01
        };
        let recipe = Recipe {
            optimizer,
            learning_rate,
            warmup_epochs: 1,
            label_smoothing: 0.1,
            ..recipe()
        };
        let mut network = Network::new(plan(), 0, &Device::Cpu);
        let mut seen = 0;
        let epochs = (network.train(&recipe, &stripes(256, 1), 0, &mut |_| seen += 1)).unwrap();
        assert_eq!((epochs.len(), seen), (4, 4));
        assert!(epochs[3].train.loss < epochs[0].train.loss);
        let score = network.evaluate(&stripes(128, 2), 32).unwrap();
        assert!(score.accuracy > 0.95, "{score:?}");
        // And with moments from other batches.
        network.recompute_moments(&stripes(128, 3), 32).unwrap();
        let score = network.evaluate(&stripes(128, 2), 32).unwrap();
        assert!(score.accuracy > 0.95, "{score:?}");
    }
}

#[test]
fn every_kind_of_network_trains() {
    let chain = "name = \"c\"\nkind = \"chain\"\nlength = 3\nops = [\"mb3_k3\", \"sep_conv_3x3\", \"dil_conv_3x3\"]";
    let spaces: [Box<dyn SearchSpace>; 11] = [
        Box::new(nasbench101()),
        Box::new(nasbench201()),
        from_toml(chain).unwrap(),
        Box::new(efficientnet_b0()),
        Box::new(proxylessnas()),
        Box::new(proxylessnas_gpu()),
        Box::new(proxylessnas_cpu()),
        Box::new(ofa_mobilenetv3()),
        Box::new(accel_nasbench()),
        Box::new(darts()),
        Box::new(nasbench301()),
    ];
    let recipe = Recipe {
        epochs: 1,
        ..recipe()
    };
    for space in spaces {
        let mut rng = Rng::stream(3, "training");
        let (depth, count) = match space.kind() {
            Kind::Mobile(_) => (None, 2),
            Kind::Darts(_) => (Some(3), 2),
            _ => (Some(1), 6),
        };
        for _ in 0..count {
            let arch = space.sample(Sampler::Uniform, &mut rng);
            let frame = Frame { depth, ..frame() };
            let plan = Plan::build(&*space, &arch, &frame).unwrap();
            let mut network = Network::new(plan, 0, &Device::Cpu);
            let text = space.format(&arch);
            let result = network.train(&recipe, &stripes(32, 1), 0, &mut |_| ());
            assert!(result.is_ok(), "{text}: {result:?}");
            assert!(network.evaluate(&stripes(16, 1), 16).is_ok(), "{text}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_on_any_thread() {
    let result = || {
        let mut network = Network::new(plan(), 5, &Device::Cpu);
        let epochs = network
            .train(&recipe(), &stripes(64, 1), 5, &mut |_| ())
            .unwrap();
        let batch = stripes(16, 2).in_order(16).next().unwrap();
        (epochs, network.logits(&batch).unwrap())
    };
    let first = result();
    let others: Vec<_> = (0..3).map(|_| std::thread::spawn(result)).collect();
    for other in others {
        assert_eq!(other.join().unwrap(), first);
    }
}

#[test]
fn weights_come_back_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let mut network = Network::new(plan(), 1, &Device::Cpu);
    network
        .train(&recipe(), &stripes(64, 1), 1, &mut |_| ())
        .unwrap();
    network.weights().save(&path).unwrap();
    let loaded = Weights::load(&path, network.plan(), &Device::Cpu).unwrap();
    let again = Network::with_weights(plan(), loaded, 9, &Device::Cpu);
    let batch: Batch = stripes(16, 2).in_order(16).next().unwrap();
    assert_eq!(
        network.logits(&batch).unwrap(),
        again.logits(&batch).unwrap()
    );

    // Another network's weights are not there, and a damaged file is no file of weights.
    let wider = Frame {
        width: Some(6),
        ..frame()
    };
    let space = nasbench201();
    let arch = space.sample(Sampler::Uniform, &mut Rng::stream(0, "other"));
    let other = Plan::build(&space, &arch, &wider).unwrap();
    let error = Weights::load(&path, &other, &Device::Cpu).unwrap_err();
    assert!(error.to_string().contains("weights.safetensors"), "{error}");
    std::fs::write(&path, b"not weights").unwrap();
    assert!(Weights::load(&path, network.plan(), &Device::Cpu).is_err());
}

#[test]
fn divergence_is_an_error() {
    let recipe = Recipe {
        learning_rate: 1e30,
        epochs: 20,
        ..recipe()
    };
    let mut network = Network::new(plan(), 0, &Device::Cpu);
    match network.train(&recipe, &stripes(64, 1), 0, &mut |_| ()) {
        Err(TrainError::Diverged { .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn weights_that_are_lost_in_the_last_step_are_an_error() {
    // One step, whose loss is still that of the fresh weights.
    let recipe = Recipe {
        learning_rate: 1e30,
        epochs: 1,
        batch: 64,
        ..recipe()
    };
    let (train, test) = (stripes(64, 1), stripes(32, 2));
    let outcome = measure(&plan(), &recipe, &train, &test, 0, &Device::Cpu);
    assert!(
        matches!(outcome, Err(TrainError::NoNumber { .. })),
        "{outcome:?}"
    );
}

#[test]
fn repeats_are_averaged() {
    let recipe = Recipe {
        epochs: 1,
        repeats: 2,
        ..recipe()
    };
    let (train, test) = (stripes(32, 1), stripes(32, 2));
    let outcome = measure(&plan(), &recipe, &train, &test, 0, &Device::Cpu).unwrap();
    let [a, b] = outcome.repeats[..] else {
        panic!("{outcome:?}")
    };
    assert_ne!(a, b);
    assert!((outcome.mean.loss - (a.loss + b.loss) / 2.0).abs() < 1e-12);
}

#[test]
fn examples_that_do_not_fit_are_errors() {
    let mut network = Network::new(plan(), 0, &Device::Cpu);
    let small = Examples::new([4, 4, 3], vec![0.0; 48], vec![0]).unwrap();
    let foreign = Examples::new(IMAGE, vec![0.0; 192], vec![7]).unwrap();
    let none = Examples::new(IMAGE, Vec::new(), Vec::new()).unwrap();
    for examples in [small, foreign, none] {
        let result = network.train(&recipe(), &examples, 0, &mut |_| ());
        assert!(matches!(result, Err(TrainError::Examples(_))), "{result:?}");
    }
    assert!(Examples::new(IMAGE, vec![0.0; 5], vec![0]).is_err());
}
