//! Structure of a drawing, before its layout.

use ganas_core::arch::{Arch, Graph, INPUT, OUTPUT, bits};
use ganas_core::space::{Kind, Rules, SearchSpace};

use crate::label;

/// The change of a part, in the figure of a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    #[default]
    Same,
    Added,
    Removed,
    /// The part had this op before.
    Changed(u8),
}

/// The structure of an architecture's drawing.
#[derive(Clone, Debug)]
pub enum Figure {
    Cells(Vec<Cell>),
    Chain(Vec<Stage>),
}

/// The place of a cell's ops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ops {
    /// In its nodes.
    Nodes,
    /// On its edges. The numbers of its nodes mean nothing.
    Edges,
    /// On its edges, with one edge between any two nodes. Edges without an op are `none`.
    AllEdges,
}

/// A cell: a DAG.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The cell's name; empty if it is the only one.
    pub name: String,
    pub ops: Ops,
    /// In topological order; removed ones follow after the others.
    pub nodes: Vec<Node>,
    /// At most one from any node to any other.
    pub edges: Vec<Edge>,
}

/// The role of a node in its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Source,
    Inner,
    Sink,
}

#[derive(Clone, Debug)]
pub struct Node {
    /// The name by which other lines refer to the node.
    pub key: String,
    /// The name of a node without an op.
    pub name: String,
    pub op: Option<u8>,
    pub role: Role,
    pub change: Change,
}

#[derive(Clone, Copy, Debug)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    pub op: Option<u8>,
    pub change: Change,
}

/// A sequence of layers.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The stage's name; empty if the chain has no stages.
    pub name: String,
    pub layers: Vec<Layer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    pub op: u8,
    pub change: Change,
}

impl Node {
    fn new(key: impl ToString, name: impl Into<String>, op: Option<u8>, role: Role) -> Self {
        Node {
            key: key.to_string(),
            name: name.into(),
            op,
            role,
            change: Change::Same,
        }
    }
}

impl Edge {
    fn new(from: usize, to: usize, op: Option<u8>) -> Self {
        Edge {
            from,
            to,
            op,
            change: Change::Same,
        }
    }
}

impl Figure {
    /// The figure of a valid architecture.
    pub fn of(space: &dyn SearchSpace, arch: &Arch) -> Figure {
        match space.kind() {
            Kind::EdgeCell => Figure::Cells(vec![edge_cell(space, arch)]),
            Kind::NodeCell => Figure::plain(space, arch),
            Kind::Chain => Figure::Chain(vec![Stage::new(String::new(), arch.ops())]),
            _ => {
                let graph = space.graph(arch);
                if let Some(cells) = cells_of_edges(space, &graph) {
                    Figure::Cells(cells)
                } else if let Some(stages) = stages(space, &graph) {
                    Figure::Chain(stages)
                } else {
                    Figure::plain(space, arch)
                }
            }
        }
    }

    /// The graph of an architecture as it is.
    pub fn plain(space: &dyn SearchSpace, arch: &Arch) -> Figure {
        let graph = space.graph(arch);
        let ops = space.ops().len();
        let nodes = (graph.labels.iter().enumerate())
            .map(|(v, &label)| {
                let name = (space.vocabulary().get(usize::from(label)))
                    .map_or_else(|| "?".into(), |name| label::clean(name));
                let op = label.checked_sub(2).filter(|&op| usize::from(op) < ops);
                let role = match label {
                    INPUT => Role::Source,
                    OUTPUT => Role::Sink,
                    _ => Role::Inner,
                };
                Node::new(v, name, op, role)
            })
            .collect();
        let edges = (graph.inputs.iter().enumerate())
            .flat_map(|(v, &inputs)| bits(inputs).map(move |u| Edge::new(u, v, None)))
            .collect();
        Figure::Cells(vec![Cell {
            name: String::new(),
            ops: Ops::Nodes,
            nodes,
            edges,
        }])
    }
}

/// The cell of an architecture with an op an edge.
fn edge_cell(space: &dyn SearchSpace, arch: &Arch) -> Cell {
    let none = space.ops().iter().position(|op| op == "none");
    let (mut nodes, mut edges) = (vec![Node::new(0, "input", None, Role::Source)], Vec::new());
    let mut ops = arch.ops();
    while ops.len() >= nodes.len() {
        let to = nodes.len();
        let (group, rest) = ops.split_at(to);
        ops = rest;
        for (from, &op) in group.iter().enumerate() {
            if Some(usize::from(op)) != none {
                edges.push(Edge::new(from, to, Some(op)));
            }
        }
        nodes.push(match rest.len() {
            0 => Node::new(to, "output", None, Role::Sink),
            _ => Node::new(to, "", None, Role::Inner),
        });
    }
    Cell {
        name: String::new(),
        ops: Ops::AllEdges,
        nodes,
        edges,
    }
}

