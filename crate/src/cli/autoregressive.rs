//! Autoregressive models on the command line: digits written place by place, the exact likelihood, the card.

use std::collections::BTreeMap;

use indicatif::{ProgressBar, ProgressStyle};

use super::bench::{Bench, Sampling, Subject, Work};
use super::eval::Measure;
use super::measures::{self, Likelihood, Pixels};
use super::publish::Shelf;
use super::weights::Opened;
use super::{card, card_measures};
use crate::data::binarize::{self, Binarization};
use crate::error::Result;
use crate::metrics::autoregressive::{BATCH, Tone, Writing, log_likelihoods, write_digits};
use crate::models::autoregressive::{self, Autoregressive, AutoregressiveConfig};
use crate::models::network::{Network, Runner};
use crate::train::recipe::limits;

/// The first words of a card.
const ABOUT: &str = "Writes a digit in reading order: each pixel (or patch of 2 x 2) is drawn from a distribution given all that were written
before it. The product of these distributions is p(x), so its likelihood is exact, and any beginning can be finished.";

/// The network in a weights file.
///
/// # Errors
/// [`crate::Error::Checkpoint`] naming what does not fit.
pub fn model(opened: &Opened) -> Result<Autoregressive> {
    autoregressive::network(opened.config::<AutoregressiveConfig>()?)
}

/// Writes `count` digits, 784 values each, 0 or 1.
///
/// # Errors
/// [`crate::Error::Checkpoint`] for the file's content; [`crate::Error::DeviceLost`], [`crate::Error::Gpu`].
pub fn sample(opened: &Opened, runner: &Runner, count: usize, seed: u32, temperature: f32) -> Result<Vec<f32>> {
    let places = model(opened)?.places();
    let bar = bar(count.div_ceil(BATCH) * places, "writing");
    let writing = Writing { count, seed, temperature, places, tone: Tone::Ink };
    let digits = write_digits(runner, writing, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    Ok(digits)
}

/// What an autoregressive model brings to be measured.
///
/// # Errors
/// [`crate::Error::Checkpoint`] for the file, [`crate::Error::NonFinite`] for a model that fits nothing,
/// [`crate::Error::DeviceLost`], [`crate::Error::Gpu`].
pub fn subject(opened: &Opened, bench: &Bench, measure: &Measure) -> Result<Subject> {
    let model = model(opened)?;
    let binarization = Binarization::from(measure.binarization);
    let images = binarize::test_set(&bench.test.images, binarization);
    let runner = Runner::new(&bench.backend, &opened.checkpoint)?;
    let bar = bar(bench.test.len(), "likelihood");
    let nats = log_likelihoods(&runner, &images, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let count = nats.len() as f64;
    let mean = -nats.iter().sum::<f64>() / count;
    let variance = nats.iter().map(|nats| (nats + mean).powi(2)).sum::<f64>() / count;
    let pixels = match binarization {
        Binarization::Threshold => Pixels::Threshold,
        Binarization::Dynamic | Binarization::Grey => Pixels::Dynamic,
    };
    let extra = BTreeMap::from([("standard error of -log p(x), nats".to_string(), (variance / count).sqrt())]);
    let likelihood = Likelihood::exact(mean, pixels, nats.len());
    Ok(Subject { sampling: Some(sampling(&model, runner)?), likelihood: Some(likelihood), extra })
}

/// How an autoregressive model draws digits: from their first pixel on.
///
/// # Errors
/// [`crate::Error::Shape`] when the network cannot be built.
pub fn sampling(model: &Autoregressive, runner: Runner) -> Result<Sampling> {
    let places = model.places();
    let work = Work::of(&model.plan("write", 1)?, places as u64);
    let draw = move |count: usize, seed: u32| {
        let writing = Writing { count, seed, temperature: 1.0, places, tone: Tone::Grey };
        write_digits(&runner, writing, |_| {})
    };
    let setting = format!("{places} runs, temperature 1, probability of ink");
    Ok(Sampling { setting, draw: Box::new(draw), work, known: None })
}

fn bar(length: usize, what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:30} {percent} %, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length as u64).with_style(style).with_message(what.to_string())
}

/// Ships an autoregressive model with the figures that `inkling eval` kept beside it.
///
/// # Errors
/// [`crate::Error::Data`] for a file that does not say how it was trained or was not measured, [`crate::Error::Io`] for a
/// place that cannot be written.
pub fn publish(opened: &Opened, id: Option<&str>, mut shelf: Shelf) -> Result<()> {
    let model = model(opened)?;
    let (training, recipe) = shelf.origin(&opened.path, model.config().training.as_ref())?;
    let measures = measures::of(opened)?;
    let mut package = shelf.package(&opened.path, id.unwrap_or(&recipe.name))?;
    let entry = package.entry(opened.family, &recipe, opened.bytes as u64, opened.sha256.clone());
    let facts = [("data", training.pixels().to_string()), ("loss", "-log p(x), exact".to_string())];
    let text = format!(
        "{}\n{}\n{}\n## Limits\n\n{}\n",
        card::head(&entry, ABOUT, &model.describe(), opened.checkpoint.parameters()),
        card::recipe(&entry, &recipe, training, &facts, "data/mnist", None),
        card_measures::section(&measures),
        limits(&recipe.name)
    );
    measures::ship(&measures, &mut package)?;
    shelf.put(package, entry, &text)
}
