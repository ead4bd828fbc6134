//! A run directory: the settings, every evaluation and every round as they come, and the result.
//!
//! The journal is what counts. Everything else but the settings follows from it: a checkpoint saves
//! the time to get there, and the other files are written again when a run is resumed. Only the
//! times of the rounds are not, which differ from run to run and add up.

pub mod evaluations;
pub mod sealed;
pub mod settings;
pub mod tensorboard;
pub mod times;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crc32c::{crc32c, crc32c_append};
use ganas_core::TEMPORARY;
use ganas_core::checkpoint::{self, Checkpoint};
use ganas_core::driver::{Observer, Problem, Round};
use ganas_core::error::{Error, Result};
use ganas_core::evaluate::{Details, Outcome};
use ganas_core::journal::{Finished, Journal, Opened};
use ganas_core::ledger::Query;
use ganas_core::space::SearchSpace;
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use crate::files::prepare;
use crate::progress::Remarks;
use crate::record::SearchReport;
use evaluations::Evaluations;
use times::{TIMES, Times};

/// The settings.
pub const SETTINGS: &str = "settings.json";
/// The result.
pub const RESULT: &str = "result.json";
/// Every evaluation as it finished.
pub const JOURNAL: &str = "journal.jsonl";
const CHECKPOINT: &str = "checkpoint";
/// Every evaluation.
pub const EVALUATIONS: &str = "evaluations.csv";
/// Every round.
pub const ROUNDS: &str = "rounds.jsonl";

/// Inverse of the share of time that checkpoints may take: at most one second in `SHARE`.
const SHARE: u32 = 20;

/// Checks that a folder holds no run yet.
///
/// # Errors
/// If it holds one, or is not a folder.
pub fn check_free(folder: &Path) -> Result<()> {
    let refuse = |what: &str, mend: &str| Err(Error::input(what).mend(mend).in_file(folder));
    if folder.exists() && !folder.is_dir() {
        return refuse("this is a file", "name a folder to write");
    }
    if [SETTINGS, EVALUATIONS, RESULT]
        .iter()
        .any(|f| folder.join(f).exists())
    {
        return refuse(
            "the folder already holds a run",
            "continue it by `ganas resume`, name another `--out` folder, or remove this one",
        );
    }
    Ok(())
}

/// Files of a run that are written during the search.
pub struct RunFolder<'a> {
    folder: PathBuf,
    space: &'a dyn SearchSpace,
    evaluations: Evaluations,
    /// Details of evaluations.
    details: HashMap<Trial, Details>,
    rounds: Rounds,
    times: Times,
    keeping: Keeping<'a>,
    remarks: Remarks,
    /// True if a warning about a file that cannot be written was shown.
    said: bool,
    /// True if there is a result from before the run was resumed.
    stale: bool,
    /// True if only the owner can read the result.
    private: bool,
}

/// Options for writing a run folder.
#[derive(Clone)]
pub struct WriteOptions {
    /// The least time between two checkpoints.
    pub every: Duration,
    /// True if evaluations can be repeated at once. Then the disk is not waited for after each one.
    pub repeatable: bool,
    /// Receiver of warnings about files that cannot be written.
    pub remarks: Remarks,
    /// True if only the owner can read files with the command, which may hold secrets.
    pub private: bool,
}

/// Journal and checkpoints of a run.
struct Keeping<'a> {
    journal: Journal<'a>,
    /// The least time between two checkpoints.
    every: Duration,
    saved: Instant,
    /// Duration of the last one.
    cost: Duration,
}

/// The file of the rounds.
struct Rounds {
    path: PathBuf,
    file: File,
    mark: Mark,
    /// Position at the checkpoint that the run continues from.
    resumed: Mark,
}

/// Length of a file, and the checksum up to there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Mark {
    length: u64,
    crc: u32,
}

/// A checkpoint as it is kept.
#[derive(Serialize, Deserialize)]
struct Saved {
    rounds: Mark,
    search: Checkpoint,
}

/// State restored from a run folder.
#[derive(Default)]
pub struct Restored {
    /// The evaluations in the order in which they finished.
    pub finished: Vec<Finished>,
    /// The last checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// Details of the evaluations.
    pub details: HashMap<Trial, Details>,
    /// Trials that it begins with, since some of them are evaluated again.
    pub begin: Vec<Trial>,
}

/// Options for resuming a run.
#[derive(Clone, Copy, Default)]
pub struct ResumeOptions {
    /// True if all rounds are replayed, since the number of queries changed.
    pub replay: bool,
    /// True if failed evaluations are repeated.
    pub retry_failed: bool,
}

