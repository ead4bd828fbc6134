//! `config`: named choices with numbers, words, conditions and repeats, and optionally one cell.
//!
//! The choices stand in an order in which every condition looks at earlier ones only. An
//! architecture has one value index a choice, [`INACTIVE`] where a choice is not active, and behind
//! them the ops and edges of the cell.

mod choice;
mod counts;
mod edits;
mod expression;
mod file;
mod growth;
mod import;
mod notation;
mod shipped;
mod weights;

use super::{Kind, Part, Sampler, SearchSpace, nothing_to_snap, too_large};
use crate::arch::{Arch, Graph};
use crate::error::{Result, counted};
use crate::rng::Rng;

use choice::INACTIVE;
pub use choice::{Choice, Scale, Value};
use counts::Counts;
use expression::{Expression, is_true};
pub(super) use file::{ConfigFile, config};
pub use import::{Imported, import_space};
pub(super) use shipped::{load, shipped};

/// Space of configurations.
pub struct Config {
    name: String,
    choices: Vec<Choice>,
    /// Conditions that every configuration meets, with their texts.
    rules: Vec<(String, Expression)>,
    counts: Counts,
    cell: Option<Box<dyn SearchSpace>>,
    costs: Formulas,
    parts: Vec<Part>,
    /// Names of the values, for the ops and the labels of graphs.
    ops: Vec<String>,
    vocabulary: Vec<String>,
    /// Numbers off the grid are taken as the nearest value.
    snap: bool,
    /// Architectures of the file with which a search starts.
    pub(super) start: Vec<String>,
}

/// Costs by formulas over the choices.
#[derive(Default)]
struct Formulas {
    names: Vec<String>,
    formulas: Vec<Expression>,
}

impl Config {
    /// Returns the choices, in the order of an architecture's values.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Returns the cell beside the choices.
    pub fn cell(&self) -> Option<&dyn SearchSpace> {
        self.cell.as_deref()
    }

    /// Returns the values of the choices; `None` where a choice is inactive.
    pub fn values<'a>(&self, arch: &'a Arch) -> impl Iterator<Item = Option<u8>> + 'a {
        let own = &arch.ops()[..self.choices.len()];
        own.iter().map(|&op| (op != INACTIVE).then_some(op))
    }

    /// Returns the architecture of the cell.
    pub fn cell_of(&self, arch: &Arch) -> Arch {
        Arch::with_edges(&arch.ops()[self.choices.len()..], arch.edges())
    }

    /// Returns the architecture of values and a cell.
    fn join(&self, values: &[u8], cell: Option<&Arch>) -> Arch {
        match cell {
            Some(cell) => Arch::with_edges(&[values, cell.ops()].concat(), cell.edges()),
            None => Arch::new(values),
        }
    }

    /// Returns the architecture of values and, if the space has a cell, a random one.
    fn with_random_cell(&self, values: &[u8], rng: &mut Rng) -> Arch {
        let cell = self.cell.as_ref();
        let cell = cell.map(|cell| cell.sample(Sampler::Uniform, rng));
        self.join(values, cell.as_ref())
    }

    /// Returns the values without those of inactive choices; `missing` gives the value of a choice
    /// that is active and has none.
    fn settled(
        &self,
        values: &[u8],
        mut missing: impl FnMut(usize, &[u8]) -> std::result::Result<u8, String>,
    ) -> std::result::Result<Vec<u8>, String> {
        let mut settled = values.to_vec();
        for i in 0..self.choices.len() {
            let value = if !self.is_active(i, &settled) {
                INACTIVE
            } else if settled[i] == INACTIVE {
                missing(i, &settled)?
            } else {
                settled[i]
            };
            settled[i] = value;
        }
        Ok(settled)
    }

    fn is_active(&self, choice: usize, values: &[u8]) -> bool {
        let when = self.choices[choice].when.as_ref();
        when.is_none_or(|when| is_true(when.evaluate(&self.choices, values)))
    }

    /// Returns the text of the first rule that values break.
    fn broken(&self, values: &[u8]) -> Option<&str> {
        let broken =
            |(_, rule): &&(String, Expression)| !is_true(rule.evaluate(&self.choices, values));
        self.rules
            .iter()
            .find(broken)
            .map(|(text, _)| text.as_str())
    }
}

