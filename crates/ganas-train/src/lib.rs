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
//!
//! # Graphics cards
//!
//! With the feature `wgpu` networks also run on a card of any vendor. [`device::Choice::Gpu`] opens
//! it or returns an error with the reason, such as that there is none. The layers are then burn's
//! operations. They agree with the CPU up to rounding. Sums may run in any order, so the same
//! seed need not give the same bits. Several networks share a card, each fed by a thread.
//!
//! ```text
//! cargo test --release -p ganas-train --features wgpu --test gpu -- --nocapture
//! ```
//!
//! compares the layers on the present card. A machine without a card can use a software driver, in
//! Debian the package `mesa-vulkan-drivers`. Tested so far:
//!
//! | feature | on | result |
//! |---|---|---|
//! | `wgpu` | lavapipe (Vulkan) and llvmpipe (OpenGL) of Mesa 22.3.6 | all tests pass, and `.ci/gpu` does: logits within 5e-6 of the CPU's, what training changes usually within 2e-5, relative to the largest |
//! | `vulkan` | lavapipe of Mesa 22.3.6 and 25.0.7 | builds, then a segmentation fault in the driver: cubecl 0.11.3 writes invalid shaders for drivers without `VK_KHR_workgroup_memory_explicit_layout` |
//! | `cuda` | - | not built: burn's build downloads an LLVM from GitHub |
//!
//! None was tried on a real card yet.
#![forbid(unsafe_code)]

pub mod device;
pub mod error;
pub mod evaluate;
pub mod examples;
pub mod latency;
pub mod layer;
pub mod network;
pub mod optimizer;
mod paused;
pub mod preprocessing;
pub mod proxies;
pub mod recipe;
pub mod supernet;
pub mod task;
pub mod trainer;

use ganas_tensor::Device;

/// The device that networks are trained on without a GPU: one thread each.
pub fn cpu() -> Device {
    Device::Cpu
}

pub use error::{Result, TrainError};
pub use evaluate::{METRICS, Training, TrainingEvaluator};
pub use examples::{Batch, Examples, Feed};
pub use latency::{LATENCY, Latency, TimedEvaluator, latency};
pub use network::{Frame, Plan, Weights};
pub use optimizer::Optimizer;
pub use paused::Checkpoints;
pub use preprocessing::Preprocessing;
pub use proxies::{Probe, Proxy};
pub use recipe::{Recipe, Schedule};
pub use supernet::Supernet;
pub use task::{ImageFeed, ImageTask};
pub use trainer::{Epoch, Network, Outcome, Score, measure};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
