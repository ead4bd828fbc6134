//! The pool of architectures that a table allows to be evaluated.

use ganas_core::Pool;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;

use crate::Table;

/// Random architectures looked up before the space is counted (ours).
const PROBES: usize = 64;

impl Table {
    /// Returns the rows as a pool, or `None` if they are the whole space.
    pub fn pool(&self, space: &dyn SearchSpace) -> Option<Pool> {
        let mut rng = Rng::stream(0, "pool");
        // Counting a space can take a while. A table that lacks part of it mostly shows at once.
        let has_all = (0..PROBES).all(|_| {
            let arch = space.sample(space.samplers()[0], &mut rng);
            self.find(&arch).is_some()
        });
        let whole = has_all && space.size() == Some(self.len() as u128);
        (!whole).then(|| Pool::new((0..self.len()).map(|row| self.arch(row))))
    }
}
