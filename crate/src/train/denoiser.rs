//! The denoisers' objective: noise an image to a drawn time, predict, compare (Ho et al. 2020, algorithm 1; Lipman et
//! al. 2022, eq. 23). With pairs of noise and the image that a trained model makes of it, a second model learns to go
//! straight from one to the other (reflow, Liu et al. 2022), in few steps.

use std::rc::Rc;

use super::objective::{Kept, Objective, Samples, Step};
use crate::backend::{Executable, InputId};
use crate::checkpoint::Checkpoint;
use crate::data::{PIXELS, streams};
use crate::error::Result;
use crate::graph::{ParamLayout, ParamStore, Plan};
use crate::models::denoiser::Denoiser;
use crate::models::denoiser_config::{DenoiserConfig, NO_CLASS, Network};
use crate::models::family::Training;
use crate::ops::{AdamConfig, key_values};
use crate::rng::Philox;
use crate::samplers::path::TEXTBOOK_STEPS;

/// The mean square error of what a denoiser predicts.
pub struct Denoising {
    model: Denoiser,
    label_dropout: f64,
    noise: Noise,
    inputs: Option<Inputs>,
    values: Values,
}

/// Where a step's noise comes from.
enum Noise {
    /// Drawn anew, on the device.
    Drawn,
    /// That of the pair, [`pair_noise`].
    Paired(Vec<f32>),
}

struct Inputs {
    x: InputId,
    noise: InputId,
    conditions: Conditions,
}

/// How often a pair is looked at from its noise, t = 1: the step that matters most when there are few.
const FROM_NOISE: f64 = 0.5;
/// The seed of the pairs' noise.
const PAIR_SEED: u64 = 0x1771;

/// The noise of pair `index`: 784 normal numbers.
pub fn pair_noise(index: usize, noise: &mut [f32]) {
    Philox::new(PAIR_SEED, streams::stream(streams::PAIRS, index as u64)).fill_normal(noise);
}

/// The inputs that tell a step's times and classes.
struct Conditions {
    time: InputId,
    /// Only a network that is told the class has it.
    label: Option<InputId>,
    mix: InputId,
    weight: InputId,
}

/// One step's inputs, allocated once.
#[derive(Default)]
struct Values {
    x: Vec<f32>,
    time: Vec<f32>,
    label: Vec<f32>,
    mix: Vec<f32>,
    weight: Vec<f32>,
}

impl Denoising {
    /// The objective of a denoiser that is told no class in `label_dropout` of the images.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] naming what does not fit in the config.
    pub fn new(config: DenoiserConfig, label_dropout: f64) -> Result<Denoising> {
        let values = Values::default();
        Ok(Denoising { model: Denoiser::new(config)?, label_dropout, noise: Noise::Drawn, inputs: None, values })
    }

    /// The objective on a data set of pairs: image i is what a trained model made of [`pair_noise`] of i.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] naming what does not fit in the config.
    pub fn of_pairs(config: DenoiserConfig, label_dropout: f64) -> Result<Denoising> {
        Ok(Denoising { noise: Noise::Paired(Vec::new()), ..Denoising::new(config, label_dropout)? })
    }
}

impl Values {
    fn new(model: &Denoiser, batch: usize) -> Values {
        Values {
            x: vec![0.0; batch * PIXELS],
            time: vec![0.0; batch * model.time_width()],
            label: vec![0.0; batch],
            mix: vec![0.0; 4 * batch],
            weight: vec![1.0; batch],
        }
    }

    /// What is told about image `row` of the batch at time `t`.
    fn set_time(&mut self, model: &Denoiser, row: usize, t: f64) {
        let width = model.time_width();
        model.time_features(t, &mut self.time[row * width..(row + 1) * width]);
        let at = model.config().path.at(t);
        let [of_x0, of_eps] = model.config().prediction.target(at);
        let batch = self.label.len();
        for (part, value) in [at.alpha, at.sigma, of_x0, of_eps].into_iter().enumerate() {
            self.mix[part * batch + row] = value as f32;
        }
    }
}

