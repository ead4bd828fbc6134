//! Functions of single numbers and of pairs, with broadcasting.

use std::ops::{Add, Div, Mul, Neg, Sub};

use pulp::Arch;

use super::Tensor;
use super::tape::node;

/// The value of a function of two numbers, and its slopes by each of them.
trait Pair: Copy + Send + 'static {
    fn value(self, a: f32, b: f32) -> f32;
    fn slopes(self, a: f32, b: f32) -> [f32; 2];
}

impl<V, S> Pair for (V, S)
where
    V: Fn(f32, f32) -> f32 + Copy + Send + 'static,
    S: Fn(f32, f32) -> [f32; 2] + Copy + Send + 'static,
{
    #[inline(always)]
    fn value(self, a: f32, b: f32) -> f32 {
        (self.0)(a, b)
    }

    #[inline(always)]
    fn slopes(self, a: f32, b: f32) -> [f32; 2] {
        (self.1)(a, b)
    }
}

/// Positions in two tensors that are read together. A dimension of length 1 is repeated.
#[derive(Clone, Copy)]
struct Together<const D: usize> {
    shape: [usize; D],
    steps: [[usize; D]; 2],
}

impl<const D: usize> Together<D> {
    fn new(a: [usize; D], b: [usize; D]) -> Self {
        let shape = std::array::from_fn(|i| {
            let fits = a[i] == b[i] || a[i] == 1 || b[i] == 1;
            assert!(fits, "shapes {a:?} and {b:?} do not fit");
            if a[i] == 1 { b[i] } else { a[i] }
        });
        let steps = [a, b].map(|own| {
            let mut stride = 1;
            let mut steps = [0; D];
            for i in (0..D).rev() {
                steps[i] = if own[i] == 1 { 0 } else { stride };
                stride *= own[i];
            }
            steps
        });
        Together { shape, steps }
    }

    /// Calls `visit` with the positions in the output and in both tensors, in order.
    #[inline(always)]
    fn for_each(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let width = self.shape[D - 1];
        let [a, b] = self.steps;
        let mut at = [0; D];
        for row in 0..self.shape[..D - 1].iter().product() {
            let dot = |steps: &[usize; D]| (0..D - 1).map(|i| at[i] * steps[i]).sum::<usize>();
            let (start_a, start_b) = (dot(&a), dot(&b));
            for k in 0..width {
                visit(
                    row * width + k,
                    start_a + k * a[D - 1],
                    start_b + k * b[D - 1],
                );
            }
            for i in (0..D - 1).rev() {
                at[i] += 1;
                if at[i] < self.shape[i] {
                    break;
                }
                at[i] = 0;
            }
        }
    }
}

fn zip<const D: usize>(a: Tensor<D>, b: Tensor<D>, pair: impl Pair) -> Tensor<D> {
    if a.shape == b.shape {
        return zip_alike(a, b, pair);
    }
    let together = Together::new(a.shape, b.shape);
    node([a, b], |[a, b]| {
        let mut values = vec![0.0; together.shape.iter().product()];
        Arch::new().dispatch(|| together.for_each(|o, i, j| values[o] = pair.value(a[i], b[j])));
        let pull = move |gradient: &[f32], needed: [bool; 2]| {
            let mut by = [&a, &b].map(|input| vec![0.0; input.len()]);
            Arch::new().dispatch(|| {
                together.for_each(|o, i, j| {
                    let [by_a, by_b] = pair.slopes(a[i], b[j]);
                    if needed[0] {
                        by[0][i] += gradient[o] * by_a;
                    }
                    if needed[1] {
                        by[1][j] += gradient[o] * by_b;
                    }
                });
            });
            by
        };
        (values, together.shape, pull)
    })
}

