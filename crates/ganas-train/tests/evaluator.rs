//! Candidates that are trained.

use std::path::Path;
use std::sync::Arc;

use ganas_core::arch::Arch;
use ganas_core::evaluate::{Advice, Evaluator, Outcome, Work};
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace, from_toml, nasbench201};
use ganas_core::trial::{Axis, Trial};
use ganas_data::{SplitConfig, load};
use ganas_train::recipe::Parts;
use ganas_train::{Checkpoints, Feed, ImageTask, Recipe, Training, TrainingEvaluator};
use rayon::{ThreadPool, ThreadPoolBuilder};

fn training(learning_rate: f64) -> Training {
    let task = ImageTask::new(load("digits").unwrap(), &SplitConfig::default(), 0).unwrap();
    let images = Parts {
        train: task.train().len(),
        validation: task.validation().len(),
    };
    Training {
        space: Arc::new(nasbench201()),
        task: Arc::new(task),
        recipe: Recipe {
            epochs: 1,
            width: Some(4),
            learning_rate,
            ..Recipe::suited("digits", &images)
        },
        device: ganas_train::cpu(),
    }
}

fn pool(threads: usize) -> Arc<ThreadPool> {
    Arc::new(
        ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap(),
    )
}

fn cells(count: usize) -> Vec<Arch> {
    let mut rng = Rng::stream(2, "cells");
    (0..count)
        .map(|_| nasbench201().sample(Sampler::Uniform, &mut rng))
        .collect()
}

#[test]
fn outcomes_depend_on_neither_workers_nor_order() {
    let cells = cells(5);
    let mut one = TrainingEvaluator::new(training(0.1), 7, pool(1));
    let mut three = TrainingEvaluator::new(training(0.1), 7, pool(3));
    assert_eq!(one.metrics(), ["accuracy", "loss"]);
    let first = one.evaluate(&cells);
    let turned: Vec<Arch> = cells.iter().rev().copied().collect();
    let mut second = three.evaluate(&turned);
    second.reverse();
    assert_eq!(first, second);
    for outcome in &first {
        let Outcome::Done(metrics) = outcome else {
            panic!("{outcome:?}")
        };
        assert!((0.0..=100.0).contains(&metrics[0]));
    }
    // Another seed is another training.
    let mut other = TrainingEvaluator::new(training(0.1), 8, pool(1));
    assert_ne!(other.evaluate(&cells[..2]), first[..2]);
}

/// One trial, and what was reported and came of it.
struct One {
    trial: Option<Trial>,
    reports: Vec<(u32, Vec<f64>)>,
    outcome: Option<Outcome>,
}

impl Work for One {
    fn next(&mut self) -> Option<Trial> {
        self.trial.take()
    }

    fn report(&mut self, _: &Trial, level: u32, metrics: &[f64]) -> Advice {
        self.reports.push((level, metrics.to_vec()));
        Advice::Continue
    }

    fn done(&mut self, _: &Trial, outcome: Outcome) {
        self.outcome = Some(outcome);
    }

    fn stopped(&mut self) -> bool {
        false
    }
}

/// A search that was killed between a checkpoint and the outcome gets all reports again.
#[test]
fn a_training_that_continues_reports_all_of_its_curve() {
    let folder = tempfile::tempdir().unwrap();
    let axis = Axis::new("epochs", 1..=8).unwrap();
    let trained = |epochs: u32, folder: &Path| {
        let mut training = training(0.1);
        training.recipe.epochs = 8;
        let checkpoints = Checkpoints::new(folder.to_owned());
        let mut evaluator =
            TrainingEvaluator::new(training, 7, pool(1)).with_levels(axis.clone(), checkpoints);
        let mut work = One {
            trial: Some(Trial::at(cells(1)[0], axis.fidelity(epochs).unwrap())),
            reports: Vec::new(),
            outcome: None,
        };
        evaluator.run(&mut work).unwrap();
        (work.reports, work.outcome.unwrap())
    };
    let first = trained(4, folder.path());
    assert_eq!(first.0.len(), 2);
    assert_eq!(trained(4, folder.path()), first);
    // A continued training has the curve of one that was never paused, and its end.
    let whole = tempfile::tempdir().unwrap();
    assert_eq!(trained(8, folder.path()), trained(8, whole.path()));
}

#[test]
fn a_candidate_that_diverges_is_a_failed_evaluation() {
    let all = nasbench201()
        .parse("|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|");
    let mut evaluator = TrainingEvaluator::new(training(1e30), 0, pool(1));
    match &evaluator.evaluate(&[all.unwrap()])[..] {
        [Outcome::Failed(why)] => assert!(why.contains("diverged"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_chosen_network_is_trained_on_all_but_the_test_images() {
    let training = training(0.1);
    let task = &training.task;
    let (development, test) = (task.development().len(), task.test().len());
    assert_eq!(development + test, 1797);
    assert_eq!(development, task.train().len() + task.validation().len());
    let mut epochs = 0;
    let (network, score) = training
        .finish(&cells(1)[0], 0, &mut |_| epochs += 1)
        .unwrap();
    assert_eq!(epochs, 1);
    let batch = training.recipe.batch;
    assert_eq!(score, network.evaluate(&task.test(), batch).unwrap());
}

#[test]
fn images_are_changed_as_the_recipe_says() {
    let with = |text: &str| {
        let mut training = training(0.1);
        training.recipe.augment = Some(text.parse().unwrap());
        training
    };
    let epoch = |training: &Training| {
        let feed = training.task.train();
        let feed = feed.augmented(training.recipe.augment.clone());
        feed.epoch(1, 0, 1797).next().unwrap().images
    };
    // A digit bears a shift of one pixel: that is what is proposed.
    assert_eq!(epoch(&with("pad=1")), epoch(&training(0.1)));
    assert_ne!(epoch(&with("none")), epoch(&training(0.1)));
    let score = |training: Training| training.evaluate(&cells(1)[0], 0).unwrap();
    assert_eq!(score(with("pad=1")), score(training(0.1)));
    assert_ne!(score(with("cutout=4")), score(training(0.1)));
    let error = with("pad=9").check().unwrap_err().to_string();
    assert!(error.contains("pad = 9"), "{error}");
}

#[test]
fn what_cannot_be_trained_is_known_before() {
    assert!(training(0.1).check().is_ok());
    assert!(training(f64::NAN).check().is_err());
    let unknown = "name = \"c\"\nkind = \"chain\"\nlength = 2\nops = [\"conv_3x3\", \"attention\"]";
    let unknown = Training {
        space: from_toml(unknown).unwrap().into(),
        ..training(0.1)
    };
    let error = unknown.check().unwrap_err().to_string();
    assert!(
        error.contains("attention") && error.contains("conv_KxK"),
        "{error}"
    );
}
