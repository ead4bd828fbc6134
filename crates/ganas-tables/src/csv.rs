//! Text tables: CSV, or text with semicolons or tabs, plain or compressed with gzip.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use flate2::read::MultiGzDecoder;

use crate::builder::Builder;
use crate::cell::Value;
use crate::columns::ArchColumns;
use crate::filter::Filters;
use crate::import::Reading;
use crate::staged::{Staged, Unit};
use crate::text::{LONGEST_ROW, Limited, RowBytes, utf8};
use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::open_regular;
use ganas_core::space::SearchSpace;

/// Bytes read at once.
const BUFFER: usize = 1 << 17;

/// Separators of fields, the most usual first.
const SEPARATORS: [u8; 3] = [b',', b'\t', b';'];

/// Reader of the rows of a text table.
pub(crate) struct Rows<'a> {
    reader: Reader<Box<dyn Read + 'a>>,
    bytes: RowBytes,
    path: &'a Path,
    /// Names of the columns.
    pub(crate) header: Vec<String>,
    /// Columns of the architecture.
    pub(crate) arch: ArchColumns,
    record: ByteRecord,
    buffer: String,
}

/// Opens a file.
///
/// # Errors
/// If it cannot be read or has no header of a table.
pub(crate) fn open<'a>(
    path: &'a Path,
    gzip: bool,
    arch_column: Option<&str>,
    space: &dyn SearchSpace,
) -> Result<Rows<'a>> {
    let file = open_regular(path).map_err(|e| Error::io(path, e))?;
    let file = BufReader::with_capacity(BUFFER, file);
    Rows::new(unpacked(file, gzip), path, arch_column, space)
}

/// Reads a file.
///
/// # Errors
/// If it is not a table of the space.
pub(crate) fn read(
    path: &Path,
    gzip: bool,
    space: &dyn SearchSpace,
    reading: &Reading,
) -> Result<Staged> {
    open(path, gzip, reading.arch_column.as_deref(), space)?.stage(space, reading)
}

/// Reads text. The path is used in errors only.
///
/// # Errors
/// If it is not a table of the space.
pub(crate) fn read_from(
    input: &[u8],
    path: &Path,
    space: &dyn SearchSpace,
    reading: &Reading,
) -> Result<Staged> {
    let input = unpacked(input, input.starts_with(&[0x1f, 0x8b]));
    Rows::new(input, path, reading.arch_column.as_deref(), space)?.stage(space, reading)
}

fn unpacked<'a>(input: impl BufRead + 'a, gzip: bool) -> Box<dyn Read + 'a> {
    if gzip {
        Box::new(MultiGzDecoder::new(input))
    } else {
        Box::new(input)
    }
}

impl<'a> Rows<'a> {
    fn new(
        input: Box<dyn Read + 'a>,
        path: &'a Path,
        arch_column: Option<&str>,
        space: &dyn SearchSpace,
    ) -> Result<Self> {
        let bytes = RowBytes::default();
        let failed = |e: io::Error| unreadable(e.into(), path, 1);
        let text = utf8(input).map_err(failed)?;
        let mut text = BufReader::with_capacity(BUFFER, Limited::new(text, bytes.clone()));
        let start = first_line(&mut text).map_err(failed)?;
        let separator = separator(&start, arch_column, space);
        let input: Box<dyn Read> = Box::new(Cursor::new(start).chain(text));
        let mut reader = (ReaderBuilder::new().buffer_capacity(BUFFER))
            .delimiter(separator)
            .from_reader(input);
        let header = names(reader.byte_headers().map_err(|e| unreadable(e, path, 1))?);
        if header.is_empty() {
            return Err(Error::input("the file is empty")
                .mend("give it a header and a row for each architecture")
                .in_file(path));
        }
        let arch = ArchColumns::find(&header, arch_column, space)
            .map_err(|e| e.in_file(path).on_line(1))?;
        bytes.ended();
        Ok(Rows {
            reader,
            bytes,
            path,
            header,
            arch,
            record: ByteRecord::new(),
            buffer: String::new(),
        })
    }

