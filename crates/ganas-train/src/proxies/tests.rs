//! Proxies against PyTorch, whose values `python/benches/proxies.py` recorded.

use std::collections::BTreeMap;

use ganas_core::space::load;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Reference {
    batch: usize,
    classes: usize,
    networks: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    space: String,
    arch: String,
    width: usize,
    depth: Option<usize>,
    side: usize,
    values: BTreeMap<String, f64>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../tests/data/proxies.json")).unwrap()
}

/// Numbers of mean 0 and variance 1, as in the reference.
fn numbers(count: usize, salt: usize) -> Vec<f64> {
    let number = |i: usize| {
        let angle = 12.9898 * (i + 1) as f64 + 78.233 * salt as f64;
        let wave = angle.sin() * 43758.5453;
        (wave - wave.floor() - 0.5) * 12f64.sqrt()
    };
    (0..count).map(number).collect()
}

fn singles(count: usize, salt: usize) -> Vec<f32> {
    let values = numbers(count, salt).into_iter();
    values.map(|x| x as f32).collect()
}

fn weights(plan: &Plan, is_gaussian: bool) -> Vec<Tensor<4>> {
    let slots = plan.weights.iter().map(|slot| {
        let salt = slot.name.bytes().map(usize::from).sum::<usize>() % 997;
        let [height, width, inputs, _] = slot.shape;
        let is_depthwise = slot.name.ends_with(".depthwise");
        let fan_in = height * width * if is_depthwise { 1 } else { inputs };
        let (scale, shift) = match slot.init {
            Init::Normal(_) if is_gaussian => (1.0, 0.0),
            Init::Normal(_) => ((2.0 / fan_in as f64).sqrt(), 0.0),
            Init::Constant(constant) => (0.1, f64::from(constant)),
        };
        let values = numbers(slot.shape.iter().product(), salt).into_iter();
        let values = values.map(|x| (scale * x + shift) as f32).collect();
        Tensor::new(values, slot.shape, &cpu())
    });
    slots.collect()
}

#[test]
fn values_are_those_of_pytorch() {
    let reference = reference();
    for recorded in &reference.networks {
        let space = load(&recorded.space).unwrap();
        let arch = space.parse(&recorded.arch).unwrap();
        let frame = Frame {
            image: [recorded.side, recorded.side, 3],
            classes: reference.classes,
            width: Some(recorded.width),
            depth: recorded.depth,
        };
        let plan = Plan::build(&*space, &arch, &frame).unwrap();
        let pixels = reference.batch * recorded.side * recorded.side * 3;
        let labels = 0..reference.batch as u32;
        let batch = Batch {
            images: singles(pixels, 1),
            labels: labels
                .map(|label| label % reference.classes as u32)
                .collect(),
        };
        let subject = Subject {
            plan: &plan,
            batch: &batch,
            weights: weights(&plan, false),
            gaussian: weights(&plan, true),
            noise: &[singles(pixels, 2), singles(pixels, 3)],
        };
        for proxy in Proxy::ALL {
            let (value, wanted) = (subject.value(proxy).unwrap(), recorded.values[proxy.name()]);
            let name = &recorded.space;
            assert!(
                (value - wanted).abs() <= 1e-3 * wanted.abs(),
                "{proxy} of {name}: {value} instead of {wanted}"
            );
        }
    }
}

#[test]
fn a_network_without_response_has_no_numbers() {
    let space: Arc<dyn SearchSpace> = load("nasbench201").unwrap().into();
    let images = ganas_data::load("digits").unwrap();
    let task = ImageTask::new(images, &ganas_data::SplitConfig::default(), 0).unwrap();
    let probe = Probe::new(space.clone(), &task, [Some(2), Some(1)], 4, 0).unwrap();
    let none = space
        .parse("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
        .unwrap();
    let values = probe.values(&none, &Proxy::ALL).unwrap();
    assert!(values[0].is_nan() && values[2].is_nan(), "{values:?}");
    let full = space
        .parse("|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|")
        .unwrap();
    let values = probe.values(&full, &Proxy::ALL).unwrap();
    assert!(values.iter().all(|value| value.is_finite()), "{values:?}");
    assert_eq!(values, probe.values(&full, &Proxy::ALL).unwrap());
}

#[test]
fn unknown_names_have_a_nearest() {
    let error = "synflw".parse::<Proxy>().unwrap_err().to_string();
    assert!(error.contains("did you mean `synflow`?"), "{error}");
    for proxy in Proxy::ALL {
        assert_eq!(proxy.name().parse::<Proxy>().unwrap(), proxy);
    }
}
