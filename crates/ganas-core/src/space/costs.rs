//! What an architecture costs, as far as it follows from its structure.

use crate::arch::Arch;

/// Exact costs of the architectures of a space.
pub trait Costs: Send + Sync {
    /// The names of the costs.
    fn names(&self) -> &[String];

    /// The cost of this index for a valid architecture.
    fn cost(&self, arch: &Arch, index: usize) -> f64;
}

/// Costs that are sums over the ops of an architecture: the `[metrics]` of a space file.
#[derive(Clone, Debug, Default)]
pub struct OpCosts {
    names: Vec<String>,
    /// For each cost, the share of each op of the space.
    shares: Vec<Vec<f64>>,
}

impl OpCosts {
    /// Adds a cost, given the share of each op of the space.
    pub fn push(&mut self, name: String, shares: Vec<f64>) {
        self.names.push(name);
        self.shares.push(shares);
    }
}

impl Costs for OpCosts {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn cost(&self, arch: &Arch, index: usize) -> f64 {
        let shares = &self.shares[index];
        arch.ops().iter().map(|&op| shares[op as usize]).sum()
    }
}
