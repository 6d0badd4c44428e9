//! The GPU backend: runs a plan's dispatches on a WebGPU device.

mod executable;
mod history;
mod present;
mod readback;
pub mod shader;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use wgpu::util::DeviceExt;

pub use executable::GpuExecutable;
pub(crate) use history::GpuHistory;
pub use present::{GpuImages, Presenter};
use readback::{StagingPool, submit_and_read};

use crate::ops::AdapterKind;
use crate::{Error, Result};

/// What went wrong on the device since the last look; filled by wgpu's callbacks.
#[derive(Debug, Default)]
struct Fault {
    lost: Option<String>,
    error: Option<String>,
    notify: Option<fn()>,
}

/// A device, its queue and everything that plans on it share. Clones share it.
#[derive(Clone)]
pub struct Device(Rc<Shared>);

struct Shared {
    #[cfg_attr(not(feature = "page"), allow(dead_code, reason = "surfaces are the page's"))]
    instance: wgpu::Instance,
    adapter: wgpu::Adapter,
    device: wgpu::Device,
    queue: wgpu::Queue,
    kind: Cell<AdapterKind>,
    fault: Arc<Mutex<Fault>>,
    pipelines: RefCell<HashMap<shader::Key, Rc<Pipeline>>>,
    buffers: Rc<Cell<BufferCount>>,
    /// Blocks of histories that ended.
    spare: history::Spare,
}

/// A compute pipeline and the layout of its bindings.
pub(crate) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

/// Buffers alive on a device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BufferCount {
    /// How many.
    pub buffers: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// A device buffer that is counted, and freed when dropped (on the web, dropping alone does not).
pub(crate) struct Buffer {
    buffer: wgpu::Buffer,
    count: Rc<Cell<BufferCount>>,
}

impl Buffer {
    pub fn raw(&self) -> &wgpu::Buffer {
        &self.buffer
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut count = self.count.get();
        count.buffers -= 1;
        count.bytes -= self.buffer.size();
        self.count.set(count);
        self.buffer.destroy();
    }
}

