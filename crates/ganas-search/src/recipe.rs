//! From a name on the command line to a strategy.

use std::fmt;
use std::str::FromStr;

use ganas_core::error::{Error, Result, hint};
use ganas_core::strategy::Strategy;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::effect::idle;
use crate::ga_nas::{GaNas, GaNasConfig};
use crate::range::beyond;
use crate::strategies::{
    Bananas, BananasConfig, CrossEntropy, CrossEntropyConfig, Encoding, Evolution, EvolutionConfig,
    LocalSearch, LocalSearchConfig, RandomSearch, Reinforce, ReinforceConfig, Tpe, TpeConfig,
};

/// The strategies by name, each with its presets; the first preset is the default one.
pub const STRATEGIES: [(&str, &[&str]); 8] = [
    (
        "ga-nas",
        &[
            "default",
            "paper-setup1",
            "paper-setup2",
            "paper-learned",
            "adversarial",
        ],
    ),
    ("random", &["default"]),
    ("evolution", &["default"]),
    (
        "local-search",
        &["default", "first-improvement", "best-improvement"],
    ),
    ("cross-entropy", &["default"]),
    ("reinforce", &["default", "nats-bench"]),
    ("bananas", &["default", "adjacency", "paths"]),
    ("tpe", &["default", "univariate"]),
];

/// A strategy, its preset and settings that replace the preset's, written `strategy`,
/// `strategy:preset` or `strategy:preset+key=value+key=value`.
///
/// A key is the path to a setting in the record of settings, such as `ppo.entropy_coef`; a value is
/// a JSON value or a bare word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    strategy: &'static str,
    preset: &'static str,
    /// What was written instead of the preset's settings, each as `key=value`.
    replaced: Vec<String>,
    /// The preset and what was replaced in it.
    label: String,
    settings: Value,
}

impl Recipe {
    fn new(strategy: &'static str, preset: &'static str) -> Result<Self> {
        Ok(Recipe {
            strategy,
            preset,
            replaced: Vec::new(),
            label: preset.to_owned(),
            settings: preset_settings(strategy, preset)?,
        })
    }

