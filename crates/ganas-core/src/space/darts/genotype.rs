//! How DARTS cells are written.

use super::super::op_index;
use super::cell::{Cell, EDGES, Edge, INPUTS, NODES};

/// The cells of a genotype in either notation: normal, then reduction.
pub(super) fn read(text: &str, ops: &[String]) -> Result<[Cell; 2], String> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if text.starts_with("[[") {
        return read_pairs(&text, ops);
    }
    let rest = (text.strip_prefix("Genotype("))
        .and_then(|t| t.strip_suffix(')'))
        .ok_or("a genotype is written `Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2, 6), reduce=[...], reduce_concat=range(2, 6))`")?;
    let (normal, rest) = read_cell(rest, "normal", ops)?;
    let rest = rest
        .strip_prefix(',')
        .ok_or("no `,` and `reduce=` after the normal cell")?;
    let (reduction, rest) = read_cell(rest, "reduce", ops)?;
    match rest {
        "" => Ok([normal, reduction]),
        rest => Err(format!("`{rest}` after the reduction cell; remove it")),
    }
}

/// Reads `NAME=[..],NAME_concat=..`.
fn read_cell<'a>(text: &'a str, name: &str, ops: &[String]) -> Result<(Cell, &'a str), String> {
    let (list, rest) = (text.strip_prefix(name))
        .and_then(|t| t.strip_prefix("=[")?.split_once(']'))
        .ok_or_else(|| format!("`{name}=[...]` is not in its place"))?;
    let edge = |item: &str| {
        let (op, source) = item
            .split_once(',')
            .ok_or("write it like `('sep_conv_3x3', 0)`")?;
        let op = op_index(ops, op.trim_matches(['\'', '"']))?;
        Ok((source_of(source)?, op))
    };
    let cell = read_edges(list, name, edge)?;
    let concat = format!(",{name}_concat=");
    let rest = rest
        .strip_prefix(concat.as_str())
        .ok_or_else(|| format!("`{}` is not in its place", &concat[1..]))?;
    let all = ["range(2,6)", "[2,3,4,5]"];
    match all.iter().find_map(|all| rest.strip_prefix(all)) {
        Some(rest) => Ok((cell, rest)),
        None => Err(format!(
            "`{name}_concat` does not join all nodes; write `range(2, 6)`"
        )),
    }
}

/// Reads `[[(source,op),..],[..]]`, with ops by index.
fn read_pairs(text: &str, ops: &[String]) -> Result<[Cell; 2], String> {
    let (normal, reduction) = (text.strip_prefix("[[").and_then(|t| t.strip_suffix("]]")))
        .and_then(|t| t.split_once("],["))
        .ok_or("cells in pairs are written `[[(0, 3), (1, 3), ...], [...]]`")?;
    let edge = |item: &str| {
        let (source, op) = item.split_once(',').ok_or("write it like `(0, 3)`")?;
        let op = (op.parse::<u8>().ok())
            .filter(|&op| usize::from(op) < ops.len())
            .ok_or_else(|| format!("no op has index `{op}`; the last is {}", ops.len() - 1))?;
        Ok((source_of(source)?, op))
    };
    Ok([
        read_edges(normal, "normal", edge)?,
        read_edges(reduction, "reduce", edge)?,
    ])
}

fn source_of(text: &str) -> Result<u8, String> {
    (text.parse()).map_err(|_| format!("`{text}` is not the number of a node"))
}

/// Reads the edges of a cell, two a node.
fn read_edges(
    list: &str,
    name: &str,
    edge: impl Fn(&str) -> Result<Edge, String>,
) -> Result<Cell, String> {
    let inner = list
        .strip_prefix('(')
        .and_then(|l| l.strip_suffix(')'))
        .unwrap_or("");
    let items: Vec<&str> = inner.split("),(").filter(|item| !item.is_empty()).collect();
    if items.len() != EDGES {
        return Err(format!(
            "`{name}` has {} edges; give each of the {NODES} nodes two",
            items.len()
        ));
    }
    let mut cell = Cell([[(0, 0); 2]; NODES]);
    for (i, item) in items.iter().enumerate() {
        let place = |what: String| format!("edge {} of `{name}` (`({item})`): {what}", i + 1);
        let found = edge(item).map_err(place)?;
        let (node, most) = (i / 2, INPUTS + i / 2 - 1);
        if usize::from(found.0) > most {
            return Err(place(format!(
                "it comes from node {}; use 0 to {most}",
                found.0
            )));
        }
        if i % 2 == 1 && cell.0[node][0].0 == found.0 {
            return Err(place(format!(
                "node {} takes node {} twice; give its edges two sources",
                INPUTS + node,
                found.0
            )));
        }
        cell.0[node][i % 2] = found;
    }
    // Only now: an edge is compared with the one before it as they were written.
    cell.0.iter_mut().for_each(|edges| edges.sort_unstable());
    Ok(cell)
}

/// Writes a genotype as DARTS' code does.
pub(super) fn write(cells: &[Cell; 2], ops: &[String]) -> String {
    let list = |cell: &Cell| {
        let edges: Vec<String> = (cell.0.as_flattened().iter())
            .map(|&(source, op)| format!("('{}', {source})", ops[op as usize]))
            .collect();
        edges.join(", ")
    };
    let [normal, reduction] = cells.each_ref().map(list);
    format!(
        "Genotype(normal=[{normal}], normal_concat=range(2, 6), \
         reduce=[{reduction}], reduce_concat=range(2, 6))"
    )
}
