//! The next set of architectures, X_t (Algorithm 2, line 7).

use std::collections::HashSet;

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::Rules;
use ganas_core::strategy::Context;
use ganas_nets::{Generator, Rollout};

use super::NetResult;

/// How many times the graphs that are wanted the generator may grow before it counts as
/// collapsed on what is known.
const PATIENCE: usize = 20;

/// New architectures, and how the generator did on the way.
pub struct Proposed {
    /// The architectures.
    pub archs: Vec<Arch>,
    /// How all that was grown came to be.
    pub rollouts: Vec<Rollout>,
    /// The share of grown graphs that were valid.
    pub valid: f64,
    /// The share of what had been evaluated or grown before in the valid graphs that were looked at:
    /// those up to the last that was wanted.
    pub duplicates: f64,
}

/// Lets the generator grow until it has made so many unseen architectures, or hardly makes any.
pub fn generate(
    generator: &Generator,
    rules: Rules,
    context: &Context,
    wanted: usize,
    rng: &mut Rng,
) -> NetResult<Proposed> {
    let mut archs: Vec<Arch> = Vec::with_capacity(wanted);
    let (mut taken, mut met) = (HashSet::new(), HashSet::new());
    let mut grown: Vec<Rollout> = Vec::new();
    let (mut valid, mut looked_at, mut duplicates) = (0, 0, 0);
    while archs.len() < wanted && grown.len() < PATIENCE * wanted {
        let rollouts = generator.sample(context.space, rules, wanted, rng)?;
        for rollout in &rollouts {
            let Ok(arch) = context.space.arch(&rollout.graph) else {
                continue;
            };
            valid += 1;
            if archs.len() == wanted {
                continue;
            }
            looked_at += 1;
            let known = !context.is_unasked(&arch);
            duplicates += usize::from(!met.insert(arch) || known);
            let unseen = context.nearest_new(&arch, |a| taken.contains(a));
            archs.extend(unseen.inspect(|a| {
                taken.insert(*a);
            }));
        }
        grown.extend(rollouts);
    }
    let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
    Ok(Proposed {
        valid: share(valid, grown.len()),
        duplicates: share(duplicates, looked_at),
        archs,
        rollouts: grown,
    })
}
