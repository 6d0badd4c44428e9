//! Bounds on a VAE's log-likelihood: the ELBO over a whole set and the importance-weighted bound on part of it.

use serde::Serialize;

use super::vae::{Encodings, log_mean_exp, log_prior_ratio};
use crate::backend::{Backend, Executable, InputId, OutputId};
use crate::data::{PIXELS, streams};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::models::plans::PARAMS;
use crate::models::vae_run::{BATCH, VaeRunner};
use crate::rng::Philox;

/// The negative ELBO in its two parts, nats per image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Elbo {
    /// -log p(x | z), one posterior draw for each image.
    pub reconstruction: f64,
    /// KL(q(z | x) || p(z)), exact.
    pub kl: f64,
    /// Their sum.
    pub negative_elbo: f64,
}

/// -log p(x | z) of [`BATCH`] codes, each against its own image or all against one.
struct Likelihood {
    executable: Executable,
    x: InputId,
    z: InputId,
    reconstruction: OutputId,
}

impl Likelihood {
    fn new(backend: &Backend, runner: &VaeRunner, images: usize) -> Result<Likelihood> {
        let graph = Graph::new();
        let params = graph.slab(PARAMS, runner.model.layout())?;
        let x = graph.input("x", [images, PIXELS])?;
        let z = graph.input("z", [BATCH, runner.model.config().z_dim])?;
        let logits = runner.model.decode(&z, &params)?;
        let reconstruction = runner.model.reconstruction(&logits, &x)?;
        let plan = graph.compile(&[("reconstruction", &reconstruction)])?;
        let executable = backend.compile(plan, &[(PARAMS, &runner.params)])?;
        let (x, z) = (executable.input("x")?, executable.input("z")?);
        let reconstruction = executable.output("reconstruction")?;
        Ok(Likelihood { executable, x, z, reconstruction })
    }

    async fn run(&mut self, x: &[f32], z: &[f32]) -> Result<Vec<f32>> {
        self.executable.write(self.x, x)?;
        self.executable.write(self.z, z)?;
        self.executable.run()?;
        self.executable.read(self.reconstruction).await
    }
}

/// The negative ELBO over `images` (binarised, 784 values each), whose encodings are `encodings`.
///
/// # Errors
/// [`Error::Data`] for no image; [`Error::DeviceLost`], [`Error::Gpu`].
pub async fn elbo(
    backend: &Backend,
    runner: &VaeRunner,
    images: &[f32],
    encodings: &Encodings,
    seed: u32,
) -> Result<Elbo> {
    let count = encodings.len();
    if count == 0 {
        return Err(Error::Data("there is no image to measure on".into()));
    }
    let nats = reconstructions(backend, runner, images, encodings, seed).await?;
    let (reconstruction, kl) = (nats.iter().sum::<f64>() / count as f64, encodings.mean_kl());
    Ok(Elbo { reconstruction, kl, negative_elbo: reconstruction + kl })
}

/// -log p(x | z) in nats of each of `images` (binarised, 784 values each), for one draw of z from its encoding.
///
/// # Errors
/// [`Error::DeviceLost`], [`Error::Gpu`].
pub async fn reconstructions(
    backend: &Backend,
    runner: &VaeRunner,
    images: &[f32],
    encodings: &Encodings,
    seed: u32,
) -> Result<Vec<f64>> {
    let (count, z_dim) = (encodings.len(), encodings.z_dim);
    let mut likelihood = Likelihood::new(backend, runner, BATCH)?;
    let mut nats = Vec::with_capacity(count);
    for start in (0..count).step_by(BATCH) {
        let here = BATCH.min(count - start);
        let mut x = images[start * PIXELS..(start + here) * PIXELS].to_vec();
        x.resize(BATCH * PIXELS, 0.0);
        let mut eps = vec![0.0; BATCH * z_dim];
        Philox::new(u64::from(seed), streams::stream(streams::EVALUATE, start as u64)).fill_normal(&mut eps);
        let codes = start * z_dim..(start + here) * z_dim;
        let z = draw(&encodings.mu[codes.clone()], &encodings.logvar[codes], &eps, BATCH * z_dim);
        let reconstruction = likelihood.run(&x, &z).await?;
        nats.extend(reconstruction[..here].iter().map(|nats| f64::from(*nats)));
    }
    Ok(nats)
}

/// The negative importance-weighted bound (Burda et al. 2016) of the first `count` images with `samples` posterior
/// draws each, nats per image. `progress` is called with the number of images done.
///
/// # Errors
/// [`Error::Data`] for no image or no draw; [`Error::DeviceLost`], [`Error::Gpu`], whatever `progress` returns.
pub async fn importance_weighted(
    backend: &Backend,
    runner: &VaeRunner,
    images: &[f32],
    encodings: &Encodings,
    (count, samples): (usize, usize),
    seed: u32,
    mut progress: impl FnMut(usize) -> Result<()>,
) -> Result<f64> {
    let (count, z_dim) = (count.min(encodings.len()), encodings.z_dim);
    if count == 0 || samples == 0 {
        return Err(Error::Data("the importance-weighted bound needs at least one image and one draw".into()));
    }
    let mut likelihood = Likelihood::new(backend, runner, 1)?;
    let batches = samples.div_ceil(BATCH);
    let mut total = 0.0;
    let mut eps = vec![0.0; BATCH * z_dim];
    for image in 0..count {
        let codes = image * z_dim..(image + 1) * z_dim;
        let (mu, logvar) = (&encodings.mu[codes.clone()], &encodings.logvar[codes]);
        // a stream of its own for each image, apart from the ELBO's
        let mut rng = Philox::new(u64::from(seed), streams::stream(streams::IMPORTANCE, image as u64));
        let mut weights = Vec::with_capacity(batches * BATCH);
        for _ in 0..batches {
            rng.fill_normal(&mut eps);
            let z: Vec<f32> = eps.chunks_exact(z_dim).flat_map(|eps| draw(mu, logvar, eps, z_dim)).collect();
            let reconstruction = likelihood.run(&images[image * PIXELS..(image + 1) * PIXELS], &z).await?;
            let ratios = eps.chunks_exact(z_dim).map(|eps| log_prior_ratio(mu, logvar, eps));
            weights.extend(reconstruction.iter().zip(ratios).map(|(nats, ratio)| ratio - f64::from(*nats)));
        }
        total -= log_mean_exp(&weights[..samples]);
        progress(image + 1)?;
    }
    Ok(total / count as f64)
}

/// mu + e^(logvar / 2) eps, with zeros behind to `len`.
pub fn draw(mu: &[f32], logvar: &[f32], eps: &[f32], len: usize) -> Vec<f32> {
    let mut z: Vec<f32> =
        mu.iter().zip(logvar).zip(eps).map(|((mu, logvar), eps)| mu + (0.5 * logvar).exp() * eps).collect();
    z.resize(len, 0.0);
    z
}
