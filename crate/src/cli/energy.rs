//! Energy-based models on the command line: digits by chains, and how likely an RBM finds the test set.

use std::collections::BTreeMap;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::bench::{Bench, Sampling, Subject, Work};
use super::eval::Measure;
use super::jobs::over;
use super::measures::{self, Kind, Likelihood, Pixels};
use super::publish::Shelf;
use super::weights::Opened;
use super::{card, card_measures, images};
use crate::backend::Backend;
use crate::data::PIXELS;
use crate::data::binarize::{self, Binarization};
use crate::data::mnist::{Dataset, Split};
use crate::error::{Error, Result};
use crate::metrics::ais::Annealing;
use crate::models::chain::{FROM_GIVEN, FROM_NOISE, GO_ON};
use crate::models::classifier::CLASSES;
use crate::models::energy::{EnergyConfig, EnergyModel, STEPS};
use crate::models::family::Family;
use crate::models::network::{Network, Runner};
use crate::models::rbm::{Rbm, RbmConfig, SWEEPS};
use crate::ops::key_values;
use crate::train::recipe::{Task, limits};

/// The first words of a card.
const ABOUT: &str = "An energy for every picture: low where digits are. Digits are drawn by chains that wander downhill with some noise, and a
damaged picture is repaired by letting the damaged part wander.";
/// Chains in one run.
const BATCH: usize = 250;
/// Steps of a chain, unless told otherwise: sweeps of an RBM, Langevin steps.
const CHAIN_STEPS: u32 = 1_000;
/// Chains that log Z is estimated from, and the temperatures they pass through.
const ANNEALED: usize = 100;
const TEMPERATURES: usize = 10_000;
/// Sweeps from training images before the walk back begins: far more than a chain takes to forget.
const REVERSE_SWEEPS: u32 = 1_000;

