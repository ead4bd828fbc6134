//! A feed-forward network that predicts a number from which features there are.
//!
//! Thirty-two rows go through it at once, each number of a layer a vector over them, so that all
//! inner loops run over contiguous memory. Products and sums are rounded one by one, which makes
//! the results the same on every processor.

use ganas_core::rng::Rng;
use pulp::Arch;
use serde::{Deserialize, Serialize};

/// Rows a step (naszilla).
const BATCH: usize = 32;

type Lanes = [f32; BATCH];

/// A network and its training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkConfig {
    /// Hidden layers (naszilla: 10).
    pub layers: usize,
    /// Units of each (naszilla: 20).
    pub width: usize,
    /// Passes over what was evaluated (naszilla: 150).
    pub epochs: usize,
    /// Adam's learning rate (naszilla: 0.01; its other constants are 0.9, 0.99 and 1e-7).
    pub learning_rate: f32,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        NetworkConfig {
            layers: 10,
            width: 20,
            epochs: 150,
            learning_rate: 0.01,
        }
    }
}

/// A network whose hidden layers are rectified and whose loss is the mean absolute error.
pub struct Network {
    width: usize,
    layers: usize,
    /// Weights from each feature, the first layer's biases, then each hidden layer's weights by
    /// output unit and its biases, then the output's weights and its bias.
    params: Vec<f32>,
}

/// Adam's moments of each parameter.
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

impl Network {
    /// Fits a new network to targets of rows of features, which are numbered from 0 to `features`.
    pub fn fit(
        config: &NetworkConfig,
        features: usize,
        rows: &[Vec<usize>],
        targets: &[f32],
        rng: &mut Rng,
    ) -> Self {
        let mut network = Network::new(config, features, rng);
        let mut moments = Moments {
            first: vec![0.0; network.params.len()],
            second: vec![0.0; network.params.len()],
            steps: 0,
        };
        let mut gradient = vec![0.0; network.params.len()];
        let mut units = vec![[0.0; BATCH]; network.width * network.layers];
        let mut slopes = vec![[0.0; BATCH]; 2 * network.width];
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let arch = Arch::new();
        for _ in 0..config.epochs {
            rng.shuffle(&mut order);
            for batch in order.chunks(BATCH) {
                arch.dispatch(|| {
                    gradient.fill(0.0);
                    let said = network.forward(batch.iter().map(|&i| &rows[i]), &mut units);
                    let mut errors = [0.0; BATCH];
                    for ((error, said), &i) in errors.iter_mut().zip(said).zip(batch) {
                        let miss = said - targets[i];
                        *error = if miss == 0.0 { 0.0 } else { miss.signum() } / batch.len() as f32;
                    }
                    let rows = batch.iter().map(|&i| &rows[i]);
                    network.backward(rows, &units, &errors, &mut slopes, &mut gradient);
                    moments.step(&mut network.params, &gradient, config.learning_rate);
                });
            }
        }
        network
    }

    /// An untrained network: uniform weights after Glorot & Bengio 2010, and no biases (Keras).
    fn new(config: &NetworkConfig, features: usize, rng: &mut Rng) -> Self {
        let (width, layers) = (config.width.max(1), config.layers.max(1));
        let mut params = Vec::new();
        let mut layer = |inputs: usize, outputs: usize| {
            let bound = (6.0 / (inputs + outputs) as f64).sqrt();
            params.extend((0..inputs * outputs).map(|_| (bound * (2.0 * rng.unit() - 1.0)) as f32));
            params.extend(std::iter::repeat_n(0.0, outputs));
        };
        layer(features, width);
        (1..layers).for_each(|_| layer(width, width));
        layer(width, 1);
        Network {
            width,
            layers,
            params,
        }
    }

    /// Index of the first bias of the first layer.
    fn features(&self) -> usize {
        let rest = self.width + (self.layers - 1) * self.width * (self.width + 1) + self.width + 1;
        self.params.len() - rest
    }

    /// Predictions for rows of features.
    pub fn predict(&self, rows: &[Vec<usize>]) -> Vec<f32> {
        let mut units = vec![[0.0; BATCH]; self.width * self.layers];
        let mut said = Vec::with_capacity(rows.len());
        for batch in rows.chunks(BATCH) {
            let all = Arch::new().dispatch(|| self.forward(batch.iter(), &mut units));
            said.extend_from_slice(&all[..batch.len()]);
        }
        said
    }

