//! How well a score tells two sets apart: the receiver operating characteristic, the area under it with its standard
//! error, and quantiles.

use crate::error::{Error, Result};

/// Points of a [`Roc::curve`].
pub const POINTS: usize = 33;

/// How well a score that is high for ordinary pictures finds the foreign ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Roc {
    /// The probability that an ordinary picture scores higher than a foreign one, ties counted half: 1 where all are told,
    /// 0.5 by chance, less where the foreign ones score higher.
    pub auc: f64,
    /// Its standard error (DeLong et al. 1988).
    pub error: f64,
    /// The part of the foreign pictures found when k / 32 of the ordinary ones are rejected, k = 0 to 32: the largest that
    /// a threshold gives, and between two thresholds the straight line.
    pub curve: Vec<f64>,
}

impl Roc {
    /// Compares the scores of ordinary pictures with those of foreign ones.
    ///
    /// # Errors
    /// [`Error::Data`] for fewer than two of each, [`Error::NonFinite`] for a score that is no number.
    pub fn of(ordinary: &[f64], foreign: &[f64]) -> Result<Roc> {
        let (ordinary, foreign) = (sorted(ordinary)?, sorted(foreign)?);
        if ordinary.len() < 2 || foreign.len() < 2 {
            return Err(Error::Data("scores of two pictures of each sort are the least to compare".into()));
        }
        let (auc, above) = mean_and_variance(ordinary.iter().map(|score| share_below(&foreign, *score)));
        let (_, below) = mean_and_variance(foreign.iter().map(|score| share_below(&ordinary, *score)));
        let error = (above / ordinary.len() as f64 + below / foreign.len() as f64).sqrt();
        Ok(Roc { auc, error, curve: curve(&ordinary, &foreign) })
    }
}

/// `count` quantiles of `values`, the smallest first and the largest last, between two values by the straight line.
///
/// # Errors
/// [`Error::Data`] for no values or fewer than two quantiles, [`Error::NonFinite`] for a value that is no number.
pub fn quantiles(values: &[f64], count: usize) -> Result<Vec<f64>> {
    let values = sorted(values)?;
    if values.is_empty() || count < 2 {
        return Err(Error::Data("quantiles are of at least one value and are at least two".into()));
    }
    let at = |index: usize| {
        let place = index as f64 / (count - 1) as f64 * (values.len() - 1) as f64;
        let low = values[place as usize];
        low + (values[place.ceil() as usize] - low) * place.fract()
    };
    Ok((0..count).map(at).collect())
}

fn sorted(values: &[f64]) -> Result<Vec<f64>> {
    if let Some(value) = values.iter().find(|value| !value.is_finite()) {
        return Err(Error::NonFinite(format!("a score is {value}: the model gives no number for a picture")));
    }
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    Ok(values)
}

/// The part of `sorted` below `score`, what equals it counted half.
fn share_below(sorted: &[f64], score: f64) -> f64 {
    let less = sorted.partition_point(|other| *other < score);
    let not_more = sorted.partition_point(|other| *other <= score);
    (less + not_more) as f64 / (2 * sorted.len()) as f64
}

/// The variance is divided by one less than the number of values.
fn mean_and_variance(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let (mut count, mut sum) = (0.0, 0.0);
    for value in values.clone() {
        count += 1.0;
        sum += value;
    }
    let mean = sum / count;
    let mut squares = 0.0;
    for value in values {
        squares += (value - mean) * (value - mean);
    }
    (mean, squares / (count - 1.0))
}

/// Both sorted.
fn curve(ordinary: &[f64], foreign: &[f64]) -> Vec<f64> {
    let part = |sorted: &[f64], threshold: f64| {
        sorted.partition_point(|score| *score <= threshold) as f64 / sorted.len() as f64
    };
    // every threshold as (rejected, found), both rising
    let mut thresholds: Vec<f64> = ordinary.iter().chain(foreign).copied().collect();
    thresholds.sort_by(f64::total_cmp);
    thresholds.dedup();
    let mut corners = vec![(0.0, 0.0)];
    corners.extend(thresholds.into_iter().map(|threshold| (part(ordinary, threshold), part(foreign, threshold))));
    let at = |index: usize| {
        let rejected = index as f64 / (POINTS - 1) as f64;
        let next = corners.partition_point(|corner| corner.0 <= rejected);
        // the first corner rejects none, so that there is one before
        let (x, y) = corners[next - 1];
        match corners.get(next) {
            Some((next_x, next_y)) => y + (next_y - y) * (rejected - x) / (next_x - x),
            None => y,
        }
    };
    (0..POINTS).map(at).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scores_that_tell_all_none_or_the_wrong_way() {
        let (low, high) = ([1.0, 2.0, 3.0], [4.0, 5.0]);
        let told = Roc::of(&high, &low).unwrap();
        assert_eq!((told.auc, told.error), (1.0, 0.0));
        assert!(told.curve.iter().all(|found| *found == 1.0));
        let wrong = Roc::of(&low, &high).unwrap();
        assert_eq!(wrong.auc, 0.0);
        assert_eq!((wrong.curve[0], wrong.curve[POINTS - 2], wrong.curve[POINTS - 1]), (0.0, 0.0, 1.0));
        let same = Roc::of(&[2.0; 4], &[2.0; 3]).unwrap();
        assert_eq!(same.auc, 0.5);
        assert!(same.curve.iter().enumerate().all(|(k, found)| (found - k as f64 / 32.0).abs() < 1e-12));
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        assert!(Roc::of(&[1.0], &[1.0, 2.0]).is_err());
        assert!(matches!(Roc::of(&[1.0, f64::NAN], &[1.0, 2.0]), Err(Error::NonFinite(_))));
        assert!(quantiles(&[], 5).is_err() && quantiles(&[1.0], 1).is_err());
        assert_eq!(quantiles(&[3.0, 1.0], 5).unwrap(), [1.0, 1.5, 2.0, 2.5, 3.0]);
    }

    proptest! {
        #[test]
        fn curves_rise_and_their_area_is_the_auc(
            ordinary in prop::collection::vec(-20i32..20, 2..60),
            foreign in prop::collection::vec(-20i32..20, 2..60),
        ) {
            let scores = |values: &[i32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
            let (ordinary, foreign) = (scores(&ordinary), scores(&foreign));
            let roc = Roc::of(&ordinary, &foreign).unwrap();
            prop_assert!(roc.curve.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12));
            prop_assert!(roc.curve.iter().all(|found| (0.0..=1.0 + 1e-12).contains(found)));
            prop_assert!((roc.curve[POINTS - 1] - 1.0).abs() < 1e-12);
            let area = roc.curve.windows(2).map(|pair| (pair[0] + pair[1]) / 64.0).sum::<f64>();
            // the curve jumps between its points
            prop_assert!((area - roc.auc).abs() <= 1.0 / 32.0, "{area} {}", roc.auc);
            let back = Roc::of(&foreign, &ordinary).unwrap();
            prop_assert!((roc.auc + back.auc - 1.0).abs() < 1e-12 && (roc.error - back.error).abs() < 1e-12);
        }
    }
}
