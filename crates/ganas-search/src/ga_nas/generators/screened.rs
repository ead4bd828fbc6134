//! A network whose architectures are screened, together with edits, before they cost a query.

use ganas_core::arch::{Arch, Graph};
use ganas_core::error::Result;
use serde::{Deserialize, Serialize};

use super::{EditGenerator, Generator, NetworkGenerator};
use crate::ga_nas::config::ScreenConfig;
use crate::ga_nas::discriminators::{Blend, CommitteeDiscriminator, Discriminator};
use crate::ga_nas::round::Round;

/// A network and edits, of whose pool a committee picks the most promising. The discriminator that
/// the network is trained against has a share in the choice.
#[derive(Serialize, Deserialize)]
pub struct ScreenedGenerator {
    network: NetworkGenerator,
    /// Architectures of the pool that the network makes.
    grown: usize,
    edits: EditGenerator,
    committee: CommitteeDiscriminator,
    /// The share of the discriminator in the promise of a candidate.
    share: f64,
}

impl ScreenedGenerator {
    /// A network with edits of the `parents` best.
    pub fn new(network: NetworkGenerator, screen: &ScreenConfig, parents: usize) -> Self {
        ScreenedGenerator {
            network,
            grown: screen.generated,
            edits: EditGenerator::new(screen, parents),
            committee: CommitteeDiscriminator::new(screen),
            share: screen.discriminator,
        }
    }
}

impl Generator for ScreenedGenerator {
    fn fakes(&self, round: &mut Round, count: usize) -> Result<Vec<Graph>> {
        self.network.fakes(round, count)
    }

    fn train(&mut self, round: &mut Round, discriminator: &dyn Discriminator) -> Result<()> {
        self.network.train(round, discriminator)
    }

    fn propose(
        &mut self,
        round: &mut Round,
        discriminator: &mut dyn Discriminator,
    ) -> Result<Vec<Arch>> {
        let grown = self.network.grow(round, self.grown)?;
        let mut blend = Blend {
            committee: &mut self.committee,
            other: discriminator,
            share: self.share,
        };
        blend.fit(round, &self.network)?;
        self.edits.screen(round, grown, &mut blend)
    }
}
