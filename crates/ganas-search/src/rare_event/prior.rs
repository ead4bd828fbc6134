//! The prior p(x; lambda) that a rare event's probability is under, and what its points are.

use std::cell::RefCell;
use std::collections::HashMap;

use ganas_core::arch::{Arch, Graph};
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace};
use serde::{Deserialize, Serialize};

use super::Categoricals;

/// Subject of a probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// An architecture: the sum over all constructions that lead to it.
    Architectures,
    /// A construction, if those of an architecture cannot be listed.
    Constructions,
}

/// A point of the sample space: an architecture and a construction of it. Where probabilities are
/// of architectures, the construction is the architecture's own graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    /// The canonical architecture.
    pub arch: Arch,
    /// The construction.
    pub graph: Graph,
}

/// The prior: uniform over the architectures of a space where that can be sampled and the
/// constructions of an architecture can be listed, else the grammar's own density over
/// constructions, which takes each open choice with the same probability.
pub struct Prior<'a> {
    space: &'a dyn SearchSpace,
    /// The number of architectures, where the prior is uniform over them.
    size: Option<f64>,
    flat: Categoricals,
    constructions: RefCell<HashMap<Arch, Vec<Graph>>>,
}

impl<'a> Prior<'a> {
    /// The prior of a space.
    pub fn of(space: &'a dyn SearchSpace) -> Self {
        let mut rng = Rng::stream(0, "rare-event/probe");
        let uniform = space.samplers()[0] == Sampler::Uniform && {
            let arch = space.sample(Sampler::Uniform, &mut rng);
            space.constructions(&arch).is_some()
        };
        Prior {
            space,
            size: space.size().filter(|_| uniform).map(|size| size as f64),
            flat: Categoricals::flat(space),
            constructions: RefCell::default(),
        }
    }

    /// The space.
    pub fn space(&self) -> &'a dyn SearchSpace {
        self.space
    }

    /// Subject of the probabilities.
    pub fn likelihood(&self) -> Likelihood {
        match self.size {
            Some(_) => Likelihood::Architectures,
            None => Likelihood::Constructions,
        }
    }

    /// A draw.
    pub fn draw(&self, rng: &mut Rng) -> Point {
        if self.size.is_some() {
            let arch = self.space.sample(Sampler::Uniform, rng);
            let graph = self.space.graph(&arch);
            return Point { arch, graph };
        }
        loop {
            let graph = self.flat.draw_one(self.space, rng);
            if let Some(point) = self.point(graph) {
                return point;
            }
        }
    }

    /// The probability of a point in units of one over the [total](Self::total).
    pub fn mass(&self, point: &Point) -> f64 {
        match self.size {
            Some(_) => 1.0,
            None => self.probability(point),
        }
    }

    /// Sum of all masses: the number of architectures if each counts one.
    pub fn total(&self) -> f64 {
        self.size.unwrap_or(1.0)
    }

    /// The probability of a point.
    pub fn probability(&self, point: &Point) -> f64 {
        match self.size {
            Some(size) => 1.0 / size,
            None => self.flat.log_prob(self.space, &point.graph).exp(),
        }
    }

    /// The point of a finished construction; none if it breaks a rule of the space.
    pub fn point(&self, graph: Graph) -> Option<Point> {
        let arch = self.space.arch(&graph).ok()?;
        let graph = match self.size {
            Some(_) => self.space.graph(&arch),
            None => graph,
        };
        Some(Point { arch, graph })
    }

    /// The constructions whose probabilities add up to a point's.
    pub fn constructions(&self, point: &Point) -> Vec<Graph> {
        if self.size.is_none() {
            return vec![point.graph.clone()];
        }
        let mut known = self.constructions.borrow_mut();
        let listed = known.entry(point.arch).or_insert_with(|| {
            let listed = self.space.constructions(&point.arch);
            listed.unwrap_or_else(|| vec![point.graph.clone()])
        });
        listed.clone()
    }
}
