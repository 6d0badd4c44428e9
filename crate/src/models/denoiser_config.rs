//! What a denoiser is made of: the network, what it predicts and on which path it was trained.

use serde::{Deserialize, Serialize};

use super::family::{Family, Training};
use crate::data::PIXELS;
use crate::error::{Error, Result};
use crate::samplers::path::{Path, Point};

/// The label of an image whose class is not told: the row behind the ten digits.
pub const NO_CLASS: u8 = 10;
/// Labels that a class-conditional network knows.
pub const LABELS: usize = 11;
/// Waves of the U-Net's time features, each as cosine and sine.
pub const WAVES: usize = 32;

/// A network that predicts the noise in an image, or something that tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenoiserConfig {
    /// Always `denoiser`: tells a denoiser's file from another family's.
    pub family: Family,
    /// The network.
    pub network: Network,
    /// What its output means.
    pub prediction: Prediction,
    /// The path it was trained on.
    pub path: Path,
    /// Whether the network is told the class.
    pub conditional: bool,
    /// How the weights came to be, if the file tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
}

/// The network from x_t, t and the class to a prediction of 784 values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Network {
    /// Fully connected with ReLU: 785 (the pixels and t) - hidden - 784.
    Mlp {
        /// Widths of the hidden layers.
        hidden: Vec<usize>,
    },
    /// A U-Net on 2 x 2 patches: residual blocks at 14 x 14 and 7 x 7, attention at 7 x 7.
    Unet {
        /// Channels at 14 x 14 and at 7 x 7.
        channels: [usize; 2],
        /// Width of what time and class are embedded to.
        embedding: usize,
        /// Heads of the attention.
        heads: usize,
        /// Groups of the group norms.
        groups: usize,
    },
}

/// What the network's output p is, with x_t = alpha x_0 + sigma eps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prediction {
    /// eps (Ho et al. 2020).
    Eps,
    /// x_0.
    X0,
    /// v = alpha eps - sigma x_0 (Salimans and Ho 2022).
    V,
    /// d x_t / d t on the straight path, eps - x_0 (Lipman et al. 2022).
    Velocity,
}

impl Prediction {
    /// p as a combination `[of x_0, of eps]`: what the network is trained towards.
    pub fn target(self, at: Point) -> [f64; 2] {
        match self {
            Prediction::Eps => [0.0, 1.0],
            Prediction::X0 => [1.0, 0.0],
            Prediction::V => [-at.sigma, at.alpha],
            Prediction::Velocity => [-1.0, 1.0],
        }
    }

    /// x_0 and eps, each as a combination `[of x_t, of p]`: the solution of x_t = alpha x_0 + sigma eps and
    /// p = [`Prediction::target`]. Not finite where p does not tell (x_0 from eps at alpha = 0).
    pub fn solve(self, at: Point) -> Solution {
        let [of_x0, of_eps] = self.target(at);
        let determinant = at.alpha * of_eps - at.sigma * of_x0;
        Solution {
            x0: [of_eps / determinant, -at.sigma / determinant],
            eps: [-of_x0 / determinant, at.alpha / determinant],
        }
    }
}

/// x_0 and eps as combinations of x_t and the network's output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solution {
    /// Factors of x_t and of p in x_0.
    pub x0: [f64; 2],
    /// Factors of x_t and of p in eps.
    pub eps: [f64; 2],
}

/// How to ask the network about a state of another path: see [`DenoiserConfig::evaluation`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// The time on the network's own path, 0 to 1.
    pub time: f64,
    /// What the state is multiplied by to lie on the network's own path.
    pub input_scale: f64,
    /// x_0 and eps from the state (not scaled) and the output.
    pub solution: Solution,
}

/// Keeps a forged config from asking for terabytes.
const MAX_WIDTH: usize = 8192;

