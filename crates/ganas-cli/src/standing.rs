//! How strategies stand against each other over several tasks.
//!
//! All of it is made from ranks, so that no task counts for more because of the unit or the spread of
//! its objective: ranks in the tables, and where there is none, among all that the runs found.

use std::collections::BTreeMap;

use ganas_core::driver::Objective;
use ganas_search::predictor::ranks;
use serde::Serialize;

use crate::record::Run;
use crate::statistics::{Sides, holm, mean};

/// What counts as a top architecture: the best 0.1 % of the compliant ones, and the best in any
/// case.
const TOP: f64 = 0.001;

/// The runs of all strategies on one task.
pub struct Field {
    /// The queries of a run.
    pub queries: usize,
    /// Compliant architectures in the table, if there is one.
    pub compliant: Option<usize>,
    /// The runs.
    pub courses: Vec<Course>,
}

/// How one run went.
pub struct Course {
    /// The strategy, by its place in the list.
    pub strategy: usize,
    /// The queries at which its best improved, and the rank of that.
    pub steps: Vec<(usize, usize)>,
}

/// How the runs of one task went, each given with its strategy. What no table ranks has its rank
/// among all that any of the runs came to.
pub fn courses(runs: &[(usize, &Run)], objective: &Objective) -> Vec<Course> {
    let steps = runs.iter().flat_map(|(_, run)| &run.steps);
    let mut found: Vec<f64> = steps.map(|(_, value, _)| objective.turn(*value)).collect();
    found.sort_unstable_by(|a, b| b.total_cmp(a));
    let among = |value: f64| 1 + found.partition_point(|&other| other > objective.turn(value));
    (runs.iter())
        .map(|(strategy, run)| Course {
            strategy: *strategy,
            steps: (run.steps.iter())
                .map(|&(query, value, rank)| (query, rank.unwrap_or_else(|| among(value))))
                .collect(),
        })
        .collect()
}

impl Course {
    /// The rank of its best after so many queries; infinite before there is any.
    fn rank_at(&self, queries: usize) -> f64 {
        let until = self.steps.partition_point(|(query, _)| *query <= queries);
        match until {
            0 => f64::INFINITY,
            _ => self.steps[until - 1].1 as f64,
        }
    }

    /// The queries it took to a rank at most so high.
    fn queries_to(&self, rank: usize) -> Option<usize> {
        let step = self.steps.iter().find(|(_, r)| *r <= rank);
        step.map(|(query, _)| *query)
    }

    /// What runs are compared by: the rank in the end, then the queries it took to get there.
    fn outcome(&self) -> (usize, usize) {
        self.steps
            .last()
            .map_or((usize::MAX, usize::MAX), |&(query, rank)| (rank, query))
    }
}

impl Field {
    /// The worst rank that is a top one, where a table says how many there are.
    fn top(&self) -> Option<usize> {
        let compliant = self.compliant?;
        Some(((TOP * compliant as f64).ceil() as usize).max(1))
    }

    /// The mean place of each strategy's runs among all runs of the task after so many queries:
    /// 0 is ahead of all, 1 behind all, equal runs share the mean of their places.
    fn places(&self, strategies: usize, queries: usize) -> Vec<Option<f64>> {
        let at: Vec<f64> = self.courses.iter().map(|c| c.rank_at(queries)).collect();
        let last = at.len().saturating_sub(1).max(1) as f64;
        let places = ranks(&at);
        (0..strategies)
            .map(|s| {
                let own = self.courses.iter().zip(&places);
                let own: Vec<f64> = own
                    .filter(|(course, _)| course.strategy == s)
                    .map(|(_, place)| place / last)
                    .collect();
                mean(&own)
            })
            .collect()
    }

    /// The outcomes of two strategies, as places that are the larger the better.
    fn sides(&self, a: usize, b: usize) -> Sides {
        let mut outcomes: Vec<(usize, usize)> = self.courses.iter().map(Course::outcome).collect();
        outcomes.sort_unstable();
        let of = |s: usize| -> Vec<f64> {
            (self.courses.iter())
                .filter(|course| course.strategy == s)
                .map(|c| -(outcomes.partition_point(|o| *o < c.outcome()) as f64))
                .collect()
        };
        Sides::of(&of(a), &of(b))
    }
}

