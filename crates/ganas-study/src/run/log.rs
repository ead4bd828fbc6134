//! Reports the evaluations and rounds of a search as they come.

use std::collections::BTreeMap;

use ganas_core::driver::{Observer, Problem, Round};
use ganas_core::error::Result;
use ganas_core::evaluate::Outcome;
use ganas_core::journal::Finished;
use ganas_core::ledger::Query;
use ganas_tables::Ranking;

use super::live_front::LiveFront;
use crate::event::Event;
use crate::progress::Remarks;
use crate::record::SearchReport;
use crate::scale;
use crate::task::Task;

/// An observer that reports events.
pub struct Log<'a> {
    remarks: Remarks,
    problem: &'a Problem<'a>,
    ranking: Option<&'a Ranking>,
    best: Option<f64>,
    /// Front so far, if there are several objectives.
    front: Option<LiveFront<'a>>,
    /// Objectives that were known before, until one is measured.
    known: Vec<f64>,
    parts: BTreeMap<String, f64>,
}

impl<'a> Log<'a> {
    /// Reports the evaluations and rounds of a search; with ranks if there is a ranking.
    pub fn new(remarks: Remarks, problem: &'a Problem<'a>, task: &'a Task) -> Self {
        Log {
            remarks,
            problem,
            ranking: task.seen_ranking(),
            best: None,
            front: task.front.as_ref().map(LiveFront::new),
            known: Vec::new(),
            parts: BTreeMap::new(),
        }
    }

    /// Reports that the search begins.
    pub fn begin(&self, strategy: &str, seed: u64, queries: usize) {
        self.remarks.report(&Event::SearchBegan {
            problem: self.problem,
            strategy,
            seed,
            queries,
        });
    }

    /// Reports that the search ended.
    pub fn end(&self, report: &SearchReport) {
        self.remarks.report(&Event::SearchEnded(report));
    }

    /// Takes the objectives that were known before the search.
    pub fn know(&mut self, history: &[Finished]) {
        let name = &self.problem.objective().metric;
        let objective = self.problem.metrics().iter().position(|m| m == name);
        let value = |finished: &Finished| match &finished.outcome {
            Outcome::Done(measured) => {
                let metrics = self
                    .problem
                    .complete(&finished.trial.arch, measured.clone());
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
            self.remarks.note(&warning);
        }
    }
}

impl Observer for Log<'_> {
    fn queried(&mut self, number: usize, query: &Query) -> Result<()> {
        self.check_scale(query);
        let merit = query.merit();
        let best = match &mut self.front {
            Some(front) => front.add(query),
            None => merit.is_some_and(|m| self.best.is_none_or(|best| m > best)),
        };
        if best {
            self.best = merit;
        }
        self.remarks.report(&Event::Evaluated {
            problem: self.problem,
            number,
            query,
            best,
        });
        Ok(())
    }

    fn spent(&mut self, part: &str, seconds: f64) -> Result<()> {
        *self.parts.entry(part.to_owned()).or_default() += seconds;
        Ok(())
    }

    fn round(&mut self, round: &Round) -> Result<()> {
        let parts = std::mem::take(&mut self.parts);
        let rank = (self.ranking.zip(round.best)).map(|(ranking, best)| ranking.rank(best));
        self.remarks.report(&Event::RoundEnded {
            problem: self.problem,
            round,
            rank,
            parts: &parts,
        });
        Ok(())
    }
}
