//! Estimates of a rare event's probability from draws with known probabilities, and their
//! intervals.
//!
//! What a search evaluated before its last stage is known: its hits count with the probability that
//! the prior gives them, whatever led to them. The last stage draws the rest at random, so that each
//! point had a known chance of being included, and a hit that had chance pi stands for 1 / pi of
//! its kind (Horvitz & Thompson 1952, doi 10.1080/01621459.1952.10483446). Given what was known,
//! the sum of both is an unbiased estimate, but for a bound: no hit of the last stage counts for more
//! than all others would.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Beta, ContinuousCDF};

/// The normal quantile of 97.5 %.
pub(super) const Z: f64 = 1.959963984540054;

/// A point of the event that was evaluated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Probability under the prior, in units of one over the total, so that whole numbers add up
    /// exactly.
    pub mass: f64,
    /// The probability with which the last stage would have included it.
    pub inclusion: f64,
    /// True if the point was known before the last stage.
    pub known: bool,
}

impl Hit {
    /// Mass of the event that the point represents beside itself: the mass that was missed for each
    /// point of its kind that was found.
    pub fn missed(&self) -> f64 {
        self.mass * (1.0 - self.inclusion) / self.inclusion
    }

    /// Weight of the point in the last stage.
    fn weight(&self) -> f64 {
        self.mass / self.inclusion
    }

    /// Part of the unbiased estimate of the variance of found and missed mass together. A point is
    /// found with chance pi, so being found has the variance pi (1 - pi).
    fn variance(&self) -> f64 {
        self.weight().powi(2) * (1.0 - self.inclusion)
    }
}

/// An estimate of a probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub estimate: f64,
    /// Standard error. If no draw tells it, that of a normal distribution with this interval.
    pub standard_error: f64,
    /// A 95 % interval.
    pub ci95: [f64; 2],
    /// Number of equally weighted draws of the event that the hits are worth: the square of the sum
    /// of their weights over the sum of their squares.
    pub effective_samples: f64,
    /// The evaluated points of the event.
    pub hits: usize,
}

impl Estimate {
    /// An exact value: all `points` were evaluated, and `hits` of them belong to the event.
    pub fn exact(hits: usize, points: usize) -> Self {
        let share = hits as f64 / points as f64;
        Estimate {
            estimate: share,
            standard_error: 0.0,
            ci95: [share; 2],
            effective_samples: hits as f64,
            hits,
        }
    }

    /// Widens an estimate within a pool of `draws` draws of the prior to one of the prior itself.
    pub fn among_draws(&mut self, draws: usize) {
        let n = draws as f64;
        let [low, high] = self.ci95;
        let variance = self.standard_error.powi(2) + self.estimate * (1.0 - self.estimate) / n;
        self.standard_error = variance.sqrt();
        // Each end with the exact bound of a share that is there (the variance estimates recovery of
        // Zou & Donner 2008, doi 10.1002/sim.3095).
        let below = (self.estimate - low).hypot(low - share_bounds(low * n, n)[0]);
        let above = (high - self.estimate).hypot(share_bounds(high * n, n)[1] - high);
        self.ci95 = [self.estimate - below, self.estimate + above].map(|b| b.clamp(0.0, 1.0));
    }
}