/// How chains are run.
#[derive(Debug, Clone, Args)]
pub struct ChainFlags {
    /// Steps of each chain: an RBM's sweeps or Langevin steps, 1000 by default, or a Markov field's sweeps, 20 by default
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    chain_steps: Option<u32>,
    /// Where chains begin: noise, or images (.npy, N x 28 x 28), which a Markov field cleans
    #[arg(long, default_value = "noise")]
    from: String,
    /// The chains' temperature, what a flow's noise is multiplied by, or an autoregressive model's logits are divided by; 1 is
    /// the model's own
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
            true => Err(Error::Unsupported(
                "--chain-steps and --from are for energy-based models and Markov fields, --temperature for those, flows and \
                 autoregressive models"
                    .into(),
            )),
        }
    }

    /// The temperature, of a model that draws without chains.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when another of the flags is given, [`Error::Data`] for a temperature that is none.
    pub fn only_temperature(&self) -> Result<f32> {
        if self.chain_steps.is_some() || self.from != "noise" {
            return Err(Error::Unsupported("--chain-steps and --from are for energy-based models".into()));
        }
        self.checked_temperature()
    }

    /// The temperature.
    ///
    /// # Errors
    /// [`Error::Data`] for one that is none.
    pub fn checked_temperature(&self) -> Result<f32> {
        match self.temperature >= 0.0 && self.temperature.is_finite() {
            true => Ok(self.temperature as f32),
            false => Err(Error::Data(format!("a temperature of {} is none; 1 is the model's own", self.temperature))),
        }
    }

    /// Steps, where they are told.
    pub fn steps(&self) -> Option<usize> {
        self.chain_steps.map(|steps| steps as usize)
    }

    /// The pictures that the chains begin with.
    ///
    /// # Errors
    /// [`Error::Data`] for a file that holds too few, those of reading it.
    pub fn given(&self, n: usize) -> Result<Option<Vec<f32>>> {
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
    steps: u32,
    flags: ChainFlags,
    /// Inputs that stay the same, one number for all chains.
    constants: Vec<(&'static str, f32)>,
    /// The digit of each chain; by default every one in turn.
    class: Option<u8>,
}

/// What chains begin with, as [`crate::models::chain`] has it.
struct Beginning<'a> {
    begin: f32,
    given: &'a [f32],
    mask: &'a [f32],
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
            let steps = flags.chain_steps.unwrap_or(CHAIN_STEPS);
            return Ok(Chains { runner, job: "langevin", steps_of_a_run: STEPS, steps, flags, constants, class });
        }
        if class.is_some() {
            return Err(Error::Unsupported("an RBM knows no classes; leave --class out".into()));
        }
        if temperature == 0.0 {
            return Err(Error::Data("at a temperature of 0 an RBM's chain divides by it; take 0.01 or more".into()));
        }
        let constants = vec![("temperature", temperature as f32)];
        let steps = flags.chain_steps.unwrap_or(CHAIN_STEPS);
        Ok(Chains { runner, job: "gibbs", steps_of_a_run: SWEEPS, steps, flags, constants, class })
    }

    /// `n` digits in [0, 1], each at the end of a chain of its own.
    ///
    /// # Errors
    /// [`Error::Data`] for pictures that cannot be used, [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn sample(&self, n: usize, seed: u32) -> Result<Vec<f32>> {
        let given = self.flags.given(n)?;
        let batch = n.clamp(1, BATCH);
        let runs = (self.steps as usize).div_ceil(self.steps_of_a_run);
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
            let start = Beginning { begin, given: &start, mask: &vec![0.0; batch * PIXELS] };
            digits.extend(self.run(batch, start, keys, "pixels", &bar)?);
        }
        bar.finish_and_clear();
        digits.truncate(n * PIXELS);
        Ok(digits)
    }

    /// So many steps, in words.
    pub fn steps_in_words(&self, steps: u32) -> String {
        let what = if self.job == "gibbs" { "Gibbs sweeps" } else { "Langevin steps" };
        format!("{steps} {what}")
    }

    /// Chains of `steps` steps from noise that hold the pixels of `given` (784 values in [0, 1] for each chain) fast where
    /// `mask` `[784]` is 1: their last pictures, of the mean pixels where the model has them.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn complete(&self, given: &[f32], mask: &[f32], steps: u32, seed: u32) -> Result<Vec<f32>> {
        let runs = (steps as usize).div_ceil(self.steps_of_a_run);
        let mut pictures = Vec::with_capacity(given.len());
        for (index, given) in given.chunks(BATCH * PIXELS).enumerate() {
            let batch = given.len() / PIXELS;
            let keys = (index * runs..).map(|run| key_values(seed, run as u32)).take(runs);
            let start = Beginning { begin: FROM_NOISE, given, mask: &mask.repeat(batch) };
            pictures.extend(self.run(batch, start, keys, "pixels", &ProgressBar::hidden())?);
        }
        Ok(pictures)
    }

    /// `output` of `batch` chains that run once for each of `keys`.
    fn run(
        &self,
        batch: usize,
        beginning: Beginning,
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
        let Beginning { begin, given, mask } = beginning;
        job.write(job.input("mask")?, mask)?;
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

/// What an energy-based model brings to be measured: digits at the ends of chains that began from noise, and for an RBM
/// the likelihood of the test set.
///
/// # Errors
/// [`Error::Checkpoint`] for its content, [`Error::Data`] for the data sets, those of running it.
pub fn subject(opened: &Opened, bench: &Bench, measure: &Measure) -> Result<Subject> {
    let chains = Chains::new(opened, &bench.backend, &ChainFlags::default(), None)?;
    let (likelihood, extra) = match opened.family {
        Family::Rbm => {
            let (likelihood, extra) = likelihood(opened, &chains, bench, measure)?;
            (Some(likelihood), extra)
        }
        _ => (None, BTreeMap::new()),
    };
    Ok(Subject { sampling: Some(sampling(chains)?), likelihood, extra })
}

/// How an energy-based model draws digits: at the ends of chains that began from noise.
///
/// # Errors
/// [`Error::Shape`] when the network cannot be built.
pub fn sampling(chains: Chains) -> Result<Sampling> {
    let runs = u64::from(chains.steps).div_ceil(chains.steps_of_a_run as u64);
    let work = Work::of(&chains.runner.network().plan(chains.job, 1)?, runs);
    Ok(Sampling {
        setting: format!("{} from noise", chains.steps_in_words(chains.steps)),
        draw: Box::new(move |n, seed| chains.sample(n, seed)),
        work,
        known: None,
    })
}

/// -log p of the test set under an RBM, by annealing in both directions.
fn likelihood(
    opened: &Opened,
    chains: &Chains,
    bench: &Bench,
    measure: &Measure,
) -> Result<(Likelihood, BTreeMap<String, f64>)> {
    let train = Dataset::load(&measure.data, Split::Train)?;
    let rbm = Rbm::new(opened.config()?)?;
    let binarization = Binarization::from(measure.binarization);
    let images = binarize::test_set(&bench.test.images, binarization);
    let energies = over(&chains.runner, "free_energy", &[], &images, "energy")?;
    let free_energy = energies.iter().map(|nats| f64::from(*nats)).sum::<f64>() / energies.len() as f64;
    let mut means = vec![0.0; PIXELS];
    for image in train.images.chunks_exact(PIXELS) {
        for (mean, grey) in means.iter_mut().zip(image) {
            *mean += f64::from(*grey) / 255.0 / train.len() as f64;
        }
    }
    let params = bench.backend.slab(opened.checkpoint.to_store(rbm.layout())?.slab())?;
    let mut annealing = Annealing::new(&bench.backend, &rbm, &params, &means, ANNEALED)?;
    let bar = progress("annealing", 2 * TEMPERATURES as u64);
    let tick = |_| {
        bar.inc(1);
        Ok(())
    };
    let forward = pollster::block_on(annealing.forward(TEMPERATURES, measure.seed, tick))?;
    let images: Vec<f32> = train.images[..ANNEALED * PIXELS].iter().map(|grey| f32::from(*grey) / 255.0).collect();
    let keys = (0..REVERSE_SWEEPS / SWEEPS as u32).map(|run| key_values(measure.seed, run));
    let start = Beginning { begin: FROM_GIVEN, given: &images, mask: &[0.0; ANNEALED * PIXELS] };
    let ends = chains.run(ANNEALED, start, keys, "states", &ProgressBar::hidden())?;
    let reverse = pollster::block_on(annealing.reverse(&ends, TEMPERATURES, measure.seed, tick))?;
    bar.finish_and_clear();
    let nats = free_energy + forward.log_z;
    let likelihood = Likelihood {
        kind: Kind::Ais,
        nats,
        bits_per_dimension: measures::bits_per_dimension(nats),
        spread: forward.low.is_finite().then_some((forward.high - forward.low) / 6.0),
        pixels: match binarization {
            Binarization::Threshold => Pixels::Threshold,
            Binarization::Dynamic | Binarization::Grey => Pixels::Dynamic,
        },
        images: bench.test.len(),
    };
    let extra = [
        ("log Z", forward.log_z),
        ("log Z, three standard errors lower", forward.low),
        ("log Z, three standard errors higher", forward.high),
        ("log Z, annealed back from long chains", reverse.log_z),
        ("-log p(x) by annealing back, nats", free_energy + reverse.log_z),
        ("spread of the log weights", forward.spread),
        ("spread of the log weights annealed back", reverse.spread),
        ("mean free energy of the test images, nats", free_energy),
        ("annealed chains", ANNEALED as f64),
        ("temperatures", TEMPERATURES as f64),
    ];
    // three standard errors may leave nothing below
    let extra = extra.into_iter().filter(|(_, value)| value.is_finite());
    Ok((likelihood, extra.map(|(name, value)| (name.to_string(), value)).collect()))
}

/// Ships an energy-based model with the figures that `inkling eval` kept beside it.
///
/// # Errors
/// [`Error::Data`] for a file that does not say how it was trained or was not measured, [`Error::Io`] for a place that
/// cannot be written.
pub fn publish(opened: &Opened, id: Option<&str>, mut shelf: Shelf) -> Result<()> {
    let (network, training) = match opened.family {
        Family::Rbm => opened
            .config::<RbmConfig>()
            .map(|config| (Rbm::new(config.clone()).map(|rbm| rbm.describe()), config.training)),
        _ => opened
            .config::<EnergyConfig>()
            .map(|config| (EnergyModel::new(config.clone()).map(|model| model.describe()), config.training)),
    }?;
    let (training, recipe) = shelf.origin(&opened.path, training.as_ref())?;
    let measures = measures::of(opened)?;
    let mut package = shelf.package(&opened.path, id.unwrap_or(&recipe.name))?;
    let entry = package.entry(opened.family, &recipe, opened.bytes as u64, opened.sha256.clone());
    let facts = match &recipe.task {
        Task::Rbm { chains, .. } => vec![
            ("data", training.pixels().to_string()),
            (
                "loss",
                format!(
                    "-log p(x), its gradient by persistent contrastive divergence with {chains} chains, a sweep a step; centred"
                ),
            ),
            (
                "optimizer",
                format!("plain gradient descent, learning rate {}, half a cosine to 0", recipe.learning_rate),
            ),
        ],
        Task::Energy { model, chains } => vec![
            ("data", format!("grey values in -1 to 1 with noise of {}, and their digits", chains.image_noise)),
            (
                "loss",
                format!(
                    "mean energy of the images less that of the chains, {} times the squares of both and {} times the cross-entropy",
                    chains.regularisation, chains.classification
                ),
            ),
            (
                "chains",
                format!(
                    "{} Langevin steps of size {} with noise of {}, from a buffer of {} chains, of which {} % begin anew",
                    chains.steps,
                    model.step_size,
                    model.noise,
                    chains.replay,
                    100.0 * chains.fresh
                ),
            ),
        ],
        _ => Vec::new(),
    };
    let text = format!(
        "{}\n{}\n{}\n## Limits\n\n{}\n",
        card::head(&entry, ABOUT, &network?, opened.checkpoint.parameters()),
        card::recipe(&entry, &recipe, training, &facts, "data/mnist", None),
        card_measures::section(&measures),
        limits(&recipe.name)
    );
    measures::ship(&measures, &mut package)?;
    shelf.put(package, entry, &text)
}
