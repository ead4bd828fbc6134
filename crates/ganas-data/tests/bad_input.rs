//! Unusable input is an error that names the file, the place and the mend.

mod files;

use std::fs;
use std::path::Path;

use ganas_core::error::Error;
use ganas_data::{
    Augment, BatchConfig, Batches, Dataset, Images, Normalisation, Portion, Resize, Shape, Split,
    SplitConfig, digits, load, load_with,
};
use image::ImageFormat;

/// The message; all of these are the user's input.
fn message<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("no error"),
        Err(e @ Error::Input(_)) => e.to_string(),
        Err(other) => panic!("not an input error: {other}"),
    }
}

#[track_caller]
fn says(path: &Path, parts: &[&str]) {
    said(message(load(path.to_str().unwrap())), parts);
}

#[track_caller]
fn said(message: String, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "'{part}' is not in: {message}");
    }
    assert!(message.contains("; "), "no mend in: {message}");
}

#[test]
fn no_such_dataset() {
    said(
        message(load("digit")),
        &["'digit'", "did you mean 'digits'"],
    );
    said(
        message(load("cifar10")),
        &["'cifar10'", "CIFAR's binary files"],
    );
    let folder = tempfile::tempdir().unwrap();
    says(
        folder.path(),
        &["data_batch_1.bin", "train-images-idx3-ubyte", "sub-folder"],
    );
    let archive = folder.path().join("cifar-10-binary.tar.gz");
    fs::write(&archive, "x").unwrap();
    says(&archive, &["cifar-10-binary.tar.gz", "unpack"]);
}

#[test]
fn cifar_with_a_missing_file() {
    let folder = tempfile::tempdir().unwrap();
    files::cifar10(folder.path());
    fs::remove_file(folder.path().join("data_batch_4.bin")).unwrap();
    says(
        folder.path(),
        &["data_batch_4.bin", "missing", "cifar-10-binary.tar.gz"],
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("train.bin"), files::cifar(&[&[0, 0]])).unwrap();
    says(folder.path(), &["test.bin", "missing"]);
}

#[test]
fn cifar_with_a_truncated_or_empty_file() {
    let folder = tempfile::tempdir().unwrap();
    files::cifar10(folder.path());
    let file = folder.path().join("data_batch_2.bin");
    fs::write(&file, &files::cifar(&[&[0], &[1]])[..5000]).unwrap();
    says(
        folder.path(),
        &[
            "data_batch_2.bin",
            "1 records of 3073 bytes and 1927 bytes more",
        ],
    );
    fs::write(&file, "").unwrap();
    says(folder.path(), &["data_batch_2.bin", "empty"]);
}

#[test]
fn cifar_with_a_label_out_of_range() {
    let folder = tempfile::tempdir().unwrap();
    files::cifar10(folder.path());
    fs::write(
        folder.path().join("test_batch.bin"),
        files::cifar(&[&[9], &[10]]),
    )
    .unwrap();
    says(
        folder.path(),
        &[
            "test_batch.bin",
            "record 1 (byte offset 3073)",
            "label 10",
            "0 to 9",
        ],
    );
    let file = folder.path().join("train.bin");
    fs::write(&file, files::cifar(&[&[1, 99], &[20, 3]])).unwrap();
    says(
        &file,
        &["record 1 (byte offset 3074)", "label 20", "0 to 19"],
    );
    fs::write(&file, files::cifar(&[&[1, 100]])).unwrap();
    says(&file, &["record 0 (byte offset 1)", "label 100", "0 to 99"]);
}

#[test]
fn idx_with_a_missing_file() {
    for file in ["train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"] {
        let folder = tempfile::tempdir().unwrap();
        files::mnist(folder.path());
        fs::remove_file(folder.path().join(file)).unwrap();
        says(folder.path(), &[file, "missing, also with .gz"]);
    }
}

