//! Strided copies: transposition, slices, padding with zeros, broadcasting and nearest upsampling.

use super::registry::{Case, Row};
use super::{AdapterKind, Arg, Backward, Indexing, Io, Kernel, Lowered, Op, generic_kernel, linear_groups, shader};
use crate::graph::{Shape, Tensor};
use crate::kernels::copy::{Axis, MAX_RANK};
use crate::math::sorted;
use crate::real::Real;
use crate::{Error, Result};

const WORKGROUP: usize = 64;

#[derive(Debug, Clone)]
enum Derivative {
    Permute(Vec<usize>),
    Slice {
        axis: usize,
        start: usize,
    },
    Pad {
        axis: usize,
        low: usize,
    },
    /// With the way in which a program would read the input, where there is one.
    Broadcast(Option<Indexing>),
}

/// output[c] = input[offset + sum of (c_j - low_j) stride_j] where every c_j - low_j is in 0..size_j, else 0.
#[derive(Debug, Clone)]
pub struct StridedCopy {
    axes: Vec<Axis>,
    offset: usize,
    derivative: Derivative,
}

impl StridedCopy {
    /// Merges axes that are one run in the input too, so that the rank stays small.
    fn new(axes: Vec<Axis>, offset: usize, derivative: Derivative) -> Result<Self> {
        let mut merged: Vec<Axis> = vec![];
        for axis in axes.into_iter().filter(|axis| axis.extent != 1 || axis.low != 0 || axis.size != 1) {
            match merged.last_mut() {
                Some(last)
                    if last.size == last.extent
                        && axis.size == axis.extent
                        && last.stride == axis.stride * axis.extent =>
                {
                    *last = Axis::plain(last.extent * axis.extent, axis.stride);
                }
                _ => merged.push(axis),
            }
        }
        if merged.len() > MAX_RANK {
            return Err(Error::Unsupported(format!("a copy of more than {MAX_RANK} separate axes")));
        }
        Ok(StridedCopy { axes: merged, offset, derivative })
    }

    fn len(&self) -> usize {
        self.axes.iter().map(|axis| axis.extent).product()
    }

    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [input] = io.inputs else { unreachable!("a copy has one input") };
        let [output] = io.outputs else { unreachable!("a copy has one output") };
        T::copy(&self.axes, self.offset, input, output);
    }
}

impl Op for StridedCopy {
    fn name(&self) -> &'static str {
        "copy"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        let groups = linear_groups(self.len(), WORKGROUP);
        let mut words = vec![self.len() as u32, groups[0] * WORKGROUP as u32, self.offset as u32, 0];
        let unit = Axis::plain(1, 0);
        for index in 0..MAX_RANK {
            // unit axes first, so that the shader's loop is of fixed length
            let axis = (index + self.axes.len()).checked_sub(MAX_RANK).map_or(unit, |index| self.axes[index]);
            words.extend([axis.extent, axis.stride, axis.low, axis.size].map(|value| value as u32));
        }
        Lowered::single(Kernel {
            shader: shader!("copy"),
            uniform: bytemuck::cast_slice(&words).to_vec(),
            args: vec![Arg::Input(0), Arg::Output(0)],
            program: None,
            groups,
        })
    }

    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let (g, shape) = (context.gradient, context.inputs[0].shape());
        Ok(vec![Some(match &self.derivative {
            Derivative::Permute(order) => {
                let mut inverse = vec![0; order.len()];
                for (to, &from) in order.iter().enumerate() {
                    inverse[from] = to;
                }
                g.permute(&inverse)?
            }
            Derivative::Slice { axis, start } => {
                let after = shape.dims()[*axis] - start - g.shape().dims()[*axis];
                g.pad(*axis, *start, after)?
            }
            Derivative::Pad { axis, low } => g.slice(*axis, *low, shape.dims()[*axis])?,
            Derivative::Broadcast(_) => g.sum_to(&shape)?,
        })])
    }

    fn flops(&self) -> u64 {
        0
    }

    fn as_broadcast(&self) -> Option<Indexing> {
        match self.derivative {
            Derivative::Broadcast(indexing) => indexing,
            _ => None,
        }
    }
}

impl Tensor {
    fn check_axis(&self, axis: usize) -> Result<Shape> {
        let shape = self.shape();
        match axis < shape.rank() {
            true => Ok(shape),
            false => Err(Error::Shape(format!("{shape:?} has no axis {axis}"))),
        }
    }

    /// The axes in the given order: axis i of the result is axis `order[i]` of the tensor.
    ///
    /// # Errors
    /// [`Error::Shape`] when `order` is not a permutation of the axes.
    pub fn permute(&self, order: &[usize]) -> Result<Tensor> {
        let shape = self.shape();
        if !sorted(order).into_iter().eq(0..shape.rank()) {
            return Err(Error::Shape(format!("{order:?} does not order the axes of {shape:?}")));
        }
        let strides = shape.strides();
        let axes: Vec<Axis> = order.iter().map(|&axis| Axis::plain(shape.dims()[axis], strides[axis])).collect();
        let target: Vec<usize> = order.iter().map(|&axis| shape.dims()[axis]).collect();
        Ok(self.graph().op(
            StridedCopy::new(axes, 0, Derivative::Permute(order.to_vec()))?,
            &[self],
            Shape::new(&target),
        ))
    }

