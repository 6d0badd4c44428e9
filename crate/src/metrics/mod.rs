//! Measures of a model, one implementation for the CLI and the page.

#[cfg(feature = "cli")]
pub mod ais;
#[cfg(feature = "cli")]
pub mod autoregressive;
pub mod features;
#[cfg(feature = "measures")]
pub mod frechet;
pub mod inception;
pub mod kernel_distance;
pub mod manifold;
pub mod neighbours;
#[cfg(feature = "measures")]
pub mod reference;
#[cfg(feature = "cli")]
pub mod roc;
#[cfg(feature = "measures")]
pub mod sample_report;
#[cfg(feature = "cli")]
pub mod shape;
pub mod vae;
pub mod vae_likelihood;

/// Draws with replacement behind the standard error of a mean.
#[cfg(feature = "measures")]
const MEAN_RESAMPLES: usize = 200;

/// The standard error of the mean of `values` by bootstrap: the standard deviation of the means of as many values drawn with
/// replacement (Efron 1979).
#[cfg(feature = "measures")]
fn bootstrap_error_of_mean(values: &[f64], rng: &mut crate::rng::Philox) -> f64 {
    let count = values.len() as u32;
    let mean = |_| (0..count).map(|_| values[rng.below(count) as usize]).sum::<f64>() / f64::from(count);
    let means: Vec<f64> = (0..MEAN_RESAMPLES).map(mean).collect();
    mean_and_deviation(&means).1
}

/// Mean and standard deviation (divided by the number of values) of `values`.
fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}
