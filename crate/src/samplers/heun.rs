//! Heun's method of second order for the flow ODE dx/dt = v = eps - x_0 (as Karras et al. 2022, "Elucidating the design
//! space of diffusion-based generative models", algorithm 1, use it). With h = u - t:
//!
//! x_e = x_t + h v(x_t, t),
//! x_u = x_t + h / 2 (v(x_t, t) + v(x_e, u)).

use super::moves::{Second, Term, Update, coefficients};
use super::path::Path;

/// From t to u, either way. The network is asked at u too.
pub fn update(t: f64, u: f64) -> Update {
    let step = u - t;
    let at = Path::Straight.at(u);
    let end = [(Term::State, 1.0), (Term::X0, -step), (Term::Eps, step)];
    let half = 0.5 * step;
    let sum =
        [(Term::State, 1.0), (Term::X0, -half), (Term::Eps, half), (Term::X0Second, -half), (Term::EpsSecond, half)];
    Update {
        coefficients: coefficients(&sum),
        second: Some(Second { time: u, alpha: at.alpha, sigma: at.sigma, coefficients: coefficients(&end) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samplers::gaussian::{Gaussian, expect_order, uniform_times};

    #[test]
    fn converges_to_the_ode_at_second_order_both_ways() {
        let data = Gaussian { mean: 0.4, deviation: 0.3 };
        for (from, to) in [(1.0, 0.0), (0.0, 1.0)] {
            let error = |steps| data.ode_error(Path::Straight, &uniform_times(from, to, steps), |t, u, _| update(t, u));
            expect_order(2, error, &format!("from {from}"));
        }
    }
}
