//! `inkling eval tasks`: what models are good for, measured. Does a model notice what is no digit ([`anomaly`]), does a
//! classifier learn from what it draws ([`augment`]), does it finish what is begun ([`complete`]), and can it write another
//! digit in the same hand ([`style`])?
//!
//! `www/models/tasks.json` has a list of rows for each task; what was measured of the same weights, digits and seed is kept.

mod anomaly;
mod augment;
mod complete;
mod rows;
mod score;
mod style;
mod tables;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::bench::Bench;
use super::eval::{Measure, warn_if_not_mnist};
use super::eval_all;
use super::output::Output;
use super::weights::{self, Opened};
use crate::catalog::Catalog;
use crate::data::PIXELS;
use crate::data::foreign::Foreign;
use crate::data::mnist::{Dataset, Split};
use crate::error::{Error, Result};
use crate::metrics::features::Extractor;
use rows::{About, Row, Tasks};

/// The word that stands for the tasks of all models.
pub const TASKS: &str = "tasks";
/// The file beside the catalog.
const FILE: &str = "tasks.json";
/// Test digits, unless the command line says otherwise.
pub const DIGITS: usize = 1_000;
/// Digits that a denoiser's table of settings was measured with: the best of them is the one to draw with.
const TABLE_DIGITS: usize = 10_000;

/// Which tasks, of which models.
#[derive(Debug, Args)]
pub struct TaskFlags {
    /// With `tasks`: this task only
    #[arg(long, value_enum)]
    only: Option<Task>,
    /// With `tasks`: this model of the catalog only; with `all`: this one anew; may be given several times
    #[arg(long = "model")]
    models: Vec<String>,
    /// With `all`: how long one digit takes, anew, of every model
    #[arg(long)]
    times: bool,
}

impl TaskFlags {
    /// The models that are named, and whether all are timed anew, where no task can be named.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when one is.
    pub fn of_all(&self) -> Result<(&[String], bool)> {
        match self.only {
            Some(_) => Err(Error::Unsupported(format!("--only is for `inkling eval {TASKS}`"))),
            None => Ok((&self.models, self.times)),
        }
    }

    /// Refuses what no task follows.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for `--times`.
    fn refuse_times(&self) -> Result<()> {
        match self.times {
            false => Ok(()),
            true => Err(Error::Unsupported(format!("--times is for `inkling eval {}`", eval_all::ALL))),
        }
    }

    /// Refuses flags that nothing else follows.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when one of them is given.
    pub fn refuse(&self) -> Result<()> {
        match self.only.is_some() || self.times || !self.models.is_empty() {
            false => Ok(()),
            true => Err(Error::Unsupported(format!(
                "--only is for `inkling eval {TASKS}`, --times for `inkling eval {all}`, --model for both",
                all = eval_all::ALL
            ))),
        }
    }
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Task {
    /// Telling digits from what is none
    Anomaly,
    /// Teaching a classifier with drawn digits
    Augment,
    /// Finishing digits of which the upper half is given
    Complete,
    /// Writing another digit in the same style
    Style,
}

/// What all tasks are measured with.
struct Setup {
    bench: Bench,
    train: Dataset,
    /// The classifier that reads digits.
    reader: Extractor,
    /// The command line's number of digits.
    n: usize,
    seed: u32,
}

impl Setup {
    fn new(measure: &Measure, classifier: &str, n: usize) -> Result<Setup> {
        let bench = Bench::new(measure, classifier, TABLE_DIGITS)?;
        let train = Dataset::load(&measure.data, Split::Train)?;
        warn_if_not_mnist(&train, &measure.data);
        let reader = Extractor::new(&bench.backend, &weights::open(classifier)?.checkpoint)?;
        let n = n.min(bench.test.len());
        Ok(Setup { bench, train, reader, n, seed: measure.seed })
    }

    /// The first `count` test digits and their labels.
    fn digits(&self, count: usize) -> (&[u8], &[u8]) {
        let count = count.min(self.bench.test.len());
        (&self.bench.test.images[..count * PIXELS], &self.bench.test.labels[..count])
    }

