//! Model families: what a model is made of (configs) and the graphs it builds.

pub mod chain;
pub mod classical;
pub mod classifier;
pub mod denoiser;
pub mod denoiser_config;
pub mod energy;
pub mod family;
pub mod flow;
pub mod flow_config;
mod flow_grids;
mod flow_jobs;
mod flow_mixture;
pub mod gan;
pub mod gan_config;
pub mod gan_spectral;
pub mod gan_step;
pub mod gan_style;
pub mod layers;
pub mod markov_field;
pub mod mixture;
pub mod network;
pub mod plans;
pub mod rbm;
pub mod vae;
pub mod vae_adopt;
pub mod vae_config;
pub mod vae_run;
