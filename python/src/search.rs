//! Search with ask and tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use ganas_core::constraint::Predicate;
use ganas_core::evaluate::{Advice, Details, Evaluator, Outcome};
use ganas_core::front::front;
use ganas_core::ledger::Query;
use ganas_core::problem::{Objective, Objectives};
use ganas_core::trial::{Axis, Trial};
use ganas_study::direction::less_is_better;
use ganas_study::host;
use ganas_study::progress::Progress;
use ganas_study::run::Embedding;
use ganas_study::session::Session;
use ganas_study::spec::{SearchSpec, TaskSpec, read_json};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString};
use serde_json::Value;

use crate::arch::Arch;
use crate::fault::{Caller, Fault, refuse};
use crate::keywords::keywords;
use crate::predicate::predicate;
use crate::queue::{EndOnDrop, Queue, QueueEvaluator, Recorder, State, Told};
use crate::space::{Origin, Space};

/// Constraints that are functions, by name.
type Functions = Vec<(String, Py<PyAny>)>;

/// An architecture, its objective and its metrics by name.
type Found<'py> = (Arch, f64, Bound<'py, PyDict>);

/// The search of a specification; `ganas.Search` is made of it, and documents it.
#[pyclass(frozen, module = "ganas._ganas")]
pub struct Search {
    search: Arc<host::Search>,
    space: Space,
    queue: Arc<Queue>,
    /// The metrics that results must have, the objective first, and optional ones.
    measured: Vec<String>,
    /// The number of required metrics, which come first.
    needed: usize,
    /// True once a result had all metrics.
    complete: AtomicBool,
    /// All metrics of a query.
    metrics: Vec<String>,
    axis: Option<Axis>,
    objectives: Objectives,
    /// Earlier evaluations.
    known: Vec<Query>,
    thread: Mutex<Thread>,
}

enum Thread {
    Idle,
    Running(JoinHandle<()>),
    Joined,
}

impl Search {
    fn new(search: host::Search, space: Space, queue: Arc<Queue>) -> PyResult<Self> {
        let (measured, metrics, axis, objectives, known) = {
            let problem = search.problem().map_err(Fault::from)?;
            let known = search.known().iter();
            let known = known.map(|known| problem.query(known.trial, 0, known.outcome.clone()));
            let known: Vec<Query> = known.collect();
            let (measured, metrics) = (problem.measured().to_vec(), problem.metrics().to_vec());
            let (axis, objectives) = (problem.axis().cloned(), problem.objectives().clone());
            (measured, metrics, axis, objectives, known)
        };
        Ok(Search {
            needed: search.needed(),
            complete: AtomicBool::new(false),
            search: Arc::new(search),
            space,
            queue,
            measured,
            metrics,
            axis,
            objectives,
            known,
            thread: Mutex::new(Thread::Idle),
        })
    }

