//! A flow on the command line: digits from noise, the exact likelihood of the test set, its card.

use std::collections::BTreeMap;

use super::bench::{Bench, Sampling, Subject, Work};
use super::measures::{self, Likelihood, Pixels};
use super::publish::Shelf;
use super::weights::Opened;
use super::{card, card_measures};
use crate::data::PIXELS;
use crate::data::mnist::Dataset;
use crate::error::{Error, Result};
use crate::models::classifier::CLASSES;
use crate::models::flow::Flow;
use crate::models::flow_config::FlowConfig;
use crate::models::network::{Network, Runner};
use crate::ops::key_values;
use crate::train::recipe::limits;

/// The first words of a card.
const ABOUT: &str = "A map between pictures and noise that loses nothing: every digit is one point of the noise, every point one picture, and
the exact probability of a picture is the noise's times the map's change of volume. Each coupling moves some of the pixels
through the distribution function of a mixture of logistics, which the bytes of other pixels and the class decide. The
likelihood of a picture alone is p(x) = the mean of p(x | class) over the classes.";
/// Pictures in one run.
const BATCH: usize = 250;

/// Draws `n` digits, 784 grey values in [0, 1] each, of `class` or of every class in turn.
///
/// # Errors
/// [`Error::NonFinite`] when the digits are no numbers, [`Error::DeviceLost`], [`Error::Gpu`].
pub fn sample(runner: &Runner, n: usize, seed: u32, class: Option<u8>, temperature: f32) -> Result<Vec<f32>> {
    let batch = BATCH.min(n);
    let job = runner.job("sample", batch)?;
    let job = &mut *job.borrow_mut();
    let (label, key, scale) = (job.input("label")?, job.input("key")?, job.input("temperature")?);
    let pixels = job.output("pixels")?;
    let mut images: Vec<f32> = Vec::with_capacity(n * PIXELS);
    for (run, first) in (0..n).step_by(batch).enumerate() {
        let classes = (first..first + batch).map(|digit| class.map_or((digit % CLASSES) as f32, f32::from));
        job.write(label, &classes.collect::<Vec<_>>())?;
        job.write(key, &key_values(seed, run as u32))?;
        job.write(scale, &[temperature])?;
        job.run()?;
        images.extend(pollster::block_on(job.read(pixels))?);
    }
    images.truncate(n * PIXELS);
    if images.iter().any(|value| !value.is_finite()) {
        return Err(Error::NonFinite("the flow's digits are no finite numbers; try a lower temperature".into()));
    }
    Ok(images)
}

/// What the likelihoods of a set under each of the classes come to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Totals {
    images: usize,
    /// -log p(x), classes being equally frequent.
    nats: f64,
    /// -log p(x | class) of the right class.
    nats_given_class: f64,
    /// Pictures whose most likely class is the right one.
    right: usize,
}

impl Totals {
    /// Adds a picture of the class `label` by log p(x | class) of each class.
    fn add(&mut self, logs: [f64; CLASSES], label: usize) {
        let best = (0..CLASSES).fold(0, |best, class| if logs[class] > logs[best] { class } else { best });
        self.images += 1;
        self.nats -= mean_likelihood(&logs);
        self.nats_given_class -= logs[label];
        self.right += usize::from(best == label);
    }
}

/// log p(x | class) in nats of the dequantised pictures `images` (784 bytes each) for each class, a picture with the same
/// noise for all of them.
///
/// # Errors
/// [`Error::NonFinite`] when one is no number, [`Error::DeviceLost`], [`Error::Gpu`].
pub fn class_likelihoods(runner: &Runner, images: &[u8], seed: u32) -> Result<Vec<[f64; CLASSES]>> {
    let job = runner.job("likelihood", BATCH)?;
    let job = &mut *job.borrow_mut();
    let (x, label, key) = (job.input("x")?, job.input("label")?, job.input("key")?);
    let log_likelihood = job.output("log_likelihood")?;
    let mut logs = vec![[0.0; CLASSES]; images.len() / PIXELS];
    for (run, (images, logs)) in images.chunks(BATCH * PIXELS).zip(logs.chunks_mut(BATCH)).enumerate() {
        let mut pixels: Vec<f32> = images.iter().map(|&grey| f32::from(grey) / 255.0).collect();
        pixels.resize(BATCH * PIXELS, 0.0);
        job.write(x, &pixels)?;
        job.write(key, &key_values(seed, run as u32))?;
        for class in 0..CLASSES {
            job.write(label, &[class as f32; BATCH])?;
            job.run()?;
            let values = pollster::block_on(job.read(log_likelihood))?;
            logs.iter_mut().zip(values).for_each(|(logs, value)| logs[class] = f64::from(value));
        }
    }
    if logs.iter().flatten().any(|log| !log.is_finite()) {
        return Err(Error::NonFinite("a likelihood is no finite number: the weights are damaged".into()));
    }
    Ok(logs)
}

/// log p(x) of a picture by log p(x | class) of each class, which are equally frequent.
pub fn mean_likelihood(logs: &[f64; CLASSES]) -> f64 {
    let best = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logs.iter().map(|log| (log - best).exp()).sum();
    best + (sum / CLASSES as f64).ln()
}

