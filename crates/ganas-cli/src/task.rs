//! From what was typed to what can be run: the space loaded, the table opened, all of it checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_core::Pool;
use ganas_core::arch::Arch;
use ganas_core::constraint::{Condition, Constraint, Predicate};
use ganas_core::driver::{Objective, Problem};
use ganas_core::error::{Access, Error, Result};
use ganas_core::evaluate::{Evaluator, Noisy};
use ganas_core::journal::Finished;
use ganas_core::space::{self, Sampler, SearchSpace};
use ganas_tables::{Ranking, Table};
use rayon::prelude::*;

use crate::args::TaskArgs;
use crate::direction::Aim;
use crate::equality;
use crate::log::Reporter;
use crate::progress::Progress;
use crate::reading::ReadingArgs;
use crate::record::BestRow;
use crate::reference::{References, broken, measure};
use crate::source::{self, Source};
use crate::unsatisfiable::unsatisfiable;

/// The space that is searched when none is named and networks are trained.
pub const SPACE: &str = "nasbench201";

/// Fewer images than these order architectures by accuracy only roughly.
const FEW_IMAGES: usize = 2000;

/// What is said of a search by a supernet's accuracy.
const LOSS_HINT: &str = "hint: a supernet's loss orders architectures better than its accuracy; \
                         search with `--objective loss`";

/// A search task, checked as far as it can be before anything runs.
pub struct Task {
    /// The search space.
    pub space: Arc<dyn SearchSpace>,
    /// What the space was called on the command line.
    pub space_argument: String,
    /// What evaluates architectures.
    pub source: Source,
    /// What there is to say of it before it is run.
    pub notes: Vec<String>,
    /// How its table was read, and histories are.
    pub reading: ReadingArgs,
    /// The table, if there is one: it evaluates, or others are judged by it.
    pub table: Option<Arc<Table>>,
    /// What is searched for.
    pub objective: Objective,
    /// What is said of its direction before a search.
    pub announcement: String,
    /// The bounds.
    pub constraints: Vec<Constraint>,
    /// Further bounds, which only code can tell.
    pub predicates: Vec<Predicate>,
    /// Architectures that are evaluated first.
    pub start: Vec<Arch>,
    /// The value of the objective that ends a search.
    pub target: Option<f64>,
    /// What the first of them came to, where a bound took its evaluation to know.
    pub evaluated: Option<Finished>,
    /// Bounded columns of the table that the space knows just so.
    agreeing: Vec<String>,
    /// All that can be evaluated, where it is not the whole space.
    pool: Option<Arc<Pool>>,
    /// How random architectures are drawn.
    pub sampler: Sampler,
    /// Whether isomorphic strings count as one architecture.
    pub merge_isomorphic: bool,
    /// The order of the table's compliant architectures by the objective, where the table has it.
    pub ranking: Option<Ranking>,
    /// The column that is reported beside it.
    pub report: Option<Report>,
    /// How many of the best are evaluated again in that column.
    pub reevaluate: usize,
    /// The noise on the objective.
    noise: Option<Noise>,
}

/// Noise on a column of a table.
struct Noise {
    table: Arc<Table>,
    column: usize,
    deviation: f64,
}

/// A column of a table that the search does not see.
pub struct Report {
    /// Its name.
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

impl Task {
    /// What its results are a view of: the digest of the table that is searched or that the surrogate
    /// was fitted to, and otherwise what evaluates, by its kind and space.
    pub fn data(&self) -> String {
        match (&self.source, &self.table) {
            (Source::Surrogate(_, surrogate), _) => {
                let fitted = surrogate.models().iter().find_map(|m| m.fitted.as_ref());
                fitted.map_or_else(
                    || surrogate.source().display().to_string(),
                    |fitted| fitted.table_digest.clone(),
                )
            }
            (_, Some(table)) => table.digest().to_owned(),
            _ => self.space_argument.clone(),
        }
    }

    /// Opens and checks everything that the arguments name. The seed is that of the split of a
    /// dataset.
    ///
    /// # Errors
    /// If some of it cannot be used.
    pub fn open(args: &TaskArgs, seed: u64, progress: &Progress) -> Result<Self> {
        Task::requiring(Vec::new(), args, &[], seed, progress)
    }

