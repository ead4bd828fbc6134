//! Rows of one architecture: their differences, and the treatment by policy.

use std::collections::{HashMap, HashSet};

use crate::builder::Column;
use crate::cell::Cell;
use crate::import::Policy;
use crate::staged::Unit;
use ganas_core::error::{Advice, Error, Result};

/// Limit of the distinct numbers that are kept for the repeated rows of a column.
const REMEMBERED: usize = 1000;

/// Limit of the distinct fractions of a column that may be a condition, such as a learning rate.
const FEW_FRACTIONS: usize = 20;

/// Number of rows from which on a column can be told from a column of row numbers.
const FEW_ROWS: u64 = 20;

/// Names of columns that count the measurements of a row.
const COUNTS: [&str; 3] = ["n", "count", "runs"];

/// First difference of a column between rows of one architecture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// The kept row.
    pub(crate) row: usize,
    /// Line of the other row.
    pub(crate) line: u32,
    earlier: String,
    here: String,
}

/// Differences of a column between rows of one architecture.
#[derive(Default)]
pub(crate) struct Differences {
    pub(crate) first: Option<Difference>,
    /// Bits of the numbers that differ.
    numbers: HashSet<u64>,
}

impl Differences {
    /// Adds a value that differs from the kept row's value, given as `shown`.
    pub(crate) fn add(&mut self, row: usize, line: u32, earlier: String, here: &Cell) {
        if self.first.is_none() {
            self.first = Some(Difference {
                row,
                line,
                earlier,
                here: shown(here),
            });
        }
        if let Cell::Number(number) = here
            && self.numbers.len() < REMEMBERED
        {
            self.numbers.insert(number.to_bits());
        }
    }
}

/// Writes a value for an error.
pub(crate) fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Missing => "nothing".into(),
        Cell::Number(number) => number.to_string(),
        Cell::Words(words) => format!("`{words}`"),
    }
}

/// Running means of repeated rows.
#[derive(Default)]
pub(crate) struct Means(HashMap<usize, Vec<(f64, u32)>>);

impl Means {
    /// Adds a row to a kept one; `kept` and `here` are the numbers of each column, NaN if missing.
    pub(crate) fn add(&mut self, row: usize, kept: impl Iterator<Item = f64>, here: &[f64]) {
        let sums = (self.0.entry(row)).or_insert_with(|| {
            kept.map(|value| (value, u32::from(!value.is_nan())))
                .collect()
        });
        for ((sum, count), value) in sums.iter_mut().zip(here) {
            if value.is_nan() {
                continue;
            }
            *sum = if *count == 0 { *value } else { *sum + *value };
            *count += 1;
        }
    }

    /// Returns the memory of a row in bytes.
    pub(crate) fn cost(columns: usize) -> u64 {
        64 + 16 * columns as u64
    }

    pub(crate) fn is_new(&self, row: usize) -> bool {
        !self.0.contains_key(&row)
    }

    pub(crate) fn finish(self, columns: &mut [Column]) {
        for (row, sums) in self.0 {
            for (column, (sum, count)) in columns.iter_mut().zip(sums) {
                if let Some(value) = column.values.get_mut(row)
                    && count > 0
                {
                    *value = sum / f64::from(count);
                }
            }
        }
    }
}

/// Likeness of a column to a condition of the measurements. The smallest is the likeliest: few
/// distinct values, and numbers before words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    distinct: u64,
    has_words: bool,
}

/// Returns the likeness of a column to a condition of the measurements, such as a seed.
///
/// The values of a condition recur; measured values do not. `rows` is the number of rows of the source.
fn likeness_to_condition(column: &Column, rows: u64) -> Option<Likeness> {
    if (COUNTS.iter()).any(|name| column.name.eq_ignore_ascii_case(name)) {
        return None;
    }
    // Words that hardly recur name their rows.
    let words = column.words.count()? as u64;
    let mut numbers = column.differences.numbers.clone();
    let measured = column.values.iter().filter(|v| !v.is_nan());
    numbers.extend(measured.map(|v| v.to_bits()));
    let whole = (numbers.iter()).all(|bits| f64::from_bits(*bits).fract() == 0.0);
    let distinct = numbers.len() as u64 + words;
    let recurs = 2 * distinct <= rows;
    let is_condition = if !whole {
        recurs && numbers.len() <= FEW_FRACTIONS
    } else if words == 0 {
        recurs || rows < FEW_ROWS
    } else {
        recurs || (rows < FEW_ROWS && distinct < rows)
    };
    is_condition.then_some(Likeness {
        distinct,
        has_words: words > 0,
    })
}

/// Places of rows in the source, for errors.
pub(crate) struct Places<'a> {
    pub(crate) unit: Unit,
    pub(crate) lines: &'a [u32],
    /// Rows of the source that were read.
    pub(crate) rows: u64,
}

/// Refuses differences that a policy does not allow.
///
/// `exempt` are columns that depend on the notation alone; `name` writes the architecture of a kept row.
///
/// # Errors
/// If rows contradict each other, or were measured under different conditions.
pub(crate) fn check(
    columns: &[Column],
    policy: Policy,
    exempt: &[String],
    places: &Places,
    name: impl Fn(usize) -> String,
) -> Result<()> {
    if matches!(policy, Policy::Mean | Policy::First) {
        return Ok(());
    }
    let differing = || columns.iter().filter(|c| c.differences.first.is_some());
    let contradicting = differing().find(|c| c.is_metric());
    // A column that differs alone is what was measured.
    let beside = |column: &Column| differing().any(|c| c.is_metric() && c.name != column.name);
    let condition = (differing().filter(|c| !exempt.contains(&c.name) && beside(c)))
        .filter_map(|c| Some((likeness_to_condition(c, places.rows)?, c)))
        .min_by_key(|(likeness, _)| *likeness)
        .map(|(_, column)| column);
    // Notes that differ beside equal numbers contradict nothing.
    let (Some(contradicting), true) = (
        contradicting,
        policy == Policy::Strict || condition.is_some(),
    ) else {
        return Ok(());
    };
    let column = condition.unwrap_or(contradicting);
    let Some(difference) = &column.differences.first else {
        return Ok(());
    };
    let others: Vec<&str> = differing()
        .filter(|c| c.name != column.name && c.is_metric())
        .map(|c| c.name.as_str())
        .collect();
    let others = match others[..] {
        [] => String::new(),
        [only] => format!(", and another `{only}`"),
        [first, ..] => format!(", and another `{first}` and {} more", others.len() - 1),
    };
    let what = format!(
        "`{}` is on {} {} too, with `{}` {} there and {} here{others}",
        name(difference.row),
        places.unit.name(),
        places.lines[difference.row],
        column.name,
        difference.earlier,
        difference.here,
    );
    let merge = Advice::text("merge them with ")
        .setting("duplicates", Some("mean".to_owned()))
        .then(" or `first`");
    let mend = match condition {
        Some(column) => {
            let value = difference.earlier.trim_matches('`');
            Advice::text("choose rows with ")
                .setting("where", Some(format!("{}={value}", column.name)))
                .then(", or ")
                .and(merge)
        }
        None => Advice::text("remove one of the rows, or ").and(merge),
    };
    Err(Error::input(what)
        .mend(mend)
        .on_line(difference.line.into()))
}
