//! `inkling info`: what a model is and what a step of it costs.

use std::fmt::Write;

use clap::Args;
use serde::Serialize;

use super::backend::Choice;
use super::{print, weights};
use crate::backend::Executable;
use crate::error::{Error, Result};
use crate::models::vae::Vae;
use crate::models::vae_config::VaeConfig;
use crate::ops::AdamConfig;

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
struct Report<'a> {
    file: String,
    bytes: usize,
    parameters: usize,
    config: &'a VaeConfig,
    backend: &'static str,
    steps: Vec<Cost>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let loaded = weights::load(&arguments.weights)?;
    let config = &loaded.model.config;
    let backend = arguments.backend.open()?;
    let model = Vae::new(config.clone())?;
    let mut steps = Vec::new();
    for batch in [1, 400] {
        steps.push(cost("decode", batch, &backend.compile(model.decode_plan(batch)?, &[])?));
    }
    steps.push(cost("encode", 1, &backend.compile(model.encode_plan(1)?, &[])?));
    // as the recipes train: pixels drawn in the step, gradients clipped by their norm
    let adam = AdamConfig { clip_norm: Some(1.0), ..AdamConfig::default() };
    steps.push(cost("train", 128, &backend.compile(model.train_plan(128, true, &adam)?, &[])?));
    let report = Report {
        file: loaded.path.display().to_string(),
        bytes: loaded.bytes,
        parameters: loaded.model.weights.parameters(),
        config,
        backend: backend.name(),
        steps,
    };
    print(&if arguments.json { json(&report)? } else { text(&report) })
}

fn cost(step: &'static str, batch: usize, executable: &Executable) -> Cost {
    let plan = executable.plan();
    Cost { step, batch, flops: plan.flops(), dispatches: executable.dispatches(), buffer_bytes: plan.bytes() }
}

/// Pretty JSON and a line's end.
///
/// # Errors
/// [`Error::Data`] for a number that JSON has not (NaN).
pub fn json<T: Serialize>(value: &T) -> Result<String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::Data(format!("no JSON: {error}")))?;
    Ok(text + "\n")
}

fn text(report: &Report<'_>) -> String {
    let mut text = String::new();
    // writing to a String cannot fail
    let _ = writeln!(text, "{} ({} bytes)", report.file, report.bytes);
    let _ = writeln!(text, "VAE {}, {} parameters", report.config.describe(), report.parameters);
    if let Some(training) = &report.config.training {
        let _ = writeln!(
            text,
            "trained by the recipe {}, seed {}, {} steps of {} images, binarisation {}",
            training.recipe,
            training.seed,
            training.steps,
            training.batch,
            training.pixels()
        );
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
