//! `--backend`: where the engine runs.

use clap::ValueEnum;

use crate::backend::{Backend, gpu};
use crate::error::Result;
use crate::ops::AdapterKind;

/// Where the engine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// All cores of the CPU
    Cpu,
    /// The GPU; an error where there is none
    Gpu,
    /// The GPU if there is a real one, else the CPU
    Auto,
}

impl Choice {
    /// Opens the backend and says on standard error which one it is.
    ///
    /// # Errors
    /// [`crate::Error::NoGpu`] when a GPU is asked for and there is none.
    pub fn open(self) -> Result<Backend> {
        let backend = match self {
            Choice::Cpu => Backend::Cpu,
            Choice::Gpu => Backend::Gpu(pollster::block_on(gpu::Device::request())?),
            // a software adapter is slower than the CPU backend on the same cores
            Choice::Auto => match pollster::block_on(gpu::Device::request()) {
                Ok(device) if device.kind() == AdapterKind::Hardware => Backend::Gpu(device),
                Ok(_) | Err(_) => Backend::Cpu,
            },
        };
        match &backend {
            Backend::Cpu => eprintln!("backend: cpu"),
            Backend::Gpu(device) => eprintln!("backend: gpu ({})", device.description()),
        }
        Ok(backend)
    }
}
