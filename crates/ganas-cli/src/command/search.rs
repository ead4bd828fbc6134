//! `ganas search`: one search, and what it found.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use ganas_core::constraint::Predicate;
use ganas_core::driver::StopReason;
use ganas_core::error::Error;
use ganas_draw::Drawing;
use ganas_search::{Recipe, STRATEGIES};
use ganas_train::Feed;
use ganas_train::device::CPU;
use ganas_train::recipe::MOST_EPOCHS;

use crate::End;
use crate::args::TaskArgs;
use crate::change::Change;
use crate::device::DeviceArgs;
use crate::duration;
use crate::execute::Plan;
use crate::history::{COPY, History};
use crate::interrupt;
use crate::log::LogArgs;
use crate::names;
use crate::output::{one_line, prepare, rounded, write_json};
use crate::progress::Progress;
use crate::record::{Improved, SearchReport};
use crate::rundir::check_free;
use crate::settings::Recorded;
use crate::source::Source;
use crate::task::{SPACE, Task};
use crate::terminal;
use crate::top;
use crate::winner::free_folder;

const EXAMPLES: &str = "\
Examples:
  ganas search
      trains cells of nasbench201 on handwritten digits that are built in: no data, a minute or two
  ganas search --space nasbench201 --table nasbench201.csv.gz --objective cifar10_test
  ganas search --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --strategy evolution --queries 1000 --constraint 'params <= 5e6' --out runs/small
  ganas search --space nasbench101 --table nasbench101.csv.gz --objective test_accuracy \\
      --start resnet --constraint 'params <= @start'
  ganas search --space my-space.toml --table measured.parquet --objective latency_ms:min
  ganas search --space my-space.toml --train cifar-10-batches-bin --epochs 20 --width 16
  ganas search --train cifar-10-batches-bin --width 16 --device gpu
  ganas search --space nasbench201 --supernet runs/supernet --objective loss --queries 100
  ganas search --space nasbench201 --command 'python3 train.py' --workers 4 --timeout 3600
  ganas search --space my-space.toml --command 'srun --gres=gpu:1 python train.py' --workers 8 --async

Costs such as `params` are those of the benchmark's own network, whatever is trained.

Exit codes: 0 done; 2 unusable arguments or input; 3 no architecture was found that can be used, or the
evaluations kept failing; 130 interrupted, and `ganas resume` goes on; 1 anything else. The digits are
\"Optical Recognition of Handwritten Digits\" by E. Alpaydin and C. Kaynak (UCI, CC BY 4.0).";

/// Failed evaluations that end a search if they are the first.
const MAX_FAILURES: usize = 5;
/// Queries of a search in a table or a supernet.
const LOOKED_UP: usize = 300;
/// Queries of a search that trains: a minute or two on the digits with two cores.
const TRAINED: usize = 120;
/// The epochs in which the best network for the digits is trained once more.
const DIGITS_EPOCHS: usize = 40;

