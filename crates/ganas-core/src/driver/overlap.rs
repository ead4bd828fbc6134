//! Rounds that overlap: the next one is asked for as soon as a slot of the evaluator would be empty.
//!
//! The proposals depend on the order in which trials finish, and on nothing else about time. After the
//! same trials in the same order, the same trials are being evaluated. So a search is resumed by
//! replaying its trials in the order of its journal. If the number of slots was changed after some
//! queries, it changes again after as many.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::boundary::Boundary;
use super::course::{Asked, Closing, Course};
use super::supervised::Supervised;
use super::{Round, SlotChange, StopReason};
use crate::checkpoint::{Checkpoint, Pending};
use crate::error::{Error, Result};
use crate::evaluate::{Advice, Details, Outcome, Work};
use crate::trial::Trial;

/// Number of rounds in a row without a new trial after which the next one waits for an evaluation.
const PATIENCE: usize = 100;

/// A round of which some trials have not finished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenBatch {
    round: usize,
    asked: usize,
    new: usize,
    told: Vec<Trial>,
    /// Number of trials that have not finished.
    open: usize,
    /// Gauges of the strategy after its `ask`, since other rounds may be asked for before the end.
    gauges: Vec<(String, f64)>,
}

/// A trial that was asked for and has not finished.
struct Running {
    trial: Trial,
    round: usize,
    /// Set once the evaluator has it.
    begun: bool,
}

impl Running {
    fn pending(&self) -> Pending {
        let (trial, round) = (self.trial, self.round);
        Pending { trial, round }
    }
}

/// Runs overlapping rounds until the search ends.
pub(super) fn run(
    course: &mut Course,
    evaluator: &mut Boundary,
    strategy: &mut Supervised,
    slots: &[SlotChange],
    resumed: Option<&Checkpoint>,
) -> Result<(StopReason, Vec<Round>)> {
    let mut overlap = Overlap {
        course,
        strategy,
        slots,
        running: Vec::new(),
        open: Vec::new(),
        rounds: Vec::new(),
        ended: None,
        error: None,
        waiting: Instant::now(),
    };
    if let Some(checkpoint) = resumed {
        overlap.open = checkpoint.open.clone();
        for Pending { trial, round } in &checkpoint.pending {
            overlap.start(*trial, *round);
        }
    }
    overlap.guard(Overlap::fill);
    overlap.waiting = Instant::now();
    let ran = evaluator.run(&mut overlap);
    overlap.guard(|overlap| overlap.course.wait());
    overlap.error.map_or(ran, Err)?;
    let over = overlap.running.is_empty();
    let reason = match (overlap.course.halted(), overlap.ended) {
        _ if over && overlap.course.reached() => StopReason::Target,
        _ if over && overlap.course.left() == 0 => StopReason::Budget,
        (Some(halted), _) => halted,
        (None, Some(reason)) if over => reason,
        _ => return Err(Error::bug("the evaluator left out a trial")),
    };
    Ok((reason, overlap.rounds))
}

struct Overlap<'b, 'a, 'o, 's> {
    course: &'b mut Course<'a, 'o>,
    strategy: &'b mut Supervised<'s>,
    slots: &'b [SlotChange],
    /// Trials in the order of their proposal.
    running: Vec<Running>,
    open: Vec<OpenBatch>,
    rounds: Vec<Round>,
    /// Reason why nothing is left to ask for.
    ended: Option<StopReason>,
    error: Option<Error>,
    /// Time since which the search waits for a trial.
    waiting: Instant,
}

impl Overlap<'_, '_, '_, '_> {
    /// Calls a function unless there was an error, and keeps its error.
    fn guard(&mut self, function: impl FnOnce(&mut Self) -> Result<()>) {
        if self.error.is_none() {
            self.error = function(self).err();
        }
    }

    fn start(&mut self, trial: Trial, round: usize) {
        self.course.pending.insert(trial);
        self.running.push(Running {
            trial,
            round,
            begun: false,
        });
    }

    /// Number of slots after the queries so far.
    fn slots(&self) -> usize {
        let charged = self.course.ledger.charged().len();
        let mut latest = self.slots.iter().rev();
        let now = latest.find(|change| change.after <= charged);
        now.map_or(1, |change| change.slots)
    }

