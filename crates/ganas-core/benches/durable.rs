//! Costs of the journal, and of evaluations by programs:
//! `cargo bench -p ganas-core --bench durable`. It needs `python3`.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ganas_core::arch::Arch;
use ganas_core::driver::{Limits, Objective, Problem, Search};
use ganas_core::error::Result;
use ganas_core::evaluate::command::{CommandConfig, CommandEvaluator};
use ganas_core::evaluate::{Evaluator, Outcome};
use ganas_core::journal::Journal;
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace, nasbench201};
use ganas_core::strategy::{Context, Strategy};
use ganas_core::trial::Trial;

/// A worker that answers at once, or after the seconds that `before` makes.
const WORKER: &str = r#"
import random, sys, time
out = sys.stdout
for line in sys.stdin:
    if '"evaluate"' in line:
        id = line.split('"id":')[1].split(",")[0]
        BEFORE
        out.write('{"type":"result","id":%s,"metrics":{"accuracy":1}}\n' % id)
    elif '"hello"' in line:
        out.write('{"type":"ready"}\n')
    else:
        break
    out.flush()
"#;

fn archs(count: usize) -> Vec<Arch> {
    let space = nasbench201();
    let mut rng = Rng::stream(0, "bench");
    (0..count)
        .map(|_| space.sample(Sampler::Uniform, &mut rng))
        .collect()
}

fn workers(folder: &Path, count: usize, before: &str) -> CommandEvaluator {
    let file = folder.join("worker.py");
    fs::write(&file, WORKER.replace("BEFORE", before)).expect("a temporary file");
    let config = CommandConfig {
        words: vec!["python3".into(), file.into()],
        workers: count,
        timeout: None,
        startup: Duration::from_secs(600),
        retries: 2,
        seed: 0,
        budget: None,
        grace: std::time::Duration::from_secs(10),
        checkpoints: None,
        logs: None,
    };
    CommandEvaluator::new(config, Arc::new(nasbench201()), vec!["accuracy".into()], 1)
}

fn journal(c: &mut Criterion) {
    // Beside the build, since /tmp may be no disk.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let space = nasbench201();
    let metrics = ["accuracy".to_owned(), "loss".to_owned()];
    let archs = archs(10_000);
    let outcome = Outcome::Done(vec![93.125, 0.25]);
    let mut group = c.benchmark_group("journal");
    let path = folder.path().join("append.jsonl");
    let mut journal = Journal::open(&path, &space, &metrics, None)
        .unwrap()
        .journal;
    let mut i = 0;
    group.bench_function("append and wait for the disk", |b| {
        b.iter(|| {
            i += 1;
            journal.append(archs[i % archs.len()], &outcome).unwrap();
            journal.sync().unwrap();
        })
    });
    let path = folder.path().join("whole.jsonl");
    let mut journal = Journal::open(&path, &space, &metrics, None)
        .unwrap()
        .journal;
    for arch in &archs {
        journal.append(arch, &outcome).unwrap();
    }
    drop(journal);
    group.sample_size(10);
    group.bench_function("open one of 10,000 evaluations", |b| {
        b.iter(|| {
            black_box(
                Journal::open(&path, &space, &metrics, None)
                    .unwrap()
                    .finished
                    .len(),
            )
        })
    });
    group.finish();
}

fn command(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut group = c.benchmark_group("command");
    let mut one = workers(folder.path(), 1, "pass");
    let arch = archs(1);
    one.evaluate(&arch);
    group.bench_function("an evaluation by a worker that answers at once", |b| {
        b.iter_batched(|| (), |()| one.evaluate(&arch), BatchSize::SmallInput)
    });
    group.finish();
    busy();
}

/// Asks for random architectures, ten at a time.
struct Random(Rng);

impl Strategy for Random {
    fn ask(&mut self, context: &Context, limit: usize) -> Result<Vec<Trial>> {
        Ok(Trial::full(context.sample_new(limit.min(10), &mut self.0)))
    }
}

/// Utilisation of 64 workers whose evaluations take 0.5 to 1.5 seconds.
fn busy() {
    const WORKERS: usize = 64;
    const QUERIES: usize = 1920;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let before = "t = random.uniform(0.5, 1.5); time.sleep(t); \
                  open('TIMES', 'a').write('%f\\n' % t)";
    let times = folder.path().join("times");
    let before = before.replace("TIMES", &times.display().to_string());
    let mut evaluator = workers(folder.path(), WORKERS, &before);
    // All are started first.
    evaluator.evaluate(&archs(WORKERS));
    fs::remove_file(&times).expect("workers that worked");
    let space = nasbench201();
    let objective = Objective::maximize("accuracy");
    let measured = ["accuracy".to_owned()];
    let problem = Problem::new(&space, &measured, objective, Vec::new(), Sampler::Uniform).unwrap();
    let limits = Limits {
        queries: QUERIES,
        ..Limits::default()
    };
    let begun = Instant::now();
    Search::new(&problem, &limits)
        .asynchronous(WORKERS)
        .run(
            &mut evaluator,
            &mut Random(Rng::stream(0, "bench")),
            &mut [],
            &AtomicBool::new(false),
        )
        .unwrap();
    let wall = begun.elapsed().as_secs_f64();
    let text = fs::read_to_string(&times).expect("times");
    let work: f64 = text.lines().filter_map(|t| t.parse::<f64>().ok()).sum();
    println!(
        "{WORKERS} workers, {QUERIES} evaluations: {:.1} s of work in {wall:.1} s, {:.1} % busy",
        work,
        100.0 * work / (wall * WORKERS as f64)
    );
}

criterion_group!(benches, journal, command);
criterion_main!(benches);
