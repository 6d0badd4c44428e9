//! What a sampler does between two times, as numbers: every update is linear in the state, the predictions and noise.

use serde::Serialize;

/// Something that an update adds up. "Second" is of the second evaluation of a two-stage sampler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// The state at the step's start.
    #[serde(rename = "x_t")]
    State,
    /// x_0 as predicted at the step's start.
    #[serde(rename = "x_0")]
    X0,
    /// The noise as predicted at the step's start.
    Eps,
    /// x_0 as predicted at the start of the step before.
    #[serde(rename = "x_0_previous")]
    X0Previous,
    /// x_0 as predicted at the second evaluation.
    #[serde(rename = "x_0_second")]
    X0Second,
    /// The noise as predicted at the second evaluation.
    EpsSecond,
    /// Fresh standard normal noise.
    Noise,
}

/// One summand of an update.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Coefficient {
    /// What is multiplied.
    pub term: Term,
    /// By how much.
    pub value: f64,
}

/// Where a two-stage sampler evaluates the network a second time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Second {
    /// The time, 0 to 1.
    pub time: f64,
    /// alpha there.
    pub alpha: f64,
    /// sigma there.
    pub sigma: f64,
    /// The state there: terms of the first evaluation.
    pub coefficients: Vec<Coefficient>,
}

/// A step without its surroundings: what a sampler's file gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// The state at the step's end.
    pub coefficients: Vec<Coefficient>,
    /// The second evaluation, if there is one.
    pub second: Option<Second>,
}

/// What a move is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveKind {
    /// A sampler's step, towards the data or, when encoding, towards the noise.
    Denoise,
    /// Back to more noise, for another try (RePaint).
    Renoise,
}

/// One move of a trajectory: x at `to` is the sum of value times term over `coefficients`. As JSON an infinite
/// `log_snr` is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Move {
    /// What it is for.
    pub kind: MoveKind,
    /// The time at its start, 0 (data) to 1 (noise).
    pub from: f64,
    /// The time at its end.
    pub to: f64,
    /// alpha at its start.
    pub alpha: f64,
    /// sigma at its start.
    pub sigma: f64,
    /// log(alpha^2 / sigma^2) at its start.
    pub log_snr: f64,
    /// alpha at its end.
    pub alpha_to: f64,
    /// sigma at its end.
    pub sigma_to: f64,
    /// How often the network is asked: 0 to 2.
    pub evaluations: usize,
    /// The time that the network is told at each evaluation, on its own path.
    pub network_time: Vec<f64>,
    /// The update.
    pub coefficients: Vec<Coefficient>,
    /// The second evaluation, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<Second>,
}

impl Update {
    /// An update of one evaluation. Summands of 0 are left out.
    pub fn of(summands: &[(Term, f64)]) -> Update {
        Update { coefficients: coefficients(summands), second: None }
    }
}

/// The summands that are not 0.
pub fn coefficients(summands: &[(Term, f64)]) -> Vec<Coefficient> {
    summands.iter().filter(|(_, value)| *value != 0.0).map(|&(term, value)| Coefficient { term, value }).collect()
}

/// The factor of `term`, 0 where it does not occur.
pub fn factor(coefficients: &[Coefficient], term: Term) -> f64 {
    coefficients.iter().filter(|summand| summand.term == term).map(|summand| summand.value).sum()
}
