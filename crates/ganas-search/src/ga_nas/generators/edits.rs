//! A generator without a network: a density of edits around the truth set.
//!
//! Its pool has all single edits of the best evaluated architectures, and random ones. The
//! candidates that the discriminator ranks highest are edited once more, so that a step down on the
//! way up costs no query.

use std::collections::HashSet;

use ganas_core::arch::Arch;
use ganas_core::constraint::Constraint;
use ganas_core::error::Result;
use ganas_core::rng::Rng;
use ganas_core::strategy::Context;
use serde::{Deserialize, Serialize};

use super::Generator;
use crate::committee::by_compliance;
use crate::curves::standings;
use crate::front_order::by_front;
use crate::ga_nas::config::ScreenConfig;
use crate::ga_nas::discriminators::Discriminator;
use crate::ga_nas::round::Round;

/// Edits of the best, second edits of the most promising of these, and random architectures.
#[derive(Serialize, Deserialize)]
pub struct EditGenerator {
    /// Number of the best that are edited.
    parents: usize,
    /// The most single edits in the pool.
    edited: usize,
    /// Random architectures in the pool.
    random: usize,
    /// Number of the most promising candidates that are edited once more.
    climbers: usize,
}

/// A candidate with its value.
struct Candidate {
    value: f64,
    arch: Arch,
}

impl EditGenerator {
    /// A generator of edits of the `parents` best.
    pub fn new(screen: &ScreenConfig, parents: usize) -> Self {
        EditGenerator {
            parents,
            edited: screen.edited,
            random: screen.random,
            climbers: screen.climbers,
        }
    }

    /// The |X_t| most promising architectures of a pool that begins with `pool`; none if the
    /// discriminator cannot rank candidates yet.
    pub fn screen(
        &self,
        round: &mut Round,
        mut pool: Vec<Arch>,
        discriminator: &mut dyn Discriminator,
    ) -> Result<Vec<Arch>> {
        if !discriminator.can_rank() {
            return Ok(Vec::new());
        }
        let context = round.context;
        let rng = &mut round.streams.proposals;
        let mut seen: HashSet<Arch> = pool.iter().copied().collect();
        if let Some(informed) = round.informed.filter(|_| discriminator.is_informed()) {
            let candidates = informed.candidates(|arch| is_unbegun(context, arch));
            pool.extend(candidates.into_iter().filter(|arch| seen.insert(*arch)));
        }
        let parents = parents(context, self.parents);
        pool.extend(self.edits(context, &parents, &mut seen, rng));
        let random = context.sample_new(self.random, rng);
        let random = random.into_iter().filter(|arch| is_unbegun(context, arch));
        pool.extend(random.filter(|arch| seen.insert(*arch)));
        let mut ranked = rank(context, pool, discriminator)?;
        sort(&mut ranked);
        let climbers: Vec<Arch> = ranked
            .iter()
            .take(self.climbers)
            .map(|candidate| candidate.arch)
            .collect();
        let further = self.edits(context, &climbers, &mut seen, rng);
        ranked.extend(rank(context, further, discriminator)?);
        sort(&mut ranked);
        let ranked: Vec<Arch> = ranked.into_iter().map(|candidate| candidate.arch).collect();
        let chosen = discriminator.choose(context, ranked, round.size);
        round.lap("screening");
        chosen
    }

    /// Single edits that would be new queries and were not seen in this round.
    fn edits(
        &self,
        context: &Context,
        parents: &[Arch],
        seen: &mut HashSet<Arch>,
        rng: &mut Rng,
    ) -> Vec<Arch> {
        if self.edited == 0 {
            return Vec::new();
        }
        let edits = parents.iter().flat_map(|arch| context.neighbors(arch));
        let mut edits: Vec<Arch> = edits
            .filter(|arch| is_unbegun(context, arch) && seen.insert(*arch))
            .collect();
        if edits.len() > self.edited {
            rng.shuffle(&mut edits);
            edits.truncate(self.edited);
        }
        edits
    }
}

impl Generator for EditGenerator {
    fn propose(
        &mut self,
        round: &mut Round,
        discriminator: &mut dyn Discriminator,
    ) -> Result<Vec<Arch>> {
        self.screen(round, Vec::new(), discriminator)
    }
}

/// The best evaluated architectures. Where fewer comply, those nearest to complying follow, so that
/// a search finds its way to what complies.
fn parents(context: &Context, count: usize) -> Vec<Arch> {
    let bounds: Vec<(&Constraint, usize)> = context.measured_constraints().collect();
    let queries = standings(context);
    let evaluated = match context.objectives().len() {
        1 => by_compliance(&*queries, &bounds),
        _ => by_front(context, &bounds),
    };
    evaluated
        .iter()
        .take(count)
        .map(|query| query.arch)
        .collect()
}

/// Returns true if no trial has had an architecture, and none is about to.
fn is_unbegun(context: &Context, arch: &Arch) -> bool {
    if context.axis().is_none() {
        return context.is_unasked(arch);
    }
    context.ledger.highest(arch).is_none() && context.pending().all(|trial| trial.arch != *arch)
}

fn rank(
    context: &Context,
    archs: Vec<Arch>,
    discriminator: &mut dyn Discriminator,
) -> Result<Vec<Candidate>> {
    let acquisition_values = discriminator.acquisition_values(context, &archs)?;
    let candidates = acquisition_values.into_iter().zip(archs);
    Ok(candidates
        .map(|(value, arch)| Candidate { value, arch })
        .collect())
}

/// Puts the best first, and equals in the order of their values, so that no other order decides.
fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by(|a, b| {
        let value = b.value.total_cmp(&a.value);
        value.then(a.arch.cmp(&b.arch))
    });
}
