//! Parquet tables.
#![cfg(feature = "parquet")]

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use ganas_core::space::{SearchSpace, from_toml};
use ganas_tables::{Import, Table};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

fn chain() -> Box<dyn SearchSpace> {
    from_toml("name = 'toy'\nkind = 'chain'\nlength = 2\nops = ['a', 'b', 'c']").unwrap()
}

/// Two rows, the accuracy of the second one null.
fn write(path: &Path, compression: Compression, archs: [&str; 2]) {
    let schema = "message table { required binary arch (UTF8); optional double accuracy; \
                  required int64 params; required binary note (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .build();
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = 0;
    while let Some(mut out) = group.next_column().unwrap() {
        let text = |values: [&str; 2]| values.map(ByteArray::from);
        match column {
            0 => out
                .typed::<ByteArrayType>()
                .write_batch(&text(archs), None, None),
            1 => out
                .typed::<DoubleType>()
                .write_batch(&[0.5], Some(&[1, 0]), None),
            2 => out
                .typed::<Int64Type>()
                .write_batch(&[7, 1 << 40], None, None),
            _ => out
                .typed::<ByteArrayType>()
                .write_batch(&text(["x", "y"]), None, None),
        }
        .unwrap();
        out.close().unwrap();
        column += 1;
    }
    group.close().unwrap();
    writer.close().unwrap();
}

fn open(path: &Path) -> Result<Table, String> {
    let cache = path.with_extension("cache");
    Table::open(path, &*chain(), Some(&cache)).map_err(|e| e.to_string())
}

#[test]
fn parquet_says_the_same_as_csv() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let csv = "arch,accuracy,params,note\na;b,0.5,7,x\nc;c,,1099511627776,y\n";
    let csv = Table::from_csv(csv.as_bytes(), "t.csv", &*chain(), Default::default()).unwrap();
    for compression in [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::ZSTD(ZstdLevel::default()),
    ] {
        write(&path, compression, ["a;b", "c;c"]);
        let table = open(&path).unwrap();
        assert_eq!(table.columns(), ["accuracy", "params"]);
        assert_eq!(table.ignored_columns(), ["note"]);
        assert_eq!(table.digest(), csv.digest(), "{compression}");
    }
}

#[test]
fn unusable_files_are_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    write(&path, Compression::SNAPPY, ["a;b", "c;d"]);
    let error = open(&path).err().unwrap();
    assert!(error.contains("t.parquet:2: unknown op `d`"), "{error}");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 20]).unwrap();
    let error = open(&path).err().unwrap();
    assert!(error.contains("not a whole Parquet file"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[test]
fn damaged_files_are_errors_or_readable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
        write(&path, compression, ["a;b", "c;c"]);
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                fs::write(&path, &changed).unwrap();
                let _ = open(&path);
            }
            fs::write(&path, &bytes[..at]).unwrap();
            assert!(open(&path).is_err(), "cut at {at}");
        }
    }
}

#[test]
fn codecs_that_are_not_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    write(&path, Compression::SNAPPY, ["a;b", "c;c"]);
    let bytes = fs::read(&path).unwrap();
    // The codec of a column is a number in the footer: Snappy is 1, Brotli 4, LZ4 5, each as twice that.
    let footer = bytes.len()
        - 8
        - u32::from_le_bytes(*bytes[..bytes.len() - 4].last_chunk().unwrap()) as usize;
    let mut named = Vec::new();
    for at in (footer..bytes.len() - 8).filter(|&at| bytes[at] == 2) {
        for (codec, name) in [(8, "Brotli"), (10, "LZ4")] {
            let mut changed = bytes.clone();
            changed[at] = codec;
            fs::write(&path, &changed).unwrap();
            let error = open(&path).err().unwrap_or_default();
            if error.contains(&format!(
                "` is compressed with {name}, which is not read here; write"
            )) {
                assert!(error.contains("t.parquet: column `"), "{error}");
                named.push(name);
            }
        }
    }
    assert!(
        named.contains(&"Brotli") && named.contains(&"LZ4"),
        "{named:?}"
    );
}

#[test]
fn rows_are_chosen_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    write(&path, Compression::SNAPPY, ["a;b", "a;b"]);
    let error = open(&path).err().unwrap();
    assert!(
        error.contains("t.parquet:2: `a;b` is on row 1 too"),
        "{error}"
    );
    let import = Import {
        filters: vec![
            "params=1099511627776".parse().unwrap(),
            "note=y".parse().unwrap(),
        ],
        cache: Some(folder.path().into()),
        ..Import::default()
    };
    let table = Table::open_with(&path, &*chain(), &import).unwrap();
    assert_eq!((table.len(), table.line(0)), (1, 2));
    let row = table.source_rows(&[0], &*chain()).remove(0).unwrap();
    assert_eq!(row.cells[2], ("note".to_owned(), "y".to_owned()));
}
