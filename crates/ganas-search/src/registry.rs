//! The strategies by name.

use std::marker::PhantomData;
use std::sync::Arc;

use ganas_core::error::{Error, Result, hint};
use ganas_core::space::SearchSpace;
use ganas_core::strategy::Strategy;
use serde_json::Value;

use crate::ga_nas::GaNasConfig;
use crate::recipe::Recipe;
use crate::settings::{Idle, StrategyConfig};
use crate::strategies::{
    AshaConfig, BananasConfig, BohbConfig, CrossEntropyConfig, EvolutionConfig, HyperbandConfig,
    LocalSearchConfig, MctsConfig, NaoConfig, Nsga2Config, RandomConfig, ReinforceConfig,
    SeminasConfig, SuccessiveHalvingConfig, TpeConfig,
};

/// Builds a strategy from settings.
///
/// [`configured`] makes a factory from a [`StrategyConfig`]. A strategy without settings needs only
/// a closure `|seed: u64| -> Box<dyn Strategy>`.
pub trait StrategyFactory: Send + Sync {
    /// The names of the presets; the first one is used unless another is named.
    fn presets(&self) -> &'static [&'static str];

    /// The settings of a preset, as a record.
    ///
    /// # Errors
    /// If they have no JSON form.
    fn settings(&self, preset: &str) -> Result<Value>;

    /// Checks that a strategy can be built with the settings and can work with them.
    ///
    /// # Errors
    /// If not; the error names the setting.
    fn check(&self, settings: &Value) -> Result<()>;

    /// The settings that change nothing under the others.
    ///
    /// # Errors
    /// If the record does not describe settings of the strategy.
    fn idle(&self, settings: &Value) -> Result<Vec<Idle>>;

    /// The most architectures of a space that a round asks for in a search of `queries` queries, which
    /// knows `known` evaluations before it. The initial set only counts if no round follows.
    ///
    /// # Errors
    /// If the record does not describe settings of the strategy.
    fn round(
        &self,
        settings: &Value,
        known: usize,
        queries: usize,
        space: &dyn SearchSpace,
    ) -> Result<usize>;

    /// The strategy, with its own random streams for a seed.
    ///
    /// # Errors
    /// If the record does not describe settings of the strategy.
    fn build(&self, settings: &Value, seed: u64) -> Result<Box<dyn Strategy>>;
}

/// Makes a factory from the type of a strategy's settings.
pub fn configured<C: StrategyConfig>() -> impl StrategyFactory {
    Configured::<C>(PhantomData)
}

struct Configured<C>(PhantomData<fn() -> C>);

impl<C: StrategyConfig> Configured<C> {
    fn read(settings: &Value) -> Result<C> {
        C::deserialize(settings).map_err(|e| Error::input(e.to_string()))
    }
}

impl<C: StrategyConfig> StrategyFactory for Configured<C> {
    fn presets(&self) -> &'static [&'static str] {
        C::PRESETS
    }

    fn settings(&self, preset: &str) -> Result<Value> {
        let settings = serde_json::to_value(C::preset(preset));
        settings.map_err(|e| Error::bug(format!("the settings of the preset `{preset}`: {e}")))
    }

    fn check(&self, settings: &Value) -> Result<()> {
        let config = Self::read(settings);
        let config = config.map_err(|e| e.mend("give it a value like the one it has without"))?;
        config.check()
    }

    fn idle(&self, settings: &Value) -> Result<Vec<Idle>> {
        Ok(Self::read(settings)?.idle())
    }

    fn round(
        &self,
        settings: &Value,
        known: usize,
        queries: usize,
        space: &dyn SearchSpace,
    ) -> Result<usize> {
        let config = Self::read(settings)?;
        let first = config.initial().saturating_sub(known).min(queries);
        let (mut most, mut spent) = (0, first);
        for t in 1.. {
            if spent >= queries {
                break;
            }
            let size = config
                .batch(t, known + spent, space)
                .clamp(1, queries - spent);
            most = most.max(size);
            spent += size;
        }
        Ok(if most == 0 { first } else { most })
    }

    fn build(&self, settings: &Value, seed: u64) -> Result<Box<dyn Strategy>> {
        Ok(Self::read(settings)?.build(seed))
    }
}

