//! Autoregressive models of binary digits: p(x) = product over the places of p(place | places before it), exact, with the
//! places in reading order. Three networks: a gated PixelCNN and a row LSTM that write pixels, and a causal transformer
//! that writes patches of 2 x 2.
//!
//! All begin with one layer that sees a window of the pixels written before (the first masked convolution of PixelCNN) and
//! adds a vector that belongs to the place.
//!
//! # Jobs
//!
//! `predict`: `x` `[batch, 784]` (ink from 0.5 on, as these models know ink and paper only) -> `probabilities`
//! `[batch, 784]` of ink, each given the pixels written before it; `log_likelihood_map` `[batch, 784]`, nats of what each
//! pixel is, at most 0; `log_likelihood` `[batch]`, its sum: ln p(x).
//!
//! `write`: one run writes the next place of every digit, see [`write`].

mod config;
mod pixelcnn;
mod places;
mod row_lstm;
mod transformer;
pub mod write;

use std::rc::Rc;

pub use config::{Architecture, AutoregressiveConfig};
use places::{Grid, Rows, Tokens, View, Whole};
use transformer::AllAtOnce;

use crate::data::SIDE;
use crate::error::{Error, Result};
use crate::graph::{Graph, ParamLayout, Plan, Slab, Tensor};
use crate::models::network::{Network, unknown_job};
use crate::models::plans;
use crate::nn::init::Declarations;
use crate::nn::loss;
use crate::ops::AdamConfig;

/// The smallest share of a patch's probability that is told from 0.
const SMALLEST: f64 = 1e-30;

/// An autoregressive model as a builder of graphs.
#[derive(Debug, Clone)]
pub struct Autoregressive {
    config: AutoregressiveConfig,
    declarations: Declarations,
    layout: Rc<ParamLayout>,
}

impl Autoregressive {
    /// The model of a config.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit.
    pub fn new(config: AutoregressiveConfig) -> Result<Self> {
        config.check()?;
        let declarations = config.declarations();
        let layout = declarations.layout()?;
        Ok(Autoregressive { config, declarations, layout })
    }

    /// The config.
    pub fn config(&self) -> &AutoregressiveConfig {
        &self.config
    }

    /// The parameters with the values they start from.
    pub fn declarations(&self) -> &Declarations {
        &self.declarations
    }

    /// How many runs of `write` a digit takes.
    pub fn places(&self) -> usize {
        self.config.grid().tokens()
    }

    /// What describes the distributions of all places of the binary pictures `x` `[batch, pixels]`: logits of ink
    /// `[batch, pixels, 1]`, or of the patches `[batch, places, 16]`.
    ///
    /// # Errors
    /// [`Error::Shape`] when `x` has another shape.
    pub fn logits(&self, x: &Tensor, params: &Slab) -> Result<Tensor> {
        let grid = self.config.grid();
        let batch = x.shape().dims().first().copied().unwrap_or(0);
        let view = |tokens| View::new(grid, x, tokens);
        let logits = match self.config.network {
            Architecture::PixelCnn { blocks, .. } => {
                let view = view(Tokens::All)?;
                pixelcnn::logits(&view, &mut Whole::new(&view), params, blocks)?
            }
            Architecture::RowLstm { layers, .. } => {
                let mut near = Rows::new(&view(Tokens::All)?);
                let mut rows = vec![];
                for row in 0..grid.row() {
                    let logits = row_lstm::logits(&view(Tokens::Row(row))?, &mut near, params, layers)?;
                    rows.push(logits.reshape([batch, grid.row()])?);
                    near.advance();
                }
                x.graph().concat(&rows.iter().collect::<Vec<_>>(), 1)?
            }
            Architecture::Transformer { layers, heads, .. } => {
                let mut past = AllAtOnce { batch, tokens: grid.tokens(), heads };
                transformer::logits(&view(Tokens::All)?, &mut past, params, layers)?
            }
        };
        logits.reshape([batch, grid.tokens(), self.config.outcomes()])
    }

    /// The mean of -ln p(x) of the binary pictures `x` `[batch, pixels]`, nats.
    ///
    /// # Errors
    /// [`Error::Shape`] when `x` has another shape.
    pub fn loss(&self, x: &Tensor, params: &Slab) -> Result<Tensor> {
        let grid = self.config.grid();
        let batch = x.shape().dims().first().copied().unwrap_or(0);
        let logits = self.logits(x, params)?;
        let nats = match grid.cell {
            1 => loss::bce_with_logits(&logits.reshape([batch, grid.pixels()])?, x)?,
            _ => loss::cross_entropy_of_classes(&logits, &patterns(x, grid)?)?,
        };
        Ok(nats.sum_all().mul_scalar(1.0 / batch as f64))
    }

