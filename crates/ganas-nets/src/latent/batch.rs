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

/// Sequences, longest first. Positions are numbered step by step, so that the sequences that are still
/// running are the first rows of each step.
#[derive(Debug)]
pub(super) struct Batch {
    pub sequences: usize,
    /// From the encoder's table to the input of each position.
    pub tokens: Arc<Sparse>,
    /// The same for the decoder, which sees the token before and the place.
    pub before: Arc<Sparse>,
    /// From sequences to positions.
    pub owners: Arc<Sparse>,
    /// From positions to the means of sequences.
    pub pool: Arc<Sparse>,
    pub steps: Vec<Arc<GruStep>>,
    pub choices: Arc<Vec<Pick>>,
}

impl Batch {
    /// The batch of some sequences, sorted by decreasing length.
    pub fn new(tables: Tables, sequences: &[&[Token]]) -> Result<Self, NetError> {
        let positions = sequences.iter().map(|s| s.len()).sum();
        let longest = sequences.first().map_or(0, |s| s.len());
        if sequences.last().is_none_or(|s| s.is_empty()) {
            return Err(NetError::Empty("a sequence"));
        }
        let map = |rows| Sparse::new(rows, 1);
        let [mut tokens, mut before, mut owners] = [(); 3].map(|()| map(positions));
        let mut pool = map(sequences.len());
        let mut steps = Vec::with_capacity(longest);
        let mut choices = Vec::with_capacity(positions);
        for t in 0..longest {
            let active = sequences.partition_point(|s| s.len() > t);
            let first = choices.len();
            for (i, sequence) in sequences[..active].iter().enumerate() {
                let (row, token) = (first + i, &sequence[t]);
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
                owners.add(row, 0, i, 1.0);
                pool.add(i, 0, row, 1.0 / sequence.len() as f32);
                choices.push(Pick {
                    options: token.options,
                    first: tables.first(token),
                    choice: token.choice,
                });
            }
            steps.push(Arc::new(GruStep {
                reads: (first..first + active).map(|row| row as u32).collect(),
                bits: vec![0.0; active],
            }));
        }
        Ok(Batch {
            sequences: sequences.len(),
            tokens: Arc::new(tokens),
            before: Arc::new(before),
            owners: Arc::new(owners),
            pool: Arc::new(pool),
            steps,
            choices: Arc::new(choices),
        })
    }
}
