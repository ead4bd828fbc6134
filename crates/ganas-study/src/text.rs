//! Text for people.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns true if a character would act on a terminal.
pub fn acts(c: char) -> bool {
    c.is_control() && !['\n', '\t'].contains(&c)
}

/// A text whose control characters are written out as in JSON, such as `\u001b`. Line ends and tabs
/// stay.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) {
            // Writing to a string cannot fail.
            let _ = write!(plain, "\\u{:04x}", u32::from(c));
        } else {
            plain.push(c);
        }
    }
    plain.into()
}

/// A text with all its white space narrowed to single spaces, and without control characters.
pub fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    plain(&line).into_owned()
}

/// A number as it is read: six digits that count, without trailing zeros, and whole numbers whole.
pub fn rounded(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 && size < 1e15 || !value.is_finite() {
        return value.to_string();
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{value:.3e}");
    }
    let digits = (5 - size.log10().floor() as i32).max(0) as usize;
    let text = format!("{value:.digits$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number with four digits that count.
pub fn brief(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if !(1e-3..1e5).contains(&size) => format!("{value:.2e}"),
        size => {
            let digits = (3 - size.log10().floor() as i32).max(0) as usize;
            let text = format!("{value:.digits$}");
            if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                text
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_at_a_glance() {
        for (value, text) in [
            (94.373_333_333_333_34, "94.3733"),
            (91.523_333_231_608_08, "91.5233"),
            (0.1 + 0.2, "0.3"),
            (62.4, "62.4"),
            (-0.25, "-0.25"),
            (0.0, "0"),
            (5_300_000.0, "5300000"),
            (5_300_000.7, "5300001"),
            (0.000_012_3, "1.230e-5"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(rounded(value), text);
        }
    }

    #[test]
    fn numbers_are_brief() {
        let cases = [
            (0.0, "0"),
            (94.373_33, "94.37"),
            (0.512_347, "0.5123"),
            (-0.25, "-0.25"),
            (1562.0, "1562"),
            (20_346_506.0, "2.03e7"),
            (0.000_012, "1.20e-5"),
            (100.0, "100"),
            (f64::NAN, "NaN"),
        ];
        for (value, text) in cases {
            assert_eq!(brief(value), text);
        }
    }
}
