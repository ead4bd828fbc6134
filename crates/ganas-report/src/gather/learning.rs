//! Learning curves of a run, from its journal.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::{CurveEnd, LearningCurve};

/// First line of a journal.
#[derive(Deserialize)]
struct Header {
    metrics: Vec<String>,
    fidelity: Option<BTreeMap<String, [u32; 2]>>,
}

/// An evaluation of a journal.
#[derive(Deserialize)]
struct Line {
    arch: String,
    #[serde(default)]
    fidelity: BTreeMap<String, u32>,
    #[serde(default)]
    metrics: Vec<Option<serde_json::Value>>,
    #[serde(default)]
    curve: Vec<(u32, f64)>,
    stopped: Option<u32>,
    failed: Option<String>,
}

/// The curves of a journal; none without a cost axis.
pub fn curves(journal: &str, objective: &str) -> Vec<LearningCurve> {
    let mut lines = journal.lines();
    let header: Option<Header> = lines
        .next()
        .and_then(|line| serde_json::from_str(line).ok());
    let Some((header, highest)) = header.and_then(|header| {
        let [_, highest] = *header.fidelity.as_ref()?.values().next()?;
        Some((header, highest))
    }) else {
        return Vec::new();
    };
    let place = header.metrics.iter().position(|metric| metric == objective);
    let mut found: Vec<(LearningCurve, BTreeMap<u32, f64>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for line in lines.filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        let index = *places.entry(line.arch.clone()).or_insert(found.len());
        if index == found.len() {
            let curve = LearningCurve {
                arch: line.arch,
                ..LearningCurve::default()
            };
            found.push((curve, BTreeMap::new()));
        }
        let (curve, points) = &mut found[index];
        points.extend(line.curve);
        let level = line.fidelity.values().next().copied();
        let value = place.and_then(|place| line.metrics.get(place)?.as_ref()?.as_f64());
        if let (Some(level), Some(value), None) = (level, value, line.stopped) {
            points.insert(level, value);
        }
        curve.end = match (line.failed, line.stopped, level) {
            (Some(_), ..) => CurveEnd::Failed,
            (_, Some(_), _) => CurveEnd::Stopped,
            (_, _, Some(level)) if level == highest => CurveEnd::Whole,
            _ => CurveEnd::Paused,
        };
    }
    let curves = found.into_iter().map(|(curve, points)| LearningCurve {
        points: points.into_iter().collect(),
        ..curve
    });
    curves.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_end_where_trainings_were_left() {
        let journal = r#"{"ganas-journal":2,"space":"s","metrics":["params","acc"],"fidelity":{"epochs":[1,9]}}
{"arch":"a","fidelity":{"epochs":3},"metrics":[1,30.0],"curve":[[1,10.0],[2,20.0]]}
{"arch":"b","fidelity":{"epochs":9},"metrics":[1,40.0],"curve":[[1,5.0]],"stopped":1}
{"arch":"a","fidelity":{"epochs":9},"metrics":[1,50.0]}
{"arch":"c","fidelity":{"epochs":3},"failed":"no"}
{"arch":"d","fidelity":{"epochs":3},"metrics":[1,7.0]}"#;
        let found = curves(journal, "acc");
        let ends: Vec<CurveEnd> = found.iter().map(|curve| curve.end).collect();
        let expected = [
            CurveEnd::Whole,
            CurveEnd::Stopped,
            CurveEnd::Failed,
            CurveEnd::Paused,
        ];
        assert_eq!(ends, expected);
        assert_eq!(
            found[0].points,
            [(1, 10.0), (2, 20.0), (3, 30.0), (9, 50.0)]
        );
        assert_eq!(found[1].points, [(1, 5.0)]);
        assert!(curves("{\"metrics\":[\"acc\"]}", "acc").is_empty());
    }
}
