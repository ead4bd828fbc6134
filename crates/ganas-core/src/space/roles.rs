//! Roles of ops that decide which notations describe the same network.

/// Ops without a layer of their own.
///
/// Two architectures whose networks differ only by such ops are one network. A space file names
/// these ops under `absent` and `identity`. [`SearchSpace::unify`](super::SearchSpace::unify) sets
/// them for a loaded space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    /// Ops whose block, edge or vertex is not there. In a chain, the next block takes its input. In
    /// a cell, it carries nothing.
    pub absent: Vec<u8>,
    /// Ops that pass their input on unchanged.
    pub identity: Vec<u8>,
    /// Chains: the number of blocks of each stage, in order. A block can move within its stage
    /// only. The list is empty if the whole chain is one stage.
    pub stages: Vec<usize>,
    /// Node cells: set if an edge from the input carries a projection with weights of its own and
    /// the output concatenates its inputs, as in NAS-Bench-101.
    pub projected: bool,
}

impl Roles {
    /// Returns true if every op has a layer of its own, so that each notation is one architecture.
    pub fn is_empty(&self) -> bool {
        self.absent.is_empty() && self.identity.is_empty()
    }

    /// Returns true if an op is absent.
    pub fn is_absent(&self, op: u8) -> bool {
        self.absent.contains(&op)
    }

    /// Returns true if an op passes its input on.
    pub fn is_identity(&self, op: u8) -> bool {
        self.identity.contains(&op)
    }

    /// Returns true if an op is absent or passes its input on.
    pub fn has(&self, op: u8) -> bool {
        self.is_absent(op) || self.is_identity(op)
    }
}
