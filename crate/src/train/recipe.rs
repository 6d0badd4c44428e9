//! The recipes: every choice that makes a shipped model, in one place.

use serde::{Deserialize, Serialize};

use super::autoregressive::Autoregression;
use super::classifier::Classification;
use super::denoiser::Denoising;
use super::energy::{ChainTraining, Replay};
use super::flow::Likelihood;
use super::gan::Adversarial;
use super::objective::Objective;
use super::rbm::Contrastive;
use super::recipes_classical::{self, Fit};
use super::vae::Elbo;
use super::{recipes_autoregressive, recipes_energy, recipes_flow, recipes_gan};
use crate::checkpoint::Precision;
use crate::data::binarize::Binarization;
use crate::error::{Error, Result};
use crate::models::autoregressive::AutoregressiveConfig;
use crate::models::classifier::ClassifierConfig;
use crate::models::denoiser_config::{DenoiserConfig, Network, Prediction};
use crate::models::energy::EnergyConfig;
use crate::models::family::Family;
use crate::models::flow_config::FlowConfig;
use crate::models::gan_config::GanConfig;
use crate::models::gan_step::Adversary;
use crate::models::layers::{Activation, Layer};
use crate::models::rbm::RbmConfig;
use crate::models::vae_config::{Naming, VaeConfig};
use crate::ops::AdamConfig;
use crate::samplers::path::Path;

/// How a model is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Its name on the command line and the id of the shipped model.
    pub name: String,
    /// What the model is, for people.
    pub title: String,
    /// The network and what it is trained towards.
    pub task: Task,
    /// Images in a step.
    pub batch: usize,
    /// Passes over the training set, unless `--steps` says otherwise.
    pub epochs: u64,
    /// The peak of the learning rate; a linear warm-up leads to it, half a cosine down to 0.
    pub learning_rate: f64,
    /// Steps of the learning rate's warm-up.
    pub warm_up_steps: u64,
    /// Decay of Adam's first moment.
    pub beta1: f64,
    /// Decay of Adam's second moment.
    pub beta2: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Decay of the weights' moving average, which is what is saved.
    pub ema_decay: f64,
    /// The largest global norm of the gradients.
    pub clip_norm: f64,
}

/// A network and what it is trained towards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// The negative ELBO of a VAE.
    Vae {
        /// The network.
        model: VaeConfig,
        /// Epochs over which the weight of the KL term rises from 0 to 1.
        kl_warm_up_epochs: u64,
        /// How the training pixels are binarised.
        binarization: Binarization,
    },
    /// The mean square error of a denoiser.
    Denoiser {
        /// The network.
        model: DenoiserConfig,
        /// How often a label is withheld, so that the network also learns to do without.
        label_dropout: f64,
        /// Whether the training set is one of pairs, which `inkling pairs` made with another denoiser.
        #[serde(default)]
        pairs: bool,
    },
    /// The likelihood of an RBM, by persistent contrastive divergence.
    Rbm {
        /// The machine.
        model: RbmConfig,
        /// Persistent chains.
        chains: usize,
        /// How the training pixels are binarised.
        binarization: Binarization,
    },
    /// The likelihood of an energy model, by Langevin chains.
    Energy {
        /// The network.
        model: EnergyConfig,
        /// The chains and the loss.
        chains: ChainTraining,
    },
    /// The cross-entropy of a classifier.
    Classifier {
        /// The network.
        model: ClassifierConfig,
        /// Part of the values that its fully connected layers do not see.
        dropout: f64,
    },
    /// The likelihood of a classical model, which passes over the data maximise without gradient steps
    /// (`train::classical`); what recipes say of steps does not apply.
    Classical(Fit),
    /// The likelihood of a flow.
    Flow {
        /// The network.
        model: FlowConfig,
    },
    /// A generator against a discriminator.
    Gan {
        /// Both networks.
        model: GanConfig,
        /// The losses and what keeps the discriminator in bounds.
        adversary: Adversary,
        /// Whether the discriminator is shipped with the generator.
        keep_discriminator: bool,
    },
    /// The negative log-likelihood of an autoregressive model.
    Autoregressive {
        /// The network.
        model: AutoregressiveConfig,
        /// How the training pixels are binarised.
        binarization: Binarization,
    },
}

