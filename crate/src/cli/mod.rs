//! The program `inkling`: one file for each command, a message and exit code 2 for whatever does not work.

mod adversary;
mod aims;
mod autoregressive;
mod backend;
mod bench;
mod card;
mod card_measures;
mod classical;
mod classifier;
mod decode;
mod denoise;
mod encode;
mod energy;
mod eval;
mod eval_all;
mod eval_denoiser;
mod eval_samples;
mod flow;
mod gan;
mod images;
mod info;
mod jobs;
mod measures;
mod output;
mod pack;
mod pairs;
mod publish;
mod publish_denoiser;
mod publish_gan;
mod publish_vae;
mod sample;
mod subjects;
mod tasks;
mod train;
mod weights;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{Error, Result};

/// Trains, samples and measures generative models of handwritten digits.
#[derive(Debug, Parser)]
#[command(name = "inkling", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Train a model by a recipe and write its weights
    Train(train::Arguments),
    /// Draw digits from a model
    Sample(sample::Arguments),
    /// Make a training set of noise and images with a denoiser, for a model of few steps
    Pairs(pairs::Arguments),
    /// Turn images (.npy) into latent codes (.npy)
    Encode(encode::Arguments),
    /// Turn latent codes (.npy) into images (.npy or .png)
    Decode(decode::Arguments),
    /// Measure a model on the test set
    Eval(eval::Arguments),
    /// Show what a model is and what a step of it costs
    Info(info::Arguments),
    /// Write a weights file anew as its recipe stores weights: 8 bits instead of 16, where it says so
    Pack(pack::Arguments),
    /// Put a trained model into www/models: weights, catalog row, card, the page's side files
    Publish(publish::Arguments),
}

/// A command that could not be carried out.
const FAILURE: u8 = 2;
/// What a shell reports for a program stopped by Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    // clap itself prints usage errors and leaves with code 2, and with 0 after --help
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if error == Error::Interrupted { INTERRUPTED } else { FAILURE })
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Train(arguments) => train::run(&arguments),
        Command::Sample(arguments) => sample::run(&arguments),
        Command::Pairs(arguments) => pairs::run(&arguments),
        Command::Encode(arguments) => encode::run(&arguments),
        Command::Decode(arguments) => decode::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Info(arguments) => info::run(&arguments),
        Command::Pack(arguments) => pack::run(&arguments),
        Command::Publish(arguments) => publish::run(&arguments),
    }
}

/// Prints to standard output. A reader that has gone away (`inkling info x | head`) is no error worth a word.
///
/// # Errors
/// [`Error::Io`] for anything else, such as a full disk.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::Io(format!("cannot print: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_flags_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
