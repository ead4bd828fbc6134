//! Each strategy in a line.

use serde::Serialize;

use crate::model::{Run, State, Task};

/// The runs of a strategy in a line. Means of `best` and `rank` are over the runs that found a
/// compliant architecture.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// The strategy.
    pub strategy: String,
    /// The runs.
    pub runs: usize,
    /// The number of finished runs.
    pub finished: usize,
    /// The mean of the best objectives.
    pub mean_best: Option<f64>,
    /// The sample standard deviation of the best objectives; 0 for one run.
    pub std_best: Option<f64>,
    /// The mean of the best ranks, if ranks are known.
    pub mean_rank: Option<f64>,
    /// The number of runs that found an architecture of rank 1, if ranks are known.
    pub found_optimum: Option<usize>,
    /// The median over all runs of the queries that took; not finding it is the longest.
    pub median_queries_to_optimum: Option<f64>,
    /// The mean number of queries to the run's own best.
    pub mean_queries_to_best: Option<f64>,
    /// The median wall time in seconds.
    pub median_seconds: Option<f64>,
}

/// The strategies of a task in the order in which their runs are.
pub fn summarise(task: &Task) -> Vec<Summary> {
    let mut strategies: Vec<&str> = Vec::new();
    for run in &task.runs {
        if !strategies.contains(&run.strategy.as_str()) {
            strategies.push(&run.strategy);
        }
    }
    (strategies.iter())
        .map(|strategy| {
            let runs: Vec<&Run> = (task.runs.iter())
                .filter(|r| r.strategy == *strategy)
                .collect();
            line(strategy, &runs)
        })
        .collect()
}

fn line(strategy: &str, runs: &[&Run]) -> Summary {
    let numbers = |of: &dyn Fn(&Run) -> Option<f64>| -> Vec<f64> {
        runs.iter().filter_map(|run| of(run)).collect()
    };
    let best = numbers(&|run| run.best);
    // From the first, so that equal values have a mean and a deviation without rounding.
    let first = best.first().copied().unwrap_or_default();
    let best: Vec<f64> = best.iter().map(|b| b - first).collect();
    let mean_beyond = mean(&best);
    let ranks = numbers(&|run| run.best_rank.map(|rank| rank as f64));
    let to_best = |run: &Run| run.queries_to_best.map(|queries| queries as f64);
    let mut to_optimum: Vec<f64> = (runs.iter())
        .map(|run| match (run.best_rank, to_best(run)) {
            (Some(1), Some(queries)) => queries,
            _ => f64::INFINITY,
        })
        .collect();
    Summary {
        strategy: strategy.to_owned(),
        runs: runs.len(),
        finished: (runs.iter()).filter(|r| r.state == State::Finished).count(),
        mean_best: mean_beyond.map(|mean| first + mean),
        std_best: mean_beyond.map(|mean| {
            let squares: f64 = best.iter().map(|b| (b - mean).powi(2)).sum();
            (squares / (best.len() as f64 - 1.0).max(1.0)).sqrt()
        }),
        mean_rank: mean(&ranks),
        found_optimum: (!ranks.is_empty())
            .then(|| runs.iter().filter(|r| r.best_rank == Some(1)).count()),
        median_queries_to_optimum: median(&mut to_optimum).filter(|m| m.is_finite()),
        mean_queries_to_best: mean(&numbers(&to_best)),
        median_seconds: median(&mut numbers(&|run| run.seconds)),
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    (n > 0).then(|| (values[(n - 1) / 2] + values[n / 2]) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(strategy: &str, best: f64, rank: usize, query: usize) -> Run {
        Run {
            strategy: strategy.into(),
            state: State::Finished,
            best: Some(best),
            best_rank: Some(rank),
            queries_to_best: Some(query),
            seconds: Some(query as f64),
            ..Run::default()
        }
    }

    #[test]
    fn what_was_not_found_counts_as_the_longest() {
        let nothing = Run {
            strategy: "a".into(),
            ..Run::default()
        };
        let task = Task {
            runs: vec![
                run("a", 4.0, 1, 10),
                run("b", 1.0, 7, 50),
                run("a", 2.0, 3, 30),
                nothing,
                run("a", 4.0, 1, 20),
            ],
            ..Task::default()
        };
        let [a, b] = &summarise(&task)[..] else {
            panic!("two strategies");
        };
        assert_eq!((a.runs, a.finished, a.found_optimum), (4, 3, Some(2)));
        let near = |value: Option<f64>, to: f64| (value.unwrap() - to).abs() < 1e-12;
        assert!(near(a.mean_best, 10.0 / 3.0));
        assert!(near(a.std_best, (4f64 / 3.0).sqrt()));
        // 10, 20, never, never
        assert_eq!(a.median_queries_to_optimum, None);
        assert_eq!(a.mean_queries_to_best, Some(20.0));
        assert_eq!(a.median_seconds, Some(20.0));
        assert_eq!((b.std_best, b.mean_rank), (Some(0.0), Some(7.0)));
    }
}