impl Task {
    /// The objective, ready for a trainer.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit in the config.
    pub fn objective(&self) -> Result<Box<dyn Objective>> {
        Ok(match self {
            Task::Vae { model, kl_warm_up_epochs, binarization } => {
                Box::new(Elbo::new(model.clone(), *kl_warm_up_epochs, *binarization)?)
            }
            Task::Denoiser { model, label_dropout, pairs: false } => {
                Box::new(Denoising::new(model.clone(), *label_dropout)?)
            }
            Task::Denoiser { model, label_dropout, pairs: true } => {
                Box::new(Denoising::of_pairs(model.clone(), *label_dropout)?)
            }
            Task::Rbm { model, chains, binarization } => {
                Box::new(Contrastive::new(model.clone(), *chains, *binarization)?)
            }
            Task::Energy { model, chains } => Box::new(Replay::new(model.clone(), chains.clone())?),
            Task::Classifier { model, dropout } => Box::new(Classification::new(model.clone(), *dropout)?),
            Task::Classical(_) => {
                return Err(Error::Unsupported("this recipe fits its model in whole passes, not in steps".into()));
            }
            Task::Flow { model } => Box::new(Likelihood::new(model.clone())?),
            Task::Gan { model, adversary, keep_discriminator } => {
                Box::new(Adversarial::new(model.clone(), adversary.clone(), *keep_discriminator)?)
            }
            Task::Autoregressive { model, binarization } => {
                Box::new(Autoregression::new(model.clone(), *binarization)?)
            }
        })
    }

    /// The file of `crate/src/train` that its recipes are written in.
    pub fn file(&self) -> &'static str {
        match self {
            Task::Vae { .. } | Task::Denoiser { .. } | Task::Classifier { .. } => "recipe.rs",
            Task::Rbm { .. } | Task::Energy { .. } => "recipes_energy.rs",
            Task::Classical(_) => "recipes_classical.rs",
            Task::Flow { .. } => "recipes_flow.rs",
            Task::Gan { .. } => "recipes_gan.rs",
            Task::Autoregressive { .. } => "recipes_autoregressive.rs",
        }
    }

    /// Epochs over which the weight of a VAE's KL term rises.
    pub fn kl_warm_up_epochs(&self) -> u64 {
        match self {
            Task::Vae { kl_warm_up_epochs, .. } => *kl_warm_up_epochs,
            _ => 0,
        }
    }

    /// How the training pixels are binarised, where they are.
    pub fn binarization(&self) -> Option<Binarization> {
        match self {
            Task::Vae { binarization, .. }
            | Task::Rbm { binarization, .. }
            | Task::Autoregressive { binarization, .. } => Some(*binarization),
            Task::Classical(fit) => Some(fit.binarization),
            _ => None,
        }
    }
}

impl Recipe {
    /// The optimizer.
    pub fn optimizer(&self) -> AdamConfig {
        AdamConfig {
            beta1: self.beta1,
            beta2: self.beta2,
            weight_decay: self.weight_decay,
            clip_norm: Some(self.clip_norm),
            ..AdamConfig::default()
        }
    }
}

/// The command that makes the pairs of the recipe `few-step`.
pub const PAIRS_COMMAND: &str =
    "inkling pairs diffusion --n 24064 --sampler midpoint --steps 4 --backend cpu --out pairs";

