//! `inkling eval` of a denoiser: the measures of its digits for one setting of the sampler, or for a table of them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::denoise::{self, SamplerFlags};
use super::eval::Measure;
use super::eval_samples;
use super::info::json;
use super::output::Output;
use super::print;
use super::weights::{self, Opened};
use crate::backend::Backend;
use crate::error::{Error, Result};
use crate::metrics::features::Extractor;
use crate::metrics::reference::Reference;
use crate::metrics::sample_report::{SampleReport, sample_report};
use crate::samplers::Sampler;
use crate::samplers::schedule::schedule;
use crate::samplers::spacing::Spacing;
use crate::samplers::spec::Spec;
use crate::samplers::trajectory::DenoiserRunner;

/// What is measured of a denoiser.
#[derive(Debug, Args)]
pub struct Flags {
    #[command(flatten)]
    sampler: SamplerFlags,
    /// Digits to draw and measure, by default 10,000: figures compare only at equal numbers. With `tasks`, test digits to
    /// look at, by default 1,000
    #[arg(long, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    n: Option<u32>,
    /// The classifier that digits are measured by: a weights file or the id of a model
    #[arg(long, default_value = "classifier")]
    classifier: String,
    /// Measure every setting of a denoiser that is not yet in this JSON file and add it there
    #[arg(long)]
    table: Option<PathBuf>,
    /// The table's settings: sampler:steps[:guidance[:spacing[:eta]]], separated by commas
    #[arg(long, requires = "table", value_delimiter = ',', default_value = TABLE)]
    settings: Vec<String>,
}

/// Digits to draw, by custom.
const DIGITS: usize = 10_000;

impl Flags {
    /// The classifier that digits are measured by.
    pub fn classifier(&self) -> &str {
        &self.classifier
    }

    /// Digits to draw, `otherwise` where nothing is told.
    pub fn n_or(&self, otherwise: usize) -> usize {
        self.n.map_or(otherwise, |n| n as usize)
    }

    /// Digits to draw.
    pub fn n(&self) -> usize {
        self.n_or(DIGITS)
    }
}

/// What the page's chart shows unless the command line says otherwise.
const TABLE: &str = "euler:1,euler:2,euler:4,euler:8,euler:16,euler:32,midpoint:1,midpoint:2,midpoint:4,midpoint:8,heun:1,\
                     heun:2,heun:4,heun:8,dpm-solver:4,dpm-solver:8,dpm-solver:16,ddim:4,ddim:8,ddim:16,ddim:50,ddpm:16,\
                     ddpm:50";

/// One setting and its figures: a row of `www/models/ID.quality.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    /// The setting.
    #[serde(flatten)]
    pub setting: Setting,
    /// How often the network is asked for each digit; twice as often with guidance.
    pub evaluations: usize,
    /// Seed of the digits.
    pub seed: u32,
    /// SHA-256 of the weights file.
    pub weights: String,
    /// SHA-256 of the classifier's weights file: figures on other features do not compare.
    pub classifier: String,
    /// Seconds that drawing the digits took here.
    pub seconds: f64,
    /// The measures.
    #[serde(flatten)]
    pub report: SampleReport,
}

/// What tells the rows of a table apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The rule.
    pub sampler: Sampler,
    /// Steps.
    pub steps: usize,
    /// The guidance scale.
    pub guidance_scale: f64,
    /// How times lie between noise and data.
    pub spacing: Spacing,
    /// Noise of DDIM's steps.
    pub eta: f64,
}

impl Setting {
    /// That of `spec`.
    pub fn of(spec: &Spec) -> Setting {
        let Spec { sampler, steps, guidance_scale, spacing, eta, .. } = *spec;
        Setting { sampler, steps, guidance_scale, spacing, eta }
    }

    /// `base` at this setting.
    pub fn spec(self, base: &Spec) -> Spec {
        let Setting { sampler, steps, guidance_scale, spacing, eta } = self;
        Spec { sampler, steps, guidance_scale, spacing, eta, ..base.clone() }
    }

