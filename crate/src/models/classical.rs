//! What the files of the classical models say: mixtures of Bernoullis and of Gaussians, naive Bayes and the Markov random field.

use serde::{Deserialize, Serialize};

use super::family::{Family, Training};
use super::gaussian_mixture::GaussianMixture;
use super::markov_field::MarkovField;
use super::mixture::Mixture;
use super::network::Network;
use crate::error::{Error, Result};

/// Most components of a digit.
const MAX_COMPONENTS: usize = 1024;
/// Most Gaussians of a digit: each has two matrices.
const MAX_GAUSSIANS: usize = 64;
/// Largest radius of a neighbourhood.
const MAX_RADIUS: usize = 4;

/// What a classical model is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassicalConfig {
    /// `mixture`, `gaussian_mixture`, `naive_bayes` or `markov_field`.
    pub family: Family,
    /// Components of each digit (naive Bayes has one); the radius of the neighbourhoods of a Markov field.
    pub size: usize,
    /// How the parameters came to be, if the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
}

impl ClassicalConfig {
    /// Checks the size.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit.
    pub fn check(&self) -> Result<()> {
        let most = match self.family {
            Family::Mixture => MAX_COMPONENTS,
            Family::GaussianMixture => MAX_GAUSSIANS,
            Family::NaiveBayes => 1,
            Family::MarkovField => MAX_RADIUS,
            _ => return Err(Error::Checkpoint("the config is of a family that is not classical".into())),
        };
        match self.size {
            size if size == 0 || size > most => {
                Err(Error::Checkpoint(format!("a {} of size {size} is not one of 1 to {most}", self.family.name())))
            }
            _ => Ok(()),
        }
    }

    /// The model of the config.
    ///
    /// # Errors
    /// As [`ClassicalConfig::check`].
    pub fn network(&self) -> Result<Box<dyn Network>> {
        self.check()?;
        Ok(match self.family {
            Family::MarkovField => Box::new(MarkovField::new(self.size)?),
            Family::GaussianMixture => Box::new(GaussianMixture::new(self)?),
            _ => Box::new(Mixture::new(self)?),
        })
    }
}
