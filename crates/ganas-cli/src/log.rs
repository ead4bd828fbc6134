//! What is said on standard error while a search goes on.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Instant;

use clap::{Args, ValueEnum};
use ganas_core::driver::{Objective, Observer, Problem, Round};
use ganas_core::error::Result;
use ganas_core::evaluate::Outcome;
use ganas_core::journal::Finished;
use ganas_core::ledger::Query;
use ganas_tables::Ranking;
use serde_json::{Map, Value, json};

use crate::output::rounded;
use crate::progress::{Bar, Progress, Remarks};
use crate::record::SearchReport;
use crate::scale;

/// How much is said, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct LogArgs {
    /// Show no progress, and print nothing
    #[arg(long, conflicts_with_all = ["verbose", "log_format"])]
    pub quiet: bool,

    /// Say what each round came to, on standard error; twice for each evaluation, too
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// How standard error says what happens; json is one object a line for each evaluation and
    /// round, whether it is a terminal or not
    ///
    /// Each object has an `event`: `begin`, `evaluation`, `round`, `lost`, `note` or `end`, and `seconds`
    /// since the search began; docs/guide/report.md describes the rest.
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log_format: Option<Format>,
}

/// How it is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A bar on a terminal, and lines where `--verbose` asks for them
    Text,
    /// JSON, one object a line
    Json,
}

impl LogArgs {
    /// What was asked for now, or else what was asked for before; a run that was begun quietly is only
    /// resumed quietly if that is asked for again.
    pub fn or(self, before: LogArgs) -> LogArgs {
        if self != LogArgs::default() {
            return self;
        }
        LogArgs {
            quiet: false,
            ..before
        }
    }

    /// Whether standard error is for JSON.
    pub fn is_json(self) -> bool {
        self.log_format == Some(Format::Json)
    }
}

/// Who says on standard error what happens in a search.
#[derive(Clone)]
pub struct Reporter {
    args: LogArgs,
    begun: Instant,
    /// What stands beside and above the bar of the search.
    pub remarks: Remarks,
}

impl Reporter {
    /// A reporter of a search that begins now.
    pub fn new(args: LogArgs, bar: &Bar) -> Self {
        Reporter {
            args,
            begun: Instant::now(),
            remarks: bar.remarks(),
        }
    }

    /// One that says nothing.
    pub fn silent() -> Self {
        let quiet = LogArgs {
            quiet: true,
            ..LogArgs::default()
        };
        Reporter::new(quiet, &Progress::new(true).queries(1))
    }

    /// A worker was lost, for a reason and with consequences.
    pub fn lost(&self, worker: usize, how: &str) {
        if self.args.is_json() {
            self.say(json!({ "event": "lost", "worker": worker, "how": how }));
        } else if !self.args.quiet {
            self.remarks
                .line(&format!("worker {worker} was lost: {how}"));
        }
    }

    /// Something that does not stop the search, and that the user should know of.
    pub fn note(&self, text: &str) {
        if self.args.is_json() {
            self.say(json!({ "event": "note", "text": text }));
        } else if !self.args.quiet {
            self.remarks.line(&format!("note: {text}"));
        }
    }

    fn say(&self, mut event: Value) {
        event["seconds"] = json!(self.begun.elapsed().as_secs_f64());
        // Whoever closed standard error does not want to hear of it.
        let _ = writeln!(io::stderr().lock(), "{event}");
    }
}

/// An observer that says what happens.
pub struct Log<'a> {
    reporter: Reporter,
    problem: &'a Problem<'a>,
    ranking: Option<&'a Ranking>,
    best: Option<f64>,
    /// The objectives that were known before, until one is measured.
    known: Vec<f64>,
    parts: BTreeMap<String, f64>,
}

impl<'a> Log<'a> {
    /// Says what happens in a search as far as the reporter's arguments want it; ranks where there
    /// is a ranking.
    pub fn new(reporter: Reporter, problem: &'a Problem<'a>, ranking: Option<&'a Ranking>) -> Self {
        Log {
            reporter,
            problem,
            ranking,
            best: None,
            known: Vec::new(),
            parts: BTreeMap::new(),
        }
    }

    /// The search begins.
    pub fn begin(&self, strategy: &str, seed: u64, queries: usize) {
        if self.reporter.args.is_json() {
            self.reporter.say(json!({
                "event": "begin",
                "space": self.problem.space().name(),
                "objective": self.problem.objective().metric,
                "minimize": self.problem.objective().is_minimized(),
                "strategy": strategy,
                "seed": seed,
                "queries": queries,
            }));
        }
    }

