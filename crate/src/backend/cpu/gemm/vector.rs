//! Matrix times vector: as fast as the matrix can be read.

use crate::real::Real;

/// So many sums run side by side, to hide the latency of the additions.
const LANES: usize = 16;

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

/// Rows of the matrix are contiguous: each output is a dot product; two at a time share the loads of `x`.
fn dot_products<T: Real>(matrix: &[T], out_stride: usize, x: &[T], y: &mut [T]) {
    let row = |o: usize| &matrix[o * out_stride..][..x.len()];
    let (pairs, rest) = y.as_chunks_mut::<2>();
    let first_rest = pairs.len() * 2;
    for (pair, y) in pairs.iter_mut().enumerate() {
        let sums = dots([row(2 * pair), row(2 * pair + 1)], x);
        y[0] += sums[0];
        y[1] += sums[1];
    }
    for (o, y) in rest.iter_mut().enumerate() {
        *y += dots([row(first_rest + o)], x)[0];
    }
}

#[inline(always)]
fn dots<T: Real, const ROWS: usize>(rows: [&[T]; ROWS], x: &[T]) -> [T; ROWS] {
    let (x_chunks, x_rest) = x.as_chunks::<LANES>();
    let chunks = rows.map(|row| row.as_chunks::<LANES>());
    let mut sums = [[T::ZERO; LANES]; ROWS];
    for (c, x) in x_chunks.iter().enumerate() {
        for (sums, chunks) in sums.iter_mut().zip(&chunks) {
            let row = &chunks.0[c];
            for lane in 0..LANES {
                sums[lane] += row[lane] * x[lane];
            }
        }
    }
    std::array::from_fn(|r| {
        let mut lanes = sums[r];
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                lanes[lane] += lanes[lane + width];
            }
            width /= 2;
        }
        let mut sum = lanes[0];
        for (&m, &x) in chunks[r].1.iter().zip(x_rest) {
            sum += m * x;
        }
        sum
    })
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
