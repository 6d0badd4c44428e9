//! `inkling publish` of a denoiser. Its figures are those of its table, which `inkling eval --table` has measured: ten
//! thousand digits for each setting take too long to be measured in passing.

use std::fmt::Write;

use super::card;
use super::eval_denoiser::{Row, read_table, setting_words};
use super::publish::Shelf;
use super::weights::Opened;
use crate::catalog::Entry;
use crate::error::{Error, Result};
use crate::metrics::sample_report::SampleReport;
use crate::models::denoiser_config::{DenoiserConfig, Prediction};
use crate::models::family::Training;
use crate::samplers::path::Path;
use crate::train::recipe::{PAIRS_COMMAND, Recipe, Task, limits};

/// Ships the denoiser in `opened`.
///
/// # Errors
/// [`Error::Data`] for a file that does not say how it was trained, or that nothing was measured of;
/// [`Error::Io`] for a place that cannot be written.
pub fn publish(opened: &Opened, id: Option<&str>, mut shelf: Shelf) -> Result<()> {
    let config: DenoiserConfig = opened.config()?;
    let (training, recipe) = shelf.origin(&opened.path, config.training.as_ref())?;
    let package = shelf.package(&opened.path, id.unwrap_or(&recipe.name))?;
    let table = shelf.folder().join(format!("{}.quality.json", package.id()));
    let rows = read_table(&table, &opened.sha256, shelf.sha256("classifier"))?;
    if rows.is_empty() {
        return Err(Error::Data(format!(
            "nothing was measured of these weights; first: inkling eval {} --table {}",
            opened.path.display(),
            table.display()
        )));
    }
    let entry = package.entry(config.family, &recipe, opened.bytes as u64, opened.sha256.clone());
    let text = card_text(&entry, &recipe, &config, training, opened.checkpoint.parameters(), &rows);
    shelf.put(package, entry, &text)
}

fn card_text(
    entry: &Entry,
    recipe: &Recipe,
    config: &DenoiserConfig,
    training: &Training,
    parameters: usize,
    rows: &[Row],
) -> String {
    let told = if config.conditional { "told the digit's class or that it is not told" } else { "not told the class" };
    let about = format!(
        "Predicts {} in a noisy 28 x 28 digit; {told}. Trained on {}; every sampler walks the path that suits it\n\
         (`DenoiserConfig::evaluation` in crate/src/models/denoiser_config.rs).",
        prediction_words(config.prediction),
        path_words(config.path)
    );
    let (label_dropout, pairs) = match recipe.task {
        Task::Denoiser { label_dropout, pairs, .. } => (label_dropout, pairs),
        _ => (0.0, false),
    };
    let (source, loss, data, first_command) = if pairs {
        (
            "pairs of noise and what the model `diffusion` makes of it (reflow); half of them are looked at from t = 1",
            "pseudo-Huber distance of the prediction over pixels",
            "pairs",
            Some(PAIRS_COMMAND),
        )
    } else {
        let source = "the training images, times stratified over the batch";
        (source, "mean square error of the prediction", "data/mnist", None)
    };
    let facts = [
        ("data", source.to_string()),
        ("loss", loss.to_string()),
        ("labels withheld", format!("{label_dropout} of them")),
    ];
    let first = &rows[0].report;
    format!(
        "{head}
{made}
## Metrics

{n} digits for each setting, classes in turn, against the {reference} test images, on the features of this project's
classifier: not comparable with figures on other features, and never to be called FID alone. Real digits ({n} training
images) have a distance of {floor:.2}.

| sampler | steps | evaluations | {heads} |
|-|-|-|-|-|-|-|-|-|-|-|-|
{table}
    inkling eval {id} --data data/mnist --table www/models/{id}.quality.json

## Limits

{limits}
",
        head = card::head(entry, &about, &config.describe(), parameters),
        made = card::recipe(entry, recipe, training, &facts, data, first_command),
        id = entry.id,
        n = first.n,
        reference = first.reference_images,
        floor = first.fid_floor,
        heads = SampleReport::HEADS,
        table = table(rows),
        limits = limits(&recipe.name),
    )
}

fn table(rows: &[Row]) -> String {
    let mut text = String::new();
    for Row { setting, evaluations, report, .. } in rows {
        // writing to a String cannot fail
        let _ =
            writeln!(text, "| {} | {} | {evaluations} | {} |", setting_words(setting), setting.steps, report.cells());
    }
    text
}

fn prediction_words(prediction: Prediction) -> &'static str {
    match prediction {
        Prediction::Eps => "the noise eps",
        Prediction::X0 => "the clean digit x_0",
        Prediction::V => "v = alpha eps - sigma x_0",
        Prediction::Velocity => "the velocity eps - x_0",
    }
}

fn path_words(path: Path) -> &'static str {
    match path {
        Path::Straight => "straight paths, x_t = (1 - t) x_0 + t eps",
        Path::Cosine => "the cosine schedule",
        Path::Linear => "the textbook's schedule of 1000 steps, beta from 1e-4 to 0.02",
        Path::Simple => "the schedule alpha_bar = 1 - t",
    }
}
