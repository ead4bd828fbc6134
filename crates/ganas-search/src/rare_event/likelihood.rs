//! Likelihood of an architecture under a generator, over all constructions.

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::space::{Rules, SearchSpace};
use ganas_nets::{Generator, Rollout};

use super::log_sum_exp;

/// The log-probability that the generator makes an architecture under enforced rules: the sum over
/// all its constructions, exactly. `None` where they cannot be listed, and only the probability of
/// a construction is defined.
///
/// # Errors
/// If the generator was built for another space.
pub fn log_likelihood(
    generator: &Generator,
    space: &dyn SearchSpace,
    arch: &Arch,
) -> Result<Option<f64>> {
    let Some(graphs) = space.constructions(arch) else {
        return Ok(None);
    };
    let foreign = |e: ganas_nets::NetError| Error::input(e.to_string());
    let mut rollouts = graphs
        .iter()
        .map(|graph| Rollout::from_graph(space, Rules::Enforced, graph).map_err(foreign))
        .collect::<Result<Vec<Rollout>>>()?;
    generator.replay(&mut rollouts).map_err(foreign)?;
    let logs: Vec<f64> = rollouts.iter().map(|r| r.log_prob().into()).collect();
    Ok(Some(log_sum_exp(&logs)))
}
