//! Settings can be replaced by name, and none of them brings a strategy down.

use std::sync::atomic::AtomicBool;

use ganas_core::driver::{Limits, Objective, Problem, Run, search};
use ganas_core::error::Result;
use ganas_core::evaluate::Evaluator;
use ganas_core::space::{SearchSpace, nasbench101, nasbench201};
use ganas_core::testing::{Synthetic, strategy_contract};
use ganas_search::{Recipe, Registry};
use serde_json::Value;

fn recipe(text: &str) -> Recipe {
    Registry::builtin().recipe(text).unwrap()
}

#[test]
fn a_setting_is_replaced_and_named() {
    let text = "ga-nas:paper-setup1+growth=0+ppo.objective=reinforce+ppo.value_coef=1e+1";
    let recipe = recipe(text);
    let settings = recipe.settings();
    assert_eq!(settings["growth"], 0);
    assert_eq!(settings["ppo"]["objective"], "reinforce");
    assert_eq!(settings["ppo"]["value_coef"], 10.0);
    assert_eq!(settings["batch"], 100);
    let label = "paper-setup1+growth=0+ppo.objective=reinforce+ppo.value_coef=1e+1";
    assert_eq!((recipe.strategy(), recipe.preset()), ("ga-nas", label));
    assert_eq!(
        Registry::builtin().recipe(&recipe.to_string()).unwrap(),
        recipe
    );
    let other = recipe.with_preset("paper-setup2").unwrap();
    assert_eq!(other.settings()["batch"], 200);
    assert_eq!(other.settings()["growth"], 0);
    let plain = Registry::builtin().recipe("tpe+startup=5").unwrap();
    assert_eq!(plain.to_string(), "tpe+startup=5");
}

#[test]
fn what_cannot_be_set_is_refused() {
    let refused = |text: &str, words: &[&str]| {
        let error = Registry::builtin().recipe(text).unwrap_err().to_string();
        assert!(words.iter().all(|w| error.contains(w)), "{error}");
    };
    refused(
        "ga-nas+ppo.entropycoef=1",
        &["no setting `ppo.entropycoef`", "`ppo.entropy_coef`"],
    );
    refused("evolution+populatoin=3", &["did you mean `population`?"]);
    refused(
        "random+seeds=3",
        &["`random` has no setting", "there are no settings"],
    );
    refused("tpe+startup", &["`startup` sets nothing", "key=value"]);
    refused("tpe+startup=many", &["`startup=many`", "invalid type"]);
    refused("tpe+startup=-1", &["`startup=-1`", "invalid value"]);
    refused(
        "ga-nas+ppo.objective=dqn",
        &["unknown variant `dqn`", "reinforce"],
    );
}

