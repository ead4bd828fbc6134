//! Work that is shared among the cores.

use rayon::prelude::*;

/// Maps each item, in order. All threads of rayon take part, unless the caller runs on one of them
/// already, as one of several searches that share the cores.
pub fn map<T: Sync, R: Send>(items: &[T], of: impl Fn(&T) -> R + Send + Sync) -> Vec<R> {
    match rayon::current_thread_index() {
        Some(_) => items.iter().map(of).collect(),
        None => items.par_iter().map(of).collect(),
    }
}
