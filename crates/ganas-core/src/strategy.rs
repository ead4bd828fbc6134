//! Search strategies: they propose trials and are told the results.

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use crate::arch::Arch;
use crate::constraint::Constraint;
use crate::error::{Error, Result};
use crate::ledger::{Ledger, Query};
#[cfg(doc)]
use crate::pool::Pool;
use crate::prior::Prior;
use crate::problem::{Objectives, Problem};
use crate::rng::Rng;
use crate::space::{Sampler, SearchSpace};
use crate::trial::{Axis, Trial};

/// Draws of a sampler for one architecture that is new and admitted.
pub(crate) const SAMPLING_TRIES: usize = 20_000;

/// Walks in a row without a new architecture after which walking stops (ours).
const WALKS: usize = 20;

/// Random edits in a walk, and edits between two architectures that are taken (ours).
const STEPS: usize = 200;
const STRIDE: usize = 10;

/// Number of evaluations that the weights of a space count for (ours; a tenth of all evaluations in Hvarfner et
/// al. 2022).
const BELIEF: f64 = 10.0;

/// Least number of neighbours in a [`Pool`] (ours): about the number of edits of a cell of
/// NAS-Bench-201.
const POOL_NEIGHBORS: usize = 30;

/// Named number that a strategy reports of a round, such as its threshold or a loss.
pub type Gauge = (&'static str, f64);

/// Kinds of problems that a strategy handles beside those with one objective and one fidelity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Problems with several objectives.
    pub several_objectives: bool,
    /// Problems with a cost axis: the strategy chooses the fidelity of a trial. Other strategies run at
    /// full fidelity there.
    pub several_fidelities: bool,
    /// Problems with knowledge before the search: results of other tasks, and metrics that are free.
    pub priors: bool,
    /// Problems with networks that were trained before the search.
    pub pretrained: bool,
}

/// A search strategy.
///
/// The driver calls [`ask`](Self::ask), evaluates what is new, and calls [`tell`](Self::tell),
/// round by round. A strategy never sees the evaluator. Asking for a trial again is allowed and
/// free: `tell` repeats its result, and no query is charged. A strategy for one fidelity makes
/// trials of its architectures by [`Trial::full`] or `Trial::from`.
///
/// ```
/// use ganas_core::error::Result;
/// use ganas_core::rng::Rng;
/// use ganas_core::strategy::{Context, Strategy};
/// use ganas_core::trial::Trial;
///
/// /// Mutates the best architecture so far.
/// struct HillClimb(Rng);
///
/// impl Strategy for HillClimb {
///     fn ask(&mut self, context: &Context, _limit: usize) -> Result<Vec<Trial>> {
///         Ok(Trial::full(match context.ledger.best() {
///             Some(best) => vec![context.space.mutate(&best.arch, &mut self.0)],
///             None => context.sample_new(1, &mut self.0),
///         }))
///     }
/// }
/// ```
pub trait Strategy: Send {
    /// The next trials to evaluate: at most `limit` of them that are new to the ledger will be. An
    /// empty list ends the search: the strategy has nothing more to propose.
    ///
    /// # Errors
    /// If the strategy cannot work on this space.
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>>;

    /// The results of what was asked, in the same order. Trials that the constraints ruled out
    /// beforehand, or that went beyond the limit, are left out.
    fn tell(&mut self, context: &Context, results: &[Query]) {
        let _ = (context, results);
    }

    /// Name of the strategy in messages; the name of its type unless it says otherwise.
    fn name(&self) -> String {
        let path = std::any::type_name::<Self>();
        let path = path.split('<').next().unwrap_or(path);
        path.rsplit("::").next().unwrap_or(path).to_owned()
    }

    /// Kinds of problems that the strategy handles. The driver refuses several objectives before a
    /// search starts if they are not among them.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// Numbers that the strategy reports of its last round.
    fn gauges(&self) -> Vec<Gauge> {
        Vec::new()
    }

    /// Seconds of wall time that the parts of the last [`ask`](Self::ask) took, by name. They are
    /// not part of the trace.
    fn timings(&self) -> Vec<Gauge> {
        Vec::new()
    }

