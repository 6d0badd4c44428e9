//! `inkling info`: what a model is and what a step of it costs.

use std::fmt::Write;

use clap::Args;
use serde::Serialize;

use super::backend::Choice;
use super::weights::Opened;
use super::{classical, print, weights};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::graph::Plan;
use crate::models::autoregressive::AutoregressiveConfig;
use crate::models::classical::ClassicalConfig;
use crate::models::classifier::{Classifier, ClassifierConfig};
use crate::models::denoiser::Denoiser;
use crate::models::denoiser_config::DenoiserConfig;
use crate::models::energy::EnergyConfig;
use crate::models::family::{Family, Training};
use crate::models::flow_config::FlowConfig;
use crate::models::gan_config::GanConfig;
use crate::models::network::network;
use crate::models::rbm::RbmConfig;
use crate::models::vae::Vae;
use crate::ops::AdamConfig;
use crate::samplers::step::{StepShape, step_plan};

#[derive(Debug, Args)]
pub struct Arguments {
    /// A weights file, or the id of a model in www/models/catalog.json
    weights: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Where the steps would run; their dispatches depend on it
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    backend: Choice,
}

/// What a compiled step costs.
#[derive(Debug, Serialize)]
struct Cost {
    step: &'static str,
    batch: usize,
    flops: u64,
    dispatches: usize,
    buffer_bytes: usize,
}

#[derive(Debug, Serialize)]
struct Report {
    file: String,
    bytes: usize,
    parameters: usize,
    config: serde_json::Value,
    backend: &'static str,
    steps: Vec<Cost>,
    #[serde(skip)]
    description: String,
    #[serde(skip)]
    training: Option<Training>,
}

