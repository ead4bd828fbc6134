//! One run: a strategy with a seed on a task.

use std::env;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::Result;
use ganas_core::arch::Arch;
use ganas_core::driver::{Limits, Observer, Problem, Search, StopReason};
use ganas_core::error::{Access, Error};
use ganas_core::evaluate::Evaluator;
use ganas_core::far;
use ganas_core::ledger::Query;
use ganas_search::Recipe;

use crate::comparison;
use crate::history::History;
use crate::log::{Log, LogArgs, Reporter};
use crate::outlook;
use crate::progress::{Bar, Progress};
use crate::record::{Improved, Nearest, Provenance, Run, SearchReport, Step};
use crate::rundir::{Before, Care, GoingOn, RunDir};
use crate::settings::{Recorded, Settings};
use crate::source::Source;
use crate::speed::Speed;
use crate::task::Task;
use crate::tensorboard::TensorBoard;
use crate::top;
use crate::track::{Track, rank_at};
use crate::winner;

/// What to run.
pub struct Plan<'a> {
    /// The task.
    pub task: &'a Task,
    /// The strategy.
    pub recipe: &'a Recipe,
    /// The seed of all its random streams.
    pub seed: u64,
    /// The queries to spend.
    pub queries: usize,
    /// The run directory to write.
    pub out: Option<&'a Path>,
    /// Epochs in which the best architecture is trained once more, where architectures are trained
    /// and there is a run directory.
    pub winner_epochs: Option<usize>,
    /// Evaluations that are known before it.
    pub history: &'a History,
    /// Whether the next architectures are asked for before all evaluations of a round have
    /// finished.
    pub asynchronous: bool,
    /// The least time between two checkpoints in the run directory.
    pub every: Duration,
    /// The run of the directory that is resumed.
    pub resumed: Option<&'a Recorded>,
    /// Whether the task was opened for this run alone: then what its start came to counts for it, and
    /// `ga-nas` ends with what the theory makes of it. A benchmark has further seeds, with which the
    /// start may come to something else, and no end that anybody waits for.
    pub alone: bool,
    /// What is said while it goes on.
    pub log: LogArgs,
    /// Whether the run directory gets scalars for TensorBoard.
    pub tensorboard: bool,
    /// Failed evaluations that end it if they are the first; 0 never ends it.
    pub max_failures: usize,
    /// The time that it may take, with what it took before it was resumed.
    pub time_limit: Option<Duration>,
    /// How many of the best architectures the result lists.
    pub top: usize,
    /// The command line that is on record, if it is not that of this process.
    pub command: Option<&'a [String]>,
}

/// A program that the run is embedded in.
pub struct Host<'o> {
    /// What evaluates in the place of the task's own source.
    pub evaluator: Option<Box<dyn Evaluator>>,
    /// What watches the run, beside its directory.
    pub observer: &'o mut dyn Observer,
}