/// All recipes.
pub fn recipes() -> Vec<Recipe> {
    let dense = |name: &str, title: &str, model: VaeConfig, epochs: u64| Recipe {
        name: name.into(),
        title: title.into(),
        task: Task::Vae { model, kl_warm_up_epochs: 5, binarization: Binarization::Dynamic },
        batch: 128,
        epochs,
        learning_rate: 1e-3,
        warm_up_steps: 200,
        beta1: 0.9,
        beta2: 0.999,
        weight_decay: 0.0,
        ema_decay: 0.999,
        clip_norm: 100.0,
    };
    let textbook = VaeConfig::dense(&[400], 20, Activation::Relu, Naming::Textbook);
    let deep = |z_dim| VaeConfig::dense(&[512, 256], z_dim, Activation::Silu, Naming::Sequential);
    let mut recipes = vec![
        dense("vae-map", "VAE with two latents", deep(2), 60),
        dense("vae-textbook", "Textbook VAE, 784-400-20", textbook, 60),
        dense("vae-dense", "Dense VAE with 20 latents", deep(20), 60),
        Recipe { learning_rate: 2e-3, ..dense("vae-conv", "Convolutional VAE with 16 latents", convolutional(), 30) },
        textbook_denoiser("ddpm-textbook", "Textbook DDPM, linear beta", Path::Linear, Prediction::Eps),
        textbook_denoiser("ddpm-simple", "Textbook DDPM, alpha_bar = 1 - t", Path::Simple, Prediction::Eps),
        textbook_denoiser("ddpm-x0", "The textbook's network, predicting x_0", Path::Linear, Prediction::X0),
        Recipe {
            name: "diffusion".into(),
            title: "Class-conditional U-Net".into(),
            task: Task::Denoiser { model: unet(), label_dropout: 0.1, pairs: false },
            batch: 128,
            epochs: 30,
            learning_rate: 2e-3,
            warm_up_steps: 200,
            beta1: 0.9,
            beta2: 0.99,
            weight_decay: 0.01,
            ema_decay: 0.999,
            clip_norm: 1.0,
        },
        Recipe {
            name: "few-step".into(),
            title: "U-Net for one to four steps (reflow)".into(),
            task: Task::Denoiser { model: unet(), label_dropout: 0.0, pairs: true },
            batch: 128,
            epochs: 12,
            learning_rate: 1e-3,
            warm_up_steps: 200,
            beta1: 0.9,
            beta2: 0.99,
            weight_decay: 0.01,
            ema_decay: 0.999,
            clip_norm: 1.0,
        },
        Recipe {
            name: "classifier".into(),
            title: "Classifier whose features the measures use".into(),
            task: Task::Classifier { model: ClassifierConfig::standard(), dropout: 0.25 },
            batch: 128,
            epochs: 24,
            learning_rate: 1e-3,
            warm_up_steps: 200,
            beta1: 0.9,
            beta2: 0.999,
            weight_decay: 0.0,
            ema_decay: 0.999,
            clip_norm: 10.0,
        },
    ];
    recipes.extend(recipes_energy::recipes());
    recipes.extend(recipes_classical::recipes());
    recipes.push(recipes_flow::recipe());
    recipes.extend(recipes_gan::recipes());
    recipes.extend(recipes_autoregressive::recipes());
    recipes
}

/// The fully connected denoiser of the textbooks: 785-512-512-784. It predicts eps there, which it cannot: 784 independent
/// numbers do not pass through 512. The same network can predict x_0, for digits are far fewer than 512 numbers each.
fn textbook_denoiser(name: &str, title: &str, path: Path, prediction: Prediction) -> Recipe {
    let model = DenoiserConfig {
        family: Family::Denoiser,
        network: Network::Mlp { hidden: vec![512, 512] },
        prediction,
        path,
        conditional: false,
        training: None,
    };
    Recipe {
        name: name.into(),
        title: title.into(),
        task: Task::Denoiser { model, label_dropout: 0.0, pairs: false },
        batch: 128,
        epochs: 60,
        learning_rate: 1e-3,
        warm_up_steps: 200,
        beta1: 0.9,
        beta2: 0.999,
        weight_decay: 0.0,
        ema_decay: 0.999,
        clip_norm: 1.0,
    }
}

/// 0.6 million parameters, trained on straight paths (rectified flow); [`DenoiserConfig::evaluation`] lets it serve the
/// others.
fn unet() -> DenoiserConfig {
    DenoiserConfig {
        family: Family::Denoiser,
        network: Network::Unet { channels: [48, 96], embedding: 128, heads: 4, groups: 8 },
        prediction: Prediction::Velocity,
        path: Path::Straight,
        conditional: true,
        training: None,
    }
}

