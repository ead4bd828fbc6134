//! Architectures with which a search starts: those that it names, or else those of the space file.

use ganas_core::arch::Arch;
use ganas_core::constraint::Constraint;
use ganas_core::error::{Error, Result};
use ganas_core::space::SearchSpace;

use super::Task;
use super::reference::measure;

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
    pub(super) fn read(named: &[String], recorded: Option<&[String]>, space: &dyn SearchSpace) -> Result<Starts> {
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

    /// Returns the error that the start breaks a constraint.
    pub(super) fn breaks(&self, constraint: &Constraint, value: f64) -> Error {
        let what = format!("it breaks `{constraint}`: its {} is {value}", constraint.metric);
        self.refused(&what)
            .mend("loosen the constraint, or leave it out")
    }
}

impl Task {
    /// Checks that the starting points can be evaluated and comply, as far as that is known without
    /// a training.
    pub(super) fn check_start(&self, starts: &Starts, seed: u64) -> Result<()> {
        let problem = self.problem()?;
        for start in &starts.0 {
            let arch = &start.arch;
            let metrics = if self.source.looks_up() {
                let elsewhere = "start from another architecture";
                let measured = measure(&*self.source, arch, seed);
                let measured = measured.map_err(|why| start.refused(&why).mend(elsewhere))?;
                let metrics = problem.complete(arch, measured);
                let name = &self.objective.metric;
                let objective = problem.metrics().iter().position(|m| m == name);
                if objective.is_some_and(|i| metrics[i].is_nan()) {
                    let what = format!("the table has no `{name}` of it");
                    return Err(start.refused(&what).mend(elsewhere));
                }
                Some(metrics)
            } else {
                None
            };
            if let Some((constraint, value)) = problem.breaches(arch, metrics.as_deref()).first() {
                return Err(start.breaks(constraint, *value));
            }
            if let Some(unmet) = problem.unmet(arch) {
                let what = format!("it does not meet `{}`", unmet.name);
                let error = start.refused(&what);
                return Err(error.mend("loosen the constraint, or leave it out"));
            }
        }
        Ok(())
    }
}