    /// Starts the search, if it has not been.
    fn start(&self) -> PyResult<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let Thread::Idle = *thread else {
            return Ok(());
        };
        let (search, queue) = (self.search.clone(), self.queue.clone());
        let evaluator = QueueEvaluator {
            queue: queue.clone(),
            metrics: self.measured.clone(),
            axis: self.axis.clone(),
            slots: search.slots(),
        };
        let begun = thread::Builder::new().spawn(move || {
            let ender = EndOnDrop(queue);
            let how = run(&search, &ender.0, evaluator);
            // The journal is closed by now, and whoever waits may open it again.
            drop(search);
            ender.0.end(how);
        });
        *thread = Thread::Running(begun.map_err(|e| {
            PyErr::from(Fault::other(&format!(
                "no thread can be started ({e}); raise the limit of processes (`ulimit -u`)"
            )))
        })?);
        Ok(())
    }

    fn check_embedded(&self) -> PyResult<()> {
        if !self.search.is_embedded() {
            return Err(refuse(
                "this search evaluates by itself; call `run`, or leave out `table` and `surrogate`",
            ));
        }
        Ok(())
    }

    /// Waits until nothing changes before the next result.
    fn settle(&self, py: Python<'_>) -> PyResult<()> {
        self.queue.wait(py, State::settled)?;
        self.check_fault(py)
    }

    /// Raises the error that ended the search, if there was one.
    fn check_fault(&self, py: Python<'_>) -> PyResult<()> {
        self.queue.raised(py)?;
        match &self.queue.state().end {
            Some(Err(fault)) => Err(fault.clone().into()),
            _ => Ok(()),
        }
    }

    fn join(&self, py: Python<'_>) {
        // Not held while waiting: the search may wait for a Python thread that wants it.
        let thread = {
            let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
            match *thread {
                Thread::Running(_) => std::mem::replace(&mut *thread, Thread::Joined),
                _ => return,
            }
        };
        if let Thread::Running(handle) = thread {
            // A panic has been made an error by `EndOnDrop`.
            let _ = py.detach(|| handle.join());
        }
    }

    /// Takes a requested architecture out of the queue, to record its result.
    fn take(&self, arch: &Bound<'_, PyAny>) -> PyResult<(Trial, Details)> {
        self.check_embedded()?;
        let trial = self.trial(arch)?;
        let mut state = self.queue.state();
        if state.end.is_some() {
            return Err(refuse("the search is over, and takes nothing more"));
        }
        if let Some(since) = state.requested.remove(&trial) {
            return Ok((trial, Details::taking(since.elapsed())));
        }
        if let Some(i) = state
            .proposed
            .iter()
            .position(|proposed| *proposed == trial)
        {
            state.proposed.remove(i);
            return Ok((trial, Details::default()));
        }
        let mut told = state.charged.iter().chain(&state.fresh);
        let what = if told.any(|query| query.trial() == trial) {
            "was told already"
        } else {
            "was not asked for; `history` is for what is known beforehand"
        };
        let text = self.space.0.space.format(&trial.arch);
        Err(refuse(format!("`{text}` {what}")))
    }

    /// The architecture of a trial, with its fidelity if there are several.
    fn own(&self, trial: &Trial) -> Arch {
        let level =
            (self.axis.as_ref()).map(|axis| (axis.name().to_owned(), axis.level(trial.fidelity)));
        let arch = self.space.own(trial.arch);
        Arch { level, ..arch }
    }

    /// The trial that an object is or names: at full fidelity unless it has another one.
    fn trial(&self, arch: &Bound<'_, PyAny>) -> PyResult<Trial> {
        let own = arch.cast::<Arch>().ok();
        let level = own.and_then(|own| own.get().level.clone());
        let arch = self.space.read(arch)?;
        let Some((name, level)) = level else {
            return Ok(arch.into());
        };
        let axis = self.axis.as_ref().filter(|axis| axis.name() == name);
        match axis.and_then(|axis| axis.fidelity(level)) {
            Some(fidelity) => Ok(Trial::at(arch, fidelity)),
            None => Err(refuse(format!(
                "the search has no fidelity of {level} `{name}`"
            ))),
        }
    }

    /// The outcome of a result, given as a dict of metrics or as the objective alone, and its other
    /// values by name.
    fn outcome(&self, metrics: &Bound<'_, PyAny>) -> PyResult<(Outcome, BTreeMap<String, Value>)> {
        let Ok(metrics) = metrics.cast::<PyDict>() else {
            let Some(value) = number(metrics) else {
                return Err(PyTypeError::new_err(format!(
                    "an evaluation yields a number or a dict of them, and this is {}",
                    metrics.repr()?
                )));
            };
            let missing = self.measured[1..self.needed.max(1)].first();
            self.check_told(missing.map(|name| instead(name, "the objective")))?;
            let rest = self.measured[1..].iter().map(|_| f64::NAN);
            let values = [value].into_iter().chain(rest).collect();
            return Ok((Outcome::Done(values), BTreeMap::new()));
        };
        let there = metrics.keys().repr()?.to_string();
        let mut values = Vec::with_capacity(self.measured.len());
        let mut wrong = None;
        for (i, name) in self.measured.iter().enumerate() {
            let found = metrics.get_item(name)?;
            // What is not needed may be left open.
            let found = found.filter(|found| i < self.needed.max(1) || !found.is_none());
            let value = found.as_ref().map(number);
            values.push(value.flatten().unwrap_or(f64::NAN));
            let why = match (&found, value) {
                (Some(found), Some(None)) => {
                    let repr = found.repr().map(|r| r.to_string()).unwrap_or_default();
                    Some((format!("`{name}` is no number but {repr}"), String::new()))
                }
                (None, _) if i < self.needed.max(1) => Some(instead(name, &there)),
                _ => None,
            };
            // Without the objective it failed; another metric may be missing once.
            let counts = i < self.needed.max(1) || found.is_some();
            wrong = wrong.or(why.filter(|_| counts).map(|why| (i, why)));
        }
        let needed = wrong.as_ref().filter(|(i, _)| *i < self.needed);
        self.check_told(needed.map(|(_, why)| why.clone()))?;
        let mut more = BTreeMap::new();
        for (name, value) in metrics {
            let name = name.str()?.to_string();
            if !self.measured.contains(&name) {
                more.insert(name, kept(&value));
            }
        }
        let outcome = match wrong {
            Some((i, (why, _))) if self.is_objective(i) || !why.starts_with("no `") => {
                Outcome::Failed(why)
            }
            _ => Outcome::Done(values),
        };
        Ok((outcome, more))
    }

    /// Returns true if a measured metric is an objective.
    fn is_objective(&self, metric: usize) -> bool {
        let name = &self.measured[metric];
        self.objectives.iter().any(|o| o.metric == *name)
    }

    /// Refuses the first result if it lacks a required metric or has no number for it, since later
    /// results would lack it as well.
    fn check_told(&self, wrong: Option<(String, String)>) -> PyResult<()> {
        if self.complete.load(Ordering::Relaxed) {
            return Ok(());
        }
        let Some((why, mend)) = wrong else {
            self.complete.store(true, Ordering::Relaxed);
            return Ok(());
        };
        if mend.is_empty() {
            return Err(refuse(format!("{why}; tell a number")));
        }
        let names = |o: &Objective| why.contains(&format!("`{}`", o.metric));
        let place = if self.objectives.iter().any(names) {
            "as the objective"
        } else {
            "in the constraint"
        };
        Err(refuse(format!("{why}; {mend} {place}")))
    }

    /// The column of a value that nobody asked for.
    fn column(&self, name: &str) -> String {
        if self.metrics.iter().any(|metric| metric == name) {
            return format!("{name}_sent");
        }
        name.to_owned()
    }

    /// The metrics of a query by name, the objective first; NaN for missing ones.
    fn by_name<'a>(&'a self, query: &'a Query) -> impl Iterator<Item = (&'a str, f64)> {
        let value = |i: usize| query.metrics.get(i).copied().unwrap_or(f64::NAN);
        let mut order: Vec<usize> = (0..self.metrics.len()).collect();
        // The objectives come first, in their order.
        let place = |i: usize| {
            self.objectives
                .iter()
                .position(|o| o.metric == self.metrics[i])
        };
        order.sort_by_key(|&i| place(i).unwrap_or(usize::MAX));
        order
            .into_iter()
            .map(move |i| (&*self.metrics[i], value(i)))
    }
}

