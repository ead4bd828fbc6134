//! Observers of a search.

use serde::Serialize;

use crate::checkpoint::Checkpoint;
use crate::error::Result;
use crate::evaluate::{Details, Outcome};
use crate::ledger::Query;
#[cfg(doc)]
use crate::strategy::Strategy;
use crate::trial::Trial;

/// The record of one round.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Round {
    /// The round's number, from 1; 0 evaluates the starting points.
    pub round: usize,
    /// Trials that the strategy asked for.
    pub asked: usize,
    /// Of those, new ones that were evaluated.
    pub new: usize,
    /// Queries so far.
    pub queries: usize,
    /// The best objective so far among compliant architectures.
    pub best: Option<f64>,
    /// What the strategy reports: once it was told, or, where rounds overlap, once it had asked.
    pub gauges: Vec<(String, f64)>,
}

/// Something that watches a search. An error stops the search and is returned from it.
pub trait Observer {
    /// The search begins, or goes on after so many rounds. What was queried in those is told again,
    /// but not how they ended.
    fn begin(&mut self, rounds: usize) -> Result<()> {
        let _ = rounds;
        Ok(())
    }

    /// What else is known of an evaluation, before it [finishes](Self::finished).
    fn details(&mut self, trial: &Trial, details: &Details) -> Result<()> {
        let _ = (trial, details);
        Ok(())
    }

    /// An evaluation finished just now, in whatever order evaluations do.
    fn finished(&mut self, trial: &Trial, outcome: &Outcome) -> Result<()> {
        let _ = (trial, outcome);
        Ok(())
    }

    /// An evaluation counts that had finished before the search was resumed, and that the round
    /// which is going on asked for.
    fn recalled(&mut self, trial: &Trial, outcome: &Outcome) -> Result<()> {
        let _ = (trial, outcome);
        Ok(())
    }

    /// Nothing is to be done but to wait for evaluations, or a round of them is over.
    fn wait(&mut self) -> Result<()> {
        Ok(())
    }

    /// A new query was charged; `number` counts from 1. In rounds that follow each other this is in
    /// the order asked for, once all evaluations of the round have finished.
    fn queried(&mut self, number: usize, query: &Query) -> Result<()> {
        let _ = (number, query);
        Ok(())
    }

    /// A round ended.
    fn round(&mut self, round: &Round) -> Result<()> {
        let _ = round;
        Ok(())
    }

    /// So many seconds of wall time went into a part of a round: what the strategy names in its
    /// [`timings`](Strategy::timings), `asking` for the rest of the time in which it made up its
    /// mind, `evaluating` for the time in which there was nothing to do but to wait for
    /// evaluations, and `telling`. This is told before the round ends, where rounds overlap before
    /// the next one that does; times are no part of the trace.
    fn spent(&mut self, part: &str, seconds: f64) -> Result<()> {
        let _ = (part, seconds);
        Ok(())
    }

    /// The search is between two rounds; `state` is its state, if its strategy can be
    /// saved.
    fn between(&mut self, state: &dyn Fn() -> Result<Option<Checkpoint>>) -> Result<()> {
        let _ = state;
        Ok(())
    }
}
