//! Recipes: a strategy, a preset and replaced settings, written in one word.

use std::fmt;
use std::sync::Arc;

use ganas_core::error::{Error, Result, hint};
use ganas_core::space::SearchSpace;
use ganas_core::strategy::Strategy;
use serde_json::Value;

use crate::registry::{Registry, StrategyFactory};

/// A strategy, its preset and settings that replace the preset's, written `strategy`,
/// `strategy:preset` or `strategy:preset+key=value+key=value`.
///
/// A key is the path to a setting in the record of settings, such as `ppo.entropy_coef`; a value is
/// a JSON value or a bare word.
#[derive(Clone)]
pub struct Recipe {
    strategy: &'static str,
    factory: Arc<dyn StrategyFactory>,
    /// Settings that replace those of the preset, each as `key=value`.
    replaced: Vec<String>,
    /// The preset and what was replaced in it.
    label: String,
    settings: Value,
}

impl Recipe {
    fn new(
        strategy: &'static str,
        factory: Arc<dyn StrategyFactory>,
        preset: &str,
    ) -> Result<Self> {
        let presets = factory.presets();
        let Some(preset) = presets.iter().find(|known| **known == preset) else {
            let error = format!("the strategy `{strategy}` has no preset `{preset}`");
            return Err(Error::input(error).mend(hint(preset, presets, "there are")));
        };
        Ok(Recipe {
            settings: factory.settings(preset)?,
            strategy,
            factory,
            label: (*preset).to_owned(),
            replaced: Vec::new(),
        })
    }

    /// The name of the strategy.
    pub fn strategy(&self) -> &'static str {
        self.strategy
    }

    /// The name of the preset, followed by the replaced settings.
    pub fn preset(&self) -> &str {
        &self.label
    }

    /// The same strategy with another preset, in which the same settings are replaced.
    ///
    /// # Errors
    /// If the strategy has no such preset, or the preset does not have those settings.
    pub fn with_preset(&self, preset: &str) -> Result<Self> {
        let recipe = Recipe::new(self.strategy, self.factory.clone(), preset)?;
        self.replaced
            .iter()
            .try_fold(recipe, |recipe, text| recipe.with_setting(text))
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
            return Err(if keys.is_empty() {
                error.mend("leave it out: there are no settings")
            } else {
                error.mend(hint(key, &keys, "there are"))
            });
        };
        // Text that is not JSON is a bare word.
        *place = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        recipe.replaced.push(format!("{key}={value}"));
        recipe.label = format!("{}+{key}={value}", self.label);
        match self.factory.check(&recipe.settings) {
            Ok(()) => Ok(recipe),
            Err(e) => Err(Error::input(format!("`{key}={value}`: {e}"))),
        }
    }

    /// Reads a recipe against the registered strategies, and lets settings without effect pass.
    ///
    /// Further settings may give them an effect: then check all with
    /// [`check_effects`](Self::check_effects). [`Registry::recipe`] does both.
    ///
    /// # Errors
    /// If there is no such strategy, preset or setting, or a setting takes no such value.
    pub fn read(registry: &Registry, text: &str) -> Result<Self> {
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
        let Some((name, factory)) = registry.find(name) else {
            return Err(registry.unknown(name));
        };
        let Some(preset) = preset.or(factory.presets().first().copied()) else {
            return Err(Error::bug(format!("the strategy `{name}` has no preset")));
        };
        let recipe = Recipe::new(name, factory.clone(), preset)?;
        parts
            .iter()
            .try_fold(recipe, |recipe, text| recipe.with_setting(text))
    }

    /// Checks that every replaced setting can change the search.
    ///
    /// # Errors
    /// If one has no effect under the others; the error names the setting that lets it act.
    pub fn check_effects(&self) -> Result<()> {
        let idle = self.factory.idle(&self.settings)?;
        for text in &self.replaced {
            let key = text.split_once('=').map_or(text.as_str(), |(key, _)| key);
            if let Some(idle) = idle.iter().find(|idle| idle.includes(key)) {
                let what = format!("`{text}` has no effect: {}", idle.cause);
                return Err(Error::input(what).mend(format!("{}, or leave it out", idle.mend)));
            }
        }
        Ok(())
    }

    /// The same strategy with all the settings on the record of a run. The defaults may have been
    /// others when the run began.
    ///
    /// # Errors
    /// If the record does not describe settings of the strategy.
    pub fn with_recorded(&self, settings: &Value) -> Result<Self> {
        let mut recipe = self.clone();
        recipe.settings = settings.clone();
        match self.factory.build(settings, 0) {
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
    /// Only by a bug, since settings are checked when they are set.
    pub fn build(&self, seed: u64) -> Result<Box<dyn Strategy>> {
        let strategy = self.factory.build(&self.settings, seed);
        strategy.map_err(|e| Error::bug(format!("`{self}` cannot be built: {e}")))
    }

    /// The most architectures of a space that a round asks for in a search of `queries` queries, which knows
    /// `known` evaluations before it. The initial set only counts if no round follows.
    ///
    /// # Errors
    /// Only by a bug, since settings are checked when they are set.
    pub fn round(&self, known: usize, queries: usize, space: &dyn SearchSpace) -> Result<usize> {
        let round = self.factory.round(&self.settings, known, queries, space);
        round.map_err(|e| Error::bug(format!("`{self}` has no rounds: {e}")))
    }

    /// The settings that the strategy is built with, for the record.
    pub fn settings(&self) -> Value {
        self.settings.clone()
    }
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

impl PartialEq for Recipe {
    fn eq(&self, other: &Self) -> bool {
        (self.strategy, &self.label, &self.settings)
            == (other.strategy, &other.label, &other.settings)
    }
}

impl Eq for Recipe {}

impl fmt::Debug for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipe")
            .field("strategy", &self.strategy)
            .field("preset", &self.label)
            .field("settings", &self.settings)
            .finish()
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
    use ganas_core::space::nasbench201;

    use super::*;

    #[test]
    fn damaged_settings_are_a_bug_and_no_other_strategy() {
        let registry = Registry::builtin();
        let mut damaged = registry.recipe("ga-nas").unwrap();
        damaged.settings = Value::Null;
        assert!(matches!(damaged.build(0).err(), Some(Error::Bug(_))));
        for (strategy, presets) in registry.strategies() {
            for preset in presets {
                let recipe = registry.recipe(&format!("{strategy}:{preset}")).unwrap();
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
            ("random", 0, 300, 1),
            ("cross-entropy+batch=7", 0, 300, 7),
            ("cross-entropy+batch=7", 0, 4, 4),
            ("bananas+batch=5", 0, 300, 5),
            ("bananas+batch=5", 0, 9, 9),
        ] {
            let built = Registry::builtin().recipe(recipe).unwrap();
            assert_eq!(
                built.round(known, queries, &nasbench201()).unwrap(),
                most,
                "{recipe}, {known}, {queries}"
            );
        }
    }
}
