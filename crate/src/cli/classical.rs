//! Mixtures, naive Bayes and Markov fields on the command line: fitting, sampling, what is measured of them, their cards.

use std::collections::BTreeMap;
use std::rc::Rc;

use indicatif::{ProgressBar, ProgressStyle};

use super::backend::Choice;
use super::bench::{Bench, Sampling, Subject, Work};
use super::measures::{self, Likelihood, Pixels};
use super::output::Output;
use super::publish::Shelf;
use super::weights::Opened;
use super::{card, card_measures};
use crate::checkpoint::Precision;
use crate::data::binarize::{self, Binarization};
use crate::data::mnist::Dataset;
use crate::data::{PIXELS, streams};
use crate::error::{Error, Result};
use crate::models::classical::ClassicalConfig;
use crate::models::classifier::CLASSES;
use crate::models::family::Family;
use crate::models::mixture::LOG_WEIGHTS;
use crate::models::network::Runner;
use crate::ops::key_values;
use crate::rng::Philox;
use crate::train::classical;
use crate::train::objective::Samples;
use crate::train::recipe::{Recipe, Task, limits};
use crate::train::recipes_classical::Fit;

/// Images in one run.
const BATCH: usize = 250;

/// `inkling train` of a recipe that fits in whole passes.
///
/// # Errors
/// As [`classical::fit`]; [`Error::Io`] when the weights cannot be written.
pub fn train(
    recipe: &Recipe,
    fit: &Fit,
    data: &Dataset,
    backend: Choice,
    seed: u32,
    stopped: &dyn Fn() -> bool,
    output: &Output,
) -> Result<()> {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} passes, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style);
    let mut progress = |done: u64, total: u64, objective: f64| {
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(format!("log-likelihood {objective:.3}"));
        if bar.is_hidden() && (done == total || done.is_multiple_of(10)) {
            eprintln!("pass {done} of {total}: penalised log-likelihood {objective:.3} an image");
        }
        if stopped() { Err(Error::Interrupted) } else { Ok(()) }
    };
    let samples = Samples { images: &data.images, labels: &data.labels };
    let weights = classical::fit(&backend.open()?, recipe, fit, &samples, seed, &mut progress)?;
    bar.finish();
    output.write(&weights.to_bytes(Precision::Half)?)
}

/// Draws `n` digits, of Bernoullis the mean pictures of components drawn by their weights: `n * 784` values in [0, 1].
///
/// # Errors
/// [`Error::Unsupported`] for a Markov field; those of running the model.
pub fn sample(runner: &Runner, n: usize, seed: u32) -> Result<Vec<f32>> {
    pictures(runner, n, "sample", "key", |run, _| key_values(seed, run as u32).to_vec())
}

/// The `pixels` of a job for `n` digits; `values` gives what a run, which makes so many, reads by the name `input`.
fn pictures(
    runner: &Runner,
    n: usize,
    job: &str,
    input: &str,
    mut values: impl FnMut(usize, usize) -> Vec<f32>,
) -> Result<Vec<f32>> {
    let batch = n.min(BATCH);
    let job = runner.job(job, batch)?;
    let mut job = job.borrow_mut();
    let (input, pixels) = (job.input(input)?, job.output("pixels")?);
    let mut images = Vec::with_capacity(n * PIXELS);
    for run in 0..n.div_ceil(batch) {
        job.write(input, &values(run, batch))?;
        images.extend(pollster::block_on(job.run_and_read(&[pixels]))?);
    }
    images.truncate(n * PIXELS);
    Ok(images)
}

/// Draws `n` mean pictures of components of one digit, by their weights: `n * 784` values in [0, 1].
///
/// # Errors
/// [`Error::Unsupported`] for a model whose digits are no mean pictures; those of running the model.
pub fn sample_digit(opened: &Opened, runner: &Runner, n: usize, seed: u32, digit: u8) -> Result<Vec<f32>> {
    let weights = opened.checkpoint.tensors.get(LOG_WEIGHTS).filter(|_| opened.family != Family::GaussianMixture);
    let Some(weights) = weights else {
        return Err(Error::Unsupported(format!("{} is not told which digit to draw", opened.path.display())));
    };
    // those of a digit lie together
    let size = weights.values.len() / CLASSES;
    let first = usize::from(digit) * size;
    let shares: Vec<f64> = weights.values[first..first + size].iter().map(|log| f64::from(*log).exp()).collect();
    let total: f64 = shares.iter().sum();
    let mut rng = Philox::new(u64::from(seed), streams::stream(streams::SAMPLE, 0));
    let mut component = || {
        let mut left = total * f64::from(rng.uniform());
        let place = shares.iter().position(|share| {
            left -= share;
            left < 0.0
        });
        (first + place.unwrap_or(size - 1)) as f32
    };
    pictures(runner, n, "component", "index", |_, batch| (0..batch).map(|_| component()).collect())
}

