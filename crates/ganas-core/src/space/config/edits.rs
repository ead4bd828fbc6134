//! Single edits of configurations, and their distance.

use super::choice::INACTIVE;
use super::{Arch, Config};

/// Steps of an edit in ordered values, in places. Long lists have wide steps as well, so that an edit
/// can cross them.
const STEPS: [usize; 4] = [1, 3, 9, 27];

/// Distance of configurations in which one ordered choice moves from end to end.
const END_TO_END: f64 = 4.0;

impl Config {
    /// Returns the configurations one edit away: an ordered choice a step up or down, another word,
    /// or an edit of the cell. A choice that becomes active takes its default.
    pub(super) fn edits(&self, arch: &Arch) -> Vec<Arch> {
        let n = self.choices.len();
        let (values, cell) = (&arch.ops()[..n], self.cell_of(arch));
        let cell = self.cell.as_ref().map(|_| cell);
        let mut found = Vec::new();
        for i in 0..n {
            if values[i] == INACTIVE {
                continue;
            }
            for value in self.steps(i, values[i]) {
                let mut edited = values.to_vec();
                edited[i] = value;
                let settled = self.settled(&edited, |i, before| Ok(self.fresh(i, before)));
                let Ok(settled) = settled else { continue };
                if self.broken(&settled).is_none() {
                    found.push(self.join(&settled, cell.as_ref()));
                }
            }
        }
        if let (Some(space), Some(cell)) = (&self.cell, &cell) {
            let cells = space.neighbors(cell).into_iter();
            found.extend(cells.map(|cell| self.join(values, Some(&cell))));
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|edited| edited != arch);
        found
    }

    fn steps(&self, choice: usize, value: u8) -> Vec<u8> {
        let (count, value) = (self.choices[choice].values.len(), usize::from(value));
        if !self.choices[choice].is_ordered() {
            return (0..count)
                .filter(|&v| v != value)
                .map(|v| v as u8)
                .collect();
        }
        // A step is at most a quarter of the way, but always one place.
        let steps = STEPS
            .into_iter()
            .filter(|&step| step == 1 || 4 * step <= count);
        steps
            .flat_map(|step| [value.checked_sub(step), Some(value + step)])
            .flatten()
            .filter(|&v| v < count)
            .map(|v| v as u8)
            .collect()
    }

    /// Returns the value of a choice that becomes active: its default, the value of the copy before,
    /// or the middle.
    fn fresh(&self, choice: usize, values: &[u8]) -> u8 {
        let own = &self.choices[choice];
        if let Some(default) = own.default {
            return default;
        }
        let before = own.copy.and_then(|copy| {
            let name = format!("{}.{}", own.base(), copy - 1);
            let place = self.choices.iter().position(|c| c.name == name)?;
            Some(values[place]).filter(|&value| value != INACTIVE)
        });
        before.unwrap_or((own.values.len() as u8 - 1) / 2)
    }

    /// Returns the distance of two configurations. A word, and being active or not, counts as much as
    /// an ordered choice moved from end to end.
    pub(super) fn apart(&self, a: &Arch, b: &Arch) -> u32 {
        let pairs = self.choices.iter().zip(a.ops().iter().zip(b.ops()));
        let own: f64 = pairs
            .map(|(choice, (&a, &b))| {
                if a == b {
                    0.0
                } else if a == INACTIVE || b == INACTIVE || !choice.is_ordered() {
                    END_TO_END
                } else {
                    let apart = (choice.position(a) - choice.position(b)).abs();
                    (END_TO_END * apart).ceil().max(1.0)
                }
            })
            .sum();
        let cells = self.cell.as_ref().map_or(0, |cell| {
            cell.distance(&self.cell_of(a), &self.cell_of(b)) * END_TO_END as u32
        });
        own as u32 + cells
    }
}
