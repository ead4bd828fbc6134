//! Horizontal positions of boxes and slots.

use super::Layered;

/// Passes over the layers, half of them down and half up.
const PASSES: usize = 60;

/// Passes over the wires that straighten them in the end: one may make room for another.
const STRAIGHTENINGS: usize = 3;

/// The gap between two boxes, and beside the slot of a wire.
const BOX_GAP: f64 = 22.0;
const SLOT_GAP: f64 = 14.0;

/// The horizontal centres of all vertices.
///
/// The centres keep the order of each layer with the gaps. They minimise the sum of the squared
/// horizontal extents of the wires' pieces. Pieces of long wires weigh more, so that these run
/// straight (weights of Gansner et al. 1993, doi 10.1109/32.221135). Layer by layer this is a
/// weighted isotonic regression, which has an exact solution.
pub fn centres(layered: &Layered, sizes: &[(f64, f64)]) -> Vec<f64> {
    let is_slot = |v: usize| v >= layered.boxes;
    let half = |v: usize| sizes.get(v).map_or(0.0, |size| size.0 / 2.0);
    let gap = |a: usize, b: usize| {
        if is_slot(a) || is_slot(b) {
            SLOT_GAP
        } else {
            BOX_GAP
        }
    };
    let mut xs = vec![0.0; layered.layer.len()];
    for row in &layered.rows {
        let mut x = 0.0;
        for (i, &v) in row.iter().enumerate() {
            if i > 0 {
                x += half(row[i - 1]) + gap(row[i - 1], v) + half(v);
            }
            xs[v] = x;
        }
        row.iter().for_each(|&v| xs[v] -= x / 2.0);
    }
    let weight = |a: usize, b: usize| match (is_slot(a), is_slot(b)) {
        (true, true) => 8.0,
        (false, false) => 1.0,
        _ => 2.0,
    };
    for pass in 0..PASSES {
        for i in 0..layered.rows.len() {
            let row = match pass % 2 {
                0 => &layered.rows[i],
                _ => &layered.rows[layered.rows.len() - 1 - i],
            };
            let mut wanted = Vec::with_capacity(row.len());
            let mut offset = 0.0;
            for (i, &v) in row.iter().enumerate() {
                if i > 0 {
                    offset += half(row[i - 1]) + gap(row[i - 1], v) + half(v);
                }
                let near = || layered.above[v].iter().chain(&layered.below[v]);
                let total: f64 = near().map(|&u| weight(u, v)).sum();
                let sum: f64 = near().map(|&u| weight(u, v) * xs[u]).sum();
                // A vertex without wires keeps its place unless a neighbour needs it.
                let (total, mean) = if total > 0.0 {
                    (total, sum / total)
                } else {
                    (1e-3, xs[v])
                };
                wanted.push((mean - offset, total, offset));
            }
            for (&v, x) in row.iter().zip(isotonic(&wanted)) {
                xs[v] = x;
            }
        }
    }
    for _ in 0..STRAIGHTENINGS {
        straighten(layered, &mut xs, |a, b| half(a) + gap(a, b) + half(b));
    }
    xs
}

/// Puts the slots of each wire at one position, as near to their present ones as their neighbours
/// allow.
fn straighten(layered: &Layered, xs: &mut [f64], apart: impl Fn(usize, usize) -> f64) {
    let mut beside = vec![(None, None); xs.len()];
    for row in &layered.rows {
        for pair in row.windows(2) {
            beside[pair[0]].1 = Some(pair[1]);
            beside[pair[1]].0 = Some(pair[0]);
        }
    }
    for chain in layered.chains.iter().filter(|chain| chain.len() > 3) {
        let slots = &chain[1..chain.len() - 1];
        let least = slots
            .iter()
            .filter_map(|&v| beside[v].0.map(|u| xs[u] + apart(u, v)));
        let most = slots
            .iter()
            .filter_map(|&v| beside[v].1.map(|w| xs[w] - apart(v, w)));
        let least = least.fold(f64::NEG_INFINITY, f64::max);
        let most = most.fold(f64::INFINITY, f64::min);
        if least <= most {
            let mean = slots.iter().map(|&v| xs[v]).sum::<f64>() / slots.len() as f64;
            slots.iter().for_each(|&v| xs[v] = mean.clamp(least, most));
        }
    }
}

/// The nondecreasing sequence closest to the wanted values by weighted squares (pooling of
/// adjacent violators), each plus its offset. Takes `(value, weight, offset)`.
fn isotonic(wanted: &[(f64, f64, f64)]) -> Vec<f64> {
    // Blocks of equal value: the value, its weight and its members.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::with_capacity(wanted.len());
    for &(value, weight, _) in wanted {
        let mut block = (value, weight, 1);
        while let Some(last) = blocks.pop_if(|last| last.0 > block.0) {
            let weight = last.1 + block.1;
            let mean = (last.0 * last.1 + block.0 * block.1) / weight;
            block = (mean, weight, last.2 + block.2);
        }
        blocks.push(block);
    }
    (blocks.into_iter())
        .flat_map(|(value, _, members)| std::iter::repeat_n(value, members))
        .zip(wanted)
        .map(|(value, (_, _, offset))| value + offset)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violators_are_pooled_by_weight() {
        let wanted = [(0.0, 1.0, 0.0), (5.0, 1.0, 10.0), (2.0, 3.0, 20.0)];
        let expected = [0.0, 12.75, 22.75];
        for (x, expected) in isotonic(&wanted).into_iter().zip(expected) {
            assert!((x - expected).abs() < 1e-12, "{x} {expected}");
        }
    }
}
