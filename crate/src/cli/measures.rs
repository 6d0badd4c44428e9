//! `www/models/ID.measures.json`: everything that was measured of one model, in one form for all families. It lies beside
//! the weights file and tells that file's SHA-256, so that figures of other weights never pass for these.
//!
//! A family brings one function, `subject(opened, bench) -> Result<Subject>` in a file of its own, and an arm in
//! [`super::bench::subject`]. Then
//!
//! - `inkling eval MODEL` measures it ([`super::bench::run`]) and keeps the figures beside the weights,
//! - `inkling eval all` does so for every model of the catalog whose figures are missing or stale,
//! - `inkling publish` calls [`of`] for the figures, puts [`super::card_measures::section`] of them on the card and ships them with
//!   [`ship`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::info::json;
use super::output::Output;
use super::publish::Package;
use super::weights::{self, Opened};
use crate::data::PIXELS;
use crate::error::{Error, Result};
use crate::metrics::sample_report::{Errors, SampleReport};

/// Grows where a change of the code changes what is measured of the same weights: older figures do not stand beside newer ones.
pub const DEFINITION: u32 = 2;

/// The figures of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// The model's id, or the name of its file.
    pub id: String,
    /// SHA-256 of the weights file.
    pub sha256: String,
    /// The [`DEFINITION`] that the figures were measured by.
    #[serde(default)]
    pub definition: u32,
    /// What measured it.
    pub command: String,
    /// The quality of its digits, if it draws any.
    pub samples: Option<Samples>,
    /// How probable it finds the test set, if it can tell.
    pub likelihood: Option<Likelihood>,
    /// What it costs.
    pub cost: Cost,
    /// Figures that only this family has: an accuracy, an error of a round trip.
    #[serde(default)]
    pub extra: BTreeMap<String, f64>,
}

/// Drawn digits and their measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// Seed of the digits.
    pub seed: u32,
    /// How they were drawn, in words: `100 Gibbs steps`; empty if there is only one way.
    pub setting: String,
    /// SHA-256 of the classifier's weights file: figures on other features do not compare.
    pub classifier: String,
    /// The measures.
    #[serde(flatten)]
    pub report: SampleReport,
}

/// The negative log-likelihood of the test set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Likelihood {
    /// How it was come by; figures of different kinds do not compare.
    pub kind: Kind,
    /// Nats per image, mean over the images: lower is better.
    pub nats: f64,
    /// The same in bits per pixel.
    pub bits_per_dimension: Option<f64>,
    /// The standard error of an estimate, in the unit of `nats`.
    pub spread: Option<f64>,
    /// What the pixels were; figures on different pixels do not compare.
    pub pixels: Pixels,
    /// Test images behind it, the first ones.
    pub images: usize,
}

impl Likelihood {
    /// An exact likelihood of `nats` per image.
    pub fn exact(nats: f64, pixels: Pixels, images: usize) -> Likelihood {
        Likelihood {
            kind: Kind::Exact,
            nats,
            bits_per_dimension: bits_per_dimension(nats),
            spread: None,
            pixels,
            images,
        }
    }
}

/// Nats per image as bits per pixel.
pub fn bits_per_dimension(nats: f64) -> Option<f64> {
    Some(nats / (PIXELS as f64 * std::f64::consts::LN_2))
}

/// How a likelihood was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Kind {
    /// The model's own probability.
    Exact,
    /// The evidence lower bound.
    Elbo,
    /// The importance-weighted bound with this many draws.
    Iwae(u32),
    /// Annealed importance sampling of the partition function: an estimate that may err to either side.
    Ais,
}

impl From<Kind> for String {
    fn from(kind: Kind) -> String {
        match kind {
            Kind::Exact => "exact".into(),
            Kind::Elbo => "elbo".into(),
            Kind::Iwae(draws) => format!("iwae-{draws}"),
            Kind::Ais => "ais".into(),
        }
    }
}

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Kind, String> {
        let iwae = || text.strip_prefix("iwae-").and_then(|draws| draws.parse().ok()).map(Kind::Iwae);
        match text.as_str() {
            "exact" => Ok(Kind::Exact),
            "elbo" => Ok(Kind::Elbo),
            "ais" => Ok(Kind::Ais),
            _ => iwae().ok_or_else(|| format!("{text:?} is no kind of likelihood: exact, elbo, iwae-K or ais")),
        }
    }
}

