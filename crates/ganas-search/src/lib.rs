//! Search strategies: GA-NAS and the baselines it is measured against.

#![forbid(unsafe_code)]

pub mod baseline;
mod recipe;

pub use recipe::{Recipe, STRATEGIES};
