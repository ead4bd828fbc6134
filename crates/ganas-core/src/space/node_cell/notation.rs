//! The notation of cells.

use super::NodeCell;
use super::forms::{self, Written};
use crate::arch::{Arch, Cell};
use crate::space::op_index;

impl NodeCell {
    /// Reads a cell in the space's notation, without pruning or canonicalising it.
    ///
    /// # Errors
    /// If the text is not a cell, has an unknown op, or more vertices or edges than the space has.
    pub fn parse_cell(&self, text: &str) -> std::result::Result<Cell, String> {
        let Written { ops: names, bits } = forms::read(text)?;
        let is =
            |name: Option<&String>, end: &str| name.is_some_and(|n| n.eq_ignore_ascii_case(end));
        let framed = is(names.first(), "input") && is(names.last(), "output");
        let interior = if framed && names.len() >= 2 {
            &names[1..names.len() - 1]
        } else {
            &names[..]
        };
        let n = interior.len() + 2;
        if n > self.limits.vertices {
            return Err(format!(
                "the cell has {n} vertices; the space `{}` allows {}",
                self.name, self.limits.vertices
            ));
        }
        let codes = (interior.iter().map(|name| op_index(&self.ops, name)))
            .collect::<std::result::Result<Vec<u8>, _>>()?;
        let mut cell = Cell::new(&codes);
        if bits.len() == n * n {
            for (i, _) in bits.iter().enumerate().filter(|(_, bit)| **bit) {
                let (u, v) = (i / n, i % n);
                if u >= v {
                    return Err(format!(
                        "adjacency has an edge {u} -> {v} against the order"
                    ));
                }
                cell.add_edge(u, v);
            }
        } else if bits.len() == n * (n - 1) / 2 {
            let pairs = (0..n).flat_map(|u| (u + 1..n).map(move |v| (u, v)));
            for ((u, v), _) in pairs.zip(&bits).filter(|(_, bit)| **bit) {
                cell.add_edge(u, v);
            }
        } else {
            return Err(format!(
                "{} adjacency bits where {n} vertices need {}",
                bits.len(),
                n * (n - 1) / 2
            ));
        }
        Ok(cell)
    }

    /// Writes a cell in the space's notation.
    pub(super) fn written(&self, arch: &Arch) -> String {
        let cell = Cell::from_arch(arch);
        let n = cell.vertices();
        let mut text = String::from("input;");
        for &op in arch.ops() {
            text.push_str(&self.ops[op as usize]);
            text.push(';');
        }
        text.push_str("output|");
        for u in 0..n {
            for v in u + 1..n {
                text.push(if cell.has_edge(u, v) { '1' } else { '0' });
            }
        }
        text
    }
}
