//! A search that is asked and told.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use ganas_cli::embed;
use ganas_core::arch;
use ganas_core::constraint::Predicate;
use ganas_core::evaluate::{Evaluator, Outcome};
use ganas_core::ledger::Query;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arch::Arch;
use crate::desk::{Counter, Desk, Ending, Log, State};
use crate::fault::{Fault, refuse};
use crate::predicate::predicate;
use crate::space::{Origin, Space};

/// Constraints that are functions, by name.
type Functions = Vec<(String, Py<PyAny>)>;

/// An architecture, its objective and its metrics by name.
type Found<'py> = (Arch, f64, Bound<'py, PyDict>);

/// A search by the words of a command line; `ganas.Search` is made of it, and says what it does.
#[pyclass(frozen, module = "ganas._ganas")]
pub struct Search {
    search: Arc<embed::Search>,
    space: Space,
    desk: Arc<Desk>,
    /// What is asked of who evaluates; the objective first.
    measured: Vec<String>,
    /// How many of these the search cannot do without.
    needed: usize,
    /// Whether all of those were told at once.
    complete: AtomicBool,
    /// All metrics of a query.
    metrics: Vec<String>,
    objective: String,
    minimize: bool,
    /// The best of what was known before.
    known: Option<Query>,
    thread: Mutex<Thread>,
}

enum Thread {
    Idle,
    Running(JoinHandle<()>),
    Joined,
}

impl Search {
    fn new(search: embed::Search, space: Space, desk: Arc<Desk>) -> PyResult<Self> {
        let (measured, metrics, objective, known) = {
            let problem = search.problem().map_err(Fault::from)?;
            let mut known: Option<Query> = None;
            for (arch, outcome) in search.known() {
                let query = problem.query(*arch, 0, outcome.clone());
                if better(&query, known.as_ref()) {
                    known = Some(query);
                }
            }
            let (measured, metrics) = (problem.measured().to_vec(), problem.metrics().to_vec());
            (measured, metrics, problem.objective().clone(), known)
        };
        Ok(Search {
            needed: search.needed(),
            complete: AtomicBool::new(false),
            search: Arc::new(search),
            space,
            desk,
            measured,
            metrics,
            objective: objective.metric,
            minimize: objective.minimize,
            known,
            thread: Mutex::new(Thread::Idle),
        })
    }

    /// Starts the search, if it has not been.
    fn start(&self) {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let Thread::Idle = *thread else {
            return;
        };
        let (search, desk) = (self.search.clone(), self.desk.clone());
        let counter = Counter {
            desk: desk.clone(),
            metrics: self.measured.clone(),
            slots: search.slots(),
        };
        *thread = Thread::Running(thread::spawn(move || {
            let ending = Ending(desk);
            let how = run(&search, &ending.0, counter);
            // The journal is closed by now, and whoever waits may open it again.
            drop(search);
            ending.0.end(how);
        }));
    }

    fn check_embedded(&self) -> PyResult<()> {
        match self.search.is_embedded() {
            true => Ok(()),
            false => Err(refuse(
                "this search evaluates by itself; call `run`, or leave out `table` and `surrogate`",
            )),
        }
    }

    /// Waits until nothing changes until something is told.
    fn settle(&self, py: Python<'_>) -> PyResult<()> {
        self.desk.wait(py, State::settled)?;
        self.check_fault(py)
    }

    /// What broke the search off, if anything did.
    fn check_fault(&self, py: Python<'_>) -> PyResult<()> {
        self.desk.raised(py)?;
        match &self.desk.state().end {
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
            // A panic has been made an error by `Ending`.
            let _ = py.detach(|| handle.join());
        }
    }

    /// Takes an architecture from the desk that something is told about.
    fn take(&self, arch: &Bound<'_, PyAny>) -> PyResult<arch::Arch> {
        self.check_embedded()?;
        let arch = self.space.read(arch)?;
        let mut state = self.desk.state();
        if state.end.is_some() {
            return Err(refuse("the search is over, and takes nothing more"));
        }
        if state.out.remove(&arch) {
            return Ok(arch);
        }
        if let Some(i) = state.offered.iter().position(|offered| *offered == arch) {
            state.offered.remove(i);
            return Ok(arch);
        }
        let mut told = state.charged.iter().chain(&state.fresh);
        let what = match told.any(|query| query.arch == arch) {
            true => "was told already",
            false => "was not asked for; `history` is for what is known beforehand",
        };
        let text = self.space.0.space.format(&arch);
        Err(refuse(format!("`{text}` {what}")))
    }

