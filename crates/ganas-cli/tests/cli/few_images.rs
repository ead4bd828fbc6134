//! Folders of few images are trained on well by default, and runs on record go on as they were.

use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use crate::sandbox::Sandbox;

/// Three classes of 40 grey images: stripes across, stripes down, and a chequerboard, each at a place and
/// of a brightness of its own, with noise.
fn images(sandbox: &Sandbox) {
    let mut noise = 1_u32;
    let mut random = move |below: u32| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 16) % below
    };
    for (class, name) in ["across", "down", "both"].into_iter().enumerate() {
        let folder = sandbox.path(&format!("images/{name}"));
        std::fs::create_dir_all(&folder).unwrap();
        for i in 0..40 {
            let (shift, bright) = (random(8), 90 + random(100));
            let image = image::GrayImage::from_fn(16, 16, |x, y| {
                let [across, down] = [y, x].map(|at| (at + shift) / 4 % 2);
                let on = [across, down, across ^ down][class];
                image::Luma([(on * bright + random(60)) as u8])
            });
            image.save(folder.join(format!("{i}.png"))).unwrap();
        }
    }
}

#[test]
fn few_images_are_learnt_by_default() {
    let sandbox = Sandbox::new();
    images(&sandbox);
    let search =
        "search --train images --image-size 8 --width 4 --strategy random --queries 1 --out run";
    sandbox.run(search).success().stderr(
        contains("note: few images: 77 to train on, batch 8, 30 epochs (300 steps)")
            .and(contains("trainings a network: 3"))
            .and(contains("augment flip,pad=1"))
            .and(contains(
                "warning: 19 validation images: one of them is 5.3 % of accuracy",
            )),
    );
    let recipe = &sandbox.json("run/settings.json")["task"]["training"]["recipe"];
    assert_eq!(
        [&recipe["batch"], &recipe["epochs"], &recipe["repeats"]],
        [8, 30, 3]
    );
    // A third is chance.
    let test = sandbox.json("run/result.json")["winner"]["test_accuracy"].as_f64();
    assert!(test.unwrap() > 80.0, "{test:?}");
}

#[test]
fn what_is_asked_for_goes_before_what_suits_few_images() {
    let sandbox = Sandbox::new();
    images(&sandbox);
    let search = "search --train images --image-size 8 --strategy random --width 2 --queries 1";
    let recipe = |options: &str, run: &str| {
        let args = format!("{search} --winner-epochs 1 {options} --out {run}");
        sandbox.run(&args).success();
        sandbox.json(&format!("{run}/settings.json"))["task"]["training"]["recipe"].clone()
    };
    let own = recipe("--epochs 2 --repeats 1", "own");
    assert_eq!([&own["epochs"], &own["repeats"], &own["batch"]], [2, 1, 8]);
    // As many steps with another batch: 77 images are 2 steps of 64.
    let batch = recipe("--batch 64 --repeats 1", "batch");
    assert_eq!([&batch["epochs"], &batch["batch"]], [150, 64]);
    sandbox
        .run(&format!(
            "{search} --winner-epochs 1 --epochs 1 --quiet --out quiet"
        ))
        .success()
        .stderr(contains("images").not());
}

#[test]
fn a_run_on_record_goes_on_as_it_was_trained() {
    let sandbox = Sandbox::new();
    images(&sandbox);
    let search = "search --train images --image-size 8 --strategy random --width 2 --queries 2";
    let settings = "--batch 128 --epochs 12 --repeats 1";
    sandbox
        .run(&format!("{search} --winner-epochs 1 {settings} --out run"))
        .success();
    // As an older version would have begun it: what its command leaves out was its default.
    let mut recorded = sandbox.json("run/settings.json");
    let command = recorded["command"].as_array_mut().unwrap();
    let begin = command.iter().position(|word| word == "--batch").unwrap();
    command.drain(begin..begin + 6);
    recorded.as_object_mut().unwrap().remove("crc32c");
    sandbox.write("run/settings.json", recorded.to_string());
    sandbox.run("resume run --queries 3").success();
    let recipe = &sandbox.json("run/settings.json")["task"]["training"]["recipe"];
    assert_eq!(
        [&recipe["batch"], &recipe["epochs"], &recipe["repeats"]],
        [128, 12, 1]
    );
}
