//! Opening and reading files, with errors for the user.

use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use ganas_core::error::{Error, Result};
use ganas_core::open_regular;

/// Bytes read at once.
const BUFFER: usize = 1 << 17;

/// Files that operating systems and devices leave in folders.
const LITTER: [&str; 5] = [
    "__MACOSX",
    "@eaDir",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
];

/// The size of a file.
///
/// # Errors
/// If it is a folder, or a device or pipe, which has no end.
pub(crate) fn size(path: &Path) -> Result<u64> {
    let metadata = fs::metadata(path).map_err(|e| Error::io(path, e))?;
    if !metadata.is_file() {
        return Err(
            Error::input("not a regular file, but a folder, a device or a pipe")
                .mend("copy the data into a file, or remove it")
                .in_file(path),
        );
    }
    Ok(metadata.len())
}

/// Opens a file; one that ends in `.gz` is decompressed.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>> {
    let file = open_regular(path).map_err(|e| Error::io(path, e))?;
    let file = BufReader::with_capacity(BUFFER, file);
    Ok(match path.extension() {
        Some(e) if e.eq_ignore_ascii_case("gz") => Box::new(MultiGzDecoder::new(file)),
        _ => Box::new(file),
    })
}

/// An error of a reader as the user has to read it.
pub(crate) fn unreadable(error: io::Error, path: &Path) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::input("the file ends too early")
            .mend("copy it again")
            .in_file(path),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Error::input(format!("the compressed data is damaged ({error})"))
                .mend("copy the file again")
                .in_file(path)
        }
        _ => Error::io(path, error),
    }
}

/// The entries of a folder, sorted by name, without hidden entries and those of operating systems,
/// such as `__MACOSX`.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(|e| Error::io(folder, e))? {
        let entry = entry.map_err(|e| Error::io(folder, e))?;
        let name = entry.file_name();
        let litter = LITTER.iter().any(|litter| name == *litter);
        if !litter && !name.as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// The last part of a path as text, for the name of a dataset or a class.
pub(crate) fn name(path: &Path) -> String {
    let last = path.file_name().map(|n| n.to_string_lossy().into_owned());
    last.unwrap_or_else(|| path.display().to_string())
}
