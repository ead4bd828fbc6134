//! Loaders on noise, on damaged files and on files cut short: an error, and never a panic.

mod files;

use std::fs;
use std::path::Path;

use ganas_data::load;
use image::ImageFormat;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A seed with some bytes changed, removed or repeated, or its end cut off.
fn mutated(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<Index>(), any::<u8>(), 0..4u8);
    (select(seeds), vec(edit, 0..6)).prop_map(|(mut bytes, edits)| {
        for (index, byte, kind) in edits {
            if bytes.is_empty() {
                break;
            }
            // Half of the edits in the header, where they tell.
            let range = if byte % 2 == 0 {
                bytes.len().min(64)
            } else {
                bytes.len()
            };
            let at = index.index(range);
            match kind {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

/// Loads a folder with a file replaced; whether it succeeds does not matter.
fn load_with_file(folder: &Path, file: &str, bytes: &[u8]) {
    fs::write(folder.join(file), bytes).unwrap();
    let _ = load(folder.to_str().unwrap());
}

fn cifar(inputs: &[Vec<u8>]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.bin");
    for bytes in inputs {
        fs::write(&file, bytes).unwrap();
        let _ = load(file.to_str().unwrap());
    }
}

fn idx(inputs: &[Vec<u8>]) {
    for file in [
        "train-images-idx3-ubyte",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte",
    ] {
        let folder = tempfile::tempdir().unwrap();
        files::mnist(folder.path());
        fs::remove_file(folder.path().join(file.trim_end_matches(".gz"))).unwrap();
        for bytes in inputs {
            load_with_file(folder.path(), file, bytes);
        }
    }
}

fn image(inputs: &[Vec<u8>]) {
    let folder = tempfile::tempdir().unwrap();
    files::plain(&folder.path().join("a/a.png"), [4, 4], [0; 3]);
    fs::create_dir(folder.path().join("b")).unwrap();
    for bytes in inputs {
        load_with_file(folder.path(), "b/b.png", bytes);
    }
}

proptest! {
    // One case of many inputs: a folder for each would take most of the time.
    #![proptest_config(ProptestConfig { cases: 1, failure_persistence: None, ..Default::default() })]

    #[test]
    fn noise_never_panics(data in vec(vec(any::<u8>(), 0..200), 500)) {
        cifar(&data);
        idx(&data);
        image(&data);
    }

    #[test]
    fn mutated_cifar_never_panics(data in vec(
        mutated(vec![files::cifar(&[&[0], &[9]]), files::cifar(&[&[1, 2], &[3, 4]])]),
        500,
    )) {
        cifar(&data);
    }

    #[test]
    fn mutated_idx_never_panics(data in vec(
        mutated(vec![
            files::idx(&[4, 2, 3], &[7; 24]),
            files::idx(&[4], &[0, 1, 2, 1]),
            files::gzip(&files::idx(&[4, 2, 3], &[7; 24])),
        ]),
        500,
    )) {
        idx(&data);
    }

    #[test]
    fn mutated_images_never_panic(data in vec(
        mutated(vec![files::encoded(ImageFormat::Png), files::encoded(ImageFormat::Jpeg)]),
        1000,
    )) {
        image(&data);
    }
}
