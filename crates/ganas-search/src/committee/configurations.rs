//! Features of configurations: the numbers, words and costs of their choices, and the features of
//! their cell.
//!
//! Numbers keep their order and scale. A choice that is not active has the middle of its scale and a
//! mark of its own, so that its value neither adds nor takes away.

use std::collections::BTreeMap;

use ganas_core::arch::Arch;
use ganas_core::space::{Choice, Config, Kind as SpaceKind, SearchSpace};

use super::features::{Feature, Kind, costs, describe as describe_cell};

/// The mark of an inactive choice among the values of a place.
const INACTIVE: u64 = 0xff;

/// The position of an inactive choice on its scale.
const MIDDLE: f32 = 0.5;

/// The features of a configuration that are not zero, sorted. `space` is the configuration's space, with
/// the costs of a table if there is one.
pub fn describe(space: &dyn SearchSpace, config: &Config, arch: &Arch) -> Vec<(Feature, f32)> {
    let mut features: Vec<(Feature, f32)> = Vec::new();
    let mut groups: BTreeMap<&str, Vec<f32>> = BTreeMap::new();
    let choices = config.choices().iter().zip(config.values(arch));
    for (i, (choice, value)) in choices.enumerate() {
        let place = (i as u64) << 8;
        match value {
            None => features.push(((Kind::Place, place | INACTIVE), 1.0)),
            Some(value) if !choice.is_ordered() => {
                features.push(((Kind::Place, place | u64::from(value)), 1.0));
            }
            Some(_) => {}
        }
        if choice.is_ordered() {
            let [scaled, rank] = positions(choice, value);
            features.push(((Kind::Value, 2 * i as u64), scaled));
            if has_uneven_steps(choice) {
                features.push(((Kind::Value, 2 * i as u64 + 1), rank));
            }
            if value.is_some() && choice.base() != choice.name {
                groups.entry(choice.base()).or_default().push(scaled);
            }
        }
    }
    for (name, values) in groups {
        let group = xxhash_rust::xxh3::xxh3_64(name.as_bytes()) >> 2;
        features.extend(folds(group, &values));
    }
    features.extend(costs(space, arch));
    if let Some(cell) = config.cell() {
        // Its costs are none of the configuration's, and its places have numbers of their own.
        let places = matches!(cell.kind(), SpaceKind::EdgeCell | SpaceKind::Chain);
        let cell = describe_cell(cell, &config.cell_of(arch), places);
        let own = cell
            .into_iter()
            .filter(|((kind, _), _)| *kind != Kind::Cost);
        features.extend(own.map(|((kind, what), value)| ((kind, what | 1 << 63), value)));
    }
    features.retain(|(_, value)| *value != 0.0);
    features.sort_by_key(|(feature, _)| *feature);
    features
}

/// The numbers of a chain whose ops are numbers, such as channels: by block, and over all blocks.
pub fn numbers(space: &dyn SearchSpace, arch: &Arch) -> Vec<(Feature, f32)> {
    let ops = space.ops().iter().map(|op| op.trim().parse::<f32>().ok());
    let Some(ops) = ops
        .collect::<Option<Vec<f32>>>()
        .filter(|ops| ops.len() > 2)
    else {
        return Vec::new();
    };
    let most = ops
        .iter()
        .fold(f32::MIN_POSITIVE, |most, op| most.max(op.abs()));
    let values: Vec<f32> = arch
        .ops()
        .iter()
        .map(|op| ops[usize::from(*op)] / most)
        .collect();
    let blocks = (0..)
        .zip(&values)
        .map(|(i, value)| ((Kind::Value, i), *value));
    blocks
        .chain(folds(0, &values))
        .filter(|(_, value)| *value != 0.0)
        .collect()
}

/// The sum, mean, least and most of some numbers.
fn folds(group: u64, values: &[f32]) -> impl Iterator<Item = (Feature, f32)> {
    let sum: f32 = values.iter().sum();
    let folds = [
        sum,
        sum / values.len() as f32,
        values.iter().copied().fold(f32::INFINITY, f32::min),
        values.iter().copied().fold(f32::NEG_INFINITY, f32::max),
    ];
    (0..)
        .zip(folds)
        .map(move |(i, fold)| ((Kind::Group, group << 2 | i), fold))
}

/// The position of a value on the choice's scale, and by its place among the values.
fn positions(choice: &Choice, value: Option<u8>) -> [f32; 2] {
    let Some(value) = value else {
        return [MIDDLE; 2];
    };
    let last = (choice.values.len() - 1).max(1) as f32;
    [choice.position(value) as f32, f32::from(value) / last]
}

/// True if the place of a value says something else than its number.
fn has_uneven_steps(choice: &Choice) -> bool {
    (0..choice.values.len() as u8).any(|value| {
        let [scaled, rank] = positions(choice, Some(value));
        (scaled - rank).abs() > 0.05
    })
}

#[cfg(test)]
mod tests {
    use ganas_core::space::from_toml;

    use super::*;

    #[test]
    fn numbers_keep_their_order_and_inactive_choices_are_neutral() {
        let text = "name = 'c'\nkind = 'config'\n\
            [[choice]]\nname = 'depth'\nlow = 1\nhigh = 2\n\
            [[choice]]\nname = 'width'\nvalues = [16, 32, 256]\nrepeat = 'depth'\n\
            [[choice]]\nname = 'act'\nvalues = ['relu', 'gelu']\n";
        let space = from_toml(text).unwrap();
        let SpaceKind::Config(config) = space.kind() else {
            panic!("another kind")
        };
        let features = |text: &str| -> BTreeMap<Feature, f32> {
            let arch = space.parse(text).unwrap();
            describe(&*space, config, &arch).into_iter().collect()
        };
        let flat = features("depth=1;width.1=32;act=relu");
        // Depth, the first width on its scale and by its place, then the second one, inactive.
        let value = |i: u64| flat.get(&(Kind::Value, i)).copied();
        assert_eq!(value(0), None);
        assert!((value(2).unwrap() - 16.0 / 240.0).abs() < 1e-6);
        assert_eq!(
            (value(3), value(4), value(5)),
            (Some(0.5), Some(0.5), Some(0.5))
        );
        assert_eq!(flat[&(Kind::Place, 2 << 8 | INACTIVE)], 1.0);
        assert_eq!(flat[&(Kind::Place, 3 << 8)], 1.0);
        let deep = features("depth=2;width.1=16;width.2=256;act=gelu");
        let group: Vec<f32> = (deep.iter().filter(|((kind, _), _)| *kind == Kind::Group))
            .map(|(_, value)| *value)
            .collect();
        // Sum, mean and most; the least is 0.
        assert_eq!(group, [1.0, 0.5, 1.0]);
    }
}