impl<'a> RunFolder<'a> {
    /// Makes the folder of a run, and writes its settings.
    ///
    /// # Errors
    /// If the folder holds a run already or cannot be written.
    pub fn create(
        folder: &Path,
        problem: &Problem<'a>,
        settings: &impl Serialize,
        options: WriteOptions,
    ) -> Result<RunFolder<'a>> {
        check_free(folder)?;
        prepare(&folder.join(SETTINGS))?;
        let path = folder.join(JOURNAL);
        let opened = Journal::open(&path, problem.space(), problem.measured(), problem.axis())?;
        // Another process may have begun since.
        check_free(folder)?;
        if !opened.finished.is_empty() {
            return Err(
                Error::input("the folder holds a journal without its settings")
                    .mend("restore `settings.json` from a copy, or name another `--out` folder")
                    .in_file(path),
            );
        }
        seal(&folder.join(SETTINGS), settings, options.private)?;
        RunFolder::new(folder, problem, opened, options).map(|(run, _)| run)
    }

    /// Opens the folder of a run to resume it. Its settings are written again, and partial files of a killed
    /// process are removed. Its result stays until there is something new.
    ///
    /// # Errors
    /// If another process is at work on it, or its journal is damaged.
    pub fn open(
        folder: &Path,
        problem: &Problem<'a>,
        settings: &impl Serialize,
        options: WriteOptions,
        resume: ResumeOptions,
    ) -> Result<(RunFolder<'a>, Restored)> {
        let journal = folder.join(JOURNAL);
        let mut opened = Journal::open(
            &journal,
            problem.space(),
            problem.measured(),
            problem.axis(),
        )?;
        sweep(folder);
        // It is of the old settings, and costs no more than time.
        if resume.replay || resume.retry_failed {
            remove(&folder.join(CHECKPOINT))?;
        }
        if resume.retry_failed {
            remove(&folder.join(RESULT))?;
            opened.retry_failed()?;
        }
        seal(&folder.join(SETTINGS), settings, options.private)?;
        let (details, begin) = (opened.details.clone(), opened.begin.clone());
        let (mut run, finished) = RunFolder::new(folder, problem, opened, options)?;
        run.details = details.clone();
        run.stale = folder.join(RESULT).exists();
        run.times = Times::resumed(folder.join(TIMES));
        let saved: Option<Saved> = checkpoint::read(&folder.join(CHECKPOINT));
        let saved = saved.filter(|saved| run.rounds.holds(saved.rounds));
        run.rounds.resumed = saved.as_ref().map(|s| s.rounds).unwrap_or_default();
        let restored = Restored {
            finished,
            checkpoint: saved.map(|saved| saved.search),
            details,
            begin,
        };
        Ok((run, restored))
    }

    fn new(
        folder: &Path,
        problem: &Problem<'a>,
        opened: Opened<'a>,
        options: WriteOptions,
    ) -> Result<(RunFolder<'a>, Vec<Finished>)> {
        if !opened.locked {
            options.remarks.note(&format!(
                "the file system of {} has no locks; let no other process write to this folder \
                 while the search continues",
                folder.display()
            ));
        }
        let evaluations =
            Evaluations::create(folder.join(EVALUATIONS), problem, !options.repeatable)?;
        let (remarks, private) = (options.remarks.clone(), options.private);
        let keeping = Keeping::new(opened.journal, options);
        let run = RunFolder {
            folder: folder.to_owned(),
            space: problem.space(),
            evaluations,
            details: HashMap::new(),
            rounds: Rounds::open(folder.join(ROUNDS))?,
            times: Times::new(folder.join(TIMES)),
            private,
            keeping,
            remarks,
            said: false,
            stale: false,
        };
        Ok((run, opened.finished))
    }

    /// The seconds of the run before it was resumed.
    pub fn seconds_before(&self) -> f64 {
        self.times.before()
    }

    /// The search ended, or was interrupted. Returns the seconds of the run, with those from before
    /// it was resumed.
    ///
    /// # Errors
    /// If the disk takes no more of its journal, or that is gone.
    pub fn ended(&mut self) -> Result<f64> {
        self.keeping.journal.sync()?;
        self.keeping.journal.check_present()?;
        let written = self.times.end();
        self.spare(written);
        Ok(self.times.total())
    }

    /// Writes the result.
    ///
    /// # Errors
    /// If it cannot be written, or the run is gone.
    pub fn finish(&self, report: &SearchReport) -> Result<()> {
        self.keeping.journal.check_present()?;
        seal(&self.folder.join(RESULT), report, self.private)
    }

    /// Takes a file for written that nothing depends on.
    fn spare(&mut self, written: Result<()>) {
        if let Err(e) = written
            && !self.said
        {
            self.said = true;
            self.remarks
                .note(&format!("{e}; the search continues without this file"));
        }
    }
}

