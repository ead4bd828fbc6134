//! Settings can be replaced by name, and none of them brings a strategy down.

use std::sync::atomic::AtomicBool;

use ganas_core::driver::{Limits, Objective, Problem, search};
use ganas_core::evaluate::Evaluator;
use ganas_core::space::{SearchSpace, nasbench201};
use ganas_core::testing::Synthetic;
use ganas_search::{Recipe, STRATEGIES};
use serde_json::Value;

fn recipe(text: &str) -> Recipe {
    text.parse().unwrap()
}

#[test]
fn a_setting_is_replaced_and_named() {
    let recipe = recipe("ga-nas:paper-setup1+growth=0+ppo.objective=reinforce+ppo.clip=1e+1");
    let settings = recipe.settings();
    assert_eq!(settings["growth"], 0);
    assert_eq!(settings["ppo"]["objective"], "reinforce");
    assert_eq!(settings["ppo"]["clip"], 10.0);
    assert_eq!(settings["batch"], 100);
    let label = "paper-setup1+growth=0+ppo.objective=reinforce+ppo.clip=1e+1";
    assert_eq!((recipe.strategy(), recipe.preset()), ("ga-nas", label));
    assert_eq!(recipe.to_string().parse::<Recipe>().unwrap(), recipe);
    let other = recipe.with_preset("paper-setup2").unwrap();
    assert_eq!(other.settings()["batch"], 200);
    assert_eq!(other.settings()["growth"], 0);
    let plain: Recipe = "tpe+startup=5".parse().unwrap();
    assert_eq!(plain.to_string(), "tpe+startup=5");
}

#[test]
fn what_cannot_be_set_is_refused() {
    let refused = |text: &str, words: &[&str]| {
        let error = text.parse::<Recipe>().unwrap_err().to_string();
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

/// The paths to all numbers of a record.
fn numbers(settings: &Value, path: String, found: &mut Vec<String>) {
    match settings {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = match path.is_empty() {
                    true => name.clone(),
                    false => format!("{path}.{name}"),
                };
                numbers(value, path, found);
            }
        }
        Value::Number(_) => found.push(path),
        _ => {}
    }
}

fn runs(recipe: &Recipe, space: &dyn SearchSpace) {
    let mut evaluator = Synthetic::new(space);
    let objective = Objective {
        metric: "score".into(),
        minimize: false,
    };
    let metrics = evaluator.metrics().to_vec();
    let sampler = space.samplers()[0];
    let problem = Problem::new(space, &metrics, objective, Vec::new(), sampler).unwrap();
    let limits = Limits {
        queries: 12,
        start: Vec::new(),
    };
    let never = AtomicBool::new(false);
    let mut strategy = recipe.build(0);
    // An error is an answer, a panic is not.
    let _ = search(
        &problem,
        &mut evaluator,
        &mut *strategy,
        &limits,
        &mut [],
        &never,
    );
}

#[test]
fn no_number_brings_a_strategy_down() {
    let space = nasbench201();
    for (strategy, presets) in STRATEGIES {
        // A small first set leaves queries to learn from.
        let name = match strategy {
            "ga-nas" => format!("{strategy}:{}+initial=4+batch=4", presets[0]),
            _ => format!("{strategy}:{}", presets[0]),
        };
        let mut keys = Vec::new();
        numbers(&recipe(&name).settings(), String::new(), &mut keys);
        for key in keys {
            for value in ["0", "1", "-1"] {
                let Ok(recipe) = format!("{name}+{key}={value}").parse::<Recipe>() else {
                    continue;
                };
                println!("{recipe}");
                runs(&recipe, &space);
            }
        }
    }
}
