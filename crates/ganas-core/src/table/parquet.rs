//! Parquet.

use std::borrow::Cow;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;

use super::builder::{Builder, Value};
use super::columns::ArchColumns;
use super::staged::{Staged, Unit};
use crate::error::{Error, Result};
use crate::space::SearchSpace;

/// Reads a Parquet file; the places of its rows are row numbers.
pub(super) fn read(path: &Path, space: &dyn SearchSpace) -> Result<Staged> {
    // The decoders of the parquet crate assert what a damaged page may break. Nothing that the
    // closure changes is seen again after a panic.
    catch_unwind(AssertUnwindSafe(|| read_rows(path, space))).unwrap_or_else(|_| {
        Err(Error::input("the Parquet file is damaged")
            .mend("copy the file again")
            .in_file(path))
    })
}

fn read_rows(path: &Path, space: &dyn SearchSpace) -> Result<Staged> {
    let unreadable = |e: ParquetError| {
        Error::input(format!("not a whole Parquet file ({e})"))
            .mend("copy the file again, or write it anew with Snappy, Zstandard or no compression")
            .in_file(path)
    };
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    let length = file.metadata().map_err(|e| Error::io(path, e))?.len();
    let reader = SerializedFileReader::new(file).map_err(unreadable)?;
    if !ranges_fit(reader.metadata(), length) {
        return Err(unreadable(ParquetError::General(
            "its columns lie outside of it".into(),
        )));
    }
    let schema = reader.metadata().file_metadata().schema();
    let header: Vec<String> = (schema.get_fields().iter())
        .map(|field| field.name().to_owned())
        .collect();
    let arch_columns = ArchColumns::find(&header, space).map_err(|e| e.in_file(path))?;
    let metrics: Vec<usize> = (0..header.len())
        .filter(|&i| !arch_columns.contains(i))
        .collect();
    let names = metrics.iter().map(|&i| header[i].clone()).collect();
    let mut builder = Builder::new(names, Unit::Row).map_err(|e| e.in_file(path))?;
    let mut buffer = String::new();
    let rows = reader.get_row_iter(None).map_err(unreadable)?;
    for (number, row) in (1u64..).zip(rows) {
        let fields = row.map_err(unreadable)?.into_columns();
        let text = |i: usize| match fields.get(i) {
            Some((_, Field::Str(text))) => Some(text.as_str()),
            Some((_, Field::Bytes(bytes))) => str::from_utf8(bytes.data()).ok(),
            _ => None,
        };
        let part = |i| match fields.get(i) {
            Some((_, field)) if is_whole(field) => Some(Cow::Owned(field.to_string())),
            _ => text(i).map(Cow::Borrowed),
        };
        let at = |e: Error| e.in_file(path).on_line(number);
        let arch = (arch_columns.parse(part, space, &mut buffer)).map_err(at)?;
        let values = metrics.iter().map(|&i| match fields.get(i) {
            Some((_, field)) => number_of(field).map_or_else(
                || Value::Text(text(i).unwrap_or("(no number)")),
                Value::Number,
            ),
            None => Value::Text(""),
        });
        builder.row(number, arch, values).map_err(at)?;
    }
    builder.finish(path)
}

/// Whether all columns lie within the file. The reader asserts what a damaged file may break.
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

/// Whether a field is a whole number or a truth value, as parts of an architecture may be.
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

/// The number that a field holds; a null is "not measured".
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
