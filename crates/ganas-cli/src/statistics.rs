//! Means, spreads, medians and tests over seeds.

use ganas_search::predictor::ranks;
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal};

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample standard deviation (n - 1 in the denominator); 0 of one value, `None` of nothing.
pub fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((squares / (values.len().max(2) - 1) as f64).sqrt())
}

/// The median, where `None` is larger than any number; `None` if it falls on one of those.
pub fn median(values: &[Option<f64>]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().map(|v| v.unwrap_or(f64::INFINITY)).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let median = match sorted.len() {
        0 => return None,
        n if n % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    };
    median.is_finite().then_some(median)
}

/// An interval that holds the median in at least 95 % of samples, whatever the distribution: between two
/// of the values in order, as far from the middle as the binomial distribution asks for (David & Nagaraja
/// 2003, "Order Statistics", section 7.1). `None` is larger than any number; of fewer than 6 values there
/// is no such interval.
pub fn median_interval(values: &[Option<f64>]) -> Option<[Option<f64>; 2]> {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| {
        let [a, b] = [a, b].map(|v| v.unwrap_or(f64::INFINITY));
        a.total_cmp(&b)
    });
    let below = Binomial::new(0.5, sorted.len() as u64).ok()?;
    let low = (0..sorted.len())
        .take_while(|&i| below.cdf(i as u64) <= 0.025)
        .last()?;
    Some([sorted[low], sorted[sorted.len() - 1 - low]])
}

/// Two samples side by side, for the Mann-Whitney test.
#[derive(Clone, Copy, Debug)]
pub struct Sides {
    /// The pairs of one value each in which the first sample's is larger, equal ones half.
    u: f64,
    /// All pairs.
    pairs: f64,
    /// Values in both.
    values: f64,
    /// The variance of `u` if both came from one distribution, corrected for equal values.
    variance: f64,
}

impl Sides {
    /// The statistics of two samples.
    pub fn of(x: &[f64], y: &[f64]) -> Self {
        let all = [x, y].concat();
        let (n, m, values) = (x.len() as f64, y.len() as f64, all.len() as f64);
        let sum: f64 = ranks(&all)[..x.len()].iter().sum();
        let mut sorted = all;
        sorted.sort_by(f64::total_cmp);
        let ties: f64 = (sorted.chunk_by(|a, b| a == b))
            .map(|tie| (tie.len() as f64).powi(3) - tie.len() as f64)
            .sum();
        let spread = values + 1.0 - ties / (values * (values - 1.0)).max(1.0);
        Sides {
            u: sum - n * (n - 1.0) / 2.0,
            pairs: n * m,
            values,
            variance: n * m / 12.0 * spread,
        }
    }

    /// How likely a value of the first sample is the larger one, in the mean over several tests.
    pub fn superiority(tests: &[Sides]) -> f64 {
        let shares: Vec<f64> = (tests.iter())
            .filter(|t| t.pairs > 0.0)
            .map(|t| t.u / t.pairs)
            .collect();
        mean(&shares).unwrap_or(0.5)
    }

    /// The two-sided p-value in the normal approximation: of the Mann-Whitney test for one pair of
    /// samples, with a correction for continuity, and of van Elteren's for several.
    pub fn p(tests: &[Sides]) -> f64 {
        let weight = |t: &Sides| 1.0 / (t.values + 1.0);
        let excess: f64 = (tests.iter())
            .map(|t| weight(t) * (t.u - t.pairs / 2.0))
            .sum();
        let variance: f64 = (tests.iter()).map(|t| weight(t).powi(2) * t.variance).sum();
        let step = match tests {
            [one] => 0.5 * weight(one),
            _ => 0.0,
        };
        let distance = (excess.abs() - step).max(0.0);
        match variance > 0.0 {
            true => 2.0 * Normal::standard().sf(distance / variance.sqrt()),
            false => 1.0,
        }
    }
}

/// Corrects p-values for their number (Holm 1979): rejecting those below a level then errs at all
/// with no more than that probability.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut corrected = vec![0.0; p.len()];
    let mut least = 0.0f64;
    for (i, &at) in order.iter().enumerate() {
        least = least.max(p[at] * (p.len() - i) as f64).min(1.0);
        corrected[at] = least;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_put_what_is_missing_last() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[Some(3.0), None, Some(1.0)]), Some(3.0));
        assert_eq!(median(&[None, None, Some(1.0)]), None);
        assert_eq!(median(&[Some(2.0), Some(1.0)]), Some(1.5));
        assert_eq!(median(&[Some(2.0), None]), None);
    }

    #[test]
    fn intervals_of_medians_are_those_of_the_tables() {
        // Of 20 values the 6th and the 15th, of 6 the ends: Conover 1999, table A3.
        let values = |n: usize, found: usize| -> Vec<Option<f64>> {
            (0..n)
                .rev()
                .map(|i| (i < found).then_some(1.0 + i as f64))
                .collect()
        };
        assert_eq!(
            median_interval(&values(20, 20)),
            Some([Some(6.0), Some(15.0)])
        );
        assert_eq!(median_interval(&values(20, 14)), Some([Some(6.0), None]));
        assert_eq!(median_interval(&values(6, 6)), Some([Some(1.0), Some(6.0)]));
        assert_eq!(median_interval(&values(5, 5)), None);
        assert_eq!(median_interval(&[]), None);
    }

    #[test]
    fn deviations_are_those_of_a_sample() {
        assert_eq!(deviation(&[]), None);
        assert_eq!(deviation(&[4.0]), Some(0.0));
        assert_eq!(deviation(&[1.0, 3.0]), Some(2f64.sqrt()));
    }

    #[test]
    fn p_values_are_those_of_other_programs() {
        // `scipy.stats.mannwhitneyu(x, y, method="asymptotic")`: with ties and without.
        let x = [1.0, 4.0, 2.0, 6.0, 6.0];
        let y = [3.0, 6.0, 7.0, 9.0, 8.0, 2.0];
        let sides = Sides::of(&x, &y);
        assert_eq!(sides.u, 7.5);
        assert!((Sides::p(&[sides]) - 0.1960821150251133).abs() < 1e-9);
        let sides = Sides::of(&x[..3], &[3.0, 7.0, 9.0, 8.0]);
        assert_eq!(sides.u, 1.0);
        assert!((Sides::p(&[sides]) - 0.11161176829829224).abs() < 1e-9);
        assert!((Sides::superiority(&[sides]) - 1.0 / 12.0).abs() < 1e-12);
        let same = Sides::of(&[1.0, 1.0], &[1.0]);
        assert_eq!((Sides::p(&[same]), Sides::superiority(&[same])), (1.0, 0.5));
    }

    #[test]
    fn tests_of_several_tasks_add_up() {
        let one = Sides::of(&[3.0, 4.0, 5.0, 6.0], &[1.0, 2.0, 2.5, 4.5]);
        let against = Sides::of(&[1.0, 2.0, 2.5, 4.5], &[3.0, 4.0, 5.0, 6.0]);
        assert!(Sides::p(&[one; 5]) < 0.01 && Sides::p(&[one]) > 0.05);
        assert!((Sides::p(&[one, against]) - 1.0).abs() < 1e-12);
        assert!((Sides::superiority(&[one, against]) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn holm_corrects_step_by_step() {
        // `statsmodels.stats.multitest.multipletests(p, method="holm")`.
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        let expected = [0.03, 0.06, 0.06, 0.02];
        assert!(
            corrected
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() < 1e-12)
        );
        assert_eq!(holm(&[0.6, 0.9]), [1.0, 1.0]);
    }
}
