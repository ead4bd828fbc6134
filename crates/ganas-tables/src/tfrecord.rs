//! NAS-Bench-101's official file (Ying et al. 2019): a TFRecord of training runs.
//!
//! Each record is a JSON array of the module hash, the epochs, the full adjacency matrix as a
//! string of bits, the ops joined by commas, and a Base64 of a protocol buffer. A cell was trained
//! three times with each number of epochs. A metric is the mean over these runs, named after the
//! epochs: `test_accuracy_108`, `halfway_test_accuracy_108` and so on.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message;

use crate::staged::{Ignored, Staged, Unit, no_rows};
use crate::text::LONGEST_ROW;
use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result};
use ganas_core::space::SearchSpace;

/// Measurements at one point of a training run.
#[derive(Clone, PartialEq, Message)]
struct EvaluationData {
    #[prost(double, optional, tag = "1")]
    current_epoch: Option<f64>,
    /// Seconds up to this point, without evaluations.
    #[prost(double, optional, tag = "2")]
    training_time: Option<f64>,
    #[prost(double, optional, tag = "3")]
    train_accuracy: Option<f64>,
    #[prost(double, optional, tag = "4")]
    validation_accuracy: Option<f64>,
    #[prost(double, optional, tag = "5")]
    test_accuracy: Option<f64>,
}

/// A training run.
#[derive(Clone, PartialEq, Message)]
struct ModelMetrics {
    /// Measurements at the start, halfway and at the end.
    #[prost(message, repeated, tag = "1")]
    evaluation_data: Vec<EvaluationData>,
    #[prost(int32, optional, tag = "2")]
    trainable_parameters: Option<i32>,
}

/// Names of the measurements, in the order of [`values`].
const MEASURES: [&str; 4] = [
    "test_accuracy",
    "validation_accuracy",
    "train_accuracy",
    "training_time",
];

fn values(data: &EvaluationData) -> [f64; MEASURES.len()] {
    [
        data.test_accuracy,
        data.validation_accuracy,
        data.train_accuracy,
        data.training_time,
    ]
    .map(|value| value.unwrap_or(f64::NAN))
}

/// Returns the format's checksum: CRC-32C, rotated and offset so that checksums of checksums
/// differ.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// Returns true if a file with this start is a TFRecord.
pub(crate) fn starts_one(start: &[u8]) -> bool {
    match (start.get(..8), start.get(8..12)) {
        (Some(length), Some(crc)) => crc == masked_crc(length).to_le_bytes(),
        _ => false,
    }
}

/// Faults of a record.
enum Broken {
    CutOff,
    TooLong(u64),
    Checksum,
    Io(io::Error),
}

/// Reads up to `len` bytes.
fn fill(input: &mut impl Read, len: u64, buffer: &mut Vec<u8>) -> std::result::Result<(), Broken> {
    buffer.clear();
    // Grows with what is there, so that a wrong length does not allocate.
    (input.take(len).read_to_end(buffer)).map_err(Broken::Io)?;
    Ok(())
}

/// Reads the next record; returns false at the end.
fn next_record(input: &mut impl Read, buffer: &mut Vec<u8>) -> std::result::Result<bool, Broken> {
    fill(input, 12, buffer)?;
    if buffer.is_empty() {
        return Ok(false);
    }
    let (length, crc) = buffer.split_at_checked(8).ok_or(Broken::CutOff)?;
    let length: [u8; 8] = length.try_into().map_err(|_| Broken::CutOff)?;
    if crc.len() < 4 {
        return Err(Broken::CutOff);
    }
    if crc != masked_crc(&length).to_le_bytes() {
        return Err(Broken::Checksum);
    }
    let length = u64::from_le_bytes(length);
    if length > LONGEST_ROW {
        return Err(Broken::TooLong(length));
    }
    fill(input, length.saturating_add(4), buffer)?;
    let data = (usize::try_from(length).ok())
        .filter(|len| len.checked_add(4) == Some(buffer.len()))
        .ok_or(Broken::CutOff)?;
    if buffer[data..] != masked_crc(&buffer[..data]).to_le_bytes() {
        return Err(Broken::Checksum);
    }
    buffer.truncate(data);
    Ok(true)
}

/// Runs with one number of epochs. For each cell, it holds the number of runs and the sum of each
/// measurement, halfway and at the end.
struct Budget {
    epochs: u32,
    runs: Vec<u32>,
    sums: [[Vec<f64>; MEASURES.len()]; 2],
}

/// Limit of the different numbers of epochs in one file.
const MOST_BUDGETS: usize = 64;

/// Cells read so far.
#[derive(Default)]
struct Runs {
    rows: HashMap<Arch, u32>,
    archs: Vec<Arch>,
    records: Vec<u32>,
    params: Vec<f64>,
    budgets: Vec<Budget>,
}

