//! Can a model write another digit in the style of a first one?

use super::super::denoise::SamplerFlags;
use super::super::subjects::prior_codes;
use super::super::weights::Opened;
use super::rows::{About, Style, Transfer, mean_and_error, rounded};
use super::score::{binary, grey};
use super::{Setup, Subject};
use crate::backend::Backend;
use crate::data::{PIXELS, streams};
use crate::error::Result;
use crate::metrics::shape::{Shape, correlation, within_classes};
use crate::models::classifier::CLASSES;
use crate::models::denoiser_config::DenoiserConfig;
use crate::models::family::Family;
use crate::models::gan_config::{GanConfig, Generator};
use crate::models::gan_style::STYLE_LAYERS;
use crate::models::network::Runner;
use crate::models::vae_adopt::adopt;
use crate::models::vae_run::VaeRunner;
use crate::ops::key_values;
use crate::rng::Philox;
use crate::samplers::Sampler;
use crate::samplers::spec::{Direction, Spec, Start};
use crate::samplers::trajectory::{Given, Keep, Trajectory};

/// What models are compared with.
pub const BASELINES: [&str; 1] = ["real"];
/// Pairs of digits for each two test digits of the command; of models that walk step by step for each ten.
const PART: usize = 2;
const WALK_PART: usize = 10;
/// Training digits behind a class's mean code.
const TAUGHT: usize = 5_000;
/// Steps of the walk to noise and back.
const STEPS: usize = 10;

/// First digits and what became of them, 784 grey values in [0, 1] each.
struct Changed {
    way: Transfer,
    setting: String,
    sources: Vec<f32>,
    results: Vec<f32>,
}

/// What digits are and what they are to become.
struct Pairs {
    from: Vec<u8>,
    to: Vec<u8>,
}

impl Pairs {
    /// Every other digit in turn.
    fn of(labels: &[u8]) -> Pairs {
        let other = |(index, label): (usize, &u8)| ((usize::from(*label) + 1 + index % (CLASSES - 1)) % CLASSES) as u8;
        Pairs { from: labels.to_vec(), to: labels.iter().enumerate().map(other).collect() }
    }

    fn len(&self) -> usize {
        self.from.len()
    }
}

/// A row for each way in which the model changes digits.
///
/// # Errors
/// Those of running the model.
pub fn measure(setup: &mut Setup, subject: &Subject) -> Result<Vec<Style>> {
    let part = match subject {
        Subject::Model(opened) if opened.family == Family::Denoiser => WALK_PART,
        _ => PART,
    };
    let (images, labels) = setup.digits(setup.n.div_ceil(part));
    let (pairs, images) = (Pairs::of(labels), images.to_vec());
    let changed = match subject {
        Subject::Baseline(_) => vec![unrelated(setup, &pairs, &images)],
        Subject::Model(opened) => ways(setup, opened, &pairs, &images)?,
    };
    changed.into_iter().map(|changed| row(setup, &pairs, changed)).collect()
}

fn row(setup: &mut Setup, pairs: &Pairs, changed: Changed) -> Result<Style> {
    let Changed { way, setting, sources, results } = changed;
    let right = setup.read(&results)?;
    let right: Vec<f64> = right.iter().zip(&pairs.to).map(|(read, asked)| f64::from(u8::from(read == asked))).collect();
    let (read, read_error) = mean_and_error(&right);
    let shapes = |images: &[f32]| images.chunks_exact(PIXELS).map(Shape::of).collect::<Vec<_>>();
    let (before, after) = (shapes(&sources), shapes(&results));
    let carried = |figure: fn(&Shape) -> f64| {
        let own =
            |shapes: &[Shape], classes: &[u8]| within_classes(&shapes.iter().map(figure).collect::<Vec<_>>(), classes);
        rounded(correlation(&own(&before, &pairs.from), &own(&after, &pairs.to)))
    };
    let (slant, width, ink) = (carried(|shape| shape.slant), carried(|shape| shape.width), carried(|shape| shape.ink));
    Ok(Style { about: About::digits(pairs.len()), way, setting, read, read_error, slant, width, ink })
}

