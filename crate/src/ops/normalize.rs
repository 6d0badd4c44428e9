//! Rows normalised to mean 0 and variance 1, the core of layer, group and instance norm, with a fused program.

use std::rc::Rc;

use super::registry::{Case, Row};
use super::rows::{RowShaders, RowSizes, lower};
use super::{AdapterKind, Arg, Backward, Io, Lowered, Op, Program, generic_kernel, shader};
use crate::graph::Tensor;
use crate::real::Real;
use crate::{Error, Result};

/// y = (x - mean) / sqrt(variance + eps) of each of `rows` rows of `length` elements, with the biased variance.
#[derive(Debug, Clone)]
pub struct Normalize {
    rows: usize,
    length: usize,
    eps: f64,
    epilogue: Option<Program>,
}

impl Normalize {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [input, operands @ ..] = io.inputs else { unreachable!("a normalisation has an input") };
        let [output] = io.outputs else { unreachable!("a normalisation has one output") };
        let finish = self.epilogue.as_ref().map(|program| (program, operands));
        T::normalize(self.length, self.eps, input, output, finish);
    }

    fn sizes(&self) -> RowSizes {
        RowSizes { rows: self.rows, length: self.length, word: (self.eps as f32).to_bits() }
    }
}

impl Op for Normalize {
    fn name(&self) -> &'static str {
        "normalize"
    }

    generic_kernel!();

    fn lower(&self, adapter: AdapterKind) -> Lowered {
        let shaders = RowShaders { wide: shader!("normalize"), narrow: shader!("normalize_narrow") };
        let program = self.epilogue.clone().map(|program| (program, 1));
        lower(adapter, &shaders, &self.sizes(), vec![Arg::Input(0), Arg::Output(0)], program)
    }

    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let [x] = context.inputs else {
            return Err(Error::Unsupported("a fused normalisation has no derivative".into()));
        };
        let op = NormalizeBackward(self.clone());
        Ok(vec![Some(x.graph().op(op, &[x, context.gradient], x.shape()))])
    }

    fn flops(&self) -> u64 {
        (self.rows * self.length * (6 + instructions(self))) as u64
    }

    fn program(&self) -> Option<&Program> {
        self.epilogue.as_ref()
    }

    fn with_epilogue(&self, program: &Program) -> Option<Rc<dyn Op>> {
        with_program(self, program).map(|op| Rc::new(op) as Rc<dyn Op>)
    }
}

fn instructions(op: &Normalize) -> usize {
    op.epilogue.as_ref().map_or(0, |program| program.instructions().len())
}

fn with_program(op: &Normalize, program: &Program) -> Option<Normalize> {
    op.epilogue.is_none().then(|| Normalize { epilogue: Some(program.clone()), ..op.clone() })
}

/// The gradient of a [`Normalize`] with respect to its input, from the input and the gradient of the output.
#[derive(Debug, Clone)]
pub struct NormalizeBackward(Normalize);

impl NormalizeBackward {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let NormalizeBackward(forward) = self;
        let [input, gradient, operands @ ..] = io.inputs else { unreachable!("a derivative has two inputs") };
        let [output] = io.outputs else { unreachable!("a derivative has one output") };
        let finish = forward.epilogue.as_ref().map(|program| (program, operands));
        T::normalize_backward(forward.length, forward.eps, input, gradient, output, finish);
    }
}

