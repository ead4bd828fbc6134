//! Costs of an architecture that follow from its structure.

use crate::arch::Arch;

/// Exact costs of the architectures of a space.
pub trait Costs: Send + Sync {
    /// Returns the names of the costs.
    fn names(&self) -> &[String];

    /// Returns the cost of this index for a valid architecture.
    fn cost(&self, arch: &Arch, index: usize) -> f64;
}

/// Costs that are sums over the ops of an architecture: the `[metrics]` of a space file.
#[derive(Clone, Debug, Default)]
pub struct OpCosts {
    names: Vec<String>,
    /// Shares of each op of the space, for each cost.
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

/// Trainable weights and multiply-adds of the network that is built from an architecture: the
/// costs `params` and `macs` of a benchmark's space.
pub(super) struct NetworkCosts {
    names: [String; 2],
    count: fn(&Arch) -> (usize, usize),
}

impl NetworkCosts {
    /// Creates the costs from a function that counts params and macs.
    pub fn new(count: fn(&Arch) -> (usize, usize)) -> Self {
        NetworkCosts {
            names: ["params", "macs"].map(str::to_owned),
            count,
        }
    }
}

impl Costs for NetworkCosts {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn cost(&self, arch: &Arch, index: usize) -> f64 {
        let (params, macs) = (self.count)(arch);
        [params, macs][index] as f64
    }
}

/// Returns the weights and multiply-adds of a convolution with batch norm on a square image.
pub(super) fn conv_bn(kernel: usize, from: usize, to: usize, image: usize) -> (usize, usize) {
    let weights = kernel * kernel * from * to;
    (weights + 2 * to, weights * image * image)
}
