//! Other tasks on the space: their tables and run folders.

use std::path::{Path, PathBuf};

use ganas_core::Prior;
use ganas_core::error::{Error, Result, counted, hint, nearest};
use ganas_core::problem::Objective;
use ganas_core::read_regular;
use ganas_tables::{Embedded, Import, Table};

use super::run::RunPrior;
use super::searched::Searched;
use crate::direction::{ObjectiveSpec, less_is_better};
use crate::fidelity::levels_in;
use crate::files::unreadable;
use crate::record::PriorRecord;
use crate::session::Session;
use crate::spec::NamedPrior;

/// Fewer architectures than these say little (ours).
const FEW: usize = 10;

/// Share of the smaller table below which few architectures are shared (ours).
const FEW_SHARED: f64 = 0.1;

/// A prior with its record.
pub(super) struct Opened {
    pub prior: Prior,
    pub record: PriorRecord,
}

/// A prior that is being opened.
struct Source {
    named: NamedPrior,
    table: Table,
    run: Option<RunPrior>,
}

/// Opens all priors of a task.
///
/// # Errors
/// If one cannot be used, or two contradict each other.
pub(super) fn open_all(
    named: &[String],
    task: &Searched,
    session: &Session,
    notes: &mut Vec<String>,
) -> Result<Vec<Opened>> {
    let mut all: Vec<Opened> = Vec::with_capacity(named.len());
    for text in named {
        let about = |e: Error| e.about(&format!("--prior {text}"));
        let source = Source::open(text, task, session).map_err(about)?;
        for (column, place) in source.columns(task).map_err(about)? {
            let opened = source.read(column, place, task, notes).map_err(about)?;
            check_twin(&opened, &all).map_err(about)?;
            all.push(opened);
        }
    }
    Ok(all)
}

/// Checks that a prior is not named before.
fn check_twin(opened: &Opened, all: &[Opened]) -> Result<()> {
    let place = |record: &PriorRecord| {
        let PriorRecord {
            file,
            column,
            objective,
            ..
        } = record.clone();
        (file, column, objective)
    };
    let is_twin = |other: &&Opened| place(&other.record) == place(&opened.record);
    let Some(twin) = all.iter().find(is_twin) else {
        return Ok(());
    };
    let what = if twin.record.minimize == opened.record.minimize {
        "it is named twice"
    } else {
        "it is named with both directions"
    };
    Err(Error::input(what).mend("name it once"))
}

impl Source {
    /// Reads the rows of a prior.
    fn open(text: &str, task: &Searched, session: &Session) -> Result<Source> {
        let named = NamedPrior::here(text)?;
        let space = task.space;
        let import = Import {
            // What chooses rows of the task's table need not be in the prior.
            passes_over: true,
            ..task.reading.import()?
        };
        if named.file.is_dir() {
            let run = RunPrior::open(&named.file, task.space_argument)?;
            let table = read_run(&run.evaluations, task, import)?;
            let run = Some(run);
            return Ok(Source { named, table, run });
        }
        if Embedded::named(&named.file).is_none() && !named.file.exists() {
            let missing = Error::input("there is no such file").in_file(&named.file);
            return Err(missing.mend("name a table or the folder of a run, as FILE or FILE:COLUMN"));
        }
        let label = format!("reading {}", named.file.display());
        let waiting = session.progress.waiting(label);
        let table = Table::open_with(&named.file, space, &import).map_err(unreadable);
        drop(waiting);
        let table = table.map_err(|e| other_space(e, space.name()))?;
        Ok(Source {
            named,
            table,
            run: None,
        })
    }

