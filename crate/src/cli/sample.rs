//! `inkling sample`: digits from latents drawn from the prior.

use std::path::PathBuf;

use clap::Args;

use super::backend::Choice;
use super::images::ImageOutput;
use super::weights;
use crate::data::streams;
use crate::error::Result;
use crate::models::vae_run::VaeRunner;
use crate::rng::Philox;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A weights file, or the id of a model in www/models/catalog.json
    weights: String,
    /// How many digits
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    n: u32,
    /// The same seed gives the same digits
    #[arg(long, default_value_t = 0)]
    seed: u32,
    /// A .png of all digits, or a .npy of N x 28 x 28 values in [0, 1] (each pixel's probability of ink)
    #[arg(long)]
    out: PathBuf,
    /// Where to compute
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    backend: Choice,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let output = ImageOutput::check(&arguments.out)?;
    let loaded = weights::load(&arguments.weights)?;
    let mut runner = VaeRunner::new(&arguments.backend.open()?, &loaded.model)?;
    let mut codes = vec![0.0; arguments.n as usize * loaded.model.config.z_dim];
    Philox::new(u64::from(arguments.seed), streams::stream(streams::SAMPLE, 0)).fill_normal(&mut codes);
    output.write(pollster::block_on(runner.decode(&codes))?)
}
