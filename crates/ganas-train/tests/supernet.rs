//! Shared weights: sharing, training, saving and scoring.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ganas_core::evaluate::{Evaluator, Outcome};
use ganas_core::rng::Rng;
use ganas_core::space::{
    Sampler, SearchSpace, darts, efficientnet_b0, from_toml, nasbench101, nasbench201,
    ofa_mobilenetv3, proxylessnas,
};
use ganas_data::{Dataset, Images, Shape, SplitConfig, load};
use ganas_train::supernet::{
    Alternation, Course, Found, Identity, Method, Paths, Scoring, SupernetEvaluator,
    SupernetRecipe, load as load_supernet, save, search,
};
use ganas_train::{ImageTask, Recipe, Supernet, TrainError, cpu};
use rayon::ThreadPoolBuilder;

fn recipe(epochs: usize) -> SupernetRecipe {
    SupernetRecipe {
        recipe: Recipe {
            epochs,
            batch: 16,
            width: Some(4),
            depth: Some(1),
            ..SupernetRecipe::default().recipe
        },
        paths: Paths::Fair,
    }
}

/// The settings for a space.
fn settings(space: &dyn SearchSpace, epochs: usize) -> SupernetRecipe {
    let ours = SupernetRecipe::for_space(space);
    let mut training = recipe(epochs);
    training.recipe.depth = ours.recipe.depth;
    training.paths = ours.paths;
    training
}

/// Some of the digits, so that an epoch takes a moment.
fn few_digits() -> ImageTask {
    let all = load("digits").unwrap();
    let images = all.images();
    let shape = Shape {
        height: 8,
        width: 8,
        channels: 1,
    };
    let pixels: Vec<u8> = (0..400).flat_map(|i| images.image(i).to_vec()).collect();
    let images = Images::new(shape, pixels, images.labels()[..400].to_vec()).unwrap();
    let names = (0..10).map(|c| c.to_string()).collect();
    let dataset = Dataset::new("few", names, images, None).unwrap();
    ImageTask::new(dataset, &SplitConfig::default(), 0).unwrap()
}

fn fresh(space: &dyn SearchSpace, task: &ImageTask) -> Course {
    let recipe = settings(space, 1).recipe;
    let frame = task.frame(recipe.width, recipe.depth);
    Course::new(Supernet::new(space, frame, 3, &cpu()).unwrap())
}

fn train(
    course: &mut Course,
    space: &dyn SearchSpace,
    task: &ImageTask,
    to: usize,
    threads: usize,
) {
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    let never = AtomicBool::new(false);
    while course.history.len() < to {
        let mut steps = 0;
        let epoch = pool.install(|| {
            course.epoch(
                space,
                &settings(space, 3),
                &task.train(),
                3,
                &never,
                &mut |_, _, _| steps += 1,
            )
        });
        assert!(epoch.unwrap().is_some());
        assert!(steps > 0);
    }
}

fn scores(course: &Course, space: &dyn SearchSpace, task: &ImageTask) -> Vec<f64> {
    let mut rng = Rng::stream(1, "cells");
    let scoring = Scoring {
        calibration: 64,
        ..Scoring::default()
    };
    (0..6)
        .map(|_| {
            let arch = space.sample(Sampler::Uniform, &mut rng);
            let score = scoring.score(&course.supernet, space, &arch, task);
            score.unwrap().loss
        })
        .collect()
}

#[test]
fn every_cell_finds_its_weights() {
    let edges = "name = \"e\"\nkind = \"edge-cell\"\nnodes = 3\nops = [\"none\", \"sep_conv_3x3\"]";
    let nodes = "name = \"n\"\nkind = \"node-cell\"\nmax_vertices = 5\nmax_edges = 6\n\
                 ops = [\"conv_3x3\", \"dw_conv_3x3\", \"maxpool3x3\"]";
    let chain =
        "name = \"c\"\nkind = \"chain\"\nlength = 4\nops = [\"conv_3x3\", \"skip\", \"mb3_k5\"]";
    let spaces: [Box<dyn SearchSpace>; 8] = [
        Box::new(nasbench101()),
        Box::new(nasbench201()),
        from_toml(edges).unwrap(),
        from_toml(nodes).unwrap(),
        from_toml(chain).unwrap(),
        Box::new(efficientnet_b0()),
        Box::new(proxylessnas()),
        Box::new(ofa_mobilenetv3()),
    ];
    let task = few_digits();
    for space in spaces {
        let course = fresh(&*space, &task);
        let mut rng = Rng::stream(4, "cells");
        for _ in 0..200 {
            let arch = space.sample(Sampler::Uniform, &mut rng);
            let network = course.supernet.network(&*space, &arch).unwrap();
            assert!(network.weights().count() <= course.supernet.params());
            assert_eq!(network.weights().count(), network.plan().params());
        }
    }
    let frame = task.frame(Some(4), Some(1));
    let refused = Supernet::new(&darts(), frame, 0, &cpu());
    assert!(matches!(refused, Err(TrainError::NoSupernet(_))));
}

