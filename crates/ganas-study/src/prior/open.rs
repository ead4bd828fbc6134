//! Other tasks on the space: their tables and run folders.

use std::path::{Path, PathBuf};

use ganas_core::Prior;
use ganas_core::error::{Error, Result, counted, nearest};
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
    let Some(first) = named.first() else {
        return Ok(Vec::new());
    };
    let count = task.objectives.len();
    if count > 1 {
        return Err(Error::input(format!(
            "`--prior {first}` informs a search for one objective, and there are {count}"
        ))
        .mend("leave out `--prior`, or all but one `--objective`"));
    }
    let mut all: Vec<Opened> = Vec::with_capacity(named.len());
    for text in named {
        let about = |e: Error| e.about(&format!("--prior {text}"));
        let source = Source::open(text, task, session).map_err(about)?;
        let opened = source.read(task, notes).map_err(about)?;
        let place = |o: &Opened| (o.record.file.clone(), o.record.column.clone());
        if let Some(twin) = all.iter().find(|other| place(other) == place(&opened)) {
            let what = if twin.record.minimize == opened.record.minimize {
                "it is named twice"
            } else {
                "it is named with both directions"
            };
            return Err(about(Error::input(what).mend("name it once")));
        }
        all.push(opened);
    }
    Ok(all)
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

    /// Makes a prior of the rows that have its column.
    fn read(self, task: &Searched, notes: &mut Vec<String>) -> Result<Opened> {
        let name = self.column(task)?;
        let column = self.table.column(&name)?;
        self.table.check_objective(column)?;
        let minimize = self.direction(&name, task)?;
        let sign = if minimize { -1.0 } else { 1.0 };
        let row = |row: usize| (self.table.arch(row), sign * self.table.value(row, column));
        let prior = Prior::task(self.named.to_string(), (0..self.table.len()).map(row));
        let file = self.named.file.display();
        let way = if minimize { "smaller" } else { "larger" };
        notes.push(format!(
            "prior: {} of {file} by `{name}`, where {way} is better",
            counted(prior.archs().len(), "architecture")
        ));
        notes.extend(self.doubts(&prior, &name, task));
        Ok(Opened {
            record: PriorRecord {
                file: file.to_string(),
                column: name,
                minimize,
                rows: prior.archs().len(),
                digest: self.table.digest().to_owned(),
            },
            prior,
        })
    }

    /// The column: as named, or the objective's, or the only one.
    fn column(&self, task: &Searched) -> Result<String> {
        let columns = self.table.columns();
        let has = |name: &String| columns.contains(name);
        if let Some(named) = &self.named.column {
            let full = task.at_full(named);
            return Ok(if has(&full) { full } else { named.clone() });
        }
        let metric = &task.objectives.first().metric;
        let own = [task.at_full(metric), metric.clone()];
        let recorded = self.run.as_ref().and_then(RunPrior::objective);
        let only = match columns {
            [only] => Some(only.clone()),
            _ => None,
        };
        let mut found = own
            .into_iter()
            .chain(recorded.map(str::to_owned))
            .filter(has);
        found.next().or(only).ok_or_else(|| {
            let near = nearest(metric, columns.iter().map(String::as_str));
            let example = near.unwrap_or_else(|| columns.first().map_or("COLUMN", String::as_str));
            Error::input(format!(
                "there is no column `{metric}`, and no other is named"
            ))
            .mend(format!(
                "name one, as `{}:{example}`; the columns are {}",
                self.named.file.display(),
                columns.join(", ")
            ))
            .in_file(&self.named.file)
        })
    }

    /// Returns true if smaller values of a column are better.
    fn direction(&self, name: &str, task: &Searched) -> Result<bool> {
        let objective = task.objectives.first();
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
    fn doubts(&self, prior: &Prior, name: &str, task: &Searched) -> Vec<String> {
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
        if is_own && *name == task.at_full(&task.objectives.first().metric) {
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