impl Plan<'_> {
    /// Runs it until its end, or until `stop` is set.
    ///
    /// # Errors
    /// If the run directory cannot be written.
    pub fn run(
        &self,
        progress: &Progress,
        bar: &Bar,
        shows: bool,
        stop: &AtomicBool,
    ) -> Result<SearchReport> {
        self.run_in(None, progress, bar, shows, stop)
    }

    /// The same in another program.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_in(
        &self,
        host: Option<Host>,
        progress: &Progress,
        bar: &Bar,
        shows: bool,
        stop: &AtomicBool,
    ) -> Result<SearchReport> {
        let task = self.task;
        let problem = task.problem()?;
        let (evaluator, mut watcher) = match host {
            Some(host) => (host.evaluator, Some(host.observer)),
            None => (None, None),
        };
        let reporter = Reporter::new(self.log, bar);
        let mut evaluator =
            evaluator.unwrap_or_else(|| task.evaluator(self.seed, self.out, &reporter));
        let resumed = self.resumed;
        let slots = self
            .asynchronous
            .then(|| (resumed.and_then(|r| r.asynchronous)).unwrap_or_else(|| evaluator.slots()));
        let mut provenance = self.provenance()?;
        provenance.asynchronous = slots;
        let (mut directory, mut before) = match self.out {
            Some(folder) => {
                let (directory, before) =
                    self.directory(folder, &problem, &provenance, &reporter)?;
                (Some(directory), before)
            }
            None => (None, Before::default()),
        };
        let spent = directory.as_ref().map_or(0.0, RunDir::seconds_before);
        let left = |limit: Duration| limit.saturating_sub(Duration::from_secs_f64(spent));
        let deadline = self.time_limit.map(|limit| Instant::now() + left(limit));
        let evaluated = task.evaluated.as_ref();
        if let Some(finished) = evaluated.filter(|_| self.alone && resumed.is_none()) {
            let (arch, outcome) = finished;
            (directory.as_mut()).map_or(Ok(()), |kept| kept.finished(arch, outcome))?;
            before.finished.push(finished.clone());
        }
        // With noise, what the search sees is not what the table ranks.
        let ranking = (task.ranking.as_ref()).filter(|_| task.deviation().is_none());
        let mut track = Track::new(&task.objective, bar, shows, ranking);
        track.know(&self.history.known, &problem);
        let mut log = Log::new(reporter, &problem, ranking);
        // A table was compared when the history was read.
        if !task.source.looks_up() {
            log.know(&self.history.known);
        }
        log.begin(self.recipe.strategy(), self.seed, self.queries);
        let mut board = (self.out.filter(|_| self.tensorboard))
            .map(|folder| TensorBoard::new(folder, &problem));
        let mut observers: Vec<&mut dyn Observer> = vec![&mut track];
        observers.extend(directory.as_mut().map(|d| d as &mut dyn Observer));
        observers.extend(board.as_mut().map(|b| b as &mut dyn Observer));
        observers.push(&mut log);
        // Last, so that what it knows of is in the journal.
        observers.extend(watcher.as_mut().map(|w| &mut **w as &mut dyn Observer));
        for observer in &mut observers {
            (before.details.iter()).try_for_each(|(arch, d)| observer.details(arch, d))?;
        }
        let limits = Limits {
            queries: self.queries - task.reevaluate,
            start: beginning(&task.start, before.begin),
            target: task.target,
            max_failures: self.max_failures,
            deadline,
        };
        let mut search = Search::new(&problem, &limits)
            .knowing(self.history.known.clone())
            .resuming(before.finished, before.checkpoint);
        if let Some(slots) = slots {
            search = search.asynchronous(slots);
            for change in resumed.map_or(&[][..], |run| &run.changes) {
                search = match change.workers {
                    Some(workers) => search.slots_from(change.after, workers),
                    None => search,
                };
            }
        }
        let speed = match &task.source {
            Source::Training(trained) => Some(Speed::show(&trained.training.task, bar)),
            _ => None,
        };
        let done = search
            .run(
                &mut *evaluator,
                &mut *self.recipe.build(self.seed)?,
                &mut observers,
                stop,
            )
            .map_err(|e| self.kept(e))?;
        drop(evaluator);
        drop(speed);
        let seconds = match &mut directory {
            Some(directory) => directory.ended().map_err(|e| self.kept(e))?,
            None => done.seconds,
        };
        let mut improvements = track.improvements;
        let seen = improvements.last().map(|best| best.value);
        for step in &mut improvements {
            step.value = task.without_noise(&step.arch, step.value);
        }
        let best = improvements.last();
        let broken_off = matches!(done.stop, StopReason::Interrupted | StopReason::Failures);
        let reached = if broken_off || done.stop == StopReason::TimeLimit {
            done.ledger.charged().len()
        } else {
            self.queries
        };
        let space = &task.space;
        let again = if broken_off {
            Vec::new()
        } else {
            done.ledger.top(task.reevaluate)
        };
        bar.advance(again.len());
        let picks = match task.reevaluate {
            0 => best.map(|b| b.arch).into_iter().collect(),
            _ => again.iter().map(|q| q.arch).collect::<Vec<Arch>>(),
        };
        let reported = (picks.into_iter())
            .filter_map(|arch| Some((arch, task.reported(&arch)?)))
            .min_by_key(|(_, (_, rank))| *rank);
        let judged = match (reported, best) {
            (Some((arch, _)), _) => Some(arch),
            (None, best) => best.map(|best| best.arch),
        };
        let measured = match &task.report {
            Some(_) => reported.map(|(_, (value, _))| value),
            None => best.map(|best| best.value),
        };
        let best_row = task.best_row();
        let distance = |value: Option<f64>| Some(value? - best_row.as_ref()?.value);
        let evaluated = done.ledger.charged();
        let run = Run {
            strategy: self.recipe.strategy().into(),
            preset: self.recipe.preset().into(),
            seed: self.seed,
            queries: evaluated.len() + again.len(),
            best: best.map(|b| b.value),
            best_arch: best.map(|b| space.format(&b.arch)),
            best_rank: best.and_then(|b| task.rank_of(b.value)),
            queries_to_best: best.map(|b| b.query),
            queries_to_optimum: best
                .filter(|b| task.rank_of(b.value) == Some(1))
                .map(|b| b.query),
            rank_at: rank_at(&improvements, task.ranking.as_ref(), self.queries, reached),
            seconds,
            stop: done.stop,
            rejected: done.rejected,
            noncompliant: (evaluated.iter())
                .filter(|q| q.failure.is_none() && !q.compliant)
                .count(),
            failed: evaluated.iter().filter(|q| q.failure.is_some()).count(),
            reported: reported.map(|(_, (value, _))| value),
            reported_rank: reported.map(|(_, (_, rank))| rank),
            reported_arch: reported
                .filter(|_| task.reevaluate > 0)
                .map(|(arch, _)| space.format(&arch)),
            measured_distance: distance(measured),
            predicted_distance: distance(judged.and_then(|arch| task.predicted(&arch))),
            reevaluated: (task.reevaluate > 0).then_some(again.len()),
            seen: seen.filter(|_| task.deviation().is_some()),
            steps: Vec::new(),
        };
        let mut report = SearchReport {
            space: space.name().into(),
            objective: task.objective.metric.clone(),
            optimum: task.optimum(),
            best_row,
            run,
            row: None,
            top: Vec::new(),
            trajectory: (improvements.iter())
                .map(|i| Step {
                    query: i.query,
                    best: i.value,
                    arch: space.format(&i.arch),
                    rank: task.rank_of(i.value),
                })
                .collect(),
            improved: improved(&problem, task, done.ledger.queries(), done.ledger.best()),
            nearest: match best {
                Some(_) => None,
                None => nearest(&problem, task, done.ledger.queries()),
            },
            failure: evaluated.iter().find_map(|q| q.failure.clone()),
            winner: None,
            outlook: None,
            provenance,
        };
        if self.alone && !broken_off {
            let best = best.map(|b| b.arch);
            (report.row, report.top) = top::of(task, &problem, &done.ledger, best, self.top);
        }
        let top: Vec<Arch> = done
            .ledger
            .top(winner::FINALISTS)
            .iter()
            .map(|q| q.arch)
            .collect();
        if let (false, Source::Training(trained), Some(folder)) =
            (top.is_empty(), &task.source, self.out)
            && !broken_off
        {
            let recipe = &trained.training.recipe;
            let epochs = self.winner_epochs.unwrap_or(recipe.epochs);
            // A comparison that takes longer than the search is not what anybody waits for.
            let spent = evaluated.len() * recipe.epochs * recipe.repeats;
            let random = if comparison::TRAININGS * epochs <= spent {
                comparison::random(&problem, task.sampler, self.seed)
            } else {
                Vec::new()
            };
            let trained = winner::train(
                trained,
                winner::Candidates {
                    finalists: &top,
                    random: &random,
                },
                self.seed,
                self.winner_epochs,
                folder,
                progress,
                stop,
            );
            match (trained, directory.take()) {
                (Ok(winner), kept) => {
                    // Without one the run is not at its end, however its search ended.
                    if winner.is_none() {
                        report.run.stop = StopReason::Interrupted;
                    }
                    report.winner = winner;
                    directory = kept;
                }
                // What the search found stays, whatever became of the last training.
                (Err(error), kept) => {
                    let error = error.downcast::<Error>().unwrap_or_else(|e| {
                        Error::io(folder, std::io::Error::other(format!("{e:#}")))
                    });
                    // A training that diverged does so again. What could not be written may be later.
                    let is_over = matches!(error, Error::Input(_));
                    if !is_over {
                        report.run.stop = StopReason::Interrupted;
                    }
                    // Its own error would hide the first, and without a result the run goes on, too.
                    let _ = kept.map(|kept| kept.finish(&report));
                    return Err(if is_over {
                        error.into()
                    } else {
                        self.kept(error)
                    });
                }
            }
        }
        let ended = !broken_off && report.run.stop != StopReason::Interrupted;
        let looks_back = self.recipe.strategy() == "ga-nas" && self.alone && ended;
        let finish = |report: &SearchReport| match &directory {
            Some(directory) => directory.finish(report).map_err(|e| self.kept(e)),
            None => Ok(()),
        };
        if looks_back {
            // The outlook can take long. A run that is killed meanwhile has its result, and is resumed.
            let reason = std::mem::replace(&mut report.run.stop, StopReason::Interrupted);
            finish(&report)?;
            report.run.stop = reason;
            let queries = done.ledger.queries();
            let further = evaluated.len();
            report.outlook =
                outlook::record(task, &problem, queries, further, ranking, self.seed, stop);
        }
        finish(&report)?;
        log.end(&report);
        Ok(report)
    }

    /// The folder of the run, and what it holds already.
    fn directory<'s>(
        &'s self,
        folder: &Path,
        problem: &Problem<'s>,
        provenance: &Provenance,
        reporter: &Reporter,
    ) -> Result<(RunDir<'s>, Before)> {
        let started_in = match self.resumed {
            Some(recorded) => recorded.started_in.clone(),
            None => env::current_dir().unwrap_or_default(),
        };
        let settings = Settings {
            provenance,
            started_in: started_in.display().to_string(),
            out: folder.display().to_string(),
        };
        let care = Care {
            every: self.every,
            leisurely: self.task.source.looks_up(),
            reporter: reporter.clone(),
            private: matches!(self.task.source, Source::Workers(_)),
        };
        match self.resumed {
            None => {
                self.history.keep(folder)?;
                let directory = RunDir::create(folder, problem, &settings, care)?;
                Ok((directory, Before::default()))
            }
            Some(recorded) => {
                let going_on = GoingOn {
                    anew: self.queries != recorded.queries,
                    retry_failed: recorded.retries_failed,
                };
                RunDir::open(folder, problem, &settings, care, going_on)
            }
        }
    }

    /// An error that broke the run off, and what to do about it.
    fn kept(&self, error: Error) -> anyhow::Error {
        let Some(folder) = self.out else {
            return error.into();
        };
        let goes_on = match self.alone {
            true => format!("`ganas resume {}` goes on", folder.display()),
            false => "the same command goes on".to_owned(),
        };
        match error {
            error @ Error::Io {
                access: Access::Read | Access::Write,
                ..
            } => {
                anyhow::anyhow!("{error}; what was evaluated is kept, and {goes_on}")
            }
            other => other.mend(format!("mend it, and {goes_on}")).into(),
        }
    }

    fn provenance(&self) -> Result<Provenance> {
        let mut provenance = Provenance::new(
            self.task,
            std::slice::from_ref(self.recipe),
            self.queries,
            vec![self.seed],
        );
        provenance.history = self.history.record();
        if let Some(command) = self.command {
            provenance.command = command.to_vec();
        }
        if let Some(recorded) = self.resumed {
            recorded.check(&provenance)?;
            provenance.devices = recorded.devices(provenance.devices)?;
            provenance.ganas = recorded.ganas.clone();
            provenance.command = recorded.command.clone();
            provenance.changes = recorded.changes.clone();
        }
        Ok(provenance)
    }
}

