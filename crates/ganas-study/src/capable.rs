//! Strategies and the tasks that they can search.

use ganas_core::error::{Error, Result};
use ganas_core::strategy::Capabilities;
use ganas_search::Recipe;

use crate::registry::Registry;
use crate::task::Task;

/// Checks that strategies can search a task before anything is spent on it.
///
/// # Errors
/// If one cannot; the error names the strategies that can.
pub fn check_capable(recipes: &[Recipe], task: &Task, registry: &Registry) -> Result<()> {
    let objectives = task.objectives.len();
    if objectives > 1 {
        let why = format!("searches for one objective, and there are {objectives}");
        check(recipes, registry, &why, "leave all but one out", |can| {
            can.several_objectives
        })?;
    }
    if !task.priors.is_empty() {
        let option = if task.priors.records.is_empty() {
            "--known"
        } else {
            "--prior"
        };
        let why = format!("cannot use what `{option}` names");
        check(recipes, registry, &why, "leave that out", |can| can.priors)?;
    }
    if task.is_pretrained() {
        let why = "cannot use what `--pretrained` names";
        check(recipes, registry, why, "leave that out", |can| {
            can.pretrained
        })?;
    }
    Ok(())
}

/// Checks that all strategies can do something.
fn check(
    recipes: &[Recipe],
    registry: &Registry,
    why: &str,
    mend: &str,
    can: impl Fn(Capabilities) -> bool,
) -> Result<()> {
    for recipe in recipes {
        if can(recipe.build(0)?.capabilities()) {
            continue;
        }
        let mut able = Vec::new();
        for (name, presets) in registry.strategies().strategies() {
            let usual = Recipe::read(registry.strategies(), name)?;
            if can(usual.build(0)?.capabilities()) {
                able.push(name.to_owned());
                continue;
            }
            for preset in presets {
                let text = format!("{name}:{preset}");
                let other = Recipe::read(registry.strategies(), &text)?;
                if can(other.build(0)?.capabilities()) {
                    able.push(text);
                }
            }
        }
        let error = Error::input(format!("`{recipe}` {why}"));
        return Err(error.mend(format!("{mend}, or take {}", one_of(&able))));
    }
    Ok(())
}

/// The names to take one of.
fn one_of(able: &[String]) -> String {
    match able {
        [only] => format!("`{only}`"),
        _ => format!("one of {}", able.join(", ")),
    }
}
