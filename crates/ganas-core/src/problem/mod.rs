//! Problems: the space, the objectives and the constraints of a search.

mod compliance;
mod objective;

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::arch::Arch;
use crate::constraint::{Constraint, Predicate, contradiction};
use crate::error::{Error, Result, nearest};
use crate::evaluate::Outcome;
use crate::ledger::{Ledger, Query};
use crate::pool::{Admitted, Pool};
use crate::prior::Prior;
use crate::space::{Sampler, SearchSpace};
use crate::strategy::{Context, Rejected};
use crate::trial::{Axis, Trial};

pub use objective::{Direction, Objective, Objectives, Scale};

/// Space, objectives and constraints of a search.
pub struct Problem<'a> {
    space: &'a dyn SearchSpace,
    objectives: Objectives,
    constraints: Vec<Constraint>,
    pub(crate) sampler: Sampler,
    metrics: Vec<String>,
    /// Number of metrics of the evaluator; the rest are costs of the space.
    measured: usize,
    /// Indices of the costs of the space that are the rest.
    derived: Vec<usize>,
    /// Index of each objective among `metrics`.
    optimized: Vec<usize>,
    /// Index of each objective among the costs of the space, if it is one of them.
    known: Vec<Option<usize>>,
    /// Index of each constraint's metric among `metrics`.
    constrained: Vec<usize>,
    /// Index of each constraint's metric among the costs of the space, if it is one of them.
    pub(crate) cheap: Vec<Option<usize>>,
    pub(crate) predicates: Vec<Predicate>,
    /// Conditions on metrics that declare an evaluation failed, each with the index of its metric.
    failing: Vec<(Constraint, usize)>,
    /// Reference values that the user gave, one an objective.
    references: Vec<Option<f64>>,
    pool: Option<Admitted>,
    axis: Option<Axis>,
    priors: Arc<[Prior]>,
    pretrained: Option<Arc<str>>,
}

impl<'a> Problem<'a> {
    /// Problem with the metrics of an evaluator, by name. A metric of the evaluator takes precedence
    /// over a cost of the space of the same name.
    ///
    /// # Errors
    /// If an objective or a constraint names no known metric, two constraints contradict each
    /// other, or the sampler is not feasible in the space.
    pub fn new(
        space: &'a dyn SearchSpace,
        measured: &[String],
        objectives: impl Into<Objectives>,
        constraints: Vec<Constraint>,
        sampler: Sampler,
    ) -> Result<Self> {
        let objectives = objectives.into();
        let costs = space.costs();
        let derived: Vec<usize> = (0..costs.len())
            .filter(|&i| !measured.contains(&costs[i]))
            .collect();
        let mut metrics = measured.to_vec();
        metrics.extend(derived.iter().map(|&i| costs[i].clone()));
        let place = |name: &String| find(&metrics, name);
        let optimized = objectives.iter().map(|o| place(&o.metric));
        let optimized: Vec<usize> = optimized.collect::<Result<_>>()?;
        let constrained = constraints.iter().map(|c| place(&c.metric));
        let constrained: Vec<usize> = constrained.collect::<Result<_>>()?;
        if let Some((low, high)) = contradiction(&constraints) {
            return Err(
                Error::input(format!("`{low}` and `{high}` contradict each other"))
                    .mend("leave one of them out"),
            );
        }
        let cost = |metric: &String| derived.iter().copied().find(|&i| costs[i] == *metric);
        let cheap = constraints.iter().map(|c| cost(&c.metric)).collect();
        let known = objectives.iter().map(|o| cost(&o.metric)).collect();
        Sampler::feasible(space, Some(sampler))?;
        Ok(Problem {
            space,
            objectives,
            constraints,
            sampler,
            measured: measured.len(),
            derived,
            metrics,
            optimized,
            known,
            constrained,
            cheap,
            predicates: Vec::new(),
            failing: Vec::new(),
            references: Vec::new(),
            pool: None,
            axis: None,
            priors: Arc::new([]),
            pretrained: None,
        })
    }

    /// Adds a cost axis: a trial is evaluated at one of its levels.
    ///
    /// # Errors
    /// If the name or the range cannot be used.
    pub fn with_fidelity(self, name: &str, levels: RangeInclusive<u32>) -> Result<Self> {
        Ok(self.with_axis(Axis::new(name, levels)?))
    }

