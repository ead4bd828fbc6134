//! DARTS cells: small DAGs with two ops a node.

use crate::rng::Rng;

/// Number of intermediate nodes of a cell.
pub(super) const NODES: usize = 4;

/// Number of input nodes: the outputs of the last but one and of the last cell.
pub(super) const INPUTS: usize = 2;

/// Number of edges of a cell, two a node.
pub(super) const EDGES: usize = 2 * NODES;

/// Edge into a node: its source (0 and 1 are the cell's inputs, 2 the first node) and its op.
pub(super) type Edge = (u8, u8);

/// Cell: for each node the two edges that it sums, ordered by their distinct sources, which come
/// before the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Cell(pub [[Edge; 2]; NODES]);

/// Orders of the nodes: for each, the node at every place.
const ORDERS: [[usize; NODES]; 24] = orders();

const fn orders() -> [[usize; NODES]; 24] {
    let mut found = [[0; NODES]; 24];
    let (mut count, mut code) = (0, 0);
    while code < 256 {
        let order = [code / 64, code / 16 % 4, code / 4 % 4, code % 4];
        if (1 << order[0] | 1 << order[1] | 1 << order[2] | 1 << order[3]) == 0b1111 {
            found[count] = order;
            count += 1;
        }
        code += 1;
    }
    found
}

impl Cell {
    /// Returns the cell with its nodes in another order, if each then comes after its sources.
    fn reordered(&self, order: [usize; NODES]) -> Option<Cell> {
        let mut places = [0, 1, 0, 0, 0, 0];
        for (place, node) in order.into_iter().enumerate() {
            places[INPUTS + node] = (INPUTS + place) as u8;
        }
        let mut cell = *self;
        for (place, node) in order.into_iter().enumerate() {
            let mut edges = self.0[node].map(|(source, op)| (places[source as usize], op));
            edges.sort_unstable();
            if edges[1].0 as usize >= INPUTS + place {
                return None;
            }
            cell.0[place] = edges;
        }
        Some(cell)
    }

    /// Returns the forms of the cell: one for each order of its nodes that respects its edges. Some
    /// may be equal.
    fn forms(&self) -> impl Iterator<Item = Cell> {
        let cell = *self;
        (ORDERS.iter()).filter_map(move |&order| cell.reordered(order))
    }

    /// Returns the smallest form of the cell, or `None` if its edges close a cycle.
    pub fn canonical(&self) -> Option<Cell> {
        self.forms().min()
    }

    /// Returns the distinct forms of the cell, sorted.
    pub fn distinct_forms(&self) -> Vec<Cell> {
        let mut forms: Vec<Cell> = self.forms().collect();
        forms.sort_unstable();
        forms.dedup();
        forms
    }

    /// Returns the number of distinct forms.
    fn count_forms(&self) -> usize {
        self.distinct_forms().len()
    }

    /// Returns true if every node has two distinct sources before it, in order.
    pub fn is_sorted(&self) -> bool {
        (self.0.iter().enumerate())
            .all(|(node, [a, b])| a.0 < b.0 && (b.0 as usize) < INPUTS + node)
    }

    /// Draws a canonical cell uniformly: a uniform form, kept with a probability of one over the
    /// number of forms of its cell.
    pub fn sample(ops: usize, rng: &mut Rng) -> Cell {
        loop {
            let mut cell = Cell([[(0, 0); 2]; NODES]);
            for (node, edges) in cell.0.iter_mut().enumerate() {
                let first = rng.below(INPUTS + node) as u8;
                let second = rng.below(INPUTS + node - 1) as u8;
                let second = second + u8::from(second >= first);
                *edges = [first, second].map(|source| (source, rng.below(ops) as u8));
                edges.sort_unstable();
            }
            if rng.below(cell.count_forms()) == 0
                && let Some(canonical) = cell.canonical()
            {
                return canonical;
            }
        }
    }

    /// Returns the canonical cells one edit away: another op on an edge, or another source for it.
    /// The source must close no cycle and not be the source of the node's other edge.
    pub fn edits(&self, ops: usize) -> Vec<Cell> {
        let mut found = Vec::new();
        for node in 0..NODES {
            for edge in 0..2 {
                let (source, op) = self.0[node][edge];
                let other = self.0[node][1 - edge].0;
                let mut edit = |source, op| {
                    let mut cell = *self;
                    cell.0[node][edge] = (source, op);
                    found.extend(cell.canonical());
                };
                (0..ops as u8).for_each(|op| edit(source, op));
                (0..(INPUTS + NODES) as u8)
                    .filter(|&s| s != other)
                    .for_each(|s| edit(s, op));
            }
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|cell| cell != self);
        found
    }

