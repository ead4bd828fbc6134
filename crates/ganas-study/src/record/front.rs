//! Records of fronts.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Front of a run with several objectives, as hypervolumes measure it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FrontRecord {
    /// Number of architectures on the front.
    pub front_size: usize,
    /// Volume that the front dominates, as a share of the box between the reference and the ideal point.
    pub hypervolume: f64,
    /// The same as a share of the hypervolume of the table's own front.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypervolume_share: Option<f64>,
    /// This share, or the hypervolume without a table, by number of queries.
    #[serde(deserialize_with = "by_number")]
    pub share_at: BTreeMap<usize, Option<f64>>,
    /// Each query that added to the front: the query and the hypervolume after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hypervolume_steps: Vec<(usize, f64)>,
    /// Values of the objectives of the front's architectures, in the order of the objectives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub front_values: Vec<Vec<f64>>,
    /// These architectures in the space's notation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub front_archs: Vec<String>,
}

/// Architecture on the front of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FrontMember {
    /// The architecture.
    pub arch: String,
    /// All metrics.
    pub metrics: BTreeMap<String, Option<f64>>,
    /// The query that evaluated it, counted from 1; 0 if it was known before.
    pub query: usize,
}

/// Front of a table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableFrontRecord {
    /// Number of rows on it.
    pub size: usize,
    /// Number of compliant rows.
    pub rows: usize,
    /// Hypervolume, as a share of the box.
    pub hypervolume: f64,
}

/// Reads a map with numbers as keys, which JSON has as text. Of parts of other records they are not read
/// by themselves.
pub(super) fn by_number<'de, D: Deserializer<'de>, V: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<usize, V>, D::Error> {
    let map: BTreeMap<String, V> = BTreeMap::deserialize(deserializer)?;
    let number = |text: &str| {
        text.parse()
            .map_err(|_| D::Error::custom(format!("`{text}`")))
    };
    (map.into_iter())
        .map(|(key, value)| Ok((number(&key)?, value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Whole {
        #[serde(flatten, default)]
        front: Option<FrontRecord>,
    }

    #[test]
    fn a_record_within_another_one_is_read_back() {
        let front = FrontRecord {
            front_size: 3,
            share_at: BTreeMap::from([(50, Some(0.5)), (100, None)]),
            hypervolume_steps: vec![(1, 0.25)],
            ..FrontRecord::default()
        };
        let whole = Whole { front: Some(front) };
        let text = serde_json::to_string(&whole).unwrap();
        let read: Whole = serde_json::from_str(&text).unwrap();
        let value: Whole = serde_json::from_value(serde_json::to_value(&whole).unwrap()).unwrap();
        for front in [read.front, value.front] {
            let front = front.unwrap();
            assert_eq!(front.share_at[&50], Some(0.5));
            assert_eq!(front.hypervolume_steps, [(1, 0.25)]);
        }
        assert!(serde_json::from_str::<Whole>("{}").unwrap().front.is_none());
    }
}
