//! What each family says of a picture, as one number of which more is more like a digit.

use std::cell::RefCell;
use std::rc::Rc;

use super::rows::{Pixels, Score};
use crate::backend::Backend;
use crate::cli::jobs::over;
use crate::cli::weights::Opened;
use crate::cli::{autoregressive, flow};
use crate::data::PIXELS;
use crate::data::binarize::Binarization;
use crate::error::Result;
use crate::metrics::autoregressive::log_likelihoods;
use crate::metrics::vae_likelihood::reconstructions;
use crate::models::classifier::CLASSES;
use crate::models::denoiser_config::NO_CLASS;
use crate::models::family::Family;
use crate::models::gan_config::GanConfig;
use crate::models::network::Runner;
use crate::models::vae_adopt::adopt;
use crate::models::vae_run::VaeRunner;

/// Posterior draws in the mean ELBO of a picture.
const DRAWS: u32 = 4;

/// One way to score pictures.
pub struct Scorer {
    /// What the number is.
    pub score: Score,
    /// What it is asked about.
    pub pixels: Pixels,
    /// A number for each picture of 784 bytes, 0 is paper.
    pub of: Scoring,
}

/// Pictures -> a number for each.
pub type Scoring = Box<dyn FnMut(&[u8]) -> Result<Vec<f64>>>;

/// The ways in which the model in `opened` can be asked; none of a family that says nothing of single pictures.
///
/// # Errors
/// [`crate::Error::Checkpoint`] for its content, [`crate::Error::Gpu`] when the device refuses.
pub fn scorers(opened: &Opened, backend: &Backend, seed: u32) -> Result<Vec<Scorer>> {
    let runner = || Runner::new(backend, &opened.checkpoint);
    let one = |score: Score, pixels: Pixels, of: Scoring| vec![Scorer { score, pixels, of }];
    Ok(match opened.family {
        Family::Vae => vae(opened, backend, seed)?,
        Family::Autoregressive => {
            // refuses what is of another size before anything runs
            autoregressive::model(opened)?;
            let runner = runner()?;
            let of = move |images: &[u8]| log_likelihoods(&runner, &binary(images), |_| {});
            one(Score::Exact, Pixels::Binary, Box::new(of))
        }
        Family::GaussianMixture => {
            one(Score::Exact, Pixels::Grey, job(runner()?, "classify", &[], "log_likelihood", grey, last))
        }
        Family::Mixture | Family::NaiveBayes => {
            one(Score::Exact, Pixels::Binary, job(runner()?, "classify", &[], "log_likelihood", binary, last))
        }
        Family::Flow => {
            let runner = runner()?;
            let of = move |images: &[u8]| {
                let logs = flow::class_likelihoods(&runner, images, seed)?;
                Ok(logs.iter().map(flow::mean_likelihood).collect())
            };
            one(Score::Exact, Pixels::Grey, Box::new(of))
        }
        Family::Rbm => {
            one(Score::FreeEnergy, Pixels::Binary, job(runner()?, "free_energy", &[], "energy", binary, negative))
        }
        Family::Energy => {
            let label = [("label", f32::from(NO_CLASS))];
            one(Score::Energy, Pixels::Grey, job(runner()?, "energy", &label, "energy", grey, negative))
        }
        Family::Gan => {
            let config: GanConfig = opened.config()?;
            if config.discriminator.is_empty() {
                return Ok(Vec::new());
            }
            let label = [("label", 0.0)];
            let label = if config.conditional { &label[..] } else { &[] };
            one(Score::Discriminator, Pixels::Grey, job(runner()?, "judge", label, "scores", grey, largest))
        }
        Family::Classifier => {
            one(Score::Probability, Pixels::Grey, job(runner()?, "classify", &[], "probabilities", grey, largest))
        }
        Family::Denoiser | Family::MarkovField => Vec::new(),
    })
}

/// Ink and paper.
pub fn binary(images: &[u8]) -> Vec<f32> {
    let mut pixels = vec![0.0; images.len()];
    Binarization::Threshold.prepare(images, &mut pixels);
    pixels
}

/// Grey values in [0, 1].
pub fn grey(images: &[u8]) -> Vec<f32> {
    let mut pixels = vec![0.0; images.len()];
    Binarization::Grey.prepare(images, &mut pixels);
    pixels
}

fn last(values: &[f32]) -> f64 {
    values.last().map_or(f64::NAN, |value| f64::from(*value))
}

fn negative(values: &[f32]) -> f64 {
    -last(values)
}

fn largest(values: &[f32]) -> f64 {
    values.iter().fold(f64::NEG_INFINITY, |most, value| most.max(f64::from(*value)))
}

/// Asks a job: `score` makes one number of what it answers for a picture.
fn job(
    runner: Runner,
    name: &'static str,
    constants: &[(&'static str, f32)],
    output: &'static str,
    pixels: fn(&[u8]) -> Vec<f32>,
    score: fn(&[f32]) -> f64,
) -> Scoring {
    let constants = constants.to_vec();
    Box::new(move |images| {
        let values = over(&runner, name, &constants, &pixels(images), output)?;
        let width = values.len() / (images.len() / PIXELS).max(1);
        debug_assert!(width == 1 || width == CLASSES);
        Ok(values.chunks_exact(width.max(1)).map(score).collect())
    })
}

/// The ELBO, and how well a picture comes back.
fn vae(opened: &Opened, backend: &Backend, seed: u32) -> Result<Vec<Scorer>> {
    let elbo = Rc::new(RefCell::new(VaeRunner::new(backend, &adopt(opened.checkpoint.clone())?)?));
    let (runner, backend) = (elbo.clone(), backend.clone());
    let bound = move |images: &[u8]| {
        let mut runner = runner.borrow_mut();
        let x = binary(images);
        let encodings = pollster::block_on(runner.encode(&x))?;
        let mut scores: Vec<f64> = (0..encodings.len()).map(|image| -encodings.kl(image)).collect();
        for draw in 0..DRAWS {
            let seed = seed.wrapping_add(draw);
            let nats = pollster::block_on(reconstructions(&backend, &runner, &x, &encodings, seed))?;
            scores.iter_mut().zip(nats).for_each(|(score, nats)| *score -= nats / f64::from(DRAWS));
        }
        Ok(scores)
    };
    let back = move |images: &[u8]| {
        let mut runner = elbo.borrow_mut();
        let x = binary(images);
        let encodings = pollster::block_on(runner.encode(&x))?;
        let decoded = pollster::block_on(runner.decode(&encodings.mu))?;
        let squares =
            |(x, y): (&[f32], &[f32])| -x.iter().zip(y).map(|(x, y)| f64::from(x - y) * f64::from(x - y)).sum::<f64>();
        Ok(x.chunks_exact(PIXELS).zip(decoded.chunks_exact(PIXELS)).map(squares).collect())
    };
    Ok(vec![
        Scorer { score: Score::Elbo, pixels: Pixels::Binary, of: Box::new(bound) },
        Scorer { score: Score::Reconstruction, pixels: Pixels::Binary, of: Box::new(back) },
    ])
}
