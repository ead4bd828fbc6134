//! Tasks: the space loaded, the source of evaluations opened, all of it checked.

mod checks;
pub mod front;
mod record;
pub mod reference;
mod rows;
mod start;
mod unsatisfiable;

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use ganas_core::Pool;
use ganas_core::arch::Arch;
use ganas_core::constraint::{Condition, Constraint, Predicate};
use ganas_core::driver::{Objective, Problem, find};
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::{Evaluator, Noisy};
use ganas_core::journal::Finished;
use ganas_core::problem::{Objectives, Scale};
use ganas_core::read_regular;
use ganas_core::space::{CostTable, Costed, Sampler, SearchSpace};
use ganas_core::trial::{Axis, Fidelity};
use ganas_tables::{Embedded, Ranking, Table, name_at};
use ganas_train::Recipe;
use xxhash_rust::xxh3::xxh3_64;

use crate::direction::{ObjectiveSpec, announcement};
use crate::fidelity;
use crate::pretrain::{self, Opened};
use crate::prior::{Priors, Searched};
use crate::progress::{Progress, Remarks};
use crate::record::BestRow;
use crate::session::Session;
use crate::source::{self, Source};
use crate::spec::{ReadingSpec, TaskSpec};
use front::FrontMeasure;
use reference::{References, measure};
use rows::{agreeing, bounds_in, check_numeric, metrics_of, pool, replaced};
use start::Starts;
use unsatisfiable::unsatisfiable;

/// The space that is searched when none is named and networks are trained.
pub const SPACE: &str = "nasbench201";

/// Fewer images than these order architectures by accuracy only roughly.
const FEW_IMAGES: usize = 2000;

/// Hint for a search by a supernet's accuracy.
const LOSS_HINT: &str = "hint: a supernet's loss orders architectures better than its accuracy; \
                         search with `--objective loss`";

/// A search task, checked as far as it can be before anything runs.
pub struct Task {
    /// The search space.
    pub space: Arc<dyn SearchSpace>,
    /// Name of the space as it was given.
    pub space_argument: String,
    /// Source of evaluations.
    pub source: Box<dyn Source>,
    /// Notes for the user before a run.
    pub notes: Vec<String>,
    /// Options by which its table and histories are read.
    pub reading: ReadingSpec,
    /// The table, if there is one: it evaluates, or others are judged by it.
    pub table: Option<Arc<Table>>,
    /// First objective of the search, the only one of most.
    pub objective: Objective,
    /// Cost axis, if there are several fidelities.
    pub axis: Option<Axis>,
    /// All objectives.
    pub objectives: Objectives,
    /// Measure of fronts, if there are several objectives.
    pub front: Option<FrontMeasure>,
    /// The most probability with which an early stop is wrong, if trainings are stopped early.
    pub stop_early: Option<f64>,
    /// Line about the directions of the objectives.
    pub announcement: String,
    /// The bounds.
    pub constraints: Vec<Constraint>,
    /// Conditions that declare an evaluation failed.
    pub failing: Vec<Constraint>,
    /// Digest of the table of costs, if there is one.
    cost_table: Option<String>,
    /// Further bounds, as functions of the architecture.
    pub predicates: Vec<Predicate>,
    /// Priors of the search.
    pub priors: Priors,
    /// Networks that were trained before the search.
    pretrained: Option<Opened>,
    /// Architectures that are evaluated first.
    pub start: Vec<Arch>,
    /// The value of the objective that ends a search.
    pub target: Option<f64>,
    /// Evaluation of the first of them, if a bound needed it.
    pub evaluated: Option<Finished>,
    /// Bounded columns of the table that the space knows just so.
    agreeing: Vec<String>,
    /// Architectures that can be evaluated, if they are only a part of the space.
    pool: Option<Arc<Pool>>,
    /// Distribution of random architectures.
    pub sampler: Sampler,
    /// True if isomorphic strings count as one architecture.
    pub merge_isomorphic: bool,
    /// The order of the table's compliant architectures by the objective, where the table has it.
    pub ranking: Option<Ranking>,
    /// The column that is reported beside it.
    pub report: Option<Report>,
    /// Number of the best architectures that are evaluated again in that column.
    pub reevaluate: usize,
    /// The noise on the objective.
    noise: Option<Noise>,
}

