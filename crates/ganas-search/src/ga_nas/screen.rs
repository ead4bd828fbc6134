//! Beyond the paper: of a large pool, only the most promising architectures are evaluated.
//!
//! The pool holds all single edits of the truth set, random architectures and, if the settings say
//! so, what the generator makes. A committee of surrogates scores it, fitted to what was evaluated;
//! the discriminator, which only knows the truth set from fakes, may have a share in the score.
//! Then the best of the pool are edited once more, so that a step down on the way up costs no query.

use std::collections::HashSet;

use ganas_core::arch::{Arch, Graph};
use ganas_core::rng::Rng;
use ganas_core::strategy::Context;
use serde::{Deserialize, Serialize};

use super::{Judge, NetResult, ScreenConfig, TruthSet};
use crate::surrogate::{Committee, Describer, Kernel};

/// The most descriptions that are remembered from round to round.
const REMEMBERED: usize = 50_000;

/// What the screening carries from round to round.
#[derive(Default, Serialize, Deserialize)]
pub struct Screen {
    /// What it remembers follows from the architectures, so it is not saved.
    #[serde(skip)]
    describer: Option<Describer>,
    kernel: Kernel,
    rounds: usize,
}

/// An architecture of the pool and how promising it is.
type Scored = (f64, Arch);

impl Screen {
    /// The `size` most promising unseen architectures. Fewer if nothing can be learned yet.
    #[expect(clippy::too_many_arguments)]
    pub fn best(
        &mut self,
        config: &ScreenConfig,
        context: &Context,
        truth: &TruthSet,
        judge: Option<&Judge>,
        generated: Vec<Arch>,
        size: usize,
        rng: &mut Rng,
    ) -> NetResult<Vec<Arch>> {
        let bonus = match config.bonuses.len() {
            0 => 0.0,
            n => config.bonuses[self.rounds % n],
        };
        self.rounds += 1;
        let describer = (self.describer).get_or_insert_with(|| Describer::new(context.space));
        describer.trim(REMEMBERED);
        let kernel = &mut self.kernel;
        let fitted = Committee::fit(&config.surrogates, context, describer, kernel, rng);
        let Some(committee) = fitted else {
            return Ok(Vec::new());
        };
        let mut score = |archs: Vec<Arch>| -> NetResult<Vec<Scored>> {
            let liked = likes(context, judge, config.discriminator, &archs)?;
            let scored = archs.into_iter().zip(liked).map(|(arch, like)| {
                let promise = committee.score(context.space, describer, &arch, bonus);
                let share = config.discriminator;
                ((1.0 - share) * promise + share * like, arch)
            });
            Ok(scored.collect())
        };

        let mut seen: HashSet<Arch> = generated.iter().copied().collect();
        let mut pool = generated;
        pool.extend(edits(context, truth.archs(), &mut seen, config.edited, rng));
        let random = context.sample_new(config.random, rng);
        pool.extend(random.into_iter().filter(|a| seen.insert(*a)));
        let mut ranked = score(pool)?;
        sort(&mut ranked);
        let climbers: Vec<Arch> = (ranked.iter().take(config.climbers))
            .map(|(_, arch)| *arch)
            .collect();
        let further = edits(context, &climbers, &mut seen, config.edited, rng);
        ranked.extend(score(further)?);
        sort(&mut ranked);
        Ok(ranked.into_iter().take(size).map(|(_, a)| a).collect())
    }
}

/// Best first; equals in the order of their values, so that no other order decides.
fn sort(scored: &mut [Scored]) {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
}

/// Up to `limit` single edits that would be new queries and were not seen here before.
fn edits(
    context: &Context,
    of: &[Arch],
    seen: &mut HashSet<Arch>,
    limit: usize,
    rng: &mut Rng,
) -> Vec<Arch> {
    let edits = of.iter().flat_map(|a| context.neighbors(a));
    let mut edits: Vec<Arch> = edits
        .filter(|a| context.ledger.get(a).is_none() && seen.insert(*a))
        .collect();
    if edits.len() > limit {
        rng.shuffle(&mut edits);
        edits.truncate(limit);
    }
    edits
}

/// The discriminator's log-odds, which are on the scale of normal quantiles; zeros if there is none
/// or its share is zero.
fn likes(
    context: &Context,
    judge: Option<&Judge>,
    share: f64,
    archs: &[Arch],
) -> NetResult<Vec<f64>> {
    let Some(judge) = judge.filter(|_| share > 0.0) else {
        return Ok(vec![0.0; archs.len()]);
    };
    let graphs: Vec<Graph> = archs.iter().map(|a| context.space.graph(a)).collect();
    let scores = judge.scores(&graphs.iter().collect::<Vec<_>>())?;
    let odds = |score: f32| {
        let p = f64::from(score).clamp(1e-4, 1.0 - 1e-4);
        (p / (1.0 - p)).ln()
    };
    Ok(scores.into_iter().map(odds).collect())
}
