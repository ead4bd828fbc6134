//! Strategies, spaces and evaluators of this build of the package.

use ganas_core::error::Result;
use ganas_study::registry::Registry;

/// The registry of the package. A build with strategies, spaces or evaluators of your own adds them here:
/// `Registry::builtin().with("mine", factory)`.
///
/// # Errors
/// If a name is taken.
pub fn registry() -> Result<Registry> {
    Ok(Registry::builtin())
}
