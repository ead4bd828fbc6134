//! The part of a space that can be evaluated, where that is not all of it.

use std::collections::HashMap;

use crate::arch::Arch;
use crate::rng::Rng;
use crate::space::SearchSpace;
use crate::table::Table;

/// How many random architectures a table is asked for before it may count as whole.
const PROBES: usize = 64;

/// The architectures that can be evaluated: the rows of a table that holds only part of its space.
///
/// A search within a pool never proposes anything else, and what the pool lacks costs nothing.
#[derive(Clone, Debug)]
pub struct Pool {
    archs: Vec<Arch>,
    index: HashMap<Arch, usize>,
}

impl Pool {
    /// A pool of canonical architectures; of equals, the first counts.
    pub fn new(archs: impl IntoIterator<Item = Arch>) -> Self {
        let mut pool = Pool {
            archs: Vec::new(),
            index: HashMap::new(),
        };
        for arch in archs {
            if !pool.index.contains_key(&arch) {
                pool.index.insert(arch, pool.archs.len());
                pool.archs.push(arch);
            }
        }
        pool
    }

    /// The rows of a table; `None` if they are the whole space.
    pub fn of_table(table: &Table, space: &dyn SearchSpace) -> Option<Self> {
        let mut rng = Rng::stream(0, "pool");
        // Counting a space can take a while, and a part of one mostly shows at once.
        let has_all = (0..PROBES).all(|_| {
            let arch = space.sample(space.samplers()[0], &mut rng);
            table.find(&arch).is_some()
        });
        let whole = has_all && space.size() == Some(table.len() as u128);
        (!whole).then(|| Pool::new((0..table.len()).map(|row| table.arch(row))))
    }

    /// The architectures in their order.
    pub fn archs(&self) -> &[Arch] {
        &self.archs
    }

    /// The place of an architecture in that order.
    pub fn find(&self, arch: &Arch) -> Option<usize> {
        self.index.get(arch).copied()
    }
}
