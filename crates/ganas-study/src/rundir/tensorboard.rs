//! Scalars of a search for TensorBoard, and the same as CSV.
//!
//! The folder `tensorboard` of a run holds an event file, a TFRecord of `tensorflow.Event` messages,
//! and `scalars.csv` with the columns `wall_time,step,tag,value`. Steps are queries. The tags:
//! `evaluation/METRIC` of each evaluation, `best/OBJECTIVE` where it improved, and `round/NAME` at
//! the end of each round for what `rounds.jsonl` names, thresholds as the objective has them.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crc32c::crc32c;
use ganas_core::driver::{Objective, Observer, Problem, Round};
use ganas_core::error::{Error, Result};
use ganas_core::ledger::Query;
use prost::Message;
use serde::Deserialize;

use super::ROUNDS;
use crate::direction::turned;

/// The folder.
pub const FOLDER: &str = "tensorboard";
const CSV: &str = "scalars.csv";
const HEADER: &str = "wall_time,step,tag,value";
/// Prefix by which TensorBoard finds event files.
const EVENTS: &str = "events.out.tfevents.";

/// `tensorflow.Event`, as far as it is written.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

/// `tensorflow.Summary`.
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

/// `tensorflow.Summary.Value`. A scalar is 0 where it says so, so presence counts.
#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// A scalar at a time.
struct Scalar {
    wall_time: f64,
    step: usize,
    tag: String,
    value: f64,
}

/// An observer that writes the folder.
pub struct TensorBoard {
    folder: PathBuf,
    /// The rounds of the run.
    rounds: PathBuf,
    metrics: Vec<String>,
    objective: Objective,
    files: Option<Files>,
    /// Scalars of a resumed run that are written already.
    known: HashSet<(usize, String)>,
    best: Option<f64>,
}

/// A line of the rounds.
#[derive(Deserialize)]
struct Line {
    queries: usize,
    asked: usize,
    new: usize,
    gauges: Vec<(String, Option<f64>)>,
}

struct Files {
    events: BufWriter<File>,
    csv: BufWriter<File>,
}

impl TensorBoard {
    /// The scalars of a search, in a folder of the run's.
    pub fn new(run: &Path, problem: &Problem) -> Self {
        TensorBoard {
            folder: run.join(FOLDER),
            rounds: run.join(ROUNDS),
            metrics: problem.metrics().to_vec(),
            objective: problem.objective().clone(),
            files: None,
            known: HashSet::new(),
            best: None,
        }
    }

    fn put(&mut self, step: usize, tag: String, value: f64) -> Result<()> {
        if !value.is_finite() || self.known.contains(&(step, tag.clone())) {
            return Ok(());
        }
        let scalar = Scalar {
            wall_time: now(),
            step,
            tag,
            value,
        };
        let written = (self.files.as_mut()).map_or(Ok(()), |files| files.put(&scalar));
        written.map_err(|e| Error::io(&self.folder, e))
    }

    fn put_round(
        &mut self,
        queries: usize,
        [asked, new]: [usize; 2],
        gauges: &[(String, f64)],
    ) -> Result<()> {
        let counts = [("asked", asked as f64), ("new", new as f64)];
        let gauges = gauges.iter().map(|(name, value)| (name.as_str(), *value));
        for (name, value) in counts.into_iter().chain(gauges) {
            let value = turned(&self.objective, name, value);
            self.put(queries, format!("round/{name}"), value)?;
        }
        self.flush()
    }

    /// Writes the missing rounds of a resumed run from its file, since the driver does not report them again.
    fn put_rounds(&mut self) -> Result<()> {
        let text = fs::read_to_string(&self.rounds).unwrap_or_default();
        for line in text
            .lines()
            .filter_map(|l| serde_json::from_str::<Line>(l).ok())
        {
            let gauges: Vec<(String, f64)> = (line.gauges.into_iter())
                .filter_map(|(name, value)| Some((name, value?)))
                .collect();
            self.put_round(line.queries, [line.asked, line.new], &gauges)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let flushed = (self.files.as_mut()).map_or(Ok(()), |files| {
            files.events.flush().and_then(|()| files.csv.flush())
        });
        flushed.map_err(|e| Error::io(&self.folder, e))
    }

    /// Makes the files anew, with some scalars in them.
    fn open(&mut self, scalars: &[Scalar]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(EVENTS) {
                fs::remove_file(entry.path())?;
            }
        }
        let seconds = now() as u64;
        let events = File::create(self.folder.join(format!("{EVENTS}{seconds:010}.ganas")))?;
        let csv = File::create(self.folder.join(CSV))?;
        let mut files = Files {
            events: BufWriter::new(events),
            csv: BufWriter::new(csv),
        };
        write_record(
            &mut files.events,
            &Event {
                wall_time: now(),
                file_version: Some("brain.Event:2".into()),
                ..Event::default()
            },
        )?;
        writeln!(files.csv, "{HEADER}")?;
        scalars.iter().try_for_each(|scalar| files.put(scalar))?;
        self.files = Some(files);
        Ok(())
    }
}

