//! Events on standard error: bars and lines for people, or JSON.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use ganas_core::driver::{Problem, Round};
use ganas_core::ledger::Query;
use ganas_study::direction::turned;
use ganas_study::event::{Activity, Event, Reporter};
use ganas_study::progress::Progress;
use ganas_study::session::Session;
use ganas_study::text::{brief, plain, rounded};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

/// Time between two turns of a spinner.
const TICK: Duration = Duration::from_millis(100);

/// Time between two drawings of a bar's clock.
const CLOCK: Duration = Duration::from_millis(500);

/// Amount and format of the text on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct LogArgs {
    /// Show no progress, and print nothing
    #[arg(long, conflicts_with_all = ["verbose", "log_format"])]
    pub quiet: bool,

    /// Report each round on standard error; twice for each evaluation, too
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// Format of standard error; json is one object a line for each evaluation and round, whether it is a
    /// terminal or not
    ///
    /// Each object has an `event`: `begin`, `evaluation`, `round`, `lost`, `note` or `end`, and `seconds`
    /// since the search began; docs/guide/report.md describes the rest.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log_format: Option<Format>,
}

/// Format of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A bar on a terminal, and lines where `--verbose` asks for them
    Text,
    /// JSON, one object a line
    Json,
}

impl LogArgs {
    /// Nothing at all, if `quiet`.
    pub fn quiet(quiet: bool) -> LogArgs {
        LogArgs {
            quiet,
            ..LogArgs::default()
        }
    }

    /// Returns true if standard error gets JSON.
    pub fn is_json(self) -> bool {
        self.log_format == Some(Format::Json)
    }
}

/// Reporter to standard error. Bars are drawn on a terminal only.
pub struct Terminal {
    args: LogArgs,
    state: Mutex<State>,
}

struct State {
    begun: Instant,
    bars: HashMap<u64, ProgressBar>,
    /// Bar that lines are written above.
    current: Option<u64>,
}

