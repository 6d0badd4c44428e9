//! The Frechet distance between two sets of features (Heusel et al. 2017): between the Gaussians of their means and
//! covariances.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::error::{Error, Result};
use crate::kernels::Kernels;
use crate::kernels::gemm::{Matrix, Scratch, no_epilogue};
use crate::rng::Philox;

/// Mean and covariance of a set of features.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// `width` values.
    pub mean: Vec<f64>,
    /// `width * width` values; divided by the number of images less one.
    pub covariance: Vec<f64>,
}

impl Moments {
    /// The moments of `values`, rows of `width`.
    ///
    /// # Errors
    /// [`Error::Data`] for fewer than two rows: they have no covariance.
    pub fn of(values: &[f64], width: usize) -> Result<Moments> {
        let count = values.len().checked_div(width).unwrap_or(0);
        if count < 2 {
            return Err(Error::Data(format!("{count} images have no covariance; it takes at least two")));
        }
        let mut mean = vec![0.0; width];
        for row in values.chunks_exact(width) {
            for (mean, value) in mean.iter_mut().zip(row) {
                *mean += value;
            }
        }
        mean.iter_mut().for_each(|mean| *mean /= count as f64);
        let mut centred = values.to_vec();
        for row in centred.chunks_exact_mut(width) {
            for (value, mean) in row.iter_mut().zip(&mean) {
                *value -= mean;
            }
        }
        let rows = Matrix::row_major(&centred, width);
        let mut covariance = vec![0.0; width * width];
        f64::gemm(
            width,
            count,
            width,
            rows.transposed(),
            rows,
            &mut covariance,
            false,
            &mut Scratch::new(),
            &no_epilogue,
        );
        covariance.iter_mut().for_each(|value| *value /= (count - 1) as f64);
        Ok(Moments { mean, covariance })
    }

    fn matrix(&self) -> DMatrix<f64> {
        DMatrix::from_row_slice(self.mean.len(), self.mean.len(), &self.covariance)
    }
}

/// |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)). The trace of the root is that of (R S2 R)^(1/2) with R = S1^(1/2), which
/// is symmetric: no root of an unsymmetric, often singular matrix is taken. Eigenvalues that rounding made negative
/// count as 0.
///
/// # Errors
/// [`Error::Data`] when the widths differ, [`Error::NonFinite`] for features that are no numbers.
pub fn distance(a: &Moments, b: &Moments) -> Result<f64> {
    let width = a.mean.len();
    if b.mean.len() != width {
        return Err(Error::Data(format!("features of {width} and of {} numbers do not compare", b.mean.len())));
    }
    let all = [&a.mean, &a.covariance, &b.mean, &b.covariance];
    if !all.iter().all(|values| values.iter().all(|value| value.is_finite())) {
        return Err(Error::NonFinite("the features of these images are no finite numbers".into()));
    }
    let means: f64 = a.mean.iter().zip(&b.mean).map(|(a, b)| (a - b).powi(2)).sum();
    let (first, second) = (a.matrix(), b.matrix());
    let SymmetricEigen { eigenvectors, eigenvalues } = SymmetricEigen::new(first.clone());
    let roots = DMatrix::from_diagonal(&eigenvalues.map(|value| value.max(0.0).sqrt()));
    let root = &eigenvectors * roots * eigenvectors.transpose();
    let product = &root * &second * &root;
    let symmetric = (&product + product.transpose()) * 0.5;
    let shared: f64 = symmetric.symmetric_eigenvalues().iter().map(|value| value.max(0.0).sqrt()).sum();
    Ok(means + first.trace() + second.trace() - 2.0 * shared)
}

