//! A committee with a share of another discriminator in its acquisition_values.

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::strategy::Context;

use super::{CommitteeDiscriminator, Discriminator};
use crate::ga_nas::generators::Generator;
use crate::ga_nas::round::Round;

/// Ranks candidates by a weighted mean of two discriminators that are fitted elsewhere.
pub struct Blend<'a> {
    /// The committee.
    pub committee: &'a mut CommitteeDiscriminator,
    /// The discriminator that the generator is trained against.
    pub other: &'a mut dyn Discriminator,
    /// The weight of the other discriminator.
    pub share: f64,
}

impl Discriminator for Blend<'_> {
    /// Fits the committee. The other discriminator was fitted before the generator was trained.
    fn fit(&mut self, round: &mut Round, generator: &dyn Generator) -> Result<()> {
        self.committee.fit(round, generator)
    }

    fn can_rank(&self) -> bool {
        self.committee.can_rank()
    }

    fn acquisition_values(&mut self, context: &Context, archs: &[Arch]) -> Result<Vec<f64>> {
        let others = if self.share > 0.0 {
            self.other.acquisition_values(context, archs)?
        } else {
            vec![0.0; archs.len()]
        };
        let acquisition_values = self.committee.acquisition_values(context, archs)?;
        let mixed = acquisition_values.into_iter().zip(others);
        let share = self.share;
        Ok(mixed
            .map(|(value, other)| (1.0 - share) * value + share * other)
            .collect())
    }
}
