//! Takes a weights file as a VAE: ours by its config, a PyTorch one from elsewhere by the names and shapes of its
//! layers.

use std::cmp::Ordering;

use super::family::Family;
use super::layers::{Activation, Layer};
use super::vae_config::{Naming, VaeConfig};
use crate::checkpoint::{Checkpoint, Weights};
use crate::data::PIXELS;
use crate::error::{Error, Result};

/// A VAE and its weights under the names of [`VaeConfig::layout`].
#[derive(Debug)]
pub struct Adopted {
    /// The network.
    pub config: VaeConfig,
    /// The weights; exactly those of the config's layout.
    pub weights: Checkpoint,
    /// What had to be assumed, in sentences for the person who brought the file.
    pub assumptions: Vec<String>,
}

/// Names under which people keep the layer that gives the mean, and the one that gives the log-variance.
const MU: [&str; 9] = ["fc_mu", "mu", "fc21", "fc_mean", "mean", "z_mean", "mu_layer", "mean_layer", "fcmu"];
const LOGVAR: [&str; 12] = [
    "fc_logvar",
    "logvar",
    "fc22",
    "fc_var",
    "fc_log_var",
    "log_var",
    "var",
    "z_logvar",
    "z_log_var",
    "logvar_layer",
    "log_var_layer",
    "fclogvar",
];

/// Reads the VAE in `checkpoint`.
///
/// # Errors
/// [`Error::Checkpoint`] in words that name the tensor that does not fit.
pub fn adopt(checkpoint: Checkpoint) -> Result<Adopted> {
    if let Some(config) = checkpoint.config::<VaeConfig>()? {
        checkpoint.expect(&config.layout()?)?;
        return Ok(Adopted { config, weights: checkpoint, assumptions: Vec::new() });
    }
    infer(checkpoint)
}

/// A fully connected layer of a file.
#[derive(Debug, Clone)]
struct Linear {
    stem: String,
    weight: Weights,
    bias: Weights,
}

impl Linear {
    fn inputs(&self) -> usize {
        self.weight.shape[1]
    }

    fn outputs(&self) -> usize {
        self.weight.shape[0]
    }

    /// The last part of the name: `fc_mu` of `model.fc_mu`.
    fn leaf(&self) -> &str {
        self.stem.rsplit('.').next().unwrap_or(&self.stem)
    }

    /// Rows `from..to` as a layer of its own.
    fn rows(&self, from: usize, to: usize) -> Linear {
        let width = self.inputs();
        let cut = |values: &[f32], unit: usize| values[from * unit..to * unit].to_vec();
        Linear {
            stem: self.stem.clone(),
            weight: Weights { shape: vec![to - from, width], values: cut(&self.weight.values, width) },
            bias: Weights { shape: vec![to - from], values: cut(&self.bias.values, 1) },
        }
    }
}

