//! A style-based generator (Karras et al. 2019, 2020) for 28 x 28 pixels: a mapping network turns z into a code w, and
//! each layer of the synthesis network reads w as factors of its input channels. Whether the factors scale the channels
//! or the weights is the same, so that a modulated convolution is an ordinary one between two products; noise of its own
//! in each layer decides what w does not.
//!
//! Parameters: `generator.mapping.N.weight`, `.bias`; `generator.constant` `[1, channels, 7, 7]`; for each layer N
//! `generator.N.weight`, `.bias`, `generator.N.style.weight`, `.bias` (from w to factors) and, but for the last, which
//! draws the pixels, `generator.N.noise` `[1]`.

use serde::{Deserialize, Serialize};

use crate::data::{PIXELS, SIDE};
use crate::error::{Error, Result};
use crate::graph::{Slab, Tensor};
use crate::nn::functional;
use crate::nn::init::{Declarations, Init};
use crate::nn::layers;
use crate::ops::Distribution;

/// Side of the constant that all digits begin with.
const START: usize = SIDE / 4;
/// Added to the norm that weights are divided by.
const DEMODULATION_EPS: f64 = 1e-8;
/// Layers that read w: two at 7 x 7 and 14 x 14 each (one keeps the size, one doubles it), and the pixels.
pub const STYLE_LAYERS: usize = 5;
/// Keeps a forged config from asking for terabytes.
const MAX_WIDTH: usize = 512;

/// The sizes of a style-based generator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StyleGenerator {
    /// Widths of the mapping network's layers; the last is that of w.
    pub mapping: Vec<usize>,
    /// Channels at 7 x 7, 14 x 14 and 28 x 28.
    pub channels: [usize; 3],
}

/// One layer of the synthesis network.
struct Layer {
    name: String,
    inputs: usize,
    outputs: usize,
    kernel: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A convolution that keeps the size.
    Keep,
    /// A transposed one that doubles it.
    Double,
    /// The last, whose weights are not brought back to their size.
    Pixels,
}

impl StyleGenerator {
    /// Checks the sizes.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the size.
    pub fn check(&self) -> Result<()> {
        let sizes = self.mapping.iter().chain(&self.channels);
        if let Some(size) = sizes.clone().find(|size| !(1..=MAX_WIDTH).contains(*size)) {
            return Err(Error::Checkpoint(format!("a style generator's width is {size}; it is 1 to {MAX_WIDTH}")));
        }
        if self.mapping.is_empty() || self.mapping.len() > 16 {
            return Err(Error::Checkpoint("a style generator's mapping has 1 to 16 layers".into()));
        }
        Ok(())
    }

    /// The width of w.
    pub fn width(&self) -> usize {
        self.mapping.last().copied().unwrap_or(0)
    }

    /// The network in one line.
    pub fn describe(&self) -> String {
        let widths: Vec<String> = self.mapping.iter().map(usize::to_string).collect();
        let [first, second, third] = self.channels;
        format!("{} -> {first}x7x7-{second}x14x14-{third}x28x28, {STYLE_LAYERS} modulated layers", widths.join("-"))
    }

    fn layers(&self) -> [Layer; STYLE_LAYERS] {
        let [first, second, third] = self.channels;
        let layer = |index: usize, inputs, outputs, kind| Layer {
            name: format!("generator.{index}"),
            inputs,
            outputs,
            kernel: if kind == Kind::Double { 4 } else { 3 },
            kind,
        };
        [
            layer(0, first, first, Kind::Keep),
            layer(1, first, second, Kind::Double),
            layer(2, second, second, Kind::Keep),
            layer(3, second, third, Kind::Double),
            layer(4, third, 1, Kind::Pixels),
        ]
    }

