//! `edge-cell`: a complete DAG of a few nodes with one op an edge, as NAS-Bench-201.

use std::collections::HashMap;

use super::chain::ENUMERABLE;
use super::edge_forms::Form;
use super::edge_network::{description, normal_form};
use super::{
    Costs, Duplicates, Growth, Kind, LabelSet, Link, Roles, Rules, Sampler, SearchSpace, too_large,
    vocabulary,
};
use crate::arch::{Arch, Graph, INPUT, OUTPUT};
use crate::error::{Error, Result};
use crate::rng::Rng;

/// Space of cells with one op an edge.
///
/// A node sums its incoming edges. The edges are the positions of an [`Arch`], ordered by target
/// node and then by source. The notation is `|op~0|+|op~0|op~1|+...`, with one group a target node.
/// Nested lists of ops are read as well.
///
/// In the [`Graph`], each edge is an op node, fed by the op nodes of the edges that end at its
/// source. The topology is forced, so the generator only chooses ops.
pub struct EdgeCell {
    name: String,
    nodes: usize,
    ops: Vec<String>,
    vocabulary: Vec<String>,
    costs: Box<dyn Costs>,
    roles: Roles,
    merging: Merging,
    /// Architectures of the file with which a search starts.
    pub(super) start: Vec<String>,
}

/// Rule for strings that are one architecture.
enum Merging {
    /// Distinct strings are distinct architectures.
    Apart,
    /// Strings of a class are one: the [code](EdgeCell::code) of the representative for the code of
    /// each string.
    Classes(Vec<u32>),
    /// Strings with the same [`normal_form`] are one.
    NormalForms,
}

/// Largest number of strings whose isomorphic ones can be merged.
const MERGEABLE: u128 = 1_000_000;

/// Largest number of strings among which equal networks are found by comparing all of them.
const COMPARABLE: u128 = 1 << 18;

impl EdgeCell {
    /// Creates a space of cells of `nodes` nodes (at least 2). The first node is the input.
    pub fn new(name: String, nodes: usize, ops: Vec<String>, costs: Box<dyn Costs>) -> Self {
        EdgeCell {
            name,
            nodes,
            vocabulary: vocabulary(&ops),
            ops,
            costs,
            roles: Roles::default(),
            merging: Merging::Apart,
            start: Vec::new(),
        }
    }

