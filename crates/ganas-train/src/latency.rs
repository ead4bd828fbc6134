//! Inference latency of networks, measured on this machine.

use std::time::Instant;

use ganas_core::arch::Arch;
use ganas_core::error::Result as CoreResult;
use ganas_core::evaluate::{Advice, Details, Evaluator, Outcome, Work};
use ganas_core::rng::Rng;
use ganas_core::trial::{Axis, Trial};

use crate::error::Result;
use crate::evaluate::{Training, TrainingEvaluator};
use crate::examples::Batch;
use crate::trainer::Network;

/// The metric of the time of an inference: milliseconds of a pass of one image, measured here.
pub const LATENCY: &str = "latency_ms";

/// Passes before the first one that is timed.
const WARM_UP: usize = 3;

/// Passes that are timed for [`LATENCY`] (ours).
const PASSES: usize = 15;

/// Times of forward passes.
#[derive(Clone, Debug, PartialEq)]
pub struct Latency {
    /// Milliseconds of each pass, ascending.
    pub passes: Vec<f64>,
}

impl Latency {
    /// The median in milliseconds.
    pub fn median(&self) -> f64 {
        let (n, middle) = (self.passes.len(), self.passes.len() / 2);
        match n % 2 {
            0 => 0.5 * (self.passes[middle - 1] + self.passes[middle]),
            _ => self.passes[middle],
        }
    }

    /// A 95 % interval of the median by the order of the passes, in the normal approximation.
    pub fn interval(&self) -> [f64; 2] {
        let n = self.passes.len() as f64;
        let half = 0.98 * n.sqrt();
        let last = self.passes.len() - 1;
        let low = (0.5 * n - half).floor().max(0.0) as usize;
        let high = ((0.5 * n + half).ceil() as usize).min(last);
        [self.passes[low.min(last)], self.passes[high]]
    }
}

/// Times forward passes of a network on a batch of random images.
///
/// # Errors
/// If the images do not fit, which is an internal fault.
pub fn latency(network: &Network, batch: usize, passes: usize) -> Result<Latency> {
    let [height, width, channels] = network.plan().steps[0].shape;
    let mut rng = Rng::stream(0, "latency");
    let pixels = batch * height * width * channels;
    let images = Batch {
        images: (0..pixels).map(|_| rng.normal() as f32).collect(),
        labels: vec![0; batch],
    };
    for _ in 0..WARM_UP {
        network.logits(&images)?;
    }
    let mut times = Vec::with_capacity(passes);
    for _ in 0..passes.max(1) {
        let begun = Instant::now();
        network.logits(&images)?;
        times.push(1e3 * begun.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(Latency { passes: times })
}

impl Training {
    /// Milliseconds of an inference of one image by the network of an architecture, the median of several.
    /// Weights do not matter for it.
    ///
    /// # Errors
    /// If its network cannot be built.
    pub fn time(&self, arch: &Arch) -> Result<f64> {
        let network = Network::new(self.plan(arch)?, 0, &self.device);
        Ok(latency(&network, 1, PASSES)?.median())
    }
}

/// Evaluates by trainings, and measures [`LATENCY`] after each. Trainings on other threads disturb it.
pub struct TimedEvaluator {
    trained: TrainingEvaluator,
    training: Training,
    metrics: Vec<String>,
}

impl TimedEvaluator {
    /// Adds the latency to the metrics of trainings.
    pub fn new(trained: TrainingEvaluator, training: Training) -> Self {
        let mut metrics = trained.metrics().to_vec();
        metrics.push(LATENCY.to_owned());
        TimedEvaluator {
            trained,
            training,
            metrics,
        }
    }
}

impl Evaluator for TimedEvaluator {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn slots(&self) -> usize {
        self.trained.slots()
    }

    fn axis(&self) -> Option<&Axis> {
        self.trained.axis()
    }

    fn run(&mut self, work: &mut dyn Work) -> CoreResult<()> {
        let training = &self.training;
        self.trained.run(&mut TimedWork { work, training })
    }
}

/// Work whose outcomes get the latency.
struct TimedWork<'w> {
    work: &'w mut dyn Work,
    training: &'w Training,
}

impl Work for TimedWork<'_> {
    fn next(&mut self) -> Option<Trial> {
        self.work.next()
    }

    fn report(&mut self, trial: &Trial, level: u32, metrics: &[f64]) -> Advice {
        // The latency does not change while a network is trained, and is measured once.
        let mut metrics = metrics.to_vec();
        metrics.push(f64::NAN);
        self.work.report(trial, level, &metrics)
    }

    fn details(&mut self, trial: &Trial, details: Details) {
        self.work.details(trial, details);
    }

    fn done(&mut self, trial: &Trial, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Done(mut values) => match self.training.time(&trial.arch) {
                Ok(time) => {
                    values.push(time);
                    Outcome::Done(values)
                }
                Err(error) => Outcome::Failed(error.to_string()),
            },
            failed => failed,
        };
        self.work.done(trial, outcome);
    }

    fn stopped(&mut self) -> bool {
        self.work.stopped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_median() {
        let latency = Latency {
            passes: (1..=40).map(f64::from).collect(),
        };
        assert_eq!(latency.median(), 20.5);
        let [low, high] = latency.interval();
        assert!(
            low < 20.0 && high > 21.0 && low > 10.0 && high < 31.0,
            "{low} {high}"
        );
        let one = Latency { passes: vec![2.0] };
        assert_eq!((one.median(), one.interval()), (2.0, [2.0, 2.0]));
    }
}
