//! What VAEs, denoisers and the classifier bring to be measured; families that came later do so in files of their own.

use std::collections::BTreeMap;

use super::bench::{Bench, Sampling, Subject, Work};
use super::eval::{self, Measure};
use super::eval_denoiser::{Setting, read_table, setting_words};
use super::measures::{self, Kind, Likelihood, Pixels, Samples};
use super::weights::{Opened, open};
use super::{classifier, denoise};
use crate::backend::Backend;
use crate::data::binarize::Binarization;
use crate::data::streams;
use crate::error::Result;
use crate::models::denoiser::Denoiser;
use crate::models::plans::PARAMS;
use crate::models::vae::Vae;
use crate::models::vae_adopt::{Adopted, adopt};
use crate::models::vae_run::VaeRunner;
use crate::rng::Philox;
use crate::samplers::step::{StepShape, step_plan};

/// Codes from a VAE's prior, one after the other from one stream.
pub fn prior_codes(n: usize, z_dim: usize, seed: u32) -> Vec<f32> {
    let mut codes = vec![0.0; n * z_dim];
    Philox::new(u64::from(seed), streams::stream(streams::SAMPLE, 0)).fill_normal(&mut codes);
    codes
}

/// A VAE: how it draws digits, and its bounds.
///
/// # Errors
/// [`crate::Error::Checkpoint`] for its content, those of running it.
pub fn vae(opened: &Opened, bench: &Bench, measure: &Measure) -> Result<Subject> {
    let adopted = adopt(opened.checkpoint.clone())?;
    let (report, _) = eval::measure(measure, &adopted, &bench.test, &bench.backend)?;
    let pixels = match Binarization::from(measure.binarization) {
        Binarization::Threshold => Pixels::Threshold,
        Binarization::Dynamic | Binarization::Grey => Pixels::Dynamic,
    };
    let likelihood = Likelihood {
        kind: Kind::Iwae(measure.samples),
        nats: report.negative_iwae,
        bits_per_dimension: measures::bits_per_dimension(report.negative_iwae),
        spread: None,
        pixels,
        images: report.iwae_images,
    };
    let extra = BTreeMap::from([
        ("-ELBO, nats on all test images".to_string(), report.elbo.negative_elbo),
        ("active latents".to_string(), report.active_units as f64),
    ]);
    Ok(Subject { sampling: Some(vae_sampling(&adopted, &bench.backend)?), likelihood: Some(likelihood), extra })
}

/// How a VAE draws digits: the mean pixels of codes drawn from the prior.
///
/// # Errors
/// [`crate::Error::Checkpoint`] when the weights do not fit, [`crate::Error::Gpu`] when the device refuses.
pub fn vae_sampling(adopted: &Adopted, backend: &Backend) -> Result<Sampling> {
    let z_dim = adopted.config.z_dim;
    let mut runner = VaeRunner::new(backend, adopted)?;
    let plan = Vae::new(adopted.config.clone())?.decode_plan(1)?;
    let work = Work::of(&plan, 1);
    let mut one = backend.compile(plan, &[(PARAMS, &runner.params)])?;
    let (z, pixels) = (one.input("z")?, one.output("pixels")?);
    let draw = move |n: usize, seed: u32| {
        let codes = prior_codes(n, z_dim, seed);
        if n > 1 {
            return pollster::block_on(runner.decode(&codes));
        }
        one.write(z, &codes)?;
        one.run()?;
        pollster::block_on(one.read(pixels))
    };
    Ok(Sampling { setting: "mean pixels".into(), draw: Box::new(draw), work, known: None })
}

/// A denoiser at the setting of its table that has the smallest Frechet distance; without a table, at its own.
///
/// # Errors
/// [`crate::Error::Checkpoint`] for its content, [`crate::Error::Data`] for a table that is none.
pub fn denoiser(opened: &Opened, bench: &Bench) -> Result<Subject> {
    let runner = opened.denoiser(&bench.backend)?;
    let model = Denoiser::new(runner.config().clone())?;
    let sha256 = open(&bench.classifier)?.sha256;
    let rows = read_table(&opened.path.with_extension("quality.json"), &opened.sha256, Some(&sha256))?;
    let rows = rows.into_iter().filter(|row| row.report.n == bench.n && row.seed == bench.seed);
    let best = rows.min_by(|a, b| a.report.fid.total_cmp(&b.report.fid));
    let mut spec = denoise::SamplerFlags::default().spec(runner.config(), bench.seed);
    if let Some(row) = &best {
        spec = row.setting.spec(&spec);
    }
    let guided = runner.config().conditional && spec.guidance_scale > 0.0;
    let (clipped, multistep, noisy, masked) = (false, false, false, false);
    let shape = StepShape { batch: 1, evaluations: 1, guided, clipped, multistep, noisy, masked };
    let evaluations = (spec.steps * spec.sampler.evaluations()) as u64;
    let work = Work::of(&step_plan(&model, &shape)?, evaluations);
    let setting = format!("{} steps of {}", spec.steps, setting_words(&Setting::of(&spec)));
    // rows of older tables tell no errors: the digits are drawn again
    let best = best.filter(|row| row.report.errors.is_some());
    let known =
        best.map(|row| Samples { seed: row.seed, setting: setting.clone(), classifier: sha256, report: row.report });
    let draw = move |n: usize, seed: u32| {
        let spec = crate::samplers::spec::Spec { seed, ..spec.clone() };
        denoise::sample(&runner, &spec, n, None)
    };
    Ok(Subject { sampling: Some(Sampling { setting, draw: Box::new(draw), work, known }), ..Subject::default() })
}

/// A classifier: how well it tells digits.
///
/// # Errors
/// [`crate::Error::Checkpoint`] for its content, those of running it.
pub fn classifier(opened: &Opened, bench: &Bench) -> Result<Subject> {
    let report = classifier::evaluate(&opened.checkpoint, &bench.test, &bench.backend)?;
    let extra = BTreeMap::from([
        ("test accuracy, %".to_string(), 100.0 * report.accuracy),
        ("cross-entropy, nats".to_string(), report.cross_entropy),
    ]);
    Ok(Subject { extra, ..Subject::default() })
}
