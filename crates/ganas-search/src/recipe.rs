//! From a name on the command line to a strategy.

use std::fmt;
use std::str::FromStr;

use ganas_core::error::{Error, Result, nearest};
use ganas_core::strategy::Strategy;
use serde_json::Value;

use crate::baseline::{
    Bananas, BananasConfig, CrossEntropy, CrossEntropyConfig, Encoding, Evolution, EvolutionConfig,
    LocalSearch, LocalSearchConfig, RandomSearch, Reinforce, ReinforceConfig, Tpe, TpeConfig,
};
use crate::ga_nas::{GaNas, GaNasConfig};

/// The strategies by name, each with its presets; the first preset is the default one.
pub const STRATEGIES: [(&str, &[&str]); 8] = [
    ("ga-nas", &["default", "paper-setup1", "paper-setup2"]),
    ("random", &["default"]),
    ("evolution", &["default"]),
    ("local-search", &["default", "first-improvement"]),
    ("cross-entropy", &["default"]),
    ("reinforce", &["default"]),
    ("bananas", &["default", "adjacency"]),
    ("tpe", &["default", "univariate"]),
];

/// A strategy and its preset, written `strategy` or `strategy:preset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    strategy: &'static str,
    preset: &'static str,
}

impl Recipe {
    /// The strategy's name.
    pub fn strategy(&self) -> &'static str {
        self.strategy
    }

    /// The preset's name.
    pub fn preset(&self) -> &'static str {
        self.preset
    }

    /// The strategy with another preset.
    ///
    /// # Errors
    /// If it has no such preset.
    pub fn with_preset(&self, preset: &str) -> Result<Self> {
        let (_, presets) = STRATEGIES
            .iter()
            .find(|(name, _)| *name == self.strategy)
            .ok_or_else(|| Error::input(format!("unknown strategy `{}`", self.strategy)))?;
        match presets.iter().find(|p| **p == preset) {
            Some(preset) => Ok(Recipe {
                strategy: self.strategy,
                preset,
            }),
            None => Err(Error::input(format!(
                "the strategy `{}` has no preset `{preset}`",
                self.strategy
            ))
            .mend(hint(preset, presets))),
        }
    }

    /// The strategy, with its own random streams for a seed.
    pub fn build(&self, seed: u64) -> Box<dyn Strategy> {
        match self.strategy {
            "ga-nas" => Box::new(GaNas::new(self.ga_nas(), seed)),
            "evolution" => Box::new(Evolution::new(EvolutionConfig::default(), seed)),
            "local-search" => Box::new(LocalSearch::new(self.local_search(), seed)),
            "cross-entropy" => Box::new(CrossEntropy::new(CrossEntropyConfig::default(), seed)),
            "reinforce" => Box::new(Reinforce::new(ReinforceConfig::default(), seed)),
            "bananas" => Box::new(Bananas::new(self.bananas(), seed)),
            "tpe" => Box::new(Tpe::new(self.tpe(), seed)),
            _ => Box::new(RandomSearch::new(seed)),
        }
    }

    /// The settings that the strategy is built with, for the record.
    pub fn settings(&self) -> Value {
        let settings = match self.strategy {
            "ga-nas" => serde_json::to_value(self.ga_nas()),
            "evolution" => serde_json::to_value(EvolutionConfig::default()),
            "local-search" => serde_json::to_value(self.local_search()),
            "cross-entropy" => serde_json::to_value(CrossEntropyConfig::default()),
            "reinforce" => serde_json::to_value(ReinforceConfig::default()),
            "bananas" => serde_json::to_value(self.bananas()),
            "tpe" => serde_json::to_value(self.tpe()),
            _ => Ok(Value::Object(Default::default())),
        };
        // Plain structs of numbers always turn into JSON.
        settings.unwrap_or(Value::Null)
    }

    fn ga_nas(&self) -> GaNasConfig {
        match self.preset {
            "paper-setup1" => GaNasConfig::paper_setup1(),
            "paper-setup2" => GaNasConfig::paper_setup2(),
            _ => GaNasConfig::default(),
        }
    }

    fn bananas(&self) -> BananasConfig {
        BananasConfig {
            encoding: match self.preset {
                "adjacency" => Encoding::Adjacency,
                _ => Encoding::Paths,
            },
            ..BananasConfig::default()
        }
    }

    fn tpe(&self) -> TpeConfig {
        TpeConfig {
            multivariate: self.preset != "univariate",
            ..TpeConfig::default()
        }
    }

    fn local_search(&self) -> LocalSearchConfig {
        LocalSearchConfig {
            first_improvement: self.preset == "first-improvement",
        }
    }
}

impl FromStr for Recipe {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, preset) = match text.split_once(':') {
            Some((name, preset)) => (name, Some(preset)),
            None => (text, None),
        };
        let Some((strategy, presets)) = STRATEGIES.iter().find(|(s, _)| *s == name) else {
            let names: Vec<&str> = STRATEGIES.iter().map(|(s, _)| *s).collect();
            return Err(Error::input(format!("unknown strategy `{name}`")).mend(hint(name, &names)));
        };
        let recipe = Recipe {
            strategy,
            preset: presets[0],
        };
        match preset {
            Some(preset) => recipe.with_preset(preset),
            None => Ok(recipe),
        }
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.preset {
            "default" => f.write_str(self.strategy),
            preset => write!(f, "{}:{preset}", self.strategy),
        }
    }
}

/// What to write instead of an unknown name.
fn hint(unknown: &str, known: &[&str]) -> String {
    match nearest(unknown, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.join(", ")),
    }
}
