//! What an architecture is: a small value, its graph and its canonical form.

mod canonical;
mod edit;
mod graph;
mod reduce;

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

pub use canonical::{CELL_VERTICES, Cell, Relabelings};
pub use edit::CellLimits;
pub use graph::{Graph, INPUT, MAX_LABELS, MAX_NODES, OUTPUT, bits, mask};
pub use reduce::Passive;

/// The most op choices an architecture can hold.
pub const MAX_OPS: usize = 62;

/// An architecture: the op choices of a space's positions and, where edges are free, the edges
/// between its vertices.
///
/// It is a plain value of 80 bytes, without meaning outside its
/// [`SearchSpace`](crate::space::SearchSpace), which says what the positions are. Two
/// architectures of one space are the same exactly when their
/// [canonical forms](crate::space::SearchSpace::canonical) are equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arch {
    edges: u128,
    len: u8,
    ops: [u8; MAX_OPS],
}

impl Arch {
    /// An architecture without free edges: one op index a position.
    ///
    /// # Panics
    /// If there are more than [`MAX_OPS`] positions.
    pub fn new(ops: &[u8]) -> Self {
        Self::with_edges(ops, 0)
    }

    /// An architecture with free edges, as a set of bits whose meaning is the space's.
    ///
    /// # Panics
    /// If there are more than [`MAX_OPS`] positions.
    pub fn with_edges(ops: &[u8], edges: u128) -> Self {
        let mut all = [0; MAX_OPS];
        all[..ops.len()].copy_from_slice(ops);
        Arch {
            edges,
            len: ops.len() as u8,
            ops: all,
        }
    }

    /// The op index at each position.
    pub fn ops(&self) -> &[u8] {
        &self.ops[..self.len as usize]
    }

    /// The free edges.
    pub fn edges(&self) -> u128 {
        self.edges
    }

    /// How many positions have another op, and how many bits of the edges differ. Positions that
    /// only one of the two has count, too.
    pub fn differences(&self, other: &Arch) -> u32 {
        let ops = (self.ops.iter().zip(&other.ops)).filter(|(a, b)| a != b);
        let longer = self.len.abs_diff(other.len);
        ops.count() as u32 + u32::from(longer) + (self.edges ^ other.edges).count_ones()
    }

    /// The same architecture with another op at one position.
    pub fn with_op(mut self, position: usize, op: u8) -> Self {
        debug_assert!(position < self.len as usize);
        self.ops[position] = op;
        self
    }
}

impl Hash for Arch {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.edges);
        state.write(self.ops());
    }
}

impl Serialize for Arch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.ops(), self.edges).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Arch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (ops, edges) = <(Vec<u8>, u128)>::deserialize(deserializer)?;
        match ops.len() {
            0..=MAX_OPS => Ok(Arch::with_edges(&ops, edges)),
            many => Err(D::Error::custom(format!("{many} ops are too many"))),
        }
    }
}

impl fmt::Debug for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arch({:?}, {:#x})", self.ops(), self.edges)
    }
}
