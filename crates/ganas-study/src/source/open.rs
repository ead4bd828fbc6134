//! The source that a task names.

use std::sync::Arc;

use ganas_core::constraint::Condition;
use ganas_core::error::{Error, Result};
use ganas_core::space::SearchSpace;
use ganas_core::trial::Axis;
use ganas_search::predictor::Surrogate;
use ganas_tables::{Levels, Table};
use ganas_train::Recipe;
use ganas_train::supernet::Scoring;

use super::{Caller, Predicted, Registered, Shared, Source, Tabulated, Trained, Workers};
use crate::fidelity::{is_template, not_a_template};
use crate::files::unreadable;
use crate::session::Session;
use crate::spec::TaskSpec;

/// Opens the source that a task names to evaluate architectures of a space; trainings on the digits if it
/// names none. The recipe of a run that is resumed takes the place of a dataset's defaults.
///
/// # Errors
/// If it cannot be used, or several are named.
pub fn open(
    task: &TaskSpec,
    space: &Arc<dyn SearchSpace>,
    table: Option<&Arc<Table>>,
    axis: Option<&Axis>,
    seed: u64,
    recorded: Option<&Recipe>,
    session: &Session,
) -> Result<Box<dyn Source>> {
    if let Some(name) = &task.caller {
        return Ok(Box::new(Caller::open(name, task, &**space, axis)?));
    }
    check_alone(task)?;
    if let Some(name) = &task.evaluator {
        return Ok(Box::new(Registered::open(name, task, space, session)?));
    }
    if let Some(command) = &task.worker.command {
        return Ok(Box::new(Workers::open(command, task, space, axis)?));
    }
    let limit = task.worker.limit()?;
    if let Some(metric) = task.metrics.first() {
        return Err(
            Error::input(format!("there are no workers to ask for `{metric}`"))
                .mend("add `--command`, or leave out `--metric`"),
        );
    }
    if let Some(file) = &task.surrogate {
        untrained(task, "a surrogate is searched", "`--surrogate`")?;
        let surrogate = Surrogate::open(file, &**space).map_err(unreadable)?;
        let surrogate = surrogate.at_levels(axis).map_err(|e| e.in_file(file))?;
        return Ok(Box::new(Predicted {
            space: space.clone(),
            surrogate: Arc::new(surrogate),
        }));
    }
    if let (None, None, Some(table)) = (&task.train, &task.supernet, table) {
        untrained(task, "a table is searched", "the table")?;
        let levels = axis.map(|axis| levels(task, table, axis)).transpose()?;
        return Ok(Box::new(Tabulated {
            table: table.clone(),
            levels: levels.map(Arc::new),
        }));
    }
    if limit.is_some() {
        return Err(
            Error::input("a network that is trained here has no time limit")
                .mend("leave out `--timeout`, or give fewer `--epochs`"),
        );
    }
    let Some(folder) = &task.supernet else {
        let trained = Trained::open(task, space, axis, seed, recorded, &session.progress)?;
        return Ok(Box::new(trained));
    };
    untrained(task, "a supernet is searched", "`--supernet`")?;
    let _waiting = session
        .progress
        .waiting(format!("reading {}", folder.display()));
    let scoring = Scoring {
        images: task.images,
        ..Scoring::default()
    };
    let data = task.data.as_deref();
    let shared = Shared::open(folder, space, data, scoring, task.workers, &task.device)?;
    Ok(Box::new(shared))
}

/// Metrics of a table at the levels of an axis: the objectives, and what constraints are about, can be
/// templates. One objective has to be.
fn levels(task: &TaskSpec, table: &Table, axis: &Axis) -> Result<Levels> {
    let objectives = task.objective_specs()?.into_iter().map(|o| o.metric);
    let objectives: Vec<String> = objectives.collect();
    if let Some(first) = objectives.first()
        && !objectives.iter().any(|metric| is_template(metric, axis))
    {
        return Err(not_a_template(first, axis));
    }
    let conditions = (task.constraints.iter()).map(|text| text.parse::<Condition>());
    let conditions = conditions.collect::<Result<Vec<Condition>>>()?;
    let bounded = conditions.into_iter().map(|condition| condition.metric);
    let templates: Vec<String> = (objectives.into_iter().chain(bounded))
        .filter(|metric| is_template(metric, axis))
        .collect();
    Levels::new(table, axis, &templates)
}

/// Checks that no more than one source is named beside a table.
fn check_alone(task: &TaskSpec) -> Result<()> {
    let both = |one: &str, other: &str| {
        Err(
            Error::input(format!("`{one}` and `{other}` exclude each other"))
                .mend("name one source of evaluations"),
        )
    };
    let others = task.train.is_some() || task.supernet.is_some() || task.surrogate.is_some();
    if task.worker.command.is_some() && (others || task.training.any()) {
        return both("--command", "--train, --supernet, --surrogate");
    }
    if task.evaluator.is_some() && (others || task.worker.command.is_some()) {
        return both("--evaluator", "--train, --supernet, --surrogate, --command");
    }
    match (&task.train, &task.supernet, &task.surrogate) {
        (Some(_), _, Some(_)) => both("--train", "--surrogate"),
        (_, Some(_), Some(_)) => both("--supernet", "--surrogate"),
        (Some(_), Some(_), _) => both("--train", "--supernet"),
        _ => Ok(()),
    }
}

/// Checks that there are no settings of training where nothing is trained.
fn untrained(task: &TaskSpec, what: &str, source: &str) -> Result<()> {
    if task.training.any() {
        return Err(Error::input(format!("{what}, and nothing is trained"))
            .mend(format!("leave out the settings of training, or {source}")));
    }
    Ok(())
}
