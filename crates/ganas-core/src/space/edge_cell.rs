//! `edge-cell`: a complete DAG of a few nodes with one op an edge, as NAS-Bench-201.

use std::collections::HashMap;

use super::chain::ENUMERABLE;
use super::{
    Costs, Growth, Kind, LabelSet, Link, Rules, Sampler, SearchSpace, op_index, too_large,
    vocabulary,
};
use crate::arch::{Arch, Graph, INPUT, OUTPUT};
use crate::error::{Error, Result, counted};
use crate::rng::Rng;
use crate::table::Duplicates;

/// A space of cells with one op an edge.
///
/// Nodes sum what their edges carry. The edges are the positions of an [`Arch`], ordered by
/// target node and then by source. Notation: `|op~0|+|op~0|op~1|+...`, one group a target node.
///
/// In the [`Graph`] each edge is an op node, fed by the op nodes of the edges that end where it
/// starts; the topology is forced, so the generator only chooses ops.
pub struct EdgeCell {
    name: String,
    nodes: usize,
    ops: Vec<String>,
    vocabulary: Vec<String>,
    costs: Box<dyn Costs>,
    /// The representative of each string's class, where isomorphic strings are merged.
    classes: Option<HashMap<Arch, Arch>>,
}

/// The most strings whose isomorphic ones can be merged.
const MERGEABLE: u128 = 1_000_000;

impl EdgeCell {
    /// A space of cells of `nodes` nodes (at least 2), the first of which is the input.
    pub fn new(name: String, nodes: usize, ops: Vec<String>, costs: Box<dyn Costs>) -> Self {
        EdgeCell {
            name,
            nodes,
            vocabulary: vocabulary(&ops),
            ops,
            costs,
            classes: None,
        }
    }

    /// Makes isomorphic strings one architecture: `none` edges carry zero, `skip_connect` edges
    /// pass on what they get, and nodes sum in any order.
    ///
    /// The rule is that of NAS-Bench-201 (Dong & Yang 2020, arXiv 2001.00326), by which its
    /// strings fall into 6,466 classes: it keeps zeros as terms of a sum, so it is a little finer
    /// than equality of the computed function (5,390 classes).
    ///
    /// # Errors
    /// If the space has too many strings.
    pub fn merging_isomorphic(mut self) -> Result<Self> {
        if self.strings().is_none_or(|n| n > MERGEABLE) {
            return Err(Error::input(format!(
                "the space `{}` has too many cells to merge isomorphic ones",
                self.name
            ))
            .mend("search it without merging"));
        }
        let find = |name| self.ops.iter().position(|op| op == name).map(|i| i as u8);
        let (none, skip) = (find("none"), find("skip_connect"));
        let mut first: HashMap<String, Arch> = HashMap::new();
        let mut classes = HashMap::new();
        for arch in self.all() {
            let representative = *first
                .entry(self.expression(&arch, none, skip))
                .or_insert(arch);
            classes.insert(arch, representative);
        }
        self.classes = Some(classes);
        Ok(self)
    }

    /// The number of edges.
    fn edges(&self) -> usize {
        self.nodes * (self.nodes - 1) / 2
    }

    /// The position of the edge `source -> target`.
    pub(super) fn position(source: usize, target: usize) -> usize {
        target * (target - 1) / 2 + source
    }

    /// The nodes of each edge, in order of position.
    fn edge_list(&self) -> impl Iterator<Item = (usize, usize)> {
        (1..self.nodes).flat_map(|target| (0..target).map(move |source| (source, target)))
    }

    /// The graph nodes that feed an op node whose edge starts at this cell node.
    fn feeders(source: usize) -> u64 {
        match source {
            0 => 1,
            _ => (0..source).fold(0, |set, s| set | 2 << Self::position(s, source)),
        }
    }

    /// The inputs of the graph node that comes next in a partial graph of `t` nodes.
    fn forced_inputs(&self, t: usize) -> u64 {
        if t == 0 {
            0
        } else if t == self.edges() + 1 {
            Self::feeders(self.nodes - 1)
        } else {
            let source = self.edge_list().nth(t - 1).map_or(0, |(source, _)| source);
            Self::feeders(source)
        }
    }

