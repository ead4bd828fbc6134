//! Suite files: several tasks for `ganas bench`, in TOML.

use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result};
use ganas_core::read_regular_text;
use serde::Deserialize;

use crate::args::TaskArgs;
use crate::reading::ReadingArgs;

/// The variable that names the folder of tables.
const DATA: &str = "GANAS_DATA";

/// A suite as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The strategies, where the command line names none.
    #[serde(default)]
    pub strategies: Vec<String>,
    /// The number of seeds, where the command line has none.
    pub seeds: Option<u64>,
    /// The tasks.
    #[serde(rename = "task")]
    pub tasks: Vec<SuiteTask>,
}

/// One task of a suite.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteTask {
    /// What it is called in the results.
    pub name: String,
    /// The queries of a run.
    pub queries: usize,
    space: String,
    table: Option<String>,
    surrogate: Option<String>,
    objective: String,
    #[serde(default)]
    minimize: bool,
    #[serde(default)]
    start: Vec<String>,
    #[serde(default)]
    constraints: Vec<String>,
    sampler: Option<String>,
    report: Option<String>,
    reevaluate: Option<usize>,
    noise: Option<f64>,
    target: Option<String>,
    #[serde(default)]
    merge_isomorphic: bool,
    #[serde(default, rename = "where")]
    filters: Vec<String>,
    duplicates: Option<String>,
    arch_column: Option<String>,
}

impl Suite {
    /// Reads a suite.
    ///
    /// # Errors
    /// If the file cannot be read or is no suite.
    pub fn read(file: &Path) -> Result<Self> {
        let text = read_regular_text(file).map_err(|e| {
            Error::input(format!("cannot be read ({e})"))
                .mend("name a TOML file with `[[task]]` blocks")
                .in_file(file)
        })?;
        let suite: Suite = toml::from_str(&text).map_err(|e| {
            let error = Error::input(e.message().replace('\n', " "))
                .mend(
                    "a `[[task]]` has `name`, `space`, `table` or `surrogate`, `objective` and \
                     `queries`",
                )
                .in_file(file);
            match e.span() {
                Some(span) if span.end > 0 => {
                    let before = &text[..span.start.min(text.len())];
                    error.on_line(1 + before.matches('\n').count() as u64)
                }
                _ => error,
            }
        })?;
        suite.check().map_err(|e| e.in_file(file))?;
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
            if task.table.is_none() && task.surrogate.is_none() {
                return Err(
                    Error::input(format!("the task `{name}` names nothing to search"))
                        .mend("add `table` or `surrogate`"),
                );
            }
            if self.tasks[..i].iter().any(|other| other.name == *name) {
                return Err(Error::input(format!("two tasks are called `{name}`"))
                    .mend("give one of them another name"));
            }
        }
        Ok(())
    }
}

impl SuiteTask {
    /// What would be typed for it. Files are looked for beside the suite's own.
    ///
    /// # Errors
    /// If the folder of tables is meant and not known.
    pub fn args(&self, suite: &Path) -> Result<TaskArgs> {
        let folder = suite.parent().unwrap_or(Path::new(""));
        let file = |path: &Option<String>| {
            let path = path.as_deref();
            path.map(|path| expand(path, folder)).transpose()
        };
        let space = match self.space.ends_with(".toml") {
            true => folder.join(&self.space).display().to_string(),
            false => self.space.clone(),
        };
        Ok(TaskArgs {
            space: Some(space),
            table: file(&self.table)?,
            surrogate: file(&self.surrogate)?,
            objective: Some(self.objective.clone()),
            minimize: self.minimize,
            start: self.start.clone(),
            constraint: self.constraints.clone(),
            sampler: self.sampler.clone(),
            report: self.report.clone(),
            reevaluate: self.reevaluate,
            noise: self.noise,
            target: self.target.clone(),
            merge_isomorphic: self.merge_isomorphic,
            reading: ReadingArgs {
                filters: self.filters.clone(),
                duplicates: self.duplicates.clone(),
                arch_column: self.arch_column.clone(),
            },
            ..TaskArgs::default()
        })
    }
}

/// A path with the folder of tables written out, or beside the suite.
fn expand(path: &str, folder: &Path) -> Result<PathBuf> {
    let variable = format!("${DATA}/");
    match (path.strip_prefix(&variable), std::env::var_os(DATA)) {
        (Some(rest), Some(data)) => Ok(Path::new(&data).join(rest)),
        (Some(_), None) => Err(Error::input(format!("`{path}`: {DATA} is not set"))
            .mend(format!("set {DATA} to the folder of the tables"))),
        (None, _) => Ok(folder.join(path)),
    }
}
