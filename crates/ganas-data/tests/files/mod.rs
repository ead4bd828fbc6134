//! Dataset files, written as their formats are defined.
#![allow(dead_code)]

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use image::{ImageFormat, Rgb, RgbImage};

/// Records of CIFAR: `tags` label bytes, then planes where pixel `p` of plane `c` of record `i` is
/// `7 i + 50 c + p`, wrapped.
pub fn cifar(labels: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (i, tags) in labels.iter().enumerate() {
        bytes.extend_from_slice(tags);
        for c in 0..3 {
            bytes.extend((0..1024).map(|p| (7 * i + 50 * c + p) as u8));
        }
    }
    bytes
}

/// A whole small CIFAR-10: two images of each file, labels 0 and 1, and two more of the test.
pub fn cifar10(folder: &Path) {
    for batch in 1..=5 {
        let file = format!("data_batch_{batch}.bin");
        fs::write(folder.join(file), cifar(&[&[0], &[9]])).unwrap();
    }
    fs::write(folder.join("test_batch.bin"), cifar(&[&[3], &[4], &[5]])).unwrap();
}

/// An IDX file of bytes.
pub fn idx(sizes: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|s| bytes.extend(s.to_be_bytes()));
    bytes.extend_from_slice(data);
    bytes
}

/// A whole small MNIST: images of 2 x 3, four to train on and two to test.
pub fn mnist(folder: &Path) {
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).unwrap();
    let pixels: Vec<u8> = (0..24).collect();
    write("train-images-idx3-ubyte", idx(&[4, 2, 3], &pixels));
    write("train-labels-idx1-ubyte", idx(&[4], &[0, 1, 2, 1]));
    write("t10k-images-idx3-ubyte", idx(&[2, 2, 3], &pixels[12..]));
    write("t10k-labels-idx1-ubyte", idx(&[2], &[2, 0]));
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An image of one colour.
pub fn plain(path: &Path, [width, height]: [u32; 2], colour: [u8; 3]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_pixel(width, height, Rgb(colour))
        .save(path)
        .unwrap();
}

/// The bytes of a colourful image.
pub fn encoded(format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(40, 30, |x, y| {
        Rgb([6 * x as u8, 8 * y as u8, (x * y) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A folder of two classes with two images each.
pub fn classes(folder: &Path, size: [u32; 2]) {
    plain(&folder.join("cat/a.png"), size, [200, 0, 0]);
    plain(&folder.join("cat/b.jpg"), size, [200, 0, 0]);
    plain(&folder.join("dog/a.png"), size, [0, 0, 100]);
    plain(&folder.join("dog/deep/c.PNG"), size, [0, 0, 101]);
}
