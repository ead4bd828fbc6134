//! Choices of a configuration: a name, values, and when the choice is active.

use super::expression::Expression;
use crate::error::nearest;

/// Index of the value of an inactive choice.
pub(super) const INACTIVE: u8 = u8::MAX;

/// Largest number of values of a choice. Labels of graphs are a mask of 128 bits.
pub(super) const MAX_VALUES: usize = 125;

/// One value of a choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The value in the notation.
    pub text: String,
    /// The number, for numbers; 1 and 0 for `true` and `false`.
    pub number: Option<f64>,
}

/// Scale of the numbers of a choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Words without an order.
    #[default]
    Words,
    /// Values in an order, numbers or words.
    Linear,
    /// Positive numbers by their logarithm.
    Log,
}

/// Choice of a configuration.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The name; of a repeated choice with the number of the copy, as `heads.3`.
    pub name: String,
    /// The values, in order.
    pub values: Vec<Value>,
    /// The scale of the values.
    pub scale: Scale,
    /// The value that an edit gives to the choice when it becomes active.
    pub(super) default: Option<u8>,
    /// The logarithms of the weights of the values; empty if all are equal.
    pub(super) log_weights: Vec<f64>,
    /// The copy of a repeated choice, from 1 on.
    pub(super) copy: Option<usize>,
    /// The condition under which the choice is active.
    pub(super) when: Option<Expression>,
}

impl Choice {
    /// Returns the name without the number of the copy.
    pub fn base(&self) -> &str {
        match self.copy {
            Some(_) => self
                .name
                .rsplit_once('.')
                .map_or(&self.name, |(base, _)| base),
            None => &self.name,
        }
    }

    /// Returns true if all values are numbers.
    pub fn is_numeric(&self) -> bool {
        self.values.iter().all(|value| value.number.is_some())
    }

    /// Returns the logarithm of a value's weight. It is 0 for the most likely value, for all values without
    /// weights, and where the choice is inactive.
    pub fn log_weight(&self, value: u8) -> f64 {
        let weight = self.log_weights.get(usize::from(value));
        weight.copied().unwrap_or(0.0)
    }

    /// Returns true if some configurations are without the choice.
    pub fn is_conditional(&self) -> bool {
        self.when.is_some() || self.copy.is_some()
    }

    /// Returns true if the values have an order.
    pub fn is_ordered(&self) -> bool {
        self.scale != Scale::Words
    }

    /// Returns the number of a value: its own, or its place. NaN if the choice is inactive.
    pub fn number(&self, value: u8) -> f64 {
        match self.values.get(usize::from(value)) {
            Some(value_of) => value_of.number.unwrap_or(f64::from(value)),
            None => f64::NAN,
        }
    }

    /// Returns the place of a value between the first (0) and the last (1) on the choice's scale.
    /// A choice with one value is at 0.5.
    pub fn position(&self, value: u8) -> f64 {
        let scaled = |value: u8| match self.scale {
            Scale::Log => self.number(value).ln(),
            Scale::Linear if self.is_numeric() => self.number(value),
            _ => f64::from(value),
        };
        let (first, last) = (scaled(0), scaled(self.values.len() as u8 - 1));
        if first == last {
            return 0.5;
        }
        (scaled(value) - first) / (last - first)
    }

    /// Returns true if one of the values is written like this.
    pub(super) fn has(&self, text: &str) -> bool {
        self.values.iter().any(|value| value.text == text.trim())
    }

    /// Reads a value. With `snap`, a number between the values is taken as the nearest one.
    ///
    /// # Errors
    /// If no value is like the text; the error names the nearest.
    pub(super) fn parse(&self, text: &str, snap: bool) -> Result<u8, String> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let same = |value: &Value| value.text == text || value.text == lower && self.is_truth();
        if let Some(found) = self.values.iter().position(same) {
            return Ok(found as u8);
        }
        let Some(number) = text.parse::<f64>().ok().filter(|_| self.is_numeric()) else {
            let words: Vec<&str> = self.values.iter().map(|v| v.text.as_str()).collect();
            let hint = match nearest(text, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if words.len() > 12 => {
                    format!("use {} to {}", words[0], words[words.len() - 1])
                }
                None => format!("use {}", words.join(", ")),
            };
            return Err(format!(
                "`{}={text}`: the value is not known; {hint}",
                self.name
            ));
        };
        // Tables round their numbers.
        let apart = |value: &Value| (value.number.unwrap_or(f64::NAN) - number).abs();
        let scaled = |number: f64| match self.scale {
            Scale::Log => number.ln(),
            _ => number,
        };
        let far = |i: &usize| {
            let own = scaled(self.values[*i].number.unwrap_or(f64::NAN));
            (own - scaled(number)).abs()
        };
        let order = |a: &usize, b: &usize| far(a).total_cmp(&far(b));
        let near = (0..self.values.len()).min_by(order).unwrap_or(0);
        if snap || apart(&self.values[near]) <= 1e-4 * number.abs() {
            return Ok(near as u8);
        }
        Err(format!(
            "`{}={text}` is not one of its values; the nearest is {} (`snap` takes it)",
            self.name, self.values[near].text
        ))
    }

    fn is_truth(&self) -> bool {
        self.values
            .iter()
            .all(|v| v.text == "true" || v.text == "false")
    }
}

/// Writes a number of a grid with as few digits as tell it apart.
pub(super) fn short(number: f64) -> String {
    if number == number.trunc() && number.abs() < 1e15 {
        return format!("{number}");
    }
    let rounded: f64 = format!("{number:.4e}").parse().unwrap_or(number);
    if rounded != 0.0 && rounded.abs() < 1e-4 {
        format!("{rounded:e}")
    } else {
        format!("{rounded}")
    }
}
