//! Importance of choices: permutations on boosted trees, fitted to bootstrap samples of the evaluations.
//!
//! The importance of a choice is the rise of the squared error on the rows that a sample left out if the values of the
//! choice are permuted among them (Breiman 2001, doi 10.1023/A:1010933404324), as a share of the variance. It is
//! relative to the architectures that the searches evaluated, which are not a uniform sample.

use ganas_core::rng::Rng;
use ganas_search::committee::{Binned, Draws, Trees, TreesConfig};
use serde::Serialize;

use crate::choices::Choices;

/// The fewest evaluations that are fitted (ours).
const FEWEST: usize = 30;
/// The most, drawn at random if there are more (ours).
const MOST: usize = 1000;
/// Bootstrap samples (ours).
const SAMPLES: usize = 30;
/// The most columns: a choice has one for each of its values, or one if they have an order (ours).
const COLUMNS: usize = 400;

/// Settings of the trees (ours): shallow, since samples are small.
const TREES: TreesConfig = TreesConfig {
    trees: 60,
    depth: 4,
    rate: 0.15,
    rows: 0.8,
    columns: 0.5,
    leaf: 3,
};

/// Importance of all choices.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Importance {
    /// Evaluations that were fitted.
    pub rows: usize,
    /// Share of the variance that the trees explain on rows left out, averaged over the samples.
    pub explained: f64,
    /// For each choice in order: the mean over the samples, and the ends of the 95 % interval.
    pub shares: Vec<[f64; 3]>,
}

/// Rows of the fit.
struct Data {
    /// For each row, the value of every choice, counted from 1; 0 for none.
    rows: Vec<Vec<usize>>,
    values: Vec<f64>,
    /// First column of each choice.
    starts: Vec<usize>,
    /// For each choice, true if its place among the values is its only column.
    ordered: Vec<bool>,
    columns: usize,
}

impl Data {
    fn new(choices: &Choices, objective: &[Option<f64>]) -> Option<Data> {
        let mut known: Vec<usize> = (0..objective.len())
            .filter(|&i| objective[i].is_some_and(f64::is_finite))
            .filter(|&i| choices.values.iter().any(|column| column[i].is_some()))
            .collect();
        if known.len() > MOST {
            let mut rng = Rng::stream(0, "importance-rows");
            let mut drawn = rng.distinct(known.len(), MOST);
            drawn.sort_unstable();
            known = drawn.into_iter().map(|i| known[i]).collect();
        }
        let mut starts = Vec::new();
        let mut columns = 0;
        for (levels, is_ordered) in choices.levels.iter().zip(&choices.ordered) {
            starts.push(columns);
            columns += if *is_ordered { 1 } else { levels.len() };
        }
        let level = |choice: usize, row: usize| {
            choices.values[choice][row].map_or(0, |v| usize::from(v) + 1)
        };
        let rows = known
            .iter()
            .map(|&row| (0..starts.len()).map(|c| level(c, row)).collect());
        let data = Data {
            rows: rows.collect(),
            values: known.iter().filter_map(|&i| objective[i]).collect(),
            starts,
            ordered: choices.ordered.clone(),
            columns,
        };
        let usable = known.len() >= FEWEST && !data.starts.is_empty() && columns <= COLUMNS;
        usable.then_some(data)
    }

    /// Row as a number for each column; `other` takes the value of one choice from another row.
    fn dense(&self, row: usize, other: Option<(usize, usize)>) -> Vec<f32> {
        let mut dense = vec![0.0; self.columns];
        for (choice, start) in self.starts.iter().enumerate() {
            let from = other.filter(|o| o.0 == choice).map_or(row, |o| o.1);
            if let Some((column, value)) = self.cell(choice, *start, self.rows[from][choice]) {
                dense[column] = value;
            }
        }
        dense
    }

    fn sparse(&self, row: usize) -> Vec<(usize, f32)> {
        let places = self.starts.iter().zip(&self.rows[row]).enumerate();
        places
            .filter_map(|(choice, (start, level))| self.cell(choice, *start, *level))
            .collect()
    }

    /// Column of a value and what it holds; `None` for no value.
    fn cell(&self, choice: usize, start: usize, level: usize) -> Option<(usize, f32)> {
        let place = level.checked_sub(1)?;
        Some(if self.ordered[choice] {
            (start, level as f32)
        } else {
            (start + place, 1.0)
        })
    }
}

