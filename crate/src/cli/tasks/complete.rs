//! Does a model finish a digit of which the upper half is given?

use super::super::autoregressive;
use super::super::denoise::SamplerFlags;
use super::super::energy::{ChainFlags, Chains};
use super::super::weights::Opened;
use super::rows::{About, Complete, Completing, mean_and_error, rounded};
use super::score::{binary, grey};
use super::{Setup, Subject};
use crate::backend::Backend;
use crate::data::{PIXELS, streams};
use crate::error::Result;
use crate::metrics::vae_likelihood::draw;
use crate::models::denoiser_config::NO_CLASS;
use crate::models::family::Family;
use crate::models::network::Runner;
use crate::models::vae_adopt::adopt;
use crate::models::vae_run::VaeRunner;
use crate::ops::key_values;
use crate::rng::Philox;
use crate::samplers::Sampler;
use crate::samplers::spec::{Inpaint, Spec};
use crate::samplers::trajectory::{Given, Keep, Trajectory};

/// What models are compared with.
pub const BASELINES: [&str; 2] = ["truth", "none"];
/// Pixels that are given, the upper ones.
const GIVEN: usize = PIXELS / 2;
/// A tenth of the command's digits is completed, each so often.
const PART: usize = 10;
const DRAWS: u32 = 4;
/// Rounds of encoding and decoding.
const ROUNDS: u64 = 30;
/// Steps of chains.
const SWEEPS: u32 = 300;
const LANGEVIN: u32 = 240;
/// The sampler of inpainting: DDIM with all of DDPM's noise, and how often how many of its steps are repeated.
const STEPS: usize = 20;
const INPAINT: Inpaint = Inpaint { resample: 3, jump: 10 };
/// Digits in one trajectory.
const BATCH: usize = 100;

/// Digits as bytes and a seed -> completions of them, 784 grey values in [0, 1] each; only the lower halves count.
type Completer = Box<dyn FnMut(&[u8], u32) -> Result<Vec<f32>>>;

/// The row of one model or baseline.
///
/// # Errors
/// Those of running the model.
pub fn measure(setup: &mut Setup, subject: &Subject) -> Result<Vec<Complete>> {
    let found = match subject {
        Subject::Baseline("truth") => Some((Completing::Truth, String::new(), still(grey))),
        Subject::Baseline(_) => Some((Completing::None, String::new(), still(|images| vec![0.0; images.len()]))),
        Subject::Model(opened) => completer(opened, &setup.bench.backend)?,
    };
    let Some((way, setting, mut complete)) = found else { return Ok(Vec::new()) };
    let draws = if matches!(subject, Subject::Model(_)) { DRAWS } else { 1 };
    let (images, labels) = setup.digits(setup.n.div_ceil(PART));
    let (images, labels) = (images.to_vec(), labels.to_vec());
    let truth = grey(&images);
    let mut completions = Vec::new();
    for draw in 0..draws {
        let mut pictures = complete(&images, setup.seed.wrapping_add(draw))?;
        for (picture, truth) in pictures.chunks_exact_mut(PIXELS).zip(truth.chunks_exact(PIXELS)) {
            picture[..GIVEN].copy_from_slice(&truth[..GIVEN]);
        }
        completions.push(pictures);
    }
    let right = |pictures: &Vec<f32>, setup: &mut Setup| -> Result<Vec<f64>> {
        let read = setup.read(pictures)?;
        Ok(read.iter().zip(&labels).map(|(read, label)| f64::from(u8::from(read == label))).collect())
    };
    let right = completions.iter().map(|pictures| right(pictures, setup)).collect::<Result<Vec<_>>>()?;
    let count = f64::from(draws);
    let shares: Vec<f64> =
        (0..labels.len()).map(|digit| right.iter().map(|draw| draw[digit]).sum::<f64>() / count).collect();
    let (read, read_error) = mean_and_error(&shares);
    let (error, diversity) = differences(&completions, &truth);
    let about = About::digits(labels.len());
    let draws = completions.len();
    Ok(vec![Complete { about, draws, way, setting, read, read_error, error, diversity }])
}

/// The mean squared error of lower halves, and how much the completions of a digit differ ([`Complete::diversity`]).
fn differences(completions: &[Vec<f32>], truth: &[f32]) -> (f64, f64) {
    let digits = truth.len() / PIXELS;
    let (mut squares, mut deviations) = (0.0, 0.0);
    for digit in 0..digits {
        let mut variance = 0.0;
        for pixel in digit * PIXELS + GIVEN..(digit + 1) * PIXELS {
            let mean = completions.iter().map(|one| f64::from(one[pixel])).sum::<f64>() / completions.len() as f64;
            for one in completions {
                let value = f64::from(one[pixel]);
                squares += (value - f64::from(truth[pixel])).powi(2);
                variance += (value - mean).powi(2);
            }
        }
        deviations += (variance / (completions.len() * (PIXELS - GIVEN)) as f64).sqrt();
    }
    let values = digits * completions.len() * (PIXELS - GIVEN);
    (rounded(squares / values as f64), rounded(deviations / digits as f64))
}

/// Nothing is drawn.
fn still(pictures: fn(&[u8]) -> Vec<f32>) -> Completer {
    Box::new(move |images, _| Ok(pictures(images)))
}

