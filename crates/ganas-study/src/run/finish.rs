//! The end of a run: the winner trained, the outlook made, the result written.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use ganas_core::arch::Arch;
use ganas_core::driver::{Problem, StopReason};
use ganas_core::error::{Error, Result};

use super::execute::Executed;
use super::plan::Plan;
use super::{comparison, outlook, winner};
use crate::progress::Progress;
use crate::record::{SearchReport, Winner};
use crate::source::Trained;

impl Plan<'_> {
    /// Ends a run, and writes its result. It is written first without what can take long: a run that is
    /// killed meanwhile has its result, and is resumed.
    pub(super) fn finish(
        &self,
        executed: Executed,
        mut report: SearchReport,
        problem: &Problem,
        progress: &Progress,
        stop: &AtomicBool,
    ) -> Result<SearchReport> {
        let broken_off = Self::is_broken_off(executed.run.stop);
        if let (Some(trained), Some(folder)) = (self.task.source.trained(), self.out)
            && !broken_off
            && executed.run.ledger.best().is_some()
            && self.task.front.is_none()
        {
            let trained = self.train_winner(trained, folder, &executed, problem, progress, stop);
            match trained {
                Ok(winner) => {
                    // Without a winner the run has not ended, even if its search has.
                    if winner.is_none() {
                        report.run.stop = StopReason::Interrupted;
                    }
                    report.winner = winner;
                }
                Err(error) => return Err(self.without_winner(&executed, report, error)),
            }
        }
        let write = |report: &SearchReport| match &executed.directory {
            Some(directory) => directory.finish(report).map_err(|e| self.kept(e)),
            None => Ok(()),
        };
        let ended = !broken_off && report.run.stop != StopReason::Interrupted;
        let single = self.task.front.is_none();
        if self.recipe.strategy() == "ga-nas" && self.alone && ended && single {
            let reason = std::mem::replace(&mut report.run.stop, StopReason::Interrupted);
            write(&report)?;
            report.run.stop = reason;
            let ledger = &executed.run.ledger;
            let further = ledger.charged().len();
            let queries = ledger.queries();
            report.outlook = outlook::record(self.task, problem, queries, further, self.seed, stop);
        }
        write(&report)?;
        executed.log.end(&report);
        Ok(report)
    }

    /// Trains the best architectures again, and the winner once more; `None` if it was stopped.
    fn train_winner(
        &self,
        trained: &Trained,
        folder: &Path,
        executed: &Executed,
        problem: &Problem,
        progress: &Progress,
        stop: &AtomicBool,
    ) -> Result<Option<Winner>> {
        let ledger = &executed.run.ledger;
        let best = ledger.top(winner::FINALISTS);
        let finalists: Vec<Arch> = best.iter().map(|q| q.arch).collect();
        let recipe = &trained.training.recipe;
        let epochs = self.winner_epochs.unwrap_or(recipe.epochs);
        // A comparison should not take longer than the search.
        let spent = ledger.charged().len() * recipe.epochs * recipe.repeats;
        let random = if comparison::TRAININGS * epochs <= spent {
            comparison::random(problem, self.task.sampler, self.seed)
        } else {
            Vec::new()
        };
        let candidates = winner::Candidates {
            finalists: &finalists,
            random: &random,
        };
        winner::train(
            trained,
            candidates,
            self.seed,
            self.winner_epochs,
            folder,
            progress,
            stop,
        )
    }

    /// Writes the result of a search whose last training failed. The architectures that it found are kept.
    /// The error says how to continue.
    fn without_winner(&self, executed: &Executed, mut report: SearchReport, error: Error) -> Error {
        // A training that diverged does so again. What could not be written may be later.
        let is_over = matches!(error, Error::Input(_));
        if !is_over {
            report.run.stop = StopReason::Interrupted;
        }
        // Its own error would hide the first, and a run without a result continues, too.
        let _ = (executed.directory.as_ref()).map(|directory| directory.finish(&report));
        if is_over { error } else { self.kept(error) }
    }
}
