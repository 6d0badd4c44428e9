//! One training step of a GAN: the discriminator's, then the generator's against the new discriminator. The losses and
//! the regularisers are choices; those that look at the score's gradient are differentiated through it.

use serde::{Deserialize, Serialize};

use super::gan::{Gan, Noise};
use super::gan_config::Generator;
use super::gan_spectral::Spectral;
use super::plans;
use crate::data::PIXELS;
use crate::error::{Error, Result};
use crate::graph::{Graph, Plan, Slab, Tensor};
use crate::ops::{AdamConfig, Distribution};

/// The slab of the discriminator's parameters in a training plan.
pub const DISCRIMINATOR: &str = "discriminator";
/// The name of its optimizer, whose moments are the slabs `discriminator.adam.m` and `discriminator.adam.v`.
const OPTIMIZER: &str = "discriminator.adam";
/// Under a root whose argument may be 0: its slope would be infinite there.
const ROOT_EPS: f64 = 1e-12;

/// What the two networks want of the scores of real and generated images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Binary cross-entropy; the generator maximises log D(G(z)) (Goodfellow et al. 2014, section 3).
    NonSaturating,
    /// Real scores above 1, generated ones below -1 (Lim and Ye 2017; Miyato et al. 2018, eq. 16).
    Hinge,
    /// The difference of the mean scores (Arjovsky et al. 2017); takes a regulariser that keeps slopes bounded.
    Wasserstein,
    /// Binary cross-entropy of the difference between a real image's score and that of a generated one of its digit
    /// (Jolicoeur-Martineau 2018; Huang et al. 2024, eq. 2), which leaves no mode out without cost.
    Relativistic,
}

/// What keeps the discriminator's slope bounded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Regulariser {
    /// Nothing.
    None,
    /// Weights are divided by their largest singular value, kept track of by power iteration (Miyato et al. 2018).
    SpectralNorm,
    /// gamma / 2 times the mean squared gradient of the score at real images (Mescheder et al. 2018, eq. 9).
    R1 {
        /// Its weight.
        gamma: f64,
        /// One of how many images of the batch it is computed on; its mean is the same, its cost less.
        share: usize,
    },
    /// lambda times the mean squared difference from 1 of the gradient's norm, between real and generated images
    /// (Gulrajani et al. 2017, eq. 3).
    GradientPenalty {
        /// Its weight.
        lambda: f64,
        /// As for R1.
        share: usize,
    },
}

/// How a GAN is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adversary {
    /// The losses.
    pub loss: Loss,
    /// The regulariser of the discriminator.
    pub regulariser: Regulariser,
    /// Part of the discriminator's activations that are left out.
    pub dropout: f64,
    /// The discriminator's learning rate as a multiple of the generator's (Heusel et al. 2017).
    pub discriminator_rate: f64,
}

/// What a step computes with.
struct Images<'a> {
    /// `[batch, 784]` in -1 to 1.
    real: &'a Tensor,
    /// As many generated ones, with the gradient into the generator.
    generated: &'a Tensor,
    /// The digit of both, `[batch]`, where the networks are told it.
    label: Option<&'a Tensor>,
    /// The key of the step's draws, `[4]`.
    key: &'a Tensor,
}

impl Gan {
    /// One step of both networks. Inputs: `x` `[batch, 784]` in -1 to 1, `label` `[batch]` where they are told the digit,
    /// `key` `[4]` ([`crate::ops::key_values`]) and those of [`plans::pace`]. Slabs besides the trainer's:
    /// [`DISCRIMINATOR`], its moments and, for the spectral norm, its vectors ([`Spectral`]). Outputs, means over the
    /// batch: `discriminator`, `penalty`, `generator`.
    ///
    /// # Errors
    /// [`Error::Shape`] for an empty batch or a model without a discriminator.
    pub fn train_plan(&self, batch: usize, adversary: &Adversary, adam: &AdamConfig) -> Result<Plan> {
        let (graph, params) = plans::begin(self.generator_layout(), batch)?;
        let key = graph.input("key", [4])?;
        let z = graph.random(Distribution::Normal, &key, [batch, self.config().z_dim])?;
        self.step(&graph, &params, &z, &key, adversary, adam)
    }

