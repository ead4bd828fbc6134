//! Short searches propose the same architectures as the searches recorded in `traces.json`.
//!
//! The recorded traces are exact to the last bit of the numbers behind them, so they hold on the
//! processors that they were recorded on. To record them again after an intended change:
//! `GANAS_RECORD_TRACES=1 cargo test -p ganas-search --test traces`.

#![cfg(target_arch = "x86_64")]

use std::path::Path;
use std::sync::atomic::AtomicBool;

use ganas_core::driver::{Limits, Run, Search};
use ganas_core::error::Result;
use ganas_core::evaluate::{Evaluator, Outcome, Work};
use ganas_core::journal::Finished;
use ganas_core::space::{SearchSpace, from_toml, nasbench101, nasbench201};
use ganas_core::testing::{Synthetic, problem};
use ganas_core::trial::Axis;
use ganas_search::{Recipe, Registry};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

/// Settings that make a search with the networks short.
const SMALL: &str =
    "initial=12+batch=8+growth=4+truth=6+updates=2+episodes=16+discriminator.steps=6";

/// Searches of GA-NAS in all its compositions: space, bounds, recipe, queries.
const GA_NAS: [(&str, &[&str], &str, usize); 22] = [
    ("nasbench201", &[], "ga-nas", 60),
    ("nasbench101", &[], "ga-nas", 40),
    ("chain", &["params <= 2e5"], "ga-nas", 60),
    (
        "nasbench201",
        &["score <= 0.6", "score >= 0.2"],
        "ga-nas",
        50,
    ),
    ("nasbench201", &["score >= 9"], "ga-nas", 30),
    (
        "nasbench201",
        &[],
        "ga-nas+proposals.screened.patience=2+proposals.screened.edited=40",
        50,
    ),
    (
        "nasbench201",
        &[],
        "ga-nas+batch=5+share=0+proposals.screened.surrogates.process=false",
        50,
    ),
    ("nasbench201", &[], "ga-nas:paper-setup1+SMALL", 50),
    ("nasbench101", &[], "ga-nas:paper-setup1+SMALL", 40),
    ("chain", &["params <= 2e5"], "ga-nas:paper-setup1+SMALL", 50),
    (
        "nasbench201",
        &["score >= 9"],
        "ga-nas:paper-setup1+SMALL",
        40,
    ),
    ("nasbench201", &[], "ga-nas:paper-setup2+SMALL", 50),
    (
        "nasbench101",
        &[],
        "ga-nas:paper-setup1+SMALL+rules=Learned",
        40,
    ),
    (
        "nasbench201",
        &[],
        "ga-nas:paper-setup1+SMALL+rank_share=0.3",
        40,
    ),
    (
        "nasbench201",
        &[],
        "ga-nas:paper-setup1+SMALL+ppo.objective=reinforce",
        40,
    ),
    (
        "nasbench101",
        &[],
        "ga-nas:paper-setup1+SMALL+rules=Learned+reward=measured",
        40,
    ),
    (
        "nasbench201",
        &[],
        "ga-nas+SMALL+proposals.screened.generated=20+proposals.screened.discriminator=0.2",
        50,
    ),
    (
        "nasbench101",
        &["score <= 0.9"],
        "ga-nas+SMALL+proposals.screened.generated=20+proposals.screened.discriminator=0.5+rank_share=0.3",
        40,
    ),
    (
        "nasbench201",
        &["score >= 9"],
        "ga-nas+SMALL+proposals.screened.generated=20",
        40,
    ),
    (
        "nasbench201",
        &[],
        "ga-nas+SMALL+proposals.screened.discriminator=0.4",
        40,
    ),
    (
        "nasbench201",
        &[],
        "ga-nas+SMALL+proposals.screened.generated=20+proposals.screened.discriminator=0.4+reward=measured",
        40,
    ),
    (
        "nasbench201",
        &[],
        "ga-nas:adversarial+SMALL+proposals.screened.generated=20",
        40,
    ),
];

