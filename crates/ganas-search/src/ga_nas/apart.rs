//! Sets of architectures of which none is one edit from another.

use std::collections::HashSet;

use ganas_core::arch::Arch;
use ganas_core::space::SearchSpace;

/// Architectures that are apart from each other, in the order in which they were added.
pub struct Apart<'a> {
    space: &'a dyn SearchSpace,
    archs: Vec<Arch>,
    near: HashSet<Arch>,
}

impl<'a> Apart<'a> {
    /// An empty set.
    pub fn new(space: &'a dyn SearchSpace) -> Self {
        Apart {
            space,
            archs: Vec::new(),
            near: HashSet::new(),
        }
    }

    /// True if an architecture is neither a member nor one edit from one.
    pub fn admits(&self, arch: &Arch) -> bool {
        !self.near.contains(arch)
    }

    /// Adds an architecture.
    pub fn add(&mut self, arch: Arch) {
        self.near.insert(arch);
        self.near.extend(self.space.neighbors(&arch));
        self.archs.push(arch);
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.archs.len()
    }

    /// The members.
    pub fn into_archs(self) -> Vec<Arch> {
        self.archs
    }
}
