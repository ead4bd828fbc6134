//! Small tensors of `f32` with reverse-mode differentiation, and fast channels-last convolutions.
//!
//! The networks of the search and the trained architectures both run on these tensors, one thread a
//! network. A layer that is worth it is one [`node`] of the tape with a hand-written backward pass;
//! everything else is composed of the methods of [`Tensor`]. Sums run in a fixed order, so a result
//! depends on the instruction set of the machine and on nothing else.
//!
//! The features `wgpu`, `vulkan` and `cuda` add tensors on graphics cards, which are burn's.
#![forbid(unsafe_code)]

pub mod check;
mod conv;
mod cpu;
mod device;
mod windows;

#[cfg(feature = "card")]
pub mod card;

#[cfg(not(feature = "card"))]
pub use conv::{conv2d, depthwise_conv2d};
pub use cpu::Numbers;
#[cfg(not(feature = "card"))]
pub use cpu::{Gradients, Tensor, node};
pub use device::{Device, ReadError};
pub use windows::{ConvShape, Windows};

#[cfg(feature = "card")]
pub use card::{Gradients, Tensor, conv2d, depthwise_conv2d, node};

/// Returns true if [`node`] works on the tensor's device.
pub fn on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.device() == Device::Cpu
}

/// A tensor on the CPU, without a tape.
pub fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    Tensor::new(values, shape, &Device::Cpu)
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
