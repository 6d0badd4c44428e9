//! One backend, the models loaded on it and the canvases they are drawn on. What it does with the models of a family is
//! in the family's file.

mod denoise;
mod jobs;
mod target;
mod times;
mod vae;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use jobs::Scene;
use target::Target;
use vae::VaeModel;
use wasm_bindgen::prelude::*;

use super::error::JsResult;
use super::object;
use crate::backend::present::{Images, View};
use crate::backend::{Backend, gpu};
use crate::checkpoint::Checkpoint;
use crate::graph::Plan;
use crate::models::family::Family;
use crate::models::network::Runner;
use crate::ops::AdapterKind;
use crate::rng::Philox;
use crate::samplers::trajectory::DenoiserRunner;
use crate::{Error, Result};

/// How much a new time counts in the running mean of decode times.
const TIME_WEIGHT: f64 = 0.2;

thread_local! {
    /// Called with (kind, sentence) when a device faults while nobody is calling.
    static REPORT: RefCell<Option<js_sys::Function>> = const { RefCell::new(None) };
    static DEVICE: RefCell<Option<gpu::Device>> = const { RefCell::new(None) };
}

/// A model of the page's families.
enum Model {
    Denoiser(Rc<DenoiserRunner>),
    Vae(Rc<VaeModel>),
    /// A model of a family that is run by jobs.
    Network(Rc<Runner>),
}

/// A model and the JSON that describes it.
struct Loaded {
    model: Model,
    info: String,
}

/// Buffers and their bytes.
#[derive(Clone, Copy, Default)]
struct Memory {
    buffers: usize,
    bytes: f64,
}

impl Memory {
    fn of_plan(plan: &Plan) -> Memory {
        Memory { buffers: plan.buffers.len(), bytes: plan.bytes() as f64 }
    }
}

impl From<(usize, usize)> for Memory {
    fn from((buffers, bytes): (usize, usize)) -> Memory {
        Memory { buffers, bytes: bytes as f64 }
    }
}

impl std::iter::Sum for Memory {
    fn sum<I: Iterator<Item = Memory>>(parts: I) -> Memory {
        let add = |a: Memory, b: Memory| Memory { buffers: a.buffers + b.buffers, bytes: a.bytes + b.bytes };
        parts.fold(Memory::default(), add)
    }
}

/// One backend with its models and canvases. Every method may be called while an asynchronous one is on its way.
#[wasm_bindgen]
pub struct Session {
    backend: Backend,
    models: RefCell<HashMap<String, Loaded>>,
    selected: RefCell<Option<Rc<VaeModel>>>,
    decoded: RefCell<Option<vae::Shared>>,
    targets: RefCell<HashMap<String, Target>>,
    lanes: RefCell<HashMap<String, denoise::Lane>>,
    scenes: RefCell<HashMap<String, Scene>>,
    queue: Arc<Mutex<times::StepQueue>>,
    decode_ms: Arc<Mutex<Timing>>,
    dispatches: Cell<usize>,
}

#[derive(Default)]
struct Timing {
    mean: f64,
    pending: bool,
}

impl Timing {
    fn note(&mut self, elapsed: f64) {
        self.mean = if self.mean == 0.0 { elapsed } else { self.mean + TIME_WEIGHT * (elapsed - self.mean) };
        self.pending = false;
    }
}

#[wasm_bindgen]
impl Session {
    /// A session on `gpu` or `cpu`.
    ///
    /// # Errors
    /// `no-gpu` where there is no adapter with WebGPU's default limits, `unsupported` for another word.
    pub async fn create(kind: String) -> JsResult<Session> {
        let backend = match kind.as_str() {
            "cpu" => Backend::Cpu,
            "gpu" => Backend::Gpu(gpu::Device::request().await?),
            _ => return Err(Error::Unsupported(format!("there is no backend {kind}; it is gpu or cpu")).into()),
        };
        Ok(Session {
            backend,
            models: RefCell::default(),
            selected: RefCell::default(),
            decoded: RefCell::default(),
            targets: RefCell::default(),
            lanes: RefCell::default(),
            scenes: RefCell::default(),
            queue: Arc::default(),
            decode_ms: Arc::default(),
            dispatches: Cell::new(0),
        })
    }

    /// `{backend, adapter, software}`.
    pub fn info(&self) -> JsValue {
        let (adapter, software) = match &self.backend {
            Backend::Cpu => ("WebAssembly".to_string(), false),
            Backend::Gpu(device) => (device.description(), device.kind() == AdapterKind::Software),
        };
        object(&[("backend", self.backend.name().into()), ("adapter", adapter.into()), ("software", software.into())])
    }

    /// Has `report(kind, sentence)` called when the device is lost or reports an error while nobody is calling.
    pub fn on_failure(&self, report: js_sys::Function) {
        if let Backend::Gpu(device) = &self.backend {
            REPORT.set(Some(report));
            DEVICE.set(Some(device.clone()));
            device.on_fault(report_fault);
        }
    }

    /// Destroys the device as a driver that loses it would; a CPU session has none.
    pub fn lose_device(&self) {
        if let Backend::Gpu(device) = &self.backend {
            device.destroy();
        }
    }

