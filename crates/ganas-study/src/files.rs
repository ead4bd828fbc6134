//! Files that are read, and files that are written whole.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use ganas_core::error::{Access, Error, Result};
use ganas_core::{check_writable, write_whole};
use serde::Serialize;

/// Makes sure, before a long run, that a file will be writable: its folder is made if need be.
///
/// # Errors
/// If the path is a folder, or nothing can be written there.
pub fn prepare(path: &Path) -> Result<()> {
    check_writable(path).map_err(|e| {
        let error = match e.kind() {
            io::ErrorKind::IsADirectory => {
                Error::input("this is a folder").mend("name a file to write")
            }
            kind => Error::input(format!("cannot be written ({kind})"))
                .mend("name another place, or make it writable"),
        };
        error.in_file(path)
    })
}

/// Writes a value as indented JSON: the whole file or nothing.
///
/// # Errors
/// If the file cannot be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    write_whole(path, |file| {
        let mut buffer = BufWriter::new(file);
        serde_json::to_writer_pretty(&mut buffer, value)?;
        buffer.write_all(b"\n")?;
        buffer.flush()
    })
}

/// An error of a file that cannot be read as unusable input.
pub fn unreadable(error: Error) -> Error {
    match error {
        Error::Io {
            path,
            access: Access::Read,
            source,
            ..
        } => unreadable_file(path, &source),
        other => other,
    }
}

fn unreadable_file(path: PathBuf, cause: &std::io::Error) -> Error {
    match cause.kind() {
        std::io::ErrorKind::NotFound => {
            Error::input("there is no such file").mend("check the path")
        }
        _ => Error::input(format!("cannot be read ({cause})")).mend("name a readable file"),
    }
    .in_file(path)
}
