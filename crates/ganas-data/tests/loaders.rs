//! Every loader on files that the test writes.

mod files;

use std::fs;
use std::path::Path;

use ganas_data::{Augment, Dataset, Resize, Split, SplitConfig, load, load_with};
use image::{GrayImage, ImageFormat, Luma, Rgb, RgbImage};

fn loaded(path: &Path) -> Dataset {
    load(path.to_str().unwrap()).unwrap()
}

fn shape(dataset: &Dataset) -> [usize; 3] {
    let shape = dataset.shape();
    [shape.height, shape.width, shape.channels]
}

#[test]
fn cifar10_folder() {
    let folder = tempfile::tempdir().unwrap();
    files::cifar10(folder.path());
    let data = loaded(folder.path());
    assert_eq!(data.name(), "cifar10");
    assert_eq!(shape(&data), [32, 32, 3]);
    assert_eq!((data.own_train(), data.own_test()), (0..10, Some(10..13)));
    assert_eq!(
        data.images().labels(),
        [0, 9, 0, 9, 0, 9, 0, 9, 0, 9, 3, 4, 5]
    );
    // Planes become pixels: record 1, second row, third column is position 34 of each plane.
    let pixel = &data.images().image(1)[34 * 3..35 * 3];
    assert_eq!(pixel, [41, 91, 141]);
    assert_eq!(data.classes()[9], "9");
    assert_eq!(data.augment(), &Augment::cifar());

    let names = "airplane automobile bird cat deer dog frog horse ship truck".replace(' ', "\n");
    fs::write(folder.path().join("batches.meta.txt"), names + "\n\n").unwrap();
    assert_eq!(loaded(folder.path()).classes()[9], "truck");
}

#[test]
fn the_folder_that_an_archive_unpacks_into() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("cifar-10-batches-bin");
    fs::create_dir(&inner).unwrap();
    files::cifar10(&inner);
    assert_eq!(loaded(folder.path()), loaded(&inner));
}

#[test]
fn one_cifar_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data_batch_3.bin");
    fs::write(&file, files::cifar(&[&[1], &[2], &[8]])).unwrap();
    let data = loaded(&file);
    assert_eq!((data.own_train(), data.own_test()), (0..3, None));
    assert_eq!(data.images().labels(), [1, 2, 8]);

    let file = folder.path().join("some.bin");
    fs::write(&file, files::cifar(&[&[1, 99], &[2, 0]])).unwrap();
    assert_eq!(loaded(&file).name(), "cifar100");
}

#[test]
fn cifar100_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("train.bin"),
        files::cifar(&[&[19, 99], &[0, 7]]),
    )
    .unwrap();
    fs::write(folder.path().join("test.bin"), files::cifar(&[&[3, 50]])).unwrap();
    let data = loaded(folder.path());
    assert_eq!((data.name(), data.classes().len()), ("cifar100", 100));
    assert_eq!(data.images().labels(), [99, 7, 50]);
    assert_eq!(data.own_test(), Some(2..3));
    assert_eq!(data.images().image(1)[..3], [7, 57, 107]);
}

#[test]
fn idx_files_plain_and_compressed() {
    let folder = tempfile::tempdir().unwrap();
    files::mnist(folder.path());
    let plain = loaded(folder.path());
    assert_eq!(shape(&plain), [2, 3, 1]);
    assert_eq!(plain.images().labels(), [0, 1, 2, 1, 2, 0]);
    assert_eq!(plain.images().image(3), [18, 19, 20, 21, 22, 23]);
    assert_eq!(plain.images().image(4), [12, 13, 14, 15, 16, 17]);
    assert_eq!(plain.own_test(), Some(4..6));
    assert_eq!(plain.augment(), &Augment::mnist());

    // A mix of both.
    for file in ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] {
        let path = folder.path().join(file);
        let packed = files::gzip(&fs::read(&path).unwrap());
        fs::write(folder.path().join(format!("{file}.gz")), packed).unwrap();
        fs::remove_file(path).unwrap();
    }
    assert_eq!(loaded(folder.path()), plain);

    let train = loaded(&folder.path().join("train-images-idx3-ubyte.gz"));
    assert_eq!((train.own_train(), train.own_test()), (0..4, None));
}

#[test]
fn folder_of_images() {
    let folder = tempfile::tempdir().unwrap();
    files::classes(folder.path(), [40, 20]);
    fs::write(folder.path().join("cat/.hidden.png"), "no image").unwrap();
    fs::write(folder.path().join("cat/notes.txt"), "no image").unwrap();
    fs::write(folder.path().join("readme.md"), "no image").unwrap();
    let data = loaded(folder.path());
    assert_eq!(data.classes(), ["cat", "dog"]);
    assert_eq!(data.images().labels(), [0, 0, 1, 1]);
    assert_eq!(shape(&data), [32, 32, 3]);
    assert_eq!(data.images().image(0)[..3], [200, 0, 0]);
    // JPEG loses a little.
    assert!(data.images().image(1)[0].abs_diff(200) <= 2);
    assert_eq!(data.images().image(3)[..3], [0, 0, 101]);
    assert_eq!(data.augment(), &Augment::cifar());

    let spec = folder.path().to_str().unwrap();
    let data = load_with(spec, Resize::Keep).unwrap();
    assert_eq!(shape(&data), [20, 40, 3]);
    let data = load_with(
        spec,
        Resize::To {
            height: 8,
            width: 12,
        },
    )
    .unwrap();
    assert_eq!(shape(&data), [8, 12, 3]);
}

