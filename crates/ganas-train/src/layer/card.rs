//! Layers on a graphics card, as burn's operations.

use burn::tensor::activation::{hard_sigmoid, hard_swish, relu, relu6, sigmoid, silu};
use burn::tensor::module::{avg_pool2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use ganas_core::space::Activation;
use ganas_tensor::{ConvShape, Tensor};

pub fn activate(x: Tensor<4>, function: Activation) -> Tensor<4> {
    x.on_card(|x| match function {
        Activation::Relu => relu(x),
        Activation::Relu6 => relu6(x),
        Activation::Swish => silu(x),
        Activation::HardSwish => hard_swish(x),
        Activation::Sigmoid => sigmoid(x),
        Activation::HardSigmoid => hard_sigmoid(x, 1.0 / 6.0, 0.5),
    })
}

pub fn max_pool(x: Tensor<4>, kernel: usize, shape: ConvShape) -> Tensor<4> {
    let options = MaxPoolOptions::new([kernel; 2])
        .with_stride([shape.stride; 2])
        .with_padding([shape.padding; 2]);
    x.on_card(|x| max_pool2d(x.permute([0, 3, 1, 2]), options).permute([0, 2, 3, 1]))
}

pub fn avg_pool(x: Tensor<4>, kernel: usize, shape: ConvShape) -> Tensor<4> {
    let options = AvgPoolOptions::new([kernel; 2])
        .with_stride([shape.stride; 2])
        .with_padding([shape.padding; 2])
        .with_count_include_pad(false);
    x.on_card(|x| avg_pool2d(x.permute([0, 3, 1, 2]), options).permute([0, 2, 3, 1]))
}