/// Three strided convolutions down to 4 x 4 and a dense layer; dense layers up to 7 x 7 and two transposed convolutions.
fn convolutional() -> VaeConfig {
    let down = |channels, kernel| Layer::Conv { channels, kernel, stride: 2, padding: 1 };
    let up = |channels| Layer::ConvTranspose { channels, kernel: 4, stride: 2, padding: 1 };
    let picture = Layer::Unflatten { channels: 32, side: 7 };
    VaeConfig {
        family: Family::Vae,
        z_dim: 16,
        activation: Activation::Silu,
        encoder: vec![down(32, 4), down(64, 4), down(64, 3), Layer::Linear { out: 128 }],
        decoder: vec![Layer::Linear { out: 128 }, Layer::Linear { out: 32 * 49 }, picture, up(64), up(1)],
        naming: Naming::Sequential,
        training: None,
    }
}

/// The recipe called `name`.
///
/// # Errors
/// [`Error::Data`] listing the names there are.
pub fn find(name: &str) -> Result<Recipe> {
    let all = recipes();
    let names = all.iter().map(|recipe| recipe.name.clone()).collect::<Vec<_>>().join(", ");
    all.into_iter()
        .find(|recipe| recipe.name == name)
        .ok_or_else(|| Error::Data(format!("there is no recipe {name:?}; there are: {names}")))
}

impl Recipe {
    /// How the weights are stored. The large dense networks of the textbooks are in bytes: in 16 bits they would take as
    /// much as all other models together.
    pub fn precision(&self) -> Precision {
        match self.name.as_str() {
            "vae-map" | "vae-textbook" | "vae-dense" | "ddpm-textbook" | "ddpm-simple" | "ddpm-x0" | "gan-textbook"
            | "gan-deep" => Precision::Byte,
            _ => Precision::Half,
        }
    }
}

/// Where the models of a recipe fail, for their cards.
pub fn limits(name: &str) -> &'static str {
    match name {
        "vae-map" => {
            "Two numbers cannot hold how a digit was written: reconstructions keep the class and the slant and lose the \
             hand; 4, 7 and 9 and 3, 5 and 8 run into one another. The map is for looking at, not for coding."
        }
        "vae-textbook" | "vae-dense" => {
            "Samples are soft, and some are no digit: where the prior has mass and no training image was encoded, the \
             decoder was never asked. Pixels are independent given z, so strokes fade instead of breaking off."
        }
        "ddpm-textbook" | "ddpm-simple" => {
            "It draws no digits. The noise in an image is 784 independent numbers, and what comes out of this network went \
             through 512: at least a third of the noise stays unpredicted at every step, however long it is trained. \
             It is here to be understood, not to be used; `ddpm-x0` is the same network with a question it can answer."
        }
        "ddpm-x0" => {
            "A fully connected network sees no neighbourhood: it must learn each stroke at each place anew, leaves specks \
             and broken strokes, and knows no classes. It is here to be compared, not to be used."
        }
        "diffusion" => {
            "With few steps strokes break or blur; strong guidance makes every digit of a class alike. It knows centred \
             digits of MNIST's size only."
        }
        "few-step" => {
            "From four evaluations on, the model that made its pairs is better. Guidance \
             does nothing: it was never trained without a class."
        }
        "rbm" | "energy" => recipes_energy::limits(name),
        "mixture" | "gaussian-mixture" | "naive-bayes" | "markov-field" => recipes_classical::limits(name),
        "flow" => recipes_flow::LIMITS,
        "gan-textbook" | "gan-deep" | "dcgan" | "wgan" | "style-gan" => recipes_gan::limits(name),
        "pixelcnn" | "pixelrnn" | "pixel-transformer" => recipes_autoregressive::limits(name),
        _ => {
            "Samples are soft, and some are no digit: the standard normal prior is not the distribution of the \
             encodings. Drawn digits far off the centre or much thinner than MNIST's are encoded poorly."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_is_a_network_that_fits() {
        for recipe in recipes() {
            match &recipe.task {
                Task::Classical(fit) => fit.model.check().unwrap(),
                task => drop(task.objective().unwrap()),
            }
            assert!(crate::catalog::is_id(&recipe.name), "{}", recipe.name);
            assert_eq!(find(&recipe.name).unwrap(), recipe);
        }
        assert!(find("nothing").unwrap_err().to_string().contains("vae-map"));
    }
}
