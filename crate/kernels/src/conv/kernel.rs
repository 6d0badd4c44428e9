//! The micro-kernels of convolution: register tiles computed straight from staged images, without an im2col matrix.

use super::transform::{self as winograd, BlockRow, Kernels, OutputRow};
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use crate::gemm::lanes::ArrayF32;
use crate::gemm::{
    kernel::steps_per_turn,
    lanes::{ArrayF64, Lanes},
};

/// Rows of the tallest tile of pixels.
pub const MAX_ROWS: usize = 12;
/// Registers of pixels side by side in a tile, at most.
pub const MAX_VECTORS: usize = 4;
/// Rows of the tallest tile of weights.
pub const MAX_WEIGHT_ROWS: usize = 6;
/// Registers of output channels side by side in a tile of weights.
const WEIGHT_VECTORS: usize = 2;

/// A tile of output pixels: some output channels by some registers of neighbouring pixels.
pub struct PixelTile<T> {
    /// Products in each pixel: channels times taps.
    pub depth: usize,
    /// Weights: `depth` groups of [`ConvKernel::rows`], one for each output channel.
    pub weights: *const T,
    /// For each step of the depth, the distance in bytes from a pixel's base to the number it reads.
    pub offsets: *const u32,
    /// The base of each register's first pixel.
    pub bases: [*const T; MAX_VECTORS],
    /// Where the first channel goes.
    pub out: *mut T,
    /// From there to where each register of a channel goes.
    pub places: [usize; MAX_VECTORS],
    /// From one channel to the next in the output.
    pub channel_stride: usize,
}

/// A tile of the gradient with respect to weights: some (channel, tap) rows by two registers of output channels.
pub struct WeightTile<T> {
    /// Rows of output pixels.
    pub height: usize,
    /// Output pixels in a row.
    pub width: usize,
    /// For each row of the tile, the number that the first output pixel reads.
    pub inputs: [*const T; MAX_WEIGHT_ROWS],
    /// From one row of output pixels to the next in the input.
    pub input_stride: usize,
    /// The gradient of the output: for each pixel a group of [`ConvKernel::weight_columns`] channels.
    pub gradients: *const T,
    /// The tile, added to.
    pub out: *mut T,
    /// From one row of the tile to the next.
    pub out_stride: usize,
}

/// The kernels and their tiles.
pub struct ConvKernel<T> {
    /// Channels in a full tile of pixels, at most [`MAX_ROWS`].
    pub rows: usize,
    /// Numbers in a register.
    pub lanes: usize,
    /// Registers side by side in a tile of so many channels, at most [`MAX_VECTORS`]: the fewer channels, the more
    /// registers, because sums that depend on each other wait for each other.
    pub vectors: fn(rows: usize) -> usize,
    /// Rows of a full tile of weights, at most [`MAX_WEIGHT_ROWS`].
    pub weight_rows: usize,
    /// Output channels in a tile of weights.
    pub weight_columns: usize,
    /// Computes the first `rows` (1 to [`ConvKernel::rows`]) channels of a tile of pixels.
    ///
    /// Safety: the pointers of the tile cover what the sizes say.
    pub pixels: unsafe fn(rows: usize, tile: &PixelTile<T>),
    /// Adds to the first `rows` (1 to [`ConvKernel::weight_rows`]) rows of a tile of weights.
    ///
    /// Safety: as above.
    pub weights: unsafe fn(rows: usize, tile: &WeightTile<T>),
    /// Transforms kernels to Winograd's domain.
    ///
    /// Safety: as above.
    pub kernels_to_winograd: unsafe fn(kernels: &Kernels<T>),
    /// Transforms a row of staged blocks.
    ///
    /// Safety: as above.
    pub to_winograd: unsafe fn(row: &BlockRow<T>),
    /// Transforms a row of blocks back to pixels.
    ///
    /// Safety: as above.
    pub from_winograd: unsafe fn(row: &OutputRow<T>),
}

