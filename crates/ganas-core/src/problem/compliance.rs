//! Compliance of architectures with the constraints of a problem.

use super::Problem;
use crate::arch::Arch;
use crate::constraint::{Constraint, Predicate};
use crate::pool::Admitted;

impl Problem<'_> {
    pub(crate) fn pool(&self) -> Option<&Admitted> {
        self.pool.as_ref()
    }

    /// Returns true if an architecture can be evaluated.
    pub(crate) fn holds(&self, arch: &Arch) -> bool {
        (self.pool.as_ref()).is_none_or(|p| p.pool.find(arch).is_some())
    }

    /// Returns true if an architecture can be evaluated and keeps all predicates and all constraints
    /// on costs of the space.
    pub fn admits(&self, arch: &Arch) -> bool {
        match &self.pool {
            Some(pool) => pool.admits(arch),
            None => self.complies_beforehand(arch),
        }
    }

    pub(super) fn complies_beforehand(&self, arch: &Arch) -> bool {
        self.constraints
            .iter()
            .zip(&self.cheap)
            .all(|(constraint, cost)| {
                cost.is_none_or(|index| constraint.holds(self.space.cost(arch, index)))
            })
            && self.unmet(arch).is_none()
    }

    /// Constraints on metrics that only an evaluation measures, each with the index of its metric.
    pub fn measured_constraints(&self) -> impl Iterator<Item = (&Constraint, usize)> {
        (self
            .constraints
            .iter()
            .zip(&self.constrained)
            .zip(&self.cheap))
        .filter(|(_, cheap)| cheap.is_none())
        .map(|((constraint, &metric), _)| (constraint, metric))
    }

    /// The first predicate that does not hold for an architecture.
    pub fn unmet(&self, arch: &Arch) -> Option<&Predicate> {
        self.predicates.iter().find(|p| !(p.holds)(arch))
    }

    /// Constraints that an architecture breaks, with its value: all of them if its metrics are given,
    /// otherwise those on costs of the space.
    pub fn breaches(&self, arch: &Arch, metrics: Option<&[f64]>) -> Vec<(&Constraint, f64)> {
        let value = |i: usize| match metrics {
            Some(metrics) => Some(metrics[self.constrained[i]]),
            None => self.cheap[i].map(|cost| self.space.cost(arch, cost)),
        };
        (self.constraints.iter().enumerate())
            .filter_map(|(i, constraint)| Some((constraint, value(i)?)))
            .filter(|(constraint, value)| !constraint.holds(*value))
            .collect()
    }

    /// Sum of the excesses over all bounds if the metrics are given, otherwise over those on costs of
    /// the space. The sum is 0 only if the bounds are kept, and infinite if a metric was not measured.
    pub fn excess(&self, arch: &Arch, metrics: Option<&[f64]>) -> f64 {
        let breaches = self.breaches(arch, metrics);
        // A value at an open bound breaks it.
        let beyond = |(c, value): &(&Constraint, f64)| c.excess(*value).max(f64::MIN_POSITIVE);
        breaches.iter().map(beyond).sum()
    }

    /// Returns true if all constraints and predicates hold for an architecture with these metrics.
    pub fn complies(&self, arch: &Arch, metrics: &[f64]) -> bool {
        (self.constraints.iter().zip(&self.constrained))
            .all(|(constraint, &index)| constraint.holds(metrics[index]))
            && self.unmet(arch).is_none()
    }

    /// Completes the measured metrics of an architecture with its costs of the space.
    pub fn complete(&self, arch: &Arch, measured: Vec<f64>) -> Vec<f64> {
        let mut metrics = measured;
        metrics.extend(self.derived.iter().map(|&i| self.space.cost(arch, i)));
        metrics
    }
}
