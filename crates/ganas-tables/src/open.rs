//! Opening of tables: from source files, compiled files and bytes in memory.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ganas_core::error::{Advice, Error, Result};
use ganas_core::space::{Duplicates, SearchSpace};

use crate::embedded::Embedded;
use crate::format::{self, Unusable};
use crate::import::{Import, Reading};
use crate::kind::Kind;
use crate::staged::Indexed;
use crate::table::{Bytes, Table};
use crate::{cache, csv, default_folder, map, tfrecord};

/// Rows of a compiled table that are checked against the space when it is opened.
const CHECKED_ROWS: usize = 1 << 14;

impl Table {
    /// Opens a table of a space. A compiled table is mapped as it is. Any other is compiled first,
    /// unless `cache` (by default [`default_folder`]) holds its compiled form. If the cache cannot
    /// be written, the table is compiled in memory.
    ///
    /// # Errors
    /// If the file is not a table of the space.
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

    /// Opens a table as [`open`](Self::open) does, with settings of the import.
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
        if let Some(embedded) = Embedded::named(path) {
            return Self::in_memory(&embedded.read(space, &reading)?, space, path);
        }
        let kind = kind(path)?;
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

    /// Compiles a table into a file and returns its path. The default file is the one in the cache
    /// that [`open_with`](Self::open_with) looks for.
    ///
    /// # Errors
    /// If the source is not a table of the space, in which case nothing is written, or if the file
    /// cannot be written.
    pub fn compile(
        source: impl AsRef<Path>,
        space: &dyn SearchSpace,
        import: &Import,
        out: Option<&Path>,
    ) -> Result<PathBuf> {
        let source = source.as_ref();
        let reading = import.reading(space);
        if let Some(embedded) = Embedded::named(source) {
            let Some(out) = out else {
                return Err(
                    Error::input("the table is part of the program, and needs no import")
                        .mend(
                            Advice::text("use it as it is, or name a file to write by ")
                                .setting("out", None),
                        )
                        .in_file(source),
                );
            };
            cache::write(&embedded.read(space, &reading)?, space, out)?;
            return Ok(out.to_owned());
        }
        let kind = kind(source)?;
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

    /// Reads a table from the bytes of a text file, plain or compressed, without files or cache.
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
        match Kind::of_start(&bytes[..bytes.len().min(64)], name)? {
            Kind::Csv { .. } => {
                let staged = csv::read_from(bytes, name, space, &import.reading(space))?;
                Self::in_memory(&staged.indexed(import.reading(space)), space, name)
            }
            _ => Err(Error::input("this is not CSV")
                .mend("write it as CSV, plain or compressed with gzip")
                .in_file(name)),
        }
    }

    /// Reads a table from the bytes of a CSV text, without files or cache.
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

    /// Reads a table from the bytes of a TFRecord file, without files or cache.
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

    /// Opens a compiled table in memory.
    ///
    /// # Errors
    /// If the bytes are damaged, of another version of the format, or of another space.
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
            let known = codec.ops(key).is_some_and(|ops| space.knows_ops(ops));
            let checked = if !known {
                Err("an op is unknown".into())
            } else if row % stride == 0 {
                space.check(&table.arch(row))
            } else {
                Ok(())
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
}

/// Returns the kind of a file. A file that does not exist may be a misspelt name of an embedded table.
fn kind(path: &Path) -> Result<Kind> {
    match Embedded::misspelt(path) {
        Some(error) => Err(error),
        None => Kind::of_file(path),
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
        Kind::Parquet => crate::parquet::read(path, space, reading)?,
        #[cfg(not(feature = "parquet"))]
        Kind::Parquet => {
            return Err(Error::input("this program was built without Parquet")
                .mend(
                    "build it with `cargo build --release --features parquet`, or write the table as CSV \
                     (`pandas.read_parquet(..).to_csv(..)`)",
                )
                .in_file(path));
        }
        Kind::Compiled => {
            return Err(Error::io(path, io::ErrorKind::InvalidInput.into()));
        }
    };
    Ok(staged.indexed(reading.clone()))
}
