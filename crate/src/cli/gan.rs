//! Sampling from a GAN on the command line, and what it brings to the bench.

use super::bench::{Bench, Sampling, Subject, Work};
use super::subjects::prior_codes;
use super::weights::Opened;
use crate::backend::{Backend, Executable};
use crate::data::PIXELS;
use crate::error::{Error, Result};
use crate::models::classifier::CLASSES;
use crate::models::gan_config::{GanConfig, Generator};
use crate::models::network::Runner;
use crate::ops::key_values;

/// Digits in one run.
const BATCH: usize = 250;

/// A generator on a backend.
pub struct Sampler {
    config: GanConfig,
    runner: Runner,
}

impl Sampler {
    /// The generator of a weights file.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for the file's content, [`Error::Gpu`] when the device refuses.
    pub fn new(opened: &Opened, backend: &Backend) -> Result<Sampler> {
        Ok(Sampler { config: opened.config()?, runner: Runner::new(backend, &opened.checkpoint)? })
    }

    /// `count` digits of 784 values in 0 to 1. `class` is the digit to draw; without it a model that is told the digit
    /// draws every one in turn.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when a class is asked of a model that is told none; [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn draw(&self, count: usize, seed: u32, class: Option<u8>) -> Result<Vec<f32>> {
        if class.is_some() && !self.config.conditional {
            return Err(Error::Unsupported("this model is not told what digit to draw; leave out --class".into()));
        }
        let batch = BATCH.min(count);
        let job = self.runner.job("generate", batch)?;
        let mut job = job.borrow_mut();
        let z_dim = self.config.z_dim;
        // whole batches of codes; what is too much of the last is thrown away
        let codes = prior_codes(count.next_multiple_of(batch), z_dim, seed);
        let mut images = Vec::with_capacity(codes.len() / z_dim * PIXELS);
        for (run, codes) in codes.chunks_exact(batch * z_dim).enumerate() {
            write(&mut job, "z", codes)?;
            if self.config.conditional {
                let digit = |index: usize| class.map_or(((run * batch + index) % CLASSES) as f32, f32::from);
                write(&mut job, "label", &(0..batch).map(digit).collect::<Vec<f32>>())?;
            }
            if matches!(self.config.generator, Generator::Style(_)) {
                write(&mut job, "key", &key_values(seed, run as u32))?;
                write(&mut job, "noise", &[1.0])?;
            }
            job.run()?;
            images.extend(pollster::block_on(job.read(job.output("pixels")?))?);
        }
        images.truncate(count * PIXELS);
        Ok(images)
    }

    /// Codes w of a style-based generator, `count` of each digit: those of z that [`Sampler::draw`] would take.
    ///
    /// # Errors
    /// As [`Sampler::draw`]; [`Error::Unsupported`] of a generator that has none.
    pub fn codes(&self, count: usize, seed: u32) -> Result<Codes> {
        let batch = CLASSES * count;
        let job = self.runner.job("map", batch)?;
        let mut job = job.borrow_mut();
        write(&mut job, "z", &prior_codes(batch, self.config.z_dim, seed))?;
        if self.config.conditional {
            write(&mut job, "label", &(0..batch).map(|row| (row / count) as f32).collect::<Vec<f32>>())?;
        }
        job.run()?;
        let values = pollster::block_on(job.read(job.output("w")?))?;
        Ok(Codes { width: values.len() / batch, values })
    }

    /// Operations for one digit.
    fn work(&self) -> Result<Work> {
        Ok(Work::of(&self.runner.network().plan("generate", 1)?, 1))
    }
}

/// Codes of each digit, as many of each.
pub struct Codes {
    /// Numbers of one code.
    pub width: usize,
    values: Vec<f32>,
}

impl Codes {
    /// The mean of each digit's.
    pub fn means(&self) -> Vec<Vec<f32>> {
        let mean = |rows: &[f32]| {
            let count = (rows.len() / self.width) as f32;
            (0..self.width).map(|i| rows.iter().skip(i).step_by(self.width).sum::<f32>() / count).collect()
        };
        self.values.chunks_exact(self.values.len() / CLASSES).map(mean).collect()
    }

    /// Each code's difference from its digit's mean.
    pub fn deviations(&self, means: &[Vec<f32>]) -> Vec<f32> {
        let digits = self.values.chunks_exact(self.values.len() / CLASSES).zip(means);
        digits.flat_map(|(rows, mean)| rows.iter().zip(mean.iter().cycle()).map(|(value, mean)| value - mean)).collect()
    }
}

fn write(job: &mut Executable, name: &str, values: &[f32]) -> Result<()> {
    let input = job.input(name)?;
    job.write(input, values)
}

/// A GAN on the bench: it draws, and has no likelihood.
///
/// # Errors
/// As [`Sampler::new`].
pub fn subject(opened: &Opened, bench: &Bench) -> Result<Subject> {
    let sampler = Sampler::new(opened, &bench.backend)?;
    let setting = if sampler.config.conditional { "every digit equally often" } else { "digits as they come" };
    let work = sampler.work()?;
    let draw = move |n: usize, seed: u32| sampler.draw(n, seed, None);
    let sampling = Sampling { setting: setting.into(), draw: Box::new(draw), work, known: None };
    Ok(Subject { sampling: Some(sampling), ..Subject::default() })
}
