//! Comparison of the winner with random architectures under the same training.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use ganas_core::arch::Arch;
use ganas_core::driver::Problem;
use ganas_core::rng::Rng;
use ganas_core::space::Sampler;
use ganas_train::Training;
use rayon::ThreadPool;

use crate::progress::Bar;
use crate::record::{BesideRandom, TrainedRandom};
use crate::statistics::{mean, median, median_interval};

/// Random architectures to compare with (ours): the fewest of which a 95 % interval of the median is
/// known.
const RANDOM: usize = 6;
/// Further trainings of the winner (ours).
const AGAIN: usize = 2;
/// Trainings of a comparison.
pub const TRAININGS: usize = RANDOM + AGAIN;

/// Draws that are tried for random architectures that keep the constraints.
const DRAWS: usize = 20_000;
/// Interval between two checks of the stop flag.
const POLL: Duration = Duration::from_millis(50);

/// Random architectures that keep the constraints, as far as is known without a training. Fewer, or none,
/// where few do.
pub fn random(problem: &Problem, sampler: Sampler, seed: u64) -> Vec<Arch> {
    let mut rng = Rng::stream(seed, "comparison");
    let mut found: Vec<Arch> = Vec::new();
    for _ in 0..DRAWS {
        let arch = problem.space().sample(sampler, &mut rng);
        if problem.admits(&arch) && !found.contains(&arch) {
            found.push(arch);
        }
        if found.len() == RANDOM {
            break;
        }
    }
    found
}

/// Trains the winner again, from other weights, and random architectures once each. None if `stop` is
/// set before, or there are too few random architectures.
pub fn compare(
    training: &Training,
    pool: &ThreadPool,
    (winner, accuracy): (Arch, f64),
    random: &[Arch],
    seed: u64,
    bar: &Bar,
    stop: &AtomicBool,
) -> Option<BesideRandom> {
    if random.len() < RANDOM {
        return None;
    }
    let again = (0..AGAIN).map(|n| (winner, format!("winner {n}")));
    let others = random.iter().map(|arch| (*arch, "random".to_owned()));
    let jobs: Vec<(Arch, u64)> = (again.chain(others))
        .map(|(arch, stream)| {
            (
                arch,
                Rng::stream(seed, &format!("comparison/{stream}")).bits(),
            )
        })
        .collect();
    let accuracies = train(training, pool, &jobs, bar, stop)?;
    let (again, others) = accuracies.split_at(AGAIN);
    let winner = [&[accuracy][..], again].concat();
    let values: Vec<Option<f64>> = others.iter().copied().map(Some).collect();
    let median = median(&values)?;
    let [Some(low), Some(high)] = median_interval(&values)? else {
        return None;
    };
    let mean = mean(&winner)?;
    let named = random
        .iter()
        .zip(others)
        .map(|(arch, accuracy)| TrainedRandom {
            arch: training.space.format(arch),
            accuracy: *accuracy,
        });
    Some(BesideRandom {
        winner,
        random: named.collect(),
        median,
        interval: [low, high],
        gain: mean - median,
        shown: mean > high,
    })
}

/// The test accuracy of each architecture with each seed, in percent.
fn train(
    training: &Training,
    pool: &ThreadPool,
    jobs: &[(Arch, u64)],
    bar: &Bar,
    stop: &AtomicBool,
) -> Option<Vec<f64>> {
    let (sender, done) = mpsc::channel();
    let begin = |job: usize| {
        let Some(&(arch, seed)) = jobs.get(job) else {
            return;
        };
        let (sender, training) = (sender.clone(), training.clone());
        pool.spawn(move || {
            let finish = || training.finish(&arch, seed, &mut |_| ());
            // A network that cannot be trained classifies nothing.
            let accuracy = match panic::catch_unwind(AssertUnwindSafe(finish)) {
                Ok(Ok((_, score))) => 100.0 * score.accuracy,
                _ => 0.0,
            };
            // The receiver is gone once the search is stopped.
            let _ = sender.send((job, accuracy));
        });
    };
    // No more at once than there are threads, so that few are left when it is stopped.
    let threads = pool.current_num_threads();
    (0..threads).for_each(begin);
    let mut accuracies = vec![0.0; jobs.len()];
    let mut count = 0;
    while count < jobs.len() {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        match done.recv_timeout(POLL) {
            Ok((job, accuracy)) => {
                accuracies[job] = accuracy;
                bar.advance(1);
                begin(threads + count);
                count += 1;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    Some(accuracies)
}

impl BesideRandom {
    /// Two lines: the accuracy of random architectures, and the gain of the search over them.
    pub fn lines(&self) -> [String; 2] {
        let [low, high] = self.interval;
        let reached = format!(
            "{:.2} % is the median of {} random architectures under the same training (95 % interval \
             {low:.2} to {high:.2})",
            self.median,
            self.random.len()
        );
        let over = format!(
            "{:+.2} points, by the mean of {} trainings of the winner ({:.2} %)",
            self.gain,
            self.winner.len(),
            self.median + self.gain
        );
        let gained = if self.shown {
            format!("{over}: above that interval")
        } else {
            format!(
                "{over}: not above that interval, so no benefit of searching can be shown on these images"
            )
        };
        [reached, gained]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_within_the_interval_is_none() {
        let mut comparison = BesideRandom {
            winner: vec![99.0, 99.4],
            random: Vec::new(),
            median: 98.7,
            interval: [98.0, 99.3],
            gain: 0.5,
            shown: false,
        };
        let [reached, gained] = comparison.lines();
        assert!(reached.contains("98.70 % is the median") && reached.contains("98.00 to 99.30"));
        assert!(gained.starts_with("+0.50 points") && gained.contains("no benefit of searching"));
        comparison.shown = true;
        assert!(comparison.lines()[1].ends_with("above that interval"));
    }
}
