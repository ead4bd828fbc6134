//! Surrogates: cheap models of the objective, fitted to what was evaluated.

mod columns;
mod committee;
mod factor;
mod features;
mod lessons;
mod process;
mod promise;
mod share;
mod trees;

pub(crate) use columns::Row;
pub use committee::{Committee, CommitteeConfig, Opinion};
pub use features::{Describer, Kind};
pub(crate) use features::{Feature, describe};
pub use lessons::{by_compliance, merits};
pub use process::{Chosen, GaussianProcess};
pub use promise::{Kernels, Promise};
pub use trees::{Binned, Draws, Trees, TreesConfig};