/// Both tensors of one shape.
fn zip_alike<const D: usize>(a: Tensor<D>, b: Tensor<D>, pair: impl Pair) -> Tensor<D> {
    let shape = a.shape;
    let combine = |mut a: Vec<f32>, b: &[f32]| {
        Arch::new().dispatch(|| {
            for (a, b) in a.iter_mut().zip(b) {
                *a = pair.value(*a, *b);
            }
        });
        a
    };
    if !a.is_tracked() && !b.is_tracked() {
        return Tensor::from_parts(combine(a.numbers.into_vec(), &b.numbers), shape);
    }
    node([a, b], |[a, b]| {
        let values = combine(a.to_vec(), &b);
        let pull = move |gradient: &[f32], needed: [bool; 2]| {
            let mut by = needed.map(|needed| vec![0.0; if needed { gradient.len() } else { 0 }]);
            for (side, by) in by.iter_mut().enumerate() {
                let inputs = a.iter().zip(b.iter());
                Arch::new().dispatch(|| {
                    for ((by, g), (a, b)) in by.iter_mut().zip(gradient).zip(inputs) {
                        *by = g * pair.slopes(*a, *b)[side];
                    }
                });
            }
            by
        };
        (values, shape, pull)
    })
}

impl<const D: usize> Add for Tensor<D> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        zip(self, other, (|a, b| a + b, |_, _| [1.0, 1.0]))
    }
}

impl<const D: usize> Sub for Tensor<D> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        zip(self, other, (|a, b| a - b, |_, _| [1.0, -1.0]))
    }
}

impl<const D: usize> Mul for Tensor<D> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        zip(self, other, (|a, b| a * b, |a, b| [b, a]))
    }
}

impl<const D: usize> Div for Tensor<D> {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        zip(
            self,
            other,
            (|a, b| a / b, |a: f32, b: f32| [1.0 / b, -a / (b * b)]),
        )
    }
}

impl<const D: usize> Neg for Tensor<D> {
    type Output = Self;

    fn neg(self) -> Self {
        self.map(|x| -x, |_| -1.0)
    }
}

impl<const D: usize> Tensor<D> {
    /// A function of every number, and its slope at the number.
    fn map(self, value: impl Fn(f32) -> f32, slope: impl Fn(f32) -> f32 + Send + 'static) -> Self {
        let shape = self.shape;
        let apply = |mut x: Vec<f32>| {
            Arch::new().dispatch(|| x.iter_mut().for_each(|x| *x = value(*x)));
            x
        };
        if !self.is_tracked() {
            return Tensor::from_parts(apply(self.numbers.into_vec()), shape);
        }
        node([self], |[x]| {
            let values = apply(x.to_vec());
            let pull = move |gradient: &[f32], _: [bool; 1]| {
                let pairs = gradient.iter().zip(x.iter());
                [pairs.map(|(g, x)| g * slope(*x)).collect()]
            };
            (values, shape, pull)
        })
    }

    /// The exponential of every number.
    pub fn exp(self) -> Self {
        self.map(f32::exp, f32::exp)
    }

    /// The square root of every number.
    pub fn sqrt(self) -> Self {
        self.map(f32::sqrt, |x| 0.5 / x.sqrt())
    }

    /// The square of every number.
    pub fn square(self) -> Self {
        self.map(|x| x * x, |x| 2.0 * x)
    }

    /// Every number moved into a range; outside of it the gradient is zero.
    pub fn clamp(self, low: f32, high: f32) -> Self {
        let inside = move |x: f32| if x < low || x > high { 0.0 } else { 1.0 };
        self.map(move |x| x.clamp(low, high), inside)
    }

    /// A number added to every number.
    pub fn add_scalar(self, by: impl Into<f64>) -> Self {
        let by = by.into() as f32;
        self.map(move |x| x + by, |_| 1.0)
    }

    /// Every number times a number.
    pub fn mul_scalar(self, by: impl Into<f64>) -> Self {
        let by = by.into() as f32;
        self.map(move |x| x * by, move |_| by)
    }

    /// Every number divided by a number.
    pub fn div_scalar(self, by: impl Into<f64>) -> Self {
        let by = by.into() as f32;
        self.map(move |x| x / by, move |_| 1.0 / by)
    }

    /// The smaller of two numbers; of equal numbers the first counts.
    pub fn min_pair(self, other: Self) -> Self {
        let first = |a: f32, b: f32| a <= b || a.is_nan();
        let pair = (
            move |a, b| if first(a, b) { a } else { b },
            move |a, b| if first(a, b) { [1.0, 0.0] } else { [0.0, 1.0] },
        );
        zip(self, other, pair)
    }
}
