//! The ledger: the only place that counts queries.

use std::collections::{BTreeMap, HashMap};

use crate::arch::Arch;
use crate::front;
use crate::trial::{Axis, Fidelity, Trial};

/// One evaluated trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The architecture, in canonical form.
    pub arch: Arch,
    /// The fidelity at which it was evaluated.
    pub fidelity: Fidelity,
    /// Round that asked for it first; 0 for starting points.
    pub round: usize,
    /// The objective values in the order of the problem's objectives, each turned so that larger is
    /// better; empty where the evaluation failed.
    pub values: Vec<f64>,
    /// True if all constraints hold. Only compliant trials enter the truth set.
    pub compliant: bool,
    /// Metrics in the order of the problem's metric names; empty where the evaluation failed.
    pub metrics: Vec<f64>,
    /// Reason of the failure, if the evaluation failed.
    pub failure: Option<String>,
    /// Level at which the evaluation was stopped early. Its objective values are then predictions, and it
    /// is never the best.
    pub stopped: Option<u32>,
    /// Cost in units of the cost axis: 1 without an axis, 0 if it was known before the run.
    pub cost: u64,
}

impl Query {
    /// The evaluated trial.
    pub fn trial(&self) -> Trial {
        Trial::at(self.arch, self.fidelity)
    }

    /// Value of the first objective, the only one of most problems; `None` where the evaluation
    /// failed.
    pub fn value(&self) -> Option<f64> {
        self.values.first().copied()
    }

    /// [`value`](Self::value) of a compliant architecture that was not stopped early: the truth set is
    /// chosen by it.
    pub fn merit(&self) -> Option<f64> {
        self.value()
            .filter(|_| self.compliant && self.stopped.is_none())
    }

    /// The fidelity that the evaluation really reached.
    pub fn reached(&self) -> Fidelity {
        self.stopped.map_or(self.fidelity, Fidelity::Level)
    }
}

/// All queries of a run, in order, after the trials that were known before it. A trial is charged
/// once: the first time it is evaluated.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    queries: Vec<Query>,
    /// Number of trials that were known before the run and are not charged.
    history: usize,
    /// Queries at full fidelity.
    full: HashMap<Arch, usize>,
    /// Queries below that, by increasing fidelity.
    lower: HashMap<Arch, Vec<usize>>,
    best: Option<usize>,
    axis: Option<Axis>,
    /// Values of the first objective by level, of architectures with several of them.
    curves: HashMap<Arch, BTreeMap<u32, f64>>,
    /// Sum of the costs of the run's own queries.
    cost: u64,
}

impl Ledger {
    /// Empty ledger that counts costs on an axis.
    pub(crate) fn with_axis(axis: Option<&Axis>) -> Self {
        Ledger {
            axis: axis.cloned(),
            ..Ledger::default()
        }
    }

    /// Cost of all queries of the run so far, in units of the cost axis.
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// Cost of a trial if it were evaluated now.
    pub fn price(&self, trial: &Trial) -> u64 {
        let reached = self.reached(&trial.arch);
        (self.axis.as_ref()).map_or(1, |axis| axis.cost(trial.fidelity, reached))
    }

    /// The highest fidelity that an architecture has reached.
    pub fn reached(&self, arch: &Arch) -> Option<Fidelity> {
        self.queries_of(arch).map(Query::reached).max()
    }

    /// The learning curve of an architecture so far: levels with the values of the first objective there,
    /// turned so that larger is better. It has the reports on the way and the results of its trials, but no
    /// predictions. It is empty without a cost axis.
    pub fn curve(&self, arch: &Arch) -> impl DoubleEndedIterator<Item = (u32, f64)> {
        let curve = self.curves.get(arch).into_iter().flatten();
        curve.map(|(level, value)| (*level, *value))
    }

    /// Adds values to the learning curve of an architecture, each turned so that larger is better.
    pub(crate) fn observe(&mut self, arch: &Arch, values: impl IntoIterator<Item = (u32, f64)>) {
        let mut values = values.into_iter().peekable();
        if values.peek().is_some() {
            self.curves.entry(*arch).or_default().extend(values);
        }
    }

    /// Architecture that the run recommends so far: the [best](Self::best) at full fidelity, or else the
    /// best compliant one at the highest fidelity that any reached; of equals, the first.
    pub fn recommended(&self) -> Option<&Query> {
        let ahead = |a: &Query, b: &Query| (a.fidelity, a.merit()) > (b.fidelity, b.merit());
        let compliant = self.queries.iter().filter(|q| q.merit().is_some());
        let any = || compliant.reduce(|best, q| if ahead(q, best) { q } else { best });
        self.best().or_else(any)
    }

