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
//! Jobs, each with the input `label` `[batch]`, whole numbers 0 to 9; `n` is the number of couplings:
//!
//! - `encode`: `x` `[batch, 784]` grey values in [0, 1]; `key` `[4]`; `spread` (a scalar): the dequantisation noise is
//!   0.5 + spread (u - 0.5), so that 0 gives the middle of each grey value.
//! - `likelihood`: `x` and `key` as in `encode`, spread 1; only the output `log_likelihood`.
//! - `decode`: `z` `[batch, 784]`, logistic noise at the places of the pixels that it becomes.
//! - `sample`: `key` `[4]`; `temperature` (a scalar) scales the noise. Only the outputs `z` and `pixels`.
//!
//! The outputs: `z` `[batch, 784]`; `pixels` `[batch, 784]`, grey values in [0, 1] of 8 bits; `x` `[batch, 784]`, the same
//! with the dequantisation noise, in (0, 1); `log_likelihood` `[batch]`, log p(x | class) of the 8-bit picture in nats;
//! `bits_per_dim` `[batch]`; `layers` `[batch * (n + 1), 784]`, each picture's states from data to noise as grey values: a
//! pixel that no coupling has changed as it is, the others as the sigmoid of the noise; `error` `[batch]`, the largest
//! difference after a round trip: of a pixel (as a part of the grey range) in `encode`, of a number of z in `decode`.

use std::f64::consts::LN_2;
use std::rc::Rc;

use super::flow_config::{FEATURES, FlowConfig, Level, PHASES, level_name, top_name};
use super::flow_mixture::Mixture;
use super::network::{self, Network, unknown_job};
use super::plans;
use crate::checkpoint::Checkpoint;
use crate::data::SIDE;
use crate::error::{Error, Result};
use crate::graph::{Graph, ParamLayout, Plan, Slab, Tensor};
use crate::nn::layers;
use crate::ops::{AdamConfig, Distribution};

/// Grey values of a picture.
const GREYS: f64 = 256.0;
/// What keeps v off the ends of (0, 256), where the logit is infinite: the distance of f32 numbers below 256.
const MARGIN: f64 = 1.0 / 65_536.0;
/// What keeps a uniform number off the ends of (0, 1).
const UNIFORM_MARGIN: f64 = 1e-7;
/// The logit at which the coarsest grid's networks see half of the ink.
const GREY_CENTRE: f64 = -5.0;
/// By how much they see the logit divided.
const STATE_SCALE: f64 = 0.125;

/// A flow as a builder of graphs.
#[derive(Debug, Clone)]
pub struct Flow {
    config: FlowConfig,
    layout: Rc<ParamLayout>,
}

/// Some of the pixels, from data to noise.
struct Part {
    /// v in (0, 256).
    v: Tensor,
    /// The states behind each coupling that changes it; the last one is z.
    states: Vec<Tensor>,
}

/// A picture on its way: the three grids of each level, finest level first, in the order of [`PHASES`], and the halves of
/// the coarsest grid.
struct Journey {
    levels: Vec<Vec<Part>>,
    top: [Part; 2],
    /// log p of the 8-bit pictures, `[batch]`.
    log_likelihood: Tensor,
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
    fn from_logit(&self, y: &Tensor) -> Result<Tensor> {
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
        let grids: Vec<Tensor> =
            known.iter().map(|v| v.mul_scalar(1.0 / GREYS).reshape([batch, 1, side, side])).collect::<Result<_>>()?;
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
        let features = [kept.mul_scalar(STATE_SCALE), kept.add_scalar(GREY_CENTRE).sigmoid()];
        debug_assert_eq!(features.len(), FEATURES);
        let input = label.graph().concat(&features.each_ref(), 1)?;
        let class = layers::embedding(label, params, &format!("{name}.label"))?;
        let h = layers::linear(&input, params, &format!("{name}.in"))?.add(&class)?.silu();
        let h = layers::linear(&h, params, &format!("{name}.0"))?.add(&h)?.silu();
        Mixture::new(&layers::linear(&h, params, &format!("{name}.out"))?, self.config.components)
    }

