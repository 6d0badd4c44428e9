//! Euler's method for the flow ODE of the straight path, dx/dt = eps - x_0 (Liu et al. 2022, "Flow straight and fast",
//! eq. 1; Lipman et al. 2022, section 4):
//!
//! x_u = x_t + (u - t) (eps - x_0).

use super::moves::{Term, Update};

/// From t to u, either way.
pub fn update(t: f64, u: f64) -> Update {
    Update::of(&[(Term::State, 1.0), (Term::X0, t - u), (Term::Eps, u - t)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samplers::gaussian::{Gaussian, expect_order, uniform_times};
    use crate::samplers::path::Path;

    #[test]
    fn converges_to_the_ode_at_first_order_both_ways() {
        let data = Gaussian { mean: 0.4, deviation: 0.3 };
        for (from, to) in [(1.0, 0.0), (0.0, 1.0)] {
            let error = |steps| data.ode_error(Path::Straight, &uniform_times(from, to, steps), |t, u, _| update(t, u));
            expect_order(1, error, &format!("from {from}"));
        }
    }
}