/// One step of the depth. A function and not a closure: a closure that is not inlined has not its caller's
/// instruction set, and then every product is a call (measured: ten times slower).
#[inline(always)]
unsafe fn pixel_step<V: Lanes, const ROWS: usize, const VECTORS: usize>(
    sums: &mut [[V; VECTORS]; ROWS],
    bases: &[*const V::Scalar; VECTORS],
    weights: *const V::Scalar,
    offset: *const u32,
) {
    // SAFETY: the caller vouches for the operands and for the instruction set
    unsafe {
        let offset = *offset as usize;
        let mut row = [V::zero(); VECTORS];
        for (lanes, base) in row.iter_mut().zip(bases) {
            *lanes = V::load(base.byte_add(offset));
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            let factor = V::splat(weights.add(r));
            for (sum, &lanes) in sums.iter_mut().zip(&row) {
                *sum = sum.add_product(factor, lanes);
            }
        }
    }
}

#[inline(always)]
unsafe fn pixel_tile<V: Lanes, const ROWS: usize, const VECTORS: usize, const WIDTH: usize>(
    tile: &PixelTile<V::Scalar>,
) {
    let turn = const { steps_per_turn(ROWS, VECTORS) };
    // SAFETY: the caller vouches for the operands and for the instruction set
    unsafe {
        let mut sums = [[V::zero(); VECTORS]; ROWS];
        let mut bases = [tile.bases[0]; VECTORS];
        bases.copy_from_slice(&tile.bases[..VECTORS]);
        let (mut weights, mut offsets) = (tile.weights, tile.offsets);
        for _ in 0..tile.depth / turn {
            pixel_step(&mut sums, &bases, weights, offsets);
            if turn >= 2 {
                pixel_step(&mut sums, &bases, weights.add(WIDTH), offsets.add(1));
            }
            if turn == 4 {
                pixel_step(&mut sums, &bases, weights.add(2 * WIDTH), offsets.add(2));
                pixel_step(&mut sums, &bases, weights.add(3 * WIDTH), offsets.add(3));
            }
            weights = weights.add(turn * WIDTH);
            offsets = offsets.add(turn);
        }
        for _ in 0..tile.depth % turn {
            pixel_step(&mut sums, &bases, weights, offsets);
            weights = weights.add(WIDTH);
            offsets = offsets.add(1);
        }
        for (r, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                sum.store(tile.out.add(r * tile.channel_stride + tile.places[v]));
            }
        }
    }
}

/// One pixel, `x` from each of `inputs`; a function for the reason of [`pixel_step`].
#[inline(always)]
unsafe fn weight_step<V: Lanes, const ROWS: usize>(
    sums: &mut [[V; WEIGHT_VECTORS]; ROWS],
    inputs: &[*const V::Scalar; ROWS],
    x: usize,
    gradients: *const V::Scalar,
) {
    // SAFETY: the caller vouches for the operands and for the instruction set
    unsafe {
        let row = [V::load(gradients), V::load(gradients.add(V::COUNT))];
        for (sums, input) in sums.iter_mut().zip(inputs) {
            let factor = V::splat(input.add(x));
            for (sum, &lanes) in sums.iter_mut().zip(&row) {
                *sum = sum.add_product(factor, lanes);
            }
        }
    }
}

