//! Concatenation along any axis.

use super::registry::{Case, Row};
use super::{AdapterKind, Arg, Backward, Io, Kernel, Lowered, Op, generic_kernel, linear_groups, shader};
use crate::graph::{Graph, Shape, Tensor};
use crate::real::Real;
use crate::{Error, Result};

const WORKGROUP: usize = 64;
/// Inputs of one dispatch.
const MAX_INPUTS: usize = 4;

/// Lays inputs of `outer` rows side by side; input i has rows of `widths[i]` elements.
#[derive(Debug, Clone)]
pub struct Concat {
    axis: usize,
    outer: usize,
    widths: Vec<usize>,
}

impl Concat {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [output] = io.outputs else { unreachable!("a concatenation has one output") };
        for (index, row) in output.chunks_exact_mut(self.widths.iter().sum()).enumerate() {
            let mut rest = row;
            for (input, &width) in io.inputs.iter().zip(&self.widths) {
                let (part, after) = rest.split_at_mut(width);
                part.copy_from_slice(&input[index * width..][..width]);
                rest = after;
            }
        }
    }
}

impl Op for Concat {
    fn name(&self) -> &'static str {
        "concat"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        let width: usize = self.widths.iter().sum();
        let len = self.outer * width;
        let groups = linear_groups(len, WORKGROUP);
        let mut words = vec![len as u32, groups[0] * WORKGROUP as u32, width as u32, 0];
        words.extend((0..MAX_INPUTS).map(|index| self.widths.get(index).map_or(0, |&width| width as u32)));
        // every binding needs a buffer; an absent input's is never read
        let last = self.widths.len() - 1;
        let mut args: Vec<Arg> = (0..MAX_INPUTS).map(|index| Arg::Input(index.min(last))).collect();
        args.push(Arg::Output(0));
        Lowered::single(Kernel {
            shader: shader!("concat"),
            uniform: bytemuck::cast_slice(&words).to_vec(),
            args,
            program: None,
            groups,
        })
    }

    fn backward(&self, context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        let mut start = 0;
        let mut gradients = vec![];
        for (input, &needed) in context.inputs.iter().zip(context.needed) {
            let extent = input.shape().dims()[self.axis];
            gradients.push(needed.then(|| context.gradient.slice(self.axis, start, extent)).transpose()?);
            start += extent;
        }
        Ok(gradients)
    }

    fn flops(&self) -> u64 {
        0
    }
}

impl Graph {
    /// The tensors one after the other along `axis`; all other extents are equal.
    ///
    /// # Errors
    /// [`Error::Shape`] when there is none, the axis does not exist or other extents differ.
    pub fn concat(&self, tensors: &[&Tensor], axis: usize) -> Result<Tensor> {
        let Some((&first, others)) = tensors.split_first() else {
            return Err(Error::Shape("a concatenation needs at least one tensor".into()));
        };
        let shape = first.shape();
        if axis >= shape.rank() {
            return Err(Error::Shape(format!("{shape:?} has no axis {axis}")));
        }
        for other in others {
            let with_axis = |shape: &Shape| {
                let mut dims = shape.dims().to_vec();
                if let Some(extent) = dims.get_mut(axis) {
                    *extent = 0;
                }
                dims
            };
            if with_axis(&other.shape()) != with_axis(&shape) {
                return Err(Error::Shape(format!(
                    "{shape:?} and {:?} do not concatenate along axis {axis}",
                    other.shape()
                )));
            }
        }
        if others.is_empty() {
            return Ok(first.clone());
        }
        if tensors.len() > MAX_INPUTS {
            let parts = tensors.chunks(MAX_INPUTS).map(|part| self.concat(part, axis)).collect::<Result<Vec<_>>>()?;
            return self.concat(&parts.iter().collect::<Vec<_>>(), axis);
        }
        let inner: usize = shape.dims()[axis + 1..].iter().product();
        let extents: Vec<usize> = tensors.iter().map(|tensor| tensor.shape().dims()[axis]).collect();
        let mut target = shape.dims().to_vec();
        target[axis] = extents.iter().sum();
        let op = Concat {
            axis,
            outer: shape.dims()[..axis].iter().product(),
            widths: extents.iter().map(|extent| extent * inner).collect(),
        };
        Ok(self.op(op, tensors, Shape::new(&target)))
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    Row { name: "concat", shaders: &[shader!("concat")], cases }
}

fn cases() -> Vec<Case> {
    let all = |axis: usize| move |graph: &Graph, x: &[Tensor]| graph.concat(&x.iter().collect::<Vec<_>>(), axis);
    vec![
        Case::new("two vectors", &[&[1], &[70]], all(0)),
        Case::new("channels", &[&[2, 3, 5, 7], &[2, 1, 5, 7]], all(1)),
        Case::new("three along the last axis", &[&[5, 1], &[5, 13], &[5, 2]], all(1)),
        Case::new("four along the first axis", &[&[1, 3], &[2, 3], &[5, 3], &[1, 3]], all(0)),
        Case::new("six, which takes two steps", &[&[2, 1], &[2, 2], &[2, 3], &[2, 4], &[2, 5], &[2, 1]], all(1)),
        Case::new("a tensor with itself", &[&[3, 5]], |graph, x| graph.concat(&[&x[0], &x[0].square()], 1)),
    ]
}
