//! SIMD registers behind one small trait, so that every kernel is written once.

/// A register of `COUNT` numbers.
///
/// The functions are `unsafe` because the wider registers may only be used after their instruction set was found
/// at run time, and because the pointers are taken as they come.
pub trait Lanes: Copy {
    /// What a lane holds.
    type Scalar: Copy;
    /// How many lanes.
    const COUNT: usize;

    /// All lanes 0.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    unsafe fn zero() -> Self;
    /// `COUNT` numbers from `from`, which needs no alignment.
    ///
    /// # Safety
    /// As [`Lanes::zero`], and the numbers are readable.
    unsafe fn load(from: *const Self::Scalar) -> Self;
    /// The number at `from` in all lanes.
    ///
    /// # Safety
    /// As [`Lanes::load`].
    unsafe fn splat(from: *const Self::Scalar) -> Self;
    /// Writes `COUNT` numbers to `to`, which needs no alignment.
    ///
    /// # Safety
    /// As [`Lanes::zero`], and the numbers are writable.
    unsafe fn store(self, to: *mut Self::Scalar);
    /// `self + other`.
    ///
    /// # Safety
    /// As [`Lanes::zero`].
    unsafe fn add(self, other: Self) -> Self;
    /// `self - other`.
    ///
    /// # Safety
    /// As [`Lanes::zero`].
    unsafe fn sub(self, other: Self) -> Self;
    /// Writes the lanes of both in turn: `self[0], other[0], self[1], other[1]` and so on.
    ///
    /// # Safety
    /// As [`Lanes::store`], for `2 * COUNT` numbers.
    #[inline(always)]
    unsafe fn store_interleaved(self, other: Self, to: *mut Self::Scalar) {
        // SAFETY: each lane is read from and written to where the caller vouches for
        unsafe {
            for (offset, lanes) in [self, other].iter().enumerate() {
                let lanes = std::ptr::from_ref(lanes).cast::<Self::Scalar>();
                for i in 0..Self::COUNT {
                    *to.add(2 * i + offset) = *lanes.add(i);
                }
            }
        }
    }
    /// `self + a * b`, rounded once where the target can.
    ///
    /// # Safety
    /// As [`Lanes::zero`].
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
}

