//! A mixture of Gaussians on principal components, some components for each digit (Bishop 2006, sections 9.2 and 12.2).
//!
//! A picture x in [0, 1]^784 is seen in P directions, z = basis (x - mean), the principal components of the data. There it
//! is one of K Gaussians with a full covariance each; in the other 784 - P directions it is the mean plus independent noise
//! of one variance (as in probabilistic principal component analysis, Tipping and Bishop 1999). So the density is one of
//! all pixels:
//!
//! log p(x) = log sum_k w_k N(z; m_k, L_k L_k^T) - |r|^2 / (2 s^2) - (784 - P) log(s sqrt(2 pi)), r what z leaves of x - mean.
//!
//! The jobs, K components in all, `x` grey values in [0, 1]:
//!
//! - `sample`: `key` `[4]` -> `pixels` `[batch, 784]` in [0, 1], a draw without the noise of the other directions;
//!   `component` `[batch]`, 0 to K - 1;
//! - `component`: `index` `[batch]`, 0 to K - 1 -> `pixels` `[batch, 784]`, the component's mean picture;
//! - `responsibilities`: `x` `[batch, 784]` -> `responsibilities` `[batch, K]`, p(k | x), and `log_likelihood` `[batch]`;
//! - `classify`: `x` -> `posterior` `[batch, 10]`, p(y | x), and `log_likelihood` `[batch]`, log p of the 8-bit picture in
//!   nats: the density in the middle of each grey value times its width, 1/256 (the noise is far wider).

use std::f64::consts::PI;
use std::rc::Rc;

use super::classical::ClassicalConfig;
use super::classifier::CLASSES;
use super::mixture::draw_component;
use super::network::{Network, unknown_job};
use super::plans;
use crate::data::PIXELS;
use crate::error::Result;
use crate::graph::{Graph, ParamLayout, Plan, Slab, Tensor};
use crate::nn::functional;
use crate::ops::Distribution;

/// P, the directions that Gaussians are fitted in.
pub const DIRECTIONS: usize = 40;
/// Grey values of a picture.
const GREYS: f64 = 256.0;

/// The mean picture `[784]`.
pub const MEAN: &str = "mean";
/// Orthonormal rows `[P, 784]`.
pub const BASIS: &str = "basis";
/// Logarithms of the weights `[K]`, whose exponentials add up to 1 over all digits.
pub const LOG_WEIGHTS: &str = "log_weights";
/// The components' means `[K, P]`, those of the digit 0 first.
pub const MEANS: &str = "means";
/// Lower triangular L `[K, P, P]` with L L^T the covariance.
pub const FACTORS: &str = "factors";
/// Their inverses `[K, P, P]`.
pub const INVERSES: &str = "inverses";
/// The logarithm of s `[1]`.
pub const LOG_NOISE: &str = "log_noise";

/// A mixture as a builder of plans.
#[derive(Debug, Clone)]
pub struct GaussianMixture {
    components: usize,
    layout: Rc<ParamLayout>,
}

/// The parameters of `components` in all.
///
/// # Errors
/// [`crate::Error::Shape`] for no component.
pub fn layout(components: usize) -> Result<Rc<ParamLayout>> {
    let square = [components, DIRECTIONS, DIRECTIONS];
    ParamLayout::new(&[
        (MEAN.into(), [PIXELS].into()),
        (BASIS.into(), [DIRECTIONS, PIXELS].into()),
        (LOG_WEIGHTS.into(), [components].into()),
        (MEANS.into(), [components, DIRECTIONS].into()),
        (FACTORS.into(), square.into()),
        (INVERSES.into(), square.into()),
        (LOG_NOISE.into(), [1].into()),
    ])
}

impl GaussianMixture {
    /// The mixture of a config that was checked.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] for no component.
    pub fn new(config: &ClassicalConfig) -> Result<GaussianMixture> {
        let components = CLASSES * config.size;
        Ok(GaussianMixture { components, layout: layout(components)? })
    }

    /// Pictures `[batch, 784]` of points `[batch, P]` among the principal components.
    fn pictures(z: &Tensor, params: &Slab) -> Result<Tensor> {
        Ok(z.matmul(&params.get(BASIS)?)?.add(&params.get(MEAN)?)?.clamp(0.0, 1.0))
    }

