//! The mixture of all alternatives: a step of its weights, and the gradient by its shares.

use ganas_tensor::Tensor;

use crate::error::Result;
use crate::examples::Batch;
use crate::network::{Plan, Weights};
use crate::recipe::Recipe;
use crate::supernet::{Course, Supernet};
use crate::trainer::{Network, Score, read};

impl Course {
    /// A step of the shared weights in the mixture of all choices. With `fixed_norms` the scales
    /// and shifts within cells stay constant.
    pub(super) fn mixed_step(
        &mut self,
        mixture: &Plan,
        probabilities: &[Vec<f64>],
        recipe: &Recipe,
        batch: &Batch,
        fixed_norms: bool,
    ) -> Result<Score> {
        let network = self.supernet.mixed(mixture, probabilities);
        let pass = network.pass(batch, 0.0)?;
        let named = mixture.weights.iter().zip(pass.gradients);
        for (slot, gradient) in named {
            if let Some(gradient) = gradient
                && self.supernet.slots.contains_key(&slot.name)
                && !(fixed_norms && is_norm_of_cell(&slot.name))
            {
                self.follow(&slot.name, gradient, recipe, recipe.learning_rate);
            }
        }
        Ok(pass.score)
    }

    /// The gradient of minus the loss by the share of each alternative of each choice.
    pub(super) fn mixture_gradient(
        &self,
        mixture: &Plan,
        probabilities: &[Vec<f64>],
        batch: &Batch,
    ) -> Result<Vec<Vec<f64>>> {
        let network = self.supernet.mixed(mixture, probabilities);
        let pass = network.pass(batch, 0.0)?;
        let mut gradient: Vec<Vec<f64>> =
            probabilities.iter().map(|p| vec![0.0; p.len()]).collect();
        for (slot, by_share) in mixture.weights.iter().zip(pass.gradients) {
            if let (Some((choice, alternative)), Some(by_share)) =
                (Plan::share(&slot.name), by_share)
            {
                let number = read(by_share)?[0];
                gradient[choice][alternative] -= f64::from(number);
            }
        }
        Ok(gradient)
    }
}

/// Returns true if a weight is a scale or shift of batch normalisation beyond the stem.
fn is_norm_of_cell(name: &str) -> bool {
    let norm = name.ends_with(".norm.scale") || name.ends_with(".norm.shift");
    norm && !name.starts_with("stem.")
}

impl Supernet {
    /// Resets the scales and shifts of batch normalisation within cells to one and zero.
    pub(super) fn reset_norms(&mut self) {
        let norms = self.weights.trained.iter_mut();
        for (name, weight) in norms.filter(|(name, _)| is_norm_of_cell(name)) {
            let number = if name.ends_with("scale") { 1.0 } else { 0.0 };
            *weight = Tensor::full(weight.dims(), number, &self.device);
        }
    }

