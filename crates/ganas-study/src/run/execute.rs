//! The search itself: evaluator, run folder and observers put together.

use std::env;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use ganas_core::arch::Arch;
use ganas_core::driver::{Limits, Observer, Problem, Run, Search};
use ganas_core::error::{Access, Error, Result};
use ganas_core::journal::Finished;
use ganas_core::trial::Trial;
use ganas_search::curves::EarlyStop;

use super::log::Log;
use super::plan::{Hooks, Plan};
use super::speed::Speed;
use super::track::{Improvement, Track};
use crate::progress::{Bar, Progress, Remarks};
use crate::record::{Provenance, SearchReport};
use crate::rundir::settings::Settings;
use crate::rundir::tensorboard::TensorBoard;
use crate::rundir::{Restored, ResumeOptions, RunFolder, WriteOptions};
use crate::spec::StudySpec;

/// A search that has ended, before its record is made.
pub(super) struct Executed<'s> {
    /// Result of the driver.
    pub run: Run,
    /// Improvements in order, as the search saw them.
    pub improvements: Vec<Improvement>,
    /// Seconds of wall time, with those before it was resumed.
    pub seconds: f64,
    /// Record of how it was made.
    pub provenance: Provenance,
    /// Folder of the run.
    pub directory: Option<RunFolder<'s>>,
    /// Reports the end.
    pub log: Log<'s>,
}

