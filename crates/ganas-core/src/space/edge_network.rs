//! Equal networks among edge cells: cells that compute the same, weights of their own included.

use std::collections::BTreeMap;

use super::Roles;
use super::edge_cell::EdgeCell;

/// Sum: the multiplicity of each layer as a term. The input is number 0.
type Sum = BTreeMap<usize, u64>;

/// Edge with a layer of its own.
struct Layer {
    op: u8,
    input: Sum,
}

/// Describes the computation of the last node of a cell. Cells with equal descriptions are one
/// network: the same layers with the same inputs, in any order and at any place.
///
/// A layer without input, or without a path to the output, is left out. Two edges never share
/// weights, so one layer that is used twice differs from two layers.
pub(super) fn description(ops: &[u8], nodes: usize, roles: &Roles) -> Vec<u64> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut values = vec![Sum::from([(0, 1)])];
    for target in 1..nodes {
        let mut value = Sum::new();
        for (source, input) in values.iter().enumerate() {
            let op = ops[EdgeCell::position(source, target)];
            if roles.is_absent(op) || input.is_empty() {
                continue;
            }
            if roles.is_identity(op) {
                for (&term, count) in input {
                    *value.entry(term).or_default() += count;
                }
                continue;
            }
            layers.push(Layer {
                op,
                input: input.clone(),
            });
            value.insert(layers.len(), 1);
        }
        values.push(value);
    }
    let output = values.pop().unwrap_or_default();
    let live = live(&layers, &output);
    let colours = colours(&layers, &output, &live);
    written(&layers, &output, &live, &colours)
}

/// Returns for each term if the output depends on it.
fn live(layers: &[Layer], output: &Sum) -> Vec<bool> {
    let mut live = vec![false; layers.len() + 1];
    output.keys().for_each(|&term| live[term] = true);
    for (i, layer) in layers.iter().enumerate().rev() {
        if live[i + 1] {
            layer.input.keys().for_each(|&term| live[term] = true);
        }
    }
    live
}

/// Returns a number for each term that equal terms of equal networks share. It is refined over the
/// inputs and the users of a term (Weisfeiler and Leman).
fn colours(layers: &[Layer], output: &Sum, live: &[bool]) -> Vec<u64> {
    let mut colours: Vec<u64> = std::iter::once(1)
        .chain(layers.iter().map(|layer| mix(2 + u64::from(layer.op))))
        .collect();
    // As often for every cell of one network, however many layers do not count.
    for _ in live.iter().skip(1).filter(|live| **live) {
        let mut next: Vec<u64> = colours.iter().map(|c| mix(c.wrapping_mul(3))).collect();
        for (term, count) in output {
            next[*term] = next[*term].wrapping_add(mix(count ^ 0x5851_f42d));
        }
        for (i, layer) in layers.iter().enumerate().filter(|(i, _)| live[i + 1]) {
            for (&term, count) in &layer.input {
                let (up, down) = (colours[term], colours[i + 1]);
                next[i + 1] = next[i + 1].wrapping_add(mix(up ^ mix(*count)));
                next[term] = next[term].wrapping_add(mix(down ^ mix(count ^ 0x1405_7b7e)));
            }
        }
        colours = next;
    }
    colours
}

/// Writes the live layers in an order that depends only on the network, with their inputs as places
/// in it.
fn written(layers: &[Layer], output: &Sum, live: &[bool], colours: &[u64]) -> Vec<u64> {
    let mut place: Vec<Option<u64>> = vec![None; layers.len() + 1];
    place[0] = Some(0);
    let mut text = Vec::new();
    let terms = |sum: &Sum, place: &[Option<u64>]| -> Option<Vec<(u64, u64)>> {
        let mut terms = (sum.iter())
            .map(|(&term, &count)| Some((place[term]?, count)))
            .collect::<Option<Vec<_>>>()?;
        terms.sort_unstable();
        Some(terms)
    };
    let count = live.iter().skip(1).filter(|live| **live).count();
    for next in 1..=count as u64 {
        let ready = (layers.iter().enumerate())
            .filter(|(i, _)| live[i + 1] && place[i + 1].is_none())
            .filter_map(|(i, layer)| Some((colours[i + 1], terms(&layer.input, &place)?, i)))
            .min();
        // Layers are listed after their inputs, so one is always ready.
        let Some((_, inputs, i)) = ready else { break };
        place[i + 1] = Some(next);
        text.push(u64::from(layers[i].op));
        write(&inputs, &mut text);
    }
    write(&terms(output, &place).unwrap_or_default(), &mut text);
    text
}

