//! Follows a run: when its best improved, and how it stood at each budget.

use std::collections::BTreeMap;

use ganas_core::arch::Arch;
use ganas_core::driver::{Objective, Observer, Problem, Round};
use ganas_core::error::Result;
use ganas_core::evaluate::Outcome;
use ganas_core::journal::Finished;
use ganas_core::ledger::Query;
use ganas_core::trial::{Fidelity, Trial};
use ganas_tables::Ranking;

use super::live_front::LiveFront;
use crate::direction::turned;
use crate::progress::Bar;
use crate::task::Task;
use crate::text::{brief, rounded};

/// An architecture that was better than all compliant ones before it: at full fidelity, or at a higher one
/// than any before.
#[derive(Clone, Copy, Debug)]
pub struct Improvement {
    /// The query that evaluated it, counted from 1.
    pub query: usize,
    /// Cost up to and with that query.
    pub cost: u64,
    /// Fidelity of the query.
    pub fidelity: Fidelity,
    /// The architecture.
    pub arch: Arch,
    /// Objective value.
    pub value: f64,
}

/// An observer that keeps the improvements of a run and moves a progress bar.
pub struct Track<'a> {
    objective: &'a Objective,
    bar: &'a Bar,
    /// True if the state of the search is shown beside the bar.
    shows: bool,
    /// Order of the values, if a table has the objective as the search sees it.
    ranking: Option<&'a Ranking>,
    /// Front so far, if there are several objectives.
    front: Option<LiveFront<'a>>,
    round: Option<Round>,
    /// Evaluations that have finished and are not charged yet.
    ahead: usize,
    /// Cost of all queries.
    cost: u64,
    /// The improvements in order; the last one is the best.
    pub improvements: Vec<Improvement>,
}

impl<'a> Track<'a> {
    /// A tracker; `shows` says beside the bar how the search stands, with ranks if there are any, or with
    /// the front of several objectives.
    pub fn new(task: &'a Task, bar: &'a Bar, shows: bool) -> Self {
        Track {
            objective: &task.objective,
            bar,
            shows,
            ranking: task.seen_ranking(),
            front: task.front.as_ref().map(LiveFront::new),
            round: None,
            ahead: 0,
            cost: 0,
            improvements: Vec::new(),
        }
    }
}

impl Track<'_> {
    fn show(&self) {
        if self.shows {
            let last = self.improvements.last();
            let best = last.map(|i| i.value);
            let full = last.filter(|i| i.fidelity == Fidelity::Full);
            let rank = full
                .zip(self.ranking)
                .map(|(best, ranking)| ranking.rank(best.value));
            let text = match &self.front {
                Some(front) => front.standing(self.round.as_ref()),
                None => standing(self.round.as_ref(), best, rank, self.objective),
            };
            self.bar.say(text);
        }
    }

    /// Returns true if a result is ahead of the last improvement.
    fn improves(&self, fidelity: Fidelity, merit: f64) -> bool {
        let last = self.improvements.last();
        last.is_none_or(|i| (fidelity, merit) > (i.fidelity, self.objective.turn(i.value)))
    }

    /// Starts with the best of the known evaluations, as query 0.
    pub fn know(&mut self, history: &[Finished], problem: &Problem) {
        if let Some(front) = &mut self.front {
            let known = |f: &Finished| problem.query(f.trial, 0, f.outcome.clone());
            history.iter().for_each(|f| {
                front.add(&known(f));
            });
            return;
        }
        let names = problem.metrics();
        let objective = names.iter().position(|m| *m == self.objective.metric);
        for finished in history {
            let arch = &finished.trial.arch;
            let (Outcome::Done(measured), Some(objective)) = (&finished.outcome, objective) else {
                continue;
            };
            let metrics = problem.complete(arch, measured.clone());
            let value = metrics[objective];
            let fidelity = finished.trial.fidelity;
            let better = self.improves(fidelity, self.objective.turn(value));
            if value.is_finite() && problem.complies(arch, &metrics) && better {
                self.improvements = vec![Improvement {
                    query: 0,
                    cost: 0,
                    fidelity,
                    arch: *arch,
                    value,
                }];
            }
        }
    }
}

