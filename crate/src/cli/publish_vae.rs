//! `inkling publish` of a VAE: what the page shows beside the model, and the figures on its card, are measured here.

use half::f16;
use serde::Serialize;

use super::card;
use super::eval::{self, Measure, Report};
use super::publish::Shelf;
use super::weights::Opened;
use crate::data::mnist::Dataset;
use crate::error::Result;
use crate::metrics::vae::Encodings;

/// `ID.page.json`: what the page shows beside the model without computing it.
#[derive(Debug, Serialize)]
struct PageFile<'a> {
    /// The active latents, the one with the largest KL first.
    active_units: Vec<ActiveUnit>,
    /// The mean encoding of each digit's test images.
    class_means: [Vec<f32>; 10],
    metrics: &'a Report,
}

#[derive(Debug, Serialize)]
struct ActiveUnit {
    unit: usize,
    /// Nats, mean over the test set.
    kl: f64,
}

/// Ships the VAE in `opened`.
///
/// # Errors
/// [`crate::Error::Data`] for a file that does not say how it was trained, or data that cannot be read;
/// [`crate::Error::Io`] for a place that cannot be written; those of measuring.
pub fn publish(opened: Opened, id: Option<&str>, mut shelf: Shelf, measure: &Measure) -> Result<()> {
    let (bytes, sha256) = (opened.bytes as u64, opened.sha256.clone());
    let loaded = opened.vae()?;
    let config = &loaded.model.config;
    let (training, recipe) = shelf.origin(&loaded.path, config.training.as_ref())?;
    let mut package = shelf.package(&loaded.path, id.unwrap_or(&recipe.name))?;
    let page_output = package.beside(".page.json")?;
    let codes_output = (config.z_dim == 2).then(|| package.beside(".codes.bin")).transpose()?;

    let data = eval::load_test_set(&measure.data)?;
    let backend = measure.backend.open()?;
    let (report, encodings) = eval::measure(measure, &loaded.model, &data, &backend)?;

    let entry = package.entry(config.family, &recipe, bytes, sha256);
    let text = card::text(&entry, &recipe, config, training, loaded.model.weights.parameters(), &report);
    package.add(page_output, page_file(&report, &encodings, &data)?.into_bytes());
    if let Some(output) = codes_output {
        package.add(output, codes_file(&encodings, &data.labels));
    }
    shelf.put(package, entry, &text)
}

fn page_file(report: &Report, encodings: &Encodings, data: &Dataset) -> Result<String> {
    let active = report.units.iter().filter(|unit| unit.active);
    super::info::json(&PageFile {
        active_units: active.map(|unit| ActiveUnit { unit: unit.unit, kl: unit.kl }).collect(),
        class_means: encodings.class_means(&data.labels),
        metrics: report,
    })
}

/// For each image two half floats (the posterior mean), then for each image one byte (the digit).
fn codes_file(encodings: &Encodings, labels: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = encodings.mu.iter().flat_map(|mu| f16::from_f32(*mu).to_le_bytes()).collect();
    bytes.extend_from_slice(labels);
    bytes
}
