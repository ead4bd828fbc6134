//! NAS-Bench-101 (Ying et al. 2019, arXiv 1902.09635).

use std::fmt::Write;

use md5::{Digest, Md5};

use super::NodeCell;
use super::costs::{NetworkCosts, conv_bn};
use crate::arch::Cell;

/// Ops in the order of the benchmark's own enumeration.
const OPS: [&str; 3] = ["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"];

/// Channels of the stem. The benchmark's networks are a stem and stacks of cells; between the
/// stacks, images are halved and channels doubled.
const STEM_CHANNELS: usize = 128;
const STACKS: usize = 3;
const CELLS: usize = 3;
const IMAGE: usize = 32;
const CLASSES: usize = 10;

/// Number of cells of the space.
const SIZE: u128 = 423_624;

/// Residual block of He et al. 2016: two convolutions and a way around them. 20,346,506 weights.
const RESNET: &str = "input;conv3x3-bn-relu;conv3x3-bn-relu;output|101101";

/// Module of Szegedy et al. 2016 in the ops of the benchmark: four branches, one of them of two
/// convolutions. 2,694,282 weights.
const INCEPTION: &str = "input;conv3x3-bn-relu;conv1x1-bn-relu;maxpool3x3;conv3x3-bn-relu;\
    conv3x3-bn-relu;output|111100000010001001101";

/// Returns the space of NAS-Bench-101: cells of at most 7 vertices and 9 edges, 423,624 in all. Its
/// named points are the two cells that GA-NAS improves in Table 5 of its paper, `resnet` and
/// `inception`.
pub fn nasbench101() -> NodeCell {
    let ops = OPS.map(str::to_owned).to_vec();
    let costs = NetworkCosts::new(|arch| network_costs(&Cell::from_arch(arch)));
    NodeCell::new("nasbench101".into(), 7, 9, ops, Box::new(costs))
        .of_size(SIZE)
        .naming("resnet", RESNET)
        .naming("inception", INCEPTION)
}

/// Returns the params and macs of the network that is built from a pruned cell. The channels depend
/// on the vertex order if a split leaves a remainder.
fn network_costs(cell: &Cell) -> (usize, usize) {
    let mut total = conv_bn(3, 3, STEM_CHANNELS, IMAGE);
    let mut add = |(params, macs)| total = (total.0 + params, total.1 + macs);
    let (mut channels, mut image) = (STEM_CHANNELS, IMAGE);
    for stack in 0..STACKS {
        let mut input = channels;
        if stack > 0 {
            image /= 2;
            channels *= 2;
        }
        for _ in 0..CELLS {
            for cost in module_costs(cell, input, channels, image) {
                add(cost);
            }
            input = channels;
        }
    }
    add((channels * CLASSES + CLASSES, channels * CLASSES));
    total
}

fn module_costs(
    cell: &Cell,
    input: usize,
    output: usize,
    image: usize,
) -> impl Iterator<Item = (usize, usize)> {
    let n = cell.vertices();
    let channels = vertex_channels(cell, input, output);
    let cell = *cell;
    (1..n).flat_map(move |v| {
        let projection = cell
            .has_edge(0, v)
            .then(|| conv_bn(1, input, channels[v], image));
        let op = (v < n - 1).then(|| match OPS[cell.op(v) as usize] {
            "conv3x3-bn-relu" => conv_bn(3, channels[v], channels[v], image),
            "conv1x1-bn-relu" => conv_bn(1, channels[v], channels[v], image),
            _ => (0, 0),
        });
        projection.into_iter().chain(op)
    })
}

/// Returns the channels of each vertex. The output's channels are split over its inputs. Every
/// other vertex has as many as the widest vertex that it feeds.
pub fn vertex_channels(cell: &Cell, input: usize, output: usize) -> Vec<usize> {
    let n = cell.vertices();
    let mut channels = vec![0; n];
    channels[0] = input;
    channels[n - 1] = output;
    let feeding: Vec<usize> = (1..n - 1).filter(|&v| cell.has_edge(v, n - 1)).collect();
    if !feeding.is_empty() {
        let (share, mut rest) = (output / feeding.len(), output % feeding.len());
        for v in feeding {
            channels[v] = share + usize::from(rest > 0);
            rest = rest.saturating_sub(1);
        }
    }
    for v in (1..n - 1).rev() {
        if !cell.has_edge(v, n - 1) {
            let widest = (v + 1..n - 1)
                .filter(|&w| cell.has_edge(v, w))
                .map(|w| channels[w])
                .max();
            channels[v] = widest.unwrap_or(0);
        }
    }
    channels
}

/// Returns the benchmark's own fingerprint of a pruned cell: MD5 rounds over in- and
/// out-neighbourhoods, equal for isomorphic cells.
pub fn module_hash(cell: &Cell) -> String {
    let n = cell.vertices();
    let label = |v: usize| match v {
        0 => -1,
        v if v == n - 1 => -2,
        v => cell.op(v) as i32,
    };
    let mut hashes: Vec<String> = (0..n)
        .map(|v| {
            let (outs, ins) = (cell.succs(v).count_ones(), cell.preds(v).count_ones());
            md5(&format!("({outs}, {ins}, {})", label(v)))
        })
        .collect();
    for _ in 0..n {
        let joined = |set: u16| {
            let mut names: Vec<&str> = (0..n)
                .filter(|u| set >> u & 1 == 1)
                .map(|u| hashes[u].as_str())
                .collect();
            names.sort_unstable();
            names.concat()
        };
        hashes = (0..n)
            .map(|v| {
                let (ins, outs) = (joined(cell.preds(v)), joined(cell.succs(v)));
                md5(&format!("{ins}|{outs}|{}", hashes[v]))
            })
            .collect();
    }
    hashes.sort_unstable();
    let quoted: Vec<String> = hashes.iter().map(|h| format!("'{h}'")).collect();
    md5(&format!("[{}]", quoted.join(", ")))
}

fn md5(text: &str) -> String {
    Md5::digest(text)
        .iter()
        .fold(String::with_capacity(32), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