/// Chains of a Markov field: with `given` (`n * 784`, ink above 0.5) they look for the pixels of it that were flipped, as
/// many as in what is measured; without, they draw from the prior alone, beginning with noise. `n * 784` values of 0 and 1.
///
/// # Errors
/// Those of running the model.
pub fn sample_field(
    runner: &Runner,
    n: usize,
    seed: u32,
    given: Option<Vec<f32>>,
    sweeps: Option<usize>,
    temperature: f32,
) -> Result<Vec<f32>> {
    let evidence = if given.is_some() { evidence() } else { 0.0 };
    let given = given.unwrap_or_else(|| {
        let mut rng = Philox::new(u64::from(seed), streams::stream(streams::SAMPLE, 0));
        (0..n * PIXELS).map(|_| f32::from(u8::from(rng.uniform() < 0.5))).collect()
    });
    let course = Course { evidence, sweeps: sweeps.unwrap_or(SWEEPS), temperature: &|_| f64::from(temperature) };
    Ok(chain(runner, &given, seed, &course)?.last)
}

/// What is measured of a classical model.
///
/// # Errors
/// [`Error::Checkpoint`] for its content, those of running it.
pub fn subject(opened: &Opened, bench: &Bench) -> Result<Subject> {
    let config: ClassicalConfig = opened.config()?;
    let runner = Rc::new(Runner::new(&bench.backend, &opened.checkpoint)?);
    if opened.family == Family::MarkovField {
        return Ok(Subject { extra: denoising(&runner, bench)?, ..Subject::default() });
    }
    let binarization = config.training.and_then(|training| training.binarization).unwrap_or(Binarization::Threshold);
    let (nats, accuracy) = classify(&runner, bench, binarization)?;
    let pixels = match binarization {
        Binarization::Dynamic => Pixels::Dynamic,
        Binarization::Threshold => Pixels::Threshold,
        Binarization::Grey => Pixels::Dequantised,
    };
    let family = opened.family;
    Ok(Subject {
        sampling: Some(sampling(runner, family)?),
        likelihood: Some(Likelihood::exact(nats, pixels, bench.test.len())),
        extra: BTreeMap::from([("test accuracy, %".to_string(), accuracy)]),
    })
}

/// How a mixture draws digits, naive Bayes among them.
///
/// # Errors
/// [`Error::Shape`] when the network cannot be built.
pub fn sampling(runner: Rc<Runner>, family: Family) -> Result<Sampling> {
    let work = Work::of(&runner.network().plan("sample", 1)?, 1);
    let draw = Box::new(move |n: usize, seed: u32| sample(&runner, n, seed));
    let setting = if family == Family::GaussianMixture { "draws without noise" } else { "mean pixels of components" };
    Ok(Sampling { setting: setting.into(), draw, work, known: None })
}

/// -log p(x) in nats and the percentage of digits told right by p(y | x), over the test set.
fn classify(runner: &Runner, bench: &Bench, binarization: Binarization) -> Result<(f64, f64)> {
    let images = binarize::test_set(&bench.test.images, binarization);
    let job = runner.job("classify", BATCH)?;
    let mut job = job.borrow_mut();
    let x = job.input("x")?;
    let outputs = [job.output("posterior")?, job.output("log_likelihood")?];
    let (mut log_likelihood, mut right) = (0.0, 0usize);
    let mut rows = vec![0.0; BATCH * PIXELS];
    for (chunk, labels) in images.chunks(BATCH * PIXELS).zip(bench.test.labels.chunks(BATCH)) {
        rows[..chunk.len()].copy_from_slice(chunk);
        job.write(x, &rows)?;
        let values = pollster::block_on(job.run_and_read(&outputs))?;
        let (posterior, likelihoods) = values.split_at(BATCH * CLASSES);
        log_likelihood += likelihoods[..labels.len()].iter().map(|value| f64::from(*value)).sum::<f64>();
        for (row, label) in posterior.chunks_exact(CLASSES).zip(labels) {
            let best = (0..CLASSES).fold(0, |best, digit| if row[digit] > row[best] { digit } else { best });
            right += usize::from(best == usize::from(*label));
        }
    }
    let count = bench.test.len() as f64;
    Ok((-log_likelihood / count, 100.0 * right as f64 / count))
}

