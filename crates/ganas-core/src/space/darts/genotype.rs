//! Notations of DARTS cells: the program's own and those of other programs.

use super::super::literal::{Literal, unquoted};
use super::super::op_name::op_index;
use super::OPS;
use super::cell::{Cell, EDGES, Edge, INPUTS, NODES};

const FORM: &str = "`Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2, 6), \
    reduce=[...], reduce_concat=range(2, 6))`";

/// Prefix of the keys of NAS-Bench-301's configurations.
const CONFIG: &str = "NetworkSelectorDatasetInfo:darts:";

/// The cells of a text: normal, then reduction.
///
/// - A genotype as DARTS' code prints it, or a dictionary of its fields; the edges may be in a group
///   a node, and may have a weight each;
/// - two lists of eight pairs, `[[(0, 3), ...], [...]]` or tuples: the source and the op, by name or
///   index. Indices are those of NAS-Bench-301 without `none`. In a space with `none` they are read
///   only if the index 7 tells that they are those of DARTS' code;
/// - a configuration of NAS-Bench-301, with a key for each edge.
pub(super) fn read(text: &str, ops: &[String]) -> Result<[Cell; 2], String> {
    let text = unquoted(text);
    if !Literal::begins(text) {
        return Err(format!("a genotype is written {FORM}"));
    }
    let value =
        Literal::read(text).map_err(|what| format!("a genotype is written {FORM}: {what}"))?;
    match &value {
        Literal::List(cells) => read_pairs(cells, ops),
        Literal::Map(fields) if fields.iter().any(|(key, _)| key.starts_with(CONFIG)) => {
            let cells = ["normal", "reduce"].map(|name| read_config(&value, name, ops));
            let [normal, reduction] = cells;
            Ok([normal?, reduction?])
        }
        _ => {
            let cells =
                [("normal", 0), ("reduce", 2)].map(|(name, i)| read_cell(&value, name, i, ops));
            let [normal, reduction] = cells;
            Ok([normal?, reduction?])
        }
    }
}

/// Returns the field of a genotype, by its name or its place.
fn field<'a>(genotype: &'a Literal, name: &str, place: usize) -> Option<&'a Literal> {
    genotype.get(&[name]).or_else(|| match genotype {
        Literal::Map(fields) => {
            (fields.get(place)).and_then(|(key, value)| key.is_empty().then_some(value))
        }
        _ => None,
    })
}

/// Reads the cell of a name, and checks that all its nodes are joined.
fn read_cell(genotype: &Literal, name: &str, place: usize, ops: &[String]) -> Result<Cell, String> {
    let list = field(genotype, name, place)
        .and_then(Literal::list)
        .ok_or_else(|| format!("`{name}=[...]` is not in its place; write {FORM}"))?;
    let cell = read_edges(list, name, &|op| op_index(ops, op))?;
    let mut joined = match field(genotype, &format!("{name}_concat"), place + 1) {
        Some(concat) => concat.numbers().unwrap_or_default(),
        None => return Ok(cell),
    };
    joined.sort_unstable();
    // NASLib writes the last two for every cell.
    if ![&[2, 3, 4, 5][..], &[2, 3, 4, 5, 6], &[4, 5, 6]].contains(&&joined[..]) {
        return Err(format!(
            "`{name}_concat` does not join all nodes; write `range(2, 6)`"
        ));
    }
    Ok(cell)
}