fn infer(checkpoint: Checkpoint) -> Result<Adopted> {
    let mut layers = linears(checkpoint)?;
    let mut assumptions = Vec::new();
    let take = |layers: &mut Vec<Linear>, names: &[&str]| {
        let found = layers.iter().position(|layer| names.contains(&layer.leaf().to_ascii_lowercase().as_str()));
        found.map(|i| layers.remove(i))
    };
    let heads = match (take(&mut layers, &MU), take(&mut layers, &LOGVAR)) {
        (Some(mu), Some(logvar)) => Some((mu, logvar)),
        (None, None) => None,
        (Some(mu), None) => {
            return Err(unfit(format!(
                "{} looks like the posterior's mean, but no layer is named like its log-variance (fc_logvar, fc22 ...)",
                mu.stem
            )));
        }
        (None, Some(logvar)) => {
            return Err(unfit(format!(
                "{} looks like the posterior's log-variance, but no layer is named like its mean (fc_mu, fc21 ...)",
                logvar.stem
            )));
        }
    };
    if let Some((mu, logvar)) = &heads
        && mu.weight.shape != logvar.weight.shape
    {
        return Err(unfit(format!(
            "{} {:?} and {} {:?} should have the same shape",
            mu.stem, mu.weight.shape, logvar.stem, logvar.weight.shape
        )));
    }
    if heads.is_none() {
        assumptions.push(
            "One layer gives both mean and log-variance: the first half of its outputs is taken as the mean."
                .to_string(),
        );
    }
    // encoder first; the alphabet would have the decoder first
    layers.sort_by(|a, b| half(&a.stem).cmp(&half(&b.stem)).then_with(|| natural(&a.stem, &b.stem)));
    let parts = (1..layers.len()).find_map(|split| divide(&layers, split, heads.as_ref()));
    let Some(parts) = parts else {
        return Err(unfit(misfit(&layers, heads.as_ref())));
    };

    let is_textbook = parts.encoder.len() == 1 && parts.decoder.len() == 2 && parts.encoder[0].leaf() == "fc1";
    let naming = if is_textbook { Naming::Textbook } else { Naming::Sequential };
    assumptions.push("The file does not say which activation stands between the layers: ReLU is assumed.".to_string());
    let widths = |layers: &[Linear]| layers.iter().map(|layer| Layer::Linear { out: layer.outputs() }).collect();
    let config = VaeConfig {
        family: Family::Vae,
        z_dim: parts.mu.outputs(),
        activation: Activation::Relu,
        encoder: widths(&parts.encoder),
        decoder: widths(&parts.decoder),
        naming,
        training: None,
    };
    let layout = config.layout()?;
    let mut weights = Checkpoint::default();
    let ordered = parts.encoder.into_iter().chain([parts.mu, parts.logvar]).chain(parts.decoder);
    for (layer, names) in ordered.zip(layout.chunks_exact(2)) {
        weights.insert(names[0].0.as_str(), layer.weight.shape, layer.weight.values);
        weights.insert(names[1].0.as_str(), layer.bias.shape, layer.bias.values);
    }
    weights.expect(&layout)?;
    weights.set_config(&config)?;
    Ok(Adopted { config, weights, assumptions })
}

fn unfit(what: String) -> Error {
    Error::Checkpoint(format!("the file's layers are no VAE that runs here: {what}"))
}

/// The file's fully connected layers; anything else is named and refused.
fn linears(mut checkpoint: Checkpoint) -> Result<Vec<Linear>> {
    if checkpoint.tensors.is_empty() {
        return Err(unfit("the file holds no tensor".into()));
    }
    let mut layers = Vec::new();
    let weights: Vec<String> = checkpoint.tensors.keys().filter(|name| name.ends_with(".weight")).cloned().collect();
    for name in weights {
        let stem = name.trim_end_matches(".weight").to_string();
        let Some(weight) = checkpoint.tensors.remove(&name) else { continue };
        match weight.shape[..] {
            [_, _] => {}
            [_, _, _, _] => {
                return Err(unfit(format!(
                    "{name} {:?} is a convolution, whose stride and padding a weights file does not tell; train it here, or use fully connected layers",
                    weight.shape
                )));
            }
            _ => {
                return Err(unfit(format!(
                    "{name} {:?} belongs to a normalisation or another layer that a dropped VAE may not have",
                    weight.shape
                )));
            }
        }
        let Some(bias) = checkpoint.tensors.remove(&format!("{stem}.bias")) else {
            return Err(unfit(format!("{name} has no {stem}.bias beside it")));
        };
        if bias.shape != [weight.shape[0]] {
            return Err(unfit(format!("{stem}.bias {:?} does not fit {name} {:?}", bias.shape, weight.shape)));
        }
        layers.push(Linear { stem, weight, bias });
    }
    match checkpoint.tensors.iter().next() {
        Some((name, left)) => {
            Err(unfit(format!("{name} {:?} is neither the weight nor the bias of a fully connected layer", left.shape)))
        }
        None => Ok(layers),
    }
}

/// 0 for the encoder's layers by their name, 2 for the decoder's, 1 where the name does not tell.
fn half(stem: &str) -> u8 {
    let stem = stem.to_ascii_lowercase();
    match (stem.contains("enc"), stem.contains("dec")) {
        (true, false) => 0,
        (false, true) => 2,
        _ => 1,
    }
}

