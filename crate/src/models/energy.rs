//! A convolutional energy model: E(x, y) = -f(x)\[y\], where f is a classifier's network, so that p(x, y) is proportional to
//! exp(f(x)\[y\]) (Grathwohl et al. 2020; Du and Mordatch 2019). Digits are drawn by Langevin steps on x, in -1 (paper) to
//! 1 (ink).
//!
//! Tensors: `conv1` to `conv3` (a 4 x 4 convolution of stride 2 and two of 3 x 3 and stride 2), `fc1`, `fc2`.
//!
//! | job | inputs | outputs |
//! |-|-|-|
//! | `langevin` | those of [`super::chain`], `label` `[batch]` (0 to 9, [`NO_CLASS`] for any), `step_size` and `noise` (scalars; the config has those of the training) | `pixels` `[batch, 784]` in [0, 1]; `energy` `[batch]` before the last step |
//! | `energy` | `x` `[batch, 784]` in [0, 1], `label` `[batch]` | `energy` `[batch]`; `gradient` `[batch, 784]`, the direction of falling energy over its largest value, in [-1, 1]; `logits` `[batch, 10]`, f(x) |
//!
//! A run of `langevin` is [`STEPS`] steps. Energies are those of one model: they have no unit and no zero.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::chain::Chains;
use super::classifier::CLASSES;
use super::denoiser_config::NO_CLASS;
use super::family::{Family, Training};
use super::network::{Network, unknown_job};
use super::plans;
use crate::data::{PIXELS, SIDE};
use crate::error::{Error, Result};
use crate::graph::{ParamLayout, Plan, Slab, Tensor};
use crate::nn::functional::one_hot;
use crate::nn::init::Declarations;
use crate::nn::layers;
use crate::ops::Distribution;

/// Langevin steps in one run of `langevin`.
pub const STEPS: usize = 4;
/// Kernel of each convolution; all have a border of one pixel and a stride of two.
const KERNELS: [usize; 3] = [4, 3, 3];
/// The picture's side behind the last of them.
const LAST_SIDE: usize = 4;
/// The largest step's gradient, in each pixel: a chain that meets a cliff must not be thrown out of the picture.
const GRADIENT_LIMIT: f64 = 0.03;
/// Keeps a forged config from asking for terabytes.
const MAX_WIDTH: usize = 1_024;

/// What a convolutional energy model is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergyConfig {
    /// Always `energy`.
    pub family: Family,
    /// Output channels of the three convolutions.
    pub channels: [usize; 3],
    /// Width of the fully connected layer.
    pub hidden: usize,
    /// The Langevin steps of its training: what the gradient is multiplied by.
    pub step_size: f32,
    /// Standard deviation of the noise of such a step.
    pub noise: f32,
    /// How the weights came to be, if the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
}

impl EnergyConfig {
    /// Checks that the sizes are those of a network that can be built.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the size.
    pub fn check(&self) -> Result<()> {
        let unfit = |what: String| Err(Error::Checkpoint(format!("the energy model's config is not usable: {what}")));
        if self.family != Family::Energy {
            return unfit("its family is another".into());
        }
        let sizes = self.channels.iter().chain([&self.hidden]);
        if let Some(size) = sizes.into_iter().find(|size| !(1..=MAX_WIDTH).contains(*size)) {
            return unfit(format!("a layer of {size}; layers have 1 to {MAX_WIDTH} channels"));
        }
        for (what, value, most) in [("step size", self.step_size, 1e4), ("noise", self.noise, 1.0)] {
            if !(0.0..=most).contains(&value) {
                return unfit(format!("a {what} of {value}; it is 0 to {most}"));
            }
        }
        Ok(())
    }

    /// The parameters with the values they start from.
    pub fn declarations(&self) -> Declarations {
        let mut declarations = Declarations::default();
        let mut inputs = 1;
        for (index, (&outputs, kernel)) in self.channels.iter().zip(KERNELS).enumerate() {
            declarations.conv2d(&format!("conv{}", index + 1), inputs, outputs, kernel);
            inputs = outputs;
        }
        declarations.linear("fc1", inputs * LAST_SIDE * LAST_SIDE, self.hidden);
        declarations.linear("fc2", self.hidden, CLASSES);
        declarations
    }
}

/// The scale and noise of a Langevin step, each `[1]`.
pub struct StepSize<'a> {
    /// What the gradient is multiplied by.
    pub step_size: &'a Tensor,
    /// Standard deviation of the noise.
    pub noise: &'a Tensor,
}

/// A convolutional energy model as a builder of graphs.
#[derive(Debug, Clone)]
pub struct EnergyModel {
    config: EnergyConfig,
    layout: Rc<ParamLayout>,
}

impl EnergyModel {
    /// The model of a config.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit.
    pub fn new(config: EnergyConfig) -> Result<EnergyModel> {
        config.check()?;
        let layout = config.declarations().layout()?;
        Ok(EnergyModel { config, layout })
    }

    /// The config.
    pub fn config(&self) -> &EnergyConfig {
        &self.config
    }

