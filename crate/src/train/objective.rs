//! What a family brings to the training loop: a network, the plan of one step and what the step is fed with.

use std::rc::Rc;

use crate::backend::Executable;
use crate::checkpoint::Checkpoint;
use crate::error::Result;
use crate::graph::{ParamLayout, ParamStore, Plan};
use crate::models::family::Training;
use crate::ops::AdamConfig;

/// The training set.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    /// 784 grey values for each image.
    pub images: &'a [u8],
    /// The digit of each image.
    pub labels: &'a [u8],
}

/// Where a run stands.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The run's seed.
    pub seed: u32,
    /// Steps done so far.
    pub index: u64,
    /// Steps of the whole run.
    pub total: u64,
    /// Steps in one pass over the data.
    pub steps_per_epoch: u64,
    /// The images of this step, as indices into the training set.
    pub images: &'a [u32],
}

/// A slab that a run keeps beside those of the trainer: a second network, its moments, running statistics, chains.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its name in the plan.
    pub name: &'static str,
    /// Its values: the first ones, or those at the end.
    pub values: Vec<f32>,
}

/// A network and what it is trained towards. The plan keeps the slabs `params`, `adam.m`, `adam.v` and `ema` and those
/// of [`Objective::kept`], and has the inputs `hyper` and `ema_rate`, which the trainer writes; the others are the
/// objective's.
pub trait Objective {
    /// The parameters' names, shapes and places.
    fn layout(&self) -> &Rc<ParamLayout>;

    /// First weights.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when the layout is no layout.
    fn initialize(&self, seed: u32) -> Result<ParamStore>;

    /// What a run keeps besides, with its first values; of the same lengths for every seed.
    ///
    /// # Errors
    /// As [`Objective::initialize`].
    fn kept(&self, _seed: u32) -> Result<Vec<Kept>> {
        Ok(Vec::new())
    }

    /// One optimizer step over `batch` images.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when the network cannot be built.
    fn plan(&self, batch: usize, adam: &AdamConfig) -> Result<Plan>;

    /// The plan's outputs that add up to the loss.
    fn losses(&self) -> &'static [&'static str];

    /// Finds the inputs of the compiled plan.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when one is missing.
    fn bind(&mut self, executable: &Executable, batch: usize) -> Result<()>;

    /// Writes the inputs of one step.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when the plan is another.
    fn feed(&mut self, executable: &mut Executable, step: &Step, samples: &Samples) -> Result<()>;

    /// Completes the file of the weights: the model's config, and what else of `kept` belongs to the model.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] if it cannot be written.
    fn sign(&self, training: Training, kept: &[Kept], checkpoint: &mut Checkpoint) -> Result<()>;
}