impl Plan<'_> {
    /// Runs it until its end, or until `stop` is set. A program that it is embedded in can evaluate, and
    /// watch it.
    ///
    /// # Errors
    /// If the run folder cannot be written, or the evaluator or the strategy gives up.
    pub fn run(
        &self,
        hooks: Option<Hooks>,
        progress: &Progress,
        bar: &Bar,
        stop: &AtomicBool,
    ) -> Result<SearchReport> {
        let problem = self.task.problem()?;
        let executed = self.execute(hooks, &problem, bar, stop)?;
        let report = self.summarise(&problem, &executed, bar);
        self.finish(executed, report, &problem, progress, stop)
    }

    /// Runs the search.
    fn execute<'s>(
        &'s self,
        hooks: Option<Hooks>,
        problem: &'s Problem<'s>,
        bar: &Bar,
        stop: &AtomicBool,
    ) -> Result<Executed<'s>> {
        let task = self.task;
        let (evaluator, mut watcher) = match hooks {
            Some(hooks) => (hooks.evaluator, Some(hooks.observer)),
            None => (None, None),
        };
        let remarks = bar.remarks();
        let mut evaluator = match evaluator {
            Some(evaluator) => evaluator,
            None => task.evaluator(self.seed, self.out, &remarks)?,
        };
        let slots = (self.asynchronous).then(|| {
            let recorded = self.resumed.and_then(|run| run.asynchronous);
            recorded.unwrap_or_else(|| evaluator.slots())
        });
        let mut provenance = self.provenance()?;
        provenance.asynchronous = slots;
        let (mut directory, restored) = self.open(problem, &provenance, &remarks)?;
        let mut track = Track::new(task, bar, self.alone);
        track.know(&self.history.known, problem);
        let mut log = Log::new(remarks, problem, task);
        // A table was compared when the history was read.
        if !task.source.looks_up() {
            log.know(&self.history.known);
        }
        log.begin(self.recipe.strategy(), self.seed, self.queries);
        let mut board =
            (self.out.filter(|_| self.tensorboard)).map(|folder| TensorBoard::new(folder, problem));
        let spent = directory.as_ref().map_or(0.0, RunFolder::seconds_before);
        let limits = self.limits(&restored, spent);
        let mut observers: Vec<&mut dyn Observer> = vec![&mut track];
        observers.extend(directory.as_mut().map(|d| d as &mut dyn Observer));
        observers.extend(board.as_mut().map(|b| b as &mut dyn Observer));
        observers.push(&mut log);
        // Last, so that what it knows of is in the journal.
        observers.extend(watcher.as_mut().map(|w| &mut **w as &mut dyn Observer));
        for observer in &mut observers {
            (restored.details.iter()).try_for_each(|(trial, d)| observer.details(trial, d))?;
        }
        let stopper = task.stop_early.map(EarlyStop::new);
        let search = self.search(problem, &limits, restored, slots);
        let search = match &stopper {
            Some(stopper) => search.stopping_early(stopper),
            None => search,
        };
        let speed = (task.source.trained()).map(|t| Speed::show(&t.training.task, bar));
        let mut strategy = self.recipe.build(self.seed)?;
        let run = search
            .run(&mut *evaluator, &mut *strategy, &mut observers, stop)
            .map_err(|e| self.kept(e))?;
        drop((observers, evaluator, speed));
        let seconds = match &mut directory {
            Some(directory) => directory.ended().map_err(|e| self.kept(e))?,
            None => run.seconds,
        };
        Ok(Executed {
            run,
            improvements: track.improvements,
            seconds,
            provenance,
            directory,
            log,
        })
    }

    /// The search for the driver.
    fn search<'p>(
        &self,
        problem: &'p Problem<'p>,
        limits: &'p Limits,
        restored: Restored,
        slots: Option<usize>,
    ) -> Search<'p> {
        let mut search = Search::new(problem, limits)
            .knowing(self.history.known.clone())
            .resuming(restored.finished, restored.checkpoint)
            .naming(self.recipe.to_string());
        if let Some(slots) = slots {
            search = search.asynchronous(slots);
            for change in self.resumed.map_or(&[][..], |run| &run.changes) {
                search = match change.workers {
                    Some(workers) => search.slots_from(change.after, workers),
                    None => search,
                };
            }
        }
        search
    }

    /// The limits of a search that took some seconds before it was resumed.
    fn limits(&self, restored: &Restored, spent: f64) -> Limits {
        let left = |limit: Duration| limit.saturating_sub(Duration::from_secs_f64(spent));
        Limits {
            queries: self.queries - self.task.reevaluate,
            cost: self.cost,
            start: beginning(&self.task.start, &restored.begin),
            target: self.task.target,
            max_failures: self.max_failures,
            deadline: self.time_limit.map(|limit| Instant::now() + left(limit)),
        }
    }

    /// The folder of the run, if it has one, and what it begins with.
    fn open<'s>(
        &'s self,
        problem: &Problem<'s>,
        provenance: &Provenance,
        remarks: &Remarks,
    ) -> Result<(Option<RunFolder<'s>>, Restored)> {
        let (mut directory, mut restored) = match self.out {
            Some(folder) => {
                let (directory, restored) = self.directory(folder, problem, provenance, remarks)?;
                (Some(directory), restored)
            }
            None => (None, Restored::default()),
        };
        let evaluated = self.task.evaluated.as_ref();
        if let Some(finished) = evaluated.filter(|_| self.alone && self.resumed.is_none()) {
            let Finished { trial, outcome, .. } = finished;
            (directory.as_mut()).map_or(Ok(()), |kept| kept.finished(trial, outcome))?;
            restored.finished.push(finished.clone());
        }
        Ok((directory, restored))
    }

    /// The folder of the run, and what it holds already.
    fn directory<'s>(
        &'s self,
        folder: &Path,
        problem: &Problem<'s>,
        provenance: &Provenance,
        remarks: &Remarks,
    ) -> Result<(RunFolder<'s>, Restored)> {
        let started_in = match self.resumed {
            Some(recorded) => recorded.started_in.clone(),
            None => env::current_dir().unwrap_or_default(),
        };
        let settings = Settings {
            provenance,
            started_in: started_in.display().to_string(),
            out: folder.display().to_string(),
            benchmark: !self.alone,
        };
        let options = WriteOptions {
            every: self.every,
            repeatable: self.task.source.looks_up(),
            remarks: remarks.clone(),
            private: self.task.source.workers().is_some(),
        };
        match self.resumed {
            None => {
                self.history.keep(folder)?;
                let directory = RunFolder::create(folder, problem, &settings, options)?;
                Ok((directory, Restored::default()))
            }
            Some(recorded) => {
                let resume = ResumeOptions {
                    replay: self.queries != recorded.queries,
                    retry_failed: recorded.retries_failed,
                };
                RunFolder::open(folder, problem, &settings, options, resume)
            }
        }
    }

    /// Adds to an error that stopped the run how to continue it.
    pub(super) fn kept(&self, error: Error) -> Error {
        let Some(folder) = self.out else {
            return error;
        };
        let continues = if self.alone {
            format!("`ganas resume {}` continues", folder.display())
        } else {
            "the same command continues".to_owned()
        };
        match error {
            error @ Error::Io {
                access: Access::Removed,
                ..
            } => error,
            error @ Error::Io {
                access: Access::Moved,
                ..
            } => error.note("`ganas resume` continues from there"),
            error => error
                .mend(format!("mend it, and {continues}"))
                .note(format!("what was evaluated is kept, and {continues}")),
        }
    }

    fn provenance(&self) -> Result<Provenance> {
        let recipes = std::slice::from_ref(self.recipe);
        let mut provenance = self.task.provenance(recipes, self.queries, vec![self.seed]);
        provenance.cost = self.cost;
        provenance.spec = Some(self.spec.clone());
        provenance.command = self.command.to_vec();
        provenance.history = self.history.record();
        if let Some(recorded) = self.resumed {
            recorded.check(&provenance)?;
            provenance.devices = recorded.devices(provenance.devices)?;
            provenance.ganas = recorded.ganas.clone();
            provenance.command = recorded.command.clone();
            provenance.spec = recorded.spec_of(self.queries).or(provenance.spec);
            if let (Some(StudySpec::Search(spec)), Some(cost)) = (&mut provenance.spec, self.cost) {
                spec.cost = Some(cost as usize);
            }
            provenance.changes = recorded.changes.clone();
        }
        Ok(provenance)
    }
}

/// Returns the first trials of a search: its starting points, then the earlier trials if some are evaluated
/// again.
fn beginning(start: &[Arch], before: &[Trial]) -> Vec<Trial> {
    let mut first = Trial::full(start.iter().copied());
    for trial in before {
        if !first.contains(trial) {
            first.push(*trial);
        }
    }
    first
}
