//! Asynchronous successive halving (ASHA).
//!
//! Li et al. 2020, "A system for massively parallel hyperparameter tuning", MLSys, arXiv 1810.05934,
//! Algorithm 2. A free worker takes the best architecture that may be promoted, from the highest rung down,
//! and otherwise begins a new one. No worker waits for a rung.

use ganas_core::arch::Arch;
use ganas_core::error::Result;
use ganas_core::rng::Rng;
use ganas_core::state;
use ganas_core::strategy::{Capabilities, Context, Strategy};
use ganas_core::trial::Trial;
use serde::{Deserialize, Serialize};

use super::{Ladder, Progress, progress, trial_at, unseen};
use crate::settings::{Range, StrategyConfig, check_ranges};

/// Settings of [`Asha`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AshaConfig {
    /// Reduction factor: the best 1 / eta of a rung are promoted (Li et al. 2020: 4 in most experiments; 3
    /// here, as the other strategies of this family).
    pub eta: usize,
    /// s, the rung where new architectures begin (Li et al. 2020: 0).
    pub early_stopping: usize,
}

impl Default for AshaConfig {
    fn default() -> Self {
        AshaConfig {
            eta: 3,
            early_stopping: 0,
        }
    }
}

impl StrategyConfig for AshaConfig {
    fn check(&self) -> Result<()> {
        check_ranges(&[("eta", self.eta as f64, Range::AT_LEAST_TWO)])
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(Asha::new(self, seed))
    }
}

/// ASHA.
#[derive(Serialize, Deserialize)]
pub struct Asha {
    config: AshaConfig,
    rng: Rng,
    rungs: Vec<AshaRung>,
}

/// A rung, whose architectures are added one by one.
#[derive(Clone, Default, Serialize, Deserialize)]
struct AshaRung {
    /// Architectures that are being evaluated, in the order asked for.
    running: Vec<Arch>,
    /// Finished architectures with their merits, best first; of equal ones the earlier first.
    finished: Vec<(f64, Arch)>,
    /// Number of finished architectures, failed ones included.
    count: usize,
    promoted: Vec<Arch>,
}

impl AshaRung {
    /// Takes note of what has finished.
    fn collect(&mut self, context: &Context, level: u32) {
        let running = std::mem::take(&mut self.running);
        for arch in running {
            match progress(context, &trial_at(context, arch, level)) {
                Progress::Pending => self.running.push(arch),
                Progress::Ended(merit) => self.finish(arch, merit),
                Progress::Lost => {}
            }
        }
    }

    fn finish(&mut self, arch: Arch, merit: Option<f64>) {
        self.count += 1;
        let Some(merit) = merit else { return };
        let place = self.finished.partition_point(|(other, _)| *other >= merit);
        self.finished.insert(place, (merit, arch));
    }

    /// Takes the best of the first |rung| / eta that was not promoted.
    fn promote(&mut self, eta: usize) -> Option<Arch> {
        let mut candidates = self.finished.iter().take(self.count / eta);
        let (_, arch) = candidates.find(|(_, arch)| !self.promoted.contains(arch))?;
        self.promoted.push(*arch);
        Some(*arch)
    }
}

impl Asha {
    /// ASHA with a stream of its own.
    pub fn new(config: AshaConfig, seed: u64) -> Self {
        Asha {
            config,
            rng: Rng::stream(seed, "asha"),
            rungs: Vec::new(),
        }
    }

    /// Algorithm 2, `get_job`: the rung and the architecture of a promotion, from the highest rung down.
    fn promotion(&mut self) -> Option<(usize, Arch)> {
        let eta = self.config.eta;
        let below = 0..self.rungs.len().saturating_sub(1);
        below
            .rev()
            .find_map(|k| Some((k + 1, self.rungs[k].promote(eta)?)))
    }
}

impl Strategy for Asha {
    fn ask(&mut self, context: &Context, _: usize) -> Result<Vec<Trial>> {
        let ladder = Ladder::new(context.axis(), self.config.eta);
        let levels = ladder.from(self.config.early_stopping);
        self.rungs.resize_with(levels.len(), AshaRung::default);
        for (rung, level) in self.rungs.iter_mut().zip(levels) {
            rung.collect(context, *level);
        }
        let (rung, arch) = match self.promotion() {
            Some(promotion) => promotion,
            None => match unseen(context, 1, &mut self.rng).first() {
                Some(arch) => (0, *arch),
                None => return Ok(Vec::new()),
            },
        };
        self.rungs[rung].running.push(arch);
        Ok(vec![trial_at(context, arch, levels[rung])])
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            several_fidelities: true,
            ..Capabilities::default()
        }
    }

    fn save(&self) -> Option<Vec<u8>> {
        state::save(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<()> {
        *self = state::load(state)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promotions_are_those_of_the_worked_example() {
        // Nine architectures, eta 3, by `get_job` of Li et al. 2020: after n of them, the best floor(n / 3) may
        // be promoted, whatever was promoted before.
        let mut rung = AshaRung::default();
        let arch = |i: u8| Arch::new(&[i]);
        let mut promoted = Vec::new();
        for (i, merit) in [5.0, 1.0, 7.0, 9.0, 2.0, 3.0, 8.0, 4.0, 6.0]
            .into_iter()
            .enumerate()
        {
            rung.finish(arch(i as u8), Some(merit));
            while let Some(arch) = rung.promote(3) {
                promoted.push((i + 1, arch));
            }
        }
        // After three the best is 7, after four it is 9; after seven the two best are 9 and 8.
        assert_eq!(promoted, [(3, arch(2)), (4, arch(3)), (7, arch(6))]);
        // A failed one counts, and is never promoted.
        for _ in 0..3 {
            rung.finish(arch(99), None);
        }
        assert_eq!(rung.promote(3), Some(arch(8)));
        assert_eq!(rung.promote(3), None);
    }
}
