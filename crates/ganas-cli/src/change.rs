//! Changes that a resumed run may make without another result: how its workers are run, and where its
//! table is.

use std::path::PathBuf;

use clap::Args;
use ganas_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::args::TaskArgs;
use crate::duration;

/// What is changed. What is left out stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Args, Serialize, Deserialize)]
pub struct Change {
    /// Evaluations in the journal before it.
    #[arg(skip)]
    pub after: usize,

    /// Networks that are trained or scored at once, or workers of `--command`, from now on
    /// [default: as before]
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<usize>,

    /// The most seconds that an evaluation by a worker may take from now on [default: as before]
    #[arg(long, value_name = "SECONDS")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<f64>,

    /// How often an evaluation is tried again after its worker crashed or hung, from now on
    /// [default: as before]
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<usize>,

    /// The time that the whole search may take from now on, what it has taken included, as `90s`, `45m`,
    /// `12h` or `1h30m` [default: as before]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<f64>,

    /// Failed evaluations that end the search from now on; 0 never ends it [default: as before]
    #[arg(long, value_name = "N")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_failures: Option<usize>,

    /// Where the table is now, if it was moved; its content has to be the same [default: as before]
    #[arg(long, value_name = "FILE")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<PathBuf>,
}

impl Change {
    /// Whether something is changed.
    pub fn any(&self) -> bool {
        *self != Change::default()
    }

    /// Makes it, in the arguments that a run was begun with.
    ///
    /// # Errors
    /// If the run has no workers to be changed, or no table.
    pub fn make(&self, task: &mut TaskArgs) -> Result<()> {
        let asked = task.workers_of.command.is_some();
        let trains = task.train.is_some() || task.supernet.is_some();
        let looks_up = !asked && (task.surrogate.is_some() || (task.table.is_some() && !trains));
        let senseless = |what: &str, option: &str| {
            Err(Error::input(what).mend(format!("leave out `{option}`")))
        };
        match self {
            Change {
                workers: Some(_), ..
            } if looks_up => senseless(
                "the run looks its evaluations up, and has no workers",
                "--workers",
            ),
            Change {
                timeout: Some(_), ..
            } if !asked => senseless(
                "the run has no workers of `--command` to be given so much time",
                "--timeout",
            ),
            Change {
                retries: Some(_), ..
            } if !asked => senseless(
                "the run has no workers of `--command` to be lost",
                "--retries",
            ),
            Change { table: Some(_), .. } if task.table.is_none() => {
                senseless("the run has no table that could have been moved", "--table")
            }
            _ => {
                if let Some(table) = &self.table {
                    task.table = Some(table.clone());
                }
                task.workers = self.workers.or(task.workers);
                task.workers_of.change(self.timeout, self.retries);
                Ok(())
            }
        }
    }
}