/// Noise on a column of a table.
struct Noise {
    table: Arc<Table>,
    /// Index among the metrics of the source.
    metric: usize,
    column: usize,
    deviation: f64,
}

/// A column of a table that the search does not see.
pub struct Report {
    /// Name of the column.
    pub name: String,
    table: Arc<Table>,
    column: usize,
    /// The order of the table's compliant architectures by it.
    pub ranking: Ranking,
}

impl Report {
    /// A column by its name, and the order of the table's architectures by it: `rank` makes it.
    ///
    /// # Errors
    /// If the table has no such column, or it cannot be ranked.
    pub fn new(
        table: Arc<Table>,
        name: &str,
        rank: impl FnOnce(&Table, usize) -> Result<Ranking>,
    ) -> Result<Self> {
        let column = table.column(name)?;
        table.check_objective(column)?;
        Ok(Report {
            name: name.to_owned(),
            ranking: rank(&table, column)?,
            table,
            column,
        })
    }

    /// The value and the rank of an architecture, if the table has them.
    pub fn of(&self, arch: &Arch) -> Option<(f64, usize)> {
        let value = self.table.value(self.table.find(arch)?, self.column);
        (!value.is_nan()).then(|| (value, self.ranking.rank(value)))
    }
}

/// Parts of a task that no specification has.
#[derive(Default)]
pub struct TaskExtras<'a> {
    /// Further bounds, as functions of the architecture.
    pub predicates: Vec<Predicate>,
    /// Constraints on record of the run that is resumed, as numbers.
    pub constraints: &'a [String],
    /// Starting architectures on record of the run that is resumed: those of the space file may have changed.
    pub start: Option<Vec<String>>,
    /// Recipe of the run that is resumed.
    pub recipe: Option<Recipe>,
}

impl Task {
    /// Identity of the data that its results are a view of: the digest of the table that is searched or
    /// that the surrogate was fitted to, and otherwise the space.
    pub fn data(&self) -> String {
        if let Some(predicted) = self.source.predicted() {
            let surrogate = &predicted.surrogate;
            let fitted = surrogate.models().iter().find_map(|m| m.fitted.as_ref());
            return fitted.map_or_else(
                || surrogate.source().display().to_string(),
                |fitted| fitted.table_digest.clone(),
            );
        }
        match &self.table {
            Some(table) => table.digest().to_owned(),
            None => self.space_argument.clone(),
        }
    }

    /// Opens and checks everything that a task names. The seed is that of the split of a dataset.
    ///
    /// # Errors
    /// If some of it cannot be used.
    pub fn open(spec: &TaskSpec, seed: u64, session: &Session) -> Result<Self> {
        Task::with(spec, TaskExtras::default(), seed, session)
    }

