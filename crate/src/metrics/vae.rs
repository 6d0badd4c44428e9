//! Measures of a VAE from its encodings: KL, active units, importance weights. All in f64 and in nats.

use serde::Serialize;

/// A coordinate is active if its posterior mean varies more than this over the test set (Burda et al. 2016).
pub const ACTIVE_VARIANCE: f64 = 0.01;

/// Encodings of a data set.
#[derive(Debug, Clone)]
pub struct Encodings {
    /// Number of latent coordinates.
    pub z_dim: usize,
    /// Posterior means, images * z_dim.
    pub mu: Vec<f32>,
    /// Logarithms of the posterior variances, images * z_dim.
    pub logvar: Vec<f32>,
}

/// One latent coordinate over a data set.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unit {
    /// Index in z.
    pub unit: usize,
    /// Mean KL from the prior, nats.
    pub kl: f64,
    /// Variance of the posterior mean over the data.
    pub variance: f64,
    /// Whether the variance is above [`ACTIVE_VARIANCE`].
    pub active: bool,
}

impl Encodings {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.mu.len() / self.z_dim
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.mu.is_empty()
    }

    /// KL(q(z|x) || N(0, 1)) of one image, nats.
    pub fn kl(&self, image: usize) -> f64 {
        let range = image * self.z_dim..(image + 1) * self.z_dim;
        self.mu[range.clone()].iter().zip(&self.logvar[range]).map(|(mu, logvar)| gaussian_kl(*mu, *logvar)).sum()
    }

    /// The mean KL over all images, nats.
    pub fn mean_kl(&self) -> f64 {
        (0..self.len()).map(|image| self.kl(image)).sum::<f64>() / self.len() as f64
    }

    /// Every coordinate, the one with the largest KL first.
    pub fn units(&self) -> Vec<Unit> {
        let count = self.len() as f64;
        let mut units: Vec<Unit> = (0..self.z_dim)
            .map(|index| {
                let means = || self.mu.iter().skip(index).step_by(self.z_dim);
                let logvars = self.logvar.iter().skip(index).step_by(self.z_dim);
                let kl = means().zip(logvars).map(|(mu, logvar)| gaussian_kl(*mu, *logvar)).sum::<f64>() / count;
                let mean = means().map(|mu| f64::from(*mu)).sum::<f64>() / count;
                let variance = means().map(|mu| (f64::from(*mu) - mean).powi(2)).sum::<f64>() / count;
                Unit { unit: index, kl, variance, active: variance > ACTIVE_VARIANCE }
            })
            .collect();
        units.sort_by(|a, b| b.kl.total_cmp(&a.kl));
        units
    }

    /// The mean posterior mean of every class: `classes[label][coordinate]`; a class without images is all zeros.
    pub fn class_means(&self, labels: &[u8]) -> [Vec<f32>; 10] {
        std::array::from_fn(|class| {
            let members: Vec<usize> = (0..self.len()).filter(|image| usize::from(labels[*image]) == class).collect();
            (0..self.z_dim)
                .map(|unit| {
                    let sum: f64 = members.iter().map(|image| f64::from(self.mu[image * self.z_dim + unit])).sum();
                    (sum / members.len().max(1) as f64) as f32
                })
                .collect()
        })
    }
}

/// KL(N(mu, e^logvar) || N(0, 1)), nats.
fn gaussian_kl(mu: f32, logvar: f32) -> f64 {
    let (mu, logvar) = (f64::from(mu), f64::from(logvar));
    0.5 * (mu * mu + logvar.exp() - 1.0 - logvar)
}

/// log p(z) - log q(z | x) for z = mu + e^(logvar / 2) eps, all of one image's coordinates; nats.
pub fn log_prior_ratio(mu: &[f32], logvar: &[f32], eps: &[f32]) -> f64 {
    let mut sum = 0.0;
    for ((mu, logvar), eps) in mu.iter().zip(logvar).zip(eps) {
        let (mu, logvar, eps) = (f64::from(*mu), f64::from(*logvar), f64::from(*eps));
        let z = mu + (0.5 * logvar).exp() * eps;
        // the two log(2 pi) cancel
        sum += 0.5 * (eps * eps + logvar - z * z);
    }
    sum
}

/// The logarithm of the mean of e^w: the importance-weighted bound of one image, nats.
pub fn log_mean_exp(log_weights: &[f64]) -> f64 {
    let largest = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = log_weights.iter().map(|w| (w - largest).exp()).sum();
    largest + (sum / log_weights.len() as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> Encodings {
        Encodings { z_dim: 2, mu: vec![1.0, 0.01, -1.0, 0.01, 0.0, 0.01], logvar: vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0] }
    }

    #[test]
    fn units_are_ranked_and_idle_ones_are_told() {
        let units = two().units();
        assert_eq!((units[0].unit, units[1].unit), (0, 1));
        assert!((units[0].kl - 1.0 / 3.0).abs() < 1e-12 && (units[0].variance - 2.0 / 3.0).abs() < 1e-12);
        assert!(units[0].active && !units[1].active);
        assert!((two().mean_kl() - (units[0].kl + units[1].kl)).abs() < 1e-12);
    }

    #[test]
    fn class_means() {
        let means = two().class_means(&[3, 3, 7]);
        assert_eq!((means[3][0], means[7][0], means[0][0]), (0.0, 0.0, 0.0));
        assert_eq!(two().class_means(&[1, 2, 2])[1], [1.0, 0.01]);
    }

    /// For a Gaussian posterior that is the exact one the weights are constant; here q = N(0.5, e^-1).
    #[test]
    fn the_prior_ratio_is_the_difference_of_the_densities() {
        let (mu, logvar, eps) = (0.5f64, -1.0f64, 0.7f64);
        let z = mu + (0.5 * logvar).exp() * eps;
        let density = |x: f64, mean: f64, logvar: f64| {
            -0.5 * ((2.0 * std::f64::consts::PI).ln() + logvar + (x - mean).powi(2) / logvar.exp())
        };
        let expected = density(z, 0.0, 0.0) - density(z, mu, logvar);
        assert!((log_prior_ratio(&[0.5], &[-1.0], &[0.7]) - expected).abs() < 1e-6);
    }

    #[test]
    fn log_mean_exp_neither_overflows_nor_underflows() {
        assert!((log_mean_exp(&[-1000.0, -1000.0]) + 1000.0).abs() < 1e-12);
        assert!((log_mean_exp(&[0.0, 2.0f64.ln()]) - 1.5f64.ln()).abs() < 1e-12);
    }
}
