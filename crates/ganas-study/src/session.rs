//! Sessions: names and the receiver of events.

use crate::progress::Progress;
use crate::registry::Registry;

/// The parts of a program that a study works with: names and the receiver of events.
#[derive(Clone)]
pub struct Session {
    /// Strategies, spaces and evaluators by name.
    pub registry: Registry,
    /// Receiver of events.
    pub progress: Progress,
}

impl Session {
    /// Returns a session with the built-in names that drops all events.
    pub fn silent() -> Session {
        Session {
            registry: Registry::builtin(),
            progress: Progress::silent(),
        }
    }
}
