//! Every strategy keeps the contract, on a space of each kind.

use ganas_core::space::{SearchSpace, accel_nasbench, darts, from_toml, nasbench101, nasbench201};
use ganas_core::testing::strategy_contract;
use ganas_search::Registry;

fn keeps_contract(space: &dyn SearchSpace) {
    let registry = Registry::builtin();
    for (name, presets) in registry.strategies() {
        for preset in presets {
            let small = small(name, preset);
            let recipe = registry.recipe(&format!("{name}:{preset}{small}")).unwrap();
            println!("{recipe} on {}", space.name());
            strategy_contract(&|seed| recipe.build(seed).unwrap(), space);
        }
    }
}

/// Settings that keep the networks of many small rounds from taking long.
fn small(strategy: &str, preset: &str) -> &'static str {
    match (strategy, preset) {
        ("ga-nas", "default") => "",
        ("ga-nas", _) => "+updates=1+episodes=16+discriminator.steps=4",
        ("nao", _) => "+initial=12+batch=6+first_steps=9+steps=3+network.width=8",
        ("seminas", _) => "+initial=12+batch=6+first_steps=9+steps=3+network.width=8+unlabelled=20",
        _ => "",
    }
}

#[test]
fn on_nasbench101() {
    keeps_contract(&nasbench101());
}

#[test]
fn on_nasbench201() {
    keeps_contract(&nasbench201());
}

#[test]
fn on_a_chain() {
    let space = from_toml(
        r#"
        name = "blocks"
        kind = "chain"
        length = 8
        ops = ["identity", "mb3_k3", "mb6_k5"]
        [metrics]
        params = { mb3_k3 = 1.2e4, mb6_k5 = 5e4 }
        "#,
    );
    keeps_contract(space.unwrap().as_ref());
}

#[test]
fn baselines_on_large_spaces() {
    let spaces: [Box<dyn SearchSpace>; 2] = [Box::new(darts()), Box::new(accel_nasbench())];
    for space in &spaces {
        for name in [
            "cross-entropy",
            "reinforce",
            "bananas",
            "tpe",
            "tpe:univariate",
            "mcts",
            "mcts:growth",
            "mcts:alphax",
            "mcts:lanas",
            "nao",
            "seminas",
        ] {
            let recipe = format!("{name}{}", small(name, "default"));
            let recipe = Registry::builtin().recipe(&recipe).unwrap();
            println!("{recipe} on {}", space.name());
            strategy_contract(&|seed| recipe.build(seed).unwrap(), &**space);
        }
    }
}
