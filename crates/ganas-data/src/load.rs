//! Choice of the loader for a dataset.

use std::path::Path;

use ganas_core::error::{Error, Result, nearest};
use serde::{Deserialize, Serialize};

use crate::images::Dataset;
use crate::{cifar, digits, folder, idx};

/// Resizing of the images of folders by [`load_with`]. Other datasets have one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Resize {
    /// The largest part of each image that has the proportions of this size, out of its middle,
    /// is scaled to it.
    To {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
    },
    /// Images stay as they are, and all have to be of one size.
    Keep,
}

impl Default for Resize {
    /// 32 x 32, as CIFAR (ours).
    fn default() -> Self {
        Resize::To {
            height: 32,
            width: 32,
        }
    }
}

/// Loads a dataset: [`load_with`] and images of folders scaled to 32 x 32.
///
/// # Errors
/// Those of [`load_with`].
pub fn load(spec: &str) -> Result<Dataset> {
    load_with(spec, Resize::default())
}

/// Loads the dataset that a word or a path means:
///
/// - `digits`: the [digits](crate::digits()) that are built in;
/// - a folder with CIFAR-10 in its binary layout (`data_batch_1.bin` to `data_batch_5.bin` and
///   `test_batch.bin`), with CIFAR-100 in its own (`train.bin`, `test.bin`; the 100 fine
///   classes), or a folder that holds `cifar-10-batches-bin` or `cifar-100-binary`;
/// - a folder with the IDX files of MNIST or a relative (`train-images-idx3-ubyte`,
///   `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`), each plain
///   or with `.gz`;
/// - a folder of PNG and JPEG images with a sub-folder for each class (classes and images in the
///   order of their names), or with such folders `train`, `val` (or `valid`, `validation`) and
///   `test` of the same classes, one of the last two at least; transparency is left out, and images
///   that are all grey have one channel; hidden files and what operating systems add, such as
///   `__MACOSX`, are passed over;
/// - one `.bin` file of CIFAR, or one IDX file of images with its labels beside it: a dataset
///   without a test part.
///
/// # Errors
/// If there is no such dataset, or it is damaged. The message names the file, the place in it and
/// the remedy.
pub fn load_with(spec: &str, resize: Resize) -> Result<Dataset> {
    if spec == "digits" {
        return digits::digits();
    }
    let path = Path::new(spec);
    if path.is_dir() {
        load_folder(path, resize)
    } else if path.exists() {
        load_file(path)
    } else {
        let error = Error::input(format!(
            "no dataset '{spec}': it is neither a built-in one (digits) nor a file or folder"
        ));
        Err(match nearest(spec, ["digits"]) {
            Some(word) => error.mend(format!("did you mean '{word}'?")),
            None => error.mend(
                "give digits, or the path of CIFAR's binary files, of IDX files, or of a folder with a sub-folder of images for each class",
            ),
        })
    }
}

fn load_folder(path: &Path, resize: Resize) -> Result<Dataset> {
    for inner in [
        path,
        &path.join("cifar-10-batches-bin"),
        &path.join("cifar-100-binary"),
    ] {
        for layout in [&cifar::CIFAR10, &cifar::CIFAR100] {
            if layout.is_in(inner) {
                return cifar::folder(inner, layout);
            }
        }
    }
    if idx::is_in(path) {
        return idx::folder(path);
    }
    folder::folder(path, resize)?.ok_or_else(|| {
        Error::input("the folder holds no dataset")
            .mend("give one with data_batch_1.bin (CIFAR-10), with train.bin (CIFAR-100), with train-images-idx3-ubyte (MNIST and its family), or with a sub-folder of PNG or JPEG images for each class")
            .in_file(path)
    })
}

fn load_file(path: &Path) -> Result<Dataset> {
    let file = crate::read::name(path);
    if file.ends_with(".bin") {
        cifar::file(path)
    } else if file.contains("images") && file.contains("idx3") {
        idx::file(path)
    } else {
        Err(Error::input("the name of the file is not that of a dataset")
            .mend("give a .bin file of CIFAR's binary layout, an IDX file of images (its name holds 'images' and 'idx3'), or a folder; unpack an archive first")
            .in_file(path))
    }
}
