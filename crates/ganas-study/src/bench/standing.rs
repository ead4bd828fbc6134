//! Comparison of strategies over several tasks.
//!
//! All of it is made from ranks, so that no task counts for more because of the unit or the spread of
//! its objective: ranks in the tables, and where there is none, among all that the runs found.
//!
//! Tasks on one table are views of the same data, and what holds in one tends to hold in the others. So
//! a table counts once, by the mean over its tasks, and what is said of further tables, by an interval or
//! a p-value, follows from how the tables differ.

use ganas_core::driver::Objective;
use ganas_search::predictor::ranks;

use crate::record::{Comparison, Run, Standing};
use crate::statistics::{Sides, bootstrap_interval, holm, mean, sign_flip_p};

/// Share of the compliant architectures that count as top ones: the best 0.1 %, and the best in any case.
const TOP: f64 = 0.001;

/// The runs of all strategies on one task.
pub struct Field {
    /// The table that it is a view of, by its digest.
    pub table: String,
    /// The queries of a run.
    pub queries: usize,
    /// Compliant architectures in the table, if there is one.
    pub compliant: Option<usize>,
    /// The runs.
    pub courses: Vec<Course>,
}

/// Ranks that one run reached.
pub struct Course {
    /// The strategy, by its place in the list.
    pub strategy: usize,
    /// The queries at which its best improved, and the rank of that.
    pub steps: Vec<(usize, usize)>,
}