/// What the pixels of a likelihood were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pixels {
    /// Bernoulli of the grey value, drawn once with a fixed seed.
    #[serde(rename = "dynamic")]
    Dynamic,
    /// 1 where the grey value is above one half.
    #[serde(rename = "threshold")]
    Threshold,
    /// 256 grey values with uniform noise of one of them.
    #[serde(rename = "8-bit dequantised")]
    Dequantised,
}

impl Pixels {
    /// As the file has it.
    pub fn name(self) -> &'static str {
        match self {
            Pixels::Dynamic => "dynamic",
            Pixels::Threshold => "threshold",
            Pixels::Dequantised => "8-bit dequantised",
        }
    }
}

/// What a model costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Numbers in the weights file.
    pub parameters: usize,
    /// Bytes of the weights file.
    pub bytes: usize,
    /// Multiplications and additions for one digit, if it draws any.
    pub flops_per_sample: Option<u64>,
    /// Bytes of all buffers for one digit, the weights in f32 among them, if it draws any.
    #[serde(default)]
    pub memory: Option<u64>,
    /// Milliseconds for one digit on the CPU, median; not there if it draws none or was measured elsewhere.
    pub sample_ms: Option<f64>,
    /// Threads that it took that time on.
    #[serde(default)]
    pub threads: Option<usize>,
}

impl Measures {
    /// Checks that every figure is one: JSON has no NaN, and a table with one would be no table.
    ///
    /// # Errors
    /// [`Error::NonFinite`] naming the figure.
    pub fn check(&self) -> Result<()> {
        let mut figures: Vec<(&str, f64)> = self.extra.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        if let Some(Samples { report, .. }) = &self.samples {
            let SampleReport { fid, fid_error, fid_floor, kid, inception, memorisation, .. } = *report;
            let SampleReport { kid_sd, inception_sd, precision, recall, density, coverage, .. } = *report;
            figures.extend([("fid", fid), ("fid_error", fid_error), ("fid_floor", fid_floor), ("kid", kid)]);
            figures.extend([("kid_sd", kid_sd), ("inception", inception), ("inception_sd", inception_sd)]);
            figures.extend([("precision", precision), ("recall", recall), ("density", density)]);
            figures.extend([("coverage", coverage), ("memorisation", memorisation.unwrap_or_default())]);
            // cards and tables count in floors
            figures.push(("fid / fid_floor", fid / fid_floor));
            if let Some(Errors { kid, inception, precision, recall, density, coverage, memorisation }) = report.errors {
                let errors = [kid, inception, precision, recall, density, coverage, memorisation.unwrap_or_default()];
                figures.extend(errors.map(|error| ("standard error", error)));
            }
        }
        if let Some(likelihood) = &self.likelihood {
            figures.push(("nats", likelihood.nats));
            figures.extend(likelihood.bits_per_dimension.map(|value| ("bits_per_dimension", value)));
            figures.extend(likelihood.spread.map(|value| ("spread", value)));
        }
        figures.extend(self.cost.sample_ms.map(|value| ("sample_ms", value)));
        match figures.iter().find(|(_, value)| !value.is_finite()) {
            Some((name, value)) => Err(Error::NonFinite(format!(
                "the figure {name} of {} is {value}: the model does not fit the data at all, or the training and the test \
                 images differ",
                self.id
            ))),
            None => Ok(()),
        }
    }
}

/// Where the figures of the weights in `weights` lie.
pub fn path_of(weights: &Path) -> PathBuf {
    weights.with_extension("measures.json")
}

/// The figures of the model in `opened`, if there are any: those of other weights are left out, with a note.
///
/// # Errors
/// [`Error::Data`] for a file that holds no figures.
pub fn find(opened: &Opened) -> Result<Option<Measures>> {
    let path = path_of(&opened.path);
    if !path.is_file() {
        return Ok(None);
    }
    let measures = parse(&weights::read(&path)?)
        .map_err(|error| Error::Data(format!("{} holds no figures: {error}; delete it", path.display())))?;
    if measures.sha256 != opened.sha256 {
        eprintln!("note: the figures in {} are of other weights and are left out", path.display());
        return Ok(None);
    }
    Ok(Some(measures))
}

