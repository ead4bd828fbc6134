//! Matrix products.

use super::Tensor;
use crate::conv::conv2d;
use crate::windows::ConvShape;

impl Tensor<2> {
    /// The matrix product, as a convolution of one row of pixels with a kernel of one tap.
    ///
    /// # Shapes
    /// - self: `[rows, inner]`, other: `[inner, columns]`
    /// - output: `[rows, columns]`
    pub fn matmul(self, other: Tensor<2>) -> Tensor<2> {
        let ([rows, inner], [_, columns]) = (self.shape, other.shape);
        assert_eq!(inner, other.shape[0], "the inner sizes of a matrix product");
        if self.numbers.is_empty() || columns == 0 {
            // Nothing depends on the inputs, so nothing is put on the tape.
            return Tensor::from_parts(vec![0.0; rows * columns], [rows, columns]);
        }
        let pixels = self.reshape([1, 1, rows, inner]);
        let kernel = other.reshape([1, 1, inner, columns]);
        conv2d(pixels, kernel, ConvShape::same(1, 1)).reshape([rows, columns])
    }

    /// Rows as columns.
    pub fn transpose(self) -> Tensor<2> {
        let [rows, columns] = self.shape;
        super::tape::node([self], move |[x]| {
            let values = transposed(&x, rows, columns);
            let pull = move |gradient: &[f32], _: [bool; 1]| [transposed(gradient, columns, rows)];
            (values, [columns, rows], pull)
        })
    }
}

fn transposed(x: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let column = |c: usize| x.iter().skip(c).step_by(columns.max(1));
    let mut values = Vec::with_capacity(rows * columns);
    (0..columns).for_each(|c| values.extend(column(c)));
    values
}
