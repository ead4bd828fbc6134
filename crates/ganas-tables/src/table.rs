//! Lookups in a table.

use std::path::{Path, PathBuf};

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result, nearest};
use ganas_core::space::SearchSpace;
use memmap2::Mmap;
use xxhash_rust::xxh3::xxh3_64;

use crate::codec::Codec;
use crate::format::{Header, Layout, u32_at, u64_at};
use crate::staged::Ignored;

/// Benchmark table: immutable rows of canonical architectures and metrics.
///
/// Share a table between threads by an [`Arc`](std::sync::Arc); it needs no lock.
pub struct Table {
    pub(crate) bytes: Bytes,
    pub(crate) header: Header,
    pub(crate) codec: Codec,
    pub(crate) layout: Layout,
    pub(crate) source: PathBuf,
}

/// Bytes of the compiled form.
pub(crate) enum Bytes {
    Mapped(Mmap),
    /// Bytes in memory, for when no cache folder can be written.
    Owned(Vec<u8>),
}

impl Table {
    /// Returns the names of the metrics.
    pub fn columns(&self) -> &[String] {
        &self.header.columns
    }

    /// Returns the names of the columns of the source that are not metrics.
    pub fn ignored_columns(&self) -> Vec<&str> {
        let ignored = self.header.ignored.iter();
        ignored.map(|column| column.name.as_str()).collect()
    }

    /// Returns the columns of the source that are not metrics.
    pub fn ignored(&self) -> &[Ignored] {
        &self.header.ignored
    }

    /// Returns the number of architectures.
    pub fn len(&self) -> usize {
        self.layout.rows
    }

    /// Returns true if the table has no architecture. A table read from a file has at least one,
    /// unless the import allows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the file that the table was read from.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// Returns the name of the table's space.
    pub fn space(&self) -> &str {
        &self.header.space
    }

    /// Returns the XXH3-64 of the columns, architectures and metrics, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.header.digest
    }

    /// Returns the number of source rows that were folded into an earlier row of the same
    /// architecture.
    pub fn folded_rows(&self) -> u64 {
        self.header.folded
    }

    /// Returns the number of folded rows whose values differ from the earlier row.
    pub fn merged_rows(&self) -> u64 {
        self.header.merged
    }

    /// Returns the index of a metric.
    ///
    /// # Errors
    /// If no metric has this name; the error lists the metrics.
    pub fn column(&self, name: &str) -> Result<usize> {
        if let Some(index) = self.columns().iter().position(|c| c == name) {
            return Ok(index);
        }
        let known = self.columns().iter().map(String::as_str);
        let all = self.columns().join(", ");
        let mend = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`? The columns are {all}"),
            None => format!("the columns are {all}"),
        };
        let Some(column) = self.ignored().iter().find(|c| c.name == name) else {
            return Err(Error::input(format!("no column `{name}`"))
                .mend(mend)
                .in_file(&self.source));
        };
        Err(self.not_numeric(column, &mend))
    }

    /// Creates the error for a column that is not a metric, with its first cell that is not a
    /// number.
    fn not_numeric(&self, column: &Ignored, mend: &str) -> Error {
        let name = &column.name;
        let Some((line, text)) = &column.sample else {
            return Error::input(format!("column `{name}` holds text, not numbers"))
                .mend(mend)
                .in_file(&self.source);
        };
        let (what, mend) = if column.numbers == 0 {
            ("holds text", mend)
        } else {
            (
                "is not all numbers",
                "correct the cell, or leave it empty if it was not measured",
            )
        };
        let cells = column.numbers + column.texts;
        Error::input(format!(
            "column `{name}` {what}: `{text}` here, and {} of its {cells} cells are not numbers",
            column.texts
        ))
        .mend(mend)
        .in_file(&self.source)
        .on_line((*line).into())
    }

    pub(crate) fn key(&self, row: usize) -> &[u8] {
        let width = self.codec.width();
        &self.bytes.as_ref()[self.layout.archs..self.layout.lines][row * width..][..width]
    }

    /// Returns the canonical architecture of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn arch(&self, row: usize) -> Arch {
        let key = self.key(row);
        (self.codec.decode(key)).expect("keys are checked when a table is opened")
    }

    /// Returns a metric of a row, NaN if it was not measured.
    ///
    /// # Panics
    /// If there is no such row or column.
    pub fn value(&self, row: usize, column: usize) -> f64 {
        let at = 8 * (column * self.len() + row);
        assert!(row < self.len());
        let metrics = &self.bytes.as_ref()[self.layout.metrics..self.layout.index];
        f64::from_bits(u64_at(metrics, at))
    }

    /// Returns a metric of all rows, in order.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn values(&self, column: usize) -> impl ExactSizeIterator<Item = f64> + '_ {
        assert!(column < self.columns().len());
        (0..self.len()).map(move |row| self.value(row, column))
    }

    /// Returns the first source line of a row, counted from 1. The unit is the row in a Parquet
    /// file and the record in a TFRecord.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn line(&self, row: usize) -> u64 {
        assert!(row < self.len());
        u32_at(self.bytes.as_ref(), self.layout.lines + 4 * row).into()
    }

    /// Returns the row of a canonical architecture.
    pub fn find(&self, arch: &Arch) -> Option<usize> {
        let key = self.codec.encode(arch)?;
        let mask = self.layout.slots - 1;
        let index = &self.bytes.as_ref()[self.layout.index..];
        let mut slot = xxh3_64(key.bytes()) as usize & mask;
        // A damaged index might have no free slot.
        for _ in 0..=mask {
            let row = u32_at(index, 4 * slot).checked_sub(1)? as usize;
            if self.key(row) == key.bytes() {
                return Some(row);
            }
            slot = (slot + 1) & mask;
        }
        None
    }

    /// Returns the row of an architecture in the space's notation.
    ///
    /// # Errors
    /// If the text is not an architecture of the space, or if the table lacks it.
    pub fn query(&self, text: &str, space: &dyn SearchSpace) -> Result<usize> {
        let arch = space.parse(text).map_err(|what| {
            Error::input(what).mend(format!(
                "an architecture of `{}` is written like `{}`",
                space.name(),
                space.format(&self.arch(0))
            ))
        })?;
        self.find(&arch).ok_or_else(|| {
            Error::input(format!("`{}` is not in the table", space.format(&arch)))
                .mend("query one of its rows")
                .in_file(&self.source)
        })
    }

    /// Checks that an objective was measured in at least one row. Returns the number of rows
    /// without it.
    ///
    /// # Errors
    /// If it was measured in no row.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn check_objective(&self, column: usize) -> Result<usize> {
        let missing = self.values(column).filter(|value| value.is_nan()).count();
        if missing < self.len() {
            return Ok(missing);
        }
        Err(Error::input(format!(
            "the objective `{}` was not measured in any row",
            self.columns()[column]
        ))
        .mend("fill it in, or choose another objective")
        .in_file(&self.source))
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(bytes) => bytes,
            Bytes::Owned(bytes) => bytes,
        }
    }
}
