//! Preparation of images for a network: all that is needed to use its weights elsewhere.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The preparation of images for a network, and the names of its outputs.
///
/// A pixel becomes `(pixel - mean) / std`, by numbers of its channel. Images of folders were cut to a
/// square out of their middle and scaled before, to the height and the width of `image`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// Height, width and channels of the images.
    pub image: [usize; 3],
    /// The largest value of a pixel: 255, or 16 in the digits.
    pub pixel_max: u8,
    /// The mean of each channel over the training images, in units of the pixels.
    pub mean: Vec<f32>,
    /// The standard deviation of each channel.
    pub std: Vec<f32>,
    /// The names of the classes, in the order of the logits.
    pub classes: Vec<String>,
}

/// The fields, as metadata of files name them.
const FIELDS: [&str; 5] = ["image", "pixel_max", "mean", "std", "classes"];

impl Preprocessing {
    /// The parts by name, each as JSON: metadata for files of weights and models.
    pub fn metadata(&self) -> Vec<(String, String)> {
        fn json(value: &impl Serialize) -> String {
            serde_json::to_string(value).expect("numbers and texts are JSON")
        }
        let values = [
            json(&self.image),
            json(&self.pixel_max),
            json(&self.mean),
            json(&self.std),
            json(&self.classes),
        ];
        let names = FIELDS.iter().map(|name| (*name).to_owned());
        names.zip(values).collect()
    }

    /// Reads the preparation from metadata of that form. Returns `None` if it is absent.
    ///
    /// # Errors
    /// If a part is missing, is not JSON or is out of range. The message names the part and the
    /// reason.
    pub fn from_metadata(metadata: &HashMap<String, String>) -> Result<Option<Self>, String> {
        if !FIELDS.iter().any(|name| metadata.contains_key(*name)) {
            return Ok(None);
        }
        let mut fields = Map::new();
        for name in FIELDS {
            let text = (metadata.get(name)).ok_or_else(|| format!("its metadata lack `{name}`"))?;
            let value = serde_json::from_str(text)
                .map_err(|e| format!("`{name}` in its metadata is not JSON ({e})"))?;
            fields.insert(name.to_owned(), value);
        }
        let read: Preprocessing = serde_json::from_value(Value::Object(fields))
            .map_err(|e| format!("its metadata cannot be read ({e})"))?;
        read.check()?;
        Ok(Some(read))
    }

    /// Checks that the parts fit each other.
    ///
    /// # Errors
    /// If the parts do not fit each other.
    pub fn check(&self) -> Result<(), String> {
        let channels = self.image[2];
        if self.mean.len() != channels || self.std.len() != channels {
            return Err(format!(
                "{} means and {} deviations are given for {channels} channels",
                self.mean.len(),
                self.std.len()
            ));
        }
        let finite = self.mean.iter().all(|mean| mean.is_finite());
        if !finite || !self.std.iter().all(|std| std.is_finite() && *std > 0.0) {
            return Err("a mean is not finite, or a deviation not positive".into());
        }
        if self.pixel_max == 0 {
            return Err("the largest value of a pixel is 0".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Preprocessing {
        Preprocessing {
            image: [8, 8, 1],
            pixel_max: 16,
            mean: vec![4.879_001],
            std: vec![6.1],
            classes: vec!["a \"b\"".into(), "ü".into()],
        }
    }

    #[test]
    fn it_comes_back_from_metadata() {
        let metadata: HashMap<String, String> = known().metadata().into_iter().collect();
        assert_eq!(Preprocessing::from_metadata(&metadata), Ok(Some(known())));
        assert_eq!(Preprocessing::from_metadata(&HashMap::new()), Ok(None));
    }

    #[test]
    fn metadata_that_do_not_fit_are_refused() {
        for (name, value, says) in [
            ("mean", Some("[1.0, 2.0]"), "2 means"),
            ("std", Some("[0.0]"), "not positive"),
            ("pixel_max", Some("0"), "largest value"),
            ("classes", Some("a, b"), "`classes` in its metadata"),
            ("image", None, "lack `image`"),
        ] {
            let mut metadata: HashMap<String, String> = known().metadata().into_iter().collect();
            match value {
                Some(value) => drop(metadata.insert(name.into(), value.into())),
                None => drop(metadata.remove(name)),
            }
            let error = Preprocessing::from_metadata(&metadata).unwrap_err();
            assert!(error.contains(says), "{name}: {error}");
        }
    }
}
