//! Devices that tensors live on.

use std::fmt;

/// A device that tensors live on.
#[derive(Clone, Debug, PartialEq)]
pub enum Device {
    /// The CPU: one thread a tensor operation.
    Cpu,
    /// A graphics card, through burn.
    #[cfg(feature = "card")]
    Card(burn::tensor::Device),
}

/// The reason why the numbers of a tensor cannot be read from a graphics card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError(pub String);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the numbers cannot be read from the device: {}", self.0)
    }
}

impl std::error::Error for ReadError {}