/// Part of the pixels that are flipped to be put right.
const FLIPPED: f64 = 0.1;
/// Sweeps of the three ways to put them right; of Gibbs sampling the last [`KEPT`] are averaged.
const SWEEPS: usize = 20;
const KEPT: usize = 15;
/// Temperature that annealing begins at.
const HOT: f64 = 2.0;

/// How strongly a given pixel speaks for itself where so many are flipped; see [`crate::models::markov_field`].
fn evidence() -> f64 {
    ((1.0 - FLIPPED) / FLIPPED).ln()
}

/// Pixels in error before and after denoising, in percent, over the test set.
fn denoising(runner: &Runner, bench: &Bench) -> Result<BTreeMap<String, f64>> {
    let clean = binarize::test_set(&bench.test.images, Binarization::Threshold);
    let mut rng = Philox::new(u64::from(bench.seed), streams::stream(streams::FLIPS, 0));
    let given: Vec<f32> = clean.iter().map(|x| if f64::from(rng.uniform()) < FLIPPED { 1.0 - x } else { *x }).collect();
    let wrong = |found: &[f32]| {
        let differ = found.iter().zip(&clean).filter(|(found, clean)| found != clean).count();
        100.0 * differ as f64 / clean.len() as f64
    };
    let chain = |temperature: &dyn Fn(usize) -> f64| {
        chain(runner, &given, bench.seed, &Course { evidence: evidence(), sweeps: SWEEPS, temperature })
    };
    let modes = chain(&|_| 0.0)?;
    let cooling = |sweep: usize| HOT * (1.0 - sweep as f64 / (SWEEPS - 4) as f64).max(0.0);
    let annealed = chain(&cooling)?;
    let gibbs = chain(&|_| 1.0)?;
    let majority: Vec<f32> = gibbs.mean.iter().map(|mean| f32::from(u8::from(*mean > 0.5))).collect();
    Ok(BTreeMap::from([
        ("pixel error of pictures with 10 % of the pixels flipped, %".to_string(), wrong(&given)),
        ("pixel error after iterated conditional modes, %".to_string(), wrong(&modes.last)),
        ("pixel error after simulated annealing, %".to_string(), wrong(&annealed.last)),
        ("pixel error after Gibbs sampling (majority of 15 sweeps), %".to_string(), wrong(&majority)),
    ]))
}

/// Where a chain came to.
struct Chain {
    last: Vec<f32>,
    /// Of its last [`KEPT`] states.
    mean: Vec<f32>,
}

/// How a chain is run.
struct Course<'a> {
    evidence: f64,
    sweeps: usize,
    /// By the sweep.
    temperature: &'a dyn Fn(usize) -> f64,
}

fn chain(runner: &Runner, given: &[f32], seed: u32, course: &Course) -> Result<Chain> {
    let job = runner.job("denoise", BATCH)?;
    let mut job = job.borrow_mut();
    let pixels = job.output("pixels")?;
    let [key, step, picture, coupling, evidence, heat] =
        ["key", "step", "given", "coupling", "evidence", "temperature"].map(|name| job.input(name));
    let (key, step, picture, heat) = (key?, step?, picture?, heat?);
    job.write(coupling?, &[1.0])?;
    job.write(evidence?, &[course.evidence as f32])?;
    let mut chain = Chain { last: Vec::with_capacity(given.len()), mean: Vec::with_capacity(given.len()) };
    let mut rows = vec![0.0; BATCH * PIXELS];
    for (index, chunk) in given.chunks(BATCH * PIXELS).enumerate() {
        rows[..chunk.len()].copy_from_slice(chunk);
        job.write(picture, &rows)?;
        let mut sums = vec![0.0; chunk.len()];
        let mut state = Vec::new();
        for sweep in 0..course.sweeps {
            job.write(key, &key_values(seed.wrapping_add(index as u32), sweep as u32))?;
            job.write(step, &[sweep as f32])?;
            job.write(heat, &[(course.temperature)(sweep) as f32])?;
            state = pollster::block_on(job.run_and_read(&[pixels]))?;
            if sweep + KEPT >= course.sweeps {
                sums.iter_mut().zip(&state).for_each(|(sum, x)| *sum += x / KEPT as f32);
            }
        }
        chain.last.extend_from_slice(&state[..chunk.len()]);
        chain.mean.extend_from_slice(&sums);
    }
    Ok(chain)
}

