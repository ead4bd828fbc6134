//! Generator and discriminator from before a search, and their file.

use ganas_core::arch::{Arch, Graph};
use ganas_core::error::{Error, Result};
use ganas_core::rng::Rng;
use ganas_core::space::{Rules, Sampler, SearchSpace};
use ganas_core::strategy::Context;
use ganas_nets::{DiscriminatorState, Generator};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::apart::Apart;
use super::config::GaNasConfig;
use super::fault;
use super::generators::grow;
use super::informed::DRAWN;
use super::pretrain::RANK_SHARE;

/// Version of the file.
const VERSION: u32 = 1;

/// Architectures that the generator grows for the first set, of which the discriminator takes the best (ours).
const GROWN: usize = 200;

/// Architectures by whose notation a space is recognised.
const SAMPLED: usize = 50;

/// Generator and discriminator that were trained on several tasks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pretrained {
    version: u32,
    /// Program that wrote the file.
    written_by: String,
    /// Name of the space.
    space: String,
    /// XXH3-64 of names and notation of the space.
    space_digest: String,
    /// Tasks that the networks were trained on.
    priors: Vec<String>,
    /// Seed of the training.
    seed: u64,
    /// Rounds of the training.
    rounds: usize,
    /// Best architectures of the tasks, with which the discriminator compares others.
    truth: Vec<String>,
    generator: Generator,
    discriminator: DiscriminatorState,
}

/// Origin of networks.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Program that writes the file.
    pub written_by: String,
    /// Tasks that the networks were trained on.
    pub priors: Vec<String>,
    /// Seed of the training.
    pub seed: u64,
    /// Rounds of the training.
    pub rounds: usize,
}

/// Version of a file, whatever else it holds.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Pretrained {
    /// Trained networks of a space.
    pub(super) fn new(
        origin: Origin,
        space: &dyn SearchSpace,
        truth: &[Arch],
        generator: Generator,
        discriminator: DiscriminatorState,
    ) -> Self {
        Pretrained {
            version: VERSION,
            written_by: origin.written_by,
            space: space.name().to_owned(),
            space_digest: digest(space),
            priors: origin.priors,
            seed: origin.seed,
            rounds: origin.rounds,
            truth: truth.iter().map(|arch| space.format(arch)).collect(),
            generator,
            discriminator,
        }
    }

    /// Reads the text of a file for searches on a space.
    ///
    /// # Errors
    /// If it is no such file, or one of another version or of another space.
    pub fn read(text: &str, space: &dyn SearchSpace) -> Result<Pretrained> {
        let again = "write it by `ganas pretrain`";
        let versioned: Versioned = serde_json::from_str(text)
            .map_err(|_| Error::input("this is not a file of pretrained networks").mend(again))?;
        if versioned.version != VERSION {
            return Err(Error::input(format!(
                "it has version {}, and this program reads version {VERSION}",
                versioned.version
            ))
            .mend(format!("{again} of this version")));
        }
        let read: Pretrained = serde_json::from_str(text)
            .map_err(|e| Error::input(format!("the file is damaged ({e})")).mend(again))?;
        if read.space != space.name() || read.space_digest != digest(space) {
            return Err(Error::input(format!(
                "the networks are for the space `{}`{}, and this search is on `{}`",
                read.space,
                if read.space == space.name() {
                    " of another content"
                } else {
                    ""
                },
                space.name()
            ))
            .mend("pretrain networks on this space"));
        }
        read.graphs(space)?;
        Ok(read)
    }

    /// Checks that networks of these settings can start from them.
    ///
    /// # Errors
    /// If a size differs.
    pub fn check(&self, config: &GaNasConfig) -> Result<()> {
        let (own, other) = (self.generator.config(), &config.generator);
        let (encoder, hidden) = (&config.discriminator.encoder, config.discriminator.hidden);
        let sizes = [
            ("generator.layers", own.layers == other.layers),
            ("generator.width", own.width == other.width),
            (
                "discriminator.encoder",
                self.discriminator.encoder == *encoder,
            ),
            ("discriminator.hidden", self.discriminator.hidden == hidden),
        ];
        match sizes.into_iter().find(|(_, is_same)| !is_same) {
            None => Ok(()),
            Some((setting, _)) => Err(Error::input(format!(
                "the pretrained networks have another `{setting}`"
            ))
            .mend("leave the setting as it is")),
        }
    }

    /// The text of the file.
    ///
    /// # Errors
    /// None but an internal fault.
    pub fn text(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|e| Error::bug(format!("networks cannot be written: {e}")))
    }

    /// The generator.
    pub fn generator(&self) -> &Generator {
        &self.generator
    }

    /// The discriminator's parameters.
    pub fn discriminator(&self) -> &DiscriminatorState {
        &self.discriminator
    }

    /// X_0: the architectures of the generator that the discriminator prefers, none of them one edit from
    /// another, and random ones.
    ///
    /// # Errors
    /// If the networks fail on this space.
    pub fn first_set(
        &self,
        context: &Context,
        rules: Rules,
        size: usize,
        rng: &mut Rng,
    ) -> Result<Vec<Arch>> {
        let space = context.space;
        let grown = grow(&self.generator, rules, context, GROWN.max(size), rng).map_err(fault)?;
        let graphs: Vec<Graph> = grown.archs.iter().map(|arch| space.graph(arch)).collect();
        let truth = self.graphs(space)?;
        let truth: Vec<&Graph> = truth.iter().collect();
        let network = ganas_nets::Discriminator::load(&self.discriminator, &truth);
        let graphs: Vec<&Graph> = graphs.iter().collect();
        let scores = network.and_then(|d| d.scores(&graphs)).map_err(fault)?;
        let scores = scores.blend(RANK_SHARE).into_iter();
        let mut ranked: Vec<(f32, Arch)> = scores.zip(grown.archs).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut set = Apart::new(space);
        let chosen = size.saturating_sub(DRAWN);
        for (_, arch) in ranked {
            if set.len() < chosen && set.admits(&arch) {
                set.add(arch);
            }
        }
        Ok(context.complete(set.into_archs(), size, rng))
    }

    /// The graphs that the discriminator compares others with.
    fn graphs(&self, space: &dyn SearchSpace) -> Result<Vec<Graph>> {
        let graph = |text: &String| {
            let arch = space.parse(text);
            arch.map(|arch| space.graph(&arch)).map_err(|why| {
                Error::input(format!("the file is damaged (`{text}`: {why})"))
                    .mend("write it by `ganas pretrain`")
            })
        };
        self.truth.iter().map(graph).collect()
    }
}

/// A digest of everything that the networks know of a space: labels, dimensions and notation.
fn digest(space: &dyn SearchSpace) -> String {
    let mut text = format!(
        "{:?} {:?} {}\n",
        space.ops(),
        space.vocabulary(),
        space.max_nodes()
    );
    if let Ok(sampler) = Sampler::feasible(space, None) {
        let mut rng = Rng::stream(0, "pretrained/digest");
        for _ in 0..SAMPLED {
            text += &space.format(&space.canonical(&space.sample(sampler, &mut rng)));
            text.push('\n');
        }
    }
    format!("{:016x}", xxh3_64(text.as_bytes()))
}
