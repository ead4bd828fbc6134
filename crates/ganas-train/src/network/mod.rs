//! An architecture as a network: the plan of its layers, its weights, and how it is run.

mod block;
mod builder;
mod chain;
mod darts;
mod edge_cell;
pub(crate) mod file;
mod mobile;
mod node_cell;
mod plan;
mod roles;
mod run;
mod weights;

pub use block::Block;
pub(crate) use edge_cell::positions;
pub(crate) use node_cell::{EDGE, edge_choice};
pub(crate) use plan::{DEPTH, MOST_WIDTH, WIDTH, check_params, count};
pub use plan::{Frame, Init, MOST_DEPTH, MOST_PARAMS, Op, Plan, Slot, Step};
pub use roles::roles;
pub(crate) use run::run_observed;
pub use run::{Mode, Output, run};
pub use weights::Weights;
