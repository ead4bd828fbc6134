//! An operation with a backward pass of its own, on the numbers of matrices.

use ganas_tensor::Tensor;

/// Runs `forward` on the numbers of its inputs and puts the result on the tape
/// ([`ganas_tensor::node`]).
///
/// `forward` returns the numbers of the output, its shape, and the pull-back: the function from the
/// gradient of the output to the gradients of the inputs. Without a tape the pull-back is dropped.
///
/// # Shapes
/// - inputs: `[rows, columns]` each, of any size
/// - output: the shape that `forward` returns
pub(crate) fn node<const N: usize, P>(
    inputs: [Tensor<2>; N],
    forward: impl FnOnce([&[f32]; N]) -> (Vec<f32>, [usize; 2], P),
) -> Tensor<2>
where
    P: Fn(&[f32]) -> [Vec<f32>; N] + Send + Sync + 'static,
{
    ganas_tensor::node(inputs, |parts| {
        let (values, shape, pull) = forward(parts.each_ref().map(|part| &**part));
        let pull = move |gradient: &[f32], _: [bool; N]| pull(gradient);
        (values, shape, pull)
    })
}
