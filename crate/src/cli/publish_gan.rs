//! `inkling publish` of a GAN: its card, and for the page the directions of its code that change the picture most.

use nalgebra::{DMatrix, SymmetricEigen};
use serde::Serialize;

use super::gan::Sampler;
use super::publish::Shelf;
use super::weights::Opened;
use super::{card, card_measures, measures};
use crate::backend::Backend;
use crate::catalog::Entry;
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::models::gan_config::{GanConfig, Generator};
use crate::models::gan_step::{Loss, Regulariser};
use crate::models::gan_style::STYLE_LAYERS;
use crate::train::recipe::{Recipe, Task, limits};

/// Directions that the page shows.
const DIRECTIONS: usize = 8;
/// Codes of each digit that the means and spreads of a style-based generator's codes are taken of.
const CODES: usize = 400;

/// `ID.page.json`: what the page shows beside the model without computing it.
#[derive(Debug, Serialize)]
struct PageFile {
    /// `z`, or `w` of a style-based generator.
    space: &'static str,
    /// The one that changes most first.
    directions: Vec<Direction>,
    /// The mean code w of each digit, which a truncation draws codes to; none where the directions are of z.
    means: Vec<Vec<f32>>,
}

/// A unit vector of codes.
#[derive(Debug, Serialize)]
struct Direction {
    vector: Vec<f32>,
    /// How much the first layers' outputs change along it, as a part of the sum over all directions.
    share: f64,
    /// Standard deviation of codes along it.
    spread: f64,
}

/// Ships the GAN in `opened`.
///
/// # Errors
/// [`Error::Data`] for a file that does not say how it was trained, or that nothing was measured of; [`Error::Io`] for a
/// place that cannot be written.
pub fn publish(opened: &Opened, id: Option<&str>, mut shelf: Shelf) -> Result<()> {
    let config: GanConfig = opened.config()?;
    let (training, recipe) = shelf.origin(&opened.path, config.training.as_ref())?;
    let mut package = shelf.package(&opened.path, id.unwrap_or(&recipe.name))?;
    let figures = measures::of(opened)?;
    let page = page_file(opened, &config)?;
    let page_output = package.beside(".page.json")?;
    package.add(page_output, super::info::json(&page)?.into_bytes());
    measures::ship(&figures, &mut package)?;
    let entry = package.entry(config.family, &recipe, opened.bytes as u64, opened.sha256.clone());
    let parameters = opened.checkpoint.parameters();
    let (adversary, described) = match &recipe.task {
        Task::Gan { adversary, model, .. } => (adversary, model.describe()?),
        _ => return Err(Error::Data(format!("{} is no recipe of a GAN", recipe.name))),
    };
    let about = about(&entry, &config, &recipe);
    let facts = [
        ("loss", loss_words(adversary.loss).to_string()),
        ("regulariser of the discriminator", regulariser_words(adversary.regulariser)),
        ("its dropout", adversary.dropout.to_string()),
        ("its learning rate", format!("{} times the generator's", adversary.discriminator_rate)),
    ];
    let text = format!(
        "{head}\n{made}\n{figures}\n## Limits\n\n{limits}\n",
        head = card::head(&entry, &about, &described, parameters),
        made = card::recipe(&entry, &recipe, training, &facts, "data/mnist", None),
        figures = card_measures::section(&measures::Measures {
            command: figures.command.replacen(&format!(" {} ", figures.id), &format!(" {} ", entry.id), 1),
            ..figures
        }),
        limits = limits(&recipe.name),
    );
    shelf.put(package, entry, &text)
}

fn about(entry: &Entry, config: &GanConfig, recipe: &Recipe) -> String {
    let told = if config.conditional { "Both networks are told the digit." } else { "No network is told the digit." };
    let holds = if config.discriminator.is_empty() {
        "the generator alone"
    } else {
        "the generator (a moving average of its weights) and the discriminator as it was at the end"
    };
    format!(
        "A generator of 28 x 28 digits, trained against a discriminator ({} in crate/src/train/recipes_gan.rs).\n\
         {told} {} holds\n{holds}.\n\
         Its directions in the side file are the singular vectors of the first layers that read the code\n\
         (Shen and Zhou 2021).",
        recipe.name, entry.file
    )
}

fn loss_words(loss: Loss) -> &'static str {
    match loss {
        Loss::NonSaturating => "binary cross-entropy, non-saturating (Goodfellow et al. 2014)",
        Loss::Hinge => "hinge (Miyato et al. 2018)",
        Loss::Wasserstein => "difference of mean scores (Arjovsky et al. 2017)",
        Loss::Relativistic => "binary cross-entropy of differences of scores (Huang et al. 2024)",
    }
}

