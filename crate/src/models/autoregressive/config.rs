//! What an autoregressive model is made of: what its file says.

use serde::{Deserialize, Serialize};

use crate::data::SIDE;
use crate::error::{Error, Result};
use crate::models::family::{Family, Training};
use crate::nn::init::{Declarations, Init};

use super::places::{Grid, Part};

/// Keeps a forged config from asking for terabytes.
const MAX_PARAMETERS: usize = 8 << 20;
const MAX_WIDTH: usize = 1024;
const MAX_LAYERS: usize = 32;

/// The spread of the positions' first values.
const POSITION_STD: f64 = 0.1;
/// First bias of the forget gates, so that a cell begins by remembering (Jozefowicz et al. 2015, section 2.2).
const FORGET_BIAS: f32 = 1.0;
/// First logit of ink: an eighth of a digit's pixels are.
const INK_BIAS: f32 = -2.0;

/// What an autoregressive model is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoregressiveConfig {
    /// Always `autoregressive`: tells such a file from another family's.
    pub family: Family,
    /// Height and width of the picture; 28 in every file that is run.
    pub side: usize,
    /// How far the first layer sees: rows of places above its own, and places to either side (and to the left in its own
    /// row). A place is a pixel, or a patch where the network writes patches.
    pub window: [usize; 2],
    /// The network behind the first layer.
    pub network: Architecture,
    /// How the weights came to be, if the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
}

/// The three networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Architecture {
    /// Gated PixelCNN (van den Oord et al. 2016, "Conditional image generation with PixelCNN decoders", section 2).
    PixelCnn {
        /// Channels of the vertical and of the horizontal stack.
        channels: usize,
        /// Gated blocks.
        blocks: usize,
    },
    /// Row LSTM (van den Oord et al. 2016, "Pixel recurrent neural networks", section 3.1).
    RowLstm {
        /// Units of a cell.
        units: usize,
        /// Cells one behind the other.
        layers: usize,
    },
    /// A causal transformer over patches of 2 x 2 pixels (Vaswani et al. 2017 with the norms in front; Chen et al. 2020,
    /// "Generative pretraining from pixels").
    Transformer {
        /// Width of the residual stream.
        width: usize,
        /// Blocks.
        layers: usize,
        /// Heads of an attention.
        heads: usize,
    },
}

fn unfit(what: String) -> Error {
    Error::Checkpoint(format!("the autoregressive model's config is not usable: {what}"))
}

impl AutoregressiveConfig {
    /// A model of 28 x 28 digits.
    pub fn new(window: [usize; 2], network: Architecture) -> AutoregressiveConfig {
        AutoregressiveConfig { family: Family::Autoregressive, side: SIDE, window, network, training: None }
    }

    /// Checks that the sizes are those of a network that can be built.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the size.
    pub fn check(&self) -> Result<()> {
        if self.family != Family::Autoregressive {
            return Err(unfit("its family is another".into()));
        }
        let (sizes, layers) = match self.network {
            Architecture::PixelCnn { channels, blocks } => ([channels, 1], blocks),
            Architecture::RowLstm { units, layers } => ([units, 1], layers),
            Architecture::Transformer { width, layers, heads } => ([width, heads], layers),
        };
        let [width, heads] = sizes;
        let bounded = |what: &str, value: usize, most: usize| match (1..=most).contains(&value) {
            true => Ok(()),
            false => Err(unfit(format!("{what} is {value}; it is 1 to {most}"))),
        };
        bounded("its width", width, MAX_WIDTH)?;
        bounded("its number of layers", layers, MAX_LAYERS)?;
        bounded("its number of heads", heads, width)?;
        bounded("the picture's side", self.side, SIDE)?;
        bounded("the window's number of rows", self.window[0], SIDE)?;
        bounded("the window's reach", self.window[1], SIDE)?;
        let cell = self.grid().cell;
        if !width.is_multiple_of(heads) || !self.side.is_multiple_of(cell) {
            return Err(unfit(format!(
                "the width, {width}, has to fall into {heads} equal heads, and the side, {}, into places of {cell}",
                self.side
            )));
        }
        let parameters = self.declarations().layout()?.parameter_count();
        if parameters > MAX_PARAMETERS {
            return Err(unfit(format!("it has {parameters} parameters, more than this program runs")));
        }
        Ok(())
    }