fn write(terms: &[(u64, u64)], text: &mut Vec<u64>) {
    text.push(terms.len() as u64);
    text.extend(terms.iter().flat_map(|&(place, count)| [place, count]));
}

fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Returns a normal form for cells that are too many for comparing all of them. Edges on no path
/// from the first node to the last are absent. Among all orders of the nodes, the smallest ops
/// count.
///
/// Different networks never get the same form. Equal networks may get different forms if their
/// skips differ.
pub(super) fn normal_form(ops: &[u8], nodes: usize, roles: &Roles) -> Vec<u8> {
    let Some(&absent) = roles.absent.iter().min() else {
        return ops.to_vec();
    };
    let mut cell = Labelled {
        nodes,
        absent,
        ops: ops.to_vec(),
    };
    for op in cell.ops.iter_mut().filter(|op| roles.is_absent(**op)) {
        *op = absent;
    }
    let live = cell.live();
    for target in 1..nodes {
        for source in 0..target {
            if !(live[source] && live[target]) {
                cell.ops[EdgeCell::position(source, target)] = absent;
            }
        }
    }
    let mut search = Relabel {
        cell: &cell,
        live: &live,
        best: None,
    };
    search.place(&mut vec![0], &mut Vec::new());
    search.best.unwrap_or(cell.ops)
}

/// Cell as a graph of labelled edges.
struct Labelled {
    nodes: usize,
    absent: u8,
    ops: Vec<u8>,
}

impl Labelled {
    fn op(&self, source: usize, target: usize) -> u8 {
        if source < target {
            self.ops[EdgeCell::position(source, target)]
        } else {
            self.absent
        }
    }

    /// Returns for each node if it is on a path from the first to the last.
    fn live(&self) -> Vec<bool> {
        let n = self.nodes;
        let (mut down, mut up) = (vec![false; n], vec![false; n]);
        (down[0], up[n - 1]) = (true, true);
        for target in 1..n {
            down[target] = (0..target).any(|s| down[s] && self.op(s, target) != self.absent);
        }
        for source in (0..n - 1).rev() {
            up[source] = (source + 1..n).any(|t| up[t] && self.op(source, t) != self.absent);
        }
        (0..n).map(|v| down[v] && up[v]).collect()
    }

    /// Returns true if two nodes have the same edges from and to all others and none between them.
    fn are_twins(&self, u: usize, v: usize) -> bool {
        self.op(u, v) == self.absent
            && self.op(v, u) == self.absent
            && (0..self.nodes)
                .filter(|w| ![u, v].contains(w))
                .all(|w| self.op(w, u) == self.op(w, v) && self.op(u, w) == self.op(v, w))
    }
}

/// Search for the order of the live nodes with the smallest ops. Since the first ops of an order
/// count first, only the nodes with the smallest edges from earlier nodes can come next.
struct Relabel<'a> {
    cell: &'a Labelled,
    live: &'a [bool],
    best: Option<Vec<u8>>,
}

