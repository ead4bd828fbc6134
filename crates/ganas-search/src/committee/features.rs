//! Features of an architecture: numbers that follow from its graph.
//!
//! One description serves every space. It looks at the labels (how many of each, how far from the
//! input and the output), at pairs of them (linked, or one upstream of the other), at whole paths
//! from the input to the output (the encoding of BANANAS, White et al. 2021, arXiv 1910.11858),
//! and at the exact costs of the space, such as `params`. Where the topology is fixed, as in
//! chains and edge cells, it also looks at the label of each place, and elsewhere at what is around
//! each node (the subtree features of Weisfeiler and Lehman, Shervashidze et al. 2011, JMLR 12). None
//! of it depends on how the nodes are numbered, except for the places, whose numbers mean something.

use std::sync::Arc;

use ganas_core::arch::{Arch, Graph, bits};
use ganas_core::rng::Rng;
use ganas_core::space::{self, Link, Rules, SearchSpace};
use rustc_hash::FxHashMap as HashMap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::live::Absent;
use super::transfer::Transfer;
use super::{configurations, parallel};

/// The most nodes of a path that is told apart from others.
const PATH_NODES: usize = 12;

/// The most paths of a graph that are followed.
const PATHS: usize = 256;

/// The kinds of surroundings of a node, those of one edge away first.
const SURROUNDINGS: [Kind; 2] = [Kind::Near, Kind::Around];

/// A kind of feature. All features of a kind together weigh as much as those of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Number of nodes with a label.
    Label,
    /// Nodes, edges, the longest and the shortest path.
    Shape,
    /// Number of edges from one label to another.
    Edge,
    /// Number of pairs of labels of which one is upstream of the other.
    Upstream,
    /// Number of nodes of a label at a distance from the input.
    FromInput,
    /// Number of nodes of a label at a distance from the output.
    ToOutput,
    /// Number of times that a sequence of labels leads from the input to the output. Repeats of a
    /// label count as one.
    Path,
    /// Number of nodes with these surroundings, up to one edge away.
    Near,
    /// Number of nodes with these surroundings, up to two edges away.
    Around,
    /// Label of a place in a fixed topology.
    Place,
    /// The logarithm of a cost.
    Cost,
    /// Number of a choice of a configuration, on its scale and by its place.
    Value,
    /// Sum, mean, least and most of the numbers of a repeated choice.
    Group,
    /// Number of live nodes with a label: those on a path from the input to the output.
    LiveLabel,
    /// Number of pairs of labels of live nodes of which one is upstream of the other.
    LiveUpstream,
    /// Number of times that a sequence of labels leads from the input to the output through live nodes.
    LivePath,
    /// Shape of the live part.
    LiveShape,
    /// Score by what is known before the search.
    Prior,
}

/// One feature: its kind and what it counts.
pub type Feature = (Kind, u64);

/// The most features that are kept of architectures that were met: about 100 MB.
const KEPT: usize = 4 << 20;

/// Describes the architectures of a space.
pub struct Describer {
    places: bool,
    /// Set if the live parts of cells are described, too.
    absent: Option<Absent>,
    transfer: Option<Arc<Transfer>>,
    seen: HashMap<Arch, Vec<(Feature, f32)>>,
    /// The features of all that were met.
    kept: usize,
}

impl Describer {
    /// A describer for a space.
    pub fn new(space: &dyn SearchSpace) -> Self {
        Describer::informed(space, None)
    }

    /// A describer that adds scores by what is known before a search.
    pub fn informed(space: &dyn SearchSpace, transfer: Option<Arc<Transfer>>) -> Self {
        Describer {
            places: has_places(space),
            absent: None,
            transfer,
            seen: HashMap::default(),
            kept: 0,
        }
    }

    /// The same describer, which also looks at the live parts of cells alone.
    pub fn with_live_parts(mut self, space: &dyn SearchSpace) -> Self {
        self.absent = Absent::of(space);
        self
    }

    /// Describes architectures that were not met before, so that [`describe`](Self::describe) only
    /// has to look them up.
    pub fn meet(&mut self, space: &dyn SearchSpace, archs: &[Arch]) {
        // Architectures of long chains have thousands of features each.
        if self.kept > KEPT {
            self.forget();
        }
        let mut new: Vec<Arch> = archs.to_vec();
        new.retain(|arch| !self.seen.contains_key(arch));
        if let Some(transfer) = &self.transfer {
            transfer.prepare(space, &new);
        }
        let described = parallel::map(&new, |arch| self.describe_all(space, arch));
        self.kept += described.iter().map(Vec::len).sum::<usize>();
        self.seen.extend(new.into_iter().zip(described));
    }