impl Search {
    /// All numbers of a query by name.
    fn all_metrics<'py>(
        &self,
        query: &Query,
        state: &State,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let metrics = PyDict::new(py);
        for (name, value) in state.more.get(&query.trial()).into_iter().flatten() {
            if let Some(value) = value.as_f64() {
                metrics.set_item(self.column(name), value)?;
            }
        }
        for (name, value) in self.by_name(query) {
            metrics.set_item(name, value)?;
        }
        Ok(metrics)
    }

    /// A query as a row of the history, with columns for these values that nobody asked for.
    fn row_of<'py>(
        &self,
        number: Option<usize>,
        query: &Query,
        state: &State,
        more: &BTreeSet<&String>,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let row = PyDict::new(py);
        row.set_item("query", number)?;
        row.set_item("round", number.map(|_| query.round))?;
        row.set_item("arch", self.space.0.space.format(&query.arch))?;
        for (name, value) in self.by_name(query) {
            row.set_item(name, value)?;
        }
        let own = state.more.get(&query.trial());
        for name in more {
            let value = own.and_then(|own| own.get(*name));
            set(&row, &self.column(name), value)?;
        }
        row.set_item("compliant", query.compliant)?;
        row.set_item("failure", &query.failure)?;
        Ok(row)
    }
}

#[pymethods]
impl Search {
    #[new]
    fn open(
        spec: &str,
        space: &Bound<'_, Space>,
        functions: Functions,
        history: Option<Vec<u8>>,
        py: Python<'_>,
    ) -> PyResult<Self> {
        let space = space.get().clone();
        let queue = Arc::new(Queue::default());
        let predicates = predicates(functions, &space, &queue);
        let opened = py.detach(|| {
            let embedding = Embedding {
                predicates,
                history,
            };
            host::Search::open(read_json(spec)?, embedding, session())
        });
        queue.raised(py)?;
        Search::new(opened.map_err(Fault::from)?, space, queue)
    }