/// The figures of the model in `opened`, for its card.
///
/// # Errors
/// As [`find`]; [`Error::Data`] saying what to do where nothing was measured.
pub fn of(opened: &Opened) -> Result<Measures> {
    let missing = || {
        let path = opened.path.display();
        Error::Data(format!("nothing was measured of these weights; first: inkling eval {path} --data data/mnist"))
    };
    find(opened)?.ok_or_else(missing)
}

/// Keeps figures beside the weights in `opened`.
///
/// # Errors
/// [`Error::NonFinite`] for a figure that is no number, [`Error::Io`].
pub fn keep(opened: &Opened, measures: &Measures) -> Result<()> {
    measures.check()?;
    Output::check(&path_of(&opened.path))?.write(json(measures)?.as_bytes())
}

/// Ships figures with the model that they are of, under its id.
///
/// # Errors
/// [`Error::Io`] for a place that cannot be written.
pub fn ship(measures: &Measures, package: &mut Package) -> Result<()> {
    let output = package.beside(".measures.json")?;
    let measures = Measures {
        command: measures.command.replacen(&format!(" {} ", measures.id), &format!(" {} ", package.id()), 1),
        id: package.id().to_string(),
        ..measures.clone()
    };
    package.add(output, json(&measures)?.into_bytes());
    Ok(())
}

fn parse(bytes: &[u8]) -> Result<Measures> {
    let measures: Measures = serde_json::from_slice(bytes).map_err(|error| Error::Data(error.to_string()))?;
    measures.check()?;
    Ok(measures)
}

