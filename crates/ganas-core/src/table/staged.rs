//! A table on its way from a source file to its compiled form.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::codec::Codec;
use crate::arch::Arch;
use crate::error::{Error, Result};
use crate::space::SearchSpace;

/// What to do with rows of one architecture that carry different values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// They contradict each other: an error. Rows that are equal are kept once.
    #[default]
    Error,
    /// Each metric is the mean over the rows where it was measured. For spaces that merge
    /// isomorphic strings which the table's authors trained separately.
    Mean,
}

/// What the places of a source are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Unit {
    Line,
    Row,
    Record,
}

impl Unit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Unit::Line => "line",
            Unit::Row => "row",
            Unit::Record => "record",
        }
    }
}

/// The whole content of a source: canonical architectures and their metrics.
pub(super) struct Staged {
    pub(super) source: PathBuf,
    pub(super) unit: Unit,
    pub(super) archs: Vec<Arch>,
    /// Where each row stands in the source, counted from 1.
    pub(super) lines: Vec<u32>,
    pub(super) columns: Vec<(String, Vec<f64>)>,
    /// Columns that hold text.
    pub(super) ignored: Vec<String>,
    /// Rows that were folded into an earlier one.
    pub(super) folded: u64,
}

/// The search index: an open-addressing table of row numbers plus one, 0 where a slot is free.
pub(super) struct Index(pub(super) Vec<u32>);

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
pub(super) fn slots_for(rows: usize) -> usize {
    (2 * rows).next_power_of_two().max(2)
}

impl Staged {
    /// Builds the index, and makes one row of all rows of one architecture.
    ///
    /// # Errors
    /// If rows contradict each other where they must not.
    pub(super) fn indexed(
        mut self,
        policy: Duplicates,
        space: &dyn SearchSpace,
    ) -> Result<Indexed> {
        let codec = Codec::narrowest(&self.archs);
        let mut index = Index::with_room_for(self.archs.len());
        let mut kept = 0;
        // How many rows each kept row stands for, and measured values of each metric: only
        // needed from the first duplicate on.
        let mut means = Means::default();
        for row in 0..self.archs.len() {
            let arch = self.archs[row];
            // The codec was made for these rows.
            let Some(key) = codec.encode(&arch) else {
                continue;
            };
            let slot = index.slot(key.bytes(), |other| self.archs[other as usize] == arch);
            match index.0[slot] {
                0 => {
                    index.0[slot] = kept as u32 + 1;
                    self.archs[kept] = arch;
                    self.lines[kept] = self.lines[row];
                    for (_, values) in &mut self.columns {
                        values[kept] = values[row];
                    }
                    kept += 1;
                }
                earlier => {
                    let earlier = earlier as usize - 1;
                    match policy {
                        Duplicates::Error => self.same(earlier, row, space)?,
                        Duplicates::Mean => means.add(&mut self.columns, earlier, row),
                    }
                }
            }
        }
        means.finish(&mut self.columns);
        self.folded += (self.archs.len() - kept) as u64;
        self.archs.truncate(kept);
        self.lines.truncate(kept);
        for (_, values) in &mut self.columns {
            values.truncate(kept);
        }
        Ok(Indexed {
            index: if slots_for(kept) == index.0.len() {
                index
            } else {
                rebuilt(&self.archs, codec)
            },
            codec,
            policy,
            staged: self,
        })
    }

    /// Checks that a row repeats a kept one.
    fn same(&self, earlier: usize, row: usize, space: &dyn SearchSpace) -> Result<()> {
        for (name, values) in &self.columns {
            let (a, b) = (values[earlier], values[row]);
            if a != b && !(a.is_nan() && b.is_nan()) {
                return Err(Error::input(format!(
                    "`{}` is on {unit} {} too, with `{name}` {a} there and {b} here",
                    space.format(&self.archs[row]),
                    self.lines[earlier],
                    unit = self.unit.name(),
                ))
                .mend("remove one of the two rows")
                .in_file(&self.source)
                .on_line(self.lines[row].into()));
            }
        }
        Ok(())
    }
}

fn rebuilt(archs: &[Arch], codec: Codec) -> Index {
    let mut index = Index::with_room_for(archs.len());
    for (row, arch) in archs.iter().enumerate() {
        if let Some(key) = codec.encode(arch) {
            let slot = index.slot(key.bytes(), |_| false);
            index.0[slot] = row as u32 + 1;
        }
    }
    index
}

/// Running means of the rows that stand for several.
#[derive(Default)]
struct Means {
    /// For each kept row with duplicates, the measured values of each column so far.
    counts: std::collections::BTreeMap<usize, Vec<u32>>,
}

impl Means {
    fn add(&mut self, columns: &mut [(String, Vec<f64>)], kept: usize, row: usize) {
        let counts = self.counts.entry(kept).or_insert_with(|| {
            (columns.iter())
                .map(|(_, values)| u32::from(!values[kept].is_nan()))
                .collect()
        });
        for ((_, values), count) in columns.iter_mut().zip(counts) {
            let value = values[row];
            if value.is_nan() {
                continue;
            }
            values[kept] = if *count == 0 {
                value
            } else {
                values[kept] + value
            };
            *count += 1;
        }
    }

    fn finish(self, columns: &mut [(String, Vec<f64>)]) {
        for (kept, counts) in self.counts {
            for ((_, values), count) in columns.iter_mut().zip(counts) {
                if count > 1 {
                    values[kept] /= f64::from(count);
                }
            }
        }
    }
}

/// A table with distinct architectures and the index over them.
pub(super) struct Indexed {
    pub(super) staged: Staged,
    pub(super) index: Index,
    pub(super) codec: Codec,
    pub(super) policy: Duplicates,
}

/// The error of a source without any row.
pub(super) fn no_rows(path: &Path) -> Error {
    Error::input("the table has no rows")
        .mend("give it a row for each architecture")
        .in_file(path)
}
