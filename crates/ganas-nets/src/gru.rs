//! The cell of the GRU as one tape node.

use std::sync::Arc;

use ganas_tensor::Tensor;

use crate::layers::{sigmoid, tanh};
use crate::op;

/// The inputs of a [`gru`] step that carry no gradient.
#[derive(Debug)]
pub(crate) struct GruStep {
    /// For each row, the row of `inputs` that it reads.
    pub reads: Vec<u32>,
    /// For each row, whether it took the edge before this one.
    pub bits: Vec<f32>,
}

/// One step of a gated recurrent unit (Cho et al. 2014, doi 10.3115/v1/D14-1179), the candidate
/// gated after its product with the recurrent weights.
///
/// # Shapes
/// - `inputs`: `[nodes, 3 * width]`, the projections of the nodes for the gates reset, update and
///   candidate; row `r` reads node `step.reads[r]`
/// - `bit`: `[1, 3 * width]`, added where `step.bits` is one
/// - `hidden`: `[at least rows, width]`, of which the first rows are used
/// - `recurrent`: `[rows, 3 * width]`, the products of `hidden` with the recurrent weights
/// - output: `[rows, width]`
pub(crate) fn gru(
    inputs: Tensor<2>,
    bit: Tensor<2>,
    hidden: Tensor<2>,
    recurrent: Tensor<2>,
    step: &Arc<GruStep>,
) -> Tensor<2> {
    let [nodes, _] = inputs.dims();
    let [before, w] = hidden.dims();
    let rows = step.reads.len();
    let step = step.clone();
    op::node([inputs, bit, hidden, recurrent], move |[x, bit, h, u]| {
        let mut out = vec![0.0; rows * w];
        // Reset, update, candidate, previous state and the candidate's recurrent part.
        let mut kept = vec![0.0; rows * 5 * w];
        for i in 0..rows {
            let x = &x[step.reads[i] as usize * 3 * w..][..3 * w];
            let (u, h) = (&u[i * 3 * w..][..3 * w], &h[i * w..][..w]);
            let row = &mut kept[i * 5 * w..][..5 * w];
            let (r, row) = row.split_at_mut(w);
            let (z, row) = row.split_at_mut(w);
            let (n, row) = row.split_at_mut(w);
            let (old, cand) = row.split_at_mut(w);
            let taken = step.bits[i];
            for (k, r) in r.iter_mut().enumerate() {
                *r = sigmoid(x[k] + taken * bit[k] + u[k]);
            }
            for (k, z) in z.iter_mut().enumerate() {
                *z = sigmoid(x[w + k] + taken * bit[w + k] + u[w + k]);
            }
            for (k, n) in n.iter_mut().enumerate() {
                *n = tanh(x[2 * w + k] + taken * bit[2 * w + k] + r[k] * u[2 * w + k]);
            }
            old.copy_from_slice(h);
            cand.copy_from_slice(&u[2 * w..]);
            for (k, o) in out[i * w..][..w].iter_mut().enumerate() {
                *o = n[k] + z[k] * (h[k] - n[k]);
            }
        }
        let pull = move |grad: &[f32]| {
            let mut dx = vec![0.0; nodes * 3 * w];
            let mut dbit = vec![0.0; 3 * w];
            let mut dh = vec![0.0; before * w];
            let mut du = vec![0.0; rows * 3 * w];
            for i in 0..rows {
                let (g, row) = (&grad[i * w..][..w], &kept[i * 5 * w..][..5 * w]);
                let (r, row) = row.split_at(w);
                let (z, row) = row.split_at(w);
                let (n, row) = row.split_at(w);
                let (old, cand) = row.split_at(w);
                let du = &mut du[i * 3 * w..][..3 * w];
                let (du_r, rest) = du.split_at_mut(w);
                let (du_z, du_n) = rest.split_at_mut(w);
                let dx = &mut dx[step.reads[i] as usize * 3 * w..][..3 * w];
                let (dx_r, rest) = dx.split_at_mut(w);
                let (dx_z, dx_n) = rest.split_at_mut(w);
                let dh = &mut dh[i * w..][..w];
                for k in 0..w {
                    let a_n = g[k] * (1.0 - z[k]) * (1.0 - n[k] * n[k]);
                    let a_z = g[k] * (old[k] - n[k]) * z[k] * (1.0 - z[k]);
                    let a_r = a_n * cand[k] * r[k] * (1.0 - r[k]);
                    du_r[k] = a_r;
                    du_z[k] = a_z;
                    du_n[k] = a_n * r[k];
                    dx_r[k] += a_r;
                    dx_z[k] += a_z;
                    dx_n[k] += a_n;
                    dh[k] = g[k] * z[k];
                    if step.bits[i] != 0.0 {
                        dbit[k] += step.bits[i] * a_r;
                        dbit[w + k] += step.bits[i] * a_z;
                        dbit[2 * w + k] += step.bits[i] * a_n;
                    }
                }
            }
            [dx, dbit, dh, du]
        };
        (out, [rows, w], pull)
    })
}