/// A strategy over all tasks.
#[derive(Debug, Serialize)]
pub struct Standing {
    /// The strategy's name.
    pub strategy: String,
    /// The preset's name.
    pub preset: String,
    /// The mean normalised rank after so many queries: where its runs stand among all runs of a
    /// task, from 0 (ahead of all) to 1, averaged over the tasks that go so far.
    pub mean_rank_at: BTreeMap<usize, f64>,
    /// The same at the end of each task.
    pub mean_final_rank: Option<f64>,
    /// The share of all runs in tables that have found their table's best, as `[queries, share]`
    /// wherever it grows.
    pub optimum_attained: Vec<(usize, f64)>,
    /// The same for the best 0.1 % of a table.
    pub top_attained: Vec<(usize, f64)>,
}

/// Two strategies compared by a two-sided Mann-Whitney test on how their runs ended: the rank, and
/// of equal ranks, the queries it took.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// The one, as on the command line.
    pub a: String,
    /// The other.
    pub b: String,
    /// How likely a run of `a` is better than one of `b`; equal ones count half.
    pub a_is_better: f64,
    /// The probability of such a difference if there were none, in the normal approximation with
    /// corrections for ties and, on a single task, continuity.
    pub p: f64,
    /// The same after Holm's correction for the number of comparisons beside this one.
    pub p_holm: f64,
}

/// The budgets at which strategies are compared: 10, 20, 50, 100, 200, .. up to the longest task's.
pub fn budgets(fields: &[Field]) -> Vec<usize> {
    let longest = fields.iter().map(|f| f.queries).max().unwrap_or(0);
    let steps = (1..).flat_map(|e| [1, 2, 5].map(|d: usize| d.saturating_mul(10usize.pow(e))));
    steps.take_while(|b| *b <= longest).collect()
}

/// Every strategy over all tasks, given its name and preset.
pub fn standings(strategies: &[(String, String)], fields: &[Field]) -> Vec<Standing> {
    let places_at = |budget: Option<usize>| -> Vec<Vec<Option<f64>>> {
        (fields.iter())
            .filter(|f| budget.is_none_or(|b| b <= f.queries))
            .map(|f| f.places(strategies.len(), budget.unwrap_or(f.queries)))
            .collect()
    };
    let average = |places: &[Vec<Option<f64>>], s: usize| {
        mean(&places.iter().filter_map(|p| p[s]).collect::<Vec<_>>())
    };
    let at: Vec<(usize, Vec<Vec<Option<f64>>>)> = (budgets(fields).into_iter())
        .map(|b| (b, places_at(Some(b))))
        .collect();
    let ends = places_at(None);
    (strategies.iter().enumerate())
        .map(|(s, (strategy, preset))| Standing {
            strategy: strategy.clone(),
            preset: preset.clone(),
            mean_rank_at: (at.iter())
                .filter_map(|(b, places)| Some((*b, average(places, s)?)))
                .collect(),
            mean_final_rank: average(&ends, s),
            optimum_attained: attainment(fields, s, |f| f.compliant.map(|_| 1)),
            top_attained: attainment(fields, s, Field::top),
        })
        .collect()
}

/// The share of a strategy's runs that have reached a rank, wherever it grows; over the tasks that
/// have such a rank.
fn attainment(
    fields: &[Field],
    s: usize,
    rank: impl Fn(&Field) -> Option<usize>,
) -> Vec<(usize, f64)> {
    let runs = fields
        .iter()
        .filter_map(|f| Some((rank(f)?, f)))
        .flat_map(|(rank, f)| f.courses.iter().map(move |course| (rank, course)))
        .filter(|(_, course)| course.strategy == s);
    let needed: Vec<Option<usize>> = runs.map(|(rank, c)| c.queries_to(rank)).collect();
    let mut reached: Vec<usize> = needed.iter().copied().flatten().collect();
    reached.sort_unstable();
    let mut curve: Vec<(usize, f64)> = Vec::new();
    for (i, query) in reached.iter().enumerate() {
        let share = (i + 1) as f64 / needed.len() as f64;
        match curve.last_mut() {
            Some(last) if last.0 == *query => last.1 = share,
            _ => curve.push((*query, share)),
        }
    }
    curve
}

