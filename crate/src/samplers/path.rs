//! Gaussian paths between data and noise: x_t = alpha(t) x_0 + sigma(t) eps with t from 0 (data) to 1 (noise).

use std::f64::consts::FRAC_PI_2;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::math;

/// Steps of the textbook's schedules.
pub const TEXTBOOK_STEPS: usize = 1000;
/// The offset s of the cosine schedule (Nichol and Dhariwal 2021, section 3.2).
const COSINE_OFFSET: f64 = 0.008;

/// How fast data turns into noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    /// alpha = 1 - t, sigma = t: rectified flow (Liu et al. 2022), flow matching (Lipman et al. 2022).
    Straight,
    /// alpha_bar = f(t) / f(0) with f(t) = cos^2((t + s) / (1 + s) pi / 2) (Nichol and Dhariwal 2021, eq. 17).
    Cosine,
    /// T = 1000 steps with beta from 1e-4 to 0.02 in equal steps (Ho et al. 2020, section 4); between two steps
    /// log alpha_bar is linear.
    Linear,
    /// alpha_bar = 1 - t.
    Simple,
}

/// alpha and sigma at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// What the data are multiplied by.
    pub alpha: f64,
    /// What the noise is multiplied by.
    pub sigma: f64,
}

impl Point {
    /// log(alpha^2 / sigma^2); infinite at the ends.
    pub fn log_snr(self) -> f64 {
        2.0 * (self.alpha.ln() - self.sigma.ln())
    }
}

impl Path {
    /// alpha and sigma at `t`, which is taken into 0 to 1.
    pub fn at(self, t: f64) -> Point {
        let t = t.clamp(0.0, 1.0);
        if self == Path::Straight {
            return Point { alpha: 1.0 - t, sigma: t };
        }
        let alpha_bar = self.alpha_bar(t);
        // exact at both ends, and without cancellation near t = 0
        let rest = match self {
            Path::Linear => -log_alpha_bar(t).exp_m1(),
            Path::Simple => t,
            _ => 1.0 - alpha_bar,
        };
        Point { alpha: alpha_bar.sqrt(), sigma: rest.max(0.0).sqrt() }
    }

    /// alpha^2 at `t`.
    pub fn alpha_bar(self, t: f64) -> f64 {
        let t = t.clamp(0.0, 1.0);
        match self {
            Path::Straight => (1.0 - t).powi(2),
            Path::Simple => 1.0 - t,
            Path::Linear => log_alpha_bar(t).exp(),
            Path::Cosine => {
                let angle = |t: f64| math::cos((t + COSINE_OFFSET) / (1.0 + COSINE_OFFSET) * FRAC_PI_2).powi(2);
                // cos(pi / 2) is not quite 0 in floating point
                if t == 1.0 { 0.0 } else { (angle(t) / angle(0.0)).min(1.0) }
            }
        }
    }

    /// `[alpha, sigma]` at `pieces` + 1 even times from 0 to 1, for a chart.
    pub fn curve(self, pieces: usize) -> Vec<[f64; 2]> {
        let point = |i: usize| self.at(i as f64 / pieces.max(1) as f64);
        (0..=pieces).map(point).map(|Point { alpha, sigma }| [alpha, sigma]).collect()
    }

    /// Whether alpha^2 + sigma^2 = 1 all the way.
    pub fn preserves_variance(self) -> bool {
        self != Path::Straight
    }

    /// The time at which the path has this log(alpha^2 / sigma^2); the nearest end where it never has.
    pub fn time_of_log_snr(self, log_snr: f64) -> f64 {
        let alpha_bar = 1.0 / (1.0 + (-log_snr).exp());
        let t = match self {
            Path::Straight => {
                let ratio = (-0.5 * log_snr).exp();
                if ratio.is_infinite() { 1.0 } else { ratio / (1.0 + ratio) }
            }
            Path::Simple => 1.0 - alpha_bar,
            Path::Cosine => {
                let first = math::cos(COSINE_OFFSET / (1.0 + COSINE_OFFSET) * FRAC_PI_2);
                math::acos((first * alpha_bar.sqrt()).min(1.0)) / FRAC_PI_2 * (1.0 + COSINE_OFFSET) - COSINE_OFFSET
            }
            Path::Linear => time_of_log_alpha_bar(-(-log_snr).exp().ln_1p()),
        };
        t.clamp(0.0, 1.0)
    }
}

/// log alpha_bar of the linear schedule after 0, 1, ... 1000 steps.
fn linear_table() -> &'static [f64] {
    static TABLE: OnceLock<Vec<f64>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut sum = 0.0;
        let mut table = vec![0.0];
        for step in 0..TEXTBOOK_STEPS {
            let beta = 1e-4 + (0.02 - 1e-4) * step as f64 / (TEXTBOOK_STEPS - 1) as f64;
            sum += (-beta).ln_1p();
            table.push(sum);
        }
        table
    })
}

fn log_alpha_bar(t: f64) -> f64 {
    let table = linear_table();
    let place = t * TEXTBOOK_STEPS as f64;
    let below = (place.floor() as usize).min(TEXTBOOK_STEPS - 1);
    let part = place - below as f64;
    table[below] + part * (table[below + 1] - table[below])
}

fn time_of_log_alpha_bar(value: f64) -> f64 {
    let table = linear_table();
    // the table falls
    let above = table.partition_point(|entry| *entry > value).clamp(1, TEXTBOOK_STEPS);
    let part = (value - table[above - 1]) / (table[above] - table[above - 1]);
    ((above - 1) as f64 + part) / TEXTBOOK_STEPS as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Path; 4] = [Path::Straight, Path::Cosine, Path::Linear, Path::Simple];

    #[test]
    fn the_ends() {
        for path in ALL {
            assert_eq!(path.at(0.0), Point { alpha: 1.0, sigma: 0.0 }, "{path:?}");
            assert_eq!(path.time_of_log_snr(f64::INFINITY), 0.0, "{path:?}");
            assert_eq!(path.time_of_log_snr(f64::NEG_INFINITY), 1.0, "{path:?}");
        }
        assert_eq!(Path::Straight.at(1.0), Point { alpha: 0.0, sigma: 1.0 });
        assert_eq!(Path::Cosine.at(1.0), Point { alpha: 0.0, sigma: 1.0 });
        // Ho et al. 2020: alpha_bar_T is about 4e-5
        let last = Path::Linear.at(1.0);
        assert!((last.alpha.powi(2) - 4.036e-5).abs() < 1e-8, "{last:?}");
    }

    #[test]
    fn a_curve_leads_from_end_to_end() {
        let curve = Path::Straight.curve(4);
        assert_eq!(curve, [[1.0, 0.0], [0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0.0, 1.0]]);
        assert_eq!(Path::Cosine.curve(0).len(), 1);
    }

    proptest! {
        #[test]
        fn the_log_snr_tells_the_time(t in 0.0005f64..0.9995) {
            for path in ALL {
                let back = path.time_of_log_snr(path.at(t).log_snr());
                prop_assert!((back - t).abs() < 1e-9, "{path:?}: {t} comes back as {back}");
            }
        }

        #[test]
        fn noise_grows(t in 0.0f64..0.999) {
            for path in ALL {
                let (now, later) = (path.at(t), path.at(t + 0.001));
                prop_assert!(later.sigma > now.sigma && later.alpha < now.alpha, "{path:?} at {t}");
                if path.preserves_variance() {
                    prop_assert!((now.alpha.powi(2) + now.sigma.powi(2) - 1.0).abs() < 1e-12);
                }
            }
        }
    }
}
