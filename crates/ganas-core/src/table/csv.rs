//! CSV, plain or compressed with gzip.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use flate2::read::MultiGzDecoder;

use super::builder::{Builder, Value};
use super::columns::ArchColumns;
use super::staged::{Staged, Unit};
use crate::error::{Error, Result};
use crate::space::SearchSpace;

/// Bytes read at once.
const BUFFER: usize = 1 << 17;

/// Reads a CSV file.
pub(super) fn read(path: &Path, gzip: bool, space: &dyn SearchSpace) -> Result<Staged> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let file = BufReader::with_capacity(BUFFER, file);
    if gzip {
        read_from(MultiGzDecoder::new(file), path, space)
    } else {
        read_from(file, path, space)
    }
}

/// Reads CSV text; the path is only named in errors.
pub(super) fn read_from(input: impl Read, path: &Path, space: &dyn SearchSpace) -> Result<Staged> {
    let mut reader = ReaderBuilder::new()
        .buffer_capacity(BUFFER)
        .from_reader(input);
    let header: Vec<String> = (reader.byte_headers().map_err(|e| unreadable(e, path))?)
        .iter()
        .map(|name| String::from_utf8_lossy(name).trim().to_owned())
        .collect();
    if header.is_empty() {
        return Err(Error::input("the file is empty")
            .mend("give it a header and a row for each architecture")
            .in_file(path));
    }
    let at_header = |e: Error| e.in_file(path).on_line(1);
    let arch_columns = ArchColumns::find(&header, space).map_err(at_header)?;
    let metrics: Vec<usize> = (0..header.len())
        .filter(|&i| !arch_columns.contains(i))
        .collect();
    let names = metrics.iter().map(|&i| header[i].clone()).collect();
    let mut builder = Builder::new(names, Unit::Line).map_err(at_header)?;
    let mut record = ByteRecord::new();
    let mut buffer = String::new();
    while (reader.read_byte_record(&mut record)).map_err(|e| unreadable(e, path))? {
        let line = record.position().map_or(0, |p| p.line());
        let field = |i: usize| record.get(i).and_then(|f| str::from_utf8(f).ok());
        let part = |i| field(i).map(Cow::Borrowed);
        let arch = (arch_columns.parse(part, space, &mut buffer))
            .map_err(|e| e.in_file(path).on_line(line))?;
        // Bytes that are not text are no number either.
        let values = (metrics.iter()).map(|&i| Value::Text(field(i).unwrap_or("\u{fffd}")));
        builder
            .row(line, arch, values)
            .map_err(|e| e.in_file(path).on_line(line))?;
    }
    builder.finish(path)
}

/// An error of the csv or gzip reader as the user has to read it.
fn unreadable(error: csv::Error, path: &Path) -> Error {
    let line = error.position().map(|p| p.line());
    let error = match error.into_kind() {
        ErrorKind::Io(e) => match e.kind() {
            io::ErrorKind::UnexpectedEof => {
                Error::input("the compressed data ends too early").mend("copy the file again")
            }
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                Error::input(format!("the compressed data is damaged ({e})"))
                    .mend("copy the file again")
            }
            _ => return Error::io(path, e),
        },
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => Error::input(format!(
            "{len} fields where the header has {expected_len} columns"
        ))
        .mend("complete the row, or copy the file again if it ends here"),
        other => Error::input(format!("not CSV: {other:?}")).mend("check the file"),
    };
    let error = error.in_file(path);
    match line {
        Some(line) => error.on_line(line),
        None => error,
    }
}
