//! Settings that only act together with another setting.

use serde_json::Value;

/// A condition under which some settings change nothing.
struct Rule {
    strategy: &'static str,
    /// The settings, each with all that is below it.
    settings: &'static [&'static str],
    /// Whether they change nothing under these settings of the strategy.
    idle: fn(&Value) -> bool,
    /// The cause, and the setting that lets them act.
    cause: &'static str,
    mend: &'static str,
}

const RULES: [Rule; 13] = [
    Rule {
        strategy: "ga-nas",
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
        idle: |s| !adversarial(s),
        cause: "neither generator nor discriminator takes part in this search",
        mend: "add `proposals.screened.generated=50` or `proposals.screened.discriminator=0.2`, or \
               take the preset `paper-setup1`",
    },
    Rule {
        strategy: "ga-nas",
        settings: &[
            "discriminator",
            "rank_share",
            "episodes",
            "proposals.screened.discriminator",
        ],
        idle: |s| s["reward"] == "measured",
        cause: "the generator is paid by measurements, without a discriminator",
        mend: "leave out `reward=measured`",
    },
    Rule {
        strategy: "ga-nas",
        settings: &["ppo", "step_reward", "episodes", "reward"],
        idle: |s| is_zero(&s["updates"]),
        cause: "the generator does not learn",
        mend: "set `updates` above 0",
    },
    Rule {
        strategy: "ga-nas",
        settings: &["step_reward"],
        idle: |s| s["rules"] == "Enforced",
        cause: "masks enforce the rules, so no step breaks one",
        mend: "add `rules=Learned`",
    },
    Rule {
        strategy: "ga-nas",
        settings: &["discriminator.rank_weight", "discriminator.rank_graphs"],
        idle: |s| is_zero(&s["rank_share"]),
        cause: "the ranking head has no share in the score",
        mend: "set `rank_share` above 0",
    },
    Rule {
        strategy: "ga-nas",
        settings: &[
            "discriminator.learning_rate",
            "discriminator.smoothing",
            "discriminator.rank_weight",
        ],
        idle: |s| is_zero(&s["discriminator"]["steps"]),
        cause: "the discriminator is not trained",
        mend: "set `discriminator.steps` above 0",
    },
    Rule {
        strategy: "ga-nas",
        settings: &[
            "discriminator.encoder.set_layers",
            "discriminator.encoder.local",
        ],
        idle: |s| s["discriminator"]["encoder"]["k"] == 1,
        cause: "sets of one node have no layers of their own",
        mend: "set `discriminator.encoder.k` to 2 or 3",
    },
    Rule {
        strategy: "ga-nas",
        settings: &["ppo.clip", "ppo.epochs"],
        idle: |s| s["ppo"]["objective"] == "reinforce",
        cause: "REINFORCE passes once over its episodes and clips nothing",
        mend: "leave out `ppo.objective=reinforce`",
    },
    Rule {
        strategy: "ga-nas",
        settings: &["proposals.screened.patience"],
        idle: |s| screened(s)["stuck"].as_f64() == Some(1.0),
        cause: "a stuck search looks no further than others",
        mend: "set `proposals.screened.stuck` to another number than 1",
    },
    Rule {
        strategy: "ga-nas",
        settings: &["proposals.screened.stuck", "proposals.screened.patience"],
        idle: |s| {
            screened(s)["bonuses"]
                .as_array()
                .is_some_and(|b| b.iter().all(is_zero))
        },
        cause: "uncertainty has no weight",
        mend: "set one of `proposals.screened.bonuses` above 0",
    },
    Rule {
        strategy: "ga-nas",
        settings: &["proposals.screened.climbers"],
        idle: |s| is_zero(&screened(s)["edited"]),
        cause: "the pool has no edits",
        mend: "set `proposals.screened.edited` above 0",
    },
    Rule {
        strategy: "ga-nas",
        settings: &["proposals.screened.surrogates.trees"],
        idle: |s| is_zero(&screened(s)["surrogates"]["ensembles"]),
        cause: "no ensemble of trees is in the committee",
        mend: "set `proposals.screened.surrogates.ensembles` above 0",
    },
    Rule {
        strategy: "evolution",
        settings: &["sample"],
        idle: |s| s["population"] == 1,
        cause: "a population of one has no tournaments",
        mend: "set `population` above 1",
    },
];

fn screened(settings: &Value) -> &Value {
    &settings["proposals"]["screened"]
}

/// Whether the networks of `ga-nas` have a part.
fn adversarial(settings: &Value) -> bool {
    let screened = screened(settings);
    screened.is_null() || !is_zero(&screened["generated"]) || !is_zero(&screened["discriminator"])
}

fn is_zero(value: &Value) -> bool {
    value.as_f64() == Some(0.0)
}

/// A setting without effect: the cause, and how to let it act.
pub struct Idle {
    pub cause: &'static str,
    pub mend: &'static str,
}

/// Whether a setting changes nothing under these settings of a strategy.
pub fn idle(strategy: &str, settings: &Value, key: &str) -> Option<Idle> {
    let below = |path: &&str| {
        let rest = key.strip_prefix(*path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    RULES
        .iter()
        .filter(|rule| rule.strategy == strategy && rule.settings.iter().any(below))
        .find(|rule| (rule.idle)(settings))
        .map(|rule| Idle {
            cause: rule.cause,
            mend: rule.mend,
        })
}
