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

/// Arguments that make up a specification.
#[derive(Clone, Debug, Default)]
pub struct SpecArgs<S>(pub S);

impl<S: Spec> Args for SpecArgs<S> {
    fn augment_args(command: Command) -> Command {
        S::fields()
            .into_iter()
            .fold(command, |command, field| command.arg(argument(field)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Spec> FromArgMatches for SpecArgs<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut map = Map::new();
        for field in S::fields() {
            if matches.value_source(&field.option) == Some(ValueSource::CommandLine) {
                map.insert(field.name.to_owned(), value(&field, matches));
            }
        }
        let spec = read_map(map.into());
        spec.map(SpecArgs)
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

#[cfg(test)]
mod tests {
    use ganas_study::spec::{SearchSpec, StudySpec, read_json};
    use serde_json::json;

    use super::*;

    ganas_study::spec! {
        /// A search with an option more.
        pub struct LargerSpec {
            /// Patience in rounds
            ///
            /// A search ends after that many rounds without a better architecture.
            patience: usize = 7 => |field| field.value("N");
            ..search: SearchSpec;
        }
    }

    fn typed<S: Spec>(words: &[&str]) -> Result<S, Error> {
        let command = SpecArgs::<S>::augment_args(Command::new("test"));
        let words = ["test"].iter().chain(words);
        let matches = command.try_get_matches_from(words)?;
        SpecArgs::from_arg_matches(&matches).map(|typed| typed.0)
    }

    #[test]
    fn a_field_that_is_declared_once_is_an_option_a_key_and_on_record() {
        let help = SpecArgs::<LargerSpec>::augment_args(Command::new("test")).render_long_help();
        let help = help.to_string();
        assert!(help.contains("--patience <N>") && help.contains("without a better architecture"));
        assert!(help.contains("[default: 7]"));
        let line: LargerSpec = typed(&["--patience", "3", "--queries=40"]).unwrap();
        // The text of a file, and what Python gives.
        let file: LargerSpec = read_json(r#"{ "patience": 3, "queries": 40 }"#).unwrap();
        assert_eq!(line, file);
        let record = serde_json::to_value(&line).unwrap();
        assert_eq!(
            (&record["patience"], &record["queries"]),
            (&json!(3), &json!(40))
        );
        assert_eq!(read_map::<LargerSpec>(record).unwrap(), line);
        let refused = typed::<LargerSpec>(&["--patience", "long"]).unwrap_err();
        assert!(refused.to_string().contains("--patience"));
    }

    #[test]
    fn every_field_of_a_search_is_typed_read_and_written_alike() {
        for field in SearchSpec::fields() {
            let (words, value) = match (field.kind, field.name) {
                (Kind::Flag, _) => (vec![format!("--{}", field.option)], json!(true)),
                (Kind::Count, _) => (vec![format!("--{}=3", field.option)], json!(3)),
                (Kind::Number, _) => (vec![format!("--{}=2.5", field.option)], json!(2.5)),
                (Kind::Texts, _) => (vec![format!("--{}=x", field.option)], json!(["x"])),
                (_, "device") => (vec!["--device=cpu".into()], json!("cpu")),
                (_, "augment") => (vec!["--augment=flip".into()], json!("flip")),
                (_, "time_limit") => (vec!["--time-limit=90s".into()], json!("90s")),
                _ => {
                    let value = field.choices.first().unwrap_or(&"x");
                    (vec![format!("--{}={value}", field.option)], json!(value))
                }
            };
            let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
            // An option without which it has no effect.
            let other = field.requires.map(|other| format!("--{other}=x"));
            words.extend(other.as_deref());
            let spec: SearchSpec = typed(&words).unwrap_or_else(|e| panic!("{}: {e}", field.name));
            let record = StudySpec::Search(Box::new(spec.clone()))
                .to_value()
                .unwrap();
            assert_eq!(record[field.name], value, "{}", field.name);
            let read = StudySpec::from_value(record).unwrap();
            assert_eq!(read, StudySpec::Search(Box::new(spec)), "{}", field.name);
        }
    }
}
