//! Rounds that follow each other: all trials of one finish before the next is asked for. So the trace
//! does not depend on the order in which they finish.

use std::collections::HashMap;
use std::time::Instant;

use super::boundary::Boundary;
use super::course::{Asked, Closing, Course};
use super::supervised::Supervised;
use super::{Round, StopReason};
use crate::error::{Error, Result};
use crate::evaluate::{Advice, Details, Outcome, Work};
use crate::trial::Trial;

/// Runs rounds until the search ends.
pub(super) fn run(
    course: &mut Course,
    evaluator: &mut Boundary,
    strategy: &mut Supervised,
) -> Result<(StopReason, Vec<Round>)> {
    let mut rounds = Vec::new();
    loop {
        let left = course.left();
        if course.reached() {
            return Ok((StopReason::Target, rounds));
        }
        if left == 0 {
            return Ok((StopReason::Budget, rounds));
        }
        if let Some(reason) = course.halted() {
            return Ok((reason, rounds));
        }
        let (number, asked) = course.ask(strategy, left)?;
        if asked.is_empty() {
            return Ok((StopReason::Exhausted, rounds));
        }
        let Asked {
            new,
            told,
            is_spent,
        } = course.sort(&asked, left);
        if is_spent {
            return Ok((StopReason::Budget, rounds));
        }
        let mut batch = Batch {
            course,
            left: new.iter(),
            outcomes: HashMap::new(),
            error: None,
        };
        let begun = Instant::now();
        let ran = evaluator.run(&mut batch);
        let Batch {
            mut outcomes,
            error,
            ..
        } = batch;
        course.wait()?;
        course.spent("evaluating", begun.elapsed().as_secs_f64())?;
        for trial in &new {
            if let Some(outcome) = outcomes.remove(trial) {
                course.record(trial, number, outcome)?;
            }
        }
        error.map_or(ran, Err)?;
        if told.iter().any(|trial| course.ledger.find(trial).is_none()) {
            return match course.halted() {
                Some(reason) => Ok((reason, rounds)),
                None => Err(Error::bug("the evaluator left out a trial")),
            };
        }
        let closing = Closing {
            number,
            asked: asked.len(),
            new: new.len(),
            told: &told,
            gauges: None,
        };
        rounds.push(course.end(strategy, closing)?);
        if course.stalled(strategy)? {
            return Ok((StopReason::Stalled, rounds));
        }
        let strategy = &*strategy;
        course.between(&|course| course.checkpoint(strategy))?;
    }
}

/// The new trials of a round as work.
struct Batch<'b, 'a, 'o> {
    course: &'b mut Course<'a, 'o>,
    left: std::slice::Iter<'b, Trial>,
    outcomes: HashMap<Trial, Outcome>,
    error: Option<Error>,
}

impl Work for Batch<'_, '_, '_> {
    fn next(&mut self) -> Option<Trial> {
        while self.error.is_none() && !self.course.stopping() {
            let trial = self.left.next()?;
            match self.course.recall(trial) {
                Ok(Some(outcome)) => drop(self.outcomes.insert(*trial, outcome)),
                Ok(None) => return Some(*trial),
                Err(error) => self.error = Some(error),
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
        match self.course.finish(trial, outcome) {
            Ok(outcome) => {
                self.outcomes.insert(*trial, outcome);
            }
            Err(error) => self.error = self.error.take().or(Some(error)),
        }
    }

    fn stopped(&mut self) -> bool {
        if let Err(error) = self.course.wait() {
            self.error = self.error.take().or(Some(error));
        }
        self.error.is_some() || self.course.stopping()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use crate::driver::{Limits, Search};
    use crate::error::{Error, Result};
    use crate::evaluate::{Evaluator, Work};
    use crate::rng::Rng;
    use crate::space::nasbench201;
    use crate::strategy::{Context, Strategy};
    use crate::testing::problem;
    use crate::trial::Trial;

    struct Random(Rng);

    impl Strategy for Random {
        fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
            Ok(Trial::full(context.sample_new(limit.min(4), &mut self.0)))
        }
    }

    /// Takes work and never says what came of it.
    struct Forgetful([String; 1]);

    impl Evaluator for Forgetful {
        fn metrics(&self) -> &[String] {
            &self.0
        }

        fn run(&mut self, work: &mut dyn Work) -> Result<()> {
            work.next();
            Ok(())
        }
    }

    #[test]
    fn an_evaluator_that_leaves_something_out_is_a_bug() {
        let space = nasbench201();
        let problem = problem(&space, Vec::new());
        let limits = Limits {
            queries: 8,
            ..Limits::default()
        };
        for slots in [None, Some(2)] {
            let mut search = Search::new(&problem, &limits);
            if let Some(slots) = slots {
                search = search.asynchronous(slots);
            }
            let mut strategy = Random(Rng::stream(0, "test"));
            let mut evaluator = Forgetful(["score".into()]);
            let stop = AtomicBool::new(false);
            let ended = search.run(&mut evaluator, &mut strategy, &mut [], &stop);
            let error = ended.expect_err("it left out a trial");
            assert!(matches!(error, Error::Bug(_)), "{error}");
            let text = error.to_string();
            assert!(
                text.contains("this is a bug") && text.contains("/issues"),
                "{text}"
            );
        }
    }
}
