//! A committee of surrogates: what it expects of an architecture and how sure it is.

use ganas_core::arch::Arch;
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_core::strategy::Context;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

use super::columns::{Columns, Row, spread};
use super::features::{Describer, Feature};
use super::process::{GaussianProcess, Kernel};
use super::trees::{Binned, Trees, TreesConfig};

/// How a [`Committee`] is fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CommitteeConfig {
    /// Whether a Gaussian process is a member.
    pub process: bool,
    /// The number of tree ensembles.
    pub ensembles: usize,
    /// How the trees are boosted.
    pub trees: TreesConfig,
    /// The most of the best evaluated architectures that are fitted.
    pub best: usize,
    /// The most of the others that are fitted, drawn at random.
    pub others: usize,
}

impl Default for CommitteeConfig {
    /// All ours.
    fn default() -> Self {
        CommitteeConfig {
            process: true,
            ensembles: 3,
            trees: TreesConfig::default(),
            best: 200,
            others: 100,
        }
    }
}

/// A fitted committee.
pub struct Committee {
    columns: Columns,
    process: Option<GaussianProcess>,
    ensembles: Vec<Trees>,
}

impl Committee {
    /// Fits a committee to what was evaluated. `None` if that is too little.
    pub fn fit(
        config: &CommitteeConfig,
        context: &Context,
        describer: &mut Describer,
        kernel: &mut Kernel,
        rng: &mut Rng,
    ) -> Option<Self> {
        let ranked = ranked(context.ledger.queries());
        Self::fit_to(config, context.space, &ranked, describer, kernel, rng)
    }

    /// Fits a committee to architectures with their values, best first. `None` if they are too few.
    pub fn fit_to(
        config: &CommitteeConfig,
        space: &dyn SearchSpace,
        ranked: &[(Arch, f64)],
        describer: &mut Describer,
        kernel: &mut Kernel,
        rng: &mut Rng,
    ) -> Option<Self> {
        if ranked.len() < 4 {
            return None;
        }
        let mut picked: Vec<usize> = (0..ranked.len().min(config.best)).collect();
        let rest = ranked.len() - picked.len();
        let others = rng.distinct(rest, config.others);
        picked.extend(others.into_iter().map(|i| config.best + i));
        picked.sort_unstable();
        let values: Vec<f64> = picked.iter().map(|&i| ranked[i].1).collect();
        let described: Vec<Vec<(Feature, f32)>> = (picked.iter())
            .map(|&i| describer.describe(space, &ranked[i].0).to_vec())
            .collect();
        let columns = Columns::of(&described.iter().map(Vec::as_slice).collect::<Vec<_>>());
        if columns.len() == 0 {
            return None;
        }
        let rows: Vec<Row> = described.iter().map(|d| columns.row(d)).collect();
        let binned = Binned::new(&rows, columns.len());
        let ensembles = (0..config.ensembles)
            .map(|_| Trees::fit(&config.trees, &binned, &values, rng))
            .collect();
        let process = match config.process {
            true => GaussianProcess::fit(&rows, columns.means(), &values, *kernel),
            false => None,
        };
        if let Some(process) = &process {
            *kernel = process.kernel();
        }
        Some(Committee {
            columns,
            process,
            ensembles,
        })
    }

    /// What the members expect of an architecture: the mean, one half by the process and one half
    /// by the trees, plus `bonus` times how unsure they are.
    pub fn score(
        &self,
        space: &dyn SearchSpace,
        describer: &mut Describer,
        arch: &Arch,
        bonus: f64,
    ) -> f64 {
        let row = self.columns.row(describer.describe(space, arch));
        let mut dense = vec![0.0; self.columns.len()];
        spread(&row, &mut dense);
        let mut members: Vec<f64> = self.ensembles.iter().map(|e| e.predict(&dense)).collect();
        let trees = average(&members);
        let process = self.process.as_ref().map(|p| match bonus > 0.0 {
            true => p.predict(&row),
            false => (p.mean(&row), 0.0),
        });
        let mean = match (process, trees) {
            (Some((process, _)), Some(trees)) => 0.5 * (process + trees),
            (process, trees) => process.map(|p| p.0).or(trees).unwrap_or(0.0),
        };
        members.extend(process.map(|p| p.0));
        let apart: Vec<f64> = members.iter().map(|m| (m - mean).powi(2)).collect();
        let own = process.map_or(0.0, |p| p.1);
        mean + bonus * (average(&apart).unwrap_or(0.0) + own * own).sqrt()
    }
}

fn average(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// What was evaluated, best first, with the normal quantile of its rank. Equals share their mean
/// rank; what failed or does not comply shares the last one.
pub fn ranked(queries: &[Query]) -> Vec<(Arch, f64)> {
    let mut queries: Vec<&Query> = queries.iter().collect();
    let merit = |q: &Query| q.merit().unwrap_or(f64::NEG_INFINITY);
    queries.sort_by(|a, b| merit(b).total_cmp(&merit(a)));
    let n = queries.len();
    let normal = Normal::standard();
    let mut ranked = Vec::with_capacity(n);
    let mut start = 0;
    while start < n {
        let equals = queries[start..].iter();
        let end = start
            + equals
                .take_while(|q| merit(q) == merit(queries[start]))
                .count();
        let rank = 0.5 * (start + end - 1) as f64;
        let value = normal.inverse_cdf(1.0 - (rank + 0.5) / n as f64);
        ranked.extend(queries[start..end].iter().map(|q| (q.arch, value)));
        start = end;
    }
    ranked
}
