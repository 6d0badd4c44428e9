//! What a generative adversarial network is made of: the config in a weights file, and the names and first values of the
//! parameters of both networks.
//!
//! Parameters are called `generator.N.weight` and `discriminator.N.weight` with PyTorch's `nn.Sequential` indices; those
//! of a style-based generator stand with [`StyleGenerator`].

use serde::{Deserialize, Serialize};

use super::classifier::CLASSES;
use super::family::{Family, Training};
use super::gan_style::StyleGenerator;
use super::layers::{Form, Layer, Stage, walk};
use crate::data::{PIXELS, SIDE};
use crate::error::{Error, Result};
use crate::nn::init::{Declarations, Init};

/// Keeps a forged config from asking for terabytes.
const MAX_PARAMETERS: usize = 16 << 20;
/// Widest latent code.
const MAX_Z: usize = 1024;

/// What a generative adversarial network is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GanConfig {
    /// Always `gan`.
    pub family: Family,
    /// Normal numbers that a digit is made from.
    pub z_dim: usize,
    /// Whether both networks are told the digit.
    pub conditional: bool,
    /// From z (and the digit) to the picture.
    pub generator: Generator,
    /// From the picture to its score, one for each digit where they are told it. Empty in a file of a generator alone.
    pub discriminator: Vec<Layer>,
    /// What generator and discriminator multiply negative activations by: 0 is ReLU, above is leaky ReLU.
    pub slopes: [f64; 2],
    /// How the weights came to be, if the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
}

/// From a code to a picture, which a tanh ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Generator {
    /// One layer after the other; where the digit is told, the first reads it as ten more numbers, a 1 and nine zeros.
    Layers(Vec<Layer>),
    /// A mapping network and a synthesis network that reads its code in each layer.
    Style(StyleGenerator),
}

impl GanConfig {
    /// Checks that the layers fit one another and are of sensible sizes.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit.
    pub fn check(&self) -> Result<()> {
        if self.family != Family::Gan {
            return Err(unfit("its family is another".into()));
        }
        if self.z_dim == 0 || self.z_dim > MAX_Z {
            return Err(unfit(format!("z_dim is {}; it is 1 to {MAX_Z}", self.z_dim)));
        }
        if let Some(slope) = self.slopes.iter().find(|slope| !(0.0..=1.0).contains(*slope)) {
            return Err(unfit(format!("a slope is {slope}; it is 0 to 1")));
        }
        let stages = match &self.generator {
            Generator::Layers(_) => self.walk_generator()?,
            Generator::Style(style) => {
                style.check()?;
                Vec::new()
            }
        };
        let end = stages.last().map(|stage| stage.output);
        let is_picture = |form| form == Form::Vector(PIXELS) || form == (Form::Picture { channels: 1, side: SIDE });
        if let Some(form) = end.filter(|form| !is_picture(*form)) {
            return Err(unfit(format!("the generator ends in {form}, not in {SIDE} x {SIDE} pixels")));
        }
        let judges = self.walk_discriminator()?;
        if let Some(last) = judges.last().filter(|last| last.output != Form::Vector(self.scores())) {
            return Err(unfit(format!("the discriminator ends in {}, not in {}", last.output, self.scores())));
        }
        if stages.is_empty() && matches!(self.generator, Generator::Layers(_)) {
            return Err(unfit("the generator has no layers".into()));
        }
        let parameters = [&stages, &judges].into_iter().flatten().filter_map(Stage::weight_shape);
        let parameters = parameters
            .map(|(shape, bias)| shape.iter().fold(1usize, |n, d| n.saturating_mul(*d)).saturating_add(bias))
            .fold(0, usize::saturating_add);
        if parameters > MAX_PARAMETERS {
            return Err(unfit(format!("it has {parameters} parameters, more than this program runs")));
        }
        Ok(())
    }

    /// Scores that the discriminator gives: one, or one for each digit.
    pub fn scores(&self) -> usize {
        if self.conditional { CLASSES } else { 1 }
    }

    /// Numbers that the first layer reads: z, and where the digit is told its ten.
    pub fn code_width(&self) -> usize {
        self.z_dim + if self.conditional { CLASSES } else { 0 }
    }

    /// The generator's layers in order; none of a style-based one.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the layer that does not fit.
    pub fn walk_generator(&self) -> Result<Vec<Stage>> {
        match &self.generator {
            Generator::Layers(layers) => {
                walk(layers, Form::Vector(self.code_width()), |index| format!("generator.{index}"), false)
            }
            Generator::Style(_) => Ok(Vec::new()),
        }
    }

    /// The discriminator's layers in order; none where there is none.
    ///
    /// # Errors
    /// As [`GanConfig::walk_generator`].
    pub fn walk_discriminator(&self) -> Result<Vec<Stage>> {
        let picture = Form::Picture { channels: 1, side: SIDE };
        walk(&self.discriminator, picture, |index| format!("discriminator.{index}"), false)
    }

