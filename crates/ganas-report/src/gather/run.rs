//! A run folder, up to its last evaluation.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use crate::{Round, Run, State, Step};
use ganas_core::error::{Error, Result};
use serde::Deserialize;
use serde_json::Value;

use super::bench::RunResult;
use super::found::{Evaluation, Found, Key};
use super::learning;
use super::provenance::{Provenance, label};
use super::unreadable::{MEND, unreadable};
use ganas_study::rundir::evaluations::{FAILURE, SECONDS};
use ganas_study::rundir::times::{Line, TIMES};
use ganas_study::rundir::{EVALUATIONS, JOURNAL, RESULT, ROUNDS, SETTINGS};
use ganas_study::rundir::{sealed, settings};

/// A line of the rounds.
#[derive(Deserialize)]
struct RoundLine {
    queries: usize,
    #[serde(default)]
    gauges: Vec<(String, Option<f64>)>,
}

/// Reads a run folder. The settings have to be there. All other files may be missing, torn or damaged, and
/// are then left out.
///
/// # Errors
/// If the run has no settings.
pub fn read(folder: &Path) -> Result<Found> {
    let file = folder.join(SETTINGS);
    fs::metadata(&file).map_err(|e| unreadable(&file, &e))?;
    let refuse = |what: String| Error::input(what).mend(MEND).in_file(&file);
    let settings = sealed::read(&file, settings::CHANGED)?.unwrap_or_default();
    let settings: Provenance = serde_json::from_value(settings)
        .map_err(|e| refuse(format!("these are not settings of a run ({e})")))?;
    let ([strategy, ..], Some(&seed)) = (&settings.strategies[..], settings.seeds.first()) else {
        return Err(refuse("these are not settings of a run".into()));
    };
    let key = settings.key("", "");
    if key.space.is_empty() || key.objective.is_empty() {
        return Err(refuse("the settings do not say what was searched".into()));
    }
    let axis = settings.axis().map(|(name, levels)| Axis {
        name,
        highest: levels.rsplit('.').next().unwrap_or_default(),
    });
    let rows = whole_lines(&folder.join(EVALUATIONS));
    let (metrics, mut evaluations) = evaluations(&rows, axis.as_ref());
    let journal = whole_lines(&folder.join(JOURNAL));
    let failures = failures(&journal);
    // What failed at first may have been evaluated again since.
    let failed = |e: &&mut Evaluation| e.metrics.first().copied().flatten().is_none();
    for evaluation in evaluations.iter_mut().filter(failed) {
        evaluation.failure = failures.get(&evaluation.arch).cloned();
    }
    let result = sealed::read(&folder.join(RESULT), settings::CHANGED_RESULT)?;
    // A result of fewer queries to spend is that of before the run was resumed.
    let current = |result: &Value| {
        let budget = result["provenance"]["queries"].as_u64();
        budget.is_none_or(|budget| budget == settings.queries as u64)
    };
    let result = result.filter(current);
    let optimum = result.as_ref().and_then(|r| r["optimum"].as_f64());
    let result: Option<RunResult> = result.and_then(|r| serde_json::from_value(r).ok());
    let compliant = settings.task["compliant_rows"].as_u64().map(|n| n as usize);
    let mut run = match result {
        Some(result) => result.into_run(settings.queries, folder),
        None => Run {
            strategy: label(&strategy.strategy, &strategy.preset),
            seed,
            path: folder.display().to_string(),
            state: State::Unfinished,
            budget: settings.queries,
            ..so_far(&key, &metrics, &evaluations)
        },
    };
    run.rounds = rounds(&whole_lines(&folder.join(ROUNDS)), key.minimize);
    let (parts, seconds) = times(&whole_lines(&folder.join(TIMES)));
    run.parts = parts;
    run.axis = axis.map(|axis| axis.name.to_owned());
    run.learning = learning::curves(&journal, &key.objective);
    run.seconds = run.seconds.or(seconds);
    Ok(Found {
        origin: settings.origin(&strategy.strategy, &strategy.preset, seed, folder),
        key,
        run,
        metrics,
        evaluations,
        starts: settings.start.clone(),
        optimum,
        compliant,
        started_in: settings.started_in.clone(),
    })
}