/// Recipes with a setting that changes nothing, and words of the error, the setting that lets it act among
/// them.
const IDLE: [(&str, &[&str]); 23] = [
    (
        "ga-nas:default+ppo.objective=reinforce",
        &[
            "`ppo.objective=reinforce` has no effect",
            "proposals.screened.generated",
        ],
    ),
    (
        "ga-nas+ppo.entropy_coef=0.05",
        &["`ppo.entropy_coef=0.05`", "proposals.screened.generated"],
    ),
    ("ga-nas+rules=Learned", &["`rules=Learned`", "paper-setup1"]),
    ("ga-nas+reward=measured", &["`reward=measured`"]),
    ("ga-nas+updates=3", &["`updates=3`"]),
    ("ga-nas+rank_share=0.5", &["`rank_share=0.5`"]),
    (
        "ga-nas+discriminator.encoder.k=2",
        &["`discriminator.encoder.k=2`"],
    ),
    ("ga-nas+generator.width=8", &["`generator.width=8`"]),
    (
        "ga-nas:paper-setup1+reward=measured+discriminator.steps=5",
        &["`discriminator.steps=5`", "`reward=measured`"],
    ),
    (
        "ga-nas:paper-setup1+reward=measured+episodes=7",
        &["`episodes=7`"],
    ),
    (
        "ga-nas:paper-setup1+updates=0+ppo.lambda=0.5",
        &["`ppo.lambda=0.5`", "`updates`"],
    ),
    (
        "ga-nas:paper-setup1+step_reward.total=2",
        &["`step_reward.total=2`", "`rules=Learned`"],
    ),
    (
        "ga-nas:paper-setup1+discriminator.rank_graphs=9",
        &["`discriminator.rank_graphs=9`", "`rank_share`"],
    ),
    (
        "ga-nas:paper-setup1+discriminator.steps=0+discriminator.smoothing=0.2",
        &["`discriminator.steps`"],
    ),
    (
        "ga-nas:paper-setup1+discriminator.encoder.local=false",
        &["`discriminator.encoder.k`"],
    ),
    (
        "ga-nas:paper-setup1+ppo.objective=reinforce+ppo.clip=0.3",
        &["`ppo.clip=0.3`", "REINFORCE"],
    ),
    (
        "ga-nas+proposals.screened.stuck=1+proposals.screened.patience=5",
        &["`proposals.screened.stuck`"],
    ),
    (
        "ga-nas+proposals.screened.bonuses=[0]+proposals.screened.stuck=2",
        &["`proposals.screened.bonuses`"],
    ),
    (
        "ga-nas+proposals.screened.edited=0+proposals.screened.climbers=3",
        &["`proposals.screened.edited`"],
    ),
    (
        "ga-nas+proposals.screened.surrogates.ensembles=0+proposals.screened.surrogates.trees.depth=2",
        &["`proposals.screened.surrogates.ensembles`"],
    ),
    (
        "evolution+population=1+sample=3",
        &["`sample=3`", "`population`"],
    ),
    (
        "mcts+actions=growth+height=3",
        &["`height=3`", "`actions=regions`"],
    ),
    (
        "mcts:lanas+rollouts=2",
        &["`rollouts=2`", "`actions=growth`"],
    ),
];

#[test]
fn a_setting_without_effect_is_refused_with_the_one_that_lets_it_act() {
    for (text, words) in IDLE {
        let error = Registry::builtin()
            .recipe(text)
            .expect_err(text)
            .to_string();
        assert!(error.contains("has no effect"), "{error}");
        assert!(words.iter().all(|w| error.contains(w)), "{error}");
        // Neither order matters nor the setting by itself: what follows may let it act.
        assert!(Recipe::read(&Registry::builtin(), text).is_ok(), "{text}");
    }
    for text in [
        "ga-nas+ppo.entropy_coef=0.05+proposals.screened.generated=50",
        "ga-nas+proposals=generated+ppo.entropy_coef=0.05",
        "ga-nas+proposals.screened.discriminator=0.2+rank_share=0.3+discriminator.rank_weight=2",
        "ga-nas:paper-setup1+step_reward.total=2+rules=Learned",
        "ga-nas:paper-setup1+discriminator.encoder.local=false+discriminator.encoder.k=2",
        "ga-nas:paper-setup1+reward=measured+updates=2",
        "evolution+population=5+sample=3",
    ] {
        assert!(Registry::builtin().recipe(text).is_ok(), "{text}");
    }
}

/// Refused settings really change nothing.
#[test]
fn what_has_no_effect_leaves_the_trace_as_it_is() {
    let space = nasbench201();
    let trace = |recipe: &Recipe| {
        let run = searched(recipe, &space, 3, 40).unwrap();
        let archs = run.ledger.queries().iter().map(|query| query.arch);
        archs.collect::<Vec<_>>()
    };
    for (text, _) in IDLE {
        // Small sets leave rounds in which the setting could act.
        let small = text.replace("paper-setup1", "paper-setup1+initial=12+batch=8+growth=0");
        let (without, setting) = small.rsplit_once('+').unwrap();
        let [with, without] =
            [&*small, without].map(|text| Recipe::read(&Registry::builtin(), text).unwrap());
        assert_eq!(trace(&with), trace(&without), "{setting}");
    }
}

