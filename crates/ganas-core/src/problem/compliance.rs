//! Compliance of architectures with the constraints of a problem.

use super::Problem;
use crate::arch::Arch;
use crate::constraint::{Constraint, Predicate};
use crate::pool::Admitted;

impl Problem<'_> {
    pub(crate) fn pool(&self) -> Option<&Admitted> {
        self.pool.as_ref()
    }

    /// Whether an architecture can be evaluated.
    pub(crate) fn holds(&self, arch: &Arch) -> bool {
        (self.pool.as_ref()).is_none_or(|p| p.pool.find(arch).is_some())
    }

    /// Whether an architecture can be evaluated, the constraints on costs of the space hold, and
    /// so do all predicates.
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

    /// The constraints on metrics that only an evaluation tells, each with its metric's place.
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

    /// The constraints that an architecture breaks, with what it has instead: all of them where its
    /// metrics are given, else those on costs of the space.
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

    /// How far an architecture is beyond the bounds in all, as the sum of the shares of them: beyond
    /// all of them where its metrics are given, else beyond those on costs of the space. It is 0 only
    /// where the bounds are kept, and infinite where a metric was not measured.
    pub fn excess(&self, arch: &Arch, metrics: Option<&[f64]>) -> f64 {
        let breaches = self.breaches(arch, metrics);
        // A bound that has to be undercut is broken by what is just there.
        let beyond = |(c, value): &(&Constraint, f64)| c.excess(*value).max(f64::MIN_POSITIVE);
        breaches.iter().map(beyond).sum()
    }

    /// Whether all constraints and predicates hold for an architecture with these metrics.
    pub fn complies(&self, arch: &Arch, metrics: &[f64]) -> bool {
        (self.constraints.iter().zip(&self.constrained))
            .all(|(constraint, &index)| constraint.holds(metrics[index]))
            && self.unmet(arch).is_none()
    }

    /// All metrics of an architecture, given those that were measured.
    pub fn complete(&self, arch: &Arch, measured: Vec<f64>) -> Vec<f64> {
        let mut metrics = measured;
        metrics.extend(self.derived.iter().map(|&i| self.space.cost(arch, i)));
        metrics
    }
}
