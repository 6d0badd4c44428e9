//! The micro-kernels of convolution: register tiles computed straight from staged images, without an im2col matrix.

use crate::backend::cpu::gemm::lanes::{ArrayF32, ArrayF64, Lanes};

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
            let lanes = <$lanes as Lanes>::COUNT;
            ConvKernel { rows: $rows, lanes, columns: VECTORS * lanes, pixels, weights }
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