/// The state of an unfinished run, computed from its evaluations.
fn so_far(key: &Key, metrics: &[String], evaluations: &[Evaluation]) -> Run {
    let constraints = key.constraints();
    let mut run = Run {
        queries: evaluations.len(),
        ..Run::default()
    };
    for (i, evaluation) in evaluations.iter().enumerate() {
        let value = evaluation.metrics.first().copied().flatten();
        let Some(value) = value.filter(|v| v.is_finite()) else {
            run.failed += 1;
            continue;
        };
        let complies = super::tasks::complies(&constraints, metrics, &evaluation.metrics);
        run.noncompliant += usize::from(!complies);
        let better = if key.minimize {
            run.best.is_none_or(|best| value < best)
        } else {
            run.best.is_none_or(|best| value > best)
        };
        if complies && better {
            run.best = Some(value);
            run.best_arch = Some(evaluation.arch.clone());
            run.queries_to_best = Some(i + 1);
            run.steps.push(Step(i + 1, value, None));
        }
    }
    run
}

/// The lines of a file that were written whole.
fn whole_lines(file: &Path) -> String {
    let bytes = fs::read(file).unwrap_or_default();
    let end = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Cost axis of a run.
struct Axis<'s> {
    name: &'s str,
    highest: &'s str,
}

/// The metrics' names, the objective first, and the evaluations; those at the highest level, if there are several.
fn evaluations(text: &str, axis: Option<&Axis>) -> (Vec<String>, Vec<Evaluation>) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let level = reader
        .headers()
        .ok()
        .and_then(|header| header.get(3))
        .map(str::to_owned);
    let axis = axis.filter(|axis| level.as_deref() == Some(axis.name));
    let first = 3 + usize::from(axis.is_some());
    let names = |header: &csv::StringRecord| -> Vec<String> {
        header.iter().skip(first).map(str::to_owned).collect()
    };
    let metrics = reader.headers().map(names).unwrap_or_default();
    let rows = reader.into_records().map_while(|row| row.ok());
    let is_full =
        |row: &csv::StringRecord| axis.is_none_or(|axis| row.get(3) == Some(axis.highest));
    let rows: Vec<csv::StringRecord> = rows.filter(is_full).collect();
    // The objective stays, even without values. A column of texts is not a metric, and the time that an
    // evaluation took is none of the architecture.
    let is_number = |cell: &str| cell.is_empty() || cell.parse::<f64>().is_ok();
    let kept: Vec<usize> = (0..metrics.len())
        .filter(|&i| {
            let mut cells = rows.iter().filter_map(|row| row.get(first + i));
            i == 0 || ![SECONDS, FAILURE].contains(&&*metrics[i]) && cells.all(is_number)
        })
        .collect();
    let evaluations = rows.iter().map_while(|row| {
        let cell = |i: &usize| row.get(first + i).and_then(|cell| cell.parse().ok());
        Some(Evaluation {
            round: row.get(1)?.parse().ok()?,
            arch: row.get(2)?.to_owned(),
            metrics: kept.iter().map(cell).collect(),
            failure: None,
        })
    });
    let evaluations = evaluations.collect();
    let metrics = kept.iter().map(|&i| metrics[i].clone()).collect();
    (metrics, evaluations)
}

/// A line of the journal with a failed evaluation.
#[derive(Deserialize)]
struct Failure {
    arch: String,
    failed: String,
}

/// Why evaluations failed, by architecture.
fn failures(text: &str) -> HashMap<String, String> {
    let lines = text.lines().filter(|line| line.contains("\"failed\""));
    let failures = lines.filter_map(|line| serde_json::from_str::<Failure>(line).ok());
    failures.map(|f| (f.arch, f.failed)).collect()
}

/// The rounds with gauges. Thresholds get the sign of the objective.
fn rounds(text: &str, minimize: bool) -> Vec<Round> {
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str::<RoundLine>(line).ok());
    (lines.filter(|line| !line.gauges.is_empty()))
        .map(|line| Round {
            queries: line.queries,
            gauges: (line.gauges.into_iter())
                .filter_map(|(name, value)| {
                    let value = value?;
                    let turned = minimize && name == "gamma";
                    Some((name, if turned { -value } else { value }))
                })
                .collect(),
        })
        .collect()
}

/// Seconds by part, and of all rounds together.
fn times(text: &str) -> (BTreeMap<String, f64>, Option<f64>) {
    let mut parts = BTreeMap::new();
    let mut total = None;
    for line in text
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok())
    {
        let known: f64 = line.parts.values().sum();
        for (part, seconds) in line.parts {
            *parts.entry(part).or_default() += seconds;
        }
        *parts.entry("other".into()).or_default() += (line.seconds - known).max(0.0);
        *total.get_or_insert(0.0) += line.seconds;
    }
    (parts, total)
}
