//! An architecture as a row of numbers, each with a name.
//!
//! | Name | In which spaces | What it is |
//! |---|---|---|
//! | `params`, `log params` | all that have the cost | a cost, and the natural logarithm of one plus it |
//! | `op[3]`, `op[3]=NAME` | chains, edge cells, mobile networks | the index of the op at a position from 0; 1 if it is this op |
//! | `count[NAME]` | the same | how many positions have the op |
//! | `depth[2]` | mobile networks | layers of a stage, counted from 1 |
//! | `expansion[2][1]`, `kernel[2][1]`, `squeeze[2][1]` | mobile networks | of a stage's layer, both from 1; 0 where there is none |
//! | `normal.count[NAME]`, `.from[0]=NAME`, `.into[2]=NAME`, `.used[0]`, `.depth[2]`, and `reduction.` | DARTS' cells | edges with an op, those from a source, those into a node; all edges from a source; layers on the longest way to a node |
//! | `NAME`, `log NAME`, `NAME=WORD`, `active[NAME]`, `cell[3]=OP` | configurations | a choice as a number, its natural logarithm, 1 if it is the word, 1 if it is active; the op of the cell at a position from 0 |
//! | `{epochs}` | all | level of the cost axis of this name, with `--fidelity` |
//! | `graph[KIND NUMBER]` | all | a feature of the graph, as the committee of `ga-nas` has them |

use std::collections::HashMap;

use ganas_core::arch::Arch;
use ganas_core::error::{Error, Result, nearest};
use ganas_core::space::{Kind as SpaceKind, Mobile, SearchSpace};

use super::{cells, choices};
use crate::committee::{self, Kind};

/// The share of the rows that has to show a feature of the graph for it to become a column (ours).
const SHOWN: f64 = 0.01;

const GRAPH_KINDS: [(Kind, &str); 7] = [
    (Kind::Label, "label"),
    (Kind::Shape, "shape"),
    (Kind::Edge, "edge"),
    (Kind::Upstream, "upstream"),
    (Kind::FromInput, "from-input"),
    (Kind::ToOutput, "to-output"),
    (Kind::Path, "path"),
];

/// Content of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Column {
    Cost(usize),
    LogCost(usize),
    Op(usize),
    OpIs(usize, u8),
    Count(u8),
    /// One of the numbers that the space's kind has, by its place among them.
    Special(usize),
    /// Filled in from the graph.
    Graph,
    /// Level of the cost axis.
    Level,
}

/// Turns the architectures of a space into rows.
#[derive(Clone, Debug)]
pub struct Encoding {
    names: Vec<String>,
    columns: Vec<Column>,
    /// The columns of the features of the graph.
    graph: HashMap<committee::Feature, usize>,
    /// Indices of the costs that are needed.
    costs: Vec<usize>,
    /// Name of the cost axis whose level is a column, and the level of rows.
    level: Option<(String, u32)>,
}

impl Encoding {
    /// The encoding with columns of these names.
    ///
    /// # Errors
    /// If the space has no such feature, or there are none.
    pub fn new(space: &dyn SearchSpace, names: &[String]) -> Result<Self> {
        let known: HashMap<String, Column> = catalogue(space).into_iter().collect();
        let mut graph = HashMap::new();
        let mut columns = Vec::with_capacity(names.len());
        let mut level = None;
        for (i, name) in names.iter().enumerate() {
            let axis = name
                .strip_prefix('{')
                .and_then(|name| name.strip_suffix('}'));
            if let Some(axis) = axis {
                level = Some((axis.to_owned(), 1));
                columns.push(Column::Level);
                continue;
            }
            columns.push(match (known.get(name), graph_feature(name)) {
                (Some(column), _) => *column,
                (None, Some(feature)) if graph.insert(feature, i).is_none() => Column::Graph,
                (None, Some(_)) => {
                    return Err(
                        Error::input(format!("the feature `{name}` is listed twice"))
                            .mend("name each feature of the graph once"),
                    );
                }
                (None, None) => return Err(unknown(space, name, known.keys())),
            });
        }
        if names.is_empty() {
            return Err(Error::input("there are no features").mend("name one a column"));
        }
        let costs = (0..space.costs().len())
            .filter(|&i| {
                columns.contains(&Column::Cost(i)) || columns.contains(&Column::LogCost(i))
            })
            .collect();
        Ok(Encoding {
            names: names.to_vec(),
            columns,
            graph,
            costs,
            level,
        })
    }

