//! The page's second module of WebAssembly: what measures drawn digits. Few ask for it, and its linear algebra would add to
//! what every visitor waits for.

#[cfg(target_arch = "wasm32")]
pub use inkling::web;
