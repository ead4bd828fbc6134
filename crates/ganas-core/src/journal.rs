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

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, counted};
use crate::evaluate::{Details, Outcome};
use crate::space::SearchSpace;
use crate::trial::{Axis, Fidelity, Trial};

/// Version of the format.
const VERSION: u64 = 2;

/// Time within which finished trials share one wait for the disk.
const PACE: Duration = Duration::from_millis(5);

/// The same time for trials that can be evaluated again at once.
const LEISURE: Duration = Duration::from_secs(1);

/// Longest time until a killed process has exited.
const GONE: Duration = Duration::from_secs(1);

/// Text between the body of a line and its checksum.
const SEAL: &str = ",\"crc32c\":\"";

/// Trial that was evaluated, with its outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The trial.
    pub trial: Trial,
    /// The outcome.
    pub outcome: Outcome,
}

impl Finished {
    /// A finished trial.
    pub fn new(trial: impl Into<Trial>, outcome: Outcome) -> Self {
        let trial = trial.into();
        Finished { trial, outcome }
    }
}

/// Open journal of a run. No other process can open it until it is dropped.
pub struct Journal<'a> {
    path: PathBuf,
    space: &'a dyn SearchSpace,
    axis: Option<Axis>,
    /// For each metric of a line, its place in an outcome, unless all places agree.
    places: Option<Vec<usize>>,
    file: File,
    length: u64,
    crc: u32,
    /// Set if something was written that may not be on the disk yet.
    unsettled: bool,
    settled: Instant,
    /// Least time between two waits for the disk, except for requested ones.
    pace: Duration,
    /// Number of trials in the file.
    count: usize,
    /// Set if the file system has numbers that identify this file.
    identifiable: bool,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Header {
    #[serde(rename = "ganas-journal")]
    version: u64,
    space: String,
    metrics: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fidelity: Option<Levels>,
}

/// The levels of an axis by its name, as the first line has them.
type Levels = BTreeMap<String, [u32; 2]>;

fn levels(axis: &Axis) -> Levels {
    let (low, high) = axis.levels().into_inner();
    BTreeMap::from([(axis.name().to_owned(), [low, high])])
}

/// Any other line.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Entry {
    Done {
        arch: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fidelity: Option<BTreeMap<String, u32>>,
        metrics: Vec<Metric>,
        #[serde(flatten)]
        details: Details,
    },
    Failed {
        arch: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fidelity: Option<BTreeMap<String, u32>>,
        failed: String,
        #[serde(flatten)]
        details: Details,
    },
    Retry {
        retry: Retried,
    },
}

/// Kind of trials that are evaluated again.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Retried {
    Failed,
}

/// Number that is read exactly as it was written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Metric {
    Number(f64),
    Infinite(String),
    NotANumber(()),
}

impl Metric {
    fn of(value: f64) -> Metric {
        match value {
            v if v.is_nan() => Metric::NotANumber(()),
            v if v.is_infinite() => Metric::Infinite(v.to_string()),
            v => Metric::Number(v),
        }
    }

    fn value(&self) -> std::result::Result<f64, String> {
        match self {
            Metric::Number(value) => Ok(*value),
            Metric::Infinite(text) => match text.parse() {
                Ok(value) if f64::is_infinite(value) => Ok(value),
                _ => Err(format!("`{text}` is not a metric")),
            },
            Metric::NotANumber(()) => Ok(f64::NAN),
        }
    }
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
        if !self.finished.iter().any(failed) {
            return Ok(());
        }
        let retry = Retried::Failed;
        self.journal.write(&Entry::Retry { retry })?;
        self.journal.unsettled = true;
        self.journal.settle()?;
        forget_failed(&mut self.finished, &mut self.begin);
        Ok(())
    }
}

fn failed(finished: &Finished) -> bool {
    match &finished.outcome {
        Outcome::Failed(_) => true,
        // The objective is mostly the first metric.
        Outcome::Done(metrics) => metrics.first().is_some_and(|value| !value.is_finite()),
    }
}