    /// f(x) `[batch, 10]` of `x` `[batch, 784]` in [-1, 1].
    ///
    /// # Errors
    /// [`Error::Shape`] when `x` has another shape.
    pub fn logits(&self, x: &Tensor, params: &Slab) -> Result<Tensor> {
        let batch = x.shape().dims()[0];
        let mut picture = x.reshape([batch, 1, SIDE, SIDE])?;
        for name in ["conv1", "conv2", "conv3"] {
            picture = layers::conv2d(&picture, params, name, 2, 1)?.silu();
        }
        let flat = picture.reshape([batch, picture.shape().numel() / batch])?;
        layers::linear(&layers::linear(&flat, params, "fc1")?.silu(), params, "fc2")
    }

    /// E(x, y) = -f(x)\[y\] `[batch]` of [`EnergyModel::logits`] and `labels` `[batch]`; E(x) = -log sum exp f(x) where the
    /// label is [`NO_CLASS`].
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes do not fit.
    pub fn energy(&self, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
        let batch = labels.shape().numel();
        let of_class = logits.mul(&one_hot(labels, CLASSES)?)?.sum(&[1])?;
        let of_any = logits.logsumexp_keep(&[1])?.reshape([batch])?;
        Ok(labels.equal_scalar(f64::from(NO_CLASS)).select(&of_any, &of_class)?.neg())
    }

    /// dE/dx of each image, `[batch, 784]`, E `[batch]` and f(x) `[batch, 10]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes do not fit.
    fn slope(&self, x: &Tensor, labels: &Tensor, params: &Slab) -> Result<[Tensor; 3]> {
        let logits = self.logits(x, params)?;
        let energy = self.energy(&logits, labels)?;
        let gradient = x.graph().grad(&energy.sum_all(), std::slice::from_ref(x))?.swap_remove(0);
        let gradient = gradient.ok_or_else(|| Error::Shape("the energy does not depend on the picture".into()))?;
        Ok([gradient, energy, logits])
    }

    /// One Langevin step from `x` with `noise` `[batch, 784]`, standard normal: x - `step_size` dE/dx + `noise` eps, the
    /// gradient and the result limited. Also E(x) `[batch]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes do not fit.
    pub fn langevin_step(
        &self,
        x: &Tensor,
        labels: &Tensor,
        eps: &Tensor,
        size: &StepSize,
        params: &Slab,
    ) -> Result<(Tensor, Tensor)> {
        let [gradient, energy, _] = self.slope(x, labels, params)?;
        let step = gradient.clamp(-GRADIENT_LIMIT, GRADIENT_LIMIT).mul(size.step_size)?;
        let moved = x.sub(&step)?.add(&eps.mul(size.noise)?)?.clamp(-1.0, 1.0);
        // a node of its own, so that no later gradient flows through the steps before
        Ok((moved.stop_gradient(), energy))
    }

    fn langevin(&self, batch: usize) -> Result<Plan> {
        let chains = Chains::new(&self.layout, batch)?.signed();
        let Chains { graph, params, key, .. } = &chains;
        let labels = graph.input("label", [batch])?;
        let (step_size, noise) = (graph.input("step_size", [1])?, graph.input("noise", [1])?);
        let size = StepSize { step_size: &step_size, noise: &noise };
        let uniform = graph.random(Distribution::Uniform, key, [batch, PIXELS])?;
        let mut x = chains.start(&uniform.mul_scalar(2.0).sub_scalar(1.0))?;
        let mut energy = None;
        for _ in 0..STEPS {
            let eps = graph.random(Distribution::Normal, key, [batch, PIXELS])?;
            let (moved, before) = self.langevin_step(&x, &labels, &eps, &size, params)?;
            x = chains.clamp(&moved)?;
            energy = Some(before);
        }
        let energy = energy.ok_or_else(|| Error::Shape("a run of no steps".into()))?;
        chains.keep(&x)?;
        graph.compile(&[("pixels", &x.add_scalar(1.0).mul_scalar(0.5)), ("energy", &energy)])
    }

    fn of_pictures(&self, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let x = graph.input("x", [batch, PIXELS])?.mul_scalar(2.0).sub_scalar(1.0);
        let labels = graph.input("label", [batch])?;
        let [gradient, energy, logits] = self.slope(&x, &labels, &params)?;
        let largest = gradient.abs().max_keep(&[1])?.maximum_scalar(f64::from(f32::MIN_POSITIVE));
        let gradient = gradient.div(&largest)?.neg();
        graph.compile(&[("energy", &energy), ("gradient", &gradient), ("logits", &logits)])
    }
}

impl Network for EnergyModel {
    fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    fn describe(&self) -> String {
        let EnergyConfig { channels: [a, b, c], hidden, .. } = &self.config;
        format!("energy model 784-conv{a}(k4s2)-conv{b}(k3s2)-conv{c}(k3s2)-{hidden}-{CLASSES}, silu")
    }

    fn plan(&self, job: &str, batch: usize) -> Result<Plan> {
        match job {
            "langevin" => self.langevin(batch),
            "energy" => self.of_pictures(batch),
            _ => unknown_job(job, &["langevin", "energy"]),
        }
    }
}
