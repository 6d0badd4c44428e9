//! Moving averages in place: EMA of parameters, running statistics of batch norm.

use super::registry::{Case, Row};
use super::{AdapterKind, Arg, Backward, Io, Kernel, Lowered, Op, generic_kernel, linear_groups, shader};
use crate::graph::{Graph, ParamLayout, Tensor};
use crate::real::Real;
use crate::{Error, Result};

const WORKGROUP: usize = 64;

/// target <- target + rate (value - target).
#[derive(Debug, Clone)]
pub struct Lerp {
    len: usize,
}

impl Lerp {
    fn run<T: Real>(&self, io: Io<'_, '_, T>) {
        let [value, rate] = io.inputs else { unreachable!("a moving average has two inputs") };
        let [target] = io.outputs else { unreachable!("a moving average changes one slab") };
        T::lerp(rate[0], value, target);
    }
}

impl Op for Lerp {
    fn name(&self) -> &'static str {
        "lerp"
    }

    generic_kernel!();

    fn lower(&self, _adapter: AdapterKind) -> Lowered {
        let groups = linear_groups(self.len, WORKGROUP);
        let uniform = [self.len as u32, groups[0] * WORKGROUP as u32, 0, 0];
        Lowered::single(Kernel {
            shader: shader!("lerp"),
            uniform: bytemuck::cast_slice(&uniform).to_vec(),
            args: vec![Arg::Input(0), Arg::Input(1), Arg::Output(0)],
            program: None,
            groups,
        })
    }

    fn backward(&self, _context: &Backward<'_>) -> Result<Vec<Option<Tensor>>> {
        Err(Error::Unsupported("a moving average has no derivative".into()))
    }

    fn flops(&self) -> u64 {
        3 * self.len as u64
    }
}

impl Graph {
    /// Appends target <- target + rate (value - target), where `target` is a slab tensor and `rate` a scalar in [0, 1].
    /// An EMA of decay d has the rate 1 - d.
    ///
    /// # Errors
    /// [`Error::Shape`] when the sizes differ, `rate` is not a scalar or `target` is not a slab tensor.
    pub fn moving_average(&self, target: &Tensor, value: &Tensor, rate: &Tensor) -> Result<()> {
        let (to, from) = (target.shape(), value.shape());
        if to.numel() != from.numel() || rate.shape().numel() != 1 {
            return Err(Error::Shape(format!(
                "a moving average of {from:?} into {to:?} at a rate of {:?}",
                rate.shape()
            )));
        }
        self.effect(Lerp { len: to.numel() }, &[value, rate], &[target])
    }
}

/// The registry's row.
pub(super) fn row() -> Row {
    Row { name: "lerp", shaders: &[shader!("lerp")], cases }
}

fn cases() -> Vec<Case> {
    vec![
        Case::new("an average of two values", &[&[3, 37]], |graph, inputs| {
            let layout = ParamLayout::new(&[("average".into(), inputs[0].shape())])?;
            let average = graph.slab("average", &layout)?;
            let rate = graph.scalar(0.25);
            graph.moving_average(&average.get("average")?, &inputs[0], &rate)?;
            graph.moving_average(&average.get("average")?, &inputs[0].square(), &rate)?;
            average.get("average")
        })
        .forward_only(),
    ]
}
