//! Provenance of results: strategies, seeds and the record of the task.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::found::Key;
use crate::Origin;

/// The fields of a result's provenance that a report needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Provenance {
    pub ganas: String,
    pub command: Vec<String>,
    pub task: Value,
    pub queries: usize,
    pub strategies: Vec<StrategyRecord>,
    pub seeds: Vec<u64>,
    pub start: Vec<String>,
    pub started_in: Option<PathBuf>,
}

/// Strategy of a run with its settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct StrategyRecord {
    pub strategy: String,
    pub preset: String,
    pub settings: Value,
}

impl Provenance {
    /// The name of the cost axis and its levels, if there are several fidelities.
    pub fn axis(&self) -> Option<(&str, &str)> {
        self.task["fidelity"].as_str()?.split_once('=')
    }

    /// The identity of the task. Without a record of it, only the result itself identifies it.
    pub fn key(&self, space: &str, objective: &str) -> Key {
        let text = |name: &str| self.task[name].as_str().map(str::to_owned);
        let mut constraints: Vec<String> = strings(&self.task["constraints"]);
        constraints.sort();
        let mut source = ["table_digest", "table"].iter().find_map(|name| text(name));
        for (name, what) in [
            ("training", "trained on"),
            ("supernet", "supernet"),
            ("workers", "workers"),
            ("surrogate", "surrogate"),
        ] {
            let record = &self.task[name];
            let named = ["dataset", "folder", "program", "file"].iter();
            let named = named.filter_map(|key| record[*key].as_str()).next();
            if let Some(named) = named {
                source = Some(format!("{what} {named}"));
            }
        }
        if let Some(noise) = self.task["noise"].as_f64() {
            source = Some(format!("{}, noise {noise}", source.unwrap_or_default()));
        }
        Key {
            space: text("space").unwrap_or_else(|| space.to_owned()),
            objective: text("objective").unwrap_or_else(|| objective.to_owned()),
            minimize: self.task["minimize"].as_bool().unwrap_or(false),
            constraints,
            source: source.unwrap_or_default(),
            merge_isomorphic: self.task["merge_isomorphic"].as_bool().unwrap_or(false),
        }
    }

    /// The provenance of the runs of a strategy.
    pub fn origin(&self, strategy: &str, preset: &str, seed: u64, path: &Path) -> Origin {
        let of = |s: &&StrategyRecord| s.strategy == strategy && s.preset == preset;
        Origin {
            strategy: label(strategy, preset),
            ganas: self.ganas.clone(),
            command: self.command.clone(),
            settings: (self.strategies.iter().find(of)).map_or(Value::Null, |s| s.settings.clone()),
            task: self.task.clone(),
            seeds: vec![seed],
            path: path.display().to_string(),
        }
    }
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().map_or(&[][..], Vec::as_slice);
    list.iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Names a strategy, with its preset unless that is the default.
pub fn label(strategy: &str, preset: &str) -> String {
    match preset {
        "" | "default" => strategy.to_owned(),
        preset => format!("{strategy}:{preset}"),
    }
}
