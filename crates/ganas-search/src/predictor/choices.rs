//! Features of a configuration, as numbers in a fixed order.
//!
//! A number of an inactive choice is 0, and so are all columns of its words; `active[NAME]` tells it apart.

use ganas_core::arch::Arch;
use ganas_core::space::{Choice, Config, Kind, Scale, SearchSpace};

use super::encoding::positions;

/// The names of the numbers.
pub fn names(config: &Config) -> Vec<String> {
    let mut names = Vec::new();
    for choice in config.choices() {
        let name = &choice.name;
        if choice.is_conditional() {
            names.push(format!("active[{name}]"));
        }
        if has_number(choice) {
            names.push(name.clone());
        } else {
            let words = choice.values.iter();
            names.extend(words.map(|value| format!("{name}={}", value.text)));
        }
        if choice.scale == Scale::Log {
            names.push(format!("log {name}"));
        }
    }
    if let Some(cell) = even_cell(config) {
        for place in 0..positions(cell) {
            names.extend(cell.ops().iter().map(|op| format!("cell[{place}]={op}")));
        }
    }
    names
}

/// The numbers of a configuration.
pub fn values(config: &Config, arch: &Arch) -> Vec<f64> {
    let mut values = Vec::new();
    for (choice, value) in config.choices().iter().zip(config.values(arch)) {
        if choice.is_conditional() {
            values.push(f64::from(u8::from(value.is_some())));
        }
        let number = value.map_or(0.0, |value| choice.number(value));
        if has_number(choice) {
            values.push(number);
        } else {
            let words = 0..choice.values.len();
            values.extend(
                words.map(|word| f64::from(u8::from(value.map(usize::from) == Some(word)))),
            );
        }
        if choice.scale == Scale::Log {
            values.push(value.map_or(0.0, |_| number.ln()));
        }
    }
    if let Some(cell) = even_cell(config) {
        for own in config.cell_of(arch).ops() {
            let all = 0..cell.ops().len();
            values.extend(all.map(|op| f64::from(u8::from(usize::from(*own) == op))));
        }
    }
    values
}

/// True if a choice is one column: numbers, ordered words by their place, `true` and `false` as 1 and 0.
fn has_number(choice: &Choice) -> bool {
    choice.is_ordered() || choice.is_numeric()
}

/// The cell, if all cells have as many places.
fn even_cell(config: &Config) -> Option<&dyn SearchSpace> {
    let is_even = |cell: &&dyn SearchSpace| matches!(cell.kind(), Kind::EdgeCell | Kind::Chain);
    config.cell().filter(is_even)
}
