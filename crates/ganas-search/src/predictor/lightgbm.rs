//! Models of LightGBM in its text format, as `Booster.save_model` writes it.

use std::collections::HashMap;
use std::str::FromStr;

use ganas_core::error::{Error, Result};

use super::foreign::{finite, other_columns, unsupported};
use super::{Comparison, Forest, Tree};

/// The objectives whose predictions are plain sums.
const PLAIN: [&str; 8] = [
    "regression",
    "regression_l1",
    "huber",
    "fair",
    "quantile",
    "mape",
    "lambdarank",
    "rank_xendcg",
];

/// Bits of a split's decision type.
const CATEGORICAL: u8 = 1;
const ZERO_IS_MISSING: u8 = 1 << 2;
const MISSING: u8 = 3 << 2;

/// The fields of a block: lines `name=value`.
type Fields<'a> = HashMap<&'a str, &'a str>;

/// Reads a model of `columns` columns.
pub fn read(text: &str, columns: usize) -> Result<Forest> {
    let (head, rest) = text.split_once("\nTree=").unwrap_or((text, ""));
    if head.lines().next().map(str::trim) != Some("tree") {
        return Err(
            Error::input("this is neither XGBoost's JSON nor LightGBM's text")
                .mend("save the model with `save_model`"),
        );
    }
    // The trees end here; without it, the file was cut off.
    let Some((trees, _)) = rest.split_once("\nend of trees") else {
        return Err(cut_off());
    };
    let fields = fields(head)?;
    let one = |name: &str| fields.get(name).is_none_or(|v| v.trim() == "1");
    if !one("num_class") || !one("num_tree_per_iteration") {
        return Err(unsupported("the model predicts several values at once"));
    }
    let objective = fields.get("objective").copied().unwrap_or("regression");
    let mut words = objective.split_whitespace();
    let plain = words.next().is_some_and(|name| PLAIN.contains(&name));
    if !plain || words.any(|word| word == "sqrt") {
        return Err(unsupported(format!(
            "the objective `{objective}` transforms its sums"
        )));
    }
    let has = 1 + fields
        .get("max_feature_idx")
        .and_then(|v| v.parse::<usize>().ok())
        .ok_or_else(cut_off)?;
    if has != columns {
        return Err(other_columns(has, columns));
    }
    let blocks = trees.split("\nTree=").enumerate();
    let mut trees = blocks
        .map(|(i, block)| tree(i, block))
        .collect::<Result<Vec<Tree>>>()?;
    // Old versions do not say how many there are.
    let said = fields
        .get("tree_sizes")
        .map(|v| v.split_whitespace().count());
    if said.is_some_and(|count| count != trees.len()) {
        return Err(cut_off());
    }
    // Random forests are means.
    if head.lines().any(|line| line.trim() == "average_output") {
        let share = 1.0 / trees.len() as f64;
        for tree in &mut trees {
            for (value, left) in tree.value.iter_mut().zip(&tree.left) {
                *value *= if *left == 0 { share } else { 1.0 };
            }
        }
    }
    Ok(Forest {
        base: 0.0,
        comparison: Comparison::AtMostDouble,
        trees,
    })
}

/// The fields of a block. One that is there twice is of another block, whose first line is damaged.
fn fields(block: &str) -> Result<Fields<'_>> {
    let mut fields = Fields::new();
    for (name, value) in block.lines().filter_map(|line| line.split_once('=')) {
        if fields.insert(name, value).is_some() {
            return Err(cut_off());
        }
    }
    Ok(fields)
}

fn cut_off() -> Error {
    Error::input("the model of LightGBM is damaged or cut off").mend("save it again")
}

fn numbers<T: FromStr>(fields: &Fields, name: &str) -> Result<Vec<T>> {
    let text = fields.get(name).copied().unwrap_or("");
    text.split_whitespace()
        .map(|number| number.parse().map_err(|_| cut_off()))
        .collect()
}

/// The tree of a number. In the file a child that is not negative is a split, any other the leaf -1 - child; here
/// leaves come after the splits.
fn tree(number: usize, block: &str) -> Result<Tree> {
    if block.lines().next().map(str::trim) != Some(&number.to_string()) {
        return Err(cut_off());
    }
    let fields = fields(block)?;
    if fields.get("is_linear").is_some_and(|v| v.trim() == "1") {
        return Err(unsupported("a tree has linear leaves"));
    }
    let leaves: Vec<f64> = numbers(&fields, "leaf_value")?;
    let columns: Vec<u32> = numbers(&fields, "split_feature")?;
    let thresholds: Vec<f64> = numbers(&fields, "threshold")?;
    let decisions: Vec<u8> = numbers(&fields, "decision_type")?;
    let left: Vec<i64> = numbers(&fields, "left_child")?;
    let right: Vec<i64> = numbers(&fields, "right_child")?;
    let splits = columns.len();
    let sides = [thresholds.len(), decisions.len(), left.len(), right.len()];
    if leaves.len() != splits + 1 || sides != [splits; 4] {
        return Err(cut_off());
    }
    for decision in decisions {
        if decision & CATEGORICAL != 0 {
            return Err(unsupported("a tree splits by categories"));
        }
        if decision & MISSING == ZERO_IS_MISSING {
            return Err(unsupported("the model takes zeros for missing values"));
        }
    }
    let place = |child: i64| match child {
        split @ 0.. => split,
        leaf => splits as i64 + (-1 - leaf),
    };
    let child = |child: i64| u32::try_from(place(child)).unwrap_or(0);
    let mut tree = Tree::default();
    for i in 0..splits {
        if thresholds[i].is_nan() {
            return Err(cut_off());
        }
        tree.push(columns[i], thresholds[i], child(left[i]), child(right[i]));
    }
    for value in leaves {
        tree.leaf(finite("leaf", value)?);
    }
    Ok(tree)
}
