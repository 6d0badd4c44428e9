//! Layers that take their parameters from a slab by PyTorch's names: `NAME.weight` and `NAME.bias`. A layer whose
//! layout has no bias has none.

use super::NORM_EPS;
use super::functional::{self, Affine, ChannelMoments};
use crate::graph::{Slab, Tensor};
use crate::{Error, Result};

fn weight(params: &Slab, name: &str) -> Result<Tensor> {
    params.get(&format!("{name}.weight"))
}

fn bias(params: &Slab, name: &str) -> Result<Option<Tensor>> {
    let bias = format!("{name}.bias");
    params.layout().find(&bias).map(|_| params.get(&bias)).transpose()
}

fn affine(params: &Slab, name: &str) -> Result<Affine> {
    Ok(Affine { weight: weight(params, name)?, bias: params.get(&format!("{name}.bias"))? })
}

fn with_bias(x: Tensor, params: &Slab, name: &str) -> Result<Tensor> {
    match bias(params, name)? {
        Some(bias) => functional::add_channels(&x, &bias),
        None => Ok(x),
    }
}

/// x W^T + b of `[.., in]` with the weight `[out, in]`: `[.., out]`.
///
/// # Errors
/// [`Error::Shape`] when the parameters are missing or do not fit.
pub fn linear(x: &Tensor, params: &Slab, name: &str) -> Result<Tensor> {
    functional::linear(x, &weight(params, name)?, bias(params, name)?.as_ref())
}

/// [`Tensor::conv2d`] with the weight `[out, in, kernel, kernel]`, and the bias.
///
/// # Errors
/// [`Error::Shape`] when the parameters are missing or do not fit.
pub fn conv2d(x: &Tensor, params: &Slab, name: &str, stride: usize, padding: usize) -> Result<Tensor> {
    with_bias(x.conv2d(&weight(params, name)?, stride, padding)?, params, name)
}

/// Nearest upsampling by `factor` and a convolution of stride 1 in one step, and the bias.
///
/// # Errors
/// [`Error::Shape`] when the parameters are missing or do not fit.
pub fn conv2d_upsampled(x: &Tensor, params: &Slab, name: &str, factor: usize, padding: usize) -> Result<Tensor> {
    with_bias(x.conv2d_upsampled(&weight(params, name)?, factor, 1, padding)?, params, name)
}

/// [`Tensor::conv_transpose2d`] with the weight `[in, out, kernel, kernel]`, and the bias.
///
/// # Errors
/// [`Error::Shape`] when the parameters are missing or do not fit.
pub fn conv_transpose2d(
    x: &Tensor,
    params: &Slab,
    name: &str,
    stride: usize,
    padding: usize,
    output_padding: usize,
) -> Result<Tensor> {
    let y = x.conv_transpose2d(&weight(params, name)?, stride, padding, output_padding)?;
    with_bias(y, params, name)
}

/// [`functional::group_norm`] with weight and bias.
///
/// # Errors
/// [`Error::Shape`] when the parameters are missing or do not fit.
pub fn group_norm(x: &Tensor, params: &Slab, name: &str, groups: usize) -> Result<Tensor> {
    functional::group_norm(x, groups, Some(&affine(params, name)?), NORM_EPS)
}

/// [`functional::layer_norm`] with weight and bias.
///
/// # Errors
/// [`Error::Shape`] when the parameters are missing or do not fit.
pub fn layer_norm(x: &Tensor, params: &Slab, name: &str) -> Result<Tensor> {
    functional::layer_norm(x, Some(&affine(params, name)?), NORM_EPS)
}

/// Which moments a batch norm goes by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BatchNormMode {
    /// The batch's own; the running ones move towards them.
    Train {
        /// How far the running moments move, in [0, 1]; PyTorch's default is 0.1.
        momentum: f64,
    },
    /// The running ones.
    Eval,
}

/// [`functional::batch_norm`] with weight and bias from `params`, and `NAME.running_mean` and `NAME.running_var` in
/// the slab `statistics`. In training the running variance follows the unbiased one, as in PyTorch.
///
/// # Errors
/// [`Error::Shape`] when parameters or statistics are missing or do not fit, or a batch to train on has a single
/// value for each channel.
pub fn batch_norm(x: &Tensor, params: &Slab, statistics: &Slab, name: &str, mode: BatchNormMode) -> Result<Tensor> {
    let running = ChannelMoments {
        mean: statistics.get(&format!("{name}.running_mean"))?,
        variance: statistics.get(&format!("{name}.running_var"))?,
    };
    let affine = affine(params, name)?;
    let BatchNormMode::Train { momentum } = mode else {
        return functional::batch_norm(x, &running, Some(&affine), NORM_EPS);
    };
    let moments = functional::channel_moments(x)?;
    let count = x.shape().numel() / moments.mean.shape().numel();
    if count < 2 {
        return Err(Error::Shape(format!(
            "a batch norm cannot train on {:?}: there is one value for each channel",
            x.shape()
        )));
    }
    let graph = x.graph();
    let rate = graph.scalar(momentum as f32);
    let unbiased = moments.variance.mul_scalar(count as f64 / (count - 1) as f64);
    graph.moving_average(&running.mean, &moments.mean, &rate)?;
    graph.moving_average(&running.variance, &unbiased, &rate)?;
    functional::batch_norm(x, &moments, Some(&affine), NORM_EPS)
}

/// Rows of the table `NAME.weight` `[rows, width]`, see [`Tensor::embedding`].
///
/// # Errors
/// [`Error::Shape`] when the table is missing.
pub fn embedding(index: &Tensor, params: &Slab, name: &str) -> Result<Tensor> {
    weight(params, name)?.embedding(index)
}

/// [`functional::multi_head_attention`] with the parameters of PyTorch's `MultiheadAttention`: `NAME.in_proj_weight`,
/// `NAME.in_proj_bias`, `NAME.out_proj.weight`, `NAME.out_proj.bias`.
///
/// # Errors
/// [`Error::Shape`] when the parameters are missing or do not fit.
pub fn attention(x: &Tensor, params: &Slab, name: &str, heads: usize, causal: bool) -> Result<Tensor> {
    let project_in = Affine {
        weight: params.get(&format!("{name}.in_proj_weight"))?,
        bias: params.get(&format!("{name}.in_proj_bias"))?,
    };
    functional::multi_head_attention(x, &project_in, &affine(params, &format!("{name}.out_proj"))?, heads, causal)
}
