//! DPM-Solver++(2M) (Lu et al. 2022, "DPM-Solver++", algorithm 2): the ODE with x_0 as the prediction, exact in its linear
//! part, x_0 extrapolated from two steps. With lambda = log(alpha / sigma), h = lambda_u - lambda_t and
//! r = (lambda_t - lambda_s) / h for the step before from s to t:
//!
//! D = (1 + 1 / (2 r)) x_0 - 1 / (2 r) x_0_previous,
//! x_u = sigma_u / sigma_t x_t + (alpha_u - sigma_u alpha_t / sigma_t) D.
//!
//! The factor of D is the paper's -alpha_u (e^-h - 1), written so that it is finite at both ends of the path. The first
//! step, and one to or from infinite lambda, are of first order, that is, DDIM's.

use super::moves::{Term, Update};
use super::path::Path;

/// From t to u, either way; `before` is where the step before started.
pub fn update(path: Path, t: f64, u: f64, before: Option<f64>) -> Update {
    let (from, to) = (path.at(t), path.at(u));
    if from.sigma == 0.0 {
        return super::ddim::update(path, t, u, 0.0);
    }
    let of_data = to.alpha - to.sigma * from.alpha / from.sigma;
    // 1 / (2 r)
    let extrapolation = before.map_or(0.0, |s| {
        let step = to.log_snr() - from.log_snr();
        let step_before = from.log_snr() - path.at(s).log_snr();
        if step.is_finite() { 0.5 * step / step_before } else { 0.0 }
    });
    Update::of(&[
        (Term::State, to.sigma / from.sigma),
        (Term::X0, of_data * (1.0 + extrapolation)),
        (Term::X0Previous, -of_data * extrapolation),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samplers::gaussian::{Gaussian, expect_order, uniform_times};
    use crate::samplers::moves::factor;

    #[test]
    fn converges_to_the_ode_at_second_order_both_ways() {
        let data = Gaussian { mean: 0.4, deviation: 0.3 };
        for path in [Path::Cosine, Path::Linear, Path::Simple] {
            for (from, to) in [(0.9, 0.1), (0.1, 0.9)] {
                let error = |steps| {
                    data.ode_error(path, &uniform_times(from, to, steps), |t, u, before| update(path, t, u, before))
                };
                expect_order(2, error, &format!("{path:?} from {from}"));
            }
        }
    }

    #[test]
    fn a_first_step_is_ddim_s() {
        let data = Gaussian { mean: -0.2, deviation: 0.5 };
        let from = Path::Cosine.at(0.8);
        let [ours, theirs] =
            [update(Path::Cosine, 0.8, 0.5, None), super::super::ddim::update(Path::Cosine, 0.8, 0.5, 0.0)];
        let [a, b] = [&ours, &theirs].map(|update| data.apply(update, from, 0.7, None, 0.0));
        assert!((a - b).abs() < 1e-12);
    }

    #[test]
    fn the_ends_are_finite() {
        for path in [Path::Cosine, Path::Linear, Path::Simple] {
            for (t, u, before) in [
                (1.0, 0.5, None),
                (0.5, 0.2, Some(1.0)),
                (0.2, 0.0, Some(0.5)),
                (0.0, 0.4, None),
                (0.4, 1.0, Some(0.0)),
            ] {
                let update = update(path, t, u, before);
                assert!(update.coefficients.iter().all(|summand| summand.value.is_finite()), "{path:?} {t} {u}");
            }
            assert_eq!(factor(&update(path, 0.2, 0.0, Some(0.5)).coefficients, Term::X0), 1.0);
        }
    }
}
