//! Zero-cost proxies: numbers of an untrained network that tell something about its accuracy once trained.
//!
//! | proxy | reference |
//! |---|---|
//! | `nwot` | Mellor et al. 2021, arXiv 2006.04647 |
//! | `synflow`, `jacov`, `snip`, `grad-norm` | Abdelfattah et al. 2021, arXiv 2101.08134 |
//! | `zen` | Lin et al. 2021, arXiv 2102.01063 |
//!
//! Each needs one batch of images and one or two passes. Values follow from the network, the batch and the seed
//! alone. `python/benches/proxies.py` computes the same by PyTorch.

mod codes;
mod flow;
mod gradients;
#[cfg(test)]
mod tests;
mod zen;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ganas_core::arch::Arch;
use ganas_core::error::{Error, hint};
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace};
use ganas_tensor::Tensor;

use crate::cpu;
use crate::error::{Result, TrainError};
use crate::examples::{Batch, Feed};
use crate::network::{Frame, Init, Op, Plan, Weights};
use crate::task::ImageTask;

/// Random architectures whose networks are built before anything is computed.
const TRIED: usize = 50;

/// A zero-cost proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proxy {
    /// Log-determinant of the kernel of the rectifiers' activation codes.
    Nwot,
    /// Sum of weight times gradient of a network of absolute weights without batch norm, for images of ones.
    Synflow,
    /// Score of the eigenvalues of the correlations between the images' Jacobians.
    Jacov,
    /// Sum of the absolute products of weights and gradients of the loss.
    Snip,
    /// Sum over layers of the norm of the gradient of the loss.
    GradNorm,
    /// Expected change of the last features by noise, corrected for batch norm.
    Zen,
}

impl Proxy {
    /// All proxies.
    pub const ALL: [Proxy; 6] = [
        Proxy::Nwot,
        Proxy::Synflow,
        Proxy::Jacov,
        Proxy::Snip,
        Proxy::GradNorm,
        Proxy::Zen,
    ];

