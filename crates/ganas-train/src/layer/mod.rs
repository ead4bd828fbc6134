//! The layers of a network, as functions of tensors `[batch, height, width, channels]`.
//!
//! On the CPU the layers that take the time are nodes of their own on burn's tape; on any other
//! device each is composed of burn's own operations. Both ways are tested to agree.

mod activation;
mod conv;
mod gate;
mod loss;
mod norm;
mod pool;
mod windows;

pub use activation::{activate, relu};
pub use conv::{conv2d, depthwise_conv2d};
pub use gate::gate;
pub use loss::{Targets, cross_entropy};
pub use norm::{EPSILON, Moments, batch_norm, normalize};
pub use pool::{avg_pool, global_avg_pool, max_pool};
pub use windows::ConvShape;