/// Estimates the importance of choices for the objective of the same architectures. `None` with too few evaluations,
/// too many values of choices, or values that are all equal.
pub fn importance(choices: &Choices, objective: &[Option<f64>]) -> Option<Importance> {
    let data = Data::new(choices, objective)?;
    let n = data.rows.len();
    let mut rng = Rng::stream(0, "importance");
    let mut samples: Vec<Vec<f64>> = Vec::new();
    let mut explained = Vec::new();
    for _ in 0..SAMPLES {
        let drawn: Vec<usize> = (0..n).map(|_| rng.below(n)).collect();
        let mut is_in = vec![false; n];
        drawn.iter().for_each(|&row| is_in[row] = true);
        let left: Vec<usize> = (0..n).filter(|&row| !is_in[row]).collect();
        let mean = left.iter().map(|&r| data.values[r]).sum::<f64>() / left.len().max(1) as f64;
        let variance = left
            .iter()
            .map(|&r| (data.values[r] - mean).powi(2))
            .sum::<f64>();
        if left.len() < 5 || variance <= 0.0 {
            continue;
        }
        let rows: Vec<Vec<(usize, f32)>> = drawn.iter().map(|&row| data.sparse(row)).collect();
        let values: Vec<f64> = drawn.iter().map(|&row| data.values[row]).collect();
        let binned = Binned::new(&rows, data.columns);
        let draws = Draws::new(&TREES, &binned, &mut rng);
        let trees = Trees::fit(&TREES, &binned, &values, &draws);
        let error = |other: &dyn Fn(usize) -> Option<(usize, usize)>| -> f64 {
            (left.iter().enumerate())
                .map(|(i, &row)| {
                    (trees.predict(&data.dense(row, other(i))) - data.values[row]).powi(2)
                })
                .sum()
        };
        let own = error(&|_| None);
        explained.push(1.0 - own / variance);
        let shares = (0..data.starts.len()).map(|choice| {
            let mut others = left.clone();
            rng.shuffle(&mut others);
            (error(&|i| Some((choice, others[i]))) - own) / variance
        });
        samples.push(shares.collect());
    }
    if samples.len() < SAMPLES / 2 {
        return None;
    }
    let shares = (0..data.starts.len()).map(|choice| {
        let mut values: Vec<f64> = samples.iter().map(|sample| sample[choice]).collect();
        values.sort_by(f64::total_cmp);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let at = |share: f64| values[(share * (values.len() - 1) as f64).round() as usize];
        [mean, at(0.025), at(0.975)]
    });
    Some(Importance {
        rows: n,
        explained: explained.iter().sum::<f64>() / explained.len() as f64,
        shares: shares.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two choices of three values: the first decides the objective, the second has no effect.
    fn example(rows: usize, ordered: bool) -> (Choices, Vec<Option<f64>>) {
        let mut rng = Rng::stream(1, "example");
        let column: Vec<Vec<Option<u16>>> = (0..2)
            .map(|_| (0..rows).map(|_| Some(rng.below(3) as u16)).collect())
            .collect();
        let objective = column[0]
            .iter()
            .map(|v| v.map(|v| f64::from(v) + 0.1 * rng.normal()));
        let objective = objective.collect();
        let choices = Choices {
            names: vec!["one".into(), "two".into()],
            levels: vec![vec!["a".into(), "b".into(), "c".into()]; 2],
            values: column,
            ordered: vec![ordered, false],
        };
        (choices, objective)
    }

    #[test]
    fn the_choice_that_decides_is_important_and_the_other_is_not() {
        for ordered in [false, true] {
            let (choices, objective) = example(200, ordered);
            let found = importance(&choices, &objective).unwrap();
            assert_eq!((found.rows, found.shares.len()), (200, 2));
            assert!(found.explained > 0.8, "{found:?}");
            let [[one, low, high], [two, least, most]] = found.shares[..] else {
                panic!("{found:?}");
            };
            assert!(
                one > 1.0 && low > 0.8 && low <= one && one <= high,
                "{found:?}"
            );
            assert!(two.abs() < 0.1 && least <= 0.05 && most < 0.2, "{found:?}");
            // The same data give the same numbers.
            assert_eq!(importance(&choices, &objective).unwrap(), found);
        }
    }

    #[test]
    fn few_or_equal_values_have_no_importance() {
        let (choices, objective) = example(20, false);
        assert_eq!(importance(&choices, &objective), None);
        let (choices, _) = example(100, false);
        assert_eq!(importance(&choices, &[Some(1.0); 100]), None);
        assert_eq!(importance(&choices, &[None; 100]), None);
    }
}
