//! `www/models/tasks.json`: the rows of each task.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::weights;
use crate::catalog::Catalog;
use crate::data::foreign::Foreign;
use crate::error::{Error, Result};

/// The file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Tasks {
    /// The command that makes all of it again.
    pub command: String,
    /// SHA-256 of the classifier that read the digits.
    pub classifier: String,
    /// The kinds of foreign pictures, in the order of the rows.
    #[serde(default)]
    pub kinds: Vec<Foreign>,
    /// How well models tell digits from what is none.
    pub anomaly: Vec<Anomaly>,
    /// How well classifiers learn from drawn digits.
    pub augment: Vec<Augment>,
    /// How models finish digits.
    pub complete: Vec<Complete>,
    /// How models change a digit and keep its style.
    pub style: Vec<Style>,
}

/// What a row is of.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct About {
    /// The model's id, or the name of what models are compared with.
    pub id: String,
    /// SHA-256 of its weights file; empty where there is none.
    pub sha256: String,
    /// Test digits looked at; pairs of digits for [`Style`].
    pub n: usize,
    /// The command's `--n`, which the numbers of all rows follow from.
    pub asked: usize,
    /// The seed of everything that is drawn.
    pub seed: u32,
    /// Seconds that it took.
    pub seconds: f64,
}

impl About {
    /// Of so many digits; the command fills in the rest.
    pub fn digits(n: usize) -> About {
        About { n, ..About::default() }
    }
}

/// A row of any task.
pub trait Row {
    /// The task's name.
    const TASK: &'static str;
    /// What it is of.
    fn about(&self) -> &About;
    /// The same, to be written.
    fn about_mut(&mut self) -> &mut About;
}

macro_rules! rows {
    ($($row:ident: $task:literal),*) => {$(
        impl Row for $row {
            const TASK: &'static str = $task;
            fn about(&self) -> &About {
                &self.about
            }
            fn about_mut(&mut self) -> &mut About {
                &mut self.about
            }
        }
    )*};
}
rows!(Anomaly: "anomaly", Augment: "augment", Complete: "complete", Style: "style");

/// What a model says of a picture; more is always more like a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// log p(x) in nats.
    Exact,
    /// The evidence lower bound of log p(x) in nats.
    Elbo,
    /// The negative free energy in nats: log p(x) + log Z.
    FreeEnergy,
    /// The negative energy.
    Energy,
    /// The discriminator's score for the digit that it likes best.
    Discriminator,
    /// The probability of the digit that a classifier finds most probable.
    Probability,
    /// The negative sum of the squared errors of the pixels after encoding and decoding.
    Reconstruction,
}

/// What the pixels are that a model is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pixels {
    /// Ink where the grey value is above one half, else paper.
    Binary,
    /// 256 grey values.
    Grey,
}

/// How well a score tells test digits from foreign pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// What the row is of.
    #[serde(flatten)]
    pub about: About,
    /// What the model says.
    pub score: Score,
    /// Of what pixels.
    pub pixels: Pixels,
    /// Of the score on the test digits: 101 quantiles from the smallest to the largest, the unit of the score.
    pub quantiles: Vec<f64>,
    /// Each kind of foreign pictures, as many as digits.
    pub kinds: Vec<Told>,
}

/// How well one kind of foreign pictures is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The kind.
    pub kind: Foreign,
    /// The area under the curve ([`crate::metrics::roc::Roc::auc`]).
    pub auc: f64,
    /// Its standard error.
    pub auc_error: f64,
    /// The curve, 33 points ([`crate::metrics::roc::Roc::curve`]).
    pub roc: Vec<f64>,
}

/// Where the labels of training digits come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Labels {
    /// The model was told what to draw.
    Asked,
    /// The project's classifier read what was drawn.
    Read,
    /// People wrote the digits and said what they are.
    Real,
}

/// How well a small classifier does that learned from drawn digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Augment {
    /// What the row is of; its digits are those that the classifier is tested on.
    #[serde(flatten)]
    pub about: About,
    /// Real digits that it learned from, the first ones of the training set.
    pub real: usize,
    /// Drawn digits that it learned from.
    pub samples: usize,
    /// Whose labels the drawn ones have.
    pub labels: Labels,
    /// Part of the test digits that it tells, the mean over the runs.
    pub accuracy: f64,
    /// The standard deviation over the runs.
    pub spread: f64,
    /// Runs, which differ in first weights and in the order of the digits.
    pub runs: usize,
}

