use super::*;
use crate::problem::{Objective, Objectives, Scale};
use crate::rng::Rng;

fn random(count: usize, dimensions: usize, rng: &mut Rng) -> Vec<Vec<f64>> {
    // A coarse grid has ties and equal points.
    (0..count)
        .map(|_| (0..dimensions).map(|_| rng.below(9) as f64 / 8.0).collect())
        .collect()
}

/// The volume by inclusion and exclusion over all subsets.
fn by_inclusion(points: &[Vec<f64>]) -> f64 {
    (1u32..1 << points.len())
        .map(|subset| {
            let chosen = (0..points.len()).filter(|i| subset >> i & 1 == 1);
            let corner = chosen.fold(vec![f64::INFINITY; points[0].len()], |corner, i| {
                corner
                    .iter()
                    .zip(&points[i])
                    .map(|(a, b)| a.min(*b))
                    .collect()
            });
            let sign = if subset.count_ones() % 2 == 1 {
                1.0
            } else {
                -1.0
            };
            sign * corner.iter().map(|x| x.max(0.0)).product::<f64>()
        })
        .sum()
}

#[test]
fn hypervolume_is_that_of_brute_force() {
    let mut rng = Rng::stream(0, "hypervolume");
    for dimensions in 1..=5 {
        for count in 0..=9 {
            let points = random(count, dimensions, &mut rng);
            let expected = if count == 0 {
                0.0
            } else {
                by_inclusion(&points)
            };
            let found = hypervolume(&points);
            assert!(
                (found - expected).abs() < 1e-12,
                "{points:?}: {found} {expected}"
            );
        }
    }
}

#[test]
fn hypervolume_has_known_values() {
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
    close(hypervolume(&[[3.0, 1.0], [2.0, 2.0], [1.0, 3.0]]), 6.0);
    close(
        hypervolume(&[[1.0, 1.0, 2.0], [1.0, 2.0, 1.0], [2.0, 1.0, 1.0]]),
        4.0,
    );
    close(hypervolume(&[[-1.0, 3.0], [2.0, 0.0]]), 0.0);
    // Points on a line between the axes: sum of n equal steps.
    let line: Vec<[f64; 2]> = (1..10)
        .map(|i| [f64::from(i), 10.0 - f64::from(i)])
        .collect();
    close(hypervolume(&line), 45.0);
}

#[test]
fn an_improvement_is_the_difference_of_two_volumes() {
    let mut rng = Rng::stream(1, "hypervolume");
    for dimensions in 2..=4 {
        for _ in 0..50 {
            let mut points = random(12, dimensions, &mut rng);
            let point = points.pop().unwrap();
            let before = hypervolume(&points);
            let added = improvement(&point, &points);
            points.push(point);
            assert!((hypervolume(&points) - before - added).abs() < 1e-12);
        }
    }
}

/// Overlap of the box between the origin and a point with a cell.
fn overlap(point: &[f64], cell: &Cell) -> f64 {
    let sides = point.iter().zip(cell.low.iter().zip(&cell.high));
    sides
        .map(|(x, (low, high))| (x.min(*high) - low).max(0.0))
        .product()
}

#[test]
fn cells_measure_improvements() {
    let mut rng = Rng::stream(2, "cells");
    for dimensions in 1..=4 {
        for count in [0, 1, 7] {
            let points = random(count, dimensions, &mut rng);
            let cells = cells(&points, dimensions);
            for point in random(20, dimensions, &mut rng) {
                let sum: f64 = cells.iter().map(|cell| overlap(&point, cell)).sum();
                let expected = if point.contains(&0.0) {
                    0.0
                } else {
                    improvement(&point, &points)
                };
                assert!((sum - expected).abs() < 1e-12, "{point:?} {points:?}");
            }
        }
    }
}

#[test]
fn layers_are_fronts_of_what_is_left() {
    let mut rng = Rng::stream(3, "layers");
    for dimensions in 1..=4 {
        let points = random(60, dimensions, &mut rng);
        let mut left: Vec<usize> = (0..points.len()).collect();
        for layer in layers(&points) {
            let is_dominated = |i: usize| left.iter().any(|&j| dominates(&points[j], &points[i]));
            let expected: Vec<usize> = left.iter().copied().filter(|&i| !is_dominated(i)).collect();
            assert_eq!(layer, expected);
            left.retain(|i| !layer.contains(i));
        }
        assert!(left.is_empty());
        let front = front(&points);
        assert!(front.iter().all(|i| layers(&points)[0].contains(i)));
        let distinct = |i: &usize| !front.iter().any(|j| j < i && points[*j] == points[*i]);
        assert!(front.iter().all(distinct));
    }
}

#[test]
fn crowding_is_that_of_deb() {
    // Ranges 4 and 8: (2 - 0) / 4 + (8 - 4) / 8 and (4 - 1) / 4 + (6 - 0) / 8.
    let layer = [[0.0, 8.0], [1.0, 6.0], [2.0, 4.0], [4.0, 0.0]];
    let infinity = f64::INFINITY;
    assert_eq!(crowding(&layer), [infinity, 1.0, 1.5, infinity]);
    assert_eq!(crowding(&[[1.0, 1.0]]), [infinity]);
    assert!(crowding::<[f64; 2]>(&[]).is_empty());
}

#[test]
fn a_box_scales_by_reference_and_ideal() {
    let objectives = Objectives::new(vec![
        Objective::maximize("accuracy"),
        Objective::minimize("latency").on(Scale::Log),
    ])
    .unwrap();
    let area = ReferenceBox::new(&objectives, &[90.0, 1.0], &[50.0, 100.0]).unwrap();
    assert_eq!(area.reference(), [50.0, 100.0]);
    let gains = area.gains(&[70.0, 10.0]);
    assert!((gains[0] - 0.5).abs() < 1e-12 && (gains[1] - 0.5).abs() < 1e-12);
    for reference in [[95.0, 100.0], [90.0, 100.0], [50.0, 1.0]] {
        let error = ReferenceBox::new(&objectives, &[90.0, 1.0], &reference).unwrap_err();
        assert!(
            error.to_string().contains("not worse than the best value"),
            "{error}"
        );
    }
    assert!(ReferenceBox::new(&objectives, &[90.0, 1.0], &[50.0, -1.0]).is_err());
}
