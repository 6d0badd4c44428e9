//! The restricted Boltzmann machine (Smolensky 1986; Hinton 2002): binary pixels v and hidden units h with the energy
//! E(v, h) = -b v - c h - h W v. Given one layer the units of the other are independent, so that a chain changes a whole
//! layer at once (block Gibbs sampling).
//!
//! Tensors: `weight` `[hidden, 784]`, `visible_bias` `[784]`, `hidden_bias` `[hidden]`.
//!
//! | job | inputs | outputs |
//! |-|-|-|
//! | `gibbs` | those of [`super::chain`], `temperature` (scalar, 1 is the model's own) | `pixels` `[batch, 784]`, p(v = 1 \| h) in [0, 1]; `states` `[batch, 784]`, 0 or 1 (the given picture as it is); `free_energy` `[batch]` of the states, nats |
//! | `free_energy` | `x` `[batch, 784]` in [0, 1] | `energy` `[batch]`, -b x - sum softplus(c + W x): -log p(x) up to log Z, nats |
//! | `hidden` | `x` `[batch, 784]` in [0, 1] | `hidden` `[batch, hidden]`, p(h = 1 \| x) |
//! | `fields` | `unit` `[batch]`, whole numbers | `fields` `[batch, 784]`, the units' weights over the largest of each, in [-1, 1] |
//!
//! A run of `gibbs` is [`SWEEPS`] sweeps.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::chain::Chains;
use super::family::{Family, Training};
use super::network::{Network, unknown_job};
use super::plans;
use crate::data::PIXELS;
use crate::error::{Error, Result};
use crate::graph::{ParamLayout, Plan, Slab, Tensor};
use crate::nn::functional::linear;
use crate::nn::init::{Declarations, Init};
use crate::ops::Distribution;

/// Sweeps (all hidden units, then all pixels) in one run of `gibbs`.
pub const SWEEPS: usize = 2;
/// Keeps a forged config from asking for terabytes.
const MAX_HIDDEN: usize = 16_384;
/// The log-odds of ink that pixels start with, about those of MNIST as a whole.
const FIRST_VISIBLE_BIAS: f32 = -2.0;

/// What a restricted Boltzmann machine is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RbmConfig {
    /// Always `rbm`.
    pub family: Family,
    /// Hidden units.
    pub hidden: usize,
    /// How the weights came to be, if the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
}

impl RbmConfig {
    /// A machine of `hidden` hidden units.
    pub fn new(hidden: usize) -> RbmConfig {
        RbmConfig { family: Family::Rbm, hidden, training: None }
    }

    /// Checks that the sizes are those of a machine that can be built.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the size.
    pub fn check(&self) -> Result<()> {
        if self.family != Family::Rbm || self.hidden == 0 || self.hidden > MAX_HIDDEN {
            return Err(Error::Checkpoint(format!(
                "the config is not one of an RBM that can be built: family {}, {} hidden units (1 to {MAX_HIDDEN})",
                self.family.name(),
                self.hidden
            )));
        }
        Ok(())
    }

    /// The parameters with the values they start from.
    pub fn declarations(&self) -> Declarations {
        let mut declarations = Declarations::default();
        declarations.parameter("weight", [self.hidden, PIXELS], Init::xavier_uniform(PIXELS, self.hidden));
        declarations.parameter("visible_bias", [PIXELS], Init::Constant(FIRST_VISIBLE_BIAS));
        declarations.parameter("hidden_bias", [self.hidden], Init::Constant(0.0));
        declarations
    }
}

/// A restricted Boltzmann machine as a builder of graphs.
#[derive(Debug, Clone)]
pub struct Rbm {
    config: RbmConfig,
    layout: Rc<ParamLayout>,
}

impl Rbm {
    /// The machine of a config.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit.
    pub fn new(config: RbmConfig) -> Result<Rbm> {
        config.check()?;
        let layout = config.declarations().layout()?;
        Ok(Rbm { config, layout })
    }

    /// The config.
    pub fn config(&self) -> &RbmConfig {
        &self.config
    }

    /// c + W v of `v` `[batch, 784]`: the log-odds of the hidden units, `[batch, hidden]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when `v` has another shape.
    pub fn hidden_logits(&self, v: &Tensor, params: &Slab) -> Result<Tensor> {
        linear(v, &params.get("weight")?, Some(&params.get("hidden_bias")?))
    }

