//! The binary layouts of CIFAR-10 and CIFAR-100 (Krizhevsky 2009, "Learning Multiple Layers of
//! Features from Tiny Images"; <https://www.cs.toronto.edu/~kriz/cifar.html>).
//!
//! A file is a sequence of records: one label byte in CIFAR-10, a coarse and a fine one in
//! CIFAR-100, then the red, the green and the blue plane of a 32 x 32 image, row by row.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result};

use crate::augment::Augment;
use crate::images::{Dataset, Images, Shape, numbered};
use crate::read::{open, size, unreadable};

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const SHAPE: Shape = Shape {
    height: SIDE,
    width: SIDE,
    channels: 3,
};

/// Images that memory is set aside for before they have been seen.
const TRUSTED: usize = 100_000;

/// One of the two layouts.
pub(crate) struct Layout {
    name: &'static str,
    /// The training files.
    pub(crate) train: &'static [&'static str],
    /// The test file.
    pub(crate) test: &'static str,
    /// The number of values of each label byte; the last one is the label.
    labels: &'static [u8],
    /// The file that names the classes, one a line.
    names: &'static str,
    archive: &'static str,
}

/// CIFAR-10.
pub(crate) const CIFAR10: Layout = Layout {
    name: "cifar10",
    train: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    test: "test_batch.bin",
    labels: &[10],
    names: "batches.meta.txt",
    archive: "cifar-10-binary.tar.gz",
};

/// CIFAR-100, with its 100 fine classes.
pub(crate) const CIFAR100: Layout = Layout {
    name: "cifar100",
    train: &["train.bin"],
    test: "test.bin",
    labels: &[20, 100],
    names: "fine_label_names.txt",
    archive: "cifar-100-binary.tar.gz",
};

impl Layout {
    /// True if the folder holds any file of this layout.
    pub(crate) fn is_in(&self, folder: &Path) -> bool {
        (self.train.iter().chain([&self.test])).any(|file| folder.join(file).is_file())
    }

    fn record(&self) -> usize {
        self.labels.len() + 3 * PLANE
    }
}

/// Reads all files of a folder.
pub(crate) fn folder(folder: &Path, layout: &Layout) -> Result<Dataset> {
    let mut paths: Vec<PathBuf> = layout.train.iter().map(|f| folder.join(f)).collect();
    paths.push(folder.join(layout.test));
    if let Some(missing) = paths.iter().find(|p| !p.is_file()) {
        return Err(
            Error::input(format!("a file of {} is missing", layout.name))
                .mend(format!(
                    "unpack {} again, or give one of its files alone",
                    layout.archive
                ))
                .in_file(missing),
        );
    }
    files(&paths, layout, paths.len() - 1)
}

/// Reads one file, which has no test part.
pub(crate) fn file(path: &Path) -> Result<Dataset> {
    let size = size(path)?;
    let fits = |layout: &Layout| size.is_multiple_of(layout.record() as u64);
    let named =
        |layout: &Layout| (layout.train.iter().chain([&layout.test])).any(|f| path.ends_with(f));
    let layouts = [&CIFAR10, &CIFAR100];
    let layout = (layouts.into_iter().find(|l| named(l)))
        .or_else(|| layouts.into_iter().find(|l| fits(l)))
        .unwrap_or(&CIFAR10);
    files(&[path.to_owned()], layout, 1)
}

/// Reads files. The files from index `test_from` on are the test part.
fn files(paths: &[PathBuf], layout: &Layout, test_from: usize) -> Result<Dataset> {
    let record = layout.record() as u64;
    let mut counts = Vec::with_capacity(paths.len());
    for path in paths {
        let size = size(path)?;
        if size == 0 {
            let error = Error::input("the file is empty").mend("copy it again");
            return Err(error.in_file(path));
        }
        if !size.is_multiple_of(record) {
            return Err(Error::input(format!(
                "{size} bytes are {} records of {record} bytes and {} bytes more, which is not {}'s binary layout",
                size / record,
                size % record,
                layout.name
            ))
            .mend("copy the file again, or check that it is the binary version")
            .in_file(path));
        }
        counts.push((size / record) as usize);
    }
    // A file may claim more than it has: one with holes takes no space.
    let total = counts.iter().fold(0usize, |sum, n| sum.saturating_add(*n));
    let trusted = total.min(TRUSTED);
    let mut pixels = Vec::with_capacity(trusted * 3 * PLANE);
    let mut labels = Vec::with_capacity(trusted);
    for (path, &count) in paths.iter().zip(&counts) {
        read(path, layout, count, &mut pixels, &mut labels)?;
    }
    let images = Images::new(SHAPE, pixels, labels)?;
    let classes = names(&paths[0], layout);
    let dataset = Dataset::joined(
        layout.name,
        classes,
        images,
        counts[..test_from].iter().sum(),
    )?;
    Ok(dataset.with_augment(Augment::cifar()))
}

/// Reads the records of a file, and turns planes into pixels.
fn read(
    path: &Path,
    layout: &Layout,
    count: usize,
    pixels: &mut Vec<u8>,
    labels: &mut Vec<u16>,
) -> Result<()> {
    let mut input = open(path)?;
    let mut record = vec![0; layout.record()];
    let mut was_empty = false;
    for i in 0..count {
        (input.read_exact(&mut record)).map_err(|e| unreadable(e, path))?;
        let is_empty = record.iter().all(|byte| *byte == 0);
        if is_empty && was_empty {
            return Err(Error::input(format!(
                "records {} and {i} (byte offset {}) hold nothing but zeros: the file has a hole",
                i - 1,
                (i - 1) * layout.record()
            ))
            .mend("copy the file again")
            .in_file(path));
        }
        was_empty = is_empty;
        let (tags, planes) = record.split_at(layout.labels.len());
        for (k, (&tag, &values)) in tags.iter().zip(layout.labels).enumerate() {
            if tag >= values {
                return Err(Error::input(format!(
                    "record {i} (byte offset {}): label {tag} where {} has 0 to {}",
                    i * layout.record() + k,
                    layout.name,
                    values - 1
                ))
                .mend("copy the file again, or check that it is the binary version")
                .in_file(path));
            }
        }
        labels.extend(tags.last().map(|&t| u16::from(t)));
        let (red, rest) = planes.split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        for ((&r, &g), &b) in red.iter().zip(green).zip(blue) {
            pixels.extend_from_slice(&[r, g, b]);
        }
    }
    Ok(())
}

/// The names of the classes as the file beside the data gives them; their numbers without it.
fn names(beside: &Path, layout: &Layout) -> Vec<String> {
    // Not empty: each layout has a label.
    let count = usize::from(layout.labels[layout.labels.len() - 1]);
    let text = fs::read_to_string(beside.with_file_name(layout.names)).unwrap_or_default();
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let names: Vec<String> = lines.map(str::to_owned).collect();
    if names.len() == count {
        names
    } else {
        numbered(count)
    }
}
