//! Notations of node cells: the program's own and those of other programs.

use crate::space::literal::{Literal, unquoted};

/// Names of the adjacency matrix and of the ops in the dictionaries of other programs.
const MATRIX: [&str; 5] = [
    "module_adjacency",
    "adjacency",
    "matrix",
    "original_matrix",
    "adjacency_matrix",
];
const OPS: [&str; 6] = [
    "module_operations",
    "operations",
    "ops",
    "original_ops",
    "labels",
    "nodes",
];

/// Cell as it is written: names of ops, and the adjacency matrix.
pub(super) struct Written {
    /// Names of the ops.
    pub ops: Vec<String>,
    /// Bits of the adjacency matrix, row by row: the upper triangle, or all of it.
    pub bits: Vec<bool>,
}

/// Reads a cell in one of these forms:
///
/// - `op;op;..|bits`; either side may be a list, as columns of a table have it: `['input', ..]` and
///   `[[0, 1, ..], ..]`, or NumPy's output;
/// - a dictionary with `module_adjacency` and `module_operations` or like names, as JSON, as Python
///   prints it, or as `ModelSpec(matrix=.., ops=..)`;
/// - a pair of the matrix and the ops, in either order.
pub(super) fn read(text: &str) -> Result<Written, String> {
    let text = unquoted(text);
    if let Some((ops, matrix)) = text.split_once('|') {
        return Ok(Written {
            ops: read_ops(ops)?,
            bits: read_bits(matrix)?,
        });
    }
    let unknown = "a cell is written `input;op;...;output|adjacency bits`, or as a dictionary with \
                   `module_adjacency` and `module_operations`";
    if !Literal::begins(text) {
        return Err(unknown.into());
    }
    let value = Literal::read(text)?;
    let pair = match &value {
        Literal::List(items) => match &items[..] {
            [a, b] if b.words().is_none() => Some((b, a)),
            [a, b] if a.words().is_none() => Some((a, b)),
            _ => None,
        },
        map => map.get(&MATRIX).zip(map.get(&OPS)),
    };
    let (matrix, ops) = pair.ok_or(unknown)?;
    Ok(Written {
        ops: names(ops).ok_or(unknown)?,
        bits: bits(matrix)?,
    })
}

fn read_ops(text: &str) -> Result<Vec<String>, String> {
    let text = unquoted(text);
    if Literal::begins(text) {
        let literal = Literal::read(text)?;
        return names(&literal).ok_or_else(|| format!("`{text}` is not a list of ops"));
    }
    let separator = if text.contains(';') { ';' } else { ',' };
    let names = text.split(separator).map(str::trim);
    Ok(names.filter(|n| !n.is_empty()).map(str::to_owned).collect())
}

fn names(literal: &Literal) -> Option<Vec<String>> {
    Some(literal.words()?.into_iter().map(str::to_owned).collect())
}

fn read_bits(text: &str) -> Result<Vec<bool>, String> {
    let text = unquoted(text);
    if Literal::begins(text) {
        return bits(&Literal::read(text)?);
    }
    let plain = |c: &char| !c.is_whitespace() && !",;".contains(*c);
    text.chars().filter(plain).map(bit).collect()
}

fn bit(c: char) -> Result<bool, String> {
    match c {
        '0' => Ok(false),
        '1' => Ok(true),
        c => Err(format!("adjacency has `{c}` where only 0 and 1 may stand")),
    }
}

/// Reads the bits of a matrix: a list of rows, a list of numbers, or the bits as one text.
fn bits(matrix: &Literal) -> Result<Vec<bool>, String> {
    match matrix {
        Literal::Atom(text) => text.chars().map(bit).collect(),
        Literal::List(items) => {
            let mut all = Vec::new();
            for item in items {
                match (item, item.number()) {
                    (Literal::List(_), _) => all.extend(bits(item)?),
                    (_, Some(number @ (0 | 1))) => all.push(number == 1),
                    (other, _) => {
                        let shown = other.word().unwrap_or("a dictionary");
                        return Err(format!(
                            "adjacency has `{shown}` where only 0 and 1 may stand"
                        ));
                    }
                }
            }
            Ok(all)
        }
        Literal::Map(_) => Err("the adjacency is a dictionary; give a list of rows".into()),
    }
}
