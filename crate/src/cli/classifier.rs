//! `inkling eval` and `inkling publish` of the classifier whose features the measures use.

use std::fmt::Write;

use serde::Serialize;

use super::card;
use super::eval::{Measure, load_test_set};
use super::info::json;
use super::print;
use super::publish::Shelf;
use super::weights::Opened;
use crate::backend::Backend;
use crate::catalog::Entry;
use crate::checkpoint::{Checkpoint, Precision};
use crate::data::mnist::{Dataset, Split};
use crate::error::{Error, Result};
use crate::metrics::features::{self, Extractor, Features};
use crate::metrics::reference::Reference;
use crate::models::classifier::CLASSES;
use crate::train::recipe::Recipe;

/// How the file of its features of real digits is called, behind the classifier's id.
pub const REFERENCE: &str = ".reference.safetensors";

/// How well a classifier tells the digits of the test set.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether the data are MNIST as published.
    pub is_published_mnist: bool,
    /// Images of the test set.
    pub test_images: usize,
    /// Part of them whose most probable digit is the right one.
    pub accuracy: f64,
    /// Number of the others.
    pub errors: usize,
    /// -log p(digit | image), mean in nats.
    pub cross_entropy: f64,
    /// Errors among the images of each digit.
    pub errors_of_digits: [usize; CLASSES],
}

/// Prints the report of a classifier.
///
/// # Errors
/// [`Error::Checkpoint`] for its content, [`Error::Data`] for the test set, [`Error::DeviceLost`], [`Error::Gpu`].
pub fn run(opened: &Opened, measure: &Measure, as_json: bool) -> Result<()> {
    let data = load_test_set(&measure.data)?;
    let backend = measure.backend.open()?;
    let report = evaluate(&opened.checkpoint, &data, &backend)?;
    print(&if as_json { json(&report)? } else { text(&report) })
}

/// How well the classifier of a weights file tells the digits of `data`.
///
/// # Errors
/// [`Error::Checkpoint`] for its content, [`Error::DeviceLost`], [`Error::Gpu`].
pub fn evaluate(checkpoint: &Checkpoint, data: &Dataset, backend: &Backend) -> Result<Report> {
    let mut extractor = Extractor::new(backend, checkpoint)?;
    let features = pollster::block_on(extractor.extract_bytes(&data.images))?;
    Ok(compare(&features, data))
}