/// How the model in `opened` completes digits, in words and with its numbers; nothing of a family that cannot.
fn completer(opened: &Opened, backend: &Backend) -> Result<Option<(Completing, String, Completer)>> {
    Ok(Some(match opened.family {
        Family::Vae => {
            let setting = format!("{ROUNDS} rounds of encoding, drawing and decoding");
            (Completing::PosteriorChain, setting, vae(opened, backend)?)
        }
        Family::Autoregressive => {
            (Completing::Prefix, "temperature 1, probability of ink".into(), prefix(opened, backend)?)
        }
        Family::Denoiser => {
            let Inpaint { resample, jump } = INPAINT;
            let setting = format!("{STEPS} steps of ddim with eta 1, each stretch of {jump} done {resample} times");
            (Completing::Inpainting, setting, inpainting(opened, backend)?)
        }
        Family::Rbm => chain(opened, backend, Completing::ClampedGibbs, SWEEPS, None)?,
        Family::Energy => chain(opened, backend, Completing::Langevin, LANGEVIN, Some(NO_CLASS))?,
        _ => return Ok(None),
    }))
}

/// A Markov chain over the missing pixels (Rezende et al. 2014, appendix F): encode the picture, draw z, decode, put the
/// given half back. What is decoded stays grey until the end.
fn vae(opened: &Opened, backend: &Backend) -> Result<Completer> {
    let mut runner = VaeRunner::new(backend, &adopt(opened.checkpoint.clone())?)?;
    Ok(Box::new(move |images, seed| {
        let given = binary(images);
        let mut x = given.clone();
        for picture in x.chunks_exact_mut(PIXELS) {
            picture[GIVEN..].fill(0.0);
        }
        for round in 0..ROUNDS {
            let encodings = pollster::block_on(runner.encode(&x))?;
            let mut eps = vec![0.0; encodings.mu.len()];
            Philox::new(u64::from(seed), streams::stream(streams::COMPLETE, round)).fill_normal(&mut eps);
            x = pollster::block_on(runner.decode(&draw(&encodings.mu, &encodings.logvar, &eps, eps.len())))?;
            for (picture, given) in x.chunks_exact_mut(PIXELS).zip(given.chunks_exact(PIXELS)) {
                picture[..GIVEN].copy_from_slice(&given[..GIVEN]);
            }
        }
        Ok(x)
    }))
}

fn prefix(opened: &Opened, backend: &Backend) -> Result<Completer> {
    let places = autoregressive::model(opened)?.places();
    let runner = Runner::new(backend, &opened.checkpoint)?;
    Ok(Box::new(move |images, seed| {
        let batch = images.len() / PIXELS;
        let job = runner.job("write", batch)?;
        let job = &mut *job.borrow_mut();
        let (key, step) = (job.input("key")?, job.input("step")?);
        // rows of pixels and of patches alike: the upper half is the first half of the places
        for (name, values) in
            [("given", &binary(images)[..]), ("keep", &[(places / 2) as f32]), ("temperature", &[1.0])]
        {
            job.write(job.input(name)?, values)?;
        }
        for place in 0..places {
            job.write(key, &key_values(seed, place as u32))?;
            job.write(step, &[place as f32])?;
            job.run()?;
        }
        pollster::block_on(job.read(job.output("probabilities")?))
    }))
}

fn inpainting(opened: &Opened, backend: &Backend) -> Result<Completer> {
    let runner = opened.denoiser(backend)?;
    Ok(Box::new(move |images, seed| {
        let mut mask = vec![1.0; PIXELS];
        mask[GIVEN..].fill(0.0);
        let mut pictures = Vec::with_capacity(images.len());
        for (run, images) in images.chunks(BATCH * PIXELS).enumerate() {
            let count = images.len() / PIXELS;
            // no digit has the seed of another, in this draw or the next ones
            let first = seed.wrapping_mul(0x1_0000).wrapping_add((run * BATCH) as u32);
            let spec = Spec {
                sampler: Sampler::Ddim,
                steps: STEPS,
                eta: 1.0,
                // what digit it is, is not told
                classes: vec![NO_CLASS; count],
                inpaint: Some(INPAINT),
                ..SamplerFlags::default().spec(runner.config(), first)
            };
            let signed: Vec<f32> = grey(images).iter().map(|value| 2.0 * value - 1.0).collect();
            let given = Given { images: &signed, mask: &mask };
            let values = pollster::block_on(Trajectory::new(&runner, spec, given, Keep::Newest)?.finish())?;
            pictures.extend(values.iter().map(|value| (0.5 * value + 0.5).clamp(0.0, 1.0)));
        }
        Ok(pictures)
    }))
}

fn chain(
    opened: &Opened,
    backend: &Backend,
    way: Completing,
    steps: u32,
    class: Option<u8>,
) -> Result<(Completing, String, Completer)> {
    let chains = Chains::new(opened, backend, &ChainFlags::default(), class)?;
    let setting = format!("{} from noise", chains.steps_in_words(steps));
    let complete = move |images: &[u8], seed: u32| {
        let mut mask = vec![1.0; PIXELS];
        mask[GIVEN..].fill(0.0);
        let given = if way == Completing::ClampedGibbs { binary(images) } else { grey(images) };
        chains.complete(&given, &mask, steps, seed)
    };
    Ok((way, setting, Box::new(complete)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_and_differences_are_those_of_the_lower_half() {
        let truth = vec![0.5; 2 * PIXELS];
        let mut one = truth.clone();
        one[..GIVEN].fill(0.0);
        assert_eq!(differences(&[one.clone(), one.clone()], &truth), (0.0, 0.0));
        let mut other = one.clone();
        other[GIVEN..PIXELS].fill(0.9);
        let (error, diversity) = differences(&[one, other], &truth);
        // one of two digits, one of two completions off by 0.4: a variance of 0.04
        assert!((error - 0.16 / 4.0).abs() < 1e-5 && (diversity - 0.2 / 2.0).abs() < 1e-5, "{error} {diversity}");
    }
}
