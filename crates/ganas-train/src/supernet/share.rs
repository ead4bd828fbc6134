//! The part of a shared weight that a network uses.
//!
//! Mobile networks share weights across kernels, expansions and depths, as Once-for-all does (Cai et
//! al. 2020, arXiv 1908.09791). A smaller kernel is the centre of the largest one, without the
//! transform matrix of that paper. A smaller expansion has the first channels. A stage with fewer
//! layers leaves out the last ones. In other spaces each op has weights of its own.

use std::borrow::Cow;

use ganas_core::space::{Kind, SearchSpace};
use ganas_tensor::Tensor;

/// The name of the shared weight behind a weight of a network.
pub fn shared_name<'a>(space: &dyn SearchSpace, name: &'a str) -> Cow<'a, str> {
    if !matches!(space.kind(), Kind::Mobile(_)) {
        return Cow::Borrowed(name);
    }
    let parts: Vec<&str> = name.split('.').map(elastic).collect();
    Cow::Owned(parts.join("."))
}

/// A part of a name without expansion and kernel: `mb` or `mb_se` for a block such as `mb6_k5` or
/// `mb6_k5_se`.
fn elastic(part: &str) -> &str {
    let is_block = part.starts_with("mb") && part.contains("_k");
    match (is_block, part.ends_with("_se")) {
        (true, true) => "mb_se",
        (true, false) => "mb",
        _ => part,
    }
}

/// The part of a shared weight with this shape: the centre of its kernels and its first channels.
pub fn narrow(shared: &Tensor<4>, shape: [usize; 4]) -> Tensor<4> {
    let whole = shared.dims();
    if whole == shape {
        return shared.clone();
    }
    let mut part = shared.clone();
    for axis in KERNEL {
        if whole[axis] > shape[axis] {
            part = part.narrow(axis, margin(whole[axis], shape[axis]), shape[axis]);
        }
    }
    if part.dims() == shape {
        part
    } else {
        part.corner(shape)
    }
}

/// A gradient of a [narrowed](narrow) weight as one of the shared weight: zero elsewhere.
pub fn widen(gradient: Tensor<4>, shape: [usize; 4]) -> Tensor<4> {
    if gradient.dims() == shape {
        return gradient;
    }
    let mut wide = gradient;
    for axis in KERNEL {
        let mut zeros = wide.dims();
        zeros[axis] = margin(shape[axis], zeros[axis]);
        if zeros[axis] > 0 {
            let zeros = Tensor::zeros(zeros, &wide.device());
            wide = Tensor::cat(vec![zeros, wide], axis);
        }
    }
    wide.in_corner_of(shape)
}

/// The axes of a weight that are height and width of its kernels.
const KERNEL: [usize; 2] = [0, 1];

/// The rows of a kernel before its centre. Kernels have odd sizes, so as many come after it.
fn margin(whole: usize, part: usize) -> usize {
    (whole - part) / 2
}

#[cfg(test)]
mod tests {
    use ganas_core::space::{efficientnet_b0, nasbench201};

    use super::*;

    fn numbers(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_vec().unwrap()
    }

    #[test]
    fn kernels_are_cut_at_their_centre_and_channels_at_the_first() {
        let all = Vec::from_iter((0..50).map(|i| i as f32));
        let whole = ganas_tensor::tensor(all, [5, 5, 2, 1]);
        let part = narrow(&whole, [3, 3, 1, 1]);
        let centre = [12., 14., 16., 22., 24., 26., 32., 34., 36.];
        assert_eq!(numbers(part.clone()), centre);
        let back = numbers(widen(part, [5, 5, 2, 1]));
        for (place, value) in back.into_iter().enumerate() {
            let own = place as f32;
            let expected = if centre.contains(&own) { own } else { 0.0 };
            assert_eq!(value, expected, "{place}");
        }
        assert_eq!(numbers(narrow(&whole, [5, 5, 2, 1])), numbers(whole));
    }

    #[test]
    fn mobile_blocks_lose_expansion_and_kernel() {
        let name = |text| shared_name(&efficientnet_b0(), text).into_owned();
        let project = "stage2.layer1.mb6_k5_se.project.conv";
        assert_eq!(name(project), "stage2.layer1.mb_se.project.conv");
        assert_eq!(
            name("stage1.layer0.mb1_k3.depthwise"),
            "stage1.layer0.mb.depthwise"
        );
        assert_eq!(name("stem.norm.scale"), "stem.norm.scale");
        assert_eq!(shared_name(&nasbench201(), project), project);
    }
}