    /// Opens and checks everything that a task names, together with the extras.
    ///
    /// # Errors
    /// As [`open`](Self::open), or if nothing is within the bounds.
    pub fn with(spec: &TaskSpec, extras: TaskExtras, seed: u64, session: &Session) -> Result<Self> {
        let (mut task, starts) = Task::unchecked(spec, extras, seed, session)?;
        task.problem()?;
        task.check_objectives(spec)?;
        task.learn_priors(spec, session)?;
        task.noise = spec.noise.map(|noise| task.noise(noise)).transpose()?;
        if task.reevaluate > 0 && spec.report.is_none() {
            return Err(
                Error::input("there is no column to re-evaluate in").mend("add `--report COLUMN`")
            );
        }
        task.ranking = task.objective_ranking()?;
        task.measure_front(&spec.reference)?;
        task.target = (spec.target.as_deref())
            .map(|text| task.target(text))
            .transpose()?;
        let evaluated = |arch: &Arch| measure(&*task.source, arch, seed);
        starts.check(&task.problem()?, &*task.source, evaluated)?;
        if task.source.table().is_none() {
            task.problem()?.check_feasible(&task.start)?;
        }
        task.report = match (&spec.report, &task.table) {
            (None, _) => None,
            (Some(_), None) => {
                return Err(Error::input("there is no table to report from")
                    .mend("add `--table FILE`, or leave out `--report`"));
            }
            (Some(name), Some(table)) => {
                let rank = |table: &Table, column| task.rank(table, column);
                Some(Report::new(table.clone(), &task.at_full(name), rank)?)
            }
        };
        Ok(task)
    }

    /// A task whose parts are opened, and not yet checked together.
    fn unchecked(
        spec: &TaskSpec,
        extras: TaskExtras,
        seed: u64,
        session: &Session,
    ) -> Result<(Self, Starts)> {
        let progress = &session.progress;
        let name = space_name(spec)?;
        let conditions: Vec<Condition> = parsed(&spec.constraints)?;
        let failing: Vec<Constraint> = parsed(&spec.failed)?;
        let sampler = spec.sampler.as_deref().map(str::parse).transpose()?;
        let space = open_space(name, spec, session)?;
        let sampler = Sampler::feasible(&*space, sampler)?;
        let table = opened_table(spec, name, session)?;
        // Who merges isomorphic strings asked for means.
        let read = table.as_ref().filter(|_| !spec.merge_isomorphic);
        let merged = read.and_then(|table| spec.reading.merged(table));
        let mut notes: Vec<String> = merged.into_iter().collect();
        let recipe = extras.recipe.as_ref();
        let axis = fidelity::of_task(spec)?;
        let (rows, axis) = (table.as_ref(), axis.as_ref());
        let source = source::open(spec, &space, rows, axis, seed, recipe, session)?;
        let axis = fidelity::agreed(axis, source.axis())?;
        let stop_early = fidelity::stop_early(spec.stop_early, axis.as_ref())?;
        check_device(spec, &*source)?;
        let starts = Starts::read(&spec.start, extras.start.as_deref(), &*space)?;
        if let Some(table) = source.table() {
            let columns = conditions.iter().map(|c| at_full(&c.metric, axis.as_ref()));
            columns
                .into_iter()
                .try_for_each(|column| check_numeric(table, &column))?;
        }
        let mut references = References::new(&*space, starts.first(), &*source, seed, progress);
        let constraints = references.resolve(conditions, extras.constraints)?;
        let evaluated = references.evaluated();
        let named = objective_specs(spec, &*source, progress)?;
        let objectives = named.iter().map(ObjectiveSpec::objective).collect();
        let objectives = Objectives::new(objectives)?;
        let (mut within, mut known) = (None, Vec::new());
        if let Some(table) = source.table() {
            known = agreeing(table, &*space, &constraints, &objectives);
            let names: Vec<&str> = objectives.iter().map(|o| o.metric.as_str()).collect();
            (names.iter())
                .try_for_each(|name| check_numeric(table, &at_full(name, axis.as_ref())))?;
            within = pool(&*source, table, &*space, &names, &mut notes)?.map(Arc::new);
        }
        notes.extend(replaced(&*source, &*space, &constraints));
        let task = Task {
            notes,
            reading: spec.reading.clone(),
            space_argument: name.to_owned(),
            objective: objectives.first().clone(),
            objectives,
            front: None,
            axis,
            stop_early,
            announcement: announcement(&named),
            constraints,
            failing,
            cost_table: (spec.cost_table.as_deref()).map(digest).transpose()?,
            predicates: extras.predicates,
            priors: Priors::default(),
            pretrained: None,
            start: starts.archs().collect(),
            target: None,
            evaluated,
            agreeing: known,
            pool: within,
            sampler,
            merge_isomorphic: spec.merge_isomorphic,
            ranking: None,
            report: None,
            reevaluate: spec.reevaluate.unwrap_or(0),
            noise: None,
            source,
            table,
            space,
        };
        Ok((task, starts))
    }