    /// [`Gan::train_plan`] with the codes given as an input `z` `[batch, z_dim]`.
    ///
    /// # Errors
    /// As [`Gan::train_plan`].
    pub fn train_on_codes_plan(&self, batch: usize, adversary: &Adversary, adam: &AdamConfig) -> Result<Plan> {
        let (graph, params) = plans::begin(self.generator_layout(), batch)?;
        let key = graph.input("key", [4])?;
        let z = graph.input("z", [batch, self.config().z_dim])?;
        self.step(&graph, &params, &z, &key, adversary, adam)
    }

    fn step(
        &self,
        graph: &Graph,
        params: &Slab,
        z: &Tensor,
        key: &Tensor,
        adversary: &Adversary,
        adam: &AdamConfig,
    ) -> Result<Plan> {
        let batch = z.shape().dims()[0];
        if self.discriminator().is_empty() {
            return Err(Error::Shape("a GAN is trained with a discriminator".into()));
        }
        let discriminator = graph.slab(DISCRIMINATOR, self.discriminator_layout())?;
        let real = graph.input("x", [batch, PIXELS])?;
        let label = self.label(graph, batch)?;
        let pace = plans::pace(graph)?;
        let noise = Noise { key: key.clone(), amount: graph.scalar(1.0) };
        let noise = matches!(self.config().generator, Generator::Style(_)).then_some(noise);
        let generated = self.generate(z, label.as_ref(), noise.as_ref(), params)?;
        let images = Images { real: &real, generated: &generated, label: label.as_ref(), key };

        let critic = Critic { gan: self, slab: &discriminator, adversary };
        let parameter = critic.parameters(true)?;
        let scores = critic.scores(&parameter, &images)?;
        let loss = adversary.loss.of_discriminator(&scores)?.mean_all();
        let penalty = critic.penalty(&parameter, &images)?;
        let total = match &penalty {
            Some(penalty) => loss.add(penalty)?,
            None => loss.clone(),
        };
        let gradients = graph.grad(&total, &discriminator.tensors())?;
        let factors = [adversary.discriminator_rate as f32, 1.0, 1.0, 1.0];
        let hyper = pace.hyper.mul(&graph.constant(&factors, [4])?)?;
        graph.adam(OPTIMIZER, &discriminator, &gradients, &hyper, adam)?;

        // what is built from here on reads the new discriminator
        let parameter = critic.parameters(false)?;
        let score = critic.score(&parameter, &generated, label.as_ref(), key)?;
        // the real images' scores are those of the discriminator before its step: scoring them anew would cost as much as
        // all the rest of the generator's turn
        let of_generator = adversary.loss.of_generator(&scores.real.stop_gradient(), &score)?.mean_all();
        plans::minimize_at(&pace, &of_generator, params, adam)?;
        let penalty = penalty.unwrap_or_else(|| graph.scalar(0.0).add_scalar(0.0));
        graph.compile(&[("discriminator", &loss), ("penalty", &penalty), ("generator", &of_generator)])
    }
}

/// Scores of the two halves of a batch, `[batch]` each.
struct Scores {
    real: Tensor,
    generated: Tensor,
}

impl Loss {
    /// What the discriminator minimises, `[batch]`.
    fn of_discriminator(self, Scores { real, generated }: &Scores) -> Result<Tensor> {
        match self {
            Loss::NonSaturating => real.neg().softplus().add(&generated.softplus()),
            Loss::Hinge => real.neg().add_scalar(1.0).relu().add(&generated.add_scalar(1.0).relu()),
            Loss::Wasserstein => generated.sub(real),
            Loss::Relativistic => Ok(generated.sub(real)?.softplus()),
        }
    }

