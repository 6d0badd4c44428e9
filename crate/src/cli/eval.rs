//! `inkling eval`: a VAE's bounds on the likelihood of the test set and its active latents; other families have files of
//! their own.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::backend::Choice;
use super::info::json;
use super::{bench, classifier, eval_all, eval_denoiser, eval_samples, print, tasks, weights};
use crate::backend::Backend;
use crate::data::binarize::{self, Binarization};
use crate::data::mnist::{Dataset, Split};
use crate::error::{Error, Result};
use crate::metrics::vae::{ACTIVE_VARIANCE, Encodings, Unit};
use crate::metrics::vae_likelihood::{self, Elbo};
use crate::models::family::Family;
use crate::models::vae_adopt::Adopted;
use crate::models::vae_run::VaeRunner;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A weights file, the id of a model in www/models/catalog.json, images (.npy, N x 28 x 28) to measure, `all`: the
    /// table of all models, or `tasks`: what they are good for
    weights: String,
    #[command(flatten)]
    pub measure: Measure,
    #[command(flatten)]
    denoiser: eval_denoiser::Flags,
    #[command(flatten)]
    tasks: tasks::TaskFlags,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is measured and on what; `publish` takes the same flags.
#[derive(Debug, Args)]
pub struct Measure {
    /// The folder of the four MNIST files
    #[arg(long, default_value = "data/mnist")]
    pub data: PathBuf,
    /// How the test pixels become 0 and 1
    #[arg(long, value_enum, default_value_t = BinarizationFlag::Dynamic)]
    pub binarization: BinarizationFlag,
    /// Test images for the importance-weighted bound (the first ones)
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub images: u32,
    /// Posterior draws for each image in the importance-weighted bound
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub samples: u32,
    /// Seed of the posterior draws
    #[arg(long, default_value_t = 0)]
    pub seed: u32,
    /// Where to compute
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    pub backend: Choice,
}

/// The binarisations in which a likelihood is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum BinarizationFlag {
    /// Each pixel is Bernoulli of its grey value, drawn once with a fixed seed
    Dynamic,
    /// 1 where the grey value is above one half
    Threshold,
}

impl From<BinarizationFlag> for Binarization {
    fn from(flag: BinarizationFlag) -> Binarization {
        match flag {
            BinarizationFlag::Dynamic => Binarization::Dynamic,
            BinarizationFlag::Threshold => Binarization::Threshold,
        }
    }
}

/// Everything that is measured; nats per image.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The words for how the test pixels were binarised.
    pub binarization: &'static str,
    /// Whether the data are MNIST as published.
    pub is_published_mnist: bool,
    /// Test images behind the ELBO and the active units.
    pub test_images: usize,
    /// The negative ELBO.
    #[serde(flatten)]
    pub elbo: Elbo,
    /// The negative importance-weighted bound.
    pub negative_iwae: f64,
    /// Images behind it.
    pub iwae_images: usize,
    /// Draws for each of these images.
    pub iwae_samples: usize,
    /// Number of active latents.
    pub active_units: usize,
    /// Every latent, the one with the largest KL first.
    pub units: Vec<Unit>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { weights: name, measure: flags, denoiser, tasks, json: as_json } = arguments;
    if name == tasks::TASKS {
        return tasks::run(flags, denoiser.classifier(), denoiser.n_or(tasks::DIGITS), tasks);
    }
    if name == eval_all::ALL {
        let (anew, times) = tasks.of_all()?;
        return eval_all::run(flags, denoiser.classifier(), denoiser.n(), anew, times);
    }
    tasks.refuse()?;
    if eval_samples::is_samples(name) {
        return eval_samples::run(name, flags, denoiser.classifier(), *as_json);
    }
    let opened = weights::open(name)?;
    match opened.family {
        Family::Vae => {}
        Family::Denoiser => return eval_denoiser::run(&opened, flags, denoiser, *as_json),
        Family::Classifier => return classifier::run(&opened, flags, *as_json),
        Family::Flow
        | Family::Gan
        | Family::Autoregressive
        | Family::Rbm
        | Family::Energy
        | Family::Mixture
        | Family::GaussianMixture
        | Family::NaiveBayes
        | Family::MarkovField => {
            return bench::run(&opened, flags, denoiser.classifier(), denoiser.n(), *as_json);
        }
    }
    let loaded = opened.vae()?;
    let data = load_test_set(&arguments.measure.data)?;
    let backend = arguments.measure.backend.open()?;
    let (report, _) = measure(&arguments.measure, &loaded.model, &data, &backend)?;
    print(&if arguments.json { json(&report)? } else { text(&report) })
}

