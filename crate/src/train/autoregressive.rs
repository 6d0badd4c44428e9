//! The objective of autoregressive models: -ln p(x) of binarised pictures, exact.

use std::rc::Rc;

use super::objective::{Kept, Objective, Samples, Step};
use crate::backend::{Executable, InputId};
use crate::checkpoint::Checkpoint;
use crate::data::PIXELS;
use crate::data::binarize::Binarization;
use crate::error::Result;
use crate::graph::{ParamLayout, ParamStore, Plan};
use crate::models::autoregressive::{Autoregressive, AutoregressiveConfig};
use crate::models::family::Training;
use crate::models::network::Network;
use crate::ops::{AdamConfig, key_values};

/// The negative log-likelihood of an autoregressive model.
pub struct Autoregression {
    model: Autoregressive,
    binarization: Binarization,
    inputs: Option<[InputId; 2]>,
    pixels: Vec<f32>,
}

impl Autoregression {
    /// The objective of a model of 28 x 28 digits.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] naming what does not fit in the config.
    pub fn new(config: AutoregressiveConfig, binarization: Binarization) -> Result<Autoregression> {
        let model = crate::models::autoregressive::network(config)?;
        Ok(Autoregression { model, binarization, inputs: None, pixels: Vec::new() })
    }
}

impl Objective for Autoregression {
    fn layout(&self) -> &Rc<ParamLayout> {
        self.model.layout()
    }

    fn initialize(&self, seed: u32) -> Result<ParamStore> {
        self.model.declarations().initialize(u64::from(seed))
    }

    fn plan(&self, batch: usize, adam: &AdamConfig) -> Result<Plan> {
        self.model.train_plan(batch, self.binarization == Binarization::Dynamic, adam)
    }

    fn losses(&self) -> &'static [&'static str] {
        &["loss"]
    }

    fn bind(&mut self, executable: &Executable, batch: usize) -> Result<()> {
        self.inputs = Some([executable.input("x")?, executable.input("key")?]);
        self.pixels = vec![0.0; batch * PIXELS];
        Ok(())
    }

    fn feed(&mut self, executable: &mut Executable, step: &Step, samples: &Samples) -> Result<()> {
        let Some([x, key]) = self.inputs else { return Ok(()) };
        for (&index, row) in step.images.iter().zip(self.pixels.chunks_exact_mut(PIXELS)) {
            let start = index as usize * PIXELS;
            self.binarization.prepare(&samples.images[start..start + PIXELS], row);
        }
        executable.write(x, &self.pixels)?;
        executable.write(key, &key_values(step.seed, step.index as u32))
    }

    fn sign(&self, training: Training, _kept: &[Kept], checkpoint: &mut Checkpoint) -> Result<()> {
        checkpoint.set_config(&AutoregressiveConfig { training: Some(training), ..self.model.config().clone() })
    }
}
