//! Graphs and values of architectures for other programs.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Kind, SearchSpace};
use crate::arch::{Arch, bits};

/// Graph of an architecture by the names of its labels, for workers and files.
#[derive(Debug, Serialize)]
pub struct NamedGraph<'a> {
    /// Op of each node, in topological order. A node of a configuration is `choice=value`.
    pub ops: Vec<Cow<'a, str>>,
    /// Edges, each from an earlier node to a later one.
    pub edges: Vec<[usize; 2]>,
    /// Values of the active choices, in spaces of configurations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Map<String, Value>>,
}

impl<'a> NamedGraph<'a> {
    /// Creates the graph of an architecture of a space.
    pub fn new(space: &'a dyn SearchSpace, arch: &Arch) -> Self {
        let graph = space.graph(arch);
        let names = space.vocabulary();
        let mut ops: Vec<Cow<str>> = (graph.labels.iter())
            .map(|l| Cow::Borrowed(&*names[*l as usize]))
            .collect();
        let values = match space.kind() {
            Kind::Config(config) => {
                for (op, (choice, value)) in
                    (ops.iter_mut().skip(1)).zip(config.choices().iter().zip(config.values(arch)))
                {
                    let text = value.map_or("", |value| &choice.values[usize::from(value)].text);
                    *op = Cow::Owned(format!("{}={text}", choice.name));
                }
                Some(named_values(space, arch))
            }
            _ => None,
        };
        NamedGraph {
            ops,
            edges: (0..graph.len())
                .flat_map(|v| bits(graph.inputs[v]).map(move |u| [u, v]))
                .collect(),
            values,
        }
    }
}

/// Returns the values of an architecture by choice: numbers, words, and true and false. A cell is its
/// notation. The map is empty in spaces without named choices.
pub fn named_values(space: &dyn SearchSpace, arch: &Arch) -> Map<String, Value> {
    let Kind::Config(config) = space.kind() else {
        return Map::new();
    };
    let named = config.choices().iter().zip(config.values(arch));
    let mut values: Map<String, Value> = named
        .filter_map(|(choice, value)| {
            let value = &choice.values[usize::from(value?)];
            Some((choice.name.clone(), json(value)))
        })
        .collect();
    if let Some(cell) = config.cell() {
        values.insert("cell".into(), cell.format(&config.cell_of(arch)).into());
    }
    values
}

fn json(value: &super::Value) -> Value {
    match (value.text.as_str(), value.number) {
        (text, None) => text.into(),
        ("true", _) => true.into(),
        ("false", _) => false.into(),
        (text, Some(number)) => text.parse::<i64>().map_or(number.into(), Value::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_have_typed_values() {
        let text = "name = 'c'\nkind = 'config'\n\
            [[choice]]\nname = 'units'\nvalues = [16, 32]\n\
            [[choice]]\nname = 'lr'\nvalues = [0.1, 1.0]\n\
            [[choice]]\nname = 'amp'\nvalues = [true, false]\n\
            [[choice]]\nname = 'act'\nvalues = ['relu', '2']\nwhen = 'amp == true'\n";
        let space = crate::space::from_toml(text).unwrap();
        let values = |text: &str| {
            let arch = space.parse(text).unwrap();
            let graph = NamedGraph::new(&*space, &arch);
            (
                serde_json::to_string(&graph.values).unwrap(),
                graph.ops[4].to_string(),
            )
        };
        let (all, last) = values("units=32;lr=0.1;amp=true;act=2");
        assert_eq!(all, r#"{"act":"2","amp":true,"lr":0.1,"units":32}"#);
        assert_eq!(last, "act=2");
        let (all, last) = values("units=16;lr=1;amp=false");
        assert_eq!(all, r#"{"amp":false,"lr":1,"units":16}"#);
        assert_eq!(last, "act=");
    }
}