    /// Adds a cost axis that was made before.
    pub fn with_axis(self, axis: Axis) -> Self {
        let axis = Some(axis);
        Problem { axis, ..self }
    }

    /// States that the evaluator's metrics of these names equal the space's costs of these names.
    /// Constraints on them, and objectives, are then known before an evaluation.
    pub fn agreeing(mut self, names: &[String]) -> Self {
        let costs = self.space.costs();
        let constraints = self
            .constraints
            .iter()
            .map(|c| &c.metric)
            .zip(&mut self.cheap);
        let objectives = self
            .objectives
            .iter()
            .map(|o| &o.metric)
            .zip(&mut self.known);
        for (metric, cost) in constraints.chain(objectives) {
            if names.contains(metric) {
                *cost = costs.iter().position(|cost| cost == metric);
            }
        }
        match self.pool.take() {
            Some(admitted) => self.within(admitted.pool),
            None => self,
        }
    }

    /// Adds reference values of the objectives' metrics: architectures that are worse in one objective are
    /// worth nothing to the user.
    pub fn referring(self, references: Vec<Option<f64>>) -> Self {
        Problem { references, ..self }
    }

    /// Reference values, one an objective, turned so that larger is better.
    pub fn references(&self) -> Vec<Option<f64>> {
        let given = |i: usize| self.references.get(i).copied().flatten();
        (self.objectives.iter().enumerate())
            .map(|(i, objective)| given(i).map(|value| objective.turn(value)))
            .collect()
    }

    /// Adds conditions on metrics of the evaluator that declare an evaluation failed, such as
    /// `latency < 0`.
    ///
    /// # Errors
    /// If a condition names no metric of the evaluator.
    pub fn failing(mut self, conditions: Vec<Constraint>) -> Result<Self> {
        let place = |condition: Constraint| {
            let metric = find(self.measured(), &condition.metric)?;
            Ok((condition, metric))
        };
        self.failing = conditions.into_iter().map(place).collect::<Result<_>>()?;
        Ok(self)
    }

    /// Adds conditions on architectures.
    pub fn requiring(mut self, predicates: Vec<Predicate>) -> Self {
        self.predicates = predicates;
        match self.pool.take() {
            Some(admitted) => self.within(admitted.pool),
            None => self,
        }
    }

    /// Adds what is known before the search: results of other tasks, and metrics that are free.
    pub fn informed_by(self, priors: Arc<[Prior]>) -> Self {
        Problem { priors, ..self }
    }

    /// Knowledge before the search.
    pub fn priors(&self) -> &Arc<[Prior]> {
        &self.priors
    }

    /// Adds networks that were trained before the search, as their file has them.
    pub fn starting_from(self, pretrained: Option<Arc<str>>) -> Self {
        Problem { pretrained, ..self }
    }

    /// Networks that were trained before the search.
    pub fn pretrained(&self) -> Option<&str> {
        self.pretrained.as_deref()
    }

    /// Restricts evaluations to a pool.
    pub fn within(mut self, pool: Arc<Pool>) -> Self {
        let admitted = pool.archs().iter().map(|a| self.complies_beforehand(a));
        let admitted = admitted.collect();
        self.pool = Some(Admitted::new(pool, admitted));
        self
    }

