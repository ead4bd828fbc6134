//! IDX files, the layout of MNIST and its family (LeCun, Cortes and Burges 1998,
//! <http://yann.lecun.com/exdb/mnist/>): Fashion-MNIST, KMNIST, EMNIST and others.
//!
//! A file of images is the bytes 0, 0, 8, 3, then their number, rows and columns as big-endian
//! `u32`, then a byte a pixel; a file of labels is 0, 0, 8, 1, their number, and a byte each.

use std::io::Read;
use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result};

use crate::augment::Augment;
use crate::images::{Dataset, Images, Shape, numbered};
use crate::read::{name, open, unreadable};

const TRAIN: &str = "train-images-idx3-ubyte";
const TEST: &str = "t10k-images-idx3-ubyte";

/// Memory that a header may ask for before its data have been seen.
const TRUSTED: u64 = 1 << 26;

/// True if the folder holds any file of MNIST's names.
pub(crate) fn is_in(folder: &Path) -> bool {
    let images = [TRAIN, TEST].map(|f| folder.join(f));
    (images.iter()).any(|i| present(i).is_some() || present(&labels_of(i)).is_some())
}

/// Reads the training and the test pair of a folder.
pub(crate) fn folder(folder: &Path) -> Result<Dataset> {
    let train = pair(&folder.join(TRAIN))?;
    let test = pair(&folder.join(TEST))?;
    dataset(name(folder), train, Some(test))
}

/// Reads one file of images and its labels, without a test part.
pub(crate) fn file(images: &Path) -> Result<Dataset> {
    dataset(name(images), pair(images)?, None)
}

fn dataset(name: String, train: Part, test: Option<Part>) -> Result<Dataset> {
    let classes = 1 + usize::from(train.images.labels().iter().max().copied().unwrap_or(0));
    if classes < 2 {
        return Err(Error::input("every label is 0")
            .mend("give images of at least two classes")
            .in_file(train.labels_file));
    }
    let test = match test {
        Some(test) => {
            let beyond = |labels: &[u16]| labels.iter().position(|&l| usize::from(l) >= classes);
            if let Some(i) = beyond(test.images.labels()) {
                return Err(Error::input(format!(
                    "record {i} (byte offset {}): label {} where the training labels are 0 to {}",
                    8 + i,
                    test.images.labels()[i],
                    classes - 1
                ))
                .mend("use training and test files of the same dataset")
                .in_file(test.labels_file));
            }
            if test.images.shape() != train.images.shape() {
                return Err(Error::input(format!(
                    "images of {} where the training images are {}",
                    test.images.shape(),
                    train.images.shape()
                ))
                .mend("use training and test files of the same dataset")
                .in_file(test.images_file));
            }
            Some(test.images)
        }
        None => None,
    };
    let dataset = Dataset::new(name, numbered(classes), train.images, test)?;
    Ok(dataset.with_augment(Augment::mnist()))
}

/// Images, and the files that they are from.
struct Part {
    images: Images,
    images_file: PathBuf,
    labels_file: PathBuf,
}

/// Reads a file of images and the file of labels that belongs to it.
fn pair(images: &Path) -> Result<Part> {
    let find = |path: &Path| {
        present(path).ok_or_else(|| {
            Error::input("the file is missing, also with .gz")
                .mend("put it there; without a test part, give the file of the training images")
                .in_file(path)
        })
    };
    let images_file = find(images)?;
    let labels_file = find(&labels_of(images))?;
    let ([n, height, width], pixels) = read::<3>(&images_file)?;
    let ([labels], bytes) = read::<1>(&labels_file)?;
    if labels != n {
        return Err(Error::input(format!(
            "{labels} labels for the {n} images of {}",
            images_file.display()
        ))
        .mend("use files that belong together")
        .in_file(labels_file));
    }
    let shape = Shape {
        height,
        width,
        channels: 1,
    };
    let labels = bytes.into_iter().map(u16::from).collect();
    Ok(Part {
        images: Images::new(shape, pixels, labels)?,
        images_file,
        labels_file,
    })
}

/// Reads an IDX file of bytes with `D` dimensions.
fn read<const D: usize>(path: &Path) -> Result<([usize; D], Vec<u8>)> {
    let mut input = open(path)?;
    let mut word = || -> Result<u32> {
        let mut bytes = [0; 4];
        (input.read_exact(&mut bytes)).map_err(|e| unreadable(e, path))?;
        Ok(u32::from_be_bytes(bytes))
    };
    let magic = word()?;
    if magic != 0x0800 + D as u32 {
        return Err(Error::input(format!(
            "the file starts with {magic:#010x}, and an IDX file of bytes in {D} dimensions starts with {:#010x}",
            0x0800 + D
        ))
        .mend("check that it is the right file, and unpacked unless its name ends in .gz")
        .in_file(path));
    }
    let mut sizes = [0; D];
    let mut expected = Some(1u64);
    for size in &mut sizes {
        let value = word()?;
        expected = expected.and_then(|n| n.checked_mul(value.into()));
        *size = value as usize;
    }
    let damaged = |what: String| {
        let error = Error::input(what).mend("copy the file again");
        Err(error.in_file(path))
    };
    let header = 4 + 4 * D as u64;
    let Some(expected) = expected.filter(|&n| n > 0 && n < u64::MAX - header) else {
        return damaged(format!("the header's sizes {sizes:?} are not possible"));
    };
    let mut data = Vec::with_capacity(expected.min(TRUSTED) as usize);
    // One byte more, to see whether the data go on.
    (input.take(expected + 1).read_to_end(&mut data)).map_err(|e| unreadable(e, path))?;
    let found = data.len() as u64;
    if found < expected {
        return damaged(format!(
            "the data end at byte offset {}, and the header's sizes {sizes:?} need {}",
            header + found,
            header + expected
        ));
    }
    if found > expected {
        return damaged(format!(
            "the data go on after byte offset {}, where the header's sizes {sizes:?} end",
            header + expected
        ));
    }
    Ok((sizes, data))
}

/// The file of labels beside a file of images.
fn labels_of(images: &Path) -> PathBuf {
    let file = name(images);
    images.with_file_name(file.replace("images", "labels").replace("idx3", "idx1"))
}

/// The file itself, or with `.gz` added to its name or taken from it.
fn present(path: &Path) -> Option<PathBuf> {
    let file = name(path);
    let plain = file.strip_suffix(".gz").unwrap_or(&file);
    [file.clone(), plain.to_owned(), format!("{plain}.gz")]
        .into_iter()
        .map(|f| path.with_file_name(f))
        .find(|p| p.is_file())
}