    /// Returns true if networks were trained before the search.
    pub fn is_pretrained(&self) -> bool {
        self.pretrained.is_some()
    }

    /// Opens what is known before a search.
    fn learn_priors(&mut self, spec: &TaskSpec, session: &Session) -> Result<()> {
        let searched = Searched {
            space: &*self.space,
            space_argument: &self.space_argument,
            reading: &self.reading,
            table: self.source.table().map(|table| &**table),
            trained: self.source.trained(),
            axis: self.axis.as_ref(),
            objectives: &self.objectives,
        };
        let mut notes = Vec::new();
        self.priors = Priors::open(spec, &searched, session, &mut notes)?;
        self.notes.extend(notes);
        let file = spec.pretrained.as_deref();
        self.pretrained = file
            .map(|file| pretrain::open(file, &*self.space))
            .transpose()?;
        Ok(())
    }

    /// The order of a searched table's compliant architectures by the objective.
    fn objective_ranking(&self) -> Result<Option<Ranking>> {
        let Some(table) = self.source.table().filter(|_| self.objectives.len() == 1) else {
            return Ok(None);
        };
        let ranking = self.rank(table, table.column(&self.at_full(&self.objective.metric))?)?;
        if ranking.optimum().is_none() {
            return Err(
                unsatisfiable(&self.problem()?, &*self.source, table, &self.constraints)
                    .in_file(table.source()),
            );
        }
        Ok(Some(ranking))
    }

    /// Reports its notes.
    pub fn say_notes(&self, progress: &Progress) {
        for note in &self.notes {
            progress.say(note);
        }
    }

