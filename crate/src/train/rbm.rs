//! The RBM's objective: maximum likelihood by persistent contrastive divergence (Tieleman 2008), whose chains live in the
//! graph, with centred gradients.

use std::rc::Rc;

use super::objective::{Kept, Objective, Samples, Step};
use crate::backend::{Executable, InputId};
use crate::checkpoint::Checkpoint;
use crate::data::PIXELS;
use crate::data::binarize::Binarization;
use crate::error::Result;
use crate::graph::{Graph, ParamLayout, ParamStore, Plan, Shape, Slab, Tensor};
use crate::models::family::Training;
use crate::models::network::Network;
use crate::models::plans::{self, EMA};
use crate::models::rbm::{Rbm, RbmConfig, centred};
use crate::ops::{AdamConfig, key_values};

/// The hidden states of the persistent chains.
const CHAINS: &str = "chains";
/// The mean activities of pixels and hidden units.
const OFFSETS: &str = "offsets";
/// The rate of their moving averages.
const OFFSET_RATE: f32 = 0.01;

/// The negative log-likelihood of an RBM, up to what its gradient does not see.
pub struct Contrastive {
    model: Rbm,
    chains: usize,
    binarization: Binarization,
    inputs: Option<[InputId; 2]>,
    pixels: Vec<f32>,
}

impl Contrastive {
    /// The objective of an RBM whose likelihood's gradient is estimated from `chains` chains.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] naming what does not fit in the config.
    pub fn new(config: RbmConfig, chains: usize, binarization: Binarization) -> Result<Contrastive> {
        Ok(Contrastive { model: Rbm::new(config)?, chains, binarization, inputs: None, pixels: Vec::new() })
    }

    fn chains(&self) -> Result<Rc<ParamLayout>> {
        ParamLayout::new(&[("hidden".into(), [self.chains, self.model.config().hidden].into())])
    }

    fn offsets(&self) -> Result<Rc<ParamLayout>> {
        ParamLayout::new(&[("visible".into(), [PIXELS].into()), ("hidden".into(), [self.model.config().hidden].into())])
    }

    /// The free energies' means over the data and over the chains, which are advanced by one sweep.
    fn phases(&self, graph: &Graph, x: &Tensor, key: &Tensor, params: &Slab) -> Result<Phases> {
        let chains = graph.slab(CHAINS, &self.chains()?)?.get("hidden")?;
        let v = self.model.visible_logits(&chains, params)?.sigmoid();
        let v = graph.bernoulli(&v, key, [self.chains, PIXELS])?;
        let (positive, negative) = (self.model.hidden_logits(x, params)?, self.model.hidden_logits(&v, params)?);
        let h = graph.bernoulli(&negative.sigmoid(), key, negative.shape())?;
        graph.moving_average(&chains, &h, &graph.scalar(1.0))?;
        Ok(Phases {
            data: self.model.free_energy(x, &positive, params)?.mean_all(),
            chains: self.model.free_energy(&v, &negative, params)?.mean_all(),
            hidden: positive.sigmoid(),
        })
    }
}

struct Phases {
    /// The mean free energy of the data, nats.
    data: Tensor,
    /// That of the chains.
    chains: Tensor,
    /// p(h | x) of the data, `[batch, hidden]`.
    hidden: Tensor,
}

impl Objective for Contrastive {
    fn layout(&self) -> &Rc<ParamLayout> {
        self.model.layout()
    }

    fn initialize(&self, seed: u32) -> Result<ParamStore> {
        self.model.config().declarations().initialize(u64::from(seed))
    }

    fn kept(&self, _seed: u32) -> Result<Vec<Kept>> {
        let (chains, offsets) = (self.chains()?.slab_len(), self.offsets()?.slab_len());
        // the chains forget where they began within some steps, the offsets within some hundred
        Ok(vec![Kept { name: CHAINS, values: vec![0.0; chains] }, Kept { name: OFFSETS, values: vec![0.0; offsets] }])
    }

    fn plan(&self, batch: usize, _adam: &AdamConfig) -> Result<Plan> {
        let (graph, params) = plans::begin(self.model.layout(), batch)?;
        let (x, key) = (graph.input("x", [batch, PIXELS])?, graph.input("key", [4])?);
        let x = match self.binarization {
            Binarization::Dynamic => graph.bernoulli(&x, &key, [batch, PIXELS])?,
            Binarization::Threshold | Binarization::Grey => x,
        };
        let phases = self.phases(&graph, &x, &key, &params)?;
        let offsets = graph.slab(OFFSETS, &self.offsets()?)?;
        let rate = graph.scalar(OFFSET_RATE);
        graph.moving_average(&offsets.get("visible")?, &x.mean_keep(&[0])?, &rate)?;
        graph.moving_average(&offsets.get("hidden")?, &phases.hidden.mean_keep(&[0])?, &rate)?;

        let loss = phases.data.sub(&phases.chains)?;
        let plain = graph.grad(&loss, &params.tensors())?;
        let [Some(weight), Some(visible), Some(hidden)] = &plain[..] else {
            return Err(crate::Error::Shape("an RBM has weights and two biases".into()));
        };
        let step = centred([weight, visible, hidden], [&offsets.get("visible")?, &offsets.get("hidden")?])?;
        let step = graph.pack(&step.map(Some), self.model.layout())?;
        let learning_rate = graph.input("hyper", [4])?.slice(0, 0, 1)?;
        let moved = params.all().sub(&step.mul(&learning_rate)?)?;
        graph.moving_average(&params.all(), &moved, &graph.scalar(1.0))?;
        let average = graph.slab(EMA, self.model.layout())?;
        graph.moving_average(&average.all(), &params.all(), &graph.input("ema_rate", Shape::default())?)?;
        graph.compile(&[("data", &phases.data), ("chains", &phases.chains.neg())])
    }

    fn losses(&self) -> &'static [&'static str] {
        &["data", "chains"]
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
        checkpoint.set_config(&RbmConfig { training: Some(training), ..self.model.config().clone() })
    }
}
