//! Tensors that live on the CPU or on a graphics card. Those on a card are burn's.

use std::ops::{Add, Div, Mul, Neg, Sub};

use burn::tensor::module::conv2d as burn_conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor as Burn, TensorData};

use crate::conv;
use crate::cpu::{self, Numbers};
use crate::device::{Device, ReadError};
use crate::windows::ConvShape;

/// A tensor of `D` dimensions. A clone shares its numbers.
#[derive(Clone, Debug)]
pub struct Tensor<const D: usize>(Place<D>);

#[derive(Clone, Debug)]
enum Place<const D: usize> {
    Cpu(cpu::Tensor<D>),
    Card(Burn<D>),
}

use Place::{Card, Cpu};

/// The gradients of the leaves of a tape.
pub struct Gradients(Found);

enum Found {
    Cpu(cpu::Gradients),
    Card(burn::tensor::Gradients),
}

/// The fault of mixing devices: callers keep all tensors of a network on one.
const MIXED: &str = "tensors of one operation live on one device";

/// Runs `forward` on the numbers of its inputs and puts the result on the tape, as [`cpu::node`].
///
/// # Panics
/// If an input does not live on the CPU.
pub fn node<const D: usize, const N: usize, P>(
    inputs: [Tensor<D>; N],
    forward: impl FnOnce([Numbers; N]) -> (Vec<f32>, [usize; D], P),
) -> Tensor<D>
where
    P: FnOnce(&[f32], [bool; N]) -> [Vec<f32>; N] + Send + 'static,
{
    Tensor(Cpu(cpu::node(inputs.map(Tensor::into_cpu), forward)))
}

/// A convolution without bias; shapes as on the CPU.
pub fn conv2d(x: Tensor<4>, weight: Tensor<4>, shape: ConvShape) -> Tensor<4> {
    match (x.0, weight.0) {
        (Cpu(x), Cpu(weight)) => Tensor(Cpu(conv::conv2d(x, weight, shape))),
        (Card(x), Card(weight)) => {
            let weight = weight.permute([3, 2, 0, 1]);
            Tensor(Card(convolution(x, weight, shape, 1)))
        }
        _ => panic!("{MIXED}"),
    }
}

/// A convolution of each channel by itself, without bias; shapes as on the CPU.
pub fn depthwise_conv2d(x: Tensor<4>, weight: Tensor<4>, shape: ConvShape) -> Tensor<4> {
    match (x.0, weight.0) {
        (Cpu(x), Cpu(weight)) => Tensor(Cpu(conv::depthwise_conv2d(x, weight, shape))),
        (Card(x), Card(weight)) => {
            let channels = x.dims()[3];
            let weight = weight.permute([2, 3, 0, 1]);
            Tensor(Card(convolution(x, weight, shape, channels)))
        }
        _ => panic!("{MIXED}"),
    }
}

fn convolution(x: Burn<4>, weight: Burn<4>, shape: ConvShape, groups: usize) -> Burn<4> {
    let options = ConvOptions::new(
        [shape.stride; 2],
        [shape.padding; 2],
        [shape.dilation; 2],
        groups,
    );
    let (x, weight) = alike(x.permute([0, 3, 1, 2]), weight);
    burn_conv2d(x, weight, None, options).permute([0, 2, 3, 1])
}

/// Both tensors on a tape, if one of them is.
fn alike<const D: usize>(a: Burn<D>, b: Burn<D>) -> (Burn<D>, Burn<D>) {
    match (a.is_autodiff(), b.is_autodiff()) {
        (true, false) => (a, b.autodiff()),
        (false, true) => (a.autodiff(), b),
        _ => (a, b),
    }
}

impl<const D: usize> Tensor<D> {
    /// A tensor of these numbers, row-major, without a tape.
    pub fn new(values: Vec<f32>, shape: [usize; D], device: &Device) -> Self {
        Tensor(match device {
            Device::Cpu => Cpu(cpu::Tensor::new(values, shape, device)),
            Device::Card(card) => {
                let card = card.clone().without_autodiff();
                Card(Burn::from_data(TensorData::new(values, shape), &card))
            }
        })
    }

    /// The same number everywhere.
    pub fn full(shape: [usize; D], value: f32, device: &Device) -> Self {
        Self::new(vec![value; shape.iter().product()], shape, device)
    }

    /// Zeros.
    pub fn zeros(shape: [usize; D], device: &Device) -> Self {
        Self::full(shape, 0.0, device)
    }