    /// What the generator minimises, `[batch]`.
    fn of_generator(self, real: &Tensor, generated: &Tensor) -> Result<Tensor> {
        match self {
            Loss::NonSaturating => Ok(generated.neg().softplus()),
            Loss::Hinge | Loss::Wasserstein => Ok(generated.neg()),
            Loss::Relativistic => Ok(real.sub(generated)?.softplus()),
        }
    }
}

/// The discriminator in training.
struct Critic<'a> {
    gan: &'a Gan,
    slab: &'a Slab,
    adversary: &'a Adversary,
}

/// Its parameters by their names, as they are now.
type Parameters<'a> = Box<dyn Fn(&str) -> Result<Tensor> + 'a>;

impl Critic<'_> {
    /// With the spectral norm, `iterate` takes a step of the power iteration.
    fn parameters(&self, iterate: bool) -> Result<Parameters<'_>> {
        if self.adversary.regulariser != Regulariser::SpectralNorm {
            return Ok(Box::new(|name| self.slab.get(name)));
        }
        let normalised = Spectral::new(self.gan)?.normalise(self.slab, iterate)?;
        Ok(Box::new(move |name| match normalised.get(name) {
            Some(weight) => Ok(weight.clone()),
            None => self.slab.get(name),
        }))
    }

    /// The score `[n]` of pictures `[n, 784]`.
    fn score(&self, parameter: &Parameters, x: &Tensor, label: Option<&Tensor>, key: &Tensor) -> Result<Tensor> {
        let rate = self.adversary.dropout;
        let thin = |x: Tensor| if rate > 0.0 { x.dropout(rate, key) } else { Ok(x) };
        let scores = self.gan.judge(x, parameter, &thin)?;
        self.gan.pick(&scores, label)
    }

    /// Real and generated images in one batch, through which nothing flows back into the generator.
    fn scores(&self, parameter: &Parameters, images: &Images) -> Result<Scores> {
        let graph = images.real.graph();
        let batch = images.real.shape().dims()[0];
        let both = graph.concat(&[images.real, &images.generated.stop_gradient()], 0)?;
        let labels = images.label.map(|label| graph.concat(&[label, label], 0)).transpose()?;
        let score = self.score(parameter, &both, labels.as_ref(), images.key)?;
        Ok(Scores { real: score.slice(0, 0, batch)?, generated: score.slice(0, batch, batch)? })
    }

    /// The regulariser's part of the loss, if it has one.
    fn penalty(&self, parameter: &Parameters, images: &Images) -> Result<Option<Tensor>> {
        let (share, is_r1, weight) = match self.adversary.regulariser {
            Regulariser::None | Regulariser::SpectralNorm => return Ok(None),
            Regulariser::R1 { gamma, share } => (share, true, gamma / 2.0),
            Regulariser::GradientPenalty { lambda, share } => (share, false, lambda),
        };
        let graph = images.real.graph();
        let count = images.real.shape().dims()[0].div_ceil(share.max(1));
        let first = |tensor: &Tensor| tensor.slice(0, 0, count);
        let label = images.label.map(first).transpose()?;
        let mut at = first(images.real)?;
        if !is_r1 {
            let between = graph.random(Distribution::Uniform, images.key, [count, 1])?;
            let generated = first(&images.generated.stop_gradient())?;
            at = at.add(&generated.sub(&at)?.mul(&between)?)?;
        }
        let score = self.score(parameter, &at, label.as_ref(), images.key)?;
        let gradient = graph.grad(&score.sum_all(), std::slice::from_ref(&at))?.into_iter().next().flatten();
        let gradient = gradient.ok_or_else(|| Error::Unsupported("the score does not depend on the image".into()))?;
        let squares = gradient.square().sum(&[1])?;
        let penalties = if is_r1 { squares } else { squares.add_scalar(ROOT_EPS).sqrt().sub_scalar(1.0).square() };
        Ok(Some(penalties.mean_all().mul_scalar(weight)))
    }
}
