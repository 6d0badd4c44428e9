//! From a spec to moves: which times, which updates, which jumps back.

use super::moves::{Coefficient, Move, MoveKind, Second, Term, Update, coefficients};
use super::path::{Path, TEXTBOOK_STEPS};
use super::spec::{Direction, Inpaint, Spec, Start};
use super::{Sampler, ddim, ddpm, dpm_solver, euler, heun, midpoint};
use crate::error::Result;
use crate::models::denoiser_config::{DenoiserConfig, Evaluation};

/// What a network that does not tell x_0 or eps at an end of its path is asked in place of the end: the textbook's
/// outermost step.
const END_STEP: f64 = 1.0 / TEXTBOOK_STEPS as f64;

/// All moves of a trajectory, in order. None when it starts where it ends.
///
/// # Errors
/// As [`Spec::check`].
pub fn schedule(spec: &Spec, config: &DenoiserConfig) -> Result<Vec<Move>> {
    spec.check(config)?;
    let walk = Walk { config, spec, path: spec.sampler.path(config.path) };
    let range = walk.range();
    if range.first == range.last {
        return Ok(vec![]);
    }
    let times = spec.spacing.times(walk.path, range.first, range.last, spec.steps);
    let (repetitions, stretch) =
        spec.inpaint.map_or((1, spec.steps), |Inpaint { resample, jump }| (resample, jump.min(spec.steps)));
    let mut moves = vec![];
    for start in (0..spec.steps).step_by(stretch) {
        let end = (start + stretch).min(spec.steps);
        for repetition in 0..repetitions {
            if repetition > 0 {
                moves.push(walk.renoise(times[end], times[start]));
            }
            for step in start..end {
                // what was predicted before a jump back belongs to another trajectory
                let fresh = step == 0 || (step == start && repetition > 0);
                let before = (!fresh).then(|| times[step - 1]);
                moves.push(walk.denoise(times[step], times[step + 1], before));
            }
        }
    }
    Ok(moves)
}

/// The times at which a trajectory starts and ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The first.
    pub first: f64,
    /// The last.
    pub last: f64,
}

/// A spec on its path.
pub struct Walk<'a> {
    config: &'a DenoiserConfig,
    spec: &'a Spec,
    path: Path,
}

impl<'a> Walk<'a> {
    /// A checked spec on the path that its sampler walks with this model.
    pub fn new(spec: &'a Spec, config: &'a DenoiserConfig) -> Self {
        Walk { config, spec, path: spec.sampler.path(config.path) }
    }

    /// The path.
    pub fn path(&self) -> Path {
        self.path
    }

    /// Where it starts and ends. A network that cannot be asked at the very end of the path (one that predicts the
    /// noise cannot tell x_0 where there is only noise) starts a step inside.
    pub fn range(&self) -> Range {
        let noisiest = self.noisiest();
        match (self.spec.direction, self.spec.start) {
            (Direction::Denoise, Start::Source { t } | Start::Exact { t }) => {
                Range { first: t.min(noisiest), last: 0.0 }
            }
            (Direction::Denoise, Start::Noise | Start::Data) => Range { first: noisiest, last: 0.0 },
            (Direction::Encode, Start::Exact { t }) => {
                Range { first: t.clamp(self.cleanest(), noisiest), last: noisiest }
            }
            (Direction::Encode, _) => Range { first: self.cleanest(), last: noisiest },
        }
    }

    /// The latest time at which the network tells x_0, within what its own path knows.
    fn noisiest(&self) -> f64 {
        let native = self.config.path;
        let end = if self.is_told(native.at(1.0)) { 1.0 } else { 1.0 - END_STEP };
        if self.path == native { end } else { self.path.time_of_log_snr(native.at(end).log_snr()) }
    }

    /// The earliest time at which the network tells eps.
    fn cleanest(&self) -> f64 {
        let native = self.config.path;
        let end = if self.is_told(native.at(0.0)) { 0.0 } else { END_STEP };
        if self.path == native { end } else { self.path.time_of_log_snr(native.at(end).log_snr()) }
    }

    fn is_told(&self, at: super::path::Point) -> bool {
        let solution = self.config.prediction.solve(at);
        solution.x0.iter().chain(&solution.eps).all(|factor| factor.is_finite())
    }

    /// How the network is asked at `t`.
    pub fn evaluation(&self, t: f64) -> Evaluation {
        self.config.evaluation(self.path, t)
    }

    fn update(&self, t: f64, u: f64, before: Option<f64>) -> Update {
        match self.spec.sampler {
            Sampler::Ddpm => ddpm::update(self.path, t, u),
            Sampler::Ddim => ddim::update(self.path, t, u, self.spec.eta),
            Sampler::DpmSolver => dpm_solver::update(self.path, t, u, before),
            Sampler::Euler => euler::update(t, u),
            Sampler::Midpoint => midpoint::update(t, u),
            Sampler::Heun if u < self.cleanest() => euler::update(t, u),
            Sampler::Heun => heun::update(t, u),
        }
    }

    fn denoise(&self, t: f64, u: f64, before: Option<f64>) -> Move {
        let Update { coefficients, second } = self.update(t, u, before);
        let mut network_time = vec![self.evaluation(t).time];
        network_time.extend(second.as_ref().map(|second| self.evaluation(second.time).time));
        self.finish(MoveKind::Denoise, [t, u], network_time, coefficients, second)
    }