#[test]
fn cells_share_what_they_have_in_common() {
    let (space, task) = (nasbench201(), few_digits());
    let course = fresh(&space, &task);
    let network = |text: &str| {
        let arch = space.parse(text).unwrap();
        course.supernet.network(&space, &arch).unwrap()
    };
    let a = network("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|");
    let b = network("|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_3x3~0|skip_connect~1|none~2|");
    let shared = "stage1.cell0.edge0-1.nor_conv_3x3.conv";
    assert_eq!(a.weights().get(shared), b.weights().get(shared));
    let own = "stage1.cell0.edge0-3.nor_conv_3x3.conv";
    assert_eq!(a.weights().get(own), None);
    assert_ne!(b.weights().get(shared), b.weights().get(own));
}

#[test]
fn mobile_networks_share_kernels_expansions_and_depths() {
    let (space, task) = (efficientnet_b0(), few_digits());
    let course = fresh(&space, &task);
    let stages = "r1_k3_e6_o24;r1_k3_e6_o40;r1_k3_e6_o80;r1_k3_e6_o112;r1_k3_e6_o192;r1_k3_e6_o320";
    let network = |first: &str| {
        let arch = space.parse(&format!("{first};{stages}")).unwrap();
        course.supernet.network(&space, &arch).unwrap()
    };
    let (large, small) = (network("r1_k5_e6_o16"), network("r1_k3_e1_o16"));
    let kernel = |network: &ganas_train::Network, op: &str| {
        let name = format!("stage1.layer0.{op}.depthwise");
        network.weights().get(&name).unwrap()
    };
    let find = |network: &ganas_train::Network| {
        let weights = network.plan().weights.iter();
        let own = weights.filter(|w| w.name.starts_with("stage1") && w.shape[0] > 1);
        Vec::from_iter(own.map(|w| w.name.clone()))
    };
    let op = |names: Vec<String>| names[0].split('.').nth(2).unwrap().to_owned();
    let (whole, [side, _, wide, _]) = kernel(&large, &op(find(&large)));
    let (part, [3, 3, narrow, 1]) = kernel(&small, &op(find(&small))) else {
        panic!("a kernel of 3 x 3");
    };
    assert!(side == 5 && wide == 6 * narrow);
    for (row, column, channel) in [(0, 0, 0), (2, 1, narrow - 1), (1, 2, 1)] {
        let shared = whole[((row + 1) * side + column + 1) * wide + channel];
        assert_eq!(part[(row * 3 + column) * narrow + channel], shared);
    }
}

#[test]
fn threads_change_nothing() {
    let task = few_digits();
    for space in [&nasbench201() as &dyn SearchSpace, &efficientnet_b0()] {
        let result = |threads| {
            let mut course = fresh(space, &task);
            train(&mut course, space, &task, 1, threads);
            (course.history.clone(), scores(&course, space, &task))
        };
        assert_eq!(result(1), result(3));
    }
}

#[test]
fn training_goes_on_where_it_was_left() {
    let mobile = efficientnet_b0();
    for space in [&nasbench201() as &dyn SearchSpace, &nasbench101(), &mobile] {
        let task = few_digits();
        let split = SplitConfig::default();
        let identity = Identity::new(space, &task, "few", split, &settings(space, 3), 3);
        let mut straight = fresh(space, &task);
        train(&mut straight, space, &task, 2, 2);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/supernet.safetensors");
        let mut first = fresh(space, &task);
        train(&mut first, space, &task, 1, 2);
        save(&file, &identity, &first).unwrap();
        let (known, mut second) = load_supernet(&file, space, &cpu()).unwrap();
        assert_eq!(identity.difference(&known), None);
        train(&mut second, space, &task, 2, 1);
        assert_eq!(second.history, straight.history);
        let (ours, theirs) = (
            scores(&second, space, &task),
            scores(&straight, space, &task),
        );
        assert_eq!(ours, theirs);
    }
}

#[test]
fn a_stopped_epoch_is_not_kept() {
    let (space, task) = (nasbench201(), few_digits());
    let mut course = fresh(&space, &task);
    let stop = AtomicBool::new(true);
    let epoch = course.epoch(
        &space,
        &recipe(1),
        &task.train(),
        3,
        &stop,
        &mut |_, _, _| (),
    );
    assert_eq!(epoch.unwrap(), None);
    assert!(course.history.is_empty());
}

