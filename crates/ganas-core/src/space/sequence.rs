//! Distinct networks of a stage of a chain: sequences of blocks, without the places of absent ones.

use std::collections::HashMap;

use super::Roles;
use crate::arch::bits;
use crate::error::{Error, Result};
use crate::rng::Rng;

/// Largest number of states of a stage's automaton. A stage with the same choices everywhere has
/// one more state than positions.
const MAX_STATES: usize = 4096;

/// Stage: consecutive positions, within which only the order of the real blocks counts.
pub(super) struct Stage {
    /// Ops with a layer of their own, for each position.
    real: Vec<Vec<u8>>,
    /// Ops without a layer, for each position.
    passing: Vec<Vec<u8>>,
    /// Real ops of the stage, sorted.
    alphabet: Vec<u8>,
    /// Deterministic automaton that accepts exactly the sequences that fit into the positions.
    /// State 0 is the start.
    states: Vec<State>,
}

/// State of the automaton.
struct State {
    accepts: bool,
    /// Next state for each op, sorted by op.
    next: Vec<(u8, usize)>,
    /// Number of sequences that lead from here to acceptance.
    count: Option<u128>,
    weight: f64,
}

impl Stage {
    /// Creates the stage of these choices.
    ///
    /// # Errors
    /// If the choices differ in too many ways to tell equal sequences.
    pub fn new(choices: &[Vec<u8>], roles: &Roles) -> Result<Self> {
        let split = |keep: bool| -> Vec<Vec<u8>> {
            (choices.iter())
                .map(|ops| {
                    ops.iter()
                        .copied()
                        .filter(|&op| roles.has(op) == keep)
                        .collect()
                })
                .collect()
        };
        let (real, passing) = (split(false), split(true));
        let mut alphabet = real.concat();
        alphabet.sort_unstable();
        alphabet.dedup();
        let mut stage = Stage {
            real,
            passing,
            alphabet,
            states: Vec::new(),
        };
        stage.determinise()?;
        stage.count();
        Ok(stage)
    }

    /// Returns the number of positions.
    pub fn len(&self) -> usize {
        self.real.len()
    }

    /// Builds the automaton. A set holds the numbers of positions that a sequence may have used up.
    fn determinise(&mut self) -> Result<()> {
        let mut sets: Vec<u64> = vec![1];
        let mut known: HashMap<u64, usize> = HashMap::from([(1, 0)]);
        let mut at = 0;
        while at < sets.len() {
            let set = sets[at];
            let mut next = Vec::new();
            for &op in &self.alphabet {
                let target = self.after(set, op);
                if target == 0 {
                    continue;
                }
                let state = *known.entry(target).or_insert_with(|| {
                    sets.push(target);
                    sets.len() - 1
                });
                next.push((op, state));
            }
            if sets.len() > MAX_STATES {
                return Err(Error::input(
                    "the lists of `choices` differ in too many ways to find equal networks",
                )
                .mend("use fewer different lists, or leave out `absent` and `identity`"));
            }
            self.states.push(State {
                accepts: bits(set).any(|used| self.skips(used, self.len())),
                next,
                count: None,
                weight: 0.0,
            });
            at += 1;
        }
        Ok(())
    }

    /// Returns the numbers of positions that may be used up after one more op.
    fn after(&self, set: u64, op: u8) -> u64 {
        let mut target = 0;
        for used in bits(set) {
            for position in used..self.len() {
                if self.real[position].contains(&op) {
                    target |= 1 << (position + 1);
                }
                if self.passing[position].is_empty() {
                    break;
                }
            }
        }
        target
    }

    /// Returns true if all positions of a range can be without a block.
    fn skips(&self, from: usize, to: usize) -> bool {
        self.passing[from..to].iter().all(|ops| !ops.is_empty())
    }

    fn count(&mut self) {
        // Every step uses up positions, so the order by the fewest used is topological.
        fn visit(states: &mut [State], at: usize, done: &mut [bool]) {
            if std::mem::replace(&mut done[at], true) {
                return;
            }
            let own = u8::from(states[at].accepts);
            let (mut count, mut weight) = (Some(u128::from(own)), f64::from(own));
            for i in 0..states[at].next.len() {
                let next = states[at].next[i].1;
                visit(states, next, done);
                count = (count.zip(states[next].count)).and_then(|(a, b)| a.checked_add(b));
                weight += states[next].weight;
            }
            states[at].count = count;
            states[at].weight = weight;
        }
        let mut done = vec![false; self.states.len()];
        visit(&mut self.states, 0, &mut done);
    }

