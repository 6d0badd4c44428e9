//! The VAE's objective: binarise, encode, draw z, decode; the negative ELBO with a warm-up of its KL term.

use std::rc::Rc;

use super::objective::{Kept, Objective, Samples, Step};
use super::schedule;
use crate::backend::{Executable, InputId};
use crate::checkpoint::Checkpoint;
use crate::data::binarize::Binarization;
use crate::data::{PIXELS, streams};
use crate::error::Result;
use crate::graph::{ParamLayout, ParamStore, Plan};
use crate::models::family::Training;
use crate::models::vae::Vae;
use crate::models::vae_config::VaeConfig;
use crate::nn::init::Init;
use crate::ops::{AdamConfig, key_values};
use crate::rng::Philox;

/// The negative ELBO of a VAE.
pub struct Elbo {
    model: Vae,
    kl_warm_up_epochs: u64,
    binarization: Binarization,
    inputs: Option<[InputId; 3]>,
    pixels: Vec<f32>,
}

impl Elbo {
    /// The objective of a VAE whose KL term's weight rises from 0 to 1 over `kl_warm_up_epochs`.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] naming what does not fit in the config.
    pub fn new(config: VaeConfig, kl_warm_up_epochs: u64, binarization: Binarization) -> Result<Elbo> {
        Ok(Elbo { model: Vae::new(config)?, kl_warm_up_epochs, binarization, inputs: None, pixels: Vec::new() })
    }
}

impl Objective for Elbo {
    fn layout(&self) -> &Rc<ParamLayout> {
        self.model.layout()
    }

    fn initialize(&self, seed: u32) -> Result<ParamStore> {
        initialize(&self.model, seed)
    }

    fn plan(&self, batch: usize, adam: &AdamConfig) -> Result<Plan> {
        self.model.train_plan(batch, self.binarization == Binarization::Dynamic, adam)
    }

    fn losses(&self) -> &'static [&'static str] {
        &["reconstruction", "kl"]
    }

    fn bind(&mut self, executable: &Executable, batch: usize) -> Result<()> {
        self.inputs = Some([executable.input("x")?, executable.input("key")?, executable.input("beta")?]);
        self.pixels = vec![0.0; batch * PIXELS];
        Ok(())
    }

    fn feed(&mut self, executable: &mut Executable, step: &Step, samples: &Samples) -> Result<()> {
        let Some([x, key, beta]) = self.inputs else { return Ok(()) };
        for (&index, row) in step.images.iter().zip(self.pixels.chunks_exact_mut(PIXELS)) {
            let start = index as usize * PIXELS;
            self.binarization.prepare(&samples.images[start..start + PIXELS], row);
        }
        executable.write(x, &self.pixels)?;
        executable.write(key, &key_values(step.seed, step.index as u32))?;
        executable.write(beta, &[schedule::ramp(step.index, self.kl_warm_up_epochs * step.steps_per_epoch) as f32])
    }

    fn sign(&self, training: Training, _kept: &[Kept], checkpoint: &mut Checkpoint) -> Result<()> {
        checkpoint.set_config(&VaeConfig { training: Some(training), ..self.model.config().clone() })
    }
}

/// First weights: uniform within 1 / sqrt(inputs of one output), as PyTorch's layers start, and biases of zero.
fn initialize(model: &Vae, seed: u32) -> Result<ParamStore> {
    let config = model.config();
    let mut bounds = std::collections::HashMap::new();
    for stage in config.walk_encoder()?.into_iter().chain(config.walk_decoder()?) {
        bounds.insert(format!("{}.weight", stage.name), stage.fan_in());
    }
    let mut store = ParamStore::zeros(model.layout().clone());
    for (index, entry) in model.layout().entries().iter().enumerate() {
        if !entry.name.ends_with(".weight") {
            continue;
        }
        // the heads are linear layers and no stages
        let inputs = bounds.get(&entry.name).copied().unwrap_or_else(|| entry.shape.dims()[1] as f64);
        let init = Init::Uniform { bound: inputs.sqrt().recip() };
        let mut rng = Philox::new(u64::from(seed), streams::stream(streams::INITIALIZE, index as u64));
        if let Some(values) = store.get_mut(&entry.name) {
            init.fill(values, &mut rng);
        }
    }
    Ok(store)
}
