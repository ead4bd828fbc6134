//! Outlooks of searches whose truth is known.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ganas_core::Pool;
use ganas_core::arch::Arch;
use ganas_core::driver::{Limits, Objective, Problem, search};
use ganas_core::error::Result;
use ganas_core::evaluate::{Evaluator, Outcome, Work};
use ganas_core::ledger::Query;
use ganas_core::rng::Rng;
use ganas_core::space::{
    Sampler, SearchSpace, from_toml, nasbench201, nasbench301, ofa_mobilenetv3,
};
use ganas_search::Registry;
use ganas_search::rare_event::{Basis, Outlook, outlook, outlook_unless, unguarded_outlook};

/// An evaluator of a function.
struct Function<F>([String; 1], F);

impl<F: Fn(&Arch) -> f64 + Send> Evaluator for Function<F> {
    fn metrics(&self) -> &[String] {
        &self.0
    }

    fn run(&mut self, work: &mut dyn Work) -> Result<()> {
        while let Some(trial) = work.next() {
            work.done(&trial, Outcome::Done(vec![(self.1)(&trial.arch)]));
        }
        Ok(())
    }
}

fn problem(space: &dyn SearchSpace, minimize: bool) -> Problem<'_> {
    let metric = String::from("score");
    let measured = [metric.clone()];
    let objective = if minimize {
        Objective::minimize(metric)
    } else {
        Objective::maximize(metric)
    };
    Problem::new(space, &measured, objective, vec![], space.samplers()[0]).unwrap()
}

/// The queries of a search.
fn queries(
    problem: &Problem,
    of: impl Fn(&Arch) -> f64 + Send,
    queries: usize,
    seed: u64,
) -> Vec<Query> {
    let recipe = Registry::builtin().recipe("ga-nas").unwrap();
    let limits = Limits {
        queries,
        ..Limits::default()
    };
    let mut evaluator = Function(["score".into()], of);
    let mut strategy = recipe.build(seed).unwrap();
    let stop = AtomicBool::new(false);
    let run = search(
        problem,
        &mut evaluator,
        &mut *strategy,
        &limits,
        &mut [],
        &stop,
    );
    run.unwrap().ledger.queries().to_vec()
}

/// An objective with interactions: a random number for each pair of places and their ops.
fn rugged(seed: u64) -> impl Fn(&Arch) -> f64 + Send + Clone {
    let mut rng = Rng::stream(seed, "objective");
    let table: Vec<f64> = (0..15 * 25).map(|_| rng.normal()).collect();
    move |arch: &Arch| {
        let o: Vec<usize> = arch.ops().iter().map(|o| usize::from(*o)).collect();
        (0..o.len())
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| table[(i * (i - 1) / 2 + j) * 25 + 5 * o[i] + o[j]])
            .sum()
    }
}

fn best(queries: &[Query]) -> f64 {
    queries
        .iter()
        .filter_map(Query::merit)
        .fold(f64::NEG_INFINITY, f64::max)
}

#[test]
fn intervals_hold_and_a_better_one_is_likelier_where_there_is_one() {
    let space = nasbench201();
    let problem = problem(&space, false);
    let mut archs = Vec::new();
    space.enumerate(&mut |arch| archs.push(arch)).unwrap();
    let (mut looks, mut covered, mut vacuous) = (0i32, 0i32, 0i32);
    let (mut told, mut said, mut found, mut said_found, mut variance) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for seed in 0..12 {
        let of = rugged(seed);
        let scores: Vec<f64> = archs.iter().map(&of).collect();
        let queries = queries(&problem, of, 240, seed);
        for stop in [50, 100, 120] {
            let level = best(&queries[..stop]);
            let o = unguarded_outlook(&problem, &queries[..stop], stop, seed).unwrap();
            let [low, high] = o.ci95.unwrap();
            let exact = scores.iter().filter(|s| **s >= level).count() as f64 / 15_625.0;
            assert!(low <= o.share.unwrap() && o.share.unwrap() <= high, "{o:?}");
            assert!(low <= exact * 1.000001, "the lower end is certain");
            looks += 1;
            covered += i32::from(exact <= high * 1.000001);
            // What as many random queries without such an architecture would say.
            vacuous += i32::from(high > 3.69 / stop as f64);
            let better = o.better.unwrap();
            if seed == 0 {
                let guarded = outlook(&problem, &queries[..stop], stop, seed).unwrap();
                assert_eq!(guarded.ci95, o.ci95);
                assert_eq!(guarded.better, o.better.filter(|_| stop >= 100));
            }
            // Below that nothing is said of it.
            if stop < 100 {
                continue;
            }
            let hit = f64::from(u8::from(best(&queries[stop..2 * stop]) > level));
            told += 1.0;
            said += better;
            variance += better * (1.0 - better);
            found += hit;
            said_found += better * hit;
        }
    }
    assert!(covered * 100 >= 90 * looks, "{covered} of {looks} hold");
    assert!(vacuous * 4 <= looks, "{vacuous} of {looks} say nothing");
    let misses = told - found;
    // Three standard errors of how often it comes true.
    assert!((said - found).powi(2) < 9.0 * variance, "{said} of {found}");
    // What was said where a better one was found, and where none was.
    let apart = said_found / found - (said - said_found) / misses;
    assert!(apart > 0.0, "{apart}");
}

