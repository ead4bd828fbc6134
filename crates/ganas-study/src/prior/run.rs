//! Run folders as priors: their evaluations, and the direction that they had.

use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result};
use ganas_core::problem::Objective;

use crate::direction::ObjectiveSpec;
use crate::rundir::settings::Recorded;
use crate::rundir::{EVALUATIONS, SETTINGS};

/// Folder of a run.
pub(super) struct RunPrior {
    /// Evaluations of the run.
    pub evaluations: PathBuf,
    objectives: Vec<Objective>,
}

impl RunPrior {
    /// Looks into a folder of a run of a space.
    ///
    /// # Errors
    /// If it is not the folder of a run, or the run was on another space.
    pub fn open(folder: &Path, space: &str) -> Result<RunPrior> {
        let evaluations = folder.join(EVALUATIONS);
        if !evaluations.exists() {
            return Err(Error::input(format!("the folder has no `{EVALUATIONS}`"))
                .mend("name the folder of a run, as `ganas search --out DIR` makes it, or a table")
                .in_file(folder));
        }
        let settings = folder.join(SETTINGS);
        let recorded = Recorded::read(&settings)?;
        // Files of one space may have several paths.
        let is_other = |other: &&str| *other != space && !is_file(other) && !is_file(space);
        if let Some(other) = recorded.space().filter(is_other) {
            return Err(Error::input(format!(
                "the run was on the space `{other}`, and this search is on `{space}`"
            ))
            .mend("name runs and tables of the same space")
            .in_file(settings));
        }
        let typed = recorded.objectives().unwrap_or_default();
        let objectives = typed.iter().map(|text| ObjectiveSpec::parse(text, false));
        let objectives = objectives.collect::<Result<Vec<_>>>()?;
        Ok(RunPrior {
            evaluations,
            objectives: objectives.iter().map(ObjectiveSpec::objective).collect(),
        })
    }

    /// Name of the only objective of the run.
    pub fn objective(&self) -> Option<&str> {
        match &self.objectives[..] {
            [only] => Some(&only.metric),
            _ => None,
        }
    }

    /// Returns true if the run minimised a metric; `None` if it was not an objective.
    pub fn minimized(&self, metric: &str) -> Option<bool> {
        let objective = self.objectives.iter().find(|o| o.metric == metric);
        objective.map(Objective::is_minimized)
    }
}

/// Returns true if a space is one of a file.
fn is_file(space: &str) -> bool {
    space.ends_with(".toml")
}