    /// One training step on `x` `[batch, pixels]`: binary pictures, or with `draws_pixels` the probabilities of ink that
    /// are drawn from anew in each step. Minimised is -ln p(x).
    ///
    /// Other inputs: `key` `[4]` ([`crate::ops::key_values`]), `hyper` `[4]` ([`AdamConfig::hyper`]) and `ema_rate`
    /// (1 - decay, a scalar). Output: `loss`, nats per image.
    ///
    /// # Errors
    /// [`Error::Shape`] for an empty batch.
    pub fn train_plan(&self, batch: usize, draws_pixels: bool, adam: &AdamConfig) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let grid = self.config.grid();
        let x = graph.input("x", [batch, grid.pixels()])?;
        let key = graph.input("key", [4])?;
        let x = if draws_pixels { graph.bernoulli(&x, &key, [batch, grid.pixels()])? } else { x };
        let loss = self.loss(&x, &params)?;
        plans::minimize(&loss, &params, adam)?;
        graph.compile(&[("loss", &loss)])
    }

    fn predict_plan(&self, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let grid = self.config.grid();
        let x = graph.input("x", [batch, grid.pixels()])?.greater_equal_scalar(0.5);
        let logits = self.logits(&x, &params)?;
        let (probabilities, map) = match grid.cell {
            1 => {
                let logits = logits.reshape([batch, grid.pixels()])?;
                (logits.sigmoid(), loss::bernoulli_log_likelihood(&logits, &x)?)
            }
            _ => within_patches(&logits, &x, grid)?,
        };
        let log_likelihood = loss::per_example(&map)?;
        graph.compile(&[
            ("probabilities", &probabilities),
            ("log_likelihood_map", &map),
            ("log_likelihood", &log_likelihood),
        ])
    }
}

impl Network for Autoregressive {
    fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    fn describe(&self) -> String {
        self.config.describe()
    }

    fn plan(&self, job: &str, batch: usize) -> Result<Plan> {
        match job {
            "predict" => self.predict_plan(batch),
            "write" => self.write_plan(batch),
            _ => unknown_job(job, &["predict", "write"]),
        }
    }
}

/// The model in a weights file, which is one of 28 x 28 digits.
///
/// # Errors
/// [`Error::Checkpoint`] naming what does not fit.
pub fn network(config: AutoregressiveConfig) -> Result<Autoregressive> {
    if config.side != SIDE {
        return Err(Error::Checkpoint(format!("the file's pictures have a side of {}, not {SIDE}", config.side)));
    }
    Autoregressive::new(config)
}

/// The pixels of `x` `[batch, pixels]` place by place, `[batch, places, pixels of a place]`.
fn by_place(x: &Tensor, grid: Grid) -> Result<Tensor> {
    let (batch, row, cell) = (x.shape().dims()[0], grid.row(), grid.cell);
    let x = x.reshape([batch, row, cell, row, cell])?.permute(&[0, 1, 3, 2, 4])?;
    x.reshape([batch, grid.tokens(), cell * cell])
}

/// The inverse of [`by_place`].
fn by_pixel(x: &Tensor, grid: Grid) -> Result<Tensor> {
    let (batch, row, cell) = (x.shape().dims()[0], grid.row(), grid.cell);
    let x = x.reshape([batch, row, row, cell, cell])?.permute(&[0, 1, 3, 2, 4])?;
    x.reshape([batch, grid.pixels()])
}

/// The pixels of the 16 patches, `[16, 4]`: the first pixel is the number's highest bit.
fn patch_pixels(graph: &Graph) -> Result<Tensor> {
    let bits: Vec<f32> = (0..16u8).flat_map(|patch| (0..4).map(move |bit| f32::from(patch >> (3 - bit) & 1))).collect();
    graph.constant(&bits, [16, 4])
}

/// The numbers of the patches of `x` `[batch, pixels]`, `[batch, places]`.
fn patterns(x: &Tensor, grid: Grid) -> Result<Tensor> {
    let weights = x.graph().constant(&[8.0, 4.0, 2.0, 1.0], [4])?;
    by_place(x, grid)?.mul(&weights)?.sum(&[2])
}

/// Probability of ink of each pixel given those before it, and the log-likelihood of what it is, both `[batch, pixels]`:
/// a patch's distribution taken apart by the chain rule.
fn within_patches(logits: &Tensor, x: &Tensor, grid: Grid) -> Result<(Tensor, Tensor)> {
    let graph = x.graph();
    let batch = x.shape().dims()[0];
    let (x, bits) = (by_place(x, grid)?, patch_pixels(graph)?);
    let mut left = logits.softmax()?;
    let (mut inks, mut nats) = (vec![], vec![]);
    for pixel in 0..grid.cell * grid.cell {
        let bit = bits.slice(1, pixel, 1)?.reshape([16])?;
        let value = x.slice(2, pixel, 1)?;
        let fits = left.mul(&value.equal(&bit)?)?;
        let total = left.sum_keep(&[2])?.maximum_scalar(SMALLEST);
        inks.push(left.mul(&bit)?.sum_keep(&[2])?.div(&total)?);
        nats.push(fits.sum_keep(&[2])?.maximum_scalar(SMALLEST).div(&total)?.minimum_scalar(1.0).log());
        left = fits;
    }
    let join = |parts: &[Tensor]| -> Result<Tensor> {
        let all = graph.concat(&parts.iter().collect::<Vec<_>>(), 2)?;
        by_pixel(&all.reshape([batch, grid.tokens(), grid.cell * grid.cell])?, grid)
    };
    Ok((join(&inks)?, join(&nats)?))
}
