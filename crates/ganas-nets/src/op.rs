//! An operation with a backward pass of its own, as one node of the autodiff tape.

use std::fmt;
use std::sync::Arc;

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::{Autodiff, Flex, flex::FlexTensor};
use burn::tensor::{Tensor, TensorData};

type Tape = Autodiff<Flex, NoCheckpointing>;

/// Runs `forward` on the numbers of its inputs and puts the result on the tape.
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
    const BACKEND: &str = "every tensor of this crate lives on the flex backend";
    let shapes = inputs.each_ref().map(|t| t.dims());
    if !inputs.iter().any(|t| t.is_autodiff()) {
        let parts = inputs.map(|t| {
            t.try_into_primitive::<Flex>()
                .expect(BACKEND)
                .to_contiguous()
        });
        let (values, shape, _) = forward(parts.each_ref().map(numbers));
        return Tensor::from_primitive::<Flex>(tensor(values, shape));
    }
    let parts = inputs.map(|t| {
        let whole = t.autodiff().try_into_primitive::<Tape>().expect(BACKEND);
        let guard = whole.node();
        (whole.into_primitive().to_contiguous(), guard)
    });
    let (values, shape, pull) = forward(parts.each_ref().map(|(p, _)| numbers(p)));
    let output = tensor(values, shape);
    let guards = parts.map(|(_, guard)| guard);
    let prepared = Custom::<P, N>(std::marker::PhantomData)
        .prepare::<NoCheckpointing>(guards)
        .compute_bound()
        .stateful();
    Tensor::from_primitive::<Tape>(match prepared {
        OpsKind::Tracked(prep) => prep.finish(
            Saved {
                pull: Arc::new(pull),
                shapes,
            },
            output,
        ),
        OpsKind::UnTracked(prep) => prep.finish(output),
    })
}

fn numbers(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("the tensor is contiguous")
}

fn tensor(values: Vec<f32>, shape: [usize; 2]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

struct Custom<P, const N: usize>(std::marker::PhantomData<fn() -> P>);

impl<P, const N: usize> fmt::Debug for Custom<P, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Custom")
    }
}

struct Saved<P, const N: usize> {
    pull: Arc<P>,
    shapes: [[usize; 2]; N],
}

impl<P, const N: usize> Clone for Saved<P, N> {
    fn clone(&self) -> Self {
        Saved {
            pull: self.pull.clone(),
            shapes: self.shapes,
        }
    }
}

impl<P, const N: usize> fmt::Debug for Saved<P, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Saved")
    }
}

impl<P, const N: usize> Backward<Flex, N> for Custom<P, N>
where
    P: Fn(&[f32]) -> [Vec<f32>; N] + Send + Sync + 'static,
{
    type State = Saved<P, N>;

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let pulled = (ops.state.pull)(numbers(&grad));
        let inputs = ops.parents.into_iter().zip(ops.state.shapes);
        for ((parent, shape), values) in inputs.zip(pulled) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, tensor(values, shape));
            }
        }
    }
}
