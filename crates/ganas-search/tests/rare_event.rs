//! Likelihoods of architectures, and estimates where the truth is known.

use std::collections::HashSet;

use ganas_core::arch::Arch;
use ganas_core::rng::Rng;
use ganas_core::space::{SearchSpace, darts, from_toml, load, nasbench101, nasbench201};
use ganas_nets::{Dims, Generator, GeneratorConfig};
use ganas_search::rare_event::{
    Categoricals, Likelihood, Method, Pool, Prior, Settings, Surveyed, log_likelihood, survey,
};

const SMALL: &str =
    "name = 'small'\nkind = 'node-cell'\nmax_vertices = 5\nmax_edges = 7\nops = ['a', 'b']";
const LARGE: &str =
    "name = 'large'\nkind = 'node-cell'\nmax_vertices = 9\nmax_edges = 12\nops = ['a', 'b']";

fn all(space: &dyn SearchSpace) -> Vec<Arch> {
    let mut archs = Vec::new();
    space.enumerate(&mut |arch| archs.push(arch)).unwrap();
    archs
}

#[test]
fn constructions_are_distinct_and_make_their_architecture() {
    let spaces: [Box<dyn SearchSpace>; 4] = [
        Box::new(nasbench101()),
        Box::new(nasbench201()),
        Box::new(nasbench201().merging_isomorphic().unwrap()),
        Box::new(darts()),
    ];
    let mut rng = Rng::stream(0, "test");
    for space in &spaces {
        for _ in 0..40 {
            let arch = space.sample(space.samplers()[0], &mut rng);
            let graphs = space.constructions(&arch).unwrap();
            assert!(graphs.contains(&space.graph(&arch)), "{}", space.name());
            assert!(graphs.iter().all(|g| space.arch(g) == Ok(arch)));
            let distinct: HashSet<_> = graphs.iter().collect();
            assert_eq!(distinct.len(), graphs.len());
        }
    }
    assert!(
        from_toml(LARGE)
            .unwrap()
            .constructions(&Arch::new(&[0]))
            .is_none()
    );
}

#[test]
fn the_likelihoods_of_all_architectures_add_up_to_one() {
    let space = from_toml(SMALL).unwrap();
    let (space, archs) = (&*space, all(&*space));
    let flat = Categoricals::flat(space);
    let of = |arch: &Arch| -> f64 {
        let graphs = space.constructions(arch).unwrap();
        graphs.iter().map(|g| flat.log_prob(space, g).exp()).sum()
    };
    let total: f64 = archs.iter().map(of).sum();
    assert!((total - 1.0).abs() < 1e-9, "{total}");
    let mut rng = Rng::stream(0, "test");
    let generator = Generator::new(GeneratorConfig::default(), Dims::of(space), &mut rng);
    let total: f64 = archs
        .iter()
        .map(|a| log_likelihood(&generator, space, a).unwrap().unwrap().exp())
        .sum();
    assert!((total - 1.0).abs() < 1e-3, "{total}");
}

/// An objective with interactions: a random number for each pair of ops.
fn score(space: &dyn SearchSpace) -> impl Fn(&Arch) -> f64 {
    let mut rng = Rng::stream(7, "objective");
    let ops = space.ops().len();
    let table: Vec<f64> = (0..60 * ops * ops).map(|_| rng.normal()).collect();
    move |arch: &Arch| {
        let o = arch.ops();
        (0..o.len())
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| {
                let pair = i * (i - 1) / 2 + j;
                table[(pair % 60 * ops + usize::from(o[i])) * ops + usize::from(o[j])]
            })
            .sum()
    }
}

fn run(
    space: &dyn SearchSpace,
    method: Method,
    alpha: f64,
    seed: u64,
    of: &dyn Fn(&Arch) -> f64,
) -> Surveyed {
    let prior = Prior::of(space);
    let pool = Pool::of(&prior, seed).unwrap();
    let settings = Settings {
        queries: 600,
        ..Settings::default()
    };
    let mut measure = |archs: &[Arch]| Ok(archs.iter().map(of).collect());
    survey(method, &prior, &pool, alpha, &settings, &mut measure, seed).unwrap()
}

#[test]
fn intervals_hold_the_truth_and_the_same_seed_gives_the_same() {
    let space = nasbench201();
    let of = score(&space);
    let mut scores: Vec<f64> = all(&space).iter().map(&of).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    for rank in [16, 156] {
        let (alpha, exact) = (scores[rank - 1], rank as f64 / scores.len() as f64);
        for method in Method::ALL {
            let mut held = 0;
            for seed in 0..10 {
                let e = run(&space, method, alpha, seed, &of);
                assert!(e.queries <= 600 && !e.levels.is_empty());
                assert!(
                    e.levels.windows(2).all(|l| l[0].gamma <= l[1].gamma),
                    "{:?}",
                    e.levels
                );
                let [low, high] = e.estimate.ci95;
                held += usize::from(low <= exact && exact <= high);
            }
            assert!(held >= 8, "{} at {rank}: {held} of 10", method.name());
            let twice = [0, 0].map(|seed| run(&space, method, alpha, seed, &of));
            assert_eq!(twice[0], twice[1]);
        }
    }
}