/// Reads two lists of pairs.
fn read_pairs(cells: &[Literal], ops: &[String]) -> Result<[Cell; 2], String> {
    let form = "cells in pairs are written `[[(0, 3), (1, 3), ...], [...]]`";
    let [normal, reduction] = cells else {
        return Err(form.into());
    };
    let (normal, reduction) = (normal.list().ok_or(form)?, reduction.list().ok_or(form)?);
    let has_none = ops.iter().any(|op| op == "none");
    let all = || flat(normal).into_iter().chain(flat(reduction));
    let indices: Vec<usize> = all()
        .filter_map(|edge| edge.list()?.get(1)?.number())
        .collect();
    let eighth = indices.iter().any(|index| *index >= 7);
    // DARTS' own code numbers `none` as 0. NAS-Bench-301, NASLib and BANANAS leave it out.
    let mut order = OPS.to_vec();
    if has_none && eighth {
        order.rotate_right(1);
    } else {
        order.pop();
    }
    if has_none && !indices.is_empty() && !eighth {
        return Err(
            "op indices are ambiguous here: DARTS' code numbers `none` as 0, NAS-Bench-301 leaves it \
             out; name the ops as in `[[(0, 'sep_conv_3x3'), ...], [...]]`, or name the space \
             `nasbench301`"
                .into(),
        );
    }
    let op = |op: &str| match op.parse::<usize>() {
        Err(_) => op_index(ops, op),
        Ok(7) if !has_none => Err(
            "no op has index 7 in NAS-Bench-301's order; if these are the indices of DARTS' code, \
             which numbers `none` as 0, name the ops instead"
                .into(),
        ),
        Ok(index) => match order.get(index) {
            Some(name) => op_index(ops, name),
            None => Err(format!(
                "no op has index `{index}`; the last is {}",
                order.len() - 1
            )),
        },
    };
    Ok([
        read_edges(normal, "normal", &op)?,
        read_edges(reduction, "reduce", &op)?,
    ])
}

/// Reads a cell of a configuration. Its edges are numbered, those of a node after those of the
/// nodes before.
fn read_config(config: &Literal, name: &str, ops: &[String]) -> Result<Cell, String> {
    let mut edges = Vec::new();
    let mut first = 0;
    for node in 0..NODES {
        for source in 0..INPUTS + node {
            let key = format!("{CONFIG}edge_{name}_{}", first + source);
            if let Some(op) = config.get(&[key.as_str()]) {
                let source = Literal::Atom(source.to_string());
                edges.push(Literal::List(vec![op.clone(), source]));
            }
        }
        if edges.len() != 2 * (node + 1) {
            return Err(format!(
                "node {} of `{name}` does not have two edges",
                INPUTS + node
            ));
        }
        first += INPUTS + node;
    }
    read_edges(&edges, name, &|op| op_index(ops, op))
}

/// Returns the edges of a cell, out of their groups if there are any.
fn flat(list: &[Literal]) -> Vec<&Literal> {
    let is_group = |item: &Literal| {
        (item.list()).is_some_and(|items| matches!(items.first(), Some(Literal::List(_))))
    };
    (list.iter())
        .flat_map(|item| match item.list() {
            Some(edges) if is_group(item) => edges.iter().collect(),
            _ => vec![item],
        })
        .collect()
}

/// Writes an edge for errors.
fn shown(edge: &Literal) -> String {
    let part = |part: &Literal| match part.word() {
        Some(word) if word.parse::<f64>().is_ok() => word.to_owned(),
        Some(word) => format!("'{word}'"),
        None => "..".into(),
    };
    match edge.list() {
        Some(parts) => {
            let parts: Vec<String> = parts.iter().map(part).collect();
            format!("({})", parts.join(","))
        }
        None => part(edge),
    }
}

/// Reads an edge: an op and a source in either order, with an optional weight.
fn read_edge(edge: &Literal, op: &dyn Fn(&str) -> Result<u8, String>) -> Result<Edge, String> {
    let parts = edge.words().unwrap_or_default();
    let (a, b) = match parts[..] {
        [a, b] => (a, b),
        [a, b, weight] if weight.parse::<f64>().is_ok() => (a, b),
        _ => return Err("write it like `('sep_conv_3x3', 0)`".into()),
    };
    let named = |text: &str| text.parse::<f64>().is_err();
    let (name, source) = if named(a) { (a, b) } else { (b, a) };
    let source = (source.parse()).map_err(|_| format!("`{source}` is not the number of a node"))?;
    Ok((source, op(name)?))
}

/// Reads the edges of a cell, two a node.
fn read_edges(
    list: &[Literal],
    name: &str,
    op: &dyn Fn(&str) -> Result<u8, String>,
) -> Result<Cell, String> {
    let items = flat(list);
    if items.len() != EDGES {
        return Err(format!(
            "`{name}` has {} edges; give each of the {NODES} nodes two",
            items.len()
        ));
    }
    let mut cell = Cell([[(0, 0); 2]; NODES]);
    for (i, item) in items.iter().enumerate() {
        let place =
            |what: String| format!("edge {} of `{name}` (`{}`): {what}", i + 1, shown(item));
        let found = read_edge(item, op).map_err(place)?;
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
