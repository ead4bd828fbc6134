//! Searches in another program, such as Python, which evaluates or watches.

use std::env;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ganas_core::driver::{Observer, Problem};
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::Evaluator;
use ganas_core::journal::Finished;
use ganas_core::space::SearchSpace;

use crate::bench::PreparedBench;
use crate::record::{BenchReport, SearchReport};
use crate::run::resume::{self, Legacy};
use crate::run::{Embedding, Hooks, Prepared};
use crate::rundir::settings::Recorded;
use crate::session::Session;
use crate::spec::{BenchSpec, Change, SearchSpec, TaskSpec};
use crate::task::SPACE;
use crate::threads;

/// A search that was opened and can be run once.
pub struct Search {
    prepared: Prepared,
    session: Session,
    spec: SearchSpec,
    resumed: Option<Recorded>,
}

impl Search {
    /// Opens the search of a specification. If its field `caller` is set, its evaluations come from this
    /// program.
    ///
    /// # Errors
    /// If some of it cannot be used.
    pub fn open(spec: SearchSpec, embedding: Embedding, session: Session) -> Result<Search> {
        threads::start()?;
        Search::new(spec, None, embedding, session)
    }

    /// Opens the search of a run folder, with a total number of queries. It continues as if it had never
    /// ended. Failed evaluations are repeated if `retry_failed` is set. The function makes the bounds that
    /// files cannot hold. Its arguments are the name of the space and the task.
    ///
    /// # Errors
    /// If the folder holds no run, or a file that it needs was changed.
    pub fn resume(
        folder: &Path,
        queries: Option<usize>,
        retry_failed: bool,
        embedding: impl FnOnce(&str, &TaskSpec) -> Embedding,
        session: Session,
        legacy: Legacy,
    ) -> Result<Search> {
        threads::start()?;
        let (mut recorded, spec) = resume::open(folder, queries, None, &Change::default(), legacy)?;
        recorded.retries_failed = retry_failed;
        let there = env::current_dir().is_ok_and(|here| here == recorded.started_in);
        if !there && spec.task.caller.is_none() {
            return Err(Error::input(format!(
                "the run was begun in {}, and names its files from there",
                recorded.started_in.display()
            ))
            .mend("change to that folder first"));
        }
        let name = spec.task.space.as_deref().unwrap_or(SPACE);
        let embedding = embedding(name, &spec.task);
        Search::new(spec, Some(recorded), embedding, session)
    }

    fn new(
        spec: SearchSpec,
        resumed: Option<Recorded>,
        embedding: Embedding,
        session: Session,
    ) -> Result<Search> {
        Ok(Search {
            prepared: Prepared::new(&spec, resumed.as_ref(), embedding, &session)?,
            session,
            spec,
            resumed,
        })
    }

    /// Returns the specification.
    pub fn spec(&self) -> &SearchSpec {
        &self.spec
    }

    /// The search space.
    pub fn space(&self) -> &Arc<dyn SearchSpace> {
        &self.prepared.task.space
    }

    /// Number of metrics, from the objective on, that the search cannot do without.
    pub fn needed(&self) -> usize {
        let caller = self.prepared.task.source.caller();
        caller.map_or(0, |caller| caller.needed)
    }

    /// The problem.
    ///
    /// # Errors
    /// None that opening it would not have met.
    pub fn problem(&self) -> Result<Problem<'_>> {
        self.prepared.task.problem()
    }

    /// The queries that it may spend.
    pub fn queries(&self) -> usize {
        self.prepared.queries
    }

    /// Evaluations that are known before it.
    pub fn known(&self) -> &[Finished] {
        &self.prepared.history.known
    }

    /// Notes before it is run, such as rows of a table that are left out.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.prepared.task.notes.iter();
        notes.chain(&self.prepared.history.notes).cloned().collect()
    }

    /// Number of evaluations that are under way at once, if rounds overlap.
    pub fn slots(&self) -> usize {
        self.spec.task.workers.unwrap_or(1)
    }

    /// Returns true if its evaluations come from this program.
    pub fn is_embedded(&self) -> bool {
        self.prepared.task.source.caller().is_some()
    }

    /// Runs it until its end, or until `stop` is set. Without an evaluator it evaluates by the source of
    /// its task.
    ///
    /// # Errors
    /// If the run folder cannot be written, or the evaluator gives up.
    pub fn run(
        &self,
        evaluator: Option<Box<dyn Evaluator>>,
        observer: &mut dyn Observer,
        stop: &AtomicBool,
    ) -> Result<SearchReport> {
        let progress = &self.session.progress;
        let bar = progress.search(self.prepared.queries);
        let hooks = Hooks {
            evaluator,
            observer,
        };
        let plan = self.prepared.plan(self.resumed.as_ref(), &[]);
        plan.run(Some(hooks), progress, &bar, stop)
    }
}

/// Runs a benchmark: the record of those runs that ended before `stop` was set.
///
/// # Errors
/// If some of it cannot be used.
pub fn bench(spec: &BenchSpec, session: &Session, stop: &AtomicBool) -> Result<BenchReport> {
    threads::start()?;
    let prepared = PreparedBench::new(spec, session)?;
    let (report, _) = prepared.run(&[], &session.progress, stop)?;
    Ok(report)
}
