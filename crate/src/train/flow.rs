//! The flow's objective: the exact negative log-likelihood of dequantised pictures given their classes.

use std::rc::Rc;

use super::objective::{Kept, Objective, Samples, Step};
use crate::backend::{Executable, InputId};
use crate::checkpoint::Checkpoint;
use crate::data::PIXELS;
use crate::error::Result;
use crate::graph::{ParamLayout, ParamStore, Plan};
use crate::models::family::Training;
use crate::models::flow::Flow;
use crate::models::flow_config::FlowConfig;
use crate::models::network::Network;
use crate::ops::{AdamConfig, key_values};

/// Bits per dimension of a flow.
pub struct Likelihood {
    model: Flow,
    inputs: Option<[InputId; 3]>,
    pixels: Vec<f32>,
    labels: Vec<f32>,
}

impl Likelihood {
    /// The objective of a flow.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] naming what does not fit in the config.
    pub fn new(config: FlowConfig) -> Result<Likelihood> {
        Ok(Likelihood { model: Flow::new(config)?, inputs: None, pixels: Vec::new(), labels: Vec::new() })
    }
}

impl Objective for Likelihood {
    fn layout(&self) -> &Rc<ParamLayout> {
        self.model.layout()
    }

    fn initialize(&self, seed: u32) -> Result<ParamStore> {
        self.model.config().declarations().initialize(u64::from(seed))
    }

    fn plan(&self, batch: usize, adam: &AdamConfig) -> Result<Plan> {
        self.model.train_plan(batch, adam)
    }

    fn losses(&self) -> &'static [&'static str] {
        &["loss"]
    }

    fn bind(&mut self, executable: &Executable, batch: usize) -> Result<()> {
        self.inputs = Some([executable.input("x")?, executable.input("label")?, executable.input("key")?]);
        self.pixels = vec![0.0; batch * PIXELS];
        self.labels = vec![0.0; batch];
        Ok(())
    }

    fn feed(&mut self, executable: &mut Executable, step: &Step, samples: &Samples) -> Result<()> {
        let Some([x, label, key]) = self.inputs else { return Ok(()) };
        let rows = self.pixels.chunks_exact_mut(PIXELS).zip(&mut self.labels);
        for (&index, (row, label)) in step.images.iter().zip(rows) {
            let index = index as usize;
            for (value, &byte) in row.iter_mut().zip(&samples.images[index * PIXELS..]) {
                *value = f32::from(byte);
            }
            *label = f32::from(samples.labels[index]);
        }
        executable.write(x, &self.pixels)?;
        executable.write(label, &self.labels)?;
        executable.write(key, &key_values(step.seed, step.index as u32))
    }

    fn sign(&self, training: Training, _kept: &[Kept], checkpoint: &mut Checkpoint) -> Result<()> {
        checkpoint.set_config(&FlowConfig { training: Some(training), ..self.model.config().clone() })
    }
}