    /// The parameters of a generator whose code has `code` numbers.
    pub fn declare(&self, code: usize, list: &mut Declarations) {
        let he = |inputs: usize| Init::Normal { std: (2.0 / inputs as f64).sqrt() };
        let mut inputs = code;
        for (index, &width) in self.mapping.iter().enumerate() {
            list.parameter(format!("generator.mapping.{index}.weight"), [width, inputs], he(inputs));
            list.parameter(format!("generator.mapping.{index}.bias"), [width], Init::Constant(0.0));
            inputs = width;
        }
        let normal = Init::Normal { std: 1.0 };
        list.parameter("generator.constant", [1, self.channels[0], START, START], normal);
        for Layer { name, inputs, outputs, kernel, kind } in self.layers() {
            let shape = match kind {
                Kind::Double => [inputs, outputs, kernel, kernel],
                Kind::Keep | Kind::Pixels => [outputs, inputs, kernel, kernel],
            };
            let spread = if kind == Kind::Pixels { he(2 * inputs * kernel * kernel) } else { normal };
            list.parameter(format!("{name}.weight"), shape, spread);
            list.parameter(format!("{name}.bias"), [outputs], Init::Constant(0.0));
            let factors = Init::Normal { std: 1.0 / (self.width() as f64).sqrt() };
            list.parameter(format!("{name}.style.weight"), [inputs, self.width()], factors);
            list.parameter(format!("{name}.style.bias"), [inputs], Init::Constant(1.0));
            if kind != Kind::Pixels {
                list.parameter(format!("{name}.noise"), [1], Init::Constant(0.0));
            }
        }
    }

    /// w `[batch, width]` of codes `[batch, z_dim]` (and the digit's ten numbers).
    ///
    /// # Errors
    /// [`Error::Shape`] when the code has another width.
    pub fn map(&self, code: &Tensor, slope: f64, params: &Slab) -> Result<Tensor> {
        let mut w = code.clone();
        for index in 0..self.mapping.len() {
            w = layers::linear(&w, params, &format!("generator.mapping.{index}"))?.leaky_relu_scalar(slope);
        }
        Ok(w)
    }

    /// The picture `[batch, 784]` in -1 to 1 of a code for each layer, `[batch, width]` each. Noise is drawn by `key`
    /// `[4]` and scaled by `noise` (a scalar: 1 as in training, 0 for none).
    ///
    /// # Errors
    /// [`Error::Shape`] when the codes are others.
    pub fn draw(
        &self,
        styles: &[Tensor; STYLE_LAYERS],
        [key, noise]: [&Tensor; 2],
        slope: f64,
        params: &Slab,
    ) -> Result<Tensor> {
        let graph = key.graph();
        let batch = styles[0].shape().dims()[0];
        let mut x = params.get("generator.constant")?.broadcast_to([batch, self.channels[0], START, START])?;
        for (layer, style) in self.layers().iter().zip(styles) {
            x = layer.run(&x, style, params)?;
            if layer.kind == Kind::Pixels {
                break;
            }
            let side = x.shape().dims()[2];
            let drawn = graph.random(Distribution::Normal, key, [batch, 1, side, side])?;
            let strength = params.get(&format!("{}.noise", layer.name))?.mul(noise)?.reshape([1, 1, 1, 1])?;
            x = x.add(&drawn.mul(&strength)?)?;
            x = functional::add_channels(&x, &params.get(&format!("{}.bias", layer.name))?)?.leaky_relu_scalar(slope);
        }
        let x = functional::add_channels(&x, &params.get("generator.4.bias")?)?;
        Ok(x.reshape([batch, PIXELS])?.tanh())
    }
}

impl Layer {
    /// The modulated convolution (Karras et al. 2020, eq. 1 and 3): input channels times the style's factors, the
    /// convolution, and output channels divided by the norm that the weights times the factors have.
    fn run(&self, x: &Tensor, style: &Tensor, params: &Slab) -> Result<Tensor> {
        let batch = x.shape().dims()[0];
        let weight = params.get(&format!("{}.weight", self.name))?;
        let factors = layers::linear(style, params, &format!("{}.style", self.name))?;
        let x = x.mul(&factors.reshape([batch, self.inputs, 1, 1])?)?;
        let y = match self.kind {
            Kind::Double => x.conv_transpose2d(&weight, 2, 1, 0)?,
            Kind::Keep | Kind::Pixels => x.conv2d(&weight, 1, 1)?,
        };
        if self.kind == Kind::Pixels {
            return Ok(y);
        }
        // a doubling layer's output pixel sees a quarter of the kernel
        let seen = if self.kind == Kind::Double { 0.25 } else { 1.0 };
        let squares = weight.square().sum(&[2, 3])?;
        let norm = factors.square().matmul_with(&squares, false, self.kind != Kind::Double)?.mul_scalar(seen);
        y.mul(&norm.add_scalar(DEMODULATION_EPS).rsqrt().reshape([batch, self.outputs, 1, 1])?)
    }
}
