//! Model families: what a model is made of (configs) and the graphs it builds.

pub mod vae_adopt;
pub mod vae_config;
