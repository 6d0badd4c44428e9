//! `inkling train --loss --regulariser`: another adversary than a GAN's recipe has.

use clap::{Args, ValueEnum};

use crate::error::{Error, Result};
use crate::models::gan_step::{Loss, Regulariser};
use crate::train::recipe::{Recipe, Task};

/// Choices of the trainer of GANs.
#[derive(Debug, Args)]
pub struct AdversaryFlags {
    /// What a GAN's two networks are trained towards, instead of the recipe's loss
    #[arg(long, value_enum)]
    loss: Option<LossFlag>,
    /// What keeps the slope of a GAN's discriminator bounded, instead of the recipe's regulariser
    #[arg(long, value_enum)]
    regulariser: Option<RegulariserFlag>,
}

/// The losses; see [`Loss`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LossFlag {
    /// Binary cross-entropy; the generator maximises log D(G(z))
    NonSaturating,
    /// Real scores above 1, generated ones below -1
    Hinge,
    /// The difference of the mean scores; takes a regulariser
    Wasserstein,
    /// Binary cross-entropy of differences between scores
    Relativistic,
}

/// The regularisers with their usual weights; see [`Regulariser`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RegulariserFlag {
    /// Nothing
    None,
    /// Weights divided by their largest singular value
    SpectralNorm,
    /// The slope at real images, gamma = 2
    R1,
    /// The slope's distance from 1 between real and generated images, lambda = 10
    GradientPenalty,
}

impl AdversaryFlags {
    /// The recipe with these choices. Its name tells them, so that its weights do not pass for the recipe's own.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there is no adversary to choose, or for the Wasserstein loss with nothing that keeps the
    /// critic's slope bounded.
    pub fn apply(&self, mut recipe: Recipe) -> Result<Recipe> {
        if self.loss.is_none() && self.regulariser.is_none() {
            return Ok(recipe);
        }
        let Task::Gan { adversary, .. } = &mut recipe.task else {
            return Err(Error::Unsupported(format!(
                "--loss and --regulariser are for GANs, and {} is none",
                recipe.name
            )));
        };
        let mut name = recipe.name.clone();
        let mut tell = |choice: Option<clap::builder::PossibleValue>| {
            if let Some(choice) = choice {
                name = format!("{name}-{}", choice.get_name());
            }
        };
        if let Some(loss) = self.loss {
            tell(loss.to_possible_value());
            adversary.loss = match loss {
                LossFlag::NonSaturating => Loss::NonSaturating,
                LossFlag::Hinge => Loss::Hinge,
                LossFlag::Wasserstein => Loss::Wasserstein,
                LossFlag::Relativistic => Loss::Relativistic,
            };
        }
        if let Some(regulariser) = self.regulariser {
            tell(regulariser.to_possible_value());
            adversary.regulariser = match regulariser {
                RegulariserFlag::None => Regulariser::None,
                RegulariserFlag::SpectralNorm => Regulariser::SpectralNorm,
                RegulariserFlag::R1 => Regulariser::R1 { gamma: 2.0, share: 4 },
                RegulariserFlag::GradientPenalty => Regulariser::GradientPenalty { lambda: 10.0, share: 2 },
            };
        }
        if adversary.loss == Loss::Wasserstein && adversary.regulariser == Regulariser::None {
            return Err(Error::Unsupported(
                "the Wasserstein loss grows without bounds unless the critic's slope is kept bounded: give --regulariser \
                 gradient-penalty or spectral-norm"
                    .into(),
            ));
        }
        recipe.name = name;
        Ok(recipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::recipe::find;

    #[test]
    fn choices_change_the_recipe_and_its_name() {
        let flags = |loss, regulariser| AdversaryFlags { loss, regulariser };
        let recipe = find("dcgan").unwrap();
        assert_eq!(flags(None, None).apply(recipe.clone()).unwrap(), recipe);
        let hinge = flags(Some(LossFlag::Hinge), Some(RegulariserFlag::SpectralNorm)).apply(recipe).unwrap();
        assert_eq!(hinge.name, "dcgan-hinge-spectral-norm");
        let Task::Gan { adversary, .. } = &hinge.task else { panic!("a GAN") };
        assert_eq!((adversary.loss, adversary.regulariser), (Loss::Hinge, Regulariser::SpectralNorm));
        let unbounded = flags(Some(LossFlag::Wasserstein), None).apply(find("gan-textbook").unwrap());
        assert!(unbounded.unwrap_err().to_string().contains("gradient-penalty"));
        let other = flags(Some(LossFlag::Hinge), None).apply(find("flow").unwrap());
        assert!(other.unwrap_err().to_string().contains("flow is none"));
    }
}
