//! State and steps that following and overlapping rounds share.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::failures::Failures;
use super::supervised::Supervised;
use super::{Limits, Observer, Problem, Round, STALLED_ROUNDS, StopReason, Stopper};
use crate::arch::Arch;
use crate::checkpoint::{Charged, Checkpoint};
use crate::error::Result;
use crate::evaluate::{Advice, Details, Outcome, Progress};
use crate::journal::Finished;
use crate::ledger::{Ledger, Query};
use crate::rng::Rng;
use crate::strategy::{Context, Rejected};
use crate::trial::Trial;

/// A running search.
pub(super) struct Course<'a, 'o> {
    pub problem: &'a Problem<'a>,
    pub limits: &'a Limits,
    pub ledger: Ledger,
    pub rejected: Rejected,
    /// Trials that are being evaluated, where rounds overlap.
    pub pending: HashSet<Trial>,
    /// Number of rounds that were asked for.
    pub rounds: usize,
    /// Number of the last rounds without a new query.
    pub idle: usize,
    /// Finished trials.
    finished: HashMap<Trial, Ended>,
    /// Reports of running trials.
    running: HashMap<Trial, Running>,
    /// Stops trials early, if there is one.
    stopper: Option<&'a dyn Stopper>,
    /// Places of the charged queries.
    places: Vec<usize>,
    failures: Failures,
    observers: &'a mut [&'o mut dyn Observer],
    stop: &'a AtomicBool,
}

/// Details and reports of a running trial.
#[derive(Default)]
struct Running {
    details: Details,
    /// Outcome in place of the evaluator's, once the trial was stopped early.
    stopped: Option<Outcome>,
}

/// A finished trial.
struct Ended {
    /// Index in the order in which trials finished.
    place: usize,
    outcome: Outcome,
    progress: Progress,
}

/// Proposals of a strategy.
pub(super) struct Asked {
    /// New trials to evaluate.
    pub new: Vec<Trial>,
    /// Trials whose results the strategy is told, in its order.
    pub told: Vec<Trial>,
    /// True if trials were left out because they cost too much, and none is new.
    pub is_spent: bool,
}

/// A round whose trials have all finished.
pub(super) struct Closing<'r> {
    /// Number of the round.
    pub number: usize,
    /// Number of trials that the strategy asked for.
    pub asked: usize,
    /// Number of new trials.
    pub new: usize,
    /// Trials whose results the strategy is told.
    pub told: &'r [Trial],
    /// Gauges of the strategy, if they were read before the end.
    pub gauges: Option<Vec<(String, f64)>>,
}

