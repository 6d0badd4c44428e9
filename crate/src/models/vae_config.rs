//! What a VAE is made of: layers as data, their names and shapes in a weights file.
//!
//! A config lists the encoder's and the decoder's layers; activations stand between them and are counted as PyTorch's
//! `nn.Sequential` counts them, so `encoder.0.weight`, `encoder.2.weight`, ... are the names of a PyTorch model of
//!
//! ```text
//! encoder = Sequential(Linear, act, Linear, act, ...)   fc_mu = Linear   fc_logvar = Linear
//! decoder = Sequential(Linear, act, ..., Linear)        pixels = sigmoid(decoder(z))
//! ```

use serde::{Deserialize, Serialize};

use super::family::{Family, Training};
use super::layers::{Activation, Form, Layer, Stage, walk};
use crate::data::{PIXELS, SIDE};
use crate::error::{Error, Result};

/// How a file names the tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// `encoder.N`, `fc_mu`, `fc_logvar`, `decoder.N`.
    #[default]
    Sequential,
    /// `fc1`, `fc21`, `fc22`, `fc3`, `fc4`: the VAE of the PyTorch examples (one hidden layer on each side).
    Textbook,
}

/// A variational autoencoder of 28 x 28 images with a Gaussian posterior and Bernoulli pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaeConfig {
    /// Always `vae`: tells a VAE's file from another family's.
    pub family: Family,
    /// Number of latent coordinates, 1 to 1024.
    pub z_dim: usize,
    /// Between all layers of encoder and decoder, not behind the last of the decoder.
    pub activation: Activation,
    /// From the image to the features that `fc_mu` and `fc_logvar` read; each is followed by the activation.
    pub encoder: Vec<Layer>,
    /// From z to 784 logits; the last layer has no activation.
    pub decoder: Vec<Layer>,
    /// Names in the file.
    #[serde(default)]
    pub naming: Naming,
    /// How the weights came to be, if the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
}

/// The names of the heads in a file.
pub struct Heads {
    /// The layer that gives the posterior's mean.
    pub mu: &'static str,
    /// The layer that gives the logarithm of the posterior's variance.
    pub logvar: &'static str,
}

/// Keeps a forged config from asking for terabytes.
const MAX_PARAMETERS: usize = 64 << 20;

impl VaeConfig {
    /// 784 - widths - z - reversed widths - 784, all fully connected.
    pub fn dense(widths: &[usize], z_dim: usize, activation: Activation, naming: Naming) -> VaeConfig {
        let linear = |out: &usize| Layer::Linear { out: *out };
        let encoder = widths.iter().map(linear).collect();
        let decoder = widths.iter().rev().chain(&[PIXELS]).map(linear).collect();
        VaeConfig { family: Family::Vae, z_dim, activation, encoder, decoder, naming, training: None }
    }

    /// Checks that every layer fits the one before and that the result is a 28 x 28 picture of sensible size.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the layer.
    pub fn check(&self) -> Result<()> {
        if self.z_dim == 0 || self.z_dim > 1024 {
            return Err(unfit(format!("z_dim is {}; it is 1 to 1024", self.z_dim)));
        }
        let encoder = self.walk_encoder()?;
        let decoder = self.walk_decoder()?;
        let output = decoder.last().map_or(Form::Vector(self.z_dim), |stage| stage.output);
        if output != Form::Vector(PIXELS) && output != (Form::Picture { channels: 1, side: SIDE }) {
            return Err(unfit(format!("the decoder ends in {}, not in {SIDE} x {SIDE} pixels", output)));
        }
        if self.naming == Naming::Textbook
            && !matches!(
                (&self.encoder[..], &self.decoder[..]),
                ([Layer::Linear { .. }], [Layer::Linear { .. }, Layer::Linear { .. }])
            )
        {
            return Err(unfit("the names fc1, fc21, fc22, fc3, fc4 are for one hidden layer on each side".into()));
        }
        let features = encoder.last().map_or(PIXELS, |stage| stage.output.len());
        let parameters = encoder
            .iter()
            .chain(&decoder)
            .filter_map(Stage::weight_shape)
            .map(|(shape, bias)| shape.iter().fold(1usize, |n, d| n.saturating_mul(*d)).saturating_add(bias))
            .fold(2 * self.z_dim * (features + 1), usize::saturating_add);
        if parameters > MAX_PARAMETERS {
            return Err(unfit(format!("it has {parameters} parameters, more than this program runs")));
        }
        Ok(())
    }

