//! Surrogates: cheap models of the objective, fitted to what was evaluated.

mod columns;
mod committee;
mod features;
mod process;
mod trees;

pub(crate) use columns::Row;
pub(crate) use committee::ranked;
pub use committee::{Committee, CommitteeConfig};
pub use features::Describer;
pub(crate) use features::{Feature, Kind, describe};
pub use process::{GaussianProcess, Kernel};
pub use trees::{Binned, Trees, TreesConfig};
