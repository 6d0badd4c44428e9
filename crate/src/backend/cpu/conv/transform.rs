//! The transforms to and from Winograd's domain, on whole registers.

use crate::backend::cpu::gemm::lanes::Lanes;
use crate::real::Real;

/// Kernels of one panel of output channels on their way to Winograd's domain.
pub struct Kernels<T> {
    /// For each input channel nine groups of `width` numbers, one for each tap; up to a register's length more is read.
    pub taps: *const T,
    /// Where the first component's group for the first input channel goes; those of later channels follow.
    pub out: *mut T,
    /// From one of the 16 components to the next: `channels * width` and a register's length, which may be written.
    pub component_stride: usize,
    /// Input channels.
    pub channels: usize,
    /// Output channels in a panel.
    pub width: usize,
    /// Read the taps backwards.
    pub reversed: bool,
}

/// A row of 4x4 blocks of a staged channel, two pixels apart, on their way to Winograd's domain.
pub struct BlockRow<T> {
    /// The first even column of the first staged row; columns are sorted by parity.
    pub even: *const T,
    /// The first odd column of the first staged row.
    pub odd: *const T,
    /// From one staged row to the next.
    pub row_stride: usize,
    /// Where the first of the 16 transformed numbers of the first block goes; those of later blocks follow.
    pub out: *mut T,
    /// From one of the 16 numbers to the next.
    pub component_stride: usize,
    /// Blocks; up to a register's length more are read and written.
    pub blocks: usize,
}

/// A row of 2x2 blocks of output pixels on their way from Winograd's domain.
pub struct OutputRow<T> {
    /// The first of the 16 numbers of the first block; up to a register's length more blocks are read.
    pub from: *const T,
    /// From one of the 16 numbers to the next.
    pub component_stride: usize,
    /// Where the rows of pixels go: the second may be missing.
    pub rows: [Option<*mut T>; 2],
    /// Pixels in a row: as many as the blocks have, or one less.
    pub width: usize,
}

/// `G g G^T` for the matrix G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1].
#[inline(always)]
pub(super) unsafe fn kernels<V: Lanes>(kernels: &Kernels<V::Scalar>)
where
    V::Scalar: Real,
{
    let half = V::Scalar::from_f64(0.5);
    // SAFETY: the caller vouches for the pointers and for the instruction set
    unsafe {
        let half = V::splat(&half);
        let transform = |g: [V; 3]| {
            let (outer, middle) = (V::zero().add_product(half, g[0].add(g[2])), V::zero().add_product(half, g[1]));
            [g[0], outer.add(middle), outer.sub(middle), g[2]]
        };
        for channel in 0..kernels.channels {
            for lane in (0..kernels.width).step_by(V::COUNT) {
                // the last register may overlap the one before
                let lane = usize::min(lane, kernels.width.saturating_sub(V::COUNT));
                let taps = kernels.taps.add(channel * 9 * kernels.width + lane);
                let tap = |i: usize| V::load(taps.add(if kernels.reversed { 8 - i } else { i } * kernels.width));
                let [first, second, third] = [0, 3, 6].map(|i| transform([tap(i), tap(i + 1), tap(i + 2)]));
                for j in 0..4 {
                    for (i, value) in transform([first[j], second[j], third[j]]).into_iter().enumerate() {
                        let component = kernels.out.add((4 * i + j) * kernels.component_stride);
                        value.store(component.add(channel * kernels.width + lane));
                    }
                }
            }
        }
    }
}

/// `B^T d B` for the matrix B^T = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1].
#[inline(always)]
pub(super) unsafe fn blocks<V: Lanes>(row: &BlockRow<V::Scalar>) {
    // SAFETY: the caller vouches for the pointers and for the instruction set
    unsafe {
        let transform = |d: [V; 4]| [d[0].sub(d[2]), d[1].add(d[2]), d[2].sub(d[1]), d[1].sub(d[3])];
        for block in (0..row.blocks).step_by(V::COUNT) {
            let rows: [[V; 4]; 4] = std::array::from_fn(|i| {
                let (even, odd) = (row.even.add(i * row.row_stride + block), row.odd.add(i * row.row_stride + block));
                transform([V::load(even), V::load(odd), V::load(even.add(1)), V::load(odd.add(1))])
            });
            let [first, second, third, fourth] = rows;
            for j in 0..4 {
                let column = transform([first[j], second[j], third[j], fourth[j]]);
                for (i, value) in column.into_iter().enumerate() {
                    value.store(row.out.add((4 * i + j) * row.component_stride + block));
                }
            }
        }
    }
}

/// `A^T m A` for the matrix A^T = [1 1 1 0; 0 1 -1 -1].
#[inline(always)]
pub(super) unsafe fn pixels<V: Lanes>(row: &OutputRow<V::Scalar>)
where
    V::Scalar: Default,
{
    // SAFETY: the caller vouches for the pointers and for the instruction set
    unsafe {
        let transform = |m: [V; 4]| [m[0].add(m[1]).add(m[2]), m[1].sub(m[2]).sub(m[3])];
        for block in (0..row.width.div_ceil(2)).step_by(V::COUNT) {
            let from = row.from.add(block);
            let rows: [[V; 2]; 4] = std::array::from_fn(|i| {
                transform(std::array::from_fn(|j| V::load(from.add((4 * i + j) * row.component_stride))))
            });
            let columns = [0, 1].map(|j| transform([rows[0][j], rows[1][j], rows[2][j], rows[3][j]]));
            let first = 2 * block;
            let pixels = usize::min(2 * V::COUNT, row.width - first);
            for (i, out) in row.rows.iter().enumerate() {
                let Some(out) = out else { continue };
                let (even, odd) = (columns[0][i], columns[1][i]);
                if pixels == 2 * V::COUNT {
                    even.store_interleaved(odd, out.add(first));
                    continue;
                }
                let mut edge = [V::Scalar::default(); 32];
                even.store_interleaved(odd, edge.as_mut_ptr());
                for (x, &value) in edge[..pixels].iter().enumerate() {
                    *out.add(first + x) = value;
                }
            }
        }
    }
}
