//! Measures of a model, one implementation for the CLI and the page.

#[cfg(feature = "cli")]
pub mod ais;
#[cfg(feature = "cli")]
pub mod autoregressive;
pub mod features;
#[cfg(feature = "cli")]
pub mod frechet;
pub mod inception;
pub mod kernel_distance;
pub mod manifold;
pub mod neighbours;
#[cfg(feature = "cli")]
pub mod reference;
#[cfg(feature = "cli")]
pub mod roc;
#[cfg(feature = "cli")]
pub mod sample_report;
#[cfg(feature = "cli")]
pub mod shape;
pub mod vae;
pub mod vae_likelihood;

/// Mean and standard deviation (divided by the number of values) of `values`.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}
