//! Means, spreads, medians and tests over seeds.

use ganas_core::rng::Rng;
use ganas_search::predictor::ranks;
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

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

/// A 95 % interval of the mean by Student's t; `None` of fewer than two values.
pub fn mean_interval(values: &[f64]) -> Option<[f64; 2]> {
    let freedom = values.len().checked_sub(1).filter(|n| *n > 0)? as f64;
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(0.975);
    let half = t * deviation(values)? / (values.len() as f64).sqrt();
    let mean = mean(values)?;
    Some([mean - half, mean + half])
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

/// Returns an interval that holds the median in at least 95 % of samples of any distribution. Its ends are
/// two of the ordered values, by the binomial distribution (David & Nagaraja 2003, "Order Statistics",
/// section 7.1). `None` is larger than any number. Fewer than 6 values have no interval.
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

    /// Probability that a value of the first sample is the larger one; one half without a pair.
    pub fn superiority(&self) -> f64 {
        if self.pairs > 0.0 {
            self.u / self.pairs
        } else {
            0.5
        }
    }

    /// A 95 % interval of the probability that a value of the first sample is the larger one, given
    /// independent values (Newcombe 2006, "Confidence intervals for an effect size measure based on the
    /// Mann-Whitney statistic. Part 2", method 5). `None` without a pair.
    pub fn interval(&self) -> Option<[f64; 2]> {
        if self.pairs == 0.0 {
            return None;
        }
        let share = self.u / self.pairs;
        let z = Normal::standard().inverse_cdf(0.975);
        let error = |t: f64| {
            let spread = (1.0 - t) / (2.0 - t) + t / (1.0 + t);
            let variance = t * (1.0 - t) * (1.0 + (self.values / 2.0 - 1.0) * spread) / self.pairs;
            z * variance.sqrt()
        };
        // The farthest values from the share that its error still reaches.
        let end = |end: f64| {
            let (mut inside, mut outside) = (share, end);
            for _ in 0..60 {
                let middle = 0.5 * (inside + outside);
                if (middle - share).abs() <= error(middle) {
                    inside = middle
                } else {
                    outside = middle
                }
            }
            0.5 * (inside + outside)
        };
        Some([end(0.0), end(1.0)])
    }

    /// The two-sided p-value of the Mann-Whitney test in the normal approximation, with corrections for
    /// ties and continuity.
    pub fn p(&self) -> f64 {
        let distance = ((self.u - self.pairs / 2.0).abs() - 0.5).max(0.0);
        if self.variance > 0.0 {
            2.0 * Normal::standard().sf(distance / self.variance.sqrt())
        } else {
            1.0
        }
    }
}

/// Resamples of a bootstrap, and random sign changes of a test.
const RESAMPLES: usize = 10_000;

/// The fewest values whose mean has a bootstrap interval: of fewer it is far too narrow.
const FEWEST: usize = 5;

/// A 95 % interval of the mean of a population of which these values are a sample: the percentiles of the
/// means of resamples (Efron 1979). `None` of fewer than 5 values.
pub fn bootstrap_interval(values: &[f64]) -> Option<[f64; 2]> {
    if values.len() < FEWEST {
        return None;
    }
    let mut rng = Rng::stream(0, "bootstrap");
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let resample: f64 = values.iter().map(|_| *rng.choose(values)).sum();
            resample / values.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let tail = RESAMPLES / 40;
    Some([means[tail], means[RESAMPLES - 1 - tail]])
}

/// The two-sided p-value of the hypothesis that independent values are symmetric about 0: the share of
/// all changes of signs that bring their sum as far from 0 (Fisher 1935). All changes of up to 13 values
/// are counted, of more a random sample.
pub fn sign_flip_p(values: &[f64]) -> f64 {
    let observed = values.iter().sum::<f64>().abs();
    let far = |sum: f64| sum.abs() >= observed * (1.0 - 1e-12);
    let signed = |minus: &dyn Fn(usize) -> bool| -> f64 {
        let signed = values.iter().enumerate();
        signed.map(|(i, v)| if minus(i) { -v } else { *v }).sum()
    };
    if values.len() <= 13 {
        let all = 1usize << values.len();
        let extreme = (0..all).filter(|signs| far(signed(&|i| signs >> i & 1 == 1)));
        return extreme.count() as f64 / all as f64;
    }
    let mut rng = Rng::stream(0, "signs");
    let extreme = (0..RESAMPLES).filter(|_| {
        let signs: Vec<bool> = values.iter().map(|_| rng.chance(0.5)).collect();
        far(signed(&|i| signs[i]))
    });
    // The observed signs are among them.
    (extreme.count() + 1) as f64 / (RESAMPLES + 1) as f64
}

