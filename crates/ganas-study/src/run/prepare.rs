//! Preparation of a search: everything that its specification names is opened and checked.

use std::path::PathBuf;
use std::slice;
use std::time::Duration;

use ganas_core::constraint::Predicate;
use ganas_core::error::{Error, Result};
use ganas_search::Recipe;
use ganas_train::recipe::MOST_EPOCHS;

use super::plan::Plan;
use super::winner::free_folder;
use crate::capable::check_capable;
use crate::duration;
use crate::history::{COPY, History};
use crate::progress::Progress;
use crate::registry::Registry;
use crate::rundir::check_free;
use crate::rundir::settings::Recorded;
use crate::session::Session;
use crate::spec::{SearchSpec, StudySpec};
use crate::task::{Task, TaskExtras};

/// Queries of a search in a table, a surrogate or a supernet.
const LOOKED_UP: usize = 300;
/// Queries of a search that trains: a minute or two on the digits with two cores.
const TRAINED: usize = 120;
/// Epochs in which the best network for the digits is trained once more.
const DIGITS_EPOCHS: usize = 40;

/// A search that can be run: all that its specification names is opened.
pub struct Prepared {
    /// Task.
    pub task: Task,
    /// Queries to spend.
    pub queries: usize,
    /// Cost to spend.
    pub cost: Option<u64>,
    /// Run folder.
    pub out: Option<PathBuf>,
    /// Evaluations that are known before it.
    pub history: History,
    recipe: Recipe,
    spec: SearchSpec,
    winner_epochs: Option<usize>,
    every: Duration,
    max_failures: usize,
    time_limit: Option<Duration>,
}

/// Parts of a search that only the program has that it is embedded in.
#[derive(Default)]
pub struct Embedding {
    /// Bounds on architectures.
    pub predicates: Vec<Predicate>,
    /// Content of the file that the field `history` names.
    pub history: Option<Vec<u8>>,
}

impl Prepared {
    /// Opens and checks everything that a specification names, of a new run or of one that is resumed.
    ///
    /// # Errors
    /// If some of it cannot be used.
    pub fn new(
        spec: &SearchSpec,
        resumed: Option<&Recorded>,
        embedding: Embedding,
        session: &Session,
    ) -> Result<Prepared> {
        let recipe = checked_recipe(spec, resumed, &session.registry)?;
        let every = check(spec)?;
        if let (Some(folder), None) = (&spec.out, resumed) {
            check_free(folder)?;
        }
        let recorded = resumed.map(Recorded::constraints).unwrap_or_default();
        let extras = TaskExtras {
            predicates: embedding.predicates,
            constraints: &recorded,
            start: resumed.and_then(Recorded::start),
            recipe: resumed.and_then(Recorded::recipe),
        };
        let task = Task::with(&spec.task, extras, spec.seed, session)?;
        check_capable(slice::from_ref(&recipe), &task, &session.registry)?;
        let out = (spec.out.clone()).or_else(|| task.source.folder_stem().map(free_folder));
        if spec.tensorboard && out.is_none() {
            return Err(
                Error::input("there is no folder for TensorBoard's files").mend("add `--out DIR`")
            );
        }
        let usual = if task.source.takes_time() {
            TRAINED
        } else {
            LOOKED_UP
        };
        let cost = check_cost(spec.cost, &task)?;
        // Each query costs at least one unit.
        let usual = spec.cost.unwrap_or(usual);
        let queries = spec.queries.unwrap_or(usual);
        task.check_queries(queries)?;
        let history = match (&spec.history, embedding.history, resumed) {
            (None, ..) => History::default(),
            (Some(_), _, Some(run)) => History::read(&run.out.join(COPY), &task)?,
            (Some(file), Some(bytes), None) => History::of(bytes, file, &task)?,
            (Some(file), None, None) => History::read(file, &task)?,
        };
        let reads = task.table.is_some() || spec.history.is_some();
        spec.task.reading.check_used(reads)?;
        let trained = task.source.trained();
        let is_digits =
            trained.is_some_and(|t| t.training.task.dataset().name() == crate::source::DIGITS);
        let looks_up = task.source.looks_up();
        Ok(Prepared {
            max_failures: if looks_up { 0 } else { spec.max_failures },
            time_limit: time_limit(spec)?,
            winner_epochs: (spec.winner_epochs).or(is_digits.then_some(DIGITS_EPOCHS)),
            task,
            queries,
            cost,
            out,
            history,
            recipe,
            every,
            spec: spec.clone(),
        })
    }

