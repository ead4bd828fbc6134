//! Discriminators: parts that tell what resembles the truth set.

mod blend;
mod committee;
mod measured;
mod pairwise;

use ganas_core::arch::{Arch, Graph};
use ganas_core::error::{Error, Result};
use ganas_core::space::SearchSpace;
use ganas_core::strategy::Context;

pub use blend::Blend;
pub use committee::CommitteeDiscriminator;
pub use measured::MeasuredDiscriminator;
pub use pairwise::PairwiseDiscriminator;

use super::generators::Generator;
use super::round::Round;

/// D of Algorithm 2: tells what resembles the truth set.
pub trait Discriminator {
    /// True if what was evaluated is enough to learn from.
    fn can_learn(&self, round: &Round) -> bool {
        !round.truth.is_empty()
    }

    /// Lines 4 and 5: learns to tell the truth set from fakes by the generator. A discriminator that
    /// learns from measured values alone asks for no fakes.
    ///
    /// # Errors
    /// If the generator or the discriminator fails on this space.
    fn fit(&mut self, round: &mut Round, generator: &dyn Generator) -> Result<()>;

    /// Line 6: how much each graph resembles the truth set, from 0 to 1. It is what the generator is
    /// paid for a finished graph.
    ///
    /// # Errors
    /// If the discriminator fails on this space, or pays no generator.
    fn scores(&self, space: &dyn SearchSpace, graphs: &[&Graph]) -> Result<Vec<f32>> {
        let _ = (space, graphs);
        Err(Error::bug(
            "a generator is trained by a discriminator that pays none",
        ))
    }

    /// True if the generator can learn something from a graph.
    fn can_pay(&self, space: &dyn SearchSpace, graph: &Graph) -> bool {
        let _ = (space, graph);
        true
    }

    /// True if it was fitted well enough to rank candidates.
    fn can_rank(&self) -> bool {
        true
    }

    /// Returns true if what is known before the search has a part in the ranking.
    fn is_informed(&self) -> bool {
        false
    }

    /// Line 7: how promising each architecture is, on the scale of normal quantiles or log-odds.
    ///
    /// # Errors
    /// If the discriminator fails on this space.
    fn acquisition_values(&mut self, context: &Context, archs: &[Arch]) -> Result<Vec<f64>> {
        let graphs: Vec<Graph> = archs.iter().map(|arch| context.space.graph(arch)).collect();
        let scores = self.scores(context.space, &graphs.iter().collect::<Vec<_>>())?;
        Ok(scores.into_iter().map(log_odds).collect())
    }

    /// Line 7: the `size` candidates to evaluate, given those that are ranked highest, best first.
    ///
    /// # Errors
    /// If the discriminator fails on this space.
    fn choose(&mut self, context: &Context, ranked: Vec<Arch>, size: usize) -> Result<Vec<Arch>> {
        let _ = context;
        let mut ranked = ranked;
        ranked.truncate(size);
        Ok(ranked)
    }
}

/// The log-odds of a score, which lies between 0 and 1.
fn log_odds(score: f32) -> f64 {
    let p = f64::from(score).clamp(1e-4, 1.0 - 1e-4);
    (p / (1.0 - p)).ln()
}
