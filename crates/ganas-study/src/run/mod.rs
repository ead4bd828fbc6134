//! Runs: a strategy with a seed on a task, from its preparation to its record.
//!
//! A [`Plan`] is run in four steps: [`Prepared`] opens what a specification names, `execute` runs the
//! search, `summarise` makes the record, and `finish` trains the winner and writes the result.

mod comparison;
mod execute;
mod finish;
mod front;
mod live_front;
mod log;
mod outlook;
mod plan;
mod prepare;
pub mod resume;
mod retrainings;
mod speed;
mod summarise;
mod top;
mod track;
mod winner;

pub use plan::{Hooks, Plan};
pub use prepare::{Embedding, Prepared, check_cost, check_queries};
pub use top::shown;
