//! A trained VAE run over arrays of any length, in compiled batches of one size.

use super::plans::PARAMS;
use super::vae::Vae;
use super::vae_adopt::Adopted;
use crate::backend::{Backend, DeviceSlab, Executable, InputId, OutputId};
use crate::data::PIXELS;
use crate::error::Result;
use crate::metrics::vae::Encodings;

/// Images or codes in one run.
pub const BATCH: usize = 250;

/// A VAE with its weights on a backend.
pub struct VaeRunner {
    /// The network.
    pub model: Vae,
    /// The weights, for further graphs (slab `params`).
    pub params: DeviceSlab,
    encoder: Encoder,
    decoder: Decoder,
}

struct Encoder {
    executable: Executable,
    x: InputId,
    mu: OutputId,
    logvar: OutputId,
}

struct Decoder {
    executable: Executable,
    z: InputId,
    pixels: OutputId,
}

impl VaeRunner {
    /// Compiles the encoder and the decoder of `adopted` for batches of [`BATCH`].
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] when the weights do not fit, [`crate::Error::Gpu`] when the device refuses.
    pub fn new(backend: &Backend, adopted: &Adopted) -> Result<VaeRunner> {
        let model = Vae::new(adopted.config.clone())?;
        let params = backend.slab(adopted.weights.to_store(model.layout())?.slab())?;
        let slabs = [(PARAMS, &params)];
        let executable = backend.compile(model.encode_plan(BATCH)?, &slabs)?;
        let (x, mu, logvar) = (executable.input("x")?, executable.output("mu")?, executable.output("logvar")?);
        let encoder = Encoder { executable, x, mu, logvar };
        let executable = backend.compile(model.decode_plan(BATCH)?, &slabs)?;
        let (z, pixels) = (executable.input("z")?, executable.output("pixels")?);
        let decoder = Decoder { executable, z, pixels };
        Ok(VaeRunner { model, params, encoder, decoder })
    }

    /// Posterior means and log-variances of `images` (784 values each).
    ///
    /// # Errors
    /// [`crate::Error::DeviceLost`], [`crate::Error::Gpu`].
    pub async fn encode(&mut self, images: &[f32]) -> Result<Encodings> {
        let z_dim = self.model.config().z_dim;
        let Encoder { executable, x, mu, logvar } = &mut self.encoder;
        let mut encodings = Encodings { z_dim, mu: Vec::new(), logvar: Vec::new() };
        for chunk in images.chunks(BATCH * PIXELS) {
            executable.write(*x, &padded(chunk, BATCH * PIXELS))?;
            executable.run()?;
            let len = chunk.len() / PIXELS * z_dim;
            encodings.mu.extend_from_slice(&executable.read(*mu).await?[..len]);
            encodings.logvar.extend_from_slice(&executable.read(*logvar).await?[..len]);
        }
        Ok(encodings)
    }

    /// The pixels' probabilities of ink for `codes` (z_dim values each): 784 values in [0, 1] for each.
    ///
    /// # Errors
    /// [`crate::Error::DeviceLost`], [`crate::Error::Gpu`].
    pub async fn decode(&mut self, codes: &[f32]) -> Result<Vec<f32>> {
        let z_dim = self.model.config().z_dim;
        let Decoder { executable, z, pixels } = &mut self.decoder;
        let mut images = Vec::with_capacity(codes.len() / z_dim * PIXELS);
        for chunk in codes.chunks(BATCH * z_dim) {
            executable.write(*z, &padded(chunk, BATCH * z_dim))?;
            executable.run()?;
            images.extend_from_slice(&executable.read(*pixels).await?[..chunk.len() / z_dim * PIXELS]);
        }
        Ok(images)
    }
}

/// `values` with zeros behind, to the length of a whole batch.
fn padded(values: &[f32], len: usize) -> std::borrow::Cow<'_, [f32]> {
    if values.len() == len {
        return values.into();
    }
    let mut whole = values.to_vec();
    whole.resize(len, 0.0);
    whole.into()
}
