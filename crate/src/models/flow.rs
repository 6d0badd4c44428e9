//! The normalizing flow: an invertible map between pictures and noise with an exact density.
//!
//! A byte v of a picture becomes v + u with u uniform in [0, 1) (dequantisation), a number in (0, 256), and y = logit F(v + u)
//! with F piecewise linear: the lowest grey value, which most of a picture has, takes the part `paper` of the unit interval.
//! From there on couplings take pixels to logistic noise (the prior of NICE, Dinh et al. 2014). Each leaves a part of the
//! pixels as they are and reads them; what it reads decides, for each other pixel, a mixture of logistics, through whose
//! distribution function the pixel goes. On each level three of the four grids of a squeezed picture become noise given
//! those that are left, and the last grid is the next level's picture; the two halves of the coarsest grid transform each
//! other in turn. All networks know the digit's class.
//!
//! What the networks of the levels read of a pixel is its byte, not v: a pixel that comes back off by rounding is read as
//! the same byte, and the couplings behind it do not pass the error on.

use std::f64::consts::LN_2;
use std::rc::Rc;

use super::flow_config::{FEATURES, FlowConfig, Level, PHASES, level_name, top_name};
use super::flow_grids::{halve, join, merge, split};
use super::flow_mixture::Mixture;
use super::network;
use super::plans;
use crate::checkpoint::Checkpoint;
use crate::data::SIDE;
use crate::error::{Error, Result};
use crate::graph::{ParamLayout, Plan, Slab, Tensor};
use crate::nn::layers;
use crate::ops::{AdamConfig, Distribution};

/// Grey values of a picture.
pub(super) const GREYS: f64 = 256.0;
/// What keeps v off the ends of (0, 256), where the logit is infinite: the distance of f32 numbers below 256.
const MARGIN: f64 = 1.0 / 65_536.0;
/// The logit at which the coarsest grid's networks see half of the ink.
const GREY_CENTRE: f64 = 5.0;
/// By how much they see the logit divided.
const STATE_SCALE: f64 = 0.125;

/// A flow as a builder of graphs.
#[derive(Debug, Clone)]
pub struct Flow {
    pub(super) config: FlowConfig,
    pub(super) layout: Rc<ParamLayout>,
}

/// Some of the pixels, from data to noise.
pub(super) struct Part {
    /// v in (0, 256).
    pub v: Tensor,
    /// The states behind each coupling that changes it; the last one is z.
    pub states: Vec<Tensor>,
}

/// A picture on its way: the three grids of each level, finest level first, in the order of [`PHASES`], and the halves of
/// the coarsest grid.
pub(super) struct Journey {
    pub levels: Vec<Vec<Part>>,
    pub top: [Part; 2],
    /// log p of the 8-bit pictures, `[batch]`.
    pub log_likelihood: Tensor,
}

impl Flow {
    /// The flow of a config.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit.
    pub fn new(config: FlowConfig) -> Result<Flow> {
        config.check()?;
        let layout = config.declarations().layout()?;
        Ok(Flow { config, layout })
    }

    /// The flow in a weights file, which is one of MNIST's pictures.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when there is no config or it does not fit.
    pub fn of(checkpoint: &Checkpoint) -> Result<Flow> {
        let config: FlowConfig = network::config(checkpoint)?;
        if config.side != SIDE {
            return Err(Error::Checkpoint(format!(
                "the flow is one of pictures of {0} x {0}; pictures here are {SIDE} x {SIDE}",
                config.side
            )));
        }
        Flow::new(config)
    }

    /// The config.
    pub fn config(&self) -> &FlowConfig {
        &self.config
    }

    /// y = logit F(v).
    fn to_logit(&self, v: &Tensor) -> Result<Tensor> {
        let paper = self.config.paper;
        // v <= 1: F = paper v; above: 1 - F = (1 - paper) (256 - v) / 255
        let above = v.neg().add_scalar(GREYS).mul_scalar((1.0 - paper) / (GREYS - 1.0));
        let below = v.mul_scalar(paper);
        let low = v.greater_scalar(1.0);
        let below = low.select(&above.neg().add_scalar(1.0), &below)?;
        let above = low.select(&above, &v.mul_scalar(-paper).add_scalar(1.0))?;
        below.log().sub(&above.log())
    }

