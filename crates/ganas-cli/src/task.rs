//! From what was typed to what can be run: the space loaded, the table opened, all of it checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ganas_core::constraint::{Comparison, Constraint};
use ganas_core::driver::{Objective, Problem};
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::TableEvaluator;
use ganas_core::space::{self, Sampler, SearchSpace};
use ganas_core::table::{Duplicates, Import, Ranking, Table};

use crate::args::TaskArgs;
use crate::progress::Progress;

/// A search task on a table, checked as far as it can be before anything runs.
pub struct Task {
    /// The search space.
    pub space: Box<dyn SearchSpace>,
    /// What the space was called on the command line.
    pub space_argument: String,
    /// The table that answers queries.
    pub table: Arc<Table>,
    /// What is searched for.
    pub objective: Objective,
    /// The bounds.
    pub constraints: Vec<Constraint>,
    /// How random architectures are drawn.
    pub sampler: Sampler,
    /// Whether isomorphic strings count as one architecture.
    pub merge_isomorphic: bool,
    /// The order of the table's compliant architectures.
    pub ranking: Ranking,
    /// The best value of a compliant architecture in the table.
    pub optimum: f64,
}

impl Task {
    /// Opens and checks everything that the arguments name.
    ///
    /// # Errors
    /// If some of it cannot be used.
    pub fn open(args: &TaskArgs, progress: &Progress) -> Result<Self> {
        let name = args.space.as_deref().ok_or_else(|| {
            Error::input("no search space is named")
                .mend("add `--space nasbench201`, another name or a TOML file")
        })?;
        let file = args.table.as_deref().ok_or_else(|| {
            Error::input("nothing is named that evaluates architectures")
                .mend("add `--table FILE --objective COLUMN`")
        })?;
        let constraints = (args.constraint.iter())
            .map(|text| text.parse())
            .collect::<Result<Vec<Constraint>>>()?;
        let sampler = args.sampler.as_deref().map(str::parse).transpose()?;
        let space = load_space(name, args.merge_isomorphic)?;
        let sampler = Sampler::feasible(&*space, sampler)?;
        let table = open_table(file, &*space, args.merge_isomorphic, progress)?;
        let metric = args.objective.clone().ok_or_else(|| {
            Error::input("no objective is named").mend(format!(
                "add `--objective` and one of {}",
                table.columns().join(", ")
            ))
        })?;
        let column = table.column(&metric)?;
        table.check_objective(column)?;
        let objective = Objective {
            metric,
            minimize: args.minimize,
        };
        let problem = Problem::new(
            &*space,
            table.columns(),
            objective.clone(),
            constraints.clone(),
            sampler,
        )?;
        let ranking = Ranking::new(&table, column, args.minimize, |row| {
            constraints.is_empty() || problem.complies(&metrics_of(&problem, &table, row))
        });
        let optimum = (ranking.optimum())
            .ok_or_else(|| unsatisfiable(&problem, &table, &constraints).in_file(file))?;
        Ok(Task {
            space_argument: name.to_owned(),
            table: Arc::new(table),
            objective,
            constraints,
            sampler,
            merge_isomorphic: args.merge_isomorphic,
            ranking,
            optimum,
            space,
        })
    }

    /// The problem for the driver.
    ///
    /// # Errors
    /// None that [`open`](Self::open) would not have met.
    pub fn problem(&self) -> Result<Problem<'_>> {
        Problem::new(
            &*self.space,
            self.table.columns(),
            self.objective.clone(),
            self.constraints.clone(),
            self.sampler,
        )
    }

    /// An evaluator that looks architectures up in the table.
    pub fn evaluator(&self) -> TableEvaluator {
        TableEvaluator::new(self.table.clone())
    }
}

/// Loads a space by name or from a file.
///
/// # Errors
/// If it cannot be used.
pub fn load_space(name: &str, merge_isomorphic: bool) -> Result<Box<dyn SearchSpace>> {
    match (name, merge_isomorphic) {
        ("nasbench201", true) => Ok(Box::new(space::nasbench201().merging_isomorphic()?)),
        (_, true) => Err(Error::input(
            "only the strings of nasbench201 can be merged by isomorphism",
        )
        .mend("leave out `--merge-isomorphic`")),
        (_, false) => space::load(name).map_err(unreadable),
    }
}

/// Opens a table, which can take seconds the first time.
///
/// # Errors
/// If it cannot be used.
pub fn open_table(
    file: &Path,
    space: &dyn SearchSpace,
    merge_isomorphic: bool,
    progress: &Progress,
) -> Result<Table> {
    let _waiting = progress.waiting(format!("reading {}", file.display()));
    Table::open_with(file, space, &import(merge_isomorphic)).map_err(unreadable)
}

/// How tables are imported.
pub fn import(merge_isomorphic: bool) -> Import {
    Import {
        duplicates: merge_isomorphic.then_some(Duplicates::Mean),
        cache: None,
    }
}

/// A file that the operating system would not let us read as the bad input that it is.
pub fn unreadable(error: Error) -> Error {
    match error {
        Error::Io { path, source } => unreadable_file(path, &source),
        other => other,
    }
}

fn unreadable_file(path: PathBuf, source: &std::io::Error) -> Error {
    match source.kind() {
        std::io::ErrorKind::NotFound => {
            Error::input("there is no such file").mend("check the path")
        }
        _ => Error::input(format!("cannot be read ({source})")).mend("name a readable file"),
    }
    .in_file(path)
}

/// All metrics of a table's row, as a search would see them.
fn metrics_of(problem: &Problem, table: &Table, row: usize) -> Vec<f64> {
    let measured = (0..table.columns().len())
        .map(|c| table.value(row, c))
        .collect();
    problem.complete(&table.arch(row), measured)
}

/// Says why no row complies.
fn unsatisfiable(problem: &Problem, table: &Table, constraints: &[Constraint]) -> Error {
    for constraint in constraints {
        let Some(index) = problem
            .metrics()
            .iter()
            .position(|m| *m == constraint.metric)
        else {
            continue;
        };
        let values = (0..table.len()).map(|row| metrics_of(problem, table, row)[index]);
        let values = values.filter(|v| !v.is_nan());
        let (closest, word) = match constraint.comparison {
            Comparison::AtMost | Comparison::Below => (values.reduce(f64::min), "smallest"),
            Comparison::AtLeast | Comparison::Above => (values.reduce(f64::max), "largest"),
        };
        match closest {
            Some(value) if constraint.holds(value) => {}
            Some(value) => {
                return Error::input(format!("no architecture meets `{constraint}`")).mend(
                    format!(
                        "loosen it: the {word} `{}` in the table is {value}",
                        constraint.metric
                    ),
                );
            }
            None => {
                return Error::input(format!("`{}` was never measured", constraint.metric))
                    .mend("leave out its constraint");
            }
        }
    }
    Error::input("no architecture meets all the constraints at once").mend("loosen one of them")
}
