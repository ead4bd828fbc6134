//! Observers of a search.

use serde::Serialize;

use crate::checkpoint::Checkpoint;
use crate::error::Result;
use crate::evaluate::{Details, Outcome};
use crate::ledger::Query;
#[cfg(doc)]
use crate::strategy::Strategy;
use crate::trial::Trial;

/// Record of one round.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Round {
    /// Number of the round, from 1; 0 evaluates the starting points.
    pub round: usize,
    /// Number of trials that the strategy asked for.
    pub asked: usize,
    /// Number of new trials among them, which were evaluated.
    pub new: usize,
    /// Number of queries so far.
    pub queries: usize,
    /// Objective value of the incumbent.
    pub best: Option<f64>,
    /// Numbers that the strategy reports: after `tell`, or after `ask` where rounds overlap.
    pub gauges: Vec<(String, f64)>,
}

/// Observer of a search. An error stops the search, which returns it.
pub trait Observer {
    /// Called first, with the number of rounds before the checkpoint from which the search
    /// continues. Their queries are reported again, but not their ends.
    fn begin(&mut self, rounds: usize) -> Result<()> {
        let _ = rounds;
        Ok(())
    }

    /// Called with the details of a trial, before it [finishes](Self::finished).
    fn details(&mut self, trial: &Trial, details: &Details) -> Result<()> {
        let _ = (trial, details);
        Ok(())
    }

    /// Called when a trial finishes, in the order in which trials finish.
    fn finished(&mut self, trial: &Trial, outcome: &Outcome) -> Result<()> {
        let _ = (trial, outcome);
        Ok(())
    }

    /// Called for a trial of the current round that had finished before the search was resumed.
    fn recalled(&mut self, trial: &Trial, outcome: &Outcome) -> Result<()> {
        let _ = (trial, outcome);
        Ok(())
    }

    /// Called while the search waits for trials, and after the trials of a round.
    fn wait(&mut self) -> Result<()> {
        Ok(())
    }

    /// Called for each query that is charged; `number` counts from 1. Where rounds follow each other,
    /// the order is that of the proposals, after all trials of the round have finished.
    fn queried(&mut self, number: usize, query: &Query) -> Result<()> {
        let _ = (number, query);
        Ok(())
    }

    /// Called at the end of a round.
    fn round(&mut self, round: &Round) -> Result<()> {
        let _ = round;
        Ok(())
    }

    /// Called with the seconds of wall time that a part of a round took, before the round ends. The
    /// parts are those of the strategy's [`timings`](Strategy::timings), `asking` for the rest of
    /// `ask`, `evaluating` for the time of waiting, and `telling`. Times are not part of the trace.
    fn spent(&mut self, part: &str, seconds: f64) -> Result<()> {
        let _ = (part, seconds);
        Ok(())
    }

    /// Called between two rounds. `state` makes a checkpoint, if the strategy can be saved.
    fn between(&mut self, state: &dyn Fn() -> Result<Option<Checkpoint>>) -> Result<()> {
        let _ = state;
        Ok(())
    }
}