    /// From `v` `[batch, pixels]` in (0, 256) to noise.
    fn encode(&self, params: &Slab, label: &Tensor, v: &Tensor) -> Result<Journey> {
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
        let to_pixels = |y: &Tensor| Ok(self.from_logit(y)?.clamp(MARGIN, GREYS - MARGIN));
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
    fn bits_per_dim(&self, log_likelihood: &Tensor) -> Tensor {
        log_likelihood.mul_scalar(-1.0 / (self.config.pixels() as f64 * LN_2))
    }

    /// The outputs of all jobs, of pictures `v` that are the couplings' noise in `journey`.
    fn outputs(&self, graph: &Graph, v: &Tensor, journey: &Journey, error: &Tensor) -> Result<Plan> {
        let z = self.states(journey, None)?;
        let states: Vec<Tensor> =
            (0..=self.config.couplings()).map(|done| self.states(journey, Some(done))).collect::<Result<_>>()?;
        let [batch, pixels] = [v.shape().dims()[0], self.config.pixels()];
        let layers = graph.concat(&states.iter().collect::<Vec<_>>(), 1)?.reshape([batch * states.len(), pixels])?;
        graph.compile(&[
            ("z", &z),
            ("pixels", &grey(v)),
            ("x", &v.mul_scalar(1.0 / GREYS)),
            ("log_likelihood", &journey.log_likelihood),
            ("bits_per_dim", &self.bits_per_dim(&journey.log_likelihood)),
            ("layers", &layers),
            ("error", error),
        ])
    }

    /// The picture behind `done` couplings as grey values, or z itself.
    fn states(&self, journey: &Journey, done: Option<usize>) -> Result<Tensor> {
        let levels = self.config.levels.len();
        // a part's picture behind so many of its couplings
        let shown = |part: &Part, changes: usize| match (done, changes) {
            (None, _) => part.states[part.states.len() - 1].clone(),
            (_, 0) => part.v.mul_scalar(1.0 / GREYS),
            (_, changes) => part.states[changes - 1].sigmoid(),
        };
        let behind = |first: usize| done.map_or(0, |done| done.saturating_sub(first));
        let at_top = behind(levels * (PHASES.len() - 1));
        let [even, odd] = &journey.top;
        let mut picture = join(&[&shown(even, at_top.div_ceil(2)), &shown(odd, at_top / 2)])?;
        for (index, parts) in journey.levels.iter().enumerate().rev() {
            // on the way to noise the grid that is drawn last goes first
            let changed = behind(index * parts.len());
            let mut grids = vec![picture];
            let order = parts.iter().enumerate();
            grids.extend(order.map(|(place, part)| shown(part, usize::from(changed >= parts.len() - place))));
            picture = merge(&grids.iter().collect::<Vec<_>>(), self.config.side >> (index + 1))?;
        }
        Ok(picture)
    }
}

impl Network for Flow {
    fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    fn describe(&self) -> String {
        self.config.describe()
    }