/// Jobs that `inkling info` shows, and for how many images.
pub fn jobs(family: Family) -> &'static [(&'static str, usize)] {
    match family {
        Family::MarkovField => &[("denoise", 1), ("denoise", 64)],
        _ => &[("sample", 1), ("sample", 64), ("classify", 1)],
    }
}

/// Ships the model in `opened` with the figures that lie beside it.
///
/// # Errors
/// [`Error::Data`] for a file that does not say how it was fitted, or that nothing was measured of; [`Error::Io`].
pub fn publish(opened: &Opened, id: Option<&str>, mut shelf: Shelf) -> Result<()> {
    let config: ClassicalConfig = opened.config()?;
    let (training, recipe) = shelf.origin(&opened.path, config.training.as_ref())?;
    let Task::Classical(fit) = &recipe.task else {
        return Err(Error::Data(format!("the recipe {} fits no such model", recipe.name)));
    };
    let mut package = shelf.package(&opened.path, id.unwrap_or(&recipe.name))?;
    let figures = measures::of(opened)?;
    let entry = package.entry(config.family, &recipe, opened.bytes as u64, opened.sha256.clone());
    let network = config.network()?.describe();
    let facts = [
        ("recipe", format!("{} (crate/src/train/recipes_classical.rs)", recipe.name)),
        ("fit", method(fit, training.steps)),
        ("pixels", format!("{}, drawn {} times before the first pass", training.pixels(), fit.draws)),
        ("images", training.batch.to_string()),
        ("seed", training.seed.to_string()),
    ];
    let command = format!(
        "inkling train {} --data data/mnist --seed {} --backend {} --out {}",
        recipe.name, training.seed, training.backend, entry.file
    );
    let text = format!(
        "{}\n## Recipe\n\n{}\n{}\n{}\n## Limits\n\n{}\n",
        card::head(&entry, about(config.family), &network, opened.checkpoint.parameters()),
        card::table(&facts),
        card::block(&[command]),
        card_measures::section(&figures),
        limits(&recipe.name),
    );
    measures::ship(&figures, &mut package)?;
    shelf.put(package, entry, &text)
}

fn about(family: Family) -> &'static str {
    match family {
        Family::Mixture => {
            "A mixture of Bernoulli distributions, some components for each digit: a generative model of images and labels \
             (Bishop 2006, section 9.3.3). It draws digits, tells the probability of an image exactly, and by Bayes' rule \
             that of each digit."
        }
        Family::GaussianMixture => {
            "A mixture of Gaussians with full covariances on the principal components of the pixels, some components for each \
             digit, and independent noise of one variance in all other directions (Bishop 2006, sections 9.2 and 12.2): a \
             density of whole pictures with everything in closed form."
        }
        Family::NaiveBayes => {
            "The generative classifier of the textbooks: each digit has a mean picture, each pixel is drawn from it \
             independently of all others, and Bayes' rule tells the digit."
        }
        _ => {
            "A pairwise Markov random field of binary pixels, the prior of a denoiser: the posterior of a picture with \
             flipped pixels is explored by Gibbs sampling, iterated conditional modes or annealing."
        }
    }
}

fn method(fit: &Fit, passes: u64) -> String {
    let smoothing = fit.smoothing;
    match fit.model.family {
        Family::Mixture => format!(
            "expectation-maximisation, {passes} passes for each digit; every mean pixel begins with {smoothing} images of \
             ink and {smoothing} of paper"
        ),
        Family::GaussianMixture => format!(
            "principal components of the first 20000 images; expectation-maximisation, {passes} passes for each digit; every \
             covariance begins with {smoothing} images of the digit's own variances"
        ),
        Family::NaiveBayes => format!(
            "counts, in one pass; every mean pixel begins with {smoothing} images of ink and {smoothing} of paper (Laplace)"
        ),
        _ => format!(
            "pseudo-likelihood (Besag 1975) by Newton's method, {passes} passes; normal prior of precision {smoothing}"
        ),
    }
}
