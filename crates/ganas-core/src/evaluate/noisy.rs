//! Evaluations with noise, as further trainings of the same architecture have.

use std::collections::HashMap;

use super::{Advice, Details, Evaluator, Outcome, Work};
use crate::error::Result;
use crate::rng::Rng;
use crate::trial::{Axis, Fidelity, Trial};

/// Adds Gaussian noise to one metric of another evaluator.
///
/// Each evaluation draws new noise, so that the mean of several evaluations of a trial has less of
/// it. A draw depends on the seed, the trial and the number of its earlier evaluations. Neither the
/// order of evaluations nor a resumed search changes it.
pub struct Noisy<E> {
    inner: E,
    metric: usize,
    deviation: f64,
    seed: u64,
    /// Number of evaluations of each trial.
    evaluated: HashMap<Trial, u64>,
}

impl<E: Evaluator> Noisy<E> {
    /// Adds noise of a standard deviation, in the unit of the metric, to the metric of this index.
    pub fn new(inner: E, metric: usize, deviation: f64, seed: u64) -> Self {
        Noisy {
            inner,
            metric,
            deviation,
            seed,
            evaluated: HashMap::new(),
        }
    }
}

impl<E: Evaluator> Evaluator for Noisy<E> {
    fn metrics(&self) -> &[String] {
        self.inner.metrics()
    }

    fn axis(&self) -> Option<&Axis> {
        self.inner.axis()
    }

    fn slots(&self) -> usize {
        self.inner.slots()
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        self.inner.run(&mut Shaken {
            work,
            metric: self.metric,
            deviation: self.deviation,
            seed: self.seed,
            evaluated: &mut self.evaluated,
        })
    }
}

/// Work that adds noise to its outcomes.
struct Shaken<'a> {
    work: &'a mut dyn Work,
    metric: usize,
    deviation: f64,
    seed: u64,
    evaluated: &'a mut HashMap<Trial, u64>,
}

impl Work for Shaken<'_> {
    fn next(&mut self) -> Option<Trial> {
        self.work.next()
    }

    fn report(&mut self, trial: &Trial, level: u32, metrics: &[f64]) -> Advice {
        let mut metrics = metrics.to_vec();
        if let Some(value) = metrics.get_mut(self.metric) {
            let at = Trial::at(trial.arch, Fidelity::Level(level));
            *value += self.deviation * draw(&at, 0, self.seed);
        }
        self.work.report(trial, level, &metrics)
    }

    fn details(&mut self, trial: &Trial, details: Details) {
        self.work.details(trial, details);
    }

    fn done(&mut self, trial: &Trial, mut outcome: Outcome) {
        if let Outcome::Done(metrics) = &mut outcome
            && let Some(value) = metrics.get_mut(self.metric)
        {
            let before = self.evaluated.entry(*trial).or_default();
            *value += self.deviation * draw(trial, *before, self.seed);
            *before += 1;
        }
        self.work.done(trial, outcome);
    }

    fn stopped(&mut self) -> bool {
        self.work.stopped()
    }
}

/// Standard normal noise of an evaluation of a trial after some others of it.
fn draw(trial: &Trial, before: u64, seed: u64) -> f64 {
    let mut name = format!("noise of {:?}", trial.arch);
    if let Fidelity::Level(level) = trial.fidelity {
        name += &format!(" at {level}");
    }
    if before > 0 {
        name += &format!(" after {before}");
    }
    Rng::stream(seed, &name).normal()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Arch;
    use crate::space::{SearchSpace, nasbench201};
    use crate::testing::{Synthetic, evaluator_contract};

    #[test]
    fn keeps_the_contract() {
        let space = nasbench201();
        // What comes of an architecture differs each time; without noise it does not.
        evaluator_contract(&mut Noisy::new(Synthetic::new(&space), 0, 0.0, 3), &space);
    }

    /// The noise of evaluations, one after another.
    fn noise(noisy: &mut Noisy<Synthetic>, space: &dyn SearchSpace, archs: &[Arch]) -> Vec<f64> {
        let truth = Synthetic::new(space);
        (archs.iter().zip(noisy.evaluate(archs)))
            .map(|(arch, outcome)| match outcome {
                Outcome::Done(metrics) => metrics[0] - truth.score(arch),
                Outcome::Failed(reason) => panic!("{reason}"),
            })
            .collect()
    }

    #[test]
    fn evaluating_again_averages_it_out() {
        let space = nasbench201();
        let arch = space.sample(space.samplers()[0], &mut Rng::stream(0, "test"));
        let mut noisy = Noisy::new(Synthetic::new(&space), 0, 1.0, 0);
        let drawn = noise(&mut noisy, &space, &[arch; 4000]);
        let mean = drawn.iter().sum::<f64>() / 4000.0;
        // Four deviations of the mean.
        assert!(mean.abs() < 4.0 / 4000f64.sqrt(), "{mean}");
        let square = drawn.iter().map(|e| e * e).sum::<f64>() / 4000.0;
        assert!((square - 1.0).abs() < 0.1, "{square}");
    }

    #[test]
    fn follows_from_the_number_of_the_evaluation_and_not_from_the_order() {
        let space = nasbench201();
        let mut rng = Rng::stream(0, "test");
        let [a, b] = [(); 2].map(|()| space.sample(space.samplers()[0], &mut rng));
        let new = || Noisy::new(Synthetic::new(&space), 0, 1.0, 7);
        let one = noise(&mut new(), &space, &[a, a, b, b]);
        let mut split = new();
        let mut two = noise(&mut split, &space, &[b, a]);
        two.extend(noise(&mut split, &space, &[a, b]));
        assert_eq!(one, [two[1], two[2], two[0], two[3]]);
        assert!(one[0] != one[1] && one[2] != one[3]);
    }

    #[test]
    fn has_its_deviation_and_follows_the_seed() {
        let space = nasbench201();
        let mut archs = Vec::new();
        space.enumerate(&mut |arch| archs.push(arch)).unwrap();
        let noise = |seed| {
            let mut noisy = Noisy::new(Synthetic::new(&space), 0, 0.5, seed);
            noise(&mut noisy, &space, &archs)
        };
        let (one, two) = (noise(1), noise(2));
        let n = one.len() as f64;
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / n;
        // Deviations of the estimates are 0.002 and 0.25 / 125.
        assert!((product(&one, &one) - 0.25).abs() < 0.02);
        assert!(product(&one, &two).abs() < 0.01);
        assert!((one.iter().sum::<f64>() / n).abs() < 0.02);
        assert_eq!(one, noise(1));
    }
}
