//! Expressions over the choices of a configuration: conditions such as `optimizer == sgd and
//! layers > 2`, and formulas such as `layers * 12 * embed^2`.

use super::choice::{Choice, INACTIVE};
use crate::error::{hint, nearest};

/// Compiled expression. Truth is 1 and 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    /// Value of a choice; NaN if it is inactive.
    Value(usize),
    /// Value of a choice, or another expression if it is inactive.
    ValueOr(usize, Box<Expression>),
    /// A choice is active and has one of these values.
    Is(usize, Vec<bool>),
    Active(usize),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
    Function(Function, Vec<Expression>),
    /// Fold over the active choices of a repeated choice.
    Fold(Fold, Vec<usize>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    AtMost,
    AtLeast,
    Below,
    Above,
    Plus,
    Minus,
    Times,
    Over,
    Power,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    Min,
    Max,
    Log,
    Log2,
    Log10,
    Exp,
    Sqrt,
    Floor,
    Ceil,
    Abs,
    If,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fold {
    Sum,
    Mean,
    Least,
    Most,
    Count,
}

impl Expression {
    /// Evaluates the expression on the values of the choices.
    pub fn evaluate(&self, choices: &[Choice], ops: &[u8]) -> f64 {
        let truth = |is: bool| f64::from(u8::from(is));
        match self {
            Expression::Number(number) => *number,
            Expression::Value(choice) => choices[*choice].number(ops[*choice]),
            Expression::ValueOr(choice, other) if ops[*choice] == INACTIVE => {
                other.evaluate(choices, ops)
            }
            Expression::ValueOr(choice, _) => choices[*choice].number(ops[*choice]),
            Expression::Is(choice, values) => {
                truth(values.get(usize::from(ops[*choice])) == Some(&true))
            }
            Expression::Active(choice) => truth(ops[*choice] != INACTIVE),
            Expression::Not(inner) => truth(!is_true(inner.evaluate(choices, ops))),
            Expression::Negative(inner) => -inner.evaluate(choices, ops),
            Expression::Binary(operator, a, b) => {
                operator.apply(a.evaluate(choices, ops), || b.evaluate(choices, ops))
            }
            Expression::Function(function, arguments) => {
                let values: Vec<f64> = arguments.iter().map(|e| e.evaluate(choices, ops)).collect();
                function.apply(&values)
            }
            Expression::Fold(fold, members) => {
                let active = members.iter().filter(|&&m| ops[m] != INACTIVE);
                fold.apply(active.map(|&m| choices[m].number(ops[m])))
            }
        }
    }

    /// The parts that have expressions of their own.
    fn parts(&self) -> Vec<&Expression> {
        match self {
            Expression::ValueOr(_, inner)
            | Expression::Not(inner)
            | Expression::Negative(inner) => vec![inner],
            Expression::Binary(_, a, b) => vec![a, b],
            Expression::Function(_, arguments) => arguments.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Calls `visit` with every choice that the expression looks at.
    pub fn visit(&self, visit: &mut dyn FnMut(usize)) {
        match self {
            Expression::Value(choice)
            | Expression::ValueOr(choice, _)
            | Expression::Is(choice, _)
            | Expression::Active(choice) => visit(*choice),
            Expression::Fold(_, members) => members.iter().for_each(|m| visit(*m)),
            _ => {}
        }
        self.parts().into_iter().for_each(|part| part.visit(visit));
    }

    /// Calls `visit` with every choice whose plain value the expression needs. The alternatives of `if`
    /// may name choices that are not active in the other case.
    pub fn visit_values(&self, visit: &mut dyn FnMut(usize)) {
        if let Expression::Value(choice) = self {
            visit(*choice);
        }
        let mut parts = self.parts();
        if let Expression::Function(Function::If, _) = self {
            parts.truncate(1);
        }
        parts.into_iter().for_each(|part| part.visit_values(visit));
    }

    /// Renumbers the choices.
    pub fn renumber(&mut self, places: &[usize]) {
        match self {
            Expression::Number(_) => {}
            Expression::Value(choice) | Expression::Is(choice, _) | Expression::Active(choice) => {
                *choice = places[*choice];
            }
            Expression::ValueOr(choice, other) => {
                *choice = places[*choice];
                other.renumber(places);
            }
            Expression::Not(inner) | Expression::Negative(inner) => inner.renumber(places),
            Expression::Binary(_, a, b) => {
                a.renumber(places);
                b.renumber(places);
            }
            Expression::Function(_, arguments) => {
                arguments.iter_mut().for_each(|e| e.renumber(places));
            }
            Expression::Fold(_, members) => members.iter_mut().for_each(|m| *m = places[*m]),
        }
    }
}

/// Returns true for every number but 0 and NaN.
pub(super) fn is_true(value: f64) -> bool {
    value != 0.0 && !value.is_nan()
}

impl Operator {
    fn apply(self, a: f64, b: impl Fn() -> f64) -> f64 {
        let truth = |is: bool| f64::from(u8::from(is));
        match self {
            Operator::Or => truth(is_true(a) || is_true(b())),
            Operator::And => truth(is_true(a) && is_true(b())),
            Operator::Equal => truth(a == b()),
            Operator::Unequal => {
                let b = b();
                truth(a != b && !a.is_nan() && !b.is_nan())
            }
            Operator::AtMost => truth(a <= b()),
            Operator::AtLeast => truth(a >= b()),
            Operator::Below => truth(a < b()),
            Operator::Above => truth(a > b()),
            Operator::Plus => a + b(),
            Operator::Minus => a - b(),
            Operator::Times => a * b(),
            Operator::Over => a / b(),
            Operator::Power => a.powf(b()),
        }
    }

    /// The strength with which the operator binds.
    fn strength(self) -> u8 {
        match self {
            Operator::Or => 1,
            Operator::And => 2,
            Operator::Plus | Operator::Minus => 5,
            Operator::Times | Operator::Over => 6,
            Operator::Power => 8,
            _ => 4,
        }
    }
}

impl Function {
    const ALL: [(&'static str, Function, usize); 11] = [
        ("min", Function::Min, 2),
        ("max", Function::Max, 2),
        ("log", Function::Log, 1),
        ("log2", Function::Log2, 1),
        ("log10", Function::Log10, 1),
        ("exp", Function::Exp, 1),
        ("sqrt", Function::Sqrt, 1),
        ("floor", Function::Floor, 1),
        ("ceil", Function::Ceil, 1),
        ("abs", Function::Abs, 1),
        ("if", Function::If, 3),
    ];

    fn apply(self, values: &[f64]) -> f64 {
        match self {
            Function::Min => values[0].min(values[1]),
            Function::Max => values[0].max(values[1]),
            Function::Log => values[0].ln(),
            Function::Log2 => values[0].log2(),
            Function::Log10 => values[0].log10(),
            Function::Exp => values[0].exp(),
            Function::Sqrt => values[0].sqrt(),
            Function::Floor => values[0].floor(),
            Function::Ceil => values[0].ceil(),
            Function::Abs => values[0].abs(),
            Function::If if is_true(values[0]) => values[1],
            Function::If => values[2],
        }
    }
}

impl Fold {
    const ALL: [(&'static str, Fold); 5] = [
        ("sum", Fold::Sum),
        ("mean", Fold::Mean),
        ("least", Fold::Least),
        ("most", Fold::Most),
        ("count", Fold::Count),
    ];

    fn apply(self, values: impl Iterator<Item = f64>) -> f64 {
        let values: Vec<f64> = values.collect();
        let sum = values.iter().sum::<f64>();
        match self {
            Fold::Sum => sum,
            // Of none it is 0, like their sum.
            Fold::Mean => sum / values.len().max(1) as f64,
            Fold::Least => values.into_iter().reduce(f64::min).unwrap_or(0.0),
            Fold::Most => values.into_iter().reduce(f64::max).unwrap_or(0.0),
            Fold::Count => values.len() as f64,
        }
    }
}

/// A word of the text of an expression.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Name(String),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 17] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "=", "+", "-", "*", "/", "^", "(", ")", ",",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first.is_ascii_digit() || first == '.' {
            number(rest)?
        } else if first == '"' || first == '\'' {
            let inside = rest[1..].split(first).next().unwrap_or_default();
            if rest.len() < inside.len() + 2 {
                return Err(format!("`{rest}` has no closing quote"));
            }
            (Token::Name(inside.to_owned()), inside.len() + 2)
        } else if first.is_alphanumeric() || first == '_' {
            let is_part = |c: char| c.is_alphanumeric() || "_.".contains(c);
            let name: String = rest.chars().take_while(|c| is_part(*c)).collect();
            let length = name.len();
            (Token::Name(name), length)
        } else {
            let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol));
            let symbol = symbol.ok_or_else(|| format!("`{first}` is not understood"))?;
            (Token::Symbol(symbol), symbol.len())
        };
        found.push(token);
        rest = rest[length..].trim_start();
    }
    Ok(found)
}

