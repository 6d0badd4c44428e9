//! The micro-kernel: one register tile of C, from a packed panel of A and a packed panel of B.
//!
//! A tile of `rows x columns` numbers of C lives in registers while the kernel walks the depth; each step loads
//! one row of the B panel and multiplies it by each number of a column of the A panel. The tile is as large as the
//! registers allow, so that a loaded number is used as often as possible.

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use super::lanes::ArrayF32;
use super::lanes::{ArrayF64, Lanes};
use crate::conv::kernel::{self as conv, ConvKernel};
use crate::real::Real;

/// The operands of one tile.
pub struct Tile<T> {
    /// How many products go into each number.
    pub depth: usize,
    /// A panel: `depth` groups of [`MicroKernel::rows`] numbers.
    pub a: *const T,
    /// B panel: `depth` groups of [`MicroKernel::columns`] numbers.
    pub b: *const T,
    /// The first number of the tile.
    pub c: *mut T,
    /// From one row of the tile to the next.
    pub c_stride: usize,
    /// Add to the tile, or overwrite it.
    pub accumulate: bool,
}

/// A kernel and the tile it computes.
pub struct MicroKernel<T> {
    /// Rows of a full tile; the width of an A panel.
    pub rows: usize,
    /// Columns of a tile; the width of a B panel.
    pub columns: usize,
    /// Computes the first `rows` (1 to [`MicroKernel::rows`]) rows of a tile.
    ///
    /// Safety: the pointers of the tile cover what the sizes say.
    pub run: unsafe fn(rows: usize, tile: &Tile<T>),
    /// Width of a panel of a matrix that multiplies single rows.
    pub row_columns: usize,
    /// Computes one row of [`MicroKernel::row_columns`] numbers; A is the row as it lies in memory.
    ///
    /// Safety: the pointers of the tile cover what the sizes say.
    pub run_row: unsafe fn(tile: &Tile<T>),
    /// The dot products of [`DOTS`] vectors with one.
    ///
    /// Safety: all vectors are `length` long.
    pub dots: unsafe fn(rows: [*const T; DOTS], vector: *const T, length: usize) -> [T; DOTS],
}

/// So many dot products are computed together: the shared vector is loaded once for all.
pub const DOTS: usize = 4;

/// A number that has a micro-kernel for this machine.
pub trait Kernel: Copy + Sized + 'static {
    /// The fastest kernel for this machine.
    fn micro_kernel() -> &'static MicroKernel<Self>;
    /// The fastest convolution kernels for this machine.
    fn conv_kernel() -> &'static ConvKernel<Self>;
    /// Writes the transpose of the 4x4 block at `from` (rows `from_stride` apart) to `to` (rows `to_stride` apart).
    ///
    /// # Safety
    /// Both blocks are readable and writable, respectively.
    unsafe fn transpose_4x4(from: *const Self, from_stride: usize, to: *mut Self, to_stride: usize);
}

// No closures below, nor functions of the standard library that take one: a closure that is not inlined has not its
// caller's instruction set, and then every product is a call (measured: ten times slower).

/// One step of the depth.
#[inline(always)]
unsafe fn step<V: Lanes, const ROWS: usize, const VECTORS: usize>(
    sums: &mut [[V; VECTORS]; ROWS],
    a: *const V::Scalar,
    b: *const V::Scalar,
) {
    // SAFETY: the caller vouches for the operands and for the instruction set
    unsafe {
        let mut row = [V::zero(); VECTORS];
        for (v, lanes) in row.iter_mut().enumerate() {
            *lanes = V::load(b.add(v * V::COUNT));
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            let factor = V::splat(a.add(r));
            for (sum, &lanes) in sums.iter_mut().zip(&row) {
                *sum = sum.add_product(factor, lanes);
            }
        }
    }
}

