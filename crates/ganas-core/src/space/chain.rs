//! `chain`: a sequence of blocks, each position with its own choices.

use super::chain_forms::{Form, number};
use super::sequence::{Stage, edit_distance};
use super::{
    Costs, Duplicates, Growth, Kind, LabelSet, Link, Roles, Rules, Sampler, SearchSpace,
    nothing_to_merge, nothing_to_snap, too_large, vocabulary,
};
use crate::arch::{Arch, Graph, INPUT, OUTPUT};
use crate::error::{Error, Result, counted};
use crate::rng::Rng;

/// Largest number of architectures that [`SearchSpace::enumerate`] visits.
pub(super) const ENUMERABLE: u128 = 20_000_000;

/// Largest number of strings of one architecture that [`SearchSpace::constructions`] lists.
const LISTABLE: u128 = 4096;

/// Space of op sequences of a fixed length.
///
/// The notation is op names joined by `;`. Lists, other separators and digits are read if they are
/// unambiguous.
///
/// With [`Roles`], blocks that are absent or pass their input on do not count. Sequences of the
/// same blocks in the same order are one architecture, wherever the passive blocks stand.
pub struct Chain {
    name: String,
    ops: Vec<String>,
    vocabulary: Vec<String>,
    /// Op indices allowed at each position.
    choices: Vec<Vec<u8>>,
    costs: Box<dyn Costs>,
    roles: Roles,
    /// Stages, if notations of one network are one architecture.
    stages: Vec<Stage>,
    /// Architectures of the file with which a search starts.
    pub(super) start: Vec<String>,
    /// Numbers between the ops are taken as the nearest op.
    snap: bool,
}

impl Chain {
    /// Creates a chain with a list of allowed op indices for each position.
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
            roles: Roles::default(),
            stages: Vec::new(),
            start: Vec::new(),
            snap: false,
        }
    }

    /// Splits an architecture into the ops of each stage.
    fn staged<'a>(&'a self, arch: &'a Arch) -> impl Iterator<Item = (&'a Stage, &'a [u8])> {
        let mut rest = arch.ops();
        self.stages.iter().map(move |stage| {
            let (ops, others) = rest.split_at(stage.len());
            rest = others;
            (stage, ops)
        })
    }

    /// Returns the canonical architectures in which one block is replaced, removed or inserted.
    fn edited(&self, arch: &Arch) -> Vec<Arch> {
        let mut found = Vec::new();
        let mut start = 0;
        for (stage, ops) in self.staged(arch) {
            for edited in stage.edits(&stage.blocks(ops)) {
                let mut all = arch.ops().to_vec();
                all[start..start + stage.len()].copy_from_slice(&edited);
                found.push(Arch::new(&all));
            }
            start += stage.len();
        }
        found
    }

    /// Visits the canonical ops of all stages from this one on; `ops` are those of the stages
    /// before.
    fn visit_stages(&self, stage: usize, ops: &[u8], visit: &mut dyn FnMut(Arch)) {
        let Some(next) = self.stages.get(stage) else {
            visit(Arch::new(ops));
            return;
        };
        next.visit(&mut |blocks| {
            let own = next
                .arrange(blocks)
                .expect("the automaton accepts what fits");
            self.visit_stages(stage + 1, &[ops, &own].concat(), visit);
        });
    }
}

/// Returns the graph of a sequence of ops. Each node feeds the next.
pub(super) fn chain_graph(ops: &[u8]) -> Graph {
    let mut graph = Graph::default();
    graph.push(INPUT, 0);
    for (i, op) in ops.iter().enumerate() {
        graph.push(op + 2, 1 << i);
    }
    graph.push(OUTPUT, 1 << ops.len());
    graph
}

