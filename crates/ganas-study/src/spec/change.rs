//! Changes that a resumed run may make without another result: how its workers are run, and where its
//! table is.

use std::path::PathBuf;

use ganas_core::error::{Error, Result};

use crate::duration::parse;
use crate::spec;
use crate::spec::search::SearchSpec;

spec! {
    /// Changes to a run that is resumed. A field that is left out stays as it was.
    pub struct Change {
        /// Evaluations in the journal before it.
        after: usize => |field| field.hidden();
        /// Networks that are trained or scored at once, or workers of `--command`, from now on
        /// [default: as before]
        workers: Option<usize> => |field| field.value("N");
        /// The most seconds that an evaluation by a worker may take from now on [default: as before]
        timeout: Option<f64> => |field| field.value("SECONDS");
        /// Further tries of an evaluation after its worker crashed or hung, from now on
        /// [default: as before]
        retries: Option<usize> => |field| field.value("N");
        /// Time that the whole search may take from now on, including the time so far, as `90s`, `45m`, `12h`
        /// or `1h30m` [default: as before]
        time_limit: Option<String> => |field| field.value("DURATION").checked(|text| parse(text).map(drop));
        /// Failed evaluations that end the search from now on; 0 never ends it [default: as before]
        max_failures: Option<usize> => |field| field.value("N");
        /// Place of the table now, if it was moved; its content has to be the same [default: as before]
        table: Option<PathBuf> => |field| field.value("FILE");
    }
}

impl Change {
    /// Returns true if a field is given.
    pub fn any(&self) -> bool {
        *self != Change::default()
    }

    /// Makes it, in the specification that a run was begun with.
    ///
    /// # Errors
    /// If the run has no workers to be changed, or no table.
    pub fn make(&self, spec: &mut SearchSpec) -> Result<()> {
        spec.time_limit = self.time_limit.clone().or(spec.time_limit.take());
        spec.max_failures = self.max_failures.unwrap_or(spec.max_failures);
        let task = &mut spec.task;
        let asked = task.worker.command.is_some();
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
                task.worker.timeout = self.timeout.or(task.worker.timeout);
                task.worker.retries = self.retries.unwrap_or(task.worker.retries);
                Ok(())
            }
        }
    }
}
