//! Brackets of successive halving: Algorithm 1 of Li et al. 2017, lines 3 to 8.

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::strategy::Context;
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::{Progress, progress, trial_at, unseen};

/// One rung of a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// n_i, the number of architectures.
    pub size: usize,
    /// r_i, the level that they are trained to.
    pub level: u32,
}

/// The rungs of a bracket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BracketPlan(pub Vec<Rung>);

impl BracketPlan {
    /// Successive halving of `n` architectures: n_i = floor(n eta^-i) at the i-th level.
    pub fn halving(n: usize, levels: &[u32], eta: usize) -> Self {
        let mut size = n;
        let rung = |level: &u32| {
            let rung = Rung {
                size,
                level: *level,
            };
            size /= eta;
            rung
        };
        let rungs = levels.iter().map(rung).collect::<Vec<Rung>>();
        BracketPlan(rungs.into_iter().filter(|rung| rung.size > 0).collect())
    }

    /// The bracket `s` of Hyperband: n = ceil((s_max + 1) / (s + 1) eta^s) architectures from R eta^-s on.
    pub fn hyperband(ladder: &super::Ladder, s: usize, eta: usize) -> Self {
        let most = ladder.steps();
        let n = ((most + 1) * eta.pow(s as u32)).div_ceil(s + 1);
        BracketPlan::halving(n, ladder.from(most - s), eta)
    }
}

/// A bracket under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bracket {
    plan: BracketPlan,
    /// Index of the rung.
    rung: usize,
    /// Architectures of the rung that were not asked for.
    queue: Vec<Arch>,
    /// Architectures of the rung that were.
    asked: Vec<Arch>,
}

impl Bracket {
    /// A bracket whose first rung has these architectures.
    pub fn new(plan: BracketPlan, first: Vec<Arch>) -> Self {
        Bracket {
            plan,
            rung: 0,
            queue: first,
            asked: Vec::new(),
        }
    }

    /// A bracket of random architectures that were not evaluated; `None` if none is left.
    pub fn fresh(plan: BracketPlan, context: &Context, rng: &mut Rng) -> Option<Self> {
        let first = unseen(context, plan.0[0].size, rng);
        (!first.is_empty()).then(|| Bracket::new(plan, first))
    }

    fn level(&self) -> u32 {
        self.plan.0[self.rung].level
    }

    /// The level of the first rung, while it has room for more architectures.
    pub fn missing(&self) -> Option<u32> {
        let is_full = self.queue.len() + self.asked.len() >= self.plan.0[0].size;
        (self.rung == 0 && !is_full).then(|| self.level())
    }

    /// Adds an architecture to the first rung, which is asked for at once.
    pub fn begin(&mut self, arch: Arch) {
        self.asked.push(arch);
    }

    /// Returns true if nothing of it is left to ask for.
    pub fn is_over(&self) -> bool {
        self.rung >= self.plan.0.len()
    }

    /// The next trials: those of the rung, at most `limit`. None while the rung is being evaluated, and after
    /// the last one.
    pub fn next(&mut self, context: &Context, limit: usize) -> Vec<Trial> {
        while !self.is_over() && self.queue.is_empty() {
            if !self.promote(context) {
                return Vec::new();
            }
        }
        if self.is_over() {
            return Vec::new();
        }
        let next: Vec<Arch> = self.queue.drain(..limit.min(self.queue.len())).collect();
        self.asked.extend(&next);
        let level = self.level();
        next.into_iter()
            .map(|arch| trial_at(context, arch, level))
            .collect()
    }

    /// Takes the best of the rung to the next one; false while some of it are being evaluated.
    fn promote(&mut self, context: &Context) -> bool {
        let level = self.level();
        let mut ranked: Vec<(f64, Arch)> = Vec::with_capacity(self.asked.len());
        for arch in &self.asked {
            match progress(context, &trial_at(context, *arch, level)) {
                Progress::Pending => return false,
                Progress::Ended(Some(merit)) => ranked.push((merit, *arch)),
                Progress::Ended(None) | Progress::Lost => {}
            }
        }
        // A stable sort keeps the earlier of equal ones first.
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        self.rung += 1;
        self.asked.clear();
        let size = self.plan.0.get(self.rung).map_or(0, |rung| rung.size);
        self.queue = ranked
            .into_iter()
            .take(size)
            .map(|(_, arch)| arch)
            .collect();
        if self.queue.is_empty() {
            self.rung = self.plan.0.len();
        }
        true
    }
}

/// Asks the brackets, and if all wait one that `begin` adds. No trial is left if it adds none.
pub fn ask_or_begin(
    brackets: &mut Vec<Bracket>,
    context: &Context,
    limit: usize,
    begin: impl FnOnce() -> Option<Bracket>,
) -> Vec<Trial> {
    if let Some(asked) = ask_open(brackets, context, limit) {
        return asked;
    }
    let Some(bracket) = begin() else {
        return Vec::new();
    };
    brackets.push(bracket);
    ask_open(brackets, context, limit).unwrap_or_default()
}

/// Asks the brackets in the order in which they began, and forgets those that are over. `None` if all wait.
fn ask_open(brackets: &mut Vec<Bracket>, context: &Context, limit: usize) -> Option<Vec<Trial>> {
    let asked = brackets.iter_mut().find_map(|bracket| {
        let next = bracket.next(context, limit);
        (!next.is_empty()).then_some(next)
    });
    brackets.retain(|bracket| !bracket.is_over());
    asked
}

#[cfg(test)]
mod tests {
    use ganas_core::trial::Axis;

    use super::super::Ladder;
    use super::*;

    /// Sizes and levels of a bracket.
    fn rungs(plan: &BracketPlan) -> Vec<(usize, u32)> {
        plan.0.iter().map(|rung| (rung.size, rung.level)).collect()
    }

    #[test]
    fn brackets_are_those_of_hyperband() {
        // Table 1 of Li et al. 2017 (JMLR 18): R = 81, eta = 3.
        let axis = Axis::new("epochs", 1..=81).unwrap();
        let ladder = Ladder::new(Some(&axis), 3);
        assert_eq!(ladder.steps(), 4);
        let bracket = |s| rungs(&BracketPlan::hyperband(&ladder, s, 3));
        assert_eq!(bracket(4), [(81, 1), (27, 3), (9, 9), (3, 27), (1, 81)]);
        assert_eq!(bracket(3), [(34, 3), (11, 9), (3, 27), (1, 81)]);
        assert_eq!(bracket(2), [(15, 9), (5, 27), (1, 81)]);
        assert_eq!(bracket(1), [(8, 27), (2, 81)]);
        assert_eq!(bracket(0), [(5, 81)]);
    }

    #[test]
    fn one_level_is_random_search() {
        let ladder = Ladder::new(None, 3);
        assert_eq!(rungs(&BracketPlan::hyperband(&ladder, 0, 3)), [(1, 1)]);
    }
}
