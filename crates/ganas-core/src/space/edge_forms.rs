//! Notations of edge cells: the program's own and those of other programs.

use super::edge_cell::EdgeCell;
use super::literal::{Literal, unquoted};
use super::op_name::op_index;
use crate::error::counted;

/// Ops of NASLib's index notation of NAS-Bench-201, in order.
const NASLIB: [&str; 5] = [
    "skip_connect",
    "none",
    "nor_conv_3x3",
    "nor_conv_1x1",
    "avg_pool_3x3",
];

/// Parser of edge cells.
pub(super) struct Form<'a> {
    /// Number of nodes.
    pub nodes: usize,
    /// Ops of the space.
    pub ops: &'a [String],
    /// Name of the space.
    pub space: &'a str,
}

/// Edge: an op and its source.
type Edge = (u8, usize);

impl Form<'_> {
    /// Reads the ops of a cell, by position.
    ///
    /// - `|op~0|+|op~0|op~1|+..`, the edges of a node in any order, as it is or in AutoDL's
    ///   `Structure(4 nodes with ..)`;
    /// - nested lists with a list a node, of pairs `(op, source)` or of ops by source (or a list a
    ///   source, of ops by target: their lengths tell);
    /// - a flat list of ops, or of their indices, if every order in which such lists are written
    ///   gives the same cell.
    pub fn read(&self, text: &str) -> Result<Vec<u8>, String> {
        let text = unquoted(text);
        if let (Some(begin), Some(end), true) = (
            text.find('|'),
            text.rfind('|'),
            text.contains("Structure(") || !Literal::begins(text),
        ) {
            return self.read_groups(&text[begin..=end]);
        }
        if !Literal::begins(text) {
            return self.read_groups(text);
        }
        let items = Literal::read(text)?;
        let items = items.list().ok_or_else(|| self.unknown())?;
        match items.first() {
            Some(Literal::List(_)) => self.read_nested(items),
            _ => self.read_flat(items),
        }
    }

    fn unknown(&self) -> String {
        format!(
            "the cell is not written like `{}`",
            self.write(&vec![0; self.edges()])
        )
    }

    fn edges(&self) -> usize {
        self.nodes * (self.nodes - 1) / 2
    }

    fn read_groups(&self, text: &str) -> Result<Vec<u8>, String> {
        let groups: Vec<&str> = text.split('+').map(str::trim).collect();
        if groups.len() != self.nodes - 1 {
            return Err(format!(
                "{} of edges where the space `{}` has {}; write it like `{}`",
                counted(groups.len(), "group"),
                self.space,
                self.nodes - 1,
                self.write(&vec![0; self.edges()])
            ));
        }
        let mut nodes = Vec::with_capacity(groups.len());
        for group in groups {
            let inner = (group.strip_prefix('|').and_then(|g| g.strip_suffix('|')))
                .ok_or_else(|| format!("group `{group}` is not written `|op~0|...|`"))?;
            let edge = |edge: &str| -> Result<Edge, String> {
                let (op, from) = (edge.split_once('~'))
                    .ok_or_else(|| format!("edge `{edge}` is not written `op~node`"))?;
                let source = (from.trim().parse())
                    .map_err(|_| format!("edge `{edge}` does not come from a node"))?;
                Ok((op_index(self.ops, op.trim())?, source))
            };
            nodes.push(
                inner
                    .split('|')
                    .map(edge)
                    .collect::<Result<Vec<Edge>, _>>()?,
            );
        }
        self.joined(nodes)
    }

    /// Returns the ops by position, given the edges into each node.
    fn joined(&self, nodes: Vec<Vec<Edge>>) -> Result<Vec<u8>, String> {
        let mut ops = Vec::with_capacity(self.edges());
        for (target, mut edges) in (1..).zip(nodes) {
            if edges.len() != target {
                return Err(format!(
                    "node {target} has {} where it needs {target}",
                    counted(edges.len(), "edge"),
                ));
            }
            edges.sort_by_key(|&(_, source)| source);
            if let Some(wrong) = (0..target).find(|&source| edges[source].1 != source) {
                return Err(format!("node {target} has no edge from node {wrong}"));
            }
            ops.extend(edges.into_iter().map(|(op, _)| op));
        }
        Ok(ops)
    }

    fn read_nested(&self, items: &[Literal]) -> Result<Vec<u8>, String> {
        let groups = (items.iter().map(Literal::list).collect::<Option<Vec<_>>>())
            .filter(|groups| groups.len() == self.nodes - 1)
            .ok_or_else(|| self.unknown())?;
        if groups
            .iter()
            .all(|group| group.iter().all(|edge| edge.list().is_some()))
        {
            let edge = |edge: &Literal| -> Result<Edge, String> {
                let [op, source, ..] = edge.list().unwrap_or_default() else {
                    return Err("an edge is not written `(op, node)`".into());
                };
                let op = op_index(self.ops, op.word().unwrap_or_default())?;
                let source = source.number().ok_or("an edge does not come from a node")?;
                Ok((op, source))
            };
            let nodes = (groups.iter())
                .map(|group| group.iter().map(edge).collect())
                .collect::<Result<Vec<Vec<Edge>>, String>>()?;
            return self.joined(nodes);
        }
        let ops = (groups.iter())
            .map(|group| {
                let words = group.iter().map(|op| op.word().unwrap_or_default());
                words.map(|word| op_index(self.ops, word)).collect()
            })
            .collect::<Result<Vec<Vec<u8>>, String>>()?;
        let by_target = (1..self.nodes).zip(&ops).all(|(n, group)| group.len() == n);
        let by_source = (1..self.nodes)
            .rev()
            .zip(&ops)
            .all(|(n, group)| group.len() == n);
        if by_target {
            Ok(ops.concat())
        } else if by_source {
            Ok(self.source_by_source(&ops.concat()))
        } else {
            Err(self.unknown())
        }
    }

    /// Reorders ops from the order of sources to the order of targets.
    fn source_by_source(&self, ops: &[u8]) -> Vec<u8> {
        let mut sorted = vec![0; self.edges()];
        let edges = (0..self.nodes).flat_map(|s| (s + 1..self.nodes).map(move |t| (s, t)));
        for ((source, target), op) in edges.zip(ops) {
            sorted[EdgeCell::position(source, target)] = *op;
        }
        sorted
    }

    /// Reads a list without sources. Programs write the edges by target or by source, and number
    /// the ops in their own ways.
    fn read_flat(&self, items: &[Literal]) -> Result<Vec<u8>, String> {
        let words: Option<Vec<&str>> = items.iter().map(Literal::word).collect();
        let words = words.filter(|words| words.len() == self.edges());
        let words = words.ok_or_else(|| self.unknown())?;
        let named: Result<Vec<u8>, String> =
            words.iter().map(|word| op_index(self.ops, word)).collect();
        let by_index = |names: &[String]| -> Option<Vec<u8>> {
            (items.iter())
                .map(|item| op_index(self.ops, names.get(item.number()?)?).ok())
                .collect()
        };
        let (by_target, by_source) = match &named {
            Ok(ops) => (Some(ops.clone()), Some(self.source_by_source(ops))),
            Err(_) => {
                let naslib = NASLIB.map(str::to_owned);
                let others = if NASLIB.iter().all(|op| self.ops.iter().any(|own| own == op)) {
                    by_index(&naslib)
                } else {
                    by_index(self.ops)
                };
                (
                    by_index(self.ops),
                    others.map(|ops| self.source_by_source(&ops)),
                )
            }
        };
        let (Some(by_target), Some(by_source)) = (by_target, by_source) else {
            return Err(named.err().unwrap_or_else(|| self.unknown()));
        };
        if by_target == by_source {
            return Ok(by_target);
        }
        Err(format!(
            "a list does not say which edge each op is on; write `{}` if it goes node by node as in \
             NATS-Bench, or `{}` if it goes source by source as in NASLib",
            self.write(&by_target),
            self.write(&by_source)
        ))
    }

    /// Writes a cell.
    pub fn write(&self, ops: &[u8]) -> String {
        let mut text = String::new();
        let edges = (1..self.nodes).flat_map(|target| (0..target).map(move |s| (s, target)));
        for (&op, (source, target)) in ops.iter().zip(edges) {
            if source == 0 {
                text.push_str(if target == 1 { "|" } else { "+|" });
            }
            text.push_str(&format!("{}~{source}|", self.ops[usize::from(op)]));
        }
        text
    }
}