/// Steps of the depth in one turn of a kernel's loop: 1, 2 or 4. Natively four, so that address arithmetic is paid
/// once. V8 gives out registers well in short bodies only, where each sum stays in its own; elsewhere it moves them
/// about in every turn, and a kernel may run at half its speed. (Measured in Chromium 156 and Node 20 for all tiles.)
pub(crate) const fn steps_per_turn(rows: usize, vectors: usize) -> usize {
    match (cfg!(target_arch = "wasm32"), rows, vectors) {
        (false, ..) => 4,
        (true, 8.., 1) => 2,
        (true, ..) => 1,
    }
}

/// Computes a tile of `ROWS` rows and `VECTORS` registers; panels of A are `A_WIDTH` wide.
#[inline(always)]
unsafe fn tile<V: Lanes, const ROWS: usize, const VECTORS: usize, const A_WIDTH: usize>(tile: &Tile<V::Scalar>) {
    let turn = const { steps_per_turn(ROWS, VECTORS) };
    let b_width = VECTORS * V::COUNT;
    // SAFETY: the caller vouches for the operands and for the instruction set
    unsafe {
        let mut sums = [[V::zero(); VECTORS]; ROWS];
        let (mut a, mut b) = (tile.a, tile.b);
        for _ in 0..tile.depth / turn {
            // written out: the compiler leaves an inner loop of large tiles as it is
            step(&mut sums, a, b);
            if turn >= 2 {
                step(&mut sums, a.add(A_WIDTH), b.add(b_width));
            }
            if turn == 4 {
                step(&mut sums, a.add(2 * A_WIDTH), b.add(2 * b_width));
                step(&mut sums, a.add(3 * A_WIDTH), b.add(3 * b_width));
            }
            a = a.add(turn * A_WIDTH);
            b = b.add(turn * b_width);
        }
        for _ in 0..tile.depth % turn {
            step(&mut sums, a, b);
            a = a.add(A_WIDTH);
            b = b.add(b_width);
        }
        for (r, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                let c = tile.c.add(r * tile.c_stride + v * V::COUNT);
                let value = if tile.accumulate { V::load(c).add(sum) } else { sum };
                value.store(c);
            }
        }
    }
}

/// Computes a row of `VECTORS` registers. The panel is read once and in the order of memory, which decides about the
/// speed; two steps of the depth in a turn. (Measured in Chromium 156: 5 % faster than one, and within 10 % of reading
/// alone.)
#[inline(always)]
unsafe fn row<V: Lanes, const VECTORS: usize>(tile: &Tile<V::Scalar>) {
    /// One step of the depth: a loaded register is used once, so that V8 may put the sum in its place.
    #[inline(always)]
    unsafe fn step<V: Lanes, const VECTORS: usize>(sums: &mut [V; VECTORS], a: *const V::Scalar, b: *const V::Scalar) {
        // SAFETY: the caller vouches for the operands and for the instruction set
        unsafe {
            let factor = V::splat(a);
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = sum.add_product(V::load(b.add(v * V::COUNT)), factor);
            }
        }
    }
    let width = VECTORS * V::COUNT;
    // SAFETY: the caller vouches for the operands and for the instruction set
    unsafe {
        let mut sums = [V::zero(); VECTORS];
        let (mut a, mut b) = (tile.a, tile.b);
        for _ in 0..tile.depth / 2 {
            step(&mut sums, a, b);
            step(&mut sums, a.add(1), b.add(width));
            a = a.add(2);
            b = b.add(2 * width);
        }
        if tile.depth % 2 == 1 {
            step(&mut sums, a, b);
        }
        for (v, &sum) in sums.iter().enumerate() {
            let c = tile.c.add(v * V::COUNT);
            let value = if tile.accumulate { V::load(c).add(sum) } else { sum };
            value.store(c);
        }
    }
}

