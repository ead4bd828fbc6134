//! Two architectures as one figure.

use std::fmt;

use ganas_core::arch::Arch;
use ganas_core::space::SearchSpace;

use crate::figure::{Cell, Change, Edge, Figure, Layer, Node, Stage};
use crate::matching::matched;

/// The figure of the second architecture, with the removed parts of the first one.
pub fn between(space: &dyn SearchSpace, from: &Arch, to: &Arch) -> Figure {
    match (Figure::of(space, from), Figure::of(space, to)) {
        (Figure::Cells(a), Figure::Cells(b)) if a.len() == b.len() => Figure::Cells(
            (a.iter().zip(b))
                .map(|(from, to)| merged_cells(from, to))
                .collect(),
        ),
        (Figure::Chain(a), Figure::Chain(b)) if a.len() == b.len() => Figure::Chain(
            (a.iter().zip(b))
                .map(|(from, to)| merged_stages(from, to))
                .collect(),
        ),
        // A space may have architectures of unlike forms; their graphs can always be compared.
        _ => match (Figure::plain(space, from), Figure::plain(space, to)) {
            (Figure::Cells(a), Figure::Cells(b)) => Figure::Cells(
                (a.iter().zip(b))
                    .map(|(from, to)| merged_cells(from, to))
                    .collect(),
            ),
            (_, other) => other,
        },
    }
}

/// The change of an op.
fn change(before: Option<u8>, now: Option<u8>) -> Change {
    match before {
        Some(op) if before != now => Change::Changed(op),
        _ => Change::Same,
    }
}

fn merged_cells(from: &Cell, to: Cell) -> Cell {
    let map = matched(from, &to);
    let mut cell = to;
    for node in &mut cell.nodes {
        node.change = Change::Added;
    }
    // The place of each node of the first cell, removed ones included.
    let mut places = Vec::with_capacity(map.len());
    let mut removed = 0;
    for (node, place) in from.nodes.iter().zip(map) {
        places.push(place.unwrap_or(cell.nodes.len()));
        match place {
            Some(place) => cell.nodes[place].change = change(node.op, cell.nodes[place].op),
            None => {
                cell.nodes.push(Node {
                    key: letter(removed),
                    change: Change::Removed,
                    ..node.clone()
                });
                removed += 1;
            }
        }
    }
    let mut before: Vec<Edge> = (from.edges.iter())
        .map(|e| Edge {
            from: places[e.from],
            to: places[e.to],
            ..*e
        })
        .collect();
    for edge in &mut cell.edges {
        let ends = (edge.from, edge.to);
        match before.iter().position(|e| (e.from, e.to) == ends) {
            Some(i) => edge.change = change(before.remove(i).op, edge.op),
            None => edge.change = Change::Added,
        }
    }
    cell.edges.extend(before.into_iter().map(|edge| Edge {
        change: Change::Removed,
        ..edge
    }));
    cell
}

/// `a`, `b`, .., `z`, `a1`, ..: names that differ from the numbers of nodes.
fn letter(index: usize) -> String {
    let letter = char::from(b'a' + (index % 26) as u8);
    match index / 26 {
        0 => letter.to_string(),
        round => format!("{letter}{round}"),
    }
}

/// The alignment of two sequences of layers with the fewest changes.
pub fn merged_stages(from: &Stage, to: Stage) -> Stage {
    let (a, b) = (&from.layers, &to.layers);
    // costs[i][j]: the changes from a[i..] to b[j..].
    let mut costs = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in (0..=a.len()).rev() {
        for j in (0..=b.len()).rev() {
            costs[i][j] = match (a.get(i), b.get(j)) {
                (Some(x), Some(y)) => (costs[i + 1][j + 1] + usize::from(x.op != y.op))
                    .min(costs[i + 1][j] + 1)
                    .min(costs[i][j + 1] + 1),
                _ => a.len() - i + b.len() - j,
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut layers = Vec::new();
    while i < a.len() || j < b.len() {
        let (op, change) = match (a.get(i), b.get(j)) {
            (Some(x), Some(y))
                if costs[i][j] == costs[i + 1][j + 1] + usize::from(x.op != y.op) =>
            {
                (i, j) = (i + 1, j + 1);
                (y.op, change(Some(x.op), Some(y.op)))
            }
            (Some(x), _) if costs[i][j] == costs[i + 1][j] + 1 => {
                i += 1;
                (x.op, Change::Removed)
            }
            (_, Some(y)) => {
                j += 1;
                (y.op, Change::Added)
            }
            (Some(x), None) => {
                i += 1;
                (x.op, Change::Removed)
            }
            (None, None) => break,
        };
        layers.push(Layer { op, change });
    }
    Stage {
        name: to.name,
        layers,
    }
}

/// The numbers of added, removed and changed parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub added: usize,
    pub removed: usize,
    pub changed: usize,
}

impl Tally {
    pub fn of(figure: &Figure) -> Tally {
        let mut tally = Tally::default();
        let mut count = |change: Change| match change {
            Change::Same => {}
            Change::Added => tally.added += 1,
            Change::Removed => tally.removed += 1,
            Change::Changed(_) => tally.changed += 1,
        };
        match figure {
            Figure::Cells(cells) => {
                for cell in cells {
                    cell.nodes.iter().for_each(|node| count(node.change));
                    cell.edges.iter().for_each(|edge| count(edge.change));
                }
            }
            Figure::Chain(stages) => {
                (stages.iter().flat_map(|s| &s.layers)).for_each(|layer| count(layer.change));
            }
        }
        tally
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            (self.added, "added"),
            (self.removed, "removed"),
            (self.changed, "changed"),
        ];
        let said: Vec<String> = (counts.iter())
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if said.is_empty() {
            f.write_str("no difference")
        } else {
            f.write_str(&said.join(", "))
        }
    }
}
