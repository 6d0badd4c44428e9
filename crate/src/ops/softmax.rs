//! Softmax and log-softmax over the last axis, with a causal mask.

use super::registry::{Case, Row};
use super::rows::{RowShaders, RowSizes, lower};
use super::{AdapterKind, Arg, Backward, Io, Lowered, Op, generic_kernel, shader};
use crate::graph::Tensor;
use crate::kernels::SoftmaxKind;
use crate::real::Real;
use crate::{Error, Result};

/// Softmax of each of `rows` rows of `length` elements.
#[derive(Debug, Clone)]
pub struct Softmax {
    mode: SoftmaxKind,
    rows: usize,
    length: usize,
}

impl Softmax {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [input] = io.inputs else { unreachable!("a softmax has one input") };
        let [output] = io.outputs else { unreachable!("a softmax has one output") };
        T::softmax(self.mode, self.length, input, output);
    }
}

impl Op for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    generic_kernel!();

    fn lower(&self, adapter: AdapterKind) -> Lowered {
        let shaders = RowShaders { wide: shader!("softmax"), narrow: shader!("softmax_narrow") };
        let sizes = RowSizes { rows: self.rows, length: self.length, word: self.mode as u32 };
        lower(adapter, &shaders, &sizes, vec![Arg::Input(0), Arg::Output(0)], None)
    }

    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let (y, g) = (context.output, context.gradient);
        let last = [y.shape().rank() - 1];
        Ok(vec![Some(match self.mode {
            SoftmaxKind::Log => g.sub(&y.exp().mul(&g.sum_keep(&last)?)?)?,
            // masked elements have y = 0 and so no gradient
            SoftmaxKind::Plain | SoftmaxKind::Causal => y.mul(&g.sub(&g.mul(y)?.sum_keep(&last)?)?)?,
        })])
    }

    fn flops(&self) -> u64 {
        5 * (self.rows * self.length) as u64
    }
}

impl Tensor {
    fn softmax_of(&self, mode: SoftmaxKind) -> Result<Tensor> {
        let shape = self.shape();
        let Some(&length) = shape.dims().last() else {
            return Err(Error::Shape("a softmax needs an axis to run over; this is a single number".into()));
        };
        if mode == SoftmaxKind::Causal && (shape.rank() < 2 || shape.dims()[shape.rank() - 2] != length) {
            return Err(Error::Shape(format!("a causal softmax is over square matrices, not {shape:?}")));
        }
        let op = Softmax { mode, rows: shape.numel() / length, length };
        Ok(self.graph().op(op, &[self], shape))
    }

    /// exp(x) / sum of exp(x) over the last axis. The maximum is subtracted first.
    ///
    /// # Errors
    /// [`Error::Shape`] for a scalar.
    pub fn softmax(&self) -> Result<Tensor> {
        self.softmax_of(SoftmaxKind::Plain)
    }

    /// [`Tensor::softmax`] of `[.., n, n]` where row i sees its elements 0 to i only; the others become 0.
    ///
    /// # Errors
    /// [`Error::Shape`] when the last two axes differ.
    pub fn softmax_causal(&self) -> Result<Tensor> {
        self.softmax_of(SoftmaxKind::Causal)
    }

    /// x - ln(sum of exp(x)) over the last axis.
    ///
    /// # Errors
    /// [`Error::Shape`] for a scalar.
    pub fn log_softmax(&self) -> Result<Tensor> {
        self.softmax_of(SoftmaxKind::Log)
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    Row { name: "softmax", shaders: &[shader!("softmax"), shader!("softmax_narrow")], cases }
}

fn cases() -> Vec<Case> {
    vec![
        Case::new("one element", &[&[3, 1]], |_, x| x[0].softmax()).finite_at_extremes(),
        Case::new("rows", &[&[5, 13]], |_, x| x[0].softmax()).range((-5.0, 5.0)).finite_at_extremes(),
        Case::new("a row over one workgroup", &[&[2, 3, 131]], |_, x| x[0].softmax()).range((-5.0, 5.0)),
        Case::new("many rows", &[&[131, 3]], |_, x| x[0].softmax()),
        Case::new("far apart", &[&[7, 11]], |_, x| x[0].softmax()).range((-200.0, 200.0)).forward_only(),
        Case::new("causal", &[&[2, 3, 7, 7]], |_, x| x[0].softmax_causal()).finite_at_extremes(),
        Case::new("causal over one workgroup", &[&[67, 67]], |_, x| x[0].softmax_causal()),
        Case::new("logarithm", &[&[5, 13]], |_, x| x[0].log_softmax()).range((-5.0, 5.0)).finite_at_extremes(),
        Case::new("logarithm, far apart", &[&[7, 71]], |_, x| x[0].log_softmax()).range((-200.0, 200.0)).forward_only(),
        Case::new("of a scaled product", &[&[2, 5, 3], &[2, 5, 3]], |_, x| {
            x[0].matmul_with(&x[1], false, true)?.mul_scalar(0.5).softmax()
        }),
    ]
}