    fn plan(&self, job: &str, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let label = graph.input("label", [batch])?;
        let shape = [batch, self.config.pixels()];
        if matches!(job, "encode" | "likelihood") {
            let x = graph.input("x", shape)?;
            let uniform = graph.random(Distribution::Uniform, &graph.input("key", [4])?, shape)?;
            let bytes = x.mul_scalar(GREYS - 1.0).add_scalar(0.5).floor();
            if job == "likelihood" {
                let (_, log_likelihood) = self.log_likelihood(&params, &label, &dequantise(&bytes, &uniform)?)?;
                return graph.compile(&[("log_likelihood", &log_likelihood)]);
            }
            let spread = graph.input("spread", [1])?;
            let noise = uniform.add_scalar(-0.5).mul(&spread)?.add_scalar(0.5);
            let v = dequantise(&bytes, &noise)?;
            let journey = self.encode(&params, &label, &v)?;
            let back = self.decode(&params, &label, &self.states(&journey, None)?)?;
            let error = largest(&back.sub(&v)?.mul_scalar(1.0 / GREYS))?;
            return self.outputs(&graph, &v, &journey, &error);
        }
        let z = match job {
            "decode" => graph.input("z", shape)?,
            "sample" => {
                let temperature = graph.input("temperature", [1])?;
                let uniform = graph.random(Distribution::Uniform, &graph.input("key", [4])?, shape)?;
                let uniform = uniform.clamp(UNIFORM_MARGIN, 1.0 - UNIFORM_MARGIN);
                uniform.log().sub(&uniform.neg().add_scalar(1.0).log())?.mul(&temperature)?
            }
            _ => return unknown_job(job, &["encode", "likelihood", "decode", "sample"]),
        };
        let v = self.decode(&params, &label, &z)?;
        if job == "sample" {
            return graph.compile(&[("z", &z), ("pixels", &grey(&v))]);
        }
        let journey = self.encode(&params, &label, &v)?;
        let error = largest(&self.states(&journey, None)?.sub(&z)?)?;
        self.outputs(&graph, &v, &journey, &error)
    }
}

/// v = x + u, off the ends of (0, 256).
fn dequantise(x: &Tensor, noise: &Tensor) -> Result<Tensor> {
    Ok(x.add(noise)?.clamp(MARGIN, GREYS - MARGIN))
}

/// v as the grey values of 8 bits that it is a part of.
fn grey(v: &Tensor) -> Tensor {
    v.floor().mul_scalar(1.0 / (GREYS - 1.0))
}

/// The largest absolute value of each row of `[batch, values]`.
fn largest(differences: &Tensor) -> Result<Tensor> {
    let batch = differences.shape().dims()[0];
    differences.abs().max_keep(&[1])?.reshape([batch])
}

/// The four grids of a picture `[batch, side * side]`, each `[batch, (side / 2)^2]`, in the order of [`PHASES`].
fn split(picture: &Tensor, side: usize) -> Result<Vec<Tensor>> {
    let (batch, half) = (picture.shape().dims()[0], side / 2);
    let grids = picture.reshape([batch, half, 2, half, 2])?.permute(&[2, 4, 0, 1, 3])?;
    let grids = grids.reshape([PHASES.len(), batch * half * half])?;
    PHASES.iter().map(|&phase| grids.slice(0, phase, 1)?.reshape([batch, half * half])).collect()
}

/// The inverse of [`split`]; `half` is the side of a grid.
fn merge(grids: &[&Tensor], half: usize) -> Result<Tensor> {
    let batch = grids[0].shape().dims()[0];
    let mut ordered = grids.to_vec();
    for (grid, &phase) in grids.iter().zip(&PHASES) {
        ordered[phase] = grid;
    }
    let joined = grids[0].graph().concat(&ordered, 0)?.reshape([2, 2, batch, half, half])?;
    joined.permute(&[2, 3, 0, 4, 1])?.reshape([batch, 4 * half * half])
}

/// The pixels of even and of odd index of `[batch, pixels]`.
fn halve(picture: &Tensor) -> Result<[Tensor; 2]> {
    let &[batch, pixels] = picture.shape().dims() else { unreachable!("a picture has two axes") };
    let even = pixels.div_ceil(2);
    let pairs = picture.pad(1, 0, 2 * even - pixels)?.reshape([batch, even, 2])?;
    let half = |index: usize, len: usize| pairs.slice(2, index, 1)?.reshape([batch, even])?.slice(1, 0, len);
    Ok([half(0, even)?, half(1, pixels / 2)?])
}

/// The inverse of [`halve`].
fn join(halves: &[&Tensor; 2]) -> Result<Tensor> {
    let [batch, even] = [halves[0].shape().dims()[0], halves[0].shape().dims()[1]];
    let odd = halves[1].shape().dims()[1];
    let pair = [&halves[0].reshape([batch, even, 1])?, &halves[1].pad(1, 0, even - odd)?.reshape([batch, even, 1])?];
    halves[0].graph().concat(&pair, 2)?.reshape([batch, 2 * even])?.slice(1, 0, even + odd)
}
