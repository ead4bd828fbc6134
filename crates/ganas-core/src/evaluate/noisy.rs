//! Evaluations with noise, as another training of the same architecture would have it.

use super::{Details, Evaluator, Outcome, Work};
use crate::arch::Arch;
use crate::error::Result;
use crate::rng::Rng;

/// Adds Gaussian noise to one metric of another evaluator.
///
/// The noise of an architecture follows from the seed and the architecture: each query of a search
/// has its own, searches with other seeds have others, and a search that is resumed sees what it
/// saw before.
pub struct Noisy<E> {
    inner: E,
    metric: usize,
    deviation: f64,
    seed: u64,
}

impl<E: Evaluator> Noisy<E> {
    /// Noise of a standard deviation, in the unit of the metric, on the metric of this index.
    pub fn new(inner: E, metric: usize, deviation: f64, seed: u64) -> Self {
        Noisy {
            inner,
            metric,
            deviation,
            seed,
        }
    }
}

impl<E: Evaluator> Evaluator for Noisy<E> {
    fn metrics(&self) -> &[String] {
        self.inner.metrics()
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
        })
    }
}

/// Work whose outcomes get noise on their way back.
struct Shaken<'a> {
    work: &'a mut dyn Work,
    metric: usize,
    deviation: f64,
    seed: u64,
}

impl Work for Shaken<'_> {
    fn next(&mut self) -> Option<Arch> {
        self.work.next()
    }

    fn details(&mut self, arch: &Arch, details: Details) {
        self.work.details(arch, details);
    }

    fn done(&mut self, arch: &Arch, mut outcome: Outcome) {
        if let Outcome::Done(metrics) = &mut outcome
            && let Some(value) = metrics.get_mut(self.metric)
        {
            let mut rng = Rng::stream(self.seed, &format!("noise of {arch:?}"));
            *value += self.deviation * rng.normal();
        }
        self.work.done(arch, outcome);
    }

    fn stopped(&mut self) -> bool {
        self.work.stopped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{SearchSpace, nasbench201};
    use crate::testing::{Synthetic, evaluator_contract};

    #[test]
    fn keeps_the_contract() {
        let space = nasbench201();
        evaluator_contract(&mut Noisy::new(Synthetic::new(&space), 0, 0.1, 3), &space);
    }

    #[test]
    fn has_its_deviation_and_follows_the_seed() {
        let space = nasbench201();
        let mut archs = Vec::new();
        space.enumerate(&mut |arch| archs.push(arch)).unwrap();
        let noise = |seed| -> Vec<f64> {
            let mut noisy = Noisy::new(Synthetic::new(&space), 0, 0.5, seed);
            let outcomes = noisy.evaluate(&archs);
            let truth = Synthetic::new(&space);
            (archs.iter().zip(outcomes))
                .map(|(arch, outcome)| match outcome {
                    Outcome::Done(metrics) => metrics[0] - truth.score(arch),
                    Outcome::Failed(reason) => panic!("{reason}"),
                })
                .collect()
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
