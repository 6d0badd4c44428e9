//! Generative adversarial networks (Goodfellow et al. 2014): a generator makes pictures of random codes, a discriminator
//! scores how real a picture looks; each is trained against the other ([`super::gan_step`]).
//!
//! The jobs, with their inputs and outputs (an input in brackets is there where the networks are told the digit, 0 to 9):
//!
//! | job | inputs | outputs |
//! |-|-|-|
//! | `generate` | `z` `[batch, z_dim]`, (`label` `[batch]`), of a style-based one `key` `[4]` and `noise` `[]` | `pixels` `[batch, 784]` in 0 to 1 |
//! | `judge` | `x` `[batch, 784]` in 0 to 1, (`label` `[batch]`) | `score` `[batch]`: higher looks more real; `scores` `[batch, 10 or 1]`: that of each digit |
//! | `where` | as `judge` | `map` `[batch, 784]`: the score's gradient, signed, its largest magnitude 1 in each image; `score` |
//! | `map` | `z`, (`label`) | `w` `[batch, width]`, of a style-based generator |
//! | `style` | `w` `[batch, 5 width]`: a code for each layer, the coarse ones first; `key`, `noise` | `pixels` |
//!
//! A score is a logit where the loss was logistic; a Wasserstein critic's has no zero, only differences.

use std::rc::Rc;

use super::gan_config::{GanConfig, Generator};
use super::gan_style::STYLE_LAYERS;
use super::layers::{self, Stage};
use super::network::{Network, unknown_job};
use super::plans;
use crate::data::PIXELS;
use crate::error::{Error, Result};
use crate::graph::{Graph, ParamLayout, Plan, Shape, Slab, Tensor};
use crate::nn::functional::one_hot;

/// Below this a gradient counts as nothing, so that no map is blown up from rounding.
const FLAT: f64 = 1e-12;

/// Both networks as builders of graphs.
#[derive(Debug, Clone)]
pub struct Gan {
    config: GanConfig,
    generator: Vec<Stage>,
    discriminator: Vec<Stage>,
    generator_layout: Rc<ParamLayout>,
    discriminator_layout: Rc<ParamLayout>,
    /// Both, as in a file.
    layout: Rc<ParamLayout>,
}

/// What a style-based generator's noise goes by: the key of its draws and how much of it there is.
pub struct Noise {
    /// `[4]`, see [`crate::ops::key_values`].
    pub key: Tensor,
    /// A scalar: 1 as in training, 0 for none.
    pub amount: Tensor,
}

impl Gan {
    /// The networks of a config.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit.
    pub fn new(config: GanConfig) -> Result<Gan> {
        config.check()?;
        let generator_layout = config.declare_generator()?.layout()?;
        let discriminator_layout = config.declare_discriminator()?.layout()?;
        let entries = generator_layout.entries().iter().chain(discriminator_layout.entries());
        let shapes: Vec<(String, Shape)> = entries.map(|entry| (entry.name.clone(), entry.shape.clone())).collect();
        Ok(Gan {
            generator: config.walk_generator()?,
            discriminator: config.walk_discriminator()?,
            config,
            generator_layout,
            discriminator_layout,
            layout: ParamLayout::new(&shapes)?,
        })
    }

    /// The config.
    pub fn config(&self) -> &GanConfig {
        &self.config
    }

    /// The generator's parameters.
    pub fn generator_layout(&self) -> &Rc<ParamLayout> {
        &self.generator_layout
    }

    /// The discriminator's parameters.
    pub fn discriminator_layout(&self) -> &Rc<ParamLayout> {
        &self.discriminator_layout
    }

    /// Layers of the discriminator.
    pub fn discriminator(&self) -> &[Stage] {
        &self.discriminator
    }

    /// What the first layer reads, `[batch, code width]`: z, and the digit as ten numbers.
    fn code(&self, z: &Tensor, label: Option<&Tensor>) -> Result<Tensor> {
        match label {
            Some(label) => z.graph().concat(&[z, &one_hot(label, self.config.scores())?], 1),
            None => Ok(z.clone()),
        }
    }

    /// Pictures `[batch, 784]` in -1 to 1 of codes `[batch, z_dim]`. `label` `[batch]` where the networks are told the
    /// digit, `noise` for a style-based generator.
    ///
    /// # Errors
    /// [`Error::Shape`] when a shape is another.
    pub fn generate(&self, z: &Tensor, label: Option<&Tensor>, noise: Option<&Noise>, params: &Slab) -> Result<Tensor> {
        let code = self.code(z, label)?;
        let slope = self.config.slopes[0];
        match (&self.config.generator, noise) {
            (Generator::Layers(_), _) => {
                let batch = z.shape().dims()[0];
                let activate = |x: &Tensor| Ok(leaky(x, slope));
                let y = layers::run(&self.generator, &code, &|name| params.get(name), &activate)?;
                Ok(y.reshape([batch, PIXELS])?.tanh())
            }
            (Generator::Style(style), Some(noise)) => {
                let w = style.map(&code, slope, params)?;
                let styles = std::array::from_fn(|_| w.clone());
                style.draw(&styles, [&noise.key, &noise.amount], slope, params)
            }
            (Generator::Style(_), None) => Err(Error::Shape("a style-based generator is told its noise".into())),
        }
    }

