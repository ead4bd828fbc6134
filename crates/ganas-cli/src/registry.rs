//! Strategies, spaces and evaluators of this process.

use std::sync::OnceLock;

use ganas_study::registry::Registry;

/// The registry of this process.
static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// The strategies, spaces and evaluators of this process.
pub fn registry() -> &'static Registry {
    REGISTRY.get_or_init(Registry::builtin)
}

/// Lets all commands of this process know what a registry names. The first call counts, before any
/// command runs.
pub fn install(registry: Registry) {
    REGISTRY.get_or_init(|| registry);
}
