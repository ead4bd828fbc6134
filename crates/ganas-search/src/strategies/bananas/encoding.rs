//! Features of an architecture for a predictor.

use std::collections::HashMap;

use ganas_core::arch::{Arch, Graph, INPUT, MAX_NODES, OUTPUT, bits};
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use serde::{Deserialize, Serialize};

/// The most paths that are told apart, for each place where a path can start and end. Lengths are
/// taken whole. This gives naszilla's cut-offs: up to 3 ops on NAS-Bench-101 (40 paths) and 2 on
/// NAS-Bench-201 (31). On DARTS' cells it is 2 ops.
const PATHS: usize = 100;

/// Samples that decide whether all graphs of a space are chains.
const LOOKS: usize = 20;

/// A feature: the segment of the graph that it belongs to, 0 for the whole of it, and its number there.
pub type Feature = (usize, u64);

/// A kind of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Sequences of ops that lead from an input to an output, short ones only (the truncated path
    /// encoding). Cells of a network that follow each other, as those of DARTS, have paths of their
    /// own, from each of the cell's inputs. If no path is short enough, as in chains, the adjacency
    /// encoding takes its place.
    Paths,
    /// The op of each node, and the edges.
    Adjacency,
}

/// Encodes architectures of a space.
#[derive(Serialize, Deserialize)]
pub struct Encoder {
    encoding: Encoding,
    /// Labels of the vocabulary.
    labels: usize,
    /// Ops of the space. The labels after them are structural, such as sums and inputs of cells.
    ops: usize,
    /// The most ops of a path that is told apart.
    longest: usize,
}

/// A path that is followed from its end to its start.
struct OpenPath {
    /// The node that it has come to.
    at: usize,
    /// The segment that it ends in: 0 for the output, otherwise the node of a cell's input.
    end: usize,
    /// Ops of the path as digits, after a leading 1 that separates lengths.
    path: u64,
    length: usize,
}

impl Encoder {
    /// An encoder for a space.
    pub fn new(space: &dyn SearchSpace, encoding: Encoding, rng: &mut Rng) -> Self {
        let chains = (0..LOOKS).all(|_| {
            let graph = space.graph(&space.sample(space.samplers()[0], rng));
            (1..graph.len()).all(|v| graph.inputs[v] == 1 << (v - 1))
        });
        let ops = space.ops().len();
        Encoder {
            encoding: if chains {
                Encoding::Adjacency
            } else {
                encoding
            },
            labels: space.vocabulary().len(),
            ops,
            longest: longest(ops),
        }
    }

    /// The columns of several lists of architectures, see [`columns`]. If the encoding leaves none, as
    /// paths do where all are too long, those of the adjacency encoding.
    pub fn encode<const N: usize>(
        &self,
        space: &dyn SearchSpace,
        lists: [&[Arch]; N],
    ) -> (usize, [Vec<Vec<usize>>; N]) {
        let (width, rows) = columns(lists.map(|archs| self.features(space, archs, self.encoding)));
        if width > 0 || self.encoding == Encoding::Adjacency {
            return (width, rows);
        }
        columns(lists.map(|archs| self.features(space, archs, Encoding::Adjacency)))
    }

    /// The features of each architecture, sorted.
    fn features(
        &self,
        space: &dyn SearchSpace,
        archs: &[Arch],
        encoding: Encoding,
    ) -> Vec<Vec<Feature>> {
        let of = |arch: &Arch| {
            let graph = space.graph(arch);
            let mut features = match encoding {
                Encoding::Paths => self.paths(&graph),
                Encoding::Adjacency => self.adjacency(&graph),
            };
            features.sort_unstable();
            features.dedup();
            features
        };
        archs.iter().map(of).collect()
    }

    fn is_op(&self, label: u8) -> bool {
        (2..2 + self.ops).contains(&usize::from(label))
    }

    /// A node that stands for the input of a cell within the network: no op feeds it, and it is none
    /// itself. Other structural nodes, such as sums of ops, are passed as if they were edges.
    fn is_cell_input(&self, graph: &Graph, v: usize) -> bool {
        usize::from(graph.labels[v]) >= 2 + self.ops
            && bits(graph.inputs[v]).all(|u| !self.is_op(graph.labels[u]))
    }

    fn paths(&self, graph: &Graph) -> Vec<Feature> {
        // With a single op, digits to the base 1 would not tell lengths apart.
        let base = self.ops.max(2) as u64;
        let mut found = Vec::new();
        let ends = (0..graph.len()).filter(|&v| self.is_cell_input(graph, v));
        let output = std::iter::once((graph.len() - 1, 0));
        let mut open: Vec<OpenPath> = output
            .chain(ends.map(|v| (v, v)))
            .map(|(at, end)| OpenPath {
                at,
                end,
                path: 1,
                length: 0,
            })
            .collect();
        while let Some(OpenPath {
            at,
            end,
            path,
            length,
        }) = open.pop()
        {
            for u in bits(graph.inputs[at]) {
                match graph.labels[u] {
                    INPUT => found.push((end * self.labels, path)),
                    OUTPUT => {}
                    label if self.is_cell_input(graph, u) => {
                        found.push((end * self.labels + usize::from(label), path));
                    }
                    label if !self.is_op(label) => open.push(OpenPath {
                        at: u,
                        end,
                        path,
                        length,
                    }),
                    label if length < self.longest => open.push(OpenPath {
                        at: u,
                        end,
                        path: path * base + u64::from(label) - 2,
                        length: length + 1,
                    }),
                    _ => {}
                }
            }
        }
        found
    }