/// Reads the test set; says so if it is not MNIST as published.
///
/// # Errors
/// As [`Dataset::load`].
pub fn load_test_set(folder: &Path) -> Result<Dataset> {
    let data = Dataset::load(folder, Split::Test)?;
    warn_if_not_mnist(&data, folder);
    Ok(data)
}

/// Figures on other data, Fashion-MNIST for instance, should not pass for MNIST figures.
pub fn warn_if_not_mnist(data: &Dataset, folder: &Path) {
    if !data.is_published_mnist {
        eprintln!(
            "warning: {} does not hold MNIST as published (the SHA-256 of its files differ); figures on it are not MNIST figures",
            folder.display()
        );
    }
}

/// Measures `model` on `data`; also returns the encodings of the whole (binarised) test set.
///
/// # Errors
/// [`Error::DeviceLost`], [`Error::Gpu`], [`Error::NonFinite`] when a figure is no number.
pub fn measure(measure: &Measure, model: &Adopted, data: &Dataset, backend: &Backend) -> Result<(Report, Encodings)> {
    let binarization = Binarization::from(measure.binarization);
    let images = binarize::test_set(&data.images, binarization);
    let mut runner = VaeRunner::new(backend, model)?;
    let encodings = pollster::block_on(runner.encode(&images))?;
    let elbo = pollster::block_on(vae_likelihood::elbo(backend, &runner, &images, &encodings, measure.seed))?;
    let amount = ((measure.images as usize).min(data.len()), measure.samples as usize);
    let style = ProgressStyle::with_template("importance-weighted bound {bar:30} {pos}/{len} images, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(amount.0 as u64).with_style(style);
    let negative_iwae = pollster::block_on(vae_likelihood::importance_weighted(
        backend,
        &runner,
        &images,
        &encodings,
        amount,
        measure.seed,
        |done| {
            bar.set_position(done as u64);
            Ok(())
        },
    ))?;
    bar.finish_and_clear();
    if !elbo.negative_elbo.is_finite() || !negative_iwae.is_finite() {
        return Err(Error::NonFinite(
            "the bounds are no finite numbers: the model does not fit the data at all".into(),
        ));
    }
    let units = encodings.units();
    let report = Report {
        binarization: binarization.describe_test_set(),
        is_published_mnist: data.is_published_mnist,
        test_images: data.len(),
        elbo,
        negative_iwae,
        iwae_images: amount.0,
        iwae_samples: amount.1,
        active_units: units.iter().filter(|unit| unit.active).count(),
        units,
    };
    Ok((report, encodings))
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    // writing to a String cannot fail
    let _ = writeln!(text, "{} test images, binarised: {}; nats per image", report.test_images, report.binarization);
    let Elbo { reconstruction, kl, negative_elbo } = report.elbo;
    let _ = writeln!(text, "-ELBO      {negative_elbo:8.2}  = reconstruction {reconstruction:.2} + KL {kl:.2}");
    let _ = writeln!(
        text,
        "-IWAE-{:<4} {:8.2}  on the first {} images",
        report.iwae_samples, report.negative_iwae, report.iwae_images
    );
    let _ = writeln!(
        text,
        "active     {:8}  of {} latents (variance of the posterior mean above {ACTIVE_VARIANCE})",
        report.active_units,
        report.units.len()
    );
    text
}
