//! Functions of single numbers between the layers of a network.

use serde::{Deserialize, Serialize};

/// Function of single numbers that follows a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Positive part.
    Relu,
    /// Positive part, at most 6 (Sandler et al. 2018, arXiv 1801.04381).
    Relu6,
    /// `x` times its sigmoid (Ramachandran et al. 2017, arXiv 1710.05941).
    Swish,
    /// `x` times its [`HardSigmoid`](Self::HardSigmoid) (Howard et al. 2019, arXiv 1905.02244).
    HardSwish,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `(x + 3) / 6`, at least 0 and at most 1 (Howard et al. 2019).
    HardSigmoid,
}
