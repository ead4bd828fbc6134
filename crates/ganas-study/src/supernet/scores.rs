//! Scores of architectures by a supernet, and their agreement with a table.

use std::sync::atomic::{AtomicBool, Ordering};

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::{Evaluator, Outcome};
use ganas_search::predictor::{kendall, spearman};
use ganas_train::supernet::{Identity, Scoring};
use serde::Serialize;

use crate::progress::Progress;
use crate::source::Shared;

/// Architectures that are scored before the progress is shown.
const CHUNK: usize = 20;

/// Result of the evaluation.
#[derive(Debug, Serialize)]
pub struct Scores {
    /// The version of this program.
    pub ganas: String,
    /// The command line, program name left out.
    pub command: Vec<String>,
    /// Space, dataset and settings of the supernet.
    pub identity: Identity,
    /// Settings of the scores.
    pub scoring: Scoring,
    /// The device that it is on.
    pub device: String,
    /// The column of the table, and how the accuracies compare with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// The scores.
    pub scores: Vec<Scored>,
    /// The architectures without a score, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<(String, String)>,
    /// Wall time in seconds.
    pub seconds: f64,
}

/// Agreement of the scores with a column of a table.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// Name of the column.
    pub column: String,
    /// Architectures that both have.
    pub architectures: usize,
    /// Correlation of the accuracy with the column.
    pub spearman: Option<f64>,
    /// Kendall of the accuracy with the column.
    pub kendall: Option<f64>,
    /// Correlation of the negative loss with the column.
    pub loss_spearman: Option<f64>,
    /// Kendall of the negative loss with the column.
    pub loss_kendall: Option<f64>,
}

/// Score of an architecture.
#[derive(Debug, Serialize)]
pub struct Scored {
    /// Architecture.
    pub arch: String,
    /// Percent of the validation images.
    pub accuracy: f64,
    /// Nats.
    pub loss: f64,
    /// The table's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

/// Architectures without a score, and why.
pub type Failures = Vec<(String, String)>;

/// Scores architectures, and looks up the value of each in a table. `None` if it is stopped.
///
/// # Errors
/// If none has a score.
pub fn score(
    shared: &Shared,
    archs: &[Arch],
    value: impl Fn(&Arch) -> Option<f64>,
    progress: &Progress,
    stop: &AtomicBool,
) -> Result<Option<(Vec<Scored>, Failures)>> {
    let space = &shared.space;
    let mut evaluator = shared.evaluator();
    let bar = progress.queries(archs.len());
    let mut scores = Vec::with_capacity(archs.len());
    let mut failures = Vec::new();
    for chunk in archs.chunks(CHUNK) {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        for (arch, outcome) in chunk.iter().zip(evaluator.evaluate(chunk)) {
            let text = space.format(arch);
            match outcome {
                Outcome::Done(metrics) => scores.push(Scored {
                    arch: text,
                    accuracy: metrics[0],
                    loss: metrics[1],
                    value: value(arch),
                }),
                Outcome::Failed(why) => failures.push((text, why)),
            }
        }
        bar.advance(chunk.len());
    }
    if let (true, Some((_, why))) = (scores.is_empty(), failures.first()) {
        return Err(Error::input(why.clone()));
    }
    Ok(Some((scores, failures)))
}

impl Comparison {
    /// Agreement of scores with the values of a column.
    pub fn of(column: &str, scores: &[Scored]) -> Comparison {
        let known = scores.iter().filter_map(|s| Some((s, s.value?)));
        let (scores, values): (Vec<&Scored>, Vec<f64>) = known.unzip();
        let accuracies: Vec<f64> = scores.iter().map(|s| s.accuracy).collect();
        let losses: Vec<f64> = scores.iter().map(|s| -s.loss).collect();
        Comparison {
            column: column.to_owned(),
            architectures: values.len(),
            spearman: spearman(&accuracies, &values),
            kendall: kendall(&accuracies, &values),
            loss_spearman: spearman(&losses, &values),
            loss_kendall: kendall(&losses, &values),
        }
    }
}
