//! Choices of the evaluated architectures: the ops and edges in which they differ.

use std::collections::BTreeMap;

use ganas_core::arch::Arch;
use ganas_core::space::{Kind, SearchSpace};
use serde::Serialize;

/// Choices that differ among some architectures, and the value that each architecture has.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Choices {
    /// Names of the choices.
    pub names: Vec<String>,
    /// Names of the values of each choice.
    pub levels: Vec<Vec<String>>,
    /// For each choice, the value of every architecture by its index; `None` where it has none.
    pub values: Vec<Vec<Option<u16>>>,
}

/// Word of an edge that is there.
const PRESENT: &str = "yes";
/// Word of an edge that is not.
const ABSENT: &str = "no";

impl Choices {
    /// Returns the choices in which the architectures differ. An architecture that is `None` has no values.
    pub fn of(space: &dyn SearchSpace, archs: &[Option<Arch>]) -> Choices {
        let described: Vec<Option<BTreeMap<Choice, String>>> = (archs.iter())
            .map(|arch| Some(describe(space, arch.as_ref()?)))
            .collect();
        let mut all: BTreeMap<Choice, Vec<String>> = BTreeMap::new();
        for (choice, level) in described.iter().flatten().flatten() {
            let levels = all.entry(*choice).or_default();
            if !levels.contains(level) {
                levels.push(level.clone());
            }
        }
        let mut choices = Choices::default();
        for (choice, mut levels) in all {
            let lacks = |row: &BTreeMap<Choice, String>| !row.contains_key(&choice);
            if levels.len() < 2 && !described.iter().flatten().any(lacks) {
                continue;
            }
            let known = |level: &String| space.ops().iter().position(|op| op == level);
            levels.sort_by_key(|level| (known(level), level.clone()));
            let place = |row: &Option<BTreeMap<Choice, String>>| {
                let level = row.as_ref()?.get(&choice)?;
                levels
                    .iter()
                    .position(|known| known == level)
                    .map(|i| i as u16)
            };
            choices.values.push(described.iter().map(place).collect());
            choices.names.push(choice.name(space));
            choices.levels.push(levels);
        }
        choices
    }
}

/// Choice of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Choice {
    /// Op at a position.
    Op(usize),
    /// Edge between two nodes.
    Edge(usize, usize),
}

impl Choice {
    fn name(self, space: &dyn SearchSpace) -> String {
        match (self, space.kind()) {
            (Choice::Op(mut place), Kind::EdgeCell) => {
                let mut target = 1;
                while place >= target {
                    place -= target;
                    target += 1;
                }
                format!("{place} → {target}")
            }
            (Choice::Op(place), Kind::NodeCell) => format!("vertex {}", place + 1),
            (Choice::Op(place), _) => format!("choice {}", place + 1),
            (Choice::Edge(from, to), _) => format!("edge {from} → {to}"),
        }
    }
}

/// Returns the choices of an architecture with their values.
fn describe(space: &dyn SearchSpace, arch: &Arch) -> BTreeMap<Choice, String> {
    let ops = arch.ops().iter().enumerate();
    let name = |op: u8| {
        space
            .ops()
            .get(usize::from(op))
            .cloned()
            .unwrap_or_default()
    };
    let mut found: BTreeMap<Choice, String> = ops
        .map(|(place, &op)| (Choice::Op(place), name(op)))
        .collect();
    // In the other spaces, the ops determine the graph.
    if matches!(space.kind(), Kind::NodeCell) {
        let graph = space.graph(arch);
        for (to, &inputs) in graph.inputs.iter().enumerate().skip(1) {
            for from in 0..to {
                let there = if inputs >> from & 1 == 1 {
                    PRESENT
                } else {
                    ABSENT
                };
                found.insert(Choice::Edge(from, to), there.into());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(space: &str, texts: &[&str]) -> Choices {
        let space = ganas_core::space::load(space).unwrap();
        let archs: Vec<Option<Arch>> = texts.iter().map(|text| space.parse(text).ok()).collect();
        Choices::of(&*space, &archs)
    }

    #[test]
    fn choices_that_differ_are_named_by_their_places() {
        let none = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
        let skip = "|none~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_3x3~2|";
        let found = choices("nasbench201", &[none, skip, "?"]);
        assert_eq!(found.names, ["1 → 2", "2 → 3"]);
        assert_eq!(found.levels[0], ["none", "skip_connect"]);
        assert_eq!(found.values[1], [Some(0), Some(1), None]);
    }

    #[test]
    fn vertices_that_only_some_cells_have_are_choices() {
        let found = choices("nasbench101", &["resnet", "input;output|1"]);
        assert!(
            found.names.contains(&"vertex 1".to_owned()),
            "{:?}",
            found.names
        );
        let at = found
            .names
            .iter()
            .position(|name| name == "vertex 1")
            .unwrap();
        assert_eq!(found.values[at], [Some(0), None]);
    }
}
