//! Evaluations that are kept, so that no architecture is measured twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Evaluator, Outcome};
use crate::arch::Arch;

/// What has been measured so far. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Known(Arc<Mutex<HashMap<Arch, Outcome>>>);

impl Known {
    fn get(&self, arch: &Arch) -> Option<Outcome> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(arch).cloned()
    }

    fn insert(&self, arch: Arch, outcome: Outcome) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(arch, outcome);
    }
}

/// An evaluator that asks another one only for what is not known yet. It suits evaluators whose
/// outcomes follow from the architecture alone.
pub struct Cached<E> {
    inner: E,
    known: Known,
}

impl<E> Cached<E> {
    /// An evaluator that shares what is known with others.
    pub fn new(inner: E, known: Known) -> Self {
        Cached { inner, known }
    }
}

impl<E: Evaluator> Evaluator for Cached<E> {
    fn metrics(&self) -> &[String] {
        self.inner.metrics()
    }

    fn evaluate(&mut self, batch: &[Arch]) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = batch.iter().map(|a| self.known.get(a)).collect();
        let missing: Vec<Arch> = (batch.iter().zip(&outcomes))
            .filter(|(_, outcome)| outcome.is_none())
            .map(|(arch, _)| *arch)
            .collect();
        let places = outcomes.iter_mut().filter(|o| o.is_none());
        for ((arch, place), outcome) in
            (missing.iter().zip(places)).zip(self.inner.evaluate(&missing))
        {
            self.known.insert(*arch, outcome.clone());
            *place = Some(outcome);
        }
        // An evaluator owes an outcome for each architecture; what it left out has none.
        (outcomes.into_iter())
            .map(|o| o.unwrap_or_else(|| Outcome::Failed("no outcome came back".into())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(Vec<Arch>, Vec<String>);

    impl Evaluator for Counting {
        fn metrics(&self) -> &[String] {
            &self.1
        }

        fn evaluate(&mut self, batch: &[Arch]) -> Vec<Outcome> {
            self.0.extend(batch);
            let value = |arch: &Arch| Outcome::Done(vec![f64::from(arch.ops()[0])]);
            batch.iter().map(value).collect()
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
