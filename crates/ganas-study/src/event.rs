//! Events of a search or benchmark, and their receivers.

use std::collections::BTreeMap;

use ganas_core::driver::{Problem, Round};
use ganas_core::ledger::Query;

use crate::record::SearchReport;

/// Event during the preparation or the run of a search or benchmark.
#[non_exhaustive]
pub enum Event<'a> {
    /// A line for the user: the direction of an objective, a note or a warning.
    Message(&'a str),
    /// A line for logs, where no bar can be drawn.
    Logged(&'a str),
    /// Warning about a fault that does not stop the search.
    Note(&'a str),
    /// A worker was lost.
    WorkerLost {
        /// Number of the worker.
        worker: usize,
        /// Reason, and what follows from it.
        reason: &'a str,
    },
    /// An activity began.
    ActivityBegan {
        /// Number of the activity.
        activity: u64,
        /// Kind of activity.
        kind: Activity<'a>,
    },
    /// An activity made progress.
    Advanced {
        /// Number of the activity.
        activity: u64,
        /// Steps or queries since the last event.
        by: usize,
    },
    /// An activity is at a place of its whole.
    Reached {
        /// Number of the activity.
        activity: u64,
        /// Steps or queries in all.
        done: usize,
    },
    /// The state of an activity in words.
    Status {
        /// Number of the activity.
        activity: u64,
        /// State, such as the best objective so far.
        text: &'a str,
    },
    /// A remark beside the state, such as a speed; an empty one ends it.
    Remark {
        /// Number of the activity.
        activity: u64,
        /// Remark.
        text: &'a str,
    },
    /// An activity ended.
    ActivityEnded {
        /// Number of the activity.
        activity: u64,
    },
    /// A search began.
    SearchBegan {
        /// Problem that is searched.
        problem: &'a Problem<'a>,
        /// Name of the strategy.
        strategy: &'a str,
        /// Seed of all random streams.
        seed: u64,
        /// Queries that it may spend.
        queries: usize,
    },
    /// A query was charged.
    Evaluated {
        /// Problem that is searched.
        problem: &'a Problem<'a>,
        /// Number of the query, counted from 1.
        number: usize,
        /// Query.
        query: &'a Query,
        /// True if it is better than all compliant ones before it; with several objectives, if it joins the
        /// front.
        best: bool,
    },
    /// A round ended.
    RoundEnded {
        /// Problem that is searched.
        problem: &'a Problem<'a>,
        /// Round.
        round: &'a Round,
        /// Rank of the best so far, if there is a table to rank by.
        rank: Option<usize>,
        /// Seconds of wall time in the parts of the round.
        parts: &'a BTreeMap<String, f64>,
    },
    /// A search ended.
    SearchEnded(&'a SearchReport),
}

/// Activity that takes time, as a bar or a spinner shows it.
#[derive(Clone, Copy, Debug)]
pub enum Activity<'a> {
    /// Waiting for something without a measure, such as a file that is read.
    Waiting(&'a str),
    /// Queries of one search, whose state has a line of its own.
    Search {
        /// Queries in all.
        queries: usize,
    },
    /// Queries of all runs of a benchmark.
    Queries {
        /// Queries in all.
        total: usize,
    },
    /// Steps, such as epochs.
    Steps {
        /// Steps in all.
        total: usize,
        /// Steps that were made before.
        done: usize,
    },
}

/// Receiver of events, such as a terminal. It is called from several threads.
pub trait Reporter: Send + Sync {
    /// Takes an event.
    fn report(&self, event: &Event<'_>);

    /// Returns true if activities are shown. Fine-grained progress is computed only then.
    fn is_watched(&self) -> bool {
        false
    }
}

/// Reporter that drops all events.
pub struct Silent;

impl Reporter for Silent {
    fn report(&self, _: &Event<'_>) {}
}
