//! Growth of unseen architectures by the network (Algorithm 2, line 7).

use std::collections::HashSet;

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::Rules;
use ganas_core::strategy::Context;
use ganas_nets::{Generator, NetError, Rollout};

/// Graphs grown for each one wanted, after which the generator counts as collapsed on known
/// architectures.
const PATIENCE: usize = 20;

/// Unseen architectures, and the record of their growth.
pub struct Grown {
    /// The architectures.
    pub archs: Vec<Arch>,
    /// The construction of every graph that was grown.
    pub rollouts: Vec<Rollout>,
    /// The share of valid graphs.
    pub valid: f64,
    /// The share of duplicates in the valid graphs, up to the last that was wanted: architectures
    /// that had been evaluated or grown before.
    pub duplicates: f64,
}

/// Grows graphs until `wanted` of them are unseen architectures, or hardly any are.
pub fn grow(
    generator: &Generator,
    rules: Rules,
    context: &Context,
    wanted: usize,
    rng: &mut Rng,
) -> Result<Grown, NetError> {
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
    Ok(Grown {
        valid: share(valid, grown.len()),
        duplicates: share(duplicates, looked_at),
        archs,
        rollouts: grown,
    })
}
