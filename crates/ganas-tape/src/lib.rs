//! An operation with a hand-written backward pass, as one node of burn's autodiff tape on the CPU.
//!
//! The networks of the search and the trained architectures both run on burn's tape. Their most
//! expensive layers put their own nodes on it.
#![forbid(unsafe_code)]

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use burn::backend::autodiff::{
    checkpoint::{base::Checkpointer, strategy::NoCheckpointing},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
use burn::backend::{Autodiff, Flex, flex::FlexTensor};
use burn::tensor::{Device, Tensor, TensorData};

type Tape = Autodiff<Flex, NoCheckpointing>;

/// The numbers of a tensor on the CPU. A clone shares them, so a backward pass can keep its inputs.
#[derive(Clone)]
pub struct Numbers(FlexTensor);

impl Deref for Numbers {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // `to_contiguous` made it so, and every tensor that comes here holds `f32`.
        self.0.as_slice().expect("a contiguous tensor of f32")
    }
}

/// Returns true if [`node`] works on the tensor's device.
pub fn on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.device() == Device::flex()
}

/// A tensor on the CPU, without a tape.
pub fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(primitive(values, shape))
}

/// Runs `forward` on the numbers of its inputs and puts the result on the tape.
///
/// `forward` returns the numbers of the output, its shape, and the pull-back. The pull-back takes
/// the gradient of the output and a flag for each input that needs a gradient, and returns the
/// gradients of the inputs. Gradients for other inputs are dropped. Without a tape the pull-back is
/// dropped.
///
/// # Shapes
/// - inputs: of any size, all [on the CPU](on_cpu)
/// - output: the shape that `forward` returns
///
/// # Panics
/// If an input lives on another device.
pub fn node<const D: usize, const N: usize, P>(
    inputs: [Tensor<D>; N],
    forward: impl FnOnce([Numbers; N]) -> (Vec<f32>, [usize; D], P),
) -> Tensor<D>
where
    P: Fn(&[f32], [bool; N]) -> [Vec<f32>; N] + Send + Sync + 'static,
{
    const BACKEND: &str = "the caller has checked that its tensors live on the CPU";
    let shapes = inputs.each_ref().map(|t| t.dims());
    if !inputs.iter().any(|t| t.is_autodiff()) {
        let parts = inputs.map(|t| {
            let whole = t.try_into_primitive::<Flex>().expect(BACKEND);
            Numbers(whole.to_contiguous())
        });
        let (values, shape, _) = forward(parts);
        return tensor(values, shape);
    }
    let mut guards = Vec::with_capacity(N);
    let parts = inputs.map(|t| {
        let whole = t.autodiff().try_into_primitive::<Tape>().expect(BACKEND);
        guards.push(whole.node());
        Numbers(whole.into_primitive().to_contiguous())
    });
    let (values, shape, pull) = forward(parts);
    let output = primitive(values, shape);
    let mut guards = guards.into_iter();
    // One guard was pushed for each of the N inputs.
    let guards = [(); N].map(|()| guards.next().expect("one guard an input"));
    let prepared = Custom::<P, D, N>(std::marker::PhantomData)
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

fn primitive<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

struct Custom<P, const D: usize, const N: usize>(std::marker::PhantomData<fn() -> P>);

impl<P, const D: usize, const N: usize> fmt::Debug for Custom<P, D, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Custom")
    }
}

struct Saved<P, const D: usize, const N: usize> {
    pull: Arc<P>,
    shapes: [[usize; D]; N],
}

impl<P, const D: usize, const N: usize> Clone for Saved<P, D, N> {
    fn clone(&self) -> Self {
        Saved {
            pull: self.pull.clone(),
            shapes: self.shapes,
        }
    }
}

impl<P, const D: usize, const N: usize> fmt::Debug for Saved<P, D, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Saved")
    }
}

impl<P, const D: usize, const N: usize> Backward<Flex, N> for Custom<P, D, N>
where
    P: Fn(&[f32], [bool; N]) -> [Vec<f32>; N] + Send + Sync + 'static,
{
    type State = Saved<P, D, N>;

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = Numbers(grads.consume::<Flex>(&ops.node).to_contiguous());
        let needed = ops.parents.each_ref().map(Option::is_some);
        let pulled = (ops.state.pull)(&grad, needed);
        let inputs = ops.parents.into_iter().zip(ops.state.shapes);
        for ((parent, shape), values) in inputs.zip(pulled) {
            if let Some(parent) = parent {
                grads.register::<Flex>(parent.id, primitive(values, shape));
            }
        }
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