/// Compares names with their numbers as numbers: `fc3` before `fc21`.
fn natural(a: &str, b: &str) -> Ordering {
    fn parts(text: &str) -> Vec<(String, u64)> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(digits);
            let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
            parts.push((word.to_string(), tail[..end].parse().unwrap_or(u64::MAX)));
            rest = &tail[end..];
        }
        parts
    }
    parts(a).cmp(&parts(b))
}

struct Parts {
    encoder: Vec<Linear>,
    mu: Linear,
    logvar: Linear,
    decoder: Vec<Linear>,
}

/// The layers as a VAE if the first `split` are the encoder's, or nothing if the sizes do not follow one another.
fn divide(layers: &[Linear], split: usize, heads: Option<&(Linear, Linear)>) -> Option<Parts> {
    let (encoder, decoder) = layers.split_at(split);
    let follow = |layers: &[Linear], from: usize| {
        layers.iter().try_fold(from, |width, layer| (layer.inputs() == width).then(|| layer.outputs()))
    };
    let (encoder, mu, logvar) = match heads {
        Some((mu, logvar)) => (encoder, mu.clone(), logvar.clone()),
        None => {
            let (both, encoder) = encoder.split_last()?;
            let z = both.outputs() / 2;
            (both.outputs() == 2 * z && z > 0).then_some(())?;
            (encoder, both.rows(0, z), both.rows(z, 2 * z))
        }
    };
    let features = follow(encoder, PIXELS)?;
    let pixels = follow(decoder, mu.outputs())?;
    (features == mu.inputs() && pixels == PIXELS).then(|| Parts {
        encoder: encoder.to_vec(),
        mu,
        logvar,
        decoder: decoder.to_vec(),
    })
}