/// The standard deviation of the distance between `reference` and `resamples` draws with replacement from `values`, rows
/// of `width`: the bootstrap's standard error. (Their mean is not of use: an image drawn twice narrows the covariance.)
///
/// # Errors
/// As [`distance`] and [`Moments::of`].
pub fn bootstrap_error(
    reference: &Moments,
    values: &[f64],
    width: usize,
    resamples: usize,
    rng: &mut Philox,
) -> Result<f64> {
    let count = (values.len() / width.max(1)) as u32;
    let mut drawn = Vec::with_capacity(values.len());
    let mut distances = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        drawn.clear();
        for _ in 0..count {
            let row = rng.below(count) as usize;
            drawn.extend_from_slice(&values[row * width..(row + 1) * width]);
        }
        distances.push(distance(reference, &Moments::of(&drawn, width)?)?);
    }
    Ok(super::mean_and_deviation(&distances).1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn moments(seed: u64, count: usize, width: usize, scale: f64, shift: f64) -> Moments {
        Moments::of(&points(seed, count, width, scale, shift), width).unwrap()
    }

    fn points(seed: u64, count: usize, width: usize, scale: f64, shift: f64) -> Vec<f64> {
        let mut values = vec![0.0f32; count * width];
        Philox::new(seed, 0).fill_normal(&mut values);
        values.iter().map(|value| scale * f64::from(*value) + shift).collect()
    }

    #[test]
    fn of_one_dimension_it_is_the_closed_form() {
        let a = Moments { mean: vec![1.0], covariance: vec![4.0] };
        let b = Moments { mean: vec![3.5], covariance: vec![0.25] };
        assert!((distance(&a, &b).unwrap() - (2.5f64.powi(2) + (2.0f64 - 0.5).powi(2))).abs() < 1e-12);
    }

    #[test]
    fn moments_by_hand() {
        let moments = Moments::of(&[1.0, 0.0, 3.0, 2.0, 5.0, -2.0], 2).unwrap();
        assert_eq!((moments.mean, moments.covariance), (vec![3.0, 0.0], vec![4.0, -2.0, -2.0, 4.0]));
        assert!(Moments::of(&[1.0, 2.0], 2).unwrap_err().to_string().contains("covariance"));
    }

    #[test]
    fn what_does_not_compare_is_refused() {
        let a = moments(1, 9, 3, 1.0, 0.0);
        assert!(distance(&a, &moments(1, 9, 2, 1.0, 0.0)).is_err());
        let infinite = Moments { mean: vec![f64::INFINITY; 3], ..a.clone() };
        assert_eq!(distance(&a, &infinite).unwrap_err().kind(), "non-finite");
    }

    #[test]
    fn the_bootstrap_tells_the_spread_of_fresh_samples() {
        let reference = moments(1, 4000, 4, 1.0, 0.0);
        let fresh: Vec<f64> =
            (0..40).map(|seed| distance(&reference, &moments(50 + seed, 500, 4, 1.0, 0.5)).unwrap()).collect();
        let spread = super::super::mean_and_deviation(&fresh).1;
        let error = bootstrap_error(&reference, &points(99, 500, 4, 1.0, 0.5), 4, 40, &mut Philox::new(3, 0)).unwrap();
        assert!(error > 0.6 * spread && error < 1.6 * spread, "{error} {spread}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn zero_to_itself_symmetric_and_positive(
            seed in 0u64..1000, count in 3usize..30, width in 1usize..12, scale in 0.1f64..10.0, shift in -3.0f64..3.0,
        ) {
            // often fewer images than features: singular covariances
            let (a, b) = (moments(seed, count, width, 1.0, 0.0), moments(seed + 1, count + 4, width, scale, shift));
            let size = a.covariance.iter().chain(&b.covariance).map(|value| value.abs()).sum::<f64>() + shift.abs();
            prop_assert!(distance(&a, &a).unwrap().abs() < 1e-6 * size);
            let (there, back) = (distance(&a, &b).unwrap(), distance(&b, &a).unwrap());
            prop_assert!((there - back).abs() < 1e-6 * size, "{there} {back}");
            prop_assert!(there > -1e-6 * size);
        }
    }
}