/// The 95 % score interval of a probability (Wilson 1927), given how many of `n` trials succeeded.
/// `None` without a trial.
pub fn share_interval(found: usize, n: usize) -> Option<[f64; 2]> {
    if n == 0 {
        return None;
    }
    let (share, n) = (found as f64 / n as f64, n as f64);
    let z = Normal::standard().inverse_cdf(0.975);
    let middle = share + z * z / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    Some([-1.0, 1.0].map(|side| ((middle + side * spread) / (1.0 + z * z / n)).clamp(0.0, 1.0)))
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
    fn intervals_of_means_are_those_of_other_programs() {
        // `scipy.stats.t.interval(0.95, 3, loc=mean, scale=sem)`.
        let [low, high] = mean_interval(&[1.0, 2.0, 3.0, 6.0]).unwrap();
        assert!(
            (low + 0.4374349).abs() < 1e-5 && (high - 6.4374349).abs() < 1e-5,
            "{low} {high}"
        );
        assert_eq!(mean_interval(&[1.0]), None);
    }

    #[test]
    fn p_values_are_those_of_other_programs() {
        // `scipy.stats.mannwhitneyu(x, y, method="asymptotic")`: with ties and without.
        let x = [1.0, 4.0, 2.0, 6.0, 6.0];
        let y = [3.0, 6.0, 7.0, 9.0, 8.0, 2.0];
        let sides = Sides::of(&x, &y);
        assert_eq!(sides.u, 7.5);
        assert!((sides.p() - 0.1960821150251133).abs() < 1e-9);
        let sides = Sides::of(&x[..3], &[3.0, 7.0, 9.0, 8.0]);
        assert_eq!(sides.u, 1.0);
        assert!((sides.p() - 0.11161176829829224).abs() < 1e-9);
        assert!((sides.superiority() - 1.0 / 12.0).abs() < 1e-12);
        let same = Sides::of(&[1.0, 1.0], &[1.0]);
        assert_eq!((same.p(), same.superiority()), (1.0, 0.5));
    }

    #[test]
    fn intervals_of_a_superiority_hold_it_as_often_as_they_say() {
        // Exponential times: the one of rate r is the shorter of two with probability r / (1 + r).
        let mut rng = Rng::stream(0, "superiority");
        for truth in [0.5, 0.8, 0.95] {
            let rate = truth / (1.0 - truth);
            let held = (0..1000).filter(|_| {
                let mut draw = |rate: f64| -> Vec<f64> {
                    (0..20)
                        .map(|_| -rng.unit().max(1e-300).ln() / rate)
                        .collect()
                };
                let (x, y) = (draw(1.0), draw(rate));
                let [low, high] = Sides::of(&x, &y).interval().unwrap();
                (low..=high).contains(&truth)
            });
            let held = held.count();
            assert!((920..=985).contains(&held), "{truth}: {held} of 1000");
        }
        let [low, high] = Sides::of(&[2.0; 10], &[1.0; 10]).interval().unwrap();
        assert!(low > 0.6 && low < 0.95 && high > 0.999, "{low} {high}");
        assert_eq!(Sides::of(&[], &[1.0]).interval(), None);
    }

    #[test]
    fn intervals_of_means_and_shares_are_those_of_other_programs() {
        assert_eq!(bootstrap_interval(&[1.0; 4]), None);
        assert_eq!(bootstrap_interval(&[1.0; 5]), Some([1.0, 1.0]));
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let [low, high] = bootstrap_interval(&values).unwrap();
        // The standard error of the mean is 2.89.
        assert!(
            (low - 43.84).abs() < 0.4 && (high - 55.16).abs() < 0.4,
            "{low} {high}"
        );
        // `statsmodels.stats.proportion.proportion_confint(18, 20, method="wilson")`.
        let [low, high] = share_interval(18, 20).unwrap();
        assert!(
            (low - 0.69898).abs() < 1e-4 && (high - 0.97213).abs() < 1e-4,
            "{low} {high}"
        );
        assert_eq!(share_interval(0, 0), None);
    }

    #[test]
    fn signs_of_few_values_cannot_be_significant() {
        // Only all signs one way are as far, whatever the values: 2 of 2^n.
        assert_eq!(sign_flip_p(&[0.5, 0.4, 0.3]), 0.25);
        assert_eq!(sign_flip_p(&[0.5; 6]), 2.0 / 64.0);
        assert_eq!(sign_flip_p(&[0.0, 0.0]), 1.0);
        assert_eq!(sign_flip_p(&[]), 1.0);
        assert!(sign_flip_p(&[0.3; 30]) < 0.001);
        let mixed: Vec<f64> = (0..30).map(|i| f64::from(i % 2) - 0.5).collect();
        assert!(sign_flip_p(&mixed) > 0.9);
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