/// Removes failed trials. If all trials after the first failure failed, the search continues as if
/// they had not happened. Otherwise it begins with its earlier trials, so that no success is lost.
fn forget_failed(finished: &mut Vec<Finished>, begin: &mut Vec<Trial>) {
    let Some(first) = finished.iter().position(failed) else {
        return;
    };
    if finished[first..].iter().all(failed) {
        finished.truncate(first);
        return;
    }
    for Finished { trial, .. } in finished.iter() {
        if !begin.contains(trial) {
            begin.push(*trial);
        }
    }
    finished.retain(|evaluation| !failed(evaluation));
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
            unsettled: false,
            settled: Instant::now(),
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
        journal.unsettled = true;
        journal.settle()?;
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
    pub fn leisurely(self) -> Self {
        Journal {
            pace: LEISURE,
            ..self
        }
    }

    /// Appends a finished trial. It is kept if this process is killed. If the machine fails, it is
    /// kept after a call of [`settle`](Self::settle), and unless an earlier trial finished within
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
        self.unsettled = true;
        self.count += 1;
        self.check_present()?;
        self.settle_if_due()
    }

    fn in_file_order(&self, metrics: &[f64]) -> Vec<Metric> {
        match &self.places {
            Some(places) => (places.iter().map(|&i| Metric::of(metrics[i]))).collect(),
            None => metrics.iter().copied().map(Metric::of).collect(),
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
        let what = if is_removed(&own) {
            format!(
                "the folder or this file was removed while the search went on; the {evaluations} in \
                 it are lost"
            )
        } else {
            format!(
                "the folder or this file was renamed while the search went on; its {evaluations} are \
                 kept where it is now, and `ganas resume` goes on from there"
            )
        };
        Err(Error::lost(&self.path, what))
    }

    /// Calls [`settle`](Self::settle), unless the journal is [`leisurely`](Self::leisurely).
    ///
    /// # Errors
    /// As [`settle`](Self::settle).
    pub fn rest(&mut self) -> Result<()> {
        if self.pace == LEISURE {
            return self.settle_if_due();
        }
        self.settle()
    }

    fn settle_if_due(&mut self) -> Result<()> {
        if self.settled.elapsed() < self.pace {
            return Ok(());
        }
        self.settle()
    }

    /// Waits until all lines are on the disk.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn settle(&mut self) -> Result<()> {
        if self.unsettled {
            let synced = self.file.sync_data();
            synced.map_err(|e| Error::write(&self.path, e))?;
            self.unsettled = false;
            self.settled = Instant::now();
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

/// Numbers that identify a file, where the operating system has them.
#[cfg(unix)]
fn identity(meta: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) {}

/// Returns true if an open file has no name any more.
#[cfg(unix)]
fn is_removed(meta: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(meta) == 0
}

#[cfg(not(unix))]
fn is_removed(_: &Metadata) -> bool {
    true
}

/// Locks the file against other processes. Returns false if the file system has no locks.
fn lock(file: &File, path: &Path) -> Result<bool> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            // A process that was killed just now may not be gone.
            Err(TryLockError::WouldBlock) if begun.elapsed() < GONE => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Error::input("another process is at work on this run")
                    .mend("let it end, or end it")
                    .in_file(path));
            }
            Err(TryLockError::Error(e)) if has_no_locks(&e) => return Ok(false),
            Err(TryLockError::Error(e)) => return Err(Error::io(path, e)),
        }
    }
}

/// Returns true if an error of locking says that the file system has no locks.
fn has_no_locks(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(nix::errno::Errno::ENOLCK as i32) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}

/// Content of a file.
struct Content {
    /// Places of the metrics, as in [`Journal`].
    places: Option<Vec<usize>>,
    finished: Vec<Finished>,
    details: HashMap<Trial, Details>,
    begin: Vec<Trial>,
    /// Number of bytes of the valid lines.
    length: usize,
    crc: u32,
}

impl Content {
    fn read(
        bytes: &[u8],
        space: &dyn SearchSpace,
        metrics: &[String],
        axis: Option<&Axis>,
    ) -> Result<Content> {
        let mut content = Content {
            places: None,
            finished: Vec::new(),
            details: HashMap::new(),
            begin: Vec::new(),
            length: 0,
            crc: 0,
        };
        let mut number = 0;
        while let Some(end) = bytes[content.length..].iter().position(|b| *b == b'\n') {
            number += 1;
            let end = content.length + end;
            let line = &bytes[content.length..end];
            let last = end + 1 == bytes.len();
            let at = |what: String| Error::input(what).on_line(number);
            if number == 1 {
                version(line).map_err(at)?;
            }
            let Some((body, crc)) = unseal(line, content.crc) else {
                if last {
                    break;
                }
                return Err(at("this line is damaged".into()).mend(
                    "restore the file from a copy, or delete this line and all after it, and \
                     what they hold is evaluated again",
                ));
            };
            if number == 1 {
                content.places = header(&body, space, metrics, axis).map_err(at)?;
            } else {
                content.add(&body, space, metrics.len(), axis).map_err(at)?;
            }
            content.crc = crc;
            content.length = end + 1;
        }
        Ok(content)
    }
}

/// Splits a line into its JSON and its checksum, if the checksum is right.
fn unseal(line: &[u8], before: u32) -> Option<(Vec<u8>, u32)> {
    let line = line.strip_suffix(b"\"}")?;
    let (rest, digits) = line.split_at_checked(line.len().checked_sub(8)?)?;
    let body = rest.strip_suffix(SEAL.as_bytes())?;
    let said = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    let crc = crc32c::crc32c_append(before, body);
    (crc == said).then(|| ([body, b"}"].concat(), crc))
}