impl Device {
    /// Requests the best adapter and a device with WebGPU's default limits.
    ///
    /// `SwiftShader`, lavapipe and their like count as adapters of kind [`AdapterKind::Software`].
    ///
    /// # Errors
    /// [`Error::NoGpu`] with what to do about it.
    pub async fn request() -> Result<Self> {
        #[cfg(target_arch = "wasm32")]
        let backends = wgpu::Backends::BROWSER_WEBGPU;
        #[cfg(not(target_arch = "wasm32"))]
        let backends = wgpu::Backends::PRIMARY;
        let descriptor =
            wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::new_without_display_handle() };
        let instance = wgpu::Instance::new(descriptor);
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = instance.request_adapter(&options).await.map_err(|error| {
            Error::NoGpu(format!("no GPU adapter was found ({error}); the CPU backend runs everywhere"))
        })?;
        let limits = wgpu::Limits::default();
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("inkling"),
            required_features: wgpu::Features::empty(),
            required_limits: limits,
            ..Default::default()
        };
        let (device, queue) = adapter.request_device(&descriptor).await.map_err(|error| {
            Error::NoGpu(format!(
                "the GPU adapter does not offer WebGPU's default limits ({error}); use the CPU backend"
            ))
        })?;
        let fault = Arc::new(Mutex::new(Fault::default()));
        let seen = fault.clone();
        device.set_device_lost_callback(move |reason, message| {
            note(&seen, |fault| {
                fault.lost = Some(if message.is_empty() { format!("{reason:?}") } else { message.clone() })
            });
        });
        let seen = fault.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            note(&seen, |fault| {
                fault.error.get_or_insert(error.to_string());
            });
        }));
        let kind = Cell::new(adapter_kind(&adapter.get_info()));
        let shared = Shared {
            instance,
            adapter,
            device,
            queue,
            kind,
            fault,
            pipelines: RefCell::default(),
            buffers: Rc::default(),
            spare: history::Spare::default(),
        };
        Ok(Device(Rc::new(shared)))
    }

    /// The adapter's name and driver.
    pub fn description(&self) -> String {
        let info = self.0.adapter.get_info();
        [info.name, info.driver, info.driver_info]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Which kernels suit the adapter.
    pub fn kind(&self) -> AdapterKind {
        self.0.kind.get()
    }

    /// Says which kernels suit the adapter, where the host knows better (a browser's `isFallbackAdapter`). Plans
    /// compiled from now on follow it.
    pub fn set_kind(&self, kind: AdapterKind) {
        self.0.kind.set(kind);
    }

    /// Buffers alive now.
    pub fn buffer_count(&self) -> BufferCount {
        self.0.buffers.get()
    }

    /// Pipelines compiled so far.
    pub fn pipeline_count(&self) -> usize {
        self.0.pipelines.borrow().len()
    }

    /// Whether two handles are the same device.
    pub fn same(&self, other: &Device) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// Has `notify` called at each fault, so that an idle host hears of it too; [`Device::check`] tells which.
    pub fn on_fault(&self, notify: fn()) {
        if let Ok(mut fault) = self.0.fault.lock() {
            fault.notify = Some(notify);
        }
    }

    /// Destroys the device, as if the driver had lost it.
    pub fn destroy(&self) {
        self.0.device.destroy();
    }

    /// The first fault since the last call, as an error.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] for good, [`Error::Gpu`] once.
    pub fn check(&self) -> Result<()> {
        let Ok(mut fault) = self.0.fault.lock() else { return Err(Error::Gpu("a callback failed".into())) };
        if let Some(reason) = &fault.lost {
            return Err(Error::DeviceLost(reason.clone()));
        }
        fault.error.take().map_or(Ok(()), |message| Err(Error::Gpu(message)))
    }

    /// Waits until everything submitted is done. Native builds only need it to time runs.
    ///
    /// # Errors
    /// As [`Device::check`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn wait(&self) -> Result<()> {
        let polled = self.0.device.poll(wgpu::PollType::wait_indefinitely());
        self.check()?;
        polled.map(|_| ()).map_err(|error| Error::Gpu(error.to_string()))
    }

    /// The wgpu device, for programs that draw beside us.
    pub fn raw(&self) -> &wgpu::Device {
        &self.0.device
    }

    /// The wgpu queue.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.0.queue
    }

    #[cfg_attr(not(feature = "page"), allow(dead_code, reason = "surfaces are the page's"))]
    pub(crate) fn instance(&self) -> &wgpu::Instance {
        &self.0.instance
    }

    #[cfg_attr(not(feature = "page"), allow(dead_code, reason = "surfaces are the page's"))]
    pub(crate) fn adapter(&self) -> &wgpu::Adapter {
        &self.0.adapter
    }

    /// A zeroed buffer of `len` f32 elements.
    pub(crate) fn buffer(&self, label: &str, len: usize, usage: wgpu::BufferUsages) -> Buffer {
        let descriptor =
            wgpu::BufferDescriptor { label: Some(label), size: (len * 4) as u64, usage, mapped_at_creation: false };
        self.count(self.0.device.create_buffer(&descriptor))
    }

    /// A buffer holding `contents`.
    pub(crate) fn buffer_of(&self, label: &str, contents: &[u8], usage: wgpu::BufferUsages) -> Buffer {
        let descriptor = wgpu::util::BufferInitDescriptor { label: Some(label), contents, usage };
        self.count(self.0.device.create_buffer_init(&descriptor))
    }

    fn count(&self, buffer: wgpu::Buffer) -> Buffer {
        let mut count = self.0.buffers.get();
        count.buffers += 1;
        count.bytes += buffer.size();
        self.0.buffers.set(count);
        Buffer { buffer, count: self.0.buffers.clone() }
    }

    /// The pipeline for a kernel, compiled at first use.
    pub(crate) fn pipeline(&self, key: &shader::Key) -> Rc<Pipeline> {
        if let Some(pipeline) = self.0.pipelines.borrow().get(key) {
            return pipeline.clone();
        }
        let pipeline = Rc::new(key.compile(&self.0.device));
        self.0.pipelines.borrow_mut().insert(key.clone(), pipeline.clone());
        pipeline
    }

    /// Uploads a slab.
    ///
    /// # Errors
    /// [`Error::Shape`] for an empty slab, [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn slab(&self, values: &[f32]) -> Result<GpuSlab> {
        if values.is_empty() {
            return Err(Error::Shape("an empty slab".into()));
        }
        self.check()?;
        let buffer = self.buffer_of("slab", bytemuck::cast_slice(values), SLAB_USAGE);
        Ok(GpuSlab { device: self.clone(), buffer: Rc::new(buffer), len: values.len() })
    }
}

/// Records a fault and then tells the host, the lock released.
fn note(fault: &Mutex<Fault>, change: impl FnOnce(&mut Fault)) {
    let Ok(mut fault) = fault.lock() else { return };
    change(&mut fault);
    let notify = fault.notify;
    drop(fault);
    if let Some(notify) = notify {
        notify();
    }
}

const SLAB_USAGE: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);

fn adapter_kind(info: &wgpu::AdapterInfo) -> AdapterKind {
    let name = format!("{} {} {}", info.name, info.driver, info.driver_info).to_ascii_lowercase();
    let software = ["swiftshader", "llvmpipe", "lavapipe", "basic render", "softpipe"];
    match info.device_type == wgpu::DeviceType::Cpu || software.iter().any(|word| name.contains(word)) {
        true => AdapterKind::Software,
        false => AdapterKind::Hardware,
    }
}

/// A persistent slab in device memory. Clones share it.
#[derive(Clone)]
pub struct GpuSlab {
    device: Device,
    buffer: Rc<Buffer>,
    len: usize,
}

impl GpuSlab {
    /// Reads the whole slab.
    ///
    /// # Errors
    /// [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn read(&self) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        let encoder = self.device.raw().create_command_encoder(&Default::default());
        submit_and_read(&self.device, &StagingPool::default(), encoder, &[(self.buffer.raw(), 0, self.len)])
    }

    /// Overwrites the whole slab.
    ///
    /// # Errors
    /// [`Error::Shape`] when the length differs, [`Error::DeviceLost`], [`Error::Gpu`].
    pub fn write(&self, values: &[f32]) -> Result<()> {
        super::cpu::check_len("the slab", self.len, values.len())?;
        self.device.check()?;
        self.device.queue().write_buffer(self.buffer.raw(), 0, bytemuck::cast_slice(values));
        Ok(())
    }
}
