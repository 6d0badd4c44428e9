//! The float type that CPU kernels are generic over: `f32` computes, `f64` checks.
//!
//! The `f32` functions are branch-free polynomials over plain arithmetic, comparisons and bit operations, so
//! that a loop over a slice becomes SIMD code on every target (`std` would call a library function per element,
//! which in WebAssembly is many times slower). They are exact at the extremes (`exp(-inf) = 0`,
//! `ln(0) = -inf`), give no NaN for finite input inside their domain, and pass NaN through. The `f64` functions
//! are those of `std`.

use std::fmt::{Debug, Display};
use std::iter::Sum;
use std::ops::{AddAssign, DivAssign, MulAssign, Neg, SubAssign};

/// A floating-point number: `f32` or `f64`.
///
/// Errors of the `f32` versions, against the exact result: `exp`, `ln`, `tanh`, `sigmoid`, `softplus` and `erf`
/// within 4 units in the last place; `sin` and `cos` within `2e-7` absolute up to `|x| = 1e6`.
pub trait Real:
    ndarray::LinalgScalar
    + bytemuck::Pod
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Sum
    + PartialOrd
    + Default
    + Debug
    + Display
    + Send
    + Sync
    + crate::gemm::kernel::Kernel
    + crate::Kernels
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The gap between 1 and the next larger number.
    const EPSILON: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// Negative infinity.
    const NEG_INFINITY: Self;

    /// The nearest number of this type.
    fn from_f64(value: f64) -> Self;
    /// The same number, widened.
    fn to_f64(self) -> f64;
    /// e to the power `self`; infinite above about 88.72 (`f32`).
    fn exp(self) -> Self;
    /// Natural logarithm; `-inf` at 0, NaN below.
    fn ln(self) -> Self;
    /// Square root; NaN below 0.
    fn sqrt(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// `1 / (1 + exp(-x))`, accurate in both tails.
    fn sigmoid(self) -> Self;
    /// `ln(1 + exp(x))`, without overflow.
    fn softplus(self) -> Self;
    /// The error function.
    fn erf(self) -> Self;
    /// Sine of an angle in radians.
    fn sin(self) -> Self;
    /// Cosine of an angle in radians.
    fn cos(self) -> Self;
    /// Integer power.
    fn powi(self, exponent: i32) -> Self;
    /// Real power.
    fn powf(self, exponent: Self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// The larger of two; NaN if either is NaN.
    fn max(self, other: Self) -> Self;
    /// The smaller of two; NaN if either is NaN.
    fn min(self, other: Self) -> Self;
    /// The largest integer not above.
    fn floor(self) -> Self;
    /// The nearest integer, halves to even.
    fn round(self) -> Self;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// NaN.
    fn is_nan(self) -> bool;
}

/// What `f32` and `f64` share word for word.
macro_rules! shared {
    ($t:ident) => {
        const ZERO: Self = 0.0;
        const ONE: Self = 1.0;
        const EPSILON: Self = $t::EPSILON;
        const INFINITY: Self = $t::INFINITY;
        const NEG_INFINITY: Self = $t::NEG_INFINITY;

        #[inline(always)]
        fn from_f64(value: f64) -> Self {
            value as $t
        }
        #[inline(always)]
        fn to_f64(self) -> f64 {
            self as f64
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            $t::sqrt(self)
        }
        #[inline(always)]
        fn powi(self, exponent: i32) -> Self {
            $t::powi(self, exponent)
        }
        #[inline(always)]
        fn powf(self, exponent: Self) -> Self {
            $t::powf(self, exponent)
        }
        #[inline(always)]
        fn abs(self) -> Self {
            $t::abs(self)
        }
        #[inline(always)]
        fn max(self, other: Self) -> Self {
            // the negated comparison is what lets a NaN on either side through
            if self > other || self.is_nan() { self } else { other }
        }
        #[inline(always)]
        fn min(self, other: Self) -> Self {
            if self < other || self.is_nan() { self } else { other }
        }
        #[inline(always)]
        fn floor(self) -> Self {
            $t::floor(self)
        }
        #[inline(always)]
        fn round(self) -> Self {
            $t::round_ties_even(self)
        }
        #[inline(always)]
        fn is_finite(self) -> bool {
            $t::is_finite(self)
        }
        #[inline(always)]
        fn is_nan(self) -> bool {
            $t::is_nan(self)
        }
    };
}

impl Real for f32 {
    shared!(f32);

    #[inline(always)]
    fn exp(self) -> Self {
        exp_f32(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        ln_f32(self)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        tanh_f32(self)
    }
    #[inline(always)]
    fn sigmoid(self) -> Self {
        // exp of a negative number only: neither tail overflows, and the left one keeps its digits
        let e = exp_f32(-f32::abs(self));
        let numerator = if self >= 0.0 { 1.0 } else { e };
        // NaN reaches the result through e
        numerator / (1.0 + e)
    }
    #[inline(always)]
    fn softplus(self) -> Self {
        let e = exp_f32(-f32::abs(self));
        let positive = if self > 0.0 { self } else { 0.0 };
        positive + ln_1p_f32(e)
    }
    #[inline(always)]
    fn erf(self) -> Self {
        erf_f32(self)
    }
    #[inline(always)]
    fn sin(self) -> Self {
        sin_quadrant_f32(self, 0)
    }
    #[inline(always)]
    fn cos(self) -> Self {
        sin_quadrant_f32(self, 1)
    }
}

impl Real for f64 {
    shared!(f64);

    #[inline(always)]
    fn exp(self) -> Self {
        f64::exp(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        f64::ln(self)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        f64::tanh(self)
    }
    #[inline(always)]
    fn sigmoid(self) -> Self {
        let e = f64::exp(-f64::abs(self));
        (if self >= 0.0 { 1.0 } else { e }) / (1.0 + e)
    }
    #[inline(always)]
    fn softplus(self) -> Self {
        (if self > 0.0 { self } else { 0.0 }) + f64::ln_1p(f64::exp(-f64::abs(self)))
    }
    #[inline(always)]
    fn erf(self) -> Self {
        erf_f64(self)
    }
    #[inline(always)]
    fn sin(self) -> Self {
        f64::sin(self)
    }
    #[inline(always)]
    fn cos(self) -> Self {
        f64::cos(self)
    }
}

/// `x` restricted to `[low, high]`, NaN kept; compiles to two selects.
#[inline(always)]
fn clamp_f32(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

/// 2 to the power of an integer in `-126..=127`.
#[inline(always)]
fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits((exponent.wrapping_add(127) as u32) << 23)
}

/// Adding and subtracting 1.5 * 2^23 rounds to the nearest integer, and leaves that integer in the low bits of
/// the sum: no float-to-integer conversion, which not every SIMD set has.
const ROUNDING: f32 = 12_582_912.0;

/// Cephes' expf: `x = k ln 2 + r`, a polynomial of degree 7 in `r`, times `2^k`.
#[inline(always)]
fn exp_f32(x: f32) -> f32 {
    // the result is 0 below and infinite above; the bounds keep both halves of k in the exponent's range
    let x = clamp_f32(x, -110.0, 90.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUNDING;
    let k = (shifted.to_bits() as i32).wrapping_sub(ROUNDING.to_bits() as i32);
    let rounded = shifted - ROUNDING;
    // ln 2 in two parts: the first has so few bits that its product with k is exact
    let r = (x - rounded * 0.693_359_4) - rounded * -2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_2e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 5e-1;
    let y = p * (r * r) + r + 1.0;
    // two factors, so that subnormal results and the step to infinity come out right
    let half = k >> 1;
    y * power_of_two(half) * power_of_two(k.wrapping_sub(half))
}

/// Cephes' logf: `x = 2^k m` with `m` in `[sqrt(1/2), sqrt(2))`, a polynomial of degree 9 in `m - 1`.
#[inline(always)]
fn ln_f32(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let scaled = if subnormal { x * 8_388_608.0 } else { x };
    let bits = scaled.to_bits();
    // subtracting sqrt(1/2)'s bits makes the exponent field change exactly where m must wrap
    let offset = bits.wrapping_sub(0x3f35_04f3);
    let k = (offset as i32) >> 23;
    let m = f32::from_bits((offset & 0x007f_ffff).wrapping_add(0x3f35_04f3));
    let k = k as f32 - if subnormal { 23.0 } else { 0.0 };
    let r = m - 1.0;
    let z = r * r;
    let mut p = 7.037_683_6e-2;
    p = p * r - 1.151_461e-1;
    p = p * r + 1.167_699_9e-1;
    p = p * r - 1.242_014_1e-1;
    p = p * r + 1.424_932_3e-1;
    p = p * r - 1.666_805_7e-1;
    p = p * r + 2.000_071_5e-1;
    p = p * r - 2.499_999_4e-1;
    p = p * r + 3.333_333e-1;
    let y = p * r * z + k * -2.121_944_4e-4 - 0.5 * z;
    let y = r + y + k * 0.693_359_4;
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    let y = if x == f32::INFINITY { x } else { y };
    // also catches NaN, for which the comparison is false
    if x >= 0.0 { y } else { f32::NAN }
}

/// `ln(1 + x)` for `x` in `[0, 1]`: the series of `2 artanh(x / (2 + x))`, whose argument is at most 1/3.
#[inline(always)]
fn ln_1p_f32(x: f32) -> f32 {
    let s = x / (2.0 + x);
    let z = s * s;
    let mut p = 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    let twice = s + s;
    twice + twice * (z * p)
}

/// Cephes' tanhf: an odd polynomial near 0, `1 - 2 / (exp(2 |x|) + 1)` away from it.
#[inline(always)]
fn tanh_f32(x: f32) -> f32 {
    let a = f32::abs(x);
    let z = x * x;
    let mut p = -5.704_988_7e-3;
    p = p * z + 2.063_909e-2;
    p = p * z - 5.373_971_6e-2;
    p = p * z + 1.333_144_1e-1;
    p = p * z - 3.333_328e-1;
    let near = p * z * x + x;
    let far = (1.0 - 2.0 / (exp_f32(2.0 * a) + 1.0)).copysign(x);
    // a NaN fails the comparison and takes `far`, which is NaN then
    if a < 0.625 { near } else { far }
}

/// Two minimax polynomials: an odd one near 0, and one for the exponent of the complement away from it.
#[inline(always)]
fn erf_f32(x: f32) -> f32 {
    let a = f32::abs(x);
    let near = {
        let s = x * x;
        let mut p = -5.967_617e-4;
        p = p * s + 4.991_194e-3;
        p = p * s - 2.676_813_5e-2;
        p = p * s + 1.128_199_25e-1;
        p = p * s - 3.761_253_4e-1;
        p = p * s + 1.283_791_7e-1;
        p * x + x
    };
    let far = {
        // the complement is 0 in f32 long before 10
        let t = clamp_f32(a, 0.0, 10.0);
        let s = t * t;
        let mut p = -1.728_534_7e-5 * t + 3.831_971_3e-4;
        let u = -3.883_964_4e-3 * t + 2.425_462_2e-2;
        p = p * s + u;
        p = p * t - 1.067_778e-1;
        p = p * t - 6.348_467e-1;
        p = p * t - 1.287_175_1e-1;
        p = p * t - t;
        (1.0 - exp_f32(p)).copysign(x)
    };
    if a < 0.927_734_4 { near } else { far }
}

/// `sin(x + quadrants * pi / 2)`: the angle is reduced in f64, where one subtraction is accurate enough.
#[inline(always)]
fn sin_quadrant_f32(x: f32, quadrants: i64) -> f32 {
    // as ROUNDING, for f64: 1.5 * 2^52
    const ROUNDING: f64 = 6_755_399_441_055_744.0;
    let wide = x as f64;
    let shifted = wide * std::f64::consts::FRAC_2_PI + ROUNDING;
    let quadrant = (shifted.to_bits() as i64).wrapping_add(quadrants);
    let rest = (wide - (shifted - ROUNDING) * std::f64::consts::FRAC_PI_2) as f32;
    // beyond 2^50 the rest has no correct digit left: keep it a number all the same
    let r = clamp_f32(rest, -0.8, 0.8);
    let z = r * r;
    let sine = {
        let mut p = -1.951_529_6e-4;
        p = p * z + 8.332_161e-3;
        p = p * z - 1.666_665_5e-1;
        p * z * r + r
    };
    let cosine = {
        let mut p = 2.443_315_7e-5;
        p = p * z - 1.388_731_6e-3;
        p = p * z + 4.166_664_6e-2;
        p * z * z - 0.5 * z + 1.0
    };
    let value = if quadrant & 1 == 0 { sine } else { cosine };
    if quadrant & 2 == 0 { value } else { -value }
}

/// `erf(x) = 2 / sqrt(pi) exp(-x^2) sum over n of 2^n x^(2n+1) / (2n+1)!!`: all terms have one sign, so nothing
/// cancels. Slow, and only the gradient checks use it.
fn erf_f64(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    // the complement is below f64's resolution there
    if f64::abs(x) >= 6.0 {
        return x.signum();
    }
    let mut term = x;
    let mut sum = x;
    let mut n = 0.0;
    while f64::abs(term) > f64::abs(sum) * 1e-17 {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    std::f64::consts::FRAC_2_SQRT_PI * f64::exp(-x * x) * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The distance between two numbers in units of the last place of the exact one.
    fn ulps(got: f32, exact: f64) -> f64 {
        let rounded = exact as f32;
        if got == rounded || (got.is_nan() && exact.is_nan()) {
            return 0.0;
        }
        let ulp = f64::max((f32::from_bits(rounded.abs().to_bits() + 1) - rounded.abs()) as f64, 1e-45);
        f64::abs(got as f64 - exact) / ulp
    }

    /// A thinned sweep of the floats between `low` and `high`, by magnitude and sign.
    fn sweep(low: f32, high: f32) -> impl Iterator<Item = f32> {
        (0..u32::MAX).step_by(4999).map(f32::from_bits).filter(move |x| *x >= low && *x <= high)
    }

    fn worst(low: f32, high: f32, got: fn(f32) -> f32, exact: fn(f64) -> f64) -> (f64, f32) {
        sweep(low, high)
            .map(|x| (ulps(got(x), exact(x as f64)), x))
            .fold((0.0, 0.0), |worst, one| if one.0 > worst.0 || one.0.is_nan() { one } else { worst })
    }

    macro_rules! accuracy {
        ($name:ident, $low:expr, $high:expr, $exact:expr, $limit:expr) => {
            #[test]
            fn $name() {
                let (error, at) = worst($low, $high, <f32 as Real>::$name, $exact);
                assert!(error <= $limit, "{} ulp at {at}", error);
            }
        };
    }
    accuracy!(exp, f32::NEG_INFINITY, f32::INFINITY, f64::exp, 2.0);
    accuracy!(ln, 0.0, f32::INFINITY, f64::ln, 2.0);
    accuracy!(tanh, f32::NEG_INFINITY, f32::INFINITY, f64::tanh, 2.0);
    accuracy!(sigmoid, f32::NEG_INFINITY, f32::INFINITY, <f64 as Real>::sigmoid, 4.0);
    accuracy!(softplus, f32::NEG_INFINITY, f32::INFINITY, <f64 as Real>::softplus, 4.0);
    accuracy!(erf, f32::NEG_INFINITY, f32::INFINITY, <f64 as Real>::erf, 4.0);

    #[test]
    fn sine_and_cosine() {
        for x in sweep(-1e6, 1e6) {
            assert!(f64::abs(Real::sin(x) as f64 - (x as f64).sin()) < 2e-7, "sin {x}");
            assert!(f64::abs(Real::cos(x) as f64 - (x as f64).cos()) < 2e-7, "cos {x}");
        }
        for x in sweep(-f32::MAX, f32::MAX) {
            assert!(Real::sin(x).abs() <= 1.0001 && Real::cos(x).abs() <= 1.0001, "{x}");
        }
    }

    #[test]
    fn extremes() {
        assert_eq!(Real::exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(Real::exp(89.0f32), f32::INFINITY);
        assert_eq!(Real::ln(0.0f32), f32::NEG_INFINITY);
        assert_eq!(Real::ln(f32::INFINITY), f32::INFINITY);
        assert!(Real::ln(-1.0f32).is_nan());
        assert_eq!(Real::softplus(f32::MAX), f32::MAX);
        assert_eq!(Real::sigmoid(f32::MIN), 0.0);
        assert_eq!(Real::tanh(f32::MAX), 1.0);
        assert_eq!(Real::erf(-f32::MAX), -1.0);
    }

    #[test]
    fn not_a_number_passes_through() {
        type Function = fn(f32) -> f32;
        let functions: [Function; 8] =
            [Real::exp, Real::ln, Real::tanh, Real::sigmoid, Real::softplus, Real::erf, Real::sin, Real::cos];
        for function in functions {
            assert!(function(f32::NAN).is_nan());
        }
        assert!(Real::max(f32::NAN, 1.0).is_nan() && Real::min(f32::NAN, 1.0).is_nan());
        assert!(Real::max(1.0, f32::NAN).is_nan() && Real::min(1.0, f32::NAN).is_nan());
    }

    #[test]
    fn error_function_known_values() {
        assert!((Real::erf(0.5f64) - 0.520_499_877_813_046_5).abs() < 4e-15);
        assert!((Real::erf(-2.0f64) + 0.995_322_265_018_952_7).abs() < 4e-15);
        assert!((Real::erf(3.5f64) - 0.999_999_256_901_627_6).abs() < 4e-15);
    }
}
