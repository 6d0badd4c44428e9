//! Matrix times vector: as fast as the matrix can be read.

use super::kernel::{DOTS, Tile};
use super::pack::{Operand, PackedB};
use super::{Scratch, Shared, grown, on_workers, useful_threads};
use crate::Epilogue;
use crate::real::Real;

/// `y (+)= matrix x`: the lanes of `matrix` by the only lane of `vector`.
pub(super) fn multiply<T: Real>(
    matrix: Operand<T>,
    vector: Operand<T>,
    depth: usize,
    y: &mut [T],
    accumulate: bool,
    scratch: &mut Scratch<T>,
    epilogue: Epilogue<T>,
) {
    let workers = scratch.workers(useful_threads(depth * y.len()));
    let mut copied = std::mem::take(&mut workers[0].a);
    let x = contiguous(vector, depth, &mut copied);
    let part = y.len().div_ceil(workers.len()).next_multiple_of(16);
    let (length, shared) = (y.len(), Shared::new(y));
    on_workers(workers, |i, _| {
        let (start, end) = (usize::min(i * part, length), usize::min((i + 1) * part, length));
        if start == end {
            return;
        }
        // SAFETY: the parts do not overlap and end with y
        let y = unsafe { shared.slice(start, end - start) };
        let from = usize::min(start * matrix.lane_stride, matrix.data.len());
        gemv(&matrix.data[from..], matrix.lane_stride, matrix.depth_stride, x, y, accumulate);
        epilogue(start, y);
    });
    scratch.workers[0].a = copied;
}

/// The numbers of a vector side by side: where they lie, or copied.
fn contiguous<'a, T: Real>(vector: Operand<'a, T>, depth: usize, copied: &'a mut Vec<T>) -> &'a [T] {
    if vector.depth_stride == 1 {
        return &vector.data[..depth];
    }
    let copied = grown(copied, depth);
    for (i, x) in copied.iter_mut().enumerate() {
        *x = vector.data[i * vector.depth_stride];
    }
    copied
}

/// `c (+)= row B`: `b` is packed for single rows, in panels of `width`.
pub(super) fn multiply_packed<T: Real>(
    row: Operand<T>,
    b: &PackedB<T>,
    width: usize,
    c: &mut [T],
    accumulate: bool,
    scratch: &mut Scratch<T>,
    epilogue: Epilogue<T>,
) {
    /// The widest panel of any kernel.
    const WIDEST: usize = 64;
    let run = T::micro_kernel().run_row;
    let (depth, columns) = (b.depth(), c.len());
    let workers = scratch.workers(useful_threads(depth * columns));
    let mut copied = std::mem::take(&mut workers[0].a);
    let x = contiguous(row, depth, &mut copied);
    assert!(width <= WIDEST && x.len() == depth);
    let part = columns.div_ceil(workers.len()).next_multiple_of(width);
    let shared = Shared::new(c);
    on_workers(workers, |i, _| {
        let (start, end) = (usize::min(i * part, columns), usize::min((i + 1) * part, columns));
        if start == end {
            return;
        }
        // SAFETY: the parts do not overlap and end with the row
        let c = unsafe { shared.slice(start, end - start) };
        let mut edge = [T::ZERO; WIDEST];
        let panels = b.panels(width, start, 0, depth);
        for (panel, c) in c.chunks_mut(width).enumerate() {
            let b = &panels[panel * width * depth..][..width * depth];
            let whole = c.len() == width;
            let target = if whole { c.as_mut_ptr() } else { edge.as_mut_ptr() };
            let (a, b) = (x.as_ptr(), b.as_ptr());
            // SAFETY: the row, the panel and what is written were cut to these sizes; the kernel is one for this machine
            unsafe { run(&Tile { depth, a, b, c: target, c_stride: width, accumulate: accumulate && whole }) };
            if !whole {
                for (c, &value) in c.iter_mut().zip(&edge) {
                    *c = if accumulate { *c + value } else { value };
                }
            }
        }
        epilogue(start, c);
    });
    scratch.workers[0].a = copied;
}

/// `y[o] (+)= sum over i of matrix[o * out_stride + i * in_stride] * x[i]`.
fn gemv<T: Real>(matrix: &[T], out_stride: usize, in_stride: usize, x: &[T], y: &mut [T], accumulate: bool) {
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