    /// Returns the number of distinct sequences, or `None` if it exceeds 128 bits.
    pub fn size(&self) -> Option<u128> {
        self.states[0].count
    }

    /// Returns the blocks among the ops of the stage.
    pub fn blocks(&self, ops: &[u8]) -> Vec<u8> {
        (ops.iter().copied())
            .filter(|op| self.alphabet.binary_search(op).is_ok())
            .collect()
    }

    /// Returns for each block and position if the blocks from it on fit into the positions from
    /// there on.
    fn fits(&self, blocks: &[u8]) -> Vec<Vec<bool>> {
        let (n, length) = (blocks.len(), self.len());
        let mut fits = vec![vec![false; length + 1]; n + 1];
        fits[n][length] = true;
        for position in (0..length).rev() {
            for block in 0..=n {
                let skip = !self.passing[position].is_empty() && fits[block][position + 1];
                let take = block < n
                    && self.real[position].contains(&blocks[block])
                    && fits[block + 1][position + 1];
                fits[block][position] = skip || take;
            }
        }
        fits
    }

    /// Returns the canonical ops of a sequence of blocks. Each block stands as early as the rest
    /// allows. A position without a block has its first op without a layer. Returns `None` if the
    /// blocks do not fit.
    pub fn arrange(&self, blocks: &[u8]) -> Option<Vec<u8>> {
        let fits = self.fits(blocks);
        if !fits[0][0] {
            return None;
        }
        let mut block = 0;
        let mut ops = Vec::with_capacity(self.len());
        for position in 0..self.len() {
            if block < blocks.len()
                && self.real[position].contains(&blocks[block])
                && fits[block + 1][position + 1]
            {
                ops.push(blocks[block]);
                block += 1;
            } else {
                ops.push(*self.passing[position].iter().min()?);
            }
        }
        Some(ops)
    }

    /// Returns all ops that stand for a sequence of blocks.
    pub fn arrangements(&self, blocks: &[u8]) -> Vec<Vec<u8>> {
        let fits = self.fits(blocks);
        let mut found = Vec::new();
        self.extend(blocks, &fits, &mut Vec::new(), 0, &mut found);
        found
    }

    fn extend(
        &self,
        blocks: &[u8],
        fits: &[Vec<bool>],
        ops: &mut Vec<u8>,
        block: usize,
        found: &mut Vec<Vec<u8>>,
    ) {
        let position = ops.len();
        if !fits[block][position] {
            return;
        }
        if position == self.len() {
            found.push(ops.clone());
            return;
        }
        if block < blocks.len() && self.real[position].contains(&blocks[block]) {
            ops.push(blocks[block]);
            self.extend(blocks, fits, ops, block + 1, found);
            ops.pop();
        }
        for &op in &self.passing[position] {
            ops.push(op);
            self.extend(blocks, fits, ops, block, found);
            ops.pop();
        }
    }

    /// Counts the ways to fill the positions if all blocks are equal. It is a bound on the number
    /// of [`arrangements`](Self::arrangements).
    pub fn patterns(&self) -> u128 {
        (self.passing.iter()).fold(1, |product: u128, ops| {
            product.saturating_mul(1 + ops.len() as u128)
        })
    }

    /// Draws a sequence uniformly.
    pub fn sample(&self, rng: &mut Rng) -> Vec<u8> {
        let mut blocks = Vec::new();
        let mut at = &self.states[0];
        loop {
            let stop = f64::from(u8::from(at.accepts));
            let weights = (at.next.iter()).map(|&(_, next)| self.states[next].weight);
            let weights: Vec<f64> = std::iter::once(stop).chain(weights).collect();
            match rng.weighted(&weights) {
                0 => return blocks,
                i => {
                    let (op, next) = at.next[i - 1];
                    blocks.push(op);
                    at = &self.states[next];
                }
            }
        }
    }