    /// The target that a text names.
    fn target(&self, text: &str) -> Result<f64> {
        let error = |what: String, mend: &str| Err(Error::input(what).mend(mend));
        if self.noise.is_some() {
            return error(
                "noise would hide whether the target is reached".into(),
                "leave out `--target` or `--noise`",
            );
        }
        match (text, self.optimum()) {
            ("best", Some(best)) => Ok(best),
            ("best", None) => error(
                "without a table the best value is not known".into(),
                "give `--target` a number",
            ),
            _ => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => self.within(value),
                _ => error(
                    format!("`{text}` is not a target"),
                    "give `--target` a value of the objective, or `best`",
                ),
            },
        }
    }

    /// A target, if it is within what a table has of the objective.
    fn within(&self, target: f64) -> Result<f64> {
        let Some([best, worst]) = self.ranking.as_ref().and_then(Ranking::range) else {
            return Ok(target);
        };
        let (low, high) = (best.min(worst), best.max(worst));
        if (low..=high).contains(&target) {
            return Ok(target);
        }
        Err(Error::input(format!(
            "the target {target} is outside of the table's values of `{}`: {low} to {high}",
            self.objective.metric
        ))
        .mend("give `--target` a value between them, or `best`"))
    }

    fn noise(&self, deviation: f64) -> Result<Noise> {
        let Some(table) = self.source.table() else {
            return Err(
                Error::input("only metrics of a table can have noise").mend("leave out `--noise`")
            );
        };
        if !(deviation.is_finite() && deviation >= 0.0) {
            return Err(
                Error::input(format!("{deviation} is not a standard deviation"))
                    .mend("give `--noise` a number that is not negative"),
            );
        }
        let (metrics, name) = (self.source.metrics(), &self.objective.metric);
        Ok(Noise {
            metric: find(&metrics, name)?,
            column: table.column(&self.at_full(name))?,
            table: table.clone(),
            deviation,
        })
    }

    /// Checks a number of queries.
    ///
    /// # Errors
    /// If there are none, or all of them are needed to re-evaluate.
    pub fn check_queries(&self, queries: usize) -> Result<()> {
        if queries > self.reevaluate {
            return Ok(());
        }
        Err(match queries {
            0 => Error::input("there are no queries to spend").mend("give `--queries` at least 1"),
            _ => Error::input(format!(
                "re-evaluating {} leaves none of the {queries} queries to search with",
                self.reevaluate
            ))
            .mend("give more `--queries`, or a smaller `--reevaluate`"),
        })
    }

    /// Makes the evaluator of a run with a seed.
    pub fn evaluator(
        &self,
        seed: u64,
        out: Option<&Path>,
        remarks: &Remarks,
    ) -> Result<Box<dyn Evaluator>> {
        let evaluator = self.source.evaluator(seed, out, remarks)?;
        Ok(match &self.noise {
            Some(noise) => Box::new(Noisy::new(evaluator, noise.metric, noise.deviation, seed)),
            None => evaluator,
        })
    }

    /// The standard deviation of the noise, if there is noise.
    pub fn deviation(&self) -> Option<f64> {
        self.noise.as_ref().map(|noise| noise.deviation)
    }

    /// The objective of an architecture without the noise that it was seen with.
    pub fn without_noise(&self, arch: &Arch, seen: f64) -> f64 {
        let truth = |noise: &Noise| {
            let row = noise.table.find(arch)?;
            Some(noise.table.value(row, noise.column))
        };
        self.noise.as_ref().and_then(truth).unwrap_or(seen)
    }

    /// Describes in one line the metric that is searched by and the metric that is reported.
    pub fn protocol(&self) -> String {
        let mut text = format!("search by {}", self.label());
        if let Some(deviation) = self.deviation() {
            text += &format!(" with noise of deviation {deviation}, report it without");
        }
        match (&self.report, self.reevaluate) {
            (None, _) => {}
            (Some(report), 0) => text += &format!(", report {} of the best", report.name),
            (Some(report), n) => {
                text += &format!(
                    ", re-evaluate {} of the best {n}, report the best",
                    report.name
                );
            }
        }
        text
    }

    /// Ranks the table's architectures by a column, among those that comply as far as the table and the space
    /// know. The direction is the objective's if the column is the objective or the table is searched. In
    /// other columns larger is better.
    fn rank(&self, table: &Table, column: usize) -> Result<Ranking> {
        let all = self.constraints.is_empty() && self.predicates.is_empty();
        let problem = self.problem()?;
        if self.source.table().is_some() {
            let fails = |row: usize| {
                let mut failing = self.failing.iter();
                failing.any(|condition| {
                    let column = table.columns().iter().position(|c| *c == condition.metric);
                    column.is_some_and(|column| condition.holds(table.value(row, column)))
                })
            };
            return Ok(Ranking::new(
                table,
                column,
                self.objective.is_minimized(),
                |row| {
                    let metrics = || metrics_of(&problem, &*self.source, table, row);
                    let complies = || problem.complies(&table.arch(row), &metrics());
                    !fails(row) && (all || complies())
                },
            ));
        }
        // A table that others are judged by need not know what they measure.
        let same = table.columns()[column] == self.at_full(&self.objective.metric);
        let bounds = match self.source.predicted() {
            Some(_) => bounds_in(&problem, table),
            None => Vec::new(),
        };
        Ok(Ranking::new(
            table,
            column,
            same && self.objective.is_minimized(),
            |row| {
                let holds =
                    |(bound, column): &(&Constraint, usize)| bound.holds(table.value(row, *column));
                all || bounds.iter().all(holds) && problem.admits(&table.arch(row))
            },
        ))
    }

    /// Returns true if only a part of the space can be evaluated.
    pub fn is_within_pool(&self) -> bool {
        self.pool.is_some()
    }

    /// The best value of a compliant architecture in the table, where the table has the objective.
    pub fn optimum(&self) -> Option<f64> {
        self.ranking.as_ref().and_then(Ranking::optimum)
    }

    /// The ranking of values as the search sees them: none with noise.
    pub fn seen_ranking(&self) -> Option<&Ranking> {
        (self.ranking.as_ref()).filter(|_| self.noise.is_none())
    }

    /// The rank of a value of the objective, where the table has it.
    pub fn rank_of(&self, value: f64) -> Option<usize> {
        self.ranking.as_ref().map(|ranking| ranking.rank(value))
    }

    /// The name of a metric at full fidelity, as a table has it.
    pub fn at_full(&self, metric: &str) -> String {
        at_full(metric, self.axis.as_ref())
    }

    /// The rank of an architecture by the table's value at full fidelity, where the table has it.
    pub fn rank_of_arch(&self, arch: &Arch) -> Option<usize> {
        let (ranking, table) = (self.ranking.as_ref()?, self.source.table()?);
        let column = table.column(&self.at_full(&self.objective.metric)).ok()?;
        Some(ranking.rank(table.value(table.find(arch)?, column)))
    }

    /// The value and the rank of an architecture in the column that is reported.
    pub fn reported(&self, arch: &Arch) -> Option<(f64, usize)> {
        self.report.as_ref()?.of(arch)
    }

    /// Returns the table's best compliant row in the reported column, or else in the objective. `None`
    /// without a table that is searched or reported from.
    pub fn best_row(&self) -> Option<BestRow> {
        let table = self.table.as_ref()?;
        let (column, ranking) = match (&self.report, &self.ranking) {
            (Some(report), _) => (&report.name, &report.ranking),
            (None, ranking) => (&self.objective.metric, ranking.as_ref()?),
        };
        Some(BestRow {
            column: self.at_full(column),
            value: ranking.optimum()?,
            arch: self.space.format(&table.arch(ranking.best()?)),
            line: table.line(ranking.best()?),
        })
    }

    /// Returns the surrogate's prediction for an architecture in the reported column, if it predicts that.
    pub fn predicted(&self, arch: &Arch) -> Option<f64> {
        let (predicted, report) = (self.source.predicted()?, self.report.as_ref()?);
        let surrogate = &predicted.surrogate;
        let metric = (surrogate.metrics().iter()).position(|metric| *metric == report.name)?;
        let values = surrogate.predict(&*predicted.space, &[*arch]);
        values.first().map(|values| values[metric])
    }

    /// The problem for the driver.
    ///
    /// # Errors
    /// None that [`open`](Self::open) would not have met.
    pub fn problem(&self) -> Result<Problem<'_>> {
        let problem = Problem::new(
            &*self.space,
            &self.source.metrics(),
            self.objectives.clone(),
            self.constraints.clone(),
            self.sampler,
        )?
        .failing(self.failing.clone())?
        .referring((self.front.as_ref()).map_or_else(Vec::new, |front| front.references()))
        .agreeing(&self.agreeing)
        .informed_by(self.priors.priors.clone())
        .starting_from(self.pretrained.as_ref().map(|opened| opened.text.clone()))
        .requiring(self.predicates.clone());
        let problem = match &self.axis {
            Some(axis) => problem.with_axis(axis.clone()),
            None => problem,
        };
        Ok(match &self.pool {
            Some(pool) => problem.within(pool.clone()),
            None => problem,
        })
    }
}

