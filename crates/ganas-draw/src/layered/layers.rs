//! Assignment of boxes to layers.

use super::Network;

/// The layer of each box, from 0 at the top: the length of the longest path to it. Boxes that no
/// path from the first ones reaches are in the layer just above the boxes that they feed.
pub fn assign(network: &Network) -> Vec<usize> {
    let n = network.sizes.len();
    let (mut above, mut below) = (vec![Vec::new(); n], vec![Vec::new(); n]);
    for &(from, to) in &network.wires {
        below[from].push(to);
        above[to].push(from);
    }
    let order = topological(&above, &below);
    let mut layer = vec![0; n];
    let mut reached = vec![false; n];
    network.first.iter().for_each(|&v| reached[v] = true);
    for &v in &order {
        for &u in &above[v] {
            layer[v] = layer[v].max(layer[u] + 1);
            reached[v] |= reached[u];
        }
    }
    for &v in order.iter().rev().filter(|&&v| !reached[v]) {
        let highest: Option<usize> = below[v].iter().map(|&w| layer[w]).min();
        layer[v] = match highest {
            Some(highest) => highest.saturating_sub(1),
            None => layer[v].max(1),
        };
    }
    let others = (0..n).filter(|v| !network.last.contains(v));
    let deepest = others.map(|v| layer[v]).max().unwrap_or(0);
    for &v in &network.last {
        layer[v] = layer[v].max(deepest + 1);
    }
    slide(network, &above, &below, &mut layer);
    layer
}

/// Spreads the boxes that may slide over the layers between their neighbours, always to the layer
/// that is narrowest so far and then to the middle.
fn slide(network: &Network, above: &[Vec<usize>], below: &[Vec<usize>], layer: &mut [usize]) {
    // An even number of layers down, so that they stay out of the layers of what they connect.
    let choices = |v: usize, layer: &[usize]| {
        let top = above[v].iter().map(|&u| layer[u] + 1).max().unwrap_or(0);
        let end = (below[v].iter().map(|&w| layer[w]).min()).unwrap_or(layer[v] + 1);
        (top..end).step_by(2)
    };
    let deepest = layer.iter().max().map_or(0, |last| last + 1);
    let mut widths = vec![0.0; deepest];
    for v in (0..layer.len()).filter(|v| !network.sliding.contains(v)) {
        widths[layer[v]] += network.sizes[v].0;
    }
    let mut sliding = network.sliding.clone();
    sliding.sort_by_key(|&v| choices(v, layer).count());
    for v in sliding {
        let choices: Vec<usize> = choices(v, layer).collect();
        let (Some(&top), Some(&bottom)) = (choices.first(), choices.last()) else {
            continue;
        };
        let off_centre = |l: usize| (2 * l).abs_diff(top + bottom);
        let best = (choices.iter().copied()).min_by(|&a, &b| {
            (widths[a].total_cmp(&widths[b])).then(off_centre(a).cmp(&off_centre(b)))
        });
        layer[v] = best.unwrap_or(top);
        widths[layer[v]] += network.sizes[v].0;
    }
}

/// The vertices in topological order. Vertices on a cycle are left out.
fn topological(above: &[Vec<usize>], below: &[Vec<usize>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = above.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..above.len()).filter(|&v| waiting[v] == 0).collect();
    let mut next = 0;
    while let Some(&v) = order.get(next) {
        next += 1;
        for &w in &below[v] {
            waiting[w] -= 1;
            if waiting[w] == 0 {
                order.push(w);
            }
        }
    }
    order
}
