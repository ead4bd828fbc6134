//! Metrics that are free: columns of the table or of another file, and proxies that are computed here.

use std::path::Path;

use ganas_core::Prior;
use ganas_core::error::{Error, Result, hint};
use ganas_tables::Table;
use ganas_train::{Probe, Proxy};

use super::searched::Searched;
use crate::files::unreadable;
use crate::proxies::{Work, sample};
use crate::record::PriorRecord;
use crate::session::Session;
use crate::source::Trained;
use crate::source::recipe::usable;
use crate::spec::NamedPrior;

/// Architectures for which a proxy is computed (ours): as many as the model of a prior is fitted to.
const COMPUTED: usize = 300;

/// Images of the batch that proxies are computed with.
const IMAGES: usize = 64;

/// Free metrics, and the files that they were read from.
#[derive(Default)]
pub(super) struct Known {
    pub priors: Vec<Prior>,
    pub files: Vec<PriorRecord>,
}

/// The metrics of these names.
///
/// # Errors
/// If a name has no metric, or only an evaluation tells its value.
pub(super) fn open(
    names: &[String],
    task: &Searched,
    session: &Session,
    notes: &mut Vec<String>,
) -> Result<Known> {
    let mut known = Known::default();
    let mut proxies: Vec<(usize, Proxy)> = Vec::new();
    for (place, name) in names.iter().enumerate() {
        check(name, &names[..place], task)?;
        let is_column = |table: &&Table| table.columns().contains(name);
        if let Some(table) = task.table.filter(is_column) {
            known.priors.push(of_table(name, table, name)?);
        } else if let Some(proxy) = task.trained.and_then(|_| Proxy::named(name)) {
            proxies.push((known.priors.len() + proxies.len(), proxy));
        } else if let Some(named) = in_file(name) {
            let about = |e: Error| e.about(&format!("--known {name}"));
            let (prior, record) = of_file(name, &named?, task, session).map_err(about)?;
            known.priors.push(prior);
            known.files.push(record);
        } else {
            return Err(unknown(name, task));
        }
    }
    if let (Some(trained), false) = (task.trained, proxies.is_empty()) {
        let which: Vec<Proxy> = proxies.iter().map(|(_, proxy)| *proxy).collect();
        let computed = compute(&which, trained, session, notes)?;
        for ((place, _), prior) in proxies.into_iter().zip(computed) {
            known.priors.insert(place, prior);
        }
    }
    Ok(known)
}

/// Checks that a metric may be known.
fn check(name: &String, earlier: &[String], task: &Searched) -> Result<()> {
    let refuse =
        |what: &str, mend: &str| Err(Error::input(format!("`--known {name}`: {what}")).mend(mend));
    if earlier.contains(name) {
        return refuse("it is named twice", "name it once");
    }
    let mut objectives = task.objectives.iter();
    if objectives.any(|o| task.at_full(&o.metric) == *name) {
        return refuse(
            "this is what the search evaluates, and is not known before",
            "leave it out, or search for another `--objective`",
        );
    }
    let is_column = task.table.is_some_and(|t| t.columns().contains(name));
    if !is_column && task.space.costs().contains(name) {
        return refuse("a cost of the space is known without it", "leave it out");
    }
    Ok(())
}

/// A column of a table.
fn of_table(name: &str, table: &Table, column: &str) -> Result<Prior> {
    let column = table.column(column)?;
    table.check_objective(column)?;
    let rows = (0..table.len()).map(|row| (table.arch(row), table.value(row, column)));
    Ok(Prior::metric(name, rows))
}

/// The file and the column that a name means, if it means some.
fn in_file(name: &str) -> Option<Result<NamedPrior>> {
    let is_file = Path::new(name).is_file();
    let named = NamedPrior::here(name);
    let has_file = named.as_ref().is_ok_and(|named| named.column.is_some());
    (is_file || has_file || name.contains(':')).then_some(named)
}