impl<F> StrategyFactory for F
where
    F: Fn(u64) -> Box<dyn Strategy> + Send + Sync,
{
    fn presets(&self) -> &'static [&'static str] {
        &["default"]
    }

    fn settings(&self, _: &str) -> Result<Value> {
        Ok(Value::Object(Default::default()))
    }

    fn check(&self, settings: &Value) -> Result<()> {
        if settings.as_object().is_none_or(|fields| !fields.is_empty()) {
            return Err(Error::input("the strategy has no settings"));
        }
        Ok(())
    }

    fn idle(&self, _: &Value) -> Result<Vec<Idle>> {
        Ok(Vec::new())
    }

    /// All queries, since a closure does not tell.
    fn round(&self, _: &Value, _: usize, queries: usize, _: &dyn SearchSpace) -> Result<usize> {
        Ok(queries)
    }

    fn build(&self, settings: &Value, seed: u64) -> Result<Box<dyn Strategy>> {
        self.check(settings)?;
        Ok(self(seed))
    }
}

/// The strategies by name, in the order in which they are listed.
///
/// ```
/// use ganas_core::strategy::Strategy;
/// use ganas_search::Registry;
/// use ganas_search::strategies::RandomSearch;
///
/// # fn main() -> ganas_core::error::Result<()> {
/// let registry = Registry::builtin().with("mine", |seed: u64| -> Box<dyn Strategy> {
///     // A strategy of your own.
///     Box::new(RandomSearch::new(seed))
/// })?;
/// let strategy = registry.recipe("mine")?.build(0)?;
/// # let _ = strategy;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Registry {
    strategies: Vec<(&'static str, Arc<dyn StrategyFactory>)>,
}

impl Registry {
    /// The strategies of this crate; `ga-nas` is the first.
    pub fn builtin() -> Self {
        fn entry<C: StrategyConfig + 'static>() -> Arc<dyn StrategyFactory> {
            Arc::new(configured::<C>())
        }
        Registry {
            strategies: vec![
                ("ga-nas", entry::<GaNasConfig>()),
                ("random", entry::<RandomConfig>()),
                ("evolution", entry::<EvolutionConfig>()),
                ("local-search", entry::<LocalSearchConfig>()),
                ("cross-entropy", entry::<CrossEntropyConfig>()),
                ("reinforce", entry::<ReinforceConfig>()),
                ("bananas", entry::<BananasConfig>()),
                ("tpe", entry::<TpeConfig>()),
                ("nsga2", entry::<Nsga2Config>()),
                ("successive-halving", entry::<SuccessiveHalvingConfig>()),
                ("hyperband", entry::<HyperbandConfig>()),
                ("asha", entry::<AshaConfig>()),
                ("bohb", entry::<BohbConfig>()),
                ("mcts", entry::<MctsConfig>()),
                ("nao", entry::<NaoConfig>()),
                ("seminas", entry::<SeminasConfig>()),
            ],
        }
    }

    /// Adds a strategy under a name.
    ///
    /// # Errors
    /// If the name is taken, or has other characters than letters, digits, `-` and `_`.
    pub fn with(
        mut self,
        name: &'static str,
        factory: impl StrategyFactory + 'static,
    ) -> Result<Self> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if name.is_empty() || !name.chars().all(allowed) {
            return Err(Error::input(format!("`{name}` cannot name a strategy"))
                .mend("use letters, digits, `-` and `_`"));
        }
        if self.find(name).is_some() {
            return Err(
                Error::input(format!("the strategy `{name}` exists already"))
                    .mend("register yours under another name"),
            );
        }
        self.strategies.push((name, Arc::new(factory)));
        Ok(self)
    }

    /// The names of the strategies.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.strategies.iter().map(|(name, _)| *name)
    }

    /// The strategies, each with the names of its presets, of which the first is the default one.
    pub fn strategies(&self) -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
        let entries = self.strategies.iter();
        entries.map(|(name, factory)| (*name, factory.presets()))
    }

    /// Reads a recipe, and checks that each replaced setting has an effect.
    ///
    /// # Errors
    /// If there is no such strategy, preset or setting, or a setting takes no such value or has no
    /// effect.
    pub fn recipe(&self, text: &str) -> Result<Recipe> {
        let recipe = Recipe::read(self, text)?;
        recipe.check_effects()?;
        Ok(recipe)
    }

    /// The registered name and the factory of a name.
    pub(crate) fn find(&self, name: &str) -> Option<(&'static str, &Arc<dyn StrategyFactory>)> {
        let found = self.strategies.iter().find(|(known, _)| *known == name);
        found.map(|(name, factory)| (*name, factory))
    }

    /// The error of an unknown name.
    pub(crate) fn unknown(&self, name: &str) -> Error {
        let names: Vec<&str> = self.names().collect();
        Error::input(format!("unknown strategy `{name}`")).mend(hint(name, &names, "there are"))
    }
}
