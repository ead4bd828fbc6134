//! Values that have known names, and may be something else: what completions and the help offer.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::{Arg, Command, Error};
use ganas_core::space;
use ganas_search::Registry;

/// A text whose known values are offered. What is typed is checked where it is used, with better hints.
#[derive(Clone)]
pub struct Names(Vec<&'static str>);

/// The strategies.
pub fn strategies() -> Names {
    Names(Registry::builtin().names().collect())
}

/// The presets of all strategies.
pub fn presets() -> Names {
    let mut names: Vec<&str> = Vec::new();
    for name in Registry::builtin()
        .strategies()
        .flat_map(|(_, presets)| presets)
    {
        if !names.contains(name) {
            names.push(name);
        }
    }
    Names(names)
}

/// The spaces that are built in.
pub fn spaces() -> Names {
    Names(space::NAMES.to_vec())
}

impl TypedValueParser for Names {
    type Value = String;

    fn parse_ref(&self, _: &Command, _: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        Ok(value.to_string_lossy().into_owned())
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().copied().map(PossibleValue::new)))
    }
}
