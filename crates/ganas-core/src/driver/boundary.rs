//! The boundary between a search and its evaluator: metrics are mapped by name, and a panic becomes an
//! error.

use super::panics;
use crate::error::{Error, Result};
use crate::evaluate::{Advice, Details, Evaluator, Outcome, Work};
use crate::problem::Problem;
use crate::trial::Trial;

/// Evaluator whose metrics come in the order of the problem's.
pub(super) struct Boundary<'e> {
    evaluator: &'e mut dyn Evaluator,
    /// Place of each metric of the problem among the evaluator's; `None` if the orders agree.
    places: Option<Vec<usize>>,
}

impl<'e> Boundary<'e> {
    /// Checks an evaluator's metrics and cost axis against those that a problem needs.
    ///
    /// # Errors
    /// If a metric of the problem is missing, or the evaluator has not its axis.
    pub fn new(problem: &Problem, evaluator: &'e mut dyn Evaluator) -> Result<Self> {
        let (needed, names) = (problem.measured(), evaluator.metrics());
        let place = |name: &String| names.iter().position(|n| n == name);
        let missing: Vec<&str> = (needed.iter().filter(|name| place(name).is_none()))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            return Err(Error::evaluator(format!(
                "has no metric `{}`, which the problem needs; it has `{}`",
                missing.join("`, `"),
                names.join("`, `")
            )));
        }
        if let Some(axis) = problem.axis()
            && evaluator.axis() != Some(axis)
        {
            let (low, high) = axis.levels().into_inner();
            let levels = format!("`{}` from {low} to {high}", axis.name());
            return Err(Error::evaluator(format!(
                "does not evaluate at {levels}, which the problem needs"
            )));
        }
        let places = needed.iter().filter_map(place).collect();
        let places = (needed != names).then_some(places);
        Ok(Boundary { evaluator, places })
    }

    /// Runs the evaluator.
    ///
    /// # Errors
    /// As [`Evaluator::run`], and if the evaluator panics.
    pub fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        let count = self.evaluator.metrics().len();
        let mut guarded = Guarded {
            work,
            places: self.places.as_deref(),
            count,
            is_inside: false,
        };
        let ran = panics::catch(|| self.evaluator.run(&mut guarded));
        let is_inside = guarded.is_inside;
        ran.unwrap_or_else(|message| {
            // An observer's or the driver's own fault is not the evaluator's.
            Err(if is_inside {
                Error::bug(message)
            } else {
                Error::evaluator(format!("panicked: {message}"))
            })
        })
    }
}

/// Work as an evaluator sees it.
struct Guarded<'w> {
    work: &'w mut dyn Work,
    places: Option<&'w [usize]>,
    /// Number of the evaluator's metrics.
    count: usize,
    /// Set while the search is at work, not the evaluator.
    is_inside: bool,
}

impl Guarded<'_> {
    fn inside<T>(&mut self, call: impl FnOnce(&mut dyn Work) -> T) -> T {
        self.is_inside = true;
        let result = call(self.work);
        self.is_inside = false;
        result
    }

    /// An outcome with the metrics of the problem, in its order.
    fn mapped(&self, outcome: Outcome) -> Outcome {
        match (outcome, self.places) {
            (Outcome::Done(values), _) if values.len() != self.count => Outcome::Failed(format!(
                "{} metrics came back where {} were expected",
                values.len(),
                self.count
            )),
            (Outcome::Done(values), Some(places)) => {
                Outcome::Done(places.iter().map(|&place| values[place]).collect())
            }
            (outcome, _) => outcome,
        }
    }
}

impl Work for Guarded<'_> {
    fn next(&mut self) -> Option<Trial> {
        self.inside(|work| work.next())
    }

    fn report(&mut self, trial: &Trial, level: u32, metrics: &[f64]) -> Advice {
        if metrics.len() != self.count {
            return Advice::Continue;
        }
        let mapped: Vec<f64> = match self.places {
            Some(places) => places.iter().map(|&place| metrics[place]).collect(),
            None => metrics.to_vec(),
        };
        self.inside(|work| work.report(trial, level, &mapped))
    }

    fn details(&mut self, trial: &Trial, details: Details) {
        self.inside(|work| work.details(trial, details));
    }

    fn done(&mut self, trial: &Trial, outcome: Outcome) {
        let outcome = self.mapped(outcome);
        self.inside(|work| work.done(trial, outcome));
    }

    fn stopped(&mut self) -> bool {
        self.inside(|work| work.stopped())
    }
}
