//! `inkling publish`: a trained model becomes a shipped one: its weights, its row in the catalog, its card, and what the
//! page shows beside it. Every figure in them is measured here.

use std::path::{Path, PathBuf};

use clap::Args;
use half::f16;
use serde::Serialize;

use super::eval::{self, Measure, Report};
use super::output::Output;
use super::{card, weights};
use crate::catalog::{Catalog, Entry, is_id};
use crate::data::mnist::{Dataset, sha256_hex};
use crate::error::{Error, Result};
use crate::metrics::vae::Encodings;
use crate::train::recipe;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A weights file that `inkling train` wrote
    weights: PathBuf,
    /// The catalog's folder
    #[arg(long, default_value = "www/models")]
    folder: PathBuf,
    /// The model's id; by default the recipe's name
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    measure: Measure,
}

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

pub fn run(arguments: &Arguments) -> Result<()> {
    let catalog_path = arguments.folder.join("catalog.json");
    let mut catalog = Catalog::parse(&weights::read(&catalog_path)?)?;
    let bytes = weights::read(&arguments.weights)?;
    let loaded = weights::load(&arguments.weights.display().to_string())?;
    let config = &loaded.model.config;
    let Some(training) = &config.training else {
        return Err(Error::Data(format!(
            "{} does not say how it was trained, so there is nothing to put on its card; publish files of `inkling train`",
            arguments.weights.display()
        )));
    };
    let recipe = recipe::find(&training.recipe)?;
    let id = arguments.id.clone().unwrap_or_else(|| recipe.name.clone());
    if !is_id(&id) {
        return Err(Error::Data(format!("{id:?} is no id: lower-case letters, digits and hyphens")));
    }
    let place = |suffix: &str| Output::check(&arguments.folder.join(format!("{id}{suffix}")));
    let weights_output = place(".safetensors")?;
    let card_output = place(".md")?;
    let page_output = place(".page.json")?;
    let codes_output = (config.z_dim == 2).then(|| place(".codes.bin")).transpose()?;
    let catalog_output = Output::check(&catalog_path)?;

    let data = eval::load_test_set(&arguments.measure.data)?;
    let backend = arguments.measure.backend.open()?;
    let (report, encodings) = eval::measure(&arguments.measure, &loaded.model, &data, &backend)?;

    let entry = Entry {
        id: id.clone(),
        family: "vae".into(),
        title: recipe.title.clone(),
        file: file_name(weights_output.path()),
        bytes: bytes.len() as u64,
        sha256: sha256_hex(&[&bytes]),
        card: file_name(card_output.path()),
    };
    let card = card::text(&entry, &recipe, config, training, loaded.model.weights.parameters(), &report);
    let page = page_file(&report, &encodings, &data)?;
    match catalog.models.iter_mut().find(|other| other.id == id) {
        Some(row) => *row = entry,
        None => catalog.models.push(entry),
    }
    weights_output.write(&bytes)?;
    card_output.write(card.as_bytes())?;
    page_output.write(page.as_bytes())?;
    if let Some(output) = codes_output {
        output.write(&codes_file(&encodings, &data.labels))?;
    }
    // last, when everything that it names is there
    catalog_output.write(catalog.to_json()?.as_bytes())
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

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
