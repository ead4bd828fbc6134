//! Values of table cells: numbers, words or missing.

/// A value of a source.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    /// Number; missing if it is not finite.
    #[cfg_attr(not(feature = "parquet"), allow(dead_code))]
    Number(f64),
    /// Text of the file.
    Text(&'a str),
}

/// Value after parsing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Missing value.
    Missing,
    /// Finite number.
    Number(f64),
    /// Other text, trimmed.
    Words(&'a str),
}

/// Usual notations of a missing value, in lower case.
const MISSING: [&str; 20] = [
    "",
    "-",
    "--",
    "\u{2013}",
    "\u{2014}",
    "?",
    "na",
    "n/a",
    "#n/a",
    "<na>",
    "nan",
    "-nan",
    "none",
    "null",
    "missing",
    "inf",
    "+inf",
    "-inf",
    "infinity",
    "-infinity",
];

/// Returns true if a text is a usual notation of a missing value.
pub(crate) fn is_missing(text: &str) -> bool {
    MISSING.iter().any(|m| text.eq_ignore_ascii_case(m))
}

impl<'a> Value<'a> {
    /// Parses the value.
    pub(crate) fn cell(self) -> Cell<'a> {
        match self {
            Value::Number(number) if number.is_finite() => Cell::Number(number),
            Value::Number(_) => Cell::Missing,
            Value::Text(text) => {
                let text = text.trim();
                if is_missing(text) {
                    return Cell::Missing;
                }
                match text.parse::<f64>() {
                    Ok(number) if number.is_finite() => Cell::Number(number),
                    _ => Cell::Words(text),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_of_missing_are_missing() {
        for text in [
            "", " ", "NA", "N/A", "n/a", "-", "None", "null", "NaN", "inf", "-Inf", "\u{2013}",
        ] {
            assert_eq!(Value::Text(text).cell(), Cell::Missing, "{text:?}");
        }
        assert_eq!(Value::Text(" 1e-3 ").cell(), Cell::Number(1e-3));
        assert_eq!(Value::Text("0.8 MB").cell(), Cell::Words("0.8 MB"));
        assert_eq!(Value::Text("1e999").cell(), Cell::Words("1e999"));
        assert_eq!(Value::Number(f64::INFINITY).cell(), Cell::Missing);
    }
}
