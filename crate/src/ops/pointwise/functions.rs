//! The table of pointwise functions: one row each, with the forward in Rust, the derivative as graph nodes and
//! the range that the checks sample from. The forward in WGSL is `pw_NAME` in `shaders/shared/pointwise.wgsl`.

use crate::Result;
use crate::graph::Tensor;
use crate::real::Real;

type Gradients = Result<Vec<Option<Tensor>>>;

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
    ($($variant:ident $name:literal ($($arg:ident),+) in $range:expr => $forward:expr; |$a:ident, $y:ident, $g:ident| $backward:expr;)*) => {
        /// A pointwise function of one to three arguments.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Function { $(#[doc = concat!("`", $name, "`, see the method of that name on [`Tensor`].")] $variant),* }

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

            /// The gradients of the arguments, before they are summed to the arguments' shapes.
            pub(crate) fn backward(self, arguments: &[Tensor], output: &Tensor, gradient: &Tensor) -> Gradients {
                match self { $(Function::$variant => {
                    let ($a, $y, $g) = (arguments, output, gradient);
                    let _ = ($a, $y, $g);
                    Ok($backward.into_iter().collect())
                }),* }
            }
        }
    };
}

table! {
    Add "add" (a, b) in (-2.0, 2.0) => a + b; |_a, _y, g| [Some(g.clone()), Some(g.clone())];
    Sub "sub" (a, b) in (-2.0, 2.0) => a - b; |_a, _y, g| [Some(g.clone()), Some(g.neg())];
    Mul "mul" (a, b) in (-2.0, 2.0) => a * b; |x, _y, g| [Some(g.mul(&x[1])?), Some(g.mul(&x[0])?)];
    Div "div" (a, b) in (0.5, 2.0) => a / b;
        |x, y, g| { let d = g.div(&x[1])?; let e = d.mul(y)?.neg(); [Some(d), Some(e)] };
    Maximum "maximum" (a, b) in (-2.0, 2.0) => if a >= b { a } else { b };
        |x, _y, g| { let left = g.mul(&x[0].greater_equal(&x[1])?)?; let right = g.sub(&left)?; [Some(left), Some(right)] };
    Minimum "minimum" (a, b) in (-2.0, 2.0) => if a <= b { a } else { b };
        |x, _y, g| { let left = g.mul(&x[1].greater_equal(&x[0])?)?; let right = g.sub(&left)?; [Some(left), Some(right)] };
    Pow "pow" (a, b) in (0.5, 2.0) => (b * a.ln()).exp();
        |x, y, g| [Some(g.mul(&x[1])?.mul(y)?.div(&x[0])?), Some(g.mul(y)?.mul(&x[0].log())?)];
    Greater "greater" (a, b) in (-2.0, 2.0) => if a > b { T::ONE } else { T::ZERO };
        |_a, _y, _g| [None, None];
    GreaterEqual "greater_equal" (a, b) in (-2.0, 2.0) => if a >= b { T::ONE } else { T::ZERO };
        |_a, _y, _g| [None, None];
    Equal "equal" (a, b) in (-2.0, 2.0) => if a == b { T::ONE } else { T::ZERO };
        |_a, _y, _g| [None, None];
    LeakyRelu "leaky_relu" (x, slope) in (0.1, 2.0) => if x > T::ZERO { x } else { x * slope };
        |x, _y, g| {
            let zero = x[0].graph().scalar(0.0);
            let positive = x[0].greater(&zero)?;
            let below = x[0].minimum(&zero)?;
            [Some(positive.select(g, &g.mul(&x[1])?)?), Some(g.mul(&below)?)]
        };
    Clamp "clamp" (x, low, high) in (-2.0, 2.0) => if x < low { low } else if x > high { high } else { x };
        |x, _y, g| {
            let inside = x[0].greater_equal(&x[1])?.mul(&x[2].greater_equal(&x[0])?)?;
            [Some(g.mul(&inside)?), None, None]
        };
    Select "select" (c, a, b) in (-2.0, 2.0) => if c != T::ZERO { a } else { b };
        |x, _y, g| {
            let zero = x[0].graph().scalar(0.0);
            [None, Some(x[0].select(g, &zero)?), Some(x[0].select(&zero, g)?)]
        };
    Neg "neg" (x) in (-2.0, 2.0) => -x; |_a, _y, g| [Some(g.neg())];
    Abs "abs" (x) in (0.1, 2.0) => x.abs(); |x, _y, g| [Some(g.mul(&x[0].sign())?)];
    Exp "exp" (x) in (-2.0, 2.0) => x.exp(); |_a, y, g| [Some(g.mul(y)?)];
    Log "log" (x) in (0.2, 3.0) => x.ln(); |x, _y, g| [Some(g.div(&x[0])?)];
    Log1p "log1p" (x) in (-0.5, 3.0) => { let sum = T::ONE + x; sum.ln() + (x - (sum - T::ONE)) / sum }; |x, _y, g| [Some(g.div(&x[0].add_scalar(1.0))?)];
    Sqrt "sqrt" (x) in (0.2, 3.0) => x.sqrt(); |_a, y, g| [Some(g.mul_scalar(0.5).div(y)?)];
    Rsqrt "rsqrt" (x) in (0.2, 3.0) => T::ONE / x.sqrt();
        |_a, y, g| [Some(g.mul_scalar(-0.5).mul(&y.mul(&y.square())?)?)];
    Reciprocal "reciprocal" (x) in (0.2, 3.0) => T::ONE / x; |_a, y, g| [Some(g.mul(&y.square())?.neg())];
    Square "square" (x) in (-2.0, 2.0) => x * x; |x, _y, g| [Some(g.mul_scalar(2.0).mul(&x[0])?)];
    // the derivatives of relu, tanh and sigmoid read the output, so that the input need not be kept
    Relu "relu" (x) in (0.1, 2.0) => if x > T::ZERO { x } else { T::ZERO };
        |_a, y, g| { let zero = y.graph().scalar(0.0); [Some(y.greater(&zero)?.select(g, &zero)?)] };
    Silu "silu" (x) in (-3.0, 3.0) => x * x.sigmoid();
        |x, y, g| {
            let s = x[0].sigmoid();
            let slope = s.add(&y.mul(&s.neg().add_scalar(1.0))?)?;
            [Some(g.mul(&slope)?)]
        };
    Gelu "gelu" (x) in (-3.0, 3.0) => x * T::from_f64(0.5) * (T::ONE + (x * T::from_f64(std::f64::consts::FRAC_1_SQRT_2)).erf());
        |x, _y, g| {
            let cdf = x[0].mul_scalar(std::f64::consts::FRAC_1_SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5);
            let density = x[0].square().mul_scalar(-0.5).exp().mul_scalar(0.398_942_280_401_432_7);
            [Some(g.mul(&cdf.add(&x[0].mul(&density)?)?)?)]
        };
    Tanh "tanh" (x) in (-3.0, 3.0) => x.tanh(); |_a, y, g| [Some(g.mul(&y.square().neg().add_scalar(1.0))?)];
    Sigmoid "sigmoid" (x) in (-3.0, 3.0) => x.sigmoid();
        |_a, y, g| [Some(g.mul(&y.mul(&y.neg().add_scalar(1.0))?)?)];
    Softplus "softplus" (x) in (-3.0, 3.0) => x.softplus(); |x, _y, g| [Some(g.mul(&x[0].sigmoid())?)];
    Sin "sin" (x) in (-3.0, 3.0) => x.sin(); |x, _y, g| [Some(g.mul(&x[0].cos())?)];
    Cos "cos" (x) in (-3.0, 3.0) => x.cos(); |x, _y, g| [Some(g.mul(&x[0].sin())?.neg())];
    Erf "erf" (x) in (-2.0, 2.0) => x.erf();
        |x, _y, g| [Some(g.mul(&x[0].square().neg().exp())?.mul_scalar(std::f64::consts::FRAC_2_SQRT_PI))];
    Sign "sign" (x) in (0.1, 2.0) => if x > T::ZERO { T::ONE } else if x < T::ZERO { T::from_f64(-1.0) } else { T::ZERO };
        |_a, _y, _g| [None];
    Floor "floor" (x) in (0.1, 0.9) => x.floor(); |_a, _y, _g| [None];
}