    /// The encoder's layers in order. Call [`VaeConfig::check`] first on a config from outside.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the layer that does not fit.
    pub fn walk_encoder(&self) -> Result<Vec<Stage>> {
        let names = |i: usize| match self.naming {
            Naming::Sequential => format!("encoder.{i}"),
            Naming::Textbook => "fc1".to_string(),
        };
        walk(&self.encoder, Form::Picture { channels: 1, side: SIDE }, names, true)
    }

    /// The decoder's layers in order. Call [`VaeConfig::check`] first on a config from outside.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming the layer that does not fit.
    pub fn walk_decoder(&self) -> Result<Vec<Stage>> {
        let names = |i: usize| match self.naming {
            Naming::Sequential => format!("decoder.{i}"),
            Naming::Textbook => (if i == 0 { "fc3" } else { "fc4" }).to_string(),
        };
        walk(&self.decoder, Form::Vector(self.z_dim), names, false)
    }

    /// The names of the two layers behind the encoder.
    pub fn heads(&self) -> Heads {
        match self.naming {
            Naming::Sequential => Heads { mu: "fc_mu", logvar: "fc_logvar" },
            Naming::Textbook => Heads { mu: "fc21", logvar: "fc22" },
        }
    }

    /// All tensors of a weights file, name and shape, in the order they are used.
    ///
    /// # Errors
    /// As [`VaeConfig::check`].
    pub fn layout(&self) -> Result<Vec<(String, Vec<usize>)>> {
        self.check()?;
        let mut layout = Vec::new();
        let mut add = |name: &str, shape: Vec<usize>, bias: usize| {
            layout.push((format!("{name}.weight"), shape));
            layout.push((format!("{name}.bias"), vec![bias]));
        };
        let encoder = self.walk_encoder()?;
        let features = encoder.last().map_or(PIXELS, |stage| stage.output.len());
        for stage in &encoder {
            if let Some((shape, bias)) = stage.weight_shape() {
                add(&stage.name, shape, bias);
            }
        }
        let heads = self.heads();
        add(heads.mu, vec![self.z_dim, features], self.z_dim);
        add(heads.logvar, vec![self.z_dim, features], self.z_dim);
        for stage in &self.walk_decoder()? {
            if let Some((shape, bias)) = stage.weight_shape() {
                add(&stage.name, shape, bias);
            }
        }
        Ok(layout)
    }

    /// The network in one line: `784-512-256-2-256-512-784, silu`.
    pub fn describe(&self) -> String {
        let layer = |layer: &Layer| match *layer {
            Layer::Linear { out } => format!("{out}"),
            Layer::Unflatten { channels, side } => format!("[{channels}x{side}x{side}]"),
            Layer::Conv { channels, kernel, stride, .. } => format!("conv{channels}(k{kernel}s{stride})"),
            Layer::ConvTranspose { channels, kernel, stride, .. } => format!("deconv{channels}(k{kernel}s{stride})"),
        };
        let mut parts = vec![PIXELS.to_string()];
        parts.extend(self.encoder.iter().map(layer));
        parts.push(self.z_dim.to_string());
        parts.extend(self.decoder.iter().map(layer));
        format!("{}, {}", parts.join("-"), format!("{:?}", self.activation).to_ascii_lowercase())
    }
}

