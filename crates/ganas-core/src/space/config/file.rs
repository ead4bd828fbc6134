//! Space files of the kind `config`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::choice::{INACTIVE, MAX_VALUES, short};
use super::expression::{Names, Operator, compile};
use super::growth::FIRST;
use super::weights::{Confidence, log_weights};
use super::{Choice, Config, Counts, Expression, Formulas, Scale, Value};
use crate::arch::{MAX_LABELS, MAX_NODES, MAX_OPS};
use crate::error::{Error, Result, hint};
use crate::rng::Rng;
use crate::space::file::Start;
use crate::space::{Part, Sampler, SearchSpace};

/// Points of the grid of a real number, if the file has none.
const STEPS: usize = 64;

/// Configurations on which formulas are tried.
const TRIES: usize = 1000;

/// Content of a space file of this kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::space) struct ConfigFile {
    pub name: String,
    #[serde(default)]
    choice: Vec<ChoiceFile>,
    cell: Option<toml::Table>,
    #[serde(default)]
    pub metrics: BTreeMap<String, Formula>,
    #[serde(default)]
    constraints: Vec<String>,
    #[serde(default)]
    snap: bool,
    #[serde(default)]
    pub start: Start,
}

/// Condition that every configuration meets, with its text.
type Rule = (String, Expression);

/// Choices and rules.
type ChoicesAndRules = (Vec<Choice>, Vec<Rule>);