/// Dot products of [`DOTS`] vectors with one.
#[inline(always)]
unsafe fn dots<V: Lanes>(rows: [*const V::Scalar; DOTS], vector: *const V::Scalar, length: usize) -> [V::Scalar; DOTS]
where
    V::Scalar: Real,
{
    /// Registers of each vector in one turn of the loop; each has sums of its own, to hide the additions' latency.
    const UNROLL: usize = 2;
    // SAFETY: the caller vouches for the vectors and for the instruction set
    unsafe {
        let mut sums = [[V::zero(); UNROLL]; DOTS];
        let turn = UNROLL * V::COUNT;
        let whole = length / turn * turn;
        for start in (0..whole).step_by(turn) {
            for u in 0..UNROLL {
                let offset = start + u * V::COUNT;
                let factor = V::load(vector.add(offset));
                for (sums, row) in sums.iter_mut().zip(rows) {
                    sums[u] = sums[u].add_product(V::load(row.add(offset)), factor);
                }
            }
        }
        let mut results = [V::Scalar::ZERO; DOTS];
        for ((result, sums), row) in results.iter_mut().zip(sums).zip(rows) {
            let mut lanes = [V::Scalar::ZERO; 16];
            sums[0].add(sums[1]).store(lanes.as_mut_ptr());
            for &lane in &lanes[..V::COUNT] {
                *result += lane;
            }
            for i in whole..length {
                *result += *row.add(i) * *vector.add(i);
            }
        }
        results
    }
}