    /// Fills in the units of all layers for up to 32 rows, and returns the outputs.
    #[inline(always)]
    fn forward<'a>(
        &self,
        rows: impl Iterator<Item = &'a Vec<usize>>,
        units: &mut [Lanes],
    ) -> Lanes {
        let width = self.width;
        let (weights, rest) = self.params.split_at(self.features());
        let (biases, mut rest) = rest.split_at(width);
        let mut sums = vec![0.0; width];
        for (lane, row) in rows.enumerate() {
            sums.copy_from_slice(biases);
            for &feature in row {
                add(&mut sums, &weights[feature * width..][..width]);
            }
            for (unit, sum) in units.iter_mut().zip(&sums) {
                unit[lane] = sum.max(0.0);
            }
        }
        for layer in 1..self.layers {
            let (weights, after) = rest.split_at(width * width);
            let (biases, after) = after.split_at(width);
            rest = after;
            let (before, outputs) = units.split_at_mut(layer * width);
            let inputs = &before[(layer - 1) * width..];
            for ((weights, bias), output) in weights.chunks_exact(width).zip(biases).zip(outputs) {
                let mut sums = [*bias; BATCH];
                for (weight, input) in weights.iter().zip(inputs) {
                    scaled(&mut sums, *weight, input);
                }
                for (output, sum) in output.iter_mut().zip(sums) {
                    *output = sum.max(0.0);
                }
            }
        }
        let mut outputs = [rest[width]; BATCH];
        let last = &units[(self.layers - 1) * width..];
        for (weight, input) in rest.iter().zip(last) {
            scaled(&mut outputs, *weight, input);
        }
        outputs
    }

    /// Adds up the gradient of all parameters, given that of the outputs.
    #[inline(always)]
    fn backward<'a>(
        &self,
        rows: impl Iterator<Item = &'a Vec<usize>>,
        units: &[Lanes],
        errors: &Lanes,
        slopes: &mut [Lanes],
        gradient: &mut [f32],
    ) {
        let width = self.width;
        let (above, below) = slopes.split_at_mut(width);
        let last = &units[(self.layers - 1) * width..];
        let mut start = self.params.len() - width - 1;
        let output = &mut gradient[start..];
        output[width] = errors.iter().sum();
        for (i, input) in last.iter().enumerate() {
            output[i] = dot(errors, input);
            above[i] = [0.0; BATCH];
            scaled(&mut above[i], self.params[start + i], errors);
        }
        rectify(above, last);
        for layer in (1..self.layers).rev() {
            start -= width * (width + 1);
            let inputs = &units[(layer - 1) * width..][..width];
            let weights = &self.params[start..][..width * width];
            let (by_weight, by_bias) = gradient[start..].split_at_mut(width * width);
            for (o, slope) in above.iter().enumerate() {
                by_bias[o] = slope.iter().sum();
                let by_weight = &mut by_weight[o * width..][..width];
                for (by, input) in by_weight.iter_mut().zip(inputs) {
                    *by = dot(slope, input);
                }
            }
            for (i, below) in below.iter_mut().enumerate() {
                let mut sums = [0.0; BATCH];
                for (weights, slope) in weights.chunks_exact(width).zip(above.iter()) {
                    scaled(&mut sums, weights[i], slope);
                }
                *below = sums;
            }
            above.copy_from_slice(below);
            rectify(above, inputs);
        }
        let (by_weight, by_bias) = gradient.split_at_mut(self.features());
        let mut slope = vec![0.0; width];
        for (lane, row) in rows.enumerate() {
            slope
                .iter_mut()
                .zip(above.iter())
                .for_each(|(s, a)| *s = a[lane]);
            add(&mut by_bias[..width], &slope);
            for &feature in row {
                add(&mut by_weight[feature * width..][..width], &slope);
            }
        }
    }
}

