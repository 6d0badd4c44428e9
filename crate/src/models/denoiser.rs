//! Networks that predict the noise in an image: the textbook's fully connected one and a class-conditional U-Net
//! (Ho et al. 2020; time and class enter by scale and shift behind the second norm of each block, as in Dhariwal and
//! Nichol 2021, section 3.1).

use std::f64::consts::LN_10;
use std::rc::Rc;

use super::denoiser_config::{DenoiserConfig, LABELS, Network, WAVES};
use super::plans;
use crate::data::{PIXELS, SIDE};
use crate::graph::{Graph, ParamLayout, ParamStore, Plan, Slab, Tensor};
use crate::math;
use crate::nn::init::{Declarations, Init};
use crate::nn::layers;
use crate::ops::{AdamConfig, Distribution};
use crate::{Error, Result};

/// Side of the patches that the U-Net's first layer sees.
const PATCH: usize = 2;
/// Height and width of the U-Net's outer level.
const OUTER: usize = SIDE / PATCH;
/// The time is counted in thousandths, as in the textbook's schedules.
const TIME_SCALE: f64 = 1000.0;
/// log of the ratio between the fastest and the slowest wave of the time features (Vaswani et al. 2017).
const WAVE_RANGE: f64 = 4.0 * LN_10;

/// The distance at which the pseudo-Huber loss turns from square to linear, in root mean square over the pixels
/// (Song and Dhariwal 2023, section 3.3: 0.00054 times the root of the number of values, in the sum over them).
const HUBER_WIDTH: f64 = 0.00054;

/// What an image's error counts for.
#[derive(Clone, Copy)]
enum Distance {
    /// The mean square.
    Square,
    /// The root of the mean square and a little.
    PseudoHuber,
}

/// A denoiser as a builder of graphs.
#[derive(Debug, Clone)]
pub struct Denoiser {
    config: DenoiserConfig,
    declarations: Declarations,
    layout: Rc<ParamLayout>,
}

/// What a prediction is made from.
pub struct Query<'a> {
    /// The state on the network's own path, `[batch, 784]`.
    pub x: &'a Tensor,
    /// [`Denoiser::time_features`] of each image, `[batch, n]`, or of all, `[1, n]`.
    pub time: &'a Tensor,
    /// The class of each image, `[batch]`: 0 to 9, or [`super::denoiser_config::NO_CLASS`]. Unused by a network that
    /// is not told the class.
    pub label: &'a Tensor,
}

impl Denoiser {
    /// The denoiser of a config.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit.
    pub fn new(config: DenoiserConfig) -> Result<Self> {
        config.check()?;
        let declarations = declare(&config);
        let layout = declarations.layout()?;
        Ok(Denoiser { config, declarations, layout })
    }

    /// The config.
    pub fn config(&self) -> &DenoiserConfig {
        &self.config
    }

    /// The parameters' names, shapes and places.
    pub fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    /// First weights: PyTorch's defaults; the last layers of all branches start at zero, so that each block begins as
    /// the identity and the network as a constant.
    ///
    /// # Errors
    /// [`Error::Shape`] never, for a checked config.
    pub fn initialize(&self, seed: u32) -> Result<ParamStore> {
        self.declarations.initialize(u64::from(seed))
    }

    /// Values of [`Query::time`] for one image.
    pub fn time_width(&self) -> usize {
        match self.config.network {
            Network::Mlp { .. } => 1,
            Network::Unet { .. } => 2 * WAVES,
        }
    }

    /// What the network is told about the time `t` of its own path, 0 to 1: t itself, or cosines and sines of it.
    /// Computed by the host in f64, because sines of large numbers differ between GPUs.
    pub fn time_features(&self, t: f64, features: &mut [f32]) {
        match self.config.network {
            Network::Mlp { .. } => features[0] = t as f32,
            Network::Unet { .. } => {
                let (cosines, sines) = features.split_at_mut(WAVES);
                for (wave, (cosine, sine)) in cosines.iter_mut().zip(sines).enumerate() {
                    let angle = TIME_SCALE * t * (-WAVE_RANGE * wave as f64 / WAVES as f64).exp();
                    (*cosine, *sine) = (math::cos(angle) as f32, math::sin(angle) as f32);
                }
            }
        }
    }

    /// The prediction `[batch, 784]`; what it means is the config's [`super::denoiser_config::Prediction`].
    ///
    /// # Errors
    /// [`Error::Shape`] when the query's shapes do not fit.
    pub fn predict(&self, query: &Query, params: &Slab) -> Result<Tensor> {
        match &self.config.network {
            Network::Mlp { hidden } => mlp(hidden.len(), query, params),
            Network::Unet { heads, groups, .. } => {
                Unet { params, heads: *heads, groups: *groups, conditional: self.config.conditional }.predict(query)
            }
        }
    }