#[test]
fn a_space_that_was_evaluated_whole_has_no_doubt() {
    let space =
        from_toml("name = 'small'\nkind = 'chain'\nlength = 3\nops = ['a', 'b', 'c']").unwrap();
    let problem = problem(&*space, true);
    let of = |arch: &Arch| arch.ops().iter().map(|o| f64::from(*o)).sum();
    let all = queries(&problem, of, 100, 0);
    assert_eq!(all.len(), 27);
    let o = outlook(&problem, &all, 27, 0).unwrap();
    assert_eq!(o.basis, Basis::AllEvaluated);
    assert_eq!((o.ci95, o.better), (Some([1.0 / 27.0; 2]), Some(0.0)));
    assert!(o.sentence("the space").contains("none is better"));
    let few = outlook(&problem, &all[..26], 26, 0).unwrap();
    assert_eq!((few.basis, few.share), (Basis::TooLittle, None));
    assert!(few.sentence("the space").starts_with("too little"));
    assert!(outlook(&problem, &[], 1, 0).is_none());
}

#[test]
fn constants_failures_and_parts_of_spaces_have_an_outlook() {
    let space = nasbench201();
    let within = |o: &Outlook| {
        let [low, high] = o.ci95.unwrap();
        assert!(
            0.0 <= low && low <= o.share.unwrap() && high <= 1.0,
            "{o:?}"
        );
        assert!(o.better.is_none_or(|p| (0.0..=1.0).contains(&p)), "{o:?}");
    };
    let whole = problem(&space, false);
    let o = outlook(&whole, &queries(&whole, |_| 0.5, 100, 0), 100, 0).unwrap();
    within(&o);
    assert!(o.better.unwrap() < 0.01, "all are equal: {o:?}");
    assert_eq!(o.hits, 100);

    let of = rugged(0);
    let half = move |arch: &Arch| match arch.ops()[0] % 2 {
        0 => of(arch),
        _ => f64::NAN,
    };
    within(&outlook(&whole, &queries(&whole, half, 160, 0), 160, 0).unwrap());

    let mut rng = Rng::stream(0, "pool");
    let members = (0..300).map(|_| space.sample(Sampler::Uniform, &mut rng));
    let pool = Arc::new(Pool::new(members));
    let problem = problem(&space, false).within(pool.clone());
    let of = rugged(1);
    let asked = queries(&problem, of.clone(), 60, 0);
    let o = outlook(&problem, &asked, 60, 0).unwrap();
    within(&o);
    assert_eq!(o.architectures, Some(pool.archs().len() as f64));
    let good = pool
        .archs()
        .iter()
        .filter(|a| of(a) >= best(&asked))
        .count();
    let exact = good as f64 / pool.archs().len() as f64;
    assert!(o.ci95.unwrap()[0] <= exact && exact <= o.ci95.unwrap()[1]);
}

#[test]
fn a_space_that_cannot_be_listed_has_one_and_the_same_seed_the_same() {
    let space = nasbench301();
    let problem = problem(&space, false);
    let weights = |arch: &Arch| space.cost(arch, 0);
    let asked = queries(&problem, weights, 50, 0);
    let o = outlook(&problem, &asked, 50, 3).unwrap();
    assert_eq!(o.basis, Basis::Surrogates);
    let [low, high] = o.ci95.unwrap();
    assert!(low < 1e-12 && high < 0.2, "{o:?}");
    assert_eq!(outlook(&problem, &asked, 50, 3).unwrap(), o);
    assert_eq!(outlook_unless(&problem, &asked, 50, 3, &|| true), None);
}

#[test]
fn of_a_region_that_draws_hardly_meet_nothing_is_said() {
    let space = ofa_mobilenetv3();
    let measured = ["score".to_owned()];
    let objective = Objective::maximize("score");
    let tight = vec!["macs <= 1.3e8".parse().unwrap()];
    let problem = Problem::new(&space, &measured, objective, tight, space.samplers()[0]).unwrap();
    let asked = queries(&problem, |arch| space.cost(arch, 0), 50, 0);
    assert_eq!(asked.len(), 50);
    let o = outlook(&problem, &asked, 50, 0).unwrap();
    assert_eq!(o.basis, Basis::TooLittle);
    assert_eq!((o.share, o.ci95, o.better), (None, None, None));
}
