//! One file a subcommand.

pub mod bench;
pub mod completions;
pub mod export;
pub mod man;
pub mod measure;
pub mod pretrain;
pub mod proxies;
pub mod rare_event;
pub mod report;
pub mod result;
pub mod resume;
pub mod run;
pub mod search;
pub mod space;
pub mod supernet;
pub mod surrogate;
pub mod table;
