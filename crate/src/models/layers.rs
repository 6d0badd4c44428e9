//! Layers as data: what stands in a config, what flows between them, what their weights are called and cost.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::data::SIDE;
use crate::error::{Error, Result};
use crate::graph::Tensor;
pub use crate::nn::Activation;
use crate::nn::functional;

/// One layer; the sizes of its input follow from the layer before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Layer {
    /// Fully connected; a picture is flattened in front of it (channel, row, column), which takes an index.
    Linear {
        /// Number of outputs.
        out: usize,
    },
    /// A vector of channels * side * side becomes a picture; takes an index and has no weights.
    Unflatten {
        /// Channels of the picture.
        channels: usize,
        /// Height and width of the picture.
        side: usize,
    },
    /// Convolution with zero padding, weights [channels, in, kernel, kernel].
    Conv {
        /// Output channels.
        channels: usize,
        /// Height and width of the kernel.
        kernel: usize,
        /// Step in both directions.
        stride: usize,
        /// Rows and columns of zeros on each side.
        padding: usize,
    },
    /// Transposed convolution, weights [in, channels, kernel, kernel].
    ConvTranspose {
        /// Output channels.
        channels: usize,
        /// Height and width of the kernel.
        kernel: usize,
        /// Step in both directions of the convolution it is the transpose of.
        stride: usize,
        /// Padding of the convolution it is the transpose of.
        padding: usize,
    },
}

/// What flows between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A vector.
    Vector(usize),
    /// Channels and side of a square picture.
    Picture {
        /// Channels.
        channels: usize,
        /// Height and width.
        side: usize,
    },
}

impl Form {
    /// Number of values.
    pub fn len(self) -> usize {
        match self {
            Form::Vector(n) => n,
            Form::Picture { channels, side } => channels * side * side,
        }
    }

    /// Whether there is no value; a checked config never has such a form.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// One step through the encoder or the decoder, as a model builder walks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// The layer.
    pub layer: Layer,
    /// What comes in; [`Layer::Linear`] flattens it.
    pub input: Form,
    /// What goes out.
    pub output: Form,
    /// The stem of the layer's tensors: `encoder.0` has `encoder.0.weight` and `encoder.0.bias`.
    pub name: String,
    /// Whether the activation follows.
    pub activated: bool,
}

impl Stage {
    /// The shape of the layer's weight, if it has one, and the length of its bias.
    pub fn weight_shape(&self) -> Option<(Vec<usize>, usize)> {
        let channels_in = match self.input {
            Form::Picture { channels, .. } => channels,
            Form::Vector(_) => 0,
        };
        match self.layer {
            Layer::Linear { out } => Some((vec![out, self.input.len()], out)),
            Layer::Unflatten { .. } => None,
            Layer::Conv { channels, kernel, .. } => Some((vec![channels, channels_in, kernel, kernel], channels)),
            Layer::ConvTranspose { channels, kernel, .. } => {
                Some((vec![channels_in, channels, kernel, kernel], channels))
            }
        }
    }

    /// How many inputs meet in one output.
    pub fn fan_in(&self) -> f64 {
        let Some((shape, _)) = self.weight_shape() else { return 1.0 };
        match self.layer {
            // [in, out, k, k]; a stride spreads the kernel over stride^2 outputs
            Layer::ConvTranspose { kernel, stride, .. } => {
                (shape[0] * kernel * kernel) as f64 / (stride * stride) as f64
            }
            _ => shape[1..].iter().product::<usize>() as f64,
        }
    }

    /// Multiplications and additions for one image, counted as two operations each.
    pub fn flops(&self) -> u64 {
        let side = |form: Form| match form {
            Form::Picture { side, .. } => side as u64,
            Form::Vector(_) => 0,
        };
        let Some((shape, _)) = self.weight_shape() else { return 0 };
        let weights: u64 = shape.iter().map(|d| *d as u64).product();
        2 * weights
            * match self.layer {
                Layer::Conv { .. } => side(self.output).pow(2),
                Layer::ConvTranspose { .. } => side(self.input).pow(2),
                _ => 1,
            }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Form::Vector(n) => write!(f, "{n} values"),
            Form::Picture { channels, side } => write!(f, "{channels} x {side} x {side} values"),
        }
    }
}

/// No layer of a digit model is wider; keeps a forged config from asking for terabytes.
const MAX_WIDTH: usize = 65_536;
const MAX_LAYERS: usize = 64;

fn misfit(what: String) -> Error {
    Error::Checkpoint(format!("the config's layers are not usable: {what}"))
}