impl Relabel<'_> {
    fn place(&mut self, order: &mut Vec<usize>, ops: &mut Vec<u8>) {
        let last = self.cell.nodes - 1;
        let cell = self.cell;
        let row = |order: &[usize], v: usize| -> Vec<u8> {
            order.iter().map(|&u| cell.op(u, v)).collect()
        };
        let open: Vec<usize> = (1..last)
            .filter(|v| self.live[*v] && !order.contains(v))
            .collect();
        let ready: Vec<(Vec<u8>, usize)> = (open.iter().copied())
            .filter(|&v| open.iter().all(|&u| cell.op(u, v) == cell.absent))
            .map(|v| (row(order, v), v))
            .collect();
        let Some(smallest) = ready.iter().map(|(row, _)| row.clone()).min() else {
            let mut all = ops.clone();
            // Nodes on no path come before the last one.
            for dead in order.len()..last {
                all.extend(vec![cell.absent; dead]);
            }
            all.extend(row(order, last));
            all.extend(vec![cell.absent; last - order.len()]);
            if self.best.as_ref().is_none_or(|best| all < *best) {
                self.best = Some(all);
            }
            return;
        };
        let mut tried: Vec<usize> = Vec::new();
        for (_, v) in ready.into_iter().filter(|(row, _)| *row == smallest) {
            if tried.iter().any(|&u| cell.are_twins(u, v)) {
                continue;
            }
            tried.push(v);
            let length = ops.len();
            ops.extend(&smallest);
            order.push(v);
            self.place(order, ops);
            order.pop();
            ops.truncate(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    const NONE: u8 = 0;
    const SKIP: u8 = 1;
    const CONV: u8 = 2;

    fn roles() -> Roles {
        Roles {
            absent: vec![NONE],
            identity: vec![SKIP],
            ..Roles::default()
        }
    }

    fn same(a: &[u8], b: &[u8]) -> bool {
        description(a, 4, &roles()) == description(b, 4, &roles())
    }

    #[test]
    fn equal_networks_have_equal_descriptions() {
        // Edges into node 1, into node 2, into node 3.
        let through_first = [CONV, NONE, NONE, NONE, SKIP, NONE];
        let through_second = [NONE, CONV, NONE, NONE, NONE, SKIP];
        let direct = [NONE, NONE, NONE, CONV, NONE, NONE];
        let with_dead_layers = [NONE, NONE, CONV, CONV, NONE, CONV];
        assert!(same(&through_first, &through_second));
        assert!(same(&through_first, &direct));
        assert!(same(&direct, &with_dead_layers));
        // The input is a term twice, and once.
        let left = [CONV, SKIP, CONV, SKIP, NONE, SKIP];
        let right = [CONV, NONE, CONV, SKIP, NONE, SKIP];
        assert!(!same(&left, &right));
        // Other layers.
        assert!(!same(&direct, &[NONE, NONE, NONE, CONV + 1, NONE, NONE]));
        // One convolution whose output counts twice, and two convolutions.
        let shared = [CONV, NONE, SKIP, NONE, SKIP, SKIP];
        let two = [CONV, CONV, NONE, NONE, SKIP, SKIP];
        assert!(!same(&shared, &two));
        // Nothing at all.
        assert!(same(&[NONE; 6], &[CONV, CONV, CONV, NONE, NONE, NONE]));
    }

    #[test]
    fn the_normal_form_never_joins_two_networks_and_is_its_own() {
        let mut described: HashMap<Vec<u8>, Vec<u64>> = HashMap::new();
        for code in 0..3usize.pow(6) {
            let ops: Vec<u8> = (0..6).map(|i| (code / 3usize.pow(i) % 3) as u8).collect();
            let form = normal_form(&ops, 4, &roles());
            assert_eq!(normal_form(&form, 4, &roles()), form);
            let network = description(&ops, 4, &roles());
            assert_eq!(description(&form, 4, &roles()), network, "{ops:?} {form:?}");
            assert_eq!(*described.entry(form).or_insert(network.clone()), network);
        }
        assert!(described.len() < 500, "{}", described.len());
    }

    #[test]
    fn the_normal_form_does_not_depend_on_the_order_of_the_nodes() {
        // Two paths of two layers side by side, in both orders, in a cell of 6 nodes.
        let cell = |first: [u8; 2], second: [u8; 2]| {
            let mut ops = vec![NONE; 15];
            let mut edge = |source, target, op| ops[EdgeCell::position(source, target)] = op;
            edge(0, 1, first[0]);
            edge(1, 3, first[1]);
            edge(0, 2, second[0]);
            edge(2, 4, second[1]);
            edge(3, 5, CONV);
            edge(4, 5, CONV);
            ops
        };
        let form = |ops: Vec<u8>| normal_form(&ops, 6, &roles());
        let (a, b) = ([CONV, CONV + 1], [CONV + 1, CONV]);
        assert_eq!(form(cell(a, b)), form(cell(b, a)));
        assert_ne!(form(cell(a, b)), form(cell(a, a)));
    }
}
