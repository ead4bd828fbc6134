//! Vectors that may stick out over the outputs.

use pulp::Simd;

/// Reads as many lanes as there are, the others zero.
#[inline(always)]
pub(super) fn load<S: Simd>(simd: S, from: &[f32]) -> S::f32s {
    match S::as_simd_f32s(from) {
        ([lanes], _) => *lanes,
        _ => simd.partial_load_f32s(from),
    }
}

/// Writes as many lanes as there is room for. A full vector takes the short way: the other one is
/// a call, around which all registers are saved.
#[inline(always)]
pub(super) fn store<S: Simd>(simd: S, to: &mut [f32], lanes: S::f32s) {
    if let ([to], _) = S::as_mut_simd_f32s(to) {
        *to = lanes;
    } else {
        simd.partial_store_f32s(to, lanes);
    }
}
