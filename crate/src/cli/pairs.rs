//! `inkling pairs`: a training set of what a denoiser makes of known noise, for a model of few steps (reflow).

use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;

use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use indicatif::{ProgressBar, ProgressStyle};

use super::backend::Choice;
use super::denoise::SamplerFlags;
use super::output::Output;
use super::weights;
use crate::data::{PIXELS, SIDE, mnist};
use crate::error::{Error, Result};
use crate::models::denoiser_config::NO_CLASS;
use crate::samplers::spec::{Spec, Start};
use crate::samplers::trajectory::{DenoiserRunner, Given, Keep, Trajectory};
use crate::train::denoiser::pair_noise;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The denoiser: a weights file, or the id of a model in www/models/catalog.json
    weights: String,
    /// How many pairs
    #[arg(long, default_value_t = 60_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    n: u32,
    #[command(flatten)]
    sampler: SamplerFlags,
    /// A folder for the images and labels, under the names of MNIST's training set; the noise follows from the index
    #[arg(long)]
    out: PathBuf,
    /// Where to compute
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    backend: Choice,
}

/// Pairs in one run.
const BATCH: usize = 250;

pub fn run(arguments: &Arguments) -> Result<()> {
    std::fs::create_dir_all(&arguments.out)
        .map_err(|error| Error::Io(format!("cannot make {}: {error}", arguments.out.display())))?;
    let [images_name, labels_name] = mnist::Split::Train.file_names();
    let file = |name: &str| Output::check(&arguments.out.join(format!("{name}.gz")));
    let (images_output, labels_output) = (file(images_name)?, file(labels_name)?);
    let runner = weights::open(&arguments.weights)?.denoiser(&arguments.backend.open()?)?;
    let n = arguments.n as usize;
    let conditional = runner.config().conditional;
    let labels: Vec<u8> = (0..n).map(|index| if conditional { (index % 10) as u8 } else { NO_CLASS }).collect();
    let images = images(&runner, &arguments.sampler, &labels)?;
    images_output.write(&gzip(&header(&[n, SIDE, SIDE]), &images)?)?;
    // a data set's labels are digits; a model that is told none never sees them
    let digits: Vec<u8> = labels.iter().map(|label| if *label == NO_CLASS { 0 } else { *label }).collect();
    labels_output.write(&gzip(&header(&[n]), &digits)?)
}

/// What the model makes of each pair's noise, 784 grey values from 0 to 255.
fn images(runner: &Rc<DenoiserRunner>, flags: &SamplerFlags, labels: &[u8]) -> Result<Vec<u8>> {
    let style = ProgressStyle::with_template("pairs {bar:30} {pos}/{len}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(labels.len() as u64).with_style(style);
    let mut images = Vec::with_capacity(labels.len() * PIXELS);
    let mut noise = vec![0.0; BATCH * PIXELS];
    for (batch, labels) in labels.chunks(BATCH).enumerate() {
        for (place, row) in noise.chunks_exact_mut(PIXELS).enumerate() {
            pair_noise(batch * BATCH + place, row);
        }
        // one size for all batches: the steps are compiled for it
        let classes = (0..BATCH).map(|place| labels.get(place).copied().unwrap_or(labels[0])).collect();
        let spec = Spec { classes, start: Start::Exact { t: 1.0 }, ..flags.spec(runner.config(), 0) };
        let given = Given { images: &noise, mask: &[] };
        let mut trajectory = Trajectory::new(runner, spec, given, Keep::Newest)?;
        while trajectory.step()? {}
        let values = pollster::block_on(trajectory.finish())?;
        let grey = |value: &f32| ((0.5 * value + 0.5).clamp(0.0, 1.0) * 255.0).round() as u8;
        images.extend(values[..labels.len() * PIXELS].iter().map(grey));
        bar.inc(labels.len() as u64);
    }
    bar.finish_and_clear();
    Ok(images)
}

/// The header of an IDX file of bytes.
fn header(dims: &[usize]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    bytes.extend(dims.iter().flat_map(|dim| (*dim as u32).to_be_bytes()));
    bytes
}

fn gzip(header: &[u8], values: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(header)
        .and_then(|()| encoder.write_all(values))
        .and_then(|()| encoder.finish())
        .map_err(|error| Error::Io(format!("the pairs cannot be compressed: {error}")))
}