/// A kernel of `$rows` rows and `$vectors` registers of `$lanes`, with a copy for each smaller number of rows; for
/// single rows `$row_vectors` registers.
macro_rules! micro_kernel {
    ($name:ident, $lanes:ty, $rows:literal, $vectors:literal, [$($fewer:literal)*], $row_vectors:literal $(, $feature:literal)?) => {
        const $name: MicroKernel<<$lanes as Lanes>::Scalar> = {
            $(#[target_feature(enable = $feature)])?
            unsafe fn run(rows: usize, operands: &Tile<<$lanes as Lanes>::Scalar>) {
                // SAFETY: the caller vouches for the operands; the instruction set was checked by micro_kernel()
                unsafe {
                    match rows {
                        $($fewer => tile::<$lanes, $fewer, $vectors, $rows>(operands),)*
                        _ => tile::<$lanes, $rows, $vectors, $rows>(operands),
                    }
                }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn run_row(operands: &Tile<<$lanes as Lanes>::Scalar>) {
                // SAFETY: as above
                unsafe { row::<$lanes, $row_vectors>(operands) }
            }
            $(#[target_feature(enable = $feature)])?
            unsafe fn dots_here(
                rows: [*const <$lanes as Lanes>::Scalar; DOTS],
                vector: *const <$lanes as Lanes>::Scalar,
                length: usize,
            ) -> [<$lanes as Lanes>::Scalar; DOTS] {
                // SAFETY: as above
                unsafe { dots::<$lanes>(rows, vector, length) }
            }
            MicroKernel {
                rows: $rows,
                columns: $vectors * <$lanes as Lanes>::COUNT,
                run,
                row_columns: $row_vectors * <$lanes as Lanes>::COUNT,
                run_row,
                dots: dots_here,
            }
        };
    };
}

micro_kernel!(PORTABLE_F64, ArrayF64, 4, 2, [1 2 3], 8);
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
micro_kernel!(PORTABLE_F32, ArrayF32, 4, 2, [1 2 3], 8);

// V8 has 15 SSE registers to give: 8 sums, 2 of B, 1 of A, 1 product or, where the fused instruction overwrites a factor
// that is needed again, 1 copy. With 10 sums it runs out of registers and has half the speed. (11 sums in a tile of one
// register's width fit as well, but each product then loads a number of A: 45 GFLOP/s in place of 51, measured in
// Chromium 156 on Zen 5.)
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
micro_kernel!(WASM_F32, super::lanes::WasmF32, 4, 2, [1 2 3], 8);

#[cfg(target_arch = "x86_64")]
micro_kernel!(AVX2_F32, super::lanes::Avx2F32, 6, 2, [1 2 3 4 5], 4, "avx2,fma");
#[cfg(target_arch = "x86_64")]
micro_kernel!(AVX2_F64, super::lanes::Avx2F64, 6, 2, [1 2 3 4 5], 4, "avx2,fma");
#[cfg(target_arch = "x86_64")]
micro_kernel!(AVX512_F32, super::lanes::Avx512F32, 12, 2, [1 2 3 4 5 6 7 8 9 10 11], 4, "avx512f");

/// All kernels for `f32` that this machine can run.
#[cfg(test)]
pub(crate) fn runnable() -> Vec<(&'static MicroKernel<f32>, &'static ConvKernel<f32>)> {
    let mut kernels = vec![(<f32 as Kernel>::micro_kernel(), <f32 as Kernel>::conv_kernel())];
    #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
    kernels.push((&PORTABLE_F32, &conv::PORTABLE_F32));
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        kernels.push((&AVX2_F32, &conv::AVX2_F32));
    }
    kernels
}

impl Kernel for f32 {
    #[inline(always)]
    fn micro_kernel() -> &'static MicroKernel<f32> {
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        return &WASM_F32;
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return &AVX512_F32;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return &AVX2_F32;
            }
        }
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        return &PORTABLE_F32;
    }

    #[inline(always)]
    fn conv_kernel() -> &'static ConvKernel<f32> {
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        return &conv::WASM_F32;
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return &conv::AVX2_F32;
        }
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        return &conv::PORTABLE_F32;
    }

    #[inline(always)]
    unsafe fn transpose_4x4(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        // SAFETY: the caller vouches for both blocks
        unsafe {
            use core::arch::wasm32::*;
            let row = |i: usize| v128_load(from.add(i * from_stride).cast());
            let (r0, r1, r2, r3) = (row(0), row(1), row(2), row(3));
            let low01 = i32x4_shuffle::<0, 4, 1, 5>(r0, r1);
            let high01 = i32x4_shuffle::<2, 6, 3, 7>(r0, r1);
            let low23 = i32x4_shuffle::<0, 4, 1, 5>(r2, r3);
            let high23 = i32x4_shuffle::<2, 6, 3, 7>(r2, r3);
            v128_store(to.cast(), i64x2_shuffle::<0, 2>(low01, low23));
            v128_store(to.add(to_stride).cast(), i64x2_shuffle::<1, 3>(low01, low23));
            v128_store(to.add(2 * to_stride).cast(), i64x2_shuffle::<0, 2>(high01, high23));
            v128_store(to.add(3 * to_stride).cast(), i64x2_shuffle::<1, 3>(high01, high23));
        }
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the caller vouches for both blocks; SSE is part of x86-64
        unsafe {
            use core::arch::x86_64::*;
            let row = |i: usize| _mm_loadu_ps(from.add(i * from_stride));
            let (mut r0, mut r1, mut r2, mut r3) = (row(0), row(1), row(2), row(3));
            _MM_TRANSPOSE4_PS(&mut r0, &mut r1, &mut r2, &mut r3);
            for (i, row) in [r0, r1, r2, r3].into_iter().enumerate() {
                _mm_storeu_ps(to.add(i * to_stride), row);
            }
        }
        #[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
        // SAFETY: the caller vouches for both blocks
        unsafe {
            transpose_4x4_plain(from, from_stride, to, to_stride)
        }
    }
}

impl Kernel for f64 {
    #[inline(always)]
    fn micro_kernel() -> &'static MicroKernel<f64> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return &AVX2_F64;
        }
        &PORTABLE_F64
    }

    #[inline(always)]
    fn conv_kernel() -> &'static ConvKernel<f64> {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return &conv::AVX2_F64;
        }
        &conv::PORTABLE_F64
    }

    #[inline(always)]
    unsafe fn transpose_4x4(from: *const f64, from_stride: usize, to: *mut f64, to_stride: usize) {
        // SAFETY: the caller vouches for both blocks
        unsafe { transpose_4x4_plain(from, from_stride, to, to_stride) }
    }
}

#[inline(always)]
unsafe fn transpose_4x4_plain<T: Copy>(from: *const T, from_stride: usize, to: *mut T, to_stride: usize) {
    for i in 0..4 {
        for j in 0..4 {
            // SAFETY: the caller vouches for both blocks
            unsafe { *to.add(j * to_stride + i) = *from.add(i * from_stride + j) }
        }
    }
}
