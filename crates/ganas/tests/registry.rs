//! Strategies, spaces and evaluators from outside.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ganas::core::space::from_toml;
use ganas::prelude::*;
use tempfile::TempDir;

/// Draws architectures at random, until it misbehaves.
struct Mine {
    rng: Rng,
    asked: usize,
    fault: Fault,
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Panic,
    Invalid,
    Repeats,
}

impl Strategy for Mine {
    fn ask(&mut self, context: &Context, limit: usize) -> ganas::Result<Vec<Trial>> {
        self.asked += 1;
        let late = self.asked > 5;
        match self.fault {
            Fault::Panic if late => panic!("out of ideas"),
            Fault::Invalid if late => return Ok(vec![Arch::new(&[99; 4]).into()]),
            Fault::Repeats if late => {
                let known = context.ledger.queries()[0].arch;
                return Ok(vec![known.into()]);
            }
            _ => {}
        }
        let archs = context.sample_new(limit.min(3), &mut self.rng);
        Ok(archs.into_iter().map(Trial::from).collect())
    }
}

fn registry(fault: Fault) -> Registry {
    let mine = move |seed: u64| -> Box<dyn Strategy> {
        let rng = Rng::stream(seed, "mine");
        Box::new(Mine {
            rng,
            asked: 0,
            fault,
        })
    };
    Registry::builtin().with("mine", mine).unwrap()
}

/// Counts the convolutions of a cell.
fn convolutions(space: &dyn SearchSpace, arch: &Arch) -> Result<f64, String> {
    Ok(space.format(arch).matches("nor_conv").count() as f64)
}

#[test]
fn a_strategy_of_ones_own_searches_and_is_resumed() {
    let folder = TempDir::new().unwrap();
    let search = |out: &str, queries| {
        Search::new("nasbench201")
            .registry(registry(Fault::None))
            .strategy("mine")
            .queries(queries)
            .out(folder.path().join(out))
            .maximize("convolutions", convolutions)
            .run()
            .unwrap()
    };
    let whole = search("whole", 40);
    assert_eq!(
        (whole.run.strategy.as_str(), whole.run.queries),
        ("mine", 40)
    );
    // The same folder again goes on: here with more queries.
    assert_eq!(search("torn", 25).run.queries, 25);
    assert_eq!(search("torn", 40).run.best_arch, whole.run.best_arch);
    let file = |out: &str| std::fs::read(folder.path().join(out).join("rounds.jsonl")).unwrap();
    assert_eq!(file("whole"), file("torn"));
    let other = Search::new("nasbench201")
        .registry(registry(Fault::None))
        .strategy("random")
        .queries(40)
        .out(folder.path().join("torn"))
        .maximize("convolutions", convolutions)
        .run();
    let refused = other.unwrap_err().to_string();
    assert!(refused.contains("another strategy"), "{refused}");
}

