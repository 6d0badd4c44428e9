//! What the files of all families have in common.

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::data::binarize::Binarization;
use crate::error::Result;

/// The family of a config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Variational autoencoder.
    Vae,
    /// Diffusion or flow matching.
    Denoiser,
    /// Restricted Boltzmann machine.
    Rbm,
    /// A convolutional energy.
    Energy,
    /// The discriminative classifier, whose features the measures use.
    Classifier,
    /// Mixture of Bernoullis.
    Mixture,
    /// Mixture of Gaussians on principal components.
    GaussianMixture,
    /// Naive Bayes, the generative classifier.
    NaiveBayes,
    /// Markov random field.
    MarkovField,
    /// Normalizing flow.
    Flow,
    /// Generative adversarial network.
    Gan,
    /// One pixel or patch after another.
    Autoregressive,
}

impl Family {
    /// As the catalog has it.
    pub fn name(self) -> &'static str {
        match self {
            Family::Vae => "vae",
            Family::Denoiser => "denoiser",
            Family::Rbm => "rbm",
            Family::Energy => "energy",
            Family::Classifier => "classifier",
            Family::Mixture => "mixture",
            Family::GaussianMixture => "gaussian_mixture",
            Family::NaiveBayes => "naive_bayes",
            Family::MarkovField => "markov_field",
            Family::Flow => "flow",
            Family::Gan => "gan",
            Family::Autoregressive => "autoregressive",
        }
    }

    /// The family that a weights file says it is; a file that says nothing may be a VAE from elsewhere.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] for a family that this version does not know.
    pub fn of(checkpoint: &Checkpoint) -> Result<Family> {
        #[derive(Deserialize)]
        struct Tag {
            family: Family,
        }
        Ok(checkpoint.config::<Tag>()?.map_or(Family::Vae, |tag| tag.family))
    }
}

/// How a model was trained: enough to do it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// The recipe's name.
    pub recipe: String,
    /// The seed of weights, order, pixels and noise.
    pub seed: u32,
    /// Optimizer steps taken.
    pub steps: u64,
    /// Images in a step.
    pub batch: usize,
    /// How the pixels were binarised, where they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binarization: Option<Binarization>,
    /// `cpu` or `gpu`.
    pub backend: String,
    /// The training of the weights that this one began with, where they were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Box<Training>>,
}

impl Training {
    /// The training that a weights file of any family says it had.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] when what it says is not understood.
    pub fn of(checkpoint: &Checkpoint) -> Result<Option<Training>> {
        #[derive(Deserialize)]
        struct Signed {
            #[serde(default)]
            training: Option<Training>,
        }
        Ok(checkpoint.config::<Signed>()?.and_then(|signed| signed.training))
    }

    /// The runs by this recipe that led to the weights, the first one first.
    pub fn chain(&self) -> Vec<&Training> {
        let mut runs = vec![self];
        let mut run = self;
        while let Some(before) = run.after.as_deref().filter(|before| before.recipe == self.recipe) {
            runs.push(before);
            run = before;
        }
        runs.reverse();
        runs
    }

    /// The recipe of the other model whose weights the first of [`Training::chain`] began with.
    pub fn origin(&self) -> Option<&str> {
        self.chain()[0].after.as_deref().map(|before| before.recipe.as_str())
    }

    /// What the training pixels were.
    pub fn pixels(&self) -> &'static str {
        self.binarization.unwrap_or(Binarization::Grey).describe()
    }
}
