//! Predictions for the architectures that a search has not evaluated.
//!
//! Small spaces are looked at whole. Of others, all edits of the best and of what looks most
//! promising are, each for itself, and random draws for the rest: a sum over the space is the sum
//! over the edits plus that over the other draws, each of which stands for many.

use std::collections::HashSet;

use ganas_core::Population;
use ganas_core::arch::Arch;
use ganas_core::driver::Problem;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use rayon::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::committee::{Chosen, Committee, CommitteeConfig, Describer, by_compliance, merits};

/// The most architectures that are looked at whole, and the draws of more than that.
const LOOKED_AT: usize = 16_000;
/// Parts of the cross-validation.
const FOLDS: usize = 4;
/// Number of the best, and then of the most promising, whose edits are included.
const EDITED: [usize; 2] = [30, 60];
/// The most edits that are looked at each time.
const EDITS: usize = 2_000;
/// Architectures that a thread looks at, at a time.
const BATCH: usize = 256;

/// An architecture that was not evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Unseen {
    /// The architecture.
    pub arch: Arch,
    /// Number of architectures that the point represents in a sum over all; a number of draws if
    /// architectures cannot be counted.
    pub weight: f64,
    /// Number of such architectures that can be evaluated.
    pub count: f64,
    /// True if the point was drawn at random.
    pub drawn: bool,
    /// Expected value, as the normal quantile of the rank among evaluated architectures.
    pub expected: f64,
}

/// Predictions over a space.
#[derive(Clone, Debug)]
pub struct View {
    /// Architectures that were not evaluated.
    pub unseen: Vec<Unseen>,
    /// For each evaluated architecture, the prediction by a committee that has not seen it, and the
    /// measured value.
    pub tried: Vec<(f64, f64)>,
    /// The value of what is as good as the best.
    pub best: f64,
    /// The value of what is better.
    pub better: f64,
    /// The architectures in all, if they can be counted.
    pub size: Option<f64>,
    /// Draws that were made.
    pub draws: usize,
}

/// The population that the outlook covers.
pub fn population(problem: &Problem, rng: &mut Rng) -> Population {
    problem.population(LOOKED_AT, rng)
}

/// Number of architectures of a population that have not been evaluated.
pub fn left(population: &Population, queries: &[Query]) -> usize {
    let seen: HashSet<&Arch> = queries.iter().map(|q| &q.arch).collect();
    if population.whole {
        population
            .archs
            .iter()
            .filter(|a| !seen.contains(a))
            .count()
    } else {
        usize::MAX
    }
}

/// Looks at the space. `None` if there is too little to learn from, or once `stopped` is true.
pub fn view(
    problem: &Problem,
    queries: &[Query],
    population: Population,
    stopped: &(dyn Fn() -> bool + Sync),
    rng: &mut Rng,
) -> Option<View> {
    let space = problem.space();
    let ranked = merits(&by_compliance(queries, &[]));
    let seen: HashSet<&Arch> = queries.iter().map(|q| &q.arch).collect();
    let mut folds: Vec<usize> = (0..ranked.len()).map(|i| i % FOLDS).collect();
    rng.shuffle(&mut folds);
    let committees = Committees::fit(space, &ranked, &folds, stopped, rng)?;
    let tried = committees.tried(space, &ranked, &folds);

    let Population { archs, whole, size } = population;
    let draws = archs.len();
    let surroundings = Surroundings {
        problem,
        ranked: &ranked,
        seen: &seen,
        committees: &committees,
        // The share of an edit in all draws is not known if these are not uniform.
        weight: if size.is_some() { 1.0 } else { 0.0 },
    };
    let mut unseen = if whole {
        Vec::new()
    } else {
        surroundings.look(stopped, rng)?
    };
    let near: HashSet<Arch> = unseen.iter().map(|edit| edit.arch).collect();
    let mut rest = archs;
    rest.retain(|a| !seen.contains(a) && (size.is_none() || !near.contains(a)));
    let weight = match (whole, size) {
        (false, Some(size)) => size / draws.max(1) as f64,
        _ => 1.0,
    };
    let expected = committees.expect(space, &rest);
    unseen.extend(
        rest.into_iter()
            .zip(expected)
            .map(|(arch, expected)| Unseen {
                arch,
                weight,
                count: weight,
                drawn: !whole,
                expected,
            }),
    );
    let single = Normal::standard().inverse_cdf(1.0 - 0.5 / ranked.len() as f64);
    Some(View {
        unseen,
        tried,
        best: level(&ranked),
        better: single,
        size,
        draws,
    })
}

