//! Outlook of a search: the rarity of architectures at least as good as its best, and the chance
//! that further queries would find a better one.
//!
//! The evaluations of a search are not a sample of its space, so nothing is counted from them
//! alone. They are known points; for the rest, committees predict how likely each architecture is
//! to be as good. Their errors are measured on evaluations that they were not fitted to.
//! `docs/theory.md` states the assumptions and how often the outlook holds. No query is spent.

mod view;

use std::fmt;

use ganas_core::driver::Problem;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::estimate::{Z, gamma_quantile};
use view::{Unseen, View};

/// The fewest compliant evaluations from which intervals are given (ours): with fewer, less than 90 %
/// of the 95 % intervals hold on some table (`docs/theory.md`).
const FEWEST: usize = 50;

/// The fewest from which a probability of a better one is given (ours): with fewer, it says less than
/// the constant of the same table does (`docs/theory.md`).
const FEWEST_BETTER: usize = 100;

/// The fewest random draws that have to keep the constraints where these are not all that do (ours): a
/// share of a region that draws hardly meet cannot be told.
const FEWEST_DRAWS: usize = 1000;

/// The degrees of freedom of Student's distribution, which the errors have at the upper end of the
/// interval: surrogates fail in whole regions that they have never seen, which a normal distribution
/// does not allow for (ours, chosen on seeds 100 to 115 of three tables).
const FREEDOM: f64 = 4.0;

/// Number of today's most promising architectures that a further query is worth: later queries are
/// chosen by committees that have learned from the earlier ones (ours, chosen on the same runs).
const WORTH: f64 = 2.0;

/// A search that has just found its best goes on finding better ones: the chance that as many
/// queries again do is taken to be this power of the share of its queries after which it found the
/// best (ours, chosen on the same runs).
const LATEST: i32 = 2;

/// Basis of an outlook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Everything was evaluated, so that all is certain.
    AllEvaluated,
    /// Surrogates' expectations.
    Surrogates,
    /// Nothing: too little was evaluated, or random draws hardly keep the constraints.
    TooLittle,
}

/// Rarity of architectures at least as good as the best of a search, and the value of more queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// Basis of the outlook; if it is too small, all estimates are missing.
    pub basis: Basis,
    /// The estimated share of architectures that are at least as good, from 0 to 1.
    pub share: Option<f64>,
    /// 95 % interval of the share.
    pub ci95: Option<[f64; 2]>,
    /// The evaluated architectures that are at least as good: the best and its equals.
    pub hits: usize,
    /// Number of equally likely architectures that the estimate is worth: the square of the sum of
    /// their weights over the sum of their squares.
    pub effective_samples: Option<f64>,
    /// The architectures that can be evaluated and keep the constraints on costs; none where they
    /// cannot be counted.
    pub architectures: Option<f64>,
    /// Further queries.
    pub further: usize,
    /// The probability that these find a better one; none after too few evaluations.
    pub better: Option<f64>,
}

/// The outlook after some queries, if any of them is compliant.
pub fn outlook(problem: &Problem, queries: &[Query], further: usize, seed: u64) -> Option<Outlook> {
    outlook_unless(problem, queries, further, seed, &|| false)
}

/// The outlook, or `None` soon after `stopped` becomes true.
pub fn outlook_unless(
    problem: &Problem,
    queries: &[Query],
    further: usize,
    seed: u64,
    stopped: &(dyn Fn() -> bool + Sync),
) -> Option<Outlook> {
    judged(
        problem,
        queries,
        further,
        seed,
        [FEWEST, FEWEST_BETTER],
        stopped,
    )
}

/// The outlook after any number of evaluations, however small: for the tables that measure its
/// calibration.
pub fn unguarded_outlook(
    problem: &Problem,
    queries: &[Query],
    further: usize,
    seed: u64,
) -> Option<Outlook> {
    judged(problem, queries, further, seed, [1, 1], &|| false)
}

/// The outlook, whose interval and whose probability each take a number of compliant evaluations.
fn judged(
    problem: &Problem,
    queries: &[Query],
    further: usize,
    seed: u64,
    [fewest, fewest_better]: [usize; 2],
    stopped: &(dyn Fn() -> bool + Sync),
) -> Option<Outlook> {
    let best = queries
        .iter()
        .filter_map(Query::merit)
        .max_by(f64::total_cmp)?;
    let merits = || queries.iter().filter_map(Query::merit);
    let hits = merits().filter(|merit| *merit >= best).count();
    let nothing = Outlook {
        basis: Basis::TooLittle,
        share: None,
        ci95: None,
        hits,
        effective_samples: None,
        architectures: None,
        further,
        better: None,
    };
    let mut rng = Rng::stream(seed, "outlook");
    let population = view::population(problem, &mut rng);
    let architectures = population.size;
    if let (Some(all), 0) = (architectures, view::left(&population, queries)) {
        let share = hits as f64 / all.max(1.0);
        return Some(Outlook {
            basis: Basis::AllEvaluated,
            share: Some(share),
            ci95: Some([share; 2]),
            effective_samples: Some(hits as f64),
            architectures,
            better: Some(0.0),
            ..nothing
        });
    }
    let met = population.whole || population.archs.len() >= FEWEST_DRAWS;
    let view = match merits().count() {
        known if known >= fewest && met => {
            view::view(problem, queries, population, stopped, &mut rng)
        }
        _ => None,
    };
    if stopped() {
        return None;
    }
    let first = queries.iter().position(|q| q.merit() >= Some(best));
    let latest = first.map_or(0.0, |i| (i + 1) as f64 / queries.len() as f64);
    let again = further as f64 / queries.len() as f64;
    // The chance in as many queries again, and from that the chance in so many.
    let record = 1.0 - (1.0 - latest.powi(LATEST)).powf(again);
    let judged = match view {
        Some(view) => judge(&view, hits, record, nothing),
        None => nothing,
    };
    Some(Outlook {
        better: judged.better.filter(|_| merits().count() >= fewest_better),
        ..judged
    })
}