/// The name of a metric at the highest level of an axis.
fn at_full(metric: &str, axis: Option<&Axis>) -> String {
    axis.map_or_else(
        || metric.to_owned(),
        |axis| name_at(metric, axis, Fidelity::Full),
    )
}

/// Returns the name of a space: as given, or that of an embedded table.
///
/// # Errors
/// If neither names one.
pub fn named_space<'n>(space: Option<&'n str>, table: Option<&Path>) -> Result<&'n str> {
    match (space, table.and_then(Embedded::named)) {
        (Some(name), _) => Ok(name),
        (None, Some(embedded)) => Ok(embedded.space),
        (None, None) => Err(table.and_then(Embedded::misspelt).unwrap_or_else(|| {
            Error::input("no search space is named")
                .mend("add `--space nasbench201`, another name or a TOML file")
        })),
    }
}

/// The space with the costs of a table, if one is named.
fn open_space(name: &str, spec: &TaskSpec, session: &Session) -> Result<Arc<dyn SearchSpace>> {
    let space = session.registry.searched_space(name, spec)?;
    let space = spec.reading.applied_to(space)?;
    let Some(file) = &spec.cost_table else {
        return Ok(space.into());
    };
    let costed = Costed::new(space, CostTable::read(file)?);
    Ok(Arc::new(costed.map_err(|e| e.in_file(file))?))
}

