//! The midpoint method (a Runge-Kutta method of second order: Hairer, Norsett and Wanner, "Solving ordinary differential
//! equations I", section II.1) for the flow ODE dx/dt = v = eps - x_0. With h = u - t:
//!
//! x_m = x_t + h / 2 v(x_t, t),
//! x_u = x_t + h v(x_m, t + h / 2).

use super::moves::{Second, Term, Update, coefficients};
use super::path::Path;

/// From t to u, either way.
pub fn update(t: f64, u: f64) -> Update {
    let (step, time) = (u - t, 0.5 * (t + u));
    let at = Path::Straight.at(time);
    let middle = [(Term::State, 1.0), (Term::X0, -0.5 * step), (Term::Eps, 0.5 * step)];
    Update {
        coefficients: coefficients(&[(Term::State, 1.0), (Term::X0Second, -step), (Term::EpsSecond, step)]),
        second: Some(Second { time, alpha: at.alpha, sigma: at.sigma, coefficients: coefficients(&middle) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samplers::gaussian::{Gaussian, expect_order, uniform_times};

    #[test]
    fn converges_to_the_ode_both_ways() {
        let data = Gaussian { mean: 0.4, deviation: 0.3 };
        // second order in general; on straight paths the variance of Gaussian data is quadratic in t, and for that the
        // error's second-order term vanishes
        for (from, to) in [(0.9, 0.2), (0.2, 0.9)] {
            let error = |steps| data.ode_error(Path::Straight, &uniform_times(from, to, steps), |t, u, _| update(t, u));
            expect_order(3, error, &format!("from {from}"));
        }
    }
}