impl<'a, 'o> Course<'a, 'o> {
    pub fn new(
        problem: &'a Problem<'a>,
        limits: &'a Limits,
        finished: Vec<Finished>,
        observers: &'a mut [&'o mut dyn Observer],
        stop: &'a AtomicBool,
    ) -> Self {
        let mut known = HashMap::with_capacity(finished.len());
        let mut failures = Failures::new(limits.max_failures);
        for (place, finished) in finished.into_iter().enumerate() {
            let Finished {
                trial,
                outcome,
                progress,
            } = finished;
            failures.count(problem.failure(&outcome).as_deref());
            known.entry(trial).or_insert(Ended {
                place,
                outcome,
                progress,
            });
        }
        Course {
            problem,
            limits,
            ledger: Ledger::with_axis(problem.axis()),
            rejected: Rejected::default(),
            pending: HashSet::new(),
            rounds: 0,
            idle: 0,
            finished: known,
            running: HashMap::new(),
            stopper: None,
            places: Vec::new(),
            failures,
            observers,
            stop,
        }
    }

    /// Lets a stopper end trials early.
    pub fn stopping_early(&mut self, stopper: Option<&'a dyn Stopper>) {
        self.stopper = stopper;
    }

    /// Remembers a trial that was known before the run.
    pub fn know(&mut self, finished: Finished) {
        let Finished {
            trial,
            outcome,
            progress,
        } = finished;
        self.observe(&trial.arch, &progress);
        let query = self.problem.query(trial, 0, outcome);
        self.ledger.remember(query);
    }

    fn observe(&mut self, arch: &Arch, progress: &Progress) {
        let objective = self.problem.objective();
        let values = progress.curve.iter();
        let turned = values.map(|(level, value)| (*level, objective.turn(*value)));
        self.ledger.observe(arch, turned);
    }

    /// Restores the state of a checkpoint, and reports the queries before it to the observers.
    pub fn resume(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.rounds = checkpoint.rounds;
        self.idle = checkpoint.idle;
        self.rejected = Rejected::from_hashes(checkpoint.rejected.clone());
        let by_place: HashMap<usize, Trial> = (self.finished.iter())
            .map(|(trial, ended)| (ended.place, *trial))
            .collect();
        for Charged { place, round } in &checkpoint.queries {
            if let Some(trial) = by_place.get(place)
                && let Some(outcome) = self.known(trial)
            {
                self.record(trial, *round, outcome)?;
            }
        }
        Ok(())
    }

    /// Checkpoint of the search, if the strategy can be saved.
    pub fn checkpoint(&self, strategy: &Supervised) -> Result<Option<Checkpoint>> {
        let Some(state) = strategy.save()? else {
            return Ok(None);
        };
        let queries = self.places.iter().zip(self.ledger.charged());
        let charged = |(place, query): (&usize, &Query)| Charged {
            place: *place,
            round: query.round,
        };
        Ok(Some(Checkpoint {
            queries: queries.map(charged).collect(),
            rounds: self.rounds,
            idle: self.idle,
            rejected: self.rejected.hashes(),
            strategy: state,
            pending: Vec::new(),
            open: Vec::new(),
        }))
    }

    pub fn context(&self) -> Context<'_> {
        let left = self.cost_left();
        (self.problem).context(&self.ledger, &self.rejected, &self.pending, left)
    }

    /// Cost that can still be spent, if it is limited. That of pending trials is reserved.
    fn cost_left(&self) -> Option<u64> {
        let reserved = || -> u64 { self.pending.iter().map(|t| self.ledger.price(t)).sum() };
        let limit = self.limits.cost?;
        Some(limit.saturating_sub(self.ledger.cost() + reserved()))
    }

    /// Number of queries that can still be charged. Each costs at least one unit.
    pub fn left(&self) -> usize {
        let charged = self.ledger.charged().len() + self.pending.len();
        let left = self.limits.queries.saturating_sub(charged);
        let affordable = self
            .cost_left()
            .map(|cost| usize::try_from(cost).unwrap_or(usize::MAX));
        affordable.map_or(left, |affordable| left.min(affordable))
    }

    /// Returns true if the incumbent is as good as the target.
    pub fn reached(&self) -> bool {
        let target = self.limits.target.map(|t| self.problem.objective().turn(t));
        let best = self.ledger.best().and_then(Query::merit);
        target
            .zip(best)
            .is_some_and(|(target, best)| best >= target)
    }

    /// Reason to stop the search at once, if there is one.
    pub fn halted(&self) -> Option<StopReason> {
        let is_over = |deadline: Instant| Instant::now() >= deadline;
        if self.stop.load(Ordering::Relaxed) {
            Some(StopReason::Interrupted)
        } else if self.failures.too_many() {
            Some(StopReason::Failures)
        } else if self.limits.deadline.is_some_and(is_over) {
            Some(StopReason::TimeLimit)
        } else {
            None
        }
    }

    pub fn stopping(&self) -> bool {
        self.halted().is_some()
    }

    /// Asks for the trials of the next round, and returns its number with them.
    pub fn ask(&mut self, strategy: &mut Supervised, left: usize) -> Result<(usize, Vec<Trial>)> {
        let starts = !self.limits.start.is_empty();
        let number = self.rounds + usize::from(!starts);
        let asked = match number {
            0 => self.limits.start.clone(),
            _ => self.ask_strategy(strategy, left)?,
        };
        self.rounds += usize::from(!asked.is_empty());
        Ok((number, asked))
    }

    fn ask_strategy(&mut self, strategy: &mut Supervised, left: usize) -> Result<Vec<Trial>> {
        let begun = Instant::now();
        let asked = strategy.ask(&self.context(), left)?;
        let mut rest = begun.elapsed().as_secs_f64();
        for (part, seconds) in strategy.timings()? {
            self.spent(part, seconds)?;
            rest -= seconds;
        }
        self.spent("asking", rest.max(0.0))?;
        Ok(asked)
    }

    /// Sorts proposals, with at most `left` new trials.
    pub fn sort(&self, asked: &[Trial], left: usize) -> Asked {
        let context = self.context();
        let mut new = Vec::new();
        let mut taken = HashSet::new();
        let mut told = Vec::with_capacity(asked.len());
        let mut purse = self.cost_left();
        let mut is_short = false;
        for trial in asked {
            if self.pending.contains(trial) {
                continue;
            }
            if self.ledger.find(trial).is_none() && !taken.contains(trial) {
                if new.len() == left || !context.admits(&trial.arch) {
                    continue;
                }
                if let Some(left) = purse {
                    let rest = left.checked_sub(self.ledger.price(trial));
                    is_short |= rest.is_none();
                    let Some(rest) = rest else { continue };
                    purse = Some(rest);
                }
                taken.insert(*trial);
                new.push(*trial);
            }
            told.push(*trial);
        }
        let is_spent = is_short && new.is_empty();
        Asked {
            new,
            told,
            is_spent,
        }
    }

    /// Outcome of a trial, if it has finished.
    pub fn known(&self, trial: &Trial) -> Option<Outcome> {
        self.finished.get(trial).map(|ended| ended.outcome.clone())
    }

    /// Returns [`known`](Self::known), and reports it to the observers.
    pub fn recall(&mut self, trial: &Trial) -> Result<Option<Outcome>> {
        let known = self.known(trial);
        if let Some(outcome) = &known {
            (self.observers.iter_mut()).try_for_each(|o| o.recalled(trial, outcome))?;
        }
        Ok(known)
    }

    /// Index of a trial in the order in which trials finished.
    pub fn place(&self, trial: &Trial) -> Option<usize> {
        self.finished.get(trial).map(|ended| ended.place)
    }

    /// Takes a report of a running trial. Levels that were known before are left out.
    pub fn report(&mut self, trial: &Trial, level: u32, metrics: &[f64]) -> Advice {
        let (problem, ledger) = (self.problem, &self.ledger);
        let Some(axis) = problem.axis() else {
            return Advice::Continue;
        };
        let running = self.running.entry(*trial).or_default();
        if running.stopped.is_some() {
            return Advice::Stop;
        }
        let curve = &mut running.details.progress.curve;
        let known = ledger
            .curve(&trial.arch)
            .next_back()
            .map(|(level, _)| level);
        let last = curve.last().map(|(level, _)| *level).max(known);
        let value = problem.reported(&trial.arch, metrics);
        let Some(value) =
            value.filter(|_| last < Some(level) && level < axis.level(trial.fidelity))
        else {
            return Advice::Continue;
        };
        curve.push((level, value));
        let objective = problem.objective();
        let Some(stopper) = self.stopper else {
            return Advice::Continue;
        };
        let before = ledger.curve(&trial.arch);
        let here = curve
            .iter()
            .map(|(level, value)| (*level, objective.turn(*value)));
        let whole: Vec<(u32, f64)> = before.chain(here).collect();
        let Some(predicted) = stopper.stops(problem, ledger, trial, &whole) else {
            return Advice::Continue;
        };
        running.details.progress.stopped = Some(level);
        let metrics = problem.with_prediction(metrics.to_vec(), objective.turn(predicted));
        running.stopped = Some(Outcome::Done(metrics));
        Advice::Stop
    }

    /// Takes the details of a trial that is about to finish.
    pub fn details(&mut self, trial: &Trial, details: Details) {
        let running = self.running.entry(*trial).or_default();
        let progress = std::mem::take(&mut running.details.progress);
        running.details = Details {
            progress,
            ..details
        };
    }

    /// Records a finished trial, and returns its outcome: that of its early stop, if it was stopped.
    pub fn finish(&mut self, trial: &Trial, outcome: Outcome) -> Result<Outcome> {
        let Running { details, stopped } = self.running.remove(trial).unwrap_or_default();
        let outcome = stopped.unwrap_or(outcome);
        for observer in self.observers.iter_mut() {
            if details != Details::default() {
                observer.details(trial, &details)?;
            }
            observer.finished(trial, &outcome)?;
        }
        self.failures
            .count(self.problem.failure(&outcome).as_deref());
        let ended = Ended {
            place: self.finished.len(),
            outcome: outcome.clone(),
            progress: details.progress,
        };
        self.finished.insert(*trial, ended);
        Ok(outcome)
    }

    /// Charges a query.
    pub fn record(&mut self, trial: &Trial, round: usize, outcome: Outcome) -> Result<()> {
        let mut query = self.problem.query(trial, round, outcome);
        let progress = self.finished.get(trial).map(|ended| ended.progress.clone());
        let progress = progress.unwrap_or_default();
        query.stopped = progress.stopped;
        query.cost = self.ledger.price(&Trial::at(trial.arch, query.reached()));
        let number = self.ledger.charged().len() + 1;
        for observer in self.observers.iter_mut() {
            observer.queried(number, &query)?;
        }
        self.places.extend(self.place(trial));
        self.observe(&trial.arch, &progress);
        self.ledger.record(query);
        Ok(())
    }

    /// Ends a round: tells the strategy its results, and reports the round to the observers.
    pub fn end(&mut self, strategy: &mut Supervised, round: Closing) -> Result<Round> {
        let Closing {
            number,
            asked,
            new,
            told,
            gauges,
        } = round;
        let results: Vec<Query> = (told
            .iter()
            .filter_map(|trial| self.ledger.find(trial).cloned()))
        .collect();
        if number > 0 {
            let begun = Instant::now();
            strategy.tell(&self.context(), &results)?;
            self.spent("telling", begun.elapsed().as_secs_f64())?;
        }
        // Several objectives have no single best.
        let best = self
            .ledger
            .best()
            .filter(|_| self.problem.objectives().len() == 1);
        let best = best.and_then(Query::merit);
        let round = Round {
            round: number,
            asked,
            new,
            queries: self.ledger.charged().len(),
            best: best.map(|merit| self.problem.objective().turn(merit)),
            gauges: match (number, gauges) {
                (0, _) => Vec::new(),
                (_, Some(gauges)) => gauges,
                (_, None) => strategy.gauges()?,
            },
        };
        for observer in self.observers.iter_mut() {
            observer.round(&round)?;
        }
        self.idle = if new == 0 { self.idle + 1 } else { 0 };
        Ok(round)
    }

    /// Returns true if too many rounds in a row brought nothing new, and nothing new is left.
    ///
    /// # Errors
    /// If something new is left: then the strategy repeats itself.
    pub fn stalled(&self, strategy: &Supervised) -> Result<bool> {
        if self.idle < STALLED_ROUNDS {
            return Ok(false);
        }
        let mut rng = Rng::stream(0, "stalled");
        if self.context().sample_new(1, &mut rng).is_empty() {
            return Ok(true);
        }
        Err(strategy.repeats(self.idle))
    }

    pub fn begin(&mut self, rounds: usize) -> Result<()> {
        (self.observers.iter_mut()).try_for_each(|o| o.begin(rounds))
    }

    /// Reports the time that a part of a round took.
    pub fn spent(&mut self, part: &str, seconds: f64) -> Result<()> {
        (self.observers.iter_mut()).try_for_each(|o| o.spent(part, seconds))
    }

    pub fn wait(&mut self) -> Result<()> {
        self.observers.iter_mut().try_for_each(|o| o.wait())
    }

    pub fn between(&mut self, state: &dyn Fn(&Self) -> Result<Option<Checkpoint>>) -> Result<()> {
        // The observers are lent out while they look at the rest.
        let observers = std::mem::take(&mut self.observers);
        let told = (observers.iter_mut()).try_for_each(|o| o.between(&|| state(self)));
        self.observers = observers;
        told
    }
}
