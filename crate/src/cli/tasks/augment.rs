//! Does a classifier that learned from drawn digits know real ones?

use super::super::bench;
use super::super::weights::Opened;
use super::rows::{About, Augment, Labels, rounded};
use super::{Setup, Subject};
use crate::data::PIXELS;
use crate::error::Result;
use crate::metrics::features::Extractor;
use crate::models::classifier::{CLASSES, ClassifierConfig};
use crate::models::denoiser_config::DenoiserConfig;
use crate::models::family::Family;
use crate::models::gan_config::GanConfig;
use crate::train::objective::Samples;
use crate::train::recipe::{self, Recipe, Task};
use crate::train::trainer::Trainer;

/// Rows that models are compared with.
pub const BASELINES: [&str; 1] = ["real"];
/// Real digits that classifiers learn from without any help.
const REAL: [usize; 5] = [100, 300, 1_000, 3_000, 10_000];
/// Real digits to which drawn ones are added.
const HELPED: usize = 1_000;
/// Drawn digits for each test digit of the command's `--n`.
const DRAWN: usize = 5;
/// Operations that drawing them may take; a model that takes more for one digit draws fewer, in hundreds.
const PATIENCE: u64 = 15_000_000_000_000;
/// Every classifier takes as many steps, whatever it learns from: so many, or one for each test digit of the command's `--n`
/// where they are fewer.
const STEPS: u64 = 600;
const BATCH: usize = 50;
/// Runs that differ in first weights and order.
const RUNS: u32 = 3;

/// Digits to learn from.
#[derive(Clone, Default)]
struct Lesson {
    images: Vec<u8>,
    labels: Vec<u8>,
}

/// A row for the drawn digits alone and one for them together with real ones; of the baseline one for each number.
///
/// # Errors
/// Those of drawing and training.
pub fn measure(setup: &mut Setup, subject: &Subject) -> Result<Vec<Augment>> {
    let real = |setup: &Setup, count: usize| {
        let count = count.min(setup.train.len());
        Lesson { images: setup.train.images[..count * PIXELS].to_vec(), labels: setup.train.labels[..count].to_vec() }
    };
    let Subject::Model(opened) = subject else {
        let row = |count: usize| {
            let lesson = real(setup, count);
            row(setup, &lesson, lesson.labels.len(), Labels::Real)
        };
        return REAL.into_iter().map(row).collect();
    };
    let Some((drawn, labels)) = draw(setup, opened)? else { return Ok(Vec::new()) };
    let mut both = real(setup, HELPED);
    let helped = both.labels.len();
    both.images.extend_from_slice(&drawn.images);
    both.labels.extend_from_slice(&drawn.labels);
    Ok(vec![row(setup, &drawn, 0, labels)?, row(setup, &both, helped, labels)?])
}

/// Digits of the model with their labels; nothing of a model that draws none.
fn draw(setup: &mut Setup, opened: &Opened) -> Result<Option<(Lesson, Labels)>> {
    let Some(mut sampling) = bench::sampling(opened, &setup.bench)? else { return Ok(None) };
    let wanted = DRAWN * setup.n;
    let affordable = (PATIENCE / sampling.work.flops.max(1)) as usize;
    let count = wanted.min((affordable / 100 * 100).max(100));
    let images = (sampling.draw)(count, setup.seed)?;
    let (labels, source) = match is_told(opened)? {
        // every digit in turn
        true => ((0..count).map(|index| (index % CLASSES) as u8).collect(), Labels::Asked),
        false => (setup.read(&images)?, Labels::Read),
    };
    let images = images.iter().map(|value| (255.0 * value).round() as u8).collect();
    Ok(Some((Lesson { images, labels }, source)))
}

/// Whether the model is told which digit to draw.
fn is_told(opened: &Opened) -> Result<bool> {
    Ok(match opened.family {
        Family::Flow | Family::Energy => true,
        Family::Gan => opened.config::<GanConfig>()?.conditional,
        Family::Denoiser => opened.config::<DenoiserConfig>()?.conditional,
        _ => false,
    })
}

fn row(setup: &Setup, lesson: &Lesson, real: usize, labels: Labels) -> Result<Augment> {
    let accuracies =
        (0..RUNS).map(|run| accuracy(setup, lesson, setup.seed.wrapping_add(run))).collect::<Result<Vec<_>>>()?;
    let runs = accuracies.len() as f64;
    let mean = accuracies.iter().sum::<f64>() / runs;
    let variance = accuracies.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / (runs - 1.0);
    Ok(Augment {
        about: About::digits(setup.bench.test.len()),
        real,
        samples: lesson.labels.len() - real,
        labels,
        accuracy: rounded(mean),
        spread: rounded(variance.sqrt()),
        runs: accuracies.len(),
    })
}

/// The small classifier, which has a twelfth of the large one's weights.
fn recipe() -> Result<Recipe> {
    let model = ClassifierConfig { channels: [8, 16], features: 64, ..ClassifierConfig::standard() };
    Ok(Recipe {
        name: "pupil".into(),
        task: Task::Classifier { model, dropout: 0.25 },
        batch: BATCH,
        learning_rate: 3e-3,
        warm_up_steps: 30,
        ema_decay: 0.98,
        ..recipe::find("classifier")?
    })
}

/// Part of the test digits that a classifier tells after learning.
fn accuracy(setup: &Setup, lesson: &Lesson, seed: u32) -> Result<f64> {
    let backend = &setup.bench.backend;
    let steps = STEPS.min(setup.n as u64);
    let mut trainer = Trainer::new(backend, recipe()?, seed, Some(steps), lesson.labels.len(), None)?;
    let samples = Samples { images: &lesson.images, labels: &lesson.labels };
    for _ in 0..steps {
        trainer.step(&samples)?;
    }
    let mut pupil = Extractor::new(backend, &pollster::block_on(trainer.weights())?)?;
    let test = &setup.bench.test;
    let read = pollster::block_on(pupil.extract_bytes(&test.images))?.digits();
    let right = read.iter().zip(&test.labels).filter(|(read, label)| read == label).count();
    Ok(right as f64 / test.len() as f64)
}
