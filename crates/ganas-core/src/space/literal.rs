//! Parser of values as other programs print them: JSON, Python literals, NumPy arrays and named
//! tuples.

/// Deepest nesting that is read.
const DEPTH: usize = 12;

/// Parsed value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    /// Number or text without quotes.
    Atom(String),
    /// List, tuple, array or range.
    List(Vec<Literal>),
    /// Dictionary, or the arguments of a named tuple or an object. A value without a name has an
    /// empty key.
    Map(Vec<(String, Literal)>),
}

impl Literal {
    /// Returns true if a text begins as a list, a dictionary or a call such as `Genotype(`.
    pub fn begins(text: &str) -> bool {
        let text = text.trim_start();
        let rest = text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_.".contains(c));
        text.starts_with(['[', '(', '{']) || (rest.len() < text.len() && rest.starts_with('('))
    }

    /// Reads a whole text.
    ///
    /// # Errors
    /// If it is not one value. The error names the place of the fault.
    pub fn read(text: &str) -> Result<Literal, String> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        match reader.peek() {
            None => Ok(value),
            Some(_) => Err(format!("`{}` after the end; remove it", reader.rest())),
        }
    }

    /// Returns the items of a list.
    pub fn list(&self) -> Option<&[Literal]> {
        match self {
            Literal::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the text of an atom.
    pub fn word(&self) -> Option<&str> {
        match self {
            Literal::Atom(word) => Some(word),
            _ => None,
        }
    }

    /// Returns the texts of a list of atoms.
    pub fn words(&self) -> Option<Vec<&str>> {
        self.list()?.iter().map(Literal::word).collect()
    }

    /// Returns the value of an atom that is a whole number from 0 on, as `6` or `6.0`.
    pub fn number(&self) -> Option<usize> {
        whole(self.word()?)
    }

    /// Returns the numbers of a list.
    pub fn numbers(&self) -> Option<Vec<usize>> {
        self.list()?.iter().map(Literal::number).collect()
    }

    /// Returns the value of the first of these keys that a dictionary has.
    pub fn get(&self, keys: &[&str]) -> Option<&Literal> {
        let Literal::Map(fields) = self else {
            return None;
        };
        (keys.iter()).find_map(|key| Some(&fields.iter().find(|(name, _)| name == key)?.1))
    }
}

/// Parses a whole number from 0 on, as `6` or `6.0`.
pub(super) fn whole(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = match text.split_once('.') {
        Some((digits, zeros)) if zeros.chars().all(|c| c == '0') => digits,
        Some(_) => return None,
        None => text,
    };
    digits.parse().ok()
}

/// Removes the quotes around a text.
pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = |quote| text.strip_prefix(quote)?.strip_suffix(quote);
    match inner('"').or_else(|| inner('\'')) {
        Some(inside) if !inside.contains(['"', '\'']) => inside.trim(),
        _ => text,
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    /// Returns the rest of the text, cut short.
    fn rest(&self) -> String {
        self.text[self.at..].chars().take(20).collect()
    }

    /// Returns the next character that is not blank.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    /// Takes the next character if it is this one.
    fn takes(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn value(&mut self, depth: usize) -> Result<Literal, String> {
        if depth > DEPTH {
            return Err(format!("it is nested more than {DEPTH} deep"));
        }
        match self.peek() {
            Some('[') => Ok(Literal::List(values(self.items(']', depth)?))),
            Some('(') => Ok(Literal::List(values(self.items(')', depth)?))),
            Some('{') => Ok(Literal::Map(self.items('}', depth)?)),
            Some(_) => {
                let quoted = matches!(self.peek(), Some('\'' | '"'));
                let word = self.word()?;
                if quoted || !self.text[self.at..].starts_with('(') {
                    return Ok(Literal::Atom(word));
                }
                let arguments = self.items(')', depth)?;
                call(&word, arguments)
            }
            None => Err("it ends too early".into()),
        }
    }

    /// Takes the items up to a closing bracket, with the names of those that have one. The opening
    /// bracket is taken already. Commas may be blanks, as NumPy prints arrays.
    fn items(&mut self, close: char, depth: usize) -> Result<Vec<(String, Literal)>, String> {
        let opened = self.rest();
        self.at += 1;
        let mut items = Vec::new();
        loop {
            if self.takes(close) {
                return Ok(items);
            }
            if self.peek().is_none() {
                return Err(format!("`{opened}` is not closed by `{close}`"));
            }
            let mut value = self.value(depth + 1)?;
            let mut name = String::new();
            if let (Literal::Atom(key), Some(':' | '=')) = (&value, self.peek()) {
                name = key.clone();
                self.at += 1;
                value = self.value(depth + 1)?;
            }
            items.push((name, value));
            self.takes(',');
        }
    }

    /// Takes a word, quoted or not.
    fn word(&mut self) -> Result<String, String> {
        let begun = self.rest();
        let mut chars = self.text[self.at..].char_indices().peekable();
        let quote = chars.next_if(|(_, c)| ['\'', '"'].contains(c));
        let mut word = String::new();
        while let Some((i, c)) = chars.next() {
            match quote {
                Some((_, quote)) if c == quote => {
                    self.at += i + c.len_utf8();
                    return Ok(word);
                }
                Some(_) if c == '\\' => word.extend(chars.next().map(|(_, c)| c)),
                None if c.is_whitespace() || "[](){},:='\"".contains(c) => {
                    self.at += i;
                    return match i {
                        0 => Err(format!("`{begun}` is not expected here")),
                        _ => Ok(word),
                    };
                }
                _ => word.push(c),
            }
        }
        match quote {
            Some(_) => Err(format!("`{begun}` has no closing quote")),
            None => {
                self.at = self.text.len();
                Ok(word)
            }
        }
    }
}

fn values(items: Vec<(String, Literal)>) -> Vec<Literal> {
    items.into_iter().map(|(_, value)| value).collect()
}

/// Evaluates a call.
fn call(name: &str, mut arguments: Vec<(String, Literal)>) -> Result<Literal, String> {
    let name = name.rsplit('.').next().unwrap_or(name);
    let wraps = ["array", "tensor", "list", "tuple", "OrderedDict", "str_"].contains(&name)
        || name.starts_with("int")
        || name.starts_with("float");
    if name == "range" {
        let bounds: Option<Vec<usize>> = arguments.iter().map(|(_, a)| a.number()).collect();
        let (from, to) = match bounds.as_deref() {
            Some([to]) => (0, *to),
            Some([from, to]) => (*from, *to),
            _ => return Err("`range` needs one or two numbers".into()),
        };
        let items = (from..to.min(from + 1000)).map(|i| Literal::Atom(i.to_string()));
        return Ok(Literal::List(items.collect()));
    }
    if wraps && !arguments.is_empty() {
        return Ok(arguments.swap_remove(0).1);
    }
    Ok(Literal::Map(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Literal {
        Literal::read(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    #[test]
    fn one_matrix_in_the_ways_of_json_python_and_numpy() {
        let matrix = read("[[0, 1], [0, 0]]");
        for text in [
            "((0, 1), (0, 0))",
            "[[0 1]\n [0 0]]",
            "array([[0, 1],\n       [0, 0]])",
            "np.array([[0, 1], [0, 0]], dtype=int8)",
            "[range(2), (np.int64(0), 0)]",
        ] {
            assert_eq!(read(text), matrix, "{text}");
        }
        let rows: Vec<_> = matrix
            .list()
            .unwrap()
            .iter()
            .map(Literal::numbers)
            .collect();
        assert_eq!(rows, [Some(vec![0, 1]), Some(vec![0, 0])]);
    }

    #[test]
    fn dictionaries_and_named_tuples_have_fields() {
        for text in [
            r#"{"ks": [3, 5], "wid": null}"#,
            "{'ks': [3, 5], 'wid': None}",
            "Sample(ks=[3, 5], wid=None)",
        ] {
            let value = read(text);
            assert_eq!(
                value.get(&["ks"]).and_then(Literal::numbers),
                Some(vec![3, 5])
            );
            assert!(value.get(&["wid"]).and_then(Literal::word).is_some());
        }
        assert_eq!(read(r"'a\'b'"), Literal::Atom("a'b".into()));
    }

    #[test]
    fn faults_are_named() {
        for (text, what) in [
            ("[1, 2", "`[1, 2` is not closed by `]`"),
            ("[1)", "`)` is not expected here"),
            ("['a", "`'a` has no closing quote"),
            ("[1] 2", "`2` after the end"),
            ("", "it ends too early"),
            ("range('a')", "`range` needs"),
        ] {
            let said = Literal::read(text).unwrap_err();
            assert!(said.contains(what), "{text}: {said}");
        }
        let deep = "[".repeat(10_000);
        assert!(Literal::read(&deep).unwrap_err().contains("nested"));
    }
}