/// Each digit beside any of the training digits of the class that is asked for.
fn unrelated(setup: &Setup, pairs: &Pairs, images: &[u8]) -> Changed {
    let mut results = Vec::with_capacity(images.len());
    let mut next = 0;
    for asked in &pairs.to {
        // each is taken once while there are enough
        let found = (0..setup.train.len()).map(|step| (next + step) % setup.train.len());
        let found = found.into_iter().find(|index| setup.train.labels[*index] == *asked).unwrap_or(next);
        results.extend(grey(setup.train.image(found)));
        next = (found + 1) % setup.train.len();
    }
    Changed { way: Transfer::Unrelated, setting: String::new(), sources: grey(images), results }
}

fn ways(setup: &Setup, opened: &Opened, pairs: &Pairs, images: &[u8]) -> Result<Vec<Changed>> {
    let backend = &setup.bench.backend;
    match opened.family {
        Family::Vae => Ok(vec![vae(setup, opened, pairs, images)?]),
        Family::Flow => Ok(vec![flow(&Runner::new(backend, &opened.checkpoint)?, pairs, images, setup.seed)?]),
        Family::Gan => gan(opened, backend, pairs, setup.seed),
        Family::Denoiser if opened.config::<DenoiserConfig>()?.conditional => {
            Ok(vec![denoiser(opened, backend, pairs, images, setup.seed)?])
        }
        _ => Ok(Vec::new()),
    }
}

/// z less the mean code of what the digit is, plus that of what it is to become.
fn vae(setup: &Setup, opened: &Opened, pairs: &Pairs, images: &[u8]) -> Result<Changed> {
    let mut runner = VaeRunner::new(&setup.bench.backend, &adopt(opened.checkpoint.clone())?)?;
    let taught = TAUGHT.min(setup.train.len());
    let encodings = pollster::block_on(runner.encode(&binary(&setup.train.images[..taught * PIXELS])))?;
    let means = encodings.class_means(&setup.train.labels[..taught]);
    let mut codes = pollster::block_on(runner.encode(&binary(images)))?.mu;
    for (code, (from, to)) in codes.chunks_exact_mut(encodings.z_dim).zip(pairs.from.iter().zip(&pairs.to)) {
        let [from, to] = [from, to].map(|class| &means[usize::from(*class)]);
        for (value, (from, to)) in code.iter_mut().zip(from.iter().zip(to)) {
            *value += to - from;
        }
    }
    let results = pollster::block_on(runner.decode(&codes))?;
    let setting = format!("mean codes of {taught} training digits");
    Ok(Changed { way: Transfer::ClassMeans, setting, sources: grey(images), results })
}

fn labels(classes: &[u8]) -> Vec<f32> {
    classes.iter().map(|class| f32::from(*class)).collect()
}

/// Runs a job once for all pairs and reads one output.
fn ask(runner: &Runner, job: &str, batch: usize, inputs: &[(&str, &[f32])], output: &str) -> Result<Vec<f32>> {
    let job = runner.job(job, batch)?;
    let job = &mut *job.borrow_mut();
    for (name, values) in inputs {
        job.write(job.input(name)?, values)?;
    }
    let output = job.output(output)?;
    pollster::block_on(job.run_and_read(&[output]))
}

fn flow(runner: &Runner, pairs: &Pairs, images: &[u8], seed: u32) -> Result<Changed> {
    let sources = grey(images);
    let (from, to, key) = (labels(&pairs.from), labels(&pairs.to), key_values(seed, 0));
    let inputs = [("x", &sources[..]), ("label", &from), ("key", &key), ("spread", &[1.0])];
    let z = ask(runner, "encode", pairs.len(), &inputs, "z")?;
    let results = ask(runner, "draw", pairs.len(), &[("z", &z), ("label", &to)], "pixels")?;
    Ok(Changed { way: Transfer::Recode, setting: "dequantised".into(), sources, results })
}

