//! The journal of a run: every evaluation, on the disk as soon as it is finished.
//!
//! The format, version 2: a text file of one JSON object a line, which only ever grows. The first
//! line has the space, the names of the metrics and the levels of the fidelity, if there are several:
//!
//! ```json
//! {"ganas-journal":2,"space":"nasbench201","metrics":["accuracy","loss"],"crc32c":"9a2b01c4"}
//! {"ganas-journal":2,"space":"chain","metrics":["loss"],"fidelity":{"epochs":[1,100]},"crc32c":"66d0b1a8"}
//! ```
//!
//! Each other line is an evaluation, in the order in which they finished: the architecture in the
//! notation of its space, its fidelity, if there are several, and its metrics in the order of the
//! first line, or why it failed. A metric that is not a number is `null`, an infinite one `"inf"` or
//! `"-inf"`. Version 1 has no fidelities, and is the same otherwise: it is read and continued.
//!
//! ```json
//! {"arch":"|skip_connect~0|+...","metrics":[91.25,0.31],"crc32c":"0e9f2c77"}
//! {"arch":"|none~0|+...","failed":"out of memory","crc32c":"5d00a1b2"}
//! {"arch":"a;b;c","fidelity":{"epochs":12},"metrics":[0.31],"crc32c":"7a90c1d4"}
//! ```
//!
//! An evaluation may have `seconds`, the time that it took, and `more`: values by name that came back
//! beside its metrics. A line `{"retry":"failed"}` says that what had failed before it is evaluated
//! again: from then on those evaluations do not count.
//!
//! `crc32c` is the checksum (RFC 3720) of all bytes of the file that come before `,"crc32c"` on its
//! line, those names and numbers of other lines left out which stand between that and the ends of
//! the lines. So a line that was changed, added, removed or moved is found, with its number.
//!
//! A line counts once it ends with a newline. A last line that is torn or damaged is cut off, as a
//! power failure may leave one; anywhere else it is an error.

mod line;
mod lock;
mod read;
mod retry;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::{Error, Result, counted};
use crate::evaluate::{Details, Outcome, Progress};
use crate::space::SearchSpace;
use crate::trial::{Axis, Trial};

use line::{Entry, Header, Metric, Retried, SEAL, VERSION, levels};
use lock::{identity, is_removed, lock};
use read::Content;
use retry::{forget_failed, has_failed};

/// Time within which finished trials share one wait for the disk.
const PACE: Duration = Duration::from_millis(5);

/// Time within which trials share one wait if they can be evaluated again at once.
const RELAXED_PACE: Duration = Duration::from_secs(1);

/// Trial that was evaluated, with its outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The trial.
    pub trial: Trial,
    /// The outcome.
    pub outcome: Outcome,
    /// Reports on the way.
    pub progress: Progress,
}

impl Finished {
    /// Creates a finished trial.
    pub fn new(trial: impl Into<Trial>, outcome: Outcome) -> Self {
        Finished {
            trial: trial.into(),
            outcome,
            progress: Progress::default(),
        }
    }

    /// Adds the reports on the way.
    pub fn after(self, progress: Progress) -> Self {
        Finished { progress, ..self }
    }
}

/// Open journal of a run. No other process can open it until it is dropped.
pub struct Journal<'a> {
    path: PathBuf,
    space: &'a dyn SearchSpace,
    axis: Option<Axis>,
    /// Place of each metric of a line in an outcome; `None` if the orders agree.
    places: Option<Vec<usize>>,
    file: File,
    length: u64,
    crc: u32,
    /// Set if something was written that may not be on the disk yet.
    is_dirty: bool,
    synced_at: Instant,
    /// Least time between two waits for the disk, except for requested ones.
    pace: Duration,
    /// Number of trials in the file.
    count: usize,
    /// Set if the file system has numbers that identify this file.
    identifiable: bool,
}

/// Opened journal with its content.
pub struct Opened<'a> {
    /// The journal, to append to.
    pub journal: Journal<'a>,
    /// Trials in the order in which they finished.
    pub finished: Vec<Finished>,
    /// Details of trials that have any.
    pub details: HashMap<Trial, Details>,
    /// First trials of a search in which failed ones are evaluated again: all earlier trials, in
    /// order. Empty if the search continues as it began.
    pub begin: Vec<Trial>,
    /// Number of bytes of a torn line that were cut off.
    pub torn: u64,
    /// True if the file is locked. On file systems without locks, another process could write to it.
    pub locked: bool,
}

impl Opened<'_> {
    /// Lets failed trials be evaluated again. Remove any checkpoint before.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn retry_failed(&mut self) -> Result<()> {
        if !self.finished.iter().any(has_failed) {
            return Ok(());
        }
        let retry = Retried::Failed;
        self.journal.write(&Entry::Retry { retry })?;
        self.journal.is_dirty = true;
        self.journal.sync()?;
        forget_failed(&mut self.finished, &mut self.begin);
        Ok(())
    }
}

