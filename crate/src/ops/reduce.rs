//! Sums and maxima over axes, with a fused program that computes each element read.

use std::rc::Rc;

use super::registry::{Case, Row};
use super::{AdapterKind, Arg, Backward, Io, Kernel, Lowered, Op, Program, generic_kernel, linear_groups, shader};
use crate::graph::{Shape, Tensor};
use crate::kernels::{ReduceShape, Reduction};
use crate::math::sorted;
use crate::real::Real;
use crate::{Error, Result};

/// Elements from which one output gets a whole workgroup on a GPU.
const TREE_FROM: usize = 64;
/// Elements that one workgroup of a two-stage sum adds.
const STAGE: usize = 4096;
const WORKGROUP: usize = 64;

/// A reduction of axes.
#[derive(Debug, Clone)]
pub struct Reduce {
    shape: ReduceShape,
    axes: Vec<usize>,
    program: Program,
}

impl Reduce {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [output] = io.outputs else { unreachable!("a reduction has one output") };
        T::reduce(&self.shape, &self.program, io.inputs, output);
    }

    /// The block of `shaders/shared/reduce_params.wgsl`.
    fn uniform(&self, stride: usize, splits: usize, each: usize) -> Vec<u8> {
        let ReduceShape { reduction, a, r1, b, r2 } = self.shape;
        let words = [a * b, stride, r1, b, r2, splits, each].map(|value| value as u32);
        let is_max = u32::from(reduction == Reduction::Max);
        words.iter().chain([&is_max]).flat_map(|word| word.to_le_bytes()).collect()
    }
}

impl Op for Reduce {
    fn name(&self) -> &'static str {
        "reduce"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        let outputs = self.shape.a * self.shape.b;
        let reduced = self.shape.r1 * self.shape.r2;
        let split = if outputs * 16 < reduced { reduced.div_ceil(STAGE) } else { 1 };
        let kernel = |groups: [u32; 3],
                      splits: usize,
                      each: usize,
                      target: Arg,
                      program: Option<(Program, usize)>,
                      tree: bool| {
            let threads_x = groups[0] as usize * if tree { 1 } else { WORKGROUP };
            Kernel {
                shader: if tree { shader!("reduce_tree") } else { shader!("reduce") },
                uniform: self.uniform(threads_x, splits, each),
                args: vec![target],
                program,
                groups,
            }
        };
        let program = Some((self.program.clone(), 0));
        if split == 1 {
            let tree = reduced >= TREE_FROM && outputs < 4096;
            let groups = if tree { linear_groups(outputs, 1) } else { linear_groups(outputs, WORKGROUP) };
            return Lowered::single(kernel(groups, 1, reduced, Arg::Output(0), program, tree));
        }
        let each = reduced.div_ceil(split);
        let first = kernel(linear_groups(outputs * split, 1), split, each, Arg::ScratchOut(0), program, true);
        let finish = Kernel {
            shader: shader!("reduce_finish"),
            uniform: self.uniform(linear_groups(outputs, WORKGROUP)[0] as usize * WORKGROUP, split, each),
            args: vec![Arg::ScratchIn(0), Arg::Output(0)],
            program: None,
            groups: linear_groups(outputs, WORKGROUP),
        };
        Lowered { kernels: vec![first, finish], scratch: vec![outputs * split] }
    }

    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let [input] = context.inputs else {
            return Err(Error::Unsupported("a fused reduction has no derivative".into()));
        };
        let shape = input.shape();
        let mut kept = shape.dims().to_vec();
        for &axis in &self.axes {
            kept[axis] = 1;
        }
        let spread = |tensor: &Tensor| tensor.reshape(kept.as_slice())?.broadcast_to(shape.clone());
        let gradient = spread(context.gradient)?;
        Ok(vec![Some(match self.shape.reduction {
            Reduction::Sum => gradient,
            Reduction::Max => gradient.mul(&input.equal(&spread(context.output)?)?)?,
        })])
    }

    fn flops(&self) -> u64 {
        let ReduceShape { a, r1, b, r2, .. } = self.shape;
        (a * r1 * b * r2 * (1 + self.program.instructions().len())) as u64
    }

    fn program(&self) -> Option<&Program> {
        Some(&self.program)
    }

    fn with_prologue(&self, program: &Program) -> Option<Rc<dyn Op>> {
        Some(Rc::new(Reduce { program: program.clone(), ..self.clone() }))
    }
}

impl Tensor {
    fn reduce(&self, reduction: Reduction, axes: &[usize], keep: bool) -> Result<Tensor> {
        let shape = self.shape();
        let mut axes = sorted(axes);
        axes.dedup();
        if axes.last().is_some_and(|&axis| axis >= shape.rank()) {
            return Err(Error::Shape(format!("{shape:?} has no axis {}", axes[axes.len() - 1])));
        }
        let kept: Vec<usize> = (0..shape.rank()).filter(|axis| !axes.contains(axis)).collect();
        let target: Vec<usize> = (0..shape.rank())
            .filter_map(|axis| match axes.contains(&axis) {
                true => keep.then_some(1),
                false => Some(shape.dims()[axis]),
            })
            .collect();
        // runs of reduced and kept axes, unit axes counting as either
        let mut runs: Vec<(bool, usize)> = vec![];
        for (axis, &extent) in shape.dims().iter().enumerate().filter(|&(_, &extent)| extent != 1) {
            let reduced = axes.contains(&axis);
            match runs.last_mut() {
                Some((kind, size)) if *kind == reduced => *size *= extent,
                _ => runs.push((reduced, extent)),
            }
        }
        let (a, r1, b, r2) = match *runs.as_slice() {
            [] => (1, 1, 1, 1),
            [(true, r)] => (1, 1, 1, r),
            [(false, a)] => (1, 1, a, 1),
            [(true, r), (false, b)] => (1, r, b, 1),
            [(false, a), (true, r)] => (1, 1, a, r),
            [(true, r), (false, b), (true, s)] => (1, r, b, s),
            [(false, a), (true, r), (false, b)] => (a, r, b, 1),
            [(false, a), (true, r), (false, b), (true, s)] => (a, r, b, s),
            _ => {
                let order: Vec<usize> = kept.iter().chain(&axes).copied().collect();
                let last: Vec<usize> = (kept.len()..shape.rank()).collect();
                return self.permute(&order)?.reduce(reduction, &last, false)?.reshape(target.as_slice());
            }
        };
        let op = Reduce { shape: ReduceShape { reduction, a, r1, b, r2 }, axes, program: Program::identity() };
        Ok(self.graph().op(op, &[self], Shape::new(&target)))
    }