fn compare(features: &Features, data: &Dataset) -> Report {
    let mut errors_of_digits = [0; CLASSES];
    for (found, label) in features.digits().iter().zip(&data.labels) {
        errors_of_digits[usize::from(*label)] += usize::from(found != label);
    }
    let of_label = |(row, label): (&[f64], &u8)| -row[usize::from(*label)].max(f64::MIN_POSITIVE).ln();
    let cross_entropy: f64 = features.probabilities.chunks_exact(CLASSES).zip(&data.labels).map(of_label).sum();
    let errors: usize = errors_of_digits.iter().sum();
    Report {
        is_published_mnist: data.is_published_mnist,
        test_images: data.len(),
        accuracy: 1.0 - errors as f64 / data.len() as f64,
        errors,
        cross_entropy: cross_entropy / data.len() as f64,
        errors_of_digits,
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    // writing to a String cannot fail
    let _ = writeln!(
        text,
        "accuracy       {:.2} %  ({} errors in {} test images)",
        100.0 * report.accuracy,
        report.errors,
        report.test_images
    );
    let _ = writeln!(text, "cross-entropy  {:.4} nats", report.cross_entropy);
    let _ = writeln!(text, "errors of the digits 0 to 9: {:?}", report.errors_of_digits);
    text
}

/// Ships a classifier: its weights, its row in the catalog, what it sees in the test set, and its card, with figures that
/// are measured here.
///
/// # Errors
/// As [`run`]; [`Error::Io`] for a place that cannot be written.
pub fn publish(opened: &Opened, id: Option<&str>, mut shelf: Shelf, measure: &Measure) -> Result<()> {
    let config = features::config(&opened.checkpoint)?;
    let (_, recipe) = shelf.origin(&opened.path, config.training.as_ref())?;
    let mut package = shelf.package(&opened.path, id.unwrap_or(&recipe.name))?;

    let data = load_test_set(&measure.data)?;
    let train = Dataset::load(&measure.data, Split::Train)?;
    let backend = measure.backend.open()?;
    let report = evaluate(&opened.checkpoint, &data, &backend)?;
    let mut extractor = Extractor::new(&backend, &opened.checkpoint)?;
    let reference = pollster::block_on(Reference::new(&mut extractor, &data.images, &train.images))?;

    let shipped = reference.to_checkpoint(&opened.sha256)?.to_bytes(Precision::Half)?;
    package.add(package.beside(REFERENCE)?, shipped);
    let entry = package.entry(config.family, &recipe, opened.bytes as u64, opened.sha256.clone());
    let text = card_text(&entry, opened, &recipe, &report, reference.fid_floor())?;
    shelf.put(package, entry, &text)
}

fn card_text(entry: &Entry, opened: &Opened, recipe: &Recipe, report: &Report, floor: f64) -> Result<String> {
    let config = features::config(&opened.checkpoint)?;
    let training =
        config.training.as_ref().ok_or_else(|| Error::Data("the file does not say how it was trained".into()))?;
    let about = format!(
        "Tells the digit of a 28 x 28 image. Its {} features, the activations behind the first fully connected layer, are\n\
         what generated digits are measured on: Frechet distance, kernel distance, precision and recall and the others of\n\
         `inkling eval`. Figures on these features compare with each other, not with those of other networks.",
        config.features
    );
    let facts = [
        ("data", "the training images, each moved by up to 2 pixels along each axis".to_string()),
        ("loss", "cross-entropy of the label; dropout of 0.25 before each fully connected layer".to_string()),
    ];
    let data_note = if report.is_published_mnist { "MNIST" } else { "not MNIST as published" };
    Ok(format!(
        "{head}
{made}
## Metrics

On the {test_images} test images ({data_note}):

| | |
|-|-|
| accuracy | {accuracy:.2} % ({errors} errors) |
| cross-entropy | {cross_entropy:.4} nats |
| errors of the digits 0 to 9 | {errors_of_digits} |
| Frechet distance of the first 10,000 training images to the test set, the floor of all such distances | {floor:.2} |

    inkling eval {id} --data data/mnist

## Limits

It has seen digits only: of a picture that is none it still names one, often with great certainty. Training images were
moved, not turned or scaled. Its features know strokes as far as they tell digits apart; a flaw that no digit is told by,
such as a soft edge, may weigh less on them than on an eye.
",
        head = card::head(entry, &about, &config.describe(), opened.checkpoint.parameters()),
        made = card::recipe(entry, recipe, training, &facts, "data/mnist", None),
        id = entry.id,
        test_images = report.test_images,
        accuracy = 100.0 * report.accuracy,
        errors = report.errors,
        cross_entropy = report.cross_entropy,
        errors_of_digits = report.errors_of_digits.map(|count| count.to_string()).join(", "),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_by_digit() {
        let data = Dataset { images: vec![], labels: vec![1, 3, 3], is_published_mnist: false };
        let sure = |digit: usize| (0..CLASSES).map(move |class| if class == digit { 0.91 } else { 0.01 });
        let probabilities = sure(1).chain(sure(3)).chain(sure(8)).collect();
        let report = compare(&Features { width: 1, values: vec![0.0; 3], probabilities }, &data);
        assert_eq!((report.errors, report.errors_of_digits[3]), (1, 1));
        assert!((report.accuracy - 2.0 / 3.0).abs() < 1e-12);
        assert!((report.cross_entropy + (2.0 * 0.91f64.ln() + 0.01f64.ln()) / 3.0).abs() < 1e-12);
        assert!(text(&report).contains("66.67 %"));
    }
}