#[test]
fn what_is_never_reached_has_a_bound_and_what_always_is_has_one() {
    let space = nasbench201();
    let of = score(&space);
    for method in Method::ALL {
        let never = run(&space, method, 1e9, 0, &of).estimate;
        assert_eq!((never.estimate, never.hits, never.ci95[0]), (0.0, 0, 0.0));
        assert!(never.ci95[1] > 0.0);
        // At least the 60 first draws and the prior's tenth of 180 last ones missed it.
        assert!(never.ci95[1] < 3.7 / (60.0 + 18.0), "{never:?}");
        let always = run(&space, method, -1e9, 0, &of).estimate;
        assert_eq!((always.estimate, always.ci95[1]), (1.0, 1.0));
        let constant = run(&space, method, 0.5, 0, &|_| 0.5).estimate;
        assert_eq!(constant.estimate, 1.0);
        let below = run(&space, method, 0.6, 0, &|_| 0.5).estimate;
        assert!(below.estimate == 0.0 && below.ci95[1] > 0.0);
    }
}

#[test]
fn where_all_is_evaluated_there_is_no_doubt() {
    let space = from_toml(SMALL).unwrap();
    let archs = all(&*space);
    let of = |arch: &Arch| f64::from(u8::from(arch.ops().len() < 3));
    let hits = archs.iter().filter(|a| of(a) > 0.5).count();
    assert!(hits > 0 && archs.len() <= 600, "{hits} of {}", archs.len());
    let exact = hits as f64 / archs.len() as f64;
    for method in Method::ALL {
        let all = run(&*space, method, 0.5, 0, &of);
        let e = all.estimate;
        assert_eq!(
            (e.estimate, e.ci95, e.standard_error),
            (exact, [exact; 2], 0.0)
        );
        assert_eq!((e.hits, all.queries), (hits, archs.len()));
        let none = run(&*space, method, 2.0, 0, &of).estimate;
        assert_eq!((none.estimate, none.ci95), (0.0, [0.0; 2]));
    }
}

#[test]
fn a_space_that_cannot_be_listed_is_estimated_by_a_pool_of_its_own() {
    let space = load("ofa-mobilenetv3").unwrap();
    let weights: Vec<f64> = (0..64)
        .map(|i| Rng::stream(i, "weights").normal())
        .collect();
    let of = |arch: &Arch| -> f64 {
        let ops = arch.ops().iter().enumerate();
        ops.map(|(i, op)| weights[usize::from(*op)] + 0.3 * weights[10 + i % 4])
            .sum()
    };
    let prior = Prior::of(&*space);
    let mut rng = Rng::stream(1, "level");
    let mut scores: Vec<f64> = (0..200_000)
        .map(|_| of(&prior.draw(&mut rng).arch))
        .collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    // Off by 3.5 % itself.
    let (alpha, exact) = (scores[799], 4e-3);
    let mut held = 0;
    for seed in 0..2 {
        let e = run(&*space, Method::GaNas, alpha, seed, &of).estimate;
        // The search upwards finds what draws of the prior would have found two of.
        assert!(e.hits >= 20, "{e:?}");
        held += usize::from(e.ci95[0] < exact && exact < e.ci95[1]);
        let wide = run(&*space, Method::CrossEntropy, alpha, seed, &of).estimate;
        held += usize::from(wide.ci95[0] < exact && exact < wide.ci95[1]);
    }
    assert!(held >= 3, "{held} of 4");
}

#[test]
fn where_constructions_cannot_be_listed_probabilities_are_of_them() {
    let space = from_toml(LARGE).unwrap();
    let prior = Prior::of(&*space);
    assert_eq!(prior.likelihood(), Likelihood::Constructions);
    let mut rng = Rng::stream(0, "test");
    for _ in 0..20 {
        let point = prior.draw(&mut rng);
        assert!(prior.probability(&point) > 0.0);
        assert_eq!(
            prior.constructions(&point),
            std::slice::from_ref(&point.graph)
        );
    }
    let vertices = |arch: &Arch| arch.ops().len() as f64;
    let mut measure = |archs: &[Arch]| Ok(archs.iter().map(vertices).collect());
    let other = nasbench201();
    let pool = Pool::of(&Prior::of(&other), 0).unwrap();
    let settings = Settings {
        queries: 200,
        ..Settings::default()
    };
    let e = survey(
        Method::CrossEntropy,
        &prior,
        &pool,
        7.0,
        &settings,
        &mut measure,
        0,
    )
    .unwrap();
    assert!(e.estimate.estimate > 0.0 && e.estimate.ci95[1] <= 1.0);
}
