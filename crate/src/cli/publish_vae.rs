//! `inkling publish` of a VAE: what the page shows beside the model, and the figures on its card, are measured here.

use half::f16;
use serde::Serialize;

use super::card;
use super::eval::{self, Measure, Report};
use super::publish::Shelf;
use super::weights::Opened;
use crate::catalog::Entry;
use crate::data::mnist::Dataset;
use crate::error::Result;
use crate::metrics::vae::Encodings;
use crate::models::family::Training;
use crate::models::vae_config::VaeConfig;
use crate::train::recipe::{Recipe, limits};

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
    let text = card_text(&entry, &recipe, config, training, loaded.model.weights.parameters(), &report);
    package.add(page_output, page_file(&report, &encodings, &data)?.into_bytes());
    if let Some(output) = codes_output {
        package.add(output, codes_file(&encodings, &data.labels));
    }
    shelf.put(package, entry, &text)
}

fn card_text(
    entry: &Entry,
    recipe: &Recipe,
    config: &VaeConfig,
    training: &Training,
    parameters: usize,
    report: &Report,
) -> String {
    let about = "A variational autoencoder of 28 x 28 digits with a Gaussian posterior, a standard normal prior and Bernoulli pixels.";
    let facts = [
        ("KL weight", format!("from 0 to 1 over {} epochs, then 1", recipe.task.kl_warm_up_epochs())),
        ("training pixels", training.pixels().to_string()),
    ];
    let elbo = report.elbo;
    let metrics = [
        ("-ELBO", format!("{:.2}", elbo.negative_elbo)),
        ("of which reconstruction", format!("{:.2}", elbo.reconstruction)),
        ("of which KL", format!("{:.2}", elbo.kl)),
        (
            &format!("-IWAE, {} draws, first {} test images", report.iwae_samples, report.iwae_images),
            format!("{:.2}", report.negative_iwae),
        ),
        (
            "active latents (variance of the posterior mean above 0.01)",
            format!("{} of {}", report.active_units, config.z_dim),
        ),
    ];
    let data_note = if report.is_published_mnist { "MNIST" } else { "not MNIST as published" };
    let units: Vec<String> =
        report.units.iter().filter(|unit| unit.active).map(|unit| format!("{} ({:.2})", unit.unit, unit.kl)).collect();
    format!(
        "{head}
{made}
## Metrics

On the {test_images} test images ({data_note}), binarised: {binarization}; nats per image, lower is better.

{metrics}
Active latents by their KL in nats: {units}.

    inkling eval {id} --data data/mnist --images {iwae_images} --samples {iwae_samples}

## Limits

{limits}
",
        head = card::head(entry, about, &config.describe(), parameters),
        made = card::recipe(entry, recipe, training, &facts, "data/mnist", None),
        test_images = report.test_images,
        binarization = report.binarization,
        metrics = card::table(&metrics),
        units = units.join(", "),
        id = entry.id,
        iwae_images = report.iwae_images,
        iwae_samples = report.iwae_samples,
        limits = limits(&recipe.name),
    )
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
