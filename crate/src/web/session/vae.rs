//! What a session does with a VAE: decodes and draws, encodes, measures.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use wasm_bindgen::prelude::*;

use super::{Memory, Session, colour, now};
use crate::backend::present::{Tone, View};
use crate::backend::{Backend, DeviceSlab, Executable, InputId, OutputId};
use crate::checkpoint::Checkpoint;
use crate::data::SIDE;
use crate::graph::Plan;
use crate::models::plans::PARAMS;
use crate::models::vae::Vae;
use crate::models::vae_adopt::{Adopted, adopt};
use crate::web::error::JsResult;
use crate::web::object;
use crate::{Error, Result};

/// Compiled plans kept for each model; a room shows fewer grid sizes than this at once.
const MAX_PLANS: usize = 8;

/// A compiled plan with its ports found.
pub(super) struct Compiled {
    batch: usize,
    executable: Executable,
    inputs: Vec<InputId>,
    outputs: Vec<OutputId>,
}

pub(super) type Shared = Rc<RefCell<Compiled>>;

/// A VAE on the backend.
pub(super) struct VaeModel {
    vae: Vae,
    params: DeviceSlab,
    decoders: RefCell<Vec<Shared>>,
    encoder: RefCell<Option<Shared>>,
    observer: RefCell<Option<Shared>>,
}

#[wasm_bindgen]
impl Session {
    /// Decodes `n` latent vectors, `z` of n * z_dim numbers. The images stay on the device.
    ///
    /// # Errors
    /// `shape` for a length that is no multiple of z_dim, `device-lost`, `gpu`.
    pub fn decode(&self, z: &[f32]) -> JsResult<()> {
        let model = self.vae()?;
        let z_dim = model.vae.config().z_dim;
        if z.is_empty() || !z.len().is_multiple_of(z_dim) {
            return Err(Error::Shape(format!("{} numbers are no vectors of {z_dim}", z.len())).into());
        }
        let plan = model.decoder(&self.backend, z.len() / z_dim)?;
        let begin = now();
        {
            let mut compiled = plan.borrow_mut();
            let input = compiled.inputs[0];
            compiled.executable.write(input, z)?;
            compiled.executable.run()?;
            self.dispatches.set(compiled.executable.dispatches());
        }
        self.time(begin);
        self.decoded.replace(Some(plan));
        Ok(())
    }

    /// Draws what was decoded last over a whole canvas.
    ///
    /// # Errors
    /// `shape` when fewer images were decoded than the grid holds, `device-lost`, `gpu`.
    #[allow(clippy::too_many_arguments, reason = "an object would be allocated for every frame")]
    pub fn present(
        &self,
        name: &str,
        columns: usize,
        rows: usize,
        gap: f32,
        smooth: bool,
        ink: &[f32],
        paper: &[f32],
    ) -> JsResult<()> {
        let decoded = self.decoded.borrow();
        let decoded = decoded.as_ref().ok_or_else(|| Error::Shape("nothing was decoded".into()))?;
        let (ink, paper) = (colour(ink)?, colour(paper)?);
        let view = View { side: SIDE, columns, rows, gap, smooth, tone: Tone::Grey, ink, paper, below: paper };
        let decoded = decoded.borrow();
        Ok(decoded.executable.with_images(decoded.outputs[0], |images| self.draw(name, images, &view))?)
    }

    /// What was decoded last, n * 784 numbers in 0 to 1.
    ///
    /// # Errors
    /// `shape` before any decode, `device-lost`, `gpu`.
    pub async fn read(&self) -> JsResult<js_sys::Float32Array> {
        let decoded = self.decoded.borrow().clone();
        let decoded = decoded.ok_or_else(|| Error::Shape("nothing was decoded".into()))?;
        let reading = decoded.borrow().read(0);
        Ok(js_sys::Float32Array::from(&reading.await?[..]))
    }

    /// The posterior of one image of 784 numbers in 0 to 1: `{mu, logvar}`.
    ///
    /// # Errors
    /// `shape` for another length, `device-lost`, `gpu`.
    pub async fn encode(&self, x: &[f32]) -> JsResult<JsValue> {
        let model = self.vae()?;
        let plan = cached(&model.encoder, || {
            model.compile(&self.backend, 1, model.vae.encode_plan(1)?, &["x"], &["mu", "logvar"])
        })?;
        plan.borrow_mut().run(&[x])?;
        let (mu, logvar) = (plan.borrow().read(0), plan.borrow().read(1));
        let array = |values: Vec<f32>| JsValue::from(js_sys::Float32Array::from(&values[..]));
        Ok(object(&[("mu", array(mu.await?)), ("logvar", array(logvar.await?))]))
    }