    /// Reads `sampler:steps[:guidance[:spacing[:eta]]]`.
    fn parse(text: &str) -> Result<Setting> {
        let wrong = |what: &str| {
            Error::Data(format!("{text:?} is no setting: {what}; it is sampler:steps[:guidance[:spacing[:eta]]]"))
        };
        let mut parts = text.trim().split(':');
        let mut word = |otherwise: &'static str| parts.next().unwrap_or(otherwise).to_string();
        let (sampler, steps, guidance, spacing, eta) = (word(""), word(""), word("0"), word("uniform"), word("0"));
        let named = |name: &str| serde_json::Value::String(name.into());
        let setting = Setting {
            sampler: serde_json::from_value(named(&sampler)).map_err(|_| wrong("there is no such sampler"))?,
            steps: steps.parse().map_err(|_| wrong("steps is a whole number"))?,
            guidance_scale: guidance.parse().map_err(|_| wrong("the guidance scale is a number"))?,
            spacing: serde_json::from_value(named(&spacing)).map_err(|_| wrong("there is no such spacing"))?,
            eta: eta.parse().map_err(|_| wrong("eta is a number"))?,
        };
        match parts.next() {
            Some(_) => Err(wrong("there is too much of it")),
            None => Ok(setting),
        }
    }
}

/// Everything that a measurement needs, made once for all settings.
struct Bench {
    runner: Rc<DenoiserRunner>,
    extractor: Extractor,
    reference: Reference,
    weights: String,
    classifier: String,
    n: usize,
}

/// Measures the denoiser in `opened`.
///
/// # Errors
/// [`Error::Data`] for data, settings or a table that cannot be used, [`Error::Checkpoint`] for weights,
/// [`Error::DeviceLost`], [`Error::Gpu`].
pub fn run(opened: &Opened, measure: &Measure, flags: &Flags, as_json: bool) -> Result<()> {
    let backend = measure.backend.open()?;
    let runner = opened.denoiser(&backend)?;
    let base = flags.sampler.spec(runner.config(), measure.seed);
    let settings: Vec<Setting> = match flags.table {
        Some(_) => flags.settings.iter().map(|text| Setting::parse(text)).collect::<Result<_>>()?,
        None => vec![Setting::of(&base)],
    };
    for setting in &settings {
        check(&runner, &setting.spec(&base))?;
    }
    let classifier = weights::open(&flags.classifier)?;
    let table = match &flags.table {
        Some(path) => Some((Output::check(path)?, read_table(path, &opened.sha256, Some(&classifier.sha256))?)),
        None => None,
    };
    let mut bench = Bench::new(&backend, runner, opened, &classifier, measure, flags.n())?;
    let Some((output, mut rows)) = table else {
        let row = bench.measure(&base)?;
        return print(&if as_json { json(&row)? } else { text(&row) });
    };
    for setting in settings {
        let done = |row: &Row| row.setting == setting && row.seed == measure.seed && row.report.n == bench.n;
        if rows.iter().any(done) {
            continue;
        }
        let row = bench.measure(&setting.spec(&base))?;
        eprint!("{}", text(&row));
        rows.push(row);
        output.write(json(&rows)?.as_bytes())?;
    }
    Ok(())
}

/// Refuses a setting before anything is measured.
fn check(runner: &DenoiserRunner, spec: &Spec) -> Result<()> {
    let classes = vec![crate::models::denoiser_config::NO_CLASS];
    schedule(&Spec { classes, ..spec.clone() }, runner.config()).map(|_| ())
}

/// The rows of a table that are of these weights and, where it is told, were measured by this classifier; both by their
/// files' SHA-256.
pub fn read_table(path: &Path, weights: &str, classifier: Option<&str>) -> Result<Vec<Row>> {
    if !path.is_file() {
        return Ok(vec![]);
    }
    let rows: Vec<Row> = serde_json::from_slice(&super::weights::read(path)?)
        .map_err(|error| Error::Data(format!("{} is no table of measurements: {error}", path.display())))?;
    let before = rows.len();
    let rows: Vec<Row> = rows
        .into_iter()
        .filter(|row| row.weights == weights && classifier.is_none_or(|classifier| row.classifier == classifier))
        .collect();
    if rows.len() < before {
        eprintln!(
            "note: {} rows of {} are of other weights or another classifier and are left out",
            before - rows.len(),
            path.display()
        );
    }
    Ok(rows)
}

