//! Denoising diffusion implicit models (Song et al. 2021, eq. 12 and 16). With s = eta times the standard deviation of
//! the ancestral step:
//!
//! x_u = alpha_u x_0 + sqrt(sigma_u^2 - s^2) eps + s noise.
//!
//! eta = 0 draws nothing after the start and solves an ODE to first order, in either direction; eta = 1 is ancestral
//! sampling.

use super::ddpm;
use super::moves::{Term, Update};
use super::path::Path;

/// From t to u; u is smaller unless `eta` is 0.
pub fn update(path: Path, t: f64, u: f64, eta: f64) -> Update {
    let (from, to) = (path.at(t), path.at(u));
    let noise = if eta > 0.0 { eta * ddpm::posterior(from, to).standard_deviation } else { 0.0 };
    let direction = (to.sigma.powi(2) - noise.powi(2)).max(0.0).sqrt();
    Update::of(&[(Term::X0, to.alpha), (Term::Eps, direction), (Term::Noise, noise)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samplers::gaussian::{Gaussian, expect_order, uniform_times};
    use crate::samplers::moves::factor;

    #[test]
    fn converges_to_the_ode_at_first_order_both_ways() {
        let data = Gaussian { mean: 0.4, deviation: 0.3 };
        for path in [Path::Cosine, Path::Linear, Path::Simple] {
            for (from, to) in [(0.9, 0.1), (0.1, 0.9)] {
                let error =
                    |steps| data.ode_error(path, &uniform_times(from, to, steps), |t, u, _| update(path, t, u, 0.0));
                expect_order(1, error, &format!("{path:?} from {from}"));
            }
        }
    }

    #[test]
    fn eta_1_is_ancestral_sampling() {
        for path in [Path::Cosine, Path::Linear, Path::Simple] {
            for (t, u) in [(0.9, 0.5), (0.3, 0.29), (0.2, 0.0)] {
                let from = path.at(t);
                let [ours, theirs] = [update(path, t, u, 1.0), ddpm::update(path, t, u)];
                // in terms of x_t and x_0: eps = (x_t - alpha x_0) / sigma
                let eps = factor(&ours.coefficients, Term::Eps);
                let of_x0 = factor(&ours.coefficients, Term::X0) - eps * from.alpha / from.sigma;
                let pairs = [
                    (eps / from.sigma, Term::State),
                    (of_x0, Term::X0),
                    (factor(&ours.coefficients, Term::Noise), Term::Noise),
                ];
                for (value, term) in pairs {
                    assert!((value - factor(&theirs.coefficients, term)).abs() < 1e-9, "{path:?} {t} {u} {term:?}");
                }
            }
        }
    }
}
