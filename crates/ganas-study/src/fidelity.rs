//! Cost axes as they are written, and metrics that are templates over them.

use std::collections::BTreeSet;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;

use ganas_core::error::{Error, Result};
use ganas_core::trial::Axis;
use ganas_tables::level_in_braces;

use crate::spec::TaskSpec;

const EXAMPLE: &str = "write it as NAME=MIN..MAX, as `--fidelity epochs=1..100`";

/// Reads a cost axis, written `epochs=1..100`.
///
/// # Errors
/// If it is written in another way, or its range is empty.
pub fn parse(text: &str) -> Result<Axis> {
    let unreadable = || Error::input(format!("`{text}` is not a fidelity")).mend(EXAMPLE);
    let (name, range) = text.split_once('=').ok_or_else(unreadable)?;
    let (low, high) = range.split_once("..").ok_or_else(unreadable)?;
    let level = |text: &str| text.trim().parse::<u32>().map_err(|_| unreadable());
    let levels: RangeInclusive<u32> = level(low)?..=level(high.trim_start_matches('='))?;
    let name = name.trim();
    if !name
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        || name.is_empty()
    {
        return Err(unreadable());
    }
    if levels.start() == levels.end() {
        return Err(
            Error::input(format!("the fidelity `{text}` has a single level"))
                .mend("give a highest level above the lowest one, or leave `--fidelity` out"),
        );
    }
    Axis::new(name, levels)
}

/// Returns the cost axis that a task names, and checks its templates.
///
/// # Errors
/// If the axis cannot be read, or a metric names a level without an axis.
pub fn of_task(task: &TaskSpec) -> Result<Option<Axis>> {
    let axis = task.fidelity.as_deref().map(parse).transpose()?;
    let metrics = task.objective.iter().chain(&task.constraints);
    for metric in metrics.chain(&task.report) {
        let braces = metric
            .split_once('{')
            .and_then(|(_, rest)| rest.split_once('}'));
        let Some((name, _)) = braces else { continue };
        if axis.as_ref().is_none_or(|axis| axis.name() != name) {
            return Err(Error::input(format!(
                "`{metric}` is a template over `{name}`, which is not a fidelity here"
            ))
            .mend(format!("add `--fidelity {name}=MIN..MAX`")));
        }
    }
    Ok(axis)
}

/// The axis of a source, if it is the one that was named.
///
/// # Errors
/// If the source evaluates at other levels, or has one fidelity.
pub fn agreed(named: Option<&Axis>, source: Option<&Axis>) -> Result<Option<Axis>> {
    match (named, source) {
        (Some(named), None) => Err(Error::input(format!(
            "what evaluates here has one fidelity, and no `{}`",
            named.name()
        ))
        .mend("leave out `--fidelity`")),
        (Some(named), Some(own))
            if named.name() != own.name() || named.levels() != own.levels() =>
        {
            let (low, high) = own.levels().into_inner();
            Err(Error::input(format!(
                "what evaluates here has the fidelity `{}={low}..{high}`",
                own.name()
            ))
            .mend("give that one, or leave out `--fidelity`"))
        }
        (_, own) => Ok(own.cloned()),
    }
}

/// Checks the probability of early stops.
///
/// # Errors
/// If it is not between 0 and 1, or there is one fidelity.
pub fn stop_early(probability: Option<f64>, axis: Option<&Axis>) -> Result<Option<f64>> {
    let Some(probability) = probability else {
        return Ok(None);
    };
    if axis.is_none() {
        return Err(Error::input("without a fidelity, nothing is stopped early")
            .mend("add `--fidelity NAME=MIN..MAX`, or leave out `--stop-early`"));
    }
    if !(probability > 0.0 && probability < 1.0) {
        return Err(Error::input(format!("{probability} is not a probability"))
            .mend("give `--stop-early` a number between 0 and 1, such as 0.05"));
    }
    Ok(Some(probability))
}

/// Returns true if a metric is a template over an axis.
pub fn is_template(metric: &str, axis: &Axis) -> bool {
    metric.contains(&level_in_braces(axis))
}

/// Error of a table's objective that is not a template.
pub fn not_a_template(metric: &str, axis: &Axis) -> Error {
    let braces = level_in_braces(axis);
    Error::input(format!(
        "`{metric}` has one value for all levels of `{}`",
        axis.name()
    ))
    .mend(format!(
        "write `{braces}` where its columns have the level, as `--objective \"val_e{braces}\"`"
    ))
}

/// The levels in the column of an axis in a CSV file, which may be compressed with gzip; none without that
/// column.
///
/// # Errors
/// If the file cannot be read, or a cell is not a level.
pub fn levels_in(bytes: &[u8], file: &Path, axis: &Axis) -> Result<BTreeSet<u32>> {
    let text = decompressed(bytes).map_err(|e| Error::io(file, e))?;
    let mut lines = text.lines();
    let header = lines
        .next()
        .unwrap_or_default()
        .trim_start_matches('\u{feff}');
    let separator = ['\t', ';']
        .into_iter()
        .find(|c| header.contains(*c))
        .unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator as u8)
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let unreadable = |e: csv::Error| Error::input(e.to_string()).in_file(file);
    let names = reader.headers().map_err(unreadable)?.clone();
    let Some(column) = names.iter().position(|name| name.trim() == axis.name()) else {
        return Ok(BTreeSet::new());
    };
    let mut found = BTreeSet::new();
    for (record, line) in reader.records().zip(2..) {
        let record = record.map_err(unreadable)?;
        let cell = record.get(column).unwrap_or_default().trim();
        let level = cell
            .parse()
            .ok()
            .filter(|level| axis.fidelity(*level).is_some());
        let Some(level) = level else {
            let (low, high) = axis.levels().into_inner();
            return Err(
                Error::input(format!("`{cell}` is not a level of `{}`", axis.name()))
                    .mend(format!("write a whole number from {low} to {high}"))
                    .in_file(file)
                    .on_line(line),
            );
        };
        found.insert(level);
    }
    Ok(found)
}

/// The text of a file, which may be compressed with gzip.
fn decompressed(bytes: &[u8]) -> std::io::Result<String> {
    let mut text = String::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(bytes).read_to_string(&mut text)?;
    } else {
        text = String::from_utf8_lossy(bytes).into_owned();
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_is_a_name_and_a_range() {
        let axis = parse("epochs=1..100").unwrap();
        assert_eq!((axis.name(), axis.levels()), ("epochs", 1..=100));
        for (text, words) in [
            ("epochs", "not a fidelity"),
            ("epochs=5", "not a fidelity"),
            ("=1..2", "not a fidelity"),
            ("epochs=a..3", "not a fidelity"),
            ("epochs=9..3", "from 9 to 3"),
            ("epochs=0..3", "from 0 to 3"),
            ("epochs=3..3", "a single level"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn templates_need_their_axis() {
        let mut task = TaskSpec {
            objective: vec!["val_e{epochs}".into()],
            ..TaskSpec::default()
        };
        let error = of_task(&task).unwrap_err().to_string();
        assert!(error.contains("--fidelity epochs=MIN..MAX"), "{error}");
        task.fidelity = Some("steps=1..4".into());
        assert!(of_task(&task).is_err());
        task.fidelity = Some("epochs=1..4".into());
        assert!(is_template(
            "val_e{epochs}",
            &of_task(&task).unwrap().unwrap()
        ));
    }
}
