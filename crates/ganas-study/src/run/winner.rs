//! The end of a search that trains networks: the best ones are trained again, and one is kept.

use ganas_core::error::{Error, Result};
use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::write_whole;
use ganas_draw::Drawing;
use ganas_train::{Feed, Network, Score, TrainError, Training};

use super::comparison;
use super::retrainings::Retrainings;
use super::speed::Speed;
use crate::progress::{Bar, Progress};
use crate::record::{Finalist, Winner};
use crate::source::Trained;
use crate::source::recipe::usable;

const WEIGHTS: &str = "winner.safetensors";
const DRAWING: &str = "winner.svg";

/// Number of the best architectures that are trained again before one is chosen (ours).
pub const FINALISTS: usize = 5;
/// Trainings of each of them (ours).
const TRAININGS: usize = 3;

/// Interval between two checks of the stop flag.
const POLL: Duration = Duration::from_millis(50);

/// Architectures that are trained at the end of a search.
#[derive(Clone, Copy, Debug)]
pub struct Candidates<'a> {
    /// The best architectures, best first.
    pub finalists: &'a [Arch],
    /// Random ones to compare with.
    pub random: &'a [Arch],
}

/// Chooses among the best architectures of a search, best first, by training each of them again
/// from other weights: the best value of many that are noisy is too good to be true. Then trains
/// the chosen one on all images that are not for test, scores it on those, once, and writes its
/// weights and its drawing. None if `stop` is set before; then nothing is written, and trainings
/// that were begun are left to themselves.
///
/// After that the winner is [compared](comparison) with `random` architectures, if there are any.
///
/// # Errors
/// If the last training diverges, or the files cannot be written.
pub fn train(
    trained: &Trained,
    Candidates { finalists, random }: Candidates,
    seed: u64,
    epochs: Option<usize>,
    folder: &Path,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Option<Winner>> {
    let mut training: Training = trained.training.clone();
    training.recipe.epochs = epochs.unwrap_or(training.recipe.epochs);
    let bar = progress.steps(finalists.len() * TRAININGS * trained.training.recipe.epochs);
    bar.say(format!("training the best {} again", finalists.len()));
    let speed = Speed::show(&trained.training.task, &bar);
    let mut retrainings = Retrainings::open(folder, &*training.space)?;
    let Some(standings) = again(trained, finalists, seed, &mut retrainings, &bar, stop)? else {
        return Ok(None);
    };
    drop(speed);
    drop(bar);
    let chosen = (0..finalists.len()).rev().max_by(|&a, &b| {
        let value = |i: usize| standings[i].accuracy.unwrap_or(f64::NEG_INFINITY);
        value(a).total_cmp(&value(b))
    });
    let arch = chosen
        .map(|i| finalists[i])
        .ok_or_else(|| Error::bug("there is no architecture to train"))?;
    let bar = progress.steps(training.recipe.epochs);
    bar.say("the winner, on all images that are not for test");
    let speed = Speed::show(&training.task, &bar);
    let Some(finished) = last(&trained.pool, &training, arch, seed, &bar, stop) else {
        return Ok(None);
    };
    drop(speed);
    let (network, score) = finished?;
    drop(bar);
    let weights = folder.join(WEIGHTS);
    let preprocessing = training.task.preprocessing();
    let saved = network.weights().save_with(&weights, &preprocessing);
    saved.map_err(usable)?;
    let drawing = folder.join(DRAWING);
    let svg = Drawing::of(&*training.space, &arch)?.svg();
    write_whole(&drawing, |mut file| file.write_all(svg.as_bytes()))?;
    let bar = progress.steps(comparison::TRAININGS);
    bar.say("random architectures under the same training");
    let found = (arch, 100.0 * score.accuracy);
    let compared = comparison::compare(&training, &trained.pool, found, random, seed, &bar, stop);
    drop(bar);
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    Ok(Some(Winner {
        comparison: compared,
        arch: training.space.format(&arch),
        finalists: standings,
        test_accuracy: 100.0 * score.accuracy,
        test_loss: score.loss,
        test_images: training.task.test().len(),
        train_images: training.task.development().len(),
        epochs: training.recipe.epochs,
        preprocessing,
        params: network.plan().params(),
        weights: weights.display().to_string(),
        drawing: drawing.display().to_string(),
    }))
}

/// Trains each of some architectures several times, from weights that the search did not see. What
/// was trained before the search was resumed is not trained again.
fn again(
    trained: &Trained,
    finalists: &[Arch],
    seed: u64,
    retrainings: &mut Retrainings,
    bar: &Bar,
    stop: &AtomicBool,
) -> Result<Option<Vec<Finalist>>> {
    let training = &trained.training;
    let jobs: Vec<(usize, u64)> = (0..TRAININGS as u64)
        .flat_map(|round| (0..finalists.len()).map(move |i| (i, round)))
        .filter(|&(i, round)| retrainings.accuracy(&finalists[i], round).is_none())
        .collect();
    bar.advance((finalists.len() * TRAININGS - jobs.len()) * training.recipe.epochs);
    let (sender, values) = mpsc::channel();
    let begin = |job: usize| {
        let Some(&(i, round)) = jobs.get(job) else {
            return;
        };
        let (sender, training, arch) = (sender.clone(), training.clone(), finalists[i]);
        let seed = Rng::stream(seed, &format!("finalists {round}")).bits();
        trained.pool.spawn(move || {
            let score = panic::catch_unwind(AssertUnwindSafe(|| training.evaluate(&arch, seed)));
            // A training that diverges counts against its architecture.
            let value = match score {
                Ok(Ok(score)) => 100.0 * score.accuracy,
                _ => f64::NEG_INFINITY,
            };
            // The receiver is gone once the search is stopped.
            let _ = sender.send((i, round, value));
        });
    };
    // No more at once than there are threads, so that few are left when it is stopped.
    let threads = trained.pool.current_num_threads();
    (0..threads).for_each(begin);
    for done in 0..jobs.len() {
        let Ok((i, round, value)) = next(&values, stop) else {
            return Ok(None);
        };
        retrainings.add(&finalists[i], round, value)?;
        bar.advance(training.recipe.epochs);
        begin(threads + done);
    }
    let standings = finalists.iter().map(|arch| {
        // In this order, whichever finished first: sums of floats depend on it.
        let rounds = 0..TRAININGS as u64;
        let sum: f64 = rounds.filter_map(|r| retrainings.accuracy(arch, r)).sum();
        let mean = sum / TRAININGS as f64;
        Finalist {
            arch: training.space.format(arch),
            accuracy: mean.is_finite().then_some(mean),
            trainings: TRAININGS,
        }
    });
    Ok(Some(standings.collect()))
}

/// Message from a training.
enum Message {
    Epoch(usize),
    Done(std::result::Result<Box<(Network, Score)>, TrainError>),
}

/// The last training.
fn last(
    pool: &rayon::ThreadPool,
    training: &Training,
    arch: Arch,
    seed: u64,
    bar: &Bar,
    stop: &AtomicBool,
) -> Option<Result<(Network, Score)>> {
    let (sender, messages) = mpsc::channel();
    let training = training.clone();
    pool.spawn(move || {
        let send = |message| drop(sender.send(message));
        // If it panics, the receiver learns that the sender is gone.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| {
            let observe = &mut |epoch: &ganas_train::Epoch| send(Message::Epoch(epoch.epoch));
            send(Message::Done(
                training.finish(&arch, seed, observe).map(Box::new),
            ));
        }));
    });
    loop {
        match next(&messages, stop) {
            Ok(Message::Epoch(epoch)) => bar.set(epoch),
            Ok(Message::Done(done)) => {
                return Some(done.map(|done| *done).map_err(usable));
            }
            Err(ReceiveError::Stopped) => return None,
            Err(ReceiveError::Disconnected) => {
                return Some(Err(Error::evaluator("panicked in the last training")));
            }
        }
    }
}

/// Reason why no message was received.
enum ReceiveError {
    Stopped,
    Disconnected,
}

/// Waits for the next message, until `stop` is set.
fn next<T>(from: &Receiver<T>, stop: &AtomicBool) -> std::result::Result<T, ReceiveError> {
    while !stop.load(Ordering::Relaxed) {
        match from.recv_timeout(POLL) {
            Ok(message) => return Ok(message),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(ReceiveError::Disconnected),
        }
    }
    Err(ReceiveError::Stopped)
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
