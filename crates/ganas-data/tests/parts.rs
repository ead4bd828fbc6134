//! Splits, normalisation and batches.

mod files;

use ganas_data::{
    Augment, BatchConfig, Batches, Normalisation, Portion, Split, SplitConfig, digits, load,
};

fn counts(split: &[u32], labels: &[u16]) -> Vec<usize> {
    let mut counts = vec![0; 10];
    split
        .iter()
        .for_each(|&i| counts[usize::from(labels[i as usize])] += 1);
    counts
}

#[test]
fn parts_are_disjoint_stratified_and_the_seeds() {
    let digits = digits().unwrap();
    let config = SplitConfig::default();
    let split = Split::new(&digits, &config, 5).unwrap();
    let mut all = [&split.train[..], &split.validation, &split.test].concat();
    all.sort();
    assert_eq!(all, (0..1797).collect::<Vec<u32>>());
    let labels = digits.images().labels();
    let of_all = counts(&all, labels);
    for (part, share) in [
        (&split.test, 0.2),
        (&split.validation, 0.16),
        (&split.train, 0.64),
    ] {
        assert!(part.is_sorted());
        for (n, all) in counts(part, labels).into_iter().zip(&of_all) {
            assert!((n as f64 - share * *all as f64).abs() < 1.5, "{n} of {all}");
        }
    }
    assert_eq!(Split::new(&digits, &config, 5).unwrap(), split);
    assert_ne!(Split::new(&digits, &config, 6).unwrap(), split);

    let smaller = SplitConfig {
        validation: Portion::Count(100),
        ..config
    };
    let smaller = Split::new(&digits, &smaller, 5).unwrap();
    assert_eq!(smaller.validation.len(), 100);
    assert_eq!(smaller.test, split.test);
    // Written out: a change here would change every result on the built-in digits.
    assert_eq!(split.test[..6], [1, 2, 7, 9, 32, 34]);
}

#[test]
fn nothing_may_be_cut() {
    let digits = digits().unwrap();
    let none = Portion::Count(0);
    let split = Split::new(
        &digits,
        &SplitConfig {
            validation: none,
            test: none,
        },
        0,
    )
    .unwrap();
    assert_eq!(
        (split.train.len(), split.validation.len(), split.test.len()),
        (1797, 0, 0)
    );
}

#[test]
fn an_own_test_part_stays() {
    let folder = tempfile::tempdir().unwrap();
    files::cifar10(folder.path());
    let data = load(folder.path().to_str().unwrap()).unwrap();
    let config = SplitConfig {
        validation: Portion::Count(4),
        ..Default::default()
    };
    let split = Split::new(&data, &config, 0).unwrap();
    assert_eq!(split.test, [10, 11, 12]);
    assert_eq!((split.train.len(), split.validation.len()), (6, 4));
    assert_eq!(counts(&split.validation, data.images().labels())[9], 2);
}

#[test]
fn portions_as_text() {
    let config: SplitConfig = serde_json::from_str(r#"{"validation": 10000}"#).unwrap();
    assert_eq!(config.validation, Portion::Count(10_000));
    assert_eq!(config.test, Portion::Share(0.2));
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(text, r#"{"validation":10000,"test":0.2}"#);
    assert_eq!("0.5".parse::<Portion>().unwrap(), Portion::Share(0.5));
    assert_eq!("50".parse::<Portion>().unwrap(), Portion::Count(50));
}

#[test]
fn training_images_have_mean_0_and_deviation_1() {
    let digits = digits().unwrap();
    let split = Split::new(&digits, &SplitConfig::default(), 0).unwrap();
    let normal = Normalisation::measure(&digits, &split.train).unwrap();
    let values: Vec<f64> = Batches::evaluate(&digits, &split.train, &normal, 100)
        .unwrap()
        .flat_map(|b| b.images)
        .map(f64::from)
        .collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let var = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
    assert!(
        mean.abs() < 1e-6 && (var - 1.0).abs() < 1e-6,
        "{mean} {var}"
    );
}

#[test]
fn a_channel_without_spread_stays_finite() {
    let folder = tempfile::tempdir().unwrap();
    files::classes(folder.path(), [4, 4]);
    let data = load(folder.path().to_str().unwrap()).unwrap();
    let normal = Normalisation::measure(&data, &[0]).unwrap();
    assert_eq!(
        (&normal.mean[..], &normal.std[..]),
        (&[200., 0., 0.][..], &[1.; 3][..])
    );
}

#[test]
fn evaluation_is_in_order_and_whole() {
    let digits = digits().unwrap();
    let normal = Normalisation {
        mean: vec![0.0],
        std: vec![1.0],
    };
    let numbers: Vec<u32> = (100..250).rev().collect();
    let batches = Batches::evaluate(&digits, &numbers, &normal, 64).unwrap();
    assert_eq!(batches.len(), 3);
    let batches: Vec<_> = batches.collect();
    assert_eq!(batches[2].shape, [22, 8, 8, 1]);
    let pixels: Vec<f32> = batches.iter().flat_map(|b| b.images.clone()).collect();
    for (image, &i) in pixels.chunks(64).zip(&numbers) {
        let bytes = digits.images().image(i as usize);
        assert!(image.iter().zip(bytes).all(|(&x, &b)| x == f32::from(b)));
    }
}

#[test]
fn an_epoch_is_a_function_of_its_seed_and_number() {
    let digits = digits().unwrap();
    let numbers: Vec<u32> = (0..200).collect();
    let normal = Normalisation {
        mean: vec![0.0],
        std: vec![1.0],
    };
    let config = BatchConfig {
        augment: Some(Augment {
            flip: true,
            pad: 2,
            cutout: 3,
        }),
        drop_rest: false,
        ..Default::default()
    };
    let epoch = |seed, epoch| -> Vec<_> {
        let batches = Batches::train(&digits, &numbers, &normal, &config, seed, epoch);
        batches.unwrap().collect()
    };
    assert_eq!(epoch(1, 1), epoch(1, 1));
    assert_ne!(epoch(1, 1), epoch(1, 2));
    assert_ne!(epoch(1, 1), epoch(2, 1));

    // Every image once: the labels are the same ones, in another order.
    let mut labels: Vec<u16> = epoch(1, 1).into_iter().flat_map(|b| b.labels).collect();
    assert_ne!(labels, digits.images().labels()[..200]);
    labels.sort();
    let mut expected = digits.images().labels()[..200].to_vec();
    expected.sort();
    assert_eq!(labels, expected);
}

#[test]
fn a_rest_is_dropped_and_a_small_part_is_one_batch() {
    let digits = digits().unwrap();
    let normal = Normalisation {
        mean: vec![0.0],
        std: vec![1.0],
    };
    let config = BatchConfig::default();
    for (n, sizes) in [
        (130, vec![64, 64]),
        (64, vec![64]),
        (10, vec![10]),
        (0, vec![]),
    ] {
        let numbers: Vec<u32> = (0..n).collect();
        let batches = Batches::train(&digits, &numbers, &normal, &config, 0, 0).unwrap();
        assert_eq!(batches.map(|b| b.labels.len()).collect::<Vec<_>>(), sizes);
    }
}
