//! Packing: copies a block of an operand into panels, the order in which the micro-kernel reads it.
//!
//! A panel holds `width` neighbouring rows of A (or columns of B), called lanes here, for a range of the depth:
//! `panel[depth * width + lane]`. A panel with fewer lanes leaves the rest of each group as it was; what the kernels
//! compute from there is dropped.

use super::kernel::Kernel;
use crate::real::Real;

/// An operand as the packing sees it: lanes (rows of A, columns of B) by depth.
#[derive(Clone, Copy)]
pub(crate) struct Operand<'a, T> {
    pub data: &'a [T],
    pub lane_stride: usize,
    pub depth_stride: usize,
}

impl<T: Real> Operand<'_, T> {
    /// Packs `lanes` lanes from `first_lane` and `depth` steps from `first_depth` into panels of `height` lanes, one
    /// after the other in `out`, each with room for `width`.
    #[allow(clippy::too_many_arguments, reason = "the two ranges and the form of the panels")]
    pub fn pack(
        &self,
        first_lane: usize,
        lanes: usize,
        first_depth: usize,
        depth: usize,
        height: usize,
        width: usize,
        out: &mut [T],
    ) {
        if lanes == 0 || depth == 0 {
            return;
        }
        let last = (first_lane + lanes - 1) * self.lane_stride + (first_depth + depth - 1) * self.depth_stride;
        assert!(last < self.data.len(), "operand shorter than its shape");
        assert!(height <= width);
        for (panel, out) in out.chunks_exact_mut(width * depth).take(lanes.div_ceil(height)).enumerate() {
            let start = (first_lane + panel * height) * self.lane_stride + first_depth * self.depth_stride;
            self.pack_panel(start, usize::min(height, lanes - panel * height), depth, width, out);
        }
    }

    fn pack_panel(&self, start: usize, lanes: usize, depth: usize, width: usize, out: &mut [T]) {
        const NATIVE: bool = !cfg!(target_arch = "wasm32");
        if self.lane_stride == 1 {
            // short copies of a fixed length are single instructions, others are calls; in WebAssembly tiles are 4 x 8
            match lanes {
                4 => self.copy_groups::<4>(start, depth, width, out),
                5 if NATIVE => self.copy_groups::<5>(start, depth, width, out),
                6 if NATIVE => self.copy_groups::<6>(start, depth, width, out),
                8 => self.copy_groups::<8>(start, depth, width, out),
                10 if NATIVE => self.copy_groups::<10>(start, depth, width, out),
                11 if NATIVE => self.copy_groups::<11>(start, depth, width, out),
                12 if NATIVE => self.copy_groups::<12>(start, depth, width, out),
                16 if NATIVE => self.copy_groups::<16>(start, depth, width, out),
                32 => self.copy_groups::<32>(start, depth, width, out),
                _ => {
                    for (step, group) in out.chunks_exact_mut(width).enumerate() {
                        let from = start + step * self.depth_stride;
                        for (lane, value) in group.iter_mut().enumerate().take(lanes) {
                            *value = self.data[from + lane];
                        }
                    }
                }
            }
        } else if self.depth_stride == 1 {
            self.transpose(start, lanes, depth, width, out);
        } else {
            self.copy_strided(start, lanes, 0..depth, width, out);
        }
    }

    /// Lanes lie side by side in memory: one short copy per step.
    #[inline(always)]
    fn copy_groups<const LANES: usize>(&self, start: usize, depth: usize, width: usize, out: &mut [T]) {
        for (step, group) in out.chunks_exact_mut(width).enumerate().take(depth) {
            let from = start + step * self.depth_stride;
            if let (Some(group), Some(values)) =
                (group.first_chunk_mut::<LANES>(), self.data[from..].first_chunk::<LANES>())
            {
                *group = *values;
            }
        }
    }

    /// The depth lies side by side in memory: blocks of 4x4 are transposed in registers.
    fn transpose(&self, start: usize, lanes: usize, depth: usize, width: usize, out: &mut [T]) {
        if lanes < 4 {
            self.copy_strided(start, lanes, 0..depth, width, out);
            return;
        }
        let whole_depth = depth / 4 * 4;
        assert!(out.len() >= depth * width);
        for lane in (0..lanes).step_by(4) {
            // the last block may overlap the one before: writing a number twice is cheaper than single steps
            let lane = usize::min(lane, lanes - 4);
            let from = &self.data[start + lane * self.lane_stride..];
            for step in (0..whole_depth).step_by(4) {
                // SAFETY: `pack` has checked the last number of the block; `out` holds depth * width numbers, and
                // step + 3 < depth, lane + 3 < width
                unsafe {
                    let to = out.as_mut_ptr().add(step * width + lane);
                    <T as Kernel>::transpose_4x4(from.as_ptr().add(step), self.lane_stride, to, width);
                }
            }
        }
        self.copy_strided(start, lanes, whole_depth..depth, width, out);
    }

    fn copy_strided(&self, start: usize, lanes: usize, depth: std::ops::Range<usize>, width: usize, out: &mut [T]) {
        for lane in 0..lanes {
            for step in depth.clone() {
                out[step * width + lane] = self.data[start + lane * self.lane_stride + step * self.depth_stride];
            }
        }
    }
}