    /// The features of an architecture that are not zero, sorted.
    pub fn describe(&mut self, space: &dyn SearchSpace, arch: &Arch) -> &[(Feature, f32)] {
        if !self.seen.contains_key(arch) {
            if let Some(transfer) = &self.transfer {
                transfer.prepare(space, std::slice::from_ref(arch));
            }
            let described = self.describe_all(space, arch);
            self.seen.insert(*arch, described);
        }
        &self.seen[arch]
    }

    /// The features of an architecture that are not zero, and its scores by what is known, sorted.
    fn describe_all(&self, space: &dyn SearchSpace, arch: &Arch) -> Vec<(Feature, f32)> {
        let mut features = describe_with(space, arch, self.places, self.absent.as_ref());
        if let Some(transfer) = &self.transfer {
            // Scores are the last kind.
            features.extend(transfer.features(arch, &features));
        }
        features
    }

    /// Priors of the search, if there are any.
    pub fn transfer(&self) -> Option<&Transfer> {
        self.transfer.as_deref()
    }

    /// Forgets what was described, once it is more than `limit` architectures.
    pub fn trim(&mut self, limit: usize) {
        if self.seen.len() > limit {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.seen = HashMap::default();
        self.kept = 0;
    }
}

/// True if the topology of a space is fixed, so that a place means the same in every architecture.
fn has_places(space: &dyn SearchSpace) -> bool {
    if matches!(space.kind(), space::Kind::Config(_)) {
        return true;
    }
    let arch = space.sample(space.samplers()[0], &mut Rng::stream(0, "places"));
    let graph = space.graph(&arch);
    (1..graph.len()).all(|t| {
        let partial = graph.prefix(t);
        (0..t).all(|from| {
            let chosen = graph.inputs[t] & ((1 << from) - 1);
            let link = space.link(&partial, graph.labels[t], chosen, from, Rules::Enforced);
            link != Link::May
        })
    })
}

/// The features of an architecture that are not zero, sorted.
pub fn describe(space: &dyn SearchSpace, arch: &Arch, places: bool) -> Vec<(Feature, f32)> {
    describe_with(space, arch, places, None)
}

fn describe_with(
    space: &dyn SearchSpace,
    arch: &Arch,
    places: bool,
    absent: Option<&Absent>,
) -> Vec<(Feature, f32)> {
    if let space::Kind::Config(config) = space.kind() {
        return configurations::describe(space, config, arch);
    }
    let graph = space.graph(arch);
    let mut counts: HashMap<Feature, f32> = HashMap::default();
    let mut count = |kind: Kind, what: u64| *counts.entry((kind, what)).or_default() += 1.0;
    let label = |v: usize| graph.labels[v] as u64;
    let pair = |u: usize, v: usize| label(u) << 8 | label(v);
    let above = upstream(&graph);
    let from_input = graph.depths();
    let to_output = heights(&graph);
    for v in 0..graph.len() {
        count(Kind::Label, label(v));
        count(Kind::FromInput, label(v) << 8 | from_input[v] as u64);
        count(Kind::ToOutput, label(v) << 8 | to_output[v] as u64);
        bits(graph.inputs[v]).for_each(|u| count(Kind::Edge, pair(u, v)));
        bits(above[v]).for_each(|u| count(Kind::Upstream, pair(u, v)));
        if places {
            count(Kind::Place, (v as u64) << 8 | label(v));
        }
    }
    for mut path in paths(&graph) {
        // Paths that differ in nothing but repeats are too many to be met twice; how long they are
        // shows in the other kinds.
        path.dedup();
        count(Kind::Path, xxh3_64(&path));
    }
    if !places {
        for (kind, names) in SURROUNDINGS.into_iter().zip(surroundings(&graph)) {
            names.into_iter().for_each(|name| count(kind, name));
        }
    }
    if let Some(absent) = absent {
        absent.features(&graph, |feature, n| {
            *counts.entry(feature).or_default() += n
        });
    }
    let shape = (0..).zip(shape(&graph));
    let shape = shape.map(|(i, n)| ((Kind::Shape, i), n as f32));
    let mut features: Vec<(Feature, f32)> =
        (counts.into_iter().chain(shape).chain(costs(space, arch))).collect();
    if let space::Kind::Chain = space.kind() {
        features.extend(configurations::numbers(space, arch));
    }
    features.sort_by_key(|(feature, _)| *feature);
    features
}

/// Nodes, edges, the longest and the shortest path.
pub(super) fn shape(graph: &Graph) -> [usize; 4] {
    let longest = graph.depths().last().copied().unwrap_or(0);
    [graph.len(), graph.edges(), longest, shortest(graph)]
}

/// The costs of the space.
pub(super) fn costs(space: &dyn SearchSpace, arch: &Arch) -> impl Iterator<Item = (Feature, f32)> {
    (0..space.costs().len()).map(move |i| {
        let cost = space.cost(arch, i).max(0.0);
        ((Kind::Cost, i as u64), cost.ln_1p() as f32)
    })
}

/// For each distance from 1 on, a name of the surroundings of each node up to this distance. It
/// follows from the node's own name at the distance before, and those of its neighbours.
fn surroundings(graph: &Graph) -> impl Iterator<Item = Vec<u64>> {
    let mut fed: Vec<Vec<usize>> = vec![Vec::new(); graph.len()];
    for (v, &inputs) in graph.inputs.iter().enumerate() {
        bits(inputs).for_each(|u| fed[u].push(v));
    }
    let sorted = |mut names: Vec<u64>| {
        names.sort_unstable();
        names
    };
    let wider = move |names: &Vec<u64>| -> Vec<u64> {
        let name = |v: usize| {
            let above = sorted(bits(graph.inputs[v]).map(|u| names[u]).collect());
            let below = sorted(fed[v].iter().map(|&w| names[w]).collect());
            let parts = [vec![names[v], above.len() as u64], above, below].concat();
            let bytes: Vec<u8> = parts.into_iter().flat_map(u64::to_le_bytes).collect();
            xxh3_64(&bytes)
        };
        (0..graph.len()).map(name).collect()
    };
    let labels: Vec<u64> = graph.labels.iter().map(|l| u64::from(*l)).collect();
    std::iter::successors(Some(labels), move |names| Some(wider(names))).skip(1)
}

/// For each node, the set of nodes that a path leads from.
pub(super) fn upstream(graph: &Graph) -> Vec<u64> {
    let mut above: Vec<u64> = Vec::with_capacity(graph.len());
    for &inputs in &graph.inputs {
        above.push(bits(inputs).fold(inputs, |set, u| set | above[u]));
    }
    above
}

/// The length of the longest path from each node to a sink, in edges.
fn heights(graph: &Graph) -> Vec<usize> {
    let mut heights = vec![0; graph.len()];
    for v in (0..graph.len()).rev() {
        for u in bits(graph.inputs[v]) {
            heights[u] = heights[u].max(heights[v] + 1);
        }
    }
    heights
}

/// The length of the shortest path from the input to the last node, in edges.
fn shortest(graph: &Graph) -> usize {
    let mut lengths: Vec<usize> = Vec::with_capacity(graph.len());
    for &inputs in &graph.inputs {
        lengths.push(bits(inputs).map(|u| lengths[u] + 1).min().unwrap_or(0));
    }
    lengths.last().copied().unwrap_or(0)
}

/// The label sequences of the paths from the input to the last node, without these two.
pub(super) fn paths(graph: &Graph) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let Some(last) = graph.len().checked_sub(1) else {
        return found;
    };
    let mut open: Vec<(usize, Vec<u8>)> = vec![(last, Vec::new())];
    while let Some((v, path)) = open.pop() {
        if found.len() == PATHS {
            break;
        }
        for u in bits(graph.inputs[v]) {
            if u == 0 {
                found.push(path.clone());
            } else {
                let mut longer = path.clone();
                if longer.len() < PATH_NODES {
                    longer.push(graph.labels[u]);
                }
                open.push((u, longer));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use ganas_core::space::from_toml;

    use super::*;

    #[test]
    fn long_chains_are_forgotten_before_they_fill_the_memory() {
        let ops: Vec<String> = (0..50).map(|i| format!("'op{i}'")).collect();
        let ops = ops.join(", ");
        let text = format!("name = 'long'\nkind = 'chain'\nlength = 62\nops = [{ops}]");
        let space = from_toml(&text).unwrap();
        let mut rng = Rng::stream(0, "test");
        let mut sample = || space.sample(space.samplers()[0], &mut rng);
        let mut describer = Describer::new(&*space);
        let first = sample();
        let expected = describer.describe(&*space, &first).to_vec();
        let mut largest = 0;
        for _ in 0..6 {
            let archs: Vec<Arch> = (0..1000).map(|_| sample()).collect();
            describer.meet(&*space, &archs);
            let kept: usize = describer.seen.values().map(Vec::len).sum();
            largest = largest.max(kept);
            assert!(kept <= describer.kept + expected.len());
        }
        let batch = 1000 * 62 * 62;
        assert!(largest > KEPT && largest < KEPT + batch, "{largest}");
        assert_eq!(describer.describe(&*space, &first), expected);
    }
}