    /// Serialises the complete state between two rounds, including random streams. Use
    /// [`state::save`](crate::state::save) for any `Serialize` type. If this returns `None`, a
    /// resumed search replays its rounds from the journal.
    fn save(&self) -> Option<Vec<u8>> {
        None
    }

    /// Restores a saved state. Nothing of the previous state remains.
    ///
    /// # Errors
    /// If the state is not one of this strategy. The strategy then stays as it was.
    fn restore(&mut self, state: &[u8]) -> Result<()> {
        let _ = state;
        Err(Error::input("this strategy cannot be restored"))
    }
}

/// View of a search for its strategy.
pub struct Context<'a> {
    /// The search space.
    pub space: &'a dyn SearchSpace,
    /// All queries so far.
    pub ledger: &'a Ledger,
    /// Distribution of random architectures.
    pub sampler: Sampler,
    pub(crate) problem: &'a Problem<'a>,
    pub(crate) rejected: &'a Rejected,
    /// Trials that are being evaluated.
    pub(crate) pending: &'a HashSet<Trial>,
    /// Cost that can still be spent, if it is limited.
    pub(crate) cost_left: Option<u64>,
}

/// Architectures that constraints rejected, as 64-bit hashes, since a sampler can meet millions.
#[derive(Default)]
pub(crate) struct Rejected(RefCell<HashSet<u64>>);

impl Rejected {
    fn record(&self, arch: &Arch) {
        let mut hasher = Xxh3::new();
        arch.hash(&mut hasher);
        self.0.borrow_mut().insert(hasher.finish());
    }

    /// Number of rejected architectures.
    pub(crate) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// All hashes.
    pub(crate) fn hashes(&self) -> Vec<u64> {
        self.0.borrow().iter().copied().collect()
    }

    /// Restores a set from its hashes.
    pub(crate) fn from_hashes(hashes: Vec<u64>) -> Self {
        Rejected(RefCell::new(hashes.into_iter().collect()))
    }
}

