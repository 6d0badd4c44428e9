//! `inkling train`: runs a recipe, with a bar, checkpoints and a clean end on Ctrl-C.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::adversary::AdversaryFlags;
use super::backend::Choice;
use super::classical;
use super::eval::warn_if_not_mnist;
use super::output::Output;
use super::weights;
use crate::checkpoint::{Checkpoint, Precision};
use crate::data::mnist::{Dataset, Split};
use crate::error::{Error, Result};
use crate::train::objective::Samples;
use crate::train::recipe::{self, Recipe, Task};
use crate::train::recipes_classical::Fit;
use crate::train::trainer::Trainer;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The recipe; a wrong name lists them all
    recipe: String,
    /// The folder of the four MNIST files
    #[arg(long, default_value = "data/mnist")]
    data: PathBuf,
    /// Seed of weights, order, pixels and noise
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Optimizer steps, instead of the recipe's epochs; the schedules stretch over them
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=16_000_000))]
    steps: Option<u64>,
    /// Weights to begin with, of the same network, instead of random ones
    #[arg(long, conflicts_with = "resume")]
    init: Option<PathBuf>,
    #[command(flatten)]
    adversary: AdversaryFlags,
    /// Where to compute
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    backend: Choice,
    /// The weights file (safetensors, f16); the state of the run is kept beside it as .ckpt
    #[arg(long)]
    out: PathBuf,
    /// Continue from the .ckpt beside the weights file, bit for bit
    #[arg(long)]
    resume: bool,
    /// Steps between two saved states; by default one epoch
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    save_every: Option<u64>,
}

/// Steps between two looks at the loss: reading it waits for the device.
const LOOK_EVERY: u64 = 20;

pub fn run(arguments: &Arguments) -> Result<()> {
    let recipe = arguments.adversary.apply(recipe::find(&arguments.recipe)?)?;
    let output = Output::check(&arguments.out)?;
    if let Task::Classical(fit) = &recipe.task {
        return whole_passes(arguments, &recipe, fit, &output);
    }
    let state_path = state_path(&arguments.out)?;
    let state_output = Output::check(&state_path)?;
    let saved = match arguments.resume {
        true => Some(read_state(&state_path)?),
        false => None,
    };
    let data = Dataset::load(&arguments.data, Split::Train)?;
    warn_if_not_mnist(&data, &arguments.data);
    let backend = arguments.backend.open()?;
    let precision = recipe.precision();
    let mut trainer = match saved {
        Some(saved) => Trainer::resume(&backend, recipe, arguments.seed, arguments.steps, data.len(), &saved)?,
        None => {
            let init = arguments.init.as_deref().map(weights::read).transpose()?;
            let init = init.map(|bytes| Checkpoint::from_bytes(&bytes)).transpose()?;
            Trainer::new(&backend, recipe, arguments.seed, arguments.steps, data.len(), init.as_ref())?
        }
    };
    let stop = stop_flag()?;
    let finished = train(&mut trainer, &data, &stop, arguments.save_every, &state_output)?;
    // the state first: it can make the weights again, not the other way round
    save_state(&trainer, &state_output)?;
    output.write(&pollster::block_on(trainer.weights())?.to_bytes(precision)?)?;
    if finished {
        return Ok(());
    }
    eprintln!(
        "stopped at step {} of {}; saved {} and {}; the same command with --resume goes on",
        trainer.steps_done(),
        trainer.total_steps(),
        output.path().display(),
        state_output.path().display()
    );
    Err(Error::Interrupted)
}

/// A recipe without steps: it is done in minutes, so that no state is saved.
fn whole_passes(arguments: &Arguments, recipe: &Recipe, fit: &Fit, output: &Output) -> Result<()> {
    if arguments.resume || arguments.init.is_some() || arguments.steps.is_some() || arguments.save_every.is_some() {
        return Err(Error::Unsupported(format!(
            "{} is fitted in whole passes: --steps, --init, --resume and --save-every do not apply",
            recipe.name
        )));
    }
    let data = Dataset::load(&arguments.data, Split::Train)?;
    warn_if_not_mnist(&data, &arguments.data);
    let stop = stop_flag()?;
    let stopped = || stop.load(Ordering::Relaxed);
    classical::train(recipe, fit, &data, arguments.backend, arguments.seed, &stopped, output)
}

/// Steps until the end, or until `stop` is set; whether it came to the end.
fn train(
    trainer: &mut Trainer,
    data: &Dataset,
    stop: &AtomicBool,
    save_every: Option<u64>,
    state: &Output,
) -> Result<bool> {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} steps, {per_sec}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let batch = trainer.batch() as f64;
    let style = style.with_key("per_sec", move |state: &indicatif::ProgressState, text: &mut dyn std::fmt::Write| {
        // a bar that cannot be drawn is no reason to stop
        let _ = write!(text, "{:.0} images/s", state.per_sec() * batch);
    });
    let bar = ProgressBar::new(trainer.total_steps()).with_style(style).with_position(trainer.steps_done());
    bar.reset_eta();
    let started = (Instant::now(), trainer.steps_done());
    let samples = Samples { images: &data.images, labels: &data.labels };
    let save_every = save_every.unwrap_or(trainer.steps_per_epoch());
    while trainer.steps_done() < trainer.total_steps() {
        if stop.load(Ordering::Relaxed) {
            bar.abandon();
            return Ok(false);
        }
        trainer.step(&samples)?;
        let done = trainer.steps_done();
        bar.set_position(done);
        if done.is_multiple_of(LOOK_EVERY) || done == trainer.total_steps() {
            bar.set_message(describe(trainer)?);
        }
        if done.is_multiple_of(save_every) && done < trainer.total_steps() {
            save_state(trainer, state)?;
        }
        // a log file gets a line an epoch where a terminal has the bar
        if bar.is_hidden() && (done.is_multiple_of(trainer.steps_per_epoch()) || done == trainer.total_steps()) {
            let images = (done - started.1) as f64 * batch;
            let speed = images / started.0.elapsed().as_secs_f64();
            eprintln!("step {done} of {}: {}, {speed:.0} images/s", trainer.total_steps(), describe(trainer)?);
        }
    }
    bar.finish();
    Ok(true)
}

/// The last step's losses.
fn describe(trainer: &Trainer) -> Result<String> {
    Ok(pollster::block_on(trainer.losses())?.to_string())
}

/// Set by Ctrl-C (and by SIGTERM, SIGHUP): the step under way is finished, then all is saved.
fn stop_flag() -> Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = flag.clone();
    ctrlc::set_handler(move || set.store(true, Ordering::Relaxed))
        .map_err(|error| Error::Io(format!("Ctrl-C cannot be watched: {error}")))?;
    Ok(flag)
}

fn save_state(trainer: &Trainer, output: &Output) -> Result<()> {
    output.write(&pollster::block_on(trainer.save())?.to_bytes(Precision::Single)?)
}

/// The run's state beside the weights: `a.safetensors` has `a.ckpt`.
fn state_path(out: &Path) -> Result<PathBuf> {
    let path = out.with_extension("ckpt");
    if path == out {
        return Err(Error::Io(format!(
            "{} is where the run's state is kept; give the weights another ending",
            out.display()
        )));
    }
    Ok(path)
}

fn read_state(path: &Path) -> Result<Checkpoint> {
    if !path.is_file() {
        return Err(Error::Data(format!("there is no {} to resume from; start without --resume", path.display())));
    }
    Checkpoint::from_bytes(&weights::read(path)?)
        .map_err(|error| Error::Checkpoint(format!("{} cannot be resumed from: {error}", path.display())))
}
