//! Space files: a user's own space in TOML.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::config::{ConfigFile, config};
use super::{Chain, EdgeCell, NodeCell, OpCosts, Roles, SearchSpace, exact_op_index};
use crate::arch::{Arch, CELL_VERTICES, MAX_LABELS, MAX_NODES};
use crate::error::{Error, Result};
use crate::read_regular_text;

/// Largest number of blocks of a chain and edges of a cell: graphs have an input and an output, too.
const MAX_BLOCKS: usize = MAX_NODES - 2;

/// Content of a space file, by kind.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum SpaceFile {
    Chain {
        name: String,
        length: Option<usize>,
        ops: Option<Vec<String>>,
        choices: Option<Vec<Vec<String>>>,
        #[serde(default)]
        absent: Vec<String>,
        #[serde(default)]
        identity: Vec<String>,
        #[serde(default)]
        stages: Vec<usize>,
        #[serde(default)]
        metrics: MetricTable,
        #[serde(default)]
        start: Start,
    },
    EdgeCell {
        name: String,
        nodes: usize,
        ops: Vec<String>,
        #[serde(default)]
        absent: Vec<String>,
        #[serde(default)]
        identity: Vec<String>,
        #[serde(default)]
        metrics: MetricTable,
        #[serde(default)]
        start: Start,
    },
    NodeCell {
        name: String,
        max_vertices: usize,
        max_edges: usize,
        ops: Vec<String>,
        #[serde(default)]
        absent: Vec<String>,
        #[serde(default)]
        identity: Vec<String>,
        #[serde(default)]
        metrics: MetricTable,
        #[serde(default)]
        start: Start,
    },
    Config(ConfigFile),
}

/// Architectures with which a search starts: one text or a list.
#[derive(Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Start {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl Start {
    /// Returns the texts, all of which are architectures of the space.
    fn read_by(self, space: &dyn SearchSpace) -> Result<Vec<String>> {
        let texts = match self {
            Start::None => Vec::new(),
            Start::One(text) => vec![text],
            Start::Several(texts) => texts,
        };
        for text in &texts {
            space
                .parse(text)
                .map_err(|what| Error::input(format!("`start`: `{text}`: {what}")))?;
        }
        Ok(texts)
    }
}

/// Cost per op for each metric. Ops that are left out cost nothing.
type MetricTable = BTreeMap<String, BTreeMap<String, f64>>;

/// Reads a space file.
///
/// # Errors
/// If the file cannot be read or does not describe a space.
pub fn from_file(path: impl AsRef<Path>) -> Result<Box<dyn SearchSpace>> {
    let path = path.as_ref();
    let text = read_regular_text(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => Error::input("the file is not text").in_file(path),
        _ => Error::io(path, e),
    })?;
    from_toml(&text).map_err(|e| e.in_file(path))
}

/// Parses a space from TOML text.
///
/// # Errors
/// If the text does not describe a space. The error carries the line if the text is not TOML.
pub fn from_toml(text: &str) -> Result<Box<dyn SearchSpace>> {
    let file: SpaceFile = toml::from_str(text).map_err(|e| {
        let error = Error::input(e.message().replace('\n', " "))
            .mend("a space file has `name`, `kind` (chain, edge-cell, node-cell or config) and its fields");
        match e.span() {
            Some(span) if span.end > 0 => {
                error.on_line(1 + text[..span.start.min(text.len())].matches('\n').count() as u64)
            }
            _ => error,
        }
    })?;
    check_names(&file)?;
    Ok(match file {
        SpaceFile::Chain {
            name,
            length,
            ops,
            choices,
            absent,
            identity,
            stages,
            metrics,
            start,
        } => {
            let mut space = chain(name, length, ops, choices, metrics)?;
            unify(&mut space, &absent, &identity, stages)?;
            space.start = start.read_by(&space)?;
            Box::new(space)
        }
        SpaceFile::EdgeCell {
            name,
            nodes,
            ops,
            absent,
            identity,
            metrics,
            start,
        } => {
            check_nodes(nodes)?;
            check_ops(&ops)?;
            let costs = op_costs(&ops, metrics)?;
            let mut space = EdgeCell::new(name, nodes, ops, Box::new(costs));
            unify(&mut space, &absent, &identity, Vec::new())?;
            space.start = start.read_by(&space)?;
            Box::new(space)
        }
        SpaceFile::NodeCell {
            name,
            max_vertices,
            max_edges,
            ops,
            absent,
            identity,
            metrics,
            start,
        } => {
            check_limits(max_vertices, max_edges)?;
            check_ops(&ops)?;
            let costs = op_costs(&ops, metrics)?;
            let mut space = NodeCell::new(name, max_vertices, max_edges, ops, Box::new(costs));
            unify(&mut space, &absent, &identity, Vec::new())?;
            space.start = start.read_by(&space)?;
            Box::new(space)
        }
        SpaceFile::Config(mut file) => {
            let start = std::mem::take(&mut file.start);
            let mut space = config(file, cell)?;
            space.start = start.read_by(&space)?;
            Box::new(space)
        }
    })
}

