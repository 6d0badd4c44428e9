//! The convolutional energy model's objective: the likelihood's gradient by Langevin chains that begin where earlier ones
//! ended (a replay buffer; Tieleman 2008; Du and Mordatch 2019). Chains, buffer and optimizer are one graph.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::objective::{Kept, Objective, Samples, Step};
use crate::backend::{Executable, InputId};
use crate::checkpoint::Checkpoint;
use crate::data::{PIXELS, streams};
use crate::error::{Error, Result};
use crate::graph::{Graph, ParamLayout, ParamStore, Plan, Tensor};
use crate::models::classifier::CLASSES;
use crate::models::energy::{EnergyConfig, EnergyModel, StepSize};
use crate::models::family::Training;
use crate::models::network::Network;
use crate::models::plans;
use crate::nn::loss;
use crate::ops::{AdamConfig, Distribution, key_values};
use crate::rng::Philox;

/// The slab of the chains that are at rest.
const REPLAY: &str = "replay";

/// How an energy model's chains are run in training, and what its loss adds up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChainTraining {
    /// Langevin steps of the chains in one training step.
    pub steps: usize,
    /// Chains in the replay buffer.
    pub replay: usize,
    /// Part of the chains that begin anew from noise.
    pub fresh: f64,
    /// Standard deviation of noise on the training images, in units of -1 to 1.
    pub image_noise: f64,
    /// Weight of the squared energies, which keeps them near 0.
    pub regularisation: f64,
    /// Weight of the cross-entropy of the training images' digits.
    pub classification: f64,
}

/// The contrastive loss of an energy model.
pub struct Replay {
    model: EnergyModel,
    chains: ChainTraining,
    inputs: Option<[InputId; 6]>,
    values: Values,
}

/// One step's inputs, allocated once.
#[derive(Default)]
struct Values {
    x: Vec<f32>,
    labels: Vec<f32>,
    slots: Vec<f32>,
    chain_labels: Vec<f32>,
    fresh: Vec<f32>,
}

impl Replay {
    /// The objective of an energy model.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit in the config.
    pub fn new(config: EnergyConfig, chains: ChainTraining) -> Result<Replay> {
        Ok(Replay { model: EnergyModel::new(config)?, chains, inputs: None, values: Values::default() })
    }

    fn replay(&self) -> Result<Rc<ParamLayout>> {
        ParamLayout::new(&[("x".into(), [self.chains.replay, PIXELS].into())])
    }

    /// Runs the chains in `slots` on and puts them back: their pictures `[batch, 784]`.
    fn advance(
        &self,
        graph: &Graph,
        chains: &ChainInputs,
        key: &Tensor,
        params: &crate::graph::Slab,
    ) -> Result<Tensor> {
        let batch = chains.slots.shape().numel();
        let replay = graph.slab(REPLAY, &self.replay()?)?.get("x")?;
        let rested = replay.embedding(&chains.slots)?;
        let noise = graph.random(Distribution::Uniform, key, [batch, PIXELS])?.mul_scalar(2.0).sub_scalar(1.0);
        let begun = chains.fresh.reshape([batch, 1])?.select(&noise, &rested)?.stop_gradient();
        let config = self.model.config();
        let (step_size, noise) = (graph.scalar(config.step_size), graph.scalar(config.noise));
        let size = StepSize { step_size: &step_size, noise: &noise };
        let mut x = begun;
        for _ in 0..self.chains.steps {
            let eps = graph.random(Distribution::Normal, key, [batch, PIXELS])?;
            x = self.model.langevin_step(&x, &chains.labels, &eps, &size, params)?.0;
        }
        // the derivative of taking rows out of a table puts rows into one; no slot is taken twice
        let moved = x.sub(&rested.stop_gradient())?;
        let change = graph.vector_jacobian(&rested, &moved, std::slice::from_ref(&replay))?.swap_remove(0);
        let change = change.ok_or_else(|| Error::Shape("no chain was taken from the buffer".into()))?;
        graph.moving_average(&replay, &replay.add(&change)?, &graph.scalar(1.0))?;
        Ok(x)
    }
}

struct ChainInputs {
    /// The chains of the step, as rows of the buffer.
    slots: Tensor,
    /// Their digits.
    labels: Tensor,
    /// 1 where one begins anew.
    fresh: Tensor,
}

impl Objective for Replay {
    fn layout(&self) -> &Rc<ParamLayout> {
        self.model.layout()
    }

    fn initialize(&self, seed: u32) -> Result<ParamStore> {
        self.model.config().declarations().initialize(u64::from(seed))
    }