/// The depth is walked in equal blocks of at most this many steps, so that a panel of each operand stays in the
/// first-level cache.
const MAX_DEPTH_BLOCK: usize = 400;

/// The length of the blocks that `depth` is cut into (the last may be shorter).
pub(super) fn depth_block(depth: usize) -> usize {
    let blocks = usize::max(1, depth.div_ceil(MAX_DEPTH_BLOCK));
    usize::max(1, depth.div_ceil(blocks)).next_multiple_of(4)
}

/// An operand packed once and used often: the weights of a network that is not being trained.
///
/// It takes the place of B in [`super::gemm_packed`].
#[derive(Clone, Debug)]
pub struct PackedB<T> {
    data: Vec<T>,
    columns: usize,
    depth: usize,
    form: Form,
}

/// How the panels are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// For tiles: blocks of the depth, each in panels of this width.
    Tiles(usize),
    /// For a single row: panels of this width over the whole depth, read from one end to the other.
    Row(usize),
}

impl<T: Real> PackedB<T> {
    /// See [`crate::Kernels::pack`].
    pub(crate) fn new(single: bool, depth: usize, columns: usize, b: super::Matrix<T>) -> Self {
        let kernel = T::micro_kernel();
        let form = if single { Form::Row(kernel.row_columns) } else { Form::Tiles(kernel.columns) };
        let mut packed = Self { data: Vec::new(), columns, depth, form };
        packed.repack(b);
        packed
    }

    /// Packs another matrix of the same shape in place.
    ///
    /// # Panics
    /// If `b` is shorter than its shape.
    pub fn repack(&mut self, b: super::Matrix<T>) {
        let (width, block) = match self.form {
            Form::Tiles(width) => (width, depth_block(self.depth)),
            Form::Row(width) => (width, usize::max(1, self.depth)),
        };
        let padded = self.columns.next_multiple_of(width);
        self.data.resize(padded * self.depth, T::ZERO);
        for first in (0..self.depth).step_by(block) {
            let length = usize::min(block, self.depth - first);
            let out = &mut self.data[first * padded..(first + length) * padded];
            b.columns().pack(0, self.columns, first, length, width, width, out);
        }
    }

    /// Columns of the matrix.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Rows of the matrix.
    pub fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// The panels of `width` from column `first` (a multiple of it) for the depth block that starts at `first_depth`
    /// and is `depth` long.
    pub(super) fn panels(&self, width: usize, first: usize, first_depth: usize, depth: usize) -> &[T] {
        let padded = self.columns.next_multiple_of(width);
        &self.data[first_depth * padded..(first_depth + depth) * padded][first * depth..]
    }
}