    /// Makes isomorphic strings one architecture: `none` edges carry zero, `skip_connect` edges
    /// pass their input on, and nodes sum in any order.
    ///
    /// The rule is that of NAS-Bench-201 (Dong & Yang 2020, arXiv 2001.00326), by which the strings
    /// fall into 6,466 classes. It keeps zeros as terms of a sum, so it is a little finer than
    /// equality of the computed function (5,390 classes).
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
        let mut first: HashMap<String, u32> = HashMap::new();
        let classes = (self.all().zip(0..))
            .map(|(arch, code)| {
                let class = self.expression(&arch, none, skip);
                *first.entry(class).or_insert(code)
            })
            .collect();
        self.merging = Merging::Classes(classes);
        self.roles = Roles {
            absent: none.into_iter().collect(),
            identity: skip.into_iter().collect(),
            ..Roles::default()
        };
        Ok(self)
    }

    /// Returns the classes of equal networks. Each is represented by the string with the fewest
    /// layers, so that costs count only layers that matter.
    fn networks(&self, roles: &Roles) -> Vec<u32> {
        let rank = |code: u32| {
            let arch = self.decode(code);
            let layers = arch.ops().iter().filter(|&&op| !roles.has(op)).count();
            let skips = arch
                .ops()
                .iter()
                .filter(|&&op| roles.is_identity(op))
                .count();
            (layers, skips, code)
        };
        let mut smallest: HashMap<Vec<u64>, (usize, usize, u32)> = HashMap::new();
        let networks: Vec<Vec<u64>> = (self.all())
            .map(|arch| description(arch.ops(), self.nodes, roles))
            .collect();
        for (network, code) in networks.iter().zip(0..) {
            let rank = rank(code);
            let known = smallest.entry(network.clone()).or_insert(rank);
            *known = rank.min(*known);
        }
        networks.iter().map(|network| smallest[network].2).collect()
    }

    /// Returns the index of a string among [`all`](Self::all).
    fn code(&self, arch: &Arch) -> usize {
        (arch.ops().iter()).fold(0, |code, &op| code * self.ops.len() + usize::from(op))
    }

    /// Returns the string at an index.
    fn decode(&self, code: u32) -> Arch {
        let mut ops = vec![0; self.edges()];
        let mut rest = code as usize;
        for op in ops.iter_mut().rev() {
            *op = (rest % self.ops.len()) as u8;
            rest /= self.ops.len();
        }
        Arch::new(&ops)
    }

    /// Returns the parser of the cells.
    fn form(&self) -> Form<'_> {
        Form {
            nodes: self.nodes,
            ops: &self.ops,
            space: &self.name,
        }
    }

    /// Returns the number of edges.
    fn edges(&self) -> usize {
        self.nodes * (self.nodes - 1) / 2
    }

    /// Returns the position of the edge `source -> target`.
    pub(super) fn position(source: usize, target: usize) -> usize {
        target * (target - 1) / 2 + source
    }

    /// Returns the nodes of each edge, in order of position.
    fn edge_list(&self) -> impl Iterator<Item = (usize, usize)> {
        (1..self.nodes).flat_map(|target| (0..target).map(move |source| (source, target)))
    }

    /// Returns the graph nodes that feed an op node whose edge starts at this cell node.
    fn feeders(source: usize) -> u64 {
        match source {
            0 => 1,
            _ => (0..source).fold(0, |set, s| set | 2 << Self::position(s, source)),
        }
    }

    /// Returns the inputs of the next graph node in a partial graph of `t` nodes.
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

    /// Describes the sum of the last node, equally for isomorphic cells.
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

    /// Returns the number of strings. Isomorphic strings count separately.
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
        if self.roles.is_empty() {
            Ok(Box::new(self.merging_isomorphic()?))
        } else {
            Ok(self)
        }
    }

    fn start(&self) -> &[String] {
        &self.start
    }

    fn roles(&self) -> &Roles {
        &self.roles
    }

    fn unify(&mut self, roles: &Roles) -> Result<()> {
        self.merging = match self.strings() {
            _ if roles.is_empty() => Merging::Apart,
            Some(strings) if strings <= COMPARABLE => Merging::Classes(self.networks(roles)),
            _ => Merging::NormalForms,
        };
        self.roles = roles.clone();
        Ok(())
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
        match &self.merging {
            Merging::Apart => *arch,
            Merging::Classes(classes) => self.decode(classes[self.code(arch)]),
            Merging::NormalForms => Arch::new(&normal_form(arch.ops(), self.nodes, &self.roles)),
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
        let classes = match &self.merging {
            Merging::Apart => return Some(vec![self.graph(arch)]),
            Merging::Classes(classes) => classes,
            Merging::NormalForms => return None,
        };
        let own = self.code(arch) as u32;
        let strings = (classes.iter().zip(0..)).filter(|(class, _)| **class == own);
        Some(
            strings
                .map(|(_, code)| self.graph(&self.decode(code)))
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
        let ops = self.form().read(text)?;
        Ok(self.canonical(&Arch::new(&ops)))
    }

    fn format(&self, arch: &Arch) -> String {
        self.form().write(arch.ops())
    }

    /// Averages, because isomorphic strings were trained separately.
    fn repeats(&self) -> Duplicates {
        match self.merging {
            Merging::Apart => Duplicates::Error,
            _ => Duplicates::Mean,
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
        match &self.merging {
            Merging::Apart => self.strings(),
            Merging::Classes(classes) => {
                let own = (classes.iter().zip(0..)).filter(|(class, code)| **class == *code);
                Some(own.count() as u128)
            }
            Merging::NormalForms => None,
        }
    }

    fn at_least(&self) -> u128 {
        match (self.size(), &self.merging) {
            (Some(size), _) => size,
            (None, Merging::NormalForms) => {
                // Strings of ops that have layers differ by the order of the inner nodes at most.
                let ops = (0..self.ops.len() as u8).filter(|op| !self.roles.has(*op));
                let strings = (ops.count() as u128).saturating_pow(self.edges() as u32);
                (1..self.nodes as u128 - 1)
                    .fold(strings, |bound, order| bound / order)
                    .max(1)
            }
            (None, _) => u128::MAX,
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
