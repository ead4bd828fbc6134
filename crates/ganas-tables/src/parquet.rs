//! Parquet files.

use std::borrow::Cow;
use std::fs::File;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use crate::builder::Builder;
use crate::cell::Value;
use crate::columns::ArchColumns;
use crate::filter::Filters;
use crate::import::Reading;
use crate::quiet::catch_quietly;
use crate::staged::{Staged, Unit};
use ganas_core::error::{Error, Result};
use ganas_core::open_regular;
use ganas_core::space::SearchSpace;

/// Reads a Parquet file. The places of its rows are row numbers.
pub(crate) fn read(path: &Path, space: &dyn SearchSpace, reading: &Reading) -> Result<Staged> {
    guarded(path, || {
        let rows = open(path, reading.arch_column.as_deref(), space)?;
        stage(rows, path, space, reading)
    })
}

/// Runs a decoder.
///
/// # Errors
/// If the decoder fails, or the file is damaged.
pub(crate) fn guarded<T>(path: &Path, decode: impl FnOnce() -> Result<T>) -> Result<T> {
    // The decoders of the parquet crate assert what a damaged page may break. Nothing that the
    // closure changes is seen again after a panic.
    catch_quietly(AssertUnwindSafe(decode)).unwrap_or_else(|| {
        Err(Error::input("the Parquet file is damaged")
            .mend("copy the file again")
            .in_file(path))
    })
}

/// An open Parquet file.
pub(crate) struct Rows {
    reader: SerializedFileReader<File>,
    /// Names of the columns.
    pub(crate) header: Vec<String>,
    /// Columns of the architecture.
    pub(crate) arch: ArchColumns,
}

/// Opens a file.
///
/// # Errors
/// If the file cannot be read, or no column holds an architecture.
pub(crate) fn open(
    path: &Path,
    arch_column: Option<&str>,
    space: &dyn SearchSpace,
) -> Result<Rows> {
    let file = open_regular(path).map_err(|e| Error::io(path, e))?;
    let length = file.metadata().map_err(|e| Error::io(path, e))?.len();
    let reader = SerializedFileReader::new(file).map_err(|e| unreadable(e, path))?;
    if !ranges_fit(reader.metadata(), length) {
        let what = "its columns lie outside of it";
        return Err(unreadable(ParquetError::General(what.into()), path));
    }
    check_codecs(reader.metadata()).map_err(|e| e.in_file(path))?;
    let schema = reader.metadata().file_metadata().schema();
    let header: Vec<String> = (schema.get_fields().iter())
        .map(|field| field.name().to_owned())
        .collect();
    let arch = ArchColumns::find(&header, arch_column, space).map_err(|e| e.in_file(path))?;
    Ok(Rows {
        reader,
        header,
        arch,
    })
}

/// Fields of a row.
pub(crate) struct Fields(Vec<(String, Field)>);

impl Fields {
    /// Returns a field as text, if it is text, a whole number or a truth value.
    pub(crate) fn part(&self, column: usize) -> Option<Cow<'_, str>> {
        match self.0.get(column) {
            Some((_, field)) if is_whole(field) => Some(Cow::Owned(field.to_string())),
            _ => self.text(column).map(Cow::Borrowed),
        }
    }

    /// Returns a field of any type as text.
    pub(crate) fn shown(&self, column: usize) -> Cow<'_, str> {
        match (self.part(column), self.0.get(column)) {
            (Some(text), _) => text,
            (None, None | Some((_, Field::Null))) => Cow::Borrowed(""),
            (None, Some((_, field))) => match number_of(field) {
                Some(number) => Cow::Owned(number.to_string()),
                None => Cow::Owned(field.to_string()),
            },
        }
    }

    fn text(&self, column: usize) -> Option<&str> {
        match self.0.get(column) {
            Some((_, Field::Str(text))) => Some(text.as_str()),
            Some((_, Field::Bytes(bytes))) => str::from_utf8(bytes.data()).ok(),
            _ => None,
        }
    }

    fn value(&self, column: usize) -> Value<'_> {
        match self.0.get(column) {
            Some((_, field)) => number_of(field).map_or_else(
                || Value::Text(self.text(column).unwrap_or("(no number)")),
                Value::Number,
            ),
            None => Value::Text(""),
        }
    }
}

