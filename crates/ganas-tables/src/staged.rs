//! A table on its way from a source file to its compiled form.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::codec::Codec;
use crate::import::Reading;
use ganas_core::arch::Arch;
use ganas_core::error::Error;

/// What the places of a source are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unit {
    Line,
    Row,
    Record,
}

impl Unit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Unit::Line => "line",
            Unit::Row => "row",
            Unit::Record => "record",
        }
    }
}

/// The whole content of a source: distinct canonical architectures and their metrics.
pub(crate) struct Staged {
    pub(crate) source: PathBuf,
    pub(crate) unit: Unit,
    pub(crate) archs: Vec<Arch>,
    /// Where each row stands in the source, counted from 1.
    pub(crate) lines: Vec<u32>,
    pub(crate) columns: Vec<(String, Vec<f64>)>,
    /// Columns that are no metrics.
    pub(crate) ignored: Vec<Ignored>,
    /// Rows that were folded into an earlier one.
    pub(crate) folded: u64,
    /// Those of them that carried other values.
    pub(crate) merged: u64,
}

/// A column that holds words, in all its cells or some of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// The name.
    pub name: String,
    /// Cells with a number.
    pub numbers: u64,
    /// Cells with words.
    pub texts: u64,
    /// The place of the first words, and they themselves, shortened; none where the column has no name.
    pub sample: Option<(u32, String)>,
}

/// The search index: an open-addressing table of row numbers plus one, 0 where a slot is free.
pub(crate) struct Index(pub(crate) Vec<u32>);

impl Index {
    fn with_room_for(rows: usize) -> Self {
        Index(vec![0; slots_for(rows)])
    }

    /// The slot of a key: where it is, or the free one where it would go.
    fn slot(&self, key: &[u8], is_row: impl Fn(u32) -> bool) -> usize {
        let mask = self.0.len() - 1;
        let mut slot = xxh3_64(key) as usize & mask;
        // At most half of the slots are taken.
        while self.0[slot] != 0 && !is_row(self.0[slot] - 1) {
            slot = (slot + 1) & mask;
        }
        slot
    }
}

/// The slots of the index of so many rows: a power of two that leaves at least half of them free.
pub(crate) fn slots_for(rows: usize) -> usize {
    (2 * rows).next_power_of_two().max(2)
}

impl Staged {
    /// Builds the index.
    pub(crate) fn indexed(self, reading: Reading) -> Indexed {
        let codec = Codec::narrowest(&self.archs);
        let mut index = Index::with_room_for(self.archs.len());
        for (row, arch) in self.archs.iter().enumerate() {
            // The codec was made for these rows.
            if let Some(key) = codec.encode(arch) {
                let slot = index.slot(key.bytes(), |_| false);
                index.0[slot] = row as u32 + 1;
            }
        }
        Indexed {
            index,
            codec,
            reading,
            staged: self,
        }
    }
}

/// A table with distinct architectures and the index over them.
pub(crate) struct Indexed {
    pub(crate) staged: Staged,
    pub(crate) index: Index,
    pub(crate) codec: Codec,
    pub(crate) reading: Reading,
}

/// The error of a source without any row.
pub(crate) fn no_rows(path: &Path) -> Error {
    Error::input("the table has no rows")
        .mend("give it a row for each architecture")
        .in_file(path)
}