    /// Name in options and files.
    pub fn name(self) -> &'static str {
        match self {
            Proxy::Nwot => "nwot",
            Proxy::Synflow => "synflow",
            Proxy::Jacov => "jacov",
            Proxy::Snip => "snip",
            Proxy::GradNorm => "grad-norm",
            Proxy::Zen => "zen",
        }
    }

    /// The proxy of a name.
    pub fn named(name: &str) -> Option<Proxy> {
        Proxy::ALL.into_iter().find(|proxy| proxy.name() == name)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Proxy {
    type Err = Error;

    fn from_str(name: &str) -> std::result::Result<Self, Error> {
        Proxy::named(name).ok_or_else(|| {
            let names = Proxy::ALL.map(Proxy::name);
            Error::input(format!("unknown proxy `{name}`")).mend(hint(name, &names, "there are"))
        })
    }
}

/// Networks of a space, and the batch of images that proxies are computed with.
#[derive(Clone)]
pub struct Probe {
    space: Arc<dyn SearchSpace>,
    frame: Frame,
    batch: Batch,
    /// Random images, and the noise that is added to them.
    noise: [Vec<f32>; 2],
    seed: u64,
}

impl Probe {
    /// Proxies by `images` of the training images of a task; the seed draws them, weights and noise.
    ///
    /// # Errors
    /// If there are fewer than two images, or no networks can be built of the space.
    pub fn new(
        space: Arc<dyn SearchSpace>,
        task: &ImageTask,
        [width, depth]: [Option<usize>; 2],
        images: usize,
        seed: u64,
    ) -> Result<Self> {
        let feed = task.train().some(images, seed);
        let batch = feed.in_order(images).next();
        let batch = batch.filter(|batch| batch.labels.len() > 1);
        let batch = batch.ok_or_else(|| {
            TrainError::Examples("proxies need at least 2 training images".into())
        })?;
        let probe = Probe {
            frame: task.frame(width, depth),
            noise: ["zen/images", "zen/noise"].map(|stream| {
                let mut rng = Rng::stream(seed, stream);
                let values = batch.images.iter().map(|_| rng.normal() as f32);
                values.collect()
            }),
            batch,
            space,
            seed,
        };
        let sampler = Sampler::feasible(&*probe.space, None)?;
        let mut rng = Rng::stream(0, "proxies/check");
        (0..TRIED).try_for_each(|_| {
            let arch = probe.space.sample(sampler, &mut rng);
            probe.plan(&arch).map(drop)
        })?;
        Ok(probe)
    }

    /// Number of images in the batch.
    pub fn images(&self) -> usize {
        self.batch.labels.len()
    }

    /// Frame of the networks.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Values of proxies for an architecture. A value is NaN if it is not a finite number, as for a network
    /// whose output does not depend on the images.
    ///
    /// # Errors
    /// If the network cannot be built.
    pub fn values(&self, arch: &Arch, proxies: &[Proxy]) -> Result<Vec<f64>> {
        let plan = self.plan(arch)?;
        let weights = Weights::new(&plan, self.seed, &cpu());
        let gaussian = Weights::new(&gaussian(&plan), self.seed, &cpu());
        let subject = Subject {
            weights: bound(&plan, &weights),
            gaussian: bound(&plan, &gaussian),
            noise: &self.noise,
            plan: &plan,
            batch: &self.batch,
        };
        let values = proxies.iter().map(|proxy| subject.value(*proxy));
        values.collect()
    }

    fn plan(&self, arch: &Arch) -> Result<Plan> {
        let plan = Plan::build(&*self.space, arch, &self.frame)?;
        plan.check_params()?;
        Ok(plan)
    }
}

/// A network with everything that a proxy looks at.
struct Subject<'a> {
    plan: &'a Plan,
    batch: &'a Batch,
    /// Fresh weights in the order of the plan.
    weights: Vec<Tensor<4>>,
    /// The same, those of convolutions and dense layers normal with variance 1.
    gaussian: Vec<Tensor<4>>,
    /// Random images, and the noise that is added to them.
    noise: &'a [Vec<f32>; 2],
}

impl Subject<'_> {
    fn value(&self, proxy: Proxy) -> Result<f64> {
        let value = match proxy {
            Proxy::Nwot => codes::nwot(self)?,
            Proxy::Synflow => flow::synflow(self)?,
            Proxy::Jacov => gradients::jacov(self)?,
            Proxy::Snip => gradients::snip(self)?,
            Proxy::GradNorm => gradients::grad_norm(self)?,
            Proxy::Zen => zen::zen(self)?,
        };
        Ok(if value.is_finite() { value } else { f64::NAN })
    }

    /// A tensor with the shape of the images.
    fn images(&self, values: &[f32]) -> Tensor<4> {
        let [height, width, channels] = self.plan.steps[0].shape;
        let shape = [self.batch.labels.len(), height, width, channels];
        Tensor::new(values.to_vec(), shape, &cpu())
    }
}

/// The same network with normal weights of variance 1 in convolutions and dense layers.
fn gaussian(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for weight in kernels(&plan) {
        plan.weights[weight].init = Init::Normal(1.0);
    }
    plan
}

/// Weights of the convolutions and dense layers that reach the output, in order.
fn kernels(plan: &Plan) -> Vec<usize> {
    let steps = plan.steps.iter().zip(plan.live());
    let kernels = steps.filter_map(|(step, is_live)| match step.op {
        Op::Conv { weight, .. } | Op::Depthwise { weight, .. } if is_live => Some(weight),
        _ => None,
    });
    kernels.collect()
}

/// Weights in the order of the plan.
fn bound(plan: &Plan, weights: &Weights) -> Vec<Tensor<4>> {
    let slots = plan.weights.iter();
    slots
        .map(|slot| weights.trained[&slot.name].clone())
        .collect()
}
