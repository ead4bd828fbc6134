//! Calibration of the mean of several tasks: the value that it promises on a further task.
//!
//! Each task is left out in turn and its scores are compared with the mean of the others. The best of the others
//! are often only good on the one that is left out: the curve is flat at its top, and nothing is to be gained
//! from the order there.

use super::piecewise::interpolate;

/// Shares of the architectures with the largest means, at whose bounds the curve has its corners (ours).
const SHARES: [f64; 9] = [1.0, 0.75, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005];

/// Least architectures between two corners.
const LEAST: usize = 10;

/// Monotone curve from the mean score of tasks to the expected score on another.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Pairs of a mean and an expected score, ascending in both.
    corners: Vec<(f64, f64)>,
}

impl Calibration {
    /// Curve of tasks with the scores of the same architectures, a list a task. `None` with less than two tasks
    /// or too few architectures.
    pub fn of(scores: &[Vec<f64>]) -> Option<Self> {
        let count = scores.first()?.len();
        if scores.len() < 2 || count < 3 * LEAST {
            return None;
        }
        let mut bounds: Vec<usize> = SHARES
            .iter()
            .map(|share| (share * count as f64) as usize)
            .filter(|kept| *kept >= LEAST)
            .collect();
        bounds.dedup_by(|next, last| *last < *next + LEAST);
        let mut sums = vec![(0.0, 0.0); bounds.len()];
        for (left_out, task) in scores.iter().enumerate() {
            let others = scores.iter().enumerate().filter(|(i, _)| *i != left_out);
            let mut means = vec![0.0; count];
            for (_, other) in others {
                means.iter_mut().zip(other).for_each(|(sum, s)| *sum += s);
            }
            let share = 1.0 / (scores.len() - 1) as f64;
            let mut pairs: Vec<(f64, f64)> = (means.iter().zip(task))
                .map(|(sum, score)| (sum * share, *score))
                .collect();
            pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
            for (b, sum) in sums.iter_mut().enumerate() {
                let from = bounds.get(b + 1).copied().unwrap_or(0);
                let bin = &pairs[from..bounds[b]];
                let n = bin.len() as f64;
                sum.0 += bin.iter().map(|(mean, _)| mean).sum::<f64>() / n;
                sum.1 += bin.iter().map(|(_, score)| score).sum::<f64>() / n;
            }
        }
        let tasks = scores.len() as f64;
        let means = sums
            .iter()
            .map(|(mean, score)| (mean / tasks, score / tasks));
        Some(Calibration {
            corners: ascending(means.collect()),
        })
    }

    /// Expected score on a further task of an architecture with this mean.
    pub fn expected(&self, mean: f64) -> f64 {
        interpolate(&self.corners, mean, 0.0)
    }

    /// Expected score of the best by the mean.
    pub fn at_the_top(&self) -> f64 {
        self.corners.last().map_or(0.0, |(_, score)| *score)
    }
}

/// The nearest points whose scores do not fall (pool adjacent violators).
fn ascending(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (_, score) in &points {
        pools.push((*score, 1));
        while let [.., (before, few), (last, more)] = pools[..]
            && before > last
        {
            let count = few + more;
            let mean = (before * few as f64 + last * more as f64) / count as f64;
            pools.truncate(pools.len() - 2);
            pools.push((mean, count));
        }
    }
    let scores = pools
        .iter()
        .flat_map(|&(score, count)| std::iter::repeat_n(score, count));
    points.iter().map(|(mean, _)| *mean).zip(scores).collect()
}

#[cfg(test)]
mod tests {
    use ganas_core::rng::Rng;

    use super::*;

    /// Scores of three tasks: a common part, cut off at the top, and noise.
    fn tasks(cut: f64, noise: f64) -> Vec<Vec<f64>> {
        let mut rng = Rng::stream(3, "calibration");
        let common: Vec<f64> = (0..4000).map(|_| rng.normal().min(cut)).collect();
        let mut task = || common.iter().map(|c| c + noise * rng.normal()).collect();
        vec![task(), task(), task()]
    }

    #[test]
    fn tasks_that_agree_promise_their_mean() {
        let curve = Calibration::of(&tasks(9.0, 0.05)).unwrap();
        for mean in [-1.0, 0.0, 1.0, 2.0] {
            let found = curve.expected(mean);
            assert!((found - mean).abs() < 0.2, "{mean}: {found}");
        }
    }

    #[test]
    fn the_curve_is_flat_where_tasks_share_nothing() {
        let curve = Calibration::of(&tasks(0.5, 0.5)).unwrap();
        assert!(curve.at_the_top() < 0.7, "{curve:?}");
        assert!(
            curve.expected(1.2) - curve.expected(0.9) < 0.15,
            "{curve:?}"
        );
        assert!(curve.expected(-1.5) < -0.8, "{curve:?}");
        let unrelated = Calibration::of(&tasks(-9.0, 1.0)).unwrap();
        assert!((unrelated.at_the_top() + 9.0).abs() < 0.4, "{unrelated:?}");
    }

    #[test]
    fn one_task_or_few_architectures_have_no_curve() {
        assert_eq!(Calibration::of(&[vec![0.0; 100]]), None);
        assert_eq!(Calibration::of(&vec![vec![0.0; 5]; 3]), None);
    }

    #[test]
    fn scores_that_fall_are_pooled() {
        let points = vec![(0.0, 1.0), (1.0, 3.0), (2.0, 2.0), (3.0, 4.0)];
        let scores: Vec<f64> = ascending(points).into_iter().map(|p| p.1).collect();
        assert_eq!(scores, [1.0, 2.5, 2.5, 4.0]);
    }
}
