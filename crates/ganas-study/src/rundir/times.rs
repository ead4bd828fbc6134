//! Times of the parts of a run, round by round: `times.jsonl` in its folder.
//!
//! Times differ from run to run, so they are in a file of their own: everything else is the same
//! to the byte for the same seed. No time that was spent is taken back: a round that a resumed run
//! goes through again has another line, and one that was broken off has a line for as long as it
//! went.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use ganas_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The file.
pub const TIMES: &str = "times.jsonl";

/// A line of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Line {
    /// The round that ended, or would have been next when the search ended.
    pub round: usize,
    /// Seconds of wall time since the one before it ended.
    pub seconds: f64,
    /// The seconds of its parts; what is missing to `seconds` went elsewhere, such as into
    /// checkpoints.
    pub parts: BTreeMap<String, f64>,
}

/// Writes the file.
pub struct Times {
    path: PathBuf,
    file: Option<File>,
    last: Instant,
    parts: BTreeMap<String, f64>,
    /// The round that ended last.
    ended: usize,
    /// Lines from before the run was resumed.
    before: Vec<String>,
    /// The seconds of all lines.
    total: f64,
}

impl Times {
    /// The times of a run that is about to begin.
    pub fn new(path: PathBuf) -> Self {
        Times {
            path,
            file: None,
            last: Instant::now(),
            parts: BTreeMap::new(),
            ended: 0,
            before: Vec::new(),
            total: 0.0,
        }
    }

    /// Reads the times of a run that is resumed.
    pub fn resumed(path: PathBuf) -> Self {
        // Torn or damaged lines are left out: times are not worth an error.
        let before = fs::read_to_string(&path).unwrap_or_default();
        let lines = (before.lines()).filter_map(|line| Some((line, seconds(line)?)));
        let (before, each): (Vec<&str>, Vec<f64>) = lines.unzip();
        Times {
            before: before.into_iter().map(str::to_owned).collect(),
            total: each.iter().sum(),
            ..Times::new(path)
        }
    }

    /// The seconds of all that was read or written so far.
    pub fn before(&self) -> f64 {
        self.total
    }

    /// Starts the file, or continues it after a number of rounds.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn begin(&mut self, rounds: usize) -> Result<()> {
        self.ended = rounds;
        let kept: String = (self.before.iter())
            .map(|line| format!("{line}\n"))
            .collect();
        let open = || -> io::Result<File> {
            let mut file = File::create(&self.path)?;
            file.write_all(kept.as_bytes())?;
            Ok(file)
        };
        self.file = Some(open().map_err(|e| Error::write(&self.path, e))?);
        Ok(())
    }

    /// Time went into a part of a round.
    pub fn spent(&mut self, part: &str, seconds: f64) {
        *self.parts.entry(part.to_owned()).or_default() += seconds;
    }

    /// A round ended.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn round(&mut self, round: usize) -> Result<()> {
        self.ended = round;
        self.line(round)
    }

    /// The search ended.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn end(&mut self) -> Result<()> {
        self.line(self.ended + 1)
    }

    /// The seconds of the whole run, whether they could be written or not.
    pub fn total(&self) -> f64 {
        self.total
    }

    fn line(&mut self, round: usize) -> Result<()> {
        let now = Instant::now();
        let line = Line {
            round,
            seconds: (now - self.last).as_secs_f64(),
            parts: std::mem::take(&mut self.parts),
        };
        self.last = now;
        self.total += line.seconds;
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let written = serde_json::to_vec(&line).map_err(io::Error::from);
        (written.and_then(|text| file.write_all(&[&text[..], b"\n"].concat()))).map_err(|e| {
            // The next line would continue this torn one.
            self.file = None;
            Error::write(&self.path, e)
        })
    }
}

/// The seconds of a line of the file.
fn seconds(line: &str) -> Option<f64> {
    let line: Line = serde_json::from_str(line).ok()?;
    Some(line.seconds)
}
