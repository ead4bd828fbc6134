//! Strategies and the tasks that they can search.

use ganas_core::error::{Error, Result};
use ganas_search::Recipe;

use crate::registry::Registry;
use crate::task::Task;

/// Checks that strategies can search a task before anything is spent on it.
///
/// # Errors
/// If one cannot; the error names the strategies that can.
pub fn check_capable(recipes: &[Recipe], task: &Task, registry: &Registry) -> Result<()> {
    let objectives = task.objectives.len();
    for recipe in recipes.iter().filter(|_| objectives > 1) {
        if recipe.build(0)?.capabilities().several_objectives {
            continue;
        }
        let mut able = Vec::new();
        for name in registry.strategies().names() {
            let usual = Recipe::read(registry.strategies(), name)?;
            if usual.build(0)?.capabilities().several_objectives {
                able.push(name);
            }
        }
        let what = format!("`{recipe}` searches for one objective, and there are {objectives}");
        return Err(Error::input(what).mend(format!(
            "leave all but one out, or take one of {}",
            able.join(", ")
        )));
    }
    Ok(())
}
