//! Learning curves: where they end, by how others went on.

mod end;
mod stop;

use std::borrow::Cow;
use std::collections::HashSet;

use ganas_core::arch::Arch;
use ganas_core::ledger::Query;
use ganas_core::strategy::Context;
use ganas_core::trial::{Axis, Fidelity};

pub use end::{End, EndModel, smoothed};
pub use stop::EarlyStop;

use crate::strategies::halving::Ladder;

/// Factor between the levels at which architectures are paused (ours, as in Li et al. 2017).
pub const FACTOR: usize = 3;

/// Levels below the highest one (ours). Of SpikeNAS-Bench's best tenth, values before a ninth of the epochs hardly
/// tell the end.
const STEPS: usize = 2;

/// The levels at which `ga-nas` pauses architectures: a ninth, a third and all of the highest level, as far as the
/// axis has them.
pub fn pauses(axis: &Axis) -> Ladder {
    Ladder::new(Some(axis), FACTOR).last(STEPS + 1)
}

/// One query at full fidelity for each architecture: its query at its highest fidelity, with the predicted
/// end of its curve as the value of the first objective. Without a cost axis, the queries themselves.
pub fn standings<'c>(context: &'c Context) -> Cow<'c, [Query]> {
    let ledger = context.ledger;
    let Some(axis) = context.axis() else {
        return Cow::Borrowed(ledger.queries());
    };
    let model = EndModel::fit(ledger, &pauses(axis));
    let mut seen: HashSet<Arch> = HashSet::new();
    let archs = ledger.queries().iter().map(|query| query.arch);
    let standings = archs.filter(|arch| seen.insert(*arch)).filter_map(|arch| {
        let mut query = ledger.highest(&arch)?.clone();
        if query.fidelity != Fidelity::Full
            && let Some(value) = query.values.first_mut()
        {
            let curve: Vec<(u32, f64)> = ledger.curve(&arch).collect();
            *value = model.end(&curve)?.mean;
        }
        query.fidelity = Fidelity::Full;
        Some(query)
    });
    Cow::Owned(standings.collect())
}
