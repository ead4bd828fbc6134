//! Where the time of a run went, round by round: `times.jsonl` in its folder.
//!
//! Times differ from run to run, so they are in a file of their own: everything else is the same
//! to the byte for the same seed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use ganas_core::driver::Round;
use ganas_core::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// The file.
pub const TIMES: &str = "times.jsonl";

/// A line of the file.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Line {
    /// The round that ended.
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
}

impl Times {
    /// The times of a run that is about to begin.
    pub fn new(path: PathBuf) -> Self {
        Times {
            path,
            file: None,
            last: Instant::now(),
            parts: BTreeMap::new(),
        }
    }

    /// The run begins, or goes on after so many rounds: what was written of later ones is cut off.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn begin(&mut self, rounds: usize) -> Result<()> {
        let before = match rounds {
            0 => String::new(),
            _ => fs::read_to_string(&self.path).unwrap_or_default(),
        };
        let kept: String = before
            .split_inclusive('\n')
            .take(rounds)
            .filter(|line| line.ends_with('\n'))
            .collect();
        let open = || -> io::Result<File> {
            let mut file = File::create(&self.path)?;
            file.write_all(kept.as_bytes())?;
            Ok(file)
        };
        self.file = Some(open().map_err(|e| Error::io(&self.path, e))?);
        self.last = Instant::now();
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
    pub fn round(&mut self, round: &Round) -> Result<()> {
        let now = Instant::now();
        let line = Line {
            round: round.round,
            seconds: (now - self.last).as_secs_f64(),
            parts: std::mem::take(&mut self.parts),
        };
        self.last = now;
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let written = serde_json::to_vec(&line).map_err(io::Error::from);
        (written.and_then(|text| file.write_all(&[&text[..], b"\n"].concat())))
            .map_err(|e| Error::io(&self.path, e))
    }
}
