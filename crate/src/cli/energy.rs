//! Energy-based models on the command line: digits by chains, and how likely an RBM finds the test set.

use std::fmt::Write;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::eval::{Measure, load_test_set};
use super::info::json;
use super::weights::Opened;
use super::{images, print};
use crate::backend::Backend;
use crate::data::PIXELS;
use crate::data::binarize::{self, Binarization};
use crate::data::mnist::{Dataset, Split};
use crate::error::{Error, Result};
use crate::metrics::ais::{Annealing, Estimate};
use crate::models::chain::{FROM_GIVEN, FROM_NOISE, GO_ON};
use crate::models::network::Runner;
use crate::models::rbm::{Rbm, SWEEPS};
use crate::ops::key_values;

/// Chains in one run.
const BATCH: usize = 250;
/// Sweeps of a digit, unless told otherwise.
pub const CHAIN_STEPS: u32 = 1_000;
/// Chains that log Z is estimated from, and the temperatures they pass through.
const ANNEALED: usize = 100;
const TEMPERATURES: usize = 10_000;

/// How chains are run.
#[derive(Debug, Clone, Args)]
pub struct ChainFlags {
    /// Steps of each chain (an RBM's sweeps, Langevin steps); 1000 by default
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    chain_steps: Option<u32>,
    /// Where chains begin: noise, or images (.npy, N x 28 x 28)
    #[arg(long, default_value = "noise")]
    from: String,
    /// The chains' temperature; 1 is the model's own
    #[arg(long, default_value_t = 1.0)]
    temperature: f64,
}

impl Default for ChainFlags {
    fn default() -> ChainFlags {
        ChainFlags { chain_steps: None, from: "noise".into(), temperature: 1.0 }
    }
}

impl ChainFlags {
    /// Refuses flags that a model of another family cannot follow.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when one of them is given.
    pub fn refuse(&self) -> Result<()> {
        match self.chain_steps.is_some() || self.from != "noise" || self.temperature != 1.0 {
            false => Ok(()),
            true => {
                Err(Error::Unsupported("--chain-steps, --from and --temperature are for energy-based models".into()))
            }
        }
    }

    /// The pictures that the chains begin with.
    fn given(&self, n: usize) -> Result<Option<Vec<f32>>> {
        if self.from == "noise" {
            return Ok(None);
        }
        let (count, pixels) = images::read_npy(std::path::Path::new(&self.from))?.into_images(&self.from)?;
        if count < n {
            return Err(Error::Data(format!("{} holds {count} images, fewer than the {n} chains", self.from)));
        }
        Ok(Some(pixels[..n * PIXELS].to_vec()))
    }
}

/// `n` digits in [0, 1], each at the end of a chain of its own.
///
/// # Errors
/// [`Error::Data`] for pictures or a temperature that cannot be used, [`Error::DeviceLost`], [`Error::Gpu`].
pub fn sample(runner: &Runner, flags: &ChainFlags, n: usize, seed: u32) -> Result<Vec<f32>> {
    if !(flags.temperature > 0.0 && flags.temperature.is_finite()) {
        return Err(Error::Data(format!("a temperature of {} is none; 1 is the model's own", flags.temperature)));
    }
    let given = flags.given(n)?;
    let runs = (flags.chain_steps.unwrap_or(CHAIN_STEPS) as usize).div_ceil(SWEEPS);
    let batch = n.min(BATCH);
    let bar = progress("chains", (n.div_ceil(batch) * runs) as u64);
    let mut digits = Vec::with_capacity(n * PIXELS);
    let job = runner.job("gibbs", batch)?;
    let job = &mut *job.borrow_mut();
    job.write(job.input("temperature")?, &[flags.temperature as f32])?;
    job.write(job.input("mask")?, &vec![0.0; batch * PIXELS])?;
    let (key, begin, pixels) = (job.input("key")?, job.input("begin")?, job.output("pixels")?);
    for first in (0..n).step_by(batch) {
        let mut start = vec![0.0; batch * PIXELS];
        if let Some(given) = &given {
            let here = &given[first * PIXELS..n.min(first + batch) * PIXELS];
            start[..here.len()].copy_from_slice(here);
        }
        job.write(job.input("given")?, &start)?;
        job.write(begin, &vec![if given.is_some() { FROM_GIVEN } else { FROM_NOISE }; batch])?;
        for run in 0..runs {
            // no two runs of a batch or of two batches share a key
            job.write(key, &key_values(seed, (first / batch * runs + run) as u32))?;
            job.run()?;
            job.write(begin, &vec![GO_ON; batch])?;
            bar.inc(1);
        }
        digits.extend(pollster::block_on(job.read(pixels))?);
    }
    bar.finish_and_clear();
    digits.truncate(n * PIXELS);
    Ok(digits)
}

fn progress(what: &str, length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}, {eta} left");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style).with_message(what.to_string())
}

