//! A model card: what a shipped model is, how it was made, what was measured, where it fails.

use super::eval::Report;
use crate::catalog::Entry;
use crate::models::family::Training;
use crate::models::vae_config::VaeConfig;
use crate::train::recipe::{Recipe, limits};

/// The card in Markdown.
pub fn text(
    entry: &Entry,
    recipe: &Recipe,
    config: &VaeConfig,
    training: &Training,
    parameters: usize,
    report: &Report,
) -> String {
    let Entry { id, title, file, bytes, sha256, .. } = entry;
    let kl_epochs = recipe.task.kl_warm_up_epochs();
    let elbo = report.elbo;
    let images = training.steps * training.batch as u64;
    let data_note = if report.is_published_mnist { "MNIST" } else { "not MNIST as published" };
    let units: Vec<String> =
        report.units.iter().filter(|unit| unit.active).map(|unit| format!("{} ({:.2})", unit.unit, unit.kl)).collect();
    format!(
        "# {id}: {title}

A variational autoencoder of 28 x 28 digits with a Gaussian posterior, a standard normal prior and Bernoulli pixels.

| | |
|-|-|
| network | {network} |
| parameters | {parameters} |
| file | {file}, {bytes} bytes, f16 safetensors |
| SHA-256 | {sha256} |

## Recipe

| | |
|-|-|
| recipe | {recipe_name} (crate/src/train/recipe.rs) |
| seed | {seed} |
| steps | {steps} of {batch} images ({images} images in all) |
| optimizer | Adam, peak learning rate {rate}, warm-up {warm_up} steps, then half a cosine to 0; gradients clipped to a norm of {clip} |
| KL weight | from 0 to 1 over {kl_epochs} epochs, then 1 |
| saved weights | moving average, decay {ema} |
| training pixels | {training_pixels} |
| backend | {backend} |

    inkling train {recipe_name} --data data/mnist --seed {seed} --steps {steps} --backend {backend} --out {file}

## Metrics

On the {test_images} test images ({data_note}), binarised: {binarization}; nats per image, lower is better.

| | |
|-|-|
| -ELBO | {negative_elbo:.2} |
| of which reconstruction | {reconstruction:.2} |
| of which KL | {kl:.2} |
| -IWAE, {iwae_samples} draws, first {iwae_images} test images | {iwae:.2} |
| active latents (variance of the posterior mean above 0.01) | {active} of {z_dim} |

Active latents by their KL in nats: {units}.

    inkling eval {id} --data data/mnist --images {iwae_images} --samples {iwae_samples}

## Limits

{limits}
",
        network = config.describe(),
        recipe_name = recipe.name,
        seed = training.seed,
        steps = training.steps,
        batch = training.batch,
        rate = recipe.learning_rate,
        warm_up = recipe.warm_up_steps,
        clip = recipe.clip_norm,
        kl_epochs = kl_epochs,
        ema = recipe.ema_decay,
        training_pixels = training.pixels(),
        backend = training.backend,
        test_images = report.test_images,
        binarization = report.binarization,
        negative_elbo = elbo.negative_elbo,
        reconstruction = elbo.reconstruction,
        kl = elbo.kl,
        iwae_samples = report.iwae_samples,
        iwae_images = report.iwae_images,
        iwae = report.negative_iwae,
        active = report.active_units,
        z_dim = config.z_dim,
        units = units.join(", "),
        limits = limits(&recipe.name),
    )
}
