//! Drawings of the architectures that a report shows.

use crate::{Difference, Task};
use ganas_core::arch::Arch;
use ganas_core::space::SearchSpace;
use ganas_draw::Drawing;

use super::found::{Found, Key};
use ganas_study::registry::Registry;

/// Draws the architectures of a space.
pub struct ArchDrawer(Box<dyn SearchSpace>);

impl ArchDrawer {
    /// Opens the space of a task. The space is a built-in one or a file, at its recorded
    /// path or below the folder in which a run was started.
    ///
    /// # Errors
    /// If it cannot be loaded, in words.
    pub fn open(key: &Key, group: &[Found], registry: &Registry) -> Result<ArchDrawer, String> {
        let load = |name: &str| registry.table_space(name, key.merge_isomorphic);
        let first = load(&key.space);
        let elsewhere = || {
            let folders = group.iter().filter_map(|f| f.started_in.as_ref()).take(1);
            let mut paths = folders.map(|folder| folder.join(&key.space));
            paths.find_map(|path| load(&path.display().to_string()).ok())
        };
        match first {
            Ok(space) => Ok(ArchDrawer(space)),
            Err(why) => elsewhere().map(ArchDrawer).ok_or_else(|| why.to_string()),
        }
    }

    /// Draws the best architectures (best first), the winners and the starts of a task, and the
    /// differences between the best and the starts. Text that is not an architecture of the space
    /// is left out.
    pub fn draw(&self, task: &mut Task, best: &[String]) {
        let space = &*self.0;
        let parsed = |text: &String| -> Option<(String, Arch)> {
            Some((text.clone(), space.parse(text).ok()?))
        };
        let best: Vec<(String, Arch)> = best.iter().filter_map(parsed).collect();
        let starts: Vec<(String, Arch)> = task.starts.iter().filter_map(parsed).collect();
        let winners = task.runs.iter().filter_map(|run| run.winner.as_ref());
        let winners: Vec<(String, Arch)> = winners.filter_map(|w| parsed(&w.arch)).collect();
        for (text, arch) in best.iter().chain(&starts).chain(&winners) {
            if let Ok(drawing) = Drawing::of(space, arch) {
                task.drawings.insert(text.clone(), drawing.svg());
            }
        }
        let Some((to, winner)) = best.first() else {
            return;
        };
        for (from, start) in starts.iter().filter(|(_, start)| start != winner) {
            if let Ok(drawing) = Drawing::between(space, start, winner) {
                task.differences.push(Difference {
                    from: from.clone(),
                    to: to.clone(),
                    svg: drawing.svg(),
                });
            }
        }
    }
}