    /// One training step. Inputs: `x` `[batch, 784]` in -1 to 1, `key` (random numbers of this step), `time`
    /// `[batch, time_width]`, `label` `[batch]`, `mix` `[4, batch]` (alpha, sigma, and the factors of x_0 and eps in the
    /// target), `weight` `[batch]` (of each image in the loss), `hyper` ([`AdamConfig::hyper`]), `ema_rate`. Output:
    /// `loss`, the weighted mean square over pixels and images.
    ///
    /// # Errors
    /// [`Error::Shape`] for an empty batch.
    pub fn train_plan(&self, batch: usize, adam: &AdamConfig) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let x0 = graph.input("x", [batch, PIXELS])?;
        let key = graph.input("key", [4])?;
        let eps = graph.random(Distribution::Normal, &key, [batch, PIXELS])?;
        self.finish_training(&graph, &params, [&x0, &eps], Distance::Square, adam)
    }

    /// As [`Denoiser::train_plan`], with the noise given as input `eps` `[batch, 784]` in place of `key`: it is trained
    /// on pairs (Liu et al. 2022, reflow), towards the pseudo-Huber distance (Lee et al. 2024, section 3.3), which
    /// asks for one sharp answer where the square asks for the mean of several.
    ///
    /// # Errors
    /// [`Error::Shape`] for an empty batch.
    pub fn train_pairs_plan(&self, batch: usize, adam: &AdamConfig) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let x0 = graph.input("x", [batch, PIXELS])?;
        let eps = graph.input("eps", [batch, PIXELS])?;
        self.finish_training(&graph, &params, [&x0, &eps], Distance::PseudoHuber, adam)
    }

    fn finish_training(
        &self,
        graph: &Graph,
        params: &Slab,
        [x0, eps]: [&Tensor; 2],
        distance: Distance,
        adam: &AdamConfig,
    ) -> Result<Plan> {
        let batch = x0.shape().dims()[0];
        let time = graph.input("time", [batch, self.time_width()])?;
        let label = graph.input("label", [batch])?;
        let mix = graph.input("mix", [4, batch])?;
        let weight = graph.input("weight", [batch])?;
        let factor = |row: usize| mix.slice(0, row, 1)?.reshape([batch, 1]);
        let combine = |a: usize, b: usize| x0.mul(&factor(a)?)?.add(&eps.mul(&factor(b)?)?);
        let x = combine(0, 1)?;
        let target = combine(2, 3)?;
        let prediction = self.predict(&Query { x: &x, time: &time, label: &label }, params)?;
        let squares = prediction.sub(&target)?.square().mean_keep(&[1])?.reshape([batch])?;
        let errors = match distance {
            Distance::Square => squares,
            Distance::PseudoHuber => squares.add_scalar(HUBER_WIDTH * HUBER_WIDTH).sqrt(),
        };
        let loss = errors.mul(&weight)?.mean_all();
        plans::minimize(&loss, params, adam)?;
        graph.compile(&[("loss", &loss)])
    }
}

/// 785 - hidden - 784 with ReLU, layers `net.0`, `net.2`, ... as a PyTorch `nn.Sequential` counts them.
fn mlp(hidden: usize, query: &Query, params: &Slab) -> Result<Tensor> {
    let batch = query.x.shape().dims()[0];
    let time = query.time.broadcast_to([batch, 1])?;
    let mut x = query.x.graph().concat(&[query.x, &time], 1)?;
    for layer in 0..hidden {
        x = layers::linear(&x, params, &format!("net.{}", 2 * layer))?.relu();
    }
    layers::linear(&x, params, &format!("net.{}", 2 * hidden))
}

struct Unet<'a> {
    params: &'a Slab,
    heads: usize,
    groups: usize,
    conditional: bool,
}