    /// The same, with further bounds on architectures. Of a run that is resumed, the constraints that
    /// are on record are given.
    ///
    /// # Errors
    /// As [`open`](Self::open), or if nothing is within them.
    pub fn requiring(
        predicates: Vec<Predicate>,
        args: &TaskArgs,
        recorded: &[String],
        seed: u64,
        progress: &Progress,
    ) -> Result<Self> {
        let sources = (
            &args.table,
            &args.supernet,
            &args.surrogate,
            (&args.workers_of.command, &args.caller),
        );
        let name = match (&args.space, sources) {
            (Some(name), _) => name,
            (None, (None, None, None, (None, None))) => SPACE,
            _ => {
                return Err(Error::input("no search space is named")
                    .mend("add `--space nasbench201`, another name or a TOML file"));
            }
        };
        let conditions = (args.constraint.iter())
            .map(|text| text.parse())
            .collect::<Result<Vec<Condition>>>()?;
        let sampler = args.sampler.as_deref().map(str::parse).transpose()?;
        let space: Arc<dyn SearchSpace> = equality::searched_space(name, args)?.into();
        let sampler = Sampler::feasible(&*space, sampler)?;
        let table = match &args.table {
            Some(file) => {
                let rows = equality::table_space(name, args.merge_isomorphic)?;
                Some(Arc::new(args.reading.read(file, &*rows, progress)?))
            }
            None => None,
        };
        // Who merges isomorphic strings asked for means.
        let read = table.as_ref().filter(|_| !args.merge_isomorphic);
        let mut notes: Vec<String> = read
            .and_then(|t| args.reading.merged(t))
            .into_iter()
            .collect();
        let source = source::open(args, &space, table.as_ref(), seed, progress)?;
        if args.device.named.is_some() && source.device().is_none() {
            return Err(Error::input("no networks are computed here")
                .mend("leave out `--device`, or `--table` and its like"));
        }
        let start = (args.start.iter())
            .map(|text| {
                (space.parse(text))
                    .map_err(|what| Error::input(format!("--start `{text}`: {what}")))
            })
            .collect::<Result<Vec<Arch>>>()?;
        let first = args.start.first().map(String::as_str).zip(start.first());
        if let Source::Table(table) = &source {
            for condition in &conditions {
                check_numeric(table, &condition.metric)?;
            }
        }
        let mut references = References::new(&*space, first, &source, seed, progress);
        let constraints = references.resolve(conditions, recorded)?;
        let evaluated = references.evaluated();
        let agreeing = match &source {
            Source::Table(table) => agreeing(table, &*space, &constraints),
            _ => Vec::new(),
        };
        let named = args.aim()?;
        let metric = match (&named, &source) {
            (Some(aim), _) => aim.metric.clone(),
            (None, Source::Table(table)) => {
                return Err(Error::input("no objective is named").mend(format!(
                    "add `--objective` and one of {}",
                    table.columns().join(", ")
                )));
            }
            (None, Source::Surrogate(_, surrogate)) => match surrogate.metrics() {
                [only] => only.clone(),
                several => {
                    return Err(Error::input("no objective is named").mend(format!(
                        "add `--objective` and one of {}",
                        several.join(", ")
                    )));
                }
            },
            (None, _) => "accuracy".into(),
        };
        let few = args.images.is_some_and(|images| images < FEW_IMAGES);
        if matches!(source, Source::Supernet(_))
            && metric == "accuracy"
            && (few || args.objective.is_none())
        {
            progress.say(LOSS_HINT);
        }
        let aim = match named {
            Some(aim) => aim,
            None => Aim {
                metric,
                minimize: args.minimize.then_some(true),
            },
        };
        let objective = aim.objective();
        let pool = match &source {
            Source::Table(table) => {
                check_numeric(table, &objective.metric)?;
                pool(table, &*space, &objective.metric, &mut notes)?.map(Arc::new)
            }
            _ => None,
        };
        replaced(&source, &*space, &constraints, &mut notes);
        let mut task = Task {
            notes,
            reading: args.reading.clone(),
            space_argument: name.to_owned(),
            objective,
            announcement: aim.announcement(),
            constraints,
            predicates,
            start,
            target: None,
            evaluated,
            agreeing,
            pool,
            sampler,
            merge_isomorphic: args.merge_isomorphic,
            ranking: None,
            report: None,
            reevaluate: args.reevaluate.unwrap_or(0),
            noise: None,
            source,
            table,
            space,
        };
        task.problem()?;
        task.noise = match args.noise {
            Some(deviation) => Some(task.noise(deviation)?),
            None => None,
        };
        if task.reevaluate > 0 && args.report.is_none() {
            return Err(
                Error::input("there is no column to re-evaluate in").mend("add `--report COLUMN`")
            );
        }
        task.ranking = match &task.source {
            Source::Table(table) => {
                let ranking = task.rank(table, table.column(&task.objective.metric)?)?;
                if ranking.optimum().is_none() {
                    return Err(unsatisfiable(&task.problem()?, table, &task.constraints)
                        .in_file(table.source()));
                }
                Some(ranking)
            }
            _ => None,
        };
        task.target = (args.target.as_deref())
            .map(|text| task.target(text))
            .transpose()?;
        task.check_start(&args.start, seed)?;
        if !matches!(task.source, Source::Table(_)) {
            task.problem()?.check_feasible(&task.start)?;
        }
        task.report = match (&args.report, &task.table) {
            (None, _) => None,
            (Some(_), None) => {
                return Err(Error::input("there is no table to report from")
                    .mend("add `--table FILE`, or leave out `--report`"));
            }
            (Some(name), Some(table)) => {
                let rank = |table: &Table, column| task.rank(table, column);
                Some(Report::new(table.clone(), name, rank)?)
            }
        };
        Ok(task)
    }

