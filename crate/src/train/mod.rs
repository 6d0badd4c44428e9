//! Training: recipes as data, schedules, the loop's step.

pub mod recipe;
pub mod schedule;
pub mod vae;
