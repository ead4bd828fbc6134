//! Whether the constraints leave anything to be searched.

use crate::arch::Arch;
use crate::constraint::Constraint;
use crate::driver::Problem;
use crate::error::{Error, Result};
use crate::rng::Rng;
use crate::space::Sampler;
use crate::strategy::SAMPLING_TRIES;

/// A sample that breaks constraints: by how much in all, and which.
type Nearest = Option<(f64, Arch)>;

impl Problem<'_> {
    /// Checks that something complies with the constraints on costs of the space: a starting
    /// point, or a random architecture among 20,000. In a space that can be enumerated, all of it
    /// is looked at before the answer is no.
    ///
    /// # Errors
    /// If nothing complies; the error says how far the nearest sample is.
    pub fn check_feasible(&self, start: &[Arch]) -> Result<()> {
        let free = self.cheap.iter().all(Option::is_none) && self.predicates.is_empty();
        if free || start.iter().any(|a| self.admits(a)) {
            return Ok(());
        }
        let mut rng = Rng::stream(0, "feasible");
        let mut nearest: Nearest = None;
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
        match nearest {
            Some((_, arch)) if !(found && visited.is_ok()) => Err(self.infeasible(&arch)),
            _ => Ok(()),
        }
    }

    /// Whether an architecture complies; if not, it may be the nearest so far.
    fn complies_or_is_near(&self, arch: &Arch, nearest: &mut Nearest) -> bool {
        let breaches = self.breaches(arch, None);
        let excess = breaches.iter().map(|(c, value)| c.excess(*value)).sum();
        if nearest.is_none_or(|(least, _)| excess < least) {
            *nearest = Some((excess, *arch));
        }
        breaches.is_empty() && self.unmet(arch).is_none()
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
        let has: Vec<String> = (breaches.iter()).map(|(c, value)| far(c, *value)).collect();
        Error::input(format!(
            "no architecture in {SAMPLING_TRIES} samples meets {}",
            asked.join(" and ")
        ))
        .mend(format!(
            "loosen it, or `--start` from one that does: the nearest has {}",
            has.join(" and ")
        ))
    }
}

/// What an architecture has of a metric, and how far beyond the bound that is.
pub fn far(constraint: &Constraint, value: f64) -> String {
    let metric = &constraint.metric;
    match constraint.excess(value) {
        excess if excess < 1e3 => format!("{metric} {value}, {:.1} % off", 100.0 * excess),
        _ => format!("{metric} {value}"),
    }
}