/// Arguments of `ganas search`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SearchArgs {
    #[command(flatten)]
    task: TaskArgs,

    /// Search strategy, with a preset if it is written as STRATEGY:PRESET
    #[arg(long, value_name = "STRATEGY", default_value_t = default_strategy(), value_parser = names::strategies())]
    strategy: String,

    /// Preset of the strategy
    #[arg(long, value_parser = names::presets(), hide_possible_values = true)]
    preset: Option<String>,

    /// Setting of the strategy that replaces the preset's, as `batch=8`; can be given several times
    ///
    /// The keys are those under `settings` in any result. A setting that has no effect without another
    /// one is refused, and the error names that one.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Distinct architectures to evaluate [default: 300; 120 where they are trained]
    #[arg(long, value_name = "N")]
    queries: Option<usize>,

    /// Seed of all random streams
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// CSV file of evaluations that are known, plain or compressed with gzip: the objective, and `arch`
    /// or the columns that tables of the space have in its place, as in the `evaluations.csv` of a run;
    /// they are no queries
    #[arg(long, value_name = "FILE.csv")]
    history: Option<PathBuf>,

    /// Ask for the next architectures as soon as a worker would be idle, instead of in rounds; the
    /// trace then depends on which evaluations finish first
    #[arg(long = "async")]
    asynchronous: bool,

    /// Stop if the first N evaluations all fail, or later 4 N in a row fail for the same reason; 0 never
    /// stops
    ///
    /// The exit code is then 3, and `ganas resume DIR --retry-failed` goes on once that is mended. What a
    /// table or a surrogate lacks never stops a search.
    #[arg(long, value_name = "N", default_value_t = MAX_FAILURES)]
    max_failures: usize,

    /// The time that the search may take, as `90s`, `45m`, `12h` or `1h30m`; `ganas resume` with a
    /// longer one goes on [default: any]
    ///
    /// Evaluations that are running at the limit are abandoned, and made again if the search is resumed. Where
    /// networks are trained, the last training of the best one follows after the limit.
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    time_limit: Option<f64>,

    /// Epochs in which the best network is trained once more, on all images that are not for test
    /// [default: those of a candidate; 40 on the digits]
    #[arg(long, value_name = "N", help_heading = "Training")]
    winner_epochs: Option<usize>,

    /// Folder for the settings, every evaluation and the result, which `ganas resume` goes on from
    /// [default: none; runs/DATASET-N where networks are trained]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// The least seconds between two checkpoints of the run in its folder
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    checkpoint: f64,

    /// File for the result as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// List the K best architectures in the result, with their rows in the table's file
    #[arg(long, value_name = "K", default_value_t = 0)]
    top: usize,

    /// Write scalars for TensorBoard into the folder of the run, and the same as CSV
    #[arg(long)]
    tensorboard: bool,

    #[command(flatten)]
    log: LogArgs,
}

fn default_strategy() -> String {
    STRATEGIES[0].0.into()
}

/// Runs the command.
///
/// # Errors
/// If the arguments cannot be used or the results cannot be written.
pub fn run(args: &SearchArgs) -> Result<End> {
    go(args, None)
}

/// Goes on with a run by the arguments that it was begun with, and so many queries.
///
/// # Errors
/// If something is not as it was when the run began, or as [`run`].
pub fn resume(args: &SearchArgs, run: Recorded, queries: usize, log: LogArgs) -> Result<End> {
    let mut args = args.going_on(&run, queries);
    args.log = log.or(args.log);
    go(&args, Some(&run))
}

fn go(args: &SearchArgs, resumed: Option<&Recorded>) -> Result<End> {
    let progress = Progress::new(args.log.quiet || args.log.is_json());
    let prepared = Prepared::new(args, resumed, Given::default(), &progress)?;
    if let Source::Caller(caller) = &prepared.task.source {
        return Err(caller.absent().into());
    }
    let stop = interrupt::listen()?;
    progress.say(&prepared.task.announcement);
    prepared.task.say_notes(&progress);
    for note in &prepared.history.notes {
        progress.say(note);
    }
    if let Some(note) = prepared.idle() {
        progress.say(&note);
    }
    let bar = progress.search(prepared.queries);
    let report = prepared
        .plan(resumed, None)
        .run(&progress, &bar, true, stop)?;
    drop(bar);
    if let Some(file) = &args.json {
        write_json(file, &report)?;
    }
    let printed = match args.log.quiet {
        true => Ok(()),
        false => print(&report, &prepared.task, prepared.out.as_deref()),
    };
    let failed = report.run.stop == StopReason::Failures;
    match report.run.stop {
        // It may be that the terminal was closed.
        StopReason::Interrupted => Ok(End::Interrupted),
        _ if failed || report.run.best.is_none() => {
            if !args.log.is_json() {
                eprintln!("error: {}", nothing(&report, prepared.out.as_deref()));
            }
            printed.map(|()| End::Nothing)
        }
        _ => printed.map(|()| End::Done),
    }
}

/// Why a search ended without what it was for, and what to do about it.
fn nothing(report: &SearchReport, folder: Option<&Path>) -> String {
    let run = &report.run;
    let again = match folder {
        Some(folder) => format!(
            "mend that, and `ganas resume {} --retry-failed` goes on",
            folder.display()
        ),
        None => "mend that, and search again".into(),
    };
    let failure = report.failure.as_deref().map(reason).unwrap_or_default();
    if run.stop == StopReason::Failures && run.failed < run.queries {
        return format!("evaluations keep failing, the first: {failure}; {again}");
    }
    if run.failed > 0 && run.failed == run.queries {
        return format!(
            "all {} evaluations failed, the first: {failure}; {again}",
            run.failed
        );
    }
    if run.queries == 0 {
        return "nothing was evaluated; give more `--queries`, a longer `--time-limit` or looser \
                constraints"
            .into();
    }
    let breaches = report
        .nearest
        .as_ref()
        .map(|nearest| nearest.breaches.join("; "));
    match breaches {
        Some(breaches) => format!(
            "no architecture met the constraints; the nearest: {breaches}; loosen them, or give more \
             `--queries`"
        ),
        None => "no architecture met the constraints; loosen them, or give more `--queries`".into(),
    }
}

