//! Configuration spaces of published benchmarks.

use super::SearchSpace;
use crate::error::{Error, Result};
use crate::space::from_toml;

/// Returns the space file of a published space.
pub(in crate::space) fn shipped(name: &str) -> Option<&'static str> {
    Some(match name {
        "hwgpt-s" => include_str!("spaces/hwgpt-s.toml"),
        "hwgpt-m" => include_str!("spaces/hwgpt-m.toml"),
        "hwgpt-l" => include_str!("spaces/hwgpt-l.toml"),
        "jahs" => include_str!("spaces/jahs.toml"),
        "fcnet" => include_str!("spaces/fcnet.toml"),
        "autoformer-tiny" => include_str!("spaces/autoformer-tiny.toml"),
        _ => return None,
    })
}

/// Loads a published space.
///
/// # Errors
/// If there is none of this name.
pub(in crate::space) fn load(name: &str) -> Result<Box<dyn SearchSpace>> {
    let text = shipped(name).ok_or_else(|| Error::input(format!("unknown space `{name}`")))?;
    from_toml(text)
}

/// Rewrites the notation of HW-GPT-Bench's tables, `e384;nobias;h4m2;..;none`, as that of the space.
pub(super) fn hwgpt(text: &str) -> Option<String> {
    let mut words = text.split(';').map(str::trim);
    let embed = words.next()?.strip_prefix('e')?;
    let bias = words.next()?;
    let mut layers = Vec::new();
    for word in words {
        if word != "none" {
            layers.push(word.strip_prefix('h')?.split_once('m')?);
        }
    }
    let mut own = format!("embed={embed};bias={bias};layers={}", layers.len());
    for (i, (heads, mlp)) in (1..).zip(layers) {
        own += &format!(";heads.{i}={heads};mlp.{i}={mlp}");
    }
    Some(own)
}
