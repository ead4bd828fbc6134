//! Trainings that are paused after some epochs and go on later, to the bit as if never interrupted.
//!
//! A paused training is its weights, its running moments and the memory of its optimiser. It lives in a file of
//! the architecture, so that it survives the program. A file that is missing, damaged or of another training
//! costs time only: the training begins anew and arrives at the same numbers.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use ganas_core::{state, write_whole};
use ganas_tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::layer::Moments;
use crate::network::{Plan, Weights};
use crate::optimizer::Memory;
use crate::trainer::{Course, Network, Score, read};

/// Numbers of a tensor with its shape.
type Numbers = (Vec<f32>, [usize; 4]);

/// A paused training, as it is kept.
#[derive(Serialize, Deserialize)]
struct Paused {
    /// Identity of the training: its recipe, its images and its seed.
    identity: String,
    epochs: usize,
    scores: Vec<(usize, Score)>,
    weights: BTreeMap<String, Numbers>,
    moments: BTreeMap<String, [Numbers; 2]>,
    memory: Vec<(i32, Option<Numbers>, Option<Numbers>)>,
}

/// The files of paused trainings in a folder.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    folder: PathBuf,
}

impl Checkpoints {
    /// Files in a folder, which is made when it is needed.
    pub fn new(folder: PathBuf) -> Self {
        Checkpoints { folder }
    }

    /// The file of an identity.
    fn file(&self, identity: &str) -> PathBuf {
        let name = crc32c_name(identity);
        self.folder.join(format!("{name}.training"))
    }

    /// Loads a paused training of this identity; `None` if there is none that can be used.
    pub(crate) fn load(
        &self,
        identity: &str,
        plan: &Plan,
        device: &Device,
    ) -> Option<(Network, Course)> {
        let bytes = fs::read(self.file(identity)).ok()?;
        let paused: Paused = state::load(&bytes).ok()?;
        let fits = paused.identity == identity
            && paused.memory.len() == plan.weights.len()
            && (plan.weights.iter()).all(|slot| {
                paused
                    .weights
                    .get(&slot.name)
                    .is_some_and(|(_, shape)| *shape == slot.shape)
            })
            && plan
                .moments
                .iter()
                .all(|(name, _)| paused.moments.contains_key(name));
        if !fits {
            return None;
        }
        let tensor = |(values, shape): Numbers| Tensor::new(values, shape, device);
        let moments = |[mean, variance]: [Numbers; 2]| Moments {
            mean: tensor(mean),
            variance: tensor(variance),
        };
        let weights = Weights {
            trained: (paused.weights.into_iter())
                .map(|(name, numbers)| (name, tensor(numbers)))
                .collect(),
            moments: (paused.moments.into_iter())
                .map(|(name, both)| (name, moments(both)))
                .collect(),
        };
        let memory = paused
            .memory
            .into_iter()
            .map(|(steps, mean, square)| Memory {
                steps,
                mean: mean.map(tensor),
                square: square.map(tensor),
            });
        let course = Course {
            epochs: paused.epochs,
            scores: paused.scores,
            memory: memory.collect(),
        };
        Some((
            Network::with_weights(plan.clone(), weights, 0, device),
            course,
        ))
    }

    /// Writes a paused training, as a whole or not at all. A full disk costs time only.
    ///
    /// # Errors
    /// If the numbers cannot be read from the device.
    pub(crate) fn save(&self, identity: &str, network: &Network, course: &Course) -> Result<()> {
        let numbers =
            |tensor: &Tensor<4>| -> Result<Numbers> { Ok((read(tensor.clone())?, tensor.dims())) };
        let mut paused = Paused {
            identity: identity.to_owned(),
            epochs: course.epochs,
            scores: course.scores.clone(),
            weights: BTreeMap::new(),
            moments: BTreeMap::new(),
            memory: Vec::new(),
        };
        for (name, tensor) in &network.weights().trained {
            paused.weights.insert(name.clone(), numbers(tensor)?);
        }
        for (name, Moments { mean, variance }) in &network.weights().moments {
            let both = [numbers(mean)?, numbers(variance)?];
            paused.moments.insert(name.clone(), both);
        }
        for memory in &course.memory {
            let mean = memory.mean.as_ref().map(numbers).transpose()?;
            let square = memory.square.as_ref().map(numbers).transpose()?;
            paused.memory.push((memory.steps, mean, square));
        }
        if let Some(bytes) = state::save(&paused) {
            write(&self.folder, &self.file(identity), &bytes);
        }
        Ok(())
    }
}

fn write(folder: &Path, file: &Path, bytes: &[u8]) {
    // Without the file the training begins anew, with the same result.
    let _ =
        fs::create_dir_all(folder).map(|()| write_whole(file, |mut file| file.write_all(bytes)));
}

/// A name for an identity.
fn crc32c_name(identity: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    identity.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
