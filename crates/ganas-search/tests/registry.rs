//! Strategies of other crates take part under their own names.

use ganas_core::error::Result;
use ganas_core::rng::Rng;
use ganas_core::space::{SearchSpace, nasbench201};
use ganas_core::state;
use ganas_core::strategy::{Context, Strategy};
use ganas_core::testing::strategy_contract;
use ganas_core::trial::Trial;
use ganas_search::{Idle, Range, Registry, StrategyConfig, check_ranges, configured};
use serde::{Deserialize, Serialize};

/// Proposes `batch` random architectures a round.
#[derive(Serialize, Deserialize)]
struct Draws {
    batch: usize,
    rng: Rng,
}

impl Draws {
    fn new(batch: usize, seed: u64) -> Self {
        let rng = Rng::stream(seed, "draws");
        Draws { batch, rng }
    }
}

impl Strategy for Draws {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        let drawn = context.sample_new(self.batch.min(limit), &mut self.rng);
        Ok(Trial::full(drawn))
    }

    fn save(&self) -> Option<Vec<u8>> {
        state::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        *self = state::load(state)?;
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct DrawsConfig {
    batch: usize,
    depth: usize,
}

impl Default for DrawsConfig {
    fn default() -> Self {
        DrawsConfig { batch: 4, depth: 2 }
    }
}

impl StrategyConfig for DrawsConfig {
    const PRESETS: &'static [&'static str] = &["default", "wide"];

    fn preset(name: &str) -> Self {
        let batch = if name == "wide" { 16 } else { 4 };
        DrawsConfig { batch, depth: 2 }
    }

    fn check(&self) -> Result<()> {
        check_ranges(&[("batch", self.batch as f64, Range::COUNT)])
    }

    fn idle(&self) -> Vec<Idle> {
        vec![Idle {
            settings: &["depth"],
            cause: "draws have no depth",
            mend: "take another strategy",
        }]
    }

    fn batch(&self, _: usize, _: usize, _: &dyn SearchSpace) -> usize {
        self.batch
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Draws::new(self.batch, seed))
    }
}

fn registry() -> Registry {
    let closure = |seed: u64| -> Box<dyn Strategy> { Box::new(Draws::new(1, seed)) };
    let registry = Registry::builtin().with("draws", configured::<DrawsConfig>());
    registry.unwrap().with("one-by-one", closure).unwrap()
}

#[test]
fn a_strategy_with_settings_has_presets_ranges_and_effects() {
    let registry = registry();
    let wide = registry.recipe("draws:wide").unwrap();
    assert_eq!(wide.settings()["batch"], 16);
    assert_eq!(wide.round(0, 100, &nasbench201()).unwrap(), 16);
    let replaced = registry.recipe("draws+batch=3").unwrap();
    assert_eq!(
        (replaced.strategy(), replaced.preset()),
        ("draws", "default+batch=3")
    );
    for (text, error) in [
        (
            "draws+batch=0",
            "`batch=0`: `batch` is out of its range; give it a number from 1 on",
        ),
        (
            "draws+depth=1",
            "`depth=1` has no effect: draws have no depth; take another strategy, or leave it out",
        ),
        (
            "draws:narrow",
            "the strategy `draws` has no preset `narrow`; there are default, wide",
        ),
        ("drawz", "unknown strategy `drawz`; did you mean `draws`?"),
    ] {
        assert_eq!(registry.recipe(text).unwrap_err().to_string(), error);
    }
    strategy_contract(&|seed| wide.build(seed).unwrap(), &nasbench201());
}

#[test]
fn a_closure_is_a_strategy_without_settings() {
    let recipe = registry().recipe("one-by-one").unwrap();
    assert_eq!(recipe.to_string(), "one-by-one");
    assert_eq!(recipe.settings(), serde_json::json!({}));
    strategy_contract(&|seed| recipe.build(seed).unwrap(), &nasbench201());
    let error = registry().recipe("one-by-one+batch=3").unwrap_err();
    assert!(error.to_string().contains("no setting `batch`"), "{error}");
    let recorded = recipe.with_recorded(&serde_json::json!({}));
    assert_eq!(recorded.unwrap(), recipe);
    let other = recipe.with_recorded(&serde_json::json!({"batch": 3}));
    assert!(other.is_err());
}

#[test]
fn a_name_that_is_taken_or_cannot_be_written_is_refused() {
    for (name, words) in [
        ("evolution", "the strategy `evolution` exists already"),
        ("draws", "the strategy `draws` exists already"),
        ("a:b", "`a:b` cannot name a strategy"),
        ("a+b", "`a+b` cannot name a strategy"),
        ("", "`` cannot name a strategy"),
    ] {
        let registry = registry().with(name, configured::<DrawsConfig>());
        let error = registry.err().expect(name).to_string();
        assert!(error.starts_with(words), "{error}");
    }
}

#[test]
fn strategies_are_listed_in_their_order() {
    let registry = registry();
    let names: Vec<&str> = registry.names().collect();
    let builtin = Registry::builtin().names().count();
    assert_eq!((names[0], names.len()), ("ga-nas", builtin + 2));
    let listed: Vec<_> = registry.strategies().skip(builtin).collect();
    let draws: &[&str] = &["default", "wide"];
    assert_eq!(listed, [("draws", draws), ("one-by-one", &["default"])]);
}
