//! Features of the part of a cell that computes its output.
//!
//! A cell with absent ops may hold others that no path from the input to the output passes. They cost no time
//! on a device and add nothing to the accuracy, so a search for small and fast networks meets many cells that
//! differ in nothing else.

use ganas_core::arch::{Graph, bits};
use ganas_core::space::{SearchSpace, is_none};
use xxhash_rust::xxh3::xxh3_64;

use super::features::{Feature, Kind, paths, shape, upstream};

/// Labels of a space's graphs that carry nothing.
pub struct Absent(Vec<bool>);

impl Absent {
    /// Labels by their usual names. `None` if the space has none of them.
    pub fn of(space: &dyn SearchSpace) -> Option<Self> {
        let labels = space.vocabulary().iter();
        let absent: Vec<bool> = labels.map(|label| is_none(label)).collect();
        absent.contains(&true).then_some(Absent(absent))
    }

    /// Graph of the nodes that lie on a path from the input to the output; these two alone if there is none.
    fn pruned(&self, graph: &Graph) -> Graph {
        let last = graph.len().saturating_sub(1);
        let mut reached = vec![false; graph.len()];
        for v in 0..graph.len() {
            let carries = !self.0[usize::from(graph.labels[v])];
            reached[v] = v == 0 || carries && bits(graph.inputs[v]).any(|u| reached[u]);
        }
        let mut used = vec![false; graph.len()];
        used[last] = true;
        for v in (0..graph.len()).rev().filter(|v| reached[*v]) {
            if used[v] {
                bits(graph.inputs[v]).for_each(|u| used[u] = true);
            }
        }
        let is_live = |v: usize| reached[v] && used[v];
        let mut place = vec![0; graph.len()];
        let mut pruned = Graph::default();
        for v in (0..graph.len()).filter(|v| is_live(*v) || [0, last].contains(v)) {
            place[v] = pruned.len();
            let inputs = bits(graph.inputs[v]).filter(|u| is_live(*u));
            pruned.push(
                graph.labels[v],
                inputs.fold(0, |set, u| set | 1 << place[u]),
            );
        }
        pruned
    }

    /// Features of the live part of a graph, each as often as it counts.
    pub fn features(&self, graph: &Graph, mut count: impl FnMut(Feature, f32)) {
        let graph = self.pruned(graph);
        let label = |v: usize| u64::from(graph.labels[v]);
        let above = upstream(&graph);
        for (v, above) in above.into_iter().enumerate() {
            count((Kind::LiveLabel, label(v)), 1.0);
            bits(above).for_each(|u| count((Kind::LiveUpstream, label(u) << 8 | label(v)), 1.0));
        }
        for path in paths(&graph) {
            count((Kind::LivePath, xxh3_64(&path)), 1.0);
        }
        for (i, size) in (0..).zip(shape(&graph)).filter(|(_, size)| *size > 0) {
            count((Kind::LiveShape, i), size as f32);
        }
    }
}

#[cfg(test)]
mod tests {
    use ganas_core::space::nasbench201;

    use super::*;

    fn pruned(text: &str) -> Graph {
        let space = nasbench201();
        let graph = space.graph(&space.parse(text).unwrap());
        Absent::of(&space).unwrap().pruned(&graph)
    }

    #[test]
    fn layers_on_no_path_are_left_out() {
        let direct = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|";
        let with_dead = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|nor_conv_3x3~0|none~1|none~2|";
        assert_eq!(pruned(direct), pruned(with_dead));
        assert_eq!(pruned(direct).len(), 3);
        let longer = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_3x3~2|";
        assert_eq!(pruned(longer).len(), 5);
        assert_eq!(pruned(longer).edges(), 4);
    }

    #[test]
    fn a_cell_without_a_path_has_nothing_live() {
        let cut = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|none~2|";
        assert_eq!((pruned(cut).len(), pruned(cut).edges()), (2, 0));
    }
}
