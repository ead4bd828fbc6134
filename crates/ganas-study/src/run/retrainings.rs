//! Journal of the trainings that choose the winner of a search: `winner.jsonl` in the run folder. A search
//! that was killed during them continues with the remaining ones.

use std::collections::HashMap;
use std::path::Path;

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::evaluate::Outcome;
use ganas_core::journal::Journal;
use ganas_core::space::SearchSpace;

/// The file. It is a journal as that of the evaluations.
const FILE: &str = "winner.jsonl";

/// The columns: the number of the training of an architecture, and its accuracy.
const METRICS: [&str; 2] = ["training", "accuracy"];

/// The trainings of a run that have finished.
pub struct Retrainings<'a> {
    journal: Journal<'a>,
    values: HashMap<(Arch, u64), f64>,
}

impl<'a> Retrainings<'a> {
    /// Opens the file in the folder of a run, or begins it.
    ///
    /// # Errors
    /// If it is damaged or cannot be written.
    pub fn open(folder: &Path, space: &'a dyn SearchSpace) -> Result<Retrainings<'a>> {
        let metrics = METRICS.map(String::from);
        let opened = Journal::open(&folder.join(FILE), space, &metrics, None)?;
        let values = (opened.finished.into_iter())
            .filter_map(|finished| match finished.outcome {
                Outcome::Done(values) => Some(((finished.trial.arch, values[0] as u64), values[1])),
                Outcome::Failed(_) => None,
            })
            .collect();
        Ok(Retrainings {
            journal: opened.journal,
            values,
        })
    }

    /// The accuracy of an architecture in one of its trainings, if that has finished: negative
    /// infinity if it diverged.
    pub fn accuracy(&self, arch: &Arch, training: u64) -> Option<f64> {
        self.values.get(&(*arch, training)).copied()
    }

    /// A training has finished.
    ///
    /// # Errors
    /// If it cannot be written down.
    pub fn add(&mut self, arch: &Arch, training: u64, accuracy: f64) -> Result<()> {
        self.values.insert((*arch, training), accuracy);
        self.journal
            .append(arch, &Outcome::Done(vec![training as f64, accuracy]))
    }
}
