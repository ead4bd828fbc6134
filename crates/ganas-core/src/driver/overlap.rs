//! Rounds that overlap: the next one is asked for as soon as a slot of the evaluator would be empty,
//! so that none ever is.
//!
//! What is asked for depends on the order in which evaluations finish, and on nothing else about
//! time: after the same evaluations in the same order, the same is being evaluated. So a search is
//! resumed by letting its evaluations finish again in the order of its journal. Where the number of
//! slots was changed in between, it changes again after as many evaluations.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::boundary::Boundary;
use super::course::{Asked, Course};
use super::supervised::Supervised;
use super::{Round, StopReason};
use crate::checkpoint::{Checkpoint, Pending};
use crate::error::{Error, Result};
use crate::evaluate::{Details, Outcome, Work};
use crate::trial::Trial;

/// Rounds in a row that bring nothing new after which the next one waits for an evaluation.
const PATIENCE: usize = 100;

/// A round some of whose evaluations have not finished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenBatch {
    round: usize,
    asked: usize,
    new: usize,
    told: Vec<Trial>,
    /// Evaluations that have not finished.
    open: usize,
    /// What the strategy reported when it had asked: by the end it may have asked for others.
    gauges: Vec<(String, f64)>,
}

/// A trial that was asked for and not evaluated yet.
struct Flight {
    trial: Trial,
    round: usize,
    /// Whether the evaluator has it.
    begun: bool,
}

impl Flight {
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
    slots: &[(usize, usize)],
    resumed: Option<&Checkpoint>,
) -> Result<(StopReason, Vec<Round>)> {
    let mut overlap = Overlap {
        course,
        strategy,
        slots,
        flights: Vec::new(),
        open: Vec::new(),
        rounds: Vec::new(),
        ended: None,
        error: None,
        waiting: Instant::now(),
    };
    if let Some(checkpoint) = resumed {
        overlap.open = checkpoint.open.clone();
        for Pending { trial, round } in &checkpoint.pending {
            overlap.take_off(*trial, *round);
        }
    }
    overlap.guard(Overlap::fill);
    overlap.waiting = Instant::now();
    let ran = evaluator.run(&mut overlap);
    overlap.guard(|overlap| overlap.course.wait());
    overlap.error.map_or(ran, Err)?;
    let over = overlap.flights.is_empty();
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
    /// How many there are, each from so many evaluations on.
    slots: &'b [(usize, usize)],
    /// In the order asked for.
    flights: Vec<Flight>,
    open: Vec<OpenBatch>,
    rounds: Vec<Round>,
    /// Why there is no more to ask for.
    ended: Option<StopReason>,
    error: Option<Error>,
    /// Since when there has been nothing to do but to wait for an evaluation.
    waiting: Instant,
}

impl Overlap<'_, '_, '_, '_> {
    /// Does something unless there was an error, and keeps the error of it.
    fn guard(&mut self, something: impl FnOnce(&mut Self) -> Result<()>) {
        if self.error.is_none() {
            self.error = something(self).err();
        }
    }

    fn take_off(&mut self, trial: Trial, round: usize) {
        self.course.pending.insert(trial);
        self.flights.push(Flight {
            trial,
            round,
            begun: false,
        });
    }

    /// How many evaluations may be under way now.
    fn slots(&self) -> usize {
        let charged = self.course.ledger.charged().len();
        let mut latest = self.slots.iter().rev();
        let now = latest.find(|(after, _)| *after <= charged);
        now.map_or(1, |(_, slots)| *slots)
    }

    /// Asks until no slot would be empty.
    fn fill(&mut self) -> Result<()> {
        let mut fruitless = 0;
        self.ended = None;
        while self.flights.len() < self.slots() && !self.course.stopping() {
            let left = self.course.left();
            if left == 0 || self.course.reached() {
                return Ok(());
            }
            let (round, asked) = self.course.ask(self.strategy, left)?;
            if asked.is_empty() {
                // What is in flight may give the strategy more to propose.
                self.ended = Some(StopReason::Exhausted);
                return Ok(());
            }
            let Asked { new, told } = self.course.sort(&asked, left);
            new.iter().for_each(|trial| self.take_off(*trial, round));
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
            if fruitless == PATIENCE && !self.flights.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Ends a round whose evaluations have all finished.
    fn close(&mut self, round: usize) -> Result<()> {
        if let Some(i) = (self.open.iter()).position(|b| b.round == round && b.open == 0) {
            let batch = self.open.remove(i);
            let OpenBatch { asked, new, .. } = batch;
            let (strategy, gauges) = (&mut *self.strategy, Some(batch.gauges));
            let round = (self.course).end(strategy, round, asked, new, &batch.told, gauges)?;
            self.rounds.push(round);
        }
        Ok(())
    }

    /// Charges an evaluation that finished, and asks for more.
    fn land(&mut self, i: usize, outcome: Outcome) -> Result<()> {
        let waited = self.waiting.elapsed().as_secs_f64();
        self.course.spent("evaluating", waited)?;
        let landed = self.charge(i, outcome);
        self.waiting = Instant::now();
        landed
    }

    fn charge(&mut self, i: usize, outcome: Outcome) -> Result<()> {
        let Flight { trial, round, .. } = self.flights.remove(i);
        self.course.pending.remove(&trial);
        self.course.record(&trial, round, outcome)?;
        if let Some(batch) = self.open.iter_mut().find(|b| b.round == round) {
            batch.open -= 1;
        }
        self.close(round)?;
        self.fill()?;
        let (strategy, flights, open) = (&*self.strategy, &self.flights, &self.open);
        self.course.between(&|course| {
            let checkpoint = course.checkpoint(strategy)?;
            Ok(checkpoint.map(|checkpoint| Checkpoint {
                pending: flights.iter().map(Flight::pending).collect(),
                open: open.clone(),
                ..checkpoint
            }))
        })
    }

    /// The flight that finished first in the run that is resumed, and what it came to.
    fn landed(&self) -> Option<(usize, Outcome)> {
        let places = self.flights.iter().enumerate();
        let (_, i) = places
            .filter_map(|(i, f)| Some((self.course.place(&f.trial)?, i)))
            .min()?;
        Some((i, self.course.known(&self.flights[i].trial)?))
    }
}

impl Work for Overlap<'_, '_, '_, '_> {
    fn next(&mut self) -> Option<Trial> {
        while self.error.is_none() && !self.course.stopping() {
            match self.landed() {
                Some((i, outcome)) => self.guard(|overlap| overlap.land(i, outcome)),
                None => {
                    let slots = self.slots();
                    let begun = self.flights.iter().filter(|f| f.begun).count();
                    let next = self.flights.iter_mut().find(|f| !f.begun);
                    let next = next.filter(|_| begun < slots)?;
                    next.begun = true;
                    return Some(next.trial);
                }
            }
        }
        None
    }

    fn details(&mut self, trial: &Trial, details: Details) {
        self.guard(|overlap| overlap.course.details(trial, &details));
    }

    fn done(&mut self, trial: &Trial, outcome: Outcome) {
        let Some(i) = self.flights.iter().position(|f| f.trial == *trial) else {
            return;
        };
        self.guard(|overlap| {
            overlap.course.finish(trial, outcome.clone())?;
            overlap.land(i, outcome)
        });
    }

    fn stopped(&mut self) -> bool {
        self.guard(|overlap| overlap.course.wait());
        self.error.is_some() || self.course.stopping()
    }
}