/// Returns a link of such a graph. All links are forced.
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

    fn roles(&self) -> &Roles {
        &self.roles
    }

    fn unify(&mut self, roles: &Roles) -> Result<()> {
        self.stages.clear();
        self.roles = Roles::default();
        if roles.is_empty() {
            return Ok(());
        }
        let length = self.choices.len();
        let whole = [length];
        let lengths = if roles.stages.is_empty() {
            &whole[..]
        } else {
            &roles.stages
        };
        let total = lengths.iter().fold(0usize, |sum, n| sum.saturating_add(*n));
        if total != length || lengths.contains(&0) {
            return Err(Error::input(format!(
                "`stages` has {total} blocks where the chain has {length}"
            ))
            .mend("give the number of blocks of each stage, in order"));
        }
        let mut rest = &self.choices[..];
        for &n in lengths {
            let (own, others) = rest.split_at(n);
            self.stages.push(Stage::new(own, roles)?);
            rest = others;
        }
        self.roles = roles.clone();
        Ok(())
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        if self.stages.is_empty() {
            return *arch;
        }
        let ops: Vec<u8> = (self.staged(arch))
            .flat_map(|(stage, ops)| {
                let blocks = stage.blocks(ops);
                stage.arrange(&blocks).expect("a valid architecture fits")
            })
            .collect();
        Arch::new(&ops)
    }

    fn graph(&self, arch: &Arch) -> Graph {
        chain_graph(arch.ops())
    }

    fn constructions(&self, arch: &Arch) -> Option<Vec<Graph>> {
        if self.stages.is_empty() {
            return Some(vec![self.graph(arch)]);
        }
        let patterns = (self.stages.iter()).fold(1, |n: u128, s| n.saturating_mul(s.patterns()));
        if patterns > LISTABLE {
            return None;
        }
        let strings = self
            .staged(arch)
            .fold(vec![Vec::new()], |strings, (stage, ops)| {
                let own = stage.arrangements(&stage.blocks(ops));
                (strings.iter())
                    .flat_map(|before: &Vec<u8>| own.iter().map(|ops| [&before[..], ops].concat()))
                    .collect()
            });
        Some(strings.iter().map(|ops| chain_graph(ops)).collect())
    }

    fn arch(&self, graph: &Graph) -> std::result::Result<Arch, String> {
        if graph.len() != self.max_nodes() || self.violations(graph) > 0 {
            return Err("the graph is not a chain of the space".into());
        }
        let ops: Vec<u8> = (graph.labels[1..graph.len() - 1].iter())
            .map(|l| l - 2)
            .collect();
        Ok(self.canonical(&Arch::new(&ops)))
    }

    fn parse(&self, text: &str) -> std::result::Result<Arch, String> {
        let form = Form {
            ops: &self.ops,
            choices: &self.choices,
            space: &self.name,
            snap: self.snap,
        };
        let ops = form.read(text)?;
        let arch = Arch::new(&ops);
        self.check(&arch)?;
        Ok(self.canonical(&arch))
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
        if self.stages.is_empty() {
            let ops: Vec<u8> = self.choices.iter().map(|c| *rng.choose(c)).collect();
            return Arch::new(&ops);
        }
        let draw = |stage: &Stage| {
            let blocks = stage.sample(rng);
            stage
                .arrange(&blocks)
                .expect("the automaton accepts what fits")
        };
        let ops: Vec<u8> = self.stages.iter().flat_map(draw).collect();
        Arch::new(&ops)
    }

    fn neighbors(&self, arch: &Arch) -> Vec<Arch> {
        if !self.stages.is_empty() {
            let mut found = self.edited(arch);
            found.sort_unstable();
            found.dedup();
            found.retain(|edited| edited != arch);
            return found;
        }
        let mut found = Vec::new();
        for (i, choices) in self.choices.iter().enumerate() {
            found.extend(
                (choices.iter().filter(|&&op| op != arch.ops()[i])).map(|&op| arch.with_op(i, op)),
            );
        }
        found.sort_unstable();
        found
    }

    fn distance(&self, a: &Arch, b: &Arch) -> u32 {
        if self.stages.is_empty() {
            return a.differences(b);
        }
        let pairs = self.staged(a).zip(self.staged(b));
        pairs
            .map(|((stage, a), (_, b))| edit_distance(&stage.blocks(a), &stage.blocks(b)) as u32)
            .sum()
    }

    fn snap(&mut self) -> Result<()> {
        if self.ops.iter().all(|op| number(op).is_none()) {
            return Err(nothing_to_snap(&self.name));
        }
        self.snap = true;
        Ok(())
    }

    fn snaps(&self) -> bool {
        self.snap
    }

    fn start(&self) -> &[String] {
        &self.start
    }

    /// Averages, because equal networks were trained separately.
    fn repeats(&self) -> Duplicates {
        if self.stages.is_empty() {
            Duplicates::Error
        } else {
            Duplicates::Mean
        }
    }

    fn merged(self: Box<Self>) -> Result<Box<dyn SearchSpace>> {
        if self.stages.is_empty() {
            return Err(nothing_to_merge(&self.name));
        }
        Ok(self)
    }

    fn size(&self) -> Option<u128> {
        if !self.stages.is_empty() {
            return (self.stages.iter())
                .try_fold(1u128, |size, stage| size.checked_mul(stage.size()?));
        }
        (self.choices.iter()).try_fold(1u128, |size, c| size.checked_mul(c.len() as u128))
    }

    fn at_least(&self) -> u128 {
        // Only an overflow is not counted.
        self.size().unwrap_or(u128::MAX)
    }

    fn enumerate(&self, visit: &mut dyn FnMut(Arch)) -> Result<()> {
        if self.size().is_none_or(|size| size > ENUMERABLE) {
            return Err(too_large(&self.name, ""));
        }
        if !self.stages.is_empty() {
            self.visit_stages(0, &[], visit);
            return Ok(());
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