/// Plain arrays: what the compiler makes of them on any target.
macro_rules! array_lanes {
    ($name:ident, $t:ident, $count:expr) => {
        #[doc = concat!("`[", stringify!($t), "; ", stringify!($count), "]` as a register.")]
        #[derive(Clone, Copy)]
        pub struct $name([$t; $count]);

        impl Lanes for $name {
            type Scalar = $t;
            const COUNT: usize = $count;

            #[inline(always)]
            unsafe fn zero() -> Self {
                Self([0.0; $count])
            }
            #[inline(always)]
            unsafe fn load(from: *const $t) -> Self {
                // SAFETY: the caller vouches for the pointer; the read asks for no alignment
                unsafe { Self(from.cast::<[$t; $count]>().read_unaligned()) }
            }
            #[inline(always)]
            unsafe fn splat(from: *const $t) -> Self {
                // SAFETY: the caller vouches for the pointer
                unsafe { Self([*from; $count]) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $t) {
                // SAFETY: the caller vouches for the pointer; the write asks for no alignment
                unsafe { to.cast::<[$t; $count]>().write_unaligned(self.0) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                Self(std::array::from_fn(|i| self.0[i] + other.0[i]))
            }
            #[inline(always)]
            unsafe fn sub(self, other: Self) -> Self {
                Self(std::array::from_fn(|i| self.0[i] - other.0[i]))
            }
            #[inline(always)]
            unsafe fn add_product(self, a: Self, b: Self) -> Self {
                // without the instruction, mul_add would be a slow library call
                if cfg!(target_arch = "aarch64") {
                    Self(std::array::from_fn(|i| a.0[i].mul_add(b.0[i], self.0[i])))
                } else {
                    Self(std::array::from_fn(|i| self.0[i] + a.0[i] * b.0[i]))
                }
            }
        }
    };
}
array_lanes!(ArrayF32, f32, 4);
array_lanes!(ArrayF64, f64, 2);

/// Registers made of compiler intrinsics.
#[allow(unused_macros, reason = "some targets have no such registers")]
macro_rules! intrinsic_lanes {
    ($name:ident, $t:ident, $register:ty, $count:expr, $zero:expr, $load:expr, $splat:expr, $store:expr, $add:expr,
     $sub:expr, $add_product:expr $(, $store_interleaved:expr)?) => {
        #[doc = concat!("`", stringify!($register), "` of `", stringify!($t), "`.")]
        #[derive(Clone, Copy)]
        pub struct $name($register);

        impl Lanes for $name {
            type Scalar = $t;
            const COUNT: usize = $count;

            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: the caller has checked the instruction set
                unsafe { Self($zero()) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $t) -> Self {
                // SAFETY: the caller has checked the instruction set and vouches for the pointer
                unsafe { Self($load(from.cast())) }
            }
            #[inline(always)]
            unsafe fn splat(from: *const $t) -> Self {
                // SAFETY: as in load
                unsafe { Self($splat(from)) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $t) {
                // SAFETY: as in load
                unsafe { $store(to.cast(), self.0) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: the caller has checked the instruction set
                unsafe { Self($add(self.0, other.0)) }
            }
            #[inline(always)]
            unsafe fn sub(self, other: Self) -> Self {
                // SAFETY: the caller has checked the instruction set
                unsafe { Self($sub(self.0, other.0)) }
            }
            $(
                #[inline(always)]
                unsafe fn store_interleaved(self, other: Self, to: *mut $t) {
                    // SAFETY: as in load
                    unsafe { $store_interleaved(self.0, other.0, to) }
                }
            )?
            #[inline(always)]
            unsafe fn add_product(self, a: Self, b: Self) -> Self {
                // SAFETY: the caller has checked the instruction set
                unsafe { Self($add_product(self.0, a.0, b.0)) }
            }
        }
    };
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[allow(unused_unsafe, reason = "some of these intrinsics are safe here, others are not")]
mod wasm {
    use super::Lanes;
    use core::arch::wasm32::*;

    #[inline(always)]
    fn zero() -> v128 {
        f32x4_splat(0.0)
    }
    #[inline(always)]
    unsafe fn splat(from: *const f32) -> v128 {
        // SAFETY: the caller vouches for the pointer; the instruction asks for no alignment
        unsafe { v128_load32_splat(from.cast()) }
    }
    #[inline(always)]
    fn add_product(sum: v128, a: v128, b: v128) -> v128 {
        #[cfg(target_feature = "relaxed-simd")]
        return f32x4_relaxed_madd(a, b, sum);
        #[cfg(not(target_feature = "relaxed-simd"))]
        return f32x4_add(sum, f32x4_mul(a, b));
    }
    #[inline(always)]
    unsafe fn store_interleaved(a: v128, b: v128, to: *mut f32) {
        // SAFETY: the caller vouches for the pointer
        unsafe {
            v128_store(to.cast(), i32x4_shuffle::<0, 4, 1, 5>(a, b));
            v128_store(to.add(4).cast(), i32x4_shuffle::<2, 6, 3, 7>(a, b));
        }
    }
    intrinsic_lanes!(
        WasmF32,
        f32,
        v128,
        4,
        zero,
        v128_load,
        splat,
        v128_store,
        f32x4_add,
        f32x4_sub,
        add_product,
        store_interleaved
    );
}
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use wasm::WasmF32;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    use core::arch::x86_64::*;

    macro_rules! wrappers {
        ($t:ident, $register:ty, $feature:literal, $splat_name:ident, $splat:ident, $fma_name:ident, $fma:ident) => {
            #[inline]
            #[target_feature(enable = $feature)]
            unsafe fn $splat_name(from: *const $t) -> $register {
                // SAFETY: the caller vouches for the pointer
                $splat(unsafe { *from })
            }
            #[inline]
            #[target_feature(enable = $feature)]
            unsafe fn $fma_name(sum: $register, a: $register, b: $register) -> $register {
                $fma(a, b, sum)
            }
        };
    }
    wrappers!(f32, __m256, "avx,fma", splat_256, _mm256_set1_ps, fma_256, _mm256_fmadd_ps);
    wrappers!(f64, __m256d, "avx,fma", splat_256d, _mm256_set1_pd, fma_256d, _mm256_fmadd_pd);
    wrappers!(f32, __m512, "avx512f", splat_512, _mm512_set1_ps, fma_512, _mm512_fmadd_ps);
    intrinsic_lanes!(
        Avx2F32,
        f32,
        __m256,
        8,
        _mm256_setzero_ps,
        _mm256_loadu_ps,
        splat_256,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        fma_256
    );
    intrinsic_lanes!(
        Avx2F64,
        f64,
        __m256d,
        4,
        _mm256_setzero_pd,
        _mm256_loadu_pd,
        splat_256d,
        _mm256_storeu_pd,
        _mm256_add_pd,
        _mm256_sub_pd,
        fma_256d
    );
    intrinsic_lanes!(
        Avx512F32,
        f32,
        __m512,
        16,
        _mm512_setzero_ps,
        _mm512_loadu_ps,
        splat_512,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        fma_512
    );
}
#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2F32, Avx2F64, Avx512F32};