    /// Scores `[batch, 1 or 10]` of pictures `[batch, 784]` in -1 to 1. `parameter` gives the tensor of a name; `thin` is
    /// applied behind each activation.
    ///
    /// # Errors
    /// [`Error::Shape`] when a shape is another.
    pub fn judge(
        &self,
        x: &Tensor,
        parameter: &dyn Fn(&str) -> Result<Tensor>,
        thin: &dyn Fn(Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let slope = self.config.slopes[1];
        layers::run(&self.discriminator, x, parameter, &|x| thin(leaky(x, slope)))
    }

    /// Each image's score `[batch]` out of `[batch, 1 or 10]`: that of its digit.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes do not fit.
    pub fn pick(&self, scores: &Tensor, label: Option<&Tensor>) -> Result<Tensor> {
        match label {
            Some(label) => scores.mul(&one_hot(label, self.config.scores())?)?.sum(&[1]),
            None => scores.reshape([scores.shape().dims()[0]]),
        }
    }

    /// The input `label` `[batch]`, where the networks are told the digit.
    pub(super) fn label(&self, graph: &Graph, batch: usize) -> Result<Option<Tensor>> {
        self.config.conditional.then(|| graph.input("label", [batch])).transpose()
    }

    fn noise(&self, graph: &Graph) -> Result<Option<Noise>> {
        let is_style = matches!(self.config.generator, Generator::Style(_));
        let inputs = || Ok(Noise { key: graph.input("key", [4])?, amount: graph.input("noise", Shape::default())? });
        is_style.then(inputs).transpose()
    }

    fn generate_plan(&self, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let z = graph.input("z", [batch, self.config.z_dim])?;
        let (label, noise) = (self.label(&graph, batch)?, self.noise(&graph)?);
        let pixels = self.generate(&z, label.as_ref(), noise.as_ref(), &params)?;
        graph.compile(&[("pixels", &to_grey(&pixels))])
    }

    fn judge_plan(&self, batch: usize, is_map: bool) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let x = graph.input("x", [batch, PIXELS])?;
        let label = self.label(&graph, batch)?;
        let signed = x.mul_scalar(2.0).sub_scalar(1.0);
        let scores = self.judge(&signed, &|name| params.get(name), &Ok)?;
        let score = self.pick(&scores, label.as_ref())?;
        if !is_map {
            return graph.compile(&[("score", &score), ("scores", &scores)]);
        }
        let gradient = graph.grad(&score.sum_all(), std::slice::from_ref(&x))?.into_iter().next().flatten();
        let gradient = gradient.ok_or_else(|| Error::Unsupported("the score does not depend on the image".into()))?;
        let largest = gradient.abs().max_keep(&[1])?.maximum_scalar(FLAT);
        graph.compile(&[("map", &gradient.div(&largest)?), ("score", &score)])
    }

    fn map_plan(&self, batch: usize) -> Result<Plan> {
        let Generator::Style(style) = &self.config.generator else { return self.unknown("map") };
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let z = graph.input("z", [batch, self.config.z_dim])?;
        let label = self.label(&graph, batch)?;
        let w = style.map(&self.code(&z, label.as_ref())?, self.config.slopes[0], &params)?;
        graph.compile(&[("w", &w)])
    }

    fn style_plan(&self, batch: usize) -> Result<Plan> {
        let (Generator::Style(style), width) = (&self.config.generator, self.style_width()) else {
            return self.unknown("style");
        };
        let (graph, params) = plans::begin(&self.layout, batch)?;
        let w = graph.input("w", [batch, STYLE_LAYERS * width])?;
        let noise = Noise { key: graph.input("key", [4])?, amount: graph.input("noise", Shape::default())? };
        let part = |index: usize| w.slice(1, index * width, width);
        let styles = [part(0)?, part(1)?, part(2)?, part(3)?, part(4)?];
        let pixels = style.draw(&styles, [&noise.key, &noise.amount], self.config.slopes[0], &params)?;
        graph.compile(&[("pixels", &to_grey(&pixels))])
    }

    fn style_width(&self) -> usize {
        match &self.config.generator {
            Generator::Style(style) => style.width(),
            Generator::Layers(_) => 0,
        }
    }

    fn unknown<T>(&self, job: &str) -> Result<T> {
        let is_style = matches!(self.config.generator, Generator::Style(_));
        let judges = !self.discriminator.is_empty();
        let of = |condition: bool, names: &[&'static str]| if condition { names.to_vec() } else { Vec::new() };
        let known = [vec!["generate"], of(judges, &["judge", "where"]), of(is_style, &["map", "style"])].concat();
        unknown_job(job, &known)
    }
}

impl Network for Gan {
    fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    fn describe(&self) -> String {
        // a checked config has a description
        self.config.describe().unwrap_or_default()
    }

    fn plan(&self, job: &str, batch: usize) -> Result<Plan> {
        match job {
            "generate" => self.generate_plan(batch),
            "judge" | "where" if !self.discriminator.is_empty() => self.judge_plan(batch, job == "where"),
            "map" => self.map_plan(batch),
            "style" => self.style_plan(batch),
            _ => self.unknown(job),
        }
    }
}

fn leaky(x: &Tensor, slope: f64) -> Tensor {
    if slope == 0.0 { x.relu() } else { x.leaky_relu_scalar(slope) }
}

/// From -1 to 1 to grey values; a tanh may round beyond its ends.
fn to_grey(pixels: &Tensor) -> Tensor {
    pixels.mul_scalar(0.5).add_scalar(0.5).clamp(0.0, 1.0)
}