#[inline(always)]
unsafe fn weight_tile<V: Lanes, const ROWS: usize>(tile: &WeightTile<V::Scalar>) {
    let turn = const { steps_per_turn(ROWS, WEIGHT_VECTORS) };
    let group = WEIGHT_VECTORS * V::COUNT;
    // SAFETY: the caller vouches for the operands and for the instruction set
    unsafe {
        let mut sums = [[V::zero(); WEIGHT_VECTORS]; ROWS];
        let mut gradients = tile.gradients;
        for y in 0..tile.height {
            let mut inputs = [tile.inputs[0]; ROWS];
            for (input, first) in inputs.iter_mut().zip(tile.inputs) {
                *input = first.add(y * tile.input_stride);
            }
            for _ in 0..tile.width / turn {
                weight_step(&mut sums, &inputs, 0, gradients);
                if turn >= 2 {
                    weight_step(&mut sums, &inputs, 1, gradients.add(group));
                }
                if turn == 4 {
                    weight_step(&mut sums, &inputs, 2, gradients.add(2 * group));
                    weight_step(&mut sums, &inputs, 3, gradients.add(3 * group));
                }
                for input in &mut inputs {
                    *input = input.add(turn);
                }
                gradients = gradients.add(turn * group);
            }
            for x in 0..tile.width % turn {
                weight_step(&mut sums, &inputs, x, gradients);
                gradients = gradients.add(group);
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

/// Kernels for one kind of register: for each number of channels the registers in a tile of pixels, the last being
/// that of a full tile; and for each number of rows a tile of weights.
macro_rules! conv_kernel {
    ($name:ident, $lanes:ty, [$($fewer:literal x $vectors:literal)*], $full:literal x $full_vectors:literal,
     [$($fewer_weights:literal)*], $full_weights:literal $(, $feature:literal)?) => {
        /// Kernels for one kind of register.
        pub const $name: ConvKernel<<$lanes as Lanes>::Scalar> = {
            type T = <$lanes as Lanes>::Scalar;
            fn vectors(rows: usize) -> usize {
                match rows {
                    $($fewer => $vectors,)*
                    _ => $full_vectors,
                }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn pixels(rows: usize, tile: &PixelTile<T>) {
                // SAFETY: the caller vouches for the tile and has checked the instruction set
                unsafe {
                    match rows {
                        $($fewer => pixel_tile::<$lanes, $fewer, $vectors, $full>(tile),)*
                        _ => pixel_tile::<$lanes, $full, $full_vectors, $full>(tile),
                    }
                }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn weights(rows: usize, tile: &WeightTile<T>) {
                // SAFETY: as above
                unsafe {
                    match rows {
                        $($fewer_weights => weight_tile::<$lanes, $fewer_weights>(tile),)*
                        _ => weight_tile::<$lanes, $full_weights>(tile),
                    }
                }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn kernels_to_winograd(kernels: &Kernels<T>) {
                // SAFETY: as above
                unsafe { winograd::kernels::<$lanes>(kernels) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn to_winograd(row: &BlockRow<T>) {
                // SAFETY: as above
                unsafe { winograd::blocks::<$lanes>(row) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn from_winograd(row: &OutputRow<T>) {
                // SAFETY: as above
                unsafe { winograd::pixels::<$lanes>(row) }
            }
            let lanes = <$lanes as Lanes>::COUNT;
            ConvKernel {
                rows: $full,
                lanes,
                vectors,
                weight_rows: $full_weights,
                weight_columns: WEIGHT_VECTORS * lanes,
                pixels,
                weights,
                kernels_to_winograd,
                to_winograd,
                from_winograd,
            }
        };
    };
}

conv_kernel!(PORTABLE_F64, ArrayF64, [1 x 4 2 x 2 3 x 2], 4 x 2, [1 2 3], 4);
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
conv_kernel!(PORTABLE_F32, ArrayF32, [1 x 4 2 x 2 3 x 2], 4 x 2, [1 2 3], 4);
// the full tiles of pixels are those of the matrix kernels, for the same reasons
#[cfg(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd")))]
conv_kernel!(WASM_F32, crate::gemm::lanes::WasmF32, [1 x 4 2 x 2 3 x 2], 4 x 2, [1 2 3], 4);
#[cfg(all(target_arch = "wasm32", target_feature = "simd128", target_feature = "relaxed-simd"))]
conv_kernel!(
    WASM_F32, crate::gemm::lanes::WasmF32,
    [1 x 4 2 x 4 3 x 2 4 x 2 5 x 1 6 x 1 7 x 1 8 x 1 9 x 1 10 x 1], 11 x 1,
    [1 2 3], 4
);
// rows of small images would leave most of a 16-wide register empty, so AVX-512 is not used here
#[cfg(target_arch = "x86_64")]
conv_kernel!(AVX2_F32, crate::gemm::lanes::Avx2F32, [1 x 4 2 x 2 3 x 2 4 x 2 5 x 2], 6 x 2, [1 2 3 4 5], 6, "avx2,fma");
#[cfg(target_arch = "x86_64")]
conv_kernel!(AVX2_F64, crate::gemm::lanes::Avx2F64, [1 x 4 2 x 2 3 x 2 4 x 2 5 x 2], 6 x 2, [1 2 3 4 5], 6, "avx2,fma");