    /// Name of the cost axis whose level is a feature, if one is.
    pub fn axis(&self) -> Option<&str> {
        self.level.as_ref().map(|(name, _)| name.as_str())
    }

    /// Sets the level of the cost axis in all rows.
    pub fn set_level(&mut self, level: u32) {
        if let Some((_, own)) = &mut self.level {
            *own = level;
        }
    }

    /// The encoding that suits a space (ours), for models that are to be fitted to these
    /// architectures.
    ///
    /// # Errors
    /// If the space says nothing about its architectures.
    pub fn suited(space: &dyn SearchSpace, archs: &[Arch]) -> Result<Self> {
        let special = !specials(space).is_empty();
        let mut names: Vec<String> = catalogue(space)
            .into_iter()
            .filter(|(_, column)| match column {
                Column::LogCost(_) | Column::Special(_) => true,
                Column::OpIs(..) | Column::Count(_) => !special,
                _ => false,
            })
            .map(|(name, _)| name)
            .collect();
        if matches!(
            space.kind(),
            SpaceKind::EdgeCell | SpaceKind::NodeCell | SpaceKind::Other
        ) {
            names.extend(shown(space, archs));
        }
        Encoding::new(space, &names)
    }

    /// The names of all features of a space that can be listed; those of the graph are without
    /// number.
    pub fn listed(space: &dyn SearchSpace) -> Vec<String> {
        catalogue(space).into_iter().map(|(name, _)| name).collect()
    }

    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True if there are no columns, which never happens.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The rows of architectures, one after another.
    pub fn rows(&self, space: &dyn SearchSpace, archs: &[Arch]) -> Vec<f64> {
        let mut rows = vec![0.0; archs.len() * self.len()];
        let mut costs = vec![0.0; space.costs().len()];
        for (arch, row) in archs.iter().zip(rows.chunks_exact_mut(self.len())) {
            for &i in &self.costs {
                costs[i] = space.cost(arch, i);
            }
            let special = special_values(space, arch);
            let ops = arch.ops();
            for (column, cell) in self.columns.iter().zip(row.iter_mut()) {
                *cell = match *column {
                    Column::Cost(i) => costs[i],
                    Column::LogCost(i) => costs[i].max(0.0).ln_1p(),
                    Column::Op(position) => ops[position].into(),
                    Column::OpIs(position, op) => f64::from(u8::from(ops[position] == op)),
                    Column::Count(op) => ops.iter().filter(|&&o| o == op).count() as f64,
                    Column::Special(i) => special[i],
                    Column::Graph => 0.0,
                    Column::Level => self
                        .level
                        .as_ref()
                        .map_or(0.0, |(_, level)| (*level).into()),
                };
            }
            if !self.graph.is_empty() {
                for (feature, value) in committee::describe(space, arch, false) {
                    if let Some(&i) = self.graph.get(&feature) {
                        row[i] = value.into();
                    }
                }
            }
        }
        rows
    }
}

/// All features of a space that can be listed.
fn catalogue(space: &dyn SearchSpace) -> Vec<(String, Column)> {
    let mut all = Vec::new();
    for (i, cost) in space.costs().iter().enumerate() {
        all.push((cost.clone(), Column::Cost(i)));
        all.push((format!("log {cost}"), Column::LogCost(i)));
    }
    if matches!(
        space.kind(),
        SpaceKind::Chain | SpaceKind::EdgeCell | SpaceKind::Mobile(_)
    ) {
        let ops = space.ops();
        for position in 0..positions(space) {
            all.push((format!("op[{position}]"), Column::Op(position)));
            let is = |(i, op): (usize, &String)| {
                (
                    format!("op[{position}]={op}"),
                    Column::OpIs(position, i as u8),
                )
            };
            all.extend(ops.iter().enumerate().map(is));
        }
        let count = |(i, op): (usize, &String)| (format!("count[{op}]"), Column::Count(i as u8));
        all.extend(ops.iter().enumerate().map(count));
    }
    let special = specials(space).into_iter().enumerate();
    all.extend(special.map(|(i, name)| (name, Column::Special(i))));
    all
}

