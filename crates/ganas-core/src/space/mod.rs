//! Search spaces.

mod growth;

pub use growth::{Growth, LabelSet, Link, Rules};
