//! Runs of a benchmark that its folder holds already.

use std::fs;
use std::path::{Path, PathBuf};

use ganas_core::driver::StopReason;
use ganas_core::error::{Error, Result};
use ganas_search::Recipe;
use serde::Deserialize;

use crate::record::{Provenance, Run, Step};
use crate::rundir::settings::{CHANGED_RESULT, Recorded};
use crate::rundir::{RESULT, SETTINGS, sealed};

/// State of a run in the folder of a benchmark.
pub enum StoredRun {
    /// Nothing was started.
    Nothing,
    /// A run that was begun.
    Begun(Box<Recorded>),
    /// Finished run.
    Ended(Box<Run>),
}

impl StoredRun {
    /// Reads the state of the run that has the provenance of `made`.
    ///
    /// # Errors
    /// If it holds another run, or what it holds cannot be read.
    pub fn of(folder: &Path, made: impl FnOnce() -> Provenance) -> Result<StoredRun> {
        let settings = folder.join(SETTINGS);
        if !settings.exists() {
            return Ok(StoredRun::Nothing);
        }
        let (recorded, provenance) = (Recorded::read(&settings)?, made());
        let same = if recorded.cost() != provenance.cost {
            let text = |cost: Option<u64>| cost.map_or("any".into(), |cost| cost.to_string());
            Err(Error::input(format!(
                "`cost` was {} when the run began, and is {} now",
                text(recorded.cost()),
                text(provenance.cost)
            )))
        } else if recorded.queries == provenance.queries {
            let devices = provenance.devices.clone();
            (recorded.check(&provenance)).and_then(|()| recorded.devices(devices).map(drop))
        } else {
            Err(Error::input(format!(
                "`queries` was {} when the run began, and is {} now",
                recorded.queries, provenance.queries
            )))
        };
        same.map_err(|e| {
            e.mend("put it back, or name another `--out` folder")
                .in_file(&settings)
        })?;
        let result = folder.join(RESULT);
        if !result.exists() {
            return Ok(StoredRun::Begun(Box::new(recorded)));
        }
        let run = ended(&result)?;
        Ok(match run.stop {
            StopReason::Interrupted => StoredRun::Begun(Box::new(recorded)),
            _ => StoredRun::Ended(Box::new(run)),
        })
    }
}

/// The run of a result.
fn ended(result: &Path) -> Result<Run> {
    let value = sealed::read(result, CHANGED_RESULT)?.unwrap_or_default();
    let read = || -> serde_json::Result<Run> {
        let trajectory = Vec::<Step>::deserialize(&value["trajectory"])?;
        Ok(Run::deserialize(&value)?.along(&trajectory))
    };
    read().map_err(|e| {
        Error::input(format!("this is not a result of a run ({e})"))
            .mend(CHANGED_RESULT)
            .in_file(result)
    })
}

/// The folder of all runs of a strategy in a benchmark's.
pub fn runs_of(folder: &Path, recipe: &Recipe) -> PathBuf {
    folder.join(format!("{}-{}", recipe.strategy(), recipe.preset()))
}

/// Checks that a benchmark's folder is a new one, or holds one of these that are its own.
///
/// # Errors
/// If it does not.
pub fn check(folder: &Path, own: &[PathBuf]) -> Result<()> {
    let empty = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if empty || own.iter().any(|path| path.exists()) {
        return Ok(());
    }
    Err(
        Error::input("the folder is not empty, and holds no run of this benchmark")
            .mend("name a new `--out` folder, or the one that the benchmark was begun in")
            .in_file(folder),
    )
}
