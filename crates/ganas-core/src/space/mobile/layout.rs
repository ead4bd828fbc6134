//! Layout of an architecture of stages: the number of layers, and the block of each of them.

use crate::arch::Arch;
use crate::rng::Rng;
use crate::space::Rules;

/// Stages of a variable number of layers, each with one of the same blocks.
///
/// The positions of an [`Arch`] are the layer slots of all stages in order. A stage that has fewer
/// layers than slots fills the last of them with `skip`, the op after the blocks. A skipped layer
/// passes its input on, so its place in the stage makes no difference to the network.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Smallest and largest number of layers of each stage.
    pub depths: Vec<(usize, usize)>,
    /// Number of blocks to choose from.
    pub blocks: usize,
    /// Set if all layers of a stage have the same block.
    pub uniform: bool,
}

impl Layout {
    /// Returns the op of a skipped layer.
    pub fn skip(&self) -> u8 {
        self.blocks as u8
    }

    /// Returns the number of positions.
    pub fn slots(&self) -> usize {
        self.depths.iter().map(|(_, most)| most).sum()
    }

    /// Returns the stage of a slot and its layer within the stage.
    pub fn place(&self, mut slot: usize) -> (usize, usize) {
        for (stage, &(_, most)) in self.depths.iter().enumerate() {
            if slot < most {
                return (stage, slot);
            }
            slot -= most;
        }
        (self.depths.len(), slot)
    }

    /// Returns the set of ops that the next slot may have after these.
    pub fn choices(&self, before: &[u8], rules: Rules) -> u128 {
        let (stage, layer) = self.place(before.len());
        let Some(&(least, _)) = self.depths.get(stage) else {
            return 0;
        };
        let skip = 1 << self.skip();
        let blocks = skip - 1;
        let previous = before.last().filter(|_| layer > 0);
        if previous == Some(&self.skip()) {
            return skip;
        }
        let blocks = match (rules, previous) {
            (Rules::Enforced, Some(op)) if self.uniform => 1 << op,
            _ => blocks,
        };
        if rules == Rules::Enforced && layer < least {
            blocks
        } else {
            blocks | skip
        }
    }

    /// Counts the slots whose op is not allowed after the slots before.
    pub fn violations(&self, ops: &[u8]) -> usize {
        (0..ops.len().min(self.slots()))
            .filter(|&slot| self.choices(&ops[..slot], Rules::Enforced) >> ops[slot] & 1 == 0)
            .count()
    }

    /// Returns the blocks of each stage, without skipped layers.
    pub fn stages<'a>(&'a self, ops: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = ops;
        self.depths.iter().map(move |&(_, most)| {
            let (stage, after) = rest.split_at(most.min(rest.len()));
            rest = after;
            let depth = stage.iter().take_while(|&&op| op != self.skip()).count();
            &stage[..depth]
        })
    }

    /// Returns the architecture with these blocks in its stages.
    pub fn arch(&self, stages: &[Vec<u8>]) -> Arch {
        let mut ops = Vec::with_capacity(self.slots());
        for (stage, &(_, most)) in stages.iter().zip(&self.depths) {
            ops.extend(stage);
            ops.extend((stage.len()..most).map(|_| self.skip()));
        }
        Arch::new(&ops)
    }

    /// Counts the ways to fill a stage with this number of layers.
    fn fillings(&self, depth: usize) -> u128 {
        let free = if self.uniform { depth.min(1) } else { depth };
        (self.blocks as u128).saturating_pow(free as u32)
    }

    /// Returns the number of architectures.
    pub fn size(&self) -> Option<u128> {
        (self.depths.iter()).try_fold(1u128, |size, &(least, most)| {
            size.checked_mul((least..=most).map(|depth| self.fillings(depth)).sum())
        })
    }

    /// Draws an architecture uniformly, so deep stages are drawn more often.
    pub fn sample(&self, rng: &mut Rng) -> Arch {
        let stages: Vec<Vec<u8>> = (self.depths.iter())
            .map(|&(least, most)| {
                let weights: Vec<f64> = (least..=most).map(|d| self.fillings(d) as f64).collect();
                let depth = least + rng.weighted(&weights);
                if self.uniform {
                    vec![rng.below(self.blocks) as u8; depth]
                } else {
                    (0..depth).map(|_| rng.below(self.blocks) as u8).collect()
                }
            })
            .collect();
        self.arch(&stages)
    }

    /// Returns the architectures one edit away: another block, or a layer less or more anywhere in
    /// a stage. In uniform stages, an edit changes the block of all layers, or removes or adds a
    /// last layer.
    pub fn neighbors(&self, arch: &Arch) -> Vec<Arch> {
        let stages: Vec<Vec<u8>> = self.stages(arch.ops()).map(<[u8]>::to_vec).collect();
        let mut found = Vec::new();
        for (i, limits) in self.depths.iter().enumerate() {
            for edited in self.stage_edits(&stages[i], *limits) {
                let mut stages = stages.clone();
                stages[i] = edited;
                found.push(self.arch(&stages));
            }
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|a| a != arch);
        found
    }

    fn stage_edits(&self, stage: &[u8], (least, most): (usize, usize)) -> Vec<Vec<u8>> {
        let ops = 0..self.blocks as u8;
        let depth = stage.len();
        let mut found = Vec::new();
        if self.uniform {
            found.extend(ops.map(|op| vec![op; depth]));
            let depths = [depth.wrapping_sub(1), depth + 1];
            for depth in depths.into_iter().filter(|d| (least..=most).contains(d)) {
                found.push(vec![stage[0]; depth]);
            }
            return found;
        }
        for at in 0..=depth {
            if at < depth {
                for op in ops.clone() {
                    let mut other = stage.to_vec();
                    other[at] = op;
                    found.push(other);
                }
            }
            if at < depth && depth > least {
                let mut less = stage.to_vec();
                less.remove(at);
                found.push(less);
            }
            if depth < most {
                for op in ops.clone() {
                    let mut more = stage.to_vec();
                    more.insert(at, op);
                    found.push(more);
                }
            }
        }
        found
    }
}