fn number(text: &str) -> Result<(Token, usize), String> {
    let mut length = 0;
    let bytes = text.as_bytes();
    while length < bytes.len() {
        let exponent = length > 0 && matches!(bytes[length - 1], b'e' | b'E');
        match bytes[length] {
            b'0'..=b'9' | b'.' | b'e' | b'E' | b'_' => {}
            b'+' | b'-' if exponent => {}
            _ => break,
        }
        length += 1;
    }
    let digits = text[..length].replace('_', "");
    let value = digits
        .parse()
        .map_err(|_| format!("`{digits}` is not a number"))?;
    Ok((Token::Number(value), length))
}

/// Names that an expression may use.
pub(super) struct Names<'a> {
    pub choices: &'a [Choice],
    /// The copy that a condition of a repeated choice belongs to, from 1 on.
    pub copy: Option<usize>,
}

impl Names<'_> {
    /// Returns the choice of a name. In a repeated choice, another repeated choice means its copy
    /// of the same number.
    fn find(&self, name: &str) -> Option<usize> {
        let exact = |name: &str| self.choices.iter().position(|c| c.name == name);
        exact(name).or_else(|| exact(&format!("{name}.{}", self.copy?)))
    }

    fn members(&self, name: &str) -> Vec<usize> {
        let is_member = |i: &usize| self.choices[*i].base() == name;
        (0..self.choices.len()).filter(is_member).collect()
    }

    fn unknown(&self, name: &str) -> String {
        let names: Vec<&str> = self.choices.iter().map(|c| c.name.as_str()).collect();
        let bases: Vec<&str> = self.choices.iter().map(Choice::base).collect();
        if bases.contains(&name) {
            return format!(
                "`{name}` is repeated; use a copy such as `{name}.1`, or `sum({name})`"
            );
        }
        let hint = match nearest(name, names.iter().chain(&bases).copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name a choice of the space".to_owned(),
        };
        format!("no choice is called `{name}`; {hint}")
    }
}

