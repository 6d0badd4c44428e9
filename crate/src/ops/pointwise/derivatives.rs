//! The derivatives of the pointwise functions as graph nodes: one row for each of the table in `inkling_kernels`.

use super::Function;
use crate::Result;
use crate::graph::Tensor;

type Gradients = Result<Vec<Option<Tensor>>>;

macro_rules! table {
    ($($variant:ident |$x:ident, $y:ident, $g:ident| $backward:expr;)*) => {
        /// The gradients of a function's arguments, before they are summed to the arguments' shapes.
        pub(super) fn backward(
            function: Function,
            arguments: &[Tensor],
            output: &Tensor,
            gradient: &Tensor,
        ) -> Gradients {
            match function { $(Function::$variant => {
                let ($x, $y, $g) = (arguments, output, gradient);
                let _ = ($x, $y, $g);
                Ok($backward.into_iter().collect())
            }),* }
        }
    };
}

table! {
    Add |_a, _y, g| [Some(g.clone()), Some(g.clone())];
    Sub |_a, _y, g| [Some(g.clone()), Some(g.neg())];
    Mul |x, _y, g| [Some(g.mul(&x[1])?), Some(g.mul(&x[0])?)];
    Div |x, y, g| { let d = g.div(&x[1])?; let e = d.mul(y)?.neg(); [Some(d), Some(e)] };
    Maximum |x, _y, g| { let left = g.mul(&x[0].greater_equal(&x[1])?)?; let right = g.sub(&left)?; [Some(left), Some(right)] };
    Minimum |x, _y, g| { let left = g.mul(&x[1].greater_equal(&x[0])?)?; let right = g.sub(&left)?; [Some(left), Some(right)] };
    Pow |x, y, g| [Some(g.mul(&x[1])?.mul(y)?.div(&x[0])?), Some(g.mul(y)?.mul(&x[0].log())?)];
    Greater |_a, _y, _g| [None, None];
    GreaterEqual |_a, _y, _g| [None, None];
    Equal |_a, _y, _g| [None, None];
    LeakyRelu |x, _y, g| {
            let zero = x[0].graph().scalar(0.0);
            let positive = x[0].greater(&zero)?;
            let below = x[0].minimum(&zero)?;
            [Some(positive.select(g, &g.mul(&x[1])?)?), Some(g.mul(&below)?)]
        };
    Clamp |x, _y, g| {
            let inside = x[0].greater_equal(&x[1])?.mul(&x[2].greater_equal(&x[0])?)?;
            [Some(g.mul(&inside)?), None, None]
        };
    Select |x, _y, g| {
            let zero = x[0].graph().scalar(0.0);
            [None, Some(x[0].select(g, &zero)?), Some(x[0].select(&zero, g)?)]
        };
    Neg |_a, _y, g| [Some(g.neg())];
    Abs |x, _y, g| [Some(g.mul(&x[0].sign())?)];
    Exp |_a, y, g| [Some(g.mul(y)?)];
    Log |x, _y, g| [Some(g.div(&x[0])?)];
    Log1p |x, _y, g| [Some(g.div(&x[0].add_scalar(1.0))?)];
    Sqrt |_a, y, g| [Some(g.mul_scalar(0.5).div(y)?)];
    Rsqrt |_a, y, g| [Some(g.mul_scalar(-0.5).mul(&y.mul(&y.square())?)?)];
    Reciprocal |_a, y, g| [Some(g.mul(&y.square())?.neg())];
    Square |x, _y, g| [Some(g.mul_scalar(2.0).mul(&x[0])?)];
    // the derivatives of relu, tanh and sigmoid read the output, so that the input need not be kept
    Relu |_a, y, g| { let zero = y.graph().scalar(0.0); [Some(y.greater(&zero)?.select(g, &zero)?)] };
    Silu |x, y, g| {
            let s = x[0].sigmoid();
            let slope = s.add(&y.mul(&s.neg().add_scalar(1.0))?)?;
            [Some(g.mul(&slope)?)]
        };
    Gelu |x, _y, g| {
            let cdf = x[0].mul_scalar(std::f64::consts::FRAC_1_SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5);
            let density = x[0].square().mul_scalar(-0.5).exp().mul_scalar(0.398_942_280_401_432_7);
            [Some(g.mul(&cdf.add(&x[0].mul(&density)?)?)?)]
        };
    Tanh |_a, y, g| [Some(g.mul(&y.square().neg().add_scalar(1.0))?)];
    Sigmoid |_a, y, g| [Some(g.mul(&y.mul(&y.neg().add_scalar(1.0))?)?)];
    Softplus |x, _y, g| [Some(g.mul(&x[0].sigmoid())?)];
    Sin |x, _y, g| [Some(g.mul(&x[0].cos())?)];
    Cos |x, _y, g| [Some(g.mul(&x[0].sin())?.neg())];
    Erf |x, _y, g| [Some(g.mul(&x[0].square().neg().exp())?.mul_scalar(std::f64::consts::FRAC_2_SQRT_PI))];
    Sign |_a, _y, _g| [None];
    Floor |_a, _y, _g| [None];
}
