//! Growths to test and time the networks with.
#![allow(dead_code)]

use ganas_core::arch::{Graph, OUTPUT};
use ganas_core::space::{Growth, LabelSet, Link, Rules};

fn names(labels: usize) -> Vec<String> {
    (0..labels).map(|l| l.to_string()).collect()
}

/// Cells of operation nodes with up to `fan_in` inputs; the output collects all loose ends.
pub struct Cell {
    names: Vec<String>,
    nodes: usize,
    fan_in: u32,
}

impl Cell {
    pub fn new(nodes: usize, labels: usize, fan_in: u32) -> Self {
        Cell {
            names: names(labels),
            nodes,
            fan_in,
        }
    }
}

impl Growth for Cell {
    fn vocabulary(&self) -> &[String] {
        &self.names
    }

    fn max_nodes(&self) -> usize {
        self.nodes
    }

    fn labels(&self, partial: &Graph, _: Rules) -> LabelSet {
        match partial.labels.last() {
            None => 1,
            Some(&OUTPUT) => 0,
            _ if partial.len() == self.nodes - 1 => 2,
            _ if partial.len() == 1 => (1 << self.names.len()) - 4,
            _ => (1 << self.names.len()) - 2,
        }
    }

    fn link(&self, partial: &Graph, label: u8, chosen: u64, from: usize, _: Rules) -> Link {
        if label == OUTPUT {
            let dangles = partial.dangling() >> from & 1 == 1;
            return if dangles { Link::Must } else { Link::MayNot };
        }
        if chosen == 0 && from + 1 == partial.len() {
            Link::Must
        } else if chosen.count_ones() < self.fan_in {
            Link::May
        } else {
            Link::MayNot
        }
    }

    fn violations(&self, _: &Graph) -> usize {
        0
    }
}

/// Chains of `nodes` nodes: all edges are given, and only labels are free.
pub struct Chain {
    names: Vec<String>,
    nodes: usize,
}

impl Chain {
    pub fn new(nodes: usize, labels: usize) -> Self {
        Chain {
            names: names(labels),
            nodes,
        }
    }
}

impl Growth for Chain {
    fn vocabulary(&self) -> &[String] {
        &self.names
    }

    fn max_nodes(&self) -> usize {
        self.nodes
    }

    fn labels(&self, partial: &Graph, _: Rules) -> LabelSet {
        match partial.len() {
            0 => 1,
            n if n + 1 < self.nodes => (1 << self.names.len()) - 4,
            n if n < self.nodes => 2,
            _ => 0,
        }
    }

    fn link(&self, partial: &Graph, _: u8, _: u64, from: usize, _: Rules) -> Link {
        if from + 1 == partial.len() {
            Link::Must
        } else {
            Link::MayNot
        }
    }

    fn violations(&self, _: &Graph) -> usize {
        0
    }
}