impl Terminal {
    /// A reporter of as much as arguments ask for.
    pub fn new(args: LogArgs) -> Self {
        Terminal {
            args,
            state: Mutex::new(State {
                begun: Instant::now(),
                bars: HashMap::new(),
                current: None,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns true if lines and bars are for people.
    fn is_text(&self) -> bool {
        !self.args.quiet && !self.args.is_json()
    }

    /// Writes a line, above the bar if there is one.
    fn line(&self, text: &str) {
        let state = self.state();
        let bar = state.current.and_then(|current| state.bars.get(&current));
        match bar {
            Some(bar) => bar.suspend(|| eprintln!("{}", plain(text))),
            None => eprintln!("{}", plain(text)),
        }
    }

    fn json(&self, mut event: Value) {
        event["seconds"] = json!(self.state().begun.elapsed().as_secs_f64());
        // A closed standard error is not an error of the search.
        let _ = writeln!(io::stderr().lock(), "{event}");
    }

    fn bar(&self, activity: u64, change: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = self.state().bars.get(&activity) {
            change(bar);
        }
    }

    fn begin(&self, activity: u64, kind: Activity<'_>) {
        if !self.is_text() {
            return;
        }
        let bar = draw(kind);
        let mut state = self.state();
        state.bars.insert(activity, bar);
        state.current = Some(activity);
    }

    fn end(&self, activity: u64) {
        let mut state = self.state();
        if let Some(bar) = state.bars.remove(&activity) {
            bar.finish_and_clear();
        }
        if state.current == Some(activity) {
            state.current = state.bars.keys().max().copied();
        }
    }

    /// Writes lines about a search for people.
    fn describe(&self, event: &Event<'_>) {
        match event {
            Event::Message(text) => self.line(text),
            Event::Logged(text) if !io::stderr().is_terminal() => self.line(text),
            Event::Note(text) => self.line(&format!("note: {text}")),
            Event::WorkerLost { worker, reason } => {
                self.line(&format!("worker {worker} was lost: {reason}"));
            }
            Event::Evaluated {
                problem,
                number,
                query,
                best,
            } if self.args.verbose > 1 => {
                self.line(&evaluation_line(problem, *number, query, *best));
            }
            Event::RoundEnded {
                problem,
                round,
                rank,
                ..
            } if self.args.verbose > 0 => self.line(&round_line(problem, round, *rank)),
            _ => {}
        }
    }

    /// Writes JSON about a search.
    fn record(&self, event: &Event<'_>) {
        match event {
            Event::Note(text) => self.json(json!({ "event": "note", "text": text })),
            Event::WorkerLost { worker, reason } => {
                self.json(json!({ "event": "lost", "worker": worker, "how": reason }));
            }
            Event::SearchBegan {
                problem,
                strategy,
                seed,
                queries,
            } => {
                self.state().begun = Instant::now();
                self.json(json!({
                    "event": "begin",
                    "space": problem.space().name(),
                    "objective": problem.objective().metric,
                    "minimize": problem.objective().is_minimized(),
                    "strategy": strategy,
                    "seed": seed,
                    "queries": queries,
                }));
            }
            Event::Evaluated {
                problem,
                number,
                query,
                best,
            } => self.json(evaluation(problem, *number, query, *best)),
            Event::RoundEnded {
                problem,
                round,
                rank,
                parts,
            } => {
                let objective = problem.objective();
                let gauges: Map<String, Value> = (round.gauges.iter())
                    .map(|(name, value)| (name.clone(), json!(turned(objective, name, *value))))
                    .collect();
                self.json(json!({
                    "event": "round",
                    "round": round.round,
                    "asked": round.asked,
                    "new": round.new,
                    "queries": round.queries,
                    "best": round.best,
                    "best_rank": rank,
                    "gauges": gauges,
                    "parts": parts,
                }));
            }
            Event::SearchEnded(report) => {
                let run = &report.run;
                self.json(json!({
                    "event": "end",
                    "stop": run.stop,
                    "queries": run.queries,
                    "best": run.best,
                    "best_arch": run.best_arch,
                    "best_rank": run.best_rank,
                    "outlook": report.outlook,
                }));
            }
            _ => {}
        }
    }
}

impl Reporter for Terminal {
    fn report(&self, event: &Event<'_>) {
        if self.args.quiet {
            return;
        }
        match event {
            Event::ActivityBegan { activity, kind } => self.begin(*activity, *kind),
            Event::Advanced { activity, by } => self.bar(*activity, |bar| bar.inc(*by as u64)),
            Event::Reached { activity, done } => {
                self.bar(*activity, |bar| bar.set_position(*done as u64));
            }
            Event::Status { activity, text } => {
                self.bar(*activity, |bar| bar.set_message(plain(text).into_owned()));
            }
            Event::Remark { activity, text } => self.bar(*activity, |bar| {
                bar.set_prefix(plain(text).into_owned());
                bar.tick();
            }),
            Event::ActivityEnded { activity } => self.end(*activity),
            event if self.args.is_json() => self.record(event),
            event => self.describe(event),
        }
    }

    fn is_watched(&self) -> bool {
        self.is_text() && io::stderr().is_terminal()
    }
}

/// The bar or spinner of an activity.
fn draw(kind: Activity<'_>) -> ProgressBar {
    let (template, total, done) = match kind {
        Activity::Waiting(what) => {
            let bar = ProgressBar::new_spinner().with_message(plain(what).into_owned());
            // It takes a thread, which is wasted where no bar is shown.
            if io::stderr().is_terminal() {
                bar.enable_steady_tick(TICK);
            }
            return bar;
        }
        Activity::Search { queries } => (
            "{elapsed_precise} [{bar:30}] {human_pos}/{human_len} queries, {eta} left  {prefix}\n{wide_msg}",
            queries,
            0,
        ),
        Activity::Queries { total } => (
            "{elapsed_precise} [{bar:30}] {human_pos}/{human_len} queries, {eta} left  {msg} {prefix}",
            total,
            0,
        ),
        Activity::Steps { total, done } => (
            "{elapsed_precise} [{bar:30}] {percent} %, {eta} left  {msg}  {prefix}",
            total,
            done,
        ),
    };
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    let bar = ProgressBar::new(total as u64).with_style(style.progress_chars("=> "));
    if done > 0 {
        bar.set_position(done as u64);
        bar.reset_eta();
    }
    bar.tick();
    bar.enable_steady_tick(CLOCK);
    bar
}

fn evaluation(problem: &Problem, number: usize, query: &Query, best: bool) -> Value {
    let objective = query.value().map(|score| problem.objective().turn(score));
    let metrics: Map<String, Value> = (problem.metrics().iter().zip(&query.metrics))
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    json!({
        "event": "evaluation",
        "query": number,
        "round": query.round,
        "arch": problem.space().format(&query.arch),
        "objective": objective,
        "compliant": query.compliant,
        "best": best,
        "metrics": metrics,
        "failure": query.failure,
    })
}

fn evaluation_line(problem: &Problem, number: usize, query: &Query, best: bool) -> String {
    let result = match (query.value(), &query.failure) {
        (Some(score), _) => rounded(problem.objective().turn(score)),
        (None, why) => format!("failed: {}", why.as_deref().unwrap_or("no value")),
    };
    let remark = match (best, query.compliant) {
        (true, _) => ", the best so far",
        (_, false) if query.value().is_some() => ", breaks a constraint",
        _ => "",
    };
    let arch = problem.space().format(&query.arch);
    format!("query {number}: {arch}: {result}{remark}")
}

fn round_line(problem: &Problem, round: &Round, rank: Option<usize>) -> String {
    let mut line = format!(
        "round {}: {} new of {}, {} queries",
        round.round, round.new, round.asked, round.queries
    );
    if let Some(best) = round.best {
        line += &format!(", best {}", rounded(best));
    }
    if let Some(rank) = rank {
        line += &format!(" (rank {rank})");
    }
    for (name, value) in &round.gauges {
        let named = match name.as_str() {
            "gamma" => "threshold (gamma)",
            "rho" => "share above it (rho)",
            name => name,
        };
        let value = turned(problem.objective(), name, *value);
        line += &format!(", {named} {}", brief(value));
    }
    line
}

/// Progress on standard error, unless it is to be quiet.
pub fn progress(quiet: bool) -> Progress {
    Progress::new(Terminal::new(LogArgs::quiet(quiet)))
}

/// A session of this process that reports to standard error.
pub fn session(log: LogArgs) -> Session {
    Session {
        registry: crate::registry::registry().clone(),
        progress: Progress::new(Terminal::new(log)),
    }
}
