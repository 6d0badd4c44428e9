//! Layers as functions of tensors.

use crate::graph::Tensor;
use crate::{Error, Result};

/// Scale and shift of a normalisation, each `[channels]`.
#[derive(Debug, Clone)]
pub struct Affine {
    /// What the normalised values are multiplied by.
    pub weight: Tensor,
    /// What is then added.
    pub bias: Tensor,
}

/// A vector `[channels]` seen so that it broadcasts to `[batch, channels, ..]` of the rank of `x`.
fn per_channel(vector: &Tensor, x: &Tensor) -> Result<Tensor> {
    let shape = x.shape();
    match (vector.shape().dims(), shape.dims()) {
        (&[channels], [_, expected, rest @ ..]) if channels == *expected => {
            let mut dims = vec![channels];
            dims.extend(rest.iter().map(|_| 1));
            vector.reshape(dims.as_slice())
        }
        (other, _) => Err(Error::Shape(format!("{other:?} is not one number for each channel of {shape:?}"))),
    }
}

/// Adds `bias` `[channels]` to `x` `[batch, channels, ..]`.
///
/// # Errors
/// [`Error::Shape`] when the channels differ.
pub fn add_channels(x: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.add(&per_channel(bias, x)?)
}

fn affine_channels(x: &Tensor, affine: Option<&Affine>) -> Result<Tensor> {
    match affine {
        Some(Affine { weight, bias }) => x.mul(&per_channel(weight, x)?)?.add(&per_channel(bias, x)?),
        None => Ok(x.clone()),
    }
}

/// x W^T + b of `x` `[.., in]` with `weight` `[out, in]` and `bias` `[out]`: `[.., out]`.
///
/// # Errors
/// [`Error::Shape`] when the shapes do not fit.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let product = x.matmul_with(weight, false, true)?;
    match bias {
        Some(bias) => product.add(bias),
        None => Ok(product),
    }
}

/// Group norm (Wu and He 2018) of `[batch, channels, ..]`: each sample's channels in `groups` groups of neighbours,
/// each group brought to mean 0 and variance 1 over its channels and pixels.
///
/// # Errors
/// [`Error::Shape`] when the channels do not fall into groups, or those of `affine` differ.
pub fn group_norm(x: &Tensor, groups: usize, affine: Option<&Affine>, eps: f64) -> Result<Tensor> {
    let shape = x.shape();
    let &[batch, channels, ..] = shape.dims() else {
        return Err(Error::Shape(format!("a group norm is of [batch, channels, ..], not {shape:?}")));
    };
    if groups == 0 || !channels.is_multiple_of(groups) {
        return Err(Error::Shape(format!("{channels} channels do not fall into {groups} equal groups")));
    }
    affine_channels(&x.normalize(shape.numel() / (batch * groups), eps)?, affine)
}

/// Instance norm (Ulyanov et al. 2016): [`group_norm`] with a group for each channel.
///
/// # Errors
/// As [`group_norm`].
pub fn instance_norm(x: &Tensor, affine: Option<&Affine>, eps: f64) -> Result<Tensor> {
    let channels = x.shape().dims().get(1).copied().unwrap_or(0);
    group_norm(x, channels, affine, eps)
}

/// Layer norm (Ba et al. 2016) over the last axis.
///
/// # Errors
/// [`Error::Shape`] for a scalar, or when `affine` is not of the last axis.
pub fn layer_norm(x: &Tensor, affine: Option<&Affine>, eps: f64) -> Result<Tensor> {
    let length = x.shape().dims().last().copied().unwrap_or(0);
    let y = x.normalize(length, eps)?;
    match affine {
        Some(Affine { weight, bias }) => y.mul(weight)?.add(bias),
        None => Ok(y),
    }
}

/// A batch's mean and variance for each channel, `[channels]`.
#[derive(Debug, Clone)]
pub struct ChannelMoments {
    /// The mean.
    pub mean: Tensor,
    /// The variance; of a batch, the biased one.
    pub variance: Tensor,
}