fn regulariser_words(regulariser: Regulariser) -> String {
    let part = |share: usize| if share > 1 { format!(", on 1 of {share} images of a batch") } else { String::new() };
    match regulariser {
        Regulariser::None => "none".into(),
        Regulariser::SpectralNorm => "spectral norm of every weight (Miyato et al. 2018)".into(),
        Regulariser::R1 { gamma, share } => {
            format!("R1, gamma = {gamma}{} (Mescheder et al. 2018)", part(share))
        }
        Regulariser::GradientPenalty { lambda, share } => {
            format!("gradient penalty, lambda = {lambda}{} (Gulrajani et al. 2017)", part(share))
        }
    }
}

fn page_file(opened: &Opened, config: &GanConfig) -> Result<PageFile> {
    let Generator::Style(_) = config.generator else {
        let first = readers(&opened.checkpoint, &["generator.0.weight"], config.z_dim)?;
        return Ok(PageFile { space: "z", directions: directions(&first, |_| 1.0), means: Vec::new() });
    };
    let names: Vec<String> = (0..STYLE_LAYERS).map(|layer| format!("generator.{layer}.style.weight")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sampler = Sampler::new(opened, &Backend::Cpu)?;
    let codes = sampler.codes(CODES, 0)?;
    let width = codes.width;
    let means = codes.means();
    let deviations = codes.deviations(&means);
    let first = readers(&opened.checkpoint, &names, width)?;
    let spread = |vector: &[f32]| {
        let along = |row: &[f32]| row.iter().zip(vector).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let squares: f64 = deviations.chunks_exact(width).map(|row| along(row).powi(2)).sum();
        (squares / (deviations.len() / width) as f64).sqrt()
    };
    Ok(PageFile { space: "w", directions: directions(&first, spread), means })
}

/// The first `width` columns of the matrices called `names`, one below the other.
fn readers(checkpoint: &Checkpoint, names: &[&str], width: usize) -> Result<DMatrix<f64>> {
    let mut rows = Vec::new();
    for name in names {
        let found = checkpoint.tensors.get(*name).filter(|tensor| tensor.shape.len() == 2 && tensor.shape[1] >= width);
        let tensor = found.ok_or_else(|| Error::Checkpoint(format!("{name} is no layer that reads a code")))?;
        for row in tensor.values.chunks_exact(tensor.shape[1]) {
            rows.extend(row[..width].iter().map(|value| f64::from(*value)));
        }
    }
    Ok(DMatrix::from_row_slice(rows.len() / width, width, &rows))
}

/// The eigenvectors of A^T A (Shen and Zhou 2021, eq. 8), each with the sign that makes its largest entry positive.
fn directions(matrix: &DMatrix<f64>, spread: impl Fn(&[f32]) -> f64) -> Vec<Direction> {
    let eigen = SymmetricEigen::new(matrix.transpose() * matrix);
    let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    order.sort_by(|a, b| eigen.eigenvalues[*b].total_cmp(&eigen.eigenvalues[*a]));
    let total: f64 = eigen.eigenvalues.iter().sum();
    order.truncate(DIRECTIONS);
    let direction = |index: usize| {
        let column = eigen.eigenvectors.column(index);
        let largest = column.iter().fold(0.0f64, |best, value| if value.abs() > best.abs() { *value } else { best });
        // four decimals are more than the eye tells
        let rounded = |value: &f64| (1e4 * value * largest.signum()).round() / 1e4;
        let vector: Vec<f32> = column.iter().map(|value| rounded(value) as f32).collect();
        Direction { share: eigen.eigenvalues[index] / total, spread: spread(&vector), vector }
    };
    order.into_iter().map(direction).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_are_ranked_unit_vectors() {
        let matrix = DMatrix::from_row_slice(3, 2, &[0.0, 3.0, 1.0, 0.0, 0.0, -4.0]);
        let found = directions(&matrix, |vector| f64::from(vector[1]));
        assert_eq!(found.len(), 2);
        assert!((found[0].vector[1] - 1.0).abs() < 1e-6 && found[0].vector[0].abs() < 1e-6, "{found:?}");
        assert!((found[0].share - 25.0 / 26.0).abs() < 1e-9 && (found[0].spread - 1.0).abs() < 1e-6);
    }

    #[test]
    fn every_recipe_has_words() {
        for recipe in crate::train::recipes_gan::recipes() {
            let Task::Gan { adversary, .. } = &recipe.task else { panic!("{} is of another family", recipe.name) };
            assert!(!loss_words(adversary.loss).is_empty() && !regulariser_words(adversary.regulariser).is_empty());
            assert!(limits(&recipe.name).len() > 40);
        }
    }
}