    /// Advances to the next row and returns its line, or `None` at the end.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn next(&mut self) -> Result<Option<u64>> {
        let last = self.line();
        let more = (self.reader.read_byte_record(&mut self.record))
            .map_err(|e| unreadable(e, self.path, last + 1))?;
        self.bytes.ended();
        Ok(more.then(|| self.line()))
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(1, |p| p.line())
    }

    /// Returns a field of the row, if it is text.
    pub(crate) fn field(&self, column: usize) -> Option<&str> {
        self.record.get(column).and_then(|f| str::from_utf8(f).ok())
    }

    /// Parses the architecture of the row.
    ///
    /// # Errors
    /// If the space does not have it.
    pub(crate) fn parse(&mut self, space: &dyn SearchSpace) -> Result<Arch> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let part = |column| self.field(column).map(Cow::Borrowed);
        let arch = self.arch.parse(part, space, &mut buffer);
        self.buffer = buffer;
        arch
    }

    /// Reads all rows.
    fn stage(mut self, space: &dyn SearchSpace, reading: &Reading) -> Result<Staged> {
        let path = self.path;
        let at_header = |e: Error| e.in_file(path).on_line(1);
        let metrics: Vec<usize> = (0..self.header.len())
            .filter(|&i| !self.arch.contains(i))
            .collect();
        let names = metrics.iter().map(|&i| self.header[i].clone()).collect();
        let mut filters = Filters::new(reading, &self.header).map_err(at_header)?;
        let mut builder = Builder::new(names, Unit::Line, reading).map_err(at_header)?;
        while let Some(line) = self.next()? {
            let text = |column| Cow::Borrowed(self.field(column).unwrap_or_default());
            if !filters.keep(text) {
                continue;
            }
            let at = |e: Error| e.in_file(path).on_line(line);
            let arch = self.parse(space).map_err(at)?;
            // Bytes that are not text are no number either.
            let value = |&i: &usize| Value::Text(self.field(i).unwrap_or("\u{fffd}"));
            (builder.row(line, arch, metrics.iter().map(value))).map_err(at)?;
        }
        filters.check().map_err(|e| e.in_file(path))?;
        builder.finish(path, space, reading)
    }
}

fn names(record: &ByteRecord) -> Vec<String> {
    (record.iter())
        .map(|name| String::from_utf8_lossy(name).trim().to_owned())
        .collect()
}

/// Reads up to the end of the first line that is not empty.
fn first_line(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut filled = false;
    loop {
        let bytes = input.fill_buf()?;
        let end = bytes.iter().position(|&b| {
            filled |= !b.is_ascii_whitespace();
            filled && matches!(b, b'\n' | b'\r')
        });
        let taken = end.map_or(bytes.len(), |end| end + 1);
        line.extend_from_slice(&bytes[..taken]);
        input.consume(taken);
        if taken == 0 || end.is_some() {
            return Ok(line);
        }
    }
}

/// Returns the separator of a header: the first with which a column holds the architecture.
fn separator(start: &[u8], arch_column: Option<&str>, space: &dyn SearchSpace) -> u8 {
    let header = |separator: u8| {
        let mut reader = (ReaderBuilder::new().delimiter(separator)).from_reader(start);
        reader.byte_headers().map(names).unwrap_or_default()
    };
    let headers = SEPARATORS.map(|separator| (separator, header(separator)));
    let found =
        (headers.iter()).find(|(_, names)| ArchColumns::find(names, arch_column, space).is_ok());
    let most = || headers.iter().rev().max_by_key(|(_, names)| names.len());
    found
        .or_else(most)
        .map_or(b',', |(separator, _)| *separator)
}

/// Translates an error of the CSV or gzip reader; `line` is the reader's line.
fn unreadable(error: csv::Error, path: &Path, line: u64) -> Error {
    let place = error.position().map(|p| p.line());
    let error = match error.into_kind() {
        ErrorKind::Io(e) => match e.kind() {
            io::ErrorKind::FileTooLarge => {
                return Error::input(format!("a row of more than {} MiB", LONGEST_ROW >> 20))
                    .mend("check the file: a quotation mark may not be closed")
                    .in_file(path)
                    .on_line(line);
            }
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
    match place {
        Some(line) => error.on_line(line),
        None => error,
    }
}
