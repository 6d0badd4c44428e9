//! The variational autoencoder (Kingma and Welling 2014): Gaussian posterior, standard normal prior, Bernoulli pixels.

use std::rc::Rc;

use super::layers::Stage;
use super::plans;
use super::vae_config::VaeConfig;
use crate::Result;
use crate::data::PIXELS;
use crate::graph::{ParamLayout, Plan, Shape, Slab, Tensor};
use crate::nn::{layers, loss};
use crate::ops::{AdamConfig, Distribution};

/// A VAE as a builder of graphs.
#[derive(Debug, Clone)]
pub struct Vae {
    config: VaeConfig,
    layout: Rc<ParamLayout>,
    encoder: Vec<Stage>,
    decoder: Vec<Stage>,
}

/// q(z | x) = N(mu, exp(logvar)), each `[batch, z_dim]`.
pub struct Posterior {
    /// The mean.
    pub mu: Tensor,
    /// The logarithm of the variance.
    pub logvar: Tensor,
}

impl Vae {
    /// The VAE of a config.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] naming what does not fit.
    pub fn new(config: VaeConfig) -> Result<Self> {
        let shapes: Vec<(String, Shape)> =
            config.layout()?.into_iter().map(|(name, dims)| (name, Shape::new(&dims))).collect();
        let layout = ParamLayout::new(&shapes)?;
        let (encoder, decoder) = (config.walk_encoder()?, config.walk_decoder()?);
        Ok(Vae { config, layout, encoder, decoder })
    }

    /// The config.
    pub fn config(&self) -> &VaeConfig {
        &self.config
    }

    /// The parameters' names, shapes and places.
    pub fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    /// The posterior of images `[batch, 784]`.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when `x` has another shape.
    pub fn encode(&self, x: &Tensor, params: &Slab) -> Result<Posterior> {
        let features = self.apply(&self.encoder, x, params)?;
        let features = features.reshape([x.shape().dims()[0], features.shape().numel() / x.shape().dims()[0]])?;
        let heads = self.config.heads();
        Ok(Posterior {
            mu: layers::linear(&features, params, heads.mu)?,
            logvar: layers::linear(&features, params, heads.logvar)?,
        })
    }

    /// The logits `[batch, 784]` of latents `[batch, z_dim]`.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when `z` has another shape.
    pub fn decode(&self, z: &Tensor, params: &Slab) -> Result<Tensor> {
        self.apply(&self.decoder, z, params)?.reshape([z.shape().dims()[0], PIXELS])
    }

    /// -log p(x | z) of each image in nats, `[batch]`: binary cross-entropy from logits, summed over pixels.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when the shapes differ.
    pub fn reconstruction(&self, logits: &Tensor, x: &Tensor) -> Result<Tensor> {
        loss::per_example(&loss::bce_with_logits(logits, x)?)
    }

    /// KL(q(z | x) || N(0, 1)) of each unit of each image in nats, `[batch, z_dim]`.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] never, for a posterior of one encoder.
    pub fn kl_units(&self, posterior: &Posterior) -> Result<Tensor> {
        loss::gaussian_kl(&posterior.mu, &posterior.logvar)
    }

    /// z = mu + exp(logvar / 2) eps.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when `eps` has another shape than the posterior.
    pub fn reparametrise(&self, posterior: &Posterior, eps: &Tensor) -> Result<Tensor> {
        posterior.mu.add(&posterior.logvar.mul_scalar(0.5).exp().mul(eps)?)
    }

    /// `z` `[batch, z_dim]` -> `pixels` `[batch, 784]` in 0 to 1.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] for an empty batch.
    pub fn decode_plan(&self, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let z = graph.input("z", [batch, self.config.z_dim])?;
        let pixels = self.decode(&z, &params)?.sigmoid();
        graph.compile(&[("pixels", &pixels)])
    }

    /// `x` `[batch, 784]` -> `mu`, `logvar` `[batch, z_dim]`.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] for an empty batch.
    pub fn encode_plan(&self, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let x = graph.input("x", [batch, PIXELS])?;
        let posterior = self.encode(&x, &params)?;
        graph.compile(&[("mu", &posterior.mu), ("logvar", &posterior.logvar)])
    }

    /// `x` `[batch, 784]`, `z` `[batch, z_dim]` -> `pixels`, and per image in nats `reconstruction` `[batch]` at that z and
    /// `kl` `[batch]` of x's posterior.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] for an empty batch.
    pub fn observe_plan(&self, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let x = graph.input("x", [batch, PIXELS])?;
        let z = graph.input("z", [batch, self.config.z_dim])?;
        let posterior = self.encode(&x, &params)?;
        let logits = self.decode(&z, &params)?;
        let reconstruction = self.reconstruction(&logits, &x)?;
        let kl = self.kl_units(&posterior)?.sum(&[1])?;
        graph.compile(&[("pixels", &logits.sigmoid()), ("reconstruction", &reconstruction), ("kl", &kl)])
    }

    /// One training step on `x` `[batch, 784]`, grey values in 0 to 1, by the reparametrised -ELBO.
    ///
    /// Other inputs: `key` `[4]` ([`crate::ops::key_values`]), `hyper` `[4]` ([`AdamConfig::hyper`]), `beta` (the weight of
    /// the KL term, a scalar) and `ema_rate` (1 - decay, a scalar). With `dynamic` the pixels are drawn anew, Bernoulli of
    /// the grey value; else `x` is taken as it is. Outputs, means over the batch in nats: `reconstruction`, `kl`.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] for an empty batch.
    pub fn train_plan(&self, batch: usize, dynamic: bool, adam: &AdamConfig) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let grey = graph.input("x", [batch, PIXELS])?;
        let key = graph.input("key", [4])?;
        let beta = graph.input("beta", Shape::default())?;
        let eps = graph.random(Distribution::Normal, &key, [batch, self.config.z_dim])?;
        let x = if dynamic { graph.bernoulli(&grey, &key, [batch, PIXELS])? } else { grey };
        let posterior = self.encode(&x, &params)?;
        let logits = self.decode(&self.reparametrise(&posterior, &eps)?, &params)?;
        let mean = |total: Tensor| total.mul_scalar(1.0 / batch as f64);
        let reconstruction = mean(loss::bce_with_logits(&logits, &x)?.sum_all());
        let kl = mean(self.kl_units(&posterior)?.sum_all());
        let loss = reconstruction.add(&kl.mul(&beta)?)?;
        plans::minimize(&loss, &params, adam)?;
        graph.compile(&[("reconstruction", &reconstruction), ("kl", &kl)])
    }

    fn apply(&self, stages: &[Stage], input: &Tensor, params: &Slab) -> Result<Tensor> {
        let activate = |x: &Tensor| Ok(self.config.activation.apply(x));
        super::layers::run(stages, input, &|name| params.get(name), &activate)
    }
}
