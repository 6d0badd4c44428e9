//! Sampling from a denoiser on the command line: the flags and many digits in batches.

use std::rc::Rc;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::data::PIXELS;
use crate::error::{Error, Result};
use crate::models::denoiser_config::{DenoiserConfig, NO_CLASS};
use crate::samplers::Sampler;
use crate::samplers::schedule::schedule;
use crate::samplers::spacing::Spacing;
use crate::samplers::spec::{Direction, Spec, Start};
use crate::samplers::trajectory::{DenoiserRunner, Given, Keep, Trajectory};

/// Digits in one run.
const BATCH: usize = 250;

/// How a denoiser is sampled.
#[derive(Debug, Clone, Default, Args)]
pub struct SamplerFlags {
    /// The sampler; by default the midpoint method for flow matching, DDPM for a model trained on a path of diffusion
    #[arg(long, value_enum)]
    sampler: Option<Sampler>,
    /// Steps, 1 to 1000; by default 8 for midpoint and heun, 20 for dpm-solver and euler, 50 for ddim, 1000 for ddpm
    #[arg(long)]
    steps: Option<usize>,
    /// How the times lie between noise and data; uniform by default
    #[arg(long, value_enum)]
    spacing: Option<Spacing>,
    /// Noise in DDIM's steps, 0 (none, the default) to 1 (as much as DDPM's)
    #[arg(long)]
    eta: Option<f64>,
    /// Guidance scale w, 0 (none, the default) to 8: the prediction moves away from the one without a class
    #[arg(long)]
    guidance: Option<f64>,
}

impl SamplerFlags {
    /// Refuses flags that a model of another family cannot follow.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when one of them is given.
    pub fn refuse(&self, class: Option<u8>) -> Result<()> {
        let SamplerFlags { sampler, steps, spacing, eta, guidance } = self;
        if sampler.is_some() || steps.is_some() || spacing.is_some() || eta.is_some() || guidance.is_some() {
            return Err(Error::Unsupported(
                "--sampler, --steps, --spacing, --eta and --guidance are for models that denoise step by step".into(),
            ));
        }
        match class {
            None => Ok(()),
            Some(_) => Err(Error::Unsupported("--class is for models that are told which digit to draw".into())),
        }
    }

    /// The flags as a spec without digits.
    pub fn spec(&self, config: &DenoiserConfig, seed: u32) -> Spec {
        let default = if config.path.preserves_variance() { Sampler::Ddpm } else { Sampler::Midpoint };
        let sampler = self.sampler.unwrap_or(default);
        let steps = match sampler {
            Sampler::Ddpm => 1000,
            Sampler::Ddim => 50,
            Sampler::DpmSolver | Sampler::Euler => 20,
            Sampler::Midpoint | Sampler::Heun => 8,
        };
        Spec {
            model: String::new(),
            sampler,
            steps: self.steps.unwrap_or(steps),
            spacing: self.spacing.unwrap_or_default(),
            eta: self.eta.unwrap_or(0.0),
            guidance_scale: self.guidance.unwrap_or(0.0),
            classes: vec![],
            seed,
            seeds: None,
            shared_noise: false,
            start: Start::Noise,
            direction: Direction::Denoise,
            inpaint: None,
        }
    }
}

/// Draws `n` digits, 784 grey values in [0, 1] each. Digit i has the seed `spec.seed` + i and `class`, or without one
/// every class in turn where the model knows them: it does not depend on how many are drawn.
///
/// # Errors
/// [`Error::Data`] for a spec that cannot be done, [`Error::NonFinite`] when digits are no numbers,
/// [`Error::DeviceLost`], [`Error::Gpu`].
pub fn sample(runner: &Rc<DenoiserRunner>, spec: &Spec, n: usize, class: Option<u8>) -> Result<Vec<f32>> {
    let known = runner.config().conditional;
    let class_of = |digit: usize| class.unwrap_or(if known { (digit % 10) as u8 } else { NO_CLASS });
    let batch = BATCH.min(n);
    let batch_spec = |first: usize| Spec {
        classes: (first..first + batch).map(class_of).collect(),
        seed: spec.seed.wrapping_add(first as u32),
        ..spec.clone()
    };
    let moves = schedule(&batch_spec(0), runner.config())?.len();
    let style = ProgressStyle::with_template("sampling {bar:30} {percent} %, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new((n.div_ceil(BATCH) * moves) as u64).with_style(style);
    let mut images = Vec::with_capacity(n * PIXELS);
    for first in (0..n).step_by(BATCH) {
        // all batches have one size, for which the steps are compiled
        let mut trajectory = Trajectory::new(runner, batch_spec(first), Given::default(), Keep::Newest)?;
        while trajectory.step()? {
            bar.inc(1);
        }
        bar.inc(1);
        let values = pollster::block_on(trajectory.finish())?;
        images.extend(values[..batch.min(n - first) * PIXELS].iter().map(|value| (0.5 * value + 0.5).clamp(0.0, 1.0)));
    }
    bar.finish_and_clear();
    if images.iter().any(|value| value.is_nan()) {
        return Err(Error::NonFinite(
            "the sampler's digits are no finite numbers; take more steps or another one".into(),
        ));
    }
    Ok(images)
}