    /// The shape.
    pub fn dims(&self) -> [usize; D] {
        match &self.0 {
            Cpu(x) => x.dims(),
            Card(x) => x.dims(),
        }
    }

    /// The device that the tensor lives on.
    pub fn device(&self) -> Device {
        match &self.0 {
            Cpu(x) => x.device(),
            Card(x) => Device::Card(x.device().without_autodiff()),
        }
    }

    /// The numbers, row-major.
    ///
    /// # Errors
    /// If they cannot be read from the card.
    pub fn into_vec(self) -> Result<Vec<f32>, ReadError> {
        match self.0 {
            Cpu(x) => x.into_vec(),
            Card(x) => (x.try_into_vec_as::<f32>()).map_err(|e| ReadError(format!("{e:?}"))),
        }
    }

    /// Returns true if the tensor is on a tape.
    pub fn is_tracked(&self) -> bool {
        match &self.0 {
            Cpu(x) => x.is_tracked(),
            Card(x) => x.is_autodiff(),
        }
    }

    /// The tensor as a leaf of a new tape.
    pub fn require_grad(self) -> Self {
        self.each(cpu::Tensor::require_grad, |x| {
            let x = if x.is_autodiff() { x } else { x.autodiff() };
            x.require_grad()
        })
    }

    /// The tensor without its tape.
    pub fn detach(self) -> Self {
        self.each(cpu::Tensor::detach, |x| {
            if x.is_autodiff() { x.inner() } else { x }
        })
    }

    /// The gradients of the sum of this tensor's numbers with respect to all leaves.
    pub fn backward(self) -> Gradients {
        Gradients(match self.0 {
            Cpu(x) => Found::Cpu(x.backward()),
            Card(x) => Found::Card(x.backward()),
        })
    }

    /// The gradient of this leaf; `None` if the output does not depend on it.
    pub fn grad(&self, gradients: &Gradients) -> Option<Tensor<D>> {
        match (&self.0, &gradients.0) {
            (Cpu(x), Found::Cpu(found)) => x.grad(found).map(|x| Tensor(Cpu(x))),
            (Card(x), Found::Card(found)) => x.grad(found).map(|x| Tensor(Card(x))),
            _ => panic!("{MIXED}"),
        }
    }

    /// An operation of burn on a tensor that lives on a card.
    ///
    /// # Panics
    /// If it lives on the CPU.
    pub fn on_card<const E: usize>(self, operation: impl FnOnce(Burn<D>) -> Burn<E>) -> Tensor<E> {
        match self.0 {
            Card(x) => Tensor(Card(operation(x))),
            Cpu(_) => panic!("{MIXED}"),
        }
    }

    fn into_cpu(self) -> cpu::Tensor<D> {
        match self.0 {
            Cpu(x) => x,
            Card(_) => panic!("{MIXED}"),
        }
    }

    fn each<const E: usize>(
        self,
        on_cpu: impl FnOnce(cpu::Tensor<D>) -> cpu::Tensor<E>,
        on_card: impl FnOnce(Burn<D>) -> Burn<E>,
    ) -> Tensor<E> {
        Tensor(match self.0 {
            Cpu(x) => Cpu(on_cpu(x)),
            Card(x) => Card(on_card(x)),
        })
    }

    fn pair(
        self,
        other: Self,
        on_cpu: impl FnOnce(cpu::Tensor<D>, cpu::Tensor<D>) -> cpu::Tensor<D>,
        on_card: impl FnOnce(Burn<D>, Burn<D>) -> Burn<D>,
    ) -> Self {
        Tensor(match (self.0, other.0) {
            (Cpu(a), Cpu(b)) => Cpu(on_cpu(a, b)),
            (Card(a), Card(b)) => {
                let (a, b) = alike(a, b);
                Card(on_card(a, b))
            }
            _ => panic!("{MIXED}"),
        })
    }

    /// The exponential of every number.
    pub fn exp(self) -> Self {
        self.each(cpu::Tensor::exp, Burn::exp)
    }

    /// The square root of every number.
    pub fn sqrt(self) -> Self {
        self.each(cpu::Tensor::sqrt, Burn::sqrt)
    }

    /// The square of every number.
    pub fn square(self) -> Self {
        self.each(cpu::Tensor::square, Burn::square)
    }

    /// Every number moved into a range; outside of it the gradient is zero.
    pub fn clamp(self, low: f32, high: f32) -> Self {
        self.each(|x| x.clamp(low, high), |x| x.clamp(low, high))
    }

