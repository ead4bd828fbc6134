//! A discriminator that scores by measured values, to measure the worth of a learned one.

use std::collections::HashMap;

use ganas_core::arch::{Arch, Graph};
use ganas_core::error::Result;
use ganas_core::ledger::Query;
use ganas_core::space::SearchSpace;
use ganas_core::strategy::Context;
use serde::{Deserialize, Serialize};

use super::Discriminator;
use crate::front_order::ranked;
use crate::ga_nas::generators::Generator;
use crate::ga_nas::round::Round;

/// Pays an architecture by its measured value, from 0 for the worst to 1 for the best so far.
/// Architectures that failed or break a constraint are as bad as the worst.
#[derive(Default, Serialize, Deserialize)]
pub struct MeasuredDiscriminator {
    #[serde(skip)]
    paid: HashMap<Arch, f32>,
}

impl MeasuredDiscriminator {
    /// The pay of a graph, if it was evaluated.
    fn pay(&self, space: &dyn SearchSpace, graph: &Graph) -> Option<f32> {
        let arch = space.arch(graph).ok()?;
        self.paid.get(&arch).copied()
    }
}

impl Discriminator for MeasuredDiscriminator {
    fn fit(&mut self, round: &mut Round, _: &dyn Generator) -> Result<()> {
        let queries = round.context.ledger.queries();
        let merits = || queries.iter().filter_map(Query::merit);
        let worst = merits().fold(f64::INFINITY, f64::min);
        let spread = merits().fold(f64::NEG_INFINITY, f64::max) - worst;
        let pay = |query: &Query| match query.merit() {
            Some(merit) if spread > 0.0 => ((merit - worst) / spread) as f32,
            _ => 0.0,
        };
        self.paid = match round.context.objectives().len() {
            1 => queries.iter().map(|q| (q.arch, pay(q))).collect(),
            _ => by_places(round.context),
        };
        round.lap("discriminator");
        Ok(())
    }

    /// One half for a graph that was not evaluated.
    fn scores(&self, space: &dyn SearchSpace, graphs: &[&Graph]) -> Result<Vec<f32>> {
        let score = |graph: &&Graph| self.pay(space, graph).unwrap_or(0.5);
        Ok(graphs.iter().map(score).collect())
    }

    /// True for a graph that was evaluated, and for one that breaks the rules.
    fn can_pay(&self, space: &dyn SearchSpace, graph: &Graph) -> bool {
        self.pay(space, graph).is_some() || space.violations(graph) > 0
    }
}

/// Pay by the place in the order of layers: 1 for the first, 0 for what failed or does not comply.
fn by_places(context: &Context) -> HashMap<Arch, f32> {
    let mut paid: HashMap<Arch, f32> = (context.ledger.queries().iter())
        .map(|q| (q.arch, 0.0))
        .collect();
    let compliant: Vec<&Query> = context.ledger.compliant().collect();
    let count = compliant.len() as f32;
    let ordered = ranked(&compliant).into_iter().enumerate();
    paid.extend(ordered.map(|(place, q)| (q.arch, 1.0 - place as f32 / count)));
    paid
}
