//! Notation of configurations: `embed=192;layers=10;heads.1=4`, JSON and Python dictionaries.

use super::choice::INACTIVE;
use super::shipped::hwgpt;
use super::{Arch, Config};
use crate::error::nearest;
use crate::space::literal::{Literal, unquoted};

/// Name of the cell in the notation.
const CELL: &str = "cell";

impl Config {
    /// Reads a configuration.
    ///
    /// - `name=value;name=value`, in any order;
    /// - a JSON object or a Python dictionary, in which a repeated choice may be a list.
    ///
    /// Values of inactive choices are ignored. A choice that is active and not named takes its
    /// default, if it has one.
    pub(super) fn read(&self, text: &str) -> Result<Arch, String> {
        let text = unquoted(text);
        if let Some(own) = self
            .name
            .starts_with("hwgpt-")
            .then(|| hwgpt(text))
            .flatten()
        {
            return self.read(&own);
        }
        let fields = if text.starts_with('{') {
            fields(&Literal::read(text)?)?
        } else {
            self.assignments(text)?
        };
        let mut values = vec![INACTIVE; self.choices.len()];
        let mut given: Vec<Option<&str>> = vec![None; self.choices.len()];
        let mut cell = None;
        for (name, value) in &fields {
            if name == CELL && self.cell.is_some() {
                cell = Some(value);
                continue;
            }
            let Some(place) = self.place(name) else {
                return Err(self.unknown(name));
            };
            if given[place].replace(value).is_some() {
                return Err(format!("`{name}` has two values"));
            }
        }
        // A value may only be wrong where its choice is active: tables fill inactive ones with
        // anything.
        let mut wrong = None;
        for i in 0..self.choices.len() {
            if !self.is_active(i, &values) {
                continue;
            }
            values[i] = match given[i].filter(|text| !is_missing(text) || self.choices[i].has(text))
            {
                Some(text) => self.choices[i].parse(text, self.snap).unwrap_or_else(|e| {
                    wrong.get_or_insert(e);
                    0
                }),
                None => self.choices[i]
                    .default
                    .ok_or_else(|| format!("`{}` is missing", self.choices[i].name))?,
            };
            if let Some(wrong) = wrong {
                return Err(wrong);
            }
        }
        if let Some(rule) = self.broken(&values) {
            return Err(format!("the configuration breaks `{rule}`"));
        }
        let cell = match (&self.cell, cell) {
            (Some(space), Some(text)) => Some(space.parse(text).map_err(|e| format!("cell: {e}"))?),
            (Some(_), None) => return Err("`cell` is missing".into()),
            (None, _) => None,
        };
        Ok(self.join(&values, cell.as_ref()))
    }

    fn assignments(&self, text: &str) -> Result<Vec<(String, String)>, String> {
        let mut found = Vec::new();
        let mut rest = text;
        while !rest.trim().is_empty() {
            // The notation of a cell may have `;` and `=` of its own, so it comes last.
            let begin = rest.trim_start();
            if self.cell.is_some() && begin.starts_with("cell=") {
                found.push((CELL.to_owned(), begin["cell=".len()..].to_owned()));
                break;
            }
            let (field, others) = rest.split_once(';').unwrap_or((rest, ""));
            rest = others;
            if field.trim().is_empty() {
                continue;
            }
            let Some((name, value)) = field.split_once('=') else {
                return Err(format!(
                    "`{}` has no `=`; a configuration looks like `{}`",
                    field.trim(),
                    self.example()
                ));
            };
            found.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        Ok(found)
    }

    /// Returns the begin of a configuration, for errors.
    fn example(&self) -> String {
        let fields = self.choices.iter().take(3);
        let fields: Vec<String> = fields
            .map(|choice| format!("{}={}", choice.name, choice.values[0].text))
            .collect();
        let more = if self.choices.len() > 3 { ";.." } else { "" };
        fields.join(";") + more
    }

    /// Returns the place of a choice, also by the names `heads_1` and `heads[1]` of copies.
    fn place(&self, name: &str) -> Option<usize> {
        let is = |wanted: &str| self.choices.iter().position(|c| c.name == wanted);
        is(name).or_else(|| {
            let (base, copy) = match name.strip_suffix(']') {
                Some(inside) => inside.rsplit_once('[')?,
                None => name.rsplit_once('_')?,
            };
            is(&format!("{base}.{copy}"))
        })
    }

    fn unknown(&self, name: &str) -> String {
        let names: Vec<&str> = self.choices.iter().map(|c| c.name.as_str()).collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "the choices are {}",
                names[..names.len().min(24)].join(", ")
            ),
        };
        format!("no choice is called `{name}`; {hint}")
    }

    /// Writes a configuration; inactive choices are left out.
    pub(super) fn write(&self, arch: &Arch) -> String {
        let named = self.choices.iter().zip(self.values(arch));
        let mut fields: Vec<String> = named
            .filter_map(|(choice, value)| {
                let value = &choice.values[usize::from(value?)];
                Some(format!("{}={}", choice.name, value.text))
            })
            .collect();
        if let Some(cell) = &self.cell {
            fields.push(format!("{CELL}={}", cell.format(&self.cell_of(arch))));
        }
        fields.join(";")
    }
}

/// Returns true for the usual texts of a missing value: an empty field, `nan`, `none`, `null`, `na`.
fn is_missing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || ["nan", "none", "null", "na"].contains(&text.to_ascii_lowercase().as_str())
}

/// Returns the entries of a dictionary; those of a list are numbered from 1 on.
fn fields(literal: &Literal) -> Result<Vec<(String, String)>, String> {
    let Literal::Map(entries) = literal else {
        return Err("a configuration is a dictionary of choices and values".into());
    };
    let mut found = Vec::new();
    for (name, value) in entries {
        match value {
            Literal::Atom(word) => found.push((name.clone(), word.clone())),
            Literal::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    let word = item.word().ok_or_else(|| format!("`{name}` holds lists"))?;
                    found.push((format!("{name}.{}", i + 1), word.to_owned()));
                }
            }
            Literal::Map(_) => return Err(format!("`{name}` is a dictionary of its own")),
        }
    }
    Ok(found)
}