/// How likely an RBM finds the test set.
#[derive(Debug, Clone, Serialize)]
pub struct Likelihood {
    /// The mean free energy of the test images, nats.
    pub free_energy: f64,
    /// -log p of the test images, mean in nats, by the forward estimate of log Z (in the mean too good).
    pub nats: f64,
    /// The same by the walk back from long chains (in the mean too bad).
    pub nats_reverse: f64,
    /// log Z by annealing from the machine without weights.
    pub forward: Estimate,
    /// log Z by annealing from the ends of long chains that began at training images.
    pub reverse: Estimate,
}

/// Measures the RBM in `runner` on the test set.
///
/// # Errors
/// [`Error::Data`] for the data sets, [`Error::DeviceLost`], [`Error::Gpu`].
pub fn likelihood(opened: &Opened, backend: &Backend, measure: &Measure) -> Result<Likelihood> {
    let (test, train) = (load_test_set(&measure.data)?, Dataset::load(&measure.data, Split::Train)?);
    let rbm = Rbm::new(opened.config()?)?;
    let runner = Runner::new(backend, &opened.checkpoint)?;
    let free_energy =
        mean_free_energy(&runner, &binarize::test_set(&test.images, Binarization::from(measure.binarization)))?;
    let mut means = vec![0.0; PIXELS];
    for image in train.images.chunks_exact(PIXELS) {
        for (mean, grey) in means.iter_mut().zip(image) {
            *mean += f64::from(*grey) / 255.0 / train.len() as f64;
        }
    }
    let params = backend.slab(opened.checkpoint.to_store(runner.network().layout())?.slab())?;
    let mut annealing = Annealing::new(backend, &rbm, &params, &means, ANNEALED)?;
    let bar = progress("annealing", 2 * TEMPERATURES as u64);
    let tick = |_| {
        bar.inc(1);
        Ok(())
    };
    let forward = pollster::block_on(annealing.forward(TEMPERATURES, measure.seed, tick))?;
    let ends = states(&runner, &train.images[..ANNEALED * PIXELS], measure.seed)?;
    let reverse = pollster::block_on(annealing.reverse(&ends, TEMPERATURES, measure.seed, tick))?;
    bar.finish_and_clear();
    let [nats, nats_reverse] = [forward, reverse].map(|estimate| free_energy + estimate.log_z);
    Ok(Likelihood { free_energy, nats, nats_reverse, forward, reverse })
}

/// The states of chains that began at `images` after [`CHAIN_STEPS`] sweeps.
fn states(runner: &Runner, images: &[u8], seed: u32) -> Result<Vec<f32>> {
    let count = images.len() / PIXELS;
    let job = runner.job("gibbs", count)?;
    let job = &mut *job.borrow_mut();
    job.write(job.input("temperature")?, &[1.0])?;
    job.write(job.input("mask")?, &vec![0.0; images.len()])?;
    job.write(job.input("given")?, &images.iter().map(|grey| f32::from(*grey) / 255.0).collect::<Vec<_>>())?;
    let (key, begin) = (job.input("key")?, job.input("begin")?);
    job.write(begin, &vec![FROM_GIVEN; count])?;
    for run in 0..CHAIN_STEPS as usize / SWEEPS {
        job.write(key, &key_values(seed, run as u32))?;
        job.run()?;
        job.write(begin, &vec![GO_ON; count])?;
    }
    pollster::block_on(job.read(job.output("states")?))
}

fn mean_free_energy(runner: &Runner, images: &[f32]) -> Result<f64> {
    let job = runner.job("free_energy", BATCH)?;
    let job = &mut *job.borrow_mut();
    let (x, energy) = (job.input("x")?, job.output("energy")?);
    let mut sum = 0.0;
    for chunk in images.chunks(BATCH * PIXELS) {
        let mut padded = chunk.to_vec();
        padded.resize(BATCH * PIXELS, 0.0);
        job.write(x, &padded)?;
        let energies = pollster::block_on(job.run_and_read(&[energy]))?;
        sum += energies[..chunk.len() / PIXELS].iter().map(|nats| f64::from(*nats)).sum::<f64>();
    }
    Ok(sum / (images.len() / PIXELS) as f64)
}

/// Prints what there is to measure of an energy-based model.
///
/// # Errors
/// As [`likelihood`].
pub fn eval(opened: &Opened, measure: &Measure, as_json: bool) -> Result<()> {
    let report = likelihood(opened, &measure.backend.open()?, measure)?;
    print(&if as_json { json(&report)? } else { text(&report) })
}

fn text(report: &Likelihood) -> String {
    let Likelihood { free_energy, nats, nats_reverse, forward, reverse } = report;
    let mut text = String::new();
    // writing to a String cannot fail
    let _ = writeln!(text, "-log p(x)  {nats:8.2} nats by forward annealing, {nats_reverse:.2} by annealing back");
    let _ = writeln!(text, "free energy {free_energy:.2}");
    for (name, estimate) in [("forward", forward), ("back", reverse)] {
        let Estimate { log_z, spread, low, high } = estimate;
        let _ = writeln!(text, "log Z {name:8} {log_z:.2} ({low:.2} to {high:.2}), log weights spread by {spread:.2}");
    }
    let _ = writeln!(text, "{ANNEALED} chains, {TEMPERATURES} temperatures");
    text
}
