//! The micro-kernels of convolution: register tiles computed straight from staged images, without an im2col matrix.

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use crate::backend::cpu::gemm::lanes::ArrayF32;
use crate::backend::cpu::gemm::lanes::{ArrayF64, Lanes};

/// More rows than any tile has.
pub const MAX_ROWS: usize = 6;
/// Registers side by side in a tile.
const VECTORS: usize = 2;

/// A tile of output pixels: some output channels by two registers of neighbouring pixels.
pub struct PixelTile<T> {
    /// Products in each pixel: channels times taps.
    pub depth: usize,
    /// Weights: `depth` groups of [`ConvKernel::rows`], one for each output channel.
    pub weights: *const T,
    /// For each step of the depth, the distance in bytes from a pixel's base to the number it reads.
    pub offsets: *const u32,
    /// The base of each register's first pixel.
    pub bases: [*const T; VECTORS],
    /// Where the first register of the first channel goes.
    pub out: *mut T,
    /// From one channel to the next in the output.
    pub channel_stride: usize,
    /// From the first register to the second in the output.
    pub second: usize,
}

/// A tile of the gradient with respect to weights: some (channel, tap) rows by two registers of output channels.
pub struct WeightTile<T> {
    /// Rows of output pixels.
    pub height: usize,
    /// Output pixels in a row.
    pub width: usize,
    /// For each row of the tile, the number that the first output pixel reads.
    pub inputs: [*const T; MAX_ROWS],
    /// From one row of output pixels to the next in the input.
    pub input_stride: usize,
    /// The gradient of the output: for each pixel a group of [`ConvKernel::columns`] channels.
    pub gradients: *const T,
    /// The tile, added to.
    pub out: *mut T,
    /// From one row of the tile to the next.
    pub out_stride: usize,
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

/// The kernels and their tiles.
pub struct ConvKernel<T> {
    /// Rows of a full tile, at most [`MAX_ROWS`].
    pub rows: usize,
    /// Numbers in a register.
    pub lanes: usize,
    /// Numbers in a row of a tile: two registers.
    pub columns: usize,
    /// Computes the first `rows` (1 to [`ConvKernel::rows`]) channels of a tile of pixels.
    ///
    /// Safety: the pointers of the tile cover what the sizes say.
    pub pixels: unsafe fn(rows: usize, tile: &PixelTile<T>),
    /// Adds to the first `rows` rows of a tile of weights.
    ///
    /// Safety: as above.
    pub weights: unsafe fn(rows: usize, tile: &WeightTile<T>),
    /// Transforms a row of staged blocks.
    ///
    /// Safety: as above.
    pub to_winograd: unsafe fn(row: &BlockRow<T>),
    /// Transforms a row of blocks back to pixels.
    ///
    /// Safety: as above.
    pub from_winograd: unsafe fn(row: &OutputRow<T>),
}

/// `B^T d B` for the matrix B^T = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1].
#[inline(always)]
unsafe fn to_winograd<V: Lanes>(row: &BlockRow<V::Scalar>) {
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
unsafe fn from_winograd<V: Lanes>(row: &OutputRow<V::Scalar>)
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

#[inline(always)]
unsafe fn pixel_tile<V: Lanes, const ROWS: usize, const WIDTH: usize>(tile: &PixelTile<V::Scalar>) {
    const UNROLL: usize = 4;
    // SAFETY: the caller vouches for the operands and for the instruction set
    unsafe {
        let mut sums = [[V::zero(); VECTORS]; ROWS];
        let [base0, base1] = tile.bases;
        let (mut weights, mut offsets) = (tile.weights, tile.offsets);
        let mut step = |weights: *const V::Scalar, offset: *const u32| {
            let offset = *offset as usize;
            let row = [V::load(base0.byte_add(offset)), V::load(base1.byte_add(offset))];
            for (r, sums) in sums.iter_mut().enumerate() {
                let factor = V::splat(weights.add(r));
                for (sum, &lanes) in sums.iter_mut().zip(&row) {
                    *sum = sum.add_product(factor, lanes);
                }
            }
        };
        for _ in 0..tile.depth / UNROLL {
            for u in 0..UNROLL {
                step(weights.add(u * WIDTH), offsets.add(u));
            }
            weights = weights.add(UNROLL * WIDTH);
            offsets = offsets.add(UNROLL);
        }
        for _ in 0..tile.depth % UNROLL {
            step(weights, offsets);
            weights = weights.add(WIDTH);
            offsets = offsets.add(1);
        }
        for (r, sums) in sums.iter().enumerate() {
            let out = tile.out.add(r * tile.channel_stride);
            sums[0].store(out);
            sums[1].store(out.add(tile.second));
        }
    }
}

#[inline(always)]
unsafe fn weight_tile<V: Lanes, const ROWS: usize>(tile: &WeightTile<V::Scalar>) {
    const UNROLL: usize = 4;
    // SAFETY: the caller vouches for the operands and for the instruction set
    unsafe {
        let mut sums = [[V::zero(); VECTORS]; ROWS];
        let mut gradients = tile.gradients;
        for y in 0..tile.height {
            let mut inputs: [*const V::Scalar; ROWS] =
                std::array::from_fn(|r| tile.inputs[r].add(y * tile.input_stride));
            let mut step = |inputs: &[*const V::Scalar; ROWS], x: usize, gradients: *const V::Scalar| {
                let row = [V::load(gradients), V::load(gradients.add(V::COUNT))];
                for (sums, input) in sums.iter_mut().zip(inputs) {
                    let factor = V::splat(input.add(x));
                    for (sum, &lanes) in sums.iter_mut().zip(&row) {
                        *sum = sum.add_product(factor, lanes);
                    }
                }
            };
            for _ in 0..tile.width / UNROLL {
                for u in 0..UNROLL {
                    step(&inputs, u, gradients.add(u * VECTORS * V::COUNT));
                }
                inputs = inputs.map(|input| input.add(UNROLL));
                gradients = gradients.add(UNROLL * VECTORS * V::COUNT);
            }
            for x in 0..tile.width % UNROLL {
                step(&inputs, x, gradients);
                gradients = gradients.add(VECTORS * V::COUNT);
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                let out = tile.out.add(r * tile.out_stride + v * V::COUNT);
                V::load(out).add(sum).store(out);
            }
        }
    }
}

/// Kernels of `$rows` rows and two registers of `$lanes`, with copies for smaller numbers of rows.
macro_rules! conv_kernel {
    ($name:ident, $lanes:ty, $rows:literal, [$($fewer:literal)*] $(, $feature:literal)?) => {
        /// Kernels for one kind of register.
        pub const $name: ConvKernel<<$lanes as Lanes>::Scalar> = {
            $(#[target_feature(enable = $feature)])?
            unsafe fn pixels(rows: usize, tile: &PixelTile<<$lanes as Lanes>::Scalar>) {
                // SAFETY: the caller vouches for the tile and has checked the instruction set
                unsafe {
                    match rows {
                        $($fewer => pixel_tile::<$lanes, $fewer, $rows>(tile),)*
                        _ => pixel_tile::<$lanes, $rows, $rows>(tile),
                    }
                }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn weights(rows: usize, tile: &WeightTile<<$lanes as Lanes>::Scalar>) {
                // SAFETY: the caller vouches for the tile and has checked the instruction set
                unsafe {
                    match rows {
                        $($fewer => weight_tile::<$lanes, $fewer>(tile),)*
                        _ => weight_tile::<$lanes, $rows>(tile),
                    }
                }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn to_winograd_here(row: &BlockRow<<$lanes as Lanes>::Scalar>) {
                // SAFETY: the caller vouches for the row and has checked the instruction set
                unsafe { to_winograd::<$lanes>(row) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn from_winograd_here(row: &OutputRow<<$lanes as Lanes>::Scalar>) {
                // SAFETY: the caller vouches for the row and has checked the instruction set
                unsafe { from_winograd::<$lanes>(row) }
            }
            let lanes = <$lanes as Lanes>::COUNT;
            ConvKernel {
                rows: $rows,
                lanes,
                columns: VECTORS * lanes,
                pixels,
                weights,
                to_winograd: to_winograd_here,
                from_winograd: from_winograd_here,
            }
        };
    };
}

conv_kernel!(PORTABLE_F64, ArrayF64, 4, [1 2 3]);
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
conv_kernel!(PORTABLE_F32, ArrayF32, 4, [1 2 3]);
// the numbers of rows are those of the matrix kernels, for the same reason
#[cfg(all(target_arch = "wasm32", target_feature = "simd128", target_feature = "relaxed-simd"))]
conv_kernel!(WASM_F32, crate::backend::cpu::gemm::lanes::WasmF32, 6, [1 2 3 4 5]);
#[cfg(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd")))]
conv_kernel!(WASM_F32, crate::backend::cpu::gemm::lanes::WasmF32, 5, [1 2 3 4]);
// rows of small images would leave most of a 16-wide register empty, so AVX-512 is not used here
#[cfg(target_arch = "x86_64")]
conv_kernel!(AVX2_F32, crate::backend::cpu::gemm::lanes::Avx2F32, 6, [1 2 3 4 5], "avx2,fma");
#[cfg(target_arch = "x86_64")]
conv_kernel!(AVX2_F64, crate::backend::cpu::gemm::lanes::Avx2F64, 6, [1 2 3 4 5], "avx2,fma");