/// The positions of a space whose architectures all have as many.
pub(super) fn positions(space: &dyn SearchSpace) -> usize {
    let mut rng = ganas_core::rng::Rng::stream(0, "encoding");
    space.sample(space.samplers()[0], &mut rng).ops().len()
}

/// The names of the numbers that only a space of this kind has.
fn specials(space: &dyn SearchSpace) -> Vec<String> {
    match space.kind() {
        SpaceKind::Mobile(mobile) => mobile_names(mobile),
        SpaceKind::Darts(_) => cells::names(space.ops()),
        SpaceKind::Config(config) => choices::names(config),
        _ => Vec::new(),
    }
}

fn special_values(space: &dyn SearchSpace, arch: &Arch) -> Vec<f64> {
    match space.kind() {
        SpaceKind::Mobile(mobile) => mobile_values(mobile, arch),
        SpaceKind::Darts(darts) => {
            let skip = space.ops().iter().position(|op| op == "skip_connect");
            cells::values(
                &darts.network(arch, Some(1), Some(3)),
                space.ops().len(),
                skip,
            )
        }
        SpaceKind::Config(config) => choices::values(config, arch),
        _ => Vec::new(),
    }
}

fn mobile_names(mobile: &Mobile) -> Vec<String> {
    let mut names = Vec::new();
    for (stage, &(_, layers)) in (1..).zip(mobile.depths()) {
        names.push(format!("depth[{stage}]"));
        for layer in 1..=layers {
            let of = ["expansion", "kernel", "squeeze"];
            names.extend(of.map(|what| format!("{what}[{stage}][{layer}]")));
        }
    }
    names
}

fn mobile_values(mobile: &Mobile, arch: &Arch) -> Vec<f64> {
    let starts: Vec<usize> = mobile
        .depths()
        .iter()
        .scan(0, |next, &(_, layers)| {
            let start = *next;
            *next += 1 + 3 * layers;
            Some(start)
        })
        .collect();
    let all: usize = mobile
        .depths()
        .iter()
        .map(|(_, layers)| 1 + 3 * layers)
        .sum();
    let mut values = vec![0.0; all];
    for block in mobile.network(arch, None).blocks {
        // Stage 0 is the fixed block before them.
        let Some(start) = block.stage.checked_sub(1).map(|stage| starts[stage]) else {
            continue;
        };
        values[start] += 1.0;
        let at = start + 1 + 3 * block.layer;
        values[at] = block.expansion as f64;
        values[at + 1] = block.kernel as f64;
        values[at + 2] = f64::from(u8::from(block.squeeze.is_some()));
    }
    values
}

/// The features of the graph that enough architectures show.
fn shown(space: &dyn SearchSpace, archs: &[Arch]) -> Vec<String> {
    let mut counts: HashMap<committee::Feature, usize> = HashMap::new();
    for arch in archs {
        for (feature, _) in committee::describe(space, arch, false) {
            *counts.entry(feature).or_default() += 1;
        }
    }
    let least = (SHOWN * archs.len() as f64).max(2.0);
    let mut features: Vec<committee::Feature> = counts
        .into_iter()
        .filter(|(_, count)| *count as f64 >= least)
        .map(|(feature, _)| feature)
        .collect();
    features.sort_unstable();
    features.iter().filter_map(graph_name).collect()
}

fn graph_name((kind, what): &committee::Feature) -> Option<String> {
    let (_, name) = GRAPH_KINDS.iter().find(|(k, _)| k == kind)?;
    Some(format!("graph[{name} {what}]"))
}