    /// Loads a safetensors file of any family under `id` and selects it: JSON of the config, the number of parameters and
    /// what had to be assumed about a file of another origin.
    ///
    /// # Errors
    /// `checkpoint` or `non-finite`, naming what does not fit, `unsupported` for a family that the page does not run; the
    /// models loaded before stay.
    pub fn load(&self, id: &str, bytes: &[u8]) -> JsResult<String> {
        let checkpoint = Checkpoint::from_bytes(bytes)?;
        let (model, info) = match Family::of(&checkpoint)? {
            Family::Vae => {
                let (model, info) = VaeModel::load(&self.backend, checkpoint)?;
                (Model::Vae(Rc::new(model)), info)
            }
            Family::Denoiser => {
                let (runner, info) = denoise::load(&self.backend, &checkpoint)?;
                (Model::Denoiser(Rc::new(runner)), info)
            }
            _ => {
                let (runner, info) = jobs::load(&self.backend, &checkpoint)?;
                (Model::Network(Rc::new(runner)), info)
            }
        };
        self.models.borrow_mut().insert(id.to_string(), Loaded { model, info });
        self.select(id)
    }

    /// Selects a model loaded before: a VAE is the one that is decoded from now on. The same JSON as [`Session::load`].
    ///
    /// # Errors
    /// `checkpoint` when it was not loaded.
    pub fn select(&self, id: &str) -> JsResult<String> {
        let models = self.models.borrow();
        let loaded = models.get(id).ok_or_else(|| Error::Checkpoint(format!("the model {id} is not loaded")))?;
        if let Model::Vae(model) = &loaded.model {
            self.selected.replace(Some(model.clone()));
            self.decoded.replace(None);
        }
        Ok(loaded.info.clone())
    }

    /// Takes a canvas to draw on; its size is read anew at each drawing.
    ///
    /// # Errors
    /// `gpu` or `unsupported` when the canvas gives no context.
    pub fn attach(&self, name: &str, canvas: web_sys::OffscreenCanvas) -> JsResult<()> {
        let target = match &self.backend {
            Backend::Cpu => Target::painted(canvas)?,
            Backend::Gpu(device) => Target::presented(device, canvas)?,
        };
        self.targets.borrow_mut().insert(name.to_string(), target);
        Ok(())
    }

    /// Forgets a canvas.
    pub fn detach(&self, name: &str) {
        self.targets.borrow_mut().remove(name);
    }

    /// `n` standard normal numbers of Philox keyed by `seed`: the same on every backend.
    pub fn normal(&self, seed: u32, n: usize) -> Vec<f32> {
        let mut values = vec![0.0; n];
        Philox::new(u64::from(seed), 0).fill_normal(&mut values);
        values
    }

    /// `{decode_ms, dispatches, buffers, bytes, heap}`: the running mean of decodes, the dispatches of the last one, the
    /// device buffers alive (on the CPU: the buffers of plans and the blocks of trajectories), and the bytes of the WebAssembly memory, which only grows.
    pub fn stats(&self) -> JsValue {
        let decode_ms = self.decode_ms.lock().map_or(0.0, |timing| timing.mean);
        let (buffers, bytes) = match &self.backend {
            Backend::Gpu(device) => (device.buffer_count().buffers, device.buffer_count().bytes as f64),
            Backend::Cpu => {
                let Memory { buffers, bytes } = self.host_memory();
                (buffers, bytes)
            }
        };
        object(&[
            ("decode_ms", decode_ms.into()),
            ("dispatches", self.dispatches.get().into()),
            ("buffers", buffers.into()),
            ("bytes", bytes.into()),
            ("heap", heap_bytes().into()),
        ])
    }
}

impl Session {
    /// Draws images on a canvas.
    fn draw(&self, canvas: &str, images: Images<'_>, view: &View) -> Result<()> {
        let mut targets = self.targets.borrow_mut();
        let target = targets.get_mut(canvas).ok_or_else(|| Error::Shape(format!("there is no canvas {canvas}")))?;
        target.draw(images, view)
    }

    fn host_memory(&self) -> Memory {
        let models = self.models.borrow();
        let each = models.values().map(|loaded| match &loaded.model {
            Model::Denoiser(runner) => Memory::from(runner.memory()),
            Model::Network(runner) => Memory::from(runner.memory()),
            Model::Vae(model) => model.memory(),
        });
        each.chain([self.lanes_memory()]).sum()
    }

    /// Adds the time since `begin`, once the device is done, to the running mean.
    fn time(&self, begin: f64) {
        let Ok(mut timing) = self.decode_ms.lock() else { return };
        match &self.backend {
            Backend::Cpu => timing.note(now() - begin),
            Backend::Gpu(device) if !timing.pending => {
                timing.pending = true;
                let shared = self.decode_ms.clone();
                device.queue().on_submitted_work_done(move || {
                    if let Ok(mut timing) = shared.lock() {
                        timing.note(now() - begin);
                    }
                });
            }
            Backend::Gpu(_) => {}
        }
    }
}

fn colour(values: &[f32]) -> Result<[f32; 3]> {
    values.try_into().map_err(|_| Error::Shape(format!("a colour has three numbers, not {}", values.len())))
}

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the worker began.
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

/// Bytes of the module's memory: it grows to the most that was ever in use, and stays.
fn heap_bytes() -> f64 {
    const PAGE: usize = 64 << 10;
    (core::arch::wasm32::memory_size(0) * PAGE) as f64
}

fn report_fault() {
    let fault = DEVICE.with_borrow(|device| device.as_ref().map(gpu::Device::check));
    if let Some(Err(error)) = fault {
        let report = REPORT.with_borrow(Clone::clone);
        if let Some(report) = report {
            // what the page does with it is the page's matter
            let _ = report.call2(&JsValue::NULL, &error.kind().into(), &error.to_string().into());
        }
    }
}