/// What a search evaluates first: its starting points, then what it had before some of it is evaluated
/// again.
fn beginning(start: &[Arch], before: Vec<Arch>) -> Vec<Arch> {
    let mut first = start.to_vec();
    first.extend(before.into_iter().filter(|arch| !start.contains(arch)));
    first
}

/// What became of each starting point.
fn improved(
    problem: &Problem,
    task: &Task,
    queries: &[Query],
    best: Option<&Query>,
) -> Vec<Improved> {
    let Some(best) = best else {
        return Vec::new();
    };
    let value = |q: &Query| q.value().map(|score| task.objective.turn(score));
    (task.start.iter())
        .filter_map(|arch| queries.iter().find(|q| q.round == 0 && q.arch == *arch))
        .map(|start| Improved {
            start: task.space.format(&start.arch),
            value: value(start),
            rank: value(start).and_then(|v| task.rank_of(v)),
            change: value(best).zip(value(start)).map(|(to, from)| to - from),
            metrics: (task.constraints.iter())
                .filter_map(|c| problem.metrics().iter().position(|m| *m == c.metric))
                .map(|i| {
                    let of = |q: &Query| q.metrics.get(i).copied().filter(|v| !v.is_nan());
                    (problem.metrics()[i].clone(), [of(start), of(best)])
                })
                .collect(),
        })
        .collect()
}

/// The evaluated architecture that is nearest to complying.
fn nearest(problem: &Problem, task: &Task, queries: &[Query]) -> Option<Nearest> {
    let beyond = |q: &Query| problem.excess(&q.arch, Some(&q.metrics));
    let measured = queries.iter().filter(|q| q.value().is_some());
    let nearest = measured.min_by(|a, b| beyond(a).total_cmp(&beyond(b)))?;
    Some(Nearest {
        arch: task.space.format(&nearest.arch),
        breaches: (problem
            .breaches(&nearest.arch, Some(&nearest.metrics))
            .iter())
        .map(|(constraint, value)| far(constraint, *value))
        .collect(),
    })
}