    /// The places in the order in which they are written.
    pub(crate) fn grid(&self) -> Grid {
        let cell = if matches!(self.network, Architecture::Transformer { .. }) { 2 } else { 1 };
        Grid { side: self.side, cell, window: self.window }
    }

    /// Numbers that describe the distribution of one place: one logit for a pixel, 16 for a patch.
    pub(crate) fn outcomes(&self) -> usize {
        if self.grid().cell == 1 { 1 } else { 16 }
    }

    /// The parameters with the values they start from.
    pub fn declarations(&self) -> Declarations {
        let grid = self.grid();
        let mut list = Declarations::default();
        let position = |list: &mut Declarations, width: usize| {
            list.parameter("position.weight", [grid.tokens(), width], Init::Normal { std: POSITION_STD });
        };
        let ink = |list: &mut Declarations, width: usize| {
            list.parameter("head.1.weight", [1, width], Init::kaiming_uniform(width));
            list.parameter("head.1.bias", [1], Init::Constant(INK_BIAS));
        };
        match self.network {
            Architecture::PixelCnn { channels, blocks } => {
                list.linear("above", grid.taps(Part::Above), channels);
                list.linear("left", grid.taps(Part::Left), channels);
                position(&mut list, channels);
                for block in 0..blocks {
                    for way in ["value", "gate"] {
                        list.linear(&format!("blocks.{block}.vertical.{way}"), 4 * channels, channels);
                        list.linear(&format!("blocks.{block}.horizontal.{way}"), 2 * channels, channels);
                        list.linear(&format!("blocks.{block}.down.{way}"), channels, channels);
                    }
                    list.linear(&format!("blocks.{block}.out"), channels, channels);
                }
                list.linear("head.0", channels, channels);
                ink(&mut list, channels);
            }
            Architecture::RowLstm { units, layers } => {
                list.linear("input", grid.taps(Part::Both), units);
                position(&mut list, units);
                for layer in 0..layers {
                    let inputs = if layer == 0 { units } else { 2 * units };
                    for gate in ["input", "forget", "output", "candidate"] {
                        let name = format!("layers.{layer}.{gate}");
                        list.parameter(format!("{name}.in.weight"), [units, inputs], Init::kaiming_uniform(inputs));
                        let bias = if gate == "forget" { FORGET_BIAS } else { 0.0 };
                        list.parameter(format!("{name}.in.bias"), [units], Init::Constant(bias));
                        let state = [units, 3 * units];
                        list.parameter(format!("{name}.state.weight"), state, Init::kaiming_uniform(3 * units));
                    }
                }
                list.linear("head.0", units, units);
                ink(&mut list, units);
            }
            Architecture::Transformer { width, layers, .. } => {
                list.linear("input", grid.taps(Part::Both), width);
                position(&mut list, width);
                for layer in 0..layers {
                    list.norm(&format!("layers.{layer}.norm1"), width);
                    list.linear(&format!("layers.{layer}.attention.in"), width, 3 * width);
                    list.linear(&format!("layers.{layer}.attention.out"), width, width);
                    list.norm(&format!("layers.{layer}.norm2"), width);
                    list.linear(&format!("layers.{layer}.mlp.0"), width, 4 * width);
                    list.linear(&format!("layers.{layer}.mlp.1"), 4 * width, width);
                }
                list.norm("norm", width);
                list.linear("head", width, self.outcomes());
            }
        }
        list
    }

    /// The network in one line.
    pub fn describe(&self) -> String {
        let [rows, reach] = self.window;
        let network = match self.network {
            Architecture::PixelCnn { channels, blocks } => {
                format!("gated PixelCNN, {blocks} blocks of two stacks of {channels} channels")
            }
            Architecture::RowLstm { units, layers } => format!("row LSTM, {layers} cells of {units} units"),
            Architecture::Transformer { width, layers, heads } => {
                format!("causal transformer over patches of 2 x 2, {layers} blocks of width {width}, {heads} heads")
            }
        };
        format!("{network}; its first layer sees {rows} rows above and {reach} places to either side")
    }
}
