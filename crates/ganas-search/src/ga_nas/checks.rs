//! The factory of GA-NAS: its presets, the ranges of its settings, and settings without effect.

use ganas_core::error::Result;
use ganas_core::space::{Rules, SearchSpace};
use ganas_core::strategy::Strategy;
use ganas_nets::Objective;

use super::GaNas;
use super::config::{GaNasConfig, Proposals, Reward, ScreenConfig};
use crate::settings::{Idle, Range, StrategyConfig, check_ranges};

impl StrategyConfig for GaNasConfig {
    const PRESETS: &'static [&'static str] = &[
        "default",
        "paper-setup1",
        "paper-setup2",
        "paper-learned",
        "adversarial",
    ];

    fn preset(name: &str) -> Self {
        match name {
            "paper-setup1" => Self::paper_setup1(),
            "paper-setup2" => Self::paper_setup2(),
            "paper-learned" => Self::paper_learned(),
            "adversarial" => Self::adversarial(),
            _ => Self::default(),
        }
    }

    fn check(&self) -> Result<()> {
        check_ranges(&[
            ("initial", self.initial as f64, Range::COUNT),
            ("batch", self.batch as f64, Range::COUNT),
            ("share", self.share, Range::SHARE),
            ("truth", self.truth as f64, Range::COUNT),
            ("episodes", self.episodes as f64, Range::COUNT),
            ("rank_share", self.rank_share.into(), Range::SHARE),
            (
                "step_reward.total",
                self.step_reward.total.into(),
                Range::NOT_NEGATIVE,
            ),
        ])?;
        if let Proposals::Screened(screen) = &self.proposals {
            check_screen(screen)?;
        }
        self.check_discriminator()?;
        self.check_generator()
    }

    fn idle(&self) -> Vec<Idle> {
        let mut idle = self.idle_networks();
        if let Proposals::Screened(screen) = &self.proposals {
            idle.extend(idle_screen(screen));
        }
        idle
    }

    fn initial(&self) -> usize {
        self.initial
    }

    fn batch(&self, t: usize, evaluated: usize, space: &dyn SearchSpace) -> usize {
        self.size(t, evaluated, space)
    }

    fn build(self, seed: u64) -> Box<dyn Strategy> {
        Box::new(GaNas::new(self, seed))
    }
}

impl GaNasConfig {
    fn check_discriminator(&self) -> Result<()> {
        let d = &self.discriminator;
        let encoder = &d.encoder;
        check_ranges(&[
            (
                "discriminator.encoder.k",
                encoder.k as f64,
                Range::between(1.0, 3.0),
            ),
            (
                "discriminator.encoder.layers",
                encoder.layers as f64,
                Range::COUNT,
            ),
            (
                "discriminator.encoder.set_layers",
                encoder.set_layers as f64,
                Range::COUNT,
            ),
            (
                "discriminator.encoder.width",
                encoder.width as f64,
                Range::COUNT,
            ),
            ("discriminator.hidden", d.hidden as f64, Range::COUNT),
            (
                "discriminator.learning_rate",
                d.learning_rate,
                Range::POSITIVE,
            ),
            // At one half nothing is left to tell apart.
            (
                "discriminator.smoothing",
                d.smoothing.into(),
                Range::up_to(0.5),
            ),
            (
                "discriminator.rank_weight",
                d.rank_weight.into(),
                Range::NOT_NEGATIVE,
            ),
        ])
    }

    fn check_generator(&self) -> Result<()> {
        let (g, ppo) = (&self.generator, &self.ppo);
        check_ranges(&[
            ("generator.layers", g.layers as f64, Range::COUNT),
            ("generator.width", g.width as f64, Range::COUNT),
            (
                "generator.output_scale",
                g.output_scale,
                Range::NOT_NEGATIVE,
            ),
            ("ppo.epochs", ppo.epochs as f64, Range::COUNT),
            ("ppo.minibatch", ppo.minibatch as f64, Range::COUNT),
            ("ppo.clip", ppo.clip.into(), Range::POSITIVE),
            ("ppo.gamma", ppo.gamma.into(), Range::SHARE),
            ("ppo.lambda", ppo.lambda.into(), Range::SHARE),
            ("ppo.value_coef", ppo.value_coef.into(), Range::NOT_NEGATIVE),
            (
                "ppo.entropy_coef",
                ppo.entropy_coef.into(),
                Range::NOT_NEGATIVE,
            ),
            ("ppo.learning_rate", ppo.learning_rate, Range::POSITIVE),
        ])?;
        let norm = ppo.max_grad_norm.map(f64::from);
        norm.map_or(Ok(()), |norm| {
            check_ranges(&[("ppo.max_grad_norm", norm, Range::POSITIVE)])
        })
    }

    fn idle_networks(&self) -> Vec<Idle> {
        let rules = [
            (!self.has_networks(), WITHOUT_NETWORKS),
            (self.reward == Reward::Measured, MEASURED),
            (self.updates == 0, UNTRAINED),
            (self.rules == Rules::Enforced, MASKED),
            (self.rank_share == 0.0, UNRANKED),
            (self.discriminator.steps == 0, UNTRAINED_DISCRIMINATOR),
            (self.discriminator.encoder.k == 1, SINGLE_NODES),
            (self.ppo.objective == Objective::Reinforce, UNCLIPPED),
        ];
        holding(&rules)
    }
}