    /// What the last node computes, written so that isomorphic cells read the same.
    fn expression(&self, arch: &Arch, none: Option<u8>, skip: Option<u8>) -> String {
        let mut values = vec![String::from("0")];
        for target in 1..self.nodes {
            let mut terms: Vec<String> = (values.iter().enumerate())
                .map(|(source, value)| {
                    let op = arch.ops()[Self::position(source, target)];
                    if Some(op) == none || value == "#" {
                        "#".into()
                    } else if Some(op) == skip {
                        value.clone()
                    } else {
                        format!("({value})@{op}")
                    }
                })
                .collect();
            terms.sort_unstable();
            values.push(terms.join("+"));
        }
        values.pop().unwrap_or_default()
    }

    /// The number of strings, isomorphic ones counted apart.
    fn strings(&self) -> Option<u128> {
        (self.ops.len() as u128).checked_pow(self.edges() as u32)
    }

    fn all(&self) -> impl Iterator<Item = Arch> {
        let count = (self.ops.len() as u128).pow(self.edges() as u32);
        (0..count).map(|mut code| {
            let mut ops = vec![0; self.edges()];
            for op in ops.iter_mut().rev() {
                *op = (code % self.ops.len() as u128) as u8;
                code /= self.ops.len() as u128;
            }
            Arch::new(&ops)
        })
    }
}

impl Growth for EdgeCell {
    fn vocabulary(&self) -> &[String] {
        &self.vocabulary
    }

    fn max_nodes(&self) -> usize {
        self.edges() + 2
    }

    fn labels(&self, partial: &Graph, _: Rules) -> LabelSet {
        match partial.len() {
            0 => 1 << INPUT,
            t if t <= self.edges() => ((1 << self.ops.len()) - 1) << 2,
            t if t == self.edges() + 1 => 1 << OUTPUT,
            _ => 0,
        }
    }

    fn link(&self, partial: &Graph, _: u8, _: u64, from: usize, _: Rules) -> Link {
        if self.forced_inputs(partial.len()) >> from & 1 == 1 {
            Link::Must
        } else {
            Link::MayNot
        }
    }

    fn violations(&self, _: &Graph) -> usize {
        0
    }
}

