//! Losses and log-densities, in nats. Each gives one number for each element (cross-entropy: for each row); what is
//! done with them is the caller's: [`Tensor::sum_all`], [`Tensor::mean_all`], or [`per_example`] for one number for
//! each image. The reduction and the loss run in one dispatch.

use std::f64::consts::TAU;

use super::functional::one_hot;
use crate::graph::Tensor;
use crate::{Error, Result};

/// Log-variances are taken as no farther from 0 than this where they are exponentiated, so that no loss overflows:
/// exp(60) times a squared deviation of up to 1e12 is a finite f32.
const LOG_VARIANCE_LIMIT: f64 = 60.0;

/// The sum over all axes but the first: `[batch]`.
///
/// # Errors
/// [`Error::Shape`] for a scalar.
pub fn per_example(x: &Tensor) -> Result<Tensor> {
    let rank = x.shape().rank();
    if rank == 0 {
        return Err(Error::Shape("a single number has no examples".into()));
    }
    x.sum(&(1..rank).collect::<Vec<_>>())
}

/// Binary cross-entropy of `targets` in [0, 1] under Bernoulli distributions with these logits:
/// ln(1 + e^l) - l t, which loses nothing for logits of any size.
///
/// # Errors
/// [`Error::Shape`] when the shapes do not broadcast.
pub fn bce_with_logits(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    logits.softplus().sub(&logits.mul(targets)?)
}

/// ln p(targets) under Bernoulli distributions with these logits: the negative of [`bce_with_logits`].
///
/// # Errors
/// [`Error::Shape`] when the shapes do not broadcast.
pub fn bernoulli_log_likelihood(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    logits.mul(targets)?.sub(&logits.softplus())
}

/// Squared error (a - b)^2.
///
/// # Errors
/// [`Error::Shape`] when the shapes do not broadcast.
pub fn squared_error(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    Ok(a.sub(b)?.square())
}

/// The mean of [`squared_error`] over all elements.
///
/// # Errors
/// [`Error::Shape`] when the shapes do not broadcast.
pub fn mse(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    Ok(squared_error(a, b)?.mean_all())
}

/// KL(N(mu, e^logvar) || N(0, 1)) of each dimension: (mu^2 + e^logvar - 1 - logvar) / 2.
///
/// # Errors
/// [`Error::Shape`] when the shapes do not broadcast.
pub fn gaussian_kl(mu: &Tensor, logvar: &Tensor) -> Result<Tensor> {
    let variance = logvar.minimum_scalar(LOG_VARIANCE_LIMIT).exp();
    Ok(mu.square().add(&variance)?.sub(logvar)?.sub_scalar(1.0).mul_scalar(0.5))
}

/// ln N(x; mu, e^logvar) of each dimension.
///
/// # Errors
/// [`Error::Shape`] when the shapes do not broadcast.
pub fn normal_log_density(x: &Tensor, mu: &Tensor, logvar: &Tensor) -> Result<Tensor> {
    let precision = logvar.neg().minimum_scalar(LOG_VARIANCE_LIMIT).exp();
    let distance = squared_error(x, mu)?.mul(&precision)?;
    Ok(distance.add(logvar)?.add_scalar(TAU.ln()).mul_scalar(-0.5))
}

/// ln N(x; 0, 1) of each dimension.
pub fn standard_normal_log_density(x: &Tensor) -> Tensor {
    x.square().add_scalar(TAU.ln()).mul_scalar(-0.5)
}

/// -sum of targets ln softmax(logits) over the last axis, for targets that are distributions over the classes:
/// `[.., classes]` to `[..]`.
///
/// # Errors
/// [`Error::Shape`] when the shapes differ.
pub fn cross_entropy(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let shape = logits.shape();
    if targets.shape() != shape {
        return Err(Error::Shape(format!("targets of {:?} are not distributions for {shape:?}", targets.shape())));
    }
    Ok(logits.log_softmax()?.mul(targets)?.sum(&[shape.rank() - 1])?.neg())
}

/// [`cross_entropy`] for classes given by number, whole numbers held as floats: `[.., classes]` and `[..]` to `[..]`.
///
/// # Errors
/// [`Error::Shape`] when the shapes do not fit.
pub fn cross_entropy_of_classes(logits: &Tensor, classes: &Tensor) -> Result<Tensor> {
    let shape = logits.shape();
    match shape.dims().split_last() {
        Some((&count, lead)) if classes.shape().dims() == lead => cross_entropy(logits, &one_hot(classes, count)?),
        _ => Err(Error::Shape(format!("classes {:?} do not belong to logits {shape:?}", classes.shape()))),
    }
}