/// A small MNIST with one file replaced.
#[track_caller]
fn with_idx(file: &str, bytes: &[u8], parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    files::mnist(folder.path());
    let _ = fs::remove_file(folder.path().join(file.trim_end_matches(".gz")));
    fs::write(folder.path().join(file), bytes).unwrap();
    says(folder.path(), &[&[file], parts].concat());
}

#[test]
fn idx_with_damage() {
    let images = "train-images-idx3-ubyte";
    let labels = "train-labels-idx1-ubyte";
    let whole = files::idx(&[4, 2, 3], &[0; 24]);
    with_idx(
        images,
        &whole[..39],
        &["end at byte offset 39", "[4, 2, 3] need 40"],
    );
    with_idx(
        images,
        &[&whole[..], &[0]].concat(),
        &["go on after byte offset 40"],
    );
    with_idx(images, &whole[..7], &["ends too early"]);
    with_idx(
        images,
        &files::gzip(&whole),
        &["starts with 0x1f8b0800", "0x00000803"],
    );
    with_idx(images, &files::idx(&[4, 0, 3], &[]), &["[4, 0, 3]"]);
    with_idx(
        images,
        &files::idx(&[u32::MAX; 3], &[0; 9]),
        &["4294967295", "not possible"],
    );
    with_idx(
        images,
        &files::idx(&[u32::MAX, 2, 3], &[0; 9]),
        &["end at byte offset 25"],
    );
    with_idx(
        labels,
        &files::idx(&[3], &[0, 1, 2]),
        &["3 labels for the 4 images", images],
    );
    with_idx(labels, &files::idx(&[4], &[0; 4]), &["every label is 0"]);
    let test = "t10k-labels-idx1-ubyte";
    with_idx(
        test,
        &files::idx(&[2], &[0, 3]),
        &["record 1 (byte offset 9)", "label 3", "0 to 2"],
    );
    let test = "t10k-images-idx3-ubyte";
    with_idx(
        test,
        &files::idx(&[2, 3, 2], &[0; 12]),
        &["3 x 2 x 1", "2 x 3 x 1"],
    );
    let packed = files::gzip(&whole);
    let name = "train-images-idx3-ubyte.gz";
    with_idx(name, &packed[..packed.len() - 9], &["ends too early"]);
    with_idx(name, b"not compressed at all", &["damaged"]);
}

#[test]
fn folder_with_one_class() {
    let folder = tempfile::tempdir().unwrap();
    files::plain(&folder.path().join("cat/a.png"), [4, 4], [0; 3]);
    says(folder.path(), &["only sub-folder is cat", "two classes"]);
}

#[test]
fn folder_with_an_empty_class() {
    let folder = tempfile::tempdir().unwrap();
    files::classes(folder.path(), [4, 4]);
    fs::create_dir(folder.path().join("owl")).unwrap();
    says(
        folder.path(),
        &["owl", "no PNG or JPEG", "remove the folder"],
    );
}

#[test]
fn folder_with_other_images() {
    let folder = tempfile::tempdir().unwrap();
    files::classes(folder.path(), [4, 4]);
    fs::write(folder.path().join("dog/b.WebP"), "x").unwrap();
    says(
        folder.path(),
        &["b.WebP", "webp images are not read", "convert"],
    );
}

#[test]
fn folder_with_images_of_different_sizes() {
    let folder = tempfile::tempdir().unwrap();
    files::classes(folder.path(), [4, 4]);
    files::plain(&folder.path().join("dog/b.png"), [4, 5], [0; 3]);
    let kept = load_with(folder.path().to_str().unwrap(), Resize::Keep);
    said(
        message(kept),
        &["dog/b.png", "5 x 4", "cat/a.png is 4 x 4", "size"],
    );
    load(folder.path().to_str().unwrap()).unwrap();
    let resize = Resize::To {
        height: 0,
        width: 4,
    };
    said(
        message(load_with(folder.path().to_str().unwrap(), resize)),
        &["0 x 4"],
    );
}

