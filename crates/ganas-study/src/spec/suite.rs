//! Suites: benchmarks over several tasks.

use std::path::Path;

use ganas_core::error::{Error, Result};
use ganas_tables::Embedded;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::spec;
use crate::spec::bench::SharedSpec;
use crate::spec::paths::relocate;
use crate::spec::read_map;
use crate::spec::task::TaskSpec;

spec! {
    /// One task of a suite.
    pub struct SuiteTask {
        /// Name of the task in the results.
        name: String => |field| field.value("NAME");
        /// Queries of a run.
        queries: usize => |field| field.value("N");
        /// Cost of a run, in units of the task's fidelity.
        cost: Option<usize> => |field| field.value("N");
        ..task: TaskSpec;
    }
}

/// A benchmark over several tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SuiteSpec {
    /// File that it was read from.
    #[serde(default, skip_serializing_if = "spec::is_default")]
    pub file: String,
    /// Settings that all tasks share.
    #[serde(flatten)]
    pub shared: SharedSpec,
    /// Tasks.
    #[serde(rename = "task")]
    pub tasks: Vec<SuiteTask>,
}

impl SuiteSpec {
    /// Reads a suite from named values.
    ///
    /// # Errors
    /// If it has no task, or a field of it is unknown or cannot be used.
    pub fn from_map(mut map: Map<String, Value>) -> Result<SuiteSpec> {
        let tasks = match map.remove("task") {
            Some(Value::Array(tasks)) => tasks,
            _ => Vec::new(),
        };
        let file = match map.remove("file") {
            Some(Value::String(file)) => file,
            _ => String::new(),
        };
        let tasks = tasks.into_iter().map(read_map::<SuiteTask>);
        let mut suite = SuiteSpec {
            file,
            shared: read_map(map.into())?,
            tasks: tasks.collect::<Result<_>>()?,
        };
        // Each query costs at least one unit.
        for task in suite.tasks.iter_mut().filter(|task| task.queries == 0) {
            task.queries = task.cost.unwrap_or_default();
        }
        suite.check()?;
        Ok(suite)
    }

    fn check(&self) -> Result<()> {
        if self.tasks.is_empty() {
            return Err(Error::input("there are no tasks").mend("add a `[[task]]` block"));
        }
        for (i, task) in self.tasks.iter().enumerate() {
            let name = &task.name;
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
                return Err(Error::input(format!("`{name}` cannot be a task's name"))
                    .mend("use letters, digits, dashes, dots and underscores"));
            }
            let missing = |what: &str, field: &str| {
                Err(Error::input(format!("the task `{name}` names no {what}"))
                    .mend(format!("add `{field}`")))
            };
            if task.task.table.is_none() && task.task.surrogate.is_none() {
                return Err(
                    Error::input(format!("the task `{name}` names nothing to search"))
                        .mend("add `table` or `surrogate`"),
                );
            }
            let embedded = task.task.table.as_deref().and_then(Embedded::named);
            if task.task.space.is_none() && embedded.is_none() {
                return missing("space", "space");
            }
            if task.task.objective.is_empty() && embedded.is_none() {
                return missing("objective", "objective");
            }
            if task.queries == 0 {
                return missing("queries", "queries");
            }
            if self.tasks[..i].iter().any(|other| other.name == *name) {
                return Err(Error::input(format!("two tasks are called `{name}`"))
                    .mend("give one of them another name"));
            }
        }
        Ok(())
    }

    /// Lets relative paths start from a folder, the suite's own.
    pub(super) fn relocate(&mut self, folder: &Path) -> Result<()> {
        relocate(&mut self.shared.out, folder);
        let mut tasks = self.tasks.iter_mut();
        tasks.try_for_each(|task| {
            let relocated = task.task.relocate(folder);
            relocated.map_err(|e| e.about(&format!("task `{}`", task.name)))
        })
    }
}
