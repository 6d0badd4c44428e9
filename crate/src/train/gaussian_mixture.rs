//! Principal components, and expectation-maximisation for Gaussians with full covariances among them (Bishop 2006, section
//! 9.2.2), each digit's components on that digit's images. All in f64.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn, SymmetricEigen};

use super::classical::Progress;
use super::objective::Samples;
use crate::data::{PIXELS, streams};
use crate::error::{Error, Result};
use crate::graph::ParamStore;
use crate::metrics::frechet::Moments;
use crate::models::classifier::CLASSES;
use crate::models::gaussian_mixture::{
    BASIS, DIRECTIONS, FACTORS, INVERSES, LOG_NOISE, LOG_WEIGHTS, MEAN, MEANS, layout,
};
use crate::rng::Philox;

/// Images that the principal components are of: more change no direction and take memory.
const PCA_IMAGES: usize = 20_000;
/// Grey values of a picture.
const GREYS: f64 = 256.0;
/// The variance within a grey value: no pixel is known better.
const GREY_VARIANCE: f64 = 1.0 / (12.0 * GREYS * GREYS);

/// The affine space that pictures are seen in.
struct Space {
    mean: Vec<f64>,
    /// Orthonormal rows.
    basis: DMatrix<f64>,
    /// The variance in each direction that is left out, their mean.
    noise: f64,
}

impl Space {
    fn of(images: &[u8]) -> Result<Space> {
        // the middle of a grey value, as the density is asked
        let grey: Vec<f64> = images.iter().map(|&byte| (f64::from(byte) + 0.5) / GREYS).collect();
        let Moments { mean, covariance } = Moments::of(&grey, PIXELS)?;
        let SymmetricEigen { eigenvalues, eigenvectors } =
            SymmetricEigen::new(DMatrix::from_row_slice(PIXELS, PIXELS, &covariance));
        let mut order: Vec<usize> = (0..PIXELS).collect();
        order.sort_by(|&a, &b| eigenvalues[b].total_cmp(&eigenvalues[a]));
        let basis = DMatrix::from_fn(DIRECTIONS, PIXELS, |row, column| eigenvectors[(column, order[row])]);
        let rest = &order[DIRECTIONS..];
        let noise = rest.iter().map(|&index| eigenvalues[index].max(0.0)).sum::<f64>() / rest.len() as f64;
        Ok(Space { mean, basis, noise: noise.max(GREY_VARIANCE) })
    }

    /// A column of P numbers for each image.
    fn see(&self, images: &[u8]) -> DMatrix<f64> {
        let centred = DMatrix::from_fn(PIXELS, images.len() / PIXELS, |pixel, image| {
            (f64::from(images[image * PIXELS + pixel]) + 0.5) / GREYS - self.mean[pixel]
        });
        &self.basis * centred
    }
}

/// One Gaussian of a mixture.
struct Gaussian {
    log_weight: f64,
    mean: DVector<f64>,
    factor: Cholesky<f64, Dyn>,
}

/// A mixture being fitted to the columns of `points`.
struct Em<'a> {
    points: &'a DMatrix<f64>,
    gaussians: Vec<Gaussian>,
    /// Images' worth of the prior's covariance in each Gaussian, and that covariance.
    smoothing: f64,
    prior: DMatrix<f64>,
}