/// Ranks that the runs of one task reached, each with its strategy. Without a table, a run is ranked among
/// the bests of all runs.
pub fn courses(runs: &[(usize, &Run)], objective: &Objective) -> Vec<Course> {
    if runs.iter().any(|(_, run)| run.front.is_some()) {
        return courses_of_fronts(runs);
    }
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

/// Ranks that the fronts of one task reached, by their hypervolume among those of all runs.
fn courses_of_fronts(runs: &[(usize, &Run)]) -> Vec<Course> {
    let steps = |run: &Run| {
        run.front
            .iter()
            .flat_map(|f| f.hypervolume_steps.clone())
            .collect()
    };
    let all: Vec<Vec<(usize, f64)>> = runs.iter().map(|(_, run)| steps(run)).collect();
    let mut found: Vec<f64> = all.iter().flatten().map(|(_, volume)| *volume).collect();
    found.sort_unstable_by(|a, b| b.total_cmp(a));
    let rank = |volume: f64| 1 + found.partition_point(|&other| other > volume);
    (runs.iter().zip(&all))
        .map(|((strategy, _), steps)| Course {
            strategy: *strategy,
            steps: (steps.iter())
                .map(|&(query, volume)| (query, rank(volume)))
                .collect(),
        })
        .collect()
}

impl Course {
    /// Returns the rank of the best after a number of queries; infinite before there is any.
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

    /// Returns the key by which runs are compared: the final rank, then the queries until it was reached.
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

    /// Returns the mean place of each strategy's runs among all runs of the task after a number of queries: 0
    /// is ahead of all, 1 behind all. Equal runs share the mean of their places.
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

/// The tasks of each table, by their places, in the order in which the tables come up.
fn by_table(fields: &[Field]) -> Vec<Vec<usize>> {
    let mut tables: Vec<Vec<usize>> = Vec::new();
    for (i, field) in fields.iter().enumerate() {
        match tables
            .iter_mut()
            .find(|own| fields[own[0]].table == field.table)
        {
            Some(own) => own.push(i),
            None => tables.push(vec![i]),
        }
    }
    tables
}

/// The number of tables that tasks are views of.
pub fn count_tables(fields: &[Field]) -> usize {
    by_table(fields).len()
}

/// The mean of each table over those of its tasks that have a value; tables without any are left out.
fn table_means(fields: &[Field], value: impl Fn(&Field) -> Option<f64>) -> Vec<f64> {
    by_table(fields)
        .iter()
        .filter_map(|own| {
            mean(&Vec::from_iter(
                own.iter().filter_map(|&i| value(&fields[i])),
            ))
        })
        .collect()
}

/// The budgets at which strategies are compared: 10, 20, 50, 100, 200, .. up to the longest task's.
pub fn budgets(fields: &[Field]) -> Vec<usize> {
    let longest = fields.iter().map(|f| f.queries).max().unwrap_or(0);
    let steps = (1..).flat_map(|e| [1, 2, 5].map(|d: usize| d.saturating_mul(10usize.pow(e))));
    steps.take_while(|b| *b <= longest).collect()
}

/// Every strategy over all tasks, given its name and preset.
pub fn standings(strategies: &[(String, String)], fields: &[Field]) -> Vec<Standing> {
    let of_tables = |s: usize, budget: Option<usize>| -> Vec<f64> {
        table_means(fields, |field| {
            let until = budget.unwrap_or(field.queries);
            if until > field.queries {
                return None;
            }
            field.places(strategies.len(), until)[s]
        })
    };
    (strategies.iter().enumerate())
        .map(|(s, (strategy, preset))| {
            let ends = of_tables(s, None);
            Standing {
                strategy: strategy.clone(),
                preset: preset.clone(),
                mean_rank_at: (budgets(fields).into_iter())
                    .filter_map(|b| Some((b, mean(&of_tables(s, Some(b)))?)))
                    .collect(),
                mean_final_rank: mean(&ends),
                mean_final_rank_interval: bootstrap_interval(&ends),
                optimum_attained: attainment(fields, s, |f| f.compliant.map(|_| 1)),
                top_attained: attainment(fields, s, Field::top),
            }
        })
        .collect()
}

/// The share of a strategy's runs that have reached a rank, wherever it grows; over the tasks that
/// have such a rank, each of their tables counting the same.
fn attainment(
    fields: &[Field],
    s: usize,
    rank: impl Fn(&Field) -> Option<usize>,
) -> Vec<(usize, f64)> {
    let own = |field: &Field| -> Vec<Option<usize>> {
        let Some(rank) = rank(field) else {
            return Vec::new();
        };
        let courses = field.courses.iter().filter(|course| course.strategy == s);
        courses.map(|course| course.queries_to(rank)).collect()
    };
    let needed: Vec<Vec<Option<usize>>> = fields.iter().map(own).collect();
    let mut queries: Vec<usize> = needed.iter().flatten().copied().flatten().collect();
    queries.sort_unstable();
    queries.dedup();
    // Tasks by their places in `needed`.
    let tables: Vec<Vec<usize>> = (by_table(fields).into_iter())
        .map(|tasks| Vec::from_iter(tasks.into_iter().filter(|&i| !needed[i].is_empty())))
        .filter(|tasks| !tasks.is_empty())
        .collect();
    let share = |query: usize| {
        let reached = |runs: &[Option<usize>]| {
            let reached = runs.iter().flatten().filter(|q| **q <= query).count();
            reached as f64 / runs.len() as f64
        };
        let of_table = |tasks: &Vec<usize>| {
            tasks.iter().map(|&i| reached(&needed[i])).sum::<f64>() / tasks.len() as f64
        };
        tables.iter().map(of_table).sum::<f64>() / tables.len() as f64
    };
    queries
        .into_iter()
        .map(|query| (query, share(query)))
        .collect()
}

/// All pairs of strategies on one task.
pub fn comparisons(names: &[String], field: &Field) -> Vec<Comparison> {
    compare(names, |a, b| {
        let sides = field.sides(a, b);
        (sides.superiority(), sides.interval(), sides.p())
    })
}

/// All pairs of strategies over several tasks.
pub fn comparisons_over_tables(names: &[String], fields: &[Field]) -> Vec<Comparison> {
    compare(names, |a, b| {
        let better = table_means(fields, |field| Some(field.sides(a, b).superiority()));
        let excess: Vec<f64> = better.iter().map(|share| share - 0.5).collect();
        (
            mean(&better).unwrap_or(0.5),
            bootstrap_interval(&better),
            sign_flip_p(&excess),
        )
    })
}

/// All pairs of strategies, each by how likely the first is better, an interval of that, and a p-value.
fn compare(
    names: &[String],
    of: impl Fn(usize, usize) -> (f64, Option<[f64; 2]>, f64),
) -> Vec<Comparison> {
    let pairs = (0..names.len()).flat_map(|a| (a + 1..names.len()).map(move |b| (a, b)));
    let mut all: Vec<Comparison> = pairs
        .map(|(a, b)| {
            let (a_is_better, interval, p) = of(a, b);
            Comparison {
                a: names[a].clone(),
                b: names[b].clone(),
                a_is_better,
                interval,
                p,
                p_holm: p,
            }
        })
        .collect();
    let p: Vec<f64> = all.iter().map(|comparison| comparison.p).collect();
    for (comparison, corrected) in all.iter_mut().zip(holm(&p)) {
        comparison.p_holm = corrected;
    }
    all
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
            table: "one".into(),
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
            table: "other".into(),
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
        // Only the long task continues to 50.
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
        let compared = comparisons(&names, &field);
        // Of the eight pairs, `b` wins the two with its run that took 8 queries.
        assert_eq!(compared.len(), 1);
        assert_eq!(compared[0].a_is_better, 0.75);
        assert_eq!(compared[0].p, compared[0].p_holm);
    }

    #[test]
    fn a_table_counts_once_however_many_tasks_are_views_of_it() {
        // On one table the first strategy is ahead in every task, on another the second is.
        let ahead = |table: &str, first: usize| Field {
            table: table.into(),
            queries: 50,
            compliant: Some(100),
            courses: (0..6)
                .map(|i| course(i % 2, &[(1, if i % 2 == first { 1 } else { 9 })]))
                .collect(),
        };
        let mut fields: Vec<Field> = (0..7).map(|_| ahead("nasbench201", 0)).collect();
        fields.push(ahead("nasbench101", 1));
        let plain = ["a", "b"].map(String::from);
        assert_eq!(count_tables(&fields), 2);
        let compared = &comparisons_over_tables(&plain, &fields)[0];
        assert_eq!((compared.a_is_better, compared.p), (0.5, 1.0));
        assert_eq!(compared.interval, None);
        let standings = standings(&names(), &fields);
        let ranks = [0, 1].map(|s| standings[s].mean_final_rank.unwrap());
        assert!((ranks[0] - ranks[1]).abs() < 1e-12, "{ranks:?}");
        assert_eq!(standings[0].optimum_attained, [(1, 0.5)]);
        // More tables that agree, not more views, are what makes it certain.
        for table in ["c", "d", "e", "f"] {
            fields.push(ahead(table, 0));
        }
        let compared = &comparisons_over_tables(&plain, &fields)[0];
        assert!((compared.a_is_better - 5.0 / 6.0).abs() < 1e-12);
        assert!(compared.p > 0.05, "{}", compared.p);
        let [low, high] = compared.interval.unwrap();
        assert!(low <= 0.5 && high == 1.0, "{low} {high}");
    }
}
