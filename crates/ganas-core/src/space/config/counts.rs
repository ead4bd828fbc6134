//! The configurations of a space as the paths of a graph of states, which counts them, draws them
//! uniformly and visits them.
//!
//! A state is a choice with the values of those earlier choices that a later condition looks at.
//! The configurations that follow a state depend on these values alone. Two prefixes with the same values
//! share one state.

use std::collections::HashMap;

use super::choice::{Choice, INACTIVE};
use super::expression::{Expression, is_true};
use crate::error::{Error, Result};
use crate::rng::Rng;

/// Largest number of states.
const MAX_STATES: usize = 500_000;

/// State: what the next choice may be, and how many configurations follow.
struct State {
    /// The values of the next choice, each with the state after it.
    next: Vec<(u8, usize)>,
    /// The number of configurations from here on; `None` beyond 128 bits.
    count: Option<u128>,
    /// The logarithm of that number; minus infinity for none.
    log_count: f64,
    /// The logarithm of the sum of the weights of those configurations.
    log_weight: f64,
}

/// Counts of the configurations of a space.
pub(super) struct Counts {
    states: Vec<State>,
    root: usize,
}

struct Builder<'a> {
    choices: &'a [Choice],
    /// The rules that can be checked once the choice of this index is made.
    rules: Vec<Vec<&'a Expression>>,
    /// For each place, the earlier choices that it or a later one looks at.
    needed: Vec<Vec<usize>>,
    known: HashMap<(usize, Vec<u8>), usize>,
    states: Vec<State>,
}

impl Counts {
    /// Counts the configurations under conditions and rules.
    ///
    /// # Errors
    /// If there is none, or the conditions need too many states.
    pub fn new(choices: &[Choice], rules: &[Expression]) -> Result<Self> {
        let n = choices.len();
        let mut by_place: Vec<Vec<&Expression>> = vec![Vec::new(); n];
        let mut last = vec![0; n];
        let mut note = |expression: &Expression, at: usize| {
            expression.visit(&mut |choice| last[choice] = last[choice].max(at));
        };
        for (i, choice) in choices.iter().enumerate() {
            choice.when.iter().for_each(|when| note(when, i));
        }
        for rule in rules {
            let mut at = 0;
            rule.visit(&mut |choice| at = at.max(choice));
            note(rule, at);
            by_place[at].push(rule);
        }
        let needed = (0..=n)
            .map(|place| (0..place.min(n)).filter(|&c| last[c] >= place).collect())
            .collect();
        let mut builder = Builder {
            choices,
            rules: by_place,
            needed,
            known: HashMap::new(),
            states: Vec::new(),
        };
        let root = builder.state(0, &mut vec![INACTIVE; n])?;
        if builder.states[root].log_count == f64::NEG_INFINITY {
            return Err(
                Error::input("no configuration meets the constraints of the space")
                    .mend("loosen `constraints`"),
            );
        }
        Ok(Counts {
            states: builder.states,
            root,
        })
    }

    /// Returns the number of configurations, if it fits 128 bits.
    pub fn size(&self) -> Option<u128> {
        self.states[self.root].count
    }

    /// Draws a configuration uniformly.
    pub fn sample(&self, rng: &mut Rng) -> Vec<u8> {
        self.draw(rng, |_, _, state| state.log_count)
    }

    /// Draws a configuration with a probability that is proportional to the product of the weights of its values.
    pub fn sample_weighted(&self, choices: &[Choice], rng: &mut Rng) -> Vec<u8> {
        self.draw(rng, |place, value, state| {
            choices[place].log_weight(value) + state.log_weight
        })
    }