/// The cells of a graph like that of [`Darts`](ganas_core::space::Darts): ops with one feeder each,
/// and nodes that sum them.
fn cells_of_edges(space: &dyn SearchSpace, graph: &Graph) -> Option<Vec<Cell>> {
    let after_ops = space.vocabulary().get(2 + space.ops().len()..)?;
    if after_ops != ["cell_before_last", "last_cell", "sum"] {
        return None;
    }
    let mut cells: Vec<Cell> = Vec::new();
    // The node of its cell that each graph node is, and the ops whose sum is still to come.
    let mut places: Vec<Option<usize>> = vec![None; graph.len()];
    let mut pending = Vec::new();
    for (t, &label) in graph.labels.iter().enumerate().skip(1) {
        let name = space.vocabulary().get(usize::from(label))?.as_str();
        if name == "cell_before_last" {
            cells.push(Cell {
                name: if cells.is_empty() {
                    "normal"
                } else {
                    "reduction"
                }
                .into(),
                ops: Ops::Edges,
                nodes: Vec::new(),
                edges: Vec::new(),
            });
        }
        if label == OUTPUT {
            break;
        }
        let cell = cells.last_mut()?;
        let place = cell.nodes.len();
        let node = match name {
            "cell_before_last" => Node::new(place, "c_{k-2}", None, Role::Source),
            "last_cell" => Node::new(place, "c_{k-1}", None, Role::Source),
            "sum" => {
                let sources = pending.drain(..);
                (cell.edges).extend(sources.map(|(from, op)| Edge::new(from, place, Some(op))));
                Node::new(place, "", None, Role::Inner)
            }
            _ => {
                pending.push((
                    places[bits(graph.inputs[t]).next()?]?,
                    label.checked_sub(2)?,
                ));
                continue;
            }
        };
        places[t] = Some(place);
        cell.nodes.push(node);
    }
    for cell in &mut cells {
        let sink = cell.nodes.len();
        let sums = (0..sink).filter(|&v| cell.nodes[v].role == Role::Inner);
        (cell.edges).extend(sums.map(|v| Edge::new(v, sink, None)));
        cell.nodes.push(Node::new("out", "c_{k}", None, Role::Sink));
    }
    Some(cells)
}

/// The stages of a graph in which each node feeds the next. Layers that are left out are not in
/// them.
fn stages(space: &dyn SearchSpace, graph: &Graph) -> Option<Vec<Stage>> {
    let layers = graph.labels.get(1..graph.len().checked_sub(1)?)?;
    let follows = |(v, &inputs): (usize, &u64)| v == 0 || inputs == 1 << (v - 1);
    let ops = 2..2 + space.ops().len();
    if !graph.inputs.iter().enumerate().all(follows)
        || layers.iter().any(|&l| !ops.contains(&usize::from(l)))
    {
        return None;
    }
    let ops: Vec<u8> = layers.iter().map(|l| l - 2).collect();
    let Some(skip) = space.ops().iter().position(|op| op == "skip") else {
        return Some(vec![Stage::new(String::new(), &ops)]);
    };
    let skip = skip as u8;
    // A layer that is left out ends its stage, so whatever else may follow it begins another.
    let mut partial = Graph::default();
    partial.push(INPUT, 0);
    let mut stages: Vec<Vec<u8>> = Vec::new();
    for (slot, &op) in ops.iter().enumerate() {
        if slot == 0 || space.labels(&partial, Rules::Learned) != 1 << (skip + 2) {
            stages.push(Vec::new());
        }
        if let Some(stage) = stages.last_mut().filter(|_| op != skip) {
            stage.push(op);
        }
        partial.push(skip + 2, 1 << slot);
    }
    let named = (stages.iter().enumerate())
        .map(|(i, ops)| Stage::new(format!("stage {}", i + 1), ops))
        .collect();
    Some(named)
}

impl Stage {
    fn new(name: String, ops: &[u8]) -> Self {
        let layer = |&op: &u8| Layer {
            op,
            change: Change::Same,
        };
        Stage {
            name,
            layers: ops.iter().map(layer).collect(),
        }
    }
}