/// A reason as it is shown: it may be a whole page of another program.
fn reason(text: &str) -> String {
    one_line(text).chars().take(200).collect()
}

/// A search that can be run: all that its arguments name is opened.
pub struct Prepared {
    /// The task.
    pub task: Task,
    /// The queries to spend.
    pub queries: usize,
    /// The run directory.
    pub out: Option<PathBuf>,
    /// What is known before it.
    pub history: History,
    recipe: Recipe,
    seed: u64,
    winner_epochs: Option<usize>,
    asynchronous: bool,
    every: Duration,
    log: LogArgs,
    tensorboard: bool,
    max_failures: usize,
    time_limit: Option<Duration>,
    top: usize,
}

/// What the program gives that a search is embedded in, and no command line can.
#[derive(Default)]
pub struct Given {
    /// Bounds on architectures.
    pub predicates: Vec<Predicate>,
    /// The content of the file that `--history` names.
    pub history: Option<Vec<u8>>,
}

impl Prepared {
    /// Opens and checks everything that arguments name.
    ///
    /// # Errors
    /// If some of it cannot be used.
    pub fn new(
        args: &SearchArgs,
        resumed: Option<&Recorded>,
        given: Given,
        progress: &Progress,
    ) -> Result<Prepared> {
        let (recipe, every) = args.check(resumed)?;
        let recorded = resumed.map(Recorded::constraints).unwrap_or_default();
        let task = Task::requiring(given.predicates, &args.task, &recorded, args.seed, progress)?;
        if let Some(file) = &args.json {
            prepare(file)?;
        }
        let (mut queries, mut winner_epochs, mut out) =
            (LOOKED_UP, args.winner_epochs, args.out.clone());
        match &task.source {
            Source::Training(trained) => {
                let dataset = trained.training.task.dataset().name();
                queries = TRAINED;
                out = out.or_else(|| Some(free_folder(dataset)));
                if dataset == "digits" {
                    winner_epochs = winner_epochs.or(Some(DIGITS_EPOCHS));
                }
            }
            Source::Workers(workers) => {
                queries = TRAINED;
                out = out.or_else(|| Some(free_folder(&workers.name)));
            }
            Source::Caller(_) => queries = TRAINED,
            _ => {}
        }
        if args.tensorboard && out.is_none() {
            return Err(Error::input("there is no folder for TensorBoard's files")
                .mend("add `--out DIR`")
                .into());
        }
        let queries = args.queries.unwrap_or(queries);
        task.check_queries(queries)?;
        let history = match (&args.history, given.history, resumed) {
            (None, ..) => History::default(),
            (Some(_), _, Some(run)) => History::read(&run.out.join(COPY), &task)?,
            (Some(file), Some(bytes), None) => History::of(bytes, file, &task)?,
            (Some(file), None, None) => History::read(file, &task)?,
        };
        let looks_up = task.source.looks_up();
        let reads = task.table.is_some() || args.history.is_some();
        args.task.reading.check_used(reads)?;
        Ok(Prepared {
            max_failures: if looks_up { 0 } else { args.max_failures },
            time_limit: args.time_limit.map(Duration::from_secs_f64),
            task,
            queries,
            out,
            history,
            recipe,
            seed: args.seed,
            winner_epochs,
            asynchronous: args.asynchronous,
            every,
            log: args.log,
            tensorboard: args.tensorboard,
            top: args.top,
        })
    }

    /// What there is to say where a round has less work than there are workers.
    fn idle(&self) -> Option<String> {
        let Source::Workers(workers) = &self.task.source else {
            return None;
        };
        let queries = self.queries - self.task.reevaluate;
        let round = self.recipe.round(self.history.known.len(), queries);
        let there = workers.count();
        if self.asynchronous || there <= round {
            return None;
        }
        Some(format!(
            "note: a round of `{}` asks for no more than {round}, so {} of the {there} workers stand \
             idle; `--async` keeps all of them at work",
            self.recipe,
            there - round
        ))
    }