    /// The network in which each alternative has a share of each choice. Weights that the supernet
    /// lacks, because no cell of the space has them, stay as they start.
    pub(super) fn mixed(&self, mixture: &Plan, probabilities: &[Vec<f64>]) -> Network {
        let mut weights = Weights::default();
        for slot in &mixture.weights {
            let tensor = match Plan::share(&slot.name) {
                Some((choice, alternative)) => Some(Tensor::full(
                    [1, 1, 1, 1],
                    probabilities[choice][alternative] as f32,
                    &self.device,
                )),
                None => self.weights.trained.get(&slot.name).cloned(),
            };
            (weights.trained).extend(tensor.map(|tensor| (slot.name.clone(), tensor)));
        }
        Network::with_weights(mixture.clone(), weights, 0, &self.device)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use ganas_core::space::{SearchSpace, from_toml, nasbench101, nasbench201};
    use ganas_data::{SplitConfig, load};

    use super::*;
    use crate::cpu;
    use crate::examples::Feed;
    use crate::network::{EDGE, edge_choice};
    use crate::supernet::choices::Choices;
    use crate::task::ImageTask;

    /// A supernet of digits, its mixture, and a batch.
    pub(in super::super) fn mixed(space: &dyn SearchSpace) -> (Course, Plan, Batch) {
        let task = ImageTask::new(load("digits").unwrap(), &SplitConfig::default(), 0).unwrap();
        let frame = task.frame(Some(4), Some(1));
        let course = Course::new(Supernet::new(space, frame, 1, &cpu()).unwrap());
        let mixture = Plan::mixture(space, &frame).unwrap();
        let batch = task.train().in_order(40).next().unwrap();
        (course, mixture, batch)
    }

    /// Shares that differ from each other, and add up to 1 in a choice.
    fn uneven(space: &dyn SearchSpace) -> Vec<Vec<f64>> {
        let of = |&size: &usize| {
            let total = (size * (size + 1)) as f64 / 2.0;
            (1..=size).map(|i| i as f64 / total).collect()
        };
        let choices = Choices::of(space).unwrap();
        choices.sizes().iter().map(of).collect()
    }

    #[test]
    fn the_gradient_of_shares_is_that_of_finite_differences() {
        for space in [&nasbench201() as &dyn SearchSpace, &nasbench101()] {
            let (course, mixture, batch) = mixed(space);
            let shares = uneven(space);
            let gradient = course.mixture_gradient(&mixture, &shares, &batch).unwrap();
            let loss = |shares: &[Vec<f64>]| {
                let network = course.supernet.mixed(&mixture, shares);
                network.accuracy(&batch).unwrap().loss
            };
            // One number alone is at the mercy of the kinks of rectifiers and of single precision.
            let step = 1e-3;
            let (mut ours, mut slopes) = (Vec::new(), Vec::new());
            for (choice, gradient) in gradient.iter().enumerate() {
                for (alternative, slope) in gradient.iter().enumerate() {
                    let moved = |by: f64| {
                        let mut shares = shares.clone();
                        shares[choice][alternative] += by;
                        loss(&shares)
                    };
                    slopes.push((moved(step) - moved(-step)) / (2.0 * step));
                    ours.push(-slope);
                }
            }
            let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
            let lengths = [&ours, &slopes].map(|v| dot(v, v).sqrt());
            let cosine = dot(&ours, &slopes) / (lengths[0] * lengths[1]);
            assert!(cosine > 0.99, "{ours:?} {slopes:?}");
            assert!((lengths[0] / lengths[1] - 1.0).abs() < 0.05, "{lengths:?}");
            // `none` and an edge that is not there carry nothing, whatever their shares.
            let dead = match space.ops().iter().position(|op| op == "none") {
                Some(none) => (0..6).map(|choice| gradient[choice][none]).collect(),
                None => Vec::from_iter(gradient[5..].iter().map(|edge| edge[0])),
            };
            assert!(dead.iter().all(|slope| *slope == 0.0), "{dead:?}");
        }
    }

    #[test]
    fn a_mixture_of_one_cell_alone_is_that_cell() {
        let space = nasbench101();
        let (course, mixture, batch) = mixed(&space);
        // One vertex feeds the output, and so does the input.
        let text = "input;conv3x3-bn-relu;maxpool3x3;conv1x1-bn-relu;conv3x3-bn-relu;maxpool3x3;output\
                    |110101010001000100101";
        let cell = space.parse_cell(text).unwrap();
        let arch = cell.arch();
        assert_eq!(space.check(&arch), Ok(()));
        let mut shares: Vec<Vec<f64>> = uneven(&space);
        for share in shares.iter_mut() {
            share.fill(0.0);
        }
        for (v, &op) in arch.ops().iter().enumerate() {
            shares[v][usize::from(op)] = 1.0;
        }
        for v in 1..7 {
            for u in 0..v {
                let there = f64::from(u8::from(cell.has_edge(u, v)));
                shares[edge_choice(7, u, v)][EDGE] = there;
            }
        }
        let of = |network: Network| network.accuracy(&batch).unwrap().loss;
        let alone = of(course.supernet.network(&space, &arch).unwrap());
        let within = of(course.supernet.mixed(&mixture, &shares));
        assert!((alone - within).abs() < 1e-5, "{alone} {within}");
        // Not for want of a difference.
        shares[edge_choice(7, 1, 3)][EDGE] = 1.0 - shares[edge_choice(7, 1, 3)][EDGE];
        let other = of(course.supernet.mixed(&mixture, &shares));
        assert!((alone - other).abs() > 1e-3, "{alone} {other}");
    }

    #[test]
    fn a_mixture_of_weights_that_no_cell_has_is_one_still() {
        let file = "name = \"n\"\nkind = \"node-cell\"\nmax_vertices = 6\nmax_edges = 4\n\
                    ops = [\"conv_3x3\", \"maxpool3x3\"]";
        let space = from_toml(file).unwrap();
        let (mut course, mixture, batch) = mixed(&*space);
        let score = course.mixed_step(&mixture, &uneven(&*space), &Recipe::default(), &batch, true);
        assert!(score.unwrap().loss.is_finite());
    }

    #[test]
    fn norms_of_cells_neither_scale_nor_shift_in_a_mixture() {
        let space = nasbench201();
        let (mut course, mixture, batch) = mixed(&space);
        let one = |course: &mut Course, fixed: bool| {
            let step =
                course.mixed_step(&mixture, &uneven(&space), &Recipe::default(), &batch, fixed);
            assert!(step.unwrap().loss.is_finite());
        };
        let off = |course: &Course, cell: bool| {
            let weights = course.supernet.weights.trained.iter();
            let norms = weights.filter(|(name, _)| name.contains(".norm."));
            norms
                .filter(|(name, _)| is_norm_of_cell(name) == cell)
                .any(|(name, weight)| {
                    let start = if name.ends_with("scale") { 1.0 } else { 0.0 };
                    ganas_tensor::check::numbers(weight.clone())
                        .iter()
                        .any(|n| *n != start)
                })
        };
        one(&mut course, true);
        assert!(!off(&course, true) && off(&course, false));
        one(&mut course, false);
        assert!(off(&course, true));
        course.supernet.reset_norms();
        assert!(!off(&course, true) && off(&course, false));
    }
}
