//! The end of a search that trains networks: the best ones are trained again, and one is kept.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_draw::Drawing;
use ganas_train::{Feed, Training};
use rayon::prelude::*;

use crate::progress::{Bar, Progress};
use crate::recipe::usable;
use crate::record::{Finalist, Winner};
use crate::source::Trained;

const WEIGHTS: &str = "winner.safetensors";
const DRAWING: &str = "winner.svg";

/// How many of the best architectures are trained again before one is chosen (ours).
pub const FINALISTS: usize = 5;
/// How often each of them is (ours).
const TRAININGS: usize = 3;

/// Chooses among the best architectures of a search, best first, by training each of them again
/// from other weights: the best value of many that are noisy is too good to be true. Then trains
/// the chosen one on all images that are not for test, scores it on those, once, and writes its
/// weights and its drawing.
///
/// # Errors
/// If the last training diverges, or the files cannot be written.
pub fn train(
    trained: &Trained,
    finalists: &[Arch],
    seed: u64,
    epochs: Option<usize>,
    folder: &Path,
    progress: &Progress,
) -> Result<Winner> {
    let mut training: Training = trained.training.clone();
    training.recipe.epochs = epochs.unwrap_or(training.recipe.epochs);
    let bar = progress.steps(finalists.len() * TRAININGS * trained.training.recipe.epochs);
    bar.say(format!("training the best {} again", finalists.len()));
    let standings = again(trained, finalists, seed, &bar);
    drop(bar);
    let chosen = (0..finalists.len()).rev().max_by(|&a, &b| {
        let value = |i: usize| standings[i].accuracy.unwrap_or(f64::NEG_INFINITY);
        value(a).total_cmp(&value(b))
    });
    let arch = chosen
        .map(|i| finalists[i])
        .context("there is no architecture to train")?;
    let bar = progress.steps(training.recipe.epochs);
    bar.say("the winner, on all images that are not for test");
    let (network, score) = training
        .finish(&arch, seed, &mut |epoch| bar.set(epoch.epoch))
        .map_err(usable)?;
    drop(bar);
    let weights = folder.join(WEIGHTS);
    network.weights().save(&weights).map_err(usable)?;
    let drawing = folder.join(DRAWING);
    let svg = Drawing::of(&*training.space, &arch)?.svg();
    fs::write(&drawing, svg).with_context(|| format!("cannot write {}", drawing.display()))?;
    Ok(Winner {
        arch: training.space.format(&arch),
        finalists: standings,
        test_accuracy: 100.0 * score.accuracy,
        test_loss: score.loss,
        test_images: training.task.test().len(),
        train_images: training.task.development().len(),
        epochs: training.recipe.epochs,
        image: training.task.test().image(),
        params: network.plan().params(),
        weights: weights.display().to_string(),
        drawing: drawing.display().to_string(),
    })
}

/// Trains each of some architectures several times, from weights that the search did not see.
fn again(trained: &Trained, finalists: &[Arch], seed: u64, bar: &Bar) -> Vec<Finalist> {
    let training = &trained.training;
    let jobs: Vec<(usize, u64)> = (0..TRAININGS as u64)
        .flat_map(|round| (0..finalists.len()).map(move |i| (i, round)))
        .collect();
    let one = |&(i, round): &(usize, u64)| {
        let seed = Rng::stream(seed, &format!("finalists {round}")).bits();
        let score = training.evaluate(&finalists[i], seed);
        bar.advance(training.recipe.epochs);
        // A training that diverges counts against its architecture.
        score.map_or(f64::NEG_INFINITY, |score| 100.0 * score.accuracy)
    };
    let values: Vec<f64> =
        (trained.pool).install(|| jobs.par_iter().with_max_len(1).map(one).collect());
    (finalists.iter().enumerate())
        .map(|(i, arch)| {
            let own = jobs.iter().zip(&values).filter(|((of, _), _)| *of == i);
            let mean = own.map(|(_, value)| value).sum::<f64>() / TRAININGS as f64;
            Finalist {
                arch: training.space.format(arch),
                accuracy: mean.is_finite().then_some(mean),
                trainings: TRAININGS,
            }
        })
        .collect()
}

/// A folder for a run on a dataset that nothing is in yet: `runs/DATASET-1`, or the next number.
pub fn free_folder(dataset: &str) -> std::path::PathBuf {
    let name = |n: usize| Path::new("runs").join(format!("{dataset}-{n}"));
    // There are fewer folders than numbers.
    (1..)
        .map(name)
        .find(|path| !path.exists())
        .unwrap_or_else(|| name(0))
}