impl Rows {
    /// Returns the rows with their numbers.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn rows<'r>(
        &'r self,
        path: &'r Path,
    ) -> Result<impl Iterator<Item = Result<(u64, Fields)>> + 'r> {
        let rows = (self.reader.get_row_iter(None)).map_err(|e| unreadable(e, path))?;
        Ok((1u64..).zip(rows).map(move |(number, row)| match row {
            Ok(row) => Ok((number, Fields(row.into_columns()))),
            Err(e) => Err(unreadable(e, path)),
        }))
    }
}

fn stage(rows: Rows, path: &Path, space: &dyn SearchSpace, reading: &Reading) -> Result<Staged> {
    let header = &rows.header;
    let metrics: Vec<usize> = (0..header.len())
        .filter(|&i| !rows.arch.contains(i))
        .collect();
    let names = metrics.iter().map(|&i| header[i].clone()).collect();
    let mut filters = Filters::new(reading, header).map_err(|e| e.in_file(path))?;
    let mut builder = Builder::new(names, Unit::Row, reading).map_err(|e| e.in_file(path))?;
    let mut buffer = String::new();
    for row in rows.rows(path)? {
        let (number, fields) = row?;
        if !filters.keep(|column| fields.shown(column)) {
            continue;
        }
        let at = |e: Error| e.in_file(path).on_line(number);
        let part = |column| fields.part(column);
        let arch = (rows.arch.parse(part, space, &mut buffer)).map_err(at)?;
        let values = metrics.iter().map(|&i| fields.value(i));
        builder.row(number, arch, values).map_err(at)?;
    }
    filters.check().map_err(|e| e.in_file(path))?;
    builder.finish(path, space, reading)
}

fn unreadable(error: ParquetError, path: &Path) -> Error {
    Error::input(format!("not a whole Parquet file ({error})"))
        .mend("copy the file again, or write it anew with Snappy, Zstandard or no compression")
        .in_file(path)
}

/// Checks that the compression of all columns is supported.
fn check_codecs(metadata: &ParquetMetaData) -> Result<()> {
    let columns = (metadata.row_groups().iter()).flat_map(|group| group.columns());
    for column in columns {
        let codec = match column.compression() {
            Compression::LZ4 | Compression::LZ4_RAW => "LZ4",
            Compression::BROTLI(_) => "Brotli",
            Compression::LZO => "LZO",
            _ => continue,
        };
        return Err(Error::input(format!(
            "column `{}` is compressed with {codec}, which is not read here",
            column.column_path()
        ))
        .mend("write the file with Snappy, Zstandard, gzip or no compression, or as CSV"));
    }
    Ok(())
}

/// Returns true if all columns lie within the file. The reader panics on offsets of damaged files.
fn ranges_fit(metadata: &ParquetMetaData, length: u64) -> bool {
    (metadata
        .row_groups()
        .iter()
        .flat_map(|group| group.columns()))
    .all(|column| {
        let start = (column.dictionary_page_offset()).unwrap_or(column.data_page_offset());
        match (
            u64::try_from(start),
            u64::try_from(column.compressed_size()),
        ) {
            (Ok(start), Ok(size)) => start.checked_add(size).is_some_and(|end| end <= length),
            _ => false,
        }
    })
}

/// Returns true for whole numbers and truth values, which may be parts of an architecture.
fn is_whole(field: &Field) -> bool {
    matches!(
        field,
        Field::Bool(_)
            | Field::Byte(_)
            | Field::Short(_)
            | Field::Int(_)
            | Field::Long(_)
            | Field::UByte(_)
            | Field::UShort(_)
            | Field::UInt(_)
            | Field::ULong(_)
    )
}

/// Returns the number of a field, if it has one. A null is a missing value.
fn number_of(field: &Field) -> Option<f64> {
    Some(match field {
        Field::Null => f64::NAN,
        Field::Byte(n) => f64::from(*n),
        Field::Short(n) => f64::from(*n),
        Field::Int(n) => f64::from(*n),
        Field::Long(n) => *n as f64,
        Field::UByte(n) => f64::from(*n),
        Field::UShort(n) => f64::from(*n),
        Field::UInt(n) => f64::from(*n),
        Field::ULong(n) => *n as f64,
        Field::Float16(n) => f64::from(n.to_f32()),
        Field::Float(n) => f64::from(*n),
        Field::Double(n) => *n,
        Field::Decimal(_) => field.to_string().parse().ok()?,
        _ => return None,
    })
}
