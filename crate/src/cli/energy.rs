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
use crate::models::classifier::CLASSES;
use crate::models::energy::{EnergyConfig, STEPS};
use crate::models::family::Family;
use crate::models::network::{Network, Runner};
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

/// A model and how its chains are run.
pub struct Chains {
    runner: Runner,
    job: &'static str,
    steps_of_a_run: usize,
    flags: ChainFlags,
    /// Inputs that stay the same, one number for all chains.
    constants: Vec<(&'static str, f32)>,
    /// The digit of each chain; by default every one in turn.
    class: Option<u8>,
}

impl Chains {
    /// The chains of the energy-based model in `opened`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for its content, [`Error::Unsupported`] for a class that it does not know, [`Error::Data`]
    /// for a temperature that is none.
    pub fn new(opened: &Opened, backend: &Backend, flags: &ChainFlags, class: Option<u8>) -> Result<Chains> {
        let temperature = flags.temperature;
        if !(temperature >= 0.0 && temperature.is_finite()) {
            return Err(Error::Data(format!("a temperature of {temperature} is none; 1 is the model's own")));
        }
        let runner = Runner::new(backend, &opened.checkpoint)?;
        let flags = flags.clone();
        if opened.family == Family::Energy {
            let config = opened.config::<EnergyConfig>()?;
            // the variance of Langevin noise is proportional to the temperature
            let constants = vec![("step_size", config.step_size), ("noise", config.noise * temperature.sqrt() as f32)];
            return Ok(Chains { runner, job: "langevin", steps_of_a_run: STEPS, flags, constants, class });
        }
        if class.is_some() {
            return Err(Error::Unsupported("an RBM knows no classes; leave --class out".into()));
        }
        if temperature == 0.0 {
            return Err(Error::Data("at a temperature of 0 an RBM's chain divides by it; take 0.01 or more".into()));
        }
        let constants = vec![("temperature", temperature as f32)];
        Ok(Chains { runner, job: "gibbs", steps_of_a_run: SWEEPS, flags, constants, class })
    }

    /// `n` digits in [0, 1], each at the end of a chain of its own.
    ///
    /// # Errors
    /// [`Error::Data`] for pictures that cannot be used, [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn sample(&self, n: usize, seed: u32) -> Result<Vec<f32>> {
        let given = self.flags.given(n)?;
        let batch = n.clamp(1, BATCH);
        let runs = (self.flags.chain_steps.unwrap_or(CHAIN_STEPS) as usize).div_ceil(self.steps_of_a_run);
        let bar = progress("chains", (n.div_ceil(batch) * runs) as u64);
        let mut digits = Vec::with_capacity(n * PIXELS);
        for first in (0..n).step_by(batch) {
            let mut start = vec![0.0; batch * PIXELS];
            if let Some(given) = &given {
                let here = &given[first * PIXELS..n.min(first + batch) * PIXELS];
                start[..here.len()].copy_from_slice(here);
            }
            let begin = if given.is_some() { FROM_GIVEN } else { FROM_NOISE };
            // no two runs of a batch or of two batches share a key
            let keys = (first / batch * runs..).map(|run| key_values(seed, run as u32)).take(runs);
            digits.extend(self.run(batch, begin, &start, keys, "pixels", &bar)?);
        }
        bar.finish_and_clear();
        digits.truncate(n * PIXELS);
        Ok(digits)
    }

    /// `output` of `batch` chains that begin by `begin` and run once for each of `keys`.
    fn run(
        &self,
        batch: usize,
        begin: f32,
        given: &[f32],
        keys: impl Iterator<Item = [f32; 4]>,
        output: &str,
        bar: &ProgressBar,
    ) -> Result<Vec<f32>> {
        let job = self.runner.job(self.job, batch)?;
        let job = &mut *job.borrow_mut();
        for (name, value) in &self.constants {
            job.write(job.input(name)?, &[*value])?;
        }
        if let Ok(label) = job.input("label") {
            let label_of = |chain: usize| f32::from(self.class.unwrap_or((chain % CLASSES) as u8));
            job.write(label, &(0..batch).map(label_of).collect::<Vec<_>>())?;
        }
        job.write(job.input("mask")?, &vec![0.0; batch * PIXELS])?;
        job.write(job.input("given")?, given)?;
        let (key, start) = (job.input("key")?, job.input("begin")?);
        job.write(start, &vec![begin; batch])?;
        for values in keys {
            job.write(key, &values)?;
            job.run()?;
            job.write(start, &vec![GO_ON; batch])?;
            bar.inc(1);
        }
        pollster::block_on(job.read(job.output(output)?))
    }
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
    let chains = Chains::new(opened, backend, &ChainFlags::default(), None)?;
    let free_energy =
        mean_free_energy(&chains.runner, &binarize::test_set(&test.images, Binarization::from(measure.binarization)))?;
    let mut means = vec![0.0; PIXELS];
    for image in train.images.chunks_exact(PIXELS) {
        for (mean, grey) in means.iter_mut().zip(image) {
            *mean += f64::from(*grey) / 255.0 / train.len() as f64;
        }
    }
    let params = backend.slab(opened.checkpoint.to_store(rbm.layout())?.slab())?;
    let mut annealing = Annealing::new(backend, &rbm, &params, &means, ANNEALED)?;
    let bar = progress("annealing", 2 * TEMPERATURES as u64);
    let tick = |_| {
        bar.inc(1);
        Ok(())
    };
    let forward = pollster::block_on(annealing.forward(TEMPERATURES, measure.seed, tick))?;
    let images: Vec<f32> = train.images[..ANNEALED * PIXELS].iter().map(|grey| f32::from(*grey) / 255.0).collect();
    let keys = (0..CHAIN_STEPS.div_ceil(SWEEPS as u32)).map(|run| key_values(measure.seed, run));
    let ends = chains.run(ANNEALED, FROM_GIVEN, &images, keys, "states", &ProgressBar::hidden())?;
    let reverse = pollster::block_on(annealing.reverse(&ends, TEMPERATURES, measure.seed, tick))?;
    bar.finish_and_clear();
    let [nats, nats_reverse] = [forward, reverse].map(|estimate| free_energy + estimate.log_z);
    Ok(Likelihood { free_energy, nats, nats_reverse, forward, reverse })
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
