//! Ends of learning curves, by steps from one level of a ladder to the next.
//!
//! For each step, the value at the next level is a line of the value at this one, fitted to the architectures
//! that have both, with a prior of slope 1. Architectures that were taken further were chosen by their values
//! at this level, which does not bias a regression on these values. An end is the last of all steps; the
//! variances of the steps add up.

use std::collections::HashSet;

use ganas_core::ledger::Ledger;

use crate::strategies::halving::Ladder;

/// Number of observations that the prior of a step counts for (ours).
const PRIOR: f64 = 3.0;

/// Share of the levels below, over which a curve is averaged (ours).
const WINDOW: f64 = 0.25;

/// Predicted end of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct End {
    /// Expected value at the highest level.
    pub mean: f64,
    /// Standard deviation of that.
    pub deviation: f64,
}

/// Model of the ends of curves.
#[derive(Clone, Debug)]
pub struct EndModel {
    levels: Vec<u32>,
    /// Steps from each level to the next.
    steps: Vec<Step>,
}

/// Line from the values at one level to those at the next.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    from: f64,
    to: f64,
    slope: f64,
    /// Variance around the line.
    variance: f64,
}

/// The value of a curve at a level: the mean over the last quarter of the levels up to it, if it has any there.
/// Values are noisy from level to level.
pub fn smoothed(curve: &[(u32, f64)], level: u32) -> Option<f64> {
    let first = level - (WINDOW * f64::from(level)) as u32;
    let near = curve.iter().filter(|(l, _)| (first..=level).contains(l));
    let (count, sum) = near.fold((0.0, 0.0), |(n, sum), (_, value)| (n + 1.0, sum + value));
    (count > 0.0).then(|| sum / count)
}

impl EndModel {
    /// Fits the steps of a ladder to all curves of a ledger.
    pub fn fit(ledger: &Ledger, ladder: &Ladder) -> Self {
        let levels = ladder.from(0).to_vec();
        let mut seen = HashSet::new();
        let archs = ledger.queries().iter().map(|query| query.arch);
        let curves: Vec<Vec<Option<f64>>> = archs
            .filter(|arch| seen.insert(*arch))
            .map(|arch| {
                let curve: Vec<(u32, f64)> = ledger.curve(&arch).collect();
                values(&curve, &levels)
            })
            .collect();
        EndModel::of_curves(levels, &curves)
    }

    /// Fits the steps to curves, each with its values at the levels.
    fn of_curves(levels: Vec<u32>, curves: &[Vec<Option<f64>>]) -> Self {
        let step = |k: usize| {
            let here: Vec<f64> = curves.iter().filter_map(|curve| curve[k]).collect();
            let pairs = curves.iter().filter_map(|curve| curve[k].zip(curve[k + 1]));
            Step::fit(&pairs.collect::<Vec<_>>(), moments(&here).1)
        };
        EndModel {
            steps: (1..levels.len()).map(|k| step(k - 1)).collect(),
            levels,
        }
    }

    /// The end of a curve; `None` if it is empty.
    pub fn end(&self, curve: &[(u32, f64)]) -> Option<End> {
        let (last, value) = *curve.last()?;
        let rung = self.levels.iter().rposition(|level| *level <= last);
        let top = self.levels.len() - 1;
        let Some(rung) = rung.filter(|rung| *rung < top) else {
            let below = rung.is_none();
            let steps = if below { &self.steps[..] } else { &[] };
            return Some(advance(steps, value));
        };
        // The latest values tell more than those at the level before.
        let latest = smoothed(curve, last).unwrap_or(value);
        Some(advance(&self.steps[rung..], latest))
    }

    /// Variance that is left in an end at a rung.
    pub fn variance(&self, rung: usize) -> f64 {
        advance(&self.steps[rung..], 0.0).deviation.powi(2)
    }
}

/// Values of a curve at the levels. The last one is the exact one.
fn values(curve: &[(u32, f64)], levels: &[u32]) -> Vec<Option<f64>> {
    let top = levels.len() - 1;
    let exact = |level: u32| {
        curve
            .iter()
            .find(|(l, _)| *l == level)
            .map(|(_, value)| *value)
    };
    let at = |(k, level): (usize, &u32)| match exact(*level) {
        Some(value) if k == top => Some(value),
        Some(_) => smoothed(curve, *level),
        None => None,
    };
    levels.iter().enumerate().map(at).collect()
}

/// Takes a value through steps.
fn advance(steps: &[Step], value: f64) -> End {
    let start = End {
        mean: value,
        deviation: 0.0,
    };
    steps.iter().fold(start, |end, step| End {
        mean: step.to + step.slope * (end.mean - step.from),
        deviation: (step.variance + (step.slope * end.deviation).powi(2)).sqrt(),
    })
}

impl Step {
    /// Fits a step to pairs of values; `spread` is the variance of all values at the lower level.
    fn fit(pairs: &[(f64, f64)], spread: f64) -> Step {
        let count = pairs.len() as f64;
        let starts: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
        let ends: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
        let ((from, variance), (to, _)) = (moments(&starts), moments(&ends));
        let product = pairs
            .iter()
            .map(|(a, b)| (a - from) * (b - to))
            .sum::<f64>();
        let prior = PRIOR * spread.max(f64::MIN_POSITIVE);
        let slope = (prior + product) / (prior + count * variance);
        let off = pairs
            .iter()
            .map(|(a, b)| (b - to - slope * (a - from)).powi(2));
        Step {
            from,
            to,
            slope: slope.max(0.0),
            variance: (PRIOR * spread + off.sum::<f64>()) / (PRIOR + count),
        }
    }
}

/// Mean and variance of values; zeros of none.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean).powi(2));
    (mean, squares.sum::<f64>() / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_follow_the_steps_of_others() {
        // Thirty curves that gain 10 from each level to the next, and noise of 1 at random.
        let mut rng = ganas_core::rng::Rng::stream(0, "curves");
        let curves: Vec<Vec<Option<f64>>> = (0..30)
            .map(|i| {
                let value = |k: usize, rng: &mut ganas_core::rng::Rng| {
                    f64::from(i) + 10.0 * k as f64 + rng.normal()
                };
                (0..3).map(|k| Some(value(k, &mut rng))).collect()
            })
            .collect();
        let model = EndModel::of_curves(vec![1, 3, 9], &curves);
        let end = model.end(&[(1, 50.0)]).unwrap();
        assert!((end.mean - 70.0).abs() < 3.0, "{end:?}");
        assert!(end.deviation > model.end(&[(3, 60.0)]).unwrap().deviation);
        let whole = model.end(&[(9, 70.0)]).unwrap();
        assert_eq!((whole.mean, whole.deviation), (70.0, 0.0));
    }

    #[test]
    fn a_curve_is_averaged_over_its_last_quarter() {
        let curve: Vec<(u32, f64)> = (1..=12).map(|l| (l, f64::from(l))).collect();
        assert_eq!(smoothed(&curve, 12), Some(10.5));
        assert_eq!(smoothed(&curve, 2), Some(2.0));
        assert_eq!(smoothed(&curve[..4], 12), None);
    }
}
