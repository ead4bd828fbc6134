//! Folders of images, one sub-folder a class, as a whole or in parts for training, validation and test.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use ganas_core::error::{Error, Result};
use ganas_core::read_regular;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};

use crate::augment::Augment;
use crate::images::{Dataset, Images, Shape};
use crate::load::Resize;
use crate::read::{entries, name, size};

/// The most memory that one image may take when it is decoded, in bytes.
const LARGEST: u64 = 1 << 28;

/// The largest side that images may be scaled to.
const LARGEST_SIDE: usize = 4096;

/// Formats that are not read; an image of these must not be left out in silence.
const FOREIGN: [&str; 8] = ["avif", "bmp", "gif", "heic", "jp2", "tif", "tiff", "webp"];

/// Names of a folder of validation images.
const VALIDATION: [&str; 3] = ["val", "valid", "validation"];

/// Reads a folder of images; `None` if it has no sub-folders.
pub(crate) fn folder(path: &Path, resize: Resize) -> Result<Option<Dataset>> {
    if let Resize::To { height, width } = resize
        && ![height, width]
            .iter()
            .all(|s| (1..=LARGEST_SIDE).contains(s))
    {
        return Err(Error::input(format!("images of {height} x {width}"))
            .mend(format!("give sides of 1 to {LARGEST_SIDE}")));
    }
    let (train, test) = (path.join("train"), path.join("test"));
    let validation = validation_folder(path)?;
    let parted = train.is_dir() && (validation.is_some() || test.is_dir());
    let classes = class_folders(if parted { &train } else { path })?;
    if classes.is_empty() && !parted {
        return Ok(None);
    }
    if classes.len() < 2 {
        let has = match classes.as_slice() {
            [only] => format!("the only sub-folder is {}", name(only)),
            _ => "no sub-folder".to_owned(),
        };
        let error = Error::input(has)
            .mend("make a sub-folder for each of at least two classes, or train, val and test with such sub-folders");
        return Err(error.in_file(if parted { &train } else { path }));
    }
    let names: Vec<String> = classes.iter().map(|c| name(c)).collect();
    let mut pool = Pool::new(resize);
    for (label, class) in classes.iter().enumerate() {
        pool.read(class, label)?;
    }
    let validation_from = pool.labels.len();
    if let (true, Some(validation)) = (parted, &validation) {
        pool.read_part(validation, &names)?;
    }
    let test_from = pool.labels.len();
    if parted && test.is_dir() {
        pool.read_part(&test, &names)?;
    }
    let images = pool.finish()?;
    let augment = Augment::natural(images.shape());
    let dataset = Dataset::joined(name(path), names, images, test_from)?;
    let dataset = dataset.with_validation(validation_from);
    Ok(Some(dataset.with_augment(augment)))
}

/// The folder of validation images, if there is one.
fn validation_folder(path: &Path) -> Result<Option<PathBuf>> {
    let all = VALIDATION.iter().map(|v| path.join(v));
    let there: Vec<PathBuf> = all.filter(|v| v.is_dir()).collect();
    match there.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        [one, other, ..] if path.join("train").is_dir() => Err(Error::input(format!(
            "validation images here and in {}",
            name(one)
        ))
        .mend("keep one of the two folders")
        .in_file(other)),
        _ => Ok(None),
    }
}

fn class_folders(path: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = entries(path)?;
    folders.retain(|p| p.is_dir());
    if folders.len() > usize::from(u16::MAX) {
        return Err(Error::input(format!("{} sub-folders", folders.len()))
            .mend(format!("at most {} classes can be told apart", u16::MAX))
            .in_file(path));
    }
    Ok(folders)
}

/// The images so far, in red, green and blue.
struct Pool {
    resize: Resize,
    /// Height and width of all images, and the first file.
    size: Option<(u32, u32, PathBuf)>,
    /// True while every image is grey.
    grey: bool,
    pixels: Vec<u8>,
    labels: Vec<u16>,
}

