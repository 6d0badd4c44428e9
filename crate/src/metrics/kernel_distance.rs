//! The kernel distance (KID, Binkowski et al. 2018): the unbiased squared maximum mean discrepancy of two sets of features
//! under the kernel (x . y / width + 1)^3.

use crate::error::{Error, Result};
use crate::kernels::Kernels;
use crate::kernels::gemm::{Matrix, Scratch, no_epilogue};
use crate::rng::Philox;

/// Over how many draws the distance is averaged, and of how many images each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subsets {
    /// Number of draws.
    pub count: usize,
    /// Images of each set in a draw, without replacement; fewer where a set is smaller.
    pub size: usize,
}

impl Subsets {
    /// 100 draws of 1,000 images.
    pub const STANDARD: Subsets = Subsets { count: 100, size: 1_000 };

    /// A tenth of the draws: the same estimate with more chance in it, for where a person waits for it on one thread.
    pub const QUICK: Subsets = Subsets { count: 10, ..Subsets::STANDARD };
}

/// Mean and standard deviation over `subsets` of the squared discrepancy between draws from `real` and from `generated`,
/// rows of `width`. Both are divided by the root mean square of `real` first, so that the kernel's 1 weighs as much
/// whatever the features' size.
///
/// # Errors
/// [`Error::Data`] for fewer than two images in a set, or real features that are all 0.
pub fn distance(
    real: &[f64],
    generated: &[f64],
    width: usize,
    subsets: Subsets,
    rng: &mut Philox,
) -> Result<(f64, f64)> {
    let rows = |values: &[f64]| values.len().checked_div(width).unwrap_or(0);
    let size = subsets.size.min(rows(real)).min(rows(generated));
    if size < 2 || subsets.count == 0 {
        return Err(too_few());
    }
    let scale = scale(real)?;
    let mut kernel = Kernel { width, scratch: Scratch::new(), products: Vec::new() };
    let mut distances = Vec::with_capacity(subsets.count);
    for _ in 0..subsets.count {
        let x = draw(real, width, size, scale, rng);
        let y = draw(generated, width, size, scale, rng);
        distances.push(kernel.discrepancy(&x, &y, size));
    }
    Ok(super::mean_and_deviation(&distances))
}

/// Rows of generated images that are compared with all others at once.
#[cfg(feature = "measures")]
const BLOCK: usize = 250;

/// The standard error of the distance by bootstrap over the generated images, of what is linear in them: the discrepancy
/// changes by the mean of 2 (E k(y, y') - E k(x, y)) over the images y that are drawn.
///
/// # Errors
/// As [`distance`].
#[cfg(feature = "measures")]
pub fn bootstrap_error(real: &[f64], generated: &[f64], width: usize, rng: &mut Philox) -> Result<f64> {
    let scale = scale(real)?;
    let scaled = |values: &[f64]| values.iter().map(|value| scale * value).collect::<Vec<f64>>();
    let (x, y) = (scaled(real), scaled(generated));
    let mut kernel = Kernel { width, scratch: Scratch::new(), products: Vec::new() };
    let (of_real, of_generated) = (x.len() / width, y.len() / width);
    if of_real == 0 || of_generated < 2 {
        return Err(too_few());
    }
    let mut influences = Vec::with_capacity(of_generated);
    for (block, rows) in y.chunks(BLOCK * width).enumerate() {
        let own = kernel.sums(rows, &y, Some(block * BLOCK));
        let other = kernel.sums(rows, &x, None);
        let influence = |(own, other)| 2.0 * (own / (of_generated - 1) as f64 - other / of_real as f64);
        influences.extend(own.into_iter().zip(other).map(influence));
    }
    Ok(super::bootstrap_error_of_mean(&influences, rng))
}

fn too_few() -> Error {
    Error::Data("the kernel distance takes at least two images of each kind".into())
}

/// What brings the real features to a mean square of 1.
fn scale(real: &[f64]) -> Result<f64> {
    let mean_square = real.iter().map(|value| value * value).sum::<f64>() / real.len().max(1) as f64;
    match mean_square > 0.0 && mean_square.is_finite() {
        true => Ok(mean_square.sqrt().recip()),
        false => Err(Error::Data("the features of the real images are all 0 or no numbers".into())),
    }
}

