//! Names of ops in the spelling of this program and of others.

use crate::error::hint;

/// Other names of common ops, NASLib's class names among them.
const ALIASES: [(&str, &str); 10] = [
    ("zero", "none"),
    ("zeroize", "none"),
    ("identity", "skip_connect"),
    ("skip", "skip_connect"),
    ("skip-connect", "skip_connect"),
    ("reluconvbn1x1", "nor_conv_1x1"),
    ("reluconvbn3x3", "nor_conv_3x3"),
    ("avgpool1x1", "avg_pool_3x3"),
    ("avgpool", "avg_pool_3x3"),
    ("maxpool", "max_pool_3x3"),
];

/// Returns true if a name stands for the op that carries nothing, `none`.
pub fn is_none(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == "none" || ALIASES.contains(&(&lower, "none"))
}

/// Returns the index of an op by exactly its name.
///
/// # Errors
/// If there is none; the message names the nearest one.
pub(super) fn exact_op_index(ops: &[String], name: &str) -> Result<u8, String> {
    if let Some(index) = ops.iter().position(|op| op == name) {
        return Ok(index as u8);
    }
    let known: Vec<&str> = ops.iter().map(String::as_str).collect();
    let hint = hint(name, &known, "the ops are");
    Err(format!("unknown op `{name}`; {hint}"))
}

/// Returns the index of the op that a name stands for: its own name, or the only op that has the
/// same name but for capitals, the same number (`6.0` for `6`), or another usual name (`conv_3x3`
/// for `nor_conv_3x3`, `conv3x3` for `conv3x3-bn-relu`).
pub(super) fn op_index(ops: &[String], name: &str) -> Result<u8, String> {
    let exact = exact_op_index(ops, name);
    if exact.is_ok() {
        return exact;
    }
    let lower = name.to_ascii_lowercase();
    let number = name.parse::<f64>().ok();
    let alias = (ALIASES.iter()).find_map(|(alias, op)| (*alias == lower).then_some(*op));
    let readings: [&dyn Fn(&str) -> bool; 4] = [
        &|op| op.eq_ignore_ascii_case(name),
        &|op| number.is_some() && op.parse::<f64>().ok() == number,
        &|op| {
            op.strip_prefix("nor_") == Some(&lower) || op.strip_suffix("-bn-relu") == Some(&lower)
        },
        &|op| alias == Some(op),
    ];
    for reading in readings {
        let mut found = (ops.iter().zip(0..)).filter(|(op, _)| reading(op));
        if let (Some((_, index)), None) = (found.next(), found.next()) {
            return Ok(index);
        }
    }
    exact
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_stand_for_the_only_op_that_fits() {
        let ops = [
            "none",
            "skip_connect",
            "nor_conv_3x3",
            "6",
            "true",
            "conv1x1-bn-relu",
        ];
        let ops = ops.map(str::to_owned);
        for (name, index) in [
            ("none", 0),
            ("Zero", 0),
            ("Identity", 1),
            ("conv_3x3", 2),
            ("ReLUConvBN3x3", 2),
            ("6.0", 3),
            ("TRUE", 4),
            ("conv1x1", 5),
        ] {
            assert_eq!(op_index(&ops, name), Ok(index), "{name}");
        }
        for name in ["7.0", "conv_5x5", "1"] {
            assert!(op_index(&ops, name).is_err(), "{name}");
        }
        // Two fit.
        let ops = ["a", "A", "conv_3x3", "nor_conv_3x3"].map(str::to_owned);
        assert_eq!(op_index(&ops, "conv_3x3"), Ok(2));
        assert_eq!(op_index(&ops, "A"), Ok(1));
    }
}
