//! Benchmark tables: what others have measured, ready to be searched.
//!
//! A table is read from CSV, CSV.gz, Parquet or NAS-Bench-101's TFRecord once, compiled into one
//! block of bytes with an index over canonical architectures, and from then on memory-mapped.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ganas_core::space::{SearchSpace, from_toml};
//! use ganas_tables::{Import, Table};
//!
//! let space = from_toml("name = 's'\nkind = 'chain'\nlength = 2\nops = ['a', 'b']")?;
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("table.csv");
//! std::fs::write(&file, "arch,accuracy\na;a,0.5\na;b,0.75\n")?;
//!
//! let import = Import { cache: Some(folder.path().into()), ..Import::default() };
//! let table = Table::open_with(&file, &*space, &import)?;
//! let accuracy = table.column("accuracy")?;
//! let row = table.find(&space.parse("a;b")?).unwrap();
//! assert_eq!(table.value(row, accuracy), 0.75);
//! # Ok(())
//! # }
//! ```

mod builder;
mod cache;
mod cell;
mod codec;
mod columns;
mod csv;
mod evaluator;
mod filter;
mod format;
mod import;
mod kind;
mod map;
#[cfg(feature = "parquet")]
mod parquet;
mod pool;
#[cfg(feature = "parquet")]
mod quiet;
mod ranking;
mod repeats;
mod source;
mod staged;
mod summary;
mod text;
mod tfrecord;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use xxhash_rust::xxh3::xxh3_64;

use codec::Codec;
use format::{Header, Layout, Unusable, u32_at, u64_at};
use ganas_core::arch::Arch;
use ganas_core::error::{Advice, Error, Result, nearest};
use ganas_core::space::{Duplicates, SearchSpace};
use import::Reading;
use kind::Kind;
use staged::Indexed;

pub use cache::{EXTENSION, default_folder};
pub use columns::ArchColumns;
pub use evaluator::TableEvaluator;
pub use import::{Filter, Import};
pub use ranking::Ranking;
pub use source::SourceRow;
pub use staged::Ignored;
pub use summary::{ColumnSummary, Summary};

/// A benchmark table: rows of canonical architectures and metrics, which it never changes.
///
/// Sharing one between threads takes an [`Arc`](std::sync::Arc) and no lock.
pub struct Table {
    bytes: Bytes,
    header: Header,
    codec: Codec,
    layout: Layout,
    source: PathBuf,
}

/// How many rows of a compiled table are checked against the space when it is opened.
const CHECKED_ROWS: usize = 1 << 14;

/// Where the compiled form lies.
enum Bytes {
    Mapped(Mmap),
    /// Where no cache folder can be written.
    Owned(Vec<u8>),
}

impl Table {
    /// Opens a table of a space: a compiled one as it is, any other by compiling it first unless
    /// `cache` (by default [`default_folder`]) has its compiled form already. Where the cache
    /// cannot be written, the table is compiled in memory.
    ///
    /// # Errors
    /// If the file is not a table of the space, in one line with the place and the mend.
    pub fn open(
        path: impl AsRef<Path>,
        space: &dyn SearchSpace,
        cache: Option<&Path>,
    ) -> Result<Self> {
        let import = Import {
            cache: cache.map(Path::to_owned),
            ..Import::default()
        };
        Self::open_with(path, space, &import)
    }

