//! Supernets that were trained: searches on them, and scores by them.

mod scores;
mod searches;

pub use scores::{Comparison, Scored, Scores, score};
pub use searches::{Found, Run, Searches, Summary};