    /// What the classifier reads in images of 784 grey values in [0, 1].
    fn read(&mut self, images: &[f32]) -> Result<Vec<u8>> {
        Ok(pollster::block_on(self.reader.extract(images))?.digits())
    }
}

/// What a task is measured of: a model of the catalog, or what it is to be compared with.
enum Subject {
    Model(Box<Opened>),
    Baseline(&'static str),
}

/// Measures what is missing or stale, then writes `tasks.json` beside the catalog. After each model the file is written, so
/// that a run which is stopped loses little.
///
/// # Errors
/// [`Error::Data`] for data, models or a file that cannot be used, [`Error::NonFinite`] for a figure that is no number,
/// [`Error::Io`], those of running the models.
pub fn run(measure: &Measure, classifier: &str, n: usize, flags: &TaskFlags) -> Result<()> {
    flags.refuse_times()?;
    let (catalog_path, catalog) = weights::find_catalog()?;
    if let Some(unknown) = flags.models.iter().find(|id| catalog.get(id).is_none()) {
        return Err(Error::Data(format!("there is no model {unknown} in {}", catalog_path.display())));
    }
    let path = catalog_path.with_file_name(FILE);
    let (output, tables) = (Output::check(&path)?, eval_all::tables_place(&catalog_path)?);
    let command = format!("inkling eval {TASKS} --data data/mnist --n {n} --seed {}", measure.seed);
    let mut tasks = Tasks::read(&path, &catalog, &weights::open(classifier)?.sha256)?;
    tasks.command = command;
    tasks.kinds = Foreign::ALL.to_vec();
    let mut setup: Option<Setup> = None;
    let mut keep = |tasks: &Tasks| output.write(tasks.json()?.as_bytes());
    let mut go = Go { measure, classifier, n, models: &flags.models, setup: &mut setup, catalog: &catalog };
    let wanted = |task: Task| flags.only.is_none_or(|only| only == task);
    if wanted(Task::Anomaly) {
        go.all(&mut tasks, |tasks| &mut tasks.anomaly, anomaly::measure, &[], &mut keep)?;
    }
    if wanted(Task::Complete) {
        go.all(&mut tasks, |tasks| &mut tasks.complete, complete::measure, &complete::BASELINES, &mut keep)?;
    }
    if wanted(Task::Style) {
        go.all(&mut tasks, |tasks| &mut tasks.style, style::measure, &style::BASELINES, &mut keep)?;
    }
    if wanted(Task::Augment) {
        go.all(&mut tasks, |tasks| &mut tasks.augment, augment::measure, &augment::BASELINES, &mut keep)?;
    }
    keep(&tasks)?;
    let before = if tables.path().is_file() {
        String::from_utf8_lossy(&weights::read(tables.path())?).into_owned()
    } else {
        String::new()
    };
    tables.write(tables::spliced(&before, &tables::markdown(&tasks)).as_bytes())
}

/// The rows of the file that lies beside the catalog, as tables; nothing where there is none. `classifier` is the SHA-256 of
/// the one whose readings count.
///
/// # Errors
/// [`Error::Data`] for a file that holds no rows.
pub fn tables_of_file(catalog_path: &Path, catalog: &Catalog, classifier: &str) -> Result<String> {
    let path = catalog_path.with_file_name(FILE);
    if !path.is_file() {
        return Ok(String::new());
    }
    Ok(tables::markdown(&Tasks::read(&path, catalog, classifier)?))
}

/// One run of the command.
struct Go<'a> {
    measure: &'a Measure,
    classifier: &'a str,
    n: usize,
    models: &'a [String],
    setup: &'a mut Option<Setup>,
    catalog: &'a Catalog,
}

impl Go<'_> {
    /// One task of all subjects.
    fn all<R: Row>(
        &mut self,
        tasks: &mut Tasks,
        list: impl Fn(&mut Tasks) -> &mut Vec<R>,
        measure: impl Fn(&mut Setup, &Subject) -> Result<Vec<R>>,
        baselines: &[&'static str],
        keep: &mut impl FnMut(&Tasks) -> Result<()>,
    ) -> Result<()> {
        let ids = self.catalog.models.iter().map(|entry| entry.id.as_str());
        let ids: Vec<&str> = baselines.iter().copied().chain(ids).collect();
        for &id in &ids {
            let baseline = baselines.iter().copied().find(|baseline| *baseline == id);
            if baseline.is_none() && !self.models.is_empty() && !self.models.iter().any(|model| model == id) {
                continue;
            }
            let is_current = |about: &About| about.id == id && about.asked == self.n && about.seed == self.measure.seed;
            if list(tasks).iter().any(|row| is_current(row.about())) {
                continue;
            }
            let setup = match &mut *self.setup {
                Some(setup) => setup,
                none => none.insert(Setup::new(self.measure, self.classifier, self.n)?),
            };
            let subject = match baseline {
                Some(name) => Subject::Baseline(name),
                None => Subject::Model(Box::new(weights::open(id)?)),
            };
            let start = Instant::now();
            let mut rows = measure(setup, &subject)?;
            let seconds = rows::rounded(start.elapsed().as_secs_f64() / rows.len().max(1) as f64);
            let sha256 = match &subject {
                Subject::Model(opened) => opened.sha256.clone(),
                Subject::Baseline(_) => String::new(),
            };
            for row in &mut rows {
                let about = row.about_mut();
                let (id, sha256) = (id.to_string(), sha256.clone());
                *about = About { id, sha256, asked: self.n, seed: self.measure.seed, seconds, n: about.n };
            }
            if !rows.is_empty() {
                eprintln!("{} {id}: {:.1} s", R::TASK, start.elapsed().as_secs_f64());
            }
            let all = list(tasks);
            all.retain(|row| row.about().id != id);
            all.extend(rows);
            all.sort_by_key(|row| ids.iter().position(|id| *id == row.about().id));
            keep(tasks)?;
        }
        let known: BTreeSet<&str> = ids.into_iter().collect();
        list(tasks).retain(|row| known.contains(row.about().id.as_str()));
        Ok(())
    }
}