impl<'a> Em<'a> {
    /// Begins with as many points as there are components, each with the covariance of all.
    fn new(points: &'a DMatrix<f64>, components: usize, smoothing: f64, rng: &mut Philox) -> Result<Em<'a>> {
        let (width, count) = points.shape();
        let mean = points.column_mean();
        let mut covariance = DMatrix::zeros(width, width);
        for column in points.column_iter() {
            let away = column - &mean;
            covariance.ger(1.0 / count as f64, &away, &away, 1.0);
        }
        // what does not vary at all still has grey values
        let prior = DMatrix::from_diagonal(&covariance.diagonal().add_scalar(GREY_VARIANCE));
        let factor = cholesky(covariance + &prior * 1e-3)?;
        let gaussian = |index: &u32| Gaussian {
            log_weight: -(components as f64).ln(),
            mean: points.column(*index as usize).into(),
            factor: factor.clone(),
        };
        let gaussians = rng.permutation(count)[..components].iter().map(gaussian).collect();
        Ok(Em { points, gaussians, smoothing, prior })
    }

    /// One pass of both steps: the penalised log-likelihood of the parameters as they were before it.
    fn pass(&mut self) -> Result<f64> {
        let (width, count) = self.points.shape();
        let mut logs = DMatrix::zeros(self.gaussians.len(), count);
        let mut objective = 0.0;
        for (k, Gaussian { log_weight, mean, factor }) in self.gaussians.iter().enumerate() {
            let mut away = self.points.clone();
            away.column_iter_mut().for_each(|mut column| column -= mean);
            let lower = factor.l();
            let log_determinant = lower.diagonal().map(f64::ln).sum();
            lower.solve_lower_triangular_mut(&mut away);
            let constant = log_weight - log_determinant - 0.5 * width as f64 * (2.0 * std::f64::consts::PI).ln();
            for (image, column) in away.column_iter().enumerate() {
                logs[(k, image)] = constant - 0.5 * column.norm_squared();
            }
            // the prior on each covariance: smoothing images of `prior` (inverse Wishart), and one image's worth of weight
            let trace = factor.solve(&self.prior).trace();
            objective += log_weight - self.smoothing * (log_determinant + 0.5 * trace);
        }
        for mut column in logs.column_iter_mut() {
            let largest = column.max();
            let sum: f64 = column.iter().map(|log| (log - largest).exp()).sum();
            objective += largest + sum.ln();
            column.apply(|log| *log = (*log - largest).exp() / sum);
        }
        if !objective.is_finite() {
            return Err(Error::NonFinite(format!("the likelihood of the mixture is {objective}")));
        }
        let components = self.gaussians.len() as f64;
        for (k, gaussian) in self.gaussians.iter_mut().enumerate() {
            let shares = logs.row(k);
            let mass: f64 = shares.sum();
            let mean = if mass > 0.0 { self.points * shares.transpose() / mass } else { gaussian.mean.clone() };
            let mut away = self.points.clone();
            away.column_iter_mut().zip(shares.iter()).for_each(|(mut column, share)| {
                column -= &mean;
                column *= share.sqrt();
            });
            let scatter = &away * away.transpose() + &self.prior * self.smoothing;
            let factor = cholesky(scatter / (mass + self.smoothing))?;
            let log_weight = ((mass + 1.0) / (count as f64 + components)).ln();
            *gaussian = Gaussian { log_weight, mean, factor };
        }
        Ok(objective)
    }
}

fn cholesky(covariance: DMatrix<f64>) -> Result<Cholesky<f64, Dyn>> {
    Cholesky::new(covariance)
        .ok_or_else(|| Error::NonFinite("a covariance of the mixture is not positive: are all images the same?".into()))
}

/// Fits a mixture of `size` Gaussians for each digit, in `passes` passes.
///
/// # Errors
/// [`Error::Data`] when a digit has fewer images than components, [`Error::NonFinite`] for images that span no space.
pub(super) fn expectation_maximisation(
    size: usize,
    smoothing: f64,
    samples: &Samples,
    seed: u32,
    passes: u64,
    progress: &mut Progress,
) -> Result<ParamStore> {
    let total = samples.labels.len();
    let space = Space::of(&samples.images[..total.min(PCA_IMAGES) * PIXELS])?;
    let mut store = ParamStore::zeros(layout(CLASSES * size)?);
    let (mut log_weights, mut means, mut factors, mut inverses) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for digit in 0..CLASSES {
        let members = samples.images.chunks_exact(PIXELS).zip(samples.labels);
        let images: Vec<u8> = members
            .filter(|(_, label)| usize::from(**label) == digit)
            .flat_map(|(image, _)| image.iter().copied())
            .collect();
        let count = images.len() / PIXELS;
        if count < size.max(2) {
            return Err(Error::Data(format!("{count} images of the digit {digit} are too few for {size} Gaussians")));
        }
        let points = space.see(&images);
        let mut rng = Philox::new(u64::from(seed), streams::stream(streams::MIXTURE, digit as u64));
        let mut em = Em::new(&points, size, smoothing, &mut rng)?;
        for pass in 0..passes {
            let objective = em.pass()? / count as f64;
            progress(digit as u64 * passes + pass + 1, CLASSES as u64 * passes, objective)?;
        }
        let prior = (count as f64 / total as f64).ln();
        for Gaussian { log_weight, mean, factor } in &em.gaussians {
            let lower = factor.l();
            let mut inverse = DMatrix::identity(DIRECTIONS, DIRECTIONS);
            lower.solve_lower_triangular_mut(&mut inverse);
            log_weights.push((log_weight + prior) as f32);
            means.extend(mean.iter().map(|&value| value as f32));
            // rows one after the other; nalgebra keeps columns together
            factors.extend(lower.transpose().iter().map(|&value| value as f32));
            inverses.extend(inverse.transpose().iter().map(|&value| value as f32));
        }
    }
    let narrow = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value as f32).collect::<Vec<f32>>();
    store.set(MEAN, &narrow(&mut space.mean.iter().copied()))?;
    store.set(BASIS, &narrow(&mut space.basis.transpose().iter().copied()))?;
    store.set(LOG_WEIGHTS, &log_weights)?;
    store.set(MEANS, &means)?;
    store.set(FACTORS, &factors)?;
    store.set(INVERSES, &inverses)?;
    store.set(LOG_NOISE, &[(0.5 * space.noise.ln()) as f32])?;
    Ok(store)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Columns around some centres.
    fn points(seed: u64, width: usize, count: usize, centres: u32) -> DMatrix<f64> {
        let mut rng = Philox::new(seed, 1);
        let mut noise = vec![0.0f32; width * count];
        rng.fill_normal(&mut noise);
        DMatrix::from_fn(width, count, |row, column| {
            let centre = column as u32 % centres;
            f64::from(noise[column * width + row]) * 0.3 + f64::from((row as u32 * 7 + centre * 3) % 5)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn a_pass_never_lowers_the_likelihood(seed in 0u64..1000, width in 1usize..6, count in 20usize..200,
            centres in 1u32..5, components in 1usize..5, smoothing in 0.5f64..5.0) {
            let points = points(seed, width, count, centres);
            let mut em = Em::new(&points, components, smoothing, &mut Philox::new(seed, 2)).unwrap();
            let mut before = f64::NEG_INFINITY;
            for _ in 0..8 {
                let now = em.pass().unwrap();
                prop_assert!(now >= before - 1e-9 * now.abs(), "{} after {}", now, before);
                before = now;
            }
        }
    }

    #[test]
    fn one_gaussian_is_the_mean_and_the_covariance() {
        let points = points(3, 4, 500, 3);
        let mut em = Em::new(&points, 1, 1e-9, &mut Philox::new(1, 2)).unwrap();
        em.pass().unwrap();
        let mean = points.column_mean();
        assert!((&em.gaussians[0].mean - &mean).norm() < 1e-9);
        let lower = em.gaussians[0].factor.l();
        let covariance = &lower * lower.transpose();
        let expected = points.column_iter().map(|column| (column - &mean) * (column - &mean).transpose());
        let expected = expected.fold(DMatrix::zeros(4, 4), |sum, one| sum + one) / 500.0;
        assert!((covariance - expected).norm() < 1e-7);
    }
}
