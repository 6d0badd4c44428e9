//! Training: one compiled step (forward, loss, gradients, optimizer, EMA), replayed; resumable bit for bit.

use serde::{Deserialize, Serialize};

use super::objective::{Kept, Objective, Samples, Step};
use super::recipe::Recipe;
use super::schedule;
use crate::backend::{Backend, DeviceSlab, Executable, InputId, OutputId};
use crate::checkpoint::Checkpoint;
use crate::data::batches::Batches;
use crate::error::{Error, Result};
use crate::graph::ParamStore;
use crate::models::family::Training;
use crate::models::plans::{EMA, PARAMS};
use crate::ops::AdamConfig;

/// The losses of the last step, means over the batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Losses {
    /// Name and value of each term.
    pub terms: Vec<(&'static str, f64)>,
}

impl Losses {
    /// What is minimised.
    pub fn total(&self) -> f64 {
        self.terms.iter().map(|(_, value)| value).sum()
    }
}

impl std::fmt::Display for Losses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // a loss near 0 needs more digits than one in nats
        let digits = if self.total().abs() < 10.0 { 4 } else { 2 };
        write!(f, "loss {:.digits$}", self.total())?;
        if self.terms.len() > 1 {
            for (index, (name, value)) in self.terms.iter().enumerate() {
                write!(f, " {} {name} {value:.digits$}", if index == 0 { "=" } else { "+" })?;
            }
        }
        Ok(())
    }
}

/// What a training run's file says about the run; with the slabs it is all that the next step depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct State {
    recipe: Recipe,
    seed: u32,
    step: u64,
    total_steps: u64,
    images: usize,
    /// How the weights that the run began with were trained.
    #[serde(default)]
    after: Option<Training>,
}

/// The slabs of every run, by their names in the graph; those that the objective keeps come behind.
const SLABS: [&str; 4] = [PARAMS, "adam.m", "adam.v", EMA];

/// A training run.
pub struct Trainer {
    objective: Box<dyn Objective>,
    state: State,
    batches: Batches,
    executable: Executable,
    slabs: Vec<(&'static str, DeviceSlab)>,
    hyper: InputId,
    rate: InputId,
    losses: Vec<OutputId>,
    optimizer: AdamConfig,
    backend_name: &'static str,
}

impl Trainer {
    /// A new run of `total_steps` on `images` training images, from the weights `start` or from random ones.
    ///
    /// # Errors
    /// [`Error::Data`] when there are fewer images than one batch; [`Error::Checkpoint`] when `start` is of another
    /// network; [`Error::Gpu`] when the device refuses.
    pub fn new(
        backend: &Backend,
        recipe: Recipe,
        seed: u32,
        total_steps: Option<u64>,
        images: usize,
        start: Option<&Checkpoint>,
    ) -> Result<Trainer> {
        let batches = Batches::new(images, recipe.batch, u64::from(seed))?;
        let total_steps = total_steps.unwrap_or(recipe.epochs * batches.steps_per_epoch());
        if total_steps == 0 {
            return Err(Error::Data("a run needs at least one step".into()));
        }
        let objective = recipe.task.objective()?;
        let after = start.map(Training::of).transpose()?.flatten();
        let start = match start {
            Some(weights) => weights.to_store(objective.layout())?,
            None => objective.initialize(seed)?,
        };
        let zeros = vec![0.0; start.slab().len()];
        let kept = objective.kept(seed)?;
        let values = SLABS.into_iter().zip([start.slab(), &zeros, &zeros, start.slab()]);
        let values = values.chain(kept.iter().map(|Kept { name, values }| (*name, &values[..])));
        let slabs = values.map(|(name, values)| Ok((name, backend.slab(values)?))).collect::<Result<_>>()?;
        let state = State { recipe, seed, step: 0, total_steps, images, after };
        Self::build(backend, objective, state, batches, slabs)
    }