/// A search and the architectures that it proposes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Trace {
    search: String,
    first: Vec<String>,
    /// Digest of all proposed architectures, each with its round.
    digest: String,
}

fn space(name: &str) -> Box<dyn SearchSpace> {
    match name {
        "nasbench101" => Box::new(nasbench101()),
        "nasbench201" => Box::new(nasbench201()),
        "many" => from_toml(
            "name = 'many'\nkind = 'config'\n\
             choice = [{ name = 'x', values = [1, 2, 3], repeat = 256 }]",
        )
        .unwrap(),
        _ => from_toml(
            "name = \"blocks\"\nkind = \"chain\"\nlength = 8\nops = [\"identity\", \"mb3\", \"mb6\"]\n\
             [metrics]\nparams = { mb3 = 1.2e4, mb6 = 5e4 }\n",
        )
        .unwrap(),
    }
}

/// Order of the rounds of a search, and its knowledge at the start.
#[derive(Clone, Copy, PartialEq)]
enum Course {
    Plain,
    /// Six evaluations at a time.
    Overlapping,
    /// Twenty evaluations are known.
    Continued,
}

fn trace(name: &str, bounds: &[&str], recipe: &str, queries: usize, course: Course) -> Trace {
    let space = space(name);
    let bounds = bounds.iter().map(|text| text.parse().unwrap()).collect();
    let problem = problem(&*space, bounds);
    let limits = Limits {
        queries,
        ..Limits::default()
    };
    let mut search = Search::new(&problem, &limits);
    if course == Course::Overlapping {
        search = search.asynchronous(6);
    }
    if course == Course::Continued {
        let mut rng = ganas_core::rng::Rng::stream(7, "known");
        let draw = |_| space.sample(space.samplers()[0], &mut rng);
        let mut known: Vec<_> = (0..20).map(draw).collect();
        known.sort_unstable();
        known.dedup();
        let score = |arch| Outcome::Done(vec![Synthetic::new(&*space).score(&arch)]);
        search = search.knowing(
            known
                .into_iter()
                .map(|arch| Finished::new(arch, score(arch)))
                .collect(),
        );
    }
    let recipe = Recipe::read(&Registry::builtin(), &recipe.replace("SMALL", SMALL)).unwrap();
    let mut strategy = recipe.build(3).unwrap();
    let mut evaluator = Synthetic::new(&*space).failing(9);
    let evaluator: &mut dyn Evaluator = &mut evaluator;
    let never = AtomicBool::new(false);
    let run = search.run(evaluator, &mut *strategy, &mut [], &never);
    let run: Run = run.unwrap();
    let proposed: Vec<String> = run
        .ledger
        .queries()
        .iter()
        .map(|query| format!("{} {}", query.round, space.format(&query.arch)))
        .collect();
    let course = match course {
        Course::Plain => "",
        Course::Overlapping => ", overlapping",
        Course::Continued => ", continued",
    };
    Trace {
        search: format!("{recipe} on {name}{course}"),
        first: proposed.iter().skip(12).take(3).cloned().collect(),
        digest: format!("{:032x}", xxh3_128(proposed.join("\n").as_bytes())),
    }
}

fn traces() -> Vec<Trace> {
    let mut traces: Vec<Trace> = GA_NAS
        .iter()
        .map(|(name, bounds, recipe, queries)| trace(name, bounds, recipe, *queries, Course::Plain))
        .collect();
    for course in [Course::Overlapping, Course::Continued] {
        for recipe in ["ga-nas", "ga-nas:paper-setup1+SMALL", "evolution"] {
            traces.push(trace("nasbench201", &[], recipe, 40, course));
        }
    }
    for (strategy, presets) in Registry::builtin()
        .strategies()
        .filter(|(s, _)| *s != "ga-nas" && !HALVING.contains(s))
    {
        for preset in presets {
            for (name, bounds) in [("nasbench101", &[][..]), ("chain", &["params <= 2e5"])] {
                let small = match strategy {
                    "bananas" => "+ensemble=2+network.epochs=10",
                    "nao" => "+initial=20+batch=10+first_steps=20+steps=5",
                    "seminas" => "+initial=20+batch=10+first_steps=20+steps=5+unlabelled=50",
                    _ => "",
                };
                let recipe = format!("{strategy}:{preset}{small}");
                traces.push(trace(name, bounds, &recipe, 60, Course::Plain));
            }
        }
    }
    for strategy in HALVING.into_iter().chain(["ga-nas"]) {
        traces.push(fidelity_trace(strategy, Course::Plain));
    }
    traces.push(fidelity_trace("asha", Course::Overlapping));
    let least = "ga-nas:paper-setup1+initial=6+batch=6+updates=1+episodes=4+generator.width=4\
                 +discriminator.steps=2+discriminator.encoder.width=4";
    traces.push(trace("many", &[], least, 15, Course::Plain));
    traces
}

