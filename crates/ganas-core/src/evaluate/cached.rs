//! Cached outcomes, so that no trial is evaluated twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Advice, Details, Evaluator, Outcome, Work};
use crate::error::Result;
use crate::trial::{Axis, Trial};

/// Outcomes so far. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<Mutex<HashMap<Trial, Outcome>>>);

impl Known {
    fn get(&self, trial: &Trial) -> Option<Outcome> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(trial).cloned()
    }

    fn insert(&self, trial: Trial, outcome: Outcome) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(trial, outcome);
    }
}

/// Evaluator that passes on only trials without a cached outcome. It suits evaluators whose outcomes
/// depend on nothing but the trial.
pub struct Cached<E> {
    inner: E,
    known: Known,
}

impl<E> Cached<E> {
    /// Wraps an evaluator, with outcomes that others may share.
    pub fn new(inner: E, known: Known) -> Self {
        Cached { inner, known }
    }
}

impl<E: Evaluator> Evaluator for Cached<E> {
    fn metrics(&self) -> &[String] {
        self.inner.metrics()
    }

    fn axis(&self) -> Option<&Axis> {
        self.inner.axis()
    }

    fn slots(&self) -> usize {
        self.inner.slots()
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        self.inner.run(&mut Unknown {
            work,
            known: &self.known,
        })
    }
}

/// Work without the trials that have a cached outcome.
struct Unknown<'a> {
    work: &'a mut dyn Work,
    known: &'a Known,
}

impl Work for Unknown<'_> {
    fn next(&mut self) -> Option<Trial> {
        loop {
            let trial = self.work.next()?;
            match self.known.get(&trial) {
                Some(outcome) => self.work.done(&trial, outcome),
                None => return Some(trial),
            }
        }
    }

    fn report(&mut self, trial: &Trial, level: u32, metrics: &[f64]) -> Advice {
        self.work.report(trial, level, metrics)
    }

    fn details(&mut self, trial: &Trial, details: Details) {
        self.work.details(trial, details);
    }

    fn done(&mut self, trial: &Trial, outcome: Outcome) {
        self.known.insert(*trial, outcome.clone());
        self.work.done(trial, outcome);
    }

    fn stopped(&mut self) -> bool {
        self.work.stopped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::Arch;

    struct Counting(Vec<Arch>, Vec<String>);

    impl Evaluator for Counting {
        fn metrics(&self) -> &[String] {
            &self.1
        }

        fn run(&mut self, work: &mut dyn Work) -> Result<()> {
            while let Some(trial) = work.next() {
                self.0.push(trial.arch);
                let value = f64::from(trial.arch.ops()[0]);
                work.done(&trial, Outcome::Done(vec![value]));
            }
            Ok(())
        }
    }

    #[test]
    fn each_architecture_is_measured_once() {
        let known = Known::default();
        let arch = |op: u8| Arch::new(&[op]);
        let done = |op: u8| Outcome::Done(vec![f64::from(op)]);
        let mut first = Cached::new(Counting(Vec::new(), Vec::new()), known.clone());
        assert_eq!(first.evaluate(&[arch(1), arch(2)]), [done(1), done(2)]);
        let mut second = Cached::new(Counting(Vec::new(), Vec::new()), known);
        assert_eq!(
            second.evaluate(&[arch(2), arch(3), arch(1)]),
            [done(2), done(3), done(1)]
        );
        assert_eq!(second.inner.0, [arch(3)]);
    }
}