impl Bench {
    fn new(
        backend: &Backend,
        runner: Rc<DenoiserRunner>,
        opened: &Opened,
        classifier: &Opened,
        measure: &Measure,
        n: usize,
    ) -> Result<Bench> {
        let (extractor, reference) = eval_samples::reference(backend, measure, classifier)?;
        let (weights, classifier) = (opened.sha256.clone(), classifier.sha256.clone());
        Ok(Bench { runner, extractor, reference, weights, classifier, n })
    }

    fn measure(&mut self, spec: &Spec) -> Result<Row> {
        let start = Instant::now();
        let images = denoise::sample(&self.runner, spec, self.n, None)?;
        let seconds = start.elapsed().as_secs_f64();
        let report = pollster::block_on(sample_report(&images, &mut self.extractor, &self.reference, spec.seed))?;
        let SampleReport { fid, fid_error, kid, inception, .. } = report;
        let memorisation = report.memorisation.unwrap_or_default();
        if [fid, fid_error, kid, inception, memorisation].iter().any(|figure| !figure.is_finite()) {
            return Err(Error::NonFinite(
                "the measures are no finite numbers; do the training and the test images differ?".into(),
            ));
        }
        let guided = self.runner.config().conditional && spec.guidance_scale > 0.0;
        let evaluations = spec.steps * spec.sampler.evaluations() * if guided { 2 } else { 1 };
        Ok(Row {
            setting: Setting::of(spec),
            evaluations,
            seed: spec.seed,
            weights: self.weights.clone(),
            classifier: self.classifier.clone(),
            seconds,
            report,
        })
    }
}

/// A setting without its steps: `dpm-solver, guidance 1`.
pub fn setting_words(setting: &Setting) -> String {
    let Setting { sampler, guidance_scale, spacing, eta, .. } = *setting;
    let mut text = sampler.name().to_string();
    // writing to a String cannot fail
    if guidance_scale != 0.0 {
        let _ = write!(text, ", guidance {guidance_scale}");
    }
    if spacing != Spacing::Uniform {
        let _ = write!(text, ", {spacing:?} spacing");
    }
    if eta != 0.0 {
        let _ = write!(text, ", eta {eta}");
    }
    text
}

fn text(row: &Row) -> String {
    let report = &row.report;
    let [kid, inception, precision, recall, density, coverage, memorisation] = report.words();
    let mut text = format!("{} steps of {}", row.setting.steps, setting_words(&row.setting));
    let _ = writeln!(
        text,
        ": {} evaluations a digit, {} digits in {:.0} s\n  FID (ours) {:.2} +- {:.2} ({:.1}x the floor of {:.2}), KID x 1000 {kid}, \
         inception score {inception}\n  precision {precision}, recall {recall}, density {density}, coverage {coverage}, \
         memorisation {memorisation}",
        row.evaluations,
        report.n,
        row.seconds,
        report.fid,
        report.fid_error,
        report.fid / report.fid_floor,
        report.fid_floor,
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read() {
        let expected =
            Setting { sampler: Sampler::DpmSolver, steps: 20, guidance_scale: 1.5, spacing: Spacing::LogSnr, eta: 0.0 };
        assert_eq!(Setting::parse("dpm-solver:20:1.5:log-snr").unwrap(), expected);
        assert!(TABLE.split(',').all(|text| Setting::parse(text).is_ok()));
        for text in ["", "euler", "euler:x", "runge:4", "euler:4:a", "euler:4:0:even", "euler:4:0:uniform:0:1"] {
            assert!(Setting::parse(text).is_err(), "{text}");
        }
    }
}
