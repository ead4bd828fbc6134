//! Tree of learned linear splits of the evaluated architectures, as in LaNAS.
//!
//! A linear model of the features is fitted to the values of a node's members. Those that it predicts to be
//! at least as good as the members' mean are one side, the others the other side.

use ganas_core::arch::Arch;
use ganas_core::space::SearchSpace;

use super::MctsConfig;
use crate::committee::{Columns, Describer, Feature, Row};

/// Steps of conjugate gradients for a linear model (ours). Few steps keep it from fitting noise.
const STEPS: usize = 20;

/// Weight of the squares of the slopes for each member (ours).
const RIDGE: f64 = 1e-3;

/// Partition of a space.
pub struct Partition {
    exploration: f64,
    columns: Columns,
    archs: Vec<Arch>,
    nodes: Vec<Node>,
}

struct Node {
    members: Vec<usize>,
    mean: f64,
    visits: f64,
    split: Option<Split>,
}

struct Split {
    slopes: Vec<f64>,
    threshold: f64,
    better: usize,
    worse: usize,
}

/// Leaf that was selected.
pub struct Region {
    /// Number of the leaf.
    pub leaf: usize,
    /// Evaluated architectures in it.
    pub members: Vec<Arch>,
}

/// Rows and values that a partition is fitted to.
struct Data {
    rows: Vec<Row>,
    values: Vec<f64>,
    columns: usize,
}

impl Partition {
    /// Fits a partition to evaluated architectures. `None` if nothing was evaluated.
    pub fn fit(
        config: &MctsConfig,
        space: &dyn SearchSpace,
        describer: &mut Describer,
        evaluated: &[(Arch, f64)],
    ) -> Option<Self> {
        if evaluated.is_empty() {
            return None;
        }
        let described: Vec<Vec<(Feature, f32)>> = evaluated
            .iter()
            .map(|(arch, _)| describer.describe(space, arch).to_vec())
            .collect();
        let views: Vec<&[(Feature, f32)]> = described.iter().map(Vec::as_slice).collect();
        let columns = Columns::of(&views, &[], true);
        let data = Data {
            rows: described.iter().map(|d| columns.row(d)).collect(),
            values: evaluated.iter().map(|(_, value)| *value).collect(),
            columns: columns.len(),
        };
        let mut partition = Partition {
            exploration: config.exploration,
            columns,
            archs: evaluated.iter().map(|(arch, _)| *arch).collect(),
            nodes: Vec::new(),
        };
        partition.grow(config, &data, (0..evaluated.len()).collect(), 0);
        Some(partition)
    }

    /// Adds a node for some members and the nodes below it. Returns its number.
    fn grow(
        &mut self,
        config: &MctsConfig,
        data: &Data,
        members: Vec<usize>,
        depth: usize,
    ) -> usize {
        let at = self.nodes.len();
        let mean = data.mean(&members);
        self.nodes.push(Node {
            mean,
            visits: members.len() as f64,
            members: members.clone(),
            split: None,
        });
        if depth == config.height || members.len() < 2 * config.least {
            return at;
        }
        let slopes = data.slopes(&members, mean);
        let origin = members
            .iter()
            .map(|&m| dot(&slopes, &data.rows[m]))
            .sum::<f64>();
        let threshold = origin / members.len() as f64;
        let side = |m: &usize| dot(&slopes, &data.rows[*m]) >= threshold;
        let (better, worse): (Vec<usize>, Vec<usize>) = members.into_iter().partition(side);
        if better.len().min(worse.len()) < config.least {
            return at;
        }
        let better = self.grow(config, data, better, depth + 1);
        let worse = self.grow(config, data, worse, depth + 1);
        self.nodes[at].split = Some(Split {
            slopes,
            threshold,
            better,
            worse,
        });
        at
    }

    /// Follows the best bounds to a leaf, and counts a visit of every node on the way.
    pub fn select(&mut self) -> Region {
        let mut at = 0;
        self.nodes[at].visits += 1.0;
        while let Some(split) = &self.nodes[at].split {
            let parent = self.nodes[at].visits.ln();
            let bound = |node: usize| {
                let Node { mean, visits, .. } = self.nodes[node];
                mean + self.exploration * (parent / visits).sqrt()
            };
            let worse = bound(split.worse) > bound(split.better);
            at = if worse { split.worse } else { split.better };
            self.nodes[at].visits += 1.0;
        }
        let members = self.nodes[at].members.iter();
        Region {
            leaf: at,
            members: members.map(|&m| self.archs[m]).collect(),
        }
    }

    /// The leaf that a described architecture lies in.
    pub fn leaf_of(&self, described: &[(Feature, f32)]) -> usize {
        let row = self.columns.row(described);
        let mut at = 0;
        while let Some(split) = &self.nodes[at].split {
            let better = dot(&split.slopes, &row) >= split.threshold;
            at = if better { split.better } else { split.worse };
        }
        at
    }
}

