//! Growth of configurations, choice by choice, and the graphs that they make.
//!
//! A graph has an input, a node for each choice, and an output. Each node feeds the next. If there
//! are more choices than a graph has room for links, the links are left out, and networks take the
//! nodes as a sequence. The cell's graph
//! follows the choices.

use super::choice::INACTIVE;
use super::{Config, is_true};
use crate::arch::{Arch, Graph, INPUT, MAX_NODES, OUTPUT};
use crate::space::{Growth, LabelSet, Link, Rules};

/// Label of an inactive choice.
const IDLE: u8 = 2;

/// Label of the first value of every choice.
pub(super) const FIRST: u8 = 3;

fn label(value: u8) -> u8 {
    if value == INACTIVE {
        IDLE
    } else {
        value + FIRST
    }
}

fn value(label: u8) -> u8 {
    if label == IDLE {
        INACTIVE
    } else {
        label.wrapping_sub(FIRST)
    }
}

impl Config {
    /// Returns the label of a value in graphs.
    pub fn label(&self, value: u8) -> u8 {
        label(value)
    }

    /// Returns true if the nodes of the graphs are linked.
    fn is_linked(&self) -> bool {
        self.max_nodes() <= MAX_NODES
    }

    /// The labels of the cell begin here: its input, then its ops.
    fn cell_labels(&self) -> u8 {
        let values = self
            .choices
            .iter()
            .map(|c| c.values.len())
            .max()
            .unwrap_or(0);
        FIRST + values as u8
    }

    /// Returns a cell's label as a label of the space.
    fn label_of_cell(&self, label: u8) -> u8 {
        match label {
            OUTPUT => OUTPUT,
            INPUT => self.cell_labels(),
            op => self.cell_labels() + op - 1,
        }
    }

    fn label_in_cell(&self, label: u8) -> u8 {
        match label.checked_sub(self.cell_labels()) {
            Some(0) => INPUT,
            Some(op) => op + 1,
            None => OUTPUT,
        }
    }

    fn first_of_cell(&self) -> usize {
        self.choices.len() + 1
    }

    /// Returns the cell's part of a graph.
    fn cell_part(&self, graph: &Graph) -> Graph {
        let first = self.first_of_cell().min(graph.len());
        let labels = graph.labels[first..].iter().map(|l| self.label_in_cell(*l));
        let inputs = graph.inputs[first..].iter().map(|inputs| inputs >> first);
        Graph {
            labels: labels.collect(),
            inputs: inputs.collect(),
        }
    }

    /// Returns the links of the node `at` that the choices prescribe.
    fn links(&self, at: usize) -> u64 {
        if at == 0 || !self.is_linked() {
            0
        } else {
            1 << (at - 1)
        }
    }

    pub(super) fn graph_of(&self, arch: &Arch) -> Graph {
        let mut graph = Graph::default();
        graph.push(INPUT, 0);
        for &op in &arch.ops()[..self.choices.len()] {
            let links = self.links(graph.len());
            graph.push(label(op), links);
        }
        let first = graph.len();
        let Some(cell) = &self.cell else {
            graph.push(OUTPUT, self.links(first));
            return graph;
        };
        let part = cell.graph(&self.cell_of(arch));
        for (label, inputs) in part.labels.iter().zip(&part.inputs) {
            let entry = if graph.len() == first {
                self.links(first)
            } else {
                0
            };
            graph.push(self.label_of_cell(*label), inputs << first | entry);
        }
        graph
    }

    pub(super) fn arch_of(&self, graph: &Graph) -> Result<Arch, String> {
        let n = self.choices.len();
        if graph.len() < n + 2 {
            return Err("the graph is not finished".into());
        }
        let values: Vec<u8> = graph.labels[1..=n].iter().map(|l| value(*l)).collect();
        let cell = match &self.cell {
            Some(cell) => Some(cell.arch(&self.cell_part(graph))?),
            None => None,
        };
        let arch = self.join(&values, cell.as_ref());
        crate::space::SearchSpace::check(self, &arch)?;
        Ok(arch)
    }
}

impl Growth for Config {
    fn vocabulary(&self) -> &[String] {
        &self.vocabulary
    }

    fn max_nodes(&self) -> usize {
        let rest = self.cell.as_ref().map_or(1, |cell| cell.max_nodes());
        self.first_of_cell() + rest
    }

    fn labels(&self, partial: &Graph, rules: Rules) -> LabelSet {
        let (at, n) = (partial.len(), self.choices.len());
        if at == 0 {
            return 1 << INPUT;
        }
        if at <= n {
            if rules == Rules::Learned {
                let values = (1 << self.choices[at - 1].values.len()) - 1;
                return values << FIRST | 1 << IDLE;
            }
            let values: Vec<u8> = partial.labels[1..].iter().map(|l| value(*l)).collect();
            let next = self.counts.after(&values);
            return next.map_or(0, |next| next.fold(0, |set, value| set | 1 << label(value)));
        }
        let Some(cell) = &self.cell else {
            return if at == n + 1 { 1 << OUTPUT } else { 0 };
        };
        let labels = cell.labels(&self.cell_part(partial), rules);
        let set = crate::arch::MAX_LABELS as u8;
        let members = (0..set).filter(|l| labels >> l & 1 == 1);
        members.fold(0, |set, l| set | 1 << self.label_of_cell(l))
    }

    fn link(&self, partial: &Graph, label: u8, chosen: u64, from: usize, rules: Rules) -> Link {
        let (at, first) = (partial.len(), self.first_of_cell());
        if let Some(cell) = self.cell.as_ref().filter(|_| at > first) {
            let Some(inner) = from.checked_sub(first) else {
                return Link::MayNot;
            };
            let part = self.cell_part(partial);
            let label = self.label_in_cell(label);
            return cell.link(&part, label, chosen >> first, inner, rules);
        }
        if self.is_linked() && from + 1 == at {
            Link::Must
        } else {
            Link::MayNot
        }
    }

    fn violations(&self, graph: &Graph) -> usize {
        let n = self.choices.len();
        let known = graph.len().saturating_sub(1).min(n);
        let mut values = vec![INACTIVE; n];
        let mut broken = 0;
        for i in 0..known {
            values[i] = value(graph.labels[i + 1]);
            let fits = match values[i] {
                INACTIVE => !self.is_active(i, &values),
                value => {
                    usize::from(value) < self.choices[i].values.len() && self.is_active(i, &values)
                }
            };
            broken += usize::from(!fits);
        }
        if known == n {
            let rules = self.rules.iter();
            broken += rules
                .filter(|(_, rule)| !is_true(rule.evaluate(&self.choices, &values)))
                .count();
        }
        match &self.cell {
            Some(cell) if graph.len() > self.first_of_cell() => {
                broken + cell.violations(&self.cell_part(graph))
            }
            _ => broken,
        }
    }
}
