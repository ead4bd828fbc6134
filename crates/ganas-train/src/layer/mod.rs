//! The layers of a network, as functions of tensors `[batch, height, width, channels]`.
//!
//! On the CPU the most expensive layers are nodes of their own on burn's tape. On any other device
//! each is composed of burn's own operations. Tests check that both agree.

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
