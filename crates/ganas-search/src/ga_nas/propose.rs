//! The next set of architectures, X_t (Algorithm 2, line 7).

use std::collections::HashSet;

use ganas_core::arch::{Arch, Graph};
use ganas_core::rng::Rng;
use ganas_core::strategy::Context;
use ganas_nets::Generator;

use super::{GaNasConfig, Judge, NetResult, Proposals, TruthSet};

/// How many times the graphs that are wanted the generator may grow before it counts as
/// collapsed on what is known.
const PATIENCE: usize = 20;

/// New architectures, and how the generator did on the way.
pub struct Proposed {
    /// The architectures.
    pub archs: Vec<Arch>,
    /// The share of grown graphs that were valid.
    pub valid: f64,
    /// The share of valid graphs that had been evaluated or grown before.
    pub duplicates: f64,
}

/// Makes up to `size` new architectures.
pub fn propose(
    config: &GaNasConfig,
    context: &Context,
    generator: &Generator,
    truth: &TruthSet,
    judge: &Judge,
    size: usize,
    rng: &mut Rng,
) -> NetResult<Proposed> {
    let wanted = match config.proposals {
        Proposals::Generated => size,
        Proposals::Screened { generated, .. } => generated.max(size),
    };
    let mut pool = generate(config, context, generator, wanted, rng)?;
    if let Proposals::Screened { edited, .. } = config.proposals {
        let mut edits = unseen_edits(context, truth, &pool.archs);
        rng.shuffle(&mut edits);
        pool.archs.extend(edits.into_iter().take(edited));
        pool.archs = screen(context, judge, pool.archs, size)?;
    }
    if pool.archs.len() < size {
        let random = context.sample_new(size, rng);
        let missing = size - pool.archs.len();
        let fresh: Vec<Arch> = random
            .into_iter()
            .filter(|a| !pool.archs.contains(a))
            .collect();
        pool.archs.extend(fresh.into_iter().take(missing));
    }
    Ok(pool)
}

/// Lets the generator grow until it has made so many unseen architectures, or hardly makes any.
fn generate(
    config: &GaNasConfig,
    context: &Context,
    generator: &Generator,
    wanted: usize,
    rng: &mut Rng,
) -> NetResult<Proposed> {
    let mut archs: Vec<Arch> = Vec::with_capacity(wanted);
    let mut seen: HashSet<Arch> = HashSet::new();
    let (mut grown, mut valid) = (0, 0);
    while archs.len() < wanted && grown < PATIENCE * wanted {
        let rollouts = generator.sample(context.space, config.rules, wanted, rng)?;
        for rollout in rollouts {
            grown += 1;
            let Ok(arch) = context.space.arch(&rollout.graph) else {
                continue;
            };
            valid += 1;
            if archs.len() < wanted && context.is_new(&arch) && seen.insert(arch) {
                archs.push(arch);
            }
        }
    }
    let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
    Ok(Proposed {
        valid: share(valid, grown),
        duplicates: 1.0 - share(archs.len(), valid),
        archs,
    })
}

/// The single edits of the truth set that would be new queries and are not in the pool.
fn unseen_edits(context: &Context, truth: &TruthSet, pool: &[Arch]) -> Vec<Arch> {
    let mut seen: HashSet<Arch> = pool.iter().copied().collect();
    let edits = truth
        .archs()
        .iter()
        .flat_map(|a| context.space.neighbors(a));
    edits
        .filter(|a| context.is_new(a) && seen.insert(*a))
        .collect()
}

/// The `size` architectures that D likes best.
fn screen(context: &Context, judge: &Judge, pool: Vec<Arch>, size: usize) -> NetResult<Vec<Arch>> {
    let graphs: Vec<Graph> = pool.iter().map(|a| context.space.graph(a)).collect();
    let scores = judge.scores(&graphs.iter().collect::<Vec<_>>())?;
    let mut ranked: Vec<(f32, Arch)> = scores.into_iter().zip(pool).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    Ok(ranked
        .into_iter()
        .take(size)
        .map(|(_, arch)| arch)
        .collect())
}
