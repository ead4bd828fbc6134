//! Tables between their source file and their compiled form.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::codec::{Codec, Key};
use crate::import::Reading;
use ganas_core::arch::Arch;
use ganas_core::error::Error;

/// Noun for the places of a source.
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

/// Content of a source: distinct canonical architectures and their metrics.
pub(crate) struct Staged {
    pub(crate) source: PathBuf,
    pub(crate) unit: Unit,
    pub(crate) archs: Vec<Arch>,
    /// Place of each row in the source, counted from 1.
    pub(crate) lines: Vec<u32>,
    pub(crate) columns: Vec<(String, Vec<f64>)>,
    /// Columns that are not metrics.
    pub(crate) ignored: Vec<Ignored>,
    /// Rows that were folded into an earlier one.
    pub(crate) folded: u64,
    /// Folded rows whose values differ from the earlier row.
    pub(crate) merged: u64,
}

/// Column that is not a metric, because some or all of its cells hold words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// Name of the column.
    pub name: String,
    /// Cells with a number.
    pub numbers: u64,
    /// Cells with words.
    pub texts: u64,
    /// Place and shortened text of the first cell with words; none for a column without a name.
    pub sample: Option<(u32, String)>,
}

/// Search index: an open-addressing table of row numbers plus one, 0 in free slots.
pub(crate) struct Index(pub(crate) Vec<u32>);

impl Index {
    fn with_room_for(rows: usize) -> Self {
        Index(vec![0; slots_for(rows)])
    }

    /// Returns the slot of a key, or the free slot for it.
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

/// Returns the number of slots for `rows`: a power of two that leaves at least half of them free.
pub(crate) fn slots_for(rows: usize) -> usize {
    (2 * rows).next_power_of_two().max(2)
}

impl Staged {
    /// Builds the index.
    pub(crate) fn indexed(self, reading: Reading) -> Indexed {
        let codec = Codec::narrowest(&self.archs);
        let mut index = Index::with_room_for(self.archs.len());
        for (row, arch) in self.archs.iter().enumerate() {
            let key = codec
                .encode(arch)
                .expect("the codec is made for these rows");
            let slot = index.slot(key.bytes(), |_| false);
            index.0[slot] = row as u32 + 1;
        }
        Indexed {
            index,
            codec,
            reading,
            staged: self,
        }
    }
}

/// Table with an index over its distinct architectures.
pub(crate) struct Indexed {
    pub(crate) staged: Staged,
    pub(crate) index: Index,
    pub(crate) codec: Codec,
    pub(crate) reading: Reading,
}

impl Indexed {
    /// Returns the keys of the architectures, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        let key = |arch| self.codec.encode(arch);
        (self.staged.archs.iter())
            .map(move |arch| key(arch).expect("the codec is made for these rows"))
    }
}

/// Returns the error of a source without rows.
pub(crate) fn no_rows(path: &Path) -> Error {
    Error::input("the table has no rows")
        .mend("give it a row for each architecture")
        .in_file(path)
}
