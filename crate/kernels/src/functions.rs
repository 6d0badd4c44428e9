//! The table of pointwise functions: one row each, with what it computes and the range that the checks sample from.
//! Its twin in WGSL is `pw_NAME` in `shaders/shared/pointwise.wgsl`; its derivative is a row of
//! `crate/src/ops/pointwise/derivatives.rs`.

use crate::real::Real;

/// A loop over a block that the compiler can vectorise.
macro_rules! apply {
    ($arguments:ident, $output:ident, ($x:ident) => $forward:expr) => {
        for (output, &$x) in $output.iter_mut().zip($arguments[0]) {
            *output = $forward;
        }
    };
    ($arguments:ident, $output:ident, ($x:ident, $z:ident) => $forward:expr) => {
        for ((output, &$x), &$z) in $output.iter_mut().zip($arguments[0]).zip($arguments[1]) {
            *output = $forward;
        }
    };
    ($arguments:ident, $output:ident, ($x:ident, $z:ident, $w:ident) => $forward:expr) => {
        for (((output, &$x), &$z), &$w) in $output.iter_mut().zip($arguments[0]).zip($arguments[1]).zip($arguments[2]) {
            *output = $forward;
        }
    };
}

macro_rules! table {
    ($($variant:ident $name:literal ($($arg:ident),+) in $range:expr => $forward:expr;)*) => {
        /// A pointwise function of one to three arguments.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Function { $(#[doc = concat!("`", $name, "`, see the method of that name on `Tensor`.")] $variant),* }

        impl Function {
            /// Every function of the table.
            pub const ALL: &'static [Function] = &[$(Function::$variant),*];

            /// The table's name; the WGSL twin is called `pw_` and this.
            pub fn name(self) -> &'static str {
                match self { $(Function::$variant => $name),* }
            }

            /// The number of arguments.
            pub fn arity(self) -> usize {
                match self { $(Function::$variant => [$(stringify!($arg)),+].len()),* }
            }

            /// Where the function is smooth and moderate, for gradient checks.
            pub fn check_range(self) -> (f64, f64) {
                match self { $(Function::$variant => $range),* }
            }

            /// Applies the function to blocks of one length; arguments beyond its arity are ignored.
            #[inline(never)]
            pub(crate) fn apply<T: Real>(self, arguments: [&[T]; 3], output: &mut [T]) {
                #[cfg(target_arch = "x86_64")]
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the CPU has the instruction set
                    return unsafe { self.apply_avx2(arguments, output) };
                }
                self.apply_here(arguments, output);
            }

            /// [`Function::apply`] in registers twice as wide as every x86-64 processor has; the results are the same.
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn apply_avx2<T: Real>(self, arguments: [&[T]; 3], output: &mut [T]) {
                self.apply_here(arguments, output);
            }

            #[inline(always)]
            fn apply_here<T: Real>(self, arguments: [&[T]; 3], output: &mut [T]) {
                match self { $(Function::$variant => apply!(arguments, output, ($($arg),+) => $forward)),* }
            }
        }
    };
}

table! {
    Add "add" (a, b) in (-2.0, 2.0) => a + b;
    Sub "sub" (a, b) in (-2.0, 2.0) => a - b;
    Mul "mul" (a, b) in (-2.0, 2.0) => a * b;
    Div "div" (a, b) in (0.5, 2.0) => a / b;
    Maximum "maximum" (a, b) in (-2.0, 2.0) => if a >= b { a } else { b };
    Minimum "minimum" (a, b) in (-2.0, 2.0) => if a <= b { a } else { b };
    Pow "pow" (a, b) in (0.5, 2.0) => (b * a.ln()).exp();
    Greater "greater" (a, b) in (-2.0, 2.0) => if a > b { T::ONE } else { T::ZERO };
    GreaterEqual "greater_equal" (a, b) in (-2.0, 2.0) => if a >= b { T::ONE } else { T::ZERO };
    Equal "equal" (a, b) in (-2.0, 2.0) => if a == b { T::ONE } else { T::ZERO };
    LeakyRelu "leaky_relu" (x, slope) in (0.1, 2.0) => if x > T::ZERO { x } else { x * slope };
    Clamp "clamp" (x, low, high) in (-2.0, 2.0) => if x < low { low } else if x > high { high } else { x };
    Select "select" (c, a, b) in (-2.0, 2.0) => if c != T::ZERO { a } else { b };
    Neg "neg" (x) in (-2.0, 2.0) => -x;
    Abs "abs" (x) in (0.1, 2.0) => x.abs();
    Exp "exp" (x) in (-2.0, 2.0) => x.exp();
    Log "log" (x) in (0.2, 3.0) => x.ln();
    Log1p "log1p" (x) in (-0.5, 3.0) => { let sum = T::ONE + x; sum.ln() + (x - (sum - T::ONE)) / sum };
    Sqrt "sqrt" (x) in (0.2, 3.0) => x.sqrt();
    Rsqrt "rsqrt" (x) in (0.2, 3.0) => T::ONE / x.sqrt();
    Reciprocal "reciprocal" (x) in (0.2, 3.0) => T::ONE / x;
    Square "square" (x) in (-2.0, 2.0) => x * x;
    Relu "relu" (x) in (0.1, 2.0) => if x > T::ZERO { x } else { T::ZERO };
    Silu "silu" (x) in (-3.0, 3.0) => x * x.sigmoid();
    Gelu "gelu" (x) in (-3.0, 3.0) => x * T::from_f64(0.5) * (T::ONE + (x * T::from_f64(std::f64::consts::FRAC_1_SQRT_2)).erf());
    Tanh "tanh" (x) in (-3.0, 3.0) => x.tanh();
    Sigmoid "sigmoid" (x) in (-3.0, 3.0) => x.sigmoid();
    Softplus "softplus" (x) in (-3.0, 3.0) => x.softplus();
    Sin "sin" (x) in (-3.0, 3.0) => x.sin();
    Cos "cos" (x) in (-3.0, 3.0) => x.cos();
    Erf "erf" (x) in (-2.0, 2.0) => x.erf();
    Sign "sign" (x) in (0.1, 2.0) => if x > T::ZERO { T::ONE } else if x < T::ZERO { T::from_f64(-1.0) } else { T::ZERO };
    Floor "floor" (x) in (0.1, 0.9) => x.floor();
}
