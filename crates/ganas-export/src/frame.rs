//! The frame of an exported network: as given, as its weights have it, or as its benchmark has it.

use std::path::Path;

use ganas_core::read_regular;
use ganas_core::space::{Kind, SearchSpace};
use ganas_train::network::MOST_DEPTH;
use ganas_train::{Frame, Preprocessing, TrainError};
use safetensors::SafeTensors;

use crate::error::{ExportError, Result};

/// The given parts of a frame. Missing parts follow from the weights, or are those of the
/// benchmark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// See [`Frame::width`].
    pub width: Option<usize>,
    /// See [`Frame::depth`].
    pub depth: Option<usize>,
    /// The number of classes.
    pub classes: Option<usize>,
    /// The channels of the images.
    pub channels: Option<usize>,
    /// Height and width of the images.
    pub size: Option<[usize; 2]>,
}

/// The frame of a network of a space.
///
/// The default frame of mobile networks is for ImageNet, that of all others for CIFAR-10. A
/// safetensors file of weights determines the width, the depth, the classes and the channels of the
/// images, but not their height and width.
///
/// # Errors
/// If the file cannot be read, or is not a file of weights.
pub fn frame(space: &dyn SearchSpace, given: &Given, weights: Option<&Path>) -> Result<Frame> {
    let usual = match space.kind() {
        Kind::Mobile(_) => Frame::imagenet(),
        _ => Frame::cifar10(),
    };
    let found = match weights {
        Some(path) => inferred(space, path)?,
        None => Given::default(),
    };
    let [height, width, _] = usual.image;
    let [height, width] = given.size.unwrap_or([height, width]);
    let channels = given.channels.or(found.channels).unwrap_or(usual.image[2]);
    Ok(Frame {
        image: [height, width, channels],
        classes: given.classes.or(found.classes).unwrap_or(usual.classes),
        width: given.width.or(found.width),
        depth: given.depth.or(found.depth),
    })
}

/// The preparation of images for the network of a file of weights. Returns `None` if the file has
/// no such metadata.
///
/// # Errors
/// If the file cannot be read, or is not a file of weights.
pub fn preprocessing(path: &Path) -> Result<Option<Preprocessing>> {
    let bytes = read(path)?;
    let other = |what: String| ExportError::Weights {
        path: path.to_owned(),
        what,
    };
    let (_, metadata) = SafeTensors::read_metadata(&bytes)
        .map_err(|e| other(format!("not a safetensors file: {e}")))?;
    match metadata.metadata() {
        Some(metadata) => Preprocessing::from_metadata(metadata).map_err(other),
        None => Ok(None),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    read_regular(path).map_err(|cause| {
        let path = path.to_owned();
        TrainError::Io { path, cause }.into()
    })
}

/// The parts of a frame that a file of weights determines.
fn inferred(space: &dyn SearchSpace, path: &Path) -> Result<Given> {
    let bytes = read(path)?;
    let other = |what: String| ExportError::Weights {
        path: path.to_owned(),
        what,
    };
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|e| other(format!("not a safetensors file: {e}")))?;
    // A weight without numbers takes no room in the file, however large its other sides claim to be.
    let shape = |name: &str| match file.tensor(name) {
        Ok(tensor) if tensor.shape().len() == 4 && !tensor.shape().contains(&0) => {
            Ok(tensor.shape().to_vec())
        }
        _ => Err(other(format!(
            "no weight `{name}`; name a file that `ganas search --train` wrote"
        ))),
    };
    let stem = shape("stem.conv")?;
    let width = match space.kind() {
        Kind::Darts(_) => stem[3] / 3,
        _ => stem[3],
    };
    // The names of weights begin with the place of their cell or block.
    let place = |name: &str| {
        let mut parts = name.split('.');
        let (first, second) = (parts.next()?, parts.next()?);
        let index = match space.kind() {
            Kind::NodeCell | Kind::EdgeCell => second.strip_prefix("cell")?,
            Kind::Chain => first.strip_prefix("block").map(|_| second)?,
            Kind::Darts(_) => first.strip_prefix("cell")?,
            _ => return None,
        };
        index.parse::<usize>().ok()
    };
    let names = file.names();
    // Where no op has weights, nothing tells the depth.
    let depth = names
        .into_iter()
        .filter_map(place)
        .max()
        .map(|last| last.saturating_add(1));
    if let Some(depth) = depth.filter(|&depth| depth > MOST_DEPTH) {
        return Err(other(format!(
            "the names of the weights mean {depth} cells a stage; at most {MOST_DEPTH} can be"
        )));
    }
    Ok(Given {
        width: Some(width),
        depth,
        classes: Some(shape("classifier.bias")?[3]),
        channels: Some(stem[2]),
        size: None,
    })
}