/// The same z told another digit; a style-based generator also takes the coarse codes of that digit and the fine ones of the
/// first.
fn gan(opened: &Opened, backend: &Backend, pairs: &Pairs, seed: u32) -> Result<Vec<Changed>> {
    let config: GanConfig = opened.config()?;
    if !config.conditional {
        return Ok(Vec::new());
    }
    let runner = Runner::new(backend, &opened.checkpoint)?;
    let (count, is_style) = (pairs.len(), matches!(config.generator, Generator::Style(_)));
    let z = prior_codes(count, config.z_dim, seed);
    let (from, to, key) = (labels(&pairs.from), labels(&pairs.to), key_values(seed, 0));
    let draw = |label: &[f32]| {
        let mut inputs = vec![("z", &z[..]), ("label", label)];
        if is_style {
            inputs.extend([("key", &key[..]), ("noise", &[1.0][..])]);
        }
        ask(&runner, "generate", count, &inputs, "pixels")
    };
    let sources = draw(&from)?;
    let same = Changed {
        way: Transfer::SameCode,
        setting: format!("z of {} numbers", config.z_dim),
        results: draw(&to)?,
        sources: sources.clone(),
    };
    if !is_style {
        return Ok(vec![same]);
    }
    let mut fresh = vec![0.0; z.len()];
    Philox::new(u64::from(seed), streams::stream(streams::STYLE, 0)).fill_normal(&mut fresh);
    let fine = ask(&runner, "map", count, &[("z", &z), ("label", &from)], "w")?;
    let coarse = ask(&runner, "map", count, &[("z", &fresh), ("label", &to)], "w")?;
    let mut changed = vec![same];
    for split in 1..STYLE_LAYERS {
        let width = fine.len() / count;
        let rows = coarse.chunks_exact(width).zip(fine.chunks_exact(width));
        let w: Vec<f32> = rows
            .flat_map(|(coarse, fine)| [coarse.repeat(split), fine.repeat(STYLE_LAYERS - split)].concat())
            .collect();
        let results = ask(&runner, "style", count, &[("w", &w), ("key", &key), ("noise", &[1.0])], "pixels")?;
        let setting = format!("the first {split} of {STYLE_LAYERS} layers from a code of the asked digit");
        changed.push(Changed { way: Transfer::Mixing, setting, sources: sources.clone(), results });
    }
    Ok(changed)
}

/// To noise as what the digit is, and back as what it is to become, along the path of the probability-flow equation.
fn denoiser(opened: &Opened, backend: &Backend, pairs: &Pairs, images: &[u8], seed: u32) -> Result<Changed> {
    let runner = opened.denoiser(backend)?;
    let sources = grey(images);
    let mut values: Vec<f32> = sources.iter().map(|value| 2.0 * value - 1.0).collect();
    let walk = |classes: &[u8], start: Start, direction: Direction, values: &[f32]| {
        let (sampler, steps, classes) = (Sampler::Midpoint, STEPS, classes.to_vec());
        let base = SamplerFlags::default().spec(runner.config(), seed);
        let spec = Spec { sampler, steps, classes, start, direction, ..base };
        let given = Given { images: values, mask: &[] };
        pollster::block_on(Trajectory::new(&runner, spec, given, Keep::Newest)?.finish())
    };
    values = walk(&pairs.from, Start::Data, Direction::Encode, &values)?;
    values = walk(&pairs.to, Start::Exact { t: 1.0 }, Direction::Denoise, &values)?;
    let results = values.iter().map(|value| (0.5 * value + 0.5).clamp(0.0, 1.0)).collect();
    let setting = format!("{STEPS} steps of midpoint each way");
    Ok(Changed { way: Transfer::Recode, setting, sources, results })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_digit_becomes_every_other_one() {
        let labels: Vec<u8> = (0..90).map(|index| index / 9).collect();
        let pairs = Pairs::of(&labels);
        assert!(pairs.from.iter().zip(&pairs.to).all(|(from, to)| from != to && *to < 10));
        for digit in 0..10 {
            assert_eq!(pairs.to.iter().filter(|to| **to == digit).count(), 9);
        }
    }
}