impl<'a> Journal<'a> {
    /// Opens the journal of a run, or creates it if it is missing or empty. Metrics of outcomes are in
    /// the order of `metrics`, and are mapped to the order of the file by name.
    ///
    /// # Errors
    /// If another process has it open, a line is damaged, it is of a newer version, or of another
    /// space, other metrics or another fidelity.
    pub fn open(
        path: &Path,
        space: &'a dyn SearchSpace,
        metrics: &[String],
        axis: Option<&Axis>,
    ) -> Result<Opened<'a>> {
        let refused = |e| Error::io(path, e);
        let mut file = (OpenOptions::new().read(true).append(true).create(true))
            .open(path)
            .map_err(refused)?;
        let locked = lock(&file, path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(refused)?;
        let content = Content::read(&bytes, space, metrics, axis).map_err(|e| e.in_file(path))?;
        let mut journal = Journal {
            path: path.to_owned(),
            space,
            axis: axis.cloned(),
            places: content.places,
            length: content.length as u64,
            crc: content.crc,
            is_dirty: false,
            synced_at: Instant::now(),
            pace: PACE,
            count: content.finished.len(),
            identifiable: identity(&file.metadata().map_err(refused)?)
                == identity(&fs::metadata(path).map_err(refused)?),
            file,
        };
        let torn = (bytes.len() - content.length) as u64;
        if torn > 0 {
            journal.file.set_len(journal.length).map_err(refused)?;
        }
        if content.length == 0 {
            journal.write(&Header {
                version: VERSION,
                space: space.name().to_owned(),
                metrics: metrics.to_vec(),
                fidelity: axis.map(levels),
            })?;
        }
        journal.is_dirty = true;
        journal.sync()?;
        Ok(Opened {
            journal,
            finished: content.finished,
            details: content.details,
            begin: content.begin,
            torn,
            locked,
        })
    }

    /// Waits for the disk at most once a second, for trials that can be evaluated again at once, as
    /// from a table. If the machine fails, those of the last second may be lost.
    pub fn relaxed(self) -> Self {
        Journal {
            pace: RELAXED_PACE,
            ..self
        }
    }

    /// Appends a finished trial. It is kept if this process is killed. If the machine fails, it is
    /// kept after a call of [`sync`](Self::sync), and unless an earlier trial finished within
    /// milliseconds.
    ///
    /// # Errors
    /// If the disk is full, the operating system refuses, or the file was removed or renamed. The
    /// file is then as it was.
    pub fn append(&mut self, trial: impl Into<Trial>, outcome: &Outcome) -> Result<()> {
        self.append_with(trial, outcome, Details::default())
    }

    /// Appends a finished trial with its details.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn append_with(
        &mut self,
        trial: impl Into<Trial>,
        outcome: &Outcome,
        details: Details,
    ) -> Result<()> {
        let trial = trial.into();
        let arch = self.space.format(&trial.arch);
        let fidelity = self.axis.as_ref().map(|axis| {
            let level = axis.level(trial.fidelity);
            BTreeMap::from([(axis.name().to_owned(), level)])
        });
        self.write(&match outcome {
            Outcome::Done(metrics) => Entry::Done {
                arch,
                fidelity,
                metrics: self.in_file_order(metrics),
                details,
            },
            Outcome::Failed(reason) => Entry::Failed {
                arch,
                fidelity,
                failed: reason.clone(),
                details,
            },
        })?;
        self.is_dirty = true;
        self.count += 1;
        self.check_present()?;
        self.sync_if_due()
    }

    fn in_file_order(&self, metrics: &[f64]) -> Vec<Metric> {
        match &self.places {
            Some(places) => (places.iter().map(|&i| Metric::new(metrics[i]))).collect(),
            None => metrics.iter().copied().map(Metric::new).collect(),
        }
    }

    /// Checks that the path still leads to this file.
    ///
    /// # Errors
    /// [`Error::Io`] if it was removed, renamed or replaced.
    pub fn check_present(&self) -> Result<()> {
        let own = self.file.metadata().map_err(|e| Error::io(&self.path, e))?;
        let there = fs::metadata(&self.path);
        let same = |there: &Metadata| !self.identifiable || identity(&own) == identity(there);
        if there.as_ref().is_ok_and(same) {
            return Ok(());
        }
        let evaluations = counted(self.count, "evaluation");
        if is_removed(&own) {
            let what = format!(
                "the folder or this file was removed while the search went on; the {evaluations} in \
                 it are lost"
            );
            return Err(Error::removed(&self.path, what));
        }
        let what = format!(
            "the folder or this file was renamed while the search went on; its {evaluations} are \
             kept where it is now"
        );
        Err(Error::moved(&self.path, what))
    }

    /// Calls [`sync`](Self::sync), unless the journal is [`relaxed`](Self::relaxed).
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub fn sync_unless_relaxed(&mut self) -> Result<()> {
        if self.pace == RELAXED_PACE {
            return self.sync_if_due();
        }
        self.sync()
    }

    fn sync_if_due(&mut self) -> Result<()> {
        if self.synced_at.elapsed() < self.pace {
            return Ok(());
        }
        self.sync()
    }

    /// Waits until all lines are on the disk.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn sync(&mut self) -> Result<()> {
        if self.is_dirty {
            let synced = self.file.sync_data();
            synced.map_err(|e| Error::write(&self.path, e))?;
            self.is_dirty = false;
            self.synced_at = Instant::now();
        }
        Ok(())
    }

    fn write(&mut self, entry: &impl Serialize) -> Result<()> {
        let write = || -> io::Result<(u32, Vec<u8>)> {
            let mut line = serde_json::to_vec(entry)?;
            // The body's own brace closes the line, after the checksum.
            line.pop();
            let crc = crc32c::crc32c_append(self.crc, &line);
            writeln!(line, "{SEAL}{crc:08x}\"}}")?;
            (&self.file).write_all(&line)?;
            Ok((crc, line))
        };
        match write() {
            Ok((crc, line)) => {
                self.crc = crc;
                self.length += line.len() as u64;
                Ok(())
            }
            Err(e) => {
                // If this fails too, the torn line is cut off when the run is resumed.
                let _ = self.file.set_len(self.length);
                Err(Error::write(&self.path, e))
            }
        }
    }
}