    #[staticmethod]
    fn resume(
        folder: PathBuf,
        queries: Option<usize>,
        functions: Functions,
        retry_failed: bool,
        py: Python<'_>,
    ) -> PyResult<Self> {
        let queue = Arc::new(Queue::default());
        let mut found = None;
        let opened = py.detach(|| {
            let embedding = |name: &str, task: &TaskSpec| {
                let (merge, snap) = (task.merge_isomorphic, task.reading.snap);
                let Ok(origin) = Origin::open(name, merge, snap) else {
                    return Embedding::default();
                };
                let space = found.insert(Space(origin)).clone();
                Embedding {
                    predicates: predicates(functions, &space, &queue),
                    history: None,
                }
            };
            let legacy = &ganas_cli::legacy;
            host::Search::resume(&folder, queries, retry_failed, embedding, session(), legacy)
        });
        queue.raised(py)?;
        let search = opened.map_err(Fault::from)?;
        let space = found.ok_or_else(|| refuse("the run names no search space"))?;
        let search = Search::new(search, space, queue)?;
        if search.search.is_embedded() {
            search.start()?;
            search.settle(py)?;
        }
        Ok(search)
    }

    #[getter]
    fn space(&self) -> Space {
        self.space.clone()
    }

    #[getter]
    fn objective(&self) -> &str {
        &self.objectives.first().metric
    }

    /// Names of the objectives, each with true if smaller is better.
    #[getter]
    fn objectives(&self) -> Vec<(&str, bool)> {
        let objectives = self.objectives.iter();
        objectives
            .map(|o| (o.metric.as_str(), o.is_minimized()))
            .collect()
    }

    #[getter]
    fn minimize(&self) -> bool {
        self.objectives.first().is_minimized()
    }

    /// Returns true if the objective is maximised although its name suggests that less is better.
    #[getter]
    fn is_doubtful(&self) -> bool {
        !self.minimize() && less_is_better(self.objective())
    }

    #[getter]
    fn queries(&self) -> usize {
        self.search.queries()
    }

    #[getter]
    fn notes(&self) -> Vec<String> {
        let notes = self.search.notes();
        (notes.iter())
            .map(|note| keywords(note, Caller::Search))
            .collect()
    }

    #[getter]
    fn spec(&self) -> PyResult<String> {
        let spec = serde_json::to_string(self.search.spec());
        Ok(spec.map_err(|e| Fault::from(anyhow::Error::from(e)))?)
    }

    #[getter]
    fn begun(&self) -> bool {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(*thread, Thread::Idle)
    }

    fn ask(&self, n: usize, py: Python<'_>) -> PyResult<Vec<Arch>> {
        self.check_embedded()?;
        self.start()?;
        (self.queue).wait(py, |s| s.settled() || s.proposed.len() >= n)?;
        self.check_fault(py)?;
        let mut state = self.queue.state();
        let n = n.min(state.proposed.len());
        let asked: Vec<Trial> = state.proposed.drain(..n).collect();
        let now = Instant::now();
        state
            .requested
            .extend(asked.iter().map(|trial| (*trial, now)));
        Ok(asked.iter().map(|trial| self.own(trial)).collect())
    }

    fn tell(
        &self,
        arch: &Bound<'_, PyAny>,
        metrics: &Bound<'_, PyAny>,
        py: Python<'_>,
    ) -> PyResult<()> {
        let (outcome, more) = self.outcome(metrics)?;
        let (trial, details) = self.take(arch)?;
        let details = Details { more, ..details };
        let told = Told {
            trial,
            outcome,
            details,
        };
        self.queue.tell(py, told)?;
        self.check_fault(py)
    }