#[test]
fn a_strategy_that_misbehaves_is_named_and_the_run_stays() {
    for (fault, words) in [
        (Fault::Panic, "out of ideas"),
        (Fault::Invalid, "not valid"),
    ] {
        let folder = TempDir::new().unwrap();
        let search = |fault| {
            Search::new("nasbench201")
                .registry(registry(fault))
                .strategy("mine")
                .queries(40)
                .out(folder.path().join("run"))
                .maximize("convolutions", convolutions)
                .run()
        };
        let error = search(fault).unwrap_err();
        assert!(matches!(error, ganas::Error::Strategy { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("`mine`") && text.contains(words), "{text}");
        assert!(text.contains("what was evaluated is kept"), "{text}");
        // Once it is mended, the run goes on.
        assert_eq!(search(Fault::None).unwrap().run.queries, 40);
    }
}

#[test]
fn proposals_that_repeat_for_ever_end_the_search() {
    let result = Search::new("nasbench201")
        .registry(registry(Fault::Repeats))
        .strategy("mine")
        .queries(40)
        .maximize("convolutions", convolutions)
        .run();
    match result {
        Ok(report) => assert!(report.run.queries < 40),
        Err(error) => assert!(error.to_string().contains("`mine`")),
    }
}

#[test]
fn names_are_taken_once() {
    let mine = |seed: u64| -> Box<dyn Strategy> {
        let rng = Rng::stream(seed, "mine");
        Box::new(Mine {
            rng,
            asked: 0,
            fault: Fault::None,
        })
    };
    let taken = Registry::builtin().with("evolution", mine).err().unwrap();
    assert!(taken.to_string().contains("`evolution` exists already"));
    let taken = registry(Fault::None).with("mine", mine).err().unwrap();
    assert!(taken.to_string().contains("`mine` exists already"));
    let space = |_: &_| from_toml("");
    let taken = Registry::builtin()
        .with_space("nasbench101", space)
        .err()
        .unwrap();
    assert!(taken.to_string().contains("`nasbench101` exists already"));
    let unknown = Search::new("nasbench201").strategy("mine").queries(3).run();
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("unknown strategy `mine`")
    );
}

/// Measures the length of the notation, and how many steps there are.
struct Lengths {
    space: Arc<dyn SearchSpace>,
    metrics: Vec<String>,
}

impl Evaluator for Lengths {
    fn metrics(&self) -> &[String] {
        &self.metrics
    }

    fn run(&mut self, work: &mut dyn Work) -> ganas::Result<()> {
        while let Some(trial) = work.next() {
            let text = self.space.format(&trial.arch);
            let values = vec![text.len() as f64, text.split(';').count() as f64];
            work.done(&trial, Outcome::Done(values));
        }
        Ok(())
    }
}

#[test]
fn spaces_and_evaluators_of_ones_own_are_named_in_specifications() {
    let folder = TempDir::new().unwrap();
    let registry = Registry::builtin()
        .with_space("words", |table| {
            let length = table.get("length").and_then(|length| length.as_integer());
            let length = length.unwrap_or(2);
            from_toml(&format!(
                "name = \"words\"\nkind = \"chain\"\nlength = {length}\nops = [\"a\", \"bb\", \"ccc\"]\n"
            ))
        })
        .unwrap()
        .with_evaluator("lengths", |space, _| {
            Ok(Box::new(Lengths {
                space: space.clone(),
                metrics: ["length", "words"].map(String::from).to_vec(),
            }))
        })
        .unwrap();
    let file = folder.path().join("words.toml");
    std::fs::write(&file, "kind = \"words\"\nlength = 3\n").unwrap();
    for (space, longest) in [
        ("words".to_owned(), 7.0),
        (file.display().to_string(), 11.0),
    ] {
        let report = Search::new(space)
            .registry(registry.clone())
            .set("evaluator", "lengths")
            .set("objective", "length:max")
            .constraint("words <= 3")
            .queries(9)
            .strategy("local-search")
            .run()
            .unwrap();
        assert_eq!(report.run.best, Some(longest));
        assert_eq!(report.provenance.task.evaluator.as_deref(), Some("lengths"));
    }
    let unknown = Search::new("words")
        .registry(registry)
        .set("evaluator", "length")
        .set("objective", "length")
        .run();
    assert!(
        unknown
            .unwrap_err()
            .to_string()
            .contains("did you mean `lengths`?")
    );
}

#[test]
fn events_reach_a_reporter_of_ones_own() {
    #[derive(Clone, Default)]
    struct Counts {
        evaluations: Arc<AtomicUsize>,
        messages: Arc<Mutex<Vec<String>>>,
    }
    impl Reporter for Counts {
        fn report(&self, event: &Event<'_>) {
            match event {
                Event::Evaluated { .. } => {
                    self.evaluations.fetch_add(1, Ordering::Relaxed);
                }
                Event::SearchEnded(report) => {
                    let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
                    messages.push(format!("{} queries", report.run.queries));
                }
                _ => {}
            }
        }
    }
    let counts = Counts::default();
    Search::new("nasbench201")
        .strategy("random")
        .queries(12)
        .reporter(counts.clone())
        .maximize("convolutions", convolutions)
        .run()
        .unwrap();
    assert_eq!(counts.evaluations.load(Ordering::Relaxed), 12);
    assert_eq!(*counts.messages.lock().unwrap(), ["12 queries"]);
}

#[test]
fn a_builder_gives_the_specification_that_the_command_line_gives() {
    let spec = Search::new("nasbench201")
        .strategy("evolution")
        .queries(30)
        .seed(4)
        .table("table.csv", "accuracy:min")
        .constraint("params <= 1e6")
        .start("resnet")
        .set("target", 94.5)
        .spec()
        .unwrap();
    assert_eq!((spec.seed, spec.queries), (4, Some(30)));
    assert_eq!(spec.task.target.as_deref(), Some("94.5"));
    assert_eq!(spec.task.constraints, ["params <= 1e6"]);
    let wrong = Search::new("nasbench201")
        .set("tabel", "x")
        .spec()
        .unwrap_err();
    assert!(wrong.to_string().contains("did you mean `table`?"));
}
