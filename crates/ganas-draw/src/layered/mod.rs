//! Layered drawings of DAGs (Sugiyama, Tagawa & Toda 1981, doi 10.1109/TSMC.1981.4308636): layers by
//! the longest path, an order with few crossings within each, then coordinates.
//!
//! An edge over several layers has its own slot in each layer between, so no edge passes over a
//! box.

mod layers;
mod order;
mod place;

use crate::scene::Point;

/// Room for each end of a wire at a box, in pixels, if the box is wide enough.
pub const PORT: f64 = 10.0;

/// The gap between two layers.
const GAP: f64 = 34.0;

/// The input of a layout: boxes and the wires between them, from top to bottom.
#[derive(Clone, Debug)]
pub struct Network {
    /// Width and height of each box.
    pub sizes: Vec<(f64, f64)>,
    /// The two boxes that each wire joins. There is no cycle.
    pub wires: Vec<(usize, usize)>,
    /// The boxes at the top.
    pub first: Vec<usize>,
    /// The boxes below all others.
    pub last: Vec<usize>,
    /// Boxes on the way from one to another, which may stand in any layer between.
    pub sliding: Vec<usize>,
}

/// The positions of all boxes and wires.
#[derive(Clone, Debug)]
pub struct Arrangement {
    pub width: f64,
    pub height: f64,
    /// The upper left corner of each box.
    pub corners: Vec<Point>,
    /// The points that each wire goes through.
    pub routes: Vec<Vec<Point>>,
}

/// The network in layers: its boxes, then the slots of long wires, which are edges of length one.
struct Layered {
    /// The layer of each vertex.
    layer: Vec<usize>,
    /// The vertices of each layer from left to right.
    rows: Vec<Vec<usize>>,
    /// The neighbours in the layer before and in the one after.
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    /// The number of boxes; later vertices are slots.
    boxes: usize,
    /// The vertices of each wire, both ends included.
    chains: Vec<Vec<usize>>,
}

impl Layered {
    fn new(network: &Network) -> Self {
        let mut layer = layers::assign(network);
        let boxes = layer.len();
        let mut chains = Vec::with_capacity(network.wires.len());
        for &(from, to) in &network.wires {
            let mut chain = vec![from];
            for between in layer[from] + 1..layer[to] {
                chain.push(layer.len());
                layer.push(between);
            }
            chain.push(to);
            chains.push(chain);
        }
        let mut rows = vec![Vec::new(); layer.iter().max().map_or(0, |last| last + 1)];
        for (vertex, &layer) in layer.iter().enumerate() {
            rows[layer].push(vertex);
        }
        let (mut above, mut below) = (vec![Vec::new(); layer.len()], vec![Vec::new(); layer.len()]);
        for pair in chains.iter().flat_map(|chain| chain.windows(2)) {
            below[pair[0]].push(pair[1]);
            above[pair[1]].push(pair[0]);
        }
        Layered {
            layer,
            rows,
            above,
            below,
            boxes,
            chains,
        }
    }
}

/// Arranges a network.
pub fn arrange(network: &Network) -> Arrangement {
    let mut layered = Layered::new(network);
    order::reduce_crossings(&mut layered);
    let centres = place::centres(&layered, &network.sizes);
    let width = |v: usize| network.sizes.get(v).map_or(0.0, |size| size.0);
    let left = (0..centres.len()).map(|v| centres[v] - width(v) / 2.0);
    let left = left.fold(f64::INFINITY, f64::min);
    let right = (0..centres.len()).map(|v| centres[v] + width(v) / 2.0);
    let right = right.fold(f64::NEG_INFINITY, f64::max);
    let xs: Vec<f64> = centres.iter().map(|x| x - left).collect();

    let mut bands = Vec::with_capacity(layered.rows.len());
    let mut y = 0.0;
    for row in &layered.rows {
        let heights = row.iter().filter_map(|&v| network.sizes.get(v));
        let height = heights.fold(0.0, |most: f64, size| most.max(size.1));
        bands.push((y, y + height));
        y += height + GAP;
    }
    let corners: Vec<Point> = (network.sizes.iter().enumerate())
        .map(|(v, &(width, height))| {
            let (top, bottom) = bands[layered.layer[v]];
            Point {
                x: xs[v] - width / 2.0,
                y: (top + bottom - height) / 2.0,
            }
        })
        .collect();
    let routes = routes(&layered, network, &xs, &corners, &bands);
    Arrangement {
        width: (right - left).max(0.0),
        height: (y - GAP).max(0.0),
        corners,
        routes,
    }
}

/// The points of each wire: straight through its layers, between them as the writer likes.
fn routes(
    layered: &Layered,
    network: &Network,
    xs: &[f64],
    corners: &[Point],
    bands: &[(f64, f64)],
) -> Vec<Vec<Point>> {
    let starts = ports(layered, network, xs, |chain| (chain[0], chain[1]));
    let ends = ports(layered, network, xs, |chain| {
        (chain[chain.len() - 1], chain[chain.len() - 2])
    });
    (layered.chains.iter().enumerate())
        .map(|(wire, chain)| {
            let (from, to) = (chain[0], chain[chain.len() - 1]);
            let mut route = vec![
                Point {
                    x: starts[wire],
                    y: corners[from].y + network.sizes[from].1,
                },
                Point {
                    x: starts[wire],
                    y: bands[layered.layer[from]].1,
                },
            ];
            for &slot in &chain[1..chain.len() - 1] {
                let (top, bottom) = bands[layered.layer[slot]];
                route.extend([top, bottom].map(|y| Point { x: xs[slot], y }));
            }
            route.extend(
                [bands[layered.layer[to]].0, corners[to].y].map(|y| Point { x: ends[wire], y }),
            );
            route.dedup();
            route
        })
        .collect()
}

/// The points at which each wire meets the box at one of its ends. The wires of a box lie side by
/// side, in the order of their next vertices. `end` gives the box and that next vertex.
fn ports(
    layered: &Layered,
    network: &Network,
    xs: &[f64],
    end: impl Fn(&[usize]) -> (usize, usize),
) -> Vec<f64> {
    let mut meeting: Vec<Vec<(usize, usize)>> = vec![Vec::new(); network.sizes.len()];
    for (wire, chain) in layered.chains.iter().enumerate() {
        let (at, next) = end(chain);
        meeting[at].push((wire, next));
    }
    let mut ports = vec![0.0; layered.chains.len()];
    for (at, wires) in meeting.iter_mut().enumerate() {
        wires.sort_by(|a, b| xs[a.1].total_cmp(&xs[b.1]).then(a.0.cmp(&b.0)));
        let room = network.sizes[at].0 - PORT;
        let step = PORT.min(room / wires.len() as f64);
        let middle = (wires.len() as f64 - 1.0) / 2.0;
        for (i, (wire, _)) in wires.iter().enumerate() {
            ports[*wire] = xs[at] + (i as f64 - middle) * step;
        }
    }
    ports
}