    /// The run; `command` is the command line on record, if it is not that of this process.
    pub fn plan<'a>(
        &'a self,
        resumed: Option<&'a Recorded>,
        command: Option<&'a [String]>,
    ) -> Plan<'a> {
        Plan {
            task: &self.task,
            recipe: &self.recipe,
            seed: self.seed,
            queries: self.queries,
            out: self.out.as_deref(),
            winner_epochs: self.winner_epochs,
            history: &self.history,
            asynchronous: self.asynchronous,
            every: self.every,
            resumed,
            alone: true,
            log: self.log,
            tensorboard: self.tensorboard,
            max_failures: self.max_failures,
            time_limit: self.time_limit,
            top: self.top,
            command,
        }
    }
}

impl SearchArgs {
    /// Going on with the same run, and so many queries.
    pub fn going_on(&self, run: &Recorded, queries: usize) -> SearchArgs {
        let mut task = self.task.clone();
        // The direction that it had, whatever other versions make of the name.
        if let Some(objective) = run.objective() {
            task.minimize = false;
            task.objective = Some(objective);
        }
        let mut args = SearchArgs {
            task,
            queries: Some(queries),
            out: Some(run.out.clone()),
            ..self.clone()
        };
        args.task.keep_apart = run.keeps_apart() && !args.task.merge_isomorphic;
        args
    }

    /// The seconds that the search may take.
    pub fn time_limit(&self) -> Option<f64> {
        self.time_limit
    }

    /// The same on another device.
    pub fn on(mut self, device: DeviceArgs) -> SearchArgs {
        self.task.device = device;
        self
    }

    /// Changes how its workers are run, and how long it goes on.
    ///
    /// # Errors
    /// If it has no workers to be changed.
    pub fn change(&mut self, change: &Change) -> ganas_core::error::Result<()> {
        self.time_limit = change.time_limit.or(self.time_limit);
        self.max_failures = change.max_failures.unwrap_or(self.max_failures);
        change.make(&mut self.task)
    }

    /// Trains as a run on record did, where its arguments leave that open.
    pub fn remember(&mut self, recipe: Option<ganas_train::Recipe>) {
        self.task.recipe.remember(recipe);
    }

    /// The same without a word on standard error.
    pub fn quietly(self) -> SearchArgs {
        let log = LogArgs {
            quiet: true,
            ..LogArgs::default()
        };
        SearchArgs { log, ..self }
    }

    /// How many evaluations are under way at once, where a program that this is embedded in makes
    /// them.
    pub fn slots(&self) -> usize {
        self.task.workers.unwrap_or(1)
    }

    /// Whether its evaluations come from a program that this is embedded in.
    pub fn is_embedded(&self) -> bool {
        self.task.caller.is_some()
    }

    /// What the space is called, and whether isomorphic strings are one architecture.
    pub fn space(&self) -> (&str, bool) {
        let name = self.task.space.as_deref().unwrap_or(SPACE);
        (name, self.task.merge_isomorphic)
    }

    /// Checks what can be before anything is opened: the strategy, and the least time between two
    /// checkpoints.
    fn check(&self, resumed: Option<&Recorded>) -> Result<(Recipe, Duration)> {
        let recipe = recipe(self)?;
        // A run goes on with the settings that it was begun with. Defaults may have changed since, and
        // earlier versions took settings without effect.
        let recipe = match resumed {
            Some(recorded) => recipe.with_recorded(recorded.strategy())?,
            None => {
                recipe.check_effects()?;
                recipe
            }
        };
        self.queries.map_or(Ok(()), check_queries)?;
        let epochs = self.winner_epochs.unwrap_or(1);
        if !(1..=MOST_EPOCHS).contains(&epochs) {
            return Err(
                Error::input(format!("`--winner-epochs {epochs}` is out of range"))
                    .mend(format!("give at least 1 and at most {MOST_EPOCHS}"))
                    .into(),
            );
        }
        let every = Duration::try_from_secs_f64(self.checkpoint).map_err(|_| {
            Error::input("`--checkpoint` is no time").mend("give it in seconds, 0 or more")
        })?;
        if let (Some(folder), None) = (&self.out, resumed) {
            check_free(folder)?;
        }
        Ok((recipe, every))
    }
}

