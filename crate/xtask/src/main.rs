//! `cargo run -p xtask -- wasm` builds the WebAssembly of the page.
//!
//! The crate is compiled twice, because relaxed SIMD (fused multiply-add) is faster but not in every
//! browser: `www/wasm/plain` holds the SIMD128 build, `www/wasm/relaxed` the one with relaxed SIMD. The
//! page picks one by feature detection. `www/wasm/measures` holds what is fetched when somebody measures a model.

mod wasm;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(about = "Builds what cargo alone cannot")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the modules of www/wasm in the wasm profile; does nothing where they are up to date
    Wasm {
        /// Build only this variant
        #[arg(long, value_enum)]
        only: Option<wasm::Variant>,
        /// Skip wasm-opt, for a quicker turn-around while working on the engine
        #[arg(long)]
        no_opt: bool,
    },
}

fn main() -> ExitCode {
    let Task::Wasm { only, no_opt } = Arguments::parse().task;
    match wasm::build(only, !no_opt) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
