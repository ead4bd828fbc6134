//! Products of categoricals over construction steps, and their mixtures: densities whose
//! likelihood and maximum-likelihood fit are explicit.

use ganas_core::arch::{Graph, bits};
use ganas_core::rng::Rng;
use ganas_core::space::Growth;

use crate::strategies::decisions::{Decision, Made, decisions_of, grow};

/// A product of independent categoricals: the label of the node at each step, and whether each
/// earlier node feeds it. The space's grammar masks what it does not allow.
#[derive(Clone, Debug, PartialEq)]
pub struct Categoricals {
    /// Probability of each label at each step.
    labels: Vec<Vec<f64>>,
    /// Probability of the edge from each earlier node, at each step.
    links: Vec<Vec<f64>>,
}

impl Categoricals {
    /// The same probability for each open choice.
    pub fn flat(space: &(impl Growth + ?Sized)) -> Self {
        let labels = space.vocabulary().len();
        let steps = space.max_nodes();
        Categoricals {
            labels: vec![vec![1.0 / labels as f64; labels]; steps],
            links: (0..steps).map(|t| vec![0.5; t]).collect(),
        }
    }

    /// The density that minimises the Kullback-Leibler divergence from the weighted graphs, that is
    /// the one under which they are most likely, with `smoothing` further graphs spread evenly.
    pub fn fit(
        space: &(impl Growth + ?Sized),
        graphs: &[Graph],
        weights: &[f64],
        smoothing: f64,
    ) -> Self {
        let mut fitted = Self::flat(space);
        for (t, (labels, links)) in fitted.labels.iter_mut().zip(&mut fitted.links).enumerate() {
            labels.iter_mut().for_each(|p| *p *= smoothing);
            links.iter_mut().for_each(|p| *p *= smoothing);
            let mut total = smoothing;
            for (graph, weight) in graphs.iter().zip(weights).filter(|(g, _)| g.len() > t) {
                labels[graph.labels[t] as usize] += weight;
                bits(graph.inputs[t]).for_each(|u| links[u] += weight);
                total += weight;
            }
            labels.iter_mut().for_each(|p| *p /= total);
            links.iter_mut().for_each(|p| *p /= total);
        }
        fitted
    }

    /// The probability of one decision, given what there is to choose from.
    fn probability(&self, made: &Made) -> f64 {
        match made.decision {
            Decision::Label(t) => {
                let open = |l: &usize| made.options >> l & 1 == 1;
                let total: f64 = (0..self.labels[t].len())
                    .filter(open)
                    .map(|l| self.labels[t][l])
                    .sum();
                self.labels[t][made.choice as usize] / total
            }
            Decision::Link(u, t) => match made.choice {
                1 => self.links[t][u],
                _ => 1.0 - self.links[t][u],
            },
        }
    }

    /// The log-probability of the decisions of a construction.
    pub fn log_prob_of(&self, made: &[Made]) -> f64 {
        made.iter().map(|m| self.probability(m).ln()).sum()
    }

    /// The log-probability of a construction.
    pub fn log_prob(&self, space: &(impl Growth + ?Sized), graph: &Graph) -> f64 {
        self.log_prob_of(&decisions_of(space, graph))
    }

    /// Grows a graph.
    pub fn draw_one(&self, space: &(impl Growth + ?Sized), rng: &mut Rng) -> Graph {
        grow(space, |decision, options| match decision {
            Decision::Label(t) => {
                let weights: Vec<f64> = self.labels[t]
                    .iter()
                    .enumerate()
                    .map(|(l, &p)| if options >> l & 1 == 1 { p } else { 0.0 })
                    .collect();
                rng.weighted(&weights) as u8
            }
            Decision::Link(u, t) => u8::from(rng.chance(self.links[t][u])),
        })
    }
}

/// A mixture of products of categoricals.
#[derive(Clone, Debug, PartialEq)]
pub struct CategoricalMixture {
    shares: Vec<f64>,
    parts: Vec<Categoricals>,
}

impl CategoricalMixture {
    /// The mixture of at most `parts` parts that minimises the Kullback-Leibler divergence from
    /// weighted points, each given by all its constructions, by `steps` steps of expectation
    /// maximisation (Dempster et al. 1977): which part made a point, and by which of its
    /// constructions, is what is not observed.
    pub fn fit(
        space: &(impl Growth + ?Sized),
        points: &[Vec<Graph>],
        weights: &[f64],
        parts: usize,
        smoothing: f64,
        steps: usize,
        rng: &mut Rng,
    ) -> Self {
        let graphs: Vec<Graph> = points.concat();
        let made: Vec<Vec<Made>> = graphs.iter().map(|g| decisions_of(space, g)).collect();
        let parts = parts.min(points.len()).max(1);
        // Each part begins around one construction of a point of its own.
        let seeds = rng.distinct(points.len(), parts);
        let mut mixture = CategoricalMixture {
            shares: vec![1.0 / parts as f64; parts],
            parts: seeds
                .iter()
                .map(|&i| Categoricals::fit(space, &points[i][..1], &[1.0], 1.0))
                .collect(),
        };
        let total: f64 = weights.iter().sum();
        for _ in 0..steps {
            let mut shared = vec![vec![0.0; graphs.len()]; parts];
            let mut at = 0;
            for (forms, weight) in points.iter().zip(weights) {
                let logs: Vec<Vec<f64>> = (made[at..at + forms.len()].iter())
                    .map(|m| mixture.logs(m))
                    .collect();
                let whole = log_sum_exp(&logs.concat());
                for (form, logs) in logs.iter().enumerate() {
                    for (part, log) in shared.iter_mut().zip(logs) {
                        part[at + form] = weight * (log - whole).exp();
                    }
                }
                at += forms.len();
            }
            for (k, shared) in shared.iter().enumerate() {
                mixture.parts[k] = Categoricals::fit(space, &graphs, shared, smoothing);
                mixture.shares[k] = shared.iter().sum::<f64>() / total;
            }
        }
        mixture
    }

    fn logs(&self, made: &[Made]) -> Vec<f64> {
        self.shares
            .iter()
            .zip(&self.parts)
            .map(|(share, part)| share.ln() + part.log_prob_of(made))
            .collect()
    }

    /// The log-probability of a construction.
    pub fn log_prob(&self, space: &(impl Growth + ?Sized), graph: &Graph) -> f64 {
        log_sum_exp(&self.logs(&decisions_of(space, graph)))
    }

    /// Grows a graph.
    pub fn draw_one(&self, space: &(impl Growth + ?Sized), rng: &mut Rng) -> Graph {
        self.parts[rng.weighted(&self.shares)].draw_one(space, rng)
    }
}

/// The logarithm of a sum of exponentials.
pub fn log_sum_exp(logs: &[f64]) -> f64 {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + logs.iter().map(|l| (l - most).exp()).sum::<f64>().ln()
}