impl Pool {
    fn new(resize: Resize) -> Self {
        Pool {
            resize,
            size: None,
            grey: true,
            pixels: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// Reads the images of a class, in the order of their names.
    fn read(&mut self, class: &Path, label: usize) -> Result<()> {
        let mut files = Vec::new();
        image_files(class, &mut files)?;
        if files.is_empty() {
            return Err(Error::input("the class has no PNG or JPEG image")
                .mend("add images, or remove the folder")
                .in_file(class));
        }
        for file in files {
            self.push(&file, label as u16)?;
        }
        Ok(())
    }

    /// Reads the images of a part for validation or test, which has the classes of the training images.
    fn read_part(&mut self, part: &Path, names: &[String]) -> Result<()> {
        let classes = class_folders(part)?;
        if classes.is_empty() {
            return Err(Error::input("no sub-folder")
                .mend("give the images sub-folders as in train, or remove the folder")
                .in_file(part));
        }
        let has = |class: &String| classes.iter().any(|c| name(c) == *class);
        if let Some(missing) = names.iter().find(|class| !has(class)) {
            return Err(
                Error::input(format!("no sub-folder {missing}, as train has one"))
                    .mend("add it with images, or remove the class from train")
                    .in_file(part),
            );
        }
        for class in classes {
            let label = (names.iter().position(|n| *n == name(&class))).ok_or_else(|| {
                Error::input("a class that the training images do not have")
                    .mend("rename or remove it")
                    .in_file(&class)
            })?;
            self.read(&class, label)?;
        }
        Ok(())
    }

    fn push(&mut self, file: &Path, label: u16) -> Result<()> {
        let mut image = decode(file)?;
        if let Resize::To { height, width } = self.resize {
            image = scaled(image, height as u32, width as u32);
        }
        let (height, width) = (image.height(), image.width());
        match &self.size {
            None => self.size = Some((height, width, file.to_owned())),
            Some((h, w, first)) if (*h, *w) != (height, width) => {
                return Err(Error::input(format!(
                    "an image of {height} x {width} where {} is {h} x {w}",
                    first.display()
                ))
                .mend("give a size to scale the images to")
                .in_file(file));
            }
            Some(_) => {}
        }
        self.grey &= !image.color().has_color();
        self.pixels.extend_from_slice(image.into_rgb8().as_raw());
        self.labels.push(label);
        Ok(())
    }

    fn finish(mut self) -> Result<Images> {
        let channels = if self.grey { 1 } else { 3 };
        if self.grey {
            let values = self.pixels.len() / 3;
            for i in 0..values {
                self.pixels[i] = self.pixels[3 * i];
            }
            self.pixels.truncate(values);
            self.pixels.shrink_to_fit();
        }
        let (height, width, _) = self.size.unwrap_or_default();
        let shape = Shape {
            height: height as usize,
            width: width as usize,
            channels,
        };
        Images::new(shape, self.pixels, self.labels)
    }
}

/// The images in a folder and the folders in it, by name.
fn image_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for path in entries(folder)? {
        if path.is_dir() {
            // Links between folders could make a circle.
            if !path.is_symlink() {
                image_files(&path, files)?;
            }
            continue;
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.to_lowercase().as_str() {
            "png" | "jpg" | "jpeg" => files.push(path),
            other if FOREIGN.contains(&other) => {
                return Err(Error::input(format!("{other} images are not read"))
                    .mend("convert it to PNG or JPEG, or remove it")
                    .in_file(path));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Reads an image, upright.
fn decode(file: &Path) -> Result<DynamicImage> {
    let too_large = |what: String| {
        let error = Error::input(format!("{what} takes more than {} MiB", LARGEST >> 20));
        Err(error.mend("scale it down").in_file(file))
    };
    let unusable = |why: &str| {
        Error::input(format!("not a PNG or JPEG image that can be read ({why})"))
            .mend("copy the file again, convert it, or remove it")
            .in_file(file)
    };
    let undecodable = |e: ImageError| unusable(&e.to_string());
    let size = size(file)?;
    if size > LARGEST {
        return too_large(format!("a file of {size} bytes"));
    }
    let bytes = read_regular(file).map_err(|e| Error::io(file, e))?;
    // By its content: the wrong ending is common.
    let format = image::guess_format(&bytes).map_err(undecodable)?;
    if format == ImageFormat::Jpeg && !jpeg_is_whole(&bytes) {
        return Err(unusable("it ends too early"));
    }
    let mut reader = ImageReader::with_format(Cursor::new(&bytes), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(LARGEST);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(undecodable)?;
    if decoder.total_bytes() > LARGEST {
        let (width, height) = decoder.dimensions();
        return too_large(format!("an image of {height} x {width}"));
    }
    let orientation = decoder.orientation();
    let mut image = DynamicImage::from_decoder(decoder).map_err(undecodable)?;
    if let Ok(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    Ok(image)
}

/// Returns true if a JPEG file has its end marker. The decoder fills missing data with grey.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = next_marker(rest) {
        let (marker, after) = (rest[at + 1], &rest[at + 2..]);
        rest = match (marker, after) {
            (0xd9, _) => return true,
            (0xd8, after) => after,
            (_, [high, low, ..]) => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                after.get(length..).unwrap_or_default()
            }
            _ => &[],
        };
    }
    false
}

/// The position of the next marker outside the compressed data.
fn next_marker(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(2)
        .position(|w| w[0] == 0xff && !matches!(w[1], 0 | 1 | 0xff | 0xd0..=0xd7))
}

/// The middle of an image in the proportions of a size, scaled to it.
fn scaled(image: DynamicImage, height: u32, width: u32) -> DynamicImage {
    let (h, w) = (u64::from(image.height()), u64::from(image.width()));
    let (th, tw) = (u64::from(height), u64::from(width));
    let cut_h = (w * th / tw).clamp(1, h);
    let cut_w = (h * tw / th).clamp(1, w);
    let (top, left) = ((h - cut_h) / 2, (w - cut_w) / 2);
    image
        .crop_imm(left as u32, top as u32, cut_w as u32, cut_h as u32)
        .resize_exact(width, height, FilterType::Triangle)
}
