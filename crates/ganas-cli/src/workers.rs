//! Workers of the user's own, as they are typed.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use ganas_core::constraint::Condition;
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::command::{CommandConfig, CommandEvaluator, Note};
use ganas_core::space::SearchSpace;

use crate::args::TaskArgs;
use crate::log::Reporter;
use crate::record::WorkersRecord;

/// Seconds until a worker has to be ready.
const STARTUP: f64 = 600.0;

/// Further tries of an evaluation whose worker was lost.
const RETRIES: usize = 2;

/// How workers are run.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct WorkerArgs {
    /// Program that evaluates architectures, with its arguments, as `python train.py`; what it has
    /// to say is in docs/command-evaluator.md
    #[arg(long, value_name = "PROGRAM ARGS", help_heading = "Workers")]
    pub command: Option<String>,

    /// The most seconds that an evaluation by a worker may take [default: any]; what a table or a
    /// surrogate tells takes none
    #[arg(long, value_name = "SECONDS", help_heading = "Workers")]
    timeout: Option<f64>,

    /// The most seconds until a worker is ready, the queue of a cluster included
    #[arg(
        long,
        value_name = "SECONDS",
        requires = "command",
        default_value_t = STARTUP,
        help_heading = "Workers"
    )]
    startup: f64,

    /// How often an evaluation is tried again after its worker crashed or hung
    #[arg(
        long,
        value_name = "N",
        requires = "command",
        default_value_t = RETRIES,
        help_heading = "Workers"
    )]
    retries: usize,

    /// A number that workers are given with each architecture, such as epochs
    #[arg(
        long,
        value_name = "NUMBER",
        requires = "command",
        help_heading = "Workers"
    )]
    budget: Option<f64>,
}

impl Default for WorkerArgs {
    /// What it is where nothing is typed.
    fn default() -> Self {
        WorkerArgs {
            command: None,
            timeout: None,
            startup: STARTUP,
            retries: RETRIES,
            budget: None,
        }
    }
}

impl WorkerArgs {
    /// Replaces the most time that an evaluation may take, and how often it is tried again.
    pub fn change(&mut self, timeout: Option<f64>, retries: Option<usize>) {
        self.timeout = timeout.or(self.timeout);
        self.retries = retries.unwrap_or(self.retries);
    }

    /// The most time that an evaluation may take.
    ///
    /// # Errors
    /// If it is no time.
    pub fn limit(&self) -> Result<Option<Duration>> {
        (self.timeout.map(|s| seconds("--timeout", s))).transpose()
    }
}

/// Workers that can be started.
pub struct Workers {
    /// What a folder is named by.
    pub name: String,
    /// What is asked of them.
    pub wanted: Wanted,
    command: String,
    config: CommandConfig,
    space: Arc<dyn SearchSpace>,
}

impl Workers {
    /// Workers by a command, checked as far as can be without starting it.
    ///
    /// # Errors
    /// If there is no such program, or a number cannot be used.
    pub fn open(command: &str, args: &TaskArgs, space: &Arc<dyn SearchSpace>) -> Result<Workers> {
        let typed = &args.workers_of;
        let words = shell_words::split(command).map_err(|e| {
            Error::input(format!("--command `{command}`: {e}")).mend("close the quotation marks")
        })?;
        let Some(program) = words.first() else {
            return Err(Error::input("--command names no program")
                .mend("give it as `--command \"python train.py\"`"));
        };
        check_program(program, command)?;
        if args.workers == Some(0) {
            return Err(Error::input("there are no workers").mend("give `--workers` at least 1"));
        }
        let config = CommandConfig {
            workers: args.workers.unwrap_or(1),
            timeout: typed.limit()?,
            startup: seconds("--startup", typed.startup)?,
            retries: typed.retries,
            seed: 0,
            budget: typed.budget,
            logs: None,
            words: words.iter().map(OsString::from).collect(),
        };
        let wanted = Wanted::of(args, &**space)?;
        let stem = Path::new(program).file_stem().unwrap_or_default();
        Ok(Workers {
            name: stem.to_string_lossy().into_owned(),
            wanted,
            command: command.to_owned(),
            config,
            space: space.clone(),
        })
    }

    /// How many of them run at once.
    pub fn count(&self) -> usize {
        self.config.workers
    }

    /// An evaluator for a search with this seed.
    pub fn evaluator(
        &self,
        seed: u64,
        out: Option<&Path>,
        reporter: &Reporter,
    ) -> CommandEvaluator {
        let config = CommandConfig {
            seed,
            logs: out.map(Path::to_owned),
            ..self.config.clone()
        };
        let reporter = reporter.clone();
        let Wanted { metrics, needed } = self.wanted.clone();
        let evaluator = CommandEvaluator::new(config, self.space.clone(), metrics, needed);
        evaluator.watched(Box::new(move |worker, note| match note {
            Note::Progress(fraction, message) => {
                let percent = fraction.map(|f| format!(" {:.0} %", 100.0 * f));
                let message = message.map(|m| format!(" {m}"));
                reporter.remarks.beside(format!(
                    "(worker {worker}:{}{})",
                    percent.unwrap_or_default(),
                    message.unwrap_or_default()
                ));
            }
            Note::Done => reporter.remarks.beside(String::new()),
            Note::Lost(how) => reporter.lost(worker, how),
        }))
    }

    /// What has to be known to run them again.
    pub fn record(&self) -> WorkersRecord {
        WorkersRecord {
            program: self.command.clone(),
            metrics: self.wanted.metrics.clone(),
            budget: self.config.budget,
        }
    }
}

/// An option that is a time.
fn seconds(name: &str, seconds: f64) -> Result<Duration> {
    (Duration::try_from_secs_f64(seconds).ok())
        .filter(|d| !d.is_zero())
        .ok_or_else(|| {
            Error::input(format!("`{name} {seconds}` is no time")).mend("give it in seconds")
        })
}

/// What others have to measure.
#[derive(Clone)]
pub struct Wanted {
    /// The objective, then what constraints are about, then what else is asked for by name.
    pub metrics: Vec<String>,
    /// How many of them the search cannot do without: those before what else is asked for.
    pub needed: usize,
}

impl Wanted {
    /// What arguments want. A cost of the space is the space's own unless it is asked for by name.
    ///
    /// # Errors
    /// If a constraint cannot be read.
    pub fn of(args: &TaskArgs, space: &dyn SearchSpace) -> Result<Wanted> {
        let objective = args.aim()?.map(|aim| aim.metric);
        let mut metrics = vec![objective.unwrap_or_else(|| "accuracy".into())];
        for text in &args.constraint {
            let Condition { metric, .. } = text.parse()?;
            let known = space.costs().contains(&metric) && !args.metric.contains(&metric);
            if !metrics.contains(&metric) && !known {
                metrics.push(metric);
            }
        }
        let needed = metrics.len();
        for metric in &args.metric {
            if !metrics.contains(metric) {
                metrics.push(metric.clone());
            }
        }
        Ok(Wanted { metrics, needed })
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

/// Whether a program can be found, in the folders where programs are or where it is said to be.
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