/// Writes what holds the command, for everybody or the owner alone.
fn seal(path: &Path, value: &impl Serialize, private: bool) -> Result<()> {
    if private {
        sealed::write_private(path, value)
    } else {
        sealed::write(path, value)
    }
}

/// Removes a file, if it is there.
fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if path.exists() => Err(Error::write(path, e)),
        _ => Ok(()),
    }
}

/// Removes the temporary files that a killed process left in the folder of a run, which is locked.
fn sweep(folder: &Path) {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in names {
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            // One that stays does no harm.
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Observer for RunFolder<'_> {
    fn begin(&mut self, rounds: usize) -> Result<()> {
        let written = self.times.begin(rounds);
        self.spare(written);
        self.rounds.cut(rounds > 0)
    }

    fn details(&mut self, trial: &Trial, details: &Details) -> Result<()> {
        self.details.insert(*trial, details.clone());
        Ok(())
    }

    fn finished(&mut self, trial: &Trial, outcome: &Outcome) -> Result<()> {
        let details = self.details.get(trial).cloned().unwrap_or_default();
        (self.keeping.journal).append_with(trial, outcome, details)?;
        if self.stale {
            self.stale = false;
            remove(&self.folder.join(RESULT))?;
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<()> {
        self.keeping.journal.sync_unless_relaxed()
    }

    fn queried(&mut self, number: usize, query: &Query) -> Result<()> {
        let arch = self.space.format(&query.arch);
        let details = self.details.get(&query.trial());
        self.evaluations.add(number, &arch, query, details)
    }

    fn spent(&mut self, part: &str, seconds: f64) -> Result<()> {
        self.times.spent(part, seconds);
        Ok(())
    }

    fn round(&mut self, round: &Round) -> Result<()> {
        let written = self.times.round(round.round);
        self.spare(written);
        self.rounds.append(round)
    }

    fn between(&mut self, state: &dyn Fn() -> Result<Option<Checkpoint>>) -> Result<()> {
        if !self.keeping.is_due() {
            return Ok(());
        }
        let begun = Instant::now();
        if let Some(search) = state()? {
            let rounds = self.rounds.mark;
            self.keeping.journal.check_present()?;
            let path = self.folder.join(CHECKPOINT);
            let written = checkpoint::write(&path, &Saved { rounds, search });
            self.spare(written);
        }
        self.keeping.saved = Instant::now();
        self.keeping.cost = begun.elapsed();
        Ok(())
    }
}

impl<'a> Keeping<'a> {
    fn new(journal: Journal<'a>, options: WriteOptions) -> Self {
        Keeping {
            journal: if options.repeatable {
                journal.relaxed()
            } else {
                journal
            },
            every: options.every,
            saved: Instant::now(),
            cost: Duration::ZERO,
        }
    }

    fn is_due(&self) -> bool {
        self.saved.elapsed() >= self.every.max(SHARE * self.cost)
    }
}

impl Rounds {
    fn open(path: PathBuf) -> Result<Rounds> {
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).create(true).truncate(false);
        let file = opened.open(&path).map_err(|e| Error::io(&path, e))?;
        Ok(Rounds {
            path,
            file,
            mark: Mark::default(),
            resumed: Mark::default(),
        })
    }

    /// Returns true if the file is unchanged up to a mark.
    fn holds(&mut self, mark: Mark) -> bool {
        let mut bytes = Vec::new();
        let read = (&self.file).take(mark.length).read_to_end(&mut bytes);
        read.is_ok() && bytes.len() as u64 == mark.length && crc32c(&bytes) == mark.crc
    }

    /// Cuts the file off where it was at the checkpoint, or at its beginning.
    fn cut(&mut self, resumed: bool) -> Result<()> {
        if resumed {
            self.mark = self.resumed;
        }
        (self.file.set_len(self.mark.length))
            .and_then(|()| self.file.seek(SeekFrom::Start(self.mark.length)))
            .map(drop)
            .map_err(|e| Error::write(&self.path, e))
    }

    fn append(&mut self, round: &Round) -> Result<()> {
        let mut line = serde_json::to_vec(round).map_err(|e| Error::write(&self.path, e.into()))?;
        line.push(b'\n');
        let written = self.file.write_all(&line);
        written.map_err(|e| Error::write(&self.path, e))?;
        self.mark.length += line.len() as u64;
        self.mark.crc = crc32c_append(self.mark.crc, &line);
        Ok(())
    }
}