    /// A note if a round has less work than there are workers.
    ///
    /// # Errors
    /// If the settings of the strategy cannot be read, which is an internal fault.
    pub fn idle(&self) -> Result<Option<String>> {
        let Some(workers) = self.task.source.workers() else {
            return Ok(None);
        };
        let queries = self.queries - self.task.reevaluate;
        let known = self.history.known.len();
        let round = self.recipe.round(known, queries, &*self.task.space)?;
        let there = workers.count();
        if self.spec.asynchronous || there <= round {
            return Ok(None);
        }
        Ok(Some(format!(
            "note: a round of `{}` asks for no more than {round}, so {} of the {there} workers stand \
             idle; `--async` keeps all of them at work",
            self.recipe,
            there - round
        )))
    }

    /// Reports the direction of the objective and all notes before the run.
    ///
    /// # Errors
    /// As [`idle`](Self::idle).
    pub fn announce(&self, progress: &Progress) -> Result<()> {
        progress.say(&self.task.announcement);
        self.task.say_notes(progress);
        for note in self.history.notes.iter().chain(&self.idle()?) {
            progress.say(note);
        }
        Ok(())
    }

    /// The plan of the run; `command` is the command line on record, if it was begun by one.
    pub fn plan<'a>(&'a self, resumed: Option<&'a Recorded>, command: &'a [String]) -> Plan<'a> {
        Plan {
            task: &self.task,
            recipe: &self.recipe,
            seed: self.spec.seed,
            queries: self.queries,
            cost: self.cost,
            out: self.out.as_deref(),
            winner_epochs: self.winner_epochs,
            history: &self.history,
            asynchronous: self.spec.asynchronous,
            every: self.every,
            resumed,
            alone: true,
            tensorboard: self.spec.tensorboard,
            max_failures: self.max_failures,
            time_limit: self.time_limit,
            top: self.spec.top,
            spec: StudySpec::Search(Box::new(self.spec.clone())),
            command,
        }
    }
}

/// Reads the strategy of a search with its settings. A resumed run keeps its recorded settings: defaults may
/// have changed since, and earlier versions accepted settings without effect.
fn checked_recipe(
    spec: &SearchSpec,
    resumed: Option<&Recorded>,
    registry: &Registry,
) -> Result<Recipe> {
    let recipe = Recipe::read(registry.strategies(), &spec.strategy)?;
    let recipe = match &spec.preset {
        Some(preset) => recipe.with_preset(preset)?,
        None => recipe,
    };
    let recipe = (spec.set.iter()).try_fold(recipe, |recipe, text| recipe.with_setting(text))?;
    match resumed {
        Some(recorded) => Ok(recipe.with_recorded(recorded.strategy())?),
        None => {
            recipe.check_effects()?;
            Ok(recipe)
        }
    }
}

/// Checks numbers before anything is opened, and gives the least time between two checkpoints.
fn check(spec: &SearchSpec) -> Result<Duration> {
    check_queries(spec.queries)?;
    let epochs = spec.winner_epochs.unwrap_or(1);
    if !(1..=MOST_EPOCHS).contains(&epochs) {
        return Err(
            Error::input(format!("`--winner-epochs {epochs}` is out of range"))
                .mend(format!("give at least 1 and at most {MOST_EPOCHS}")),
        );
    }
    time_limit(spec)?;
    let every = Duration::try_from_secs_f64(spec.checkpoint).map_err(|_| {
        Error::input("`--checkpoint` is not a time").mend("give it in seconds, 0 or more")
    })?;
    Ok(every)
}

/// The time that a search may take.
fn time_limit(spec: &SearchSpec) -> Result<Option<Duration>> {
    let seconds = (spec.time_limit.as_deref())
        .map(duration::parse)
        .transpose()
        .map_err(|what| Error::input(format!("--time-limit: {what}")))?;
    Ok(seconds.map(Duration::from_secs_f64))
}

/// Checks a number of queries.
///
/// # Errors
/// If it is zero.
pub fn check_queries(queries: Option<usize>) -> Result<()> {
    if queries == Some(0) {
        return Err(
            Error::input("there are no queries to spend").mend("give `--queries` at least 1")
        );
    }
    Ok(())
}

/// Checks a cost to spend on a task.
///
/// # Errors
/// If there is no cost axis, or not even one evaluation at its lowest level is within the cost.
pub fn check_cost(cost: Option<usize>, task: &Task) -> Result<Option<u64>> {
    let Some(cost) = cost else { return Ok(None) };
    let Some(axis) = &task.axis else {
        return Err(
            Error::input("without a fidelity, every evaluation costs the same")
                .mend("add `--fidelity NAME=MIN..MAX`, or give `--queries` in place of `--cost`"),
        );
    };
    let (name, low) = (axis.name(), *axis.levels().start() as usize);
    if cost < low {
        return Err(Error::input(format!(
            "a cost of {cost} is below the lowest level of `{name}`, which is {low}"
        ))
        .mend(format!("give `--cost` at least {low}")));
    }
    Ok(Some(cost as u64))
}
