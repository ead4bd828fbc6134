//! The truth set, and the thresholds of Algorithm 1 that it implies.

use ganas_core::arch::{Arch, Graph};
use ganas_core::ledger::Query;
use ganas_core::strategy::{Context, Gauge};

/// T: the best K compliant architectures so far (Algorithm 2, line 3). Hard constraints act here:
/// what does not comply never enters.
pub struct TruthSet {
    archs: Vec<Arch>,
    graphs: Vec<Graph>,
    gamma: f64,
}

impl TruthSet {
    /// The truth set of at most `k` architectures.
    pub fn of(context: &Context, k: usize) -> Self {
        let top = context.ledger.top(k);
        TruthSet {
            archs: top.iter().map(|q| q.arch).collect(),
            graphs: top.iter().map(|q| context.space.graph(&q.arch)).collect(),
            gamma: top.last().and_then(|q| q.merit()).unwrap_or(f64::NAN),
        }
    }

    /// True if no compliant architecture is known.
    pub fn is_empty(&self) -> bool {
        self.archs.is_empty()
    }

    /// The members, best first.
    pub fn archs(&self) -> &[Arch] {
        &self.archs
    }

    /// The members' graphs, best first.
    pub fn graphs(&self) -> &[Graph] {
        &self.graphs
    }

    /// gamma_t, the score that a member has at least, and rho_t, the share that the members have
    /// in all that was evaluated (section 3.2 of the paper).
    pub fn gauges(&self, context: &Context) -> Vec<Gauge> {
        vec![
            ("gamma", self.gamma),
            ("rho", self.archs.len() as f64 / context.ledger.len() as f64),
        ]
    }
}

/// All evaluated architectures, as graphs and values to be ranked by. Those that failed or do not
/// comply rank below the rest.
pub fn evaluated(context: &Context) -> (Vec<Graph>, Vec<f32>) {
    let queries = context.ledger.queries();
    let worst = queries
        .iter()
        .filter_map(Query::merit)
        .fold(f64::INFINITY, f64::min);
    let score = |q: &Query| q.merit().unwrap_or(worst - 1.0);
    (
        queries
            .iter()
            .map(|q| context.space.graph(&q.arch))
            .collect(),
        queries.iter().map(|q| score(q) as f32).collect(),
    )
}