/// Fills in the estimates, given the chance of a better one by the record of the run.
fn judge(view: &View, hits: usize, record: f64, nothing: Outlook) -> Outlook {
    let deviation = deviation(&view.tried);
    let normal = Normal::standard();
    let distance = |level: f64, unseen: &Unseen| (level - unseen.expected) / deviation;
    // Statrs refuses no degrees of freedom above zero.
    let heavy = StudentsT::new(0.0, 1.0, FREEDOM).ok();
    let heavier = |z: f64| heavy.map_or(1.0, |t| t.sf(z));

    // The known hits have the weight of one architecture each, where that is known.
    let (known, all) = match view.size {
        Some(size) => (hits as f64, size),
        None => (0.0, view.draws as f64),
    };
    let (mut sum, mut squares) = (known, known);
    let (mut upper, mut variance, mut heaviest) = (0.0, 0.0, 1.0f64);
    for unseen in &view.unseen {
        let z = distance(view.best, unseen);
        let part = unseen.weight * normal.sf(z);
        sum += part;
        squares += part * part;
        let part = unseen.weight * heavier(z);
        upper += part;
        // How many there are is a count of single architectures, and some stand for many.
        variance += part * unseen.weight.max(1.0);
        if unseen.drawn {
            heaviest = heaviest.max(part);
        }
    }
    let above = gamma_quantile(upper + heaviest, variance + heaviest * heaviest, Z);
    let ends = [known, (known + above).max(sum)];

    // What comes first is what is most promising now.
    let mut order: Vec<&Unseen> = view.unseen.iter().collect();
    order.sort_by(|a, b| b.expected.total_cmp(&a.expected).then(a.arch.cmp(&b.arch)));
    let (mut left, mut expected) = (WORTH * nothing.further as f64, 0.0);
    for unseen in order {
        let taken = unseen.count.min(left);
        expected += taken * normal.sf(distance(view.better, unseen));
        left -= taken;
        if left <= 0.0 {
            break;
        }
    }
    Outlook {
        basis: Basis::Surrogates,
        share: Some((sum / all).min(1.0)),
        ci95: Some(ends.map(|end| (end / all).min(1.0))),
        effective_samples: Some(if squares > 0.0 {
            sum * sum / squares
        } else {
            0.0
        }),
        architectures: view.size,
        better: Some(0.5 * (record - (-expected).exp_m1())),
        ..nothing
    }
}

/// Deviation of the predictions, among the half with the highest ones.
fn deviation(tried: &[(f64, f64)]) -> f64 {
    let mut tried = tried.to_vec();
    tried.sort_by(|a, b| b.0.total_cmp(&a.0));
    tried.truncate(tried.len().div_ceil(2));
    let squares: f64 = tried.iter().map(|(e, value)| (value - e).powi(2)).sum();
    (squares / tried.len().max(1) as f64).sqrt().max(1e-6)
}

impl Outlook {
    /// The outlook in a sentence, of architectures `of` something such as `the space`.
    pub fn sentence(&self, of: &str) -> String {
        let Outlook { further, .. } = self;
        let (Some(share), Some([low, high])) = (self.share, self.ci95) else {
            return format!(
                "too little is known to tell how rare architectures are that are at least this good; it takes \
                 {FEWEST} evaluated ones and {FEWEST_DRAWS} random draws that keep the constraints"
            );
        };
        if self.basis == Basis::AllEvaluated {
            return format!(
                "all of {of} was evaluated: architectures at least this good make up {share:.1e} of it, and none \
                 is better"
            );
        }
        let better = match self.better {
            Some(better) => format!(
                "another {further} queries would find a better one with probability {}",
                Probability(better)
            ),
            None => format!(
                "whether another {further} queries would find a better one cannot be told before {FEWEST_BETTER} \
                 evaluations"
            ),
        };
        format!(
            "architectures at least this good make up about {share:.1e} of {of} (95 % interval {low:.1e} to \
             {high:.1e}): {better}"
        )
    }
}

/// A probability, to the digits that it has.
struct Probability(f64);

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            p if p < 0.01 => f.write_str("below 0.01"),
            p if p > 0.99 => f.write_str("above 0.99"),
            p => write!(f, "about {p:.2}"),
        }
    }
}
