//! Workers of the user's own.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ganas_core::constraint::Condition;
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::Evaluator;
use ganas_core::evaluate::command::{CommandConfig, CommandEvaluator, Note};
use ganas_core::space::SearchSpace;
use ganas_core::trial::Axis;

use super::Source;
use crate::progress::Remarks;
use crate::record::{TaskRecord, WorkersRecord};
use crate::spec::{TaskSpec, WorkersSpec};

impl WorkersSpec {
    /// The most time that an evaluation may take.
    ///
    /// # Errors
    /// If it is not a time.
    pub fn limit(&self) -> Result<Option<Duration>> {
        (self.timeout.map(|s| seconds("--timeout", s))).transpose()
    }
}

/// Workers that can be started.
pub struct Workers {
    /// Stem of the names of run folders.
    pub name: String,
    /// Metrics that are requested from them.
    pub requested: RequestedMetrics,
    command: String,
    config: CommandConfig,
    axis: Option<Axis>,
    space: Arc<dyn SearchSpace>,
}

impl Workers {
    /// Workers by a command, checked as far as can be without starting it.
    ///
    /// # Errors
    /// If there is no such program, or a number cannot be used.
    pub fn open(
        command: &str,
        task: &TaskSpec,
        space: &Arc<dyn SearchSpace>,
        axis: Option<&Axis>,
    ) -> Result<Workers> {
        let given = &task.worker;
        let words = shell_words::split(command).map_err(|e| {
            Error::input(format!("--command `{command}`: {e}")).mend("close the quotation marks")
        })?;
        let Some(program) = words.first() else {
            return Err(Error::input("--command names no program")
                .mend("give it as `--command \"python train.py\"`"));
        };
        check_program(program, command)?;
        if task.workers == Some(0) {
            return Err(Error::input("there are no workers").mend("give `--workers` at least 1"));
        }
        let config = CommandConfig {
            workers: task.workers.unwrap_or(1),
            timeout: given.limit()?,
            startup: seconds("--startup", given.startup)?,
            retries: given.retries,
            seed: 0,
            budget: given.budget,
            grace: seconds("--grace", given.grace)?,
            checkpoints: None,
            logs: None,
            words: words.iter().map(OsString::from).collect(),
        };
        let requested = RequestedMetrics::of_task(task, &**space)?;
        let stem = Path::new(program).file_stem().unwrap_or_default();
        Ok(Workers {
            name: stem.to_string_lossy().into_owned(),
            requested,
            command: command.to_owned(),
            config,
            axis: axis.cloned(),
            space: space.clone(),
        })
    }

    /// Returns the number of workers.
    pub fn count(&self) -> usize {
        self.config.workers
    }
}

impl Source for Workers {
    fn metrics(&self) -> Vec<String> {
        self.requested.metrics.clone()
    }

    fn evaluator(
        &self,
        seed: u64,
        out: Option<&Path>,
        remarks: &Remarks,
    ) -> Result<Box<dyn Evaluator>> {
        let config = CommandConfig {
            seed,
            logs: out.map(Path::to_owned),
            checkpoints: out.map(|folder| absolute(&folder.join(CHECKPOINTS))),
            ..self.config.clone()
        };
        let remarks = remarks.clone();
        let RequestedMetrics { metrics, needed } = self.requested.clone();
        let evaluator = CommandEvaluator::new(config, self.space.clone(), metrics, needed);
        let evaluator = match &self.axis {
            Some(axis) => evaluator.with_axis(axis.clone()),
            None => evaluator,
        };
        Ok(Box::new(evaluator.watched(Box::new(
            move |worker, note| match note {
                Note::Progress(fraction, message) => {
                    let percent = fraction.map(|f| format!(" {:.0} %", 100.0 * f));
                    let message = message.map(|m| format!(" {m}"));
                    remarks.beside(format!(
                        "(worker {worker}:{}{})",
                        percent.unwrap_or_default(),
                        message.unwrap_or_default()
                    ));
                }
                Note::Done => remarks.beside(""),
                Note::Lost(how) => remarks.lost(worker, how),
            },
        ))))
    }

