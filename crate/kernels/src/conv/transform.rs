//! The transforms to and from Winograd's domain, on whole registers.

use crate::gemm::lanes::Lanes;
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

// No closures below, for the reason given at the kernels.

/// One direction of `G g G^T`, G = [1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1].
#[inline(always)]
unsafe fn transform_kernel<V: Lanes>(half: V, g: [V; 3]) -> [V; 4] {
    // SAFETY: the caller has checked the instruction set
    unsafe {
        let outer = V::zero().add_product(half, g[0].add(g[2]));
        let middle = V::zero().add_product(half, g[1]);
        [g[0], outer.add(middle), outer.sub(middle), g[2]]
    }
}

/// One direction of `B^T d B`, B^T = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1].
#[inline(always)]
unsafe fn transform_block<V: Lanes>(d: [V; 4]) -> [V; 4] {
    // SAFETY: the caller has checked the instruction set
    unsafe { [d[0].sub(d[2]), d[1].add(d[2]), d[2].sub(d[1]), d[1].sub(d[3])] }
}

/// One direction of `A^T m A`, A^T = [1 1 1 0; 0 1 -1 -1].
#[inline(always)]
unsafe fn transform_sums<V: Lanes>(m: [V; 4]) -> [V; 2] {
    // SAFETY: the caller has checked the instruction set
    unsafe { [m[0].add(m[1]).add(m[2]), m[1].sub(m[2]).sub(m[3])] }
}

/// See [`super::kernel::ConvKernel::kernels_to_winograd`].
#[inline(always)]
pub(super) unsafe fn kernels<V: Lanes>(kernels: &Kernels<V::Scalar>)
where
    V::Scalar: Real,
{
    let half = V::Scalar::from_f64(0.5);
    // SAFETY: the caller vouches for the pointers and for the instruction set
    unsafe {
        let half = V::splat(&half);
        for channel in 0..kernels.channels {
            for lane in (0..kernels.width).step_by(V::COUNT) {
                // the last register may overlap the one before
                let lane = usize::min(lane, kernels.width.saturating_sub(V::COUNT));
                let taps = kernels.taps.add(channel * 9 * kernels.width + lane);
                let mut rows = [[V::zero(); 4]; 3];
                for (i, row) in rows.iter_mut().enumerate() {
                    let mut g = [V::zero(); 3];
                    for (j, g) in g.iter_mut().enumerate() {
                        let tap = 3 * i + j;
                        *g = V::load(taps.add(if kernels.reversed { 8 - tap } else { tap } * kernels.width));
                    }
                    *row = transform_kernel(half, g);
                }
                let [first, second, third] = rows;
                for j in 0..4 {
                    let column = transform_kernel(half, [first[j], second[j], third[j]]);
                    for (i, value) in column.into_iter().enumerate() {
                        let component = kernels.out.add((4 * i + j) * kernels.component_stride);
                        value.store(component.add(channel * kernels.width + lane));
                    }
                }
            }
        }
    }
}

/// See [`super::kernel::ConvKernel::to_winograd`].
#[inline(always)]
pub(super) unsafe fn blocks<V: Lanes>(row: &BlockRow<V::Scalar>) {
    // SAFETY: the caller vouches for the pointers and for the instruction set
    unsafe {
        for block in (0..row.blocks).step_by(V::COUNT) {
            let mut rows = [[V::zero(); 4]; 4];
            for (i, values) in rows.iter_mut().enumerate() {
                let (even, odd) = (row.even.add(i * row.row_stride + block), row.odd.add(i * row.row_stride + block));
                *values = transform_block([V::load(even), V::load(odd), V::load(even.add(1)), V::load(odd.add(1))]);
            }
            let [first, second, third, fourth] = rows;
            for j in 0..4 {
                let column = transform_block([first[j], second[j], third[j], fourth[j]]);
                for (i, value) in column.into_iter().enumerate() {
                    value.store(row.out.add((4 * i + j) * row.component_stride + block));
                }
            }
        }
    }
}

/// See [`super::kernel::ConvKernel::from_winograd`].
#[inline(always)]
pub(super) unsafe fn pixels<V: Lanes>(row: &OutputRow<V::Scalar>)
where
    V::Scalar: Default,
{
    // SAFETY: the caller vouches for the pointers and for the instruction set
    unsafe {
        for block in (0..row.width.div_ceil(2)).step_by(V::COUNT) {
            let from = row.from.add(block);
            let mut rows = [[V::zero(); 2]; 4];
            for (i, values) in rows.iter_mut().enumerate() {
                let mut sums = [V::zero(); 4];
                for (j, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(from.add((4 * i + j) * row.component_stride));
                }
                *values = transform_sums(sums);
            }
            let [first, second, third, fourth] = rows;
            let even = transform_sums([first[0], second[0], third[0], fourth[0]]);
            let odd = transform_sums([first[1], second[1], third[1], fourth[1]]);
            let start = 2 * block;
            let pixels = usize::min(2 * V::COUNT, row.width - start);
            for (i, out) in row.rows.iter().enumerate() {
                let Some(out) = out else { continue };
                if pixels == 2 * V::COUNT {
                    even[i].store_interleaved(odd[i], out.add(start));
                    continue;
                }
                let mut edge = [V::Scalar::default(); 32];
                even[i].store_interleaved(odd[i], edge.as_mut_ptr());
                for (x, &value) in edge[..pixels].iter().enumerate() {
                    *out.add(start + x) = value;
                }
            }
        }
    }
}
