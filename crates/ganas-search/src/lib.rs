//! Search strategies: GA-NAS and the baselines it is measured against.

#![forbid(unsafe_code)]

pub mod baseline;
pub mod ga_nas;
pub mod predictor;
mod recipe;
pub mod surrogate;

pub use recipe::{Recipe, STRATEGIES};
