//! `inkling decode`: latent codes to images.

use std::path::PathBuf;

use clap::Args;

use super::backend::Choice;
use super::images::{self, ImageOutput};
use super::weights;
use crate::error::Result;
use crate::models::vae_run::VaeRunner;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A weights file, or the id of a model in www/models/catalog.json
    weights: String,
    /// Codes: a .npy of N x z
    codes: PathBuf,
    /// A .npy of N x 28 x 28 values in [0, 1], or a .png of all digits
    #[arg(long)]
    out: PathBuf,
    /// Where to compute
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    backend: Choice,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let output = ImageOutput::check(&arguments.out)?;
    let loaded = weights::load(&arguments.weights)?;
    let name = arguments.codes.display().to_string();
    let (_, codes) = images::read_npy(&arguments.codes)?.into_codes(loaded.model.config.z_dim, &name)?;
    let mut runner = VaeRunner::new(&arguments.backend.open()?, &loaded.model)?;
    output.write(pollster::block_on(runner.decode(&codes))?)
}