/// What is particular to a family.
struct Model {
    description: String,
    config: serde_json::Value,
    training: Option<Training>,
    /// What it does, on how many images, and the plan of it.
    plans: Vec<(&'static str, usize, Plan)>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let opened = weights::open(&arguments.weights)?;
    let backend = arguments.backend.open()?;
    let (file, bytes, parameters) = (opened.path.display().to_string(), opened.bytes, opened.checkpoint.parameters());
    let model = match opened.family {
        Family::Vae => vae(opened)?,
        Family::Denoiser => denoiser(&opened)?,
        Family::Classifier => classifier(&opened)?,
        Family::Energy => {
            let config = opened.config::<EnergyConfig>()?;
            by_jobs(&opened, &config, config.training.clone(), &[("langevin", 1), ("langevin", 16), ("energy", 1)])?
        }
        Family::Rbm => {
            let config = opened.config::<RbmConfig>()?;
            by_jobs(&opened, &config, config.training.clone(), &[("gibbs", 1), ("gibbs", 16), ("free_energy", 1)])?
        }
        Family::Flow => {
            let config = opened.config::<FlowConfig>()?;
            by_jobs(&opened, &config, config.training.clone(), &[("decode", 1), ("encode", 1), ("likelihood", 10)])?
        }
        Family::Gan => {
            let config = opened.config::<GanConfig>()?;
            let judged = if config.discriminator.is_empty() { &[][..] } else { &[("judge", 1), ("where", 1)] };
            let jobs = [&[("generate", 1), ("generate", 100)], judged].concat();
            by_jobs(&opened, &config, config.training.clone(), &jobs)?
        }
        Family::Autoregressive => {
            let config = opened.config::<AutoregressiveConfig>()?;
            by_jobs(&opened, &config, config.training.clone(), &[("write", 1), ("write", 16), ("predict", 1)])?
        }
        Family::Mixture | Family::GaussianMixture | Family::NaiveBayes | Family::MarkovField => {
            let config = opened.config::<ClassicalConfig>()?;
            by_jobs(&opened, &config, config.training.clone(), classical::jobs(config.family))?
        }
    };
    let costs = model.plans.into_iter().map(|(step, batch, plan)| cost(&backend, step, batch, plan));
    let report = Report {
        file,
        bytes,
        parameters,
        config: model.config,
        backend: backend.name(),
        steps: costs.collect::<Result<_>>()?,
        description: model.description,
        training: model.training,
    };
    print(&if arguments.json { json(&report)? } else { text(&report) })
}

/// As the recipes train: with gradients clipped by their norm.
fn adam() -> AdamConfig {
    AdamConfig { clip_norm: Some(1.0), ..AdamConfig::default() }
}

fn vae(opened: Opened) -> Result<Model> {
    let config = opened.vae()?.model.config;
    let model = Vae::new(config.clone())?;
    Ok(Model {
        description: format!("VAE {}", config.describe()),
        config: value(&config)?,
        training: config.training,
        plans: vec![
            ("decode", 1, model.decode_plan(1)?),
            ("decode", 400, model.decode_plan(400)?),
            ("encode", 1, model.encode_plan(1)?),
            ("train", 128, model.train_plan(128, true, &adam())?),
        ],
    })
}

fn denoiser(opened: &Opened) -> Result<Model> {
    let config = opened.config::<DenoiserConfig>()?;
    let model = Denoiser::new(config.clone())?;
    let step = |batch, guided| {
        let (clipped, multistep, noisy, masked) = (false, false, false, false);
        step_plan(&model, &StepShape { batch, evaluations: 1, guided, clipped, multistep, noisy, masked })
    };
    let mut plans = vec![("step", 1, step(1, false)?), ("step", 16, step(16, false)?)];
    if config.conditional {
        plans.push(("guided", 16, step(16, true)?));
    }
    plans.push(("train", 128, model.train_plan(128, &adam())?));
    Ok(Model {
        description: format!("denoiser {}", config.describe()),
        config: value(&config)?,
        training: config.training,
        plans,
    })
}

fn classifier(opened: &Opened) -> Result<Model> {
    let config = opened.config::<ClassifierConfig>()?;
    let model = Classifier::new(config.clone())?;
    Ok(Model {
        description: format!(
            "classifier, convolutions of {:?} channels, {} features",
            config.channels, config.features
        ),
        config: value(&config)?,
        training: config.training,
        plans: vec![("features", 1, model.features_plan(1)?), ("features", 250, model.features_plan(250)?)],
    })
}

/// A model that is run by jobs.
fn by_jobs<T: Serialize>(
    opened: &Opened,
    config: &T,
    training: Option<Training>,
    jobs: &[(&'static str, usize)],
) -> Result<Model> {
    let network = network(&opened.checkpoint)?;
    let plans = jobs.iter().map(|&(job, batch)| Ok((job, batch, network.plan(job, batch)?)));
    Ok(Model {
        description: network.describe(),
        config: value(config)?,
        training,
        plans: plans.collect::<Result<_>>()?,
    })
}

fn value<T: Serialize>(config: &T) -> Result<serde_json::Value> {
    serde_json::to_value(config).map_err(|error| Error::Data(format!("no JSON: {error}")))
}

fn cost(backend: &Backend, step: &'static str, batch: usize, plan: Plan) -> Result<Cost> {
    let executable = backend.compile(plan, &[])?;
    let plan = executable.plan();
    Ok(Cost { step, batch, flops: plan.flops(), dispatches: executable.dispatches(), buffer_bytes: plan.bytes() })
}

/// Pretty JSON and a line's end.
///
/// # Errors
/// [`Error::Data`] for a number that JSON has not (NaN).
pub fn json<T: Serialize>(value: &T) -> Result<String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::Data(format!("no JSON: {error}")))?;
    Ok(text + "\n")
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    // writing to a String cannot fail
    let _ = writeln!(text, "{} ({} bytes)", report.file, report.bytes);
    let _ = writeln!(text, "{}, {} parameters", report.description, report.parameters);
    if let Some(training) = &report.training {
        let _ = write!(
            text,
            "trained by the recipe {}, seed {}, {} steps of {} images",
            training.recipe, training.seed, training.steps, training.batch
        );
        let _ = match training.binarization {
            Some(_) => writeln!(text, ", binarisation {}", training.pixels()),
            None => writeln!(text),
        };
    }
    let _ = writeln!(text, "\nstep     batch  MFLOP      dispatches  memory (MiB), backend {}", report.backend);
    for cost in &report.steps {
        let _ = writeln!(
            text,
            "{:<8} {:<6} {:<10.2} {:<11} {:.1}",
            cost.step,
            cost.batch,
            cost.flops as f64 / 1e6,
            cost.dispatches,
            cost.buffer_bytes as f64 / f64::from(1 << 20)
        );
    }
    text
}