/// The estimate from the hits of a survey.
///
/// The interval is that of a sum of Poisson counts with unequal weights (Fay & Feuer 1997, doi
/// 10.1002/(SICI)1097-0258(19970415)16:7<791::AID-SIM500>3.0.CO;2-#): the missed mass is at most
/// what it would be with one more hit of the largest weight that a hit had, or of weight `another`
/// if that is more; and the whole is never less than the mass of the hits themselves.
///
/// A single far too heavy hit of the last stage would decide the estimate, so each is bounded by the
/// sum of what the others would count for (winsorised; Kokic & Bell 1994). The upper end is not.
///
/// All masses, and `another`, are in units of one over `total`.
pub fn horvitz_thompson(hits: &[Hit], another: f64, total: f64) -> Estimate {
    let mass = sum(hits.iter().map(|h| h.mass));
    let fresh = || hits.iter().filter(|h| !h.known);
    let missed = sum(fresh().map(Hit::missed));
    let variance = sum(fresh().map(Hit::variance));
    let heaviest = hits.iter().map(Hit::missed).fold(another, f64::max);
    let most_variable = hits
        .iter()
        .map(Hit::variance)
        .fold(another * another, f64::max);
    let weights = sum(hits.iter().map(Hit::weight));
    // The part of a hit that is counted, from 0 to 1.
    let kept = |h: &Hit| match weights - h.weight() {
        others if hits.len() > 1 && others < h.missed() => others / h.missed(),
        _ => 1.0,
    };
    let counted = sum(fresh().map(|h| kept(h) * h.missed()));
    let counted_variance = sum(fresh().map(|h| kept(h).powi(2) * h.variance()));
    // What is missed is made of whole points.
    let lightest = hits.iter().map(|h| h.mass).fold(f64::INFINITY, f64::min);
    let points = (gamma_quantile(counted, counted_variance, -Z) / lightest).floor();
    let low = if points > 0.0 {
        mass + points * lightest
    } else {
        mass
    };
    let high = mass + gamma_quantile(missed + heaviest, variance + most_variable, Z);
    let share = |mass: f64| (mass / total).min(1.0);
    let ci95 = [low, high].map(share);
    let (drawn, drawn_squares) = worth(hits);
    Estimate {
        estimate: share(mass + counted),
        standard_error: match fresh().next() {
            Some(_) => variance.sqrt() / total,
            None => implied(ci95),
        },
        ci95,
        effective_samples: if drawn_squares > 0.0 {
            drawn * drawn / drawn_squares
        } else {
            0.0
        },
        hits: hits.len(),
    }
}

/// The sum of what hits count for, and that of its squares.
fn worth(hits: &[Hit]) -> (f64, f64) {
    let worth = |h: &Hit| if h.known { h.mass } else { h.weight() };
    (
        sum(hits.iter().map(worth)),
        sum(hits.iter().map(|h| worth(h).powi(2))),
    )
}

/// A sum that is 0 and not -0 where there is nothing.
fn sum(terms: impl Iterator<Item = f64>) -> f64 {
    terms.fold(0.0, |sum, term| sum + term)
}

/// The standard error of a normal estimate with this 95 % interval.
fn implied([low, high]: [f64; 2]) -> f64 {
    (high - low) / (2.0 * Z)
}

/// The estimate from independent draws of the prior, with the exact interval of a binomial share.
pub fn binomial(hits: usize, draws: usize) -> Estimate {
    let (k, n) = (hits as f64, draws.max(1) as f64);
    let share = k / n;
    let ci95 = share_bounds(k, n);
    Estimate {
        estimate: share,
        standard_error: if share > 0.0 && share < 1.0 {
            (share * (1.0 - share) / n).sqrt()
        } else {
            implied(ci95)
        },
        ci95,
        effective_samples: k,
        hits,
    }
}

