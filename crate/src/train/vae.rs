//! Training a VAE: one compiled step (binarise, encode, draw z, decode, loss, gradients, Adam, EMA), replayed.

use serde::{Deserialize, Serialize};

use super::recipe::Recipe;
use super::schedule;
use crate::backend::{Backend, DeviceSlab, Executable, InputId, OutputId};
use crate::checkpoint::Checkpoint;
use crate::data::batches::Batches;
use crate::data::binarize::Binarization;
use crate::data::{PIXELS, streams};
use crate::error::{Error, Result};
use crate::graph::ParamStore;
use crate::models::layers::{Layer, Stage};
use crate::models::vae::{EMA, PARAMS, Vae};
use crate::models::family::Training;
use crate::nn::init::Init;
use crate::ops::{AdamConfig, key_values};
use crate::rng::Philox;

/// The losses of the last step, means over the batch in nats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Losses {
    /// -log p(x | z).
    pub reconstruction: f64,
    /// KL(q(z | x) || p(z)), not weighted.
    pub kl: f64,
}

impl Losses {
    /// The negative ELBO.
    pub fn total(self) -> f64 {
        self.reconstruction + self.kl
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
}

/// The slabs of a run, by their names in the graph.
const SLABS: [&str; 4] = [PARAMS, "adam.m", "adam.v", EMA];

/// A training run.
pub struct Trainer {
    model: Vae,
    state: State,
    batches: Batches,
    executable: Executable,
    slabs: Vec<DeviceSlab>,
    inputs: Inputs,
    losses: [OutputId; 2],
    optimizer: AdamConfig,
    backend_name: &'static str,
    pixels: Vec<f32>,
}

struct Inputs {
    x: InputId,
    key: InputId,
    hyper: InputId,
    beta: InputId,
    rate: InputId,
}

impl Trainer {
    /// A new run of `total_steps` on `images` training images.
    ///
    /// # Errors
    /// [`Error::Data`] when there are fewer images than one batch; [`Error::Gpu`] when the device refuses.
    pub fn new(
        backend: &Backend,
        recipe: Recipe,
        seed: u32,
        total_steps: Option<u64>,
        images: usize,
    ) -> Result<Trainer> {
        let batches = Batches::new(images, recipe.batch, u64::from(seed))?;
        let total_steps = total_steps.unwrap_or(recipe.epochs * batches.steps_per_epoch());
        if total_steps == 0 {
            return Err(Error::Data("a run needs at least one step".into()));
        }
        let model = Vae::new(recipe.model.clone())?;
        let start = initialize(&model, seed)?;
        let zeros = vec![0.0; start.slab().len()];
        let values = [start.slab(), &zeros, &zeros, start.slab()];
        let slabs = values.iter().map(|values| backend.slab(values)).collect::<Result<Vec<_>>>()?;
        let state = State { recipe, seed, step: 0, total_steps, images };
        Self::build(backend, model, state, batches, slabs)
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
        let model = Vae::new(recipe.model)?;
        let len = model.layout().slab_len();
        let layout: Vec<(String, Vec<usize>)> = SLABS.iter().map(|name| (name.to_string(), vec![len])).collect();
        checkpoint.expect(&layout)?;
        let slabs =
            SLABS.iter().map(|name| backend.slab(&checkpoint.tensors[*name].values)).collect::<Result<Vec<_>>>()?;
        Self::build(backend, model, state, batches, slabs)
    }

    fn build(backend: &Backend, model: Vae, state: State, batches: Batches, slabs: Vec<DeviceSlab>) -> Result<Trainer> {
        let recipe = &state.recipe;
        let optimizer = AdamConfig { clip_norm: Some(recipe.clip_norm), ..AdamConfig::default() };
        let drawn = recipe.binarization == Binarization::Dynamic;
        let plan = model.train_plan(recipe.batch, drawn, &optimizer)?;
        let named: Vec<(&str, &DeviceSlab)> = SLABS.into_iter().zip(&slabs).collect();
        let executable = backend.compile(plan, &named)?;
        let inputs = Inputs {
            x: executable.input("x")?,
            key: executable.input("key")?,
            hyper: executable.input("hyper")?,
            beta: executable.input("beta")?,
            rate: executable.input("ema_rate")?,
        };
        let losses = [executable.output("reconstruction")?, executable.output("kl")?];
        let pixels = vec![0.0; recipe.batch * PIXELS];
        Ok(Trainer {
            model,
            state,
            batches,
            executable,
            slabs,
            inputs,
            losses,
            optimizer,
            backend_name: backend.name(),
            pixels,
        })
    }

