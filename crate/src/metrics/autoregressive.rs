//! What an autoregressive model is measured by and draws: the exact likelihood of a set of pictures, and digits.

use crate::data::PIXELS;
use crate::error::{Error, Result};
use crate::models::network::Runner;
use crate::ops::key_values;

/// Pictures in one evaluation, digits in one run of `write`.
pub const BATCH: usize = 100;

/// ln p(x) of each of the binary pictures `images` (784 values each), nats. `progress` is called with the number done.
///
/// # Errors
/// [`Error::NonFinite`] when one is no number; [`Error::DeviceLost`], [`Error::Gpu`].
pub fn log_likelihoods(runner: &Runner, images: &[f32], mut progress: impl FnMut(usize)) -> Result<Vec<f64>> {
    let job = runner.job("predict", BATCH)?;
    let mut job = job.borrow_mut();
    let (x, output) = (job.input("x")?, job.output("log_likelihood")?);
    let mut nats = Vec::with_capacity(images.len() / PIXELS);
    for part in images.chunks(BATCH * PIXELS) {
        let mut batch = part.to_vec();
        batch.resize(BATCH * PIXELS, 0.0);
        job.write(x, &batch)?;
        let values = pollster::block_on(job.run_and_read(&[output]))?;
        nats.extend(values[..part.len() / PIXELS].iter().map(|&value| f64::from(value)));
        progress(nats.len());
    }
    if nats.iter().any(|value| !value.is_finite()) {
        return Err(Error::NonFinite("the likelihoods are no finite numbers: the model does not fit the data".into()));
    }
    Ok(nats)
}

/// Digits that are written from their first pixel on.
#[derive(Debug, Clone, Copy)]
pub struct Writing {
    /// Digits.
    pub count: usize,
    /// Digit i belongs to batch i / [`BATCH`], whose runs are keyed by this and the batch's number.
    pub seed: u32,
    /// Divides the logits.
    pub temperature: f32,
    /// Runs that a digit takes.
    pub places: usize,
    /// What is taken of a digit.
    pub tone: Tone,
}

/// The two pictures that writing a digit leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Ink or paper as drawn, 0 or 1.
    Ink,
    /// The probability of ink that each place was drawn with, given what was written before it: grey as scanned digits
    /// are, where the model's pixels are Bernoulli draws of their grey.
    Grey,
}

/// Writes digits from their first pixel on: 784 values each, in [0, 1]. `progress` is called with the number of runs done.
///
/// # Errors
/// [`Error::DeviceLost`], [`Error::Gpu`].
pub fn write_digits(runner: &Runner, writing: Writing, mut progress: impl FnMut(usize)) -> Result<Vec<f32>> {
    let Writing { count, seed, temperature, places, tone } = writing;
    let batch = BATCH.min(count.max(1));
    let job = runner.job("write", batch)?;
    let mut job = job.borrow_mut();
    let [key, step, warmth] = [job.input("key")?, job.input("step")?, job.input("temperature")?];
    let pixels = job.output(match tone {
        Tone::Ink => "pixels",
        Tone::Grey => "probabilities",
    })?;
    job.write(warmth, &[temperature])?;
    let mut digits = Vec::with_capacity(count * PIXELS);
    for first in (0..count).step_by(batch) {
        for place in 0..places {
            let run = first / batch * places + place;
            job.write(key, &key_values(seed, run as u32))?;
            job.write(step, &[place as f32])?;
            job.run()?;
            progress(run + 1);
        }
        let written = pollster::block_on(job.read(pixels))?;
        digits.extend_from_slice(&written[..batch.min(count - first) * PIXELS]);
    }
    Ok(digits)
}