    /// The search space.
    pub fn space(&self) -> &'a dyn SearchSpace {
        self.space
    }

    /// Cost axis, if there are several fidelities.
    pub fn axis(&self) -> Option<&Axis> {
        self.axis.as_ref()
    }

    /// The objectives.
    pub fn objectives(&self) -> &Objectives {
        &self.objectives
    }

    /// The first objective; the only one of most problems.
    pub fn objective(&self) -> &Objective {
        self.objectives.first()
    }

    /// Names of the evaluator's metrics.
    pub fn measured(&self) -> &[String] {
        &self.metrics[..self.measured]
    }

    /// Names of the metrics of a query: those of the evaluator, then costs of the space.
    pub fn metrics(&self) -> &[String] {
        &self.metrics
    }

    pub(crate) fn context<'b>(
        &'b self,
        ledger: &'b Ledger,
        rejected: &'b Rejected,
        pending: &'b HashSet<Trial>,
        cost_left: Option<u64>,
    ) -> Context<'b> {
        Context {
            cost_left,
            space: self.space,
            ledger,
            sampler: self.sampler,
            problem: self,
            rejected,
            pending,
        }
    }

    /// Reason why an outcome is a failure, if it is.
    pub fn failure(&self, outcome: &Outcome) -> Option<String> {
        match outcome {
            Outcome::Failed(reason) => Some(reason.clone()),
            Outcome::Done(measured) if measured.len() != self.measured => Some(format!(
                "{} metrics came back where {} were expected",
                measured.len(),
                self.measured
            )),
            Outcome::Done(measured) => {
                let declared = (self.failing.iter())
                    .find(|(condition, metric)| condition.holds(measured[*metric]));
                if let Some((condition, metric)) = declared {
                    let value = measured[*metric];
                    return Some(format!("`{condition}` declares it failed: it is {value}"));
                }
                // A cost of the space is always a number.
                let values = self.optimized.iter().map(|&i| measured.get(i));
                (self.objectives.iter().zip(values))
                    .find_map(|(objective, value)| self.refusal(objective, *value?))
            }
        }
    }

    /// Reason why a value cannot be an objective value; of several objectives, with the name.
    fn refusal(&self, objective: &Objective, value: f64) -> Option<String> {
        if self.objectives.len() > 1 && !value.is_finite() {
            return Some(format!("the objective `{}` is {value}", objective.metric));
        }
        objective.refusal(value)
    }

    /// Values of the objectives' metrics among all metrics of a query, as they were measured.
    pub fn objective_metrics(&self, metrics: &[f64]) -> Vec<f64> {
        self.optimized.iter().map(|&i| metrics[i]).collect()
    }

    /// The value of an objective that is a cost of the space, known before an evaluation, turned so that larger
    /// is better. `None` for one that only an evaluation measures.
    pub fn known_value(&self, objective: usize, arch: &Arch) -> Option<f64> {
        let cost = self.known[objective]?;
        let objective = &self.objectives.iter().as_slice()[objective];
        Some(objective.turn(self.space.cost(arch, cost)))
    }

    /// The objective values of an architecture with these metrics, turned so that larger is better.
    pub fn values(&self, metrics: &[f64]) -> Vec<f64> {
        (self.objectives.iter().zip(&self.optimized))
            .map(|(objective, &i)| objective.turn(metrics[i]))
            .collect()
    }

    /// The objective metric of a report, if it is a number.
    pub(crate) fn reported(&self, arch: &Arch, metrics: &[f64]) -> Option<f64> {
        let metrics = self.complete(arch, metrics.to_vec());
        metrics
            .get(self.optimized[0])
            .copied()
            .filter(|value| value.is_finite())
    }

    /// The metrics of an outcome with a prediction in place of the first objective.
    pub(crate) fn with_prediction(&self, mut metrics: Vec<f64>, value: f64) -> Vec<f64> {
        if let Some(place) = metrics.get_mut(self.optimized[0]) {
            *place = value;
        }
        metrics
    }

    /// Makes a query of an outcome, without its cost.
    pub fn query(&self, trial: impl Into<Trial>, round: usize, outcome: Outcome) -> Query {
        let Trial { arch, fidelity } = trial.into();
        let failed = |reason: String| Query {
            arch,
            fidelity,
            round,
            values: Vec::new(),
            compliant: false,
            metrics: Vec::new(),
            failure: Some(reason),
            stopped: None,
            cost: 0,
        };
        match (self.failure(&outcome), outcome) {
            (Some(reason), _) | (None, Outcome::Failed(reason)) => failed(reason),
            (None, Outcome::Done(measured)) => {
                let metrics = self.complete(&arch, measured);
                Query {
                    compliant: self.complies(&arch, &metrics),
                    arch,
                    fidelity,
                    round,
                    values: self.values(&metrics),
                    metrics,
                    failure: None,
                    stopped: None,
                    cost: 0,
                }
            }
        }
    }
}

/// Index of a metric among others.
///
/// # Errors
/// If it is not among them; the error lists them.
pub fn find(metrics: &[String], name: &str) -> Result<usize> {
    metrics.iter().position(|m| m == name).ok_or_else(|| {
        let known = metrics.join(", ");
        let hint = match nearest(name, metrics.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`? There are {known}"),
            None => format!("there are {known}"),
        };
        Error::input(format!("there is no metric `{name}`")).mend(hint)
    })
}