    /// v where y = logit F(v).
    fn value_of_logit(&self, y: &Tensor) -> Result<Tensor> {
        let paper = self.config.paper;
        let dark = y.neg().sigmoid().mul_scalar((1.0 - GREYS) / (1.0 - paper)).add_scalar(GREYS);
        let light = y.sigmoid().mul_scalar(1.0 / paper);
        let limit = (paper / (1.0 - paper)).ln();
        y.greater_scalar(limit).select(&dark, &light)
    }

    /// log dF(v)/dv - log F (1 - F): the logarithm of the slope of [`Flow::to_logit`].
    fn logit_slope(&self, v: &Tensor, y: &Tensor) -> Result<Tensor> {
        let paper = self.config.paper;
        let (light, dark) = (paper.ln(), ((1.0 - paper) / (GREYS - 1.0)).ln());
        let of_f = v.greater_scalar(1.0).mul_scalar(dark - light).add_scalar(light);
        of_f.add(&y.softplus())?.add(&y.neg().softplus())
    }

    /// The mixtures of the grid that is drawn after those of `known`, each `[batch, pixels]` of v.
    fn level_mixture(&self, params: &Slab, label: &Tensor, index: usize, known: &[&Tensor]) -> Result<Mixture> {
        let name = level_name(index, known.len());
        let Level { channels, layers: depth } = self.config.levels[index];
        let batch = known[0].shape().dims()[0];
        let side = self.config.side >> (index + 1);
        let read = |v: &&Tensor| v.floor().add_scalar(0.5).mul_scalar(1.0 / GREYS).reshape([batch, 1, side, side]);
        let grids: Vec<Tensor> = known.iter().map(read).collect::<Result<_>>()?;
        let input = match &grids[..] {
            [only] => only.clone(),
            several => label.graph().concat(&several.iter().collect::<Vec<_>>(), 1)?,
        };
        let class = layers::embedding(label, params, &format!("{name}.label"))?.reshape([batch, channels, 1, 1])?;
        let mut h = layers::conv2d(&input, params, &format!("{name}.in"), 1, 1)?.add(&class)?;
        for layer in 0..depth {
            h = layers::conv2d(&h.silu(), params, &format!("{name}.{layer}"), 1, 1)?.add(&h)?;
        }
        Mixture::new(&layers::conv2d(&h.silu(), params, &format!("{name}.out"), 1, 0)?, self.config.components)
    }

    /// The mixtures of one half of the coarsest grid given the state of the other, `[batch, pixels]`.
    fn top_mixture(&self, params: &Slab, label: &Tensor, coupling: usize, kept: &Tensor) -> Result<Mixture> {
        let name = top_name(coupling);
        let features = [kept.mul_scalar(STATE_SCALE), kept.add_scalar(-GREY_CENTRE).sigmoid()];
        debug_assert_eq!(features.len(), FEATURES);
        let input = label.graph().concat(&features.each_ref(), 1)?;
        let class = layers::embedding(label, params, &format!("{name}.label"))?;
        let h = layers::linear(&input, params, &format!("{name}.in"))?.add(&class)?.silu();
        let h = layers::linear(&h, params, &format!("{name}.0"))?.add(&h)?.silu();
        Mixture::new(&layers::linear(&h, params, &format!("{name}.out"))?, self.config.components)
    }

    /// From `v` `[batch, pixels]` in (0, 256) to noise.
    pub(super) fn encode(&self, params: &Slab, label: &Tensor, v: &Tensor) -> Result<Journey> {
        let batch = v.shape().dims()[0];
        let mut log_likelihood = label.graph().constant(&[0.0], [1])?.broadcast_to([batch])?;
        let mut add = |terms: &Tensor| -> Result<()> {
            log_likelihood = log_likelihood.add(&terms.sum(&[1])?)?;
            Ok(())
        };
        let mut levels = Vec::new();
        let mut picture = v.clone();
        for index in 0..self.config.levels.len() {
            let grids = split(&picture, self.config.side >> index)?;
            let mut parts = Vec::new();
            for known in 1..PHASES.len() {
                let mixture = self.level_mixture(params, label, index, &grids[..known].iter().collect::<Vec<_>>())?;
                let v = &grids[known];
                let y = self.to_logit(v)?;
                // of a pixel that goes through one coupling only, the noise's density and the slope make the mixture's
                add(&mixture.log_density(&y)?.add(&self.logit_slope(v, &y)?)?)?;
                parts.push(Part { v: v.clone(), states: vec![mixture.map(&y)?.0] });
            }
            levels.push(parts);
            picture = grids[0].clone();
        }
        let halves = halve(&picture)?;
        let mut states: Vec<Tensor> = halves.iter().map(|v| self.to_logit(v)).collect::<Result<_>>()?;
        for (v, y) in halves.iter().zip(&states) {
            add(&self.logit_slope(v, y)?)?;
        }
        let mut top = halves.map(|v| Part { v, states: Vec::new() });
        for coupling in 0..self.config.top.couplings {
            let changed = coupling % 2;
            let mixture = self.top_mixture(params, label, coupling, &states[1 - changed])?;
            let (z, slope) = mixture.map(&states[changed])?;
            add(&slope)?;
            states[changed] = z.clone();
            top[changed].states.push(z);
        }
        for z in &states {
            // the logistic density: e^-z / (1 + e^-z)^2
            add(&z.softplus().add(&z.neg().softplus())?.neg())?;
        }
        Ok(Journey { levels, top, log_likelihood })
    }