    /// As [`open`](Self::open), with a choice of what duplicate rows mean.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(
        path: impl AsRef<Path>,
        space: &dyn SearchSpace,
        import: &Import,
    ) -> Result<Self> {
        let path = path.as_ref();
        let reading = import.reading(space);
        let kind = Kind::of(path)?;
        if kind == Kind::Compiled {
            return Self::map(path, space, &reading);
        }
        let folder = import.cache.clone().or_else(default_folder);
        let place = folder.and_then(|folder| {
            let content = cache::content(path).ok()?;
            let place = cache::place(&folder, path, content, space, &reading).ok()?;
            Some((place, content))
        });
        // A cached file that cannot be used is simply made again.
        let cached = |place: &PathBuf| Self::map(place, space, &reading).ok();
        let table = match place.as_ref().and_then(|(place, _)| cached(place)) {
            Some(table) => table,
            None => {
                let indexed = read(kind, path, space, &reading)?;
                // Where the file changed meanwhile, nobody knows which content was read.
                let same = |content: u128| cache::content(path).is_ok_and(|c| c == content);
                let written = (place.as_ref())
                    .filter(|(place, content)| {
                        same(*content) && cache::write(&indexed, space, place).is_ok()
                    })
                    .and_then(|(place, _)| cached(place));
                match written {
                    Some(table) => table,
                    None => Self::in_memory(&indexed, space, path)?,
                }
            }
        };
        Ok(Table {
            source: path.to_owned(),
            ..table
        })
    }

    /// Compiles a table into a file, by default the one in the cache that
    /// [`open_with`](Self::open_with) looks for, and returns that file's path.
    ///
    /// # Errors
    /// If the source is not a table of the space, in which case nothing is written, or if the
    /// file cannot be written.
    pub fn compile(
        source: impl AsRef<Path>,
        space: &dyn SearchSpace,
        import: &Import,
        out: Option<&Path>,
    ) -> Result<PathBuf> {
        let source = source.as_ref();
        let reading = import.reading(space);
        let kind = Kind::of(source)?;
        if kind == Kind::Compiled {
            return Err(Error::input("the table is compiled already")
                .mend("use it as it is")
                .in_file(source));
        }
        let out = match (out, import.cache.clone().or_else(default_folder)) {
            (Some(out), _) => out.to_owned(),
            (None, Some(folder)) => cache::content(source)
                .and_then(|content| cache::place(&folder, source, content, space, &reading))
                .map_err(|e| Error::io(source, e))?,
            (None, None) => {
                return Err(Error::input("there is no cache folder")
                    .mend("set GANAS_CACHE, or name the file to write"));
            }
        };
        let indexed = read(kind, source, space, &reading)?;
        cache::write(&indexed, space, &out)?;
        Ok(out)
    }

    /// Reads a table from the bytes of a text file, plain or compressed, without any file or cache.
    ///
    /// # Errors
    /// As [`open_with`](Self::open_with), or if the bytes are not text.
    pub fn from_text(
        bytes: &[u8],
        name: impl AsRef<Path>,
        space: &dyn SearchSpace,
        import: &Import,
    ) -> Result<Self> {
        let name = name.as_ref();
        match Kind::starting(&bytes[..bytes.len().min(64)], name)? {
            Kind::Csv { .. } => {
                let staged = csv::read_from(bytes, name, space, &import.reading(space))?;
                Self::in_memory(&staged.indexed(import.reading(space)), space, name)
            }
            _ => Err(Error::input("this is not CSV")
                .mend("write it as CSV, plain or compressed with gzip")
                .in_file(name)),
        }
    }

    /// Reads a table from the bytes of a CSV text, without any file or cache.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_csv(
        text: &[u8],
        name: impl AsRef<Path>,
        space: &dyn SearchSpace,
        duplicates: Duplicates,
    ) -> Result<Self> {
        let import = Import {
            duplicates: Some(duplicates),
            ..Import::default()
        };
        Self::from_text(text, name, space, &import)
    }

    /// Reads a table from the bytes of a TFRecord file, without any file or cache.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_tfrecord(
        bytes: &[u8],
        name: impl AsRef<Path>,
        space: &dyn SearchSpace,
    ) -> Result<Self> {
        let staged = tfrecord::read_from(bytes, name.as_ref(), space)?;
        let indexed = staged.indexed(Import::default().reading(space));
        Self::in_memory(&indexed, space, name.as_ref())
    }

    /// Takes over the bytes of a compiled table.
    ///
    /// # Errors
    /// If they are damaged, of another version of the format, or of another space.
    pub fn from_compiled(
        bytes: Vec<u8>,
        name: impl AsRef<Path>,
        space: &dyn SearchSpace,
    ) -> Result<Self> {
        let reading = Import::default().reading(space);
        Self::over(Bytes::Owned(bytes), name.as_ref(), space, &reading)
    }

    fn in_memory(indexed: &Indexed, space: &dyn SearchSpace, path: &Path) -> Result<Self> {
        let mut bytes = Vec::new();
        format::write(indexed, space, &mut bytes).map_err(|e| Error::io(path, e))?;
        Self::over(Bytes::Owned(bytes), path, space, &indexed.reading)
    }

    /// Maps a compiled table.
    fn map(path: &Path, space: &dyn SearchSpace, reading: &Reading) -> Result<Self> {
        let mapped = File::open(path).and_then(|file| map::map(&file));
        let bytes = mapped.map_err(|e| Error::io(path, e))?;
        Self::over(Bytes::Mapped(bytes), path, space, reading)
    }

    fn over(bytes: Bytes, path: &Path, space: &dyn SearchSpace, reading: &Reading) -> Result<Self> {
        let (header, codec, layout) = format::open(bytes.as_ref()).map_err(|e| match e {
            Unusable::Damaged => Error::input("the compiled table is damaged or cut off")
                .mend("import it again from its source")
                .in_file(path),
            Unusable::Version(found) => Error::input(format!(
                "the compiled table has format {found} where this program reads {}",
                format::VERSION
            ))
            .mend("import it again from its source")
            .in_file(path),
        })?;
        let name = space.name();
        if header.space != name || header.fingerprint != format::fingerprint(space) {
            let what = if header.space == name {
                format!("the table was compiled for another definition of the space `{name}`")
            } else {
                format!("the table is of the space `{}`, not `{name}`", header.space)
            };
            return Err(Error::input(what)
                .mend("name the table's own space, or import it again from its source")
                .in_file(path));
        }
        header.reading.check(reading).map_err(|e| e.in_file(path))?;
        let table = Table {
            source: header.source.clone(),
            bytes,
            header,
            codec,
            layout,
        };
        // Ops of all rows, so that none can be out of range; whole cells only of some, since a
        // checksum guards the rest and opening has to be quick.
        let stride = table.len().div_ceil(CHECKED_ROWS).max(1);
        for row in 0..table.len() {
            let key = table.key(row);
            let known = (key.get(1..=key[0] as usize))
                .is_some_and(|ops| ops.iter().all(|&op| usize::from(op) < space.ops().len()));
            let checked = match known {
                true if row % stride == 0 => space.check(&table.arch(row)),
                true => Ok(()),
                false => Err("an op is unknown".into()),
            };
            if let Err(what) = checked {
                return Err(Error::input(format!(
                    "row {row} is not of the space `{name}`: {what}"
                ))
                .mend("name the table's own space, or import it again from its source")
                .in_file(path));
            }
        }
        Ok(table)
    }

    /// The names of the metrics.
    pub fn columns(&self) -> &[String] {
        &self.header.columns
    }

    /// The names of the columns of the source that hold no metric.
    pub fn ignored_columns(&self) -> Vec<&str> {
        let ignored = self.header.ignored.iter();
        ignored.map(|column| column.name.as_str()).collect()
    }

    /// The columns of the source that hold no metric.
    pub fn ignored(&self) -> &[Ignored] {
        &self.header.ignored
    }

    /// The number of architectures.
    pub fn len(&self) -> usize {
        self.layout.rows
    }

    /// Whether the table has no architecture. A table read from a file always has one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The file that the table was read from.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// The name of the table's space.
    pub fn space(&self) -> &str {
        &self.header.space
    }

    /// XXH3-64 of the columns, architectures and metrics, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.header.digest
    }

    /// How many rows of the source were folded into an earlier row of the same architecture.
    pub fn folded_rows(&self) -> u64 {
        self.header.folded
    }

    /// How many of these rows carried other values than the row that they were folded into.
    pub fn merged_rows(&self) -> u64 {
        self.header.merged
    }

    /// The index of a metric.
    ///
    /// # Errors
    /// If there is none of this name; the error lists the metrics.
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

    /// That a column is no metric, with the first of its cells that is not a number.
    fn not_numeric(&self, column: &Ignored, mend: &str) -> Error {
        let name = &column.name;
        let Some((line, text)) = &column.sample else {
            return Error::input(format!("column `{name}` holds text, not numbers"))
                .mend(mend)
                .in_file(&self.source);
        };
        let (what, mend) = match column.numbers {
            0 => ("holds text", mend),
            _ => (
                "is not all numbers",
                "correct the cell, or leave it empty if it was not measured",
            ),
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

    fn key(&self, row: usize) -> &[u8] {
        let width = self.codec.width();
        &self.bytes.as_ref()[self.layout.archs..self.layout.lines][row * width..][..width]
    }

    /// The canonical architecture of a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn arch(&self, row: usize) -> Arch {
        let key = self.key(row);
        // Every key was checked when the table was opened.
        self.codec.decode(key).unwrap_or_else(|| Arch::new(&[]))
    }

    /// A metric of a row; NaN where it was not measured.
    ///
    /// # Panics
    /// If there is no such row or column.
    pub fn value(&self, row: usize, column: usize) -> f64 {
        let at = 8 * (column * self.len() + row);
        assert!(row < self.len());
        let metrics = &self.bytes.as_ref()[self.layout.metrics..self.layout.index];
        f64::from_bits(u64_at(metrics, at))
    }

    /// A metric of all rows, in order.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn values(&self, column: usize) -> impl ExactSizeIterator<Item = f64> + '_ {
        assert!(column < self.columns().len());
        (0..self.len()).map(move |row| self.value(row, column))
    }

    /// The line (of a Parquet file: the row, of a TFRecord: the record) of the source that a row
    /// was first on, counted from 1.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn line(&self, row: usize) -> u64 {
        assert!(row < self.len());
        u32_at(self.bytes.as_ref(), self.layout.lines + 4 * row).into()
    }

    /// The row of a canonical architecture.
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

    /// The row of an architecture in the space's notation.
    ///
    /// # Errors
    /// If the text is no architecture of the space or the table does not have it.
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

    /// Checks that a metric was measured somewhere, as an objective has to be: the number of rows
    /// where it was not.
    ///
    /// # Errors
    /// If it was measured nowhere.
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

/// Reads a source.
fn read(kind: Kind, path: &Path, space: &dyn SearchSpace, reading: &Reading) -> Result<Indexed> {
    let staged = match kind {
        Kind::Csv { gzip } => csv::read(path, gzip, space, reading)?,
        Kind::TfRecord => {
            if !reading.filters.is_empty() || reading.arch_column.is_some() {
                return Err(Error::input("a TFRecord has no columns to choose by")
                    .mend(
                        Advice::text("leave out ")
                            .setting("where", None)
                            .then(" and ")
                            .setting("arch_column", None),
                    )
                    .in_file(path));
            }
            tfrecord::read(path, space)?
        }
        #[cfg(feature = "parquet")]
        Kind::Parquet => parquet::read(path, space, reading)?,
        #[cfg(not(feature = "parquet"))]
        Kind::Parquet => {
            return Err(Error::input("this program was built without Parquet")
                .mend("build it with the feature `parquet`, or convert the table to CSV")
                .in_file(path));
        }
        Kind::Compiled => {
            return Err(Error::io(path, io::ErrorKind::InvalidInput.into()));
        }
    };
    Ok(staged.indexed(reading.clone()))
}
