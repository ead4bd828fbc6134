//! Candidates from what is known before the search: the first set, and members of every pool.

use std::collections::HashSet;
use std::sync::Arc;

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::strategy::Context;

use super::apart::Apart;
use crate::committee::{Describer, Kind, Transfer};
use crate::front_order::places;

/// Most of the best of the orders in X_0 (ours).
const KNOWN: usize = 3;

/// Members of X_0 that are drawn at random (ours), so that misleading knowledge costs little.
pub(super) const DRAWN: usize = 2;

/// Value, in deviations, that the best of the orders have to promise: that of the best of three random ones.
/// Otherwise X_0 is as large as without priors.
const PROMISING: f64 = 0.85;

/// Best rows of each task that are ranked by the mean over all tasks (ours).
const MERGED: usize = 1000;

/// Further rows of each task, drawn at random, that are ranked where there are several objectives: what is good in
/// all of them need not be among the best in any (ours).
const DRAWN_ROWS: usize = 2000;

/// Candidates that each order adds to a pool (ours).
const ADDED: usize = 100;

/// The most rows of an order that are looked at for candidates.
const LOOKED_AT: usize = 5000;

/// Priors of a search: scores, and orders of architectures, best first. A free metric has an order for each
/// direction, since its direction is not known.
pub struct Informed {
    transfer: Arc<Transfer>,
    orders: Vec<Vec<Arch>>,
    /// Number of objectives that tasks tell of. If there are some, the first order is by the mean over tasks, or by
    /// the front of the means of several objectives.
    told: usize,
}

impl Informed {
    /// Ranks what is known before a search with a seed.
    pub fn new(context: &Context, seed: u64) -> Self {
        let objectives = context.objectives().len();
        let transfer = Arc::new(Transfer::new(context.priors(), objectives, seed));
        let mut told: Vec<Vec<usize>> = (0..objectives).map(|k| transfer.tasks(k)).collect();
        told.retain(|tasks| !tasks.is_empty());
        let mut orders = Vec::new();
        if !told.is_empty() {
            orders.push(by_means(context, &transfer, &told, seed));
        }
        for i in 0..transfer.count() {
            let usable = |arch: &Arch| context.admits(arch);
            let first: Vec<Arch> = transfer.ranked(i).filter(usable).take(LOOKED_AT).collect();
            if !transfer.is_directed(i) {
                let last = transfer.ranked(i).rev().filter(usable).take(LOOKED_AT);
                orders.push(last.collect());
            }
            orders.push(first);
        }
        Informed {
            transfer,
            orders,
            told: told.len(),
        }
    }

    /// Scores of architectures.
    pub fn transfer(&self) -> &Arc<Transfer> {
        &self.transfer
    }

    /// |X_0| in place of the usual one: if the priors promise much, at most about as many as the committee needs,
    /// which then learns from every set.
    pub fn initial(&self, usual: usize) -> usize {
        let mut calibrations =
            (0..self.transfer.objectives()).filter_map(|k| self.transfer.calibration(k));
        if calibrations.any(|calibration| calibration.at_the_top() < PROMISING) {
            return usual;
        }
        usual.min(self.best() + DRAWN)
    }

    /// Most of the best of the orders in X_0: as many for each objective.
    fn best(&self) -> usize {
        KNOWN * self.told.max(1)
    }

    /// X_0: the best of the orders in turn, none of them one edit from another, and random architectures.
    pub fn first_set(&self, context: &Context, size: usize, rng: &mut Rng) -> Vec<Arch> {
        let mut set = Apart::new(context.space);
        let known = size.saturating_sub(DRAWN).min(self.best());
        let orders = match self.told {
            0 => self.orders.len(),
            _ => 1,
        };
        let mut places: Vec<_> = self.orders[..orders]
            .iter()
            .map(|order| order.iter())
            .collect();
        for turn in 0.. {
            if set.len() >= known || turn >= LOOKED_AT {
                break;
            }
            let order = turn % places.len();
            let next = places[order].find(|arch| context.is_new(arch) && set.admits(arch));
            let Some(next) = next else { continue };
            set.add(*next);
        }
        context.complete(set.into_archs(), size, rng)
    }

    /// Candidates that were not seen yet and for which `is_open` holds.
    pub fn candidates(&self, is_open: impl Fn(&Arch) -> bool) -> Vec<Arch> {
        let mut seen: HashSet<Arch> = HashSet::new();
        let mut found = Vec::new();
        for order in &self.orders {
            let open = order.iter().filter(|arch| is_open(arch)).take(ADDED);
            found.extend(open.copied().filter(|arch| seen.insert(*arch)));
        }
        found
    }
}

/// The best of the tasks of each objective, by their mean score, or by the front of the means.
fn by_means(
    context: &Context,
    transfer: &Arc<Transfer>,
    told: &[Vec<usize>],
    seed: u64,
) -> Vec<Arch> {
    let mut rng = Rng::stream(seed, "prior/front");
    let mut seen: HashSet<Arch> = HashSet::new();
    let mut archs: Vec<Arch> = Vec::new();
    for &task in told.iter().flatten() {
        let usable = |arch: &Arch| context.admits(arch);
        let best = transfer.ranked(task).filter(usable).take(MERGED);
        archs.extend(best.filter(|arch| seen.insert(*arch)));
        if told.len() > 1 {
            let all: Vec<Arch> = transfer.ranked(task).collect();
            let drawn = rng
                .distinct(all.len(), DRAWN_ROWS)
                .into_iter()
                .map(|row| all[row]);
            archs.extend(drawn.filter(usable).filter(|arch| seen.insert(*arch)));
        }
    }
    let mut describer = Describer::informed(context.space, Some(transfer.clone()));
    describer.meet(context.space, &archs);
    let means: Vec<Vec<f32>> = (archs.iter())
        .map(|arch| {
            let described = describer.describe(context.space, arch);
            let sum = |tasks: &Vec<usize>| {
                let scores = described.iter().filter(|((kind, prior), _)| {
                    *kind == Kind::Prior && tasks.contains(&(*prior as usize))
                });
                scores.map(|(_, score)| score).sum::<f32>()
            };
            told.iter().map(sum).collect()
        })
        .collect();
    if told.len() > 1 {
        let points: Vec<Vec<f64>> = (means.iter())
            .map(|means| means.iter().map(|mean| f64::from(*mean)).collect())
            .collect();
        return places(&points).into_iter().map(|i| archs[i]).collect();
    }
    let mut ranked: Vec<(f32, Arch)> = means.into_iter().map(|m| m[0]).zip(archs).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.into_iter().map(|(_, arch)| arch).collect()
}