/// Mean and biased variance of each channel of `[batch, channels, ..]`.
///
/// # Errors
/// [`Error::Shape`] when there are no channels.
pub fn channel_moments(x: &Tensor) -> Result<ChannelMoments> {
    let shape = x.shape();
    if shape.rank() < 2 {
        return Err(Error::Shape(format!("a batch norm is of [batch, channels, ..], not {shape:?}")));
    }
    let channels = shape.dims()[1];
    let axes: Vec<usize> = (0..shape.rank()).filter(|&axis| axis != 1).collect();
    let mean = x.mean_keep(&axes)?.reshape([channels])?;
    let deviation = x.sub(&per_channel(&mean, x)?)?;
    let variance = deviation.square().mean_keep(&axes)?.reshape([channels])?;
    Ok(ChannelMoments { mean, variance })
}

/// Batch norm (Ioffe and Szegedy 2015) of `[batch, channels, ..]` by the given moments: those of the batch itself
/// ([`channel_moments`]) in training, running ones afterwards.
///
/// # Errors
/// [`Error::Shape`] when the channels differ.
pub fn batch_norm(x: &Tensor, moments: &ChannelMoments, affine: Option<&Affine>, eps: f64) -> Result<Tensor> {
    let scale = per_channel(&moments.variance.add_scalar(eps).rsqrt(), x)?;
    affine_channels(&x.sub(&per_channel(&moments.mean, x)?)?.mul(&scale)?, affine)
}

/// softmax(q k^T / sqrt(width)) v of `[.., n, width]`; with `causal`, position i attends to positions 0 to i.
///
/// # Errors
/// [`Error::Shape`] when the shapes do not fit.
pub fn attention(q: &Tensor, k: &Tensor, v: &Tensor, causal: bool) -> Result<Tensor> {
    let width = q.shape().dims().last().copied().unwrap_or(1);
    let scores = q.matmul_with(k, false, true)?.mul_scalar(1.0 / (width as f64).sqrt());
    let weights = if causal { scores.softmax_causal()? } else { scores.softmax()? };
    weights.matmul(v)
}

/// Self-attention with several heads (Vaswani et al. 2017) of `[batch, n, width]`. `project_in` has the weight
/// `[3 width, width]` of queries, keys and values one after the other, `project_out` has `[width, width]`.
///
/// # Errors
/// [`Error::Shape`] when the width does not fall into heads or the shapes do not fit.
pub fn multi_head_attention(
    x: &Tensor,
    project_in: &Affine,
    project_out: &Affine,
    heads: usize,
    causal: bool,
) -> Result<Tensor> {
    let shape = x.shape();
    let &[batch, n, width] = shape.dims() else {
        return Err(Error::Shape(format!("an attention is over [batch, n, width], not {shape:?}")));
    };
    if heads == 0 || !width.is_multiple_of(heads) {
        return Err(Error::Shape(format!("a width of {width} does not fall into {heads} equal heads")));
    }
    let part = width / heads;
    let projected = linear(x, &project_in.weight, Some(&project_in.bias))?;
    let by_head = projected.reshape([batch, n, 3, heads, part])?.permute(&[2, 0, 3, 1, 4])?;
    let take = |index: usize| by_head.slice(0, index, 1)?.reshape([batch, heads, n, part]);
    let attended = attention(&take(0)?, &take(1)?, &take(2)?, causal)?;
    let joined = attended.permute(&[0, 2, 1, 3])?.reshape([batch, n, width])?;
    linear(&joined, &project_out.weight, Some(&project_out.bias))
}

/// `[.., classes]` with a 1 at the class that each element of `index` `[..]` names, a whole number, and 0 elsewhere.
///
/// # Errors
/// [`Error::Shape`] when there are no classes.
pub fn one_hot(index: &Tensor, classes: usize) -> Result<Tensor> {
    let numbers: Vec<f32> = (0..classes).map(|class| class as f32).collect();
    let numbers = index.graph().constant(&numbers, [classes])?;
    let mut dims = index.shape().dims().to_vec();
    dims.push(1);
    index.reshape(dims.as_slice())?.equal(&numbers)
}