fn unfit(what: String) -> Error {
    Error::Checkpoint(format!("the VAE's config is not usable: {what}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn conv() -> VaeConfig {
        let down = |channels| Layer::Conv { channels, kernel: 4, stride: 2, padding: 1 };
        let up = |channels| Layer::ConvTranspose { channels, kernel: 4, stride: 2, padding: 1 };
        VaeConfig {
            family: Family::Vae,
            z_dim: 16,
            activation: Activation::Silu,
            encoder: vec![down(32), down(64), Layer::Linear { out: 128 }],
            decoder: vec![Layer::Linear { out: 64 * 49 }, Layer::Unflatten { channels: 64, side: 7 }, up(32), up(1)],
            naming: Naming::Sequential,
            training: None,
        }
    }

    #[test]
    fn a_dense_vae_has_the_names_of_a_pytorch_sequential() {
        let config = VaeConfig::dense(&[512, 256], 2, Activation::Silu, Naming::Sequential);
        let layout = config.layout().unwrap();
        let names: Vec<&str> = layout.iter().map(|(name, _)| name.as_str()).filter(|n| n.ends_with("weight")).collect();
        assert_eq!(
            names,
            [
                "encoder.0.weight",
                "encoder.2.weight",
                "fc_mu.weight",
                "fc_logvar.weight",
                "decoder.0.weight",
                "decoder.2.weight",
                "decoder.4.weight"
            ]
        );
        let parameters: usize = layout.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
        assert_eq!(parameters, 1_068_820);
        assert_eq!(config.describe(), "784-512-256-2-256-512-784, silu");
    }

    #[test]
    fn the_textbook_names() {
        let config = VaeConfig::dense(&[400], 20, Activation::Relu, Naming::Textbook);
        let names: Vec<String> =
            config.layout().unwrap().into_iter().map(|(name, _)| name).filter(|n| n.ends_with("weight")).collect();
        assert_eq!(names, ["fc1.weight", "fc21.weight", "fc22.weight", "fc3.weight", "fc4.weight"]);
        assert!(VaeConfig::dense(&[400, 10], 20, Activation::Relu, Naming::Textbook).check().is_err());
    }

    #[test]
    fn convolutions_count_flatten_and_unflatten() {
        let config = conv();
        let layout = config.layout().unwrap();
        let weights: Vec<(&str, &[usize])> =
            layout.iter().filter(|(n, _)| n.ends_with("weight")).map(|(n, s)| (n.as_str(), &s[..])).collect();
        let expected: [(&str, &[usize]); 8] = [
            ("encoder.0.weight", &[32, 1, 4, 4]),
            ("encoder.2.weight", &[64, 32, 4, 4]),
            ("encoder.5.weight", &[128, 64 * 49]), // 4 is the Flatten
            ("fc_mu.weight", &[16, 128]),
            ("fc_logvar.weight", &[16, 128]),
            ("decoder.0.weight", &[64 * 49, 16]),
            ("decoder.3.weight", &[64, 32, 4, 4]), // 1 is the activation, 2 the Unflatten
            ("decoder.5.weight", &[32, 1, 4, 4]),
        ];
        assert_eq!(weights, expected);
        let decoder = config.walk_decoder().unwrap();
        assert_eq!(decoder[3].output, Form::Picture { channels: 1, side: 28 });
        assert!(decoder[2].activated && !decoder[3].activated && !decoder[1].activated);
        assert_eq!(decoder[2].flops(), 2 * 64 * 32 * 16 * 49);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut config = conv();
        config.decoder[1] = Layer::Unflatten { channels: 64, side: 8 };
        assert!(config.check().unwrap_err().to_string().contains("Unflatten"));
        let mut config = conv();
        config.decoder.pop();
        assert!(config.check().unwrap_err().to_string().contains("32 x 14 x 14"));
        assert!(VaeConfig::dense(&[70_000], 2, Activation::Relu, Naming::Sequential).check().is_err());
        assert!(VaeConfig::dense(&[4], 0, Activation::Relu, Naming::Sequential).check().is_err());
    }

    #[test]
    fn json_comes_back() {
        let text = serde_json::to_string(&conv()).unwrap();
        assert!(text.contains(r#"{"conv":{"channels":32,"kernel":4,"stride":2,"padding":1}}"#), "{text}");
        assert_eq!(serde_json::from_str::<VaeConfig>(&text).unwrap(), conv());
    }

    fn any_layer() -> impl Strategy<Value = Layer> {
        let size = || prop_oneof![0usize..40, Just(784), Just(3136), any::<usize>()];
        prop_oneof![
            size().prop_map(|out| Layer::Linear { out }),
            (size(), size()).prop_map(|(channels, side)| Layer::Unflatten { channels, side }),
            (size(), size(), size(), size()).prop_map(|(channels, kernel, stride, padding)| Layer::Conv {
                channels,
                kernel,
                stride,
                padding
            }),
            (size(), size(), size(), size()).prop_map(|(channels, kernel, stride, padding)| Layer::ConvTranspose {
                channels,
                kernel,
                stride,
                padding
            }),
        ]
    }

    proptest! {
        #[test]
        fn any_config_is_checked_without_a_panic(
            encoder in proptest::collection::vec(any_layer(), 0..6),
            decoder in proptest::collection::vec(any_layer(), 0..6),
            z_dim in prop_oneof![0usize..40, any::<usize>()],
        ) {
            let config = VaeConfig { family: Family::Vae, z_dim, activation: Activation::Relu, encoder, decoder, naming: Naming::Sequential, training: None };
            if let Ok(layout) = config.layout() {
                prop_assert!(layout.iter().map(|(_, s)| s.iter().product::<usize>()).sum::<usize>() <= MAX_PARAMETERS);
            }
        }

        #[test]
        fn any_text_gives_an_answer(text in ".{0,120}") {
            let _ = serde_json::from_str::<VaeConfig>(&text);
        }
    }
}