impl Context<'_> {
    /// Returns true if an architecture can be evaluated and keeps all constraints that are known
    /// before its evaluation. Architectures that break one are counted.
    pub fn admits(&self, arch: &Arch) -> bool {
        let admitted = self.problem.admits(arch);
        if !admitted && self.problem.holds(arch) {
            self.rejected.record(arch);
        }
        admitted
    }

    /// Constraints on metrics that only an evaluation measures, each with the index of its metric
    /// in [`Query::metrics`].
    pub fn measured_constraints(&self) -> impl Iterator<Item = (&Constraint, usize)> {
        self.problem.measured_constraints()
    }

    /// Value of the objective at a place if it is known before an evaluation, as costs of the space are, turned so
    /// that larger is better.
    pub fn known_value(&self, objective: usize, arch: &Arch) -> Option<f64> {
        self.problem.known_value(objective, arch)
    }

    /// Returns true if only a [`Pool`] can be evaluated, and not the whole space.
    pub fn has_pool(&self) -> bool {
        self.problem.pool().is_some()
    }

    /// Admitted architectures one edit away, sorted. Edits hardly ever meet a [`Pool`]. So there the
    /// nearest members that would be new queries are added, up to 30 neighbours.
    pub fn neighbors(&self, arch: &Arch) -> Vec<Arch> {
        let mut found = self.space.neighbors(arch);
        found.retain(|a| self.admits(a));
        let Some(pool) = self.problem.pool() else {
            return found;
        };
        if found.len() < POOL_NEIGHBORS {
            let missing = POOL_NEIGHBORS - found.len();
            let nearest = pool.nearest(self.space, arch, missing, |a| {
                a != arch && self.is_unasked(a) && found.binary_search(a).is_err()
            });
            found.extend(nearest);
            found.sort_unstable();
        }
        found
    }

    /// Returns the architecture itself if it is admitted. Otherwise, in a [`Pool`], returns its
    /// nearest admitted member, evaluated or not: always the same one.
    pub fn nearest(&self, arch: &Arch) -> Option<Arch> {
        if self.admits(arch) {
            return Some(*arch);
        }
        let nearest = (self.problem.pool()?).nearest(self.space, arch, 1, |_| true);
        nearest.first().copied()
    }

    /// Returns the architecture itself if it would be a new query and is not taken. Otherwise, in a
    /// [`Pool`], returns the nearest member of which this is true.
    pub fn nearest_new(&self, arch: &Arch, taken: impl Fn(&Arch) -> bool) -> Option<Arch> {
        let free = |a: &Arch| self.is_unasked(a) && !taken(a);
        let Some(pool) = self.problem.pool() else {
            return (self.is_new(arch) && !taken(arch)).then_some(*arch);
        };
        if free(arch) && self.problem.admits(arch) {
            return Some(*arch);
        }
        let nearest = pool.nearest(self.space, arch, 1, free);
        nearest.first().copied()
    }

    /// Objectives of the problem.
    pub fn objectives(&self) -> &Objectives {
        self.problem.objectives()
    }

    /// Reference values that the user gave, one an objective, turned so that larger is better.
    pub fn references(&self) -> Vec<Option<f64>> {
        self.problem.references()
    }

    /// Knowledge before the search: results of other tasks, and metrics that are free.
    pub fn priors(&self) -> &Arc<[Prior]> {
        self.problem.priors()
    }

    /// Networks that were trained before the search, as their file has them.
    pub fn pretrained(&self) -> Option<&str> {
        self.problem.pretrained()
    }

    /// Cost axis of the problem, if it has several fidelities.
    pub fn axis(&self) -> Option<&Axis> {
        self.problem.axis()
    }

    /// Cost that can still be spent, in units of the cost axis, if it is limited. The cost of trials that
    /// are being evaluated is not a part of it.
    pub fn cost_left(&self) -> Option<u64> {
        self.cost_left
    }

    /// Trials that are being evaluated while the strategy is asked; none unless rounds overlap.
    pub fn pending(&self) -> impl Iterator<Item = &Trial> {
        self.pending.iter()
    }

    /// Returns true if a trial would be a new query: admitted, not evaluated yet, and not about to
    /// be.
    pub fn is_new_trial(&self, trial: &Trial) -> bool {
        let is_known = self.ledger.find(trial).is_some() || self.pending.contains(trial);
        !is_known && self.admits(&trial.arch)
    }

    /// Returns true if an architecture would be a new query at full fidelity: admitted, not
    /// evaluated yet, and not about to be.
    pub fn is_new(&self, arch: &Arch) -> bool {
        self.is_unasked(arch) && self.admits(arch)
    }

    /// Returns true if an architecture was not evaluated at full fidelity and is not about to be.
    /// If it is admitted, it would be a new query.
    pub fn is_unasked(&self, arch: &Arch) -> bool {
        self.ledger.get(arch).is_none() && !self.pending.contains(&Trial::from(arch))
    }

    /// Number of trials that are being evaluated while the strategy is asked; 0 unless rounds
    /// overlap.
    pub fn under_way(&self) -> usize {
        self.pending.len()
    }

    /// Fills a set of new queries up to `size` with random ones.
    pub fn complete(&self, set: Vec<Arch>, size: usize, rng: &mut Rng) -> Vec<Arch> {
        let mut set = set;
        if set.len() < size {
            // Some of those that are drawn may be in the set already.
            let mut fresh = self.sample_new(size, rng);
            fresh.retain(|arch| !set.contains(arch));
            fresh.truncate(size - set.len());
            set.extend(fresh);
        }
        set
    }

    /// Draws up to `count` distinct random architectures that would be new queries. If the sampler
    /// hardly meets any, they are drawn from the enumerated space, or met on walks by single edits
    /// in a space that is too large for that. Fewer are returned only if no more are left, or no
    /// edit of a known architecture is new.
    pub fn sample_new(&self, count: usize, rng: &mut Rng) -> Vec<Arch> {
        let mut drawn = Vec::with_capacity(count);
        let mut seen = HashSet::new();
        let mut tries = 0;
        while drawn.len() < count && tries < SAMPLING_TRIES {
            tries += 1;
            let arch = self.draw(rng);
            if self.is_new(&arch) && seen.insert(arch) {
                drawn.push(arch);
                tries = 0;
            }
        }
        if drawn.len() < count && self.sampler == Sampler::Uniform {
            let mut rest = Vec::new();
            let mut visit = |arch: Arch| {
                if self.is_new(&arch) && !seen.contains(&arch) {
                    rest.push(arch);
                }
            };
            let visited = match self.problem.pool() {
                Some(pool) => {
                    pool.pool.archs().iter().copied().for_each(&mut visit);
                    Ok(())
                }
                None => self.space.enumerate(&mut visit),
            };
            if visited.is_ok() {
                let missing = count - drawn.len();
                drawn.extend(
                    rng.distinct(rest.len(), missing)
                        .into_iter()
                        .map(|i| rest[i]),
                );
                return drawn;
            }
        }
        if drawn.len() < count {
            self.walk(count, &mut drawn, &mut seen, rng);
        }
        if drawn.len() < count {
            self.look_around(count, &mut drawn, &mut seen, rng);
        }
        drawn
    }

    /// Fills up to `count` on walks: downhill from a random architecture to an admitted one, then by
    /// admitted random edits.
    fn walk(&self, count: usize, drawn: &mut Vec<Arch>, seen: &mut HashSet<Arch>, rng: &mut Rng) {
        let mut fruitless = 0;
        while fruitless < WALKS {
            fruitless += 1;
            let start = self.draw(rng);
            let mut at = self.problem.descend(start, rng);
            if !self.admits(&at) {
                continue;
            }
            for step in 1..=STEPS {
                let edit = self.space.mutate(&at, rng);
                if self.admits(&edit) {
                    at = edit;
                }
                if step % STRIDE == 0 && self.is_new(&at) && seen.insert(at) {
                    drawn.push(at);
                    fruitless = 0;
                    if drawn.len() == count {
                        return;
                    }
                }
            }
        }
    }

    /// Fills up to `count` from the neighbours of known architectures.
    fn look_around(
        &self,
        count: usize,
        drawn: &mut Vec<Arch>,
        seen: &mut HashSet<Arch>,
        rng: &mut Rng,
    ) {
        let mut known: Vec<Arch> = self.ledger.queries().iter().map(|q| q.arch).collect();
        rng.shuffle(&mut known);
        for arch in known {
            let mut edits = self.neighbors(&arch);
            rng.shuffle(&mut edits);
            for edit in edits {
                if drawn.len() == count {
                    return;
                }
                if self.is_unasked(&edit) && seen.insert(edit) {
                    drawn.push(edit);
                }
            }
        }
    }

    /// Weight of what the user expects of the space's choices, against what was measured: 1 before the first
    /// evaluation, and falling with their number, as the exponent of Hvarfner et al. 2022 (piBO, arXiv 2204.11051)
    /// does.
    pub fn trust(&self) -> f64 {
        BELIEF / (BELIEF + self.ledger.len() as f64)
    }

    /// Logarithm of an architecture's [weight](SearchSpace::log_weight), as far as it is still trusted. 0 in a space
    /// without weights.
    pub fn log_weight(&self, arch: &Arch) -> f64 {
        if !self.space.has_weights() {
            return 0.0;
        }
        self.trust() * self.space.log_weight(arch)
    }

    /// Draws a random architecture of the pool or the space: by its weight as long as weights are trusted.
    fn draw(&self, rng: &mut Rng) -> Arch {
        if self.space.has_weights()
            && rng.chance(self.trust())
            && let Some(arch) = self.space.sample_weighted(rng)
        {
            return self.nearest(&arch).unwrap_or(arch);
        }
        match self.problem.pool() {
            Some(pool) if self.sampler == Sampler::Uniform && !pool.pool.archs().is_empty() => {
                *rng.choose(pool.pool.archs())
            }
            _ => self.space.sample(self.sampler, rng),
        }
    }
}
