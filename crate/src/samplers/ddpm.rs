//! Ancestral sampling (Ho et al. 2020, "Denoising diffusion probabilistic models", algorithm 2 and eq. 6 and 7): the
//! next state is drawn from q(x_u | x_t, x_0) with the prediction in place of x_0. Written for steps of any length as in
//! Kingma et al. 2021, "Variational diffusion models", eq. 25 and 26:
//!
//! a = alpha_t / alpha_u,  b^2 = sigma_t^2 - a^2 sigma_u^2,
//! x_u = a sigma_u^2 / sigma_t^2 x_t + alpha_u b^2 / sigma_t^2 x_0 + b sigma_u / sigma_t noise.

use super::moves::{Term, Update};
use super::path::{Path, Point};

/// From t to the smaller u.
pub fn update(path: Path, t: f64, u: f64) -> Update {
    let posterior = posterior(path.at(t), path.at(u));
    Update::of(&[
        (Term::State, posterior.of_state),
        (Term::X0, posterior.of_x0),
        (Term::Noise, posterior.standard_deviation),
    ])
}

/// q(x_u | x_t, x_0).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Posterior {
    /// The factor of x_t in the mean.
    pub of_state: f64,
    /// The factor of x_0 in the mean.
    pub of_x0: f64,
    /// The standard deviation.
    pub standard_deviation: f64,
}

/// q(x_u | x_t, x_0) of `from` (t) and `to` (u), with u less noisy.
pub fn posterior(from: Point, to: Point) -> Posterior {
    let (ratio, added) = transition(from, to);
    let variance = from.sigma.powi(2);
    Posterior {
        of_state: ratio * to.sigma.powi(2) / variance,
        of_x0: to.alpha * added.powi(2) / variance,
        standard_deviation: added * to.sigma / from.sigma,
    }
}

/// q(x_t | x_u), from the less noisy `clean` (u) to `noisy` (t): the factor of x_u and the standard deviation of the noise
/// that is added (Kingma et al. 2021, eq. 20 and 21).
pub fn transition(noisy: Point, clean: Point) -> (f64, f64) {
    let ratio = noisy.alpha / clean.alpha;
    let variance = noisy.sigma.powi(2) - (ratio * clean.sigma).powi(2);
    (ratio, variance.max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samplers::gaussian::{Gaussian, expect_order, uniform_times};
    use crate::samplers::moves::factor;

    #[test]
    fn the_textbook_s_one_step() {
        // Ho et al. 2020, eq. 7, with their beta and alpha of step 500
        let (t, u) = (0.5, 0.499);
        let (bar, bar_before) = (Path::Linear.alpha_bar(t), Path::Linear.alpha_bar(u));
        let beta = 1.0 - bar / bar_before;
        let update = update(Path::Linear, t, u);
        let expected = [
            (Term::State, (bar / bar_before).sqrt() * (1.0 - bar_before) / (1.0 - bar)),
            (Term::X0, bar_before.sqrt() * beta / (1.0 - bar)),
            (Term::Noise, ((1.0 - bar_before) / (1.0 - bar) * beta).sqrt()),
        ];
        for (term, value) in expected {
            assert!((factor(&update.coefficients, term) - value).abs() < 1e-12, "{term:?}");
        }
    }

    #[test]
    fn the_variance_comes_out_right() {
        // exact predictions of Gaussian data: the sample's variance tends to the data's as steps grow
        let data = Gaussian { mean: 0.4, deviation: 0.3 };
        for path in [Path::Cosine, Path::Linear, Path::Simple] {
            let error = |steps: usize| {
                let times = uniform_times(0.98, 0.02, steps);
                let (mut mean, mut variance) = data.moments(path.at(0.98));
                for pair in times.windows(2) {
                    (mean, variance) = data.through(&update(path, pair[0], pair[1]), path.at(pair[0]), mean, variance);
                }
                let (exact_mean, exact_variance) = data.moments(path.at(0.02));
                assert!((mean - exact_mean).abs() < 1e-12, "{path:?}: a posterior keeps the mean");
                (variance - exact_variance).abs()
            };
            expect_order(1, error, &format!("{path:?}"));
        }
    }
}
