//! Architectures that bounds compare with: the first starting point, and those with a name.

use ganas_core::arch::Arch;
use ganas_core::constraint::{Bound, Condition, Constraint};
use ganas_core::driver::find;
use ganas_core::error::{Error, Result, nearest};
use ganas_core::evaluate::Outcome;
use ganas_core::journal::Finished;
use ganas_core::space::SearchSpace;

use super::start::Start;
use crate::progress::{Progress, Remarks};
use crate::source::Source;

/// Name of the first starting point in bounds.
const START: &str = "start";

/// The architectures that constraints can compare with: the first starting point and the space's
/// named ones.
pub struct References<'a> {
    space: &'a dyn SearchSpace,
    start: Option<&'a Start>,
    source: &'a dyn Source,
    seed: u64,
    progress: &'a Progress,
    /// Metrics of the start, once evaluated.
    measured: Option<Vec<f64>>,
}

impl<'a> References<'a> {
    /// The references of a search; nothing is measured yet.
    pub fn new(
        space: &'a dyn SearchSpace,
        start: Option<&'a Start>,
        source: &'a dyn Source,
        seed: u64,
        progress: &'a Progress,
    ) -> Self {
        References {
            space,
            start,
            source,
            seed,
            progress,
            measured: None,
        }
    }

    /// Resolves conditions to constraints with numbers. A bound that needs a costly evaluation is taken from
    /// the record of the run that is resumed, since the same evaluation may now give another value.
    ///
    /// # Errors
    /// If there is no such architecture, or its metric cannot be known.
    pub fn resolve(
        &mut self,
        conditions: Vec<Condition>,
        recorded: &[String],
    ) -> Result<Vec<Constraint>> {
        let mut constraints = Vec::with_capacity(conditions.len());
        // What needs no evaluation comes first: a start that breaks it is not worth one.
        let (dear, cheap): (Vec<_>, Vec<_>) = (conditions.into_iter().enumerate())
            .partition(|(_, condition)| self.evaluates(condition));
        for (i, condition) in cheap {
            let constraint = condition.resolve(|name, metric| self.value(name, metric))?;
            if !dear.is_empty() {
                self.check_start(&constraint)?;
            }
            constraints.push((i, constraint));
        }
        for (i, condition) in dear {
            let constraint = match recorded.get(i) {
                Some(known) => known.parse()?,
                None => condition.resolve(|name, metric| self.value(name, metric))?,
            };
            constraints.push((i, constraint));
        }
        constraints.sort_by_key(|(i, _)| *i);
        Ok(constraints.into_iter().map(|(_, c)| c).collect())
    }

    /// Returns true if the bound of a condition needs an evaluation that is not a look-up.
    fn evaluates(&self, condition: &Condition) -> bool {
        matches!(condition.bound, Bound::Of { .. })
            && !self.source.looks_up()
            && self.cost(&condition.metric).is_none()
    }

    /// Refuses a start whose cost breaks a constraint.
    fn check_start(&self, constraint: &Constraint) -> Result<()> {
        let Some(start) = self.start else {
            return Ok(());
        };
        let cost = self.cost(&constraint.metric);
        match cost.map(|cost| self.space.cost(&start.arch, cost)) {
            Some(value) if !constraint.holds(value) => Err(start.breaks(constraint, value)),
            _ => Ok(()),
        }
    }

    /// Returns the evaluation of the start, if it took more than a look-up. The search need not repeat it.
    pub fn evaluated(self) -> Option<Finished> {
        let known = self.measured.filter(|_| !self.source.looks_up())?;
        Some(Finished::new(self.start?.arch, Outcome::Done(known)))
    }

    /// The cost of the space of this name, where the source does not measure it.
    fn cost(&self, metric: &str) -> Option<usize> {
        let measured = self.source.metrics();
        (self.space.costs().iter().position(|cost| cost == metric))
            .filter(|_| !measured.iter().any(|column| column == metric))
    }

    /// Returns a metric of an architecture, by evaluation or by the space.
    fn value(&mut self, name: &str, metric: &str) -> Result<f64> {
        let arch = self.arch(name)?;
        if let Some(cost) = self.cost(metric) {
            return Ok(self.space.cost(&arch, cost));
        }
        let mut known = self.source.metrics();
        known.extend(self.space.costs().iter().cloned());
        let index = find(&known, metric)?;
        let refused = |what: String| {
            Error::input(format!("`@{name}` has no `{metric}`: {what}"))
                .mend("compare with a number")
        };
        if let Some(caller) = self.source.caller() {
            return Err(refused(format!(
                "nothing of {} was called yet",
                caller.caller
            )));
        }
        // Only the start is a query of the search.
        if self.source.workers().is_some() && name != START {
            return Err(refused(
                "workers measure only the start before others".into(),
            ));
        }
        if name == START
            && let Some(measured) = &self.measured
        {
            return Ok(measured[index]);
        }
        let waiting = (!self.source.looks_up())
            .then(|| self.progress.waiting(format!("evaluating `@{name}`")));
        let measured = measure(self.source, &arch, self.seed).map_err(refused)?;
        drop(waiting);
        let value = measured[index];
        if name == START {
            self.measured = Some(measured);
        }
        Ok(value)
    }

    fn arch(&self, name: &str) -> Result<Arch> {
        let named = self.space.named();
        match (name, self.start) {
            (START, Some(start)) => return Ok(start.arch),
            (START, None) => {
                return Err(Error::input("there is no `@start`")
                    .mend("add `--start ARCH`, or `start` to the space file"));
            }
            _ => {}
        }
        if let Some((_, arch)) = named.iter().find(|(known, _)| *known == name) {
            return Ok(*arch);
        }
        let names: Vec<&str> = ([START].into_iter())
            .chain(named.iter().map(|(name, _)| *name))
            .collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `@{near}`?"),
            None => format!("use @{}", names.join(", @")),
        };
        Err(Error::input(format!("no architecture is named `@{name}`")).mend(hint))
    }
}

/// Evaluates one architecture by a source.
///
/// # Errors
/// Why the evaluation failed.
pub fn measure(
    source: &dyn Source,
    arch: &Arch,
    seed: u64,
) -> std::result::Result<Vec<f64>, String> {
    let evaluator = source.evaluator(seed, None, &Remarks::silent());
    let mut evaluator = evaluator.map_err(|e| e.to_string())?;
    let outcomes = evaluator.evaluate(&[*arch]);
    match outcomes.into_iter().next() {
        Some(Outcome::Done(metrics)) => Ok(metrics),
        Some(Outcome::Failed(reason)) => Err(reason),
        None => Err("no outcome came back".into()),
    }
}