    /// Visits every sequence once.
    pub fn visit(&self, visit: &mut dyn FnMut(&[u8])) {
        self.visit_from(0, &mut Vec::new(), visit);
    }

    fn visit_from(&self, at: usize, blocks: &mut Vec<u8>, visit: &mut dyn FnMut(&[u8])) {
        if self.states[at].accepts {
            visit(blocks);
        }
        for &(op, next) in &self.states[at].next {
            blocks.push(op);
            self.visit_from(next, blocks, visit);
            blocks.pop();
        }
    }

    /// Returns the canonical ops of the sequences in which one block is replaced, removed or
    /// inserted.
    pub fn edits(&self, blocks: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut add = |blocks: &[u8]| found.extend(self.arrange(blocks));
        for i in 0..=blocks.len() {
            for &op in &self.alphabet {
                let mut more = blocks.to_vec();
                more.insert(i, op);
                add(&more);
                if i < blocks.len() && blocks[i] != op {
                    let mut other = blocks.to_vec();
                    other[i] = op;
                    add(&other);
                }
            }
            if i < blocks.len() {
                let mut fewer = blocks.to_vec();
                fewer.remove(i);
                add(&fewer);
            }
        }
        found
    }
}

/// Returns the smallest number of blocks to replace, remove or insert to get from one sequence to
/// the other.
pub(super) fn edit_distance(a: &[u8], b: &[u8]) -> usize {
    strsim::generic_levenshtein(&a.to_vec(), &b.to_vec())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn roles() -> Roles {
        Roles {
            absent: vec![0],
            identity: vec![1],
            ..Roles::default()
        }
    }

    /// Returns all ways to choose an op for each position.
    fn strings(choices: &[Vec<u8>]) -> Vec<Vec<u8>> {
        choices.iter().fold(vec![Vec::new()], |strings, ops| {
            (strings.iter())
                .flat_map(|s| ops.iter().map(move |&op| [&s[..], &[op]].concat()))
                .collect()
        })
    }

    #[test]
    fn sequences_are_those_of_all_strings_each_once() {
        for choices in [
            vec![vec![0, 2, 3]; 4],
            vec![vec![0, 1, 2]; 3],
            vec![vec![2, 3]; 3],
            vec![vec![0, 2], vec![2, 3], vec![1, 3], vec![4], vec![0, 2, 4]],
            vec![vec![0, 1]; 2],
        ] {
            let stage = Stage::new(&choices, &roles()).unwrap();
            let all = strings(&choices);
            let expected: BTreeSet<Vec<u8>> = all.iter().map(|s| stage.blocks(s)).collect();
            let mut visited = Vec::new();
            stage.visit(&mut |blocks| visited.push(blocks.to_vec()));
            assert_eq!(stage.size(), Some(expected.len() as u128));
            assert_eq!(visited.len(), expected.len());
            assert_eq!(visited.iter().cloned().collect::<BTreeSet<_>>(), expected);
            for blocks in &expected {
                let arranged = stage.arrange(blocks).unwrap();
                assert!(all.contains(&arranged));
                assert_eq!(stage.blocks(&arranged), *blocks);
                let same = all.iter().filter(|s| stage.blocks(s) == *blocks);
                let mut found = stage.arrangements(blocks);
                found.sort();
                assert_eq!(
                    found,
                    same.cloned()
                        .collect::<BTreeSet<_>>()
                        .into_iter()
                        .collect::<Vec<_>>()
                );
                assert!(found.len() as u128 <= stage.patterns());
            }
        }
    }

    #[test]
    fn sequences_are_drawn_evenly() {
        let stage = Stage::new(&vec![vec![0, 2, 3]; 3], &roles()).unwrap();
        let mut rng = Rng::stream(0, "sequences");
        let mut counts: HashMap<Vec<u8>, usize> = HashMap::new();
        for _ in 0..15_000 {
            *counts.entry(stage.sample(&mut rng)).or_default() += 1;
        }
        // 1 + 2 + 4 + 8 sequences, 1,000 each: five standard deviations.
        assert_eq!(counts.len(), 15);
        assert!(
            counts.values().all(|&n| n.abs_diff(1000) < 160),
            "{counts:?}"
        );
    }
}
