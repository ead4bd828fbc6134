//! The choice of generator and discriminator by the settings.

use ganas_core::space::SearchSpace;
use ganas_nets::Dims;
use serde::{Deserialize, Serialize};

use super::config::{GaNasConfig, Proposals, Reward, ScreenConfig};
use super::discriminators::{
    CommitteeDiscriminator, Discriminator, MeasuredDiscriminator, PairwiseDiscriminator,
};
use super::generators::{EditGenerator, Generator, NetworkGenerator, ScreenedGenerator};
use super::pretrained::Pretrained;

/// The two parts of a search.
#[derive(Serialize, Deserialize)]
pub struct Parts {
    generator: GeneratorKind,
    discriminator: DiscriminatorKind,
}

#[derive(Serialize, Deserialize)]
enum GeneratorKind {
    Network(Box<NetworkGenerator>),
    Edits(EditGenerator),
    Screened(Box<ScreenedGenerator>),
}

#[derive(Serialize, Deserialize)]
enum DiscriminatorKind {
    Pairwise(Box<PairwiseDiscriminator>),
    Measured(MeasuredDiscriminator),
    Committee(Box<CommitteeDiscriminator>),
}

impl Parts {
    /// The parts that the settings name, before their first round.
    pub fn new(
        config: &GaNasConfig,
        seed: u64,
        space: &dyn SearchSpace,
        pretrained: Option<&Pretrained>,
    ) -> Self {
        let network = || {
            let network = NetworkGenerator::new(config, seed, space);
            match pretrained {
                Some(pretrained) => network.starting_from(pretrained.generator()),
                None => network,
            }
        };
        match &config.proposals {
            Proposals::Generated => Parts {
                generator: GeneratorKind::Network(Box::new(network())),
                discriminator: DiscriminatorKind::new(config, space),
            },
            Proposals::Screened(screen) if screen.has_networks() => {
                let screened = ScreenedGenerator::new(network(), screen, config.truth);
                Parts {
                    generator: GeneratorKind::Screened(Box::new(screened)),
                    discriminator: DiscriminatorKind::new(config, space),
                }
            }
            Proposals::Screened(screen) => Parts::without_networks(screen, config.truth),
        }
    }

    fn without_networks(screen: &ScreenConfig, parents: usize) -> Self {
        let committee = CommitteeDiscriminator::new(screen);
        Parts {
            generator: GeneratorKind::Edits(EditGenerator::new(screen, parents)),
            discriminator: DiscriminatorKind::Committee(Box::new(committee)),
        }
    }

    /// The generator and the discriminator.
    pub fn get(&mut self) -> (&mut dyn Generator, &mut dyn Discriminator) {
        let generator: &mut dyn Generator = match &mut self.generator {
            GeneratorKind::Network(network) => &mut **network,
            GeneratorKind::Edits(edits) => edits,
            GeneratorKind::Screened(screened) => &mut **screened,
        };
        let discriminator: &mut dyn Discriminator = match &mut self.discriminator {
            DiscriminatorKind::Pairwise(pairwise) => &mut **pairwise,
            DiscriminatorKind::Measured(measured) => measured,
            DiscriminatorKind::Committee(committee) => &mut **committee,
        };
        (generator, discriminator)
    }
}

impl DiscriminatorKind {
    /// The discriminator that pays a network.
    fn new(config: &GaNasConfig, space: &dyn SearchSpace) -> Self {
        match config.reward {
            Reward::Discriminator => {
                let dims = Dims::of(space);
                DiscriminatorKind::Pairwise(Box::new(PairwiseDiscriminator::new(config, dims)))
            }
            Reward::Measured => DiscriminatorKind::Measured(MeasuredDiscriminator::default()),
        }
    }
}
