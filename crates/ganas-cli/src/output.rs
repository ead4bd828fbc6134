//! Writing files whole, and text on one line.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use ganas_core::error::Error;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::terminal::plain;

/// A text with all its white space narrowed to single spaces, and without control characters.
pub fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    plain(&line).into_owned()
}

/// Makes sure, before a long run, that a file will be writable: its folder is made if need be.
///
/// # Errors
/// If the path is a folder, or nothing can be written there.
pub fn prepare(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Err(Error::input("this is a folder")
            .mend("name a file to write")
            .in_file(path)
            .into());
    }
    let tried = if is_special(path) {
        OpenOptions::new().write(true).open(path).map(drop)
    } else {
        fs::create_dir_all(folder(path)).and_then(|()| temporary(path).map(drop))
    };
    tried.map_err(|e| {
        Error::input(format!("cannot be written ({})", e.kind()))
            .mend("name another place, or make it writable")
            .in_file(path)
            .into()
    })
}

/// Writes a value as indented JSON: the whole file or nothing.
///
/// # Errors
/// If the file cannot be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let write = || -> io::Result<()> {
        if is_special(path) {
            return write_into(OpenOptions::new().write(true).open(path)?, value);
        }
        // A link keeps pointing to where it does.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let file = temporary(&path)?;
        write_into(file.as_file(), value)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn write_into(file: impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut buffer = BufWriter::new(file);
    serde_json::to_writer_pretty(&mut buffer, value)?;
    buffer.write_all(b"\n")?;
    buffer.flush()
}

/// Whether a path is a device or a pipe, such as `/dev/stdout`: nothing may take its place.
pub fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|m| !m.is_file() && !m.is_dir())
}

/// A file beside the path that will take its place.
fn temporary(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // Others may read the file, as far as the user's umask lets them.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".ganas-").tempfile_in(folder(path))
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