/// Why no division into encoder and decoder works.
fn misfit(layers: &[Linear], heads: Option<&(Linear, Linear)>) -> String {
    let list = |layers: &[Linear]| {
        layers.iter().map(|l| format!("{} {}-{}", l.stem, l.inputs(), l.outputs())).collect::<Vec<_>>().join(", ")
    };
    let Some((mu, _)) = heads else {
        return format!(
            "no layer is named like the posterior's mean (fc_mu, fc21, mu ...); the file has {}",
            list(layers)
        );
    };
    let z = mu.outputs();
    if !layers.iter().any(|layer| layer.inputs() == PIXELS) {
        return format!("no layer reads the {PIXELS} pixels of a 28 x 28 image; the file has {}", list(layers));
    }
    if !layers.iter().any(|layer| layer.outputs() == PIXELS) {
        return format!("no layer gives the {PIXELS} pixels of a 28 x 28 image; the file has {}", list(layers));
    }
    if !layers.iter().any(|layer| layer.inputs() == z) {
        return format!(
            "{} gives {z} latent coordinates, but no layer reads {z}; the file has {}",
            mu.stem,
            list(layers)
        );
    }
    format!(
        "the layers do not follow one another from {PIXELS} to {} {}-{z} and from {z} back to {PIXELS}: {}",
        mu.stem,
        mu.inputs(),
        list(layers)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(layers: &[(&str, usize, usize)]) -> Checkpoint {
        let mut checkpoint = Checkpoint::default();
        for (i, (stem, inputs, outputs)) in layers.iter().enumerate() {
            checkpoint.insert(
                format!("{stem}.weight"),
                vec![*outputs, *inputs],
                (0..inputs * outputs).map(|k| (k + i) as f32).collect(),
            );
            checkpoint.insert(format!("{stem}.bias"), vec![*outputs], (0..*outputs).map(|k| k as f32).collect());
        }
        checkpoint
    }

    #[test]
    fn the_vae_of_the_pytorch_examples() {
        let adopted = adopt(file(&[
            ("fc1", 784, 400),
            ("fc21", 400, 20),
            ("fc22", 400, 20),
            ("fc3", 20, 400),
            ("fc4", 400, 784),
        ]))
        .unwrap();
        assert_eq!(adopted.config, VaeConfig::dense(&[400], 20, Activation::Relu, Naming::Textbook));
        assert!(adopted.assumptions[0].contains("ReLU"));
    }

    #[test]
    fn a_sequential_with_a_prefix_and_several_layers_of_one_size() {
        let adopted = adopt(file(&[
            ("model.encoder.0", 784, 64),
            ("model.encoder.2", 64, 64),
            ("model.encoder.10", 64, 64),
            ("model.fc_mu", 64, 8),
            ("model.fc_var", 64, 8),
            ("model.decoder.0", 8, 64),
            ("model.decoder.2", 64, 784),
        ]))
        .unwrap();
        assert_eq!(adopted.config.describe(), "784-64-64-64-8-64-784, relu");
        // the layer named 10 is the third, not the second
        assert_eq!(adopted.weights.tensors["encoder.4.weight"].values[0], 2.0);
    }

    #[test]
    fn one_head_for_both_is_cut_in_two() {
        let adopted =
            adopt(file(&[("encoder.0", 784, 10), ("encoder.2", 10, 6), ("decoder.0", 3, 10), ("decoder.2", 10, 784)]))
                .unwrap();
        assert_eq!(adopted.config.z_dim, 3);
        assert_eq!(adopted.weights.tensors["fc_logvar.bias"].values, [3.0, 4.0, 5.0]);
        assert!(adopted.assumptions[0].contains("first half"));
    }

    #[test]
    fn messages_name_what_does_not_fit() {
        let message = |checkpoint| adopt(checkpoint).unwrap_err().to_string();
        assert!(message(Checkpoint::default()).contains("no tensor"));
        assert!(
            message(file(&[
                ("fc1", 1024, 400),
                ("fc21", 400, 20),
                ("fc22", 400, 20),
                ("fc3", 20, 400),
                ("fc4", 400, 1024)
            ]))
            .contains("no layer reads the 784")
        );
        assert!(
            message(file(&[("fc1", 784, 400), ("fc21", 400, 20), ("fc22", 400, 10), ("fc3", 20, 784)]))
                .contains("fc22")
        );
        assert!(
            message(file(&[("fc1", 784, 400), ("fc21", 400, 20), ("fc22", 400, 20), ("fc3", 21, 784)]))
                .contains("no layer reads 20")
        );
        assert!(message(file(&[("fc1", 784, 400), ("fc21", 400, 20), ("fc3", 20, 784)])).contains("log-variance"));
        assert!(message(file(&[("a", 784, 10)])).contains("no layer is named like"));
        let mut conv = file(&[("fc_mu", 784, 2)]);
        conv.insert("conv1.weight", vec![1, 1, 1, 1], vec![0.0]);
        assert!(message(conv).contains("conv1.weight"));
        let mut norm = file(&[("fc_mu", 784, 2)]);
        norm.insert("bn.running_mean", vec![2], vec![0.0; 2]);
        assert!(message(norm).contains("bn.running_mean"));
    }

    #[test]
    fn our_own_file_must_fit_its_config() {
        let config = VaeConfig::dense(&[4], 2, Activation::Silu, Naming::Sequential);
        let mut checkpoint = Checkpoint::default();
        for (name, shape) in config.layout().unwrap() {
            let count = shape.iter().product();
            checkpoint.insert(name, shape, vec![0.0; count]);
        }
        checkpoint.set_config(&config).unwrap();
        assert_eq!(adopt(checkpoint.clone()).unwrap().config, config);
        checkpoint.tensors.remove("fc_mu.bias");
        assert!(adopt(checkpoint).unwrap_err().to_string().contains("fc_mu.bias [2] is missing"));
    }

    proptest! {
        #[test]
        fn any_layers_give_an_answer(layers in proptest::collection::vec(("(enc|dec|fc|mu|logvar|fc21|fc22)[.0-9]{0,3}", prop_oneof![Just(784usize), 0usize..5], prop_oneof![Just(784usize), 0usize..5]), 0..6)) {
            let layers: Vec<(&str, usize, usize)> = layers.iter().map(|(s, i, o)| (s.as_str(), *i, *o)).collect();
            let _ = adopt(file(&layers));
        }
    }
}