impl Unet<'_> {
    fn predict(&self, query: &Query) -> Result<Tensor> {
        let params = self.params;
        let batch = query.x.shape().dims()[0];
        let embedding = self.embed(query)?;
        let patches = layers::conv2d(&query.x.reshape([batch, 1, SIDE, SIDE])?, params, "stem", PATCH, 0)?;
        let outer = self.block(&patches, &embedding, "down.0")?;
        let mut x = layers::conv2d(&outer, params, "downsample", 2, 1)?;
        x = self.block(&x, &embedding, "down.1")?;
        x = self.attend(&x, "attention")?;
        x = self.block(&x, &embedding, "up.1")?;
        x = layers::conv2d(&x, params, "upsample", 1, 0)?.upsample_nearest(2)?;
        x = query.x.graph().concat(&[&x, &outer], 1)?;
        x = self.block(&x, &embedding, "up.0")?;
        x = layers::group_norm(&x, params, "out_norm", self.groups)?.silu();
        x = layers::conv2d(&x, params, "out", 1, 1)?;
        // each 14 x 14 pixel has the four pixels of its patch as channels
        x.reshape([batch, PATCH, PATCH, OUTER, OUTER])?.permute(&[0, 3, 1, 4, 2])?.reshape([batch, PIXELS])
    }

    /// `[batch or 1, embedding]`, with the last activation done.
    fn embed(&self, query: &Query) -> Result<Tensor> {
        let hidden = layers::linear(query.time, self.params, "time.0")?.silu();
        let mut embedding = layers::linear(&hidden, self.params, "time.2")?;
        if self.conditional {
            embedding = embedding.add(&layers::embedding(query.label, self.params, "label")?)?;
        }
        Ok(embedding.silu())
    }

    /// norm, silu, conv; norm, scale and shift by the embedding, silu, conv; plus the input.
    fn block(&self, x: &Tensor, embedding: &Tensor, name: &str) -> Result<Tensor> {
        let params = self.params;
        let part = |suffix: &str| format!("{name}.{suffix}");
        let mut y = layers::group_norm(x, params, &part("norm1"), self.groups)?.silu();
        y = layers::conv2d(&y, params, &part("conv1"), 1, 1)?;
        let channels = y.shape().dims()[1];
        let film = layers::linear(embedding, params, &part("film"))?;
        let rows = film.shape().dims()[0];
        let half = |index: usize| film.slice(1, index * channels, channels)?.reshape([rows, channels, 1, 1]);
        y = layers::group_norm(&y, params, &part("norm2"), self.groups)?;
        y = y.mul(&half(0)?.add_scalar(1.0))?.add(&half(1)?)?.silu();
        y = layers::conv2d(&y, params, &part("conv2"), 1, 1)?;
        if x.shape().dims()[1] == channels {
            return y.add(x);
        }
        y.add(&layers::conv2d(x, params, &part("skip"), 1, 0)?)
    }

    fn attend(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        let &[batch, channels, high, wide] = x.shape().dims() else {
            return Err(Error::Shape("attention is over pictures".into()));
        };
        let y = layers::group_norm(x, self.params, &format!("{name}.norm"), self.groups)?;
        let tokens = y.reshape([batch, channels, high * wide])?.permute(&[0, 2, 1])?;
        let y = layers::attention(&tokens, self.params, name, self.heads, false)?;
        y.permute(&[0, 2, 1])?.reshape([batch, channels, high, wide])?.add(x)
    }
}

fn declare(config: &DenoiserConfig) -> Declarations {
    let mut list = Declarations::default();
    match &config.network {
        Network::Mlp { hidden } => {
            let mut inputs = PIXELS + 1;
            for (layer, width) in hidden.iter().chain([&PIXELS]).enumerate() {
                list.linear(&format!("net.{}", 2 * layer), inputs, *width);
                inputs = *width;
            }
        }
        Network::Unet { channels: [outer, inner], embedding, .. } => {
            list.linear("time.0", 2 * WAVES, *embedding);
            list.linear("time.2", *embedding, *embedding);
            if config.conditional {
                list.embedding("label", LABELS, *embedding);
            }
            list.conv2d("stem", 1, *outer, PATCH);
            declare_block(&mut list, "down.0", *outer, *outer, *embedding);
            list.conv2d("downsample", *outer, *inner, 3);
            declare_block(&mut list, "down.1", *inner, *inner, *embedding);
            list.norm("attention.norm", *inner);
            let spread = Init::xavier_uniform(*inner, 3 * inner);
            list.parameter("attention.in_proj_weight", [3 * inner, *inner], spread);
            list.parameter("attention.in_proj_bias", [3 * inner], Init::Constant(0.0));
            list.parameter("attention.out_proj.weight", [*inner, *inner], Init::Constant(0.0));
            list.parameter("attention.out_proj.bias", [*inner], Init::Constant(0.0));
            declare_block(&mut list, "up.1", *inner, *inner, *embedding);
            list.conv2d("upsample", *inner, *outer, 1);
            declare_block(&mut list, "up.0", 2 * outer, *outer, *embedding);
            list.norm("out_norm", *outer);
            declare_zero_conv(&mut list, "out", *outer, PATCH * PATCH);
        }
    }
    list
}

fn declare_block(list: &mut Declarations, name: &str, inputs: usize, outputs: usize, embedding: usize) {
    list.norm(&format!("{name}.norm1"), inputs);
    list.conv2d(&format!("{name}.conv1"), inputs, outputs, 3);
    list.linear(&format!("{name}.film"), embedding, 2 * outputs);
    list.norm(&format!("{name}.norm2"), outputs);
    declare_zero_conv(list, &format!("{name}.conv2"), outputs, outputs);
    if inputs != outputs {
        list.conv2d(&format!("{name}.skip"), inputs, outputs, 1);
    }
}

fn declare_zero_conv(list: &mut Declarations, name: &str, inputs: usize, outputs: usize) {
    list.parameter(format!("{name}.weight"), [outputs, inputs, 3, 3], Init::Constant(0.0));
    list.parameter(format!("{name}.bias"), [outputs], Init::Constant(0.0));
}
