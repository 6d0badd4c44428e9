//! Matrix product, batched, with free transposes and a fused program on each finished element.

use std::rc::Rc;

use super::registry::{Case, Row};
use super::{AdapterKind, Backward, Io, Lowered, Op, Packing, Program, generic_kernel, shader};
use crate::graph::{Shape, Tensor};
use crate::kernels::gemm::Matrix;
use crate::real::Real;
use crate::{Error, Result};

mod lower;

/// C[b, m, n] = sum over k of A[b, m, k] B[b, k, n]; C is row-major, A and B have any strides.
#[derive(Debug, Clone)]
pub struct MatMul {
    pub(crate) batch: usize,
    pub(crate) m: usize,
    pub(crate) k: usize,
    pub(crate) n: usize,
    pub(crate) a: Operand,
    pub(crate) b: Operand,
    pub(crate) epilogue: Option<Program>,
}

/// How one operand lies in memory, in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operand {
    /// From one matrix of the batch to the next; 0 where all share one.
    pub batch_stride: usize,
    /// From one row to the next.
    pub row_stride: usize,
    /// From one column to the next.
    pub col_stride: usize,
    transposed: bool,
}

impl Operand {
    /// A logical `rows` by `cols` operand, stored transposed or not.
    fn new(rows: usize, cols: usize, batched: bool, transposed: bool) -> Self {
        let (row_stride, col_stride) = if transposed { (1, rows) } else { (cols, 1) };
        Operand { batch_stride: if batched { rows * cols } else { 0 }, row_stride, col_stride, transposed }
    }
}

impl Operand {
    fn matrix<'a, T>(&self, data: &'a [T], index: usize) -> Matrix<'a, T> {
        let data = &data[index * self.batch_stride..];
        Matrix { data, row_stride: self.row_stride, col_stride: self.col_stride }
    }
}

impl MatMul {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [a, b, operands @ ..] = io.inputs else { unreachable!("a product has two inputs") };
        let [output] = io.outputs else { unreachable!("a product has one output") };
        let size = self.m * self.n;
        for (index, c) in output.chunks_exact_mut(size).enumerate() {
            let first = index * size;
            let finish = |start: usize, part: &mut [T]| {
                if let Some(program) = &self.epilogue {
                    T::finish(program, operands, first + start, part);
                }
            };
            let a = self.a.matrix(a, index);
            match io.packed {
                Some(packed) => T::gemm_packed(self.m, a, packed, c, false, &mut io.scratch.gemm, &finish),
                None => {
                    let b = self.b.matrix(b, index);
                    T::gemm(self.m, self.k, self.n, a, b, c, false, &mut io.scratch.gemm, &finish);
                }
            }
        }
    }
}

impl Op for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    generic_kernel!();

    fn lower(&self, adapter: AdapterKind) -> Lowered {
        lower::lower(self, adapter)
    }

    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let [a, b] = context.inputs else { return Err(Error::Unsupported("a fused product has no derivative".into())) };
        let g = context.gradient;
        let da = || match self.a.transposed {
            false => g.matmul_with(b, false, !self.b.transposed),
            true => b.matmul_with(g, self.b.transposed, true),
        };
        let db = || match self.b.transposed {
            false => a.matmul_with(g, !self.a.transposed, false),
            true => g.matmul_with(a, true, self.a.transposed),
        };
        let fit = |gradient: Result<Tensor>, to: &Tensor| gradient.and_then(|gradient| gradient.sum_to(&to.shape()));
        Ok(vec![
            context.needed[0].then(|| fit(da(), a)).transpose()?,
            context.needed[1].then(|| fit(db(), b)).transpose()?,
        ])
    }

    fn flops(&self) -> u64 {
        let epilogue = self.epilogue.as_ref().map_or(0, |program| program.instructions().len());
        (self.batch * self.m * self.n * (2 * self.k + epilogue)) as u64
    }

    fn packing(&self) -> Option<Packing> {
        (self.batch == 1 && self.n > 1).then_some(Packing {
            input: 1,
            single: self.m == 1,
            depth: self.k,
            columns: self.n,
            row_stride: self.b.row_stride,
            col_stride: self.b.col_stride,
        })
    }

    fn program(&self) -> Option<&Program> {
        self.epilogue.as_ref()
    }

    fn with_epilogue(&self, program: &Program) -> Option<Rc<dyn Op>> {
        self.epilogue
            .is_none()
            .then(|| Rc::new(MatMul { epilogue: Some(program.clone()), ..self.clone() }) as Rc<dyn Op>)
    }
}

impl Tensor {
    /// The matrix product of `[.., m, k]` and `[.., k, n]`; leading dimensions are equal, or `other` has none.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes do not fit.
    pub fn matmul(&self, other: &Tensor) -> Result<Tensor> {
        self.matmul_with(other, false, false)
    }