/// A column of a file.
fn of_file(
    name: &str,
    named: &NamedPrior,
    task: &Searched,
    session: &Session,
) -> Result<(Prior, PriorRecord)> {
    if named.minimize.is_some() {
        return Err(Error::input("its direction is learned").mend("leave `:min` or `:max` out"));
    }
    if named.objective.is_some() {
        return Err(Error::input("it informs every objective").mend("leave `=OBJECTIVE` out"));
    }
    let file = &named.file;
    let waiting = session
        .progress
        .waiting(format!("reading {}", file.display()));
    let import = ganas_tables::Import {
        passes_over: true,
        ..task.reading.import()?
    };
    let table = Table::open_with(file, task.space, &import).map_err(unreadable)?;
    drop(waiting);
    let only = match table.columns() {
        [only] => Some(only.clone()),
        _ => None,
    };
    let Some(column) = named.column.clone().or(only) else {
        return Err(Error::input("no column is named")
            .mend(format!(
                "name one, as `{}:{}`",
                file.display(),
                table.columns().first().map_or("COLUMN", String::as_str)
            ))
            .in_file(file));
    };
    let prior = of_table(name, &table, &column)?;
    let record = PriorRecord {
        file: file.display().to_string(),
        column,
        objective: None,
        minimize: false,
        rows: prior.archs().len(),
        digest: table.digest().to_owned(),
    };
    Ok((prior, record))
}

/// Proxies of random architectures, or of all in a small space, by the networks and images of the trainings.
fn compute(
    proxies: &[Proxy],
    trained: &Trained,
    session: &Session,
    notes: &mut Vec<String>,
) -> Result<Vec<Prior>> {
    let training = &trained.training;
    let size = [training.recipe.width, training.recipe.depth];
    let (space, seed) = (&training.space, trained.seed);
    let probe = Probe::new(space.clone(), &training.task, size, IMAGES, seed).map_err(usable)?;
    let archs = sample(&**space, COMPUTED, seed)?;
    let bar = session.progress.steps(archs.len());
    bar.say("proxies");
    let work = Work {
        probe: &probe,
        proxies,
        pool: &trained.pool,
        bar: &bar,
    };
    let values = work.values(&archs)?;
    drop(bar);
    let names: Vec<&str> = proxies.iter().map(|proxy| proxy.name()).collect();
    notes.push(format!(
        "known: {} of {} architectures, computed with {} images of {}; a model stands in for the rest",
        names.join(", "),
        archs.len(),
        probe.images(),
        trained.data,
    ));
    let prior = |(place, name): (usize, &&str)| {
        let values = values.iter().map(|values| values[place]);
        Prior::metric(*name, archs.iter().copied().zip(values))
    };
    Ok(names.iter().enumerate().map(prior).collect())
}

/// The error for a name without a metric.
fn unknown(name: &str, task: &Searched) -> Error {
    let mut names: Vec<&str> = Vec::new();
    if let Some(table) = task.table {
        names.extend(table.columns().iter().map(String::as_str));
    }
    let mut what = format!("there is no table that has `{name}`");
    if let Some(table) = task.table {
        what = format!("there is no column `{name}`");
        if Proxy::named(name).is_some() {
            let file = table.source().display();
            what = format!("{file} has no column `{name}`");
        }
    }
    if Proxy::named(name).is_some() {
        return Error::input(what).mend(format!(
            "compute it by `ganas proxies --space {} --proxy {name} --out proxies.csv`, and give \
             `--known proxies.csv:{name}`",
            task.space_argument
        ));
    }
    if task.trained.is_some() {
        what = format!("unknown proxy `{name}`");
        names.extend(Proxy::ALL.map(Proxy::name));
    }
    if names.is_empty() {
        return Error::input(what).mend(
            "add `--table FILE` with a column of this name, name one as FILE:COLUMN, or leave out `--known`",
        );
    }
    Error::input(what).mend(hint(name, &names, "there are"))
}