#[test]
fn folder_with_train_and_test() {
    let folder = tempfile::tempdir().unwrap();
    files::classes(&folder.path().join("train"), [8, 8]);
    let plain = |file: &str| files::plain(&folder.path().join(file), [8, 8], [1, 2, 3]);
    plain("test/dog/x.png");
    plain("test/cat/y.png");
    let data = loaded(folder.path());
    assert_eq!((data.own_train(), data.own_test()), (0..4, Some(4..6)));
    assert_eq!(data.own_validation(), None);
    assert_eq!(data.images().labels()[4..], [0, 1]);
}

#[test]
fn folder_with_train_validation_and_test() {
    let folder = tempfile::tempdir().unwrap();
    let plain = |file: &str| files::plain(&folder.path().join(file), [8, 8], [1, 2, 3]);
    for image in 0..5 {
        plain(&format!("train/cat/{image}.png"));
        plain(&format!("train/dog/{image}.png"));
    }
    for part in ["val", "test"] {
        plain(&format!("{part}/cat/x.png"));
        plain(&format!("{part}/dog/x.png"));
        plain(&format!("{part}/dog/y.png"));
    }
    let split = |seed| Split::new(&loaded(folder.path()), &SplitConfig::default(), seed).unwrap();
    let data = loaded(folder.path());
    assert_eq!(data.classes(), ["cat", "dog"]);
    assert_eq!(data.own_train(), 0..10);
    assert_eq!(data.own_validation(), Some(10..13));
    assert_eq!(data.own_test(), Some(13..16));
    assert_eq!(data.images().labels()[10..], [0, 1, 1, 0, 1, 1]);
    for seed in 0..2 {
        let split = split(seed);
        assert_eq!(split.train, Vec::from_iter(0..10));
        assert_eq!(split.validation, [10, 11, 12]);
        assert_eq!(split.test, [13, 14, 15]);
    }
    // What is missing is cut from the training images.
    fs::rename(folder.path().join("val"), folder.path().join("validation")).unwrap();
    fs::remove_dir_all(folder.path().join("test")).unwrap();
    let parts = split(0);
    assert_eq!(parts.validation, [10, 11, 12]);
    assert_eq!((parts.train.len(), parts.test.len()), (8, 2));
}

#[test]
fn images_are_cut_in_the_middle_and_scaled() {
    let folder = tempfile::tempdir().unwrap();
    files::classes(folder.path(), [3, 3]);
    // A wide image: red, a green middle of 20 x 20, blue.
    let wide = RgbImage::from_fn(60, 20, |x, _| match x {
        0..20 => Rgb([255, 0, 0]),
        20..40 => Rgb([0, 255, 0]),
        _ => Rgb([0, 0, 255]),
    });
    wide.save(folder.path().join("cat/a.png")).unwrap();
    let data = loaded(folder.path());
    let image = data.images().image(0);
    assert!(image.chunks(3).all(|p| p == [0, 255, 0]));
}

#[test]
fn grey_images_have_one_channel_and_a_wrong_ending_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    for (class, value) in [("a", 10), ("b", 20)] {
        fs::create_dir(folder.path().join(class)).unwrap();
        let path = folder.path().join(class).join("x.jpg");
        let image = GrayImage::from_pixel(5, 5, Luma([value]));
        image.save_with_format(path, ImageFormat::Png).unwrap();
    }
    let data = load_with(folder.path().to_str().unwrap(), Resize::Keep).unwrap();
    assert_eq!(shape(&data), [5, 5, 1]);
    assert_eq!(data.images().image(1), [20; 25]);
}

#[test]
fn what_operating_systems_leave_in_folders_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["cat", "dog"] {
        let file = folder.path().join(class).join("1.png");
        files::plain(&file, [4, 4], [9, 9, 9]);
    }
    for litter in [
        "__MACOSX/cat/._1.png",
        "cat/__MACOSX/._1.png",
        ".cache/2.png",
        "cat/._1.png",
    ] {
        let file = folder.path().join(litter);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "not an image").unwrap();
    }
    let dataset = load(folder.path().to_str().unwrap()).unwrap();
    assert_eq!(dataset.classes(), ["cat", "dog"]);
    assert_eq!(dataset.images().len(), 2);
}