    /// Reports the metrics of a requested architecture at a level below its fidelity. Returns true if its
    /// evaluation should stop.
    fn report(
        &self,
        arch: &Bound<'_, PyAny>,
        level: u32,
        metrics: &Bound<'_, PyAny>,
        py: Python<'_>,
    ) -> PyResult<bool> {
        self.check_embedded()?;
        let trial = self.trial(arch)?;
        let Some(axis) = &self.axis else {
            return Err(refuse("the search has one fidelity; give it `fidelity`"));
        };
        if !self.queue.state().requested.contains_key(&trial) {
            let text = self.space.0.space.format(&trial.arch);
            return Err(refuse(format!("`{text}` is not being evaluated")));
        }
        let highest = axis.level(trial.fidelity);
        if level == 0 || level > highest {
            let name = axis.name();
            return Err(refuse(format!(
                "a report at {level} `{name}` is not between 1 and {highest}"
            )));
        }
        match self.outcome(metrics)? {
            (Outcome::Done(values), _) => {
                let advice = self.queue.report(py, trial, level, values)?;
                self.check_fault(py)?;
                Ok(advice == Advice::Stop)
            }
            (Outcome::Failed(why), _) => Err(refuse(why)),
        }
    }

    fn tell_failure(
        &self,
        arch: &Bound<'_, PyAny>,
        reason: String,
        py: Python<'_>,
    ) -> PyResult<()> {
        let (trial, details) = self.take(arch)?;
        let outcome = Outcome::Failed(reason);
        let told = Told {
            trial,
            outcome,
            details,
        };
        self.queue.tell(py, told)?;
        self.check_fault(py)
    }

    fn put_back(&self, arch: &Bound<'_, PyAny>) -> PyResult<()> {
        let trial = self.trial(arch)?;
        let mut state = self.queue.state();
        if state.requested.remove(&trial).is_some() {
            state.proposed.push_front(trial);
        }
        Ok(())
    }

    fn run(&self, py: Python<'_>) -> PyResult<()> {
        if self.search.is_embedded() {
            return Err(refuse(
                "the evaluations of this search come from Python; call `maximize`, `minimize`, or \
                 `ask` and `tell`",
            ));
        }
        self.start()?;
        if let Err(interrupted) = self.queue.wait(py, |s| s.end.is_some()) {
            self.close(py);
            return Err(interrupted);
        }
        self.check_fault(py)
    }

    fn is_done(&self, py: Python<'_>) -> PyResult<bool> {
        if self.search.is_embedded() && self.begun() {
            self.settle(py)?;
        }
        self.check_fault(py)?;
        Ok(self.queue.state().end.is_some())
    }

    fn best<'py>(&self, py: Python<'py>) -> PyResult<Option<Found<'py>>> {
        let state = self.queue.state();
        let mut best = None;
        for query in (self.known.iter())
            .chain(&state.charged)
            .chain(&state.fresh)
        {
            if better(query, best) {
                best = Some(query);
            }
        }
        let Some(best) = best else {
            return Ok(None);
        };
        let metrics = self.all_metrics(best, &state, py)?;
        let value = best.value().unwrap_or(f64::NAN);
        let value = self.objectives.first().turn(value);
        Ok(Some((self.own(&best.trial()), value, metrics)))
    }

    /// Architectures that no other one beats in every objective, with their metrics.
    fn front<'py>(&self, py: Python<'py>) -> PyResult<Vec<(Arch, Bound<'py, PyDict>)>> {
        let state = self.queue.state();
        let compliant: Vec<&Query> = (self.known.iter().chain(&state.charged).chain(&state.fresh))
            .filter(|query| query.merit().is_some() && query.trial().is_full())
            .collect();
        let values: Vec<&[f64]> = compliant.iter().map(|query| &*query.values).collect();
        let mut front: Vec<&Query> = (front(&values).into_iter()).map(|i| compliant[i]).collect();
        front.sort_by(|a, b| b.values[0].total_cmp(&a.values[0]));
        (front.into_iter())
            .map(|query| {
                Ok((
                    self.own(&query.trial()),
                    self.all_metrics(query, &state, py)?,
                ))
            })
            .collect()
    }

    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let state = self.queue.state();
        let more: BTreeSet<&String> = state.more.values().flat_map(BTreeMap::keys).collect();
        let charged = (state.charged.iter().enumerate()).map(|(i, query)| (Some(i + 1), query));
        (charged.chain(state.fresh.iter().map(|query| (None, query))))
            .map(|(number, query)| self.row_of(number, query, &state, &more, py))
            .collect()
    }

    /// The row of an architecture in the history, if it has a result.
    fn row<'py>(
        &self,
        arch: &Bound<'_, PyAny>,
        py: Python<'py>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        let trial = self.trial(arch)?;
        let state = self.queue.state();
        // The latest first: that is what is asked for.
        let charged = (state.charged.iter().enumerate()).map(|(i, query)| (Some(i + 1), query));
        let mut all = (state.fresh.iter().rev().map(|query| (None, query))).chain(charged.rev());
        let Some((number, query)) = all.find(|(_, query)| query.trial() == trial) else {
            return Ok(None);
        };
        let more = state.more.get(&trial);
        let more: BTreeSet<&String> = more.into_iter().flat_map(BTreeMap::keys).collect();
        self.row_of(number, query, &state, &more, py).map(Some)
    }

    /// The evaluations so far.
    fn count(&self) -> usize {
        let state = self.queue.state();
        state.charged.len() + state.fresh.len()
    }

    fn result(&self) -> Option<String> {
        match &self.queue.state().end {
            Some(Ok(result)) => Some(result.clone()),
            _ => None,
        }
    }

    fn close(&self, py: Python<'_>) {
        self.queue.halt();
        self.join(py);
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.queue.halt();
    }
}