    /// The two terms of the negative ELBO of an image at a latent vector, in nats: `{bce, kl}`.
    ///
    /// # Errors
    /// `shape` for other lengths, `device-lost`, `gpu`.
    pub async fn reconstruct(&self, x: &[f32], z: &[f32]) -> JsResult<JsValue> {
        let model = self.vae()?;
        let outputs = ["reconstruction", "kl"];
        let plan = cached(&model.observer, || {
            model.compile(&self.backend, 1, model.vae.observe_plan(1)?, &["x", "z"], &outputs)
        })?;
        plan.borrow_mut().run(&[x, z])?;
        let (bce, kl) = (plan.borrow().read(0), plan.borrow().read(1));
        Ok(object(&[("bce", bce.await?[0].into()), ("kl", kl.await?[0].into())]))
    }
}

impl Session {
    fn vae(&self) -> Result<Rc<VaeModel>> {
        self.selected.borrow().clone().ok_or_else(|| Error::Checkpoint("no VAE is loaded".into()))
    }
}

impl VaeModel {
    /// Uploads a VAE of any origin; with it the JSON that describes it.
    pub fn load(backend: &Backend, checkpoint: Checkpoint) -> Result<(VaeModel, String)> {
        let Adopted { config, weights, assumptions } = adopt(checkpoint)?;
        let info = serde_json::json!({
            "config": config,
            "description": config.describe(),
            "parameters": weights.parameters(),
            "assumptions": assumptions,
        })
        .to_string();
        let vae = Vae::new(config)?;
        let store = weights.to_store(vae.layout())?;
        let model = VaeModel {
            params: backend.slab(store.slab())?,
            vae,
            decoders: RefCell::default(),
            encoder: RefCell::default(),
            observer: RefCell::default(),
        };
        Ok((model, info))
    }

    /// The plans' buffers.
    pub fn memory(&self) -> Memory {
        let decoders = self.decoders.borrow();
        let (encoder, observer) = (self.encoder.borrow(), self.observer.borrow());
        let plans = decoders.iter().chain(encoder.iter()).chain(observer.iter());
        plans.map(|plan| Memory::of_plan(plan.borrow().executable.plan())).sum()
    }

    /// The decoder for `batch` images; the least recently used one makes room.
    fn decoder(&self, backend: &Backend, batch: usize) -> Result<Shared> {
        let mut decoders = self.decoders.borrow_mut();
        if let Some(index) = decoders.iter().position(|plan| plan.borrow().batch == batch) {
            // the order of use is kept in place: no allocation
            decoders[index..].rotate_left(1);
        } else {
            if decoders.len() == MAX_PLANS {
                decoders.remove(0);
            }
            let plan = self.compile(backend, batch, self.vae.decode_plan(batch)?, &["z"], &["pixels"])?;
            decoders.push(Rc::new(RefCell::new(plan)));
        }
        Ok(decoders[decoders.len() - 1].clone())
    }

    fn compile(
        &self,
        backend: &Backend,
        batch: usize,
        plan: Plan,
        inputs: &[&str],
        outputs: &[&str],
    ) -> Result<Compiled> {
        let executable = backend.compile(plan, &[(PARAMS, &self.params)])?;
        let inputs = inputs.iter().map(|name| executable.input(name)).collect::<Result<_>>()?;
        let outputs = outputs.iter().map(|name| executable.output(name)).collect::<Result<_>>()?;
        Ok(Compiled { batch, executable, inputs, outputs })
    }
}

impl Compiled {
    fn run(&mut self, inputs: &[&[f32]]) -> Result<()> {
        for (index, values) in inputs.iter().enumerate() {
            self.executable.write(self.inputs[index], values)?;
        }
        self.executable.run()
    }

    fn read(&self, output: usize) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        self.executable.read(self.outputs[output])
    }
}

fn cached(cell: &RefCell<Option<Shared>>, make: impl FnOnce() -> Result<Compiled>) -> Result<Shared> {
    if cell.borrow().is_none() {
        let made = Rc::new(RefCell::new(make()?));
        cell.replace(Some(made));
    }
    cell.borrow().clone().ok_or_else(|| Error::Unsupported("a plan vanished".into()))
}