impl DenoiserConfig {
    /// Checks the sizes.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] naming what does not fit.
    pub fn check(&self) -> Result<()> {
        if self.family != Family::Denoiser {
            return Err(unfit("its family is another".into()));
        }
        match &self.network {
            Network::Mlp { hidden } => {
                if hidden.is_empty() || hidden.len() > 16 || hidden.iter().any(|n| *n == 0 || *n > MAX_WIDTH) {
                    return Err(unfit(format!("the hidden widths {hidden:?} are not 1 to 16 sizes up to {MAX_WIDTH}")));
                }
                if self.conditional {
                    return Err(unfit("a fully connected denoiser is not told the class".into()));
                }
            }
            Network::Unet { channels, embedding, heads, groups } => {
                for size in channels.iter().chain([embedding, heads, groups]) {
                    if *size == 0 || *size > 1024 {
                        return Err(unfit(format!("a size of {size} is not 1 to 1024")));
                    }
                }
                if channels.iter().any(|n| n % groups != 0) || (2 * channels[0]) % groups != 0 {
                    return Err(unfit(format!("{channels:?} channels do not fall into {groups} groups")));
                }
                if channels[1] % heads != 0 {
                    return Err(unfit(format!("{} channels do not fall into {heads} heads", channels[1])));
                }
            }
        }
        Ok(())
    }

    /// How to ask the network about the state at `t` of the path `walked`: at the time of its own path that has the
    /// same signal-to-noise ratio, on a state of its own path's size. x_0 and eps are the same on every path (Karras
    /// et al. 2022, section 4; Kingma et al. 2021, section 5.1).
    pub fn evaluation(&self, walked: Path, t: f64) -> Evaluation {
        let point = walked.at(t);
        let time = if walked == self.path { t.clamp(0.0, 1.0) } else { self.path.time_of_log_snr(point.log_snr()) };
        let own = self.path.at(time);
        let input_scale = own.alpha.hypot(own.sigma) / point.alpha.hypot(point.sigma);
        let Solution { mut x0, mut eps } = self.prediction.solve(own);
        x0[0] *= input_scale;
        eps[0] *= input_scale;
        Evaluation { time, input_scale, solution: Solution { x0, eps } }
    }

    /// The network in one line: `U-Net 48 (14 x 14), 96 (7 x 7, attention of 4 heads)`.
    pub fn describe(&self) -> String {
        match &self.network {
            Network::Mlp { hidden } => {
                let widths: Vec<String> = hidden.iter().map(ToString::to_string).collect();
                format!("{}-{}-{PIXELS}, relu", PIXELS + 1, widths.join("-"))
            }
            Network::Unet { channels: [outer, inner], embedding, heads, .. } => format!(
                "U-Net on 2 x 2 patches, {outer} channels at 14 x 14 and {inner} at 7 x 7, attention of {heads} heads at \
                 7 x 7, time and class embedded to {embedding}, silu"
            ),
        }
    }
}

fn unfit(what: String) -> Error {
    Error::Checkpoint(format!("the denoiser's config is not usable: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREDICTIONS: [Prediction; 4] = [Prediction::Eps, Prediction::X0, Prediction::V, Prediction::Velocity];

    #[test]
    fn every_prediction_tells_x_0_and_eps() {
        let (x0, eps) = (0.3, -1.2);
        for prediction in PREDICTIONS {
            for path in [Path::Straight, Path::Cosine, Path::Linear, Path::Simple] {
                let at = path.at(0.37);
                let x = at.alpha * x0 + at.sigma * eps;
                let [a, b] = prediction.target(at);
                let p = a * x0 + b * eps;
                let solution = prediction.solve(at);
                let solved = [solution.x0[0] * x + solution.x0[1] * p, solution.eps[0] * x + solution.eps[1] * p];
                assert!((solved[0] - x0).abs() < 1e-12 && (solved[1] - eps).abs() < 1e-12, "{prediction:?} {path:?}");
            }
        }
    }

    #[test]
    fn a_network_answers_for_states_of_every_path() {
        let config = DenoiserConfig {
            family: Family::Denoiser,
            network: Network::Mlp { hidden: vec![4] },
            prediction: Prediction::Velocity,
            path: Path::Straight,
            conditional: false,
            training: None,
        };
        let (x0, eps) = (0.3, -1.2);
        for walked in [Path::Straight, Path::Cosine, Path::Linear, Path::Simple] {
            for t in [0.0, 0.2, 0.9] {
                let at = walked.at(t);
                let x = at.alpha * x0 + at.sigma * eps;
                let evaluation = config.evaluation(walked, t);
                let own = Path::Straight.at(evaluation.time);
                assert!((evaluation.input_scale * x - (own.alpha * x0 + own.sigma * eps)).abs() < 1e-12, "{walked:?}");
                let p = eps - x0;
                let Solution { x0: [a, b], eps: [c, d] } = evaluation.solution;
                assert!((a * x + b * p - x0).abs() < 1e-12 && (c * x + d * p - eps).abs() < 1e-12, "{walked:?} {t}");
            }
        }
    }
}