    /// The generator's parameters with the values they start from.
    ///
    /// # Errors
    /// As [`GanConfig::check`].
    pub fn declare_generator(&self) -> Result<Declarations> {
        let mut list = Declarations::default();
        match &self.generator {
            Generator::Layers(_) => declare(&mut list, &self.walk_generator()?),
            Generator::Style(style) => style.declare(self.code_width(), &mut list),
        }
        Ok(list)
    }

    /// The discriminator's parameters with the values they start from.
    ///
    /// # Errors
    /// As [`GanConfig::check`].
    pub fn declare_discriminator(&self) -> Result<Declarations> {
        let mut list = Declarations::default();
        declare(&mut list, &self.walk_discriminator()?);
        Ok(list)
    }

    /// Both networks in one line.
    ///
    /// # Errors
    /// As [`GanConfig::check`].
    pub fn describe(&self) -> Result<String> {
        let told = if self.conditional { "+10" } else { "" };
        let generator = match &self.generator {
            Generator::Layers(layers) => format!("{}{told}-{}", self.z_dim, names(layers)),
            Generator::Style(style) => format!("{}{told}-{}", self.z_dim, style.describe()),
        };
        let [of_generator, of_discriminator] = self.slopes.map(slope_words);
        let mut text = format!("{generator}, {of_generator}, tanh");
        if !self.discriminator.is_empty() {
            text += &format!("; against 784-{}, {of_discriminator}", names(&self.discriminator));
        }
        Ok(text)
    }
}

fn unfit(what: String) -> Error {
    Error::Checkpoint(format!("the GAN's config is not usable: {what}"))
}

/// The layers' widths, one after the other.
fn names(layers: &[Layer]) -> String {
    let name = |layer: &Layer| match layer {
        Layer::Linear { out } => out.to_string(),
        Layer::Unflatten { channels, side } => format!("{channels}x{side}x{side}"),
        Layer::Conv { channels, kernel, stride, .. } => format!("conv{channels}(k{kernel},s{stride})"),
        Layer::ConvTranspose { channels, kernel, stride, .. } => format!("up{channels}(k{kernel},s{stride})"),
    };
    layers.iter().map(name).collect::<Vec<_>>().join("-")
}

fn slope_words(slope: f64) -> String {
    if slope == 0.0 { "relu".into() } else { format!("leaky relu {slope}") }
}

/// Weights normal with the variance 2 / fan-in (He et al. 2015), which keeps a signal's size through layers of ReLU; a
/// last layer, which has none, with half of it. Biases of zero.
fn declare(list: &mut Declarations, stages: &[Stage]) {
    for stage in stages {
        let Some((shape, bias)) = stage.weight_shape() else { continue };
        let gain = if stage.activated { 2.0 } else { 1.0 };
        let init = Init::Normal { std: (gain / stage.fan_in()).sqrt() };
        list.parameter(format!("{}.weight", stage.name), shape.as_slice(), init);
        list.parameter(format!("{}.bias", stage.name), [bias], Init::Constant(0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> GanConfig {
        let linear = |out| Layer::Linear { out };
        GanConfig {
            family: Family::Gan,
            z_dim: 8,
            conditional: true,
            generator: Generator::Layers(vec![linear(16), linear(PIXELS)]),
            discriminator: vec![linear(16), linear(10)],
            slopes: [0.0, 0.2],
            training: None,
        }
    }

    #[test]
    fn a_config_comes_back_and_names_its_parameters() {
        let text = serde_json::to_string(&config()).unwrap();
        assert_eq!(serde_json::from_str::<GanConfig>(&text).unwrap(), config());
        let layout = config().declare_generator().unwrap().layout().unwrap();
        let names: Vec<_> = layout.entries().iter().map(|e| (e.name.as_str(), e.shape.dims().to_vec())).collect();
        assert_eq!(names[0], ("generator.0.weight", vec![16, 18]));
        assert_eq!(names[2], ("generator.2.weight", vec![784, 16]));
        assert!(config().describe().unwrap().contains("8+10-16-784, relu, tanh; against 784-16-10, leaky relu 0.2"));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let with = |change: fn(&mut GanConfig)| {
            let mut changed = config();
            change(&mut changed);
            changed.check().unwrap_err().to_string()
        };
        assert!(with(|c| c.z_dim = 0).contains("z_dim is 0"));
        assert!(with(|c| c.family = Family::Vae).contains("family"));
        assert!(with(|c| c.slopes[1] = -1.0).contains("slope"));
        assert!(with(|c| c.conditional = false).contains("discriminator ends in"));
        assert!(with(|c| c.generator = Generator::Layers(vec![])).contains("no layers"));
        assert!(with(|c| c.generator = Generator::Layers(vec![Layer::Linear { out: 3 }])).contains("ends in 3 values"));
        assert!(with(|c| c.discriminator.insert(0, Layer::Linear { out: 65_000 })).contains("parameters"));
        config().check().unwrap();
    }
}