#[test]
fn it_learns_and_tells_dead_cells_from_others() {
    let split = SplitConfig::default();
    let task = ImageTask::new(load("digits").unwrap(), &split, 0).unwrap();
    let space = nasbench201();
    let mut course = fresh(&space, &task);
    train(&mut course, &space, &task, 30, 2);
    let losses: Vec<f64> = course.history.iter().map(|e| e.train.loss).collect();
    assert!(losses[29] < 0.8 * losses[0], "{losses:?}");
    let pool = Arc::new(ThreadPoolBuilder::new().num_threads(2).build().unwrap());
    let scoring = Scoring {
        images: Some(200),
        ..Scoring::default()
    };
    let shared = Arc::new(course.supernet);
    let mut evaluator = SupernetEvaluator::new(
        Arc::new(nasbench201()),
        shared,
        Arc::new(task),
        scoring,
        pool,
    );
    assert_eq!(evaluator.metrics(), ["accuracy", "loss"]);
    let all = |op: &str| {
        let text = format!("|{op}~0|+|{op}~0|{op}~1|+|{op}~0|{op}~1|{op}~2|");
        space.parse(&text).unwrap()
    };
    let accuracy = |outcome: &Outcome| match outcome {
        Outcome::Done(metrics) => metrics[0],
        failed => panic!("{failed:?}"),
    };
    let outcomes = evaluator.evaluate(&[all("none"), all("nor_conv_3x3")]);
    let [dead, alive] = [accuracy(&outcomes[0]), accuracy(&outcomes[1])];
    assert!(dead < 25.0 && alive > dead + 15.0, "{dead} {alive}");
}

#[test]
fn files_that_are_no_supernet_of_this_space_are_refused() {
    let (space, task) = (nasbench201(), few_digits());
    let course = fresh(&space, &task);
    let identity = Identity::new(&space, &task, "few", SplitConfig::default(), &recipe(1), 3);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("supernet.safetensors");
    let refused = |space: &dyn SearchSpace, file: &Path, word: &str| {
        let error = load_supernet(file, space, &cpu())
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("supernet.safetensors"), "{error}");
        assert!(error.contains(word), "{error}");
    };
    refused(&space, &file, "No such file");
    save(&file, &identity, &course).unwrap();
    refused(&nasbench101(), &file, "not of `nasbench101`");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    refused(&space, &file, "no supernet");
    std::fs::write(&file, "nothing").unwrap();
    refused(&space, &file, "no supernet");
    let newer = Identity {
        version: 99,
        ..identity.clone()
    };
    save(&file, &newer, &course).unwrap();
    refused(&space, &file, "newer version");
    // Weights of another width than the header says.
    let mut wider = identity.clone();
    wider.frame.width = Some(6);
    save(&file, &wider, &course).unwrap();
    refused(&space, &file, "F32");
    // And a supernet of other settings says which.
    assert!(identity.difference(&wider).unwrap().starts_with("frame"));
}

#[test]
fn searches_find_cells_of_the_space_on_any_number_of_threads() {
    let task = few_digits();
    for space in [&nasbench201() as &dyn SearchSpace, &nasbench101()] {
        let mut course = fresh(space, &task);
        train(&mut course, space, &task, 1, 2);
        for method in [Method::Enas, Method::Darts, Method::Gaea] {
            let run = |seed, stop| find(method, space, &course.supernet, &task, seed, stop);
            let found = run(0, false).unwrap().unwrap();
            assert_eq!(space.check(&found.arch), Ok(()));
            assert_eq!(space.canonical(&found.arch), found.arch);
            assert!(found.entropy > 0.0 && found.entropy < 5f64.ln());
            // The weights went on learning, and the score is by what they have become.
            let before = Scoring::default().score(&course.supernet, space, &found.arch, &task);
            assert_ne!(found.score, before.unwrap());
            for threads in [1, 2] {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build();
                let again = pool.unwrap().install(|| run(0, false)).unwrap().unwrap();
                let result = |f: &Found| (f.arch, f.score, f.entropy.to_bits());
                assert_eq!(result(&again), result(&found), "{method:?} {threads}");
            }
            assert!(run(0, true).unwrap().is_none());
        }
    }
    let file = "name = \"c\"\nkind = \"chain\"\nlength = 2\nops = [\"conv_3x3\", \"skip\"]";
    let chain = from_toml(file).unwrap();
    let course = fresh(&nasbench201(), &task);
    let none = find(Method::Enas, &*chain, &course.supernet, &task, 0, false);
    assert!(matches!(none, Err(TrainError::NoCells(_))));
}

fn find(
    method: Method,
    space: &dyn SearchSpace,
    supernet: &Supernet,
    task: &ImageTask,
    seed: u64,
    stop: bool,
) -> Result<Option<Found>, TrainError> {
    let config = Alternation {
        rounds: 6,
        batch: 16,
        samples: 3,
        ..Alternation::default()
    };
    let (scoring, stop) = (Scoring::default(), AtomicBool::new(stop));
    search(
        method, &config, space, supernet, task, &scoring, seed, &stop,
    )
}
