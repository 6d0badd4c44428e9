//! Matrix multiplication on the CPU: packed panels, a register-tile micro-kernel, an epilogue on finished rows.
//!
//! The loops are Goto's: a block of B's depth is packed into panels that stay in the second-level cache, a panel
//! of A stays in the first, and the micro-kernel ([`kernel`]) streams over both. Packing reads through strides, so
//! a transposed operand costs no more than a plain one. A single row or column takes another way ([`vector`]). Natively
//! the larger side of C is shared out over the threads.

pub mod kernel;
pub mod lanes;
pub(super) mod pack;
mod vector;

#[cfg(test)]
mod tests;

pub use pack::PackedB;

use crate::Epilogue;
use crate::real::Real;
use kernel::{MicroKernel, Tile};
use pack::{Form, Operand, depth_block};

/// A matrix inside a slice: element (row, column) is `data[row * row_stride + column * col_stride]`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a, T> {
    /// The numbers.
    pub data: &'a [T],
    /// From one row to the next, in elements.
    pub row_stride: usize,
    /// From one column to the next, in elements.
    pub col_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// A view with these strides.
    pub fn new(data: &'a [T], row_stride: usize, col_stride: usize) -> Self {
        Self { data, row_stride, col_stride }
    }

    /// A row-major matrix with rows of `columns` numbers.
    pub fn row_major(data: &'a [T], columns: usize) -> Self {
        Self { data, row_stride: columns, col_stride: 1 }
    }

    /// The transpose, without moving anything.
    pub fn transposed(self) -> Self {
        Self { data: self.data, row_stride: self.col_stride, col_stride: self.row_stride }
    }

    fn rows(self) -> Operand<'a, T> {
        Operand { data: self.data, lane_stride: self.row_stride, depth_stride: self.col_stride }
    }

    fn columns(self) -> Operand<'a, T> {
        Operand { data: self.data, lane_stride: self.col_stride, depth_stride: self.row_stride }
    }
}

/// Buffers that calls share, so that a step allocates nothing: they grow to the largest call and stay.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    pub(super) workers: Vec<Workspace<T>>,
}

/// The buffers of one thread.
#[derive(Debug, Default)]
pub(super) struct Workspace<T> {
    pub a: Vec<T>,
    pub b: Vec<T>,
    pub planes: Vec<T>,
    pub blocks: Vec<T>,
    pub products: Vec<T>,
    pub offsets: Vec<u32>,
}

impl<T: Real> Scratch<T> {
    /// Empty buffers.
    pub fn new() -> Self {
        Self { workers: Vec::new() }
    }

    /// Workspaces for `count` threads.
    pub(super) fn workers(&mut self, count: usize) -> &mut [Workspace<T>] {
        if self.workers.len() < count {
            self.workers.resize_with(count, Workspace::default);
        }
        &mut self.workers[..count]
    }
}

/// The first `length` numbers of `buffer`, which grows if it must.
pub(super) fn grown<T: Real>(buffer: &mut Vec<T>, length: usize) -> &mut [T] {
    if buffer.len() < length {
        buffer.resize(length, T::ZERO);
    }
    &mut buffer[..length]
}

/// An epilogue that changes nothing.
pub fn no_epilogue<T>(_start: usize, _values: &mut [T]) {}

/// See [`crate::Kernels::gemm`].
#[allow(clippy::too_many_arguments, reason = "the nine are what a matrix product is")]
pub(crate) fn gemm<T: Real>(
    m: usize,
    k: usize,
    n: usize,
    a: Matrix<T>,
    b: Matrix<T>,
    c: &mut [T],
    accumulate: bool,
    scratch: &mut Scratch<T>,
    epilogue: Epilogue<T>,
) {
    assert!(c.len() >= m * n, "result shorter than its shape");
    if m == 1 || n == 1 {
        let (matrix, vector) = if m == 1 { (b.columns(), a.rows()) } else { (a.rows(), b.columns()) };
        vector::multiply(matrix, vector, k, &mut c[..m * n], accumulate, scratch, epilogue);
        return;
    }
    multiply(T::micro_kernel(), [m, k, n], a.rows(), Right::Strided(b.columns()), c, accumulate, scratch, epilogue);
}

/// See [`crate::Kernels::gemm_packed`].
pub(crate) fn gemm_packed<T: Real>(
    m: usize,
    a: Matrix<T>,
    b: &PackedB<T>,
    c: &mut [T],
    accumulate: bool,
    scratch: &mut Scratch<T>,
    epilogue: Epilogue<T>,
) {
    assert!(c.len() >= m * b.columns(), "result shorter than its shape");
    let sizes = [m, b.depth(), b.columns()];
    if let Form::Row(width) = b.form() {
        assert!(m <= 1, "the matrix was packed for single rows");
        vector::multiply_packed(a.rows(), b, width, &mut c[..m * b.columns()], accumulate, scratch, epilogue);
        return;
    }
    multiply(T::micro_kernel(), sizes, a.rows(), Right::Packed(b), c, accumulate, scratch, epilogue);
}