impl Runs {
    fn add(&mut self, record: u32, arch: Arch, epochs: u32, run: &ModelMetrics) -> Result<()> {
        let [_, halfway, end] = &run.evaluation_data[..] else {
            return Err(Error::input(format!(
                "{} evaluations where a run has 3",
                run.evaluation_data.len()
            )));
        };
        let params = run.trainable_parameters.map_or(f64::NAN, f64::from);
        let row = match self.rows.get(&arch) {
            Some(&row) => row as usize,
            None => {
                let row = self.archs.len();
                self.rows.insert(arch, row as u32);
                self.archs.push(arch);
                self.records.push(record);
                self.params.push(params);
                row
            }
        };
        if params.to_bits() != self.params[row].to_bits() {
            return Err(Error::input(format!(
                "{params} trainable parameters where record {} has {} for the same cell",
                self.records[row], self.params[row]
            )));
        }
        let known = self.budgets.iter().position(|b| b.epochs == epochs);
        let place = known.unwrap_or(self.budgets.len());
        if known.is_none() {
            if place == MOST_BUDGETS {
                return Err(Error::input(format!(
                    "more than {MOST_BUDGETS} different numbers of epochs"
                )));
            }
            self.budgets.push(Budget {
                epochs,
                runs: Vec::new(),
                sums: Default::default(),
            });
        }
        let budget = &mut self.budgets[place];
        if budget.runs.len() <= row {
            budget.runs.resize(row + 1, 0);
        }
        budget.runs[row] += 1;
        for (sums, data) in budget.sums.iter_mut().zip([halfway, end]) {
            for (sums, value) in sums.iter_mut().zip(values(data)) {
                if value.is_infinite() {
                    return Err(Error::input("an infinite measurement"));
                }
                sums.resize(sums.len().max(row + 1), 0.0);
                sums[row] += value;
            }
        }
        Ok(())
    }

    fn finish(mut self, path: &Path) -> Result<Staged> {
        if self.archs.is_empty() {
            return Err(no_rows(path));
        }
        let rows = self.archs.len();
        self.budgets.sort_by_key(|b| b.epochs);
        let mut columns = vec![("params".to_owned(), self.params)];
        for budget in self.budgets {
            let Budget {
                epochs,
                mut runs,
                sums: [halfway, end],
            } = budget;
            runs.resize(rows, 0);
            for (prefix, sums) in [("", end), ("halfway_", halfway)] {
                for (measure, mut sums) in MEASURES.iter().zip(sums) {
                    sums.resize(rows, 0.0);
                    for (sum, &runs) in sums.iter_mut().zip(&runs) {
                        // No run: 0 / 0 is NaN, "not measured". One NaN stands for all.
                        *sum /= f64::from(runs);
                        if sum.is_nan() {
                            *sum = f64::NAN;
                        }
                    }
                    columns.push((format!("{prefix}{measure}_{epochs}"), sums));
                }
            }
        }
        Ok(Staged {
            source: path.to_owned(),
            unit: Unit::Record,
            archs: self.archs,
            lines: self.records,
            columns,
            ignored: vec![Ignored {
                name: "module_hash".to_owned(),
                numbers: 0,
                texts: rows as u64,
                sample: None,
            }],
            folded: 0,
            merged: 0,
        })
    }
}

/// Reads a TFRecord file.
pub(crate) fn read(path: &Path, space: &dyn SearchSpace) -> Result<Staged> {
    let file = File::open(path).map_err(|e| Error::io(path, e))?;
    read_from(BufReader::with_capacity(1 << 17, file), path, space)
}

/// Reads TFRecord bytes. The path is used in errors only.
pub(crate) fn read_from(
    mut input: impl Read,
    path: &Path,
    space: &dyn SearchSpace,
) -> Result<Staged> {
    let mut runs = Runs::default();
    let mut data = Vec::new();
    let (mut record, mut offset) = (1u32, 0u64);
    loop {
        let at = |what: String, mend: &str| {
            Error::input(format!("record {record} at byte {offset} {what}"))
                .mend(mend)
                .in_file(path)
        };
        let copy = "copy or download the file again";
        match next_record(&mut input, &mut data) {
            Ok(true) => {}
            Ok(false) => return runs.finish(path),
            Err(Broken::CutOff) => return Err(at("is cut off".into(), copy)),
            Err(Broken::TooLong(length)) => {
                return Err(at(format!("would have {length} bytes"), copy));
            }
            Err(Broken::Checksum) => return Err(at("fails its checksum".into(), copy)),
            Err(Broken::Io(e)) => return Err(Error::io(path, e)),
        }
        let format = "use NAS-Bench-101's own TFRecord";
        let (arch, epochs, run) =
            decode(&data, space).map_err(|what| at(format!("cannot be used: {what}"), format))?;
        (runs.add(record, arch, epochs, &run))
            .map_err(|what| at(format!("cannot be used: {what}"), format))?;
        let next = record.checked_add(1);
        record = next.ok_or_else(|| at("is one too many".into(), format))?;
        offset += data.len() as u64 + 16;
    }
}

/// Decodes a record: a cell, its epochs and its run.
fn decode(
    data: &[u8],
    space: &dyn SearchSpace,
) -> std::result::Result<(Arch, u32, ModelMetrics), String> {
    type Row = (String, u32, String, String, String);
    let (_, epochs, adjacency, ops, mut metrics): Row = serde_json::from_slice(data)
        .map_err(|e| format!("not [hash, epochs, adjacency, operations, metrics] in JSON ({e})"))?;
    let mut text = ops.replace(',', ";");
    text.push('|');
    text.push_str(&adjacency);
    let arch = space.parse(&text)?;
    metrics.retain(|c| !c.is_ascii_whitespace());
    let bytes = (STANDARD.decode(&metrics)).map_err(|e| format!("metrics not in Base64 ({e})"))?;
    let run = ModelMetrics::decode(&bytes[..])
        .map_err(|e| format!("metrics not a protocol buffer ({e})"))?;
    Ok((arch, epochs, run))
}