    /// Asks for rounds until no slot would be empty.
    fn fill(&mut self) -> Result<()> {
        let mut fruitless = 0;
        self.ended = None;
        while self.running.len() < self.slots() && !self.course.stopping() {
            let left = self.course.left();
            if left == 0 || self.course.reached() {
                return Ok(());
            }
            let (round, asked) = self.course.ask(self.strategy, left)?;
            if asked.is_empty() {
                // The results of running trials may give the strategy more to propose.
                self.ended = Some(StopReason::Exhausted);
                return Ok(());
            }
            let Asked {
                new,
                told,
                is_spent,
            } = self.course.sort(&asked, left);
            if is_spent {
                self.ended = Some(StopReason::Budget);
                return Ok(());
            }
            new.iter().for_each(|trial| self.start(*trial, round));
            self.open.push(OpenBatch {
                round,
                asked: asked.len(),
                new: new.len(),
                told,
                open: new.len(),
                gauges: self.strategy.gauges()?,
            });
            if !new.is_empty() {
                fruitless = 0;
                continue;
            }
            self.close(round)?;
            if self.course.stalled(self.strategy)? {
                self.ended = Some(StopReason::Stalled);
                return Ok(());
            }
            fruitless += 1;
            if fruitless == PATIENCE && !self.running.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Ends a round if all its trials have finished.
    fn close(&mut self, round: usize) -> Result<()> {
        if let Some(i) = (self.open.iter()).position(|b| b.round == round && b.open == 0) {
            let batch = self.open.remove(i);
            let closing = Closing {
                number: round,
                asked: batch.asked,
                new: batch.new,
                told: &batch.told,
                gauges: Some(batch.gauges),
            };
            let round = self.course.end(self.strategy, closing)?;
            self.rounds.push(round);
        }
        Ok(())
    }

    /// Charges a finished trial, and asks for more.
    fn complete(&mut self, i: usize, outcome: Outcome) -> Result<()> {
        let waited = self.waiting.elapsed().as_secs_f64();
        self.course.spent("evaluating", waited)?;
        let charged = self.charge(i, outcome);
        self.waiting = Instant::now();
        charged
    }

    fn charge(&mut self, i: usize, outcome: Outcome) -> Result<()> {
        let Running { trial, round, .. } = self.running.remove(i);
        self.course.pending.remove(&trial);
        self.course.record(&trial, round, outcome)?;
        if let Some(batch) = self.open.iter_mut().find(|b| b.round == round) {
            batch.open -= 1;
        }
        self.close(round)?;
        self.fill()?;
        let (strategy, running, open) = (&*self.strategy, &self.running, &self.open);
        self.course.between(&|course| {
            let checkpoint = course.checkpoint(strategy)?;
            Ok(checkpoint.map(|checkpoint| Checkpoint {
                pending: running.iter().map(Running::pending).collect(),
                open: open.clone(),
                ..checkpoint
            }))
        })
    }

    /// Index and outcome of the running trial that finished first in the run that is resumed.
    fn replayed(&self) -> Option<(usize, Outcome)> {
        let places = self.running.iter().enumerate();
        let (_, i) = places
            .filter_map(|(i, f)| Some((self.course.place(&f.trial)?, i)))
            .min()?;
        Some((i, self.course.known(&self.running[i].trial)?))
    }
}

impl Work for Overlap<'_, '_, '_, '_> {
    fn next(&mut self) -> Option<Trial> {
        while self.error.is_none() && !self.course.stopping() {
            match self.replayed() {
                Some((i, outcome)) => self.guard(|overlap| overlap.complete(i, outcome)),
                None => {
                    let slots = self.slots();
                    let begun = self.running.iter().filter(|f| f.begun).count();
                    let next = self.running.iter_mut().find(|f| !f.begun);
                    let next = next.filter(|_| begun < slots)?;
                    next.begun = true;
                    return Some(next.trial);
                }
            }
        }
        None
    }

    fn report(&mut self, trial: &Trial, level: u32, metrics: &[f64]) -> Advice {
        self.course.report(trial, level, metrics)
    }

    fn details(&mut self, trial: &Trial, details: Details) {
        self.course.details(trial, details);
    }

    fn done(&mut self, trial: &Trial, outcome: Outcome) {
        let Some(i) = self.running.iter().position(|f| f.trial == *trial) else {
            return;
        };
        self.guard(|overlap| {
            let outcome = overlap.course.finish(trial, outcome)?;
            overlap.complete(i, outcome)
        });
    }

    fn stopped(&mut self) -> bool {
        self.guard(|overlap| overlap.course.wait());
        self.error.is_some() || self.course.stopping()
    }
}