/// How digits are completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completing {
    /// Encoding, drawing a code, decoding, again and again, with the given half put back each time.
    PosteriorChain,
    /// Going on to write where the given half ends.
    Prefix,
    /// Denoising with the given half put in at each step.
    Inpainting,
    /// Gibbs sampling with the given half held fast.
    ClampedGibbs,
    /// Langevin steps with the given half held fast.
    Langevin,
    /// The lower half is left paper.
    None,
    /// The digit itself.
    Truth,
}

/// How well a model finishes digits of which the upper 14 rows are given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Complete {
    /// What the row is of.
    #[serde(flatten)]
    pub about: About,
    /// Completions of each digit.
    pub draws: usize,
    /// How.
    pub way: Completing,
    /// The same with its numbers.
    pub setting: String,
    /// Part of the completions that the classifier reads as the digit that was begun.
    pub read: f64,
    /// Its standard error, over digits.
    pub read_error: f64,
    /// The mean squared error of the lower half's grey values, 0 to 1.
    pub error: f64,
    /// How much the completions of one digit differ: the root of the mean variance of a lower pixel among them, in the mean
    /// over the digits.
    pub diversity: f64,
}

/// How a digit is turned into another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// The coarse layers are told another digit, the fine ones keep their code.
    Mixing,
    /// The same noise is drawn as another digit.
    SameCode,
    /// A real digit is encoded as what it is and decoded as another.
    Recode,
    /// A real digit's code is moved by the difference of two digits' mean codes.
    ClassMeans,
    /// A real digit of the class that is asked for, whoever wrote it: what no style is carried by.
    Unrelated,
}

/// How well a model writes another digit in the style of a first one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Style {
    /// What the row is of.
    #[serde(flatten)]
    pub about: About,
    /// How.
    pub way: Transfer,
    /// The same with its numbers.
    pub setting: String,
    /// Part of the results that the classifier reads as the digit that was asked for.
    pub read: f64,
    /// Its standard error.
    pub read_error: f64,
    /// Correlation of how far the first digit leans and the second, each less the mean of its class
    /// ([`crate::metrics::shape`]).
    pub slant: f64,
    /// The same of the widths of their strokes.
    pub width: f64,
    /// The same of their ink.
    pub ink: f64,
}

impl Tasks {
    /// The rows in a file that are of the weights in `catalog` and were read by `classifier` (SHA-256); none where there is
    /// no file.
    ///
    /// # Errors
    /// [`Error::Data`] for a file that holds something else.
    pub fn read(path: &Path, catalog: &Catalog, classifier: &str) -> Result<Tasks> {
        let none = Tasks { classifier: classifier.to_string(), ..Tasks::default() };
        if !path.is_file() {
            return Ok(none);
        }
        let mut tasks: Tasks = serde_json::from_slice(&weights::read(path)?)
            .map_err(|error| Error::Data(format!("{} holds no tasks: {error}; delete it", path.display())))?;
        if tasks.classifier != classifier {
            eprintln!("note: the figures in {} were read by another classifier and are left out", path.display());
            return Ok(none);
        }
        let is_current = |about: &About| {
            about.sha256.is_empty() || catalog.get(&about.id).is_some_and(|entry| entry.sha256 == about.sha256)
        };
        tasks.anomaly.retain(|row| is_current(&row.about));
        tasks.augment.retain(|row| is_current(&row.about));
        tasks.complete.retain(|row| is_current(&row.about));
        tasks.style.retain(|row| is_current(&row.about));
        Ok(tasks)
    }

    /// As the file has it.
    ///
    /// # Errors
    /// [`Error::NonFinite`] where a figure is no number.
    pub fn json(&self) -> Result<String> {
        let broken = |error: serde_json::Error| Error::Data(format!("no JSON: {error}"));
        // JSON has no NaN: it becomes nothing, and nothing here may be missing
        if has_nothing(&serde_json::to_value(self).map_err(broken)?) {
            return Err(Error::NonFinite("a figure of the tasks is no number".into()));
        }
        Ok(serde_json::to_string(self).map_err(broken)? + "\n")
    }
}

fn has_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_nothing),
        Value::Object(values) => values.values().any(has_nothing),
        _ => false,
    }
}

/// Five significant digits: nothing here is known better, and the page loads every one.
pub fn rounded(value: f64) -> f64 {
    format!("{value:.4e}").parse().unwrap_or(value)
}

/// The mean and the standard error of parts.
pub fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    (rounded(mean), rounded((variance / count).sqrt()))
}