    /// One optimizer step on `images` (784 bytes each, as many as the run was made for).
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn step(&mut self, images: &[u8]) -> Result<()> {
        let State { recipe, seed, step, total_steps, .. } = &self.state;
        for (&index, row) in self.batches.at(*step).iter().zip(self.pixels.chunks_exact_mut(PIXELS)) {
            let start = index as usize * PIXELS;
            recipe.binarization.prepare(&images[start..start + PIXELS], row);
        }
        let rate = recipe.learning_rate * schedule::cosine(*step, recipe.warm_up_steps, *total_steps);
        let beta = schedule::ramp(*step, recipe.kl_warm_up_epochs * self.batches.steps_per_epoch());
        let executable = &mut self.executable;
        executable.write(self.inputs.x, &self.pixels)?;
        executable.write(self.inputs.key, &key_values(*seed, *step as u32))?;
        executable.write(self.inputs.hyper, &self.optimizer.hyper(rate, step + 1))?;
        executable.write(self.inputs.beta, &[beta as f32])?;
        executable.write(self.inputs.rate, &[1.0 - schedule::ema_decay(*step, recipe.ema_decay) as f32])?;
        executable.run()?;
        self.state.step += 1;
        Ok(())
    }

    /// The losses of the last step.
    ///
    /// # Errors
    /// [`Error::NonFinite`] when the run has diverged; [`Error::DeviceLost`], [`Error::Gpu`].
    pub async fn losses(&self) -> Result<Losses> {
        let [reconstruction, kl] = self.losses;
        let reconstruction = f64::from(self.executable.read(reconstruction).await?[0]);
        let kl = f64::from(self.executable.read(kl).await?[0]);
        if !(reconstruction + kl).is_finite() {
            return Err(Error::NonFinite(format!(
                "the loss became {reconstruction} + {kl} at step {}: the run has diverged; the last saved state is still there",
                self.state.step
            )));
        }
        Ok(Losses { reconstruction, kl })
    }

    /// Everything that [`Trainer::resume`] needs.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub async fn save(&self) -> Result<Checkpoint> {
        let mut checkpoint = Checkpoint::default();
        for (name, slab) in SLABS.into_iter().zip(&self.slabs) {
            let values = slab.read().await?;
            checkpoint.insert(name, vec![values.len()], values);
        }
        checkpoint.set_config(&self.state)?;
        Ok(checkpoint)
    }

    /// The model as it would be shipped: the moving average of the weights.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub async fn weights(&self) -> Result<Checkpoint> {
        let average = ParamStore::from_slab(self.model.layout().clone(), self.slabs[3].read().await?)?;
        let mut config = self.model.config().clone();
        let State { recipe, seed, step, .. } = &self.state;
        config.training = Some(Training {
            recipe: recipe.name.clone(),
            seed: *seed,
            steps: *step,
            batch: recipe.batch,
            binarization: Some(recipe.binarization),
            backend: self.backend_name.into(),
        });
        let mut checkpoint = Checkpoint::from_store(&average);
        checkpoint.set_config(&config)?;
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

/// First weights: uniform within 1 / sqrt(inputs of one output), as PyTorch's layers start, and biases of zero.
fn initialize(model: &Vae, seed: u32) -> Result<ParamStore> {
    let config = model.config();
    let mut bounds = std::collections::HashMap::new();
    for stage in config.walk_encoder()?.into_iter().chain(config.walk_decoder()?) {
        bounds.insert(format!("{}.weight", stage.name), fan_in(&stage));
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

/// How many inputs meet in one output.
fn fan_in(stage: &Stage) -> f64 {
    let Some((shape, _)) = stage.weight_shape() else { return 1.0 };
    match stage.layer {
        // [in, out, k, k]; a stride spreads the kernel over stride^2 outputs
        Layer::ConvTranspose { kernel, stride, .. } => (shape[0] * kernel * kernel) as f64 / (stride * stride) as f64,
        _ => shape[1..].iter().product::<usize>() as f64,
    }
}
