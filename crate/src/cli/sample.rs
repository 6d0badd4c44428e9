//! `inkling sample`: digits of any model that draws some.

use std::path::PathBuf;

use clap::Args;

use super::backend::Choice;
use super::denoise::{self, SamplerFlags};
use super::energy::{ChainFlags, Chains};
use super::images::ImageOutput;
use super::subjects::prior_codes;
use super::{autoregressive, classical, flow, gan, weights};
use crate::error::{Error, Result};
use crate::models::family::Family;
use crate::models::network::Runner;
use crate::models::vae_run::VaeRunner;

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
    #[command(flatten)]
    sampler: SamplerFlags,
    #[command(flatten)]
    chains: ChainFlags,
    /// The digit to draw, if the model can be told; by default every one in turn, or as they come
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=9))]
    class: Option<u8>,
    /// A .png of all digits, or a .npy of N x 28 x 28 values in [0, 1] (grey; a VAE's are probabilities of ink)
    #[arg(long)]
    out: PathBuf,
    /// Where to compute
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    backend: Choice,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let output = ImageOutput::check(&arguments.out)?;
    let opened = weights::open(&arguments.weights)?;
    let takes_chains = [Family::Rbm, Family::Energy, Family::Flow, Family::Autoregressive, Family::MarkovField]
        .contains(&opened.family);
    if !takes_chains {
        arguments.chains.refuse()?;
    }
    let images = match opened.family {
        Family::Vae => {
            arguments.sampler.refuse(arguments.class)?;
            let loaded = opened.vae()?;
            let mut runner = VaeRunner::new(&arguments.backend.open()?, &loaded.model)?;
            let codes = prior_codes(arguments.n as usize, loaded.model.config.z_dim, arguments.seed);
            pollster::block_on(runner.decode(&codes))?
        }
        Family::Denoiser => {
            let runner = opened.denoiser(&arguments.backend.open()?)?;
            let spec = arguments.sampler.spec(runner.config(), arguments.seed);
            denoise::sample(&runner, &spec, arguments.n as usize, arguments.class)?
        }
        Family::Rbm | Family::Energy => {
            arguments.sampler.refuse(None)?;
            let chains = Chains::new(&opened, &arguments.backend.open()?, &arguments.chains, arguments.class)?;
            chains.sample(arguments.n as usize, arguments.seed)?
        }
        Family::Flow => {
            arguments.sampler.refuse(None)?;
            let temperature = arguments.chains.only_temperature()?;
            let runner = Runner::new(&arguments.backend.open()?, &opened.checkpoint)?;
            flow::sample(&runner, arguments.n as usize, arguments.seed, arguments.class, temperature)?
        }
        Family::Gan => {
            arguments.sampler.refuse(None)?;
            let sampler = gan::Sampler::new(&opened, &arguments.backend.open()?)?;
            sampler.draw(arguments.n as usize, arguments.seed, arguments.class)?
        }
        Family::Mixture | Family::GaussianMixture | Family::NaiveBayes => {
            arguments.sampler.refuse(None)?;
            let runner = Runner::new(&arguments.backend.open()?, &opened.checkpoint)?;
            match arguments.class {
                Some(digit) => classical::sample_digit(&opened, &runner, arguments.n as usize, arguments.seed, digit)?,
                None => classical::sample(&runner, arguments.n as usize, arguments.seed)?,
            }
        }
        Family::Autoregressive => {
            arguments.sampler.refuse(arguments.class)?;
            let temperature = arguments.chains.only_temperature()?;
            let runner = Runner::new(&arguments.backend.open()?, &opened.checkpoint)?;
            autoregressive::sample(&opened, &runner, arguments.n as usize, arguments.seed, temperature)?
        }
        Family::MarkovField => {
            arguments.sampler.refuse(arguments.class)?;
            let (n, chains) = (arguments.n as usize, &arguments.chains);
            let (given, temperature) = (chains.given(n)?, chains.checked_temperature()?);
            let runner = Runner::new(&arguments.backend.open()?, &opened.checkpoint)?;
            classical::sample_field(&runner, n, arguments.seed, given, chains.steps(), temperature)?
        }
        Family::Classifier => {
            return Err(Error::Unsupported(format!("{} holds a classifier; it draws nothing", opened.path.display())));
        }
    };
    output.write(images)
}
