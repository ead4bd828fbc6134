//! Evaluations that are kept, so that no architecture is measured twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Details, Evaluator, Outcome, Work};
use crate::arch::Arch;
use crate::error::Result;

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

/// The part of some work that is not known yet.
struct Unknown<'a> {
    work: &'a mut dyn Work,
    known: &'a Known,
}

impl Work for Unknown<'_> {
    fn next(&mut self) -> Option<Arch> {
        loop {
            let arch = self.work.next()?;
            match self.known.get(&arch) {
                Some(outcome) => self.work.done(&arch, outcome),
                None => return Some(arch),
            }
        }
    }

    fn details(&mut self, arch: &Arch, details: Details) {
        self.work.details(arch, details);
    }

    fn done(&mut self, arch: &Arch, outcome: Outcome) {
        self.known.insert(*arch, outcome.clone());
        self.work.done(arch, outcome);
    }

    fn stopped(&mut self) -> bool {
        self.work.stopped()
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

        fn run(&mut self, work: &mut dyn Work) -> Result<()> {
            while let Some(arch) = work.next() {
                self.0.push(arch);
                work.done(&arch, Outcome::Done(vec![f64::from(arch.ops()[0])]));
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
