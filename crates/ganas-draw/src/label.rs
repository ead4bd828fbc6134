//! Text that others wrote, made fit to be drawn.

use unicode_width::UnicodeWidthStr;

/// The text with a replacement character for each that no terminal or XML document may hold:
/// control characters, invisible ones that turn the direction of text, and noncharacters.
pub fn clean(text: &str) -> String {
    let unfit = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    (text.chars())
        .map(|c| if unfit(c) { '\u{fffd}' } else { c })
        .collect()
}

/// The columns that a text takes in a monospace font.
pub fn columns(text: &str) -> usize {
    text.width()
}

/// The text, with an ellipsis for its middle if it is wider than `most` columns (at least 3).
pub fn clip(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(1);
    let (head, tail) = (room - room / 2, room / 2);
    // The longest prefix of the characters that fits.
    let fit = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let mut kept = String::new();
        for c in chars {
            kept.push(c);
            if columns(&kept) > room {
                kept.pop();
                break;
            }
        }
        kept
    };
    let head = fit(&mut text.chars(), head);
    let tail = fit(&mut text.chars().rev(), tail);
    let tail: String = tail.chars().rev().collect();
    format!("{head}…{tail}")
}

/// The text and blanks up to a width.
pub fn pad(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// The text for XML, as content or within quotes.
pub fn xml(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The text as a quoted string of DOT, in which every character stands for itself.
pub fn dot(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_keeps_both_ends_and_counts_columns() {
        assert_eq!(clip("abcdefgh", 8), "abcdefgh");
        assert_eq!(clip("abcdefgh", 5), "ab…gh");
        // Two columns a character.
        let wide = clip("構造探索構造", 6);
        assert_eq!((wide.as_str(), columns(&wide)), ("構…造", 5));
    }

    #[test]
    fn what_cannot_be_printed_is_replaced() {
        assert_eq!(
            clean("a\u{1b}[1mb\nc\u{202e}"),
            "a\u{fffd}[1mb\u{fffd}c\u{fffd}"
        );
        assert_eq!(xml("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
        assert_eq!(dot("a\"b\\n"), "\"a\\\"b\\\\n\"");
    }
}