impl Op for NormalizeBackward {
    fn name(&self) -> &'static str {
        "normalize_backward"
    }

    generic_kernel!();

    fn lower(&self, adapter: AdapterKind) -> Lowered {
        let shaders = RowShaders { wide: shader!("normalize_backward"), narrow: shader!("normalize_backward_narrow") };
        let program = self.0.epilogue.clone().map(|program| (program, 2));
        lower(adapter, &shaders, &self.0.sizes(), vec![Arg::Input(0), Arg::Input(1), Arg::Output(0)], program)
    }

    /// Composed: second derivatives are rare (gradient penalties), and then the same formula is written in ops.
    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let [x, g] = context.inputs else {
            return Err(Error::Unsupported("a fused derivative has no derivative".into()));
        };
        let forward = &self.0;
        let rows = [forward.rows, forward.length];
        // variables of their own: what the gradient owes to x by way of g is the caller's to follow
        let variables = [x.stop_gradient(), g.stop_gradient()];
        let (x, g) = (variables[0].reshape(rows)?, variables[1].reshape(rows)?);
        let deviation = x.sub(&x.mean_keep(&[1])?)?;
        let scale = deviation.square().mean_keep(&[1])?.add_scalar(forward.eps).rsqrt();
        let y = deviation.mul(&scale)?;
        let slope = g.mul(&y)?.mean_keep(&[1])?;
        let result = g.sub(&g.mean_keep(&[1])?)?.sub(&y.mul(&slope)?)?.mul(&scale)?;
        x.graph().vector_jacobian(&result, &context.gradient.reshape(rows)?, &variables)
    }

    fn flops(&self) -> u64 {
        (self.0.rows * self.0.length * (14 + instructions(&self.0))) as u64
    }

    fn program(&self) -> Option<&Program> {
        self.0.epilogue.as_ref()
    }

    fn with_epilogue(&self, program: &Program) -> Option<Rc<dyn Op>> {
        with_program(&self.0, program).map(|op| Rc::new(NormalizeBackward(op)) as Rc<dyn Op>)
    }
}

impl Tensor {
    /// The tensor seen as rows of `length` elements, each brought to mean 0 and (biased) variance 1; `eps` is added
    /// to the variance. The shape stays.
    ///
    /// # Errors
    /// [`Error::Shape`] when the tensor is not a whole number of rows, or `eps` is not a positive number.
    pub fn normalize(&self, length: usize, eps: f64) -> Result<Tensor> {
        let shape = self.shape();
        if length == 0 || !shape.numel().is_multiple_of(length) {
            return Err(Error::Shape(format!("{shape:?} is not a whole number of rows of {length} elements")));
        }
        if !(eps > 0.0 && eps.is_finite()) {
            return Err(Error::Shape(format!("{eps} added to a variance does not keep it above 0")));
        }
        let op = Normalize { rows: shape.numel() / length, length, eps, epilogue: None };
        Ok(self.graph().op(op, &[self], shape))
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    let shaders = &[
        shader!("normalize"),
        shader!("normalize_narrow"),
        shader!("normalize_backward"),
        shader!("normalize_backward_narrow"),
    ];
    Row { name: "normalize", shaders, cases }
}

const EPS: f64 = 1e-5;

fn derivative(length: usize, x: &[Tensor]) -> Result<Tensor> {
    let y = x[0].normalize(length, EPS)?;
    let gradients = y.graph().vector_jacobian(&y, &x[1], &x[..1])?;
    gradients.into_iter().flatten().next().ok_or_else(|| Error::Shape("no gradient".into()))
}

fn cases() -> Vec<Case> {
    vec![
        Case::new("rows of one element", &[&[5, 1]], |_, x| x[0].normalize(1, EPS)).finite_at_extremes(),
        Case::new("rows", &[&[5, 13]], |_, x| x[0].normalize(13, EPS)).finite_at_extremes(),
        Case::new("rows far from 0", &[&[5, 13]], |_, x| x[0].normalize(13, EPS)).range((99.0, 101.0)).forward_only(),
        Case::new("rows over one workgroup", &[&[3, 331]], |_, x| x[0].normalize(331, EPS)),
        Case::new("rows over several axes", &[&[2, 6, 3, 5]], |_, x| x[0].normalize(45, EPS)),
        Case::new("many rows", &[&[131, 7]], |_, x| x[0].normalize(7, EPS)).forward_only(),
        Case::new("affine and silu fused", &[&[2, 6, 3, 5], &[6, 1, 1], &[6, 1, 1]], |_, x| {
            Ok(x[0].normalize(45, EPS)?.mul(&x[1])?.add(&x[2])?.silu())
        }),
        Case::new("derivative", &[&[5, 13], &[5, 13]], |_, x| derivative(13, x)),
        Case::new("derivative over one workgroup", &[&[3, 131], &[3, 131]], |_, x| derivative(131, x)),
        Case::new("derivative with a sum fused", &[&[4, 9], &[4, 9], &[4, 9]], |_, x| {
            Ok(derivative(9, x)?.add(&x[2])?.mul_scalar(0.5))
        }),
    ]
}
