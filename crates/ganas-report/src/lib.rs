//! Searches and benchmarks as one self-contained HTML page: charts, a table of all architectures,
//! drawings and provenance.
//!
//! A [`Report`] is plain data, filled by the reader of run folders; [`Report::html`] is the page. It
//! has its style, its program, the chart library (Apache ECharts) and the data, and loads nothing
//! from the network. The data are compressed, since tens of thousands of architectures take megabytes.
//!
//! ```
//! use ganas_report::{Report, Run, State, Step, Task};
//!
//! let run = Run {
//!     strategy: "random".into(),
//!     state: State::Finished,
//!     queries: 100,
//!     best: Some(91.5),
//!     steps: vec![Step(1, 80.2, None), Step(42, 91.5, None)],
//!     ..Run::default()
//! };
//! let report = Report {
//!     title: "A first look".into(),
//!     tasks: vec![Task {
//!         space: "nasbench201".into(),
//!         objective: "accuracy".into(),
//!         runs: vec![run],
//!         ..Task::default()
//!     }],
//!     ..Report::default()
//! };
//! assert!(report.html().starts_with("<!doctype html>"));
//! ```

#![forbid(unsafe_code)]

mod attainment;
mod choices;
mod curve;
pub mod gather;
mod importance;
pub mod levels;
mod model;
mod page;
pub mod serve;
mod summary;

pub use attainment::{Attainment, attainments, svg as front_svg};
pub use choices::Choices;
pub use curve::{Curve, Trace, aggregate};
pub use importance::Importance;
pub use model::{
    Architectures, Bound, CurveEnd, Difference, Export, FrontPoint, Goal, LearningCurve, Origin,
    Report, Round, Run, Standing, State, Step, Suite, Task, Winner,
};
pub use page::unpacked;
pub use summary::{Summary, summarise};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