impl Conditions {
    fn find(executable: &Executable, conditional: bool) -> Result<Conditions> {
        Ok(Conditions {
            time: executable.input("time")?,
            label: conditional.then(|| executable.input("label")).transpose()?,
            mix: executable.input("mix")?,
            weight: executable.input("weight")?,
        })
    }

    fn write(&self, executable: &mut Executable, values: &Values) -> Result<()> {
        executable.write(self.time, &values.time)?;
        if let Some(label) = self.label {
            executable.write(label, &values.label)?;
        }
        executable.write(self.mix, &values.mix)?;
        executable.write(self.weight, &values.weight)
    }
}

impl Objective for Denoising {
    fn layout(&self) -> &Rc<ParamLayout> {
        self.model.layout()
    }

    fn initialize(&self, seed: u32) -> Result<ParamStore> {
        self.model.initialize(seed)
    }

    fn plan(&self, batch: usize, adam: &AdamConfig) -> Result<Plan> {
        match self.noise {
            Noise::Drawn => self.model.train_plan(batch, adam),
            Noise::Paired(_) => self.model.train_pairs_plan(batch, adam),
        }
    }

    fn losses(&self) -> &'static [&'static str] {
        &["loss"]
    }

    fn bind(&mut self, executable: &Executable, batch: usize) -> Result<()> {
        let conditions = Conditions::find(executable, self.model.config().conditional)?;
        let noise = match &mut self.noise {
            Noise::Drawn => executable.input("key")?,
            Noise::Paired(values) => {
                values.resize(batch * PIXELS, 0.0);
                executable.input("eps")?
            }
        };
        self.inputs = Some(Inputs { x: executable.input("x")?, noise, conditions });
        self.values = Values::new(&self.model, batch);
        Ok(())
    }

    fn feed(&mut self, executable: &mut Executable, step: &Step, samples: &Samples) -> Result<()> {
        let Some(inputs) = &self.inputs else { return Ok(()) };
        let mut draws = Philox::new(u64::from(step.seed), streams::stream(streams::TIMES, step.index));
        let batch = step.images.len();
        for (row, &image) in step.images.iter().enumerate() {
            let image = image as usize;
            let pixels = &samples.images[image * PIXELS..(image + 1) * PIXELS];
            for (value, grey) in self.values.x[row * PIXELS..(row + 1) * PIXELS].iter_mut().zip(pixels) {
                *value = f32::from(*grey) / 127.5 - 1.0;
            }
            let kept = f64::from(draws.uniform()) >= self.label_dropout;
            self.values.label[row] = f32::from(if kept { samples.labels[image] } else { NO_CLASS });
            // stratified over the batch: each step sees times from end to end
            let t = (row as f64 + f64::from(draws.uniform())) / batch as f64;
            let t = match &mut self.noise {
                Noise::Drawn => drawn_time(&self.model, t),
                Noise::Paired(noise) => {
                    pair_noise(image, &mut noise[row * PIXELS..(row + 1) * PIXELS]);
                    (t / (1.0 - FROM_NOISE)).min(1.0)
                }
            };
            self.values.set_time(&self.model, row, t);
        }
        executable.write(inputs.x, &self.values.x)?;
        match &self.noise {
            Noise::Drawn => executable.write(inputs.noise, &key_values(step.seed, step.index as u32))?,
            Noise::Paired(noise) => executable.write(inputs.noise, noise)?,
        }
        inputs.conditions.write(executable, &self.values)
    }

    fn sign(&self, training: Training, _kept: &[Kept], checkpoint: &mut Checkpoint) -> Result<()> {
        checkpoint.set_config(&DenoiserConfig { training: Some(training), ..self.model.config().clone() })
    }
}

/// The textbook's networks know 1,000 times, the others all.
fn drawn_time(model: &Denoiser, t: f64) -> f64 {
    match model.config().network {
        Network::Mlp { .. } => {
            let steps = TEXTBOOK_STEPS as f64;
            ((t * steps).floor() + 1.0).min(steps) / steps
        }
        Network::Unet { .. } => t,
    }
}
