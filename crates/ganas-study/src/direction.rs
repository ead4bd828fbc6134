//! Directions of objectives: as given, by the metric's name, and as announced.

use ganas_core::driver::Objective;
use ganas_core::error::{Error, Result};
use ganas_core::problem::Scale;

/// Names of metrics, or words in them, of which less is mostly better.
const LESS_IS_BETTER: [&str; 16] = [
    "loss",
    "error",
    "err",
    "latency",
    "perplexity",
    "ppl",
    "mse",
    "rmse",
    "mae",
    "nll",
    "wer",
    "cer",
    "runtime",
    "time",
    "energy",
    "regret",
];

/// An objective as it is typed: `NAME`, `NAME:min` or `NAME:max`, each also with `:log` at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectiveSpec {
    /// The metric.
    pub metric: String,
    /// True if smaller is better; `None` without a direction.
    pub minimize: Option<bool>,
    /// Scale on which hypervolumes measure it.
    pub scale: Scale,
}

impl ObjectiveSpec {
    /// Reads an objective; `minimize` is whether `--minimize` was given.
    ///
    /// # Errors
    /// If `text` and `minimize` contradict each other, or the name is empty.
    pub fn parse(text: &str, minimize: bool) -> Result<ObjectiveSpec> {
        let (named, scale) = match text.strip_suffix(":log") {
            Some(named) => (named, Scale::Log),
            None => (text, Scale::Linear),
        };
        let (metric, said) = match named.rsplit_once(':') {
            Some((metric, "min")) => (metric, Some(true)),
            Some((metric, "max")) => (metric, Some(false)),
            _ => (named, None),
        };
        if metric.is_empty() {
            return Err(Error::input(format!("`{text}` names no objective"))
                .mend("give it as NAME, NAME:min or NAME:max"));
        }
        if minimize && said == Some(false) {
            return Err(Error::input(format!(
                "`{text}` is to be maximised, and `--minimize` says the opposite"
            ))
            .mend("leave one of them out"));
        }
        Ok(ObjectiveSpec {
            metric: metric.to_owned(),
            minimize: said.or(minimize.then_some(true)),
            scale,
        })
    }

    /// The objective. Where no direction was said, `loss` is minimised and everything else is
    /// maximised, wherever the metric comes from.
    pub fn objective(&self) -> Objective {
        let objective = if self.minimize.unwrap_or(self.metric == "loss") {
            Objective::minimize(&self.metric)
        } else {
            Objective::maximize(&self.metric)
        };
        objective.on(self.scale)
    }

    /// The line before a search: its direction, with a warning if the name suggests the opposite.
    pub fn announcement(&self) -> String {
        let objective = self.objective();
        let (metric, minimize) = (&objective.metric, objective.is_minimized());
        let way = if minimize { "minimising" } else { "maximising" };
        let mut text = format!("{way} `{metric}`");
        if objective.scale == Scale::Log {
            text += " on a logarithmic scale";
        }
        if self.minimize.is_none() && !minimize && less_is_better(metric) {
            text += &format!(
                "; warning: by its name, less of `{metric}` is better: `--objective {metric}:min` \
                 minimises it, and `{metric}:max` maximises it without this warning"
            );
        }
        text
    }
}

/// The line before a search: the direction of each objective.
pub fn announcement(objectives: &[ObjectiveSpec]) -> String {
    let lines: Vec<String> = objectives.iter().map(ObjectiveSpec::announcement).collect();
    match lines.len() {
        0 | 1 => lines.concat(),
        _ => format!("the front of several objectives: {}", lines.join(", ")),
    }
}

/// An objective as it may be typed again.
pub fn typed(objective: &Objective) -> String {
    let way = if objective.is_minimized() {
        "min"
    } else {
        "max"
    };
    let scale = match objective.scale {
        Scale::Linear => "",
        Scale::Log => ":log",
    };
    format!("{}:{way}{scale}", objective.metric)
}

/// Returns true if the name of a metric suggests that smaller is better.
pub fn less_is_better(metric: &str) -> bool {
    let name = metric.to_lowercase();
    (name.split(|c: char| !c.is_ascii_alphabetic()))
        .any(|word| LESS_IS_BETTER.contains(&word) || word.ends_with("loss"))
}

/// A gauge of a strategy as it is shown: a threshold as the objective has it.
pub fn turned(objective: &Objective, name: &str, value: f64) -> f64 {
    match name {
        "gamma" => objective.turn(value),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_typed_or_follow_from_the_name() {
        for (text, minimize, metric, is_minimised) in [
            ("accuracy", false, "accuracy", false),
            ("accuracy", true, "accuracy", true),
            ("loss", false, "loss", true),
            ("loss:max", false, "loss", false),
            ("latency_ms:min", false, "latency_ms", true),
            ("latency_ms:min", true, "latency_ms", true),
            ("a:b", false, "a:b", false),
            ("a:b:min", false, "a:b", true),
        ] {
            let objective = ObjectiveSpec::parse(text, minimize).unwrap().objective();
            assert_eq!(
                (&*objective.metric, objective.is_minimized()),
                (metric, is_minimised)
            );
        }
        let scaled = ObjectiveSpec::parse("latency:min:log", false).unwrap();
        assert_eq!(typed(&scaled.objective()), "latency:min:log");
        assert_eq!(
            announcement(&[ObjectiveSpec::parse("accuracy", false).unwrap(), scaled]),
            "the front of several objectives: maximising `accuracy`, minimising `latency` on a logarithmic \
             scale"
        );
        assert!(ObjectiveSpec::parse("x:max", true).is_err());
        assert!(ObjectiveSpec::parse(":min", false).is_err());
    }

    #[test]
    fn what_is_probably_wrong_is_warned_of() {
        let said = |text: &str| ObjectiveSpec::parse(text, false).unwrap().announcement();
        assert_eq!(said("accuracy"), "maximising `accuracy`");
        assert_eq!(said("loss"), "minimising `loss`");
        assert_eq!(said("val_loss:max"), "maximising `val_loss`");
        for name in [
            "error",
            "val_loss",
            "latency_ms",
            "RMSE",
            "test-error",
            "perplexity",
            "nllloss",
        ] {
            assert!(
                said(name).contains(&format!("`--objective {name}:min`")),
                "{name}"
            );
        }
        for name in ["accuracy", "terror", "lossless", "timely", "merit"] {
            assert!(!said(name).contains("warning"), "{name}");
        }
    }
}