    /// The run saved in `checkpoint` ([`Trainer::save`]), which goes on as if it had never stopped: on the same
    /// backend bit for bit.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for a file that is no training state or was made by another recipe, seed, number of steps
    /// or data set; the message says which.
    pub fn resume(
        backend: &Backend,
        recipe: Recipe,
        seed: u32,
        total_steps: Option<u64>,
        images: usize,
        checkpoint: &Checkpoint,
    ) -> Result<Trainer> {
        let state: State = checkpoint
            .config()
            .ok()
            .flatten()
            .ok_or_else(|| Error::Checkpoint("the file is no training state of this version".into()))?;
        let batches = Batches::new(images, recipe.batch, u64::from(seed))?;
        let wanted = total_steps.unwrap_or(recipe.epochs * batches.steps_per_epoch());
        let differs = |what: &str, there: String, here: String| {
            Err(Error::Checkpoint(format!(
                "the run to resume has {what} {there}, not {here}; start it as it was, or without --resume"
            )))
        };
        if state.recipe != recipe {
            let note = if state.recipe.name == recipe.name { " (as it was when the run began)" } else { "" };
            return differs("the recipe", state.recipe.name + note, recipe.name);
        }
        if state.seed != seed {
            return differs("the seed", state.seed.to_string(), seed.to_string());
        }
        if state.total_steps != wanted {
            return differs("a length in steps of", state.total_steps.to_string(), wanted.to_string());
        }
        if state.images != images {
            return differs("a number of training images of", state.images.to_string(), images.to_string());
        }
        let objective = recipe.task.objective()?;
        let len = objective.layout().slab_len();
        let kept = objective.kept(seed)?.into_iter().map(|Kept { name, values }| (name, values.len()));
        let named: Vec<(&'static str, usize)> = SLABS.into_iter().map(|name| (name, len)).chain(kept).collect();
        let layout: Vec<(String, Vec<usize>)> =
            named.iter().map(|(name, len)| (name.to_string(), vec![*len])).collect();
        checkpoint.expect(&layout)?;
        let slabs = named.into_iter().map(|(name, _)| Ok((name, backend.slab(&checkpoint.tensors[name].values)?)));
        let slabs = slabs.collect::<Result<_>>()?;
        Self::build(backend, objective, state, batches, slabs)
    }

    fn build(
        backend: &Backend,
        mut objective: Box<dyn Objective>,
        state: State,
        batches: Batches,
        slabs: Vec<(&'static str, DeviceSlab)>,
    ) -> Result<Trainer> {
        let recipe = &state.recipe;
        let optimizer = recipe.optimizer();
        let plan = objective.plan(recipe.batch, &optimizer)?;
        let named: Vec<(&str, &DeviceSlab)> = slabs.iter().map(|(name, slab)| (*name, slab)).collect();
        let executable = backend.compile(plan, &named)?;
        objective.bind(&executable, recipe.batch)?;
        let (hyper, rate) = (executable.input("hyper")?, executable.input("ema_rate")?);
        let losses = objective.losses().iter().map(|name| executable.output(name)).collect::<Result<_>>()?;
        let backend_name = backend.name();
        Ok(Trainer { objective, state, batches, executable, slabs, hyper, rate, losses, optimizer, backend_name })
    }

    /// One optimizer step on `samples`, as many as the run was made for.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn step(&mut self, samples: &Samples) -> Result<()> {
        let State { recipe, seed, step, total_steps, .. } = &self.state;
        let steps_per_epoch = self.batches.steps_per_epoch();
        let images = self.batches.at(*step);
        let rate = recipe.learning_rate * schedule::cosine(*step, recipe.warm_up_steps, *total_steps);
        let executable = &mut self.executable;
        let now = Step { seed: *seed, index: *step, total: *total_steps, steps_per_epoch, images };
        self.objective.feed(executable, &now, samples)?;
        executable.write(self.hyper, &self.optimizer.hyper(rate, step + 1))?;
        executable.write(self.rate, &[1.0 - schedule::ema_decay(*step, recipe.ema_decay) as f32])?;
        executable.run()?;
        self.state.step += 1;
        Ok(())
    }

    /// The losses of the last step.
    ///
    /// # Errors
    /// [`Error::NonFinite`] when the run has diverged; [`Error::DeviceLost`], [`Error::Gpu`].
    pub async fn losses(&self) -> Result<Losses> {
        let mut terms = Vec::with_capacity(self.losses.len());
        for (name, output) in self.objective.losses().iter().zip(&self.losses) {
            terms.push((*name, f64::from(self.executable.read(*output).await?[0])));
        }
        let losses = Losses { terms };
        if !losses.total().is_finite() {
            return Err(Error::NonFinite(format!(
                "{losses} at step {}: the run has diverged; the last saved state is still there",
                self.state.step
            )));
        }
        Ok(losses)
    }

    /// Everything that [`Trainer::resume`] needs.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub async fn save(&self) -> Result<Checkpoint> {
        let mut checkpoint = Checkpoint::default();
        for (name, slab) in &self.slabs {
            let values = slab.read().await?;
            checkpoint.insert(*name, vec![values.len()], values);
        }
        checkpoint.set_config(&self.state)?;
        Ok(checkpoint)
    }

    /// The model as it would be shipped: the moving average of the weights.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub async fn weights(&self) -> Result<Checkpoint> {
        let average =
            ParamStore::from_slab(self.objective.layout().clone(), self.slabs[SLABS.len() - 1].1.read().await?)?;
        let State { recipe, seed, step, after, .. } = &self.state;
        let training = Training {
            recipe: recipe.name.clone(),
            seed: *seed,
            steps: *step,
            batch: recipe.batch,
            binarization: recipe.task.binarization(),
            backend: self.backend_name.into(),
            after: after.clone().map(Box::new),
        };
        let mut kept = Vec::new();
        for (name, slab) in &self.slabs[SLABS.len()..] {
            kept.push(Kept { name, values: slab.read().await? });
        }
        let mut checkpoint = Checkpoint::from_store(&average);
        self.objective.sign(training, &kept, &mut checkpoint)?;
        Ok(checkpoint)
    }

    /// Steps done.
    pub fn steps_done(&self) -> u64 {
        self.state.step
    }

    /// Steps of the whole run.
    pub fn total_steps(&self) -> u64 {
        self.state.total_steps
    }

    /// Steps in one pass over the data.
    pub fn steps_per_epoch(&self) -> u64 {
        self.batches.steps_per_epoch()
    }

    /// Images in a step.
    pub fn batch(&self) -> usize {
        self.state.recipe.batch
    }

    /// The compiled step.
    pub fn executable(&self) -> &Executable {
        &self.executable
    }
}
