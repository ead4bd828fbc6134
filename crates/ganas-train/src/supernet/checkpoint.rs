//! The file of a supernet.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::Path;

use ganas_core::space::SearchSpace;
use ganas_data::SplitConfig;
use ganas_tensor::{Device, Tensor};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::{Course, Supernet, SupernetRecipe, cover};
use crate::device::CPU;
use crate::error::{Result, TrainError};
use crate::network::file::{self, Tensors, damaged};
use crate::network::{Frame, Weights};
use crate::optimizer::Memory;
use crate::task::ImageTask;
use crate::trainer::Epoch;

/// The version of the file's layout.
const VERSION: u32 = 1;

/// The identity of a supernet. Two that differ in it are not interchangeable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The version of the file's layout.
    pub version: u32,
    /// The space's name.
    pub space: String,
    /// The space's ops, in order.
    pub ops: Vec<String>,
    /// The frame of its networks.
    pub frame: Frame,
    /// The dataset as it was named: `digits`, or a path.
    pub data: String,
    /// The dataset's name.
    pub dataset: String,
    /// The images in it.
    pub images: usize,
    /// The split of the dataset.
    pub split: SplitConfig,
    /// The settings of its training.
    pub training: SupernetRecipe,
    /// The seed of all random streams, that of the split among them.
    pub seed: u64,
}

impl Identity {
    /// The identity of a supernet of this space.
    pub fn new(
        space: &dyn SearchSpace,
        task: &ImageTask,
        data: &str,
        split: SplitConfig,
        training: &SupernetRecipe,
        seed: u64,
    ) -> Self {
        let dataset = task.dataset();
        Identity {
            version: VERSION,
            space: space.name().to_owned(),
            ops: space.ops().to_vec(),
            frame: task.frame(training.recipe.width, training.recipe.depth),
            data: data.to_owned(),
            dataset: dataset.name().to_owned(),
            images: dataset.images().len(),
            split,
            training: training.clone(),
            seed,
        }
    }

    /// The first field in which another supernet differs, with both values. The location of the
    /// data does not count.
    pub fn difference(&self, other: &Identity) -> Option<String> {
        let fields = |identity: &Identity| match serde_json::to_value(identity) {
            Ok(serde_json::Value::Object(fields)) => fields,
            _ => Default::default(),
        };
        let (own, others) = (fields(self), fields(other));
        (own.iter().filter(|(name, _)| *name != "data")).find_map(|(name, value)| {
            let other = others.get(name)?;
            (value != other).then(|| format!("{name}: {value} where it was {other}"))
        })
    }
}

/// The header of the file.
#[derive(Serialize, Deserialize)]
struct Header {
    identity: Identity,
    history: Vec<Epoch>,
    /// The devices of its training. Older versions ran on the CPU alone and have no such field.
    #[serde(default = "on_the_cpu")]
    devices: Vec<String>,
    /// The steps that the optimiser took on each weight.
    steps: BTreeMap<String, i32>,
}

fn on_the_cpu() -> Vec<String> {
    vec![CPU.into()]
}

const KEY: &str = "ganas-supernet";

/// Writes a supernet and the state of its training to a safetensors file: completely, or not at
/// all.
///
/// # Errors
/// If the file cannot be written.
pub fn save(path: &Path, identity: &Identity, course: &Course) -> Result<()> {
    let weights = &course.supernet.weights.trained;
    let mut parts: Vec<(String, &Tensor<4>)> =
        weights.iter().map(|(name, t)| (name.clone(), t)).collect();
    for (name, memory) in &course.memory {
        let tensors = [("mean", &memory.mean), ("square", &memory.square)];
        for (kind, tensor) in tensors {
            parts.extend(tensor.iter().map(|t| (format!("{kind}/{name}"), t)));
        }
    }
    let header = Header {
        identity: identity.clone(),
        history: course.history.clone(),
        devices: course.devices.clone(),
        steps: (course.memory.iter())
            .map(|(name, memory)| (name.clone(), memory.steps))
            .collect(),
    };
    let header = serde_json::to_string(&header).map_err(|e| damaged(path, e.to_string()))?;
    let header = HashMap::from([(KEY.to_owned(), header)]);
    file::write(path, &parts, Some(header))
}

/// The identity of the supernet in a file.
///
/// # Errors
/// If the file cannot be read, is not a supernet, or has a newer version.
pub fn identity(path: &Path) -> Result<Identity> {
    Ok(header(path, &file::bytes(path)?)?.identity)
}

fn header(path: &Path, bytes: &[u8]) -> Result<Header> {
    let damaged = |what: String| damaged(path, what);
    let no_supernet = "this is no supernet; make one with `ganas supernet train`";
    let (_, metadata) =
        SafeTensors::read_metadata(bytes).map_err(|e| damaged(format!("{no_supernet} ({e})")))?;
    let header = (metadata.metadata().as_ref())
        .and_then(|all| all.get(KEY))
        .ok_or_else(|| damaged(no_supernet.into()))?;
    let version = serde_json::from_str::<serde_json::Value>(header)
        .ok()
        .and_then(|value| value["identity"]["version"].as_u64());
    if let Some(version) = version.filter(|version| *version > VERSION.into()) {
        return Err(damaged(format!(
            "the supernet was written by a newer version of ganas (layout {version}, this one reads {VERSION}); update ganas"
        )));
    }
    serde_json::from_str(header)
        .map_err(|e| damaged(format!("the header cannot be read ({e}); train it anew")))
}

/// Reads a supernet of a space.
///
/// # Errors
/// If the file cannot be read, is damaged, is of a newer version, or is of another space.
pub fn load(path: &Path, space: &dyn SearchSpace, device: &Device) -> Result<(Identity, Course)> {
    let damaged = |what: String| damaged(path, what);
    let bytes = file::bytes(path)?;
    let header = header(path, &bytes)?;
    let identity = &header.identity;
    if identity.space != space.name() || identity.ops != space.ops() {
        return Err(damaged(format!(
            "the supernet is of the space `{}` with the ops {}, not of `{}` with {}; name the space that it was trained for",
            identity.space,
            identity.ops.join(", "),
            space.name(),
            space.ops().join(", "),
        )));
    }
    let tensors = Tensors::new(path, &bytes)?;
    let read = |name: &str, shape| tensors.read(name, shape, device);
    let misfit = |error: TrainError| damaged(format!("the header cannot be right: {error}"));
    let slots = cover::slots(space, &identity.frame).map_err(misfit)?;
    let mut weights = Weights::default();
    let mut memory = BTreeMap::new();
    // Only what the file holds takes memory, whatever sizes its header claims.
    for (name, slot) in &slots {
        let weight = read(name, slot.shape)?;
        weights.trained.insert(name.clone(), weight);
        if let Some(&steps) = header.steps.get(name) {
            let part = |kind: &str| {
                let key = format!("{kind}/{name}");
                (tensors.has(&key))
                    .then(|| read(&key, slot.shape))
                    .transpose()
            };
            let (mean, square) = (part("mean")?, part("square")?);
            memory.insert(
                name.clone(),
                Memory {
                    steps,
                    mean,
                    square,
                },
            );
        }
    }
    let course = Course {
        supernet: Supernet {
            frame: identity.frame,
            slots,
            weights,
            device: device.clone(),
        },
        memory,
        history: header.history,
        devices: header.devices,
    };
    Ok((header.identity, course))
}
