//! What takes time on the CPU: matrix products, convolutions, pointwise programs, rows, reductions, updates of
//! parameters, random numbers.
//!
//! A crate of its own, so that the page's WebAssembly can have these few functions fast and all others small (the
//! profile `wasm` in the workspace's Cargo.toml). A generic function is compiled where it is used, with the settings of
//! that crate; what other crates call is therefore in [`Kernels`], whose two implementations are compiled here.

pub mod conv;
pub mod copy;
mod entry;
mod functions;
pub mod gemm;
mod program;
pub mod real;
mod reduce;
pub mod rng;
mod rows;
mod update;

pub use entry::{Epilogue, Kernels};
pub use functions::Function;
pub use program::{Indexing, Instruction, MAX_INSTRUCTIONS, MAX_OPERANDS, Program, Register};
pub use reduce::{ReduceShape, Reduction};
pub use rows::{Finish, SoftmaxKind};
pub use update::AdamStep;