    /// The search is over.
    pub fn end(&self, report: &SearchReport) {
        if self.reporter.args.is_json() {
            let run = &report.run;
            self.reporter.say(json!({
                "event": "end",
                "stop": run.stop,
                "queries": run.queries,
                "best": run.best,
                "best_arch": run.best_arch,
                "best_rank": run.best_rank,
                "outlook": report.outlook,
            }));
        }
    }

    fn evaluation(&self, number: usize, query: &Query, best: bool) -> Value {
        let objective = (query.value()).map(|value| self.problem.objective().turn(value));
        let metrics: Map<String, Value> = (self.problem.metrics().iter().zip(&query.metrics))
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        json!({
            "event": "evaluation",
            "query": number,
            "round": query.round,
            "arch": self.problem.space().format(&query.arch),
            "objective": objective,
            "compliant": query.compliant,
            "best": best,
            "metrics": metrics,
            "failure": query.failure,
        })
    }
}

impl Log<'_> {
    /// Takes the objectives that were known before the search.
    pub fn know(&mut self, history: &[Finished]) {
        let name = &self.problem.objective().metric;
        let objective = self.problem.metrics().iter().position(|m| m == name);
        let value = |(arch, outcome): &Finished| match outcome {
            Outcome::Done(measured) => {
                let metrics = self.problem.complete(arch, measured.clone());
                metrics.get(objective?).copied().filter(|v| !v.is_nan())
            }
            Outcome::Failed(_) => None,
        };
        self.known = history.iter().filter_map(value).collect();
    }

    /// Warns once if the first evaluation is on another scale than what was known.
    fn check_scale(&mut self, query: &Query) {
        let Some(score) = query.value().filter(|_| !self.known.is_empty()) else {
            return;
        };
        let objective = self.problem.objective();
        let known = std::mem::take(&mut self.known);
        let warning = scale::of_evaluation(&known, objective.turn(score), &objective.metric);
        if let Some(warning) = warning {
            self.reporter.note(&warning);
        }
    }
}

impl Observer for Log<'_> {
    fn queried(&mut self, number: usize, query: &Query) -> Result<()> {
        self.check_scale(query);
        let merit = query.merit();
        let best = merit.is_some_and(|m| self.best.is_none_or(|best| m > best));
        if best {
            self.best = merit;
        }
        if self.reporter.args.is_json() {
            self.reporter.say(self.evaluation(number, query, best));
        } else if self.reporter.args.verbose > 1 {
            let came_to = match (query.value(), &query.failure) {
                (Some(score), _) => rounded(self.problem.objective().turn(score)),
                (None, why) => format!("failed: {}", why.as_deref().unwrap_or("no value")),
            };
            let remark = match (best, query.compliant) {
                (true, _) => ", the best so far",
                (_, false) if query.value().is_some() => ", breaks a constraint",
                _ => "",
            };
            let arch = self.problem.space().format(&query.arch);
            self.reporter
                .remarks
                .line(&format!("query {number}: {arch}: {came_to}{remark}"));
        }
        Ok(())
    }

    fn spent(&mut self, part: &str, seconds: f64) -> Result<()> {
        *self.parts.entry(part.to_owned()).or_default() += seconds;
        Ok(())
    }

    fn round(&mut self, round: &Round) -> Result<()> {
        let parts = std::mem::take(&mut self.parts);
        let objective = self.problem.objective();
        let rank = (self.ranking.zip(round.best)).map(|(ranking, best)| ranking.rank(best));
        if self.reporter.args.is_json() {
            let gauges: Map<String, Value> = (round.gauges.iter())
                .map(|(name, value)| (name.clone(), json!(turned(objective, name, *value))))
                .collect();
            self.reporter.say(json!({
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
        } else if self.reporter.args.verbose > 0 {
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
                line += &format!(", {named} {}", brief(turned(objective, name, *value)));
            }
            self.reporter.remarks.line(&line);
        }
        Ok(())
    }
}

/// What a strategy reports as it is shown: a threshold as the objective has it.
pub fn turned(objective: &Objective, name: &str, value: f64) -> f64 {
    match name {
        "gamma" => objective.turn(value),
        _ => value,
    }
}

/// A number with four digits that count.
pub fn brief(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if !(1e-3..1e5).contains(&size) => format!("{value:.2e}"),
        size => {
            let digits = (3 - size.log10().floor() as i32).max(0) as usize;
            let text = format!("{value:.digits$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_brief() {
        let cases = [
            (0.0, "0"),
            (94.373_33, "94.37"),
            (0.512_347, "0.5123"),
            (-0.25, "-0.25"),
            (1562.0, "1562"),
            (20_346_506.0, "2.03e7"),
            (0.000_012, "1.20e-5"),
            (100.0, "100"),
            (f64::NAN, "NaN"),
        ];
        for (value, text) in cases {
            assert_eq!(brief(value), text);
        }
    }
}
