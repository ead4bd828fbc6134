//! Errors of this crate.

use std::io;
use std::path::PathBuf;

use crate::network::MOST_PARAMS;

/// The result of a fallible function of this crate.
pub type Result<T, E = TrainError> = std::result::Result<T, E>;

/// An error of building, training or storing a network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The numbers of a tensor cannot be read from the device.
    #[error(transparent)]
    Device(#[from] ganas_tensor::ReadError),
    /// An op has no layers.
    #[error("no layers are known for the op `{op}`; use {known}")]
    UnknownOp {
        /// The op's name.
        op: String,
        /// The ops that have some.
        known: &'static str,
    },
    /// A space has a structure from which no network is built.
    #[error(
        "no network is known for the space `{0}`; use one that is built in, or a space file of kind chain, edge-cell or node-cell"
    )]
    UnknownSpace(String),
    /// The architectures of a space cannot share weights.
    #[error(
        "no supernet is known for the space `{0}`; use cells such as nasbench201, a mobile space such as efficientnet-b0, or a chain with the same ops at each position"
    )]
    NoSupernet(String),
    /// A space has no cells for searches that train weights and a policy in turn.
    #[error(
        "the space `{0}` has no cells, which this search needs; use `ganas search --space {0} --supernet DIR --objective loss`"
    )]
    NoCells(String),
    /// A target is not a name and a number.
    #[error("`{0}` is not a target; write it as NAME=VALUE, such as params=500000")]
    Target(String),
    /// A space has no cost of this name.
    #[error("there is no cost `{name}`; there are {known}")]
    UnknownCost {
        /// The name.
        name: String,
        /// The costs of the space.
        known: String,
    },
    /// An architecture is not one of its space.
    #[error("{0}")]
    Foreign(String),
    /// The network cannot halve images of this size as often as it has to.
    #[error("images of {height} x {width} do not fit this network; use multiples of 4")]
    ImageSize {
        /// The height of the images in pixels.
        height: usize,
        /// The width of the images in pixels.
        width: usize,
    },
    /// A network has more weights than can be trained.
    #[error(
        "a network of {params} weights is too large: {MOST_PARAMS} at most; use a smaller width or depth"
    )]
    TooLarge {
        /// The number of its weights.
        params: usize,
    },
    /// A setting is out of its range.
    #[error("`{name} = {value}` is out of range; use {range}")]
    Setting {
        /// The setting's name.
        name: &'static str,
        /// The setting's value.
        value: f64,
        /// The allowed range.
        range: &'static str,
    },
    /// The examples do not fit the network.
    #[error("{0}")]
    Examples(String),
    /// The loss was not a number.
    #[error("training diverged in epoch {epoch}: the loss is {loss}; lower the learning rate")]
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The loss.
        loss: f64,
    },
    /// The outputs of a network are not numbers.
    #[error("the loss of the network is {loss}; train it with a lower learning rate")]
    NoNumber {
        /// The loss.
        loss: f64,
    },
    /// A dataset, or its split, cannot be used.
    #[error(transparent)]
    Data(#[from] ganas_core::error::Error),
    /// A file could not be read.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why. It is in the message already, and so is not the error's source.
        cause: io::Error,
    },
    /// A file without weights, or with the weights of another network.
    #[error("{}: {what}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// A description of the fault.
        what: String,
    },
}
