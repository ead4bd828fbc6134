//! Cells with ops in their nodes: a line a node, and to its left a lane for each node that is still
//! to be used.

use super::{mark, node_name, wrapped};
use crate::figure::{Cell, Change, Role};
use crate::label;

/// The widest line in lanes; wider ones are left out. Cells of 16 nodes always fit.
const WIDEST: usize = 32;

/// The lines of the cell without its removed parts. Each ends with the inputs of its node.
pub fn lines(cell: &Cell, ops: &[String], marked: bool) -> Vec<String> {
    let kept: Vec<usize> = (0..cell.nodes.len())
        .filter(|&v| cell.nodes[v].change != Change::Removed)
        .collect();
    let inputs: Vec<Vec<usize>> = (kept.iter())
        .map(|&v| {
            let edges = cell
                .edges
                .iter()
                .filter(|e| e.to == v && e.change != Change::Removed);
            let mut from: Vec<usize> = edges.map(|e| e.from).collect();
            from.sort_unstable();
            from
        })
        .collect();
    let mut drawn = Lanes::draw(&inputs, |i| cell.nodes[kept[i]].role == Role::Inner);
    if drawn.iter().any(|(at, _)| label::columns(at) > WIDEST) {
        drawn.fill((String::new(), String::new()));
    }
    let width = (drawn.iter()).flat_map(|(at, below)| [label::columns(at), label::columns(below)]);
    let lane_width = width.max().unwrap_or(0);
    let key_width = kept
        .iter()
        .map(|&v| cell.nodes[v].key.len())
        .max()
        .unwrap_or(0);
    let names: Vec<&str> = kept
        .iter()
        .map(|&v| node_name(&cell.nodes[v], ops))
        .collect();
    let name_width = names
        .iter()
        .map(|name| label::columns(name))
        .max()
        .unwrap_or(0);
    let mut lines = Vec::new();
    for (i, &v) in kept.iter().enumerate() {
        let node = &cell.nodes[v];
        let sign = if marked {
            format!("{} ", mark(node.change))
        } else {
            String::new()
        };
        let (at, below) = &drawn[i];
        let mut head = format!(
            "{sign}{}  {:>key_width$}  ",
            label::pad(at, lane_width),
            node.key
        );
        if inputs[i].is_empty() {
            lines.push(head + names[i]);
            continue;
        }
        head.push_str(&format!("{}  ← ", label::pad(names[i], name_width)));
        let indent = label::columns(&head);
        let blank = label::pad(&format!("{}{below}", " ".repeat(sign.len())), indent);
        let keys: Vec<String> = inputs[i]
            .iter()
            .map(|&u| cell.nodes[u].key.clone())
            .collect();
        lines.extend(wrapped(&head, &blank, ", ", &keys));
    }
    lines
}

/// The lanes that are in use: the node of each, and how many of its edges are still to come.
struct Lanes(Vec<Option<(usize, usize)>>);

impl Lanes {
    /// For each node, the lanes in its line and the lanes in the lines below it, up to the next
    /// node.
    fn draw(inputs: &[Vec<usize>], inner: impl Fn(usize) -> bool) -> Vec<(String, String)> {
        let uses = |u: usize| inputs.iter().filter(|from| from.contains(&u)).count();
        let mut lanes = Lanes(Vec::new());
        // A lane that ends in its own node is left free for a line, or the next would seem fed.
        let mut resting: Option<usize> = None;
        (inputs.iter().enumerate())
            .map(|(v, from)| {
                let feeds =
                    |lane: Option<(usize, usize)>| lane.is_some_and(|(u, _)| from.contains(&u));
                let before = lanes.0.clone();
                for slot in lanes.0.iter_mut().filter(|slot| feeds(**slot)) {
                    *slot = slot.and_then(|(u, left)| (left > 1).then_some((u, left - 1)));
                }
                let free = |&lane: &usize| lanes.0[lane].is_none() && Some(lane) != resting;
                let own = (0..lanes.0.len()).find(free).unwrap_or(match resting {
                    Some(lane) if lane == lanes.0.len() => lane + 1,
                    _ => lanes.0.len(),
                });
                if own >= lanes.0.len() {
                    lanes.0.resize(own + 1, None);
                }
                let after = lanes.0.clone();
                lanes.0[own] = Some((v, uses(v))).filter(|(_, left)| *left > 0);
                resting = lanes.0[own].is_none().then_some(own);
                let feeding: Vec<bool> = (0..after.len())
                    .map(|lane| feeds(before.get(lane).copied().flatten()))
                    .collect();
                let marker = if inner(v) { '●' } else { '○' };
                (line(&after, &feeding, own, marker), lanes.idle())
            })
            .collect()
    }

    /// The lanes of a line without a node.
    fn idle(&self) -> String {
        (self.0.iter())
            .map(|lane| if lane.is_some() { "│ " } else { "  " })
            .collect()
    }
}

/// The line of a node: its marker in its own lane, joined to the lanes that feed it. Other lanes
/// keep their vertical stroke.
fn line(after: &[Option<(usize, usize)>], feeding: &[bool], own: usize, marker: char) -> String {
    let joined = (0..after.len()).filter(|&lane| feeding[lane] || lane == own);
    let (left, right) = joined.fold((own, own), |(l, r), lane| (l.min(lane), r.max(lane)));
    let mut text = String::new();
    for lane in 0..after.len() {
        let goes_on = after[lane].is_some();
        text.push(if lane == own {
            marker
        } else if feeding[lane] {
            match (goes_on, lane > left, lane < right) {
                (true, true, true) => '┼',
                (true, true, false) => '┤',
                (true, false, _) => '├',
                (false, true, true) => '┴',
                (false, true, false) => '╯',
                (false, false, _) => '╰',
            }
        } else if goes_on {
            '│'
        } else if left < lane && lane < right {
            '─'
        } else {
            ' '
        });
        text.push(if left <= lane && lane < right {
            '─'
        } else {
            ' '
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_join_cross_and_end() {
        let inputs = [vec![], vec![0], vec![0], vec![1, 2], vec![0, 3]];
        let drawn = Lanes::draw(&inputs, |v| v != 0 && v != 4);
        let lines: Vec<&str> = drawn.iter().map(|(line, _)| line.trim_end()).collect();
        assert_eq!(lines, ["○", "├─●", "├─│─●", "│ ●─╯", "○─╯"]);
    }
}
