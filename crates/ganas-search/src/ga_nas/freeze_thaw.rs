//! Several fidelities: which paused architectures go on, beside the new ones that begin.
//!
//! As in freeze-thaw Bayesian optimisation (Swersky et al. 2014, arXiv 1406.3896), every architecture is
//! paused after each level of a ladder, and one decision covers new and paused ones. How many go on follows
//! from asynchronous successive halving (Li et al. 2020): one in [`FACTOR`] of each level. Which ones go on is
//! the model's choice: the predicted ends of their learning curves, and the committee's expectation by their
//! features, each weighed by how much it tells.

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::strategy::Context;
use ganas_core::trial::{Fidelity, Trial};

use super::discriminators::Discriminator;
use crate::committee::quantiles;
use crate::curves::{EndModel, FACTOR, pauses};

/// An architecture that was begun.
struct Begun {
    arch: Arch,
    /// Highest rung that it has reached or is being taken to.
    rung: usize,
    /// True if it can go on.
    is_paused: bool,
    /// Predicted end of its curve, turned so that larger is better; none if it failed or does not comply.
    end: Option<f64>,
    /// Score by which it is compared with others.
    score: f64,
}

/// Architectures under way on a ladder of levels.
pub struct FreezeThaw {
    levels: Vec<u32>,
    model: EndModel,
    begun: Vec<Begun>,
}

impl FreezeThaw {
    /// Looks up how far each architecture is. `None` without a cost axis.
    pub fn of(context: &Context) -> Option<Self> {
        let axis = context.axis()?;
        let ladder = pauses(axis);
        let levels = ladder.from(0).to_vec();
        let model = EndModel::fit(context.ledger, &ladder);
        let rung = |fidelity: Fidelity| {
            let level = axis.level(fidelity);
            levels.iter().rposition(|own| *own <= level).unwrap_or(0)
        };
        let mut begun: Vec<Begun> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for query in context.ledger.queries() {
            if places.contains_key(&query.arch) {
                continue;
            }
            let Some(highest) = context.ledger.highest(&query.arch) else {
                continue;
            };
            let curve: Vec<(u32, f64)> = context.ledger.curve(&query.arch).collect();
            let end = model.end(&curve).map(|end| end.mean);
            places.insert(query.arch, begun.len());
            begun.push(Begun {
                arch: query.arch,
                rung: rung(highest.fidelity),
                is_paused: highest.fidelity != Fidelity::Full && highest.failure.is_none(),
                end: end.filter(|_| highest.merit().is_some()),
                score: f64::NEG_INFINITY,
            });
        }
        for trial in context.pending() {
            if let Some(place) = places.get(&trial.arch) {
                let begun = &mut begun[*place];
                begun.rung = begun.rung.max(rung(trial.fidelity));
                begun.is_paused = false;
            }
        }
        Some(FreezeThaw {
            levels,
            model,
            begun,
        })
    }

    /// Trials of new architectures, at the lowest level.
    pub fn begin_all(&self, context: &Context, archs: Vec<Arch>) -> Vec<Trial> {
        let begin = |arch: Arch| self.trial(context, arch, 0);
        archs.into_iter().map(begin).collect()
    }

    fn trial(&self, context: &Context, arch: Arch, rung: usize) -> Trial {
        let fidelity = context
            .axis()
            .and_then(|axis| axis.fidelity(self.levels[rung]));
        Trial::at(arch, fidelity.unwrap_or(Fidelity::Full))
    }

    /// Scores all architectures: the normal quantile of the predicted end and the committee's value.
    fn score(&mut self, context: &Context, committee: &mut dyn Discriminator) -> Result<()> {
        let ends: Vec<f64> = (self.begun.iter())
            .map(|begun| begun.end.unwrap_or(f64::NEG_INFINITY))
            .collect();
        let known: Vec<f64> = ends.iter().copied().filter(|end| end.is_finite()).collect();
        let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
        let squares = known.iter().map(|end| (end - mean).powi(2)).sum::<f64>();
        let signal = squares / known.len().max(1) as f64;
        let archs: Vec<Arch> = self.begun.iter().map(|begun| begun.arch).collect();
        let expected = if committee.can_rank() {
            Some(committee.acquisition_values(context, &archs)?)
        } else {
            None
        };
        for (i, (begun, quantile)) in self.begun.iter_mut().zip(quantiles(&ends)).enumerate() {
            if begun.end.is_none() {
                continue;
            }
            let noise = self.model.variance(begun.rung.min(self.levels.len() - 1));
            let share = signal / (signal + noise).max(f64::MIN_POSITIVE);
            begun.score = match &expected {
                Some(expected) => share * quantile + (1.0 - share) * expected[i],
                None => quantile,
            };
        }
        Ok(())
    }

    /// Trials of paused architectures that go on by a level each, at most `most`.
    ///
    /// # Errors
    /// If the committee fails on this space.
    pub fn thaw(
        &mut self,
        context: &Context,
        committee: &mut dyn Discriminator,
        most: usize,
    ) -> Result<Vec<Trial>> {
        self.score(context, committee)?;
        if let Some(last) = self.finish(context) {
            return Ok(vec![last]);
        }
        let mut trials = Vec::new();
        for rung in (0..self.levels.len() - 1).rev() {
            let count = self.begun.iter().filter(|b| b.rung >= rung).count();
            let promoted = self.begun.iter().filter(|b| b.rung > rung).count();
            let room = (count / FACTOR).saturating_sub(promoted);
            let mut paused: Vec<&Begun> = (self.begun.iter())
                .filter(|b| b.rung == rung && b.is_paused && b.end.is_some())
                .collect();
            paused.sort_by(|a, b| b.score.total_cmp(&a.score));
            let next = paused.into_iter().take(room.min(most - trials.len()));
            trials.extend(next.map(|b| self.trial(context, b.arch, rung + 1)));
        }
        Ok(trials)
    }

    /// Trial that takes the most promising architecture to the end, once the rest of the cost is not enough for
    /// more than one.
    fn finish(&self, context: &Context) -> Option<Trial> {
        let left = context.cost_left()?;
        if left >= 2 * u64::from(*self.levels.last()?) {
            return None;
        }
        let full = |begun: &Begun| Trial::from(begun.arch);
        let affordable = |begun: &&Begun| {
            begun.is_paused && begun.end.is_some() && context.ledger.price(&full(begun)) <= left
        };
        let best = |begun: &&Begun| (begun.score, std::cmp::Reverse(begun.arch));
        let candidates = self.begun.iter().filter(affordable);
        let chosen = candidates.max_by(|a, b| {
            let (a, b) = (best(a), best(b));
            a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
        });
        chosen.map(full)
    }
}