    /// The matrix product with the last two dimensions of either operand read transposed.
    ///
    /// # Errors
    /// [`Error::Shape`] when the shapes do not fit.
    pub fn matmul_with(&self, other: &Tensor, transpose_self: bool, transpose_other: bool) -> Result<Tensor> {
        let (left, right) = (self.shape(), other.shape());
        let misfit = || Error::Shape(format!("a product of {left:?} and {right:?} does not fit"));
        let split = |shape: &Shape| -> Option<(Vec<usize>, usize, usize)> {
            let (lead, last) = shape.dims().split_at(shape.rank().checked_sub(2)?);
            Some((lead.to_vec(), last[0], last[1]))
        };
        let (mut lead, mut rows, cols) = split(&left).ok_or_else(misfit)?;
        let (other_lead, other_rows, other_cols) = split(&right).ok_or_else(misfit)?;
        let (k2, n) = if transpose_other { (other_cols, other_rows) } else { (other_rows, other_cols) };
        // one matrix on the right: the batch is just more rows
        let flat = other_lead.is_empty() && !transpose_self && !lead.is_empty();
        let outer: usize = lead.iter().product();
        if flat {
            rows *= outer;
        }
        let (m, k) = if transpose_self { (cols, rows) } else { (rows, cols) };
        let batched = !flat && !lead.is_empty();
        if k != k2
            || (batched && !other_lead.is_empty() && lead != other_lead)
            || (lead.is_empty() && !other_lead.is_empty())
        {
            return Err(misfit());
        }
        let batch = if batched { outer } else { 1 };
        if batch * m * n == 0 || k == 0 {
            return Err(Error::Shape(format!("a product of {left:?} and {right:?} is empty")));
        }
        let op = MatMul {
            batch,
            m,
            k,
            n,
            a: Operand::new(m, k, batched, transpose_self),
            b: Operand::new(k, n, batched && !other_lead.is_empty(), transpose_other),
            epilogue: None,
        };
        let shape = if flat {
            let rows = left.dims()[left.rank() - 2];
            lead.extend([rows, n]);
            lead
        } else {
            lead.extend([m, n]);
            lead
        };
        Ok(self.graph().op(op, &[self, other], Shape::new(&shape)))
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    let shaders = &[
        shader!("matmul"),
        shader!("matmul_register"),
        shader!("matmul_register_small"),
        shader!("matmul_row"),
        shader!("matmul_row_register"),
        shader!("matmul_small"),
        shader!("matmul_sum"),
    ];
    Row { name: "matmul", shaders, cases }
}

fn cases() -> Vec<Case> {
    let mut cases = vec![];
    for (m, k, n) in [(1, 1, 1), (1, 7, 13), (5, 1, 3), (17, 31, 13), (4, 65, 33), (67, 71, 5)] {
        for (left, right) in [(false, false), (false, true), (true, false), (true, true)] {
            let a = if left { [k, m] } else { [m, k] };
            let b = if right { [n, k] } else { [k, n] };
            cases.push(Case::new(format!("{m}x{k}x{n}, transposed {left} {right}"), &[&a, &b], move |_, x| {
                x[0].matmul_with(&x[1], left, right)
            }));
        }
    }
    cases.extend([
        Case::new("long sum", &[&[3, 1031], &[1031, 2]], |_, x| x[0].matmul(&x[1])),
        Case::new("many rows", &[&[131, 20], &[20, 70]], |_, x| x[0].matmul(&x[1])).forward_only(),
        Case::new("large", &[&[515, 17], &[17, 519]], |_, x| x[0].matmul(&x[1])).forward_only(),
        Case::new("batch", &[&[3, 5, 7], &[3, 7, 11]], |_, x| x[0].matmul(&x[1])),
        Case::new("batch, both transposed", &[&[3, 7, 5], &[3, 11, 7]], |_, x| x[0].matmul_with(&x[1], true, true)),
        Case::new("batch against one matrix", &[&[3, 2, 5, 7], &[11, 7]], |_, x| x[0].matmul_with(&x[1], false, true)),
        Case::new("bias and relu fused", &[&[19, 23], &[29, 23], &[29]], |_, x| {
            Ok(x[0].matmul_with(&x[1], false, true)?.add(&x[2])?.relu())
        }),
        Case::new("residual and gate fused", &[&[19, 23], &[23, 29], &[19, 29], &[19, 1]], |_, x| {
            x[0].matmul(&x[1])?.add(&x[2])?.mul(&x[3].sigmoid())?.tanh().mul(&x[2])
        }),
        Case::new("fused behind a long sum", &[&[3, 1031], &[5, 1031], &[5]], |_, x| {
            Ok(x[0].matmul_with(&x[1], false, true)?.add(&x[2])?.sigmoid())
        }),
        Case::new("sum of two products", &[&[9, 8], &[8, 7], &[9, 5], &[5, 7]], |_, x| {
            x[0].matmul(&x[1])?.add(&x[2].matmul(&x[3])?)
        }),
    ]);
    cases
}
