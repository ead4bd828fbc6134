//! Fields of a specification, described once for files, command lines and other programs.

/// Description of one field: its name in files, its help and the values that it takes.
///
/// A command line makes an option of it, Python a keyword argument, and the reader of files its checks
/// and error messages.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name in TOML, JSON and Python.
    pub name: &'static str,
    /// Help, as the documentation of the field has it; the first paragraph stands alone.
    pub help: String,
    /// Kind of value.
    pub kind: Kind,
    /// Name as an option of a command line, without the dashes.
    pub option: String,
    /// Placeholder of the value, such as `N` or `FILE`.
    pub value: &'static str,
    /// Heading under which the help lists it, if it is not the first one.
    pub heading: Option<&'static str>,
    /// Option without which it has no effect.
    pub requires: Option<&'static str>,
    /// Value that it has if it is left out, as text.
    pub default: Option<String>,
    /// All values that it takes, if they are few.
    pub choices: &'static [&'static str],
    /// Names that completions offer.
    pub offers: Option<Offer>,
    /// True if a negative number is a value.
    pub negative: bool,
    /// True if the help leaves it out.
    pub hidden: bool,
    /// Check of a text.
    pub check: Option<Check>,
}

/// Check of a text; the error names the fault and the remedy.
pub type Check = fn(&str) -> std::result::Result<(), String>;

/// Kind of value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Flag,
    /// Whole number that is not negative.
    Count,
    /// Real number.
    Number,
    /// Text. Files may give a number in its place.
    Text,
    /// Path of a file or folder.
    Path,
    /// List of texts. Files may give one text in its place.
    Texts,
}

/// Names that a completion can offer for a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Search spaces.
    Spaces,
    /// Strategies.
    Strategies,
    /// Presets of strategies.
    Presets,
}

/// Types of fields.
pub trait FieldType {
    /// Kind of value.
    const KIND: Kind;

    /// Value as the default of an option, if it is one.
    fn shown(&self) -> Option<String> {
        None
    }
}

impl FieldType for bool {
    const KIND: Kind = Kind::Flag;
}

impl FieldType for Vec<String> {
    const KIND: Kind = Kind::Texts;
}

impl<T: FieldType> FieldType for Option<T> {
    const KIND: Kind = T::KIND;
}

/// Types of which a default is worth a word in the help.
macro_rules! shown {
    ($($type:ty: $kind:ident),*) => {$(
        impl FieldType for $type {
            const KIND: Kind = Kind::$kind;

            fn shown(&self) -> Option<String> {
                Some(self.to_string())
            }
        }
    )*};
}

shown!(usize: Count, u64: Count, f64: Number, String: Text);

impl FieldType for std::path::PathBuf {
    const KIND: Kind = Kind::Path;
}

impl Field {
    /// Field of a type, whose documentation is its help.
    pub fn new<T: FieldType>(name: &'static str, doc: &[&str], default: &T) -> Field {
        Field {
            name,
            help: help(doc),
            kind: T::KIND,
            option: name.replace('_', "-"),
            value: "VALUE",
            heading: None,
            requires: None,
            default: default.shown(),
            choices: &[],
            offers: None,
            negative: false,
            hidden: false,
            check: None,
        }
    }

    /// Sets the placeholder of the value.
    pub fn value(mut self, value: &'static str) -> Field {
        self.value = value;
        self
    }

    /// Names the option where that is not the field's name with dashes.
    pub fn option(mut self, option: &str) -> Field {
        self.option = option.to_owned();
        self
    }

    /// Lists it under a heading.
    pub fn heading(mut self, heading: &'static str) -> Field {
        self.heading = Some(heading);
        self
    }

    /// Names the option without which it has no effect.
    pub fn requires(mut self, option: &'static str) -> Field {
        self.requires = Some(option);
        self
    }

    /// Names all values that it takes.
    pub fn choices(mut self, choices: &'static [&'static str]) -> Field {
        self.choices = choices;
        self
    }

    /// Names what completions offer.
    pub fn offers(mut self, offer: Offer) -> Field {
        self.offers = Some(offer);
        self
    }

    /// Refuses texts that do not pass a check.
    pub fn checked(mut self, check: Check) -> Field {
        self.check = Some(check);
        self
    }

    /// Refuses texts that cannot be parsed as a type.
    pub fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(self) -> Field {
        self.checked(|text| text.parse::<T>().map(drop).map_err(|e| e.to_string()))
    }

    /// Takes negative numbers.
    pub fn negative(mut self) -> Field {
        self.negative = true;
        self
    }

    /// Leaves it out of the help.
    pub fn hidden(mut self) -> Field {
        self.hidden = true;
        self
    }
}

/// Lines of documentation as help: lines are joined, empty ones part paragraphs, and the final full
/// stop of a paragraph that stands alone is left out.
fn help(doc: &[&str]) -> String {
    let lines: Vec<&str> = doc.iter().map(|line| line.trim()).collect();
    let paragraphs: Vec<String> = (lines.split(|line| line.is_empty()))
        .map(|lines| lines.join(" "))
        .filter(|text| !text.is_empty())
        .collect();
    paragraphs.join("\n\n")
}