impl Observer for Track<'_> {
    fn finished(&mut self, _: &Trial, _: &Outcome) -> Result<()> {
        self.ahead += 1;
        self.bar.advance(1);
        Ok(())
    }

    fn queried(&mut self, number: usize, query: &Query) -> Result<()> {
        match self.ahead {
            // What was evaluated before the run was resumed.
            0 => self.bar.advance(1),
            _ => self.ahead -= 1,
        }
        self.cost += query.cost;
        if let Some(front) = &mut self.front {
            if front.add(query) {
                self.show();
            }
            return Ok(());
        }
        let Some(merit) = query.merit() else {
            return Ok(());
        };
        if self.improves(query.fidelity, merit) {
            let value = self.objective.turn(merit);
            self.improvements.push(Improvement {
                query: number,
                cost: self.cost,
                fidelity: query.fidelity,
                arch: query.arch,
                value,
            });
            self.show();
        }
        Ok(())
    }

    fn round(&mut self, round: &Round) -> Result<()> {
        self.round = Some(round.clone());
        self.show();
        Ok(())
    }
}

/// Formats the state of a search beside a bar: the last round, the best and its rank, the threshold (gamma in
/// the paper), and the losses of the discriminator and the generator.
fn standing(
    round: Option<&Round>,
    best: Option<f64>,
    rank: Option<usize>,
    objective: &Objective,
) -> String {
    let gauge = |name: &str| {
        let gauges = round.map_or(&[][..], |r| &r.gauges);
        gauges
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| *value)
    };
    let mut parts: Vec<String> = round.iter().map(|r| format!("round {}", r.round)).collect();
    parts.extend(best.map(|best| match rank {
        Some(rank) => format!("best {} (rank {rank})", rounded(best)),
        None => format!("best {}", rounded(best)),
    }));
    let gamma = gauge("gamma").map(|gamma| turned(objective, "gamma", gamma));
    for (name, value) in [
        ("threshold", gamma),
        ("discriminator loss", gauge("d_loss")),
        ("generator loss", gauge("g_loss")),
    ] {
        parts.extend(value.map(|value| format!("{name} {}", brief(value))));
    }
    parts.join(", ")
}

/// The budgets that a run is judged at: 50, 100, 200, 500, 1000, .. below its own, and its own.
pub fn budgets(queries: usize) -> Vec<usize> {
    let steps =
        (0..).flat_map(|e| [1, 2, 5].map(|d: usize| d.saturating_mul(10usize.saturating_pow(e))));
    let mut budgets: Vec<usize> = steps
        .skip_while(|&b| b < 50)
        .take_while(|&b| b < queries)
        .collect();
    budgets.push(queries);
    budgets
}

/// Amounts at which a run is judged, and how far it came.
#[derive(Clone, Copy)]
pub struct Judged {
    /// Budget of the run.
    pub budget: usize,
    /// Amount beyond which nothing is known: pass what was spent for an interrupted run.
    pub reached: usize,
}

/// The rank of the best at each budget; `None` where nothing compliant had been found, and beyond what was
/// reached. Budgets are amounts of queries or of cost, and `spent` is that of an improvement. Empty where
/// `rank` knows no improvement.
pub fn rank_at(
    improvements: &[Improvement],
    judged: Judged,
    spent: impl Fn(&Improvement) -> usize,
    rank: impl Fn(&Improvement) -> Option<usize>,
) -> BTreeMap<usize, Option<usize>> {
    let at = |budget: usize| {
        let before = improvements.iter().take_while(|i| spent(i) <= budget);
        before.last().filter(|_| budget <= judged.reached)
    };
    let budgets = budgets(judged.budget).into_iter();
    budgets
        .map(|budget| (budget, at(budget).and_then(&rank)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_a_search_stands() {
        let objective = Objective::minimize("loss");
        let gauges = [
            ("gamma", -0.52),
            ("rho", 0.1),
            ("d_loss", 0.512_347),
            ("g_loss", -0.02),
        ];
        let round = Round {
            round: 12,
            asked: 10,
            new: 10,
            queries: 140,
            best: Some(0.4375),
            gauges: gauges.map(|(name, value)| (name.into(), value)).into(),
        };
        assert_eq!(standing(None, None, None, &objective), "");
        assert_eq!(
            standing(Some(&round), Some(0.4375), Some(3), &objective),
            "round 12, best 0.4375 (rank 3), threshold 0.52, discriminator loss 0.5123, \
             generator loss -0.02"
        );
        assert_eq!(standing(None, Some(0.5), None, &objective), "best 0.5");
    }

    #[test]
    fn budgets_end_with_the_runs_own() {
        assert_eq!(budgets(10), [10]);
        assert_eq!(budgets(50), [50]);
        assert_eq!(budgets(444), [50, 100, 200, 444]);
        assert_eq!(budgets(2000), [50, 100, 200, 500, 1000, 2000]);
    }
}
