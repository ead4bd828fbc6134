//! Chains: a line a stage.

use super::{mark, wrapped};
use crate::figure::{Change, Stage};
use crate::label;

/// The lines of a chain. Equal layers in a row are counted.
pub fn lines(stages: &[Stage], ops: &[String], marked: bool) -> Vec<String> {
    let width = (stages.iter().map(|s| label::columns(&s.name)).max()).unwrap_or(0);
    let mut lines = Vec::new();
    for stage in stages {
        let runs = (stage.layers).chunk_by(|a, b| a == b && a.change == Change::Same);
        let words: Vec<String> = runs
            .map(|run| {
                let sign = match (marked, run[0].change) {
                    (true, change) if change != Change::Same => mark(change).to_string(),
                    _ => String::new(),
                };
                let times = match run.len() {
                    1 => String::new(),
                    times => format!(" ×{times}"),
                };
                format!("{sign}{}{times}", ops[usize::from(run[0].op)])
            })
            .collect();
        let (first, other) = match width {
            0 => (String::new(), String::new()),
            _ => (
                format!("{} │ ", label::pad(&stage.name, width)),
                format!("{} │ ", " ".repeat(width)),
            ),
        };
        lines.extend(wrapped(&first, &other, " ─ ", &words));
    }
    lines
}
