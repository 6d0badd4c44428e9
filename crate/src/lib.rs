//! Generative models of handwritten digits: a graph with automatic differentiation, compiled once and
//! replayed on WebGPU or on the CPU. See ARCHITECTURE.md for the flow and the folders.

pub mod backend;
pub mod catalog;
pub mod checkpoint;
#[cfg(feature = "cli")]
pub mod cli;
pub mod data;
pub mod error;
pub mod graph;
mod math;
pub mod metrics;
pub mod models;
pub mod nn;
pub mod ops;
pub mod samplers;
pub mod train;

#[cfg(target_arch = "wasm32")]
pub mod web;

pub use error::{Error, Result};
pub use inkling_kernels as kernels;
pub use inkling_kernels::{real, rng};