    /// Trials that were known before the run, then all queries in the order of evaluation.
    pub fn queries(&self) -> &[Query] {
        &self.queries
    }

    /// The queries of the run itself, in the order of evaluation.
    pub fn charged(&self) -> &[Query] {
        &self.queries[self.history..]
    }

    /// Number of trials that were known before the run.
    pub fn history(&self) -> usize {
        self.history
    }

    /// The number of distinct trials evaluated, those known before included.
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Returns true if nothing has been evaluated.
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// The query of an architecture at full fidelity, if it was evaluated there.
    pub fn get(&self, arch: &Arch) -> Option<&Query> {
        self.full.get(arch).map(|&i| &self.queries[i])
    }

    /// The query of a trial, if it was evaluated.
    pub fn find(&self, trial: &Trial) -> Option<&Query> {
        if trial.is_full() {
            return self.get(&trial.arch);
        }
        let mut found = self.lower(&trial.arch);
        found.find(|query| query.fidelity == trial.fidelity)
    }

    /// The queries of an architecture at any fidelity, by increasing fidelity.
    pub fn queries_of(&self, arch: &Arch) -> impl DoubleEndedIterator<Item = &Query> {
        self.lower(arch).chain(self.get(arch))
    }

    /// The query of an architecture at the highest fidelity at which it was evaluated.
    pub fn highest(&self, arch: &Arch) -> Option<&Query> {
        self.queries_of(arch).next_back()
    }

    fn lower(&self, arch: &Arch) -> impl DoubleEndedIterator<Item = &Query> {
        let places = self.lower.get(arch).into_iter().flatten();
        places.map(|&i| &self.queries[i])
    }

    /// The best compliant query at full fidelity; of equals, the first.
    pub fn best(&self) -> Option<&Query> {
        self.best.map(|i| &self.queries[i])
    }

    /// The compliant queries at full fidelity that no other one dominates, in the order of evaluation.
    /// Of equals, the first.
    pub fn front(&self) -> Vec<&Query> {
        let compliant: Vec<&Query> = self.compliant().collect();
        let values: Vec<&[f64]> = compliant.iter().map(|q| &*q.values).collect();
        front::front(&values)
            .into_iter()
            .map(|i| compliant[i])
            .collect()
    }

    /// The compliant queries at full fidelity, in the order of evaluation.
    pub fn compliant(&self) -> impl Iterator<Item = &Query> {
        let queries = self.queries.iter();
        queries.filter(|q| q.fidelity == Fidelity::Full && q.merit().is_some())
    }

    /// Number of queries up to the best one; 0 if it was known before the run.
    pub fn queries_to_best(&self) -> Option<usize> {
        self.best.map(|i| (i + 1).saturating_sub(self.history))
    }

    /// The `k` best compliant queries at full fidelity, best first; of equals, the earlier ones.
    pub fn top(&self, k: usize) -> Vec<&Query> {
        let mut ranked: Vec<(f64, &Query)> = (self.queries.iter())
            .filter(|q| q.fidelity == Fidelity::Full)
            .filter_map(|q| q.merit().map(|merit| (merit, q)))
            .collect();
        // A stable sort keeps earlier queries first; merits are never NaN.
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        ranked.into_iter().take(k).map(|(_, q)| q).collect()
    }

    /// Records a trial that was known before the run, unless it is recorded already.
    pub(crate) fn remember(&mut self, query: Query) {
        if self.find(&query.trial()).is_none() {
            self.record(query);
            self.history = self.queries.len();
        }
    }

    /// Records a query; the trial must not have been evaluated before.
    pub(crate) fn record(&mut self, query: Query) {
        debug_assert!(self.find(&query.trial()).is_none());
        self.cost += query.cost;
        if let (Some(axis), Some(value), None) = (&self.axis, query.value(), query.stopped) {
            let level = axis.level(query.fidelity);
            self.observe(&query.arch, [(level, value)]);
        }
        let i = self.queries.len();
        if query.fidelity != Fidelity::Full {
            let lower = self.lower.entry(query.arch).or_default();
            let place = lower.partition_point(|&j| self.queries[j].fidelity < query.fidelity);
            lower.insert(place, i);
            self.queries.push(query);
            return;
        }
        if let Some(merit) = query.merit()
            && self
                .best()
                .and_then(Query::merit)
                .is_none_or(|best| merit > best)
        {
            self.best = Some(i);
        }
        self.full.insert(query.arch, i);
        self.queries.push(query);
    }
}
