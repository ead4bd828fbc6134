//! Estimates of a rare event's probability from draws with known probabilities, and their
//! intervals.
//!
//! What a search evaluated before its last stage is known: its hits count with the probability that
//! the prior gives them, whatever led to them. The last stage draws the rest at random, so that each
//! point had a known chance of being included, and a hit that had chance pi stands for 1 / pi of
//! its kind (Horvitz & Thompson 1952, doi 10.1080/01621459.1952.10483446). Given what was known,
//! the sum of both is an unbiased estimate.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};

/// The normal quantile of 97.5 %.
pub(super) const Z: f64 = 1.959963984540054;

/// A point of the event that was evaluated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Its probability under the prior.
    pub probability: f64,
    /// The probability with which the last stage would have included it.
    pub inclusion: f64,
    /// Whether it was known before the last stage.
    pub known: bool,
}

impl Hit {
    /// What it stands for of the event's mass beside itself: the mass of what was missed, for each
    /// of its kind that was found.
    pub fn missed(&self) -> f64 {
        self.probability * (1.0 - self.inclusion) / self.inclusion
    }
}

/// An estimate of a probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// A 95 % interval.
    pub ci95: [f64; 2],
    /// How many equally weighted draws of the event the hits are worth: the square of the sum of
    /// their weights over the sum of their squares.
    pub effective_samples: f64,
    /// The evaluated points of the event.
    pub hits: usize,
}

impl Estimate {
    /// Widens an estimate within a pool of so many draws of the prior to one of the prior itself.
    pub fn among_draws(&mut self, draws: usize) {
        let share = |p: f64| p * (1.0 - p) / draws as f64;
        let [low, high] = self.ci95;
        self.standard_error = (self.standard_error.powi(2) + share(self.estimate)).sqrt();
        self.ci95 = [
            self.estimate - ((self.estimate - low).powi(2) + Z * Z * share(low)).sqrt(),
            self.estimate + ((high - self.estimate).powi(2) + Z * Z * share(high)).sqrt(),
        ]
        .map(|bound| bound.clamp(0.0, 1.0));
    }
}

/// The estimate from the hits of a survey.
///
/// The interval is that of a sum of Poisson counts with unequal weights (Fay & Feuer 1997, doi
/// 10.1002/(SICI)1097-0258(19970415)16:7<791::AID-SIM500>3.0.CO;2-#): the missed mass is at most
/// what it would be with one more hit of the largest weight that a hit had, or of weight `another`
/// if that is more; and the whole is never less than the mass of the hits themselves.
pub fn horvitz_thompson(hits: &[Hit], another: f64) -> Estimate {
    let mass: f64 = hits.iter().map(|h| h.probability).sum();
    let fresh = || hits.iter().filter(|h| !h.known);
    let missed: f64 = fresh().map(Hit::missed).sum();
    let squares: f64 = fresh().map(|h| h.missed().powi(2)).sum();
    let heaviest = hits.iter().map(Hit::missed).fold(another, f64::max);
    let variance: f64 = fresh()
        .map(|h| (h.probability / h.inclusion).powi(2) * (1.0 - h.inclusion))
        .fold(0.0, |sum, term| sum + term);
    let weight = |h: &Hit| match h.known {
        true => h.probability,
        false => h.probability / h.inclusion,
    };
    let weights: f64 = hits.iter().map(weight).sum();
    let weights_squared: f64 = hits.iter().map(|h| weight(h).powi(2)).sum();
    Estimate {
        estimate: (mass + missed).min(1.0),
        standard_error: variance.sqrt(),
        ci95: [
            mass + gamma_quantile(missed, squares, -Z),
            (mass + gamma_quantile(missed + heaviest, squares + heaviest * heaviest, Z)).min(1.0),
        ],
        effective_samples: match weights_squared > 0.0 {
            true => weights * weights / weights_squared,
            false => 0.0,
        },
        hits: hits.len(),
    }
}

