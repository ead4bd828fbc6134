//! Evaluations of a survey of a space, and the rest of its budget.

use std::collections::HashMap;

use ganas_core::arch::Arch;
use ganas_core::error::Result;

/// Measures architectures: a score for each, where larger is better. It is minus infinity if there
/// is none or a constraint is broken.
pub type Measure<'a> = dyn FnMut(&[Arch]) -> Result<Vec<f64>> + 'a;

/// The architectures that were evaluated, each once, in order.
pub struct Survey<'a, 'm> {
    measure: &'a mut Measure<'m>,
    index: HashMap<Arch, usize>,
    evaluated: Vec<(Arch, f64)>,
    budget: usize,
}

impl<'a, 'm> Survey<'a, 'm> {
    /// A survey that may spend `budget` queries.
    pub fn new(measure: &'a mut Measure<'m>, budget: usize) -> Self {
        Survey {
            measure,
            index: HashMap::new(),
            evaluated: Vec::new(),
            budget,
        }
    }

    /// Queries spent.
    pub fn queries(&self) -> usize {
        self.evaluated.len()
    }

    /// Queries left.
    pub fn left(&self) -> usize {
        self.budget - self.evaluated.len()
    }

    /// The evaluations, in order.
    pub fn evaluated(&self) -> &[(Arch, f64)] {
        &self.evaluated
    }

    /// The place of an architecture among what was evaluated.
    pub fn place(&self, arch: &Arch) -> Option<usize> {
        self.index.get(arch).copied()
    }

    /// The score of an architecture that was evaluated.
    pub fn score(&self, arch: &Arch) -> Option<f64> {
        self.place(arch).map(|i| self.evaluated[i].1)
    }

    /// Evaluates what is new among architectures, as far as there are queries left.
    pub fn evaluate(&mut self, archs: &[Arch]) -> Result<()> {
        let mut new = Vec::new();
        for arch in archs {
            if new.len() < self.left() && !self.index.contains_key(arch) {
                self.index.insert(*arch, self.evaluated.len() + new.len());
                new.push(*arch);
            }
        }
        let scores = (self.measure)(&new)?;
        self.evaluated.extend(new.into_iter().zip(scores));
        Ok(())
    }

    /// The evaluations, best first; of equals, the earlier one first.
    pub fn ranked(&self) -> Vec<(Arch, f64)> {
        let mut ranked = self.evaluated.clone();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked
    }

    /// gamma_t: the lowest score of the `k` best so far, and alpha at most. At least one
    /// architecture must have been evaluated.
    pub fn level(&self, alpha: f64, k: usize) -> f64 {
        let ranked = self.ranked();
        ranked[k.min(ranked.len()) - 1].1.min(alpha)
    }

    /// Number of evaluated architectures that reach a level.
    pub fn hits(&self, alpha: f64) -> usize {
        self.evaluated.iter().filter(|(_, s)| *s >= alpha).count()
    }
}
