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
    let mean_square = real.iter().map(|value| value * value).sum::<f64>() / real.len().max(1) as f64;
    if size < 2 || subsets.count == 0 {
        return Err(Error::Data("the kernel distance takes at least two images of each kind".into()));
    }
    if !(mean_square > 0.0 && mean_square.is_finite()) {
        return Err(Error::Data("the features of the real images are all 0 or no numbers".into()));
    }
    let scale = mean_square.sqrt().recip();
    let mut kernel = Kernel { width, scratch: Scratch::new(), products: vec![0.0; size * size] };
    let mut distances = Vec::with_capacity(subsets.count);
    for _ in 0..subsets.count {
        let x = draw(real, width, size, scale, rng);
        let y = draw(generated, width, size, scale, rng);
        distances.push(kernel.discrepancy(&x, &y, size));
    }
    Ok(super::mean_and_deviation(&distances))
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
        let (within_x, within_y) = (self.sum(x, x, size, true), self.sum(y, y, size, true));
        let across = self.sum(x, y, size, false);
        (within_x + within_y) / (n * (n - 1.0)) - 2.0 * across / (n * n)
    }

    /// The sum of the kernel over all pairs, or over all but the diagonal ones.
    fn sum(&mut self, x: &[f64], y: &[f64], size: usize, skip_diagonal: bool) -> f64 {
        let (rows, columns) = (Matrix::row_major(x, self.width), Matrix::row_major(y, self.width).transposed());
        f64::gemm(size, self.width, size, rows, columns, &mut self.products, false, &mut self.scratch, &no_epilogue);
        let scale = 1.0 / self.width as f64;
        let mut total = 0.0;
        for (index, row) in self.products.chunks_exact(size).enumerate() {
            let mut sum = 0.0;
            for product in row {
                let base = product * scale + 1.0;
                sum += base * base * base;
            }
            if skip_diagonal {
                sum -= (row[index] * scale + 1.0).powi(3);
            }
            total += sum;
        }
        total
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
