//! One backend, the models loaded on it and the canvases they are drawn on.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use wasm_bindgen::prelude::*;

use super::error::JsResult;
use super::object;
use crate::backend::gpu::{self, Presenter};
use crate::backend::present::{Painter, View};
use crate::backend::{Backend, DeviceSlab, Executable, InputId, OutputId};
use crate::checkpoint::Checkpoint;
use crate::data::SIDE;
use crate::graph::Plan;
use crate::models::vae::{PARAMS, Vae};
use crate::models::vae_adopt::{Adopted, adopt};
use crate::ops::AdapterKind;
use crate::rng::Philox;
use crate::{Error, Result};

/// Compiled plans kept for each model; a room shows fewer grid sizes than this at once.
const MAX_PLANS: usize = 8;
/// How much a new time counts in the running mean of decode times.
const TIME_WEIGHT: f64 = 0.2;

thread_local! {
    /// Called with (kind, sentence) when a device faults while nobody is calling.
    static REPORT: RefCell<Option<js_sys::Function>> = const { RefCell::new(None) };
    static DEVICE: RefCell<Option<gpu::Device>> = const { RefCell::new(None) };
}

/// A compiled plan with its ports found.
struct Compiled {
    batch: usize,
    executable: Executable,
    inputs: Vec<InputId>,
    outputs: Vec<OutputId>,
}

type Shared = Rc<RefCell<Compiled>>;

/// A model on the backend.
struct Model {
    vae: Vae,
    params: DeviceSlab,
    info: String,
    decoders: RefCell<Vec<Shared>>,
    encoder: RefCell<Option<Shared>>,
    observer: RefCell<Option<Shared>>,
}

/// Where a canvas is drawn.
enum Target {
    Painted {
        canvas: web_sys::OffscreenCanvas,
        context: web_sys::OffscreenCanvasRenderingContext2d,
        painter: Painter,
    },
    Presented {
        canvas: web_sys::OffscreenCanvas,
        surface: wgpu::Surface<'static>,
        config: wgpu::SurfaceConfiguration,
        presenter: Presenter,
    },
}

/// One backend with its models and canvases. Every method may be called while an asynchronous one is on its way.
#[wasm_bindgen]
pub struct Session {
    backend: Backend,
    models: RefCell<HashMap<String, Rc<Model>>>,
    selected: RefCell<Option<Rc<Model>>>,
    decoded: RefCell<Option<Shared>>,
    targets: RefCell<HashMap<String, Target>>,
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

    /// Loads a safetensors file under `id` and selects it: JSON of the config, the number of parameters and what had to be
    /// assumed about a file of another origin.
    ///
    /// # Errors
    /// `checkpoint` or `non-finite`, naming what does not fit; the models loaded before stay.
    pub fn load(&self, id: &str, bytes: &[u8]) -> JsResult<String> {
        let Adopted { config, weights, assumptions } = adopt(Checkpoint::from_bytes(bytes)?)?;
        let info = serde_json::json!({
            "config": config,
            "description": config.describe(),
            "parameters": weights.parameters(),
            "assumptions": assumptions,
        })
        .to_string();
        let vae = Vae::new(config)?;
        let store = weights.to_store(vae.layout())?;
        let model = Rc::new(Model {
            params: self.backend.slab(store.slab())?,
            vae,
            info,
            decoders: RefCell::default(),
            encoder: RefCell::default(),
            observer: RefCell::default(),
        });
        self.models.borrow_mut().insert(id.to_string(), model);
        self.select(id)
    }

