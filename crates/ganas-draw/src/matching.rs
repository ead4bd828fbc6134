//! Matching of the nodes of two cells.

use std::cmp::Reverse;

use crate::figure::{Cell, Edge, Ops, Role};

/// The most assignments that are tried. Cells of up to 8 vertices need fewer to be matched exactly.
const STEPS: usize = 20_000;

/// For each node of a cell, the node of the other one that it became, if any.
///
/// The matching with the fewest changes. A changed op, an added or removed node, and an edge that
/// is added, removed or has another op count as one change each. Inputs and outputs, and all nodes
/// of a cell with numbered nodes, keep their places.
pub fn matched(from: &Cell, to: &Cell) -> Vec<Option<usize>> {
    let kept = |node: usize| {
        let role = from.nodes[node].role;
        let index = (from.nodes[..node].iter())
            .filter(|n| n.role == role)
            .count();
        (to.nodes.iter().enumerate())
            .filter(|(_, n)| n.role == role)
            .nth(index)
            .map(|(place, _)| place)
    };
    let fixed = |node: usize| from.ops == Ops::AllEdges || from.nodes[node].role != Role::Inner;
    let (pinned, free): (Vec<usize>, Vec<usize>) =
        (0..from.nodes.len()).partition(|&node| fixed(node));
    let mut search = Search {
        from: Side::of(from),
        to: Side::of(to),
        order: pinned.iter().chain(&free).copied().collect(),
        map: vec![None; from.nodes.len()],
        taken: vec![false; to.nodes.len()],
        best: (usize::MAX, Vec::new()),
        steps: 0,
    };
    let mut cost = 0;
    for (depth, &node) in pinned.iter().enumerate() {
        let place = kept(node);
        cost += search.step(depth, place);
        search.assign(node, place);
    }
    search.go(pinned.len(), cost);
    search.best.1
}

/// A cell by its adjacency.
struct Side<'a> {
    cell: &'a Cell,
    /// For each pair of nodes, the edge from the first to the second: its op, if it has one.
    edges: Vec<Option<Option<u8>>>,
    /// Properties that equal nodes share.
    signature: Vec<[usize; 3]>,
}

impl<'a> Side<'a> {
    fn of(cell: &'a Cell) -> Self {
        let n = cell.nodes.len();
        let mut edges = vec![None; n * n];
        let mut signature = vec![[0; 3]; n];
        // Sources come first in the order of edges' targets, so depths are final when they are read.
        let mut sorted: Vec<&Edge> = cell.edges.iter().collect();
        sorted.sort_by_key(|e| (e.to, e.from));
        for edge in sorted {
            edges[edge.from * n + edge.to] = Some(edge.op);
            signature[edge.from][0] += 1;
            signature[edge.to][1] += 1;
            signature[edge.to][2] = signature[edge.to][2].max(signature[edge.from][2] + 1);
        }
        Side {
            cell,
            edges,
            signature,
        }
    }

    fn edge(&self, from: usize, to: usize) -> Option<Option<u8>> {
        self.edges[from * self.cell.nodes.len() + to]
    }
}

/// A depth-first search over matchings that prunes branches which cannot be better.
struct Search<'a> {
    from: Side<'a>,
    to: Side<'a>,
    order: Vec<usize>,
    map: Vec<Option<usize>>,
    taken: Vec<bool>,
    best: (usize, Vec<Option<usize>>),
    steps: usize,
}

impl Search<'_> {
    fn assign(&mut self, node: usize, place: Option<usize>) {
        self.map[node] = place;
        if let Some(place) = place {
            self.taken[place] = true;
        }
    }

    /// The number of changes added by the assignment of the node at a depth, given the nodes before
    /// it.
    fn step(&self, depth: usize, place: Option<usize>) -> usize {
        let node = self.order[depth];
        let own = match place {
            Some(place) => self.from.cell.nodes[node].op != self.to.cell.nodes[place].op,
            None => true,
        };
        let mut cost = usize::from(own);
        for &other in &self.order[..depth] {
            let ends = place.zip(self.map[other]);
            let became = |swap: bool| {
                ends.and_then(|(a, b)| {
                    if swap {
                        self.to.edge(b, a)
                    } else {
                        self.to.edge(a, b)
                    }
                })
            };
            cost += usize::from(self.from.edge(node, other) != became(false));
            cost += usize::from(self.from.edge(other, node) != became(true));
        }
        cost
    }

    /// The number of changes without an assigned node: added nodes and their edges.
    fn rest(&self) -> usize {
        let new = |&place: &usize| !self.taken[place];
        let edges = (self.to.cell.edges.iter()).filter(|e| new(&e.from) || new(&e.to));
        (0..self.taken.len()).filter(new).count() + edges.count()
    }

    fn go(&mut self, depth: usize, cost: usize) {
        if cost >= self.best.0 {
            return;
        }
        if depth == self.order.len() {
            let cost = cost + self.rest();
            if cost < self.best.0 {
                self.best = (cost, self.map.clone());
            }
            return;
        }
        let node = self.order[depth];
        let unlike = |place: usize| -> usize {
            (self.from.signature[node]
                .iter()
                .zip(self.to.signature[place]))
            .map(|(a, b)| a.abs_diff(b))
            .sum()
        };
        let mut places: Vec<(usize, usize, Reverse<Option<usize>>)> = (0..self.taken.len())
            .filter(|&p| !self.taken[p] && self.to.cell.nodes[p].role == Role::Inner)
            .map(|p| (self.step(depth, Some(p)), unlike(p), Reverse(Some(p))))
            .collect();
        places.push((self.step(depth, None), usize::MAX, Reverse(None)));
        places.sort_unstable();
        for (step, _, Reverse(place)) in places {
            self.steps += 1;
            if self.steps > STEPS && !self.best.1.is_empty() {
                return;
            }
            self.assign(node, place);
            self.go(depth + 1, cost + step);
            if let Some(place) = place {
                self.taken[place] = false;
            }
        }
        self.map[node] = None;
    }
}
