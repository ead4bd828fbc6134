//! Notations of chains: the program's own and those of other programs.

use super::literal::{Literal, unquoted, whole};
use super::op_name::op_index;
use crate::error::counted;

/// Separators of ops in other programs.
const SEPARATORS: [char; 5] = [',', ':', '-', '|', ' '];

/// Returns the finite number that a word is.
pub(super) fn number(word: &str) -> Option<f64> {
    word.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Parser of chains.
pub(super) struct Form<'a> {
    /// Ops of the space.
    pub ops: &'a [String],
    /// Op indices allowed at each position.
    pub choices: &'a [Vec<u8>],
    /// Name of the space.
    pub space: &'a str,
    /// Numbers between the ops of a position are taken as the nearest op.
    pub snap: bool,
}

impl Form<'_> {
    /// Reads the ops of a chain.
    ///
    /// - `op;op;..`;
    /// - a list `['op', 'op', ..]`;
    /// - the same with another separator that no op's name has, such as the `64:32:16` of
    ///   NATS-Bench;
    /// - a digit a block, as in NAS-Bench-Macro's `00120321`, or a list of numbers: the names of the
    ///   ops if they are numbers, else their places among the ops, from 0 on, if all positions
    ///   have the same.
    pub fn read(&self, text: &str) -> Result<Vec<u8>, String> {
        let text = unquoted(text);
        let own: Vec<&str> = text.split(';').map(str::trim).collect();
        if own.len() == self.choices.len() && (own.len() > 1 || !Literal::begins(text)) {
            return self.named(&own).or_else(|e| self.digits(text).ok_or(e));
        }
        if Literal::begins(text) && own.len() == 1 {
            let literal = Literal::read(text)?;
            let words = literal.words().ok_or_else(|| self.length(1))?;
            if words.len() != self.choices.len() {
                return Err(self.length(words.len()));
            }
            return self.named(&words).or_else(|e| self.places(&words).ok_or(e));
        }
        for separator in SEPARATORS {
            if own.len() > 1 || self.ops.iter().any(|op| op.contains(separator)) {
                continue;
            }
            let words: Vec<&str> = (text.split(separator).map(str::trim))
                .filter(|word| separator != ' ' || !word.is_empty())
                .collect();
            if words.len() == self.choices.len() {
                return self.named(&words);
            }
        }
        self.digits(text).ok_or_else(|| self.length(own.len()))
    }

    fn named(&self, words: &[&str]) -> Result<Vec<u8>, String> {
        let read = |(i, word): (usize, &&str)| {
            let known = op_index(self.ops, word);
            if !self.snap || known.as_ref().is_ok_and(|op| self.choices[i].contains(op)) {
                return known;
            }
            self.nearest(i, word).map_or(known, Ok)
        };
        words.iter().enumerate().map(read).collect()
    }

    /// Returns the op of a position whose number is nearest to a number.
    fn nearest(&self, position: usize, word: &str) -> Option<u8> {
        let wanted = number(word)?;
        let far = |op: &u8| Some((number(&self.ops[usize::from(*op)])? - wanted).abs());
        let numeric = self.choices[position].iter().filter(|op| far(op).is_some());
        numeric
            .min_by(|a, b| far(a).partial_cmp(&far(b)).expect("the numbers are finite"))
            .copied()
    }

    /// Reads ops by their places, if all positions have the same ops and none is named by a number.
    fn places(&self, words: &[&str]) -> Option<Vec<u8>> {
        let same = self
            .choices
            .iter()
            .all(|choices| *choices == self.choices[0])
            && self.ops.iter().all(|op| op.parse::<f64>().is_err());
        (words.iter())
            .map(|word| self.choices[0].get(whole(word)?).copied().filter(|_| same))
            .collect()
    }

    /// Reads a digit a block.
    fn digits(&self, text: &str) -> Option<Vec<u8>> {
        if text.len() != self.choices.len() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let words: Vec<&str> = (0..text.len()).map(|i| &text[i..=i]).collect();
        self.named(&words).ok().or_else(|| self.places(&words))
    }

    fn length(&self, blocks: usize) -> String {
        let example: Vec<&str> = (self.choices.iter().take(3))
            .map(|choices| self.ops[usize::from(choices[0])].as_str())
            .collect();
        format!(
            "{} where the space `{}` has {}; join the ops by `;`, like `{}{}`",
            counted(blocks, "block"),
            self.space,
            self.choices.len(),
            example.join(";"),
            if self.choices.len() > 3 { ";.." } else { "" }
        )
    }
}
