//! Mixtures of logistics as maps: their distribution function takes what they describe to the unit interval, and the
//! logit takes that to logistic noise (Flow++, Ho et al. 2019, section 3.2).

use crate::error::Result;
use crate::graph::Tensor;

/// Natural logarithms of the smallest and the largest scale.
const LOG_SCALES: (f64, f64) = (-6.0, 4.0);
/// The means start spread over 0 to this: from paper to ink in the space of the logits.
const SPREAD: f64 = 10.0;

/// A mixture of logistics for each of `[batch, values]`; its tensors are `[batch, components, values]`.
pub(super) struct Mixture {
    /// Logarithms of the weights.
    log_weight: Tensor,
    mean: Tensor,
    log_scale: Tensor,
}

/// Logarithms of a distribution function and of what is left of 1, each `[batch, values]`.
struct Tails {
    below: Tensor,
    above: Tensor,
}

impl Mixture {
    /// The mixtures that a network's answer `[batch, 3 * components * values]` describes.
    pub fn new(numbers: &Tensor, components: usize) -> Result<Mixture> {
        let batch = numbers.shape().dims()[0];
        let values = numbers.shape().numel() / (batch * 3 * components);
        let numbers = numbers.reshape([batch, 3 * components, values])?;
        let part = |index: usize| numbers.slice(1, index * components, components);
        let step = SPREAD / (components.max(2) - 1) as f64;
        let start: Vec<f32> = (0..components).map(|index| (index as f64 * step) as f32).collect();
        let weight = part(0)?;
        Ok(Mixture {
            log_weight: weight.sub(&weight.logsumexp_keep(&[1])?)?,
            mean: part(1)?.add(&numbers.graph().constant(&start, [components, 1])?)?,
            log_scale: part(2)?.clamp(LOG_SCALES.0, LOG_SCALES.1),
        })
    }

    /// How far `y` `[batch, values]` lies from each mean, in scales.
    fn distances(&self, y: &Tensor) -> Result<Tensor> {
        let &[batch, _, values] = self.mean.shape().dims() else { unreachable!("a mixture has three axes") };
        let y = y.reshape([batch, 1, values])?.broadcast_to(self.mean.shape())?;
        y.sub(&self.mean)?.mul(&self.log_scale.neg().exp())
    }

    /// Logarithm of the sum over the components, `[batch, values]`.
    fn total(&self, logs: &Tensor) -> Result<Tensor> {
        let &[batch, _, values] = self.mean.shape().dims() else { unreachable!("a mixture has three axes") };
        self.log_weight.add(logs)?.logsumexp_keep(&[1])?.reshape([batch, values])
    }

    /// The logarithm of the density at `y` `[batch, values]`.
    pub fn log_density(&self, y: &Tensor) -> Result<Tensor> {
        self.log_density_at(&self.distances(y)?)
    }

    fn log_density_at(&self, w: &Tensor) -> Result<Tensor> {
        self.total(&w.neg().sub(&w.neg().softplus().mul_scalar(2.0))?.sub(&self.log_scale)?)
    }

    fn tails(&self, w: &Tensor) -> Result<Tails> {
        Ok(Tails { below: self.total(&w.neg().softplus().neg())?, above: self.total(&w.softplus().neg())? })
    }

    /// z = logit of the distribution function at `y` `[batch, values]`, which is logistic noise where `y` is of this
    /// mixture, and log |dz/dy|; both of the shape of `y`.
    pub fn map(&self, y: &Tensor) -> Result<(Tensor, Tensor)> {
        let w = self.distances(y)?;
        let Tails { below, above } = self.tails(&w)?;
        let slope = self.log_density_at(&w)?.sub(&below)?.sub(&above)?;
        Ok((below.sub(&above)?, slope))
    }

    /// The inverse of [`Mixture::map`]: y for `z` `[batch, values]`.
    pub fn invert(&self, z: &Tensor) -> Result<Tensor> {
        z.logistic_mixture_quantile(&self.log_weight.exp(), &self.mean, &self.log_scale.exp())
    }
}
