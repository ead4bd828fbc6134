//! The truth set, and the thresholds of Algorithm 1 that it implies.

use ganas_core::arch::{Arch, Graph};
use ganas_core::ledger::Query;
use ganas_core::strategy::{Context, Gauge};

use crate::front_order::{by_front, ranked};

/// T: the best K compliant architectures so far (Algorithm 2, line 3); of several objectives, the first
/// ones by non-dominated layer and crowding distance. Hard constraints act here:
/// what does not comply never enters.
pub struct TruthSet {
    archs: Vec<Arch>,
    graphs: Vec<Graph>,
    gamma: f64,
}

impl TruthSet {
    /// The truth set of at most `k` architectures.
    pub fn of(context: &Context, k: usize) -> Self {
        let top = match context.objectives().len() {
            1 => context.ledger.top(k),
            _ => {
                let mut ranked = ranked(&context.ledger.compliant().collect::<Vec<_>>());
                ranked.truncate(k);
                ranked
            }
        };
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
        let rho = ("rho", self.archs.len() as f64 / context.ledger.len() as f64);
        // Several objectives have no threshold.
        match context.objectives().len() {
            1 => vec![("gamma", self.gamma), rho],
            _ => vec![rho],
        }
    }
}

/// All evaluated architectures, as graphs and values to be ranked by. Those that failed or do not
/// comply rank below the rest.
pub fn evaluated(context: &Context) -> (Vec<Graph>, Vec<f32>) {
    if context.objectives().len() > 1 {
        return by_places(context);
    }
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

/// The same for several objectives: values fall with the place in the order of layers.
fn by_places(context: &Context) -> (Vec<Graph>, Vec<f32>) {
    let ordered = by_front(context, &context.measured_constraints().collect::<Vec<_>>());
    let compliant = ordered.iter().filter(|query| query.compliant).count();
    // Those that failed or do not comply share the last place.
    let value = |place: usize| -(place.min(compliant) as f32);
    let graphs = ordered.iter().map(|q| context.space.graph(&q.arch));
    (graphs.collect(), (0..ordered.len()).map(value).collect())
}
