use super::Tensor;
use crate::Device;
use crate::check::{against, close, finite_differences, numbers, random};

fn tensor<const D: usize>(values: &[f32], shape: [usize; D]) -> Tensor<D> {
    Tensor::new(values.to_vec(), shape, &Device::Cpu)
}

#[test]
fn pairs_are_broadcast() {
    let a = tensor(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3]);
    let row = tensor(&[10.0, 20.0, 30.0], [1, 3]);
    let column = tensor(&[100.0, 200.0], [2, 1]);
    let sum = a.clone() + row.clone();
    assert_eq!(
        sum.into_vec().unwrap(),
        [11.0, 22.0, 33.0, 14.0, 25.0, 36.0]
    );
    let sum = a - column.clone();
    assert_eq!(
        sum.into_vec().unwrap(),
        [-99.0, -98.0, -97.0, -196.0, -195.0, -194.0]
    );
    let outer = column * row;
    assert_eq!(outer.dims(), [2, 3]);
    assert_eq!(outer.into_vec().unwrap(), [1e3, 2e3, 3e3, 2e3, 4e3, 6e3]);
}

#[test]
fn broadcast_agrees_with_repeated_numbers() {
    for (small, repeats) in [([1, 1, 1, 5], 24), ([2, 1, 1, 5], 12), ([2, 3, 4, 1], 5)] {
        let whole = random([2, 3, 4, 5], 1);
        let part = random(small, 2);
        finite_differences([whole.clone(), part.clone()], |[a, b]| a * b);
        finite_differences([part, whole], |[a, b]| a - b);
        assert_eq!(small.iter().product::<usize>() * repeats, 120);
    }
}

#[test]
fn gradients_are_those_of_finite_differences() {
    let positive = || random([3, 4], 1).square().add_scalar(0.5);
    let any = || random([3, 4], 2);
    finite_differences([any(), positive()], |[a, b]| a / b);
    finite_differences([any(), any().add_scalar(0.3)], |[a, b]| a.min_pair(b));
    finite_differences([positive()], |[x]| x.sqrt());
    finite_differences([any()], |[x]| -x.exp());
    finite_differences([any()], |[x]| x.square().mul_scalar(0.3).div_scalar(0.7));
    finite_differences([any()], |[x]| x.log_softmax());
    finite_differences([any()], |[x]| x.mean_dim(0));
    finite_differences([any()], |[x]| x.mean_dim(1));
    finite_differences([any()], |[x]| x.transpose());
    finite_differences([any()], |[x]| x.reshape([2, 6]));
    finite_differences([any()], |[x]| x.narrow(1, 1, 2));
    finite_differences([any(), positive()], |[a, b]| Tensor2::cat(vec![a, b], 1));
    finite_differences([any(), positive()], |[a, b]| Tensor2::cat(vec![a, b], 0));
    finite_differences([any(), random([4, 5], 3)], |[a, b]| a.matmul(b));
}

type Tensor2 = crate::Tensor<2>;

#[test]
fn products_are_those_of_their_definition() {
    for (rows, inner, columns) in [(1, 1, 1), (3, 4, 1), (7, 33, 5), (70, 32, 96), (5, 300, 17)] {
        let (a, b) = (random([rows, inner], 1), random([inner, columns], 2));
        let (x, y) = (numbers(a.clone()), numbers(b.clone()));
        let cell = |i: usize| {
            let terms = (0..inner).map(|k| {
                f64::from(x[i / columns * inner + k]) * f64::from(y[k * columns + i % columns])
            });
            terms.sum::<f64>() as f32
        };
        let wanted: Vec<f32> = (0..rows * columns).map(cell).collect();
        close(&numbers(a.matmul(b)), &wanted, 1e-5);
    }
    let none = random([0, 4], 1).matmul(random([4, 3], 2));
    assert_eq!((none.dims(), numbers(none).len()), ([0, 3], 0));
    let zeros = random([2, 0], 1).matmul(random([0, 3], 2));
    assert_eq!(numbers(zeros), [0.0; 6]);
}

#[test]
fn a_tensor_that_is_used_twice_has_both_gradients() {
    against([random([2, 3], 1)], |[x]| x.clone() * x, |[x]| x.square());
}

#[test]
fn untracked_inputs_have_no_gradient() {
    let x = tensor(&[2.0], [1]).require_grad();
    let y = tensor(&[3.0], [1]);
    let product = x.clone() * y.clone();
    assert!(product.is_tracked() && !y.is_tracked());
    let gradients = product.backward();
    assert_eq!(x.grad(&gradients).unwrap().into_vec().unwrap(), [3.0]);
    assert!(y.grad(&gradients).is_none());
    assert!(
        tensor(&[2.0], [1])
            .require_grad()
            .grad(&gradients)
            .is_none()
    );
}

#[test]
fn long_tapes_do_not_overflow_the_stack() {
    let x = tensor(&[1.0], [1]).require_grad();
    let long = (0..200_000).fold(x.clone(), |y, _| y.add_scalar(0.0));
    drop(long.clone());
    let gradients = long.backward();
    assert_eq!(x.grad(&gradients).unwrap().into_vec().unwrap(), [1.0]);
}

#[test]
fn corners_are_cut_and_put_back() {
    let whole = random([2, 3, 4], 1);
    let corner = whole.clone().corner([1, 2, 3]);
    assert_eq!(corner.dims(), [1, 2, 3]);
    let back = corner.clone().in_corner_of([2, 3, 4]);
    assert_eq!(
        numbers(back.clone().corner([1, 2, 3])),
        numbers(corner.clone())
    );
    assert_eq!(numbers(back.sum())[0], numbers(corner.sum())[0]);
}

#[test]
#[should_panic(expected = "do not fit")]
fn shapes_that_do_not_fit_are_a_fault() {
    let _ = random([2, 3], 1) + random([3, 2], 1);
}