    fn sample(&self, graph: &Graph, params: &Slab, batch: usize) -> Result<Plan> {
        let key = graph.input("key", [4])?;
        let component = draw_component(graph, &key, &params.get(LOG_WEIGHTS)?, batch)?;
        let noise = graph.random(Distribution::Normal, &key, [batch, DIRECTIONS])?;
        let factors =
            params.get(FACTORS)?.reshape([self.components, DIRECTIONS * DIRECTIONS])?.embedding(&component)?;
        let factors = factors.reshape([batch, DIRECTIONS, DIRECTIONS])?;
        let away = factors.matmul(&noise.reshape([batch, DIRECTIONS, 1])?)?.reshape([batch, DIRECTIONS])?;
        let z = params.get(MEANS)?.embedding(&component)?.add(&away)?;
        graph.compile(&[("pixels", &GaussianMixture::pictures(&z, params)?), ("component", &component)])
    }

    /// log p(x, k) `[batch, K]`, a density of `x` `[batch, 784]`.
    fn log_joint(&self, x: &Tensor, params: &Slab) -> Result<Tensor> {
        let (batch, components) = (x.shape().dims()[0], self.components);
        let centred = x.sub(&params.get(MEAN)?)?;
        let z = functional::linear(&centred, &params.get(BASIS)?, None)?;
        let rest = centred.square().sum(&[1])?.sub(&z.square().sum(&[1])?)?.reshape([batch, 1])?;
        let inverses = params.get(INVERSES)?;
        // L^-1 (z - m) of all components in one product
        let own = inverses.matmul(&params.get(MEANS)?.reshape([components, DIRECTIONS, 1])?)?;
        let flat = inverses.reshape([components * DIRECTIONS, DIRECTIONS])?;
        let white = functional::linear(&z, &flat, Some(&own.reshape([components * DIRECTIONS])?.neg()))?;
        let squares = white.square().reshape([batch, components, DIRECTIONS])?.sum(&[2])?;
        let diagonal: Vec<f32> =
            (0..DIRECTIONS * DIRECTIONS).map(|i| f32::from(u8::from(i % (DIRECTIONS + 1) == 0))).collect();
        let diagonal = x.graph().constant(&diagonal, [DIRECTIONS, DIRECTIONS])?;
        let log_determinants = inverses.mul(&diagonal)?.sum(&[2])?.log().sum(&[1])?;
        let log_noise = params.get(LOG_NOISE)?;
        let others = (PIXELS - DIRECTIONS) as f64;
        let of_rest = rest
            .mul(&log_noise.mul_scalar(-2.0).exp())?
            .mul_scalar(-0.5)
            .sub(&log_noise.mul_scalar(others).add_scalar(0.5 * PIXELS as f64 * (2.0 * PI).ln()))?;
        squares.mul_scalar(-0.5).add(&params.get(LOG_WEIGHTS)?.add(&log_determinants)?)?.add(&of_rest)
    }
}

impl Network for GaussianMixture {
    fn layout(&self) -> &Rc<ParamLayout> {
        &self.layout
    }

    fn describe(&self) -> String {
        let size = self.components / CLASSES;
        format!("{} Gaussians on {DIRECTIONS} principal components, {size} for each digit", self.components)
    }

    fn plan(&self, job: &str, batch: usize) -> Result<Plan> {
        let (graph, params) = plans::begin(&self.layout, batch)?;
        match job {
            "sample" => self.sample(&graph, &params, batch),
            "component" => {
                let index = graph.input("index", [batch])?;
                let z = params.get(MEANS)?.embedding(&index)?;
                graph.compile(&[("pixels", &GaussianMixture::pictures(&z, &params)?)])
            }
            "responsibilities" | "classify" => {
                let x = graph.input("x", [batch, PIXELS])?;
                // the middle of a grey value
                let x = x.mul_scalar((GREYS - 1.0) / GREYS).add_scalar(0.5 / GREYS);
                let joint = self.log_joint(&x, &params)?;
                let density = joint.logsumexp_keep(&[1])?.reshape([batch])?;
                let log_likelihood = density.add_scalar(-(PIXELS as f64) * GREYS.ln());
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
