//! Architectures with which a search starts: those that it names, or else those of the space file.

use ganas_core::arch::Arch;
use ganas_core::constraint::Constraint;
use ganas_core::driver::Problem;
use ganas_core::error::{Error, Result};
use ganas_core::space::SearchSpace;

use crate::source::Source;

/// Starting architecture, with its text for errors.
pub struct Start {
    /// Option or key that names it, and its text.
    label: String,
    /// The architecture.
    pub(super) arch: Arch,
}

/// Starting architectures, in order.
pub struct Starts(Vec<Start>);

impl Starts {
    /// Reads the architectures that a search names, or else those that are on record of the run that is
    /// resumed, or else those of the space.
    ///
    /// # Errors
    /// If one is not an architecture of the space.
    pub(super) fn read(
        named: &[String],
        recorded: Option<&[String]>,
        space: &dyn SearchSpace,
    ) -> Result<Starts> {
        let (origin, texts) = match (named, recorded) {
            ([], None) => ("`start` of the space:", space.start()),
            ([], Some(recorded)) => ("`start` of the run:", recorded),
            (named, _) => ("--start", named),
        };
        let read = |text: &String| {
            let label = format!("{origin} `{text}`");
            match space.parse(text) {
                Ok(arch) => Ok(Start { label, arch }),
                Err(what) => Err(Error::input(format!("{label}: {what}"))),
            }
        };
        texts.iter().map(read).collect::<Result<_>>().map(Starts)
    }

    /// Returns the first one.
    pub(super) fn first(&self) -> Option<&Start> {
        self.0.first()
    }

    /// Checks that they can be evaluated and comply, as far as that is known without a training.
    ///
    /// # Errors
    /// If one of them cannot be the start.
    pub(super) fn check(
        &self,
        problem: &Problem,
        source: &dyn Source,
        measure: impl Fn(&Arch) -> std::result::Result<Vec<f64>, String>,
    ) -> Result<()> {
        for start in &self.0 {
            let metrics = if source.looks_up() {
                Some(start.looked_up(problem, measure(&start.arch))?)
            } else {
                None
            };
            let breaches = problem.breaches(&start.arch, metrics.as_deref());
            if let Some((constraint, value)) = breaches.first() {
                return Err(start.breaks(constraint, *value));
            }
            if let Some(unmet) = problem.unmet(&start.arch) {
                let error = start.refused(&format!("it does not meet `{}`", unmet.name));
                return Err(error.mend("loosen the constraint, or leave it out"));
            }
        }
        Ok(())
    }

    /// Returns the architectures.
    pub(super) fn archs(&self) -> impl Iterator<Item = Arch> + '_ {
        self.0.iter().map(|start| start.arch)
    }
}

impl Start {
    /// Returns the error that the start cannot be used.
    fn refused(&self, what: &str) -> Error {
        Error::input(format!("{}: {what}", self.label))
    }

    /// Returns the metrics of the start, if a table has all that the search needs.
    fn looked_up(
        &self,
        problem: &Problem,
        measured: std::result::Result<Vec<f64>, String>,
    ) -> Result<Vec<f64>> {
        let elsewhere = "start from another architecture";
        let measured = measured.map_err(|why| self.refused(&why).mend(elsewhere))?;
        let metrics = problem.complete(&self.arch, measured);
        let name = &problem.objectives().first().metric;
        let objective = problem.metrics().iter().position(|m| m == name);
        if objective.is_some_and(|i| metrics[i].is_nan()) {
            let what = format!("the table has no `{name}` of it");
            return Err(self.refused(&what).mend(elsewhere));
        }
        Ok(metrics)
    }

    /// Returns the error that the start breaks a constraint.
    pub(super) fn breaks(&self, constraint: &Constraint, value: f64) -> Error {
        let what = format!(
            "it breaks `{constraint}`: its {} is {value}",
            constraint.metric
        );
        self.refused(&what)
            .mend("loosen the constraint, or leave it out")
    }
}
