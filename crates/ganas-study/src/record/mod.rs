//! Records: the JSON that searches and benchmarks write. Fields are only ever added.

mod bench;
mod front;
mod provenance;
mod search;

pub use bench::{
    BenchReport, Comparison, FidelitySummary, ShareSummary, Standing, SuiteReport, Summary,
    TaskReport,
};
pub use front::{FrontMember, FrontRecord, TableFrontRecord};
pub use provenance::{
    CallerRecord, HistoryRecord, PretrainedRecord, PriorRecord, Provenance, StrategyRecord,
    SupernetRecord, SurrogateRecord, TableRecord, TaskRecord, TrainingRecord, WorkersRecord,
};
pub use search::{
    BesideRandom, BestRow, FidelityRun, Finalist, Improved, Nearest, OutlookRecord, Run,
    SearchReport, Step, Top, TrainedRandom, Winner,
};