/// The reason why a metric is missing, and the remedy.
fn instead(name: &str, there: &str) -> (String, String) {
    (
        format!("no `{name}` came back, only {there}"),
        "tell it, or name what there is".into(),
    )
}

/// The number that a value is: a number of any library, a text that is one, or a list of one number.
fn number(value: &Bound<'_, PyAny>) -> Option<f64> {
    if value.is_none() || value.is_instance_of::<PyBool>() {
        return None;
    }
    if let Ok(text) = value.cast::<PyString>() {
        return text.to_string().trim().parse().ok();
    }
    if let Ok(list) = value.cast::<PyList>() {
        return match list.len() {
            1 => number(&list.get_item(0).ok()?),
            _ => None,
        };
    }
    value.extract().ok()
}

/// A value that nobody asked for, as it is kept.
fn kept(value: &Bound<'_, PyAny>) -> Value {
    if let Ok(flag) = value.cast::<PyBool>() {
        return Value::Bool(flag.is_true());
    }
    if value.is_none() {
        return Value::Null;
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Value::String(text.to_string());
    }
    match value.extract::<f64>() {
        Ok(number) => match serde_json::Number::from_f64(number) {
            Some(number) => Value::Number(number),
            None => Value::String(number.to_string()),
        },
        Err(_) => Value::String(value.repr().map(|r| r.to_string()).unwrap_or_default()),
    }
}

/// Sets a kept value in a row.
fn set(row: &Bound<'_, PyDict>, name: &str, value: Option<&Value>) -> PyResult<()> {
    match value {
        None | Some(Value::Null) => row.set_item(name, row.py().None()),
        Some(Value::Bool(flag)) => row.set_item(name, flag),
        Some(Value::Number(number)) => row.set_item(name, number.as_f64()),
        Some(Value::String(text)) => match text.parse::<f64>() {
            Ok(value) if !value.is_finite() => row.set_item(name, value),
            _ => row.set_item(name, text),
        },
        Some(other) => row.set_item(name, other.to_string()),
    }
}

/// A session of this module, which nobody follows.
pub fn session() -> Session {
    Session {
        registry: ganas_cli::registry().clone(),
        progress: Progress::silent(),
    }
}

/// The fields of a search that a specification leaves out, in JSON.
#[pyfunction]
pub fn usual_search() -> PyResult<String> {
    let spec = serde_json::to_string(&SearchSpec::default());
    Ok(spec.map_err(|e| Fault::from(anyhow::Error::from(e)))?)
}

fn run(search: &host::Search, queue: &Queue, evaluator: QueueEvaluator) -> Result<String, Fault> {
    let problem = search.problem()?;
    let mut recorder = Recorder { queue, problem };
    let evaluator: Box<dyn Evaluator> = Box::new(evaluator);
    let evaluator = search.is_embedded().then_some(evaluator);
    let report = search.run(evaluator, &mut recorder, &queue.stop)?;
    Ok(serde_json::to_string(&report).map_err(anyhow::Error::from)?)
}

fn better(query: &Query, best: Option<&Query>) -> bool {
    let before = best.and_then(Query::merit);
    (query.merit()).is_some_and(|merit| before.is_none_or(|before| merit > before))
}

fn predicates(functions: Functions, space: &Space, queue: &Arc<Queue>) -> Vec<Predicate> {
    (functions.into_iter())
        .map(|(name, function)| predicate(name, function, space.clone(), queue.clone()))
        .collect()
}
