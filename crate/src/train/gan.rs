//! The adversarial objective: a generator and a discriminator that learn from each other. The trainer's parameters and
//! moving average are the generator's; the discriminator, its moments and the vectors of its spectral norm are kept
//! beside.

use std::rc::Rc;

use super::objective::{Kept, Objective, Samples, Step};
use crate::backend::{Executable, InputId};
use crate::checkpoint::Checkpoint;
use crate::data::PIXELS;
use crate::error::{Error, Result};
use crate::graph::{ParamLayout, ParamStore, Plan};
use crate::models::family::Training;
use crate::models::gan::Gan;
use crate::models::gan_config::GanConfig;
use crate::models::gan_spectral::{SPECTRAL, Spectral};
use crate::models::gan_step::{Adversary, DISCRIMINATOR, Regulariser};
use crate::ops::{AdamConfig, key_values};

/// The discriminator's first weights draw from the seed with this added, the generator's from the seed.
const DISCRIMINATOR_SEED: u64 = 1 << 32;

/// A generator against a discriminator.
pub struct Adversarial {
    model: Gan,
    adversary: Adversary,
    keep_discriminator: bool,
    inputs: Option<Inputs>,
    pixels: Vec<f32>,
    labels: Vec<f32>,
}

struct Inputs {
    x: InputId,
    key: InputId,
    label: Option<InputId>,
}

impl Adversarial {
    /// The objective of a GAN; with `keep_discriminator` the file of the weights has it too.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit in the config.
    pub fn new(config: GanConfig, adversary: Adversary, keep_discriminator: bool) -> Result<Adversarial> {
        let model = Gan::new(config)?;
        if model.discriminator().is_empty() {
            return Err(Error::Checkpoint("a GAN is trained with a discriminator, and the config has none".into()));
        }
        Ok(Adversarial { model, adversary, keep_discriminator, inputs: None, pixels: Vec::new(), labels: Vec::new() })
    }

    fn has_spectral_norm(&self) -> bool {
        self.adversary.regulariser == Regulariser::SpectralNorm
    }
}

impl Objective for Adversarial {
    fn layout(&self) -> &Rc<ParamLayout> {
        self.model.generator_layout()
    }

    fn initialize(&self, seed: u32) -> Result<ParamStore> {
        self.model.config().declare_generator()?.initialize(u64::from(seed))
    }

    fn kept(&self, seed: u32) -> Result<Vec<Kept>> {
        let first = self.model.config().declare_discriminator()?.initialize(u64::from(seed) + DISCRIMINATOR_SEED)?;
        let zeros = vec![0.0; first.slab().len()];
        let mut kept = vec![
            Kept { name: DISCRIMINATOR, values: first.slab().to_vec() },
            Kept { name: "discriminator.adam.m", values: zeros.clone() },
            Kept { name: "discriminator.adam.v", values: zeros },
        ];
        if self.has_spectral_norm() {
            let vectors = Spectral::new(&self.model)?.initialize(seed);
            kept.push(Kept { name: SPECTRAL, values: vectors.slab().to_vec() });
        }
        Ok(kept)
    }

    fn plan(&self, batch: usize, adam: &AdamConfig) -> Result<Plan> {
        self.model.train_plan(batch, &self.adversary, adam)
    }

    fn losses(&self) -> &'static [&'static str] {
        &["discriminator", "penalty", "generator"]
    }

    fn bind(&mut self, executable: &Executable, batch: usize) -> Result<()> {
        let label = self.model.config().conditional.then(|| executable.input("label")).transpose()?;
        self.inputs = Some(Inputs { x: executable.input("x")?, key: executable.input("key")?, label });
        self.pixels = vec![0.0; batch * PIXELS];
        self.labels = vec![0.0; batch];
        Ok(())
    }

    fn feed(&mut self, executable: &mut Executable, step: &Step, samples: &Samples) -> Result<()> {
        let Some(inputs) = &self.inputs else { return Ok(()) };
        let rows = self.pixels.chunks_exact_mut(PIXELS).zip(&mut self.labels);
        for (&index, (row, label)) in step.images.iter().zip(rows) {
            let index = index as usize;
            let image = &samples.images[index * PIXELS..(index + 1) * PIXELS];
            for (value, grey) in row.iter_mut().zip(image) {
                *value = f32::from(*grey) / 127.5 - 1.0;
            }
            *label = f32::from(samples.labels[index]);
        }
        executable.write(inputs.x, &self.pixels)?;
        if let Some(label) = inputs.label {
            executable.write(label, &self.labels)?;
        }
        executable.write(inputs.key, &key_values(step.seed, step.index as u32))
    }

    fn sign(&self, training: Training, kept: &[Kept], checkpoint: &mut Checkpoint) -> Result<()> {
        let mut config = GanConfig { training: Some(training), ..self.model.config().clone() };
        if !self.keep_discriminator {
            config.discriminator.clear();
            return checkpoint.set_config(&config);
        }
        let slab = kept.iter().find(|slab| slab.name == DISCRIMINATOR);
        let values = slab.ok_or_else(|| Error::Checkpoint("the run has no discriminator".into()))?.values.clone();
        let mut store = ParamStore::from_slab(self.model.discriminator_layout().clone(), values)?;
        if self.has_spectral_norm() {
            Spectral::new(&self.model)?.apply(&mut store);
        }
        checkpoint.tensors.extend(Checkpoint::from_store(&store).tensors);
        checkpoint.set_config(&config)
    }
}
