//! Layout of cells.

use crate::figure::{Cell, Change, Edge, Node, Ops, Role};
use crate::layered::{self, Network, PORT};
use crate::scene::{Frame, PADDING, Rect, Scene, Shape, Tile, Wire};

/// The gap between two cells.
const GUTTER: f64 = 48.0;
/// The height of the line that names a cell.
const HEADING: f64 = 28.0;
/// Cells are side by side if they are not wider than this together.
const WIDTH: f64 = 1280.0;

/// The cells side by side, or one below the other if that is too wide.
pub fn scene(cells: &[Cell], ops: &[String]) -> Scene {
    let scenes: Vec<Scene> = cells.iter().map(|cell| of_cell(cell, ops)).collect();
    let width: f64 = scenes.iter().map(|s| s.width + GUTTER).sum();
    let mut whole = Scene::default();
    for mut scene in scenes {
        let first = whole.tiles.is_empty();
        let gap = if first { 0.0 } else { GUTTER };
        if width - GUTTER <= WIDTH {
            scene.shift(whole.width + gap, 0.0);
            whole.width += gap + scene.width;
            whole.height = whole.height.max(scene.height);
        } else {
            scene.shift(0.0, whole.height + gap);
            whole.width = whole.width.max(scene.width);
            whole.height += gap + scene.height;
        }
        whole.frames.extend(scene.frames);
        whole.wires.extend(scene.wires);
        whole.tiles.extend(scene.tiles);
    }
    whole
}

fn of_cell(cell: &Cell, ops: &[String]) -> Scene {
    let mut tiles: Vec<Tile> = (0..cell.nodes.len())
        .map(|v| of_node(cell, v, ops))
        .collect();
    // Wires with the tiles that they join, and whether they go against the order of the layers.
    let (mut wires, mut joined) = (Vec::new(), Vec::new());
    let live = live(cell);
    for (tile, (node, &live)) in tiles.iter_mut().zip(cell.nodes.iter().zip(&live)) {
        tile.faint = node.change == Change::Same && !live;
    }
    for (edge, backward) in cell.edges.iter().zip(against_order(cell)) {
        let zero = edge.op.is_some_and(|op| ops[usize::from(op)] == "none");
        let dead = !(live[edge.from] && live[edge.to]);
        let faint = edge.change == Change::Same && (zero || dead);
        let mut join = |from: usize, to: usize, arrow: bool| {
            joined.push((from, to, backward));
            wires.push(Wire {
                route: Vec::new(),
                arrow,
                change: edge.change,
                faint,
            });
        };
        match edge.op {
            Some(op) => {
                join(edge.from, tiles.len(), false);
                join(tiles.len(), edge.to, true);
                tiles.push(Tile {
                    faint,
                    ..Tile::op(op, edge.change, ops)
                });
            }
            None => join(edge.from, edge.to, true),
        }
    }
    let of_role = |role: Role| (0..cell.nodes.len()).filter(move |&v| cell.nodes[v].role == role);
    let layout = layered::arrange(&Network {
        sizes: (tiles.iter())
            .map(|t| (t.rect.width, t.rect.height))
            .collect(),
        wires: (joined.iter())
            .map(|&(from, to, backward)| if backward { (to, from) } else { (from, to) })
            .collect(),
        first: of_role(Role::Source).collect(),
        last: of_role(Role::Sink).collect(),
        sliding: (cell.nodes.len()..tiles.len()).collect(),
    });
    for (tile, corner) in tiles.iter_mut().zip(&layout.corners) {
        (tile.rect.x, tile.rect.y) = (corner.x, corner.y);
    }
    for ((wire, mut route), (_, _, backward)) in wires.iter_mut().zip(layout.routes).zip(joined) {
        if backward {
            route.reverse();
        }
        wire.route = route;
    }
    let mut scene = Scene {
        width: layout.width,
        height: layout.height,
        frames: Vec::new(),
        wires,
        tiles,
    };
    if !cell.name.is_empty() {
        scene.shift(0.0, HEADING);
        scene.height += HEADING;
        scene.frames.push(Frame {
            rect: Rect {
                width: scene.width,
                height: HEADING,
                ..Rect::default()
            },
            name: format!("{} cell", cell.name),
            filled: false,
        });
    }
    scene
}

fn of_node(cell: &Cell, v: usize, ops: &[String]) -> Tile {
    let Node {
        key,
        name,
        op,
        role,
        change,
    } = &cell.nodes[v];
    let mut tile = match op {
        Some(op) => Tile::op(*op, *change, ops),
        None => {
            let label = match (cell.ops, name.as_str()) {
                (Ops::Nodes, name) => name.to_owned(),
                (_, "") => key.clone(),
                (_, name) => format!("{key} · {name}"),
            };
            let shape = match role {
                Role::Inner => Shape::Map,
                _ => Shape::End,
            };
            Tile::new(shape, label, *change)
        }
    };
    let count = |end: fn(&Edge) -> usize| cell.edges.iter().filter(|e| end(e) == v).count();
    let ends = count(|e| e.from).max(count(|e| e.to));
    tile.rect.width = tile.rect.width.max(ends as f64 * PORT + PADDING);
    tile
}

/// Flags the nodes on a path from an input to the output. Removed nodes are not on one.
fn live(cell: &Cell) -> Vec<bool> {
    let arrows: Vec<(usize, usize)> = (cell.edges.iter())
        .filter(|e| e.change != Change::Removed)
        .map(|e| (e.from, e.to))
        .collect();
    let back: Vec<(usize, usize)> = arrows.iter().map(|&(from, to)| (to, from)).collect();
    let reached = |role: Role, arrows: &[(usize, usize)]| {
        let ends = (0..cell.nodes.len()).filter(|&v| cell.nodes[v].role == role);
        reachable(arrows, ends.collect())
    };
    let (down, up) = (reached(Role::Source, &arrows), reached(Role::Sink, &back));
    (0..cell.nodes.len())
        .map(|v| down.contains(&v) && up.contains(&v))
        .collect()
}

/// Flags the edges that must point against the others. A removed edge may close a cycle with added
/// ones.
fn against_order(cell: &Cell) -> Vec<bool> {
    let is_removed = |edge: &Edge| edge.change == Change::Removed;
    let mut arrows: Vec<(usize, usize)> = (cell.edges.iter())
        .filter(|e| !is_removed(e))
        .map(|e| (e.from, e.to))
        .collect();
    let mut against = Vec::with_capacity(cell.edges.len());
    for edge in &cell.edges {
        let closes = is_removed(edge) && reachable(&arrows, vec![edge.to]).contains(&edge.from);
        if is_removed(edge) {
            arrows.push(if closes {
                (edge.to, edge.from)
            } else {
                (edge.from, edge.to)
            });
        }
        against.push(closes);
    }
    against
}

/// All nodes that arrows lead to from these, with these.
fn reachable(arrows: &[(usize, usize)], mut nodes: Vec<usize>) -> Vec<usize> {
    let mut next = 0;
    while let Some(&node) = nodes.get(next) {
        next += 1;
        for &(_, target) in arrows.iter().filter(|(source, _)| *source == node) {
            if !nodes.contains(&target) {
                nodes.push(target);
            }
        }
    }
    nodes
}
