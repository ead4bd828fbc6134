//! Kernels of the Parzen estimator for decisions whose options have an order.
//!
//! A trial's kernel over the values of an ordered choice is a normal density around its own value,
//! on the choice's scale, cut off at the ends and normalised over the values. The width follows
//! Optuna's multivariate rule, 0.2 n^(-1 / (d + 4)) of the range for n trials and d decisions, with
//! half a step as the least.

use std::collections::BTreeMap;

use ganas_core::space::{Kind, LabelSet, SearchSpace};

use super::decisions::{Decision, members};

/// Width of a kernel for one trial, as a share of the range (Optuna).
const WIDTH: f64 = 0.2;

/// Places of the options of ordered decisions, each between 0 and 1.
#[derive(Clone, Debug, Default)]
pub struct Orders(BTreeMap<usize, Order>);

#[derive(Clone, Debug)]
struct Order {
    /// The label of the first option.
    first: u8,
    places: Vec<f64>,
}

impl Orders {
    /// The ordered decisions of a space: those of choices with numbers or ordered words.
    pub fn new(space: &dyn SearchSpace) -> Self {
        let Kind::Config(config) = space.kind() else {
            return Orders::default();
        };
        let ordered = (config.choices().iter().enumerate()).filter(|(_, c)| c.is_ordered());
        let order = |(i, choice): (usize, &ganas_core::space::Choice)| {
            let places = (0..choice.values.len() as u8).map(|value| choice.position(value));
            let order = Order {
                first: config.label(0),
                places: places.collect(),
            };
            // The node of a choice follows the input.
            (Decision::Label(i + 1).index(), order)
        };
        Orders(ordered.map(order).collect())
    }

    /// The kernels of `trials` trials.
    pub fn kernels(&self, trials: usize) -> Kernels {
        let exponent = -1.0 / (self.0.len() as f64 + 4.0);
        let width = WIDTH * (trials.max(1) as f64).powf(exponent);
        let table = |order: &Order| {
            let n = order.places.len();
            let width = width.max(0.5 / (n.max(2) - 1) as f64);
            let row = |own: f64| {
                let density = |at: &f64| (-0.5 * ((at - own) / width).powi(2)).exp();
                order.places.iter().map(density).collect::<Vec<f64>>()
            };
            Table {
                first: order.first,
                rows: order.places.iter().map(|own| row(*own)).collect(),
            }
        };
        Kernels(self.0.iter().map(|(i, order)| (*i, table(order))).collect())
    }
}

/// Kernels of ordered decisions.
#[derive(Clone, Debug, Default)]
pub struct Kernels(BTreeMap<usize, Table>);

#[derive(Clone, Debug)]
struct Table {
    first: u8,
    rows: Vec<Vec<f64>>,
}

impl Kernels {
    /// The probability of each option under the kernel of a trial that chose `own`. `None` if the
    /// decision has no order, or the trial's choice is not one of the values.
    pub fn of(&self, decision: Decision, own: u8, options: &[u8]) -> Option<Vec<f64>> {
        let table = self.0.get(&decision.index())?;
        let row = table.rows.get(usize::from(own.checked_sub(table.first)?))?;
        let density = |option: &u8| {
            let value = option.checked_sub(table.first);
            value
                .and_then(|v| row.get(usize::from(v)))
                .copied()
                .unwrap_or(0.0)
        };
        let mut all: Vec<f64> = options.iter().map(density).collect();
        let sum: f64 = all.iter().sum();
        if sum <= 0.0 {
            return None;
        }
        all.iter_mut().for_each(|p| *p /= sum);
        Some(all)
    }
}

/// Probabilities of one option, by the choice of the trial.
#[derive(Clone, Debug)]
pub struct Column {
    first: u8,
    by_own: Vec<Option<f64>>,
}

impl Column {
    /// The probability under the kernel of a trial that chose `own`.
    pub fn of(&self, own: u8) -> Option<f64> {
        *self.by_own.get(usize::from(own.checked_sub(self.first)?))?
    }
}

impl Kernels {
    /// The probability of `choice` among `options` under the kernels of all trials. `None` if the
    /// decision has no order.
    pub fn column(&self, decision: Decision, choice: u8, options: LabelSet) -> Option<Column> {
        let first = self.0.get(&decision.index())?.first;
        let options: Vec<u8> = members(options).collect();
        let place = options.iter().position(|option| *option == choice)?;
        let values = first..=*options.last()?;
        let all = values.map(|own| Some(self.of(decision, own, &options)?[place]));
        Some(Column {
            first,
            by_own: all.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use ganas_core::space::from_toml;

    use super::*;

    #[test]
    fn near_values_are_likelier_and_all_add_up() {
        let text = "name = 'c'\nkind = 'config'\n[[choice]]\nname = 'word'\nvalues = ['a', 'b']\n\
                    [[choice]]\nname = 'lr'\nlow = 1e-4\nhigh = 1.0\nlog = true\nsteps = 5\n";
        let space = from_toml(text).unwrap();
        let orders = Orders::new(&*space);
        let options: Vec<u8> = (3..8).collect();
        let kernel = |trials| {
            orders
                .kernels(trials)
                .of(Decision::Label(2), 5, &options)
                .unwrap()
        };
        let few = kernel(1);
        assert!((few.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        // Tenths apart on a log scale are equally far.
        assert!(few[2] > few[1] && few[1] > few[0] && (few[1] - few[3]).abs() < 1e-6);
        assert!(kernel(100)[2] > few[2]);
        assert!(
            orders
                .kernels(1)
                .of(Decision::Label(1), 3, &[3, 4])
                .is_none()
        );
        assert!(
            orders
                .kernels(1)
                .of(Decision::Label(2), 2, &options)
                .is_none()
        );
    }
}