    /// Selects a model loaded before; the same JSON as [`Session::load`].
    ///
    /// # Errors
    /// `checkpoint` when it was not loaded.
    pub fn select(&self, id: &str) -> JsResult<String> {
        let model = self.models.borrow().get(id).cloned();
        let model = model.ok_or_else(|| Error::Checkpoint(format!("the model {id} is not loaded")))?;
        let info = model.info.clone();
        self.selected.replace(Some(model));
        self.decoded.replace(None);
        Ok(info)
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

    /// Decodes `n` latent vectors, `z` of n * z_dim numbers. The images stay on the device.
    ///
    /// # Errors
    /// `shape` for a length that is no multiple of z_dim, `device-lost`, `gpu`.
    pub fn decode(&self, z: &[f32]) -> JsResult<()> {
        let model = self.model()?;
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
        let mut targets = self.targets.borrow_mut();
        let target = targets.get_mut(name).ok_or_else(|| Error::Shape(format!("there is no canvas {name}")))?;
        let view = View { side: SIDE, columns, rows, gap, smooth, ink: colour(ink)?, paper: colour(paper)? };
        Ok(target.draw(&decoded.borrow(), &view)?)
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
        let model = self.model()?;
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
        let model = self.model()?;
        let outputs = ["reconstruction", "kl"];
        let plan = cached(&model.observer, || {
            model.compile(&self.backend, 1, model.vae.observe_plan(1)?, &["x", "z"], &outputs)
        })?;
        plan.borrow_mut().run(&[x, z])?;
        let (bce, kl) = (plan.borrow().read(0), plan.borrow().read(1));
        Ok(object(&[("bce", bce.await?[0].into()), ("kl", kl.await?[0].into())]))
    }

    /// `n` standard normal numbers of Philox keyed by `seed`: the same on every backend.
    pub fn normal(&self, seed: u32, n: usize) -> Vec<f32> {
        let mut values = vec![0.0; n];
        Philox::new(u64::from(seed), 0).fill_normal(&mut values);
        values
    }

    /// `{decode_ms, dispatches, buffers, bytes, heap}`: the running mean of decodes, the dispatches of the last one, the
    /// device buffers alive (on the CPU: the plans' buffers), and the bytes of the WebAssembly memory, which only grows.
    pub fn stats(&self) -> JsValue {
        let decode_ms = self.decode_ms.lock().map_or(0.0, |timing| timing.mean);
        let (buffers, bytes) = match &self.backend {
            Backend::Gpu(device) => (device.buffer_count().buffers, device.buffer_count().bytes as f64),
            Backend::Cpu => self.host_memory(),
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
    fn model(&self) -> Result<Rc<Model>> {
        self.selected.borrow().clone().ok_or_else(|| Error::Checkpoint("no model is loaded".into()))
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

    fn host_memory(&self) -> (usize, f64) {
        let models = self.models.borrow();
        let mut count = (0, 0.0);
        for model in models.values() {
            let decoders = model.decoders.borrow();
            let (encoder, observer) = (model.encoder.borrow(), model.observer.borrow());
            for plan in decoders.iter().chain(encoder.iter()).chain(observer.iter()) {
                let plan = plan.borrow();
                count.0 += plan.executable.plan().buffers.len();
                count.1 += plan.executable.plan().bytes() as f64;
            }
        }
        count
    }
}

impl Model {
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

impl Target {
    fn painted(canvas: web_sys::OffscreenCanvas) -> Result<Target> {
        let refused = || Error::Unsupported("the canvas gives no 2d context; it was used by another backend".into());
        let context = canvas.get_context("2d").ok().flatten().ok_or_else(refused)?;
        let context = context.dyn_into().map_err(|_| refused())?;
        Ok(Target::Painted { canvas, context, painter: Painter::default() })
    }

    fn presented(device: &gpu::Device, canvas: web_sys::OffscreenCanvas) -> Result<Target> {
        let refused =
            |error: &dyn std::fmt::Display| Error::Gpu(format!("the canvas gives no WebGPU context ({error})"));
        let surface = device.instance().create_surface(wgpu::SurfaceTarget::OffscreenCanvas(canvas.clone()));
        let surface = surface.map_err(|error| refused(&error))?;
        let config = surface.get_default_config(device.adapter(), canvas.width().max(1), canvas.height().max(1));
        let config = config.ok_or_else(|| refused(&"the adapter cannot draw on it"))?;
        surface.configure(device.raw(), &config);
        let presenter = Presenter::new(device, config.format)?;
        Ok(Target::Presented { canvas, surface, config, presenter })
    }

    fn draw(&mut self, decoded: &Compiled, view: &View) -> Result<()> {
        match (self, &decoded.executable) {
            (Target::Painted { canvas, context, painter }, Executable::Cpu(executable)) => {
                let (width, height) = (canvas.width(), canvas.height());
                executable.with_output(decoded.outputs[0], |images| {
                    let rgba = painter.draw(images, view, width as usize, height as usize)?;
                    let failed = |_| Error::Unsupported("the canvas took no picture".into());
                    let data = web_sys::ImageData::new_with_u8_clamped_array_and_sh(
                        wasm_bindgen::Clamped(rgba),
                        width,
                        height,
                    );
                    context.put_image_data(&data.map_err(failed)?, 0.0, 0.0).map_err(failed)
                })
            }
            (Target::Presented { canvas, surface, config, presenter }, Executable::Gpu(executable)) => {
                let size = (canvas.width().max(1), canvas.height().max(1));
                if (config.width, config.height) != size {
                    (config.width, config.height) = size;
                    surface.configure(executable.device().raw(), config);
                }
                let texture = match surface.get_current_texture() {
                    wgpu::CurrentSurfaceTexture::Success(texture)
                    | wgpu::CurrentSurfaceTexture::Suboptimal(texture) => texture,
                    // the next frame draws
                    _ => return executable.device().check(),
                };
                let target = texture.texture.create_view(&Default::default());
                presenter.draw(executable, decoded.outputs[0], view, (&target, size.0, size.1))?;
                executable.device().queue().present(texture);
                Ok(())
            }
            _ => Err(Error::Unsupported("a canvas of another backend".into())),
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
