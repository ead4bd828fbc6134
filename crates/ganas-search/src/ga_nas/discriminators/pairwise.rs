//! The discriminator of the paper: a Siamese k-GNN that compares pairs of architectures.

use ganas_core::arch::Graph;
use ganas_core::error::{Error, Result};
use ganas_core::rng::Rng;
use ganas_core::space::SearchSpace;
use ganas_core::strategy::Gauge;
use ganas_nets::{Dims, DiscriminatorConfig, FitReport, HeldOut, held_out};
use serde::{Deserialize, Serialize};

use super::Discriminator;
use crate::ga_nas::config::GaNasConfig;
use crate::ga_nas::fault;
use crate::ga_nas::generators::Generator;
use crate::ga_nas::pretrained::Pretrained;
use crate::ga_nas::round::Round;
use crate::ga_nas::truth;

/// A network that compares a graph with the members of the truth set. It is new in every round.
#[derive(Serialize, Deserialize)]
pub struct PairwiseDiscriminator {
    config: DiscriminatorConfig,
    dims: Dims,
    /// The share of the ranking head in the score.
    rank_share: f32,
    #[serde(skip)]
    fitted: Option<ganas_nets::Discriminator>,
}

impl PairwiseDiscriminator {
    /// A discriminator before its first fit.
    pub fn new(config: &GaNasConfig, dims: Dims) -> Self {
        PairwiseDiscriminator {
            config: config.discriminator.clone(),
            dims,
            rank_share: config.rank_share,
            fitted: None,
        }
    }

    /// Line 5: a new network, or the one from before the search, fitted to tell T from F and, if the ranking
    /// head has a share, to rank everything evaluated.
    fn tell_apart(&mut self, round: &mut Round, fakes: &[&Graph]) -> Result<FitReport> {
        let truth: Vec<&Graph> = round.truth.graphs().iter().collect();
        let (graphs, scores) = if self.rank_share > 0.0 {
            truth::evaluated(round.context)
        } else {
            Default::default()
        };
        let graphs: Vec<&Graph> = graphs.iter().collect();
        let evaluated = (!graphs.is_empty()).then_some((graphs.as_slice(), scores.as_slice()));
        let rng = &mut round.streams.discriminator;
        let (config, dims) = (&self.config, self.dims);
        let start = round.pretrained.map(Pretrained::discriminator);
        let fitted =
            ganas_nets::Discriminator::fit_from(start, config, dims, &truth, fakes, evaluated, rng);
        let (discriminator, report) = fitted.map_err(fault)?;
        self.fitted = Some(discriminator);
        Ok(report)
    }

    /// The distance of T and F, measured on graphs that discriminators were not fitted to.
    fn distance(&self, round: &Round, fakes: &[&Graph]) -> Result<Vec<Gauge>> {
        let truth: Vec<&Graph> = round.truth.graphs().iter().collect();
        let mut rng = Rng::stream(round.seed, &format!("ga-nas/held-out/{}", round.t));
        let measured = held_out(&self.config, self.dims, &truth, fakes, &mut rng);
        let gauges = |m: HeldOut| [("js", m.divergence), ("ess", m.effective_samples)];
        Ok(measured
            .map_err(fault)?
            .into_iter()
            .flat_map(gauges)
            .collect())
    }
}

impl Discriminator for PairwiseDiscriminator {
    fn fit(&mut self, round: &mut Round, generator: &dyn Generator) -> Result<()> {
        // Line 4: F, as many graphs as T has.
        let fakes = generator.fakes(round, round.truth.graphs().len())?;
        let fakes: Vec<&Graph> = fakes.iter().collect();
        let report = self.tell_apart(round, &fakes)?;
        let distance = self.distance(round, &fakes)?;
        round.gauges.extend(distance);
        round.gauges.extend(fit_gauges(&report));
        round.lap("discriminator");
        Ok(())
    }

    fn scores(&self, _: &dyn SearchSpace, graphs: &[&Graph]) -> Result<Vec<f32>> {
        let Some(discriminator) = &self.fitted else {
            return Err(Error::bug("the discriminator is used before it is fitted"));
        };
        let scores = discriminator.scores(graphs).map_err(fault)?;
        Ok(scores.blend(self.rank_share))
    }
}

fn fit_gauges(fit: &FitReport) -> impl Iterator<Item = Gauge> {
    let always = [
        ("d_loss", fit.loss as f64),
        ("d_accuracy", fit.accuracy as f64),
    ];
    let rank = fit.rank_accuracy.map(|a| ("d_rank_accuracy", a as f64));
    always.into_iter().chain(rank)
}
