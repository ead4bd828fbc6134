//! Data that the parts share in one round.

use ganas_core::rng::Rng;
use ganas_core::strategy::{Context, Gauge};
use serde::{Deserialize, Serialize};

use super::informed::Informed;
use super::pretrained::Pretrained;
use super::stopwatch::Stopwatch;
use super::truth::TruthSet;

/// One round of Algorithm 2.
pub struct Round<'a> {
    /// The space and the queries so far.
    pub context: &'a Context<'a>,
    /// T.
    pub truth: TruthSet,
    /// t, the index of the next set.
    pub t: usize,
    /// |X_t|.
    pub size: usize,
    /// The seed of the search.
    pub seed: u64,
    /// The random streams.
    pub streams: &'a mut Streams,
    /// Priors of the search, if there are any.
    pub informed: Option<&'a Informed>,
    /// Networks from before the search, if there are any.
    pub pretrained: Option<&'a Pretrained>,
    /// Numbers to report about the round.
    pub gauges: Vec<Gauge>,
    pub(super) stopwatch: &'a mut Stopwatch,
}

impl Round<'_> {
    /// Ends a part of the round, for the report of times.
    pub fn lap(&mut self, part: &'static str) {
        self.stopwatch.lap(part);
    }
}

/// Random streams, one for each purpose.
#[derive(Serialize, Deserialize)]
pub struct Streams {
    /// The initial set, and random architectures that complete other sets.
    pub initial: Rng,
    /// The fakes of line 4.
    pub fakes: Rng,
    /// The fit of line 5.
    pub discriminator: Rng,
    /// The training of line 6.
    pub training: Rng,
    /// The candidates of line 7, and the fit of the committee that ranks them.
    pub proposals: Rng,
}

impl Streams {
    /// The streams of a seed.
    pub fn new(seed: u64) -> Self {
        let stream = |name: &str| Rng::stream(seed, &format!("ga-nas/{name}"));
        Streams {
            initial: stream("initial"),
            fakes: stream("fakes"),
            discriminator: stream("discriminator"),
            training: stream("training"),
            proposals: stream("proposals"),
        }
    }
}
