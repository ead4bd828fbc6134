//! Agreement of predictions with measurements.

use serde::{Deserialize, Serialize};

/// The agreement of predictions with measured values.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Kendall's rank correlation tau-b; null where a side does not vary.
    pub kendall: Option<f64>,
    /// Spearman's rank correlation; null where a side does not vary.
    pub spearman: Option<f64>,
    /// The share of the values' variance that the predictions explain; null where there is none.
    pub r2: Option<f64>,
    /// The root of the mean squared error.
    pub rmse: f64,
}

impl Agreement {
    /// The agreement of predictions with as many measured values.
    pub fn of(predicted: &[f64], measured: &[f64]) -> Self {
        let n = measured.len().max(1) as f64;
        let squares = |of: &mut dyn Iterator<Item = f64>| of.map(|d| d * d).sum::<f64>();
        let errors = squares(&mut predicted.iter().zip(measured).map(|(p, m)| p - m));
        let mean = measured.iter().sum::<f64>() / n;
        let spread = squares(&mut measured.iter().map(|m| m - mean));
        Agreement {
            kendall: kendall(predicted, measured),
            spearman: spearman(predicted, measured),
            r2: (spread > 0.0).then(|| 1.0 - errors / spread),
            rmse: (errors / n).sqrt(),
        }
    }
}

/// Spearman's rank correlation, equal values at their mean rank; `None` where a side does not vary.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    let (x, y) = (ranks(x), ranks(y));
    let mean = (x.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum()
    };
    let spread = product(&x, &x) * product(&y, &y);
    (spread > 0.0).then(|| product(&x, &y) / spread.sqrt())
}

/// The rank of each value from 0, equal values at the mean of theirs.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    for tie in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = start as f64 + (tie.len() - 1) as f64 / 2.0;
        tie.iter().for_each(|&i| ranks[i] = rank);
        start += tie.len();
    }
    ranks
}

/// Kendall's rank correlation tau-b, which is corrected for equal values; `None` where a side does
/// not vary. It counts discordant pairs by sorting (Knight 1966, doi 10.1080/01621459.1966.10480879).
pub fn kendall(x: &[f64], y: &[f64]) -> Option<f64> {
    let mut pairs: Vec<(f64, f64)> = x.iter().copied().zip(y.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let equal_pairs = |groups: &mut dyn Iterator<Item = usize>| -> i64 {
        groups.map(|n| (n * (n - 1) / 2) as i64).sum()
    };
    let n = pairs.len() as i64;
    let all = n * (n - 1) / 2;
    let in_x = equal_pairs(&mut pairs.chunk_by(|a, b| a.0 == b.0).map(<[_]>::len));
    let in_both = equal_pairs(&mut pairs.chunk_by(|a, b| a == b).map(<[_]>::len));
    let mut second: Vec<f64> = pairs.iter().map(|p| p.1).collect();
    let mut spare = second.clone();
    let swaps = sort_counting_swaps(&mut second, &mut spare);
    let in_y = equal_pairs(&mut second.chunk_by(|a, b| a == b).map(<[_]>::len));
    let spread = (all - in_x) as f64 * (all - in_y) as f64;
    let agreement = all - in_x - in_y + in_both - 2 * swaps;
    (spread > 0.0).then(|| agreement as f64 / spread.sqrt())
}

/// Sorts, and counts the pairs that were in the wrong order.
fn sort_counting_swaps(values: &mut [f64], spare: &mut [f64]) -> i64 {
    let n = values.len();
    if n < 2 {
        return 0;
    }
    let middle = n / 2;
    let (left, right) = values.split_at_mut(middle);
    let mut swaps = sort_counting_swaps(left, &mut spare[..middle])
        + sort_counting_swaps(right, &mut spare[middle..]);
    let (mut i, mut j) = (0, 0);
    for place in spare[..n].iter_mut() {
        let takes_left = j == right.len() || (i < left.len() && left[i] <= right[j]);
        if takes_left {
            *place = left[i];
            i += 1;
        } else {
            *place = right[j];
            j += 1;
            swaps += (left.len() - i) as i64;
        }
    }
    values.copy_from_slice(&spare[..n]);
    swaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rank_correlations_follow_their_definitions() {
        // Worked out from their definitions in another language.
        let x = [1.0, 2.0, 2.0, 3.0, 5.0, 4.0];
        let y = [2.0, 1.0, 3.0, 3.0, 6.0, 7.0];
        assert!((spearman(&x, &y).unwrap() - 0.8088235294117647).abs() < 1e-12);
        assert!((kendall(&x, &y).unwrap() - 0.6428571428571429).abs() < 1e-12);
        assert_eq!(spearman(&x, &[1.0; 6]), None);
        assert_eq!(kendall(&[], &[]), None);
        assert_eq!(kendall(&x, &[1.0; 6]), None);
    }

    #[test]
    fn kendall_is_what_counting_all_pairs_gives() {
        let x: Vec<f64> = (0..97).map(|i| f64::from(i * 37 % 23)).collect();
        let y: Vec<f64> = (0..97).map(|i| f64::from(i * 53 % 31)).collect();
        let (mut sum, mut in_x, mut in_y) = (0, 0, 0);
        for i in 0..x.len() {
            for j in 0..i {
                let (a, b) = (x[i].total_cmp(&x[j]) as i32, y[i].total_cmp(&y[j]) as i32);
                sum += a * b;
                in_x += a * a;
                in_y += b * b;
            }
        }
        let expected = f64::from(sum) / (f64::from(in_x) * f64::from(in_y)).sqrt();
        assert!((kendall(&x, &y).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn agreement_of_the_mean_explains_nothing() {
        let measured = [1.0, 2.0, 3.0];
        let own = Agreement::of(&measured, &measured);
        assert_eq!((own.r2, own.rmse, own.kendall), (Some(1.0), 0.0, Some(1.0)));
        let flat = Agreement::of(&[2.0; 3], &measured);
        assert_eq!((flat.r2, flat.spearman), (Some(0.0), None));
    }
}
