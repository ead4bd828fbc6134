//! Reading of regular files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Opens a regular file for reading. Other files are refused: a pipe may never send anything, and a
/// device such as `/dev/zero` never ends.
///
/// # Errors
/// If it is not a regular file, or the operating system refuses it.
pub fn open_regular(path: &Path) -> io::Result<File> {
    check_regular(path)?;
    OpenOptions::new().read(true).open(path)
}

/// Reads all of a regular file.
///
/// # Errors
/// As [`open_regular`].
pub fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads all of a regular text file.
///
/// # Errors
/// As [`open_regular`], or [`InvalidData`](io::ErrorKind::InvalidData) if it is not UTF-8.
pub fn read_regular_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open_regular(path)?.read_to_string(&mut text)?;
    Ok(text)
}

fn check_regular(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() {
        return Ok(());
    }
    if kind.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "it is a device or a pipe, not a regular file; copy its content into a file",
    ))
}
