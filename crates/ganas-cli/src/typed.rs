//! Specifications as options of a command line.
//!
//! The options are made of the fields that a specification declares, so that a new field is an option at
//! once.

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, ValueHint, value_parser,
};
use ganas_study::spec::{Field, Kind, Offer, Spec, read_map};
use serde_json::{Map, Value};

use crate::names;

/// A specification that was typed.
#[derive(Clone, Debug, Default)]
pub struct Typed<S>(pub S);

impl<S: Spec> Args for Typed<S> {
    fn augment_args(command: Command) -> Command {
        S::fields()
            .into_iter()
            .fold(command, |command, field| command.arg(argument(field)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Spec> FromArgMatches for Typed<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut map = Map::new();
        for field in S::fields() {
            if matches.value_source(&field.option) == Some(ValueSource::CommandLine) {
                map.insert(field.name.to_owned(), value(&field, matches));
            }
        }
        let spec = read_map(map.into());
        spec.map(Typed)
            .map_err(|e| Error::raw(ErrorKind::ValueValidation, e))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The option of a field.
fn argument(field: Field) -> Arg {
    let mut parts = field.help.splitn(2, "\n\n");
    let brief = parts.next().unwrap_or_default().to_owned();
    let is_long = parts.next().is_some();
    let mut argument = Arg::new(field.option.clone())
        .long(field.option.clone())
        .help(brief)
        .hide(field.hidden);
    if is_long {
        argument = argument.long_help(field.help.clone());
    }
    if let Some(heading) = field.heading {
        argument = argument.help_heading(heading);
    }
    if field.kind == Kind::Path {
        argument = argument.value_hint(ValueHint::AnyPath);
    }
    if let Some(other) = field.requires {
        argument = argument.requires(other);
    }
    if field.kind == Kind::Flag {
        return argument.action(ArgAction::SetTrue);
    }
    if let Some(default) = field.default.clone() {
        argument = argument.default_value(default);
    }
    argument = argument
        .value_name(field.value)
        .allow_negative_numbers(field.negative)
        .value_parser(parser(&field));
    if field.offers.is_some() {
        argument = argument.hide_possible_values(field.offers != Some(Offer::Strategies));
    }
    match field.kind {
        Kind::Texts => argument.action(ArgAction::Append),
        _ => argument.action(ArgAction::Set),
    }
}

fn parser(field: &Field) -> ValueParser {
    match (field.kind, field.offers, field.check) {
        (Kind::Count, ..) => value_parser!(u64).into(),
        (Kind::Number, ..) => ValueParser::new(finite),
        (_, Some(Offer::Spaces), _) => names::spaces().into(),
        (_, Some(Offer::Strategies), _) => names::strategies().into(),
        (_, Some(Offer::Presets), _) => names::presets().into(),
        (_, _, Some(check)) => {
            ValueParser::new(move |text: &str| check(text).map(|()| text.to_owned()))
        }
        _ if !field.choices.is_empty() => PossibleValuesParser::new(field.choices).into(),
        _ => value_parser!(String),
    }
}

/// Reads a number that a file can hold.
fn finite(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "write a number".to_owned())?;
    if !number.is_finite() {
        return Err(format!("{number} is not a finite number"));
    }
    Ok(number)
}

/// The value that was typed for a field.
fn value(field: &Field, matches: &ArgMatches) -> Value {
    let id = &*field.option;
    match field.kind {
        Kind::Flag => matches.get_flag(id).into(),
        Kind::Count => matches.get_one::<u64>(id).copied().into(),
        Kind::Number => matches.get_one::<f64>(id).copied().into(),
        Kind::Text | Kind::Path => matches.get_one::<String>(id).cloned().into(),
        Kind::Texts => {
            let all = matches.get_many::<String>(id).into_iter().flatten();
            all.cloned().collect()
        }
    }
}