    /// Makes a prior of the rows that have a column, for the objective at a place.
    fn read(
        &self,
        name: String,
        place: usize,
        task: &Searched,
        notes: &mut Vec<String>,
    ) -> Result<Opened> {
        let objective = task.objective(place);
        let column = self.table.column(&name)?;
        self.table.check_objective(column)?;
        let minimize = self.direction(&name, objective, task)?;
        let sign = if minimize { -1.0 } else { 1.0 };
        let row = |row: usize| (self.table.arch(row), sign * self.table.value(row, column));
        let prior = Prior::task(self.named.to_string(), (0..self.table.len()).map(row));
        let file = self.named.file.display();
        let way = if minimize { "smaller" } else { "larger" };
        let several = (task.objectives.len() > 1).then(|| objective.metric.clone());
        let about = several.as_ref();
        let about = about.map_or_else(String::new, |name| format!(", for the objective `{name}`"));
        notes.push(format!(
            "prior: {} of {file} by `{name}`, where {way} is better{about}",
            counted(prior.archs().len(), "architecture")
        ));
        notes.extend(self.doubts(&prior, &name, objective, task));
        Ok(Opened {
            record: PriorRecord {
                file: file.to_string(),
                column: name,
                objective: several,
                minimize,
                rows: prior.archs().len(),
                digest: self.table.digest().to_owned(),
            },
            prior: prior.about(place),
        })
    }

    /// The columns, each with the place of the objective that it tells of.
    fn columns(&self, task: &Searched) -> Result<Vec<(String, usize)>> {
        let metrics: Vec<&str> = task.objectives.iter().map(|o| o.metric.as_str()).collect();
        if let Some(about) = &self.named.objective {
            let place = metrics.iter().position(|metric| metric == about);
            let Some(place) = place else {
                let unknown = Error::input(format!("there is no objective `{about}`"));
                return Err(unknown.mend(hint(about, &metrics, "there are")));
            };
            return Ok(vec![(self.column(place, task)?, place)]);
        }
        if metrics.len() == 1 {
            return Ok(vec![(self.column(0, task)?, 0)]);
        }
        let Some(named) = &self.named.column else {
            let own = |place: usize| Some((self.own(metrics[place], task)?, place));
            let found: Vec<(String, usize)> = (0..metrics.len()).filter_map(own).collect();
            if found.is_empty() {
                return Err(self.missing(metrics[0], task));
            }
            return Ok(found);
        };
        let tells = |metric: &&str| *metric == named || task.at_full(metric) == task.at_full(named);
        match metrics.iter().position(tells) {
            Some(place) => Ok(vec![(self.column(place, task)?, place)]),
            None => Err(Error::input(format!(
                "`{named}` is none of the objectives {}",
                metrics.join(" and ")
            ))
            .mend(format!(
                "say which one it tells of, as `{}:{named}={}`",
                self.named.file.display(),
                metrics[0]
            ))),
        }
    }

    /// The column of a metric's own name.
    fn own(&self, metric: &str, task: &Searched) -> Option<String> {
        let own = [task.at_full(metric), metric.to_owned()];
        own.into_iter()
            .find(|name| self.table.columns().contains(name))
    }

    /// The column for the objective at a place: as named, or the objective's, or the only one.
    fn column(&self, place: usize, task: &Searched) -> Result<String> {
        let columns = self.table.columns();
        let has = |name: &String| columns.contains(name);
        if let Some(named) = &self.named.column {
            let full = task.at_full(named);
            return Ok(if has(&full) { full } else { named.clone() });
        }
        let metric = &task.objective(place).metric;
        let recorded = self.run.as_ref().and_then(RunPrior::objective);
        let recorded = recorded.map(str::to_owned).filter(has);
        let only = match columns {
            [only] => Some(only.clone()),
            _ => None,
        };
        let found = self.own(metric, task).or(recorded).or(only);
        found.ok_or_else(|| self.missing(metric, task))
    }

    /// The error for a prior without a column for a metric.
    fn missing(&self, metric: &str, task: &Searched) -> Error {
        let columns = self.table.columns();
        let near = nearest(metric, columns.iter().map(String::as_str));
        let example = near.unwrap_or_else(|| columns.first().map_or("COLUMN", String::as_str));
        let about = match task.objectives.len() {
            1 => String::new(),
            _ => format!("={metric}"),
        };
        Error::input(format!(
            "there is no column `{metric}`, and no other is named"
        ))
        .mend(format!(
            "name one, as `{}:{example}{about}`; the columns are {}",
            self.named.file.display(),
            columns.join(", ")
        ))
        .in_file(&self.named.file)
    }

