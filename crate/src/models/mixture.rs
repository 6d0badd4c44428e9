//! Mixtures of Bernoullis, some components for each digit: with one for each, naive Bayes; with many, a mixture model
//! whose components are ways to write a digit (Bishop 2006, section 9.3.3).
//!
//! p(x, y) = sum over the components k of the digit y of weight_k prod_i p_ki^x_i (1 - p_ki)^(1 - x_i). From it follow
//! p(x), p(y | x) and samples. Pixels are `[batch, 784]`, 0 or 1 as they come in. The jobs, K components in all:
//!
//! - `sample`: `key` `[4]` -> `pixels` `[batch, 784]`, the mean picture of a component drawn by its weight; `binary`
//!   `[batch, 784]`, a draw of each pixel; `component` `[batch]`, 0 to K - 1;
//! - `component`: `index` `[batch]`, 0 to K - 1 -> `pixels` `[batch, 784]`, the component's mean picture;
//! - `responsibilities`: `x` `[batch, 784]` -> `responsibilities` `[batch, K]`, p(k | x), and `log_likelihood` `[batch]`,
//!   log p(x) in nats;
//! - `classify`: `x` `[batch, 784]` -> `posterior` `[batch, 10]`, p(y | x), and `log_likelihood` `[batch]`.

use std::rc::Rc;

use super::classical::ClassicalConfig;
use super::classifier::CLASSES;
use super::network::{Network, unknown_job};
use super::plans;
use crate::data::PIXELS;
use crate::error::Result;
use crate::graph::{Graph, ParamLayout, Plan, Slab, Tensor};
use crate::nn::functional;
use crate::ops::Distribution;

/// Logits of the pixels `[K, 784]`, those of the digit 0 first.
pub const LOGITS: &str = "logits";
/// Logarithms of the weights `[K]`, whose exponentials add up to 1 over all digits.
pub const LOG_WEIGHTS: &str = "log_weights";

/// A mixture as a builder of plans.
#[derive(Debug, Clone)]
pub struct Mixture {
    components: usize,
    layout: Rc<ParamLayout>,
}

/// The parameters of `components` in all.
///
/// # Errors
/// [`crate::Error::Shape`] for no component.
pub fn layout(components: usize) -> Result<Rc<ParamLayout>> {
    ParamLayout::new(&[(LOGITS.into(), [components, PIXELS].into()), (LOG_WEIGHTS.into(), [components].into())])
}

/// log p(x, k) `[batch, K]` of `x` `[batch, 784]`.
///
/// # Errors
/// [`crate::Error::Shape`] when the shapes do not fit.
pub fn log_joint(x: &Tensor, params: &Slab) -> Result<Tensor> {
    let (logits, log_weights) = (params.get(LOGITS)?, params.get(LOG_WEIGHTS)?);
    // log p^x (1 - p)^(1 - x) = x logit(p) + log(1 - p), and log(1 - p) = -softplus(logit(p))
    let bias = log_weights.sub(&logits.softplus().sum(&[1])?)?;
    functional::linear(x, &logits, Some(&bias))
}

/// Components `[batch]`, 0 to K - 1, drawn by the logarithms of their weights `[K]`.
///
/// # Errors
/// [`crate::Error::Shape`] for an empty batch.
pub(super) fn draw_component(graph: &Graph, key: &Tensor, log_weights: &Tensor, batch: usize) -> Result<Tensor> {
    let components = log_weights.shape().numel();
    let uniform = graph.random(Distribution::Uniform, key, [batch, components])?.clamp(1e-7, 1.0 - 1e-7);
    // the largest of log weight + Gumbel noise falls on each component as often as its weight says
    let scores = log_weights.sub(&uniform.log().neg().log())?;
    let chosen = scores.greater_equal(&scores.max_keep(&[1])?)?;
    let numbers: Vec<f32> = (0..components).map(|index| index as f32).collect();
    chosen.matmul(&graph.constant(&numbers, [components, 1])?)?.reshape([batch])
}

impl Mixture {
    /// The mixture of a config that was checked.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] for no component.
    pub fn new(config: &ClassicalConfig) -> Result<Mixture> {
        let components = CLASSES * config.size;
        Ok(Mixture { components, layout: layout(components)? })
    }

    fn sample(&self, graph: &Graph, params: &Slab, batch: usize) -> Result<Plan> {
        let key = graph.input("key", [4])?;
        let component = draw_component(graph, &key, &params.get(LOG_WEIGHTS)?, batch)?;
        let pixels = params.get(LOGITS)?.embedding(&component)?.sigmoid();
        let binary = graph.bernoulli(&pixels, &key, [batch, PIXELS])?;
        graph.compile(&[("pixels", &pixels), ("binary", &binary), ("component", &component)])
    }
}

impl Network for Mixture {
    fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    fn describe(&self) -> String {
        format!("{} x {PIXELS} Bernoulli pixels, {} for each digit", self.components, self.components / CLASSES)
    }

    fn plan(&self, job: &str, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let read = |name, width| graph.input(name, [batch, width]);
        match job {
            "sample" => self.sample(&graph, &params, batch),
            "component" => {
                let index = graph.input("index", [batch])?;
                let pixels = params.get(LOGITS)?.embedding(&index)?.sigmoid();
                graph.compile(&[("pixels", &pixels)])
            }
            "responsibilities" | "classify" => {
                let joint = log_joint(&read("x", PIXELS)?, &params)?;
                let log_likelihood = joint.logsumexp_keep(&[1])?.reshape([batch])?;
                let mut answer = ("responsibilities", joint.softmax()?);
                if job == "classify" {
                    let size = self.components / CLASSES;
                    answer = ("posterior", answer.1.reshape([batch, CLASSES, size])?.sum(&[2])?);
                }
                graph.compile(&[(answer.0, &answer.1), ("log_likelihood", &log_likelihood)])
            }
            _ => unknown_job(job, &["sample", "component", "responsibilities", "classify"]),
        }
    }
}