    /// The sum over `axes`, which are removed.
    ///
    /// # Errors
    /// [`Error::Shape`] when an axis does not exist.
    pub fn sum(&self, axes: &[usize]) -> Result<Tensor> {
        self.reduce(Reduction::Sum, axes, false)
    }

    /// The sum over `axes`, which stay with extent 1.
    ///
    /// # Errors
    /// [`Error::Shape`] when an axis does not exist.
    pub fn sum_keep(&self, axes: &[usize]) -> Result<Tensor> {
        self.reduce(Reduction::Sum, axes, true)
    }

    /// The sum of all elements, a scalar.
    pub fn sum_all(&self) -> Tensor {
        let axes: Vec<usize> = (0..self.shape().rank()).collect();
        self.reduce(Reduction::Sum, &axes, false).expect("every axis exists")
    }

    /// The mean of all elements, a scalar.
    pub fn mean_all(&self) -> Tensor {
        self.sum_all().mul_scalar(1.0 / self.shape().numel() as f64)
    }

    /// The mean over `axes`, which stay with extent 1.
    ///
    /// # Errors
    /// [`Error::Shape`] when an axis does not exist.
    pub fn mean_keep(&self, axes: &[usize]) -> Result<Tensor> {
        let sum = self.sum_keep(axes)?;
        let count = self.shape().numel() / sum.shape().numel();
        Ok(sum.mul_scalar(1.0 / count as f64))
    }

    /// The maximum over `axes`, which stay with extent 1.
    ///
    /// # Errors
    /// [`Error::Shape`] when an axis does not exist.
    pub fn max_keep(&self, axes: &[usize]) -> Result<Tensor> {
        self.reduce(Reduction::Max, axes, true)
    }

    /// ln of the sum of exponentials over `axes`, which stay with extent 1. The maximum is subtracted first.
    ///
    /// # Errors
    /// [`Error::Shape`] when an axis does not exist.
    pub fn logsumexp_keep(&self, axes: &[usize]) -> Result<Tensor> {
        let max = self.max_keep(axes)?.stop_gradient();
        self.sub(&max)?.exp().sum_keep(axes)?.log().add(&max)
    }

    /// The sum down to `shape`, which broadcasts to the tensor's: the gradient of a broadcast.
    ///
    /// # Errors
    /// [`Error::Shape`] when `shape` does not broadcast to the tensor's.
    pub fn sum_to(&self, shape: &Shape) -> Result<Tensor> {
        let own = self.shape();
        if own == *shape {
            return Ok(self.clone());
        }
        if shape.broadcast(&own).as_ref() != Some(&own) {
            return Err(Error::Shape(format!("{own:?} does not sum to {shape:?}")));
        }
        let missing = own.rank() - shape.rank();
        let axes: Vec<usize> = (0..own.rank())
            .filter(|&axis| axis < missing || shape.dims()[axis - missing] != own.dims()[axis])
            .collect();
        self.sum(&axes)?.reshape(shape.clone())
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    Row { name: "reduce", shaders: &[shader!("reduce"), shader!("reduce_tree"), shader!("reduce_finish")], cases }
}

fn cases() -> Vec<Case> {
    vec![
        Case::new("one element", &[&[1]], |_, x| Ok(x[0].sum_all())),
        Case::new("all, one stage", &[&[7, 11, 13]], |_, x| Ok(x[0].sum_all())),
        Case::new("all, two stages", &[&[129, 131]], |_, x| Ok(x[0].square().mean_all())),
        Case::new("rows", &[&[5, 331]], |_, x| x[0].sum(&[1])),
        Case::new("columns", &[&[131, 67]], |_, x| x[0].sum(&[0])),
        Case::new("middle axis", &[&[3, 70, 5]], |_, x| x[0].sum_keep(&[1])),
        Case::new("batch and pixels", &[&[4, 3, 5, 7]], |_, x| x[0].mean_keep(&[0, 2, 3])),
        Case::new("channels and width", &[&[2, 3, 5, 7]], |_, x| x[0].sum(&[1, 3])),
        Case::new("axes that need a transposition", &[&[2, 3, 5, 7, 2]], |_, x| x[0].sum(&[0, 2, 4])),
        Case::new("maximum", &[&[5, 97]], |_, x| x[0].max_keep(&[1])),
        Case::new("maximum of columns", &[&[9, 4]], |_, x| x[0].max_keep(&[0])),
        Case::new("logsumexp", &[&[5, 67]], |_, x| x[0].logsumexp_keep(&[1])).finite_at_extremes(),
        Case::new("sum to a smaller shape", &[&[4, 3, 5]], |_, x| x[0].sum_to(&Shape::new(&[3, 1]))),
    ]
}