    /// What is told about an architecture: its metrics by name, or its objective.
    fn outcome(&self, metrics: &Bound<'_, PyAny>) -> PyResult<Outcome> {
        let number = |name: &String, value: Bound<'_, PyAny>| {
            value.extract::<f64>().map_err(|_| {
                let repr = value.repr().map(|r| r.to_string()).unwrap_or_default();
                format!("`{name}` is no number but {repr}")
            })
        };
        let Ok(metrics) = metrics.cast::<PyDict>() else {
            let Ok(value) = metrics.extract::<f64>() else {
                return Err(PyTypeError::new_err(format!(
                    "an evaluation yields a number or a dict of them, and this is {}",
                    metrics.repr()?
                )));
            };
            self.check_told(|name| *name == self.measured[0], "the objective")?;
            let rest = self.measured[1..].iter().map(|_| f64::NAN);
            return Ok(Outcome::Done([value].into_iter().chain(rest).collect()));
        };
        let there = metrics.keys().repr()?.to_string();
        self.check_told(|name| metrics.contains(name).unwrap_or(false), &there)?;
        let mut values = Vec::with_capacity(self.measured.len());
        for (i, name) in self.measured.iter().enumerate() {
            match metrics.get_item(name)? {
                Some(value) => match number(name, value) {
                    Ok(value) => values.push(value),
                    Err(why) => return Ok(Outcome::Failed(why)),
                },
                None if i > 0 => values.push(f64::NAN),
                None => {
                    let why = format!("no `{name}` came back, only {there}");
                    return Ok(Outcome::Failed(why));
                }
            }
        }
        Ok(Outcome::Done(values))
    }

    /// Refuses the first that is told where it lacks what the search cannot do without: by all
    /// appearances, so would the rest.
    fn check_told(&self, tells: impl Fn(&String) -> bool, there: &str) -> PyResult<()> {
        if self.complete.load(Ordering::Relaxed) {
            return Ok(());
        }
        let Some(name) = self.measured[..self.needed]
            .iter()
            .find(|name| !tells(name))
        else {
            self.complete.store(true, Ordering::Relaxed);
            return Ok(());
        };
        let place = match *name == self.measured[0] {
            true => "as the objective",
            false => "in the constraint",
        };
        Err(refuse(format!(
            "no `{name}` came back, only {there}; tell it, or name what there is {place}"
        )))
    }

    /// The metrics of a query by name, the objective first; NaN where there are none.
    fn by_name<'a>(&'a self, query: &'a Query) -> impl Iterator<Item = (&'a str, f64)> {
        let value = |i: usize| query.metrics.get(i).copied().unwrap_or(f64::NAN);
        let mut order: Vec<usize> = (0..self.metrics.len()).collect();
        order.sort_by_key(|&i| self.metrics[i] != self.objective);
        order
            .into_iter()
            .map(move |i| (&*self.metrics[i], value(i)))
    }
}

#[pymethods]
impl Search {
    #[new]
    fn open(
        words: Vec<String>,
        space: &Bound<'_, Space>,
        functions: Functions,
        history: Option<Vec<u8>>,
        py: Python<'_>,
    ) -> PyResult<Self> {
        let space = space.get().clone();
        let desk = Arc::new(Desk::default());
        let predicates = predicates(functions, &space, &desk);
        let opened = py.detach(|| embed::Search::open(&words, predicates, history));
        desk.raised(py)?;
        Search::new(opened.map_err(Fault::from)?, space, desk)
    }