impl SearchSpace for EdgeCell {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind<'_> {
        Kind::EdgeCell
    }

    fn merged(self: Box<Self>) -> Result<Box<dyn SearchSpace>> {
        Ok(Box::new(self.merging_isomorphic()?))
    }

    fn ops(&self) -> &[String] {
        &self.ops
    }

    fn check(&self, arch: &Arch) -> std::result::Result<(), String> {
        if arch.ops().len() != self.edges() || arch.edges() != 0 {
            return Err(format!("not a cell of the space `{}`", self.name));
        }
        match arch.ops().iter().find(|&&op| op as usize >= self.ops.len()) {
            Some(op) => Err(format!("no op has index {op}")),
            None => Ok(()),
        }
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        match &self.classes {
            Some(classes) => classes.get(arch).copied().unwrap_or(*arch),
            None => *arch,
        }
    }

    fn graph(&self, arch: &Arch) -> Graph {
        let mut graph = Graph::default();
        graph.push(INPUT, 0);
        for (op, (source, _)) in arch.ops().iter().zip(self.edge_list()) {
            graph.push(op + 2, Self::feeders(source));
        }
        graph.push(OUTPUT, Self::feeders(self.nodes - 1));
        graph
    }

    fn constructions(&self, arch: &Arch) -> Option<Vec<Graph>> {
        let Some(classes) = &self.classes else {
            return Some(vec![self.graph(arch)]);
        };
        let mut strings: Vec<&Arch> = (classes.iter())
            .filter(|(_, representative)| *representative == arch)
            .map(|(string, _)| string)
            .collect();
        strings.sort_unstable();
        Some(
            strings
                .into_iter()
                .map(|string| self.graph(string))
                .collect(),
        )
    }

    fn arch(&self, graph: &Graph) -> std::result::Result<Arch, String> {
        if graph.len() != self.max_nodes() {
            return Err(format!(
                "the graph is not a cell of the space `{}`",
                self.name
            ));
        }
        let ops: Vec<u8> = (graph.labels[1..graph.len() - 1].iter())
            .map(|l| l.wrapping_sub(2))
            .collect();
        let arch = Arch::new(&ops);
        self.check(&arch)?;
        Ok(self.canonical(&arch))
    }

    fn parse(&self, text: &str) -> std::result::Result<Arch, String> {
        let groups: Vec<&str> = text.trim().split('+').map(str::trim).collect();
        if groups.len() != self.nodes - 1 {
            return Err(format!(
                "{} of edges where the space `{}` has {}",
                counted(groups.len(), "group"),
                self.name,
                self.nodes - 1
            ));
        }
        let mut ops = Vec::with_capacity(self.edges());
        for (i, group) in groups.iter().enumerate() {
            let inner = (group.strip_prefix('|').and_then(|g| g.strip_suffix('|')))
                .ok_or_else(|| format!("group `{group}` is not written `|op~0|...|`"))?;
            let edges: Vec<&str> = inner.split('|').collect();
            if edges.len() != i + 1 {
                return Err(format!(
                    "node {} has {} where it needs {}",
                    i + 1,
                    counted(edges.len(), "edge"),
                    i + 1
                ));
            }
            for (source, edge) in edges.iter().enumerate() {
                let (op, from) = (edge.split_once('~'))
                    .ok_or_else(|| format!("edge `{edge}` is not written `op~node`"))?;
                if from.trim().parse() != Ok(source) {
                    return Err(format!(
                        "edge `{edge}` of node {} should come from {source}",
                        i + 1
                    ));
                }
                ops.push(op_index(&self.ops, op.trim())?);
            }
        }
        Ok(self.canonical(&Arch::new(&ops)))
    }

    fn format(&self, arch: &Arch) -> String {
        let mut text = String::new();
        for (&op, (source, target)) in arch.ops().iter().zip(self.edge_list()) {
            if source == 0 {
                text.push_str(if target == 1 { "|" } else { "+|" });
            }
            text.push_str(&format!("{}~{source}|", self.ops[op as usize]));
        }
        text
    }

    /// Isomorphic strings were trained apart.
    fn repeats(&self) -> Duplicates {
        match self.classes {
            Some(_) => Duplicates::Mean,
            None => Duplicates::Error,
        }
    }

    fn samplers(&self) -> &[Sampler] {
        &[Sampler::Uniform]
    }

    fn sample(&self, _: Sampler, rng: &mut Rng) -> Arch {
        // Merged classes differ in size: only their representatives are kept.
        loop {
            let ops: Vec<u8> = (0..self.edges())
                .map(|_| rng.below(self.ops.len()) as u8)
                .collect();
            let arch = Arch::new(&ops);
            if self.canonical(&arch) == arch {
                return arch;
            }
        }
    }

    fn neighbors(&self, arch: &Arch) -> Vec<Arch> {
        let mut found = Vec::new();
        for i in 0..self.edges() {
            for op in (0..self.ops.len() as u8).filter(|&op| op != arch.ops()[i]) {
                found.push(self.canonical(&arch.with_op(i, op)));
            }
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|a| a != arch);
        found
    }

    fn size(&self) -> Option<u128> {
        match &self.classes {
            None => self.strings(),
            Some(classes) => Some(classes.iter().filter(|(a, b)| a == b).count() as u128),
        }
    }

    fn enumerate(&self, visit: &mut dyn FnMut(Arch)) -> Result<()> {
        if self.strings().is_none_or(|n| n > ENUMERABLE) {
            return Err(too_large(&self.name, ""));
        }
        self.all()
            .filter(|a| self.canonical(a) == *a)
            .for_each(visit);
        Ok(())
    }

    fn costs(&self) -> &[String] {
        self.costs.names()
    }

    fn cost(&self, arch: &Arch, index: usize) -> f64 {
        self.costs.cost(arch, index)
    }
}