#[test]
fn undecodable_images() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let whole = files::encoded(format);
        let folder = tempfile::tempdir().unwrap();
        files::classes(folder.path(), [4, 4]);
        let file = folder.path().join("dog/b.png");
        let n = whole.len();
        // The last bytes of a PNG file are the checksum of an empty chunk.
        let last = if format == ImageFormat::Jpeg {
            n - 1
        } else {
            n - 20
        };
        for cut in [0, 1, 10, n / 2, n * 9 / 10, last] {
            fs::write(&file, &whole[..cut]).unwrap();
            says(
                folder.path(),
                &[
                    "dog/b.png",
                    "not a PNG or JPEG image",
                    "copy the file again",
                ],
            );
        }
        fs::write(&file, &whole).unwrap();
        load(folder.path().to_str().unwrap()).unwrap();
    }
}

#[test]
fn an_image_too_large_for_memory() {
    let folder = tempfile::tempdir().unwrap();
    files::classes(folder.path(), [4, 4]);
    let mut bytes = files::encoded(ImageFormat::Png);
    // The header chunk: width and height at offset 16, its checksum at 29.
    bytes[16..24].copy_from_slice(&[0, 0, 0x40, 0, 0, 0, 0x40, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    fs::write(folder.path().join("dog/b.png"), bytes).unwrap();
    says(
        folder.path(),
        &["dog/b.png", "16384 x 16384", "256 MiB", "scale it down"],
    );
}

#[test]
fn folders_of_parts_that_do_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    files::classes(&folder.path().join("train"), [4, 4]);
    says(
        folder.path(),
        &["only sub-folder is train", "train, val and test"],
    );
    for part in ["test", "val"] {
        let file = |file: &str| folder.path().join(part).join(file);
        fs::create_dir(folder.path().join(part)).unwrap();
        says(folder.path(), &[part, "no sub-folder", "as in train"]);
        files::plain(&file("cat/a.png"), [4, 4], [0; 3]);
        says(folder.path(), &[part, "no sub-folder dog", "add it"]);
        files::plain(&file("dog/a.png"), [4, 4], [0; 3]);
        files::plain(&file("cow/a.png"), [4, 4], [0; 3]);
        says(
            folder.path(),
            &[&format!("{part}/cow"), "training images do not have"],
        );
        fs::remove_dir_all(file("cow")).unwrap();
    }
    fs::create_dir(folder.path().join("valid")).unwrap();
    says(folder.path(), &["valid", "in val", "keep one"]);
    fs::remove_dir_all(folder.path().join("valid")).unwrap();
    fs::remove_dir_all(folder.path().join("train/cat")).unwrap();
    says(folder.path(), &["train", "only sub-folder is dog"]);
    fs::remove_dir_all(folder.path().join("train/dog")).unwrap();
    says(folder.path(), &["train", "no sub-folder", "two classes"]);
}

const SHAPE: Shape = Shape {
    height: 1,
    width: 2,
    channels: 1,
};

#[test]
fn own_images_that_do_not_fit() {
    let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
    let images = |labels: &[u16]| Images::new(SHAPE, vec![0; 2 * labels.len()], labels.to_vec());
    let new = |classes, labels: &[u16]| {
        Dataset::new("own", names(classes), images(labels).unwrap(), None)
    };
    said(message(new(1, &[0])), &["1 class"]);
    said(message(new(2, &[])), &["no image"]);
    said(message(new(2, &[0, 2])), &["image 1", "label 2", "0 to 1"]);
    assert!(message(Images::new(SHAPE, vec![0; 3], vec![0])).contains("3 values"));
    let none = Shape { width: 0, ..SHAPE };
    assert!(message(Images::new(none, vec![], vec![0])).contains("1 x 0 x 1"));
    let tall = Shape {
        height: 2,
        width: 1,
        ..SHAPE
    };
    let other = Images::new(tall, vec![0; 2], vec![0]).unwrap();
    let mixed = Dataset::new("own", names(2), images(&[0, 1]).unwrap(), Some(other));
    said(message(mixed), &["2 x 1 x 1", "1 x 2 x 1"]);
}

#[test]
fn splits_that_cannot_be_cut() {
    let digits = digits().unwrap();
    let split = |validation: Portion, test: Portion| {
        message(Split::new(&digits, &SplitConfig { validation, test }, 0))
    };
    let fifth = Portion::Share(0.2);
    said(
        split(Portion::Share(1.0), fifth),
        &["validation share of 1.0"],
    );
    said(
        split(fifth, Portion::Share(f64::NAN)),
        &["test share of NaN"],
    );
    said(
        split(Portion::Count(1430), fifth),
        &["1430 out of 1438", "at most 1428"],
    );
    said(
        split(fifth, Portion::Count(usize::MAX)),
        &["test part of", "at most 1787"],
    );
    said(message("half".parse::<Portion>()), &["'half'", "10000"]);
}

#[test]
fn cifar_with_holes() {
    let folder = tempfile::tempdir().unwrap();
    files::cifar10(folder.path());
    let file = folder.path().join("data_batch_3.bin");
    let record = 3073;
    // An end that never arrived, and far more than memory holds.
    for records in [4, 1 << 30] {
        let sparse = fs::OpenOptions::new().write(true).open(&file).unwrap();
        sparse.set_len(records * record).unwrap();
        says(
            folder.path(),
            &[
                "data_batch_3.bin",
                "records 2 and 3",
                "byte offset 6146",
                "hole",
            ],
        );
    }
}

#[cfg(unix)]
#[test]
fn devices_and_pipes_as_images() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["a", "b"] {
        let file = folder.path().join(class).join("1.png");
        files::plain(&file, [4, 4], [9, 9, 9]);
    }
    let link = folder.path().join("b/2.png");
    std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
    says(folder.path(), &["2.png", "not a regular file"]);
    fs::remove_file(&link).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&link).status();
    assert!(made.unwrap().success());
    says(folder.path(), &["2.png", "not a regular file"]);
    let pipe = folder.path().join("train.bin");
    fs::rename(&link, &pipe).unwrap();
    says(&pipe, &["train.bin", "not a regular file"]);
}

