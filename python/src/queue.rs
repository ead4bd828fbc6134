//! The queue between a search and the code that evaluates for it: proposed, requested and told
//! architectures. The search runs in a thread of its own; Python only waits.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ganas_core::driver::{Observer, Problem};
use ganas_core::error::Result;
use ganas_core::evaluate::{Advice, Details, Evaluator, Outcome, Work};
use ganas_core::ledger::Query;
use ganas_core::trial::{Axis, Trial};
use pyo3::prelude::*;
use serde_json::Value;

use crate::fault::Fault;

/// Interval between checks for a stop.
const POLL: Duration = Duration::from_millis(50);

/// The meeting point of a search and the code that evaluates for it.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    /// True if the search should stop.
    pub stop: AtomicBool,
    raised: Mutex<Option<PyErr>>,
}

/// The contents of the queue.
#[derive(Default)]
pub struct State {
    /// Proposed architectures, in the order of the search.
    pub proposed: VecDeque<Trial>,
    /// Requested architectures without a result, with the time of the request.
    pub requested: HashMap<Trial, Instant>,
    /// Results that the search has not taken yet.
    told: VecDeque<Told>,
    /// Reports that the search has not taken yet.
    reports: VecDeque<Report>,
    /// Advice on reports, by their numbers.
    advised: HashMap<u64, Advice>,
    /// The number of reports so far.
    reported: u64,
    /// The number of results so far, and the number of those that are processed.
    received: u64,
    processed: u64,
    /// True if the search waits for a result.
    idle: bool,
    /// Every query that was charged, in order.
    pub charged: Vec<Query>,
    /// Evaluations of the current round, which is charged at its end.
    pub fresh: Vec<Query>,
    /// Values other than metrics in results.
    pub more: HashMap<Trial, BTreeMap<String, Value>>,
    /// The end of the search: its result or its error.
    pub end: Option<std::result::Result<String, Fault>>,
}

/// The result of an architecture.
pub struct Told {
    pub trial: Trial,
    pub outcome: Outcome,
    pub details: Details,
}

/// Metrics of a running trial at a level.
struct Report {
    number: u64,
    trial: Trial,
    level: u32,
    metrics: Vec<f64>,
}

impl State {
    /// Returns true if nothing changes before the next result.
    pub fn settled(&self) -> bool {
        self.end.is_some() || (self.idle && self.told.is_empty())
    }
}

impl Queue {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits with Python's lock released, and handles signals.
    pub fn wait(&self, py: Python<'_>, ready: impl Fn(&State) -> bool + Sync) -> PyResult<()> {
        loop {
            let done = py.detach(|| {
                let state = self.state();
                let waited = (self.changed).wait_timeout_while(state, POLL, |s| !ready(s));
                let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
                ready(&state)
            });
            py.check_signals()?;
            if done {
                return Ok(());
            }
        }
    }

    /// Adds a result and waits until it is recorded.
    pub fn tell(&self, py: Python<'_>, told: Told) -> PyResult<()> {
        let number = {
            let mut state = self.state();
            state.told.push_back(told);
            state.received += 1;
            state.received
        };
        self.changed.notify_all();
        self.wait(py, |s| s.processed >= number || s.end.is_some())
    }

    /// Adds a report of a running trial, and waits for the advice on it.
    pub fn report(
        &self,
        py: Python<'_>,
        trial: Trial,
        level: u32,
        metrics: Vec<f64>,
    ) -> PyResult<Advice> {
        let number = {
            let mut state = self.state();
            state.reported += 1;
            let number = state.reported;
            state.reports.push_back(Report {
                number,
                trial,
                level,
                metrics,
            });
            number
        };
        self.changed.notify_all();
        self.wait(py, |s| s.advised.contains_key(&number) || s.end.is_some())?;
        // A search that has ended wants nothing more.
        Ok(self.state().advised.remove(&number).unwrap_or(Advice::Stop))
    }

    /// Ends the search with an exception of a user's function.
    pub fn raise(&self, error: PyErr) {
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        raised.get_or_insert(error);
        self.halt();
    }

    /// Raises the exception of a user's function, if there was one.
    pub fn raised(&self, py: Python<'_>) -> PyResult<()> {
        let raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        raised.as_ref().map_or(Ok(()), |e| Err(e.clone_ref(py)))
    }

    /// Asks the search to stop.
    pub fn halt(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// The search ended.
    pub fn end(&self, how: std::result::Result<String, Fault>) {
        self.state().end.get_or_insert(how);
        self.changed.notify_all();
    }
}

/// Ends the search if its thread ends in any way.
pub struct EndOnDrop(pub Arc<Queue>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        // Without effect if it has ended.
        self.0.end(Err(Fault::other(
            "the run broke down; this is a bug in ganas",
        )));
    }
}

/// Evaluator that takes its results from the queue.
pub struct QueueEvaluator {
    pub queue: Arc<Queue>,
    pub metrics: Vec<String>,
    pub axis: Option<Axis>,
    pub slots: usize,
}

impl Evaluator for QueueEvaluator {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn axis(&self) -> Option<&Axis> {
        self.axis.as_ref()
    }

    fn slots(&self) -> usize {
        self.slots
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        let queue = &*self.queue;
        let mut looked = Instant::now();
        loop {
            let new: Vec<Trial> = std::iter::from_fn(|| work.next()).collect();
            let mut state = queue.state();
            state.proposed.extend(new);
            if state.told.is_empty() && state.reports.is_empty() {
                if state.proposed.is_empty() && state.requested.is_empty() {
                    return Ok(());
                }
                state.idle = true;
                queue.changed.notify_all();
                let waited = queue.changed.wait_timeout(state, POLL);
                (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            }
            let told = mem::take(&mut state.told);
            let reports = mem::take(&mut state.reports);
            state.idle &= told.is_empty();
            drop(state);
            for report in reports {
                let advice = work.report(&report.trial, report.level, &report.metrics);
                queue.state().advised.insert(report.number, advice);
                queue.changed.notify_all();
            }
            let count = told.len();
            for Told {
                trial,
                outcome,
                details,
            } in told
            {
                work.details(&trial, details);
                work.done(&trial, outcome);
            }
            if count > 0 {
                queue.state().processed += count as u64;
                queue.changed.notify_all();
            }
            if count == 0 || looked.elapsed() >= POLL {
                looked = Instant::now();
                if work.stopped() {
                    return Ok(());
                }
            }
        }
    }
}

/// Records every result in the state.
pub struct Recorder<'p> {
    pub queue: &'p Queue,
    pub problem: Problem<'p>,
}

impl Observer for Recorder<'_> {
    fn details(&mut self, trial: &Trial, details: &Details) -> Result<()> {
        if !details.more.is_empty() {
            let mut state = self.queue.state();
            state.more.insert(*trial, details.more.clone());
        }
        Ok(())
    }

    fn finished(&mut self, trial: &Trial, outcome: &Outcome) -> Result<()> {
        let query = self.problem.query(trial, 0, outcome.clone());
        self.queue.state().fresh.push(query);
        Ok(())
    }

    fn recalled(&mut self, trial: &Trial, outcome: &Outcome) -> Result<()> {
        self.finished(trial, outcome)
    }

    fn queried(&mut self, _: usize, query: &Query) -> Result<()> {
        let mut state = self.queue.state();
        state.fresh.retain(|fresh| fresh.trial() != query.trial());
        state.charged.push(query.clone());
        Ok(())
    }
}
