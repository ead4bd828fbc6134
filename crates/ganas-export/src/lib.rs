//! Architectures as networks of other libraries: a [PyTorch module](mod@pytorch) to read and to train
//! on, and an [ONNX model](mod@onnx) to run anywhere.
//!
//! Both have the network that [`Plan::build`](ganas_train::Plan::build) describes and the names of
//! its weights, so they can load weights trained here.
//!
//! ```
//! use ganas_core::space::{self, SearchSpace};
//! use ganas_export::Input;
//! use ganas_train::Frame;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let space = space::load("nasbench201")?;
//! let arch = space.parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|")?;
//! let module = ganas_export::pytorch(space.as_ref(), &arch, &Frame::cifar10(), &Input::default())?;
//! assert!(module.contains("class Cell(nn.Module)"));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod error;
mod frame;
mod input;
pub mod onnx;
pub mod pytorch;

pub use error::{ExportError, Result};
pub use frame::{Given, frame, preprocessing};
pub use input::{Input, Pixels};
pub use onnx::onnx;
pub use pytorch::pytorch;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