#[test]
fn batches_that_cannot_be_made() {
    let digits = digits().unwrap();
    let all: Vec<u32> = (0..100).collect();
    let normal = Normalisation::measure(&digits, &all).unwrap();
    let train = |images: &[u32], normal: &Normalisation, config: BatchConfig| {
        message(Batches::train(&digits, images, normal, &config, 0, 0))
    };
    let with = |augment| BatchConfig {
        augment: Some(augment),
        ..Default::default()
    };
    let none = BatchConfig {
        size: 0,
        ..Default::default()
    };
    said(train(&all, &normal, none), &["0 images"]);
    said(
        train(&[1797], &normal, BatchConfig::default()),
        &["image 1797", "1797 images"],
    );
    let pad = Augment {
        pad: 9,
        ..Augment::none()
    };
    said(train(&all, &normal, with(pad)), &["pad = 9", "at most 8"]);
    let cutout = Augment {
        cutout: usize::MAX,
        ..Augment::none()
    };
    said(train(&all, &normal, with(cutout)), &["cutout", "at most 8"]);
    let colour = Normalisation {
        mean: vec![0.0; 3],
        std: vec![1.0; 3],
    };
    said(
        train(&all, &colour, BatchConfig::default()),
        &["3 means", "1 channels"],
    );
    let flat = Normalisation {
        mean: vec![0.0],
        std: vec![0.0],
    };
    said(train(&all, &flat, BatchConfig::default()), &["deviation"]);
    assert!(message(Normalisation::measure(&digits, &[])).contains("no image"));
    assert!(message(Normalisation::measure(&digits, &[9999])).contains("image 9999"));
}
