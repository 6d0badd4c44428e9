//! Measures of a model, one implementation for the CLI and the page.

pub mod vae;
pub mod vae_likelihood;