fn check_screen(screen: &ScreenConfig) -> Result<()> {
    let trees = &screen.surrogates.trees;
    check_ranges(&[
        (
            "proposals.screened.stuck",
            screen.stuck,
            Range::NOT_NEGATIVE,
        ),
        (
            "proposals.screened.discriminator",
            screen.discriminator,
            Range::SHARE,
        ),
        (
            "proposals.screened.surrogates.trees.trees",
            trees.trees as f64,
            Range::COUNT,
        ),
        (
            "proposals.screened.surrogates.trees.depth",
            trees.depth as f64,
            Range::COUNT,
        ),
        (
            "proposals.screened.surrogates.trees.rate",
            trees.rate,
            Range::POSITIVE_SHARE,
        ),
        (
            "proposals.screened.surrogates.trees.rows",
            trees.rows,
            Range::POSITIVE_SHARE,
        ),
        (
            "proposals.screened.surrogates.trees.columns",
            trees.columns,
            Range::POSITIVE_SHARE,
        ),
        (
            "proposals.screened.surrogates.trees.leaf",
            trees.leaf as f64,
            Range::COUNT,
        ),
    ])
}

fn idle_screen(screen: &ScreenConfig) -> Vec<Idle> {
    let rules = [
        (screen.stuck == 1.0, NO_FURTHER),
        (screen.bonuses.iter().all(|bonus| *bonus == 0.0), CERTAIN),
        (screen.edited == 0, UNEDITED),
        (screen.surrogates.ensembles == 0, WITHOUT_TREES),
    ];
    holding(&rules)
}

/// The rules whose condition holds.
fn holding(rules: &[(bool, Idle)]) -> Vec<Idle> {
    let holding = rules.iter().filter(|(holds, _)| *holds);
    holding.map(|(_, idle)| *idle).collect()
}

const WITHOUT_NETWORKS: Idle = Idle {
    settings: &[
        "rules",
        "reward",
        "step_reward",
        "updates",
        "episodes",
        "rank_share",
        "discriminator",
        "generator",
        "ppo",
    ],
    cause: "neither generator nor discriminator takes part in this search",
    mend: "add `proposals.screened.generated=50` or `proposals.screened.discriminator=0.2`, or \
           take the preset `paper-setup1`",
};

const MEASURED: Idle = Idle {
    settings: &[
        "discriminator",
        "rank_share",
        "episodes",
        "proposals.screened.discriminator",
    ],
    cause: "the generator is paid by measurements, without a discriminator",
    mend: "leave out `reward=measured`",
};

const UNTRAINED: Idle = Idle {
    settings: &["ppo", "step_reward", "episodes", "reward"],
    cause: "the generator does not learn",
    mend: "set `updates` above 0",
};

const MASKED: Idle = Idle {
    settings: &["step_reward"],
    cause: "masks enforce the rules, so no step breaks one",
    mend: "add `rules=Learned`",
};

const UNRANKED: Idle = Idle {
    settings: &["discriminator.rank_weight", "discriminator.rank_graphs"],
    cause: "the ranking head has no share in the score",
    mend: "set `rank_share` above 0",
};

const UNTRAINED_DISCRIMINATOR: Idle = Idle {
    settings: &[
        "discriminator.learning_rate",
        "discriminator.smoothing",
        "discriminator.rank_weight",
    ],
    cause: "the discriminator is not trained",
    mend: "set `discriminator.steps` above 0",
};

const SINGLE_NODES: Idle = Idle {
    settings: &[
        "discriminator.encoder.set_layers",
        "discriminator.encoder.local",
    ],
    cause: "sets of one node have no layers of their own",
    mend: "set `discriminator.encoder.k` to 2 or 3",
};

const UNCLIPPED: Idle = Idle {
    settings: &["ppo.clip", "ppo.epochs"],
    cause: "REINFORCE passes once over its episodes and clips nothing",
    mend: "leave out `ppo.objective=reinforce`",
};

const NO_FURTHER: Idle = Idle {
    settings: &["proposals.screened.patience"],
    cause: "a stuck search looks no further than others",
    mend: "set `proposals.screened.stuck` to another number than 1",
};

const CERTAIN: Idle = Idle {
    settings: &["proposals.screened.stuck", "proposals.screened.patience"],
    cause: "uncertainty has no weight",
    mend: "set one of `proposals.screened.bonuses` above 0",
};

const UNEDITED: Idle = Idle {
    settings: &["proposals.screened.climbers"],
    cause: "the pool has no edits",
    mend: "set `proposals.screened.edited` above 0",
};

const WITHOUT_TREES: Idle = Idle {
    settings: &["proposals.screened.surrogates.trees"],
    cause: "no ensemble of trees is in the committee",
    mend: "set `proposals.screened.surrogates.ensembles` above 0",
};
