//! What kind of file a table is in: by its content, not its name.

use std::io::Read;
use std::path::Path;

use crate::{format, tfrecord};
use ganas_core::error::{Error, Result};
use ganas_core::open_regular;

/// The kinds of files that hold tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Compiled,
    Csv { gzip: bool },
    Parquet,
    TfRecord,
}

impl Kind {
    /// The kind of a file.
    ///
    /// # Errors
    /// If it cannot be read or is of no known kind.
    pub(crate) fn of(path: &Path) -> Result<Self> {
        let mut start = Vec::new();
        let file = open_regular(path).map_err(|e| Error::io(path, e))?;
        (file.take(64).read_to_end(&mut start)).map_err(|e| Error::io(path, e))?;
        Kind::starting(&start, path)
    }

    /// The kind of a file with this start.
    ///
    /// # Errors
    /// If it is of no known kind.
    pub(crate) fn starting(start: &[u8], path: &Path) -> Result<Self> {
        let utf16 = start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]);
        if start.starts_with(&format::MAGIC) {
            Ok(Kind::Compiled)
        } else if start.starts_with(&[0x1f, 0x8b]) {
            Ok(Kind::Csv { gzip: true })
        } else if start.starts_with(b"PAR1") {
            Ok(Kind::Parquet)
        } else if tfrecord::starts_one(start) || path.extension().is_some_and(|e| e == "tfrecord") {
            Ok(Kind::TfRecord)
        } else if start.contains(&0) && !utf16 {
            Err(Error::input("the file is no table that is known here")
                .mend("use CSV in UTF-8, CSV.gz, Parquet or NAS-Bench-101's TFRecord")
                .in_file(path))
        } else {
            Ok(Kind::Csv { gzip: false })
        }
    }
}
