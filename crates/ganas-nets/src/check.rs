//! Gradients against central finite differences.

use ganas_core::rng::Rng;
use ganas_tensor::Tensor;

use crate::params::{Params, Weights};
use crate::ppo::read;

/// Checks the gradient of a loss at up to 300 random parameters.
pub fn gradients_agree(params: &mut Params, loss: impl Fn(&Weights) -> Tensor<1>) {
    let weights = params.tracked();
    let gradient = params.gradient(&weights, &loss(&weights));
    assert!(
        gradient.iter().any(|g| g.abs() > 1e-3),
        "the loss has no gradient"
    );
    let mut rng = Rng::stream(0, "check");
    let step = 8e-3;
    let mut off = 0.0;
    for i in rng.distinct(gradient.len(), 300) {
        let value = params.values()[i];
        let mut at = |x: f32| {
            params.values_mut()[i] = x;
            read(loss(&params.frozen()))[0]
        };
        let mut slope = |step: f32| (at(value + step) - at(value - step)) / (2.0 * step);
        // Richardson's extrapolation: a step small enough without it would drown in rounding.
        let numeric = (4.0 * slope(step / 2.0) - slope(step)) / 3.0;
        params.values_mut()[i] = value;
        let error = (gradient[i] - numeric).abs() / (1.0 + numeric.abs());
        assert!(
            error < 5e-3,
            "parameter {i}: {} against {numeric}",
            gradient[i]
        );
        off = f32::max(off, error);
    }
    assert!(
        off > 0.0,
        "a difference that rounds to nothing is not a test"
    );
}

/// A fixed projection of a tensor to a number that depends on every entry.
pub fn project(x: Tensor<2>) -> Tensor<1> {
    let [rows, columns] = x.dims();
    let mut rng = Rng::stream(1, "project");
    let values = (0..rows * columns).map(|_| rng.normal() as f32).collect();
    let c = crate::kgnn::constant(values, [rows, columns]);
    (c * x).sum()
}