    /// b + h W of `h` `[batch, hidden]`: the log-odds of the pixels, `[batch, 784]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when `h` has another shape.
    pub fn visible_logits(&self, h: &Tensor, params: &Slab) -> Result<Tensor> {
        h.matmul(&params.get("weight")?)?.add(&params.get("visible_bias")?)
    }

    /// F(v) = -b v - sum softplus(c + W v), with which p(v) = exp(-F(v)) / Z: `[batch]` in nats, from `v` `[batch, 784]`
    /// and its [`Rbm::hidden_logits`].
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes do not fit.
    pub fn free_energy(&self, v: &Tensor, hidden_logits: &Tensor, params: &Slab) -> Result<Tensor> {
        let linear = v.mul(&params.get("visible_bias")?)?.sum(&[1])?;
        linear.add(&hidden_logits.softplus().sum(&[1])?).map(|sum| sum.neg())
    }

    fn gibbs(&self, batch: usize) -> Result<Plan> {
        let chains = Chains::new(&self.layout, batch)?;
        let Chains { graph, params, key, .. } = &chains;
        let inverse = graph.input("temperature", [1])?.reciprocal();
        let noise = graph.random(Distribution::Uniform, key, [batch, PIXELS])?.greater_equal_scalar(0.5);
        let mut states = chains.start(&noise)?;
        let mut pixels = states.clone();
        for _ in 0..SWEEPS {
            let logits = self.hidden_logits(&states, params)?.mul(&inverse)?;
            let h = graph.bernoulli(&logits.sigmoid(), key, logits.shape())?;
            pixels = chains.clamp(&self.visible_logits(&h, params)?.mul(&inverse)?.sigmoid())?;
            // a picture that is held fast stays as it is, grey values too
            states = chains.clamp(&graph.bernoulli(&pixels, key, [batch, PIXELS])?)?;
        }
        let energy = self.free_energy(&states, &self.hidden_logits(&states, params)?, params)?;
        chains.keep(&states)?;
        graph.compile(&[("pixels", &pixels), ("states", &states), ("free_energy", &energy)])
    }

    fn of_pictures(&self, batch: usize, energy: bool) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let x = graph.input("x", [batch, PIXELS])?;
        let logits = self.hidden_logits(&x, &params)?;
        match energy {
            true => graph.compile(&[("energy", &self.free_energy(&x, &logits, &params)?)]),
            false => graph.compile(&[("hidden", &logits.sigmoid())]),
        }
    }

    fn fields(&self, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let fields = params.get("weight")?.embedding(&graph.input("unit", [batch])?)?;
        let largest = fields.abs().max_keep(&[1])?.maximum_scalar(f64::from(f32::MIN_POSITIVE));
        graph.compile(&[("fields", &fields.div(&largest)?)])
    }
}

/// The hidden units' rows of `weight`, by what the gradients of a free energy are in the machine's centred form
/// (Montavon and Mueller 2012; Melchior et al. 2016, eqs. 12 to 14): `gradients` are those of weight, visible and hidden
/// bias in the plain form, `offsets` the mean activities of pixels and hidden units.
///
/// # Errors
/// [`Error::Shape`] when the shapes are no machine's.
pub fn centred(gradients: [&Tensor; 3], offsets: [&Tensor; 2]) -> Result<[Tensor; 3]> {
    let [weight, visible, hidden] = gradients;
    let [mu, lambda] = offsets;
    let column = |vector: &Tensor| vector.reshape([vector.shape().numel(), 1]);
    let centred = weight.sub(&column(hidden)?.mul(mu)?)?.sub(&column(lambda)?.mul(visible)?)?;
    let visible = visible.sub(&centred.mul(&column(lambda)?)?.sum(&[0])?)?;
    let hidden = hidden.sub(&centred.mul(mu)?.sum(&[1])?)?;
    Ok([centred, visible, hidden])
}

impl Network for Rbm {
    fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    fn describe(&self) -> String {
        format!("restricted Boltzmann machine, {PIXELS} pixels and {} hidden units", self.config.hidden)
    }

    fn plan(&self, job: &str, batch: usize) -> Result<Plan> {
        match job {
            "gibbs" => self.gibbs(batch),
            "free_energy" => self.of_pictures(batch, true),
            "hidden" => self.of_pictures(batch, false),
            "fields" => self.fields(batch),
            _ => unknown_job(job, &["gibbs", "free_energy", "hidden", "fields"]),
        }
    }
}