    #[staticmethod]
    fn resume(
        folder: PathBuf,
        queries: Option<usize>,
        functions: Functions,
        py: Python<'_>,
    ) -> PyResult<Self> {
        let desk = Arc::new(Desk::default());
        let mut found = None;
        let opened = py.detach(|| {
            embed::Search::resume(&folder, queries, |name, merge_isomorphic| {
                let space = Space(Origin::open(name, merge_isomorphic).ok()?);
                found = Some(space.clone());
                Some(predicates(functions, &space, &desk))
            })
        });
        desk.raised(py)?;
        let search = opened.map_err(Fault::from)?;
        let space = found.ok_or_else(|| refuse("the run names no search space"))?;
        let search = Search::new(search, space, desk)?;
        if search.search.is_embedded() {
            search.start();
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
        &self.objective
    }

    #[getter]
    fn minimize(&self) -> bool {
        self.minimize
    }

    #[getter]
    fn queries(&self) -> usize {
        self.search.queries()
    }

    #[getter]
    fn words(&self) -> Vec<String> {
        self.search.words().to_vec()
    }

    #[getter]
    fn begun(&self) -> bool {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(*thread, Thread::Idle)
    }

    fn ask(&self, n: usize, py: Python<'_>) -> PyResult<Vec<Arch>> {
        self.check_embedded()?;
        self.start();
        (self.desk).wait(py, |s| s.settled() || s.offered.len() >= n)?;
        self.check_fault(py)?;
        let mut state = self.desk.state();
        let n = n.min(state.offered.len());
        let asked: Vec<arch::Arch> = state.offered.drain(..n).collect();
        state.out.extend(&asked);
        Ok(asked.into_iter().map(|arch| self.space.own(arch)).collect())
    }

    fn tell(
        &self,
        arch: &Bound<'_, PyAny>,
        metrics: &Bound<'_, PyAny>,
        py: Python<'_>,
    ) -> PyResult<()> {
        let outcome = self.outcome(metrics)?;
        let arch = self.take(arch)?;
        self.desk.tell(py, arch, outcome)?;
        self.check_fault(py)
    }

    fn tell_failure(
        &self,
        arch: &Bound<'_, PyAny>,
        reason: String,
        py: Python<'_>,
    ) -> PyResult<()> {
        let arch = self.take(arch)?;
        self.desk.tell(py, arch, Outcome::Failed(reason))?;
        self.check_fault(py)
    }

    fn put_back(&self, arch: &Bound<'_, PyAny>) -> PyResult<()> {
        let arch = self.space.read(arch)?;
        let mut state = self.desk.state();
        if state.out.remove(&arch) {
            state.offered.push_front(arch);
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
        self.start();
        if let Err(interrupted) = self.desk.wait(py, |s| s.end.is_some()) {
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
        Ok(self.desk.state().end.is_some())
    }

    fn best<'py>(&self, py: Python<'py>) -> PyResult<Option<Found<'py>>> {
        let state = self.desk.state();
        let mut best = self.known.as_ref();
        for query in state.charged.iter().chain(&state.fresh) {
            if better(query, best) {
                best = Some(query);
            }
        }
        let Some(best) = best else {
            return Ok(None);
        };
        let metrics = PyDict::new(py);
        for (name, value) in self.by_name(best) {
            metrics.set_item(name, value)?;
        }
        let sign = if self.minimize { -1.0 } else { 1.0 };
        let value = sign * best.score.unwrap_or(f64::NAN);
        Ok(Some((self.space.own(best.arch), value, metrics)))
    }

    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let state = self.desk.state();
        let charged = (state.charged.iter().enumerate()).map(|(i, query)| (Some(i + 1), query));
        (charged.chain(state.fresh.iter().map(|query| (None, query))))
            .map(|(number, query)| {
                let row = PyDict::new(py);
                row.set_item("query", number)?;
                row.set_item("round", number.map(|_| query.round))?;
                row.set_item("arch", self.space.0.space.format(&query.arch))?;
                for (name, value) in self.by_name(query) {
                    row.set_item(name, value)?;
                }
                row.set_item("compliant", query.compliant)?;
                row.set_item("failure", &query.failure)?;
                Ok(row)
            })
            .collect()
    }

    fn result(&self) -> Option<String> {
        match &self.desk.state().end {
            Some(Ok(result)) => Some(result.clone()),
            _ => None,
        }
    }

    fn close(&self, py: Python<'_>) {
        self.desk.halt();
        self.join(py);
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.desk.halt();
    }
}

fn run(search: &embed::Search, desk: &Desk, counter: Counter) -> Result<String, Fault> {
    let problem = search.problem()?;
    let mut log = Log { desk, problem };
    let counter: Box<dyn Evaluator> = Box::new(counter);
    let counter = search.is_embedded().then_some(counter);
    Ok(search.run(counter, &mut log, &desk.stop)?)
}

fn better(query: &Query, best: Option<&Query>) -> bool {
    let before = best.and_then(Query::merit);
    (query.merit()).is_some_and(|merit| before.is_none_or(|before| merit > before))
}

fn predicates(functions: Functions, space: &Space, desk: &Arc<Desk>) -> Vec<Predicate> {
    (functions.into_iter())
        .map(|(name, function)| predicate(name, function, space.clone(), desk.clone()))
        .collect()
}
