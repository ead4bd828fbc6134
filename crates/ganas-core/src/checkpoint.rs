//! Checkpoints: the state of a search between two rounds.
//!
//! A checkpoint only saves time: the rounds of the search, replayed from its journal, end in the same
//! state. So a file of another version, or a damaged one, is not an error. It reads as none.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::driver::OpenBatch;
use crate::error::{Error, Result};
use crate::state;
use crate::trial::Trial;
use crate::write_whole;

/// First line of a file. The program's version is part of it, since strategies change their states.
const MAGIC: &str = concat!("ganas-checkpoint 4 ", env!("CARGO_PKG_VERSION"), "\n");

/// State of a search between two rounds. The outcomes of its trials are in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Queries in order.
    pub(crate) queries: Vec<Charged>,
    /// Number of rounds that were asked for.
    pub(crate) rounds: usize,
    /// Number of the last rounds without a new query.
    pub(crate) idle: usize,
    /// Hashes of the rejected architectures.
    pub(crate) rejected: Vec<u64>,
    /// State of the strategy.
    pub(crate) strategy: Vec<u8>,
    /// Trials that are being evaluated, in the order asked for.
    pub(crate) pending: Vec<Pending>,
    /// Rounds of these trials.
    pub(crate) open: Vec<OpenBatch>,
}

/// Query, by its outcome in the journal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Charged {
    /// Index among the finished trials of the journal.
    pub place: usize,
    /// The round that asked for it.
    pub round: usize,
}

/// Trial that is being evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub trial: Trial,
    /// The round that asked for it.
    pub round: usize,
}

impl Checkpoint {
    /// Number of queries before it.
    pub fn queries(&self) -> usize {
        self.queries.len()
    }
}

/// Writes a checkpoint and all that belongs to it, or nothing.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, value: &impl Serialize) -> Result<()> {
    let unserialised = || Error::write(path, io::Error::other("it cannot be serialised"));
    let body = state::save(value).ok_or_else(unserialised)?;
    write_whole(path, |mut file| {
        file.write_all(MAGIC.as_bytes())?;
        file.write_all(&crc32c::crc32c(&body).to_le_bytes())?;
        file.write_all(&body)
    })
}

/// Reads a file of [`write()`]; `None` if there is none that this program can use.
pub fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let bytes = fs::read(path).ok()?;
    let (crc, body) = bytes
        .strip_prefix(MAGIC.as_bytes())?
        .split_first_chunk::<4>()?;
    (crc32c::crc32c(body) == u32::from_le_bytes(*crc))
        .then(|| state::load(body).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_or_of_another_version_is_no_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let value = (vec![f64::NEG_INFINITY, 0.1], u128::MAX, Some(-0.0f32));
        type Value = (Vec<f64>, u128, Option<f32>);
        write(&path, &value).unwrap();
        assert_eq!(read::<Value>(&path), Some(value));
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert_eq!(read::<Value>(&path), None, "byte {place}");
            fs::write(&path, &whole[..place]).unwrap();
            assert_eq!(read::<Value>(&path), None, "{place} bytes");
        }
        assert_eq!(read::<Value>(&folder.path().join("other")), None);
    }
}
