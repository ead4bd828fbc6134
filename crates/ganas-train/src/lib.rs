//! Architectures as trainable convolutional networks.
#![forbid(unsafe_code)]
#[cfg(test)]
mod check;
pub mod layer;
mod tape;
