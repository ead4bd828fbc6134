//! The desk between a search and who evaluates for it: what is offered and asked for, what is told,
//! and what has come of it all. The search runs in a thread of its own; Python only ever waits.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ganas_core::arch::Arch;
use ganas_core::driver::{Observer, Problem};
use ganas_core::error::Result;
use ganas_core::evaluate::{Details, Evaluator, Outcome, Work};
use ganas_core::ledger::Query;
use pyo3::prelude::*;
use serde_json::Value;

use crate::fault::Fault;

/// How often it is looked whether to stop.
const POLL: Duration = Duration::from_millis(50);

/// Where a search and who evaluates for it meet.
#[derive(Default)]
pub struct Desk {
    state: Mutex<State>,
    changed: Condvar,
    /// Whether the search is to stop.
    pub stop: AtomicBool,
    raised: Mutex<Option<PyErr>>,
}

/// What is on it.
#[derive(Default)]
pub struct State {
    /// What the search wants evaluated, in its order.
    pub offered: VecDeque<Arch>,
    /// What was asked for and not told yet, and since when.
    pub out: HashMap<Arch, Instant>,
    /// What was told and the search has not taken yet.
    told: VecDeque<Told>,
    /// How much was told so far, and how much of that was dealt with.
    tells: u64,
    dealt: u64,
    /// Whether the search can do nothing until it is told something.
    idle: bool,
    /// Every query that was charged, in order.
    pub charged: Vec<Query>,
    /// Evaluations of the round that is going on, which is charged at its end.
    pub fresh: Vec<Query>,
    /// What was told beside the metrics.
    pub more: HashMap<Arch, BTreeMap<String, Value>>,
    /// How the search ended.
    pub end: Option<std::result::Result<String, Fault>>,
}

/// What came of an architecture.
pub struct Told {
    pub arch: Arch,
    pub outcome: Outcome,
    pub details: Details,
}

impl State {
    /// Whether nothing changes until something is told.
    pub fn settled(&self) -> bool {
        self.end.is_some() || (self.idle && self.told.is_empty())
    }
}

impl Desk {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits without holding up other Python threads, and lets signals through.
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

    /// Says what came of an architecture, and waits until it is kept.
    pub fn tell(&self, py: Python<'_>, told: Told) -> PyResult<()> {
        let number = {
            let mut state = self.state();
            state.told.push_back(told);
            state.tells += 1;
            state.tells
        };
        self.changed.notify_all();
        self.wait(py, |s| s.dealt >= number || s.end.is_some())
    }

    /// Ends the search with what a function of the user's raised.
    pub fn raise(&self, error: PyErr) {
        let mut raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        raised.get_or_insert(error);
        self.halt();
    }

    /// What was raised, if anything was.
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

/// Ends what goes on at the desk however its thread ends.
pub struct Ending(pub Arc<Desk>);

impl Drop for Ending {
    fn drop(&mut self) {
        // Without effect if it has ended.
        self.0.end(Err(Fault::other(
            "the run broke down; this is a bug in ganas",
        )));
    }
}

/// What evaluates for the search: whoever comes to the desk.
pub struct Counter {
    pub desk: Arc<Desk>,
    pub metrics: Vec<String>,
    pub slots: usize,
}

impl Evaluator for Counter {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn slots(&self) -> usize {
        self.slots
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        let desk = &*self.desk;
        let mut looked = Instant::now();
        loop {
            let new: Vec<Arch> = std::iter::from_fn(|| work.next()).collect();
            let mut state = desk.state();
            state.offered.extend(new);
            if state.told.is_empty() {
                if state.offered.is_empty() && state.out.is_empty() {
                    return Ok(());
                }
                state.idle = true;
                desk.changed.notify_all();
                let waited = desk.changed.wait_timeout(state, POLL);
                (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
            }
            let told = mem::take(&mut state.told);
            state.idle &= told.is_empty();
            drop(state);
            let count = told.len();
            for Told {
                arch,
                outcome,
                details,
            } in told
            {
                work.details(&arch, details);
                work.done(&arch, outcome);
            }
            if count > 0 {
                desk.state().dealt += count as u64;
                desk.changed.notify_all();
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

/// Keeps what came of everything on the desk.
pub struct Log<'p> {
    pub desk: &'p Desk,
    pub problem: Problem<'p>,
}

impl Observer for Log<'_> {
    fn details(&mut self, arch: &Arch, details: &Details) -> Result<()> {
        if !details.more.is_empty() {
            let mut state = self.desk.state();
            state.more.insert(*arch, details.more.clone());
        }
        Ok(())
    }

    fn finished(&mut self, arch: &Arch, outcome: &Outcome) -> Result<()> {
        let query = self.problem.query(*arch, 0, outcome.clone());
        self.desk.state().fresh.push(query);
        Ok(())
    }

    fn recalled(&mut self, arch: &Arch, outcome: &Outcome) -> Result<()> {
        self.finished(arch, outcome)
    }

    fn queried(&mut self, _: usize, query: &Query) -> Result<()> {
        let mut state = self.desk.state();
        state.fresh.retain(|fresh| fresh.arch != query.arch);
        state.charged.push(query.clone());
        Ok(())
    }
}