impl Observer for TensorBoard {
    /// Keeps the scalars of a resumed run with their times, since the same ones are computed again.
    fn begin(&mut self, rounds: usize) -> Result<()> {
        let scalars = match rounds {
            0 => Vec::new(),
            _ => read(&fs::read_to_string(self.folder.join(CSV)).unwrap_or_default()),
        };
        self.known = (scalars.iter()).map(|s| (s.step, s.tag.clone())).collect();
        (self.open(&scalars)).map_err(|e| Error::io(&self.folder, e))?;
        match rounds {
            0 => Ok(()),
            _ => self.put_rounds(),
        }
    }

    fn wait(&mut self) -> Result<()> {
        self.flush()
    }

    fn queried(&mut self, number: usize, query: &Query) -> Result<()> {
        for i in 0..query.metrics.len().min(self.metrics.len()) {
            let tag = format!("evaluation/{}", self.metrics[i]);
            self.put(number, tag, query.metrics[i])?;
        }
        let Some(merit) = query
            .merit()
            .filter(|m| self.best.is_none_or(|best| *m > best))
        else {
            return Ok(());
        };
        self.best = Some(merit);
        let value = self.objective.turn(merit);
        self.put(number, format!("best/{}", self.objective.metric), value)
    }

    fn round(&mut self, round: &Round) -> Result<()> {
        self.put_round(round.queries, [round.asked, round.new], &round.gauges)
    }
}

impl Files {
    fn put(&mut self, scalar: &Scalar) -> io::Result<()> {
        let Scalar {
            wall_time,
            step,
            tag,
            value,
        } = scalar;
        // A metric's name may hold what CSV gives a meaning.
        let quoted = if tag.contains([',', '"', '\n']) {
            format!("\"{}\"", tag.replace('"', "\"\""))
        } else {
            tag.clone()
        };
        writeln!(self.csv, "{wall_time:.3},{step},{quoted},{value}")?;
        let value = Value {
            tag: tag.clone(),
            simple_value: Some(*value as f32),
        };
        write_record(
            &mut self.events,
            &Event {
                wall_time: *wall_time,
                step: *step as i64,
                file_version: None,
                summary: Some(Summary { value: vec![value] }),
            },
        )
    }
}

/// A record of a TFRecord file: the length and the message, each with its checksum.
fn write_record(file: &mut impl Write, event: &Event) -> io::Result<()> {
    let message = event.encode_to_vec();
    let length = (message.len() as u64).to_le_bytes();
    file.write_all(&length)?;
    file.write_all(&masked(&length))?;
    file.write_all(&message)?;
    file.write_all(&masked(&message))
}

/// The format's checksum: CRC-32C, rotated and offset.
fn masked(bytes: &[u8]) -> [u8; 4] {
    let crc = crc32c(bytes).rotate_right(15);
    crc.wrapping_add(0xa282_ead8).to_le_bytes()
}

/// The scalars of a CSV file; a torn last line is left out.
fn read(text: &str) -> Vec<Scalar> {
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let rows = csv::Reader::from_reader(whole.as_bytes()).into_records();
    rows.map_while(|row| {
        let row = row.ok()?;
        Some(Scalar {
            wall_time: row.get(0)?.parse().ok()?,
            step: row.get(1)?.parse().ok()?,
            tag: row.get(2)?.to_owned(),
            value: row.get(3)?.parse().ok()?,
        })
    })
    .collect()
}

fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_framed_as_tfrecords_are() {
        let mut file = Vec::new();
        let event = Event {
            wall_time: 1.5,
            step: 7,
            ..Event::default()
        };
        write_record(&mut file, &event).unwrap();
        let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
        assert_eq!(file.len(), 8 + 4 + length + 4);
        // The checksum of eight bytes, the first of which is 11.
        assert_eq!(length, 11);
        assert_eq!(Event::decode(&file[12..12 + length]).unwrap(), event);
        assert_eq!(masked(&file[..8]), file[8..12]);
    }

    #[test]
    fn scalars_are_read_back_without_a_torn_line() {
        let text =
            format!("{HEADER}\n1.500,3,\"evaluation/a,b\",0.1\n2.000,4,best/x,-1e-7\n2.0,5,be");
        let scalars = read(&text);
        assert_eq!(scalars.len(), 2);
        assert_eq!((scalars[0].step, &*scalars[0].tag), (3, "evaluation/a,b"));
        assert_eq!(scalars[1].value, -1e-7);
    }
}
