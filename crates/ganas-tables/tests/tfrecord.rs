//! NAS-Bench-101's TFRecord, written here by its published format.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ganas_core::space::{SearchSpace, nasbench101};
use ganas_tables::Table;

const SMALL: (&str, &str) = ("010001000", "input,conv3x3-bn-relu,output");
const WIDE: (&str, &str) = (
    "0110000100010000",
    "input,maxpool3x3,conv1x1-bn-relu,output",
);

/// Little-endian field of wire type 1.
fn double(field: u8, value: f64) -> Vec<u8> {
    [&[field << 3 | 1], &value.to_le_bytes()[..]].concat()
}

fn evaluation(epoch: f64, base: f64) -> Vec<u8> {
    let mut data = double(1, epoch);
    for (field, step) in [(2, 100.0), (3, 0.3), (4, 0.2), (5, 0.1)] {
        data.extend(double(field, base + step));
    }
    data.extend([6 << 3 | 2, 4]);
    data.extend(b"ckpt");
    [&[1 << 3 | 2, data.len() as u8], &data[..]].concat()
}

fn metrics(epochs: u32, base: f64, params: u32) -> Vec<u8> {
    let end = f64::from(epochs);
    let mut message: Vec<u8> = [0.0, end / 2.0, end]
        .iter()
        .flat_map(|&epoch| evaluation(epoch, base * epoch))
        .collect();
    message.push(2 << 3);
    let mut rest = params;
    while rest >= 0x80 {
        message.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    message.push(rest as u8);
    message.extend(double(3, 1234.5));
    message
}

fn masked(bytes: &[u8]) -> [u8; 4] {
    let crc = crc32c::crc32c(bytes);
    crc.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), data, &masked(data)].concat()
}

fn json(cell: (&str, &str), epochs: u32, metrics: &str) -> String {
    format!(
        r#"["00005c142e6f48ac74fdcf73e3439874", {epochs}, "{}", "{}", "{metrics}"]"#,
        cell.0, cell.1
    )
}

fn record(cell: (&str, &str), epochs: u32, base: f64, params: u32) -> Vec<u8> {
    frame(
        json(
            cell,
            epochs,
            &STANDARD.encode(metrics(epochs, base, params)),
        )
        .as_bytes(),
    )
}

fn whole() -> Vec<u8> {
    [
        record(SMALL, 108, 0.001, 300_000),
        record(WIDE, 108, 0.002, 70_000),
        record(SMALL, 108, 0.002, 300_000),
        record(SMALL, 4, 0.01, 300_000),
        record(SMALL, 108, 0.003, 300_000),
    ]
    .concat()
}

fn read(bytes: &[u8]) -> Result<Table, String> {
    Table::from_tfrecord(bytes, "nb.tfrecord", &nasbench101()).map_err(|e| e.to_string())
}

#[test]
fn repeats_are_averaged_for_each_number_of_epochs() {
    let table = read(&whole()).unwrap();
    assert_eq!(table.len(), 2);
    let space = nasbench101();
    let row = table
        .query("input;conv3x3-bn-relu;output|101", &space)
        .unwrap();
    let value = |name: &str| table.value(row, table.column(name).unwrap());
    let close = |name: &str, expected: f64| {
        assert!(
            (value(name) - expected).abs() < 1e-12,
            "{name} {}",
            value(name)
        );
    };
    assert_eq!(value("params"), 300_000.0);
    close("test_accuracy_108", 0.216 + 0.1);
    close("validation_accuracy_108", 0.216 + 0.2);
    close("train_accuracy_108", 0.216 + 0.3);
    close("training_time_108", 0.216 + 100.0);
    close("halfway_test_accuracy_108", 0.108 + 0.1);
    close("test_accuracy_4", 0.04 + 0.1);
    let wide = (0..2).find(|&r| r != row).unwrap();
    assert!(
        table
            .value(wide, table.column("test_accuracy_4").unwrap())
            .is_nan()
    );
    let cell = space.parse("maxpool3x3;conv1x1-bn-relu|110011");
    assert_eq!(Ok(table.arch(wide)), cell);
    let missing = table.check_objective(table.column("test_accuracy_4").unwrap());
    assert_eq!(missing.unwrap(), 1);
}

#[test]
fn broken_records_are_named_with_their_place() {
    let bytes = whole();
    let first = record(SMALL, 108, 0.001, 300_000).len();
    let cut = read(&bytes[..bytes.len() - 3]).err().unwrap();
    assert!(cut.starts_with("nb.tfrecord: record 5 at byte"), "{cut}");
    assert!(cut.contains("is cut off; copy or download"), "{cut}");
    let cut = read(&bytes[..first + 5]).err().unwrap();
    assert!(
        cut.contains(&format!("record 2 at byte {first} is cut off")),
        "{cut}"
    );
    for at in [first + 2, first + 9, first + 40, first + first / 2] {
        let mut changed = bytes.clone();
        changed[at] ^= 4;
        let error = read(&changed).err().unwrap();
        let expected = format!("record 2 at byte {first} fails its checksum; copy");
        assert!(error.contains(&expected), "{error}");
    }
    let good = STANDARD.encode(metrics(108, 0.1, 5));
    let short = STANDARD.encode(evaluation(0.0, 0.1));
    let eight = (
        "0".repeat(64),
        "input,maxpool3x3,".to_owned() + &"maxpool3x3,".repeat(5) + "output",
    );
    let cases = [
        (
            "{".to_owned(),
            "not [hash, epochs, adjacency, operations, metrics] in JSON",
        ),
        (json(SMALL, 108, "!!"), "metrics not in Base64"),
        (
            json(SMALL, 108, &STANDARD.encode([0xff; 9])),
            "metrics not a protocol buffer",
        ),
        (json(SMALL, 108, &short), "1 evaluations where a run has 3"),
        (
            json(("010001000", "input,conv,output"), 108, &good),
            "unknown op `conv`",
        ),
        (
            json((&eight.0, &eight.1), 108, &good),
            "the cell has 8 vertices",
        ),
    ];
    for (data, expected) in cases {
        let error = read(&frame(data.as_bytes())).err().unwrap();
        let start = "nb.tfrecord: record 1 at byte 0 cannot be used: ";
        assert!(
            error.starts_with(start) && error.contains(expected),
            "{error}"
        );
        assert!(!error.contains('\n'));
    }
    assert!(read(b"").err().unwrap().contains("has no rows"));
}

#[test]
fn the_file_is_known_by_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("benchmark.bin");
    std::fs::write(&path, whole()).unwrap();
    let table = Table::open(&path, &nasbench101(), Some(&folder.path().join("cache"))).unwrap();
    assert_eq!(table.digest(), read(&whole()).unwrap().digest());
}