    fn record(&self, record: &mut TaskRecord) {
        record.workers = Some(WorkersRecord {
            program: self.command.clone(),
            metrics: self.requested.metrics.clone(),
            budget: self.config.budget,
        });
    }

    fn workers(&self) -> Option<&Workers> {
        Some(self)
    }

    fn axis(&self) -> Option<&Axis> {
        self.axis.as_ref()
    }

    fn folder_stem(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn takes_time(&self) -> bool {
        true
    }
}

/// Folder of a run with a folder for the checkpoints of each architecture.
pub const CHECKPOINTS: &str = "checkpoints";

/// A path that does not depend on the working directory of a worker.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// An option that is a time.
fn seconds(name: &str, seconds: f64) -> Result<Duration> {
    (Duration::try_from_secs_f64(seconds).ok())
        .filter(|d| !d.is_zero())
        .ok_or_else(|| {
            Error::input(format!("`{name} {seconds}` is not a time")).mend("give it in seconds")
        })
}

/// Metrics that are requested from workers or from the calling program.
#[derive(Clone)]
pub struct RequestedMetrics {
    /// The objectives, then what constraints and declared failures are about, then what else is asked for by
    /// name.
    pub metrics: Vec<String>,
    /// Number of metrics, from the first on, that the search needs.
    pub needed: usize,
}

impl RequestedMetrics {
    /// Returns the metrics that a task requests. A cost of the space is computed by the space unless it is
    /// named.
    ///
    /// # Errors
    /// If a constraint cannot be read.
    pub fn of_task(task: &TaskSpec, space: &dyn SearchSpace) -> Result<RequestedMetrics> {
        let mut objectives = task
            .objective_specs()?
            .into_iter()
            .map(|named| named.metric);
        let mut metrics = vec![objectives.next().unwrap_or_else(|| "accuracy".into())];
        let mut request = |metric: String| {
            let known = space.costs().contains(&metric) && !task.metrics.contains(&metric);
            if !metrics.contains(&metric) && !known {
                metrics.push(metric);
            }
        };
        objectives.for_each(&mut request);
        for text in task.constraints.iter().chain(&task.failed) {
            let Condition { metric, .. } = text.parse()?;
            request(metric);
        }
        let needed = metrics.len();
        for metric in &task.metrics {
            if !metrics.contains(metric) {
                metrics.push(metric.clone());
            }
        }
        Ok(RequestedMetrics { metrics, needed })
    }
}

/// Words that a shell does by itself.
const BUILTINS: [&str; 8] = [
    "cd", "export", "source", ".", "ulimit", "set", "eval", "umask",
];

/// Checks that the first word of a command is a program. It is started without a shell.
fn check_program(program: &str, command: &str) -> Result<()> {
    let what = |what: String| Error::input(format!("--command: {what}"));
    let is_name = |name: &str| {
        let first = name.chars().next();
        first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if let Some((name, _)) = program.split_once('=')
        && is_name(name)
    {
        return Err(what(format!(
            "`{program}` sets a variable, and no shell reads it"
        ))
        .mend(format!("put `env` before it: `env {command}`")));
    }
    if BUILTINS.contains(&program) {
        return Err(what(format!(
            "`{program}` is a word of the shell, and no shell reads it"
        ))
        .mend("give the whole as an argument of a shell: `sh -c \"cd x && exec prog\"`"));
    }
    if !exists(program) {
        return Err(
            what(format!("there is no program `{program}`")).mend("give its path, or install it")
        );
    }
    Ok(())
}

/// Returns true if a program can be found, by its path or in the folders of `PATH`.
fn exists(program: &str) -> bool {
    let given = Path::new(program);
    if given.components().count() > 1 {
        return given.is_file();
    }
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).any(|folder| {
        let found = folder.join(program);
        found.is_file() || found.with_extension(env::consts::EXE_EXTENSION).is_file()
    })
}
