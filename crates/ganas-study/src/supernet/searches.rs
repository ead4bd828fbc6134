//! Searches that train weights and policy in turn, with several seeds.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use ganas_core::error::Result;
use ganas_core::is_special;
use ganas_train::supernet::{Alternation, Identity, Method, Scoring, search};
use rayon::prelude::*;
use serde::Serialize;

use crate::VERSION;
use crate::files::write_json;
use crate::progress::Progress;
use crate::source::Shared;
use crate::source::recipe::usable;
use crate::statistics::{deviation, mean};
use crate::task::Report;

/// Results as they are written.
#[derive(Debug, Serialize)]
pub struct Found {
    /// The version of this program.
    pub ganas: String,
    /// The command line, program name left out.
    pub command: Vec<String>,
    /// Space, dataset and settings of the supernet.
    pub identity: Identity,
    /// Settings of the scores.
    pub scoring: Scoring,
    /// Device that it is on.
    pub device: String,
    /// Method that changed the policy.
    pub method: Method,
    /// Settings of the searches.
    pub settings: Alternation,
    /// Column that is reported.
    pub report: Option<String>,
    /// Searches, in the order of their seeds.
    pub runs: Vec<Run>,
    /// All searches together.
    pub summary: Summary,
}

/// One search.
#[derive(Clone, Debug, Serialize)]
pub struct Run {
    /// Seed of all random streams.
    pub seed: u64,
    /// Architecture that was found.
    pub arch: String,
    /// Accuracy by the supernet, in percent.
    pub accuracy: f64,
    /// The mean entropy of a choice of the policy at the end, in nats.
    pub entropy: f64,
    /// Value in the reported column.
    pub reported: Option<f64>,
    /// Rank in the reported column.
    pub reported_rank: Option<usize>,
    /// Wall time.
    pub seconds: f64,
}

/// Searches in sum.
#[derive(Debug, Serialize)]
pub struct Summary {
    /// Number of searches.
    pub seeds: usize,
    /// Mean of the reported values.
    pub mean_reported: Option<f64>,
    /// Standard deviation of the reported values.
    pub std_reported: Option<f64>,
    /// Mean of the reported ranks.
    pub mean_reported_rank: Option<f64>,
}

impl Summary {
    fn of(runs: &[Run]) -> Summary {
        let reported: Vec<f64> = runs.iter().filter_map(|r| r.reported).collect();
        let ranks: Vec<f64> = (runs.iter())
            .filter_map(|r| r.reported_rank.map(|rank| rank as f64))
            .collect();
        Summary {
            seeds: runs.len(),
            mean_reported: mean(&reported),
            std_reported: deviation(&reported),
            mean_reported_rank: mean(&ranks),
        }
    }
}

/// Searches with several seeds, of which any number run at once.
pub struct Searches<'a> {
    /// Method that changes the policy.
    pub method: Method,
    /// Settings of each search.
    pub settings: Alternation,
    /// Supernet.
    pub shared: &'a Shared,
    /// Column in which architectures are reported.
    pub reference: Option<Report>,
    /// First seed.
    pub first_seed: u64,
    /// Number of seeds.
    pub seeds: u64,
    /// File for the results, which is written anew as each seed ends.
    pub file: Option<PathBuf>,
    /// Command on record.
    pub command: Vec<String>,
}

impl Searches<'_> {
    /// Runs all searches, and writes their results. Those that are stopped are left out.
    ///
    /// # Errors
    /// If a search or the writing fails.
    pub fn run(&self, progress: &Progress, stop: &AtomicBool) -> Result<Found> {
        let seeds: Vec<u64> = (0..self.seeds)
            .map(|i| self.first_seed.wrapping_add(i))
            .collect();
        let bar = progress.steps(seeds.len());
        let done = Mutex::new(Vec::new());
        let one = |&seed: &u64| -> Result<()> {
            if let Some(run) = self.run_seed(seed, progress, stop)? {
                self.add(
                    run,
                    &mut done.lock().unwrap_or_else(PoisonError::into_inner),
                )?;
            }
            bar.advance(1);
            Ok(())
        };
        (self.shared.pool).install(|| seeds.par_iter().with_max_len(1).try_for_each(one))?;
        drop(bar);
        let found = self.found(&done.into_inner().unwrap_or_else(PoisonError::into_inner));
        if let Some(file) = &self.file {
            write_json(file, &found)?;
        }
        Ok(found)
    }

    /// Runs the search of one seed; `None` if it is stopped.
    fn run_seed(&self, seed: u64, progress: &Progress, stop: &AtomicBool) -> Result<Option<Run>> {
        let begun = Instant::now();
        let shared = self.shared;
        let found = search(
            self.method,
            &self.settings,
            &*shared.space,
            &shared.supernet,
            &shared.task,
            &shared.scoring,
            seed,
            stop,
        )
        .map_err(usable)?;
        let Some(found) = found else {
            return Ok(None);
        };
        progress.log(&format!(
            "seed {seed}: accuracy {:.2} %, {:.1} s",
            100.0 * found.score.accuracy,
            begun.elapsed().as_secs_f64()
        ));
        let reported = (self.reference.as_ref()).and_then(|reference| reference.of(&found.arch));
        Ok(Some(Run {
            seed,
            arch: shared.space.format(&found.arch),
            accuracy: 100.0 * found.score.accuracy,
            entropy: found.entropy,
            reported: reported.map(|(value, _)| value),
            reported_rank: reported.map(|(_, rank)| rank),
            seconds: begun.elapsed().as_secs_f64(),
        }))
    }

    /// Adds a search to the finished ones in the order of their seeds, and writes them.
    fn add(&self, run: Run, done: &mut Vec<Run>) -> Result<()> {
        done.push(run);
        done.sort_by_key(|run| run.seed.wrapping_sub(self.first_seed));
        // A killed process loses only the searches under way. A pipe gets the whole at the end alone.
        match &self.file {
            Some(file) if !is_special(file) => write_json(file, &self.found(done)),
            _ => Ok(()),
        }
    }

    /// Makes the record of the finished searches.
    fn found(&self, runs: &[Run]) -> Found {
        Found {
            ganas: VERSION.into(),
            command: self.command.clone(),
            identity: self.shared.identity.clone(),
            scoring: self.shared.scoring,
            device: self.shared.device.clone(),
            method: self.method,
            settings: self.settings.clone(),
            report: (self.reference.as_ref()).map(|reference| reference.name.clone()),
            summary: Summary::of(runs),
            runs: runs.to_vec(),
        }
    }
}
