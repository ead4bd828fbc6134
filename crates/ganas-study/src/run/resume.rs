//! Resumed runs.

use std::fs;
use std::path::{Path, PathBuf};

use ganas_core::driver::StopReason;
use ganas_core::error::{Error, Result};
use ganas_tables::Embedded;

use crate::duration;
use crate::files::unreadable;
use crate::rundir::settings::{CHANGED_RESULT, Recorded};
use crate::rundir::{JOURNAL, SETTINGS, sealed};
use crate::spec::{Change, SearchSpec, StudySpec};

/// Reader of the command line of a run of a version before 0.2, which kept no specification.
pub type Legacy<'l> = &'l dyn Fn(&[String]) -> std::result::Result<StudySpec, String>;

/// Reads the settings of a run and the specification to continue with. All changes since its start are
/// applied. The number of queries stays if none is given.
///
/// # Errors
/// If the folder holds no run or one of a benchmark, the number of queries is smaller than before, or a
/// change does not apply.
pub fn open(
    folder: &Path,
    queries: Option<usize>,
    cost: Option<usize>,
    change: &Change,
    legacy: Legacy,
) -> Result<(Recorded, SearchSpec)> {
    let settings = folder.join(SETTINGS);
    let mut recorded = Recorded::read(&settings)?;
    let cost = cost_to_spend(&recorded, cost)?;
    // Each query costs at least one unit.
    let queries = queries.unwrap_or(recorded.queries.max(cost.unwrap_or(0)));
    if queries < recorded.queries {
        return Err(Error::input(format!(
            "the run has {} queries to spend, and cannot have fewer",
            recorded.queries
        ))
        .mend("leave out `--queries`, or give more"));
    }
    let folder = fs::canonicalize(folder).map_err(|e| Error::io(folder, e))?;
    if *change != Change::default() {
        // The run continues in the folder that it was started in.
        let place = |file: &PathBuf| match Embedded::named(file) {
            Some(_) => Ok(file.clone()),
            None => fs::canonicalize(file).map_err(|e| unreadable(Error::io(file, e))),
        };
        let table = change.table.as_ref().map(place);
        recorded.changes.push(Change {
            after: evaluations(&folder.join(JOURNAL)),
            table: table.transpose()?,
            ..change.clone()
        });
    }
    let named = recorded.started_in.join(&recorded.out);
    if fs::canonicalize(named).ok().as_deref() != Some(&*folder) {
        recorded.out = folder;
    }
    let unusable = |what: &str| {
        Error::input(format!("the settings of the run cannot be used: {what}"))
            .mend("resume it with the version of ganas that `ganas` names in this file")
            .in_file(&settings)
    };
    let spec = match &recorded.spec {
        Some(spec) if !recorded.is_of_benchmark => spec.clone(),
        Some(_) => StudySpec::Bench(Box::default()),
        None => legacy(&recorded.command).map_err(|what| unusable(&what))?,
    };
    match spec {
        StudySpec::Search(spec) => {
            let mut spec = resumed_spec(*spec, &recorded, queries);
            spec.cost = cost.or(spec.cost);
            (recorded.changes.iter()).try_for_each(|change| change.make(&mut spec))?;
            Ok((recorded, spec))
        }
        _ => Err(Error::input("the run is one of a benchmark")
            .mend("give the benchmark's command again, with its `--out`: it continues all its runs")
            .in_file(settings)),
    }
}

/// The cost to spend of a resumed run, if another one is given.
fn cost_to_spend(recorded: &Recorded, cost: Option<usize>) -> Result<Option<usize>> {
    let Some(cost) = cost else { return Ok(None) };
    match recorded.cost() {
        None => Err(Error::input("the run has no limit of cost").mend("give more `--queries`")),
        Some(before) if (cost as u64) < before => Err(Error::input(format!(
            "the run has a cost of {before} to spend, and cannot have less"
        ))
        .mend("leave out `--cost`, or give more")),
        Some(_) => Ok(Some(cost)),
    }
}

/// Makes the specification of a resumed run.
fn resumed_spec(mut spec: SearchSpec, run: &Recorded, queries: usize) -> SearchSpec {
    // Its direction stays, even if this version has another default for the name.
    if let Some(objectives) = run.objectives() {
        spec.task.minimize = false;
        spec.task.objective = objectives;
    }
    spec.task.keep_apart = run.keeps_apart() && !spec.task.merge_isomorphic;
    spec.queries = Some(queries);
    spec.out = Some(run.out.clone());
    spec
}

/// The evaluations in a journal.
fn evaluations(journal: &Path) -> usize {
    let text = fs::read(journal).unwrap_or_default();
    let lines = text.split_inclusive(|b| *b == b'\n');
    let is_evaluation = |line: &&[u8]| line.ends_with(b"\n") && !line.starts_with(b"{\"retry\"");
    let lines = lines.filter(is_evaluation).count();
    // The first line is about the journal itself.
    lines.saturating_sub(1)
}

/// End of a run that was not interrupted.
pub struct Ended {
    stop: StopReason,
    queries: u64,
    /// True if it found a usable architecture.
    pub found: bool,
}

impl Ended {
    /// Reads the result of a run with a budget of queries. A result with a smaller budget is from before the
    /// run was resumed.
    ///
    /// # Errors
    /// If the result was changed.
    pub fn read(result: &Path, queries: usize) -> Result<Option<Ended>> {
        let Some(result) = sealed::read(result, CHANGED_RESULT)? else {
            return Ok(None);
        };
        let budget = result["provenance"]["queries"].as_u64();
        let current = budget.is_none_or(|budget| budget == queries as u64);
        let stop: Option<StopReason> = serde_json::from_value(result["stop"].clone()).ok();
        let stop = stop.filter(|stop| current && *stop != StopReason::Interrupted);
        Ok(stop
            .zip(result["queries"].as_u64())
            .map(|(stop, queries)| Ended {
                stop,
                queries,
                found: !result["best"].is_null()
                    || result["front"]
                        .as_array()
                        .is_some_and(|front| !front.is_empty()),
            }))
    }

    /// Returns the message for a run that has nothing left to do; `None` if it continues.
    ///
    /// # Errors
    /// If it would stop again at once.
    pub fn stays(
        &self,
        folder: &Path,
        change: &Change,
        spec: &SearchSpec,
        before: usize,
    ) -> Result<Option<String>> {
        let spent = self.queries;
        let queries = spec.queries.unwrap_or(before);
        match self.stop {
            StopReason::Failures if change.max_failures.is_none() => Err(Error::input(
                "the run ended because its evaluations failed",
            )
            .mend("mend that, and add `--retry-failed`; or let it continue by `--max-failures 0`")
            .in_file(folder)),
            StopReason::TimeLimit if change.time_limit.is_none() => {
                let limit = spec.time_limit.as_deref().unwrap_or_default();
                let limit = duration::parse(limit).map(duration::format);
                let limit = limit.unwrap_or_default();
                Ok(Some(format!(
                    "the time limit of {limit} was reached after {spent} queries; give \
                     `--time-limit` more than that to continue"
                )))
            }
            StopReason::Failures | StopReason::TimeLimit => Ok(None),
            _ if queries == before => Ok(Some(format!(
                "the run is finished after {spent} queries; give `--queries` more than {queries} to \
                 continue"
            ))),
            _ => Ok(None),
        }
    }
}