/// Small architectures with learning curves of 27 epochs, whose ends and paces differ.
struct Curves<'a> {
    end: Synthetic<'a>,
    space: &'a dyn SearchSpace,
    axis: Axis,
}

impl Evaluator for Curves<'_> {
    fn metrics(&self) -> &[String] {
        self.end.metrics()
    }

    fn axis(&self) -> Option<&Axis> {
        Some(&self.axis)
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        while let Some(trial) = work.next() {
            let pace = 3 + xxh3_128(self.space.format(&trial.arch).as_bytes()) % 5;
            let value = |level| {
                let left = (0..level).fold(1.0, |left, _| left * (1.0 - 1.0 / pace as f64));
                self.end.score(&trial.arch) * (1.0 - left)
            };
            for level in 1..self.axis.level(trial.fidelity) {
                work.report(&trial, level, &[value(level)]);
            }
            let last = value(self.axis.level(trial.fidelity));
            work.done(&trial, Outcome::Done(vec![last]));
        }
        Ok(())
    }
}

/// A search with several fidelities.
fn fidelity_trace(recipe: &str, course: Course) -> Trace {
    let space = nasbench201();
    let problem = problem(&space, Vec::new());
    let problem = problem.with_fidelity("epochs", 1..=27).unwrap();
    let limits = Limits {
        queries: 150,
        cost: Some(500),
        ..Limits::default()
    };
    let mut search = Search::new(&problem, &limits);
    if course == Course::Overlapping {
        search = search.asynchronous(6);
    }
    let mut evaluator = Curves {
        end: Synthetic::new(&space),
        space: &space,
        axis: Axis::new("epochs", 1..=27).unwrap(),
    };
    let recipe = Recipe::read(&Registry::builtin(), recipe).unwrap();
    let mut strategy = recipe.build(3).unwrap();
    let never = AtomicBool::new(false);
    let run = search.run(&mut evaluator, &mut *strategy, &mut [], &never);
    let run = run.unwrap();
    let proposed = run.ledger.queries().iter().map(|query| {
        let level = evaluator.axis.level(query.trial().fidelity);
        let arch = space.format(&query.arch);
        format!("{} {arch} to {level}", query.round)
    });
    let proposed: Vec<String> = proposed.collect();
    let overlapping = if course == Course::Overlapping {
        ", overlapping"
    } else {
        ""
    };
    Trace {
        search: format!("{recipe} with 27 epochs{overlapping}"),
        first: proposed.iter().skip(30).take(3).cloned().collect(),
        digest: format!("{:032x}", xxh3_128(proposed.join("\n").as_bytes())),
    }
}

/// Strategies that choose fidelities; with one fidelity they draw at random.
const HALVING: [&str; 4] = ["successive-halving", "hyperband", "asha", "bohb"];

#[test]
fn searches_go_the_way_that_was_recorded() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces.json");
    let traces = traces();
    if std::env::var_os("GANAS_RECORD_TRACES").is_some() {
        let text = serde_json::to_string_pretty(&traces).unwrap();
        std::fs::write(&file, text + "\n").unwrap();
    }
    let recorded: Vec<Trace> =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    for (found, expected) in traces.iter().zip(&recorded) {
        assert_eq!(found, expected);
    }
    assert_eq!(traces.len(), recorded.len());
}