    /// The strategy's name.
    pub fn strategy(&self) -> &'static str {
        self.strategy
    }

    /// The preset's name, followed by the settings that were replaced.
    pub fn preset(&self) -> &str {
        &self.label
    }

    /// The strategy with another preset, in which the same settings are replaced.
    ///
    /// # Errors
    /// If it has no such preset, or the preset has not those settings.
    pub fn with_preset(&self, preset: &str) -> Result<Self> {
        let (_, presets) = STRATEGIES
            .iter()
            .find(|(name, _)| *name == self.strategy)
            .ok_or_else(|| Error::input(format!("unknown strategy `{}`", self.strategy)))?;
        match presets.iter().find(|p| **p == preset) {
            Some(preset) => {
                let recipe = Recipe::new(self.strategy, preset)?;
                (self.replaced.iter()).try_fold(recipe, |recipe, text| recipe.with_setting(text))
            }
            None => Err(Error::input(format!(
                "the strategy `{}` has no preset `{preset}`",
                self.strategy
            ))
            .mend(hint(preset, presets, "there are"))),
        }
    }

    /// The strategy with one setting replaced, written `key=value`.
    ///
    /// # Errors
    /// If it has no such setting, or the setting takes no such value; the error names its range.
    pub fn with_setting(&self, text: &str) -> Result<Self> {
        let Some((key, value)) = text.split_once('=') else {
            return Err(Error::input(format!("`{text}` sets nothing"))
                .mend("write `key=value`, as `batch=8`"));
        };
        let (key, value) = (key.trim(), value.trim());
        let mut recipe = self.clone();
        let mut place = Some(&mut recipe.settings);
        for part in key.split('.') {
            place = place.and_then(|p| p.get_mut(part));
        }
        let Some(place) = place else {
            let keys = paths(&self.settings);
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let error = Error::input(format!("`{self}` has no setting `{key}`"));
            return Err(match keys.is_empty() {
                true => error.mend("leave it out: there are no settings"),
                false => error.mend(hint(key, &keys, "there are")),
            });
        };
        // What is no JSON is a bare word.
        *place = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        recipe.replaced.push(format!("{key}={value}"));
        recipe.label = format!("{}+{key}={value}", self.label);
        let refused = |what: String| Error::input(format!("`{key}={value}`: {what}"));
        if let Err(e) = recipe.try_build(0) {
            return Err(refused(e.to_string()).mend("give it a value like the one it has without"));
        }
        match beyond(&recipe.settings) {
            None => Ok(recipe),
            Some((path, range)) => {
                Err(refused(format!("`{path}` is out of its range"))
                    .mend(format!("give it {range}")))
            }
        }
    }

    /// Reads a recipe like [`FromStr`], and lets settings without effect pass. Further settings may give
    /// them one: check the whole by [`check_effects`](Self::check_effects).
    ///
    /// # Errors
    /// If there is no such strategy, preset or setting, or a setting takes no such value.
    pub fn read(text: &str) -> Result<Self> {
        // A plus before a digit belongs to a number.
        let mut parts: Vec<String> = Vec::new();
        for part in text.split('+') {
            match parts.last_mut() {
                Some(last) if part.starts_with(|c: char| c.is_ascii_digit()) => {
                    last.push('+');
                    last.push_str(part);
                }
                _ => parts.push(part.to_owned()),
            }
        }
        let text = parts.remove(0);
        let (name, preset) = match text.split_once(':') {
            Some((name, preset)) => (name, Some(preset)),
            None => (&*text, None),
        };
        let Some((strategy, presets)) = STRATEGIES.iter().find(|(s, _)| *s == name) else {
            let names: Vec<&str> = STRATEGIES.iter().map(|(s, _)| *s).collect();
            return Err(
                Error::input(format!("unknown strategy `{name}`")).mend(hint(
                    name,
                    &names,
                    "there are",
                )),
            );
        };
        let recipe = Recipe::new(strategy, presets[0])?;
        let recipe = match preset {
            Some(preset) => recipe.with_preset(preset)?,
            None => recipe,
        };
        (parts.iter()).try_fold(recipe, |recipe, text| recipe.with_setting(text))
    }

    /// Checks that every replaced setting can change the search.
    ///
    /// # Errors
    /// If one has no effect under the others; the error names the setting that lets it act.
    pub fn check_effects(&self) -> Result<()> {
        for text in &self.replaced {
            let key = text.split_once('=').map_or(text.as_str(), |(key, _)| key);
            if let Some(idle) = idle(self.strategy, &self.settings, key) {
                let what = format!("`{text}` has no effect: {}", idle.cause);
                return Err(Error::input(what).mend(format!("{}, or leave it out", idle.mend)));
            }
        }
        Ok(())
    }

    /// The strategy with all the settings of a run that was begun with it, whose defaults may have been
    /// others then.
    ///
    /// # Errors
    /// If they are no settings of the strategy.
    pub fn with_recorded(&self, settings: &Value) -> Result<Self> {
        let mut recipe = self.clone();
        recipe.settings = settings.clone();
        match recipe.try_build(0) {
            Ok(_) => Ok(recipe),
            Err(e) => Err(Error::input(format!(
                "`{self}` was begun with other settings than there are now ({e})"
            ))
            .mend("go on with the version of ganas that began it")),
        }
    }

    /// The strategy, with its own random streams for a seed.
    ///
    /// # Errors
    /// Only by a bug, since settings are tried when they are set.
    pub fn build(&self, seed: u64) -> Result<Box<dyn Strategy>> {
        self.try_build(seed)
            .map_err(|e| Error::bug(format!("`{self}` cannot be built: {e}")))
    }

    /// The most architectures that a round asks for in a search of so many queries that begins with
    /// so many evaluations. The first round, which is to learn from, only counts where it is the last.
    pub fn round(&self, known: usize, queries: usize) -> usize {
        let number = |name: &str| self.settings[name].as_u64().map(|n| n as usize);
        let config = match self.strategy {
            "ga-nas" => GaNasConfig::deserialize(&self.settings).ok(),
            _ => None,
        };
        let size = |t, evaluated| match &config {
            Some(config) => config.size(t, evaluated),
            None => number("batch").unwrap_or(1),
        };
        let initial = number("initial").unwrap_or(0);
        let first = initial.saturating_sub(known).min(queries);
        let (mut most, mut spent) = (0, first);
        for t in 1.. {
            if spent >= queries {
                break;
            }
            let size = size(t, known + spent).clamp(1, queries - spent);
            most = most.max(size);
            spent += size;
        }
        match most {
            0 => first,
            _ => most,
        }
    }

    fn try_build(&self, seed: u64) -> std::result::Result<Box<dyn Strategy>, serde_json::Error> {
        fn read<T: DeserializeOwned>(settings: &Value) -> serde_json::Result<T> {
            T::deserialize(settings)
        }
        let settings = &self.settings;
        Ok(match self.strategy {
            "ga-nas" => Box::new(GaNas::new(read(settings)?, seed)),
            "evolution" => Box::new(Evolution::new(read(settings)?, seed)),
            "local-search" => Box::new(LocalSearch::new(read(settings)?, seed)),
            "cross-entropy" => Box::new(CrossEntropy::new(read(settings)?, seed)),
            "reinforce" => Box::new(Reinforce::new(read(settings)?, seed)),
            "bananas" => Box::new(Bananas::new(read(settings)?, seed)),
            "tpe" => Box::new(Tpe::new(read(settings)?, seed)),
            "random" => Box::new(RandomSearch::new(seed)),
            unknown => return Err(serde::de::Error::custom(format!("no strategy `{unknown}`"))),
        })
    }

    /// The settings that the strategy is built with, for the record.
    pub fn settings(&self) -> Value {
        self.settings.clone()
    }
}

