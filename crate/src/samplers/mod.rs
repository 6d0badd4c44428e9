//! From noise to data and back: the paths between them, the samplers that walk them and their runs on a backend.
//!
//! Each sampler is a file with its formula: [`ddpm`], [`ddim`], [`dpm_solver`], [`euler`], [`midpoint`], [`heun`].
//! [`spec`] turns what a person asks for into moves, [`step`] builds the graphs that carry moves out, [`trajectory`]
//! runs them.

pub mod ddim;
pub mod ddpm;
pub mod dpm_solver;
pub mod euler;
#[cfg(test)]
mod gaussian;
pub mod heun;
pub mod midpoint;
pub mod moves;
pub mod path;
pub mod schedule;
pub mod spacing;
pub mod spec;
pub mod step;
pub mod trajectory;

use serde::{Deserialize, Serialize};

use self::path::Path;

/// A rule for the next state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Sampler {
    /// Ancestral sampling.
    Ddpm,
    /// Denoising diffusion implicit models.
    Ddim,
    /// DPM-Solver++(2M).
    DpmSolver,
    /// Euler's method for the flow ODE.
    Euler,
    /// The midpoint method for the flow ODE.
    Midpoint,
    /// Heun's method for the flow ODE.
    Heun,
}

impl Sampler {
    /// All of them, in the order of the page.
    pub const ALL: [Sampler; 6] =
        [Sampler::Ddpm, Sampler::Ddim, Sampler::DpmSolver, Sampler::Euler, Sampler::Midpoint, Sampler::Heun];

    /// As specs have it.
    pub fn name(self) -> &'static str {
        match self {
            Sampler::Ddpm => "ddpm",
            Sampler::Ddim => "ddim",
            Sampler::DpmSolver => "dpm-solver",
            Sampler::Euler => "euler",
            Sampler::Midpoint => "midpoint",
            Sampler::Heun => "heun",
        }
    }

    /// How often a step asks the network.
    pub fn evaluations(self) -> usize {
        match self {
            Sampler::Midpoint | Sampler::Heun => 2,
            _ => 1,
        }
    }

    /// The path that it walks with a network trained on `native`: the samplers of the flow ODE the straight one, the
    /// others one that preserves variance.
    pub fn path(self, native: Path) -> Path {
        match self {
            Sampler::Euler | Sampler::Midpoint | Sampler::Heun => Path::Straight,
            _ if native.preserves_variance() => native,
            _ => Path::Cosine,
        }
    }
}
