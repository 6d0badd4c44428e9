//! The second way of training: a fit is a function of the data set and the seed, in whole passes.

use super::objective::Samples;
use super::recipe::Recipe;
use super::recipes_classical::Fit;
use super::{gaussian_mixture, markov_field, mixture};
use crate::backend::Backend;
use crate::checkpoint::Checkpoint;
use crate::data::{PIXELS, binarize::Binarization};
use crate::error::{Error, Result};
use crate::graph::ParamStore;
use crate::models::classical::ClassicalConfig;
use crate::models::family::{Family, Training};
use crate::rng::Philox;

/// What a fit tells after each pass: passes done of all, and the logarithm of the penalised likelihood, a mean per
/// image. An error ends the fit.
pub type Progress<'a> = dyn FnMut(u64, u64, f64) -> Result<()> + 'a;

/// Fits the model of `fit`, whose recipe is `recipe`, in `recipe.epochs` passes: its weights with the config.
///
/// # Errors
/// [`Error::Data`] for a data set that lacks a digit, [`Error::NonFinite`], those of `progress`.
pub fn fit(
    backend: &Backend,
    recipe: &Recipe,
    fit: &Fit,
    samples: &Samples,
    seed: u32,
    progress: &mut Progress,
) -> Result<Checkpoint> {
    fit.model.check()?;
    let images = samples.labels.len();
    if images == 0 {
        return Err(Error::Data("there is no image to fit the model to".into()));
    }
    let store: ParamStore = match fit.model.family {
        Family::MarkovField => {
            let pixels = binary(samples.images, fit.binarization, &mut Philox::new(u64::from(seed), 0));
            markov_field::newton(fit.model.size, &pixels, fit.smoothing, recipe.epochs, progress)?
        }
        Family::GaussianMixture => {
            let Fit { model, smoothing, .. } = fit;
            gaussian_mixture::expectation_maximisation(model.size, *smoothing, samples, seed, recipe.epochs, progress)?
        }
        _ => mixture::expectation_maximisation(backend, fit, samples, seed, recipe.epochs, progress)?,
    };
    let training = Training {
        recipe: recipe.name.clone(),
        seed,
        steps: recipe.epochs,
        batch: images,
        binarization: Some(fit.binarization),
        backend: backend.name().into(),
        after: None,
    };
    let mut checkpoint = Checkpoint::from_store(&store);
    checkpoint.set_config(&ClassicalConfig { training: Some(training), ..fit.model.clone() })?;
    Ok(checkpoint)
}

/// The pixels of `images` as 0 and 1.
pub(super) fn binary(images: &[u8], binarization: Binarization, rng: &mut Philox) -> Vec<f32> {
    debug_assert!(images.len().is_multiple_of(PIXELS));
    let mut pixels = vec![0.0; images.len()];
    binarization.apply(images, rng, &mut pixels);
    pixels
}
