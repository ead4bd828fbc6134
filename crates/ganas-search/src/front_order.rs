//! Order of evaluated architectures by several objectives.

use ganas_core::arch::Arch;
use ganas_core::constraint::Constraint;
use ganas_core::front::{crowding, layers};
use ganas_core::ledger::Query;
use ganas_core::strategy::Context;

use crate::committee::by_compliance;

/// Evaluated architectures in the order of their use, as [`ordered`] has them.
pub fn by_front<'a>(context: &'a Context, bounds: &[(&Constraint, usize)]) -> Vec<&'a Query> {
    ordered(context.ledger.queries(), bounds)
}

/// Queries in the order of their use: compliant ones by layer, within a layer by their crowding distance
/// (Deb et al. 2002), then those nearest to complying, then failed ones.
pub fn ordered<'a>(
    queries: impl IntoIterator<Item = &'a Query>,
    bounds: &[(&Constraint, usize)],
) -> Vec<&'a Query> {
    let is_compliant = |query: &&Query| query.merit().is_some() && query.trial().is_full();
    let (compliant, rest): (Vec<&Query>, Vec<&Query>) = queries.into_iter().partition(is_compliant);
    let mut ordered = ranked(&compliant);
    ordered.extend(by_compliance(rest, bounds));
    ordered
}

/// Queries by layer, and by crowding distance within one; of equals the earlier first.
pub fn ranked<'a>(queries: &[&'a Query]) -> Vec<&'a Query> {
    let values: Vec<&[f64]> = queries.iter().map(|query| &*query.values).collect();
    places(&values).into_iter().map(|i| queries[i]).collect()
}

/// Places of points by layer, and by crowding distance within one; of equals the earlier first. Larger is better.
pub fn places<P: AsRef<[f64]>>(points: &[P]) -> Vec<usize> {
    let mut places = Vec::with_capacity(points.len());
    for layer in layers(points) {
        let members: Vec<&[f64]> = layer.iter().map(|&i| points[i].as_ref()).collect();
        let distances = crowding(&members);
        let mut order: Vec<usize> = (0..layer.len()).collect();
        order.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]));
        places.extend(order.into_iter().map(|i| layer[i]));
    }
    places
}

/// Index of the first of some evaluated architectures in this order. Those that are not evaluated are last.
pub fn first_of(context: &Context, archs: &[Arch]) -> usize {
    let bounds: Vec<(&Constraint, usize)> = context.measured_constraints().collect();
    let queries = archs.iter().filter_map(|arch| context.ledger.get(arch));
    let ordered = ordered(queries, &bounds);
    let first = ordered.first().map(|query| query.arch);
    let place = archs.iter().position(|arch| Some(*arch) == first);
    place.unwrap_or(0)
}
