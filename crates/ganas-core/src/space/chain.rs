//! `chain`: a sequence of blocks, each position with its own choices.

use super::{
    Costs, Growth, Kind, LabelSet, Link, Rules, Sampler, SearchSpace, op_index, too_large,
    vocabulary,
};
use crate::arch::{Arch, Graph, INPUT, OUTPUT};
use crate::error::{Result, counted};
use crate::rng::Rng;

/// The most architectures that [`SearchSpace::enumerate`] visits.
pub(super) const ENUMERABLE: u128 = 20_000_000;

/// A space of op sequences of a fixed length. Notation: op names joined by `;`.
pub struct Chain {
    name: String,
    ops: Vec<String>,
    vocabulary: Vec<String>,
    /// The op indices allowed at each position.
    choices: Vec<Vec<u8>>,
    costs: Box<dyn Costs>,
}

impl Chain {
    /// A chain with a list of allowed op indices for each position.
    pub fn new(
        name: String,
        ops: Vec<String>,
        choices: Vec<Vec<u8>>,
        costs: Box<dyn Costs>,
    ) -> Self {
        Chain {
            name,
            vocabulary: vocabulary(&ops),
            ops,
            choices,
            costs,
        }
    }
}

/// The graph of a sequence of ops: each node feeds the next.
pub(super) fn chain_graph(ops: &[u8]) -> Graph {
    let mut graph = Graph::default();
    graph.push(INPUT, 0);
    for (i, op) in ops.iter().enumerate() {
        graph.push(op + 2, 1 << i);
    }
    graph.push(OUTPUT, 1 << ops.len());
    graph
}

/// The links of such a graph: all are forced.
pub(super) fn chain_link(partial: &Graph, from: usize) -> Link {
    if from + 1 == partial.len() {
        Link::Must
    } else {
        Link::MayNot
    }
}

impl Growth for Chain {
    fn vocabulary(&self) -> &[String] {
        &self.vocabulary
    }

    fn max_nodes(&self) -> usize {
        self.choices.len() + 2
    }

    fn labels(&self, partial: &Graph, rules: Rules) -> LabelSet {
        match partial.len() {
            0 => 1 << INPUT,
            t if t <= self.choices.len() => match rules {
                Rules::Enforced => (self.choices[t - 1].iter()).fold(0, |set, op| set | 4 << op),
                Rules::Learned => ((1 << self.ops.len()) - 1) << 2,
            },
            t if t == self.choices.len() + 1 => 1 << OUTPUT,
            _ => 0,
        }
    }

    fn link(&self, partial: &Graph, _: u8, _: u64, from: usize, _: Rules) -> Link {
        chain_link(partial, from)
    }

    fn violations(&self, graph: &Graph) -> usize {
        (graph.labels.iter().skip(1).zip(&self.choices))
            .filter(|(label, choices)| **label < 2 || !choices.contains(&(**label - 2)))
            .count()
    }
}

impl SearchSpace for Chain {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Chain
    }

    fn ops(&self) -> &[String] {
        &self.ops
    }

    fn check(&self, arch: &Arch) -> std::result::Result<(), String> {
        let length = self.choices.len();
        if arch.ops().len() != length || arch.edges() != 0 {
            return Err(format!(
                "{} where the space `{}` has {length}",
                counted(arch.ops().len(), "block"),
                self.name
            ));
        }
        for (i, (op, choices)) in arch.ops().iter().zip(&self.choices).enumerate() {
            if !choices.contains(op) {
                let allowed: Vec<&str> = choices
                    .iter()
                    .map(|&c| self.ops[c as usize].as_str())
                    .collect();
                let name = self.ops.get(*op as usize).map_or("?", String::as_str);
                return Err(format!(
                    "op `{name}` is not allowed at position {i}; use {}",
                    allowed.join(", ")
                ));
            }
        }
        Ok(())
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        *arch
    }

    fn graph(&self, arch: &Arch) -> Graph {
        chain_graph(arch.ops())
    }

    fn constructions(&self, arch: &Arch) -> Option<Vec<Graph>> {
        Some(vec![self.graph(arch)])
    }

    fn arch(&self, graph: &Graph) -> std::result::Result<Arch, String> {
        if graph.len() != self.max_nodes() || self.violations(graph) > 0 {
            return Err("the graph is not a chain of the space".into());
        }
        let ops: Vec<u8> = (graph.labels[1..graph.len() - 1].iter())
            .map(|l| l - 2)
            .collect();
        Ok(Arch::new(&ops))
    }

    fn parse(&self, text: &str) -> std::result::Result<Arch, String> {
        let names: Vec<&str> = text.split(';').map(str::trim).collect();
        if names.len() != self.choices.len() {
            return Err(format!(
                "{} where the space `{}` has {}",
                counted(names.len(), "block"),
                self.name,
                self.choices.len()
            ));
        }
        let ops = (names.iter().map(|name| op_index(&self.ops, name)))
            .collect::<std::result::Result<Vec<u8>, _>>()?;
        let arch = Arch::new(&ops);
        self.check(&arch)?;
        Ok(arch)
    }

    fn format(&self, arch: &Arch) -> String {
        let names: Vec<&str> = (arch.ops().iter())
            .map(|&op| self.ops[op as usize].as_str())
            .collect();
        names.join(";")
    }

    fn samplers(&self) -> &[Sampler] {
        &[Sampler::Uniform]
    }

    fn sample(&self, _: Sampler, rng: &mut Rng) -> Arch {
        let ops: Vec<u8> = self.choices.iter().map(|c| *rng.choose(c)).collect();
        Arch::new(&ops)
    }

    fn neighbors(&self, arch: &Arch) -> Vec<Arch> {
        let mut found = Vec::new();
        for (i, choices) in self.choices.iter().enumerate() {
            found.extend(
                (choices.iter().filter(|&&op| op != arch.ops()[i])).map(|&op| arch.with_op(i, op)),
            );
        }
        found.sort_unstable();
        found
    }

    fn size(&self) -> Option<u128> {
        (self.choices.iter()).try_fold(1u128, |size, c| size.checked_mul(c.len() as u128))
    }

    fn enumerate(&self, visit: &mut dyn FnMut(Arch)) -> Result<()> {
        if self.size().is_none_or(|size| size > ENUMERABLE) {
            return Err(too_large(&self.name, ""));
        }
        let mut digits = vec![0; self.choices.len()];
        loop {
            let ops: Vec<u8> = digits
                .iter()
                .zip(&self.choices)
                .map(|(&d, c)| c[d])
                .collect();
            visit(Arch::new(&ops));
            let Some(i) = (0..digits.len())
                .rev()
                .find(|&i| digits[i] + 1 < self.choices[i].len())
            else {
                return Ok(());
            };
            digits[i] += 1;
            digits[i + 1..].fill(0);
        }
    }

    fn costs(&self) -> &[String] {
        self.costs.names()
    }

    fn cost(&self, arch: &Arch, index: usize) -> f64 {
        self.costs.cost(arch, index)
    }
}