/// Values out of range, the range that the error names, and the settings that refuse them.
const RANGES: [(&str, &str, &[&str]); 8] = [
    (
        "0",
        "a number from 1 on",
        &[
            "initial",
            "batch",
            "truth",
            "episodes",
            "proposals.screened.surrogates.trees.trees",
            "proposals.screened.surrogates.trees.depth",
            "proposals.screened.surrogates.trees.leaf",
            "discriminator.encoder.layers",
            "discriminator.encoder.set_layers",
            "discriminator.encoder.width",
            "discriminator.hidden",
            "generator.layers",
            "generator.width",
            "ppo.epochs",
            "ppo.minibatch",
            "population",
            "sample",
            "elite",
            "pool",
            "parents",
            "ensemble",
            "network.layers",
            "network.width",
            "network.epochs",
            "startup",
            "most_good",
            "most_others",
            "candidates",
            "simulations",
            "rollouts",
            "least",
            "first_steps",
            "steps",
            "seeds",
            "strides",
            "screened",
            "unlabelled",
            "network.hidden",
            "network.minibatch",
        ],
    ),
    (
        "1.5",
        "a number from 0 to 1",
        &[
            "share",
            "rank_share",
            "proposals.screened.discriminator",
            "ppo.gamma",
            "ppo.lambda",
            "floor",
            "momentum",
            "predicted_share",
            "network.trade_off",
        ],
    ),
    (
        "-0.1",
        "a number from 0 on",
        &[
            "step_reward.total",
            "proposals.screened.stuck",
            "discriminator.rank_weight",
            "generator.output_scale",
            "ppo.value_coef",
            "ppo.entropy_coef",
            "exploration",
            "network.decay",
        ],
    ),
    (
        "0",
        "a number above 0 and up to 1",
        &[
            "proposals.screened.surrogates.trees.rate",
            "proposals.screened.surrogates.trees.rows",
            "proposals.screened.surrogates.trees.columns",
            "step",
            "gamma",
            "labelled_share",
        ],
    ),
    ("4", "a number from 1 to 3", &["discriminator.encoder.k"]),
    (
        "0",
        "a number above 0",
        &[
            "discriminator.learning_rate",
            "ppo.clip",
            "ppo.learning_rate",
            "ppo.max_grad_norm",
            "learning_rate",
            "network.learning_rate",
            "prior_weight",
            "stride",
        ],
    ),
    (
        "0.6",
        "a number from 0 to 0.5",
        &["discriminator.smoothing"],
    ),
    ("0.95", "a number from 0 to 0.9", &["another_edit"]),
];

#[test]
fn a_number_out_of_its_range_is_refused_wherever_the_setting_exists() {
    let registry = Registry::builtin();
    for (value, range, settings) in RANGES {
        for key in settings {
            let mut refused = 0;
            for (strategy, presets) in registry.strategies() {
                for preset in presets {
                    let recipe = Recipe::read(&registry, &format!("{strategy}:{preset}")).unwrap();
                    let settings = recipe.settings();
                    let place = key.split('.').try_fold(&settings, |at, part| at.get(part));
                    if place.is_none() {
                        continue;
                    }
                    let error = recipe.with_setting(&format!("{key}={value}")).unwrap_err();
                    let expected =
                        format!("`{key}={value}`: `{key}` is out of its range; give it {range}");
                    assert_eq!(error.to_string(), expected, "{recipe}");
                    refused += 1;
                }
            }
            assert!(refused > 0, "no strategy has `{key}`");
        }
    }
}

#[test]
fn the_settings_of_earlier_versions_are_those_of_the_presets() {
    let recorded: serde_json::Map<String, Value> =
        serde_json::from_str(include_str!("settings.json")).unwrap();
    assert_eq!(recorded.len(), 16);
    for (name, settings) in recorded {
        let recipe = recipe(&name);
        assert_eq!(recipe.settings(), settings, "{name}");
        assert!(recipe.with_recorded(&settings).is_ok(), "{name}");
    }
}

#[test]
fn a_run_goes_on_with_the_settings_that_it_was_begun_with() {
    let old: Value = serde_json::from_str(r#"{"first_improvement": false}"#).unwrap();
    let recipe = recipe("local-search").with_recorded(&old).unwrap();
    assert_eq!((recipe.preset(), recipe.settings()), ("default", old));
    // Settings that there were not yet are as they are now.
    let old = serde_json::json!({"startup": 10, "gamma": 0.1, "most_good": 25, "candidates": 24,
        "prior_weight": 1.0, "multivariate": true});
    assert!(self::recipe("tpe").with_recorded(&old).is_ok());
    assert!(self::recipe("tpe").with_recorded(&Value::Null).is_err());
}

/// The paths to all numbers of a record.
fn numbers(settings: &Value, path: String, found: &mut Vec<String>) {
    match settings {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                numbers(value, path, found);
            }
        }
        Value::Number(_) => found.push(path),
        _ => {}
    }
}

