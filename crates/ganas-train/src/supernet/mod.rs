//! A supernet: one set of weights that all architectures of a space share.
//!
//! A weight belongs to a position and an op, so two architectures with the same op at a position
//! share its numbers (Bender et al. 2018; Pham et al. 2018, arXiv 1802.03268). If the number of
//! channels depends on the architecture (NAS-Bench-101), a cell uses the first channels of the
//! full-size weights. In mobile spaces kernels and expansions share weights as well: see `share`.
//! Moments of batch normalisation are not shared: each architecture has its own
//! measured.

mod checkpoint;
mod choices;
mod cover;
mod evaluate;
mod policy;
mod searches;
mod share;
mod train;

use std::collections::BTreeMap;

use ganas_core::arch::Arch;
use ganas_core::space::SearchSpace;
use ganas_tensor::Device;

use crate::error::Result;
use crate::network::{Frame, Plan, Slot, Weights, check_params, count};
use crate::trainer::Network;

pub use checkpoint::{Identity, identity, load, save};
pub use evaluate::{Scoring, SupernetEvaluator};
pub use searches::{Alternation, Found, Method, Reward, Target, search};
pub use train::{Course, Paths, SupernetRecipe};

/// The shared weights of a space.
#[derive(Clone, Debug)]
pub struct Supernet {
    frame: Frame,
    slots: BTreeMap<String, Slot>,
    weights: Weights,
    device: Device,
}

impl Supernet {
    /// A supernet with fresh weights.
    ///
    /// # Errors
    /// If no supernet is known for the space, its networks cannot be built, or they have too many
    /// weights.
    pub fn new(
        space: &dyn SearchSpace,
        frame: Frame,
        seed: u64,
        device: &Device,
    ) -> Result<Supernet> {
        let slots = cover::slots(space, &frame)?;
        check_params(count(slots.values()))?;
        let plan = Plan {
            steps: Vec::new(),
            weights: slots.values().cloned().collect(),
            moments: Vec::new(),
        };
        let device = device.clone();
        Ok(Supernet {
            frame,
            weights: Weights::new(&plan, seed, &device),
            slots,
            device,
        })
    }

    /// The frame of its networks.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The number of shared weights.
    pub fn params(&self) -> usize {
        self.weights.count()
    }

    /// The network of an architecture: a copy of its share of the weights, and moments that have
    /// to be [recomputed](Network::recompute_moments).
    ///
    /// # Errors
    /// If the architecture is not one of the space.
    pub fn network(&self, space: &dyn SearchSpace, arch: &Arch) -> Result<Network> {
        let plan = Plan::build(space, arch, &self.frame)?;
        let mut weights = Weights::default();
        for slot in &plan.weights {
            let shared = &self.weights.trained[&*share::shared_name(space, &slot.name)];
            let own = share::narrow(shared, slot.shape);
            weights.trained.insert(slot.name.clone(), own);
        }
        Ok(Network::with_weights(plan, weights, 0, &self.device))
    }
}
