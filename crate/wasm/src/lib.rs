//! The page's WebAssembly: what [`inkling::web`] exports, linked into one module.
//!
//! A crate of its own because the settings of the crate that is linked decide which optimisations run over everything
//! then: loops become SIMD code at that time only, so that this crate has the kernels' level and the engine its own.

#[cfg(target_arch = "wasm32")]
pub use inkling::web;
