//! Data N(mean, deviation^2), for which everything is known in closed form: what samplers are tested against.

use super::moves::{Coefficient, Term, Update};
use super::path::{Path, Point};

pub struct Gaussian {
    pub mean: f64,
    pub deviation: f64,
}

/// x_0 and eps as an ideal network predicts them.
#[derive(Clone, Copy)]
struct Prediction {
    x0: f64,
    eps: f64,
}

impl Gaussian {
    /// Mean and variance of x_t.
    pub fn moments(&self, at: Point) -> (f64, f64) {
        (at.alpha * self.mean, (at.alpha * self.deviation).powi(2) + at.sigma.powi(2))
    }

    /// E[x_0 | x_t] and E[eps | x_t].
    fn predict(&self, x: f64, at: Point) -> Prediction {
        let (mean, variance) = self.moments(at);
        Prediction {
            x0: self.mean + at.alpha * self.deviation.powi(2) / variance * (x - mean),
            eps: at.sigma / variance * (x - mean),
        }
    }

    /// The state after an update, with ideal predictions; also for the step's x_0, see [`Gaussian::ode_error`].
    pub fn apply(&self, update: &Update, from: Point, x: f64, x0_previous: Option<f64>, noise: f64) -> f64 {
        let first = self.predict(x, from);
        let mut second = Prediction { x0: 0.0, eps: 0.0 };
        let sum = |coefficients: &[Coefficient], second: Prediction| {
            let value = |term| match term {
                Term::State => x,
                Term::X0 => first.x0,
                Term::Eps => first.eps,
                Term::X0Previous => x0_previous.expect("a step before"),
                Term::X0Second => second.x0,
                Term::EpsSecond => second.eps,
                Term::Noise => noise,
            };
            coefficients.iter().map(|summand| summand.value * value(summand.term)).sum::<f64>()
        };
        if let Some(stage) = &update.second {
            let at = Point { alpha: stage.alpha, sigma: stage.sigma };
            second = self.predict(sum(&stage.coefficients, second), at);
        }
        sum(&update.coefficients, second)
    }

    /// Mean and variance of the state after an update of a state with these moments: the update is affine in x and
    /// the noise.
    pub fn through(&self, update: &Update, from: Point, mean: f64, variance: f64) -> (f64, f64) {
        let at = |x: f64, noise: f64| self.apply(update, from, x, None, noise);
        let [zero, slope, noise] = [at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0)];
        let (slope, noise) = (slope - zero, noise - zero);
        (zero + slope * mean, slope.powi(2) * variance + noise.powi(2))
    }

    /// How far a walk over `times` ends from the exact solution of the probability-flow ODE: `update(t, u, before)`.
    pub fn ode_error(&self, path: Path, times: &[f64], update: impl Fn(f64, f64, Option<f64>) -> Update) -> f64 {
        let start = path.at(times[0]);
        let (mean, variance) = self.moments(start);
        // one and a half standard deviations off
        let mut x = mean + 1.5 * variance.sqrt();
        let mut before: Option<(f64, f64)> = None;
        for pair in times.windows(2) {
            let from = path.at(pair[0]);
            let x0 = self.predict(x, from).x0;
            let step = update(pair[0], pair[1], before.map(|(time, _)| time));
            x = self.apply(&step, from, x, before.map(|(_, x0)| x0), 0.0);
            before = Some((pair[0], x0));
        }
        // the flow keeps the quantile
        let (mean, variance) = self.moments(path.at(times[times.len() - 1]));
        (x - (mean + 1.5 * variance.sqrt())).abs()
    }
}

/// Equal steps.
pub fn uniform_times(from: f64, to: f64, steps: usize) -> Vec<f64> {
    (0..=steps).map(|step| from + (to - from) * step as f64 / steps as f64).collect()
}

/// Halving the steps divides the error by 2^order, nearly.
pub fn expect_order(order: i32, error: impl Fn(usize) -> f64, what: &str) {
    let [coarse, fine] = [error(160), error(320)];
    let measured = (coarse / fine).log2();
    assert!((measured - f64::from(order)).abs() < 0.2, "{what}: order {measured}, errors {coarse} and {fine}");
    assert!(fine < 0.02, "{what}: error {fine}");
}
