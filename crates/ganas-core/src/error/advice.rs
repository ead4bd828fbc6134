//! Advice that names settings, in the words of each front end.

use std::error::Error as StdError;
use std::fmt;

use super::Error;

/// Advice on how to mend an error: text that may name settings.
///
/// A library does not know how its user writes a setting. The command line has options, Python has
/// keyword arguments, a file has fields. Each of them writes the settings in its own words, by
/// [`line()`].
///
/// ```
/// use ganas_core::error::{Advice, Error, line};
///
/// let advice = Advice::text("name its column with ").setting("arch_column", None);
/// let error = Error::input("no column holds the architecture").mend(advice);
/// let told = line(&error, |setting| format!("--{}", setting.name.replace('_', "-")));
/// assert!(told.ends_with("; name its column with `--arch-column`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice(Vec<Piece>);

/// A setting that an advice names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name, in the spelling of specification files: `arch_column`.
    pub name: &'static str,
    /// The recommended value.
    pub value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Setting(Setting),
}

impl Advice {
    /// Creates advice that begins with text.
    pub fn text(text: impl Into<String>) -> Self {
        Advice(vec![Piece::Text(text.into())])
    }

    /// Adds a setting, with a value if one is recommended.
    pub fn setting(mut self, name: &'static str, value: Option<String>) -> Self {
        self.0.push(Piece::Setting(Setting { name, value }));
        self
    }

    /// Adds text.
    pub fn then(mut self, text: impl Into<String>) -> Self {
        self.0.push(Piece::Text(text.into()));
        self
    }

    /// Adds other advice.
    pub fn and(mut self, other: Advice) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Writes the advice; `spell` writes a setting, which is then put in backquotes.
    pub fn spelled(&self, spell: impl Fn(&Setting) -> String) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Setting(setting) => format!("`{}`", spell(setting)),
        });
        pieces.collect()
    }
}

impl From<String> for Advice {
    fn from(text: String) -> Self {
        Advice::text(text)
    }
}

impl From<&str> for Advice {
    fn from(text: &str) -> Self {
        Advice::text(text)
    }
}

/// Writes the settings as in a specification file: `duplicates = "mean"`.
impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled(|setting| match &setting.value {
            Some(value) => format!("{} = {value:?}", setting.name),
            None => setting.name.to_owned(),
        }))
    }
}

/// Writes an error and its causes in one line, with the settings as `spell` writes them.
///
/// A cause whose text is in the line already is left out.
pub fn line(error: &(dyn StdError + 'static), spell: impl Fn(&Setting) -> String) -> String {
    let mut line = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = text(error, &spell);
        if line.is_empty() {
            line = text;
        } else if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        next = error.source();
    }
    line
}

fn text(error: &(dyn StdError + 'static), spell: impl Fn(&Setting) -> String) -> String {
    let text = error.to_string();
    let Some(advice) = error.downcast_ref::<Error>().and_then(Error::advice) else {
        return text;
    };
    match text.strip_suffix(&advice.to_string()) {
        Some(before) => format!("{before}{}", advice.spelled(spell)),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn flag(setting: &Setting) -> String {
        let name = setting.name.replace('_', "-");
        match &setting.value {
            Some(value) => format!("--{name} {value}"),
            None => format!("--{name}"),
        }
    }

    #[test]
    fn settings_are_written_in_the_words_of_each_front_end() {
        let advice = Advice::text("choose rows with ")
            .setting("where", Some("seed=0".into()))
            .then(", or name ")
            .setting("arch_column", None);
        let error = Error::input("a row is there twice").mend(advice);
        assert_eq!(
            error.to_string(),
            "a row is there twice; choose rows with `where = \"seed=0\"`, or name `arch_column`"
        );
        assert_eq!(
            line(&error, flag),
            "a row is there twice; choose rows with `--where seed=0`, or name `--arch-column`"
        );
    }

    #[test]
    fn a_cause_that_is_told_is_not_told_again() {
        let missing = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(
            line(&Error::io("a.csv", missing), flag),
            "a.csv: entity not found"
        );
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = Error::strategy("mine", "panicked").caused_by(denied);
        assert_eq!(
            line(&error, flag),
            "the strategy `mine` panicked: permission denied"
        );
    }
}
