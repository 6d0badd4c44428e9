//! `inkling pack`: writes a weights file anew, as its recipe stores weights today. A file that was trained before its
//! recipe went over to 8 bits need not be trained again.

use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use super::{print, weights};
use crate::checkpoint::Checkpoint;
use crate::error::{Error, Result};
use crate::models::family::Training;
use crate::train::recipe;

#[derive(Debug, Args)]
pub struct Arguments {
    /// A weights file that `inkling train` wrote
    weights: PathBuf,
    /// Where to write it
    #[arg(long)]
    out: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// [`Error::Checkpoint`] for a file that is no model, [`Error::Data`] for one that does not tell its recipe,
/// [`Error::Io`] for a place that cannot be written.
pub fn run(arguments: &Arguments) -> Result<()> {
    let bytes = weights::read(&arguments.weights)?;
    let checkpoint = Checkpoint::from_bytes(&bytes)?;
    let Some(training) = Training::of(&checkpoint)? else {
        return Err(Error::Data(format!(
            "{} does not say how it was trained, so nothing tells how it is to be stored",
            arguments.weights.display()
        )));
    };
    let output = Output::check(&arguments.out)?;
    let packed = checkpoint.to_bytes(recipe::find(&training.recipe)?.precision())?;
    output.write(&packed)?;
    print(&format!("{} bytes, were {}\n", packed.len(), bytes.len()))
}