fn graph_feature(name: &str) -> Option<committee::Feature> {
    let inner = name.strip_prefix("graph[")?.strip_suffix(']')?;
    let (kind, what) = inner.split_once(' ')?;
    let (kind, _) = GRAPH_KINDS.iter().find(|(_, name)| *name == kind)?;
    Some((*kind, what.parse().ok()?))
}

fn unknown<'a>(
    space: &dyn SearchSpace,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> Error {
    let error = Error::input(format!(
        "the space `{}` has no feature `{name}`",
        space.name()
    ));
    let mut known: Vec<&str> = known.map(String::as_str).collect();
    known.sort_unstable();
    match nearest(name, known.iter().copied()) {
        Some(near) => error.mend(format!("did you mean `{near}`?")),
        None => error.mend("`ganas surrogate features` lists them"),
    }
}

#[cfg(test)]
mod tests {
    use ganas_core::rng::Rng;
    use ganas_core::space::{accel_nasbench, nasbench101, nasbench201, nasbench301};

    use super::*;

    fn of(space: &dyn SearchSpace, names: &[&str], arch: &str) -> Vec<f64> {
        let names: Vec<String> = names.iter().map(|&n| n.to_owned()).collect();
        let encoding = Encoding::new(space, &names).unwrap();
        encoding.rows(space, &[space.parse(arch).unwrap()])
    }

    #[test]
    fn mobile_layers_have_their_choices() {
        let space = accel_nasbench();
        let arch = "e1_k3_l1_se1;e4_k5_l2_se0;e6_k3_l3_se1;e1_k3_l1_se0;e1_k3_l1_se0;e1_k3_l1_se0;e1_k3_l1_se0";
        let names = [
            "depth[2]",
            "kernel[2][2]",
            "kernel[2][3]",
            "expansion[3][3]",
            "squeeze[1][1]",
        ];
        assert_eq!(of(&space, &names, arch), [2.0, 5.0, 0.0, 6.0, 1.0]);
    }

    #[test]
    fn edge_cells_have_ops_at_positions() {
        let space = nasbench201();
        let arch = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_3x3~2|";
        let names = [
            "op[0]=nor_conv_3x3",
            "op[1]=nor_conv_3x3",
            "count[none]",
            "graph[shape 0]",
        ];
        let row = of(&space, &names, arch);
        assert_eq!(row[..3], [1.0, 0.0, 3.0]);
        assert!(row[3] > 0.0);
    }

    #[test]
    fn darts_cells_have_edges_and_depths() {
        let space = nasbench301();
        let names = [
            "normal.count[sep_conv_3x3]",
            "normal.from[0]=skip_connect",
            "reduction.count[max_pool_3x3]",
            "normal.depth[2]",
            "normal.used[0]",
        ];
        // Counted in the genotype that Liu et al. 2019 (arXiv 1806.09055) published as DARTS_V1.
        let row = of(&space, &names, "darts-v1");
        assert_eq!(row, [5.0, 2.0, 4.0, 1.0, 4.0]);
    }

    #[test]
    fn suited_encodings_can_be_made_again_from_their_names() {
        let spaces: [&dyn SearchSpace; 4] = [
            &accel_nasbench(),
            &nasbench101(),
            &nasbench201(),
            &nasbench301(),
        ];
        for space in spaces {
            let mut rng = Rng::stream(0, "test");
            let archs: Vec<Arch> = (0..50)
                .map(|_| space.sample(space.samplers()[0], &mut rng))
                .collect();
            let encoding = Encoding::suited(space, &archs).unwrap();
            let again = Encoding::new(space, encoding.names()).unwrap();
            assert_eq!(encoding.rows(space, &archs), again.rows(space, &archs));
            let all = catalogue(space);
            let names: Vec<String> = all.into_iter().map(|(name, _)| name).collect();
            let distinct: std::collections::HashSet<&String> = names.iter().collect();
            assert_eq!(distinct.len(), names.len());
        }
    }

    #[test]
    fn unknown_features_name_the_nearest() {
        let error = Encoding::new(&accel_nasbench(), &["kernel[2][2".into()]).unwrap_err();
        assert!(
            error.to_string().contains("did you mean `kernel[2][2]`"),
            "{error}"
        );
    }
}