/// Where the panels of B come from.
#[derive(Clone, Copy)]
enum Right<'a, T> {
    Strided(Operand<'a, T>),
    Packed(&'a PackedB<T>),
}

/// A pointer that threads may share, because each writes other numbers behind it.
#[derive(Clone, Copy)]
pub(super) struct Shared<T>(*mut T);
// SAFETY: each thread is given a part of the result that is its own
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub fn new(slice: &mut [T]) -> Self {
        Self(slice.as_mut_ptr())
    }

    /// The numbers from `start`.
    ///
    /// # Safety
    /// They lie in the slice, and nobody else uses them meanwhile.
    #[allow(clippy::mut_from_ref, reason = "the caller vouches that the parts are disjoint")]
    pub unsafe fn slice(&self, start: usize, length: usize) -> &mut [T] {
        // SAFETY: the caller vouches for it
        unsafe { std::slice::from_raw_parts_mut(self.0.add(start), length) }
    }
}

/// Calls `work` with each workspace and its number: on as many threads as there are workspaces.
pub(super) fn on_workers<T: Real>(workers: &mut [Workspace<T>], work: impl Fn(usize, &mut Workspace<T>) + Sync + Send) {
    #[cfg(not(target_arch = "wasm32"))]
    if workers.len() > 1 {
        use rayon::prelude::*;
        workers.par_iter_mut().enumerate().for_each(|(i, workspace)| work(i, workspace));
        return;
    }
    for (i, workspace) in workers.iter_mut().enumerate() {
        work(i, workspace);
    }
}

/// Threads worth starting for so many multiplications; waking one costs about as much as `2^18` of them.
pub(super) fn useful_threads(multiplications: usize) -> usize {
    #[cfg(not(target_arch = "wasm32"))]
    return usize::clamp(multiplications >> 18, 1, rayon::current_num_threads());
    #[cfg(target_arch = "wasm32")]
    return usize::min(1, multiplications.max(1));
}

#[allow(clippy::too_many_arguments, reason = "the nine are what a matrix product is")]
fn multiply<T: Real>(
    kernel: &MicroKernel<T>,
    [m, k, n]: [usize; 3],
    a: Operand<T>,
    b: Right<T>,
    c: &mut [T],
    accumulate: bool,
    scratch: &mut Scratch<T>,
    epilogue: Epilogue<T>,
) {
    if m == 0 || n == 0 {
        return;
    }
    let workers = scratch.workers(useful_threads(m * k * n));
    // the longer side is cut, in whole tiles; what belongs to the shorter side is packed by each thread
    let (rows, columns) = if workers.len() == 1 {
        (m, n)
    } else if n >= m {
        (m, n.div_ceil(workers.len()).next_multiple_of(kernel.columns))
    } else {
        (m.div_ceil(workers.len()).next_multiple_of(kernel.rows), n)
    };
    let result = Shared::new(c);
    on_workers(workers, |i, workspace| {
        let part = Part {
            row: usize::min(if rows < m { i * rows } else { 0 }, m),
            rows,
            column: usize::min(if columns < n { i * columns } else { 0 }, n),
            columns,
        };
        let part = Part { rows: rows.min(m - part.row), columns: columns.min(n - part.column), ..part };
        // the rounding to whole tiles can leave the last threads without work
        let spare = i > 0 && part.row == 0 && part.column == 0;
        if part.rows > 0 && part.columns > 0 && !spare {
            multiply_part(kernel, part, k, n, a, b, result, accumulate, workspace, epilogue);
        }
    });
}

/// A rectangle of the result.
#[derive(Clone, Copy)]
struct Part {
    row: usize,
    rows: usize,
    column: usize,
    columns: usize,
}

/// Rows of A that are packed together: with a depth block they fill part of the second-level cache.
const ROW_BLOCK: usize = 120;
/// Columns of B that are packed together.
const COLUMN_BLOCK: usize = 1024;

