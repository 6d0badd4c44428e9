//! Training: recipes as data, objectives of the families, schedules, the loop's step.

pub mod classifier;
pub mod denoiser;
pub mod energy;
pub mod objective;
pub mod rbm;
pub mod recipe;
mod recipes_energy;
pub mod schedule;
pub mod trainer;
pub mod vae;