impl Data {
    fn mean(&self, members: &[usize]) -> f64 {
        members.iter().map(|&m| self.values[m]).sum::<f64>() / members.len() as f64
    }

    /// Slopes of the linear model of some members, by conjugate gradients on its normal equations (Hestenes &
    /// Stiefel 1952, doi 10.6028/jres.049.044).
    fn slopes(&self, members: &[usize], mean: f64) -> Vec<f64> {
        let centre = self.sum(members, |_| 1.0 / members.len() as f64);
        // The product with the matrix of second moments of the centred rows, and the ridge.
        let product = |x: &[f64]| {
            let origin: f64 = centre.iter().zip(x).map(|(c, x)| c * x).sum();
            let sums = self.sum(members, |m| dot(x, &self.rows[m]) - origin);
            let ridge = RIDGE * members.len() as f64;
            sums.iter()
                .zip(x)
                .map(|(s, x)| s + ridge * x)
                .collect::<Vec<f64>>()
        };
        let square = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
        let mut slopes = vec![0.0; self.columns];
        let mut rest = self.sum(members, |m| self.values[m] - mean);
        let mut direction = rest.clone();
        let mut size = square(&rest);
        let enough = 1e-10 * size;
        for _ in 0..STEPS {
            if size <= enough {
                break;
            }
            let image = product(&direction);
            let along: f64 = direction.iter().zip(&image).map(|(d, i)| d * i).sum();
            let step = size / along;
            for ((slope, rest), (d, i)) in
                (slopes.iter_mut().zip(&mut rest)).zip(direction.iter().zip(&image))
            {
                *slope += step * d;
                *rest -= step * i;
            }
            let next = square(&rest);
            let keep = next / size;
            size = next;
            for (d, r) in direction.iter_mut().zip(&rest) {
                *d = r + keep * *d;
            }
        }
        slopes
    }

    /// The sum of the members' rows, each times its weight.
    fn sum(&self, members: &[usize], weight: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut sum = vec![0.0; self.columns];
        for &m in members {
            let weight = weight(m);
            for (column, value) in &self.rows[m] {
                sum[*column] += weight * f64::from(*value);
            }
        }
        sum
    }
}

fn dot(slopes: &[f64], row: &Row) -> f64 {
    row.iter()
        .map(|(c, value)| slopes[*c] * f64::from(*value))
        .sum()
}

#[cfg(test)]
mod tests {
    use ganas_core::rng::Rng;
    use ganas_core::space::nasbench201;
    use ganas_core::testing::Synthetic;

    use super::*;

    #[test]
    fn better_architectures_are_split_from_worse_ones() {
        let space = nasbench201();
        let mut rng = Rng::stream(0, "partition");
        let score = |arch: &Arch| Synthetic::new(&space).score(arch);
        let mut draw = || {
            let arch = space.sample(space.samplers()[0], &mut rng);
            (arch, score(&arch))
        };
        let evaluated: Vec<(Arch, f64)> = (0..200).map(|_| draw()).collect();
        let mut describer = Describer::new(&space);
        let config = MctsConfig {
            exploration: 0.0,
            ..MctsConfig::lanas()
        };
        let mut partition = Partition::fit(&config, &space, &mut describer, &evaluated).unwrap();
        let region = partition.select();
        assert!(region.members.len() >= config.least && region.members.len() < 100);
        let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
        let mut inside = Vec::new();
        let mut all = Vec::new();
        for _ in 0..3000 {
            let (arch, score) = draw();
            all.push(score);
            if partition.leaf_of(describer.describe(&space, &arch)) == region.leaf {
                inside.push(score);
            }
        }
        assert!(
            inside.len() > 20,
            "{} of 3000 are in the region",
            inside.len()
        );
        assert!(
            mean(&inside) > mean(&all) + 0.15,
            "{} {}",
            mean(&inside),
            mean(&all)
        );
        for arch in &region.members {
            assert_eq!(
                partition.leaf_of(describer.describe(&space, arch)),
                region.leaf
            );
        }
    }

    #[test]
    fn visits_lead_to_other_regions() {
        let space = nasbench201();
        let mut rng = Rng::stream(1, "partition");
        let draw = |_| {
            let arch = space.sample(space.samplers()[0], &mut rng);
            (arch, Synthetic::new(&space).score(&arch))
        };
        let evaluated: Vec<(Arch, f64)> = (0..100).map(draw).collect();
        let config = MctsConfig {
            exploration: 3.0,
            ..MctsConfig::lanas()
        };
        let mut describer = Describer::new(&space);
        let mut partition = Partition::fit(&config, &space, &mut describer, &evaluated).unwrap();
        let leaves: std::collections::HashSet<usize> =
            (0..200).map(|_| partition.select().leaf).collect();
        assert!(
            leaves.len() > 2,
            "{leaves:?} of {} nodes",
            partition.nodes.len()
        );
    }
}
