//! Kinds of table files, told by their content rather than their name.

use std::io::Read;
use std::path::Path;

use crate::{format, tfrecord};
use ganas_core::error::{Error, Result};
use ganas_core::open_regular;

/// Kind of a table file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Compiled,
    Csv { gzip: bool },
    Parquet,
    TfRecord,
}

impl Kind {
    /// Returns the kind of a file.
    ///
    /// # Errors
    /// If the file cannot be read or its kind is unknown.
    pub(crate) fn of_file(path: &Path) -> Result<Self> {
        let mut start = Vec::new();
        let file = open_regular(path).map_err(|e| Error::io(path, e))?;
        (file.take(64).read_to_end(&mut start)).map_err(|e| Error::io(path, e))?;
        Kind::of_start(&start, path)
    }

    /// Returns the kind of a file with this start.
    ///
    /// # Errors
    /// If the kind is unknown.
    pub(crate) fn of_start(start: &[u8], path: &Path) -> Result<Self> {
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
            Err(Error::input("the file is not a table of a known kind")
                .mend("use CSV in UTF-8, CSV.gz, Parquet or NAS-Bench-101's TFRecord")
                .in_file(path))
        } else {
            Ok(Kind::Csv { gzip: false })
        }
    }
}