/// Builds the cell of a configuration from its table.
fn cell(mut table: toml::Table) -> Result<Box<dyn SearchSpace>> {
    table.entry("name").or_insert_with(|| "cell".into());
    let kind = table.get("kind").and_then(toml::Value::as_str);
    if kind == Some("config") {
        return Err(Error::input("a cell cannot be a configuration").mend("add choices instead"));
    }
    if table.contains_key("start") {
        return Err(Error::input("a cell has no `start` of its own")
            .mend("write whole configurations into `start` on top of the file"));
    }
    from_toml(&table.to_string()).map_err(|e| Error::input(format!("cell: {e}")))
}

/// Checks the number of nodes of an edge cell.
fn check_nodes(nodes: usize) -> Result<()> {
    let edges = nodes.saturating_mul(nodes.saturating_sub(1)) / 2;
    if nodes < 2 || edges > MAX_BLOCKS {
        return Err(Error::input(format!("`nodes = {nodes}` is out of range"))
            .mend("an edge cell has 2 to 11 nodes"));
    }
    Ok(())
}

/// Checks the largest numbers of vertices and edges of a node cell.
fn check_limits(max_vertices: usize, max_edges: usize) -> Result<()> {
    if !(2..=CELL_VERTICES).contains(&max_vertices) {
        return Err(
            Error::input(format!("`max_vertices = {max_vertices}` is out of range"))
                .mend(format!("a node cell has 2 to {CELL_VERTICES} vertices")),
        );
    }
    if max_edges == 0 {
        return Err(
            Error::input("`max_edges = 0` leaves the space empty").mend("allow at least one edge")
        );
    }
    Ok(())
}

/// Checks that the names of the space and of its metrics can be displayed.
fn check_names(file: &SpaceFile) -> Result<()> {
    let (name, metrics) = match file {
        SpaceFile::Chain { name, metrics, .. }
        | SpaceFile::EdgeCell { name, metrics, .. }
        | SpaceFile::NodeCell { name, metrics, .. } => (name, metrics.keys().collect()),
        SpaceFile::Config(file) => (&file.name, file.metrics.keys().collect::<Vec<_>>()),
    };
    match std::iter::once(name)
        .chain(metrics)
        .find(|name| name.contains(char::is_control))
    {
        Some(name) => Err(
            Error::input(format!("the name {name:?} has a control character")).mend("remove it"),
        ),
        None => Ok(()),
    }
}

fn chain(
    name: String,
    length: Option<usize>,
    ops: Option<Vec<String>>,
    choices: Option<Vec<Vec<String>>>,
    metrics: MetricTable,
) -> Result<Chain> {
    let lists = match (length, ops, choices) {
        (Some(length), Some(ops), None) => {
            // Before it is copied for each position.
            check_count(&ops)?;
            vec![ops; length.min(MAX_BLOCKS + 1)]
        }
        (length, None, Some(choices)) => {
            if length.is_some_and(|l| l != choices.len()) {
                return Err(
                    Error::input("`length` is not the number of lists in `choices`")
                        .mend("leave `length` out"),
                );
            }
            choices
        }
        _ => {
            return Err(
                Error::input("a chain needs `length` and `ops`, or `choices`")
                    .mend("give either pair, not both"),
            );
        }
    };
    if lists.is_empty() || lists.len() > MAX_BLOCKS {
        return Err(Error::input("the chain's length is out of range")
            .mend(format!("a chain has 1 to {MAX_BLOCKS} blocks")));
    }
    for (i, list) in lists.iter().enumerate() {
        check_ops(list).map_err(|e| Error::input(format!("position {i}: {e}")))?;
    }
    let mut ops: Vec<String> = Vec::new();
    for op in lists.iter().flatten() {
        if !ops.contains(op) {
            ops.push(op.clone());
        }
    }
    let mut indices = Vec::with_capacity(lists.len());
    for list in &lists {
        // Every op was collected from these very lists.
        indices.push(
            list.iter()
                .filter_map(|op| exact_op_index(&ops, op).ok())
                .collect(),
        );
    }
    check_count(&ops)?;
    let costs = op_costs(&ops, metrics)?;
    Ok(Chain::new(name, ops, indices, Box::new(costs)))
}

