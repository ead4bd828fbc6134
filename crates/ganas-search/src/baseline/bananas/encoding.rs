//! What a predictor sees of an architecture: which of many features it has.

use std::collections::HashMap;

use ganas_core::arch::{Arch, Graph, INPUT, OUTPUT, bits};
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use serde::{Deserialize, Serialize};

/// The most paths that are told apart. Lengths are taken whole as long as they make no more; so
/// it is paths of up to 3 ops on NAS-Bench-101 (40 of them) and 2 on NAS-Bench-201 (30), which are
/// naszilla's cut-offs.
const PATHS: usize = 60;

/// How often a space is looked at for whether its graphs are all chains.
const LOOKS: usize = 20;

/// A kind of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Which sequences of ops lead from the input to the output, short ones only (the truncated
    /// path encoding). In spaces of chains, where there is but one path, the adjacency encoding.
    Paths,
    /// Which op each node has, and which node feeds which.
    Adjacency,
}

/// Encodes architectures of a space.
#[derive(Serialize, Deserialize)]
pub struct Encoder {
    encoding: Encoding,
    /// Labels of the vocabulary.
    labels: usize,
    /// The most ops of a path that is told apart.
    longest: usize,
}

impl Encoder {
    /// An encoder for a space.
    pub fn new(space: &dyn SearchSpace, encoding: Encoding, rng: &mut Rng) -> Self {
        let chains = (0..LOOKS).all(|_| {
            let graph = space.graph(&space.sample(space.samplers()[0], rng));
            (1..graph.len()).all(|v| graph.inputs[v] == 1 << (v - 1))
        });
        let labels = space.vocabulary().len();
        Encoder {
            encoding: if chains {
                Encoding::Adjacency
            } else {
                encoding
            },
            labels,
            longest: longest(labels - 2),
        }
    }

    /// The numbers of the features that an architecture has.
    pub fn encode(&self, space: &dyn SearchSpace, arch: &Arch) -> Vec<usize> {
        let graph = space.graph(arch);
        let mut features = match self.encoding {
            Encoding::Paths => self.paths(&graph),
            Encoding::Adjacency => self.adjacency(&graph),
        };
        features.sort_unstable();
        features.dedup();
        features
    }

    /// A path is the number that its ops are the digits of, after a leading 1 that tells lengths
    /// apart.
    fn paths(&self, graph: &Graph) -> Vec<usize> {
        let ops = self.labels - 2;
        let mut found = Vec::new();
        let last = graph.len() - 1;
        let mut open = vec![(last, 1, 0)];
        while let Some((v, path, length)) = open.pop() {
            for u in bits(graph.inputs[v]) {
                match graph.labels[u] {
                    INPUT => found.push(path),
                    OUTPUT => {}
                    op if length < self.longest => {
                        open.push((u, path * ops + op as usize - 2, length + 1));
                    }
                    _ => {}
                }
            }
        }
        found
    }

    fn adjacency(&self, graph: &Graph) -> Vec<usize> {
        let nodes = (graph.labels.iter().enumerate()).map(|(v, l)| v * self.labels + *l as usize);
        let after = ganas_core::arch::MAX_NODES * self.labels;
        let edges = (0..graph.len())
            .flat_map(|v| bits(graph.inputs[v]).map(move |u| after + v * (v + 1) / 2 + u));
        nodes.chain(edges).collect()
    }
}

/// How many ops the paths may have that there are at most [`PATHS`] of; at least one.
fn longest(ops: usize) -> usize {
    let (mut length, mut of_length, mut paths) = (0, 1, 1);
    // Of a single op there is one path a length, and no more than 60 lengths.
    while paths + of_length * ops <= PATHS {
        length += 1;
        of_length *= ops;
        paths += of_length;
    }
    length.max(1)
}

/// Numbers the features that some rows have and others lack from 0 on, in place, and drops the
/// rest, which tell nothing. Returns how many there are.
pub fn columns(parts: &mut [&mut Vec<Vec<usize>>]) -> usize {
    let rows: usize = parts.iter().map(|p| p.len()).sum();
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for feature in parts.iter().flat_map(|p| p.iter().flatten()) {
        *counts.entry(*feature).or_default() += 1;
    }
    let mut kept: Vec<usize> = (counts.into_iter())
        .filter(|(_, count)| *count < rows)
        .map(|(feature, _)| feature)
        .collect();
    kept.sort_unstable();
    for row in parts.iter_mut().flat_map(|p| p.iter_mut()) {
        *row = row
            .iter()
            .filter_map(|f| kept.binary_search(f).ok())
            .collect();
    }
    kept.len()
}

#[cfg(test)]
mod tests {
    use ganas_core::space::{from_toml, nasbench101, nasbench201};

    use super::*;

    fn encoded(space: &dyn SearchSpace, encoding: Encoding, arch: &str) -> Vec<usize> {
        let encoder = Encoder::new(space, encoding, &mut Rng::stream(0, "encoding"));
        encoder.encode(space, &space.parse(arch).unwrap())
    }

    #[test]
    fn paths_are_cut_off_where_naszilla_does() {
        assert_eq!((longest(3), longest(5)), (3, 2));
        assert_eq!((longest(1), longest(200)), (59, 1));
    }

    #[test]
    fn paths_are_sequences_of_ops_whatever_nodes_they_pass() {
        let space = nasbench201();
        // none, skip, conv 1x1, conv 3x3, pool are the digits 0 to 4 after a leading 1, from the
        // output on: 0->3 is a pool, 0->1->3 and 0->2->3 are two ops, the last path has three.
        let arch =
            "|none~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_3x3~1|none~2|";
        let expected = vec![5 + 4, 25 + 2, 25 + 3 * 5];
        assert_eq!(encoded(&space, Encoding::Paths, arch), expected);
        let same =
            "|nor_conv_1x1~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|";
        assert_eq!(encoded(&space, Encoding::Paths, same), expected);
        let adjacency = encoded(&space, Encoding::Adjacency, arch);
        assert_ne!(adjacency, encoded(&space, Encoding::Adjacency, same));
    }

    #[test]
    fn chains_are_seen_by_their_places() {
        let chain = "name = \"blocks\"\nkind = \"chain\"\nlength = 3\nops = [\"a\", \"b\"]";
        let space = from_toml(chain).unwrap();
        let [one, two] = ["a;b;b", "a;b;a"].map(|a| encoded(&*space, Encoding::Paths, a));
        assert_eq!(one.iter().filter(|f| !two.contains(f)).count(), 1);
        let cells = nasbench101();
        let encoder = Encoder::new(&cells, Encoding::Paths, &mut Rng::stream(0, "encoding"));
        assert_eq!(encoder.encoding, Encoding::Paths);
    }

    #[test]
    fn only_what_differs_becomes_a_column() {
        let mut seen = vec![vec![3, 8, 9], vec![3, 9]];
        let mut unseen = vec![vec![2, 3]];
        assert_eq!(columns(&mut [&mut seen, &mut unseen]), 3);
        assert_eq!((seen, unseen), (vec![vec![1, 2], vec![2]], vec![vec![0]]));
    }
}
