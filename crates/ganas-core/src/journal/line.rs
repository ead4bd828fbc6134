//! Lines of a journal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::evaluate::Details;
use crate::trial::Axis;

/// Version of the format.
pub(super) const VERSION: u64 = 2;

/// Text between the body of a line and its checksum.
pub(super) const SEAL: &str = ",\"crc32c\":\"";

/// First line of a journal.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    #[serde(rename = "ganas-journal")]
    pub version: u64,
    pub space: String,
    pub metrics: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fidelity: Option<Levels>,
}

/// Levels of an axis by its name.
pub(super) type Levels = BTreeMap<String, [u32; 2]>;

pub(super) fn levels(axis: &Axis) -> Levels {
    let (low, high) = axis.levels().into_inner();
    BTreeMap::from([(axis.name().to_owned(), [low, high])])
}

/// Other line of a journal.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Entry {
    Done {
        arch: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fidelity: Option<BTreeMap<String, u32>>,
        metrics: Vec<Metric>,
        #[serde(flatten)]
        details: Details,
    },
    Failed {
        arch: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fidelity: Option<BTreeMap<String, u32>>,
        failed: String,
        #[serde(flatten)]
        details: Details,
    },
    Retry {
        retry: Retried,
    },
}

/// Kind of trials that are evaluated again.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Retried {
    Failed,
}

/// Number that is read exactly as it was written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Metric {
    Number(f64),
    Infinite(String),
    NotANumber(()),
}

impl Metric {
    pub fn new(value: f64) -> Metric {
        match value {
            v if v.is_nan() => Metric::NotANumber(()),
            v if v.is_infinite() => Metric::Infinite(v.to_string()),
            v => Metric::Number(v),
        }
    }

    pub fn value(&self) -> std::result::Result<f64, String> {
        match self {
            Metric::Number(value) => Ok(*value),
            Metric::Infinite(text) => match text.parse() {
                Ok(value) if f64::is_infinite(value) => Ok(value),
                _ => Err(format!("`{text}` is not a metric")),
            },
            Metric::NotANumber(()) => Ok(f64::NAN),
        }
    }
}