    /// Returns true if smaller values of a column are better.
    fn direction(&self, name: &str, objective: &Objective, task: &Searched) -> Result<bool> {
        let is_objective = *name == task.at_full(&objective.metric) || name == objective.metric;
        let contradiction = |says: &str, minimize: bool| {
            let words = |minimize: bool| if minimize { "minimised" } else { "maximised" };
            Error::input(format!(
                "`{name}` is {} {says}, and this search has it {}",
                words(minimize),
                words(!minimize)
            ))
            .mend(format!(
                "leave out the direction, or search for `{name}:{}`",
                way(minimize)
            ))
        };
        let own = objective.is_minimized();
        match (
            self.named.minimize,
            self.run.as_ref().and_then(|run| run.minimized(name)),
        ) {
            (Some(said), _) if is_objective && said != own => Err(contradiction("here", said)),
            (Some(said), _) => Ok(said),
            (None, Some(then)) if is_objective && then != own => {
                Err(contradiction("by that run", then))
            }
            (None, Some(then)) => Ok(then),
            (None, None) if is_objective => Ok(own),
            // Metrics of one kind have one direction.
            (None, None) if less_is_better(name) == less_is_better(&objective.metric) => Ok(own),
            (None, None) => Ok(less_is_better(name) || default_of(name)),
        }
    }

    /// Warnings: the prior is the answer, or says little.
    fn doubts(
        &self,
        prior: &Prior,
        name: &str,
        objective: &Objective,
        task: &Searched,
    ) -> Vec<String> {
        let mut doubts = Vec::new();
        let (file, count) = (self.named.file.display(), prior.archs().len());
        if count < FEW {
            let archs = counted(count, "architecture");
            doubts.push(format!("warning: {file} has only {archs}, and says little"));
        }
        let Some(table) = task.table else {
            return doubts;
        };
        let is_own = table.digest() == self.table.digest();
        if is_own && *name == task.at_full(&objective.metric) {
            doubts.push(format!(
                "warning: `{name}` of {file} is what this search evaluates: the prior is the answer"
            ));
        }
        let shared = prior
            .archs()
            .iter()
            .filter(|arch| table.find(arch).is_some())
            .count();
        if (shared as f64) < FEW_SHARED * count.min(table.len()) as f64 {
            doubts.push(format!(
                "warning: {} has only {shared} of the {count} architectures of {file}; a model that is \
                 fitted to them stands in for the rest",
                table.source().display()
            ));
        }
        doubts
    }
}

fn way(minimize: bool) -> &'static str {
    if minimize { "min" } else { "max" }
}

/// The direction that a metric has as an objective without one.
fn default_of(name: &str) -> bool {
    ObjectiveSpec::parse(name, false).is_ok_and(|spec| spec.objective().is_minimized())
}

/// The evaluations of a run; where there is a cost axis, those at the highest level that it reached.
fn read_run(file: &PathBuf, task: &Searched, mut import: Import) -> Result<Table> {
    let bytes = read_regular(file).map_err(|e| unreadable(Error::io(file, e)))?;
    if let Some(axis) = task.axis
        && let Some(highest) = levels_in(&bytes, file, axis)?.last()
    {
        let filter = format!("{}={highest}", axis.name());
        import.filters.push(filter.parse()?);
    }
    let space = task.space;
    Table::from_text(&bytes, Path::new(file), space, &import)
        .map_err(|e| other_space(e, space.name()))
}

/// Adds to an error about an architecture that the prior may be of another space.
fn other_space(error: Error, space: &str) -> Error {
    error.mend(format!(
        "name tables and runs of the space `{space}` for `--prior`"
    ))
}
