//! Strategies that train many architectures briefly and the better ones longer.
//!
//! Successive halving (Jamieson & Talwalkar 2016, AISTATS), Hyperband (Li et al. 2017, JMLR 18), ASHA (Li et
//! al. 2020, MLSys) and BOHB (Falkner et al. 2018, ICML) share the ladder of levels and the brackets here.
//! Without a cost axis, all of them evaluate at full fidelity.

mod asha;
mod bohb;
mod bracket;
mod density;
mod hyperband;
mod ladder;
mod successive;

pub use asha::{Asha, AshaConfig};
pub use bohb::{Bohb, BohbConfig};
pub use bracket::{Bracket, BracketPlan, Rung};
pub use hyperband::{Hyperband, HyperbandConfig};
pub use ladder::Ladder;
pub use successive::{SuccessiveHalving, SuccessiveHalvingConfig};

use std::collections::HashSet;

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::strategy::Context;
use ganas_core::trial::{Fidelity, Trial};

/// Draws of architectures that were never evaluated, each of as many as are missing, before others are taken.
const DRAWS: usize = 10;

/// Returns true if an architecture was not evaluated at any fidelity, and is not about to be.
fn is_unseen(context: &Context, arch: &Arch) -> bool {
    context.ledger.highest(arch).is_none() && context.pending().all(|trial| trial.arch != *arch)
}

/// Draws up to `count` distinct architectures that no trial has had. If hardly any is left, architectures
/// follow that were not evaluated at full fidelity.
fn unseen(context: &Context, count: usize, rng: &mut Rng) -> Vec<Arch> {
    let mut drawn = Vec::with_capacity(count);
    let mut taken = HashSet::new();
    for _ in 0..DRAWS {
        if drawn.len() == count {
            return drawn;
        }
        let fresh = context.sample_new(count - drawn.len(), rng);
        let unseen = fresh.into_iter().filter(|arch| is_unseen(context, arch));
        drawn.extend(unseen.filter(|arch| taken.insert(*arch)));
    }
    if drawn.is_empty() {
        drawn = context.sample_new(count, rng);
    }
    drawn
}

/// Trial of an architecture at a level of the problem, or at full fidelity without a cost axis.
fn trial_at(context: &Context, arch: Arch, level: u32) -> Trial {
    let fidelity = context.axis().and_then(|axis| axis.fidelity(level));
    Trial::at(arch, fidelity.unwrap_or(Fidelity::Full))
}

/// Outcome of a trial that was asked for.
enum Progress {
    /// The merit; `None` if the evaluation failed or does not comply.
    Ended(Option<f64>),
    /// The trial is being evaluated.
    Pending,
    /// The trial was not begun, since it is ruled out or beyond the budget.
    Lost,
}

/// Looks up what came of a trial.
fn progress(context: &Context, trial: &Trial) -> Progress {
    match context.ledger.find(trial) {
        Some(query) => Progress::Ended(query.merit()),
        None if context.pending().any(|pending| pending == trial) => Progress::Pending,
        None => Progress::Lost,
    }
}
