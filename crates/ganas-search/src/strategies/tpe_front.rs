//! The split of trials by several objectives, as in Optuna.
//!
//! Ozaki, Tanigaki, Watanabe & Onishi 2020, "Multiobjective tree-structured Parzen estimator for
//! computationally expensive optimization problems", GECCO, doi 10.1145/3377930.3389817. The good trials are
//! whole non-dominated layers; of the layer that does not fit, those that together have the largest
//! hypervolume, chosen greedily. A good trial weighs as much as the hypervolume that it alone adds.

use ganas_core::front::{improvement, layers};

/// Least weight of a good trial, where the largest is 1 (Optuna).
const LEAST: f64 = 1e-12;

/// Good trials, ascending, each with its weight.
pub struct Good {
    /// Indices of the trials.
    pub trials: Vec<usize>,
    /// Weight of each.
    pub weights: Vec<f64>,
}

/// Chooses `count` good trials by their values, of which larger is better. A trial without values breaks a
/// constraint and is only good if there are too few others.
pub fn split(values: &[Vec<f64>], count: usize) -> Good {
    let valued: Vec<usize> = (0..values.len())
        .filter(|&i| !values[i].is_empty())
        .collect();
    let points: Vec<&[f64]> = valued.iter().map(|&i| &*values[i]).collect();
    let gains = gains(&points);
    let mut trials: Vec<usize> = Vec::with_capacity(count);
    for layer in layers(&points) {
        let left = count - trials.len();
        if layer.len() <= left {
            trials.extend(layer);
        } else {
            trials.extend(largest(&layer, &gains, left));
            break;
        }
    }
    trials.sort_unstable();
    let weights = contributions(&trials, &gains);
    let mut good: Vec<(usize, f64)> = (trials.iter().zip(weights))
        .map(|(&i, weight)| (valued[i], weight))
        .collect();
    let others = (0..values.len()).filter(|&i| values[i].is_empty());
    let missing = count.saturating_sub(good.len());
    good.extend(others.take(missing).map(|i| (i, LEAST)));
    good.sort_unstable_by_key(|(i, _)| *i);
    let (trials, weights) = good.into_iter().unzip();
    Good { trials, weights }
}

/// Positions above a reference point that is a little worse than the worst of all (Optuna).
fn gains(points: &[&[f64]]) -> Vec<Vec<f64>> {
    let objectives = points.first().map_or(0, |point| point.len());
    let reference: Vec<f64> = (0..objectives)
        .map(|k| {
            let worst = points
                .iter()
                .map(|p| -p[k])
                .fold(f64::NEG_INFINITY, f64::max);
            let beyond = (1.1 * worst).max(0.9 * worst);
            if beyond == 0.0 { LEAST } else { beyond }
        })
        .collect();
    let gain = |point: &&[f64]| point.iter().zip(&reference).map(|(v, r)| r + v).collect();
    points.iter().map(gain).collect()
}

/// Some members of a layer that together have the largest hypervolume, chosen greedily.
fn largest(layer: &[usize], gains: &[Vec<f64>], count: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::with_capacity(count);
    let mut points: Vec<&[f64]> = Vec::with_capacity(count);
    while chosen.len() < count {
        let left = layer.iter().copied().filter(|i| !chosen.contains(i));
        let valued = left.map(|i| (improvement(&gains[i], &points), i));
        let Some((_, best)) = valued.reduce(|a, b| if b.0 > a.0 { b } else { a }) else {
            break;
        };
        points.push(&gains[best]);
        chosen.push(best);
    }
    chosen
}

/// Hypervolume that each of some trials adds to the others, as a share of the largest.
fn contributions(trials: &[usize], gains: &[Vec<f64>]) -> Vec<f64> {
    let added = |&i: &usize| {
        let others = trials.iter().filter(|&&j| j != i).map(|&j| &*gains[j]);
        improvement(&gains[i], &others.collect::<Vec<&[f64]>>())
    };
    let added: Vec<f64> = trials.iter().map(added).collect();
    let most = added.iter().copied().fold(0.0, f64::max);
    if most <= 0.0 {
        return vec![1.0; added.len()];
    }
    added.into_iter().map(|v| (v / most).max(LEAST)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_fill_the_good_trials_and_hypervolume_decides_the_last() {
        let values = [
            vec![1.0, 1.0],
            vec![-1.0, -9.0],
            vec![-9.0, -1.0],
            vec![],
            vec![-4.0, -4.0],
            vec![-3.9, -4.1],
        ];
        assert_eq!(split(&values, 1).trials, [0]);
        // Of the second layer, the knee has the largest box, then the extremes.
        assert_eq!(split(&values, 2).trials, [0, 4]);
        assert_eq!(split(&values, 4).trials, [0, 1, 2, 4]);
        let all = split(&values, 6);
        assert_eq!(all.trials, [0, 1, 2, 3, 4, 5]);
        assert_eq!(all.weights[0], 1.0);
        assert_eq!(all.weights[3], LEAST);
    }

    #[test]
    fn weights_are_contributions() {
        // Boxes above (-1.1, -1.1) times: 3 steps of a staircase, the middle one of the largest corner.
        let values = [vec![-1.0, 0.0], vec![-0.5, -0.5], vec![0.0, -1.0]];
        let weights = split(&values, 3).weights;
        assert!((weights[1] - 1.0).abs() < 1e-12);
        assert!((weights[0] - weights[2]).abs() < 1e-12 && weights[0] < 1.0);
    }
}
