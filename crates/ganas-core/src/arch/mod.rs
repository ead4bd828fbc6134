//! Architectures: small values with a graph and a canonical form.

mod canonical;
mod edit;
mod graph;
mod reduce;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

pub use canonical::{CELL_VERTICES, Cell, Relabelings};
pub use edit::CellLimits;
pub use graph::{Graph, INPUT, MAX_LABELS, MAX_NODES, OUTPUT, bits, contains, mask};
pub use reduce::Passive;

/// Largest number of op choices of an architecture.
pub const MAX_OPS: usize = 270;

/// Architecture: the op choices of a space's positions and, if edges are free, the edges between
/// its vertices.
///
/// It is a plain value of 288 bytes. Its [`SearchSpace`](crate::space::SearchSpace) gives the
/// positions their meaning. Two architectures of one space are the same exactly if their [canonical
/// forms](crate::space::SearchSpace::canonical) are equal.
#[derive(Clone, Copy)]
pub struct Arch {
    edges: u128,
    len: u16,
    ops: [u8; MAX_OPS],
}

impl Arch {
    /// Creates an architecture without free edges, with one op index a position.
    ///
    /// # Panics
    /// If there are more than [`MAX_OPS`] positions.
    pub fn new(ops: &[u8]) -> Self {
        Self::with_edges(ops, 0)
    }

    /// Creates an architecture with free edges. The space defines the meaning of the edge bits.
    ///
    /// # Panics
    /// If there are more than [`MAX_OPS`] positions.
    pub fn with_edges(ops: &[u8], edges: u128) -> Self {
        let mut all = [0; MAX_OPS];
        all[..ops.len()].copy_from_slice(ops);
        Arch {
            edges,
            len: ops.len() as u16,
            ops: all,
        }
    }

    /// Returns the op index at each position.
    pub fn ops(&self) -> &[u8] {
        &self.ops[..self.len as usize]
    }

    /// Returns the free edges.
    pub fn edges(&self) -> u128 {
        self.edges
    }

    /// Counts the positions with another op and the edge bits that differ. Positions that only one
    /// of the two has count, too.
    pub fn differences(&self, other: &Arch) -> u32 {
        let most = self.len.max(other.len) as usize;
        let ops = (self.ops[..most].iter().zip(&other.ops[..most])).filter(|(a, b)| a != b);
        let longer = self.len.abs_diff(other.len);
        ops.count() as u32 + u32::from(longer) + (self.edges ^ other.edges).count_ones()
    }

    /// Returns the same architecture with another op at one position.
    pub fn with_op(mut self, position: usize, op: u8) -> Self {
        debug_assert!(position < usize::from(self.len));
        self.ops[position] = op;
        self
    }
}

impl PartialEq for Arch {
    fn eq(&self, other: &Self) -> bool {
        self.edges == other.edges && self.ops() == other.ops()
    }
}

impl Eq for Arch {}

impl PartialOrd for Arch {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By edges, then by the number of ops, then by the ops.
impl Ord for Arch {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |arch: &Self| (arch.edges, arch.len);
        key(self)
            .cmp(&key(other))
            .then_with(|| self.ops().cmp(other.ops()))
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
