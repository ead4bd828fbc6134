//! Errors of this crate.

use std::path::PathBuf;

use ganas_train::TrainError;

/// The result of a fallible function of this crate.
pub type Result<T, E = ExportError> = std::result::Result<T, E>;

/// An error of an export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The network cannot be built, or its weights not be read.
    #[error(transparent)]
    Network(#[from] TrainError),
    /// A file of weights is of another network.
    #[error("{}: {what}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// A description of the misfit.
        what: String,
    },
    /// A weight of the network is not there.
    #[error("the network has no weight `{0}`")]
    Missing(String),
}