impl SearchSpace for Config {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> Kind<'_> {
        Kind::Config(self)
    }

    fn ops(&self) -> &[String] {
        &self.ops
    }

    fn knows_ops(&self, ops: &[u8]) -> bool {
        let own = self.choices.iter().zip(ops);
        let in_range =
            |(choice, &op): (&Choice, &u8)| op == INACTIVE || usize::from(op) < choice.values.len();
        let rest = ops.get(self.choices.len()..).unwrap_or_default();
        own.into_iter().all(in_range) && self.cell.as_ref().is_none_or(|cell| cell.knows_ops(rest))
    }

    fn check(&self, arch: &Arch) -> std::result::Result<(), String> {
        let n = self.choices.len();
        if arch.ops().len() < n {
            return Err(format!(
                "{} where the space `{}` has {n}",
                counted(arch.ops().len(), "choice"),
                self.name
            ));
        }
        let values = &arch.ops()[..n];
        for (i, (&value, choice)) in values.iter().zip(&self.choices).enumerate() {
            let active = self.is_active(i, values);
            if active && usize::from(value) >= choice.values.len() {
                return Err(format!("`{}` has no value", choice.name));
            }
            if !active && value != INACTIVE {
                return Err(format!(
                    "`{}` is not active here, but has a value",
                    choice.name
                ));
            }
        }
        if let Some(rule) = self.broken(values) {
            return Err(format!("the configuration breaks `{rule}`"));
        }
        match &self.cell {
            Some(cell) => cell.check(&self.cell_of(arch)),
            None if arch.ops().len() > n || arch.edges() != 0 => {
                Err(format!("the space `{}` has no cell", self.name))
            }
            None => Ok(()),
        }
    }

    fn canonical(&self, arch: &Arch) -> Arch {
        match &self.cell {
            Some(cell) => {
                let own = &arch.ops()[..self.choices.len()];
                self.join(own, Some(&cell.canonical(&self.cell_of(arch))))
            }
            None => *arch,
        }
    }

    fn graph(&self, arch: &Arch) -> Graph {
        self.graph_of(arch)
    }

    fn arch(&self, graph: &Graph) -> std::result::Result<Arch, String> {
        self.arch_of(graph)
    }

    fn constructions(&self, arch: &Arch) -> Option<Vec<Graph>> {
        // A cell has constructions of its own.
        self.cell.is_none().then(|| vec![self.graph_of(arch)])
    }

    fn parse(&self, text: &str) -> std::result::Result<Arch, String> {
        self.read(text)
    }

    fn format(&self, arch: &Arch) -> String {
        self.write(arch)
    }

    fn spelling(&self) -> &[Part] {
        &self.parts
    }

    fn snap(&mut self) -> Result<()> {
        if !self.choices.iter().any(Choice::is_numeric) {
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

    fn samplers(&self) -> &[Sampler] {
        &[Sampler::Uniform]
    }

    fn sample(&self, _: Sampler, rng: &mut Rng) -> Arch {
        let values = self.counts.sample(rng);
        self.with_random_cell(&values, rng)
    }

    fn has_weights(&self) -> bool {
        self.choices
            .iter()
            .any(|choice| !choice.log_weights.is_empty())
    }

    fn log_weight(&self, arch: &Arch) -> f64 {
        let values = self.choices.iter().zip(arch.ops());
        values
            .map(|(choice, value)| choice.log_weight(*value))
            .sum()
    }

    fn sample_weighted(&self, rng: &mut Rng) -> Option<Arch> {
        if !self.has_weights() {
            return None;
        }
        let values = self.counts.sample_weighted(&self.choices, rng);
        Some(self.with_random_cell(&values, rng))
    }

    fn neighbors(&self, arch: &Arch) -> Vec<Arch> {
        self.edits(arch)
    }

    fn distance(&self, a: &Arch, b: &Arch) -> u32 {
        self.apart(a, b)
    }

    fn size(&self) -> Option<u128> {
        let cells = self.cell.as_ref().map_or(Some(1), |cell| cell.size());
        self.counts.size()?.checked_mul(cells?)
    }

    fn at_least(&self) -> u128 {
        let cells = self.cell.as_ref().map_or(1, |cell| cell.at_least());
        // Only an overflow is not counted.
        self.counts
            .size()
            .unwrap_or(u128::MAX)
            .saturating_mul(cells)
    }

    fn enumerate(&self, visit: &mut dyn FnMut(Arch)) -> Result<()> {
        if self
            .size()
            .is_none_or(|size| size > super::chain::ENUMERABLE)
        {
            return Err(too_large(&self.name, ""));
        }
        let mut cells = Vec::new();
        if let Some(cell) = &self.cell {
            cell.enumerate(&mut |arch| cells.push(arch))?;
        }
        self.counts.visit(&mut |values| match cells.len() {
            0 => visit(Arch::new(values)),
            _ => cells
                .iter()
                .for_each(|cell| visit(self.join(values, Some(cell)))),
        });
        Ok(())
    }

    fn costs(&self) -> &[String] {
        &self.costs.names
    }

    fn cost(&self, arch: &Arch, index: usize) -> f64 {
        self.costs.formulas[index].evaluate(&self.choices, arch.ops())
    }
}

#[cfg(test)]
mod tests;