/// Exact likelihoods of the pictures of `data`.
fn likelihood(runner: &Runner, data: &Dataset, seed: u32) -> Result<Totals> {
    let logs = class_likelihoods(runner, &data.images, seed)?;
    let mut totals = Totals::default();
    data.labels.iter().zip(logs).for_each(|(label, logs)| totals.add(logs, usize::from(*label)));
    Ok(totals)
}

/// The largest difference of a pixel after a round trip through the noise, as a part of the grey range.
fn round_trip(runner: &Runner, data: &Dataset, seed: u32) -> Result<f64> {
    let job = runner.job("encode", BATCH)?;
    let job = &mut *job.borrow_mut();
    let [x, label, key, spread] = ["x", "label", "key", "spread"].map(|name| job.input(name));
    let (x, label, key, error) = (x?, label?, key?, job.output("error")?);
    job.write(spread?, &[1.0])?;
    let (mut pixels, mut classes, mut most) = (vec![0.0; BATCH * PIXELS], vec![0.0; BATCH], 0.0);
    for (run, (images, labels)) in data.images.chunks(BATCH * PIXELS).zip(data.labels.chunks(BATCH)).enumerate() {
        pixels.iter_mut().zip(images).for_each(|(value, grey)| *value = f32::from(*grey) / 255.0);
        classes.iter_mut().zip(labels).for_each(|(value, label)| *value = f32::from(*label));
        job.write(x, &pixels)?;
        job.write(label, &classes)?;
        job.write(key, &key_values(seed, run as u32))?;
        let errors = pollster::block_on(job.run_and_read(&[error]))?;
        most = errors[..labels.len()].iter().fold(most, |most, &error| f64::max(most, f64::from(error)));
    }
    Ok(most)
}

/// What a flow brings to be measured.
///
/// # Errors
/// [`Error::Checkpoint`] for its content, [`Error::NonFinite`] for weights that are damaged, those of running it.
pub fn subject(opened: &Opened, bench: &Bench) -> Result<Subject> {
    let runner = Runner::new(&bench.backend, &opened.checkpoint)?;
    let totals = likelihood(&runner, &bench.test, bench.seed)?;
    let count = totals.images as f64;
    let per_dimension = count * PIXELS as f64 * std::f64::consts::LN_2;
    let error = format!("round trip error of {} images at worst, part of the grey range", bench.test.len());
    let extra = [
        ("bits per dimension given the class", totals.nats_given_class / per_dimension),
        ("test accuracy of the most likely class", totals.right as f64 / count),
        (&*error, round_trip(&runner, &bench.test, bench.seed)?),
    ];
    Ok(Subject {
        sampling: Some(sampling(runner)?),
        likelihood: Some(Likelihood::exact(totals.nats / count, Pixels::Dequantised, totals.images)),
        extra: BTreeMap::from(extra.map(|(name, value)| (name.to_string(), value))),
    })
}

/// How a flow draws digits.
///
/// # Errors
/// [`Error::Shape`] when the network cannot be built.
pub fn sampling(runner: Runner) -> Result<Sampling> {
    let work = Work::of(&runner.network().plan("sample", 1)?, 1);
    Ok(Sampling {
        setting: "temperature 1".into(),
        draw: Box::new(move |n, seed| sample(&runner, n, seed, None, 1.0)),
        work,
        known: None,
    })
}

/// Ships a flow with the figures that `inkling eval` kept beside it.
///
/// # Errors
/// [`Error::Data`] for a file that does not say how it was trained or was not measured, [`Error::Io`] for a place that
/// cannot be written.
pub fn publish(opened: &Opened, id: Option<&str>, mut shelf: Shelf) -> Result<()> {
    let config = opened.config::<FlowConfig>()?;
    let network = Flow::new(config.clone())?.describe();
    let (training, recipe) = shelf.origin(&opened.path, config.training.as_ref())?;
    let measures = measures::of(opened)?;
    let mut package = shelf.package(&opened.path, id.unwrap_or(&recipe.name))?;
    let entry = package.entry(opened.family, &recipe, opened.bytes as u64, opened.sha256.clone());
    let facts = [
        ("data", "256 grey values, dequantised with uniform noise drawn anew; the class is told".to_string()),
        ("loss", "-log p(x | class) in bits per dimension, exact".to_string()),
        ("lowest grey value", format!("takes {} of the unit interval in front of the logit", config.paper)),
    ];
    let text = format!(
        "{}\n{}\n{}\n## Limits\n\n{}\n",
        card::head(&entry, ABOUT, &network, opened.checkpoint.parameters()),
        card::recipe(&entry, &recipe, training, &facts, "data/mnist", None),
        card_measures::section(&measures),
        limits(&recipe.name)
    );
    measures::ship(&measures, &mut package)?;
    shelf.put(package, entry, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_as_likely_as_its_classes_are_in_the_mean() {
        let mut totals = Totals::default();
        let mut logs = [-2000.0; CLASSES];
        (logs[3], logs[7]) = (-900.0, -900.0 - 3f64.ln());
        totals.add(logs, 7);
        assert_eq!((totals.images, totals.right), (1, 0));
        // (1 + 1/3) e^-900 over ten classes
        assert!((totals.nats - 900.0 + (4.0f64 / 30.0).ln()).abs() < 1e-9, "{}", totals.nats);
        assert!((totals.nats_given_class - 900.0 - 3f64.ln()).abs() < 1e-9);
    }
}