    fn draw(&self, rng: &mut Rng, log: impl Fn(usize, u8, &State) -> f64) -> Vec<u8> {
        let mut ops = Vec::new();
        let mut at = &self.states[self.root];
        while !at.next.is_empty() {
            let (value, next) = if at.next.len() == 1 {
                at.next[0]
            } else {
                let place = ops.len();
                let logs = || {
                    let next = at.next.iter();
                    next.map(|(value, state)| log(place, *value, &self.states[*state]))
                };
                let most = logs().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = logs().map(|log| (log - most).exp()).collect();
                at.next[rng.weighted(&weights)]
            };
            ops.push(value);
            at = &self.states[next];
        }
        ops
    }

    /// Returns the values that the next choice may take after these; `None` if they are not the
    /// begin of a configuration.
    pub fn after(&self, ops: &[u8]) -> Option<impl Iterator<Item = u8> + '_> {
        let mut at = &self.states[self.root];
        for op in ops {
            let (_, next) = at.next.iter().find(|(value, _)| value == op)?;
            at = &self.states[*next];
        }
        Some(at.next.iter().map(|(value, _)| *value))
    }

    /// Visits every configuration once, in order.
    pub fn visit(&self, visit: &mut dyn FnMut(&[u8])) {
        self.visit_from(self.root, &mut Vec::new(), visit);
    }

    fn visit_from(&self, at: usize, ops: &mut Vec<u8>, visit: &mut dyn FnMut(&[u8])) {
        if self.states[at].next.is_empty() {
            visit(ops);
            return;
        }
        for &(value, next) in &self.states[at].next {
            ops.push(value);
            self.visit_from(next, ops, visit);
            ops.pop();
        }
    }
}

impl Builder<'_> {
    /// Returns the state before the choice `place`, after the values in `ops`.
    fn state(&mut self, place: usize, ops: &mut Vec<u8>) -> Result<usize> {
        let key: Vec<u8> = self.needed[place].iter().map(|&c| ops[c]).collect();
        if let Some(&known) = self.known.get(&(place, key.clone())) {
            return Ok(known);
        }
        let mut next = Vec::new();
        if place < self.choices.len() {
            let choice = &self.choices[place];
            let when = choice.when.as_ref();
            let active = when.is_none_or(|when| is_true(when.evaluate(self.choices, ops)));
            let values = if active {
                0..choice.values.len() as u8
            } else {
                INACTIVE..INACTIVE
            };
            let idle = (!active).then_some(INACTIVE);
            for value in values.chain(idle) {
                ops[place] = value;
                let rules = self.rules[place].iter();
                if rules
                    .clone()
                    .all(|rule| is_true(rule.evaluate(self.choices, ops)))
                {
                    next.push((value, self.state(place + 1, ops)?));
                }
            }
            ops[place] = INACTIVE;
            next.retain(|(_, state)| self.states[*state].log_count > f64::NEG_INFINITY);
        }
        let state = self.counted(next, place);
        if self.states.len() == MAX_STATES {
            return Err(Error::input(
                "the conditions of the space look at too many choices at once",
            )
            .mend("let conditions and constraints look at fewer choices, or nearer ones"));
        }
        self.states.push(state);
        self.known.insert((place, key), self.states.len() - 1);
        Ok(self.states.len() - 1)
    }

    fn counted(&self, next: Vec<(u8, usize)>, place: usize) -> State {
        let Some(choice) = self.choices.get(place) else {
            return State {
                next,
                count: Some(1),
                log_count: 0.0,
                log_weight: 0.0,
            };
        };
        let states = || next.iter().map(|(_, state)| &self.states[*state]);
        let weighted = (next.iter())
            .map(|(value, state)| choice.log_weight(*value) + self.states[*state].log_weight);
        State {
            count: states().try_fold(0, |sum: u128, s| sum.checked_add(s.count?)),
            log_count: log_sum(states().map(|state| state.log_count)),
            log_weight: log_sum(weighted),
            next,
        }
    }
}

/// The logarithm of the sum of numbers that are given by their logarithms.
fn log_sum(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + logs.map(|log| (log - most).exp()).sum::<f64>().ln()
}
