//! Drawings of the architectures that a report shows.

use crate::choices::Choices;
use crate::importance::importance;
use crate::{Difference, Export, Task};
use ganas_core::arch::Arch;
use ganas_core::space::SearchSpace;
use ganas_draw::Drawing;
use ganas_export::{Input, pytorch};

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

    /// Finds the choices of the evaluated architectures and their importance.
    fn analyse(&self, task: &mut Task) {
        let parse = |text: &String| self.0.parse(text).ok();
        let archs: Vec<Option<Arch>> = task.archs.notation.iter().map(parse).collect();
        let choices = Choices::of(&*self.0, &archs);
        if choices.names.is_empty() {
            return;
        }
        task.importance = importance(&choices, &task.archs.objective);
        task.choices = Some(choices);
    }

    /// Returns the files that an architecture is exported to. A format that cannot express it is left out.
    fn exports(&self, arch: &Arch) -> Vec<Export> {
        let space = &*self.0;
        let mut exports = Vec::new();
        let mut add = |format: &str, extension: &str, text: String| {
            exports.push(Export {
                format: format.into(),
                extension: extension.into(),
                text,
            });
        };
        let given = ganas_export::Given::default();
        let frame = ganas_export::frame(space, &given, None);
        let module = frame.and_then(|frame| pytorch(space, arch, &frame, &Input::default()));
        if let Ok(module) = module {
            add("PyTorch", "py", module);
        }
        if let Ok(drawing) = Drawing::of(space, arch) {
            add("SVG", "svg", drawing.svg());
            // `.dot` belongs to a word processor on many machines.
            add("DOT", "gv", drawing.dot());
        }
        exports
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
        self.analyse(task);
        for (text, arch) in best.iter().filter(|(text, _)| task.best.contains(text)) {
            task.exports.insert(text.clone(), self.exports(arch));
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