/// Bytes in MiB.
pub fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Four significant digits, two decimals of what has more before the point; without an exponent where none is needed.
pub fn plain(value: f64) -> String {
    if value.abs() >= 1000.0 && value.abs() < 1e7 {
        return if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") };
    }
    if value != 0.0 && !(1e-4..1e7).contains(&value.abs()) {
        return format!("{value:.3e}");
    }
    let before = value.abs().max(1e-4).log10().floor() as i32;
    format!("{value:.*}", usize::try_from(3 - before).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::checkpoint::{Checkpoint, Precision};
    use crate::models::classifier::ClassifierConfig;

    /// A figure that its decimal digits say exactly; of others the reader of JSON may miss the last bit.
    fn figure(range: std::ops::Range<i32>) -> impl Strategy<Value = f64> {
        range.prop_map(|eighths| f64::from(eighths) / 8.0)
    }

    prop_compose! {
        fn samples()(seed: u32, n in 10usize..100_000, setting in "[a-z0-9 ]{0,20}",
            figures in prop::collection::vec(figure(-8_000_000..8_000_000), 19), digits: [u16; 10], errors: bool) -> Samples {
            Samples {
                seed,
                setting,
                classifier: "0".repeat(64),
                report: SampleReport {
                    n,
                    reference_images: 10_000,
                    fid: figures[0],
                    fid_error: figures[1],
                    fid_floor: figures[2].abs() + 0.125,
                    kid: figures[3],
                    kid_sd: figures[4],
                    inception: figures[5],
                    inception_sd: figures[6],
                    precision: figures[7],
                    recall: figures[8],
                    density: figures[9],
                    coverage: figures[10],
                    memorisation: Some(figures[11]),
                    digits: digits.map(usize::from),
                    errors: errors.then_some(Errors {
                        kid: figures[12],
                        inception: figures[13],
                        precision: figures[14],
                        recall: figures[15],
                        density: figures[16],
                        coverage: figures[17],
                        memorisation: Some(figures[18]),
                    }),
                },
            }
        }
    }

    prop_compose! {
        fn likelihood()(kind in prop_oneof![Just(Kind::Exact), Just(Kind::Elbo), Just(Kind::Ais),
                any::<u32>().prop_map(Kind::Iwae)],
            pixels in prop_oneof![Just(Pixels::Dynamic), Just(Pixels::Threshold), Just(Pixels::Dequantised)],
            nats in figure(-8_000_000..8_000_000), bits_per_dimension in prop::option::of(figure(-80..80)),
            spread in prop::option::of(figure(0..80)), images in 1usize..10_001) -> Likelihood {
            Likelihood { kind, nats, bits_per_dimension, spread, pixels, images }
        }
    }

    prop_compose! {
        fn figures()(id in "[a-z][a-z0-9-]{0,12}", samples in prop::option::of(samples()),
            likelihood in prop::option::of(likelihood()), parameters in 1usize..1 << 30, bytes in 1usize..1 << 30,
            flops_per_sample: Option<u64>, memory: Option<u64>, sample_ms in prop::option::of(figure(0..8_000_000)),
            extra in prop::collection::btree_map("[a-z ,%]{1,20}", figure(-1_000_000_000..1_000_000_000), 0..4)) -> Measures {
            let cost = Cost { parameters, bytes, flops_per_sample, memory, sample_ms, threads: Some(2) };
            let command = format!("inkling eval all --model {id} --seed 0");
            Measures { id, sha256: "f".repeat(64), definition: DEFINITION, command, samples, likelihood, cost, extra }
        }
    }

    /// A model's file in a folder of its own.
    fn opened(folder: &Path) -> Opened {
        let config = ClassifierConfig { channels: [1, 1], features: 1, ..ClassifierConfig::standard() };
        let mut checkpoint = Checkpoint::from_store(&config.declarations().initialize(1).unwrap());
        checkpoint.set_config(&config).unwrap();
        let path = folder.join("tiny.safetensors");
        std::fs::write(&path, checkpoint.to_bytes(Precision::Half).unwrap()).unwrap();
        weights::open(&path.display().to_string()).unwrap()
    }

    proptest! {
        #[test]
        fn figures_come_back_as_they_were(figures in figures()) {
            prop_assert_eq!(&parse(json(&figures).unwrap().as_bytes()).unwrap(), &figures);
            let card = super::super::card_measures::section(&figures);
            prop_assert!(card.contains(&figures.command) && !card.contains("NaN"));
        }

        #[test]
        fn a_figure_that_is_no_number_is_refused(figures in figures(), value in prop_oneof![Just(f64::NAN), Just(f64::INFINITY)]) {
            let folder = tempfile::tempdir().unwrap();
            let opened = opened(folder.path());
            let mut with = figures.clone();
            with.extra.insert("broken".into(), value);
            let message = keep(&opened, &with).unwrap_err().to_string();
            prop_assert!(message.contains("broken"), "{}", message);
            prop_assert!(find(&opened).unwrap().is_none(), "nothing was written");
            if let Some(samples) = &figures.samples {
                let report = SampleReport { coverage: value, ..samples.report.clone() };
                let with = Measures { samples: Some(Samples { report, ..samples.clone() }), ..figures };
                prop_assert!(with.check().is_err());
            }
        }
    }

    #[test]
    fn figures_of_other_weights_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let opened = opened(folder.path());
        assert!(of(&opened).unwrap_err().to_string().contains("inkling eval"));
        let cost =
            Cost { parameters: 1, bytes: 2, flops_per_sample: None, memory: None, sample_ms: None, threads: None };
        let mut figures = Measures {
            id: "tiny".into(),
            sha256: opened.sha256.clone(),
            definition: DEFINITION,
            command: "inkling eval tiny --n 10".into(),
            samples: None,
            likelihood: Some(Likelihood::exact(784.0 * std::f64::consts::LN_2, Pixels::Dequantised, 10)),
            cost,
            extra: BTreeMap::new(),
        };
        keep(&opened, &figures).unwrap();
        assert_eq!(of(&opened).unwrap(), figures);
        assert!((figures.likelihood.as_ref().unwrap().bits_per_dimension.unwrap() - 1.0).abs() < 1e-12);
        figures.sha256 = "0".repeat(64);
        keep(&opened, &figures).unwrap();
        assert_eq!(find(&opened).unwrap(), None);
        std::fs::write(path_of(&opened.path), b"[]").unwrap();
        assert!(find(&opened).unwrap_err().to_string().contains("delete it"));
    }

    #[test]
    fn numbers_are_short() {
        let expected = [
            (0.0, "0.0000000"),
            (99.4, "99.40"),
            (1234.5, "1234.50"),
            (10_000.0, "10000"),
            (0.012345, "0.01235"),
            (3e-5, "3.000e-5"),
        ];
        for (value, text) in expected {
            assert_eq!(plain(value), text);
        }
    }
}