    /// The pictures `[batch, pixels]`, v in (0, 256), that `z` `[batch, pixels]` is the noise of.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes are others.
    pub fn decode(&self, params: &Slab, label: &Tensor, z: &Tensor) -> Result<Tensor> {
        let mut noise = Vec::new();
        let mut picture = z.clone();
        for index in 0..self.config.levels.len() {
            let grids = split(&picture, self.config.side >> index)?;
            picture = grids[0].clone();
            noise.push(grids);
        }
        let mut states = halve(&picture)?;
        for coupling in (0..self.config.top.couplings).rev() {
            let changed = coupling % 2;
            let mixture = self.top_mixture(params, label, coupling, &states[1 - changed])?;
            states[changed] = mixture.invert(&states[changed])?;
        }
        let to_pixels = |y: &Tensor| Ok(self.value_of_logit(y)?.clamp(MARGIN, GREYS - MARGIN));
        picture = join(&[&to_pixels(&states[0])?, &to_pixels(&states[1])?])?;
        for (index, grids) in noise.iter().enumerate().rev() {
            let mut known = vec![picture];
            for grid in &grids[1..] {
                let mixture = self.level_mixture(params, label, index, &known.iter().collect::<Vec<_>>())?;
                known.push(to_pixels(&mixture.invert(grid)?)?);
            }
            picture = merge(&known.iter().collect::<Vec<_>>(), self.config.side >> (index + 1))?;
        }
        Ok(picture)
    }

    /// z `[batch, pixels]` and log p `[batch]` (nats) of pictures `v` `[batch, pixels]` in (0, 256) of the classes `label`
    /// `[batch]`, as nodes of a graph.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes are others.
    pub fn log_likelihood(&self, params: &Slab, label: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor)> {
        let journey = self.encode(params, label, v)?;
        Ok((self.states(&journey, None)?, journey.log_likelihood))
    }

    /// One training step on `x` `[batch, 784]`, whole numbers from 0 to 255, and `label` `[batch]`, whole numbers 0 to 9.
    ///
    /// Other inputs: `key` `[4]` ([`crate::ops::key_values`]), `hyper` `[4]` ([`AdamConfig::hyper`]) and `ema_rate`
    /// (1 - decay, a scalar). Output: `loss`, bits per dimension, the mean over the batch.
    ///
    /// # Errors
    /// [`Error::Shape`] for an empty batch.
    pub fn train_plan(&self, batch: usize, adam: &AdamConfig) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let pixels = self.config.pixels();
        let x = graph.input("x", [batch, pixels])?;
        let label = graph.input("label", [batch])?;
        let key = graph.input("key", [4])?;
        let v = dequantise(&x, &graph.random(Distribution::Uniform, &key, [batch, pixels])?)?;
        let journey = self.encode(&params, &label, &v)?;
        let loss = self.bits_per_dim(&journey.log_likelihood).mean_all();
        plans::minimize(&loss, &params, adam)?;
        graph.compile(&[("loss", &loss)])
    }

    /// Nats per picture as bits per pixel.
    pub(super) fn bits_per_dim(&self, log_likelihood: &Tensor) -> Tensor {
        log_likelihood.mul_scalar(-1.0 / (self.config.pixels() as f64 * LN_2))
    }
}

/// v = x + u; the sum is no whole number even where it is rounded.
pub(super) fn dequantise(x: &Tensor, noise: &Tensor) -> Result<Tensor> {
    x.add(&noise.clamp(MARGIN, 1.0 - MARGIN))
}