/// `size` different rows, scaled: the first places of a shuffle that stops there.
fn draw(values: &[f64], width: usize, size: usize, scale: f64, rng: &mut Philox) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len() / width).collect();
    let mut drawn = Vec::with_capacity(size * width);
    for place in 0..size {
        let other = place + rng.below((order.len() - place) as u32) as usize;
        order.swap(place, other);
        let row = order[place] * width;
        drawn.extend(values[row..row + width].iter().map(|value| scale * value));
    }
    drawn
}

struct Kernel {
    width: usize,
    scratch: Scratch<f64>,
    products: Vec<f64>,
}

impl Kernel {
    /// The unbiased estimate (Gretton et al. 2012, lemma 6): pairs of an image with itself are left out.
    fn discrepancy(&mut self, x: &[f64], y: &[f64], size: usize) -> f64 {
        let n = size as f64;
        let (within_x, within_y) = (self.sum(x, x, Some(0)), self.sum(y, y, Some(0)));
        let across = self.sum(x, y, None);
        (within_x + within_y) / (n * (n - 1.0)) - 2.0 * across / (n * n)
    }

    fn sum(&mut self, x: &[f64], y: &[f64], itself: Option<usize>) -> f64 {
        self.sums(x, y, itself).iter().sum()
    }

    /// For each row of `x` the sum of the kernel with all rows of `y`, or, where row 0 of `x` is row `itself` of `y` and so
    /// on, with all others.
    fn sums(&mut self, x: &[f64], y: &[f64], itself: Option<usize>) -> Vec<f64> {
        let (count, others) = (x.len() / self.width, y.len() / self.width);
        let (rows, columns) = (Matrix::row_major(x, self.width), Matrix::row_major(y, self.width).transposed());
        self.products.resize(count * others, 0.0);
        let products = &mut self.products[..count * others];
        f64::gemm(count, self.width, others, rows, columns, products, false, &mut self.scratch, &no_epilogue);
        let scale = 1.0 / self.width as f64;
        let value = |product: f64| {
            let base = product * scale + 1.0;
            base * base * base
        };
        let row = |(index, row): (usize, &[f64])| {
            let sum: f64 = row.iter().map(|product| value(*product)).sum();
            sum - itself.map_or(0.0, |first| value(row[first + index]))
        };
        products.chunks_exact(others).enumerate().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(seed: u64, count: usize, shift: f64) -> Vec<f64> {
        let mut values = vec![0.0f32; count * 6];
        Philox::new(seed, 0).fill_normal(&mut values);
        values.iter().map(|value| f64::from(*value) + shift).collect()
    }

    #[test]
    fn one_distribution_has_no_distance_and_two_have() {
        let subsets = Subsets { count: 30, size: 200 };
        let (same, spread) =
            distance(&points(1, 1000, 0.0), &points(2, 1000, 0.0), 6, subsets, &mut Philox::new(1, 0)).unwrap();
        assert!(same.abs() < spread, "{same} {spread}");
        let (other, spread) =
            distance(&points(1, 1000, 0.0), &points(2, 1000, 0.5), 6, subsets, &mut Philox::new(1, 0)).unwrap();
        assert!(other > 5.0 * spread, "{other} {spread}");
    }

    #[test]
    fn the_error_tells_the_spread_of_fresh_samples() {
        let whole = Subsets { count: 1, size: 400 };
        let real = points(1, 400, 0.0);
        let fresh = |seed| distance(&real, &points(seed, 400, 0.5), 6, whole, &mut Philox::new(1, 0)).unwrap().0;
        let spread = crate::metrics::mean_and_deviation(&(50..90).map(fresh).collect::<Vec<_>>()).1;
        let error = bootstrap_error(&real, &points(99, 400, 0.5), 6, &mut Philox::new(3, 0)).unwrap();
        assert!(error > 0.6 * spread && error < 1.6 * spread, "{error} {spread}");
    }

    #[test]
    fn draws_hold_each_row_once() {
        let values: Vec<f64> = (0..7).map(f64::from).collect();
        let mut drawn = draw(&values, 1, 7, 2.0, &mut Philox::new(4, 0));
        drawn.sort_by(f64::total_cmp);
        assert_eq!(drawn, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
    }

    #[test]
    fn sets_without_a_distance_are_refused() {
        let mut rng = Philox::new(1, 0);
        assert!(distance(&[1.0, 2.0], &[1.0, 2.0], 2, Subsets::STANDARD, &mut rng).is_err());
        assert!(distance(&[0.0; 8], &[1.0; 8], 2, Subsets::STANDARD, &mut rng).is_err());
    }
}