    /// Says what there is to say of it.
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
                "a target is not told from noise".into(),
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
                    format!("`{text}` is no target"),
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
            "the target {target} is outside of what the table has of `{}`: {low} to {high}",
            self.objective.metric
        ))
        .mend("give `--target` a value between them, or `best`"))
    }

    fn noise(&self, deviation: f64) -> Result<Noise> {
        let Source::Table(table) = &self.source else {
            return Err(Error::input("only what comes from a table is made noisy")
                .mend("leave out `--noise`"));
        };
        if !(deviation.is_finite() && deviation >= 0.0) {
            return Err(
                Error::input(format!("{deviation} is no standard deviation"))
                    .mend("give `--noise` a number that is not negative"),
            );
        }
        Ok(Noise {
            column: table.column(&self.objective.metric)?,
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

    /// What a run with this seed is evaluated by.
    pub fn evaluator(
        &self,
        seed: u64,
        out: Option<&Path>,
        reporter: &Reporter,
    ) -> Box<dyn Evaluator> {
        let evaluator = self.source.evaluator(seed, out, reporter);
        match &self.noise {
            Some(noise) => Box::new(Noisy::new(evaluator, noise.column, noise.deviation, seed)),
            None => evaluator,
        }
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

    /// What is searched by and what is reported, in a line.
    pub fn protocol(&self) -> String {
        let mut text = format!("search by {}", self.objective.metric);
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

    /// Checks that the starting points can be evaluated and comply, as far as that is known without
    /// a training.
    fn check_start(&self, texts: &[String], seed: u64) -> Result<()> {
        let problem = self.problem()?;
        for (text, arch) in texts.iter().zip(&self.start) {
            let refused = |what: String| Error::input(format!("--start `{text}`: {what}"));
            let metrics = match self.source.looks_up() {
                false => None,
                true => match measure(&self.source, arch, seed) {
                    Ok(measured) => {
                        let metrics = problem.complete(arch, measured);
                        let name = &self.objective.metric;
                        let objective = problem.metrics().iter().position(|m| m == name);
                        if objective.is_some_and(|i| metrics[i].is_nan()) {
                            return Err(refused(format!("the table has no `{name}` of it"))
                                .mend("start from another architecture"));
                        }
                        Some(metrics)
                    }
                    Err(reason) => {
                        return Err(refused(reason).mend("start from another architecture"));
                    }
                },
            };
            if let Some((constraint, value)) = problem.breaches(arch, metrics.as_deref()).first() {
                return Err(broken(text, constraint, *value));
            }
            if let Some(unmet) = problem.unmet(arch) {
                let what = format!("it does not meet `{}`", unmet.name);
                return Err(refused(what).mend("loosen the constraint, or leave it out"));
            }
        }
        Ok(())
    }

    /// The order of the table's architectures by a column, of those that keep the constraints as
    /// far as the table and the space can tell. A column is as good as the objective says if it is
    /// the objective's, or the table is searched; any other is the better the larger.
    fn rank(&self, table: &Table, column: usize) -> Result<Ranking> {
        let all = self.constraints.is_empty() && self.predicates.is_empty();
        let problem = self.problem()?;
        Ok(match &self.source {
            Source::Table(_) => Ranking::new(table, column, self.objective.is_minimized(), |row| {
                all || problem.complies(&table.arch(row), &metrics_of(&problem, table, row))
            }),
            // A table that others are judged by need not know what they measure.
            source => {
                let same = table.columns()[column] == self.objective.metric;
                let bounds = match source {
                    Source::Surrogate(..) => bounds_in(&problem, table),
                    _ => Vec::new(),
                };
                Ranking::new(
                    table,
                    column,
                    same && self.objective.is_minimized(),
                    |row| {
                        let holds = |(bound, column): &(&Constraint, usize)| {
                            bound.holds(table.value(row, *column))
                        };
                        all || bounds.iter().all(holds) && problem.admits(&table.arch(row))
                    },
                )
            }
        })
    }

    /// Whether only a part of the space can be evaluated.
    pub fn is_within_pool(&self) -> bool {
        self.pool.is_some()
    }

    /// The best value of a compliant architecture in the table, where the table has the objective.
    pub fn optimum(&self) -> Option<f64> {
        self.ranking.as_ref().and_then(Ranking::optimum)
    }

    /// The rank of a value of the objective, where the table has it.
    pub fn rank_of(&self, value: f64) -> Option<usize> {
        self.ranking.as_ref().map(|ranking| ranking.rank(value))
    }

    /// The value and the rank of an architecture in the column that is reported.
    pub fn reported(&self, arch: &Arch) -> Option<(f64, usize)> {
        self.report.as_ref()?.of(arch)
    }

    /// What the table has that is best of what keeps the constraints, in the column that is
    /// reported or else in the objective; none without a table that is searched or reported from.
    pub fn best_row(&self) -> Option<BestRow> {
        let table = self.table.as_ref()?;
        let (column, ranking) = match (&self.report, &self.ranking) {
            (Some(report), _) => (&report.name, &report.ranking),
            (None, ranking) => (&self.objective.metric, ranking.as_ref()?),
        };
        Some(BestRow {
            column: column.clone(),
            value: ranking.optimum()?,
            arch: self.space.format(&table.arch(ranking.best()?)),
            line: table.line(ranking.best()?),
        })
    }

    /// What the surrogate that is searched predicts of an architecture in the column that is
    /// reported, if it predicts that.
    pub fn predicted(&self, arch: &Arch) -> Option<f64> {
        let (Source::Surrogate(space, surrogate), Some(report)) = (&self.source, &self.report)
        else {
            return None;
        };
        let metric = (surrogate.metrics().iter()).position(|metric| *metric == report.name)?;
        let predicted = surrogate.predict(&**space, &[*arch]);
        predicted.first().map(|values| values[metric])
    }

    /// The problem for the driver.
    ///
    /// # Errors
    /// None that [`open`](Self::open) would not have met.
    pub fn problem(&self) -> Result<Problem<'_>> {
        let problem = Problem::new(
            &*self.space,
            &self.source.metrics(),
            self.objective.clone(),
            self.constraints.clone(),
            self.sampler,
        )?
        .agreeing(&self.agreeing)
        .requiring(self.predicates.clone());
        Ok(match &self.pool {
            Some(pool) => problem.within(pool.clone()),
            None => problem,
        })
    }
}

/// Loads a space by name or from a file.
///
/// # Errors
/// If it cannot be used.
pub fn load_space(name: &str, merge_isomorphic: bool) -> Result<Box<dyn SearchSpace>> {
    let space = space::load(name).map_err(unreadable)?;
    match merge_isomorphic {
        true => space.merged(),
        false => Ok(space),
    }
}

/// A file that the operating system would not let us read as the bad input that it is.
pub fn unreadable(error: Error) -> Error {
    match error {
        Error::Io {
            path,
            access: Access::Read,
            source,
        } => unreadable_file(path, &source),
        other => other,
    }
}

fn unreadable_file(path: PathBuf, cause: &std::io::Error) -> Error {
    match cause.kind() {
        std::io::ErrorKind::NotFound => {
            Error::input("there is no such file").mend("check the path")
        }
        _ => Error::input(format!("cannot be read ({cause})")).mend("name a readable file"),
    }
    .in_file(path)
}

/// Checks that a column is not one of words.
///
/// # Errors
/// Its first cell that is not a number.
fn check_numeric(table: &Table, metric: &str) -> Result<()> {
    if table.ignored().iter().any(|column| column.name == metric) {
        table.column(metric).map(|_| ())
    } else {
        Ok(())
    }
}

/// The rows of a table that can be evaluated, where they are not the whole space: those that have the
/// objective.
fn pool(
    table: &Table,
    space: &dyn SearchSpace,
    objective: &str,
    notes: &mut Vec<String>,
) -> Result<Option<Pool>> {
    // What is not a column may be a cost of the space.
    let Some(column) = table.columns().iter().position(|name| name == objective) else {
        return Ok(table.pool(space));
    };
    let missing = table.check_objective(column)?;
    if missing == 0 {
        return Ok(table.pool(space));
    }
    let file = table.source().display();
    let left = table.len() - missing;
    notes.push(match missing {
        1 => format!("note: 1 row of {file} has no `{objective}` and is left out; {left} remain"),
        _ => format!(
            "note: {missing} rows of {file} have no `{objective}` and are left out; {left} remain"
        ),
    });
    let measured = (0..table.len()).filter(|&row| !table.value(row, column).is_nan());
    Ok(Some(Pool::new(measured.map(|row| table.arch(row)))))
}

/// Says where the space's own cost counts, though workers may measure one of that name.
fn replaced(
    source: &Source,
    space: &dyn SearchSpace,
    constraints: &[Constraint],
    notes: &mut Vec<String>,
) {
    if !matches!(source, Source::Workers(_)) {
        return;
    }
    let measured = source.metrics();
    let mut said: Vec<&str> = Vec::new();
    for metric in constraints.iter().map(|c| c.metric.as_str()) {
        let own = space.costs().iter().any(|cost| cost == metric);
        if own && !measured.iter().any(|m| m == metric) && !said.contains(&metric) {
            said.push(metric);
            notes.push(format!(
                "note: the bound on `{metric}` is on the space's own cost; `--metric {metric}` takes \
                 what workers send"
            ));
        }
    }
}

/// The columns that constraints are about and that have the space's own cost of their name in every
/// row: what breaks a bound on one of them is known before it is evaluated. A column with other
/// numbers, such as weights in millions, is a measurement like any other.
fn agreeing(table: &Table, space: &dyn SearchSpace, constraints: &[Constraint]) -> Vec<String> {
    let agrees = |metric: &String| {
        let cost = space.costs().iter().position(|cost| cost == metric)?;
        let column = table.columns().iter().position(|name| name == metric)?;
        let same = |row: usize| {
            let (told, own) = (table.value(row, column), space.cost(&table.arch(row), cost));
            // A table may hold fewer digits.
            (told - own).abs() <= 1e-6 * own.abs()
        };
        (0..table.len())
            .into_par_iter()
            .all(same)
            .then(|| metric.clone())
    };
    constraints
        .iter()
        .filter_map(|c| agrees(&c.metric))
        .collect()
}

/// The bounds on what only an evaluation tells, as far as a table has columns of those names.
fn bounds_in<'p>(problem: &'p Problem, table: &Table) -> Vec<(&'p Constraint, usize)> {
    let column = |name: &str| table.columns().iter().position(|column| column == name);
    (problem.measured_constraints())
        .filter_map(|(constraint, _)| Some((constraint, column(&constraint.metric)?)))
        .collect()
}

/// All metrics of a table's row, as a search would see them.
pub fn metrics_of(problem: &Problem, table: &Table, row: usize) -> Vec<f64> {
    let measured = (0..table.columns().len())
        .map(|c| table.value(row, c))
        .collect();
    problem.complete(&table.arch(row), measured)
}
