//! Values that have known names, and may be something else: what completions and the help offer.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, Error};

use crate::registry::registry;

/// A text whose known values are offered. What is typed is checked where it is used, with better hints.
#[derive(Clone)]
pub struct Names(Vec<String>);

/// The strategies.
pub fn strategies() -> Names {
    Names(registry().strategies().names().map(str::to_owned).collect())
}

/// The presets of all strategies.
pub fn presets() -> Names {
    let mut names: Vec<String> = Vec::new();
    let strategies = registry().strategies();
    for name in strategies.strategies().flat_map(|(_, presets)| presets) {
        if !names.iter().any(|known| known == name) {
            names.push((*name).to_owned());
        }
    }
    Names(names)
}

/// The spaces.
pub fn spaces() -> Names {
    Names(registry().space_names())
}

impl TypedValueParser for Names {
    type Value = String;

    fn parse_ref(&self, _: &Command, _: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        Ok(value.to_string_lossy().into_owned())
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().cloned().map(PossibleValue::new)))
    }
}
