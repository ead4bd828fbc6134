//! The ledger: the only place that counts queries.

use std::collections::HashMap;

use crate::arch::Arch;

/// One evaluated architecture.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The architecture, in canonical form.
    pub arch: Arch,
    /// The round that asked for it first; 0 for starting points.
    pub round: usize,
    /// The objective values in the order of the problem's objectives, each turned so that larger is
    /// better; empty where the evaluation failed.
    pub values: Vec<f64>,
    /// Whether every constraint holds. Only compliant architectures enter the truth set.
    pub compliant: bool,
    /// The metrics in the order of the search's metric names; empty where the evaluation failed.
    pub metrics: Vec<f64>,
    /// Why the evaluation failed.
    pub failure: Option<String>,
}

impl Query {
    /// Value of the first objective, the only one of most problems; `None` where the evaluation
    /// failed.
    pub fn value(&self) -> Option<f64> {
        self.values.first().copied()
    }

    /// [`value`](Self::value) of a compliant architecture: the truth set is chosen by it.
    pub fn merit(&self) -> Option<f64> {
        self.value().filter(|_| self.compliant)
    }
}

/// Every query of a run, in order, after what was known before it. An architecture is charged once:
/// the first time it is evaluated.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    queries: Vec<Query>,
    /// How many of them were known before the run and are not charged.
    history: usize,
    index: HashMap<Arch, usize>,
    best: Option<usize>,
}

impl Ledger {
    /// What was known before the run, then all queries in the order of evaluation.
    pub fn queries(&self) -> &[Query] {
        &self.queries
    }

    /// The queries of the run itself, in the order of evaluation.
    pub fn charged(&self) -> &[Query] {
        &self.queries[self.history..]
    }

    /// How many evaluations were known before the run.
    pub fn history(&self) -> usize {
        self.history
    }

    /// The number of distinct architectures evaluated, those known before included.
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Whether nothing has been evaluated.
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// The query of an architecture, if it was evaluated.
    pub fn get(&self, arch: &Arch) -> Option<&Query> {
        self.index.get(arch).map(|&i| &self.queries[i])
    }

    /// The best compliant query; of equals, the first.
    pub fn best(&self) -> Option<&Query> {
        self.best.map(|i| &self.queries[i])
    }

    /// How many queries it took to find the best one; 0 if it was known before the run.
    pub fn queries_to_best(&self) -> Option<usize> {
        self.best.map(|i| (i + 1).saturating_sub(self.history))
    }

    /// The `k` best compliant queries, best first; of equals, the earlier ones.
    pub fn top(&self, k: usize) -> Vec<&Query> {
        let mut ranked: Vec<(f64, &Query)> = (self.queries.iter())
            .filter_map(|q| q.merit().map(|merit| (merit, q)))
            .collect();
        // A stable sort keeps earlier queries first; merits are never NaN.
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        ranked.into_iter().take(k).map(|(_, q)| q).collect()
    }

    /// Records what was known before the run, which has not begun; what is there already stays.
    pub(crate) fn remember(&mut self, query: Query) {
        if self.get(&query.arch).is_none() {
            self.record(query);
            self.history = self.queries.len();
        }
    }

    /// Records a query; the architecture must not have been evaluated before.
    pub(crate) fn record(&mut self, query: Query) {
        debug_assert!(!self.index.contains_key(&query.arch));
        let i = self.queries.len();
        if let Some(merit) = query.merit()
            && self
                .best()
                .and_then(Query::merit)
                .is_none_or(|best| merit > best)
        {
            self.best = Some(i);
        }
        self.index.insert(query.arch, i);
        self.queries.push(query);
    }
}
