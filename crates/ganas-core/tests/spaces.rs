//! Facts about the built-in spaces.

use std::collections::HashSet;

use ganas_core::arch::{Arch, Cell};
use ganas_core::rng::Rng;
use ganas_core::space::{Sampler, SearchSpace, from_file, from_toml, nasbench101, nasbench201};

#[test]
fn nasbench101_has_423624_cells() {
    let space = nasbench101();
    let mut seen: HashSet<Arch> = HashSet::new();
    space
        .enumerate(&mut |arch| assert!(seen.insert(arch)))
        .unwrap();
    assert_eq!(seen.len(), 423_624);
    assert_eq!(space.size(), Some(423_624));
    let of_size = |n| {
        seen.iter()
            .filter(|a| Cell::from_arch(a).vertices() == n)
            .count()
    };
    // Ying et al. 2019 give no table by size; these follow from the smallest cells by hand.
    assert_eq!((of_size(2), of_size(3)), (1, 6));
}

#[test]
fn nasbench201_has_15625_strings_in_6466_classes() {
    assert_eq!(nasbench201().size(), Some(15_625));
    let merged = nasbench201().merging_isomorphic().unwrap();
    assert_eq!(merged.size(), Some(6_466));
    let mut count = 0;
    merged.enumerate(&mut |_| count += 1).unwrap();
    assert_eq!(count, 6_466);
}

#[test]
fn uniform_sampling_of_nasbench101_matches_the_enumeration() {
    let space = nasbench101();
    let mut total = [0usize; 8];
    space
        .enumerate(&mut |a| total[Cell::from_arch(&a).vertices()] += 1)
        .unwrap();
    let mut rng = Rng::stream(0, "test");
    let draws = 20_000;
    let mut drawn = [0usize; 8];
    for _ in 0..draws {
        drawn[Cell::from_arch(&space.sample(Sampler::Uniform, &mut rng)).vertices()] += 1;
    }
    for n in 4..=7 {
        let p = total[n] as f64 / 423_624.0;
        let sd = (draws as f64 * p * (1.0 - p)).sqrt();
        let expected = draws as f64 * p;
        assert!(
            (drawn[n] as f64 - expected).abs() < 4.0 * sd + 1.0,
            "{n} vertices: {} drawn, {expected} expected",
            drawn[n]
        );
    }
}

#[cfg(unix)]
#[test]
fn a_device_without_an_end_is_no_space_file() {
    let said = from_file("/dev/zero").err().unwrap().to_string();
    assert!(said.contains("/dev/zero"), "{said}");
}

#[test]
fn far_too_many_ops_are_refused_before_they_are_compared() {
    let ops: String = (0..400_000).map(|i| format!("'op{i}', ")).collect();
    let equal = "'a', ".repeat(400_000);
    for (text, words) in [
        (
            format!("kind = 'chain'\nlength = 62\nops = [{ops}]"),
            "400000 different ops are too many",
        ),
        (
            format!("kind = 'chain'\nchoices = [['a'], [{ops}]]"),
            "position 1: 400000 different ops",
        ),
        (
            format!("kind = 'edge-cell'\nnodes = 4\nops = [{ops}]"),
            "400000 different ops",
        ),
        (
            format!("kind = 'node-cell'\nmax_vertices = 7\nmax_edges = 9\nops = [{ops}]"),
            "400000 different ops",
        ),
        (
            format!(
                "kind = 'chain'\nlength = 2\nops = ['a', 'b']\nabsent = [{equal}]\nidentity = [{equal}]"
            ),
            "both in `absent` and in `identity`",
        ),
    ] {
        let error = from_toml(&format!("name = 's'\n{text}"))
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(words), "{error}");
    }
}