/// A search of a synthetic landscape.
fn searched(recipe: &Recipe, space: &dyn SearchSpace, seed: u64, queries: usize) -> Result<Run> {
    let mut evaluator = Synthetic::new(space);
    let objective = Objective::maximize("score");
    let metrics = evaluator.metrics().to_vec();
    let sampler = space.samplers()[0];
    let problem = Problem::new(space, &metrics, objective, Vec::new(), sampler).unwrap();
    let limits = Limits {
        queries,
        ..Limits::default()
    };
    let never = AtomicBool::new(false);
    let mut strategy = recipe.build(seed).unwrap();
    search(
        &problem,
        &mut evaluator,
        &mut *strategy,
        &limits,
        &mut [],
        &never,
    )
}

#[test]
fn no_number_brings_a_strategy_down() {
    let space = nasbench201();
    for (strategy, presets) in Registry::builtin().strategies() {
        // A small first set leaves queries to learn from.
        let name = match strategy {
            "ga-nas" => format!("{strategy}:{}+initial=4+batch=4", presets[0]),
            "nao" | "seminas" => format!("{strategy}+initial=4+batch=4+first_steps=9+steps=3"),
            _ => format!("{strategy}:{}", presets[0]),
        };
        let mut keys = Vec::new();
        numbers(&recipe(&name).settings(), String::new(), &mut keys);
        for key in keys {
            for value in ["0", "1", "-1"] {
                let Ok(recipe) =
                    Recipe::read(&Registry::builtin(), &format!("{name}+{key}={value}"))
                else {
                    continue;
                };
                println!("{recipe}");
                // An error is an answer, a panic is not.
                let _ = searched(&recipe, &space, 0, 12);
            }
        }
    }
}

#[test]
fn what_is_left_of_ga_nas_keeps_the_contract() {
    for taken_away in [
        "reward=measured",
        "reward=measured+rules=Learned+ppo.objective=reinforce",
        "discriminator.pairing=pointwise",
        "discriminator.encoder.k=2+growth=0",
    ] {
        let text = format!("ga-nas:paper-setup1+initial=15+batch=15+growth=0+{taken_away}");
        let recipe = recipe(&text);
        println!("{recipe}");
        strategy_contract(&|seed| recipe.build(seed).unwrap(), &nasbench101());
    }
}

/// The mean score of the last half of what a search evaluates.
fn late_score(text: &str, space: &dyn SearchSpace) -> f64 {
    let of = |seed| {
        let run = searched(&recipe(text), space, seed, 600).unwrap();
        let late = &run.ledger.queries()[300..];
        late.iter().filter_map(|q| q.value()).sum::<f64>() / late.len() as f64
    };
    (0..4).map(of).sum::<f64>() / 4.0
}

/// With the discriminator every update has fresh episodes; paid by measurements, each goes through the
/// evaluated ones.
#[test]
fn a_generator_that_is_paid_by_measurements_makes_all_its_updates() {
    let space = nasbench201();
    let paid = "ga-nas:paper-setup1+initial=20+batch=20+growth=0+reward=measured";
    let trace = |updates: usize| {
        let recipe = recipe(&format!("{paid}+updates={updates}"));
        let run = searched(&recipe, &space, 0, 80).unwrap();
        let archs = run.ledger.queries().iter().map(|query| query.arch);
        archs.collect::<Vec<_>>()
    };
    assert_ne!(trace(1), trace(4));
}

#[test]
fn a_generator_that_is_paid_by_measurements_learns_from_them() {
    let space = nasbench201();
    let paid = late_score("ga-nas:paper-setup1+growth=0+reward=measured", &space);
    let random = late_score("random", &space);
    assert!(paid > random + 0.05, "{paid} against {random}");
}
