//! Choices of the evaluated architectures: the ops, edges and named choices in which they differ.

use std::collections::{BTreeMap, BTreeSet};

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
    /// For each choice, true if its values have an order.
    #[serde(skip)]
    pub ordered: Vec<bool>,
}

impl Choices {
    /// Returns the choices in which the architectures differ. An architecture that is `None` has no values.
    pub fn of(space: &dyn SearchSpace, archs: &[Option<Arch>]) -> Choices {
        let described: Vec<Option<Described>> = (archs.iter())
            .map(|arch| Some(describe(space, arch.as_ref()?)))
            .collect();
        let mut all: BTreeMap<Choice, BTreeSet<&Level>> = BTreeMap::new();
        for (choice, level) in described.iter().flatten().flatten() {
            all.entry(*choice).or_default().insert(level);
        }
        let mut choices = Choices::default();
        for (choice, levels) in all {
            let lacks = |row: &Described| !row.contains_key(&choice);
            if levels.len() < 2 && !described.iter().flatten().any(lacks) {
                continue;
            }
            let place = |row: &Option<Described>| {
                let level = row.as_ref()?.get(&choice)?;
                let place = levels.iter().position(|known| *known == level);
                place.map(|i| i as u16)
            };
            choices.values.push(described.iter().map(place).collect());
            choices.names.push(choice.name(space));
            choices.ordered.push(choice.is_ordered(space));
            let names = levels.into_iter().map(|(_, name)| name.clone());
            choices.levels.push(names.collect());
        }
        choices
    }
}

/// Value of a choice: its place among all values, and its name.
type Level = (usize, String);

/// Values of an architecture by choice.
type Described = BTreeMap<Choice, Level>;

/// Words of an edge that is absent, and of one that is there.
const EDGE: [&str; 2] = ["no", "yes"];

/// Choice of an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Choice {
    /// Named choice of a configuration.
    Named(usize),
    /// Op at a position.
    Op(usize),
    /// Edge between two nodes.
    Edge(usize, usize),
}

impl Choice {
    fn name(self, space: &dyn SearchSpace) -> String {
        match (self, space.kind()) {
            (Choice::Named(place), Kind::Config(config)) => config.choices()[place].name.clone(),
            (Choice::Op(_) | Choice::Edge(..), Kind::Config(config)) => {
                let own = config.cell().map(|cell| self.name(cell));
                format!("cell {}", own.unwrap_or_default())
            }
            (Choice::Op(mut place), Kind::EdgeCell) => {
                let mut target = 1;
                while place >= target {
                    place -= target;
                    target += 1;
                }
                format!("{place} → {target}")
            }
            (Choice::Op(place), Kind::NodeCell) => format!("vertex {}", place + 1),
            (Choice::Op(place) | Choice::Named(place), _) => format!("choice {}", place + 1),
            (Choice::Edge(from, to), _) => format!("edge {from} → {to}"),
        }
    }

    fn is_ordered(self, space: &dyn SearchSpace) -> bool {
        match (self, space.kind()) {
            (Choice::Named(place), Kind::Config(config)) => config.choices()[place].is_ordered(),
            _ => false,
        }
    }
}

/// Returns the choices of an architecture with their values. Inactive choices have none.
fn describe(space: &dyn SearchSpace, arch: &Arch) -> Described {
    if let Kind::Config(config) = space.kind() {
        let cell = config.cell();
        let mut found =
            cell.map_or_else(Described::new, |cell| describe(cell, &config.cell_of(arch)));
        for (place, value) in config.values(arch).enumerate() {
            if let Some(value) = value.map(usize::from) {
                let text = config.choices()[place].values[value].text.clone();
                found.insert(Choice::Named(place), (value, text));
            }
        }
        return found;
    }
    let ops = arch.ops().iter().enumerate();
    let level = |op: u8| {
        let op = usize::from(op);
        (op, space.ops().get(op).cloned().unwrap_or_default())
    };
    let mut found: Described = ops
        .map(|(place, &op)| (Choice::Op(place), level(op)))
        .collect();
    // In the other spaces, the ops determine the graph.
    if matches!(space.kind(), Kind::NodeCell) {
        let graph = space.graph(arch);
        for (to, &inputs) in graph.inputs.iter().enumerate().skip(1) {
            for from in 0..to {
                let there = usize::from(inputs >> from & 1 == 1);
                found.insert(Choice::Edge(from, to), (there, EDGE[there].into()));
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

    #[test]
    fn choices_of_configurations_have_their_names_and_the_order_of_their_values() {
        let text = "name = 'c'\nkind = 'config'\n\
            [[choice]]\nname = 'units'\nvalues = [8, 16, 128]\n\
            [[choice]]\nname = 'optimizer'\nvalues = ['sgd', 'adam']\n\
            [[choice]]\nname = 'momentum'\nvalues = [0.8, 0.9]\nwhen = 'optimizer == sgd'\n\
            [cell]\nkind = 'edge-cell'\nnodes = 3\nops = ['none', 'skip_connect', 'nor_conv_3x3']\n";
        let space = ganas_core::space::from_toml(text).unwrap();
        let texts = [
            "units=128;optimizer=sgd;momentum=0.9;cell=|none~0|+|none~0|none~1|",
            "units=16;optimizer=adam;cell=|none~0|+|none~0|skip_connect~1|",
            "units=8;optimizer=adam;cell=|none~0|+|none~0|none~1|",
        ];
        let archs = texts.map(|text| Some(space.parse(text).unwrap()));
        let found = Choices::of(&*space, &archs);
        assert_eq!(
            found.names,
            ["units", "optimizer", "momentum", "cell 1 → 2"]
        );
        assert_eq!(found.levels[0], ["8", "16", "128"]);
        assert_eq!(found.values[0], [Some(2), Some(1), Some(0)]);
        assert_eq!(found.values[2], [Some(0), None, None]);
        assert_eq!(found.ordered, [true, false, true, false]);
    }
}
