//! Devices on which networks are computed: the CPU or a graphics card.

#[cfg(any(feature = "cuda", feature = "wgpu"))]
mod cards;

use std::str::FromStr;

use ganas_core::error::{Error, Result};
use ganas_tensor::Device;

/// The name of the CPU.
pub const CPU: &str = "cpu";

/// The device that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The CPU: one thread a network.
    #[default]
    Cpu,
    /// A graphics card by its number, counted from 0. Cards with their own memory come first,
    /// software drivers last.
    Gpu(usize),
}

/// A device that is there and ready.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The device itself.
    pub device: Device,
    /// The device's name: [`CPU`], or the name of the card and its driver.
    pub name: String,
}

impl Choice {
    /// Opens the device. Burn would do so at its first use, and panic if it cannot. A card that is
    /// opened again is the same one.
    ///
    /// # Errors
    /// If this build has no support for graphics cards, there is no card of this number, or its
    /// driver fails.
    pub fn open(self) -> Result<Opened> {
        match self {
            Choice::Cpu => Ok(Opened {
                device: crate::cpu(),
                name: CPU.into(),
            }),
            Choice::Gpu(number) => card(number),
        }
    }
}

#[cfg(any(feature = "cuda", feature = "wgpu"))]
use cards::open as card;

#[cfg(not(any(feature = "cuda", feature = "wgpu")))]
fn card(_: usize) -> Result<Opened> {
    Err(Error::input("this build of ganas knows no graphics cards")
        .mend("build it with `cargo build --release --features wgpu`, or compute on the CPU"))
}

/// `cpu`, `gpu` for the first card, or `gpu:N`.
impl FromStr for Choice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let number = match text {
            CPU => return Ok(Choice::Cpu),
            "gpu" => Some("0"),
            _ => text.strip_prefix("gpu:"),
        };
        (number.and_then(|number| number.parse().ok()))
            .map(Choice::Gpu)
            .ok_or_else(|| {
                Error::input(format!("`{text}` is not a device"))
                    .mend("use cpu, gpu, or gpu:1 for the second graphics card")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_by_their_names() {
        let known = [
            ("cpu", Choice::Cpu),
            ("gpu", Choice::Gpu(0)),
            ("gpu:0", Choice::Gpu(0)),
            ("gpu:12", Choice::Gpu(12)),
        ];
        for (text, choice) in known {
            assert_eq!(text.parse::<Choice>().unwrap(), choice);
        }
        for text in ["", "GPU", "gpu:", "gpu:one", "gpu:-1", "gpu1", "cuda:0"] {
            let error = text.parse::<Choice>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}` is not a device; use cpu, gpu")));
        }
    }

    #[test]
    fn the_cpu_is_always_there() {
        let opened = Choice::default().open().unwrap();
        assert_eq!((opened.device, &*opened.name), (crate::cpu(), CPU));
    }

    #[cfg(not(any(feature = "cuda", feature = "wgpu")))]
    #[test]
    fn without_the_feature_an_error_says_how_to_build_it() {
        let error = Choice::Gpu(0).open().unwrap_err().to_string();
        assert!(
            error.contains("`cargo build --release --features wgpu`"),
            "{error}"
        );
    }
}