/// All pairs of strategies, compared on one task or, each run with those of its own task only, over
/// several (van Elteren 1960).
pub fn comparisons(names: &[String], fields: &[&Field]) -> Vec<Comparison> {
    let pairs: Vec<(usize, usize)> = (0..names.len())
        .flat_map(|a| (a + 1..names.len()).map(move |b| (a, b)))
        .collect();
    let sides: Vec<Vec<Sides>> = (pairs.iter())
        .map(|&(a, b)| fields.iter().map(|f| f.sides(a, b)).collect())
        .collect();
    let p: Vec<f64> = sides.iter().map(|sides| Sides::p(sides)).collect();
    let corrected = holm(&p);
    (pairs.iter().zip(&sides))
        .zip(p.iter().zip(corrected))
        .map(|((&(a, b), sides), (&p, p_holm))| Comparison {
            a: names[a].clone(),
            b: names[b].clone(),
            a_is_better: Sides::superiority(sides),
            p,
            p_holm,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(strategy: usize, steps: &[(usize, usize)]) -> Course {
        Course {
            strategy,
            steps: steps.to_vec(),
        }
    }

    /// Two strategies with two runs each; the first finds the best, the second nearly.
    fn field() -> Field {
        Field {
            queries: 50,
            compliant: Some(4000),
            courses: vec![
                course(0, &[(1, 900), (12, 1)]),
                course(0, &[(3, 40), (30, 1)]),
                course(1, &[(1, 800), (20, 3)]),
                course(1, &[(2, 900), (45, 7)]),
            ],
        }
    }

    fn names() -> Vec<(String, String)> {
        ["a", "b"].map(|n| (n.into(), "default".into())).to_vec()
    }

    #[test]
    fn ranks_are_normalised_among_all_runs_of_a_task() {
        let short = Field {
            queries: 20,
            compliant: Some(10),
            courses: vec![course(0, &[(1, 5)]), course(1, &[(1, 2)])],
        };
        let standings = standings(&names(), &[field(), short]);
        let at = |s: usize, b: usize| standings[s].mean_rank_at[&b];
        assert_eq!(
            standings[0]
                .mean_rank_at
                .keys()
                .copied()
                .collect::<Vec<_>>(),
            [10, 20, 50]
        );
        // After 10 queries: 900, 40, 800 and 900, so places 2.5, 0, 1 and 2.5 of 3.
        let first = (2.5 / 3.0 + 0.0) / 2.0;
        assert!((at(0, 10) - (first + 1.0) / 2.0).abs() < 1e-12);
        // Only the long task goes on to 50.
        assert!((at(0, 50) - 0.5 / 3.0).abs() < 1e-12);
        assert!((at(1, 50) - 2.5 / 3.0).abs() < 1e-12);
        let end = (0.5 / 3.0 + 1.0) / 2.0;
        assert!((standings[0].mean_final_rank.unwrap() - end).abs() < 1e-12);
    }

    #[test]
    fn attainment_is_over_all_runs() {
        let standings = standings(&names(), &[field()]);
        assert_eq!(standings[0].optimum_attained, [(12, 0.5), (30, 1.0)]);
        assert!(standings[1].optimum_attained.is_empty());
        // The best 0.1 % of 4,000 are four.
        assert_eq!(standings[1].top_attained, [(20, 0.5)]);
        // What no table ranks has no best to find.
        let unranked = Field {
            compliant: None,
            ..field()
        };
        let with = super::standings(&names(), &[field(), unranked]);
        assert_eq!(with[0].optimum_attained, standings[0].optimum_attained);
        assert_eq!(with[1].top_attained, standings[1].top_attained);
    }

    #[test]
    fn of_equal_ranks_the_earlier_is_better() {
        let mut field = field();
        field.courses.extend([course(1, &[(8, 1)]), course(1, &[])]);
        let names = ["a", "b"].map(String::from);
        let compared = comparisons(&names, &[&field]);
        // Of the eight pairs, `b` wins the two with its run that took 8 queries.
        assert_eq!(compared.len(), 1);
        assert_eq!(compared[0].a_is_better, 0.75);
        assert_eq!(compared[0].p, compared[0].p_holm);
    }
}
