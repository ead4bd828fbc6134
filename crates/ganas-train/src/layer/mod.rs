//! The layers of a network, as functions of tensors `[batch, height, width, channels]`.
//!
//! On the CPU the most expensive layers are nodes of their own on the tape. On a graphics card each
//! is composed of burn's operations. Tests check that both agree.

mod activation;
#[cfg(feature = "card")]
mod card;
mod gate;
mod loss;
mod norm;
mod pool;

pub use activation::{activate, relu};
pub use ganas_tensor::{ConvShape, conv2d, depthwise_conv2d};
pub use gate::gate;
pub use loss::{Targets, cross_entropy};
pub use norm::{EPSILON, Moments, batch_norm, normalize};
pub use pool::{avg_pool, global_avg_pool, max_pool};
