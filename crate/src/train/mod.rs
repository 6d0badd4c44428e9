//! Training: recipes as data, objectives of the families, schedules, the loop's step.

pub mod autoregressive;
#[cfg(feature = "cli")]
pub mod classical;
pub mod classifier;
pub mod denoiser;
pub mod energy;
pub mod flow;
pub mod gan;
#[cfg(feature = "cli")]
pub mod gaussian_mixture;
#[cfg(feature = "cli")]
pub mod markov_field;
#[cfg(feature = "cli")]
pub mod mixture;
pub mod objective;
pub mod rbm;
pub mod recipe;
mod recipes_autoregressive;
pub mod recipes_classical;
mod recipes_energy;
mod recipes_flow;
pub mod recipes_gan;
pub mod schedule;
pub mod trainer;
pub mod vae;