    /// A number added to every number.
    pub fn add_scalar(self, by: impl Into<f64>) -> Self {
        let by = by.into();
        self.each(|x| x.add_scalar(by), |x| x.add_scalar(by))
    }

    /// Every number times a number.
    pub fn mul_scalar(self, by: impl Into<f64>) -> Self {
        let by = by.into();
        self.each(|x| x.mul_scalar(by), |x| x.mul_scalar(by))
    }

    /// Every number divided by a number.
    pub fn div_scalar(self, by: impl Into<f64>) -> Self {
        let by = by.into();
        self.each(|x| x.div_scalar(by), |x| x.div_scalar(by))
    }

    /// The smaller of two numbers.
    pub fn min_pair(self, other: Self) -> Self {
        self.pair(other, cpu::Tensor::min_pair, Burn::min_pair)
    }

    /// The sum of all numbers.
    pub fn sum(self) -> Tensor<1> {
        self.each(cpu::Tensor::sum, Burn::sum)
    }

    /// The mean of all numbers.
    pub fn mean(self) -> Tensor<1> {
        self.each(cpu::Tensor::mean, Burn::mean)
    }

    /// The means along a dimension, which stays with length 1.
    pub fn mean_dim(self, dim: usize) -> Self {
        self.each(|x| x.mean_dim(dim), |x| x.mean_dim(dim))
    }

    /// The logarithms of the softmax along the last dimension.
    pub fn log_softmax(self) -> Self {
        self.each(cpu::Tensor::log_softmax, |x| {
            burn::tensor::activation::log_softmax(x, D - 1)
        })
    }

    /// The same numbers in another shape.
    pub fn reshape<const E: usize>(self, shape: [usize; E]) -> Tensor<E> {
        self.each(|x| x.reshape(shape), |x| x.reshape(shape))
    }

    /// A range of a dimension.
    pub fn narrow(self, dim: usize, start: usize, len: usize) -> Self {
        self.each(|x| x.narrow(dim, start, len), |x| x.narrow(dim, start, len))
    }

    /// The first numbers of every dimension.
    pub fn corner(self, shape: [usize; D]) -> Self {
        (0..D).fold(self, |part, dim| part.narrow(dim, 0, shape[dim]))
    }

    /// Zeros of a shape, with this tensor in their corner. It is not put on the tape.
    pub fn in_corner_of(self, shape: [usize; D]) -> Self {
        self.detach().each(
            |x| x.in_corner_of(shape),
            |x| {
                let corner = x.dims().map(|end| 0..end);
                Burn::zeros(shape, &x.device()).slice_assign(corner, x)
            },
        )
    }

    /// Tensors side by side along a dimension.
    ///
    /// # Panics
    /// If there are none, or they live on different devices.
    pub fn cat(tensors: Vec<Self>, dim: usize) -> Self {
        if matches!(tensors[0].0, Cpu(_)) {
            let parts = tensors.into_iter().map(Tensor::into_cpu).collect();
            return Tensor(Cpu(cpu::Tensor::cat(parts, dim)));
        }
        let mut parts: Vec<Burn<D>> = Vec::new();
        for tensor in tensors {
            match tensor.0 {
                Card(x) => parts.push(x),
                Cpu(_) => panic!("{MIXED}"),
            }
        }
        if parts.iter().any(Burn::is_autodiff) {
            let lift = |x: Burn<D>| if x.is_autodiff() { x } else { x.autodiff() };
            parts = parts.into_iter().map(lift).collect();
        }
        Tensor(Card(Burn::cat(parts, dim)))
    }
}

impl Tensor<2> {
    /// The matrix product.
    pub fn matmul(self, other: Tensor<2>) -> Tensor<2> {
        self.pair(other, cpu::Tensor::matmul, Burn::matmul)
    }

    /// Rows as columns.
    pub fn transpose(self) -> Tensor<2> {
        self.each(cpu::Tensor::transpose, Burn::transpose)
    }
}

impl<const D: usize> Neg for Tensor<D> {
    type Output = Self;

    fn neg(self) -> Self {
        self.each(Neg::neg, Neg::neg)
    }
}

macro_rules! operator {
    ($($trait:ident $method:ident),*) => {$(
        impl<const D: usize> $trait for Tensor<D> {
            type Output = Self;

            fn $method(self, other: Self) -> Self {
                self.pair(other, $trait::$method, $trait::$method)
            }
        }
    )*};
}

operator!(Add add, Sub sub, Mul mul, Div div);
