//! Which times a sampler visits.

use serde::{Deserialize, Serialize};

use super::path::Path;

/// Beyond this |log SNR| the steps of [`Spacing::LogSnr`] do not go, save for the first and the last time: at 9 the
/// noise is 1 % of the signal, at -9 the signal 1 % of the noise.
const MAX_LOG_SNR: f64 = 9.0;

/// How times lie between noise and data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Spacing {
    /// Equal steps of t.
    #[default]
    Uniform,
    /// t is a square: small steps near the data (Song et al. 2021, "Denoising diffusion implicit models", appendix D.2).
    Quadratic,
    /// Equal steps of log(alpha^2 / sigma^2) (Lu et al. 2022, "DPM-Solver", section 3.3), within +-9.
    LogSnr,
}

impl Spacing {
    /// `steps` + 1 times from `first` to `last`, both included, strictly monotone; the same times, turned round, for a
    /// walk the other way. At least one step; `first` and `last` differ.
    pub fn times(self, path: Path, first: f64, last: f64, steps: usize) -> Vec<f64> {
        let (noisy, clean) = (first.max(last), first.min(last));
        let part = |step: usize| step as f64 / steps as f64;
        let between = |from: f64, to: f64, part: f64| from + (to - from) * part;
        let limit = |t: f64| path.at(t).log_snr().clamp(-MAX_LOG_SNR, MAX_LOG_SNR);
        let (low, high) = (limit(noisy), limit(clean));
        let mut times: Vec<f64> = (0..=steps)
            .map(|step| match self {
                Spacing::Quadratic => clean + (noisy - clean) * (1.0 - part(step)).powi(2),
                Spacing::LogSnr if low < high => path.time_of_log_snr(between(low, high, part(step))),
                _ => between(noisy, clean, part(step)),
            })
            .collect();
        times[0] = noisy;
        times[steps] = clean;
        if times.windows(2).any(|pair| pair[1] >= pair[0]) {
            // a walk of nearly no length: there are not as many numbers between in the other spacings
            times = (0..=steps).map(|step| between(noisy, clean, part(step))).collect();
            times[steps] = clean;
        }
        if first < last {
            times.reverse();
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPACINGS: [Spacing; 3] = [Spacing::Uniform, Spacing::Quadratic, Spacing::LogSnr];
    const PATHS: [Path; 4] = [Path::Straight, Path::Cosine, Path::Linear, Path::Simple];

    #[test]
    fn four_steps() {
        assert_eq!(Spacing::Uniform.times(Path::Straight, 1.0, 0.0, 4), [1.0, 0.75, 0.5, 0.25, 0.0]);
        assert_eq!(Spacing::Quadratic.times(Path::Straight, 1.0, 0.0, 4), [1.0, 0.5625, 0.25, 0.0625, 0.0]);
        let times = Spacing::LogSnr.times(Path::Straight, 1.0, 0.0, 4);
        assert_eq!((times[0], times[4]), (1.0, 0.0));
        for (time, log_snr) in times[1..4].iter().zip([-4.5, 0.0, 4.5]) {
            assert!((Path::Straight.at(*time).log_snr() - log_snr).abs() < 1e-9);
        }
    }

    proptest! {
        #[test]
        fn every_grid_is_strictly_monotone(steps in 1usize..=1000, first in 0.001f64..=1.0, part in 0.0f64..0.9) {
            for path in PATHS {
                for spacing in SPACINGS {
                    let last = first * part;
                    let times = spacing.times(path, first, last, steps);
                    prop_assert_eq!(times.len(), steps + 1);
                    prop_assert_eq!((times[0], times[steps]), (first, last));
                    prop_assert!(times.windows(2).all(|pair| pair[1] < pair[0]), "{:?} {:?}", path, spacing);
                    let mut back = spacing.times(path, last, first, steps);
                    back.reverse();
                    prop_assert_eq!(back, times);
                }
            }
        }
    }
}
