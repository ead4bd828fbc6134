//! Feasibility of the constraints.

use crate::arch::Arch;
use crate::constraint::Constraint;
use crate::error::{Advice, Error, Result};
use crate::problem::Problem;
use crate::rng::Rng;
use crate::space::Sampler;
use crate::strategy::SAMPLING_TRIES;

/// Samples at which walks downhill begin (ours).
const STARTS: usize = 8;

/// Samples that break constraints the least, the nearest first, with the sum of the excesses.
#[derive(Default)]
struct Nearest(Vec<(f64, Arch)>);

impl Nearest {
    fn add(&mut self, excess: f64, arch: Arch) {
        let place = self.0.partition_point(|(other, _)| *other <= excess);
        if place < STARTS && !self.0.iter().any(|(_, other)| *other == arch) {
            self.0.insert(place, (excess, arch));
            self.0.truncate(STARTS);
        }
    }
}

impl Problem<'_> {
    /// Checks that an architecture complies with the constraints on costs of the space.
    ///
    /// The check looks at the starting points, at 20,000 random architectures, and at single edits
    /// of the nearest of those. A space that can be enumerated is searched completely before it is
    /// refused.
    ///
    /// # Errors
    /// If nothing complies. The error says how far the nearest sample is.
    pub fn check_feasible(&self, start: &[Arch]) -> Result<()> {
        let free = self.cheap.iter().all(Option::is_none) && self.predicates.is_empty();
        if free || start.iter().any(|a| self.admits(a)) {
            return Ok(());
        }
        let mut rng = Rng::stream(0, "feasible");
        let mut nearest = Nearest::default();
        for _ in 0..SAMPLING_TRIES {
            let arch = self.space().sample(self.sampler, &mut rng);
            if self.complies_or_is_near(&arch, &mut nearest) {
                return Ok(());
            }
        }
        let mut found = false;
        let visited = match self.sampler {
            Sampler::Uniform => self.space().enumerate(&mut |arch| {
                found = found || self.complies_or_is_near(&arch, &mut nearest);
            }),
            Sampler::Adjacency => Ok(()),
        };
        if found {
            return Ok(());
        }
        if visited.is_err() || self.sampler != Sampler::Uniform {
            let starts: Vec<Arch> = nearest.0.iter().map(|(_, arch)| *arch).collect();
            for start in starts {
                let end = self.descend(start, &mut rng);
                if self.complies_or_is_near(&end, &mut nearest) {
                    return Ok(());
                }
            }
        }
        match nearest.0.first() {
            Some((_, arch)) => Err(self.infeasible(arch)),
            None => Ok(()),
        }
    }

    /// Walks downhill from an architecture by random single edits. Each edit brings it nearer to
    /// the bounds on costs of the space. The walk ends if the bounds hold or no edit helps.
    pub(crate) fn descend(&self, from: Arch, rng: &mut Rng) -> Arch {
        let (mut at, mut excess) = (from, self.excess(&from, None));
        while excess > 0.0 {
            let mut edits = self.space().neighbors(&at);
            rng.shuffle(&mut edits);
            let lower = (edits.into_iter())
                .map(|edit| (self.excess(&edit, None), edit))
                .find(|(other, _)| *other < excess);
            match lower {
                Some((other, edit)) => (excess, at) = (other, edit),
                None => break,
            }
        }
        at
    }

    /// Returns true if an architecture complies. Otherwise it may become the nearest so far.
    fn complies_or_is_near(&self, arch: &Arch, nearest: &mut Nearest) -> bool {
        let excess = self.excess(arch, None);
        nearest.add(excess, *arch);
        excess == 0.0 && self.unmet(arch).is_none()
    }

    fn infeasible(&self, nearest: &Arch) -> Error {
        let breaches = self.breaches(nearest, None);
        if let ([], Some(unmet)) = (&*breaches, self.unmet(nearest)) {
            return Error::input(format!(
                "no architecture in {SAMPLING_TRIES} samples meets `{}`",
                unmet.name
            ))
            .mend("loosen it, or start from one that does");
        }
        let asked: Vec<String> = (breaches.iter()).map(|(c, _)| format!("`{c}`")).collect();
        let has: Vec<String> = (breaches.iter())
            .map(|(c, value)| with_excess(c, *value))
            .collect();
        Error::input(format!(
            "no architecture in {SAMPLING_TRIES} samples meets {}",
            asked.join(" and ")
        ))
        .mend(
            Advice::text("loosen it, or ")
                .setting("start", None)
                .then(format!(
                    " from one that does: the nearest has {}",
                    has.join(" and ")
                )),
        )
    }
}

/// Writes an architecture's value of a metric and its excess over the bound.
pub fn with_excess(constraint: &Constraint, value: f64) -> String {
    let metric = &constraint.metric;
    match constraint.excess(value) {
        excess if excess < 1e3 => format!("{metric} {value}, {:.1} % off", 100.0 * excess),
        _ => format!("{metric} {value}"),
    }
}
