//! Acquisition values: the expected objective of an architecture, and its probability of keeping
//! the constraints that only an evaluation can check.

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::strategy::Context;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use super::examples::{Bound, by_compliance, margin, merits, objective};
use super::features::Describer;
use super::process::Chosen;
use super::{Committee, CommitteeConfig, Prediction};
use crate::curves::standings;

/// No committee is trusted to tell a bound more exactly than this, in normal quantiles.
pub(super) const LEAST_DEVIATION: f64 = 0.05;

/// The kernels that the last fits ended with, where the next ones start.
#[derive(Default, Serialize, Deserialize)]
pub struct Kernels(Vec<Chosen>);

impl Kernels {
    pub(super) fn at(&mut self, i: usize) -> &mut Chosen {
        if self.0.len() <= i {
            self.0.resize_with(i + 1, Chosen::default);
        }
        &mut self.0[i]
    }
}

/// One committee for the objective, and one for each constraint on a measured metric.
///
/// Where there are such constraints, what breaks them teaches the objective, too: the best that
/// complies often lies right at a bound (Gardner et al. 2014, "Bayesian Optimization with Inequality
/// Constraints").
pub struct Acquisition {
    objective: Committee,
    margins: Vec<Committee>,
}

impl Acquisition {
    /// Fits the committees to everything that was evaluated. `None` if that is too little.
    pub fn fit(
        config: &CommitteeConfig,
        context: &Context,
        describer: &mut Describer,
        kernels: &mut Kernels,
        rng: &mut Rng,
    ) -> Option<Self> {
        let space = context.space;
        let bounds: Vec<Bound> = context.measured_constraints().collect();
        let queries = standings(context);
        let evaluated = by_compliance(&*queries, &bounds);
        let examples = if bounds.is_empty() {
            merits(&evaluated)
        } else {
            objective(&evaluated)
        };
        let kernel = kernels.at(0);
        let objective = Committee::fit(config, space, &examples, describer, kernel, rng)?;
        // Priors are about the objective.
        let config = &config.without_priors();
        let margins = bounds
            .into_iter()
            .enumerate()
            .filter_map(|(i, (constraint, metric))| {
                let examples = margin(&evaluated, constraint, metric);
                let kernel = kernels.at(i + 1);
                Committee::fit(config, space, &examples, describer, kernel, rng)
            })
            .collect();
        Some(Acquisition { objective, margins })
    }

    /// Returns true if what is known before the search tells something of the objective.
    pub fn is_informed(&self) -> bool {
        self.objective.is_informed()
    }

    /// The acquisition value of each architecture. It is the expected objective, plus `bonus` times
    /// its deviation, plus the logarithms of the probability that the architecture complies and of its weight.
    pub fn predict(
        &self,
        context: &Context,
        describer: &mut Describer,
        archs: &[Arch],
        bonus: f64,
    ) -> Vec<f64> {
        let space = context.space;
        let predictions = self.objective.predict(space, describer, archs, bonus > 0.0);
        let mut complies = vec![0.0; archs.len()];
        let normal = Normal::standard();
        for committee in &self.margins {
            let margins = committee.predict(space, describer, archs, true);
            for (complies, margin) in complies.iter_mut().zip(margins) {
                let deviations = margin.mean / margin.deviation.max(LEAST_DEVIATION);
                *complies += normal.cdf(deviations).max(f64::MIN_POSITIVE).ln();
            }
        }
        let value = |((prediction, complies), arch): ((Prediction, f64), &Arch)| {
            let hoped = prediction.mean + bonus * prediction.deviation;
            hoped + complies + context.log_weight(arch)
        };
        let predictions = predictions.into_iter().zip(complies);
        predictions.zip(archs).map(value).collect()
    }
}