/// A formula, or a plain number.
#[derive(Deserialize)]
#[serde(untagged)]
pub(in crate::space) enum Formula {
    Text(String),
    Number(f64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceFile {
    name: String,
    values: Option<Vec<toml::Value>>,
    low: Option<toml::Value>,
    high: Option<toml::Value>,
    step: Option<toml::Value>,
    steps: Option<usize>,
    #[serde(default)]
    log: bool,
    ordered: Option<bool>,
    repeat: Option<Repeat>,
    when: Option<String>,
    default: Option<toml::Value>,
    prior: Option<toml::Value>,
    confidence: Option<Confidence>,
    weights: Option<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Repeat {
    Times(usize),
    Choice(String),
}

/// Builds the space of a file. `cell` builds the cell of its table.
///
/// # Errors
/// If the file does not describe a space.
pub(in crate::space) fn config(
    file: ConfigFile,
    cell: impl FnOnce(toml::Table) -> Result<Box<dyn SearchSpace>>,
) -> Result<Config> {
    if file.choice.is_empty() {
        return Err(Error::input("the space has no choice").mend("add a table `[[choice]]`"));
    }
    let cell = file.cell.map(cell).transpose()?;
    let (choices, rules) = choices(&file.choice, &file.constraints, cell.is_some())?;
    let positions = choices.len() + cell.as_ref().map_or(0, |cell| places(&**cell));
    if positions > MAX_OPS {
        return Err(Error::input(format!("{positions} choices are too many"))
            .mend(format!("a configuration has at most {MAX_OPS}")));
    }
    let (texts, expressions): (Vec<String>, Vec<Expression>) = rules.into_iter().unzip();
    let counts = Counts::new(&choices, &expressions)?;
    let (ops, vocabulary) = labels(&choices, cell.as_deref())?;
    let parts = parts(&choices, cell.is_some());
    let mut space = Config {
        name: file.name,
        rules: texts.into_iter().zip(expressions).collect(),
        counts,
        cell,
        costs: Formulas::default(),
        parts,
        ops,
        vocabulary,
        snap: file.snap,
        start: Vec::new(),
        choices,
    };
    if space.cell.is_some() && crate::space::Growth::max_nodes(&space) > MAX_NODES {
        return Err(Error::input("a cell beside so many choices is too large")
            .mend(format!("use at most {MAX_NODES} choices and nodes in all")));
    }
    for (name, formula) in file.metrics {
        let formula = formula_of(&space, &name, &formula)?;
        space.costs.names.push(name);
        space.costs.formulas.push(formula);
    }
    Ok(space)
}

fn places(cell: &dyn SearchSpace) -> usize {
    cell.sample(cell.samplers()[0], &mut Rng::stream(0, "cell"))
        .ops()
        .len()
}

/// Reads the choices and the constraints, sorted so that every condition looks at earlier choices.
fn choices(
    files: &[ChoiceFile],
    constraints: &[String],
    has_cell: bool,
) -> Result<ChoicesAndRules> {
    let mut singles = Vec::new();
    for (i, file) in files.iter().enumerate() {
        check_name(file, &files[..i], has_cell)?;
        singles.push(single(file)?);
    }
    let mut all = Vec::new();
    // The condition of each: the count of a repeated choice and the own text.
    let mut conditions: Vec<(Option<&str>, Option<&str>)> = Vec::new();
    for (file, choice) in files.iter().zip(&singles) {
        let when = file.when.as_deref();
        let Some(repeat) = &file.repeat else {
            all.push(choice.clone());
            conditions.push((None, when));
            continue;
        };
        let (copies, count) = copies(repeat, file, &singles)?;
        for copy in 1..=copies {
            all.push(Choice {
                name: format!("{}.{copy}", choice.name),
                copy: Some(copy),
                ..choice.clone()
            });
            conditions.push((count, when));
        }
        if all.len() > MAX_OPS {
            return Err(
                Error::input(format!("`{}`: more than {MAX_OPS} choices", file.name))
                    .mend("repeat it less often"),
            );
        }
    }
    for i in 0..all.len() {
        let (count, when) = conditions[i];
        let names = Names {
            choices: &all,
            copy: all[i].copy,
        };
        let at = |e: String| Error::input(format!("`when` of `{}`: {e}", all[i].name));
        let count = count
            .map(|count| compile(count, &names))
            .transpose()
            .map_err(at)?;
        let when = when
            .map(|when| compile(when, &names))
            .transpose()
            .map_err(at)?;
        let enough = count.map(|count| {
            let copy = Expression::Number(all[i].copy.unwrap_or(0) as f64);
            Expression::Binary(Operator::AtLeast, Box::new(count), Box::new(copy))
        });
        let and = |a, b| Expression::Binary(Operator::And, Box::new(a), Box::new(b));
        all[i].when = match (enough, when) {
            (Some(a), Some(b)) => Some(and(a, b)),
            (a, b) => a.or(b),
        };
    }
    let mut rules = Vec::new();
    for text in constraints {
        let names = Names {
            choices: &all,
            copy: None,
        };
        let rule = compile_rule(text, &names)?;
        rules.extend(rule.into_iter().map(|rule| (text.clone(), rule)));
    }
    sort(all, rules)
}

/// Compiles a constraint. One that names repeated choices holds for every copy, where it is active.
fn compile_rule(text: &str, names: &Names) -> Result<Vec<Expression>> {
    let at = |e: String| Error::input(format!("constraint `{text}`: {e}"));
    let plain = match compile(text, names) {
        Ok(rule) => vec![rule],
        Err(e) => {
            let copies = names
                .choices
                .iter()
                .filter_map(|c| c.copy)
                .max()
                .unwrap_or(0);
            let of_copy = |copy| {
                let names = Names {
                    choices: names.choices,
                    copy: Some(copy),
                };
                compile(text, &names).ok()
            };
            let rules: Vec<Expression> = (1..=copies).filter_map(of_copy).collect();
            if rules.is_empty() {
                return Err(at(e));
            }
            rules
        }
    };
    // A constraint on a choice that is not active holds.
    let guarded = plain.into_iter().map(|rule| {
        let mut needed = Vec::new();
        rule.visit_values(&mut |choice| needed.push(choice));
        needed.into_iter().fold(rule, |rule, choice| {
            let idle = Expression::Not(Box::new(Expression::Active(choice)));
            Expression::Binary(Operator::Or, Box::new(idle), Box::new(rule))
        })
    });
    Ok(guarded.collect())
}

/// Sorts the choices so that every condition looks at earlier ones, otherwise in their order.
fn sort(choices: Vec<Choice>, mut rules: Vec<Rule>) -> Result<ChoicesAndRules> {
    let mut order: Vec<usize> = Vec::new();
    let mut placed = vec![false; choices.len()];
    while order.len() < choices.len() {
        let ready = (0..choices.len()).find(|&i| {
            let mut waits = placed[i];
            if let Some(when) = &choices[i].when {
                when.visit(&mut |choice| waits |= !placed[choice]);
            }
            !waits
        });
        let Some(ready) = ready else {
            let stuck: Vec<&str> = (0..choices.len())
                .filter(|&i| !placed[i])
                .map(|i| choices[i].name.as_str())
                .take(4)
                .collect();
            return Err(Error::input(format!(
                "the conditions of `{}` depend on each other",
                stuck.join("`, `")
            ))
            .mend("let each `when` look at choices that do not depend on it"));
        };
        placed[ready] = true;
        order.push(ready);
    }
    let mut places = vec![0; choices.len()];
    order
        .iter()
        .enumerate()
        .for_each(|(place, &i)| places[i] = place);
    let mut sorted: Vec<Choice> = order.iter().map(|&i| choices[i].clone()).collect();
    for choice in &mut sorted {
        choice
            .when
            .iter_mut()
            .for_each(|when| when.renumber(&places));
    }
    rules
        .iter_mut()
        .for_each(|(_, rule)| rule.renumber(&places));
    Ok((sorted, rules))
}

fn check_name(file: &ChoiceFile, before: &[ChoiceFile], has_cell: bool) -> Result<()> {
    let name = &file.name;
    let bad = |c: char| c.is_control() || ";={}[],\"'".contains(c);
    if name.is_empty() || name.contains(bad) || name.trim() != name || name.parse::<f64>().is_ok() {
        return Err(Error::input(format!("`{}` cannot be the name of a choice", name.escape_debug()))
            .mend("names must not be empty, numbers, or contain ; = { } [ ] , quotes or control characters"));
    }
    if has_cell && name == "cell" {
        return Err(Error::input("a choice is called `cell`, like the cell").mend("rename it"));
    }
    if before.iter().any(|other| other.name == *name) {
        return Err(Error::input(format!("the choice `{name}` is there twice")).mend("rename one"));
    }
    Ok(())
}

/// Returns the number of copies, and the name of the choice that counts them.
fn copies<'a>(
    repeat: &'a Repeat,
    file: &ChoiceFile,
    singles: &[Choice],
) -> Result<(usize, Option<&'a str>)> {
    let at = |what: String| Error::input(format!("choice `{}`: {what}", file.name));
    match repeat {
        Repeat::Times(times) if *times > 0 => Ok((*times, None)),
        Repeat::Times(_) => Err(at("`repeat = 0`".into()).mend("repeat it at least once")),
        Repeat::Choice(name) => {
            let names: Vec<&str> = singles.iter().map(|c| c.name.as_str()).collect();
            let Some(count) = singles.iter().find(|c| c.name == *name) else {
                let hint = hint(name, &names, "the choices before it are");
                return Err(
                    at(format!("`repeat = \"{name}\"` names no choice before it")).mend(hint),
                );
            };
            let most = count
                .values
                .iter()
                .filter_map(|v| v.number)
                .fold(0.0, f64::max);
            if !count.is_numeric() || most < 1.0 || most > MAX_OPS as f64 {
                return Err(at(format!("`repeat = \"{name}\"` is not a count"))
                    .mend(format!("name a choice of whole numbers up to {MAX_OPS}")));
            }
            Ok((most as usize, Some(name)))
        }
    }
}

/// Reads the values of one choice.
fn single(file: &ChoiceFile) -> Result<Choice> {
    let at = |what: String| Error::input(format!("choice `{}`: {what}", file.name));
    let (mut values, mut scale) = match (&file.values, &file.low, &file.high) {
        (Some(list), None, None) if file.step.is_none() && file.steps.is_none() => listed(list),
        (None, Some(low), Some(high)) => grid(file, low, high),
        _ => {
            Err(Error::input("it needs `values`, or `low` and `high`").mend("give one of the two"))
        }
    }
    .map_err(|e| at(e.to_string()))?;
    if file.ordered == Some(true) && scale == Scale::Words {
        scale = Scale::Linear;
    }
    if file.ordered == Some(false) {
        scale = Scale::Words;
    }
    let numeric = values.iter().all(|v| v.number.is_some());
    if numeric && scale != Scale::Words {
        values.sort_by(|a, b| a.number.unwrap_or(0.0).total_cmp(&b.number.unwrap_or(0.0)));
    }
    if file.log {
        if !numeric || values[0].number.is_none_or(|least| least <= 0.0) {
            return Err(at("`log = true` needs numbers above 0".into())
                .mend("raise `low`, or leave `log` out"));
        }
        scale = Scale::Log;
    }
    if values.len() > MAX_VALUES {
        return Err(at(format!("{} values are too many", values.len()))
            .mend(format!("a choice has at most {MAX_VALUES}; use a larger `step`, or `log = true` with `steps`")));
    }
    for (i, value) in values.iter().enumerate() {
        if values[..i].iter().any(|other| other.text == value.text) {
            return Err(
                at(format!("the value `{}` is there twice", value.text)).mend("list it once")
            );
        }
    }
    let mut choice = Choice {
        name: file.name.clone(),
        values,
        scale,
        default: None,
        log_weights: Vec::new(),
        copy: None,
        when: None,
    };
    let weights = file.weights.as_deref();
    choice.log_weights = log_weights(&choice, weights, file.prior.as_ref(), file.confidence)
        .map_err(|e| at(e.to_string()))?;
    if let Some(default) = &file.default {
        let text = value_of(default).map_err(|e| at(e.to_string()))?.text;
        let default = choice
            .parse(&text, false)
            .map_err(|e| at(format!("`default`: {e}")))?;
        choice.default = Some(default);
    }
    Ok(choice)
}

pub(super) fn value_of(value: &toml::Value) -> Result<Value> {
    let (text, number) = match value {
        toml::Value::Integer(number) => (number.to_string(), Some(*number as f64)),
        toml::Value::Float(number) if number.is_finite() => (format!("{number}"), Some(*number)),
        toml::Value::Boolean(is) => (is.to_string(), Some(f64::from(u8::from(*is)))),
        toml::Value::String(word) => (word.clone(), None),
        other => {
            return Err(Error::input(format!("`{other}` cannot be a value"))
                .mend("values are numbers, words, or true and false"));
        }
    };
    let bad = |c: char| c.is_control() || ";=\"'".contains(c);
    if text.is_empty() || text.contains(bad) || text.trim() != text {
        return Err(
            Error::input(format!("`{}` cannot be a value", text.escape_debug())).mend(
                "words must not be empty or contain ; = quotes, outer blanks or control characters",
            ),
        );
    }
    Ok(Value { text, number })
}

fn listed(list: &[toml::Value]) -> Result<(Vec<Value>, Scale)> {
    if list.is_empty() {
        return Err(Error::input("`values` is empty").mend("list at least one"));
    }
    let mut values = list.iter().map(value_of).collect::<Result<Vec<_>>>()?;
    let numbers = list
        .iter()
        .filter(|v| v.is_integer() || v.is_float())
        .count();
    if numbers == list.len() {
        return Ok((values, Scale::Linear));
    }
    if !list.iter().all(toml::Value::is_bool) {
        // Words, some of which look like numbers.
        values.iter_mut().for_each(|value| value.number = None);
    }
    Ok((values, Scale::Words))
}

/// Returns the numbers from `low` to `high`.
fn grid(file: &ChoiceFile, low: &toml::Value, high: &toml::Value) -> Result<(Vec<Value>, Scale)> {
    let number = |key: &str, value: &toml::Value| {
        let number = value.as_float().or(value.as_integer().map(|i| i as f64));
        number.filter(|n| n.is_finite()).ok_or_else(|| {
            Error::input(format!("`{key} = {value}` is not a number")).mend("give a finite number")
        })
    };
    let (first, last) = (number("low", low)?, number("high", high)?);
    if first > last {
        return Err(
            Error::input(format!("`low = {low}` is above `high = {high}`")).mend("swap them"),
        );
    }
    if file.log && first <= 0.0 {
        return Err(
            Error::input(format!("`low = {low}` has no logarithm")).mend("raise it above 0")
        );
    }
    let whole = low.is_integer() && high.is_integer();
    let step = file
        .step
        .as_ref()
        .map(|step| number("step", step))
        .transpose()?;
    let numbers: Vec<f64> = match (step, file.steps) {
        (Some(_), Some(_)) => {
            return Err(Error::input("it has `step` and `steps`").mend("give one of the two"));
        }
        (Some(step), None) if step <= 0.0 || file.log => {
            return Err(
                Error::input("`step` must be above 0, and is not for a log scale")
                    .mend("use `steps`, the number of points"),
            );
        }
        (step, None) if !file.log && (whole || step.is_some()) => {
            let step = step.unwrap_or(1.0);
            let count = ((last - first) / step + 1e-9).floor();
            if count > 1e6 {
                return Err(Error::input("the range has more than a million values")
                    .mend("use a larger `step`"));
            }
            (0..=count as usize)
                .map(|i| first + i as f64 * step)
                .collect()
        }
        (_, steps) => {
            let steps = steps.unwrap_or(STEPS);
            if !(2..=MAX_VALUES).contains(&steps) && first < last {
                return Err(Error::input(format!("`steps = {steps}` is out of range"))
                    .mend(format!("use 2 to {MAX_VALUES}")));
            }
            let point = |i: usize| {
                let share = i as f64 / (steps - 1).max(1) as f64;
                let scaled = |x: f64| if file.log { x.ln() } else { x };
                let at = scaled(first) + share * (scaled(last) - scaled(first));
                if file.log { at.exp() } else { at }
            };
            let points = (0..steps).map(point);
            points.map(|x| if whole { x.round() } else { x }).collect()
        }
    };
    let mut values: Vec<Value> = Vec::new();
    for number in numbers {
        let text = short(number);
        let number = text.parse().unwrap_or(number);
        // Points of a narrow range, rounded, may coincide.
        if values.last().is_none_or(|last| last.text != text) {
            values.push(Value {
                text,
                number: Some(number),
            });
        }
    }
    Ok((values, Scale::Linear))
}

/// Compiles the formula of a metric, and tries it on random configurations.
fn formula_of(space: &Config, metric: &str, formula: &Formula) -> Result<Expression> {
    let text = match formula {
        Formula::Number(number) => return Ok(Expression::Number(*number)),
        Formula::Text(text) => text,
    };
    let at = |e: String| Error::input(format!("metric `{metric}`: {e}"));
    let names = Names {
        choices: &space.choices,
        copy: None,
    };
    let expression = compile(text, &names).map_err(at)?;
    let mut rng = Rng::stream(0, "formulas");
    for _ in 0..TRIES {
        let arch = space.sample(Sampler::Uniform, &mut rng);
        if expression.evaluate(&space.choices, arch.ops()).is_finite() {
            continue;
        }
        let mut idle = None;
        expression.visit_values(&mut |choice| {
            if arch.ops()[choice] == INACTIVE {
                idle = Some(&space.choices[choice].name);
            }
        });
        let example = space.format(&arch);
        return Err(match idle {
            Some(idle) => at(format!("`{idle}` is not active in `{example}`"))
                .mend(format!("use `default({idle}, 0)`")),
            None => at(format!("it is not a finite number in `{example}`"))
                .mend("look for a division by zero or a logarithm of zero"),
        });
    }
    Ok(expression)
}

/// Returns the names of the ops of an architecture and of the labels of graphs.
fn labels(
    choices: &[Choice],
    cell: Option<&dyn SearchSpace>,
) -> Result<(Vec<String>, Vec<String>)> {
    let most = choices.iter().map(|c| c.values.len()).max().unwrap_or(0);
    let ops: Vec<String> = (0..most).map(|i| format!("value {i}")).collect();
    let mut vocabulary: Vec<String> = ["input", "output", "inactive"].map(str::to_owned).into();
    debug_assert_eq!(vocabulary.len(), usize::from(FIRST));
    vocabulary.extend(ops.iter().cloned());
    if let Some(cell) = cell {
        vocabulary.push("cell".into());
        vocabulary.extend(cell.ops().iter().cloned());
    }
    if vocabulary.len() > MAX_LABELS {
        return Err(
            Error::input("the choices and the cell have too many values")
                .mend("use fewer `steps`, or fewer ops in the cell"),
        );
    }
    Ok((ops, vocabulary))
}

/// Returns the columns of a table with one column a choice.
fn parts(choices: &[Choice], has_cell: bool) -> Vec<Part> {
    let before = |i: usize, name: &str| format!("{}{name}=", if i == 0 { "" } else { ";" });
    let part = |(i, choice): (usize, &Choice)| Part {
        before: before(i, &choice.name),
        column: choice.name.clone(),
        aliases: choice.copy.map_or(Vec::new(), |copy| {
            let base = choice.base();
            vec![format!("{base}_{copy}"), format!("{base}[{copy}]")]
        }),
        optional: choice.when.is_some() || choice.default.is_some(),
    };
    let cell = has_cell.then(|| Part {
        before: before(choices.len(), "cell"),
        column: "cell".into(),
        aliases: Vec::new(),
        optional: false,
    });
    choices.iter().enumerate().map(part).chain(cell).collect()
}