    /// Back from u to the noisier t: x_t drawn from q(x_t | x_u) (Lugmayr et al. 2022, algorithm 1, line 10).
    fn renoise(&self, u: f64, t: f64) -> Move {
        let (ratio, added) = ddpm::transition(self.path.at(t), self.path.at(u));
        let sum = coefficients(&[(Term::State, ratio), (Term::Noise, added)]);
        self.finish(MoveKind::Renoise, [u, t], vec![], sum, None)
    }

    fn finish(
        &self,
        kind: MoveKind,
        [from, to]: [f64; 2],
        network_time: Vec<f64>,
        coefficients: Vec<Coefficient>,
        second: Option<Second>,
    ) -> Move {
        let (start, end) = (self.path.at(from), self.path.at(to));
        Move {
            kind,
            from,
            to,
            alpha: start.alpha,
            sigma: start.sigma,
            log_snr: start.log_snr(),
            alpha_to: end.alpha,
            sigma_to: end.sigma,
            evaluations: network_time.len(),
            network_time,
            coefficients,
            second,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::denoiser_config::Prediction;
    use crate::samplers::spec::tests::{config, spec};

    const PREDICTIONS: [Prediction; 4] = [Prediction::Eps, Prediction::X0, Prediction::V, Prediction::Velocity];
    const PATHS: [Path; 4] = [Path::Straight, Path::Cosine, Path::Linear, Path::Simple];

    #[test]
    fn everything_is_finite_with_every_network() {
        for prediction in PREDICTIONS {
            for path in PATHS {
                let config = config(prediction, path, false);
                for sampler in Sampler::ALL {
                    let backwards = Spec { start: Start::Data, direction: Direction::Encode, ..spec(sampler, 7) };
                    for spec in [spec(sampler, 7), backwards] {
                        let Ok(moves) = schedule(&spec, &config) else {
                            assert_eq!((sampler, spec.direction), (Sampler::Ddpm, Direction::Encode));
                            continue;
                        };
                        assert_eq!(moves.len(), 7);
                        let walk = Walk::new(&spec, &config);
                        for one in &moves {
                            let times = [Some(one.from), one.second.as_ref().map(|second| second.time)];
                            for time in times.into_iter().flatten() {
                                let Evaluation { input_scale, solution, .. } = walk.evaluation(time);
                                let numbers = solution.x0.into_iter().chain(solution.eps).chain([input_scale]);
                                for number in numbers {
                                    assert!(number.is_finite(), "{prediction:?} {path:?} {sampler:?} {one:?}");
                                }
                            }
                            assert!(one.coefficients.iter().all(|summand| summand.value.is_finite()), "{one:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_velocity_network_starts_from_pure_noise_and_an_eps_network_a_step_inside() {
        let first =
            |prediction, path, sampler| schedule(&spec(sampler, 3), &config(prediction, path, false)).unwrap()[0].from;
        assert_eq!(first(Prediction::Velocity, Path::Straight, Sampler::Euler), 1.0);
        assert_eq!(first(Prediction::Velocity, Path::Straight, Sampler::Ddim), 1.0);
        assert_eq!(first(Prediction::Eps, Path::Linear, Sampler::Ddpm), 1.0);
        assert_eq!(first(Prediction::Eps, Path::Simple, Sampler::Ddpm), 0.999);
        // sigma / alpha of 1000 steps of the linear schedule is 157.4
        let flow = first(Prediction::Eps, Path::Linear, Sampler::Heun);
        assert!((flow - 157.4 / 158.4).abs() < 1e-4, "{flow}");
    }

    #[test]
    fn resampling_jumps_back_behind_each_stretch() {
        let inpaint = Some(Inpaint { resample: 3, jump: 2 });
        let moves =
            schedule(&Spec { inpaint, ..spec(Sampler::DpmSolver, 4) }, &config(Prediction::V, Path::Cosine, false))
                .unwrap();
        let ends: Vec<(f64, f64)> = moves.iter().map(|one| (one.from, one.to)).collect();
        let stretch = |a: f64, b: f64, c: f64| [(a, b), (b, c), (c, a), (a, b), (b, c), (c, a), (a, b), (b, c)];
        assert_eq!(ends, [stretch(1.0, 0.75, 0.5), stretch(0.5, 0.25, 0.0)].concat());
        assert_eq!(moves.iter().filter(|one| one.kind == MoveKind::Renoise).count(), 4);
        for (index, one) in moves.iter().enumerate() {
            let back = one.kind == MoveKind::Renoise;
            assert_eq!(one.evaluations, usize::from(!back));
            if back {
                // what is known stays known: noise of variance sigma_u^2 grows to sigma_t^2
                let factor = |term| super::super::moves::factor(&one.coefficients, term);
                let variance = (factor(Term::State) * one.sigma).powi(2) + factor(Term::Noise).powi(2);
                assert!((variance - one.sigma_to.powi(2)).abs() < 1e-12);
                assert!((factor(Term::State) * one.alpha - one.alpha_to).abs() < 1e-12);
                let extrapolates = moves[index + 1].coefficients.iter().any(|summand| summand.term == Term::X0Previous);
                assert!(!extrapolates, "nothing is extrapolated over a jump");
            }
        }
    }

    #[test]
    fn a_start_at_the_data_has_no_moves() {
        let spec = Spec { start: Start::Source { t: 0.0 }, ..spec(Sampler::Ddim, 5) };
        assert!(schedule(&spec, &config(Prediction::V, Path::Cosine, false)).unwrap().is_empty());
    }
}