/// The settings of a preset.
fn preset_settings(strategy: &str, preset: &str) -> Result<Value> {
    let settings = match strategy {
        "ga-nas" => serde_json::to_value(match preset {
            "paper-setup1" => GaNasConfig::paper_setup1(),
            "paper-setup2" => GaNasConfig::paper_setup2(),
            "paper-learned" => GaNasConfig::paper_learned(),
            "adversarial" => GaNasConfig::adversarial(),
            _ => GaNasConfig::default(),
        }),
        "evolution" => serde_json::to_value(EvolutionConfig::default()),
        "local-search" => serde_json::to_value(LocalSearchConfig {
            first_improvement: preset != "best-improvement",
        }),
        "cross-entropy" => serde_json::to_value(CrossEntropyConfig::default()),
        "reinforce" => serde_json::to_value(match preset {
            "nats-bench" => ReinforceConfig::nats_bench(),
            _ => ReinforceConfig::default(),
        }),
        "bananas" => serde_json::to_value(BananasConfig {
            encoding: match preset {
                "paths" => Encoding::Paths,
                _ => Encoding::Adjacency,
            },
            ..BananasConfig::default()
        }),
        "tpe" => serde_json::to_value(TpeConfig {
            multivariate: preset != "univariate",
            ..TpeConfig::default()
        }),
        "random" => Ok(Value::Object(Default::default())),
        unknown => return Err(Error::bug(format!("no strategy `{unknown}` has presets"))),
    };
    settings.map_err(|e| Error::bug(format!("the settings of `{strategy}:{preset}`: {e}")))
}

/// The paths to all settings.
fn paths(settings: &Value) -> Vec<String> {
    let Value::Object(fields) = settings else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (name, value) in fields {
        all.push(name.clone());
        all.extend(paths(value).iter().map(|path| format!("{name}.{path}")));
    }
    all
}

impl FromStr for Recipe {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let recipe = Recipe::read(text)?;
        recipe.check_effects()?;
        Ok(recipe)
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.strategy)?;
        match self.label.strip_prefix("default") {
            Some(replaced) => f.write_str(replaced),
            None => write!(f, ":{}", self.label),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_built_is_a_bug_and_no_other_strategy() {
        let mut unknown: Recipe = "evolution".parse().unwrap();
        unknown.strategy = "evolutionary";
        let mut damaged: Recipe = "ga-nas".parse().unwrap();
        damaged.settings = Value::Null;
        for recipe in [unknown, damaged] {
            assert!(matches!(recipe.build(0).err(), Some(Error::Bug(_))));
        }
        for (strategy, presets) in STRATEGIES {
            for preset in presets {
                let recipe: Recipe = format!("{strategy}:{preset}").parse().unwrap();
                assert!(recipe.build(0).is_ok(), "{recipe}");
            }
        }
    }

    #[test]
    fn rounds_are_as_large_as_their_settings_say() {
        for (recipe, known, queries, most) in [
            ("ga-nas", 0, 120, 3),
            ("ga-nas", 0, 1000, 19),
            ("ga-nas", 0, 8, 8),
            ("ga-nas", 0, 10, 10),
            ("ga-nas", 0, 12, 2),
            ("ga-nas", 6, 4, 4),
            ("ga-nas", 400, 5, 5),
            ("ga-nas", 400, 100, 9),
            ("ga-nas+batch=8", 0, 120, 8),
            ("evolution", 0, 300, 1),
            ("cross-entropy+batch=7", 0, 300, 7),
            ("cross-entropy+batch=7", 0, 4, 4),
            ("bananas+batch=5", 0, 300, 5),
            ("bananas+batch=5", 0, 9, 9),
        ] {
            let built: Recipe = recipe.parse().unwrap();
            assert_eq!(
                built.round(known, queries),
                most,
                "{recipe}, {known}, {queries}"
            );
        }
    }
}