#[allow(clippy::too_many_arguments, reason = "the nine of a matrix product and its part")]
fn multiply_part<T: Real>(
    kernel: &MicroKernel<T>,
    part: Part,
    k: usize,
    n: usize,
    a: Operand<T>,
    b: Right<T>,
    c: Shared<T>,
    accumulate: bool,
    workspace: &mut Workspace<T>,
    epilogue: Epilogue<T>,
) {
    let block = depth_block(k);
    let row_block = usize::min(ROW_BLOCK.next_multiple_of(kernel.rows), part.rows.next_multiple_of(kernel.rows));
    for first_column in (0..part.columns).step_by(COLUMN_BLOCK) {
        let columns = usize::min(COLUMN_BLOCK, part.columns - first_column);
        let column = part.column + first_column;
        // one turn even when k is 0: the result is cleared and the epilogue runs
        for first_depth in (0..usize::max(k, 1)).step_by(block) {
            let depth = usize::min(block, k - first_depth);
            let last = first_depth + depth == k;
            let b_panels: &[T] = match b {
                Right::Packed(packed) => packed.panels(kernel.columns, column, first_depth, depth),
                Right::Strided(b) => {
                    let panels = grown(&mut workspace.b, columns.next_multiple_of(kernel.columns) * depth);
                    b.pack(column, columns, first_depth, depth, kernel.columns, kernel.columns, panels);
                    panels
                }
            };
            for first_row in (0..part.rows).step_by(row_block) {
                let rows = usize::min(row_block, part.rows - first_row);
                let row = part.row + first_row;
                // panels of nearly equal height: a last one of few rows would keep the arithmetic units waiting
                let height = rows.div_ceil(rows.div_ceil(kernel.rows));
                let a_panels = grown(&mut workspace.a, rows.div_ceil(height) * kernel.rows * depth);
                a.pack(row, rows, first_depth, depth, height, kernel.rows, a_panels);
                let add = accumulate || first_depth > 0;
                let target = Target { c, start: row * n + column, stride: n, rows, height, columns, add };
                multiply_block(kernel, a_panels, b_panels, depth, &target);
                if !last {
                    continue;
                }
                // SAFETY: the rectangle is this call's own, and the numbers are inside the result
                unsafe {
                    if columns == n {
                        epilogue(target.start, c.slice(target.start, rows * n));
                    } else {
                        for r in 0..rows {
                            epilogue(target.start + r * n, c.slice(target.start + r * n, columns));
                        }
                    }
                }
            }
        }
    }
}

/// A block of the result that is computed from packed panels.
struct Target<T> {
    c: Shared<T>,
    start: usize,
    stride: usize,
    rows: usize,
    /// Rows in a panel of A.
    height: usize,
    columns: usize,
    add: bool,
}

/// Columns of B that meet all panels of A before the next ones: with a depth block they stay in the second-level cache,
/// and a panel of A, which meets them one after the other, in the first. (Measured in Chromium 156: a tenth faster than
/// all panels of A for each panel of B.)
const COLUMN_GROUP: usize = 256;

/// Runs the micro-kernel over all tiles of a block.
fn multiply_block<T: Real>(kernel: &MicroKernel<T>, a: &[T], b: &[T], depth: usize, target: &Target<T>) {
    /// The largest tile of any kernel.
    const LARGEST_TILE: usize = 12 * 32;
    let mut edge = [T::ZERO; LARGEST_TILE];
    assert!(kernel.rows * kernel.columns <= LARGEST_TILE && COLUMN_GROUP.is_multiple_of(kernel.columns));
    assert!(target.height <= kernel.rows && a.len() >= target.rows.div_ceil(target.height) * kernel.rows * depth);
    assert!(b.len() >= target.columns.next_multiple_of(kernel.columns) * depth);
    for group in (0..target.columns).step_by(COLUMN_GROUP) {
        let end = usize::min(group + COLUMN_GROUP, target.columns);
        for (panel, row) in (0..target.rows).step_by(target.height).enumerate() {
            let rows = usize::min(target.height, target.rows - row);
            for column in (group..end).step_by(kernel.columns) {
                let columns = usize::min(kernel.columns, target.columns - column);
                let start = target.start + row * target.stride + column;
                // SAFETY: the panels were checked above; the tile lies in the rectangle that is this call's own, or is
                // `edge`, which is large enough
                unsafe {
                    let operands = Tile {
                        depth,
                        a: a.as_ptr().add(panel * kernel.rows * depth),
                        b: b.as_ptr().add(column * depth),
                        c: target.c.0.add(start),
                        c_stride: target.stride,
                        accumulate: target.add,
                    };
                    if columns == kernel.columns {
                        (kernel.run)(rows, &operands);
                        continue;
                    }
                    let c_stride = kernel.columns;
                    (kernel.run)(rows, &Tile { c: edge.as_mut_ptr(), c_stride, accumulate: false, ..operands });
                    for r in 0..rows {
                        let out = target.c.slice(start + r * target.stride, columns);
                        for (out, &value) in out.iter_mut().zip(&edge[r * c_stride..]) {
                            *out = if target.add { *out + value } else { value };
                        }
                    }
                }
            }
        }
    }
}
