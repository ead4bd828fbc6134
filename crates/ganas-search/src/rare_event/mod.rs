//! Rarity of good architectures: estimates of l(alpha) = P(S(X) >= alpha), the rare-event
//! probability of section 3.1 of the paper, with intervals.
//!
//! All methods share one form, which `docs/theory.md` explains. A search raises a level gamma
//! towards alpha and learns where the event is; whatever it evaluates is known from then on. Then a
//! last stage draws at random from an explicit density, so that each architecture had a known
//! chance of being included, and [the estimate](horvitz_thompson) follows from those chances.
//! The methods differ in the density: the prior (crude Monte Carlo), the product of categoricals
//! that is nearest in the Kullback-Leibler divergence (cross-entropy), or the
//! prior tilted by a discriminator, which is nearest in the Jensen-Shannon divergence.

mod algorithm1;
mod categoricals;
mod cross_entropy;
mod estimate;
mod ga_nas;
mod likelihood;
mod monte_carlo;
mod outlook;
mod pool;
mod prior;
mod survey;

use ganas_core::error::Result;
use ganas_core::rng::Rng;
use serde::{Deserialize, Serialize};

pub use algorithm1::{Algorithm1, Divergence, Family, Iteration, Stop};
pub use categoricals::{CategoricalMixture, Categoricals, log_sum_exp};
pub use estimate::{Estimate, Hit, binomial, horvitz_thompson};
pub use likelihood::log_likelihood;
pub use outlook::{Basis, Outlook, outlook, outlook_unless, unguarded_outlook};
pub use pool::Pool;
pub use prior::{Likelihood, Point, Prior};
pub use survey::{Measure, Survey};

/// Method of estimation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Draws of the prior.
    MonteCarlo,
    /// The cross-entropy method: a product of categoricals by the Kullback-Leibler divergence.
    CrossEntropy,
    /// GA-NAS: the prior tilted by a discriminator, by the Jensen-Shannon divergence.
    GaNas,
}

impl Method {
    /// The methods, in the order in which they are listed.
    pub const ALL: [Method; 3] = [Method::MonteCarlo, Method::CrossEntropy, Method::GaNas];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Method::MonteCarlo => "monte-carlo",
            Method::CrossEntropy => "cross-entropy",
            Method::GaNas => "ga-nas",
        }
    }
}

/// Settings of a survey; all ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Queries to spend.
    pub queries: usize,
    /// The share of the queries that are drawn from the prior first.
    pub initial: f64,
    /// The share that is kept for the last stage.
    pub last: f64,
    /// The share of the queries in each step up.
    pub step: f64,
    /// The share of the prior in the densities: the defensive part of the mixture (Hesterberg 1995,
    /// doi 10.1080/00401706.1995.10484303), which bounds the weights.
    pub defensive: f64,
    /// Architectures that define a level: gamma is what the best K so far have at least.
    pub truth: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            queries: 2000,
            initial: 0.1,
            last: 0.3,
            step: 0.025,
            defensive: 0.1,
            truth: 50,
        }
    }
}

impl Settings {
    fn count(&self, share: f64) -> usize {
        ((self.queries as f64 * share).round() as usize).clamp(1, self.queries)
    }
}

/// A step of a survey.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// The queries that had been spent.
    pub queries: usize,
    /// The level: alpha, or what the best so far have at least.
    pub gamma: f64,
    /// The share of the last draws that reached it.
    pub rho: f64,
}

/// An estimate and how it came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Surveyed {
    /// The estimate.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// The queries that were spent.
    pub queries: usize,
    /// The levels on the way.
    pub levels: Vec<Level>,
}

/// The share of hits among the first draws above which an event is not rare: then no density is
/// better than the prior, and all queries are draws of it.
const COMMON: f64 = 0.1;

/// Estimates the probability that the score of a draw of the prior is at least `alpha`.
///
/// `pool` is what the method `ga-nas` draws from; the others do without.
///
/// # Errors
/// Only what `measure` returns.
pub fn survey(
    method: Method,
    prior: &Prior,
    pool: &Pool,
    alpha: f64,
    settings: &Settings,
    measure: &mut Measure,
    seed: u64,
) -> Result<Surveyed> {
    let mut rng = Rng::stream(seed, &format!("rare-event/{}", method.name()));
    let mut survey = Survey::new(measure, settings.queries);
    let listed = prior.likelihood() == Likelihood::Architectures && pool.draws().is_none();
    if listed && pool.archs().len() <= settings.queries {
        return all(pool, survey, alpha);
    }
    // What `ga-nas` learns from has to be in its pool.
    let source = |rng: &mut Rng| match method {
        Method::GaNas => pool.draw(prior, rng),
        _ => prior.draw(rng),
    };
    let first = monte_carlo::draw(
        &source,
        &mut survey,
        settings.count(settings.initial),
        &mut rng,
    )?;
    let hits = first
        .iter()
        .filter(|p| survey.score(&p.arch) >= Some(alpha))
        .count();
    let common = hits as f64 > COMMON * first.len() as f64;
    match method {
        Method::CrossEntropy if !common => {
            cross_entropy::estimate(prior, &mut survey, alpha, first, settings, &mut rng)
        }
        Method::GaNas if !common => ga_nas::estimate(
            prior,
            pool,
            &mut survey,
            alpha,
            first.len(),
            settings,
            &mut rng,
        ),
        _ => monte_carlo::estimate(prior, &mut survey, alpha, first, &mut rng),
    }
}

/// The share of the event where there are queries for all architectures.
fn all(pool: &Pool, mut survey: Survey, alpha: f64) -> Result<Surveyed> {
    survey.evaluate(pool.archs())?;
    let estimate = Estimate::exact(survey.hits(alpha), survey.queries());
    Ok(Surveyed {
        queries: survey.queries(),
        levels: vec![Level {
            queries: survey.queries(),
            gamma: alpha,
            rho: estimate.estimate,
        }],
        estimate,
    })
}
