//! Models of XGBoost in its JSON format
//! (<https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html>).

use ganas_core::error::{Error, Result};
use serde::Deserialize;
use serde_json::Value;

use super::foreign::{finite, other_columns, unsupported};
use super::{Comparison, Forest, Tree};

/// The objectives whose predictions are plain sums.
const PLAIN: [&str; 8] = [
    "reg:squarederror",
    "reg:linear",
    "reg:absoluteerror",
    "reg:pseudohubererror",
    "reg:quantileerror",
    "rank:pairwise",
    "rank:ndcg",
    "rank:map",
];

#[derive(Deserialize)]
struct File {
    learner: Learner,
}

#[derive(Deserialize)]
struct Learner {
    gradient_booster: Booster,
    learner_model_param: Params,
    objective: Objective,
}

#[derive(Deserialize)]
struct Objective {
    name: String,
}

#[derive(Deserialize)]
struct Params {
    base_score: Value,
    #[serde(default)]
    num_class: String,
    num_feature: String,
    #[serde(default)]
    num_target: String,
}

#[derive(Deserialize)]
struct Booster {
    name: String,
    model: Option<Ensemble>,
}

#[derive(Deserialize)]
struct Ensemble {
    trees: Vec<Nodes>,
}

#[derive(Deserialize)]
struct Nodes {
    left_children: Vec<i64>,
    right_children: Vec<i64>,
    split_indices: Vec<u32>,
    split_conditions: Vec<f64>,
    #[serde(default)]
    split_type: Vec<u8>,
}

/// Reads a model of `columns` columns.
pub fn read(text: &str, columns: usize) -> Result<Forest> {
    let file: File = serde_json::from_str(text).map_err(|e| {
        Error::input(format!("this is not a whole model of XGBoost ({e})"))
            .mend("save it again with `save_model(\"model.json\")`")
    })?;
    let Learner {
        gradient_booster: booster,
        learner_model_param: params,
        objective,
    } = file.learner;
    if !PLAIN.contains(&objective.name.as_str()) {
        return Err(unsupported(format!(
            "the objective `{}` transforms its sums",
            objective.name
        )));
    }
    let several = |count: &str| count.parse::<u64>().is_ok_and(|n| n > 1);
    if several(&params.num_class) || several(&params.num_target) {
        return Err(unsupported("the model predicts several values at once"));
    }
    let has: usize = params.num_feature.parse().unwrap_or(0);
    if has != columns {
        return Err(other_columns(has, columns));
    }
    let ensemble = match booster {
        Booster {
            name,
            model: Some(ensemble),
        } if name == "gbtree" => ensemble,
        booster => return Err(unsupported(format!("the booster is `{}`", booster.name))),
    };
    Ok(Forest {
        base: base_score(&params.base_score)?,
        comparison: Comparison::Below,
        trees: ensemble.trees.iter().map(tree).collect::<Result<_>>()?,
    })
}

/// A number in quotes, since version 3.1 perhaps in brackets.
fn base_score(value: &Value) -> Result<f64> {
    let text = value.as_str().unwrap_or_default();
    let number = text.trim_start_matches('[').trim_end_matches(']').parse();
    let base: f64 = number.map_err(|_| unsupported(format!("the base score is `{value}`")))?;
    finite("base score", base)
}

fn tree(nodes: &Nodes) -> Result<Tree> {
    if nodes.split_type.iter().any(|&kind| kind != 0) {
        return Err(unsupported("a tree splits by categories"));
    }
    let n = nodes.split_conditions.len();
    let sides = [
        nodes.left_children.len(),
        nodes.right_children.len(),
        nodes.split_indices.len(),
    ];
    if sides != [n; 3] {
        return Err(unsupported("a tree has nodes without numbers"));
    }
    let mut tree = Tree::default();
    for i in 0..n {
        let value = nodes.split_conditions[i];
        match (nodes.left_children[i], nodes.right_children[i]) {
            (-1, -1) => tree.leaf(finite("leaf", value)?),
            (left, right) => {
                let child = |c: i64| u32::try_from(c).unwrap_or(0);
                tree.push(nodes.split_indices[i], value, child(left), child(right));
            }
        }
    }
    Ok(tree)
}