/// The estimate from independent draws of the prior, with the exact interval of a binomial share
/// (Clopper & Pearson 1934, doi 10.1093/biomet/26.4.404).
pub fn binomial(hits: usize, draws: usize) -> Estimate {
    let (k, n) = (hits as f64, draws.max(1) as f64);
    let share = k / n;
    let bound = |a: f64, b: f64, level: f64, edge: f64| match Beta::new(a, b) {
        Ok(beta) => beta.inverse_cdf(level),
        Err(_) => edge,
    };
    Estimate {
        estimate: share,
        standard_error: (share * (1.0 - share) / n).sqrt(),
        ci95: [
            bound(k, n - k + 1.0, 0.025, 0.0),
            bound(k + 1.0, n - k, 0.975, 1.0),
        ],
        effective_samples: k,
        hits,
    }
}

/// The quantile, at a normal quantile, of the gamma distribution with this mean and variance
/// (Wilson & Hilferty 1931, doi 10.1073/pnas.17.12.684).
pub(super) fn gamma_quantile(mean: f64, variance: f64, normal: f64) -> f64 {
    if mean <= 0.0 || variance <= 0.0 {
        return mean.max(0.0);
    }
    let shape = mean * mean / variance;
    let root = 1.0 - 1.0 / (9.0 * shape) + normal / (3.0 * shape.sqrt());
    mean * root.max(0.0).powi(3)
}

#[cfg(test)]
mod tests {
    use ganas_core::rng::Rng;

    use super::*;

    fn hit(probability: f64, inclusion: f64, known: bool) -> Hit {
        Hit {
            probability,
            inclusion,
            known,
        }
    }

    #[test]
    fn what_is_known_counts_as_it_is_and_what_was_drawn_for_its_kind() {
        let e = horvitz_thompson(&[hit(0.1, 0.01, true), hit(0.1, 0.5, false)], 0.0);
        assert!((e.estimate - 0.3).abs() < 1e-12);
        assert!((e.effective_samples - 0.09 / 0.05).abs() < 1e-9);
        assert!(e.ci95[0] >= 0.2 && e.ci95[1] > 0.3);
        let certain = horvitz_thompson(&[hit(0.1, 1.0, true), hit(0.2, 1.0, false)], 0.0);
        assert_eq!(certain.standard_error, 0.0);
        assert!(certain.ci95.iter().all(|b| (b - 0.3).abs() < 1e-12));
    }

    #[test]
    fn no_hit_gives_an_upper_bound_and_all_hits_one() {
        let none = horvitz_thompson(&[], 1e-3);
        assert_eq!((none.estimate, none.ci95[0]), (0.0, 0.0));
        // 97.5 % of an exponential.
        assert!((none.ci95[1] - 3.69e-3).abs() < 5e-5, "{:?}", none.ci95);
        let none = binomial(0, 1000);
        assert!(none.ci95[0] == 0.0 && (none.ci95[1] - 3.68e-3).abs() < 2e-5);
        let all = binomial(1000, 1000);
        assert_eq!((all.estimate, all.ci95[1]), (1.0, 1.0));
    }

    #[test]
    fn unequal_chances_are_unbiased_and_covered() {
        // 200 points of probability 1 / 1000 each, included with very different chances.
        let chances: Vec<f64> = (0..200)
            .map(|i| 0.05 + 0.9 * f64::from(i) / 200.0)
            .collect();
        let mut rng = Rng::stream(0, "test");
        let (runs, mut sum, mut covered) = (400, 0.0, 0);
        for _ in 0..runs {
            let hits: Vec<Hit> = (chances.iter())
                .filter(|c| rng.chance(**c))
                .map(|&c| hit(1e-3, c, false))
                .collect();
            let e = horvitz_thompson(&hits, 0.0);
            sum += e.estimate;
            covered += usize::from(e.ci95[0] <= 0.2 && 0.2 <= e.ci95[1]);
        }
        let mean = sum / f64::from(runs);
        assert!((mean - 0.2).abs() < 0.005, "{mean}");
        assert!((370..=400).contains(&covered), "{covered}");
    }
}
