//! Knowledge before a search: results of other tasks (`--prior`) and metrics that are free (`--known`).

mod known;
mod open;
mod run;
mod searched;

use std::sync::Arc;

use ganas_core::Prior;
use ganas_core::error::Result;

use crate::record::PriorRecord;
use crate::session::Session;
use crate::spec::TaskSpec;

pub use searched::Searched;

/// Everything that is known before a search.
pub struct Priors {
    /// Numbers of architectures, for the strategy.
    pub priors: Arc<[Prior]>,
    /// Record of the other tasks.
    pub records: Vec<PriorRecord>,
    /// Names of the free metrics.
    pub known: Vec<String>,
    /// Record of the files that some of them are in.
    pub known_files: Vec<PriorRecord>,
}

/// Results of other tasks on a space.
///
/// # Errors
/// If one cannot be used, or is named twice.
pub fn tasks(
    named: &[String],
    task: &Searched,
    session: &Session,
    notes: &mut Vec<String>,
) -> Result<Vec<Prior>> {
    let opened = open::open_all(named, task, session, notes)?;
    Ok(opened.into_iter().map(|opened| opened.prior).collect())
}

impl Default for Priors {
    fn default() -> Self {
        Priors {
            priors: Arc::new([]),
            records: Vec::new(),
            known: Vec::new(),
            known_files: Vec::new(),
        }
    }
}

impl Priors {
    /// Opens everything that a specification names beside its task. Notes for the user are added to `notes`.
    ///
    /// # Errors
    /// If some of it cannot be used.
    pub fn open(
        spec: &TaskSpec,
        task: &Searched,
        session: &Session,
        notes: &mut Vec<String>,
    ) -> Result<Priors> {
        let (mut priors, mut records) = (Vec::new(), Vec::new());
        for opened in open::open_all(&spec.prior, task, session, notes)? {
            priors.push(opened.prior);
            records.push(opened.record);
        }
        let known = known::open(&spec.known, task, session, notes)?;
        priors.extend(known.priors);
        Ok(Priors {
            priors: priors.into(),
            records,
            known_files: known.files,
            known: spec.known.clone(),
        })
    }

    /// Returns true if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.priors.is_empty()
    }
}
