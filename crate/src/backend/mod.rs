//! The two backends that run plans.

pub mod cpu;
pub mod gpu;
pub mod history;
pub mod present;

use std::future::Future;

pub use history::{History, Place};
use present::Images;

use crate::Result;
use crate::graph::{Plan, Shape};

/// Where plans run.
#[derive(Clone)]
pub enum Backend {
    /// ndarray and SIMD kernels.
    Cpu,
    /// WGSL compute shaders.
    Gpu(gpu::Device),
}

/// A persistent buffer on a backend: parameters, moments, statistics. Clones share it.
#[derive(Clone)]
pub enum DeviceSlab {
    /// In host memory.
    Cpu(cpu::HostSlab<f32>),
    /// In device memory.
    Gpu(gpu::GpuSlab),
}

/// A plan on its buffers, ready to run.
pub enum Executable {
    /// On the CPU.
    Cpu(cpu::CpuExecutable<f32>),
    /// On the GPU.
    Gpu(gpu::GpuExecutable),
}

/// An input of an executable, found once by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputId(pub(crate) usize);

/// An output of an executable, found once by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputId(pub(crate) usize);

impl Backend {
    /// `cpu` or `gpu`.
    pub fn name(&self) -> &'static str {
        match self {
            Backend::Cpu => "cpu",
            Backend::Gpu(_) => "gpu",
        }
    }

    /// Uploads a slab.
    ///
    /// # Errors
    /// [`crate::Error::Gpu`] when the device refuses.
    pub fn slab(&self, values: &[f32]) -> Result<DeviceSlab> {
        Ok(match self {
            Backend::Cpu => DeviceSlab::Cpu(cpu::HostSlab::new(values.to_vec())),
            Backend::Gpu(device) => DeviceSlab::Gpu(device.slab(values)?),
        })
    }

    /// Makes everything that running `plan` needs: buffers, pipelines, bindings. Slabs that are not given start as
    /// zeros; [`Executable::slab`] hands them out.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when a slab has the wrong length or is another backend's,
    /// [`crate::Error::Gpu`] when the device refuses.
    pub fn compile(&self, plan: Plan, slabs: &[(&str, &DeviceSlab)]) -> Result<Executable> {
        let wrong = || crate::Error::Shape("a slab of another backend".into());
        Ok(match self {
            Backend::Cpu => {
                let slabs = slabs.iter().map(|(name, slab)| match slab {
                    DeviceSlab::Cpu(slab) => Ok((*name, slab.clone())),
                    DeviceSlab::Gpu(_) => Err(wrong()),
                });
                Executable::Cpu(cpu::CpuExecutable::new(plan, &slabs.collect::<Result<Vec<_>>>()?)?)
            }
            Backend::Gpu(device) => {
                let slabs = slabs.iter().map(|(name, slab)| match slab {
                    DeviceSlab::Gpu(slab) => Ok((*name, slab.clone())),
                    DeviceSlab::Cpu(_) => Err(wrong()),
                });
                Executable::Gpu(gpu::GpuExecutable::new(device, plan, &slabs.collect::<Result<Vec<_>>>()?)?)
            }
        })
    }
}

impl Executable {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        match self {
            Executable::Cpu(executable) => executable.plan(),
            Executable::Gpu(executable) => executable.plan(),
        }
    }

    /// The input called `name`.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when there is none.
    pub fn input(&self, name: &str) -> Result<InputId> {
        self.plan().input_id(name)
    }

    /// The output called `name`.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when there is none.
    pub fn output(&self, name: &str) -> Result<OutputId> {
        self.plan().output_id(name)
    }

    /// The shape of an output.
    pub fn output_shape(&self, output: OutputId) -> &Shape {
        &self.plan().outputs[output.0].shape
    }

    /// Sets an input; the values travel with the next run.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when the number of values differs from the input's.
    pub fn write(&mut self, input: InputId, values: &[f32]) -> Result<()> {
        match self {
            Executable::Cpu(executable) => executable.write(input, values),
            Executable::Gpu(executable) => executable.write(input, values),
        }
    }

    /// Runs every step once. On the GPU this is one write and one submit, and returns before they are done.
    ///
    /// # Errors
    /// [`crate::Error::DeviceLost`], [`crate::Error::Gpu`].
    pub fn run(&mut self) -> Result<()> {
        match self {
            Executable::Cpu(executable) => {
                executable.run();
                Ok(())
            }
            Executable::Gpu(executable) => executable.run(),
        }
    }

    /// Reads an output, as it is after the runs so far. The future borrows nothing: the executable may run again
    /// before it is awaited.
    ///
    /// # Errors
    /// [`crate::Error::DeviceLost`], [`crate::Error::Gpu`].
    pub fn read(&self, output: OutputId) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        let reading = match self {
            Executable::Cpu(executable) => Reading::Ready(executable.read(output)),
            Executable::Gpu(executable) => Reading::Queued(executable.read(output)),
        };
        reading.finish()
    }

    /// Runs and reads outputs, one behind the other in one vector; on the GPU in one submit.
    ///
    /// # Errors
    /// [`crate::Error::DeviceLost`], [`crate::Error::Gpu`].
    pub fn run_and_read(&mut self, outputs: &[OutputId]) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        let reading = match self {
            Executable::Cpu(executable) => {
                executable.run();
                Reading::Ready(outputs.iter().flat_map(|&output| executable.read(output)).collect())
            }
            Executable::Gpu(executable) => Reading::Queued(executable.run_and_read(outputs)),
        };
        reading.finish()
    }

    /// Calls `body` with an output as images to be drawn, as it is after the runs so far.
    pub fn with_images<R>(&self, output: OutputId, body: impl FnOnce(Images<'_>) -> R) -> R {
        match self {
            Executable::Cpu(executable) => executable.with_output(output, |values| body(Images::Host(values))),
            Executable::Gpu(executable) => body(Images::Device(executable.images(output))),
        }
    }

    /// The slab called `name`.
    pub fn slab(&self, name: &str) -> Option<DeviceSlab> {
        match self {
            Executable::Cpu(executable) => executable.slab(name).map(DeviceSlab::Cpu),
            Executable::Gpu(executable) => executable.slab(name).map(DeviceSlab::Gpu),
        }
    }

    /// Dispatches of one run: GPU kernels, or on the CPU the steps.
    pub fn dispatches(&self) -> usize {
        match self {
            Executable::Cpu(executable) => executable.plan().steps.len(),
            Executable::Gpu(executable) => executable.dispatches(),
        }
    }
}

impl DeviceSlab {
    /// Reads the whole slab, as it is after the runs so far.
    ///
    /// # Errors
    /// [`crate::Error::DeviceLost`], [`crate::Error::Gpu`].
    pub fn read(&self) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        let reading = match self {
            DeviceSlab::Cpu(slab) => Reading::Ready(slab.values()),
            DeviceSlab::Gpu(slab) => Reading::Queued(slab.read()),
        };
        reading.finish()
    }

    /// Overwrites the whole slab.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when the length differs.
    pub fn write(&self, values: &[f32]) -> Result<()> {
        match self {
            DeviceSlab::Cpu(slab) => slab.write(values),
            DeviceSlab::Gpu(slab) => slab.write(values),
        }
    }
}

/// Values that are there already, or on their way from a device.
enum Reading<F> {
    Ready(Vec<f32>),
    Queued(F),
}

impl<F: Future<Output = Result<Vec<f32>>>> Reading<F> {
    async fn finish(self) -> Result<Vec<f32>> {
        match self {
            Reading::Ready(values) => Ok(values),
            Reading::Queued(reading) => reading.await,
        }
    }
}
