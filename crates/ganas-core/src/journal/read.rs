//! Reading of journals.

use std::collections::{BTreeMap, HashMap};

use super::Finished;
use super::line::{Entry, Header, Levels, Metric, Retried, SEAL, VERSION, levels};
use super::retry::forget_failed;
use crate::error::{Error, Result};
use crate::evaluate::{Details, Outcome};
use crate::space::SearchSpace;
use crate::trial::{Axis, Fidelity, Trial};

/// Content of a file.
pub(super) struct Content {
    /// Places of the metrics, as in [`Journal`].
    pub places: Option<Vec<usize>>,
    pub finished: Vec<Finished>,
    pub details: HashMap<Trial, Details>,
    pub begin: Vec<Trial>,
    /// Number of bytes of the valid lines.
    pub length: usize,
    pub crc: u32,
}

impl Content {
    /// Reads the lines up to a torn or damaged last one.
    ///
    /// # Errors
    /// If another line is damaged, or the file does not belong to this search.
    pub fn read(
        bytes: &[u8],
        space: &dyn SearchSpace,
        metrics: &[String],
        axis: Option<&Axis>,
    ) -> Result<Content> {
        let mut content = Content {
            places: None,
            finished: Vec::new(),
            details: HashMap::new(),
            begin: Vec::new(),
            length: 0,
            crc: 0,
        };
        let mut number = 0;
        while let Some(end) = bytes[content.length..].iter().position(|b| *b == b'\n') {
            number += 1;
            let end = content.length + end;
            let line = &bytes[content.length..end];
            let last = end + 1 == bytes.len();
            let at = |what: String| Error::input(what).on_line(number);
            if number == 1 {
                version(line).map_err(at)?;
            }
            let Some((body, crc)) = unseal(line, content.crc) else {
                if last {
                    break;
                }
                return Err(at("this line is damaged".into()).mend(
                    "restore the file from a copy, or delete this line and all after it, and \
                     what they hold is evaluated again",
                ));
            };
            if number == 1 {
                content.places = header(&body, space, metrics, axis).map_err(at)?;
            } else {
                content.add(&body, space, metrics.len(), axis).map_err(at)?;
            }
            content.crc = crc;
            content.length = end + 1;
        }
        Ok(content)
    }
}

impl Content {
    /// Adds a line after the first.
    fn add(
        &mut self,
        body: &[u8],
        space: &dyn SearchSpace,
        metrics: usize,
        axis: Option<&Axis>,
    ) -> Told<()> {
        let entry: Entry = serde_json::from_slice(body).map_err(|_| "this is not an evaluation")?;
        let (text, said, outcome, details) = match entry {
            Entry::Done {
                arch,
                fidelity,
                metrics,
                details,
            } => {
                let values = metrics.iter().map(Metric::value).collect::<Told<_>>()?;
                (arch, fidelity, Outcome::Done(values), details)
            }
            Entry::Failed {
                arch,
                fidelity,
                failed,
                details,
            } => (arch, fidelity, Outcome::Failed(failed), details),
            Entry::Retry {
                retry: Retried::Failed,
            } => {
                forget_failed(&mut self.finished, &mut self.begin);
                return Ok(());
            }
        };
        if let Outcome::Done(values) = &outcome
            && values.len() != metrics
        {
            return Err(format!(
                "there are {} metrics on this line, and {metrics} in the first",
                values.len()
            ));
        }
        let outcome = match (outcome, &self.places) {
            (Outcome::Done(values), Some(places)) => {
                let mut ordered = vec![f64::NAN; values.len()];
                for (value, &place) in values.into_iter().zip(places) {
                    ordered[place] = value;
                }
                Outcome::Done(ordered)
            }
            (outcome, _) => outcome,
        };
        let trial = Trial::at(space.parse(&text)?, fidelity(said.as_ref(), axis)?);
        let finished = Finished::new(trial, outcome).after(details.progress.clone());
        if details != Details::default() {
            self.details.insert(trial, details);
        }
        self.finished.push(finished);
        Ok(())
    }
}

/// Splits a line into its JSON and its checksum, if the checksum is right.
fn unseal(line: &[u8], before: u32) -> Option<(Vec<u8>, u32)> {
    let line = line.strip_suffix(b"\"}")?;
    let (rest, digits) = line.split_at_checked(line.len().checked_sub(8)?)?;
    let body = rest.strip_suffix(SEAL.as_bytes())?;
    let said = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    let crc = crc32c::crc32c_append(before, body);
    (crc == said).then(|| ([body, b"}"].concat(), crc))
}

type Told<T> = std::result::Result<T, String>;

/// Refuses the file of a newer program.
fn version(line: &[u8]) -> Told<()> {
    let said: Option<serde_json::Value> = serde_json::from_slice(line).ok();
    match said.as_ref().and_then(|v| v["ganas-journal"].as_u64()) {
        Some(version) if version > VERSION => Err(format!(
            "this is version {version} of the journal, and this program knows version {VERSION}; \
             resume the run with the newer program that wrote it"
        )),
        _ => Ok(()),
    }
}

/// Checks the first line. Returns the places of its metrics among `metrics`, unless all agree.
fn header(
    body: &[u8],
    space: &dyn SearchSpace,
    metrics: &[String],
    axis: Option<&Axis>,
) -> Told<Option<Vec<usize>>> {
    let header: Header = serde_json::from_slice(body).map_err(|_| "this is not a journal")?;
    if header.space != space.name() {
        return Err(format!(
            "this is the journal of a search in `{}`, not in `{}`",
            header.space,
            space.name()
        ));
    }
    let place = |name: &String| metrics.iter().position(|metric| metric == name);
    let places: Option<Vec<usize>> = header.metrics.iter().map(place).collect();
    let all = |places: &Vec<usize>| (0..metrics.len()).all(|i| places.contains(&i));
    let Some(places) = places.filter(|p| p.len() == metrics.len() && all(p)) else {
        return Err(format!(
            "the journal has the metrics {}, and what evaluates now has {}",
            header.metrics.join(", "),
            metrics.join(", ")
        ));
    };
    let expected = axis.map(levels);
    if header.fidelity != expected {
        return Err(format!(
            "the journal has {}, and what evaluates now has {}",
            range(header.fidelity.as_ref()),
            range(expected.as_ref())
        ));
    }
    Ok((header.metrics != metrics).then_some(places))
}

/// Writes the levels of a fidelity.
fn range(levels: Option<&Levels>) -> String {
    let Some(levels) = levels else {
        return "no fidelity".into();
    };
    let levels = levels
        .iter()
        .map(|(name, [low, high])| format!("the fidelity `{name}` from {low} to {high}"));
    levels.collect::<Vec<_>>().join(", ")
}

/// Returns the fidelity of a line.
fn fidelity(said: Option<&BTreeMap<String, u32>>, axis: Option<&Axis>) -> Told<Fidelity> {
    match (said, axis) {
        (None, None) => Ok(Fidelity::Full),
        (Some(said), Some(axis)) => (said.get(axis.name()))
            .and_then(|level| axis.fidelity(*level))
            .filter(|_| said.len() == 1)
            .ok_or_else(|| "the fidelity of this line is not one of the first line".into()),
        (None, Some(axis)) => Err(format!("this line has no `{}`", axis.name())),
        (Some(_), None) => Err("this line has a fidelity, and the first line has none".into()),
    }
}
