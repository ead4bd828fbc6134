//! Work that is shared among the cores.

use rayon::prelude::*;

/// What comes of each item, in their order: on all of rayon's threads, unless this already runs on
/// one of them, as one of several searches that share the cores.
pub fn map<T: Sync, R: Send>(items: &[T], of: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    match rayon::current_thread_index() {
        Some(_) => items.iter().map(of).collect(),
        None => items.par_iter().map(of).collect(),
    }
}
