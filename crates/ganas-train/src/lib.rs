//! Architectures as trainable convolutional networks.
//!
//! A [`Plan`] is a network as data: its layers in order and the names of its weights, built from an
//! architecture of a space. [`Weights`] are the numbers, by name, and [`run`](network::run) brings
//! the two together. A [`Network`] holds both and is trained by a [`Recipe`].
//!
//! Images are channels-last, `[batch, height, width, channels]`, because then a convolution is a
//! matrix product over runs of memory as they lie, and batch norm walks down columns. A network
//! uses one thread, and is a function of its plan, its examples and a seed; parallelism is across
//! networks.
#![forbid(unsafe_code)]

pub mod error;
pub mod examples;
pub mod layer;
pub mod network;
pub mod optimizer;
pub mod recipe;
pub mod trainer;

#[cfg(test)]
mod check;

pub use error::{Result, TrainError};
pub use examples::{Batch, Examples, Feed};
pub use network::{Frame, Plan, Weights};
pub use optimizer::Optimizer;
pub use recipe::{Recipe, Schedule};
pub use trainer::{Epoch, Network, Outcome, Score, measure};
