//! Records of estimates.

use ganas_search::rare_event::{Estimate, Level, Likelihood, Settings};
use serde::Serialize;

/// Estimates of the methods.
#[derive(Serialize)]
pub struct Report {
    /// Name of the space.
    pub space: String,
    /// Objective.
    pub objective: String,
    /// The level, as the objective has it.
    pub alpha: f64,
    /// The probability, where the whole space is known.
    pub exact: Option<f64>,
    /// Probability space: architectures or their constructions.
    pub likelihood: Likelihood,
    /// Each method with each seed.
    pub estimates: Vec<Record>,
    /// Each method over its seeds, where the probability is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub summary: Vec<Summary>,
    /// Settings of the methods.
    pub settings: Settings,
    /// The version of this program.
    pub ganas: String,
    /// The command line, program name left out.
    pub command: Vec<String>,
}

/// One estimate.
#[derive(Serialize)]
pub struct Record {
    /// Name of the method.
    pub method: &'static str,
    /// Seed.
    pub seed: u64,
    /// Estimate and its interval.
    #[serde(flatten)]
    pub estimate: Estimate,
    /// Evaluations.
    pub queries: usize,
    /// The levels on the way, as the objective has them.
    pub levels: Vec<Level>,
}

/// Comparison of a method's estimates with the exact value.
#[derive(Serialize)]
pub struct Summary {
    /// Name of the method.
    pub method: &'static str,
    /// Number of seeds.
    pub seeds: usize,
    /// Mean of the estimates.
    pub mean: f64,
    /// Difference between the mean and the exact value, as a share of the exact value. Estimates are
    /// winsorised, which makes them too small on average if few heavy draws make up the event.
    pub bias: f64,
    /// The root of the mean squared error over the exact value.
    pub relative_error: f64,
    /// Seeds with an estimate within 50 % of the exact value.
    pub within_half: usize,
    /// Seeds whose interval holds the exact value.
    pub covered: usize,
    /// Seeds whose interval ends below the exact value.
    pub too_low: usize,
    /// The median width of the intervals, over the exact value.
    pub median_width: Option<f64>,
    /// The variance of as many draws of the prior as there were queries over the mean squared
    /// error; null if that is zero.
    pub times_below_monte_carlo: Option<f64>,
}