/// Compiles an expression.
///
/// # Errors
/// If it cannot be read, or names what the space does not have.
pub(super) fn compile(text: &str, names: &Names) -> Result<Expression, String> {
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        names,
    };
    let expression = parser.binary(0)?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err(format!("{} is not expected", shown(token))),
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Number(number) => format!("`{number}`"),
        Token::Name(name) => format!("`{name}`"),
        Token::Symbol(symbol) => format!("`{symbol}`"),
    }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    names: &'a Names<'a>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn operator(&self) -> Option<Operator> {
        Some(match self.peek()? {
            Token::Symbol("||") => Operator::Or,
            Token::Symbol("&&") => Operator::And,
            Token::Symbol("==" | "=") => Operator::Equal,
            Token::Symbol("!=") => Operator::Unequal,
            Token::Symbol("<=") => Operator::AtMost,
            Token::Symbol(">=") => Operator::AtLeast,
            Token::Symbol("<") => Operator::Below,
            Token::Symbol(">") => Operator::Above,
            Token::Symbol("+") => Operator::Plus,
            Token::Symbol("-") => Operator::Minus,
            Token::Symbol("*") => Operator::Times,
            Token::Symbol("/") => Operator::Over,
            Token::Symbol("^") => Operator::Power,
            Token::Name(name) if name == "or" => Operator::Or,
            Token::Name(name) if name == "and" => Operator::And,
            _ => return None,
        })
    }

    fn takes(&mut self, symbol: &'static str) -> bool {
        let found = self.peek() == Some(&Token::Symbol(symbol));
        self.at += usize::from(found);
        found
    }

    fn binary(&mut self, least: u8) -> Result<Expression, String> {
        let mut left = self.unary()?;
        while let Some(operator) = self.operator().filter(|o| o.strength() > least) {
            self.at += 1;
            // A power binds to the right, everything else to the left.
            let inner = operator.strength() - u8::from(operator == Operator::Power);
            if let Some(is) = self.is_word(&left, operator)? {
                left = is;
                continue;
            }
            let right = self.binary(inner)?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    /// Reads the word on the right of `choice == word`.
    fn is_word(
        &mut self,
        left: &Expression,
        operator: Operator,
    ) -> Result<Option<Expression>, String> {
        let (Expression::Value(choice), Operator::Equal | Operator::Unequal) = (left, operator)
        else {
            return Ok(None);
        };
        let (choice, own) = (*choice, &self.names.choices[*choice]);
        let Some(Token::Name(word)) = self.peek().cloned() else {
            return Ok(None);
        };
        let Some(value) = own.values.iter().position(|v| v.text == word) else {
            if own.is_numeric() {
                return Ok(None);
            }
            let words: Vec<&str> = own.values.iter().map(|v| v.text.as_str()).collect();
            let hint = hint(&word, &words, "its values are");
            return Err(format!("`{}` has no value `{word}`; {hint}", own.name));
        };
        self.at += 1;
        let is = |i| (i == value) == (operator == Operator::Equal);
        let values = (0..own.values.len()).map(is).collect();
        Ok(Some(Expression::Is(choice, values)))
    }

    fn unary(&mut self) -> Result<Expression, String> {
        let Some(token) = self.peek().cloned() else {
            return Err("the expression ends too early".into());
        };
        self.at += 1;
        match token {
            Token::Number(number) => Ok(Expression::Number(number)),
            Token::Symbol("-") => Ok(Expression::Negative(Box::new(self.binary(7)?))),
            Token::Symbol("(") => {
                let inner = self.binary(0)?;
                self.close()?;
                Ok(inner)
            }
            Token::Name(name) if name == "not" => Ok(Expression::Not(Box::new(self.binary(3)?))),
            Token::Name(name) if name == "true" => Ok(Expression::Number(1.0)),
            Token::Name(name) if name == "false" => Ok(Expression::Number(0.0)),
            Token::Name(name) if self.takes("(") => self.call(&name),
            Token::Name(name) => match self.names.find(&name) {
                Some(choice) => Ok(Expression::Value(choice)),
                None => Err(self.names.unknown(&name)),
            },
            token => Err(format!("{} is not expected", shown(&token))),
        }
    }

    fn close(&mut self) -> Result<(), String> {
        if self.takes(")") {
            return Ok(());
        }
        Err("a `)` is missing".into())
    }

    fn call(&mut self, name: &str) -> Result<Expression, String> {
        let fold = Fold::ALL.iter().find(|(known, _)| *known == name);
        if fold.is_some() || name == "active" || name == "default" {
            let Some(Token::Name(of)) = self.peek().cloned() else {
                return Err(format!("`{name}` needs the name of a choice"));
            };
            self.at += 1;
            if let Some((_, fold)) = fold {
                let members = self.names.members(&of);
                if members.is_empty() {
                    return Err(self.names.unknown(&of));
                }
                self.close()?;
                return Ok(Expression::Fold(*fold, members));
            }
            let choice = self
                .names
                .find(&of)
                .ok_or_else(|| self.names.unknown(&of))?;
            if name == "active" {
                self.close()?;
                return Ok(Expression::Active(choice));
            }
            if !self.takes(",") {
                return Err(format!("`default({of})` needs a second number"));
            }
            let other = self.binary(0)?;
            self.close()?;
            return Ok(Expression::ValueOr(choice, Box::new(other)));
        }
        let Some((_, function, count)) = Function::ALL.iter().find(|(known, ..)| *known == name)
        else {
            let names = Function::ALL.iter().map(|(name, ..)| *name);
            let folds = Fold::ALL.iter().map(|(name, _)| *name);
            let known: Vec<&str> = names.chain(folds).chain(["active", "default"]).collect();
            let hint = hint(name, &known, "the functions are");
            return Err(format!("no function is called `{name}`; {hint}"));
        };
        let mut arguments = vec![self.binary(0)?];
        while self.takes(",") {
            arguments.push(self.binary(0)?);
        }
        self.close()?;
        if arguments.len() != *count {
            return Err(format!(
                "`{name}` takes {count} numbers, not {}",
                arguments.len()
            ));
        }
        Ok(Expression::Function(*function, arguments))
    }
}
