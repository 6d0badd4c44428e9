//! Matrix times vector: as fast as the matrix can be read.

use super::kernel::DOTS;
use crate::real::Real;

/// `y[o] (+)= sum over i of matrix[o * out_stride + i * in_stride] * x[i]`.
pub(super) fn gemv<T: Real>(matrix: &[T], out_stride: usize, in_stride: usize, x: &[T], y: &mut [T], accumulate: bool) {
    if !accumulate {
        y.fill(T::ZERO);
    }
    if x.is_empty() || y.is_empty() {
        return;
    }
    let last = (y.len() - 1) * out_stride + (x.len() - 1) * in_stride;
    assert!(last < matrix.len(), "operand shorter than its shape");
    if in_stride == 1 {
        dot_products(matrix, out_stride, x, y);
    } else if out_stride == 1 {
        scaled_rows(matrix, in_stride, x, y);
    } else {
        for (o, y) in y.iter_mut().enumerate() {
            let mut sum = T::ZERO;
            for (i, &x) in x.iter().enumerate() {
                sum += matrix[o * out_stride + i * in_stride] * x;
            }
            *y += sum;
        }
    }
}

/// Rows of the matrix are contiguous: each output is a dot product.
fn dot_products<T: Real>(matrix: &[T], out_stride: usize, x: &[T], y: &mut [T]) {
    let kernel = T::micro_kernel();
    for (group, y) in y.chunks_mut(DOTS).enumerate() {
        // the last group may repeat its last row
        let row = |r: usize| matrix[(group * DOTS + usize::min(r, y.len() - 1)) * out_stride..][..x.len()].as_ptr();
        let rows: [*const T; DOTS] = std::array::from_fn(row);
        // SAFETY: each row was sliced to the length of x; the kernel is one for this machine
        let sums = unsafe { (kernel.dots)(rows, x.as_ptr(), x.len()) };
        for (y, sum) in y.iter_mut().zip(sums) {
            *y += sum;
        }
    }
}

/// Columns of the matrix are contiguous: the output is a sum of scaled rows; eight at a time, so that the output is
/// read and written an eighth as often as the matrix.
fn scaled_rows<T: Real>(matrix: &[T], in_stride: usize, x: &[T], y: &mut [T]) {
    let (groups, rest) = x.as_chunks::<8>();
    for (g, factors) in groups.iter().enumerate() {
        let row = |i: usize| &matrix[(8 * g + i) * in_stride..][..y.len()];
        let rows: [&[T]; 8] = std::array::from_fn(row);
        add_scaled_rows(rows, *factors, y);
    }
    for (i, &factor) in rest.iter().enumerate() {
        let row = &matrix[(8 * groups.len() + i) * in_stride..][..y.len()];
        add_scaled_rows([row], [factor], y);
    }
}

#[inline(always)]
fn add_scaled_rows<T: Real, const ROWS: usize>(rows: [&[T]; ROWS], factors: [T; ROWS], y: &mut [T]) {
    // equal lengths, told to the compiler once, make the loop free of checks
    let rows = rows.map(|row| &row[..y.len()]);
    for (o, y) in y.iter_mut().enumerate() {
        let mut sum = *y;
        for r in 0..ROWS {
            sum += rows[r][o] * factors[r];
        }
        *y = sum;
    }
}
