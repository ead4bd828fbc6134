//! Strategies under supervision: a fault of one becomes an error that names it.

use super::panics::catch_quietly;
use crate::error::{Error, Result};
use crate::ledger::Query;
use crate::problem::Problem;
use crate::strategy::{Context, Gauge, Strategy};
use crate::trial::{Fidelity, Trial};

/// Strategy whose panics and invalid proposals become errors.
pub(super) struct Supervised<'s> {
    strategy: &'s mut dyn Strategy,
    name: String,
}

impl<'s> Supervised<'s> {
    /// Takes a strategy for a problem, under a name if it has another one than its own.
    ///
    /// # Errors
    /// If the problem needs what the strategy does not handle.
    pub fn new(
        problem: &Problem,
        strategy: &'s mut dyn Strategy,
        name: Option<String>,
    ) -> Result<Self> {
        let name = name.unwrap_or_else(|| strategy.name());
        let objectives = problem.objectives().len();
        if objectives > 1 && !strategy.capabilities().several_objectives {
            return Err(Error::input(format!(
                "the strategy `{name}` handles one objective, and there are {objectives}"
            ))
            .mend("choose a strategy for several objectives, or leave all but one out"));
        }
        if !problem.priors().is_empty() && !strategy.capabilities().priors {
            return Err(Error::input(format!(
                "the strategy `{name}` cannot use what is known before the search"
            ))
            .mend("choose a strategy that can, or leave it out"));
        }
        Ok(Supervised { strategy, name })
    }

    /// Asks for proposals, each a valid architecture in canonical form at a fidelity of the problem.
    pub fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        let strategy = &mut *self.strategy;
        let asked = catch_quietly(|| strategy.ask(context, limit));
        let asked = asked.map_err(|message| self.panicked("ask", &message))??;
        let checked = asked.iter().map(|trial| self.check(context, trial));
        checked.collect()
    }

    /// Returns a proposal with the highest level of an axis as full fidelity.
    fn check(&self, context: &Context, trial: &Trial) -> Result<Trial> {
        let Trial { arch, fidelity } = trial;
        if let Err(why) = context.space.check(arch) {
            let what = format!("proposed an architecture that is not valid: {why} ({arch:?})");
            return Err(Error::strategy(&self.name, what));
        }
        if context.space.canonical(arch) != *arch {
            let text = context.space.format(arch);
            let what = format!("proposed `{text}`, which is not in the space's canonical form");
            return Err(Error::strategy(&self.name, what));
        }
        let Fidelity::Level(level) = *fidelity else {
            return Ok(*trial);
        };
        let Some(axis) = context.axis() else {
            let what = format!("asked for level {level}, and the problem has one fidelity");
            return Err(Error::strategy(&self.name, what));
        };
        let Some(fidelity) = axis.fidelity(level) else {
            let (low, high) = axis.levels().into_inner();
            let name = axis.name();
            let what = format!("asked for {level} `{name}`, and there are {low} to {high}");
            return Err(Error::strategy(&self.name, what));
        };
        Ok(Trial::at(*arch, fidelity))
    }

    /// Tells the results of a round.
    pub fn tell(&mut self, context: &Context, results: &[Query]) -> Result<()> {
        let strategy = &mut *self.strategy;
        let told = catch_quietly(|| strategy.tell(context, results));
        told.map_err(|message| self.panicked("tell", &message))
    }

    /// Numbers that the strategy reports of its last round.
    pub fn gauges(&self) -> Result<Vec<(String, f64)>> {
        let gauges = catch_quietly(|| self.strategy.gauges());
        let gauges = gauges.map_err(|message| self.panicked("gauges", &message))?;
        Ok(gauges
            .into_iter()
            .map(|(name, v)| (name.into(), v))
            .collect())
    }

    /// Seconds that the parts of its last `ask` took.
    pub fn timings(&self) -> Result<Vec<Gauge>> {
        let timings = catch_quietly(|| self.strategy.timings());
        timings.map_err(|message| self.panicked("timings", &message))
    }

    /// State of the strategy, if it can be saved.
    pub fn save(&self) -> Result<Option<Vec<u8>>> {
        let saved = catch_quietly(|| self.strategy.save());
        saved.map_err(|message| self.panicked("save", &message))
    }

    /// Restores a state, if it is of this strategy.
    pub fn restore(&mut self, state: &[u8]) -> Result<bool> {
        let strategy = &mut *self.strategy;
        let restored = catch_quietly(|| strategy.restore(state).is_ok());
        restored.map_err(|message| self.panicked("restore", &message))
    }

    /// Error of a strategy that repeats itself while there is more to propose.
    pub fn repeats(&self, rounds: usize) -> Error {
        let what = format!(
            "proposed nothing new in {rounds} rounds, although not all architectures are evaluated; \
             an empty proposal ends a search"
        );
        Error::strategy(&self.name, what)
    }

    fn panicked(&self, call: &str, message: &str) -> Error {
        Error::strategy(&self.name, format!("panicked in `{call}`: {message}"))
    }
}
