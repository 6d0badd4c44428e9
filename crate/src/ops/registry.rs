//! One row per op: its shaders and the cases that every check runs on. The checks themselves are in the workspace
//! member `tests`: CPU against GPU, gradients against central differences in f64, extremes, shader reflection.

use super::Shader;
use crate::Result;
use crate::graph::{Graph, Tensor};

/// One random input of a case: its shape and the range of its values.
#[derive(Debug, Clone)]
pub struct CaseInput {
    /// The extents.
    pub shape: Vec<usize>,
    /// Lowest and highest value.
    pub range: (f64, f64),
}

/// Builds a case's output from its inputs.
pub type Build = Box<dyn Fn(&Graph, &[Tensor]) -> Result<Tensor>>;

/// One graph to check.
pub struct Case {
    /// What the case is about.
    pub name: String,
    /// The inputs, in the order that `build` is given them.
    pub inputs: Vec<CaseInput>,
    /// Builds the output.
    pub build: Build,
    /// Whether gradients with respect to every input are checked.
    pub differentiable: bool,
    /// Whether inputs of large magnitude must give finite results.
    pub extremes: bool,
}

impl Case {
    /// A differentiable case of inputs in [-1, 1].
    pub fn new(
        name: impl Into<String>,
        shapes: &[&[usize]],
        build: impl Fn(&Graph, &[Tensor]) -> Result<Tensor> + 'static,
    ) -> Self {
        let inputs = shapes.iter().map(|shape| CaseInput { shape: shape.to_vec(), range: (-1.0, 1.0) }).collect();
        Case { name: name.into(), inputs, build: Box::new(build), differentiable: true, extremes: false }
    }

    /// The same case with all inputs in `range`.
    #[must_use]
    pub fn range(mut self, range: (f64, f64)) -> Self {
        self.inputs.iter_mut().for_each(|input| input.range = range);
        self
    }

    /// The same case with input `index` in `range`.
    #[must_use]
    pub fn input_range(mut self, index: usize, range: (f64, f64)) -> Self {
        self.inputs[index].range = range;
        self
    }

    /// The same case without a gradient check.
    #[must_use]
    pub fn forward_only(mut self) -> Self {
        self.differentiable = false;
        self
    }

    /// The same case, which must also stay finite for inputs of +-100.
    #[must_use]
    pub fn finite_at_extremes(mut self) -> Self {
        self.extremes = true;
        self
    }
}

/// An op's row.
pub struct Row {
    /// The op's name.
    pub name: &'static str,
    /// The shaders that it uses.
    pub shaders: &'static [Shader],
    /// The cases that check it.
    pub cases: fn() -> Vec<Case>,
}

/// Every op, in alphabetical order.
pub fn rows() -> Vec<Row> {
    vec![
        super::adam::row(),
        super::concat::row(),
        super::conv::row(),
        super::copy::row(),
        super::embedding::row(),
        super::lerp::row(),
        super::matmul::row(),
        crate::nn::row(),
        super::normalize::row(),
        super::pointwise::row(),
        super::pool::row(),
        super::quantile::row(),
        super::random::row(),
        super::reduce::row(),
        super::softmax::row(),
    ]
}