/// The exact 95 % interval of a share of which `k` of `n` draws were (Clopper & Pearson 1934, doi
/// 10.1093/biomet/26.4.404).
fn share_bounds(k: f64, n: f64) -> [f64; 2] {
    let bound = |a: f64, b: f64, level: f64, edge: f64| match Beta::new(a, b) {
        Ok(beta) => beta.inverse_cdf(level),
        Err(_) => edge,
    };
    [
        bound(k, n - k + 1.0, 0.025, 0.0),
        bound(k + 1.0, n - k, 0.975, 1.0),
    ]
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

    fn hit(mass: f64, inclusion: f64, known: bool) -> Hit {
        Hit {
            mass,
            inclusion,
            known,
        }
    }

    #[test]
    fn what_is_known_counts_as_it_is_and_what_was_drawn_for_its_kind() {
        let e = horvitz_thompson(&[hit(1.0, 0.01, true), hit(1.0, 0.5, false)], 0.0, 10.0);
        assert!((e.estimate - 0.3).abs() < 1e-12);
        assert!((e.effective_samples - 0.09 / 0.05).abs() < 1e-9);
        assert!(e.ci95[0] >= 0.2 && e.ci95[1] > 0.3);
        let certain = horvitz_thompson(&[hit(1.0, 1.0, true), hit(2.0, 1.0, false)], 0.0, 10.0);
        assert_eq!((certain.estimate, certain.standard_error), (0.3, 0.0));
        assert_eq!(certain.ci95, [0.3, 0.3]);
    }

    #[test]
    fn ends_are_not_off_by_rounding() {
        for (hits, size) in [(16, 15_625), (157, 15_625), (42, 423_624), (427, 423_624)] {
            let known = vec![hit(1.0, 1.0, true); hits];
            let e = horvitz_thompson(&known, 0.0, f64::from(size));
            let exact = hits as f64 / f64::from(size);
            assert_eq!((e.estimate, e.ci95), (exact, [exact; 2]));
        }
    }

    #[test]
    fn one_heavy_hit_does_not_decide() {
        let mut hits = vec![hit(1.0, 1.0, true); 20];
        hits.push(hit(1.0, 1e-3, false));
        let e = horvitz_thompson(&hits, 0.0, 1e5);
        assert!((e.estimate - 41e-5).abs() < 1e-12, "{e:?}");
        assert!(e.ci95[0] < 22e-5 && e.ci95[1] > 1000e-5, "{e:?}");
        // Where it is all that there is, it is all that can be said.
        let alone = horvitz_thompson(&hits[20..], 0.0, 1e5);
        assert!((alone.estimate - 1e-2).abs() < 1e-12, "{alone:?}");
    }

    #[test]
    fn no_hit_gives_an_upper_bound_and_all_hits_one() {
        let none = horvitz_thompson(&[], 1e-3, 1.0);
        assert_eq!((none.estimate, none.ci95[0]), (0.0, 0.0));
        assert!(none.estimate.is_sign_positive() && none.ci95[0].is_sign_positive());
        // 97.5 % of an exponential.
        assert!((none.ci95[1] - 3.69e-3).abs() < 5e-5, "{:?}", none.ci95);
        assert!(none.standard_error > 0.0);
        let none = binomial(0, 1000);
        assert!(none.ci95[0] == 0.0 && (none.ci95[1] - 3.68e-3).abs() < 2e-5);
        assert!(none.standard_error > 0.0);
        let all = binomial(1000, 1000);
        assert_eq!((all.estimate, all.ci95[1]), (1.0, 1.0));
    }

    #[test]
    fn draws_that_stand_for_a_space_bound_what_none_of_them_is() {
        let mut none = Estimate::exact(0, 1000);
        none.among_draws(1000);
        assert_eq!(none.estimate, 0.0);
        assert!((none.ci95[1] - 3.68e-3).abs() < 2e-5, "{:?}", none.ci95);
        let mut some = Estimate::exact(20, 1000);
        some.among_draws(1000);
        let share = binomial(20, 1000);
        for (a, b) in some.ci95.into_iter().zip(share.ci95) {
            assert!((a - b).abs() < 1e-12, "{some:?}");
        }
    }

    /// The mean of the estimates, and the shares of intervals that hold, begin too high and end too
    /// low, for points of probability 1 / 1000 each that are included with these chances.
    fn repeated(chances: &[f64], runs: usize) -> (f64, [f64; 3]) {
        let mut rng = Rng::stream(0, "test");
        let truth = chances.len() as f64 / 1000.0;
        let (mut sum, mut counts) = (0.0, [0; 3]);
        for _ in 0..runs {
            let hits: Vec<Hit> = chances
                .iter()
                .filter(|c| rng.chance(**c))
                .map(|&c| hit(1.0, c, false))
                .collect();
            let e = horvitz_thompson(&hits, 0.0, 1000.0);
            sum += e.estimate;
            let (high, low) = (e.ci95[0] > truth + 1e-12, e.ci95[1] < truth - 1e-12);
            counts[0] += usize::from(!high && !low);
            counts[1] += usize::from(high);
            counts[2] += usize::from(low);
        }
        let share = |count| count as f64 / runs as f64;
        (sum / runs as f64, counts.map(share))
    }

    #[test]
    fn equal_chances_are_unbiased_and_covered_whatever_they_are() {
        for chance in [0.05, 0.2, 0.5, 0.9] {
            let (mean, [held, ..]) = repeated(&[chance; 400], 2000);
            assert!((mean - 0.4).abs() < 0.01, "{chance}: {mean}");
            assert!((0.92..=0.98).contains(&held), "{chance}: {held}");
        }
    }

    #[test]
    fn intervals_of_few_points_hold_where_most_are_included() {
        for chance in [0.5, 0.9] {
            let (_, [held, high, low]) = repeated(&[chance; 40], 2000);
            assert!(
                held >= 0.92,
                "{chance}: {held}, {high} too high, {low} too low"
            );
        }
    }

    #[test]
    fn unequal_chances_are_unbiased_and_covered() {
        let chances: Vec<f64> = (0..200)
            .map(|i| 0.05 + 0.9 * f64::from(i) / 200.0)
            .collect();
        let (mean, [held, ..]) = repeated(&chances, 2000);
        assert!((mean - 0.2).abs() < 0.005, "{mean}");
        assert!((0.92..=0.98).contains(&held), "{held}");
    }
}