    fn adjacency(&self, graph: &Graph) -> Vec<Feature> {
        let nodes = graph
            .labels
            .iter()
            .enumerate()
            .map(|(v, l)| v * self.labels + *l as usize);
        let after = MAX_NODES * self.labels;
        let edges = (0..graph.len())
            .flat_map(|v| bits(graph.inputs[v]).map(move |u| after + v * (v + 1) / 2 + u));
        nodes.chain(edges).map(|n| (0, n as u64)).collect()
    }
}

/// The most ops of the paths of which there are at most [`PATHS`]; at least one.
fn longest(ops: usize) -> usize {
    // Of a single op there is one path of each length, and no graph has more nodes.
    const MOST: usize = MAX_NODES - 2;
    let (mut length, mut of_length, mut paths) = (0, 1, 1);
    while length < MOST && paths + of_length * ops <= PATHS {
        length += 1;
        of_length *= ops;
        paths += of_length;
    }
    length.max(1)
}

/// Numbers the features that some rows have and others lack from 0 on, and drops the rest, which
/// tell nothing. Returns their count and the rows of each list by these numbers.
fn columns<const N: usize>(lists: [Vec<Vec<Feature>>; N]) -> (usize, [Vec<Vec<usize>>; N]) {
    let rows: usize = lists.iter().map(Vec::len).sum();
    let mut counts: HashMap<Feature, usize> = HashMap::new();
    for feature in lists.iter().flatten().flatten() {
        *counts.entry(*feature).or_default() += 1;
    }
    let mut kept: Vec<Feature> = counts
        .into_iter()
        .filter(|(_, count)| *count < rows)
        .map(|(feature, _)| feature)
        .collect();
    kept.sort_unstable();
    let numbered = |row: Vec<Feature>| -> Vec<usize> {
        row.iter()
            .filter_map(|f| kept.binary_search(f).ok())
            .collect()
    };
    let lists = lists.map(|list| list.into_iter().map(numbered).collect());
    (kept.len(), lists)
}

#[cfg(test)]
mod tests {
    use ganas_core::space::{NAMES, darts, from_toml, load, nasbench101, nasbench201, nasbench301};

    use super::*;

    fn encoder(space: &dyn SearchSpace, encoding: Encoding) -> Encoder {
        Encoder::new(space, encoding, &mut Rng::stream(0, "encoding"))
    }

    fn encoded(space: &dyn SearchSpace, encoding: Encoding, arch: &str) -> Vec<Feature> {
        let encoder = encoder(space, encoding);
        let arch = space.parse(arch).unwrap();
        encoder.features(space, &[arch], encoder.encoding).remove(0)
    }

    #[test]
    fn paths_are_cut_off_where_naszilla_does() {
        assert_eq!((longest(3), longest(5)), (3, 2));
        assert_eq!((longest(1), longest(200)), (62, 1));
        // DARTS' cells with and without `none`.
        assert_eq!((longest(7), longest(8)), (2, 2));
    }

    #[test]
    fn paths_are_sequences_of_ops_whatever_nodes_they_pass() {
        let space = nasbench201();
        // none, skip, conv 1x1, conv 3x3, pool are the digits 0 to 4 after a leading 1, from the
        // output on: 0->3 is a pool, 0->1->3 and 0->2->3 are two ops, the last path has three.
        let arch =
            "|none~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_3x3~1|none~2|";
        let expected = vec![(0, 5 + 4), (0, 25 + 2), (0, 25 + 3 * 5)];
        assert_eq!(encoded(&space, Encoding::Paths, arch), expected);
        let same =
            "|nor_conv_1x1~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|";
        assert_eq!(encoded(&space, Encoding::Paths, same), expected);
        let adjacency = encoded(&space, Encoding::Adjacency, arch);
        assert_ne!(adjacency, encoded(&space, Encoding::Adjacency, same));
    }