    fn kept(&self, seed: u32) -> Result<Vec<Kept>> {
        let mut values = vec![0.0; self.replay()?.slab_len()];
        let mut rng = Philox::new(u64::from(seed), streams::stream(streams::CHAINS, 0));
        values.iter_mut().for_each(|value| *value = 2.0 * rng.uniform() - 1.0);
        Ok(vec![Kept { name: REPLAY, values }])
    }

    fn plan(&self, batch: usize, adam: &AdamConfig) -> Result<Plan> {
        let (graph, params) = plans::begin(self.model.layout(), batch)?;
        let (x, labels) = (graph.input("x", [batch, PIXELS])?, graph.input("labels", [batch])?);
        let key = graph.input("key", [4])?;
        let chains = ChainInputs {
            slots: graph.input("slots", [batch])?,
            labels: graph.input("chain_labels", [batch])?,
            fresh: graph.input("fresh", [batch])?,
        };
        let drawn = self.advance(&graph, &chains, &key, &params)?;
        let noise = graph.random(Distribution::Normal, &key, [batch, PIXELS])?.mul_scalar(self.chains.image_noise);
        let x = x.add(&noise)?.clamp(-1.0, 1.0).stop_gradient();

        let logits = self.model.logits(&x, &params)?;
        let of_data = self.model.energy(&logits, &labels)?;
        let of_chains = self.model.energy(&self.model.logits(&drawn, &params)?, &chains.labels)?;
        let contrast = of_data.mean_all().sub(&of_chains.mean_all())?;
        let squares = of_data.square().add(&of_chains.square())?.mean_all().mul_scalar(self.chains.regularisation);
        let crossed = loss::cross_entropy_of_classes(&logits, &labels)?.mean_all();
        let crossed = crossed.mul_scalar(self.chains.classification);
        plans::minimize(&contrast.add(&squares)?.add(&crossed)?, &params, adam)?;
        graph.compile(&[("contrast", &contrast), ("squares", &squares), ("classes", &crossed)])
    }

    fn losses(&self) -> &'static [&'static str] {
        &["contrast", "squares", "classes"]
    }

    fn bind(&mut self, executable: &Executable, batch: usize) -> Result<()> {
        if batch > self.chains.replay {
            return Err(Error::Shape(format!("{batch} chains do not fit a buffer of {}", self.chains.replay)));
        }
        let input = |name| executable.input(name);
        let names = ["x", "labels", "key", "slots", "chain_labels", "fresh"];
        let [a, b, c, d, e, f] = names.map(input);
        self.inputs = Some([a?, b?, c?, d?, e?, f?]);
        let numbers = vec![0.0; batch];
        self.values = Values {
            x: vec![0.0; batch * PIXELS],
            labels: numbers.clone(),
            slots: numbers.clone(),
            chain_labels: numbers.clone(),
            fresh: numbers,
        };
        Ok(())
    }

    fn feed(&mut self, executable: &mut Executable, step: &Step, samples: &Samples) -> Result<()> {
        let Some([x, labels, key, slots, chain_labels, fresh]) = self.inputs else { return Ok(()) };
        let values = &mut self.values;
        let mut rng = Philox::new(u64::from(step.seed), streams::stream(streams::CHAINS, 1 + step.index));
        for (row, &image) in step.images.iter().enumerate() {
            let image = image as usize;
            let pixels = &samples.images[image * PIXELS..(image + 1) * PIXELS];
            for (value, grey) in values.x[row * PIXELS..(row + 1) * PIXELS].iter_mut().zip(pixels) {
                *value = f32::from(*grey) / 127.5 - 1.0;
            }
            values.labels[row] = f32::from(samples.labels[image]);
        }
        // a run of neighbours from a random place: no slot twice, and every digit as often as the others
        let first = rng.below(self.chains.replay as u32) as usize;
        for row in 0..step.images.len() {
            let slot = (first + row) % self.chains.replay;
            values.slots[row] = slot as f32;
            values.chain_labels[row] = (slot % CLASSES) as f32;
            values.fresh[row] = f32::from(u8::from(f64::from(rng.uniform()) < self.chains.fresh));
        }
        executable.write(x, &values.x)?;
        executable.write(labels, &values.labels)?;
        executable.write(key, &key_values(step.seed, step.index as u32))?;
        executable.write(slots, &values.slots)?;
        executable.write(chain_labels, &values.chain_labels)?;
        executable.write(fresh, &values.fresh)
    }

    fn sign(&self, training: Training, _kept: &[Kept], checkpoint: &mut Checkpoint) -> Result<()> {
        checkpoint.set_config(&EnergyConfig { training: Some(training), ..self.model.config().clone() })
    }
}