/// Digest of a file.
fn digest(file: &Path) -> Result<String> {
    let bytes = read_regular(file).map_err(|e| Error::io(file, e))?;
    Ok(format!("{:016x}", xxh3_64(&bytes)))
}

/// The name of the space that a task searches.
fn space_name(spec: &TaskSpec) -> Result<&str> {
    let named = spec.table.is_some()
        || spec.supernet.is_some()
        || spec.surrogate.is_some()
        || spec.worker.command.is_some()
        || spec.evaluator.is_some()
        || spec.caller.is_some();
    if spec.space.is_none() && !named {
        return Ok(SPACE);
    }
    named_space(spec.space.as_deref(), spec.table.as_deref())
}

/// The objectives and their directions: as named, or as the source has them.
fn objective_specs(
    spec: &TaskSpec,
    source: &dyn Source,
    progress: &Progress,
) -> Result<Vec<ObjectiveSpec>> {
    let choose = |names: &[String]| {
        let mend = format!("add `--objective` and one of {}", names.join(", "));
        Error::input("no objective is named").mend(mend)
    };
    let mut named = spec.objective_specs()?;
    if named.is_empty() {
        let metric = match (source.table(), source.predicted()) {
            (Some(table), _) => match table.columns() {
                [only] => only.clone(),
                several => return Err(choose(several)),
            },
            (_, Some(predicted)) => match predicted.surrogate.metrics() {
                [only] => only.clone(),
                several => return Err(choose(several)),
            },
            _ => "accuracy".into(),
        };
        named.push(ObjectiveSpec {
            metric,
            minimize: spec.minimize.then_some(true),
            scale: Scale::Linear,
        });
    }
    let few = spec.images.is_some_and(|images| images < FEW_IMAGES);
    let by_accuracy = named.iter().any(|named| named.metric == "accuracy");
    if source.is_supernet() && by_accuracy && (few || spec.objective.is_empty()) {
        progress.say(LOSS_HINT);
    }
    Ok(named)
}

/// Refuses a device where no networks are computed.
fn check_device(spec: &TaskSpec, source: &dyn Source) -> Result<()> {
    if spec.device.device.is_some() && source.device().is_none() {
        return Err(Error::input("no networks are computed here")
            .mend("leave out `--device`, or `--table` and its like"));
    }
    Ok(())
}

/// Parses each of some texts.
fn parsed<T: FromStr<Err = Error>>(texts: &[String]) -> Result<Vec<T>> {
    texts.iter().map(|text| text.parse()).collect()
}

/// The table of a task, if it has one.
fn opened_table(spec: &TaskSpec, name: &str, session: &Session) -> Result<Option<Arc<Table>>> {
    let Some(file) = &spec.table else {
        return Ok(None);
    };
    let rows = session.registry.table_space(name, spec.merge_isomorphic)?;
    let rows = spec.reading.applied_to(rows)?;
    let table = spec.reading.read(file, &*rows, &session.progress)?;
    Ok(Some(Arc::new(table)))
}
