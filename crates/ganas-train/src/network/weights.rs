//! The numbers of a network, by name, and their safetensors file.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ganas_core::rng::Rng;
use ganas_tensor::{Device, Tensor};

use super::file::{self, Tensors};
use super::plan::{Init, Plan};
use crate::error::Result;
use crate::layer::Moments;
use crate::preprocessing::Preprocessing;

/// The weights and the running moments of networks, by name.
///
/// A set can hold more weights than one plan names: architectures share the weights of an op at a
/// position.
#[derive(Clone, Debug, Default)]
pub struct Weights {
    pub(crate) trained: BTreeMap<String, Tensor<4>>,
    pub(crate) moments: BTreeMap<String, Moments>,
}

impl Weights {
    /// Fresh weights of a plan, on a device.
    ///
    /// Each weight draws from a random stream of its own name, so it does not depend on the other
    /// weights.
    pub fn new(plan: &Plan, seed: u64, device: &Device) -> Self {
        let mut weights = Weights::default();
        weights.extend(plan, seed, device);
        weights
    }

    /// Adds fresh weights for all that a plan names and is not there yet.
    pub fn extend(&mut self, plan: &Plan, seed: u64, device: &Device) {
        for slot in &plan.weights {
            if self.trained.contains_key(&slot.name) {
                continue;
            }
            let len = slot.shape.iter().product();
            let values = match slot.init {
                Init::Constant(value) => vec![value; len],
                Init::Normal(deviation) => {
                    let mut rng = Rng::stream(seed, &format!("weight {}", slot.name));
                    (0..len)
                        .map(|_| (deviation * rng.normal()) as f32)
                        .collect()
                }
            };
            let tensor = Tensor::new(values, slot.shape, device);
            self.trained.insert(slot.name.clone(), tensor);
        }
        for (name, channels) in &plan.moments {
            self.moments.entry(name.clone()).or_insert_with(|| Moments {
                mean: Tensor::zeros([1, 1, 1, *channels], device),
                variance: Tensor::full([1, 1, 1, *channels], 1.0, device),
            });
        }
    }

    /// The number of weights that are trained.
    pub fn count(&self) -> usize {
        let sizes = self
            .trained
            .values()
            .map(|t| t.dims().iter().product::<usize>());
        sizes.sum()
    }

    /// The numbers of a weight by name, in the order of its shape.
    pub fn get(&self, name: &str) -> Option<(Vec<f32>, [usize; 4])> {
        let tensor = self.trained.get(name)?;
        Some((numbers(tensor)?, tensor.dims()))
    }

    /// The running mean and variance of a batch norm by name, a number a channel.
    pub fn moments(&self, name: &str) -> Option<(Vec<f32>, Vec<f32>)> {
        let Moments { mean, variance } = self.moments.get(name)?;
        Some((numbers(mean)?, numbers(variance)?))
    }

    /// Writes all weights and moments to a safetensors file: a weight by its name, the moments of
    /// a batch norm as `NAME.mean` and `NAME.variance`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.write(path.as_ref(), None)
    }

    /// Writes the same, and how images are prepared for the network, as metadata of the file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save_with(&self, path: impl AsRef<Path>, preprocessing: &Preprocessing) -> Result<()> {
        let metadata = preprocessing.metadata().into_iter().collect();
        self.write(path.as_ref(), Some(metadata))
    }

    fn write(&self, path: &Path, metadata: Option<HashMap<String, String>>) -> Result<()> {
        let trained = self.trained.iter().map(|(name, t)| (name.clone(), t));
        let moments = self.moments.iter().flat_map(|(name, m)| {
            [
                (format!("{name}.mean"), &m.mean),
                (format!("{name}.variance"), &m.variance),
            ]
        });
        let all: Vec<(String, &Tensor<4>)> = trained.chain(moments).collect();
        file::write(path, &all, metadata)
    }

    /// Reads the weights of a plan from a safetensors file. Other tensors in the file are ignored.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged, or lacks a weight of the plan in its shape.
    pub fn load(path: impl AsRef<Path>, plan: &Plan, device: &Device) -> Result<Weights> {
        let path = path.as_ref();
        let bytes = file::bytes(path)?;
        let tensors = Tensors::new(path, &bytes)?;
        let read = |name: &str, shape| tensors.read(name, shape, device);
        let mut weights = Weights::default();
        for slot in &plan.weights {
            let tensor = read(&slot.name, slot.shape)?;
            weights.trained.insert(slot.name.clone(), tensor);
        }
        for (name, channels) in &plan.moments {
            let moments = Moments {
                mean: read(&format!("{name}.mean"), [1, 1, 1, *channels])?,
                variance: read(&format!("{name}.variance"), [1, 1, 1, *channels])?,
            };
            weights.moments.insert(name.clone(), moments);
        }
        Ok(weights)
    }
}

fn numbers(tensor: &Tensor<4>) -> Option<Vec<f32>> {
    tensor.clone().into_vec().ok()
}