/// Checks a number of queries.
///
/// # Errors
/// If there are none.
pub fn check_queries(queries: usize) -> Result<()> {
    match queries {
        0 => Err(Error::input("there are no queries to spend")
            .mend("give `--queries` at least 1")
            .into()),
        _ => Ok(()),
    }
}

fn recipe(args: &SearchArgs) -> Result<Recipe> {
    let recipe = Recipe::read(&args.strategy)?;
    let recipe = match &args.preset {
        Some(preset) => recipe.with_preset(preset)?,
        None => recipe,
    };
    let replaced = (args.set.iter()).try_fold(recipe, |recipe, text| recipe.with_setting(text));
    Ok(replaced?)
}

fn print(report: &SearchReport, task: &Task, folder: Option<&Path>) -> Result<()> {
    let run = &report.run;
    let mut lines: Vec<(&str, String)> = Vec::new();
    match (&run.best_arch, run.best, run.queries_to_best) {
        (Some(arch), Some(best), Some(query)) => {
            lines.push(("best", arch.clone()));
            if let (Some(row), Some(table)) = (&report.row, &task.table) {
                lines.push(("row", top::shown(row, table, arch)));
            }
            lines.push((&report.objective, standing(best, run.best_rank, task)));
            if let (Some(column), Some(value), Some(rank)) =
                (&task.report, run.reported, run.reported_rank)
            {
                let all = column.ranking.len();
                lines.push((
                    &column.name,
                    format!("{}, rank {rank} of {all}", rounded(value)),
                ));
                if let (Some(arch), Some(count)) = (&run.reported_arch, run.reevaluated) {
                    lines.push(("", format!("{arch}, the best there of the best {count}")));
                }
            }
            if let Some(seen) = run.seen {
                lines.push(("seen", format!("{}, with noise", rounded(seen))));
            }
            let found = match query {
                0 => "and the best was known before".into(),
                _ => format!("{query} to the best"),
            };
            lines.push(("queries", format!("{}, {found}", run.queries)));
        }
        _ => {
            let why = match (run.queries, run.failed) {
                (0, _) => "nothing was evaluated",
                (queries, failed) if queries == failed => "every evaluation failed",
                _ => "no architecture met the constraints",
            };
            lines.push(("best", format!("none: {why}")));
            if let Some(nearest) = &report.nearest {
                let breaches = nearest.breaches.join("; ");
                lines.push(("nearest", format!("{}: {breaches}", nearest.arch)));
            }
            lines.push(("queries", run.queries.to_string()));
        }
    }
    for (place, top) in report.top.iter().enumerate() {
        let name = match place {
            0 => "top",
            _ => "",
        };
        let text = match (&top.row, &task.table) {
            (Some(row), Some(table)) => top::shown(row, table, ""),
            _ => top.arch.clone(),
        };
        lines.push((name, format!("{}. {}  {text}", place + 1, top.value)));
    }
    for start in &report.improved {
        lines.push(("start", start.start.clone()));
        lines.extend(changes(start, run.best, task).map(|change| ("", change)));
    }
    if let Some(winner) = &report.winner {
        lines.push(("winner", winner.arch.clone()));
        let chosen = winner.finalists.iter().find(|f| f.arch == winner.arch);
        if let Some((accuracy, of)) = chosen.and_then(|f| Some((f.accuracy?, f.trainings))) {
            lines.push((
                "",
                format!(
                    "{accuracy:.2} in {of} more trainings, the most of the best {}",
                    winner.finalists.len()
                ),
            ));
        }
        lines.push((
            "test",
            format!(
                "{:.2} % of {} images, after {} epochs on the other {}",
                winner.test_accuracy, winner.test_images, winner.epochs, winner.train_images
            ),
        ));
        match &winner.comparison {
            Some(comparison) => {
                let [reached, gained] = comparison.lines();
                lines.extend([("random", reached), ("gain", gained)]);
            }
            None => lines.push((
                "random",
                "not trained for comparison, which would take longer than the search".into(),
            )),
        }
        lines.push((
            "weights",
            format!("{} ({} numbers)", winner.weights, winner.params),
        ));
        lines.push(("drawing", winner.drawing.clone()));
    }
    let devices = &report.provenance.devices;
    if devices.iter().any(|name| name != CPU) {
        lines.push(("device", devices.join(", then ")));
    }
    if !task.constraints.is_empty() {
        lines.push((
            "constraints",
            format!(
                "{}; {} rejected without a query, {} evaluated in vain",
                report.provenance.task.constraints.join(", "),
                run.rejected,
                run.noncompliant
            ),
        ));
    }
    if run.failed > 0 {
        let count = match run.failed {
            1 => "1 evaluation".to_owned(),
            n => format!("{n} evaluations"),
        };
        let why = report.failure.as_deref().map(reason);
        lines.push((
            "failed",
            why.map_or(count.clone(), |why: String| {
                format!("{count}; the first: {why}")
            }),
        ));
    }
    if let Some(outlook) = &report.outlook {
        lines.push(("outlook", outlook.sentence.clone()));
        if let Some(exact) = outlook.exact {
            let best = match run.best_rank {
                Some(1) => ", and none is better",
                _ => "",
            };
            lines.push(("", format!("by the table, they make up {exact:.1e}{best}")));
        }
    }
    lines.push((
        "stopped",
        match run.stop {
            StopReason::Budget => "all queries are spent",
            StopReason::Target => "the target is reached",
            StopReason::Exhausted => "there was nothing left to propose",
            StopReason::Stalled => "the strategy found nothing new to propose",
            StopReason::Failures => "evaluations kept failing",
            StopReason::TimeLimit => {
                "the time limit is reached; `ganas resume` with a longer one goes on"
            }
            StopReason::Interrupted if folder.is_some() => {
                "interrupted; `ganas resume` goes on, given the folder"
            }
            StopReason::Interrupted => "interrupted",
        }
        .into(),
    ));
    lines.push(("seconds", format!("{:.2}", run.seconds)));
    if let Some(folder) = folder {
        lines.push(("folder", folder.display().to_string()));
    }
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = terminal::stdout();
    for (name, text) in lines {
        writeln!(out, "{name:width$}  {text}")?;
    }
    if let Some(winner) = &report.winner
        && let Ok(arch) = task.space.parse(&winner.arch)
    {
        write!(out, "\n{}", Drawing::of(&*task.space, &arch)?.text())?;
    }
    let best = run
        .best_arch
        .as_ref()
        .and_then(|a| task.space.parse(a).ok());
    if let Some(best) = best {
        for start in task.start.iter().filter(|start| **start != best) {
            let difference = Drawing::between(&*task.space, start, &best)?;
            write!(out, "\n{}", difference.text())?;
        }
    }
    Ok(())
}

