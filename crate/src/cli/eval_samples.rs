//! `inkling eval samples.npy`: the measures of a file of generated digits, wherever they come from.

use std::fmt::Write;
use std::path::Path;

use super::classifier::REFERENCE;
use super::eval::{Measure, load_test_set, warn_if_not_mnist};
use super::info::json;
use super::weights::Opened;
use super::{images, print, weights};
use crate::backend::Backend;
use crate::checkpoint::Checkpoint;
use crate::data::mnist::{Dataset, Split};
use crate::error::Result;
use crate::metrics::features::Extractor;
use crate::metrics::reference::Reference;
use crate::metrics::sample_report::{SampleReport, sample_report};

/// Whether `name` is a file of images and no model.
pub fn is_samples(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npy"))
}

/// Measures the images of a file, N x 28 x 28 in 0 to 1 or bytes.
///
/// # Errors
/// [`crate::Error::Data`] for a file or data set that cannot be used, [`crate::Error::Checkpoint`] for a classifier that
/// is none, [`crate::Error::DeviceLost`], [`crate::Error::Gpu`].
pub fn run(name: &str, measure: &Measure, classifier: &str, as_json: bool) -> Result<()> {
    let (_, pixels) = images::read_npy(Path::new(name))?.into_images(name)?;
    let backend = measure.backend.open()?;
    let classifier = weights::open(classifier)?;
    let (mut extractor, reference) = match shipped(&classifier, measure)? {
        Some(reference) => (Extractor::new(&backend, &classifier.checkpoint)?, reference),
        None => reference(&backend, measure, &classifier)?,
    };
    let report = pollster::block_on(sample_report(&pixels, &mut extractor, &reference, measure.seed))?;
    print(&if as_json { json(&report)? } else { text(&report) })
}

/// What is shipped of the test set's features, where the folder of MNIST is not there. It tells of that.
fn shipped(classifier: &Opened, measure: &Measure) -> Result<Option<Reference>> {
    let path = classifier.path.with_extension(&REFERENCE[1..]);
    if measure.data.exists() || !path.exists() {
        return Ok(None);
    }
    let reference = Reference::from_checkpoint(&Checkpoint::from_bytes(&weights::read(&path)?)?, &classifier.sha256)?;
    eprintln!(
        "{} is not there: measured on the features of test digits in {}, without the memorisation",
        measure.data.display(),
        path.display()
    );
    Ok(Some(reference))
}

/// The classifier, and what it sees in MNIST.
///
/// # Errors
/// As [`run`].
pub fn reference(backend: &Backend, measure: &Measure, classifier: &Opened) -> Result<(Extractor, Reference)> {
    let test = load_test_set(&measure.data)?;
    let train = Dataset::load(&measure.data, Split::Train)?;
    warn_if_not_mnist(&train, &measure.data);
    let mut extractor = Extractor::new(backend, &classifier.checkpoint)?;
    let reference = pollster::block_on(Reference::new(&mut extractor, &test.images, &train.images))?;
    Ok((extractor, reference))
}

/// The report for people.
pub fn text(report: &SampleReport) -> String {
    let mut text = String::new();
    // writing to a String cannot fail
    let _ = writeln!(
        text,
        "{} images against the {} of the test set, on this project's classifier's features",
        report.n, report.reference_images
    );
    let _ = writeln!(
        text,
        "Frechet distance   {:8.2} +- {:.2}  ({:.1} times the floor of {:.2}, real images against real ones)",
        report.fid,
        report.fid_error,
        report.fid / report.fid_floor,
        report.fid_floor
    );
    let [kid, inception, precision, recall, density, coverage, memorisation] = report.words();
    let _ = writeln!(text, "KID x 1000         {kid:>15}");
    let _ = writeln!(text, "inception score    {inception:>15}");
    let _ = writeln!(text, "precision          {precision:>15}  (k = 3)");
    let _ = writeln!(text, "recall             {recall:>15}  (k = 3)");
    let _ = writeln!(text, "density            {density:>15}  (k = 5)");
    let _ = writeln!(text, "coverage           {coverage:>15}  (k = 5)");
    let _ = writeln!(
        text,
        "memorisation       {memorisation:>15}  (distance to the nearest training image, over that of test images)"
    );
    let _ = writeln!(text, "digits 0 to 9      {:?}", report.digits);
    text
}
