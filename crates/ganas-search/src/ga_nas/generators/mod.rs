//! Generators: parts that propose architectures near the truth set.

mod edits;
mod grow;
mod network;
mod screened;

use ganas_core::arch::{Arch, Graph};
use ganas_core::error::Result;

pub use edits::EditGenerator;
pub(super) use grow::grow;
pub use network::NetworkGenerator;
pub use screened::ScreenedGenerator;

use super::discriminators::Discriminator;
use super::round::Round;

/// G of Algorithm 2: a density of architectures near the truth set.
pub trait Generator {
    /// Line 4: `count` graphs that the discriminator has to tell from the truth set.
    ///
    /// A generator without a network has none, and no discriminator of its presets asks for them.
    ///
    /// # Errors
    /// If the generator fails on this space.
    fn fakes(&self, round: &mut Round, count: usize) -> Result<Vec<Graph>> {
        let _ = (round, count);
        Ok(Vec::new())
    }

    /// Line 6: learns to make graphs that the discriminator takes for members of the truth set. A
    /// generator without parameters learns nothing.
    ///
    /// # Errors
    /// If the generator or the discriminator fails on this space.
    fn train(&mut self, round: &mut Round, discriminator: &dyn Discriminator) -> Result<()> {
        let _ = (round, discriminator);
        Ok(())
    }

    /// Line 7: up to |X_t| architectures that would be new queries.
    ///
    /// # Errors
    /// If the generator or the discriminator fails on this space.
    fn propose(
        &mut self,
        round: &mut Round,
        discriminator: &mut dyn Discriminator,
    ) -> Result<Vec<Arch>>;
}