type Told<T> = std::result::Result<T, String>;

/// Refuses the file of a newer program.
fn version(line: &[u8]) -> Told<()> {
    let said: Option<serde_json::Value> = serde_json::from_slice(line).ok();
    match said.as_ref().and_then(|v| v["ganas-journal"].as_u64()) {
        Some(version) if version > VERSION => Err(format!(
            "this is version {version} of the journal, and this program knows version {VERSION}; \
             resume the run with the newer program that wrote it"
        )),
        _ => Ok(()),
    }
}

/// Checks the first line. Returns the places of its metrics among `metrics`, unless all agree.
fn header(
    body: &[u8],
    space: &dyn SearchSpace,
    metrics: &[String],
    axis: Option<&Axis>,
) -> Told<Option<Vec<usize>>> {
    let header: Header = serde_json::from_slice(body).map_err(|_| "this is not a journal")?;
    if header.space != space.name() {
        return Err(format!(
            "this is the journal of a search in `{}`, not in `{}`",
            header.space,
            space.name()
        ));
    }
    let place = |name: &String| metrics.iter().position(|metric| metric == name);
    let places: Option<Vec<usize>> = header.metrics.iter().map(place).collect();
    let all = |places: &Vec<usize>| (0..metrics.len()).all(|i| places.contains(&i));
    let Some(places) = places.filter(|p| p.len() == metrics.len() && all(p)) else {
        return Err(format!(
            "the journal has the metrics {}, and what evaluates now has {}",
            header.metrics.join(", "),
            metrics.join(", ")
        ));
    };
    let expected = axis.map(levels);
    if header.fidelity != expected {
        return Err(format!(
            "the journal has {}, and what evaluates now has {}",
            range(header.fidelity.as_ref()),
            range(expected.as_ref())
        ));
    }
    Ok((header.metrics != metrics).then_some(places))
}

/// Levels of a fidelity in words.
fn range(levels: Option<&Levels>) -> String {
    let Some(levels) = levels else {
        return "no fidelity".into();
    };
    let levels = levels
        .iter()
        .map(|(name, [low, high])| format!("the fidelity `{name}` from {low} to {high}"));
    levels.collect::<Vec<_>>().join(", ")
}

/// The fidelity of a line.
fn fidelity(said: Option<&BTreeMap<String, u32>>, axis: Option<&Axis>) -> Told<Fidelity> {
    match (said, axis) {
        (None, None) => Ok(Fidelity::Full),
        (Some(said), Some(axis)) => (said.get(axis.name()))
            .and_then(|level| axis.fidelity(*level))
            .filter(|_| said.len() == 1)
            .ok_or_else(|| "the fidelity of this line is not one of the first line".into()),
        (None, Some(axis)) => Err(format!("this line has no `{}`", axis.name())),
        (Some(_), None) => Err("this line has a fidelity, and the first line has none".into()),
    }
}

impl Content {
    /// Adds a line after the first.
    fn add(
        &mut self,
        body: &[u8],
        space: &dyn SearchSpace,
        metrics: usize,
        axis: Option<&Axis>,
    ) -> Told<()> {
        let entry: Entry = serde_json::from_slice(body).map_err(|_| "this is not an evaluation")?;
        let (text, said, outcome, details) = match entry {
            Entry::Done {
                arch,
                fidelity,
                metrics,
                details,
            } => {
                let values = metrics.iter().map(Metric::value).collect::<Told<_>>()?;
                (arch, fidelity, Outcome::Done(values), details)
            }
            Entry::Failed {
                arch,
                fidelity,
                failed,
                details,
            } => (arch, fidelity, Outcome::Failed(failed), details),
            Entry::Retry {
                retry: Retried::Failed,
            } => {
                forget_failed(&mut self.finished, &mut self.begin);
                return Ok(());
            }
        };
        if let Outcome::Done(values) = &outcome
            && values.len() != metrics
        {
            return Err(format!(
                "there are {} metrics on this line, and {metrics} in the first",
                values.len()
            ));
        }
        let outcome = match (outcome, &self.places) {
            (Outcome::Done(values), Some(places)) => {
                let mut ordered = vec![f64::NAN; values.len()];
                for (value, &place) in values.into_iter().zip(places) {
                    ordered[place] = value;
                }
                Outcome::Done(ordered)
            }
            (outcome, _) => outcome,
        };
        let trial = Trial::at(space.parse(&text)?, fidelity(said.as_ref(), axis)?);
        if details != Details::default() {
            self.details.insert(trial, details);
        }
        self.finished.push(Finished { trial, outcome });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
