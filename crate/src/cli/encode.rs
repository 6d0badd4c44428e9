//! `inkling encode`: images to posterior means.

use std::path::PathBuf;

use clap::Args;

use super::backend::Choice;
use super::{images, weights};
use crate::data::npy::Array;
use crate::error::Result;
use crate::models::vae_run::VaeRunner;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A weights file, or the id of a model in www/models/catalog.json
    weights: String,
    /// Images: a .npy of N x 28 x 28 (or N x 784) floats in [0, 1], ink is 1, or bytes
    images: PathBuf,
    /// The posterior means: a .npy of N x z
    #[arg(long)]
    out: PathBuf,
    /// Also the logarithms of the posterior variances: a .npy of N x z
    #[arg(long)]
    logvar_out: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    backend: Choice,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let output = images::npy_output(&arguments.out)?;
    let logvar_output = arguments.logvar_out.as_deref().map(images::npy_output).transpose()?;
    let (count, pixels) = images::read_npy(&arguments.images)?.into_images(&arguments.images.display().to_string())?;
    let loaded = weights::load(&arguments.weights)?;
    let mut runner = VaeRunner::new(&arguments.backend.open()?, &loaded.model)?;
    let encodings = pollster::block_on(runner.encode(&pixels))?;
    let shape = vec![count, encodings.z_dim];
    output.write(&Array::new(shape.clone(), encodings.mu).to_bytes())?;
    match logvar_output {
        Some(output) => output.write(&Array::new(shape, encodings.logvar).to_bytes()),
        None => Ok(()),
    }
}