impl Moments {
    /// One step down the gradient.
    #[inline(always)]
    fn step(&mut self, params: &mut [f32], gradient: &[f32], rate: f32) {
        const KEPT: [f32; 2] = [0.9, 0.99];
        self.steps += 1;
        let [first, second] = KEPT.map(|kept| 1.0 - kept.powi(self.steps));
        let rate = rate * second.sqrt() / first;
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((param, g), (m, v)) in params.iter_mut().zip(gradient).zip(moments) {
            *m += (1.0 - KEPT[0]) * (g - *m);
            *v += (1.0 - KEPT[1]) * (g * g - *v);
            *param -= rate * *m / (v.sqrt() + 1e-7);
        }
    }
}

/// `sums += weight * values`.
#[inline(always)]
fn scaled(sums: &mut Lanes, weight: f32, values: &Lanes) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += weight * value;
    }
}

#[inline(always)]
fn add(sums: &mut [f32], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

/// The scalar product, in eight partial sums that the compiler can keep in vector registers.
#[inline(always)]
fn dot(a: &Lanes, b: &Lanes) -> f32 {
    let mut parts = [0.0f32; 8];
    for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
        for k in 0..8 {
            parts[k] += a[k] * b[k];
        }
    }
    let halves: [f32; 4] = std::array::from_fn(|k| parts[k] + parts[k + 4]);
    (halves[0] + halves[2]) + (halves[1] + halves[3])
}

/// Lets no slope through where a unit is off.
#[inline(always)]
fn rectify(slopes: &mut [Lanes], units: &[Lanes]) {
    for (slopes, units) in slopes.iter_mut().zip(units) {
        for (slope, unit) in slopes.iter_mut().zip(units) {
            *slope = if *unit > 0.0 { *slope } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Vec<Vec<usize>> {
        let mut rng = Rng::stream(3, "rows");
        let row = |_| (0..6).filter(|_| rng.chance(0.5)).collect();
        (0..count).map(row).collect()
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let config = NetworkConfig {
            layers: 3,
            width: 5,
            ..NetworkConfig::default()
        };
        let mut network = Network::new(&config, 6, &mut Rng::stream(0, "network"));
        // Away from zero hardly a unit is at its edge, and steps are small enough not to cross it.
        let mut rng = Rng::stream(1, "network");
        network
            .params
            .iter_mut()
            .for_each(|p| *p += 0.3 * rng.unit() as f32);
        let rows = rows(20);
        let mut units = vec![[0.0; BATCH]; 15];
        let loss = |network: &Network, units: &mut [Lanes]| -> f64 {
            let said = network.forward(rows.iter(), units);
            said[..20]
                .iter()
                .enumerate()
                .map(|(i, y)| f64::from(*y) * (i as f64 - 8.0))
                .sum()
        };
        loss(&network, &mut units);
        let mut errors = [0.0; BATCH];
        (0..20).for_each(|i| errors[i] = i as f32 - 8.0);
        let mut gradient = vec![0.0; network.params.len()];
        let mut slopes = vec![[0.0; BATCH]; 10];
        network.backward(rows.iter(), &units, &errors, &mut slopes, &mut gradient);
        assert_eq!(gradient.len(), 6 * 5 + 5 + 2 * 30 + 6);
        for (i, analytic) in gradient.iter().enumerate() {
            let mut moved = |by: f32| {
                network.params[i] += by;
                let loss = loss(&network, &mut units);
                network.params[i] -= by;
                loss
            };
            let numeric = (moved(1e-3) - moved(-1e-3)) / 2e-3;
            let close = (numeric - f64::from(*analytic)).abs() < 0.02 * (1.0 + numeric.abs());
            assert!(close, "parameter {i}: {analytic} against {numeric}");
        }
    }

    #[test]
    fn a_function_of_the_features_is_learned() {
        let rows = rows(60);
        let value = |row: &Vec<usize>| {
            row.iter()
                .map(|f| [1.0, -0.5, 0.25, 0.0, 2.0, -1.0][*f])
                .sum()
        };
        let targets: Vec<f32> = rows.iter().map(value).collect();
        let config = NetworkConfig::default();
        let mut rng = Rng::stream(2, "network");
        let network = Network::fit(&config, 6, &rows, &targets, &mut rng);
        let said = network.predict(&rows);
        let error: f32 = said.iter().zip(&targets).map(|(s, t)| (s - t).abs()).sum();
        let spread: f32 = targets.iter().map(|t| t.abs()).sum();
        assert!(error < 0.15 * spread, "{error} of {spread}");
    }
}