    /// The last two axes swapped.
    ///
    /// # Errors
    /// [`Error::Shape`] when there are fewer than two.
    pub fn transpose(&self) -> Result<Tensor> {
        let rank = self.shape().rank();
        let mut order: Vec<usize> = (0..rank).collect();
        if rank < 2 {
            return Err(Error::Shape(format!("{:?} has no two axes to swap", self.shape())));
        }
        order.swap(rank - 2, rank - 1);
        self.permute(&order)
    }

    /// `len` positions of `axis` from `start` on.
    ///
    /// # Errors
    /// [`Error::Shape`] when they do not exist.
    pub fn slice(&self, axis: usize, start: usize, len: usize) -> Result<Tensor> {
        let shape = self.check_axis(axis)?;
        if len == 0 || start + len > shape.dims()[axis] {
            return Err(Error::Shape(format!("{shape:?} has no {len} positions from {start} on axis {axis}")));
        }
        let strides = shape.strides();
        let mut target = shape.dims().to_vec();
        target[axis] = len;
        let axes = target.iter().zip(&strides).map(|(&extent, &stride)| Axis::plain(extent, stride)).collect();
        let op = StridedCopy::new(axes, start * strides[axis], Derivative::Slice { axis, start })?;
        Ok(self.graph().op(op, &[self], Shape::new(&target)))
    }

    /// `low` zeros before and `high` after the positions of `axis`.
    ///
    /// # Errors
    /// [`Error::Shape`] when the axis does not exist.
    pub fn pad(&self, axis: usize, low: usize, high: usize) -> Result<Tensor> {
        let shape = self.check_axis(axis)?;
        let mut target = shape.dims().to_vec();
        target[axis] += low + high;
        let axes = shape.dims().iter().zip(shape.strides()).enumerate().map(|(index, (&extent, stride))| {
            match index == axis {
                true => Axis { extent: extent + low + high, stride, low, size: extent },
                false => Axis::plain(extent, stride),
            }
        });
        let op = StridedCopy::new(axes.collect(), 0, Derivative::Pad { axis, low })?;
        Ok(self.graph().op(op, &[self], Shape::new(&target)))
    }

    /// The tensor repeated to `shape` by numpy's rules.
    ///
    /// # Errors
    /// [`Error::Shape`] when it does not broadcast to `shape`.
    pub fn broadcast_to(&self, shape: impl Into<Shape>) -> Result<Tensor> {
        let (own, shape) = (self.shape(), shape.into());
        if own == shape {
            return Ok(self.clone());
        }
        if own.broadcast(&shape).as_ref() != Some(&shape) {
            return Err(Error::Shape(format!("{own:?} does not broadcast to {shape:?}")));
        }
        let missing = shape.rank() - own.rank();
        let strides = own.strides();
        let axes = shape.dims().iter().enumerate().map(|(axis, &extent)| {
            let stride = match axis.checked_sub(missing) {
                Some(from) if own.dims()[from] == extent => strides[from],
                _ => 0,
            };
            Axis::plain(extent, stride)
        });
        Ok(self.graph().op(
            StridedCopy::new(axes.collect(), 0, Derivative::Broadcast(Indexing::of(own.dims(), shape.dims())))?,
            &[self],
            shape,
        ))
    }

    /// Each pixel of `[.., height, width]` repeated `factor` times both ways.
    ///
    /// # Errors
    /// [`Error::Shape`] when there are fewer than two axes or `factor` is 0.
    pub fn upsample_nearest(&self, factor: usize) -> Result<Tensor> {
        let shape = self.shape();
        let [lead @ .., height, width] = shape.dims() else {
            return Err(Error::Shape(format!("{shape:?} is not an image")));
        };
        if factor == 0 {
            return Err(Error::Shape("an upsampling factor is at least 1".into()));
        }
        let rows = lead.iter().product::<usize>() * height;
        let mut target = lead.to_vec();
        target.extend([height * factor, width * factor]);
        self.reshape([rows, 1, *width, 1])?.broadcast_to([rows, factor, *width, factor])?.reshape(target.as_slice())
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    Row { name: "copy", shaders: &[shader!("copy")], cases }
}

fn cases() -> Vec<Case> {
    vec![
        Case::new("permute", &[&[3, 5, 7]], |_, x| x[0].permute(&[2, 0, 1])),
        Case::new("transpose a matrix over one workgroup", &[&[67, 71]], |_, x| x[0].transpose()),
        Case::new("permute of rank five", &[&[2, 3, 1, 5, 4]], |_, x| x[0].permute(&[4, 2, 1, 0, 3])),
        Case::new("slice of the first axis", &[&[11, 13]], |_, x| x[0].slice(0, 3, 5)),
        Case::new("slice of a middle axis", &[&[3, 11, 5]], |_, x| x[0].slice(1, 10, 1)),
        Case::new("pad of the last axis", &[&[3, 5]], |_, x| x[0].pad(1, 2, 1)),
        Case::new("pad of the first axis", &[&[3, 5, 2]], |_, x| x[0].pad(0, 0, 4)),
        Case::new("broadcast inside and outside", &[&[3, 1, 5]], |_, x| x[0].broadcast_to([2, 3, 7, 5])),
        Case::new("broadcast of one element", &[&[1]], |_, x| x[0].broadcast_to([257])),
        Case::new("upsample by two", &[&[2, 3, 5, 7]], |_, x| x[0].upsample_nearest(2)),
        Case::new("upsample by three", &[&[1, 1, 1, 1]], |_, x| x[0].upsample_nearest(3)),
    ]
}