/// Makes equal networks one architecture, by the ops without a layer that the file names.
fn unify(
    space: &mut dyn SearchSpace,
    absent: &[String],
    identity: &[String],
    stages: Vec<usize>,
) -> Result<()> {
    let indices = |key: &str, names: &[String]| -> Result<Vec<u8>> {
        let mut found = Vec::new();
        for name in names {
            let index = exact_op_index(space.ops(), name)
                .map_err(|e| Error::input(format!("`{key}`: {e}")))?;
            if !found.contains(&index) {
                found.push(index);
            }
        }
        Ok(found)
    };
    let roles = Roles {
        absent: indices("absent", absent)?,
        identity: indices("identity", identity)?,
        stages,
        projected: false,
    };
    if let Some(&both) = roles.absent.iter().find(|op| roles.is_identity(**op)) {
        let name = &space.ops()[usize::from(both)];
        return Err(
            Error::input(format!("op `{name}` is both in `absent` and in `identity`"))
                .mend("name it in one of them"),
        );
    }
    if roles.is_empty() {
        if !roles.stages.is_empty() {
            return Err(
                Error::input("`stages` has no effect without `absent` or `identity`")
                    .mend("name the ops without a layer, or leave `stages` out"),
            );
        }
        return Ok(());
    }
    // Equal networks have one cost.
    let lone = |op: u8| Arch::new(&[op]);
    for &op in roles.absent.iter().chain(&roles.identity) {
        if let Some(metric) = (0..space.costs().len()).find(|&m| space.cost(&lone(op), m) != 0.0) {
            return Err(Error::input(format!(
                "metric `{}`: op `{}` has no layer, but a cost",
                space.costs()[metric],
                space.ops()[usize::from(op)]
            ))
            .mend("remove its cost, or take it out of `absent` and `identity`"));
        }
    }
    space.unify(&roles)
}

fn check_ops(ops: &[String]) -> Result<()> {
    if ops.is_empty() {
        return Err(Error::input("a list of ops is empty").mend("name at least one op"));
    }
    // First, since the check of pairs is quadratic.
    check_count(ops)?;
    for (i, op) in ops.iter().enumerate() {
        if op.is_empty()
            || op.contains([';', '|', '~', '+', ','])
            || op.contains(char::is_control)
            || op.trim() != op
        {
            return Err(Error::input(format!(
                "`{}` cannot be the name of an op",
                op.escape_debug()
            ))
            .mend(
                "names must not be empty or contain ; | ~ + , outer blanks or control characters",
            ));
        }
        if ops[..i].contains(op) {
            return Err(Error::input(format!("op `{op}` is listed twice")).mend("list it once"));
        }
    }
    Ok(())
}

fn check_count(ops: &[String]) -> Result<()> {
    if ops.len() + 2 > MAX_LABELS {
        return Err(
            Error::input(format!("{} different ops are too many", ops.len()))
                .mend(format!("a space has at most {}", MAX_LABELS - 2)),
        );
    }
    Ok(())
}

fn op_costs(ops: &[String], metrics: MetricTable) -> Result<OpCosts> {
    let mut costs = OpCosts::default();
    for (metric, table) in metrics {
        let mut shares = vec![0.0; ops.len()];
        for (op, cost) in table {
            let index = exact_op_index(ops, &op)
                .map_err(|e| Error::input(format!("metric `{metric}`: {e}")))?;
            if !cost.is_finite() {
                return Err(
                    Error::input(format!("metric `{metric}`: op `{op}` costs {cost}"))
                        .mend("costs must be finite numbers"),
                );
            }
            shares[index as usize] = cost;
        }
        costs.push(metric, shares);
    }
    Ok(costs)
}
