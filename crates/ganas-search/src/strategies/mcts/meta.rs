//! Values of architectures from 0 to 1: measured ones, and those that the meta-model predicts.

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::strategy::Context;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::committee::{Acquisition, CommitteeConfig, Describer, Kernels, merits};
use crate::curves::standings;

/// Boosted trees of the committee, fitted to all evaluations (ours; AlphaX has a network).
pub struct MetaModel(Acquisition);

impl MetaModel {
    /// Fits the model. `None` if too little was evaluated.
    pub fn fit(context: &Context, describer: &mut Describer, rng: &mut Rng) -> Option<Self> {
        let config = CommitteeConfig {
            process: false,
            ..CommitteeConfig::default()
        };
        let kernels = &mut Kernels::default();
        Acquisition::fit(&config, context, describer, kernels, rng).map(MetaModel)
    }

    /// The predicted value of each architecture.
    pub fn values(&self, context: &Context, describer: &mut Describer, archs: &[Arch]) -> Vec<f64> {
        let predicted = self.0.predict(context, describer, archs, 0.0);
        let normal = Normal::standard();
        predicted.iter().map(|value| normal.cdf(*value)).collect()
    }
}

/// Evaluated architectures in the order of their queries, each with the share that is worse.
pub fn values(context: &Context) -> Vec<(Arch, f64)> {
    let queries = standings(context);
    let normal = Normal::standard();
    let queries = queries.iter().collect::<Vec<_>>();
    let values = merits(&queries).into_iter();
    values
        .map(|(arch, value)| (arch, normal.cdf(value)))
        .collect()
}
