//! Layers, losses and first weights, made of ops. [`functional`] works on tensors, [`layers`] takes its parameters by
//! PyTorch's names from a slab, [`init`] declares them with the values they start from.

mod cases;
pub mod functional;
pub mod init;
pub mod layers;
pub mod loss;

use serde::{Deserialize, Serialize};

pub(crate) use cases::row;

use crate::graph::Tensor;

/// Added to variances by every normalisation, PyTorch's default.
pub const NORM_EPS: f64 = 1e-5;
/// What a leaky relu multiplies negative numbers by, PyTorch's default.
pub const LEAKY_SLOPE: f64 = 0.01;

/// The non-linearity between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// x for x > 0, else x / 100.
    LeakyRelu,
    /// x sigmoid(x).
    Silu,
    /// x Phi(x).
    Gelu,
    /// tanh(x).
    Tanh,
    /// 1 / (1 + exp(-x)).
    Sigmoid,
}

impl Activation {
    /// Applies the function to each element.
    pub fn apply(self, x: &Tensor) -> Tensor {
        match self {
            Activation::Relu => x.relu(),
            Activation::LeakyRelu => x.leaky_relu_scalar(LEAKY_SLOPE),
            Activation::Silu => x.silu(),
            Activation::Gelu => x.gelu(),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => x.sigmoid(),
        }
    }
}
