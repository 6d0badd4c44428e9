//! The inception score (Salimans et al. 2016), on this project's classifier.

use crate::error::{Error, Result};
use crate::models::classifier::CLASSES;

/// Parts that the score is computed on.
pub const SPLITS: usize = 10;

/// exp(E KL(p(y | x) || p(y))) on `splits` parts of the images: mean and standard deviation over the parts. `probabilities`
/// are rows of 10; `order` (a permutation of the images) says which go together, image `order[i]` into part
/// `i * splits / count`, so that a set sorted by digit can be dealt out evenly.
///
/// # Errors
/// [`Error::Data`] for fewer images than parts.
pub fn score(probabilities: &[f64], order: &[u32], splits: usize) -> Result<(f64, f64)> {
    let count = order.len();
    if splits == 0 || count < splits {
        return Err(Error::Data(format!("{count} images do not fall into {splits} parts")));
    }
    let mut scores = Vec::with_capacity(splits);
    for split in 0..splits {
        let members = &order[split * count / splits..(split + 1) * count / splits];
        let mut marginal = [0.0; CLASSES];
        for &image in members {
            for (sum, p) in marginal.iter_mut().zip(row(probabilities, image)) {
                *sum += p / members.len() as f64;
            }
        }
        let mut divergence = 0.0;
        for &image in members {
            for (p, q) in row(probabilities, image).iter().zip(&marginal) {
                // p ln p is 0 at 0
                if *p > 0.0 {
                    divergence += p * (p.ln() - q.ln());
                }
            }
        }
        scores.push((divergence / members.len() as f64).exp());
    }
    Ok(super::mean_and_deviation(&scores))
}

/// The standard error of [`score`] by bootstrap over the images.
///
/// # Errors
/// As [`score`].
#[cfg(feature = "measures")]
pub fn bootstrap_error(
    probabilities: &[f64],
    splits: usize,
    resamples: usize,
    rng: &mut crate::rng::Philox,
) -> Result<f64> {
    let count = (probabilities.len() / CLASSES) as u32;
    let mut scores = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        let drawn: Vec<u32> = (0..count).map(|_| rng.below(count)).collect();
        scores.push(score(probabilities, &drawn, splits)?.0);
    }
    Ok(super::mean_and_deviation(&scores).1)
}

fn row(probabilities: &[f64], image: u32) -> &[f64] {
    &probabilities[image as usize * CLASSES..(image as usize + 1) * CLASSES]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certain(digits: impl Iterator<Item = usize>) -> Vec<f64> {
        digits.flat_map(|digit| (0..CLASSES).map(move |class| f64::from(u8::from(class == digit)))).collect()
    }

    #[test]
    fn ten_for_certain_even_digits_and_one_for_a_single_digit() {
        let order: Vec<u32> = (0..100).collect();
        let (mean, deviation) = score(&certain((0..100).map(|i| i % 10)), &order, 10).unwrap();
        assert!((mean - 10.0).abs() < 1e-9 && deviation < 1e-9);
        let (mean, _) = score(&certain((0..100).map(|_| 3)), &order, 10).unwrap();
        assert!((mean - 1.0).abs() < 1e-12);
        let (undecided, _) = score(&[0.1; 1000], &order, 10).unwrap();
        assert!((undecided - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_order_deals_out_a_sorted_set() {
        let sorted = certain((0..100).map(|i| i / 10));
        let plain: Vec<u32> = (0..100).collect();
        assert!((score(&sorted, &plain, 10).unwrap().0 - 1.0).abs() < 1e-9);
        let dealt: Vec<u32> = (0..100).map(|i| i % 10 * 10 + i / 10).collect();
        assert!((score(&sorted, &dealt, 10).unwrap().0 - 10.0).abs() < 1e-9);
        assert!(score(&sorted, &plain[..9], 10).is_err());
    }
}