    #[test]
    fn each_cell_of_darts_has_paths_of_ops_from_its_inputs() {
        let space = nasbench301();
        // All nodes of both cells take skip_connect from both inputs, so all paths have one op: two
        // a cell. The reduction cell ends at the output, the normal one where the other begins.
        let skips = "('skip_connect', 0), ('skip_connect', 1)";
        let cell = [skips; 4].join(", ");
        let genotype = |normal: &str, reduce: &str| {
            format!(
                "Genotype(normal=[{normal}], normal_concat=range(2, 6), reduce=[{reduce}], \
                 reduce_concat=range(2, 6))"
            )
        };
        let plain = encoded(&space, Encoding::Paths, &genotype(&cell, &cell));
        let ops: Vec<u64> = plain.iter().map(|(_, path)| *path).collect();
        // Besides, the reduction cell's second input is the normal cell's, at no op.
        let skip = 7 + 2;
        assert_eq!(
            ops.iter().filter(|path| **path == skip).count(),
            4,
            "{plain:?}"
        );
        assert!(ops.iter().all(|path| [1, skip].contains(path)), "{plain:?}");
        // One more op on the way is a path of two ops, in its own cell only.
        let longer = cell.replacen(skips, "('sep_conv_3x3', 0), ('skip_connect', 1)", 1);
        let longer = format!(
            "{}, ('skip_connect', 1), ('dil_conv_5x5', 2)",
            &longer[..longer.len() - skips.len() - 2]
        );
        let [normal, reduce] = [(&longer, &cell), (&cell, &longer)].map(|(normal, reduce)| {
            let mut features = encoded(&space, Encoding::Paths, &genotype(normal, reduce));
            features.retain(|f| !plain.contains(f));
            features
        });
        assert!(
            normal.iter().any(|(_, path)| *path == 49 + 6 * 7 + 3),
            "{normal:?}"
        );
        assert!(
            reduce.iter().any(|(_, path)| *path == 49 + 6 * 7 + 3),
            "{reduce:?}"
        );
        assert!(normal.iter().all(|f| !reduce.contains(f)));
    }

    #[test]
    fn chains_are_seen_by_their_places() {
        let chain = "name = \"blocks\"\nkind = \"chain\"\nlength = 3\nops = [\"a\", \"b\"]";
        let space = from_toml(chain).unwrap();
        let [one, two] = ["a;b;b", "a;b;a"].map(|a| encoded(&*space, Encoding::Paths, a));
        assert_eq!(one.iter().filter(|f| !two.contains(f)).count(), 1);
        for space in [&nasbench101() as &dyn SearchSpace, &darts()] {
            assert_eq!(encoder(space, Encoding::Paths).encoding, Encoding::Paths);
        }
    }

    #[test]
    fn every_space_yields_columns_in_every_encoding() {
        let own = [
            "name = \"one\"\nkind = \"node-cell\"\nmax_vertices = 5\nmax_edges = 7\nops = [\"a\"]",
            "name = \"edges\"\nkind = \"edge-cell\"\nnodes = 4\nops = [\"a\", \"b\"]",
            "name = \"blocks\"\nkind = \"chain\"\nlength = 9\nops = [\"a\", \"b\"]",
        ];
        let spaces = NAMES
            .iter()
            .map(|name| load(name).unwrap())
            .chain(own.iter().map(|text| from_toml(text).unwrap()));
        for space in spaces {
            let space = &*space;
            let mut rng = Rng::stream(1, "encoding");
            let archs: Vec<Arch> = (0..40)
                .map(|_| space.sample(space.samplers()[0], &mut rng))
                .collect();
            let distinct = archs.iter().collect::<std::collections::HashSet<_>>().len();
            for encoding in [Encoding::Paths, Encoding::Adjacency] {
                let (width, [seen, unseen]) =
                    encoder(space, encoding).encode(space, [&archs[..20], &archs[20..]]);
                let rows: std::collections::HashSet<&Vec<usize>> =
                    seen.iter().chain(&unseen).collect();
                let told = rows.len();
                assert!(width > 0, "{} by {encoding:?}", space.name());
                assert!(
                    4 * told > distinct,
                    "{} by {encoding:?}: {told} of {distinct} are told apart",
                    space.name()
                );
            }
        }
    }

    #[test]
    fn where_no_path_is_short_enough_adjacency_takes_its_place() {
        let space = nasbench201();
        let encoder = Encoder {
            longest: 0,
            ..encoder(&space, Encoding::Paths)
        };
        let archs: Vec<Arch> = {
            let mut rng = Rng::stream(0, "archs");
            (0..10)
                .map(|_| space.sample(space.samplers()[0], &mut rng))
                .collect()
        };
        let (width, [rows]) = encoder.encode(&space, [&archs]);
        assert!(width > 0 && rows.iter().any(|row| !row.is_empty()));
    }

    #[test]
    fn only_what_differs_becomes_a_column() {
        let row = |numbers: &[u64]| -> Vec<Feature> { numbers.iter().map(|n| (0, *n)).collect() };
        let seen = vec![row(&[3, 8, 9]), row(&[3, 9])];
        let (width, [seen, unseen]) = columns([seen, vec![row(&[2, 3])]]);
        assert_eq!(width, 3);
        assert_eq!((seen, unseen), (vec![vec![1, 2], vec![2]], vec![vec![0]]));
    }
}