/// The value of an architecture that is as good as the best. If several are, it lies in the gap
/// between them and the next one.
fn level(ranked: &[(Arch, f64)]) -> f64 {
    let best = ranked[0].1;
    let equals = ranked.iter().take_while(|r| r.1 == best).count();
    match (equals, ranked.get(equals)) {
        (1, _) => best,
        (_, Some((_, next))) => 0.5 * (best + next),
        (_, None) => best - 5.0,
    }
}

/// Edits of the best evaluated architectures, and of the most promising of these edits.
struct Surroundings<'a> {
    problem: &'a Problem<'a>,
    ranked: &'a [(Arch, f64)],
    seen: &'a HashSet<&'a Arch>,
    committees: &'a Committees,
    /// The weight of an edit in a sum over all architectures.
    weight: f64,
}

impl Surroundings<'_> {
    /// The edits, the most promising first; `None` once `stopped` is true.
    fn look(&self, stopped: &(dyn Fn() -> bool + Sync), rng: &mut Rng) -> Option<Vec<Unseen>> {
        let space = self.problem.space();
        let mut near: HashSet<Arch> = HashSet::new();
        let mut unseen: Vec<Unseen> = Vec::new();
        let mut from: Vec<Arch> = self.ranked.iter().take(EDITED[0]).map(|r| r.0).collect();
        for more in [EDITED[1], 0] {
            let mut edits: Vec<Arch> = from
                .iter()
                .flat_map(|arch| space.neighbors(arch))
                .filter(|a| !self.seen.contains(a) && !near.contains(a) && self.problem.admits(a))
                .collect();
            edits.sort_unstable();
            edits.dedup();
            rng.shuffle(&mut edits);
            edits.truncate(EDITS);
            near.extend(&edits);
            let expected = self.committees.expect(space, &edits);
            if stopped() {
                return None;
            }
            unseen.extend(
                edits
                    .into_iter()
                    .zip(expected)
                    .map(|(arch, expected)| Unseen {
                        arch,
                        weight: self.weight,
                        count: 1.0,
                        drawn: false,
                        expected,
                    }),
            );
            unseen.sort_by(|a, b| b.expected.total_cmp(&a.expected).then(a.arch.cmp(&b.arch)));
            from = unseen.iter().take(more).map(|u| u.arch).collect();
        }
        Some(unseen)
    }
}

/// A committee for each part of the cross-validation, which it has not seen.
struct Committees(Vec<Committee>);

impl Committees {
    fn fit(
        space: &dyn SearchSpace,
        ranked: &[(Arch, f64)],
        folds: &[usize],
        stopped: &(dyn Fn() -> bool + Sync),
        rng: &mut Rng,
    ) -> Option<Self> {
        let seeds: Vec<u64> = (0..FOLDS).map(|_| rng.bits()).collect();
        seeds
            .into_par_iter()
            .enumerate()
            .map(|(fold, seed)| {
                if stopped() {
                    return None;
                }
                let others: Vec<(Arch, f64)> = ranked
                    .iter()
                    .zip(folds)
                    .filter(|(_, f)| **f != fold)
                    .map(|(r, _)| *r)
                    .collect();
                Committee::fit(
                    &CommitteeConfig::default(),
                    space,
                    &others,
                    &mut Describer::new(space),
                    &mut Chosen::default(),
                    &mut Rng::stream(seed, "outlook/committee"),
                )
            })
            .collect::<Option<_>>()
            .map(Committees)
    }

    /// For each evaluated architecture, the prediction by the committee that has not seen it, and
    /// the measured value.
    fn tried(
        &self,
        space: &dyn SearchSpace,
        ranked: &[(Arch, f64)],
        folds: &[usize],
    ) -> Vec<(f64, f64)> {
        let mut describer = Describer::new(space);
        ranked
            .iter()
            .zip(folds)
            .map(|((arch, value), fold)| {
                let archs = std::slice::from_ref(arch);
                let predictions = self.0[*fold].predict(space, &mut describer, archs, false);
                (predictions[0].mean, *value)
            })
            .collect()
    }

    /// Mean prediction of all committees for architectures that none has seen.
    fn expect(&self, space: &dyn SearchSpace, archs: &[Arch]) -> Vec<f64> {
        archs
            .par_chunks(BATCH)
            .flat_map_iter(|archs| {
                let mut describer = Describer::new(space);
                let predictions: Vec<_> = self
                    .0
                    .iter()
                    .map(|c| c.predict(space, &mut describer, archs, false))
                    .collect();
                let one = |i: usize| {
                    let scores = predictions.iter().map(|of| of[i].mean);
                    scores.sum::<f64>() / self.0.len() as f64
                };
                (0..archs.len()).map(one).collect::<Vec<f64>>()
            })
            .collect()
    }
}