/// What changed from a starting point to the best: the objective, then each constrained metric.
fn changes(start: &Improved, best: Option<f64>, task: &Task) -> impl Iterator<Item = String> {
    let change = |name: &str, from: Option<f64>, to: Option<f64>| {
        let (Some(from), Some(to)) = (from, to) else {
            return format!("{name}: not measured");
        };
        let share = match from != 0.0 {
            true => format!(", {:+.2} %", 100.0 * (to - from) / from.abs()),
            false => String::new(),
        };
        let sign = if to < from { "" } else { "+" };
        let by = format!("{sign}{}", rounded(to - from));
        format!("{name} {} -> {} ({by}{share})", rounded(from), rounded(to))
    };
    let objective = &task.objective.metric;
    let others = start.metrics.iter().filter(|(name, _)| *name != objective);
    let mut lines = vec![change(objective, start.value, best)];
    lines.extend(others.map(|(name, [from, to])| change(name, *from, *to)));
    lines.into_iter()
}

/// A value of the objective, and where it stands.
fn standing(best: f64, rank: Option<usize>, task: &Task) -> String {
    match (rank, &task.ranking, &task.source) {
        (Some(rank), Some(ranking), _) => format!(
            "{}, rank {rank} of {} ({})",
            rounded(best),
            ranking.len(),
            match (rank, ranking.optimum()) {
                (2.., Some(optimum)) => format!("the table's best is {}", rounded(optimum)),
                _ => "the best of the table".into(),
            }
        ),
        (_, _, Source::Training(trained)) => format!(
            "{} on {} validation images of {}",
            rounded(best),
            trained.training.task.validation().len(),
            trained.training.task.dataset().name()
        ),
        _ => rounded(best),
    }
}