    /// Counts the canonical cells: for each unlabelled one, the labellings that its symmetries
    /// leave distinct (Burnside's lemma).
    pub fn count(ops: usize) -> u128 {
        shapes()
            .into_iter()
            .filter(|shape| shape.canonical() == Some(*shape))
            .map(|shape| {
                let (mut symmetries, mut fixed) = (0, 0);
                for order in ORDERS
                    .into_iter()
                    .filter(|&o| shape.reordered(o) == Some(shape))
                {
                    symmetries += 1;
                    fixed += (ops as u128).pow(shape.edge_cycles(order));
                }
                fixed / symmetries
            })
            .sum()
    }

    /// Counts the cycles in which a symmetry moves the edges. The two edges of a node keep their
    /// order unless the symmetry swaps their sources.
    fn edge_cycles(&self, order: [usize; NODES]) -> u32 {
        // Distinct ops tell where each edge goes.
        let mut marked = *self;
        for (i, edge) in marked.0.as_flattened_mut().iter_mut().enumerate() {
            edge.1 = i as u8;
        }
        // A symmetry's order was found valid.
        let moved = marked.reordered(order).unwrap_or(marked);
        let mut seen = [false; EDGES];
        let mut cycles = 0;
        for start in 0..EDGES {
            let mut at = start;
            cycles += u32::from(!seen[at]);
            while !seen[at] {
                seen[at] = true;
                at = moved.0.as_flattened()[at].1 as usize;
            }
        }
        cycles
    }
}

/// Returns all cells with one op, in every form.
fn shapes() -> Vec<Cell> {
    let mut shapes = vec![Cell([[(0, 0), (1, 0)]; NODES])];
    for node in 1..NODES {
        let most = (INPUTS + node) as u8;
        let pairs: Vec<[Edge; 2]> = (0..most)
            .flat_map(|b| (0..b).map(move |a| [(a, 0), (b, 0)]))
            .collect();
        shapes = (shapes.into_iter())
            .flat_map(|cell| {
                pairs.iter().map(move |&pair| {
                    let mut cell = cell;
                    cell.0[node] = pair;
                    cell
                })
            })
            .collect();
    }
    shapes
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn all(ops: u8) -> Vec<Cell> {
        (shapes().into_iter())
            .flat_map(|shape| {
                (0..(ops as usize).pow(EDGES as u32)).map(move |mut code| {
                    let mut cell = shape;
                    for edge in cell.0.as_flattened_mut() {
                        edge.1 = (code % ops as usize) as u8;
                        code /= ops as usize;
                    }
                    cell
                })
            })
            .collect()
    }

    #[test]
    fn the_count_is_that_of_an_enumeration() {
        assert!(ORDERS.is_sorted_by(|a, b| a < b));
        assert_eq!(shapes().len(), 3 * 6 * 10);
        for ops in 1..=2 {
            let mut classes: Vec<Cell> = (all(ops).iter()).filter_map(Cell::canonical).collect();
            classes.sort_unstable();
            classes.dedup();
            assert_eq!(classes.len() as u128, Cell::count(ops as usize));
        }
    }

    #[test]
    fn draws_are_uniform_over_canonical_cells() {
        let mut rng = Rng::stream(0, "test");
        let mut drawn: HashMap<Cell, usize> = HashMap::new();
        let classes = Cell::count(1) as usize;
        for _ in 0..1000 * classes {
            *drawn.entry(Cell::sample(1, &mut rng)).or_default() += 1;
        }
        assert_eq!(drawn.len(), classes);
        assert!(drawn.values().all(|n| (850..1150).contains(n)), "{drawn:?}");
    }

    #[test]
    fn edits_do_not_depend_on_the_form_and_lead_back() {
        let mut rng = Rng::stream(1, "test");
        for _ in 0..20 {
            let cell = Cell::sample(3, &mut rng);
            let edits = cell.edits(3);
            for form in cell.forms() {
                let mut others = form.edits(3);
                others.retain(|c| *c != cell);
                assert_eq!(others, edits);
            }
            assert!(edits.iter().all(|e| e.edits(3).contains(&cell)));
        }
    }

    #[test]
    fn cycles_have_no_canonical_form() {
        let mut cell = Cell([[(0, 0), (1, 0)]; NODES]);
        cell.0[0] = [(0, 0), (3, 0)];
        assert!(cell.canonical().is_some_and(|c| c.is_sorted()));
        cell.0[1] = [(0, 0), (2, 0)];
        assert_eq!(cell.canonical(), None);
    }
}