/// Follows `layers` from `input`. In a Sequential the activations, the flattening in front of a linear layer and the
/// unflattening take indices too; `name` gives the stem for an index.
///
/// # Errors
/// [`Error::Checkpoint`] naming the layer that does not fit.
pub fn walk(layers: &[Layer], input: Form, name: impl Fn(usize) -> String, last_activated: bool) -> Result<Vec<Stage>> {
    if layers.len() > MAX_LAYERS {
        return Err(misfit(format!("it has {} layers in one half", layers.len())));
    }
    let mut stages: Vec<Stage> = Vec::with_capacity(layers.len());
    let mut form = input;
    let mut index = 0;
    for (i, layer) in layers.iter().enumerate() {
        // the input picture has one channel: a dense encoder takes it as a vector without a Flatten in the Sequential
        let flattened = matches!((layer, form), (Layer::Linear { .. }, Form::Picture { .. })) && i > 0;
        if flattened {
            index += 1;
        }
        let stem = name(index);
        let output = output(layer, form)
            .ok_or_else(|| misfit(format!("{layer:?} ({stem}) does not fit the {} in front of it", form)))?;
        let weighted = !matches!(layer, Layer::Unflatten { .. });
        let activated = weighted && (last_activated || i + 1 < layers.len());
        stages.push(Stage { layer: *layer, input: form, output, name: stem, activated });
        index += 1 + usize::from(activated);
        form = output;
    }
    Ok(stages)
}

/// The form behind a layer, or nothing if it cannot stand there.
fn output(layer: &Layer, input: Form) -> Option<Form> {
    let sensible = |form: Form| {
        let fits = match form {
            Form::Vector(n) => (1..=MAX_WIDTH).contains(&n),
            Form::Picture { channels, side } => {
                (1..=1024).contains(&channels) && (1..=256).contains(&side) && channels * side * side <= 16 * MAX_WIDTH
            }
        };
        fits.then_some(form)
    };
    match (*layer, input) {
        (Layer::Linear { out }, _) => sensible(Form::Vector(out)),
        (Layer::Unflatten { channels, side }, Form::Vector(n)) => {
            sensible(Form::Picture { channels, side }).filter(|form| form.len() == n)
        }
        (Layer::Conv { channels, kernel, stride, padding }, Form::Picture { side, .. }) => {
            let side =
                is_window(kernel, stride, padding).then(|| side + 2 * padding)?.checked_sub(kernel)? / stride + 1;
            sensible(Form::Picture { channels, side })
        }
        (Layer::ConvTranspose { channels, kernel, stride, padding }, Form::Picture { side, .. }) => {
            let side =
                is_window(kernel, stride, padding).then(|| (side - 1) * stride + kernel)?.checked_sub(2 * padding)?;
            sensible(Form::Picture { channels, side })
        }
        _ => None,
    }
}

/// Builds the layers on `input`, `[batch, ..]`: `parameter` gives the tensor of a name, `activate` is the non-linearity.
///
/// # Errors
/// [`Error::Shape`] when the input or a parameter has another shape.
pub fn run(
    stages: &[Stage],
    input: &Tensor,
    parameter: &dyn Fn(&str) -> Result<Tensor>,
    activate: &dyn Fn(&Tensor) -> Result<Tensor>,
) -> Result<Tensor> {
    let batch = input.shape().dims()[0];
    let mut x = input.clone();
    for stage in stages {
        let part = |suffix: &str| parameter(&format!("{}.{suffix}", stage.name));
        x = match stage.layer {
            Layer::Unflatten { channels, side } => x.reshape([batch, channels, side, side])?,
            Layer::Linear { .. } => {
                functional::linear(&x.reshape([batch, stage.input.len()])?, &part("weight")?, Some(&part("bias")?))?
            }
            Layer::Conv { stride, padding, .. } => {
                let y = picture(&x, stage)?.conv2d(&part("weight")?, stride, padding)?;
                functional::add_channels(&y, &part("bias")?)?
            }
            Layer::ConvTranspose { stride, padding, .. } => {
                let y = picture(&x, stage)?.conv_transpose2d(&part("weight")?, stride, padding, 0)?;
                functional::add_channels(&y, &part("bias")?)?
            }
        };
        if stage.activated {
            x = activate(&x)?;
        }
    }
    Ok(x)
}

/// The stage's input as `[batch, channels, side, side]`: a first layer is given flat images.
fn picture(x: &Tensor, stage: &Stage) -> Result<Tensor> {
    match stage.input {
        Form::Picture { channels, side } => x.reshape([x.shape().dims()[0], channels, side, side]),
        Form::Vector(_) => Err(Error::Shape(format!("{} convolves a vector", stage.name))),
    }
}

/// Whether these are a convolution's sizes on a picture of a digit.
fn is_window(kernel: usize, stride: usize, padding: usize) -> bool {
    (1..=SIDE).contains(&kernel) && (1..=8).contains(&stride) && padding < kernel
}
