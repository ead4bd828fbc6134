//! Sequences of tokens in the form that the networks take.

use std::sync::Arc;

use super::Token;
use super::loss::Pick;
use crate::gru::GruStep;
use crate::sparse::Sparse;
use crate::{Dims, NetError};

/// Rows of the tables of inputs: tokens, nodes and sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tables {
    pub dims: Dims,
}

impl Tables {
    /// Outputs of the decoder: labels, and whether an edge is taken.
    pub fn outputs(self) -> usize {
        self.dims.labels + 2
    }

    /// Rows of a table: the outputs, the start, and the places.
    pub fn rows(self) -> usize {
        self.outputs() + 1 + 2 * self.dims.nodes
    }

    /// The row of the start of a sequence.
    pub fn start(self) -> usize {
        self.outputs()
    }

    /// The output, and so the row, of a choice.
    pub fn output(self, token: &Token) -> usize {
        self.first(token) + usize::from(token.choice)
    }

    /// The output of the first option of a decision.
    pub fn first(self, token: &Token) -> usize {
        if token.source.is_some() {
            self.dims.labels
        } else {
            0
        }
    }

    /// The rows of the place of a decision.
    pub fn places(self, token: &Token) -> impl Iterator<Item = usize> {
        let node = self.outputs() + 1 + token.node;
        let source = token
            .source
            .map(|u| self.outputs() + 1 + self.dims.nodes + u);
        std::iter::once(node).chain(source)
    }

    /// Checks that a token belongs to the space.
    fn check(self, token: &Token) -> Result<(), NetError> {
        let most = 128 - token.options.leading_zeros() as usize;
        let known = if token.source.is_some() {
            2
        } else {
            self.dims.labels
        };
        let nodes = 1 + token.node.max(token.source.unwrap_or(0));
        let chosen = token.choice < 128 && token.options >> token.choice & 1 == 1;
        if most > known || nodes > self.dims.nodes || !chosen {
            return Err(NetError::Foreign {
                labels: most,
                nodes,
                for_labels: known,
                for_nodes: self.dims.nodes,
            });
        }
        Ok(())
    }
}

/// Step of both GRUs: the sequences that are still running are its rows.
#[derive(Debug)]
pub(super) struct Step {
    /// From the encoder's table to its inputs.
    pub tokens: Arc<Sparse>,
    /// From the decoder's table to its inputs: the token before and the place.
    pub before: Arc<Sparse>,
    pub gru: Arc<GruStep>,
}

/// Sequences, longest first. Positions are numbered step by step.
#[derive(Debug)]
pub(super) struct Batch {
    pub sequences: usize,
    pub steps: Vec<Step>,
    /// From positions to the means of sequences.
    pub pool: Arc<Sparse>,
    pub choices: Arc<Vec<Pick>>,
}

impl Batch {
    /// The batch of some sequences, sorted by decreasing length.
    pub fn new(tables: Tables, sequences: &[&[Token]]) -> Result<Self, NetError> {
        if sequences.last().is_none_or(|s| s.is_empty()) {
            return Err(NetError::Empty("a sequence"));
        }
        let longest = sequences.first().map_or(0, |s| s.len());
        let mut batch = Batch {
            sequences: sequences.len(),
            steps: Vec::with_capacity(longest),
            pool: Arc::new(Sparse::new(0, 1)),
            choices: Arc::default(),
        };
        let mut pool = Sparse::new(sequences.len(), 1);
        let mut choices = Vec::new();
        for t in 0..longest {
            let active = sequences.partition_point(|s| s.len() > t);
            let [mut tokens, mut before] = [(); 2].map(|()| Sparse::new(active, 1));
            for (row, sequence) in sequences[..active].iter().enumerate() {
                let token = &sequence[t];
                tables.check(token)?;
                tokens.add(row, 0, tables.output(token), 1.0);
                let last = match t {
                    0 => tables.start(),
                    _ => tables.output(&sequence[t - 1]),
                };
                before.add(row, 0, last, 1.0);
                for place in tables.places(token) {
                    tokens.add(row, 0, place, 1.0);
                    before.add(row, 0, place, 1.0);
                }
                pool.add(row, 0, choices.len(), 1.0 / sequence.len() as f32);
                choices.push(Pick {
                    options: token.options,
                    first: tables.first(token),
                    choice: token.choice,
                });
            }
            batch.steps.push(Step {
                tokens: Arc::new(tokens),
                before: Arc::new(before),
                gru: Arc::new(GruStep {
                    reads: (0..active as u32).collect(),
                    bits: vec![0.0; active],
                }),
            });
        }
        batch.pool = Arc::new(pool);
        batch.choices = Arc::new(choices);
        Ok(batch)
    }
}
