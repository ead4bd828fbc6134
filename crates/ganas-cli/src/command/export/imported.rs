//! Architectures read from files that `ganas export` and `ganas search` wrote.

use std::path::Path;

use anyhow::Result;
use ganas_core::arch::Arch;
use ganas_core::error::Error;
use ganas_core::read_regular_text;
use ganas_core::space::SearchSpace;
use ganas_train::Preprocessing;
use serde::Deserialize;

use super::network::Origin;

/// Advice for a file that does not hold an architecture.
const WRITTEN: &str = "name a file that `ganas export --to json` or `ganas search --json` wrote";

/// Fields of an exported architecture or of the result of a search. All else follows from them.
#[derive(Deserialize)]
pub struct Imported {
    /// Name of the space.
    pub space: String,
    arch: Option<String>,
    /// Architecture that a search trained in the end.
    winner: Option<Winner>,
    /// Architecture that a search found.
    best_arch: Option<String>,
}

#[derive(Deserialize)]
struct Winner {
    arch: String,
    /// Height, width and channels of the images that it was trained on.
    image: Option<[usize; 3]>,
    // Earlier versions did not write these.
    pixel_max: Option<u8>,
    mean: Option<Vec<f32>>,
    std: Option<Vec<f32>>,
    classes: Option<Vec<String>>,
}

impl Winner {
    /// Preparation of images for it, if all fields are present.
    fn preprocessing(self) -> Option<Preprocessing> {
        Some(Preprocessing {
            image: self.image?,
            pixel_max: self.pixel_max?,
            mean: self.mean?,
            std: self.std?,
            classes: self.classes?,
        })
    }
}

impl Imported {
    /// The architecture. The one that a search trained in the end comes before the one that it found.
    fn arch(&self) -> Option<&str> {
        let winner = self.winner.as_ref().map(|winner| &winner.arch);
        let found = self.arch.as_ref().or(winner).or(self.best_arch.as_ref());
        found.map(String::as_str)
    }

    /// Facts about the images of its network.
    ///
    /// # Errors
    /// If the preparation of images cannot be used.
    pub fn origin(self, file: &str) -> Result<Origin> {
        let Some(winner) = self.winner else {
            return Ok(Origin::default());
        };
        let size = winner.image.map(|[height, width, _]| [height, width]);
        let preprocessing = winner.preprocessing();
        if let Some(Err(what)) = preprocessing.as_ref().map(Preprocessing::check) {
            return Err(Error::input(what).mend(WRITTEN).in_file(file).into());
        }
        Ok(Origin {
            size,
            preprocessing,
        })
    }
}

/// Returns true if an architecture is given as a file.
pub fn is_file(text: &str) -> bool {
    text.ends_with(".json")
}

/// Reads an architecture from a notation, a name or a file.
///
/// # Errors
/// If it is not an architecture of the space.
pub fn read(space: &dyn SearchSpace, text: &str) -> Result<Arch> {
    if !is_file(text) {
        return space.parse(text).map_err(|why| {
            Error::input(format!("`{text}`: {why}"))
                .mend("write it as `ganas space sample` does")
                .into()
        });
    }
    let file = Path::new(text);
    let imported = open(text)?;
    if imported.space != space.name() {
        return Err(Error::input(format!(
            "the architecture is of the space `{}`, not of `{}`",
            imported.space,
            space.name()
        ))
        .mend("name its own space with `--space`")
        .in_file(file)
        .into());
    }
    let Some(arch) = imported.arch() else {
        return Err(Error::input("there is no architecture in it")
            .mend(WRITTEN)
            .in_file(file)
            .into());
    };
    (space.parse(arch)).map_err(|why| {
        Error::input(why)
            .mend("export the architecture again")
            .in_file(file)
            .into()
    })
}

/// Reads a file that holds an architecture.
///
/// # Errors
/// If it does not hold one.
pub fn open(text: &str) -> Result<Imported> {
    let file = Path::new(text);
    let refused = |what: String| Error::input(what).mend(WRITTEN).in_file(file);
    let read = read_regular_text(file).map_err(|e| refused(format!("cannot be read ({e})")))?;
    let imported = serde_json::from_str(&read)
        .map_err(|e| refused(format!("this is not an exported architecture ({e})")))?;
    Ok(imported)
}
