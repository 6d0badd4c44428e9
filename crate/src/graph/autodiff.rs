//! Reverse-mode differentiation. The nodes it appends are ordinary nodes, so gradients of gradients are
//! taken the same way.

use super::{Graph, Node, NodeId, Source, Tensor};
use crate::{Error, Result};

impl Graph {
    /// The gradients of the scalar `loss` with respect to `wrt`; `None` where the loss does not depend on it.
    ///
    /// Two slab tensors of the same range count as the same variable.
    ///
    /// # Errors
    /// [`Error::Shape`] when the loss is not a scalar, [`Error::Unsupported`] for an op without a derivative.
    pub fn grad(&self, loss: &Tensor, wrt: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
        if loss.shape().numel() != 1 {
            return Err(Error::Shape(format!("a loss is one number, not {:?}", loss.shape())));
        }
        let seed = self.constant(&[1.0], loss.shape())?;
        self.vector_jacobian(loss, &seed, wrt)
    }

    /// The products of `cotangent` with the Jacobians of `output` with respect to `wrt`.
    ///
    /// # Errors
    /// As [`Graph::grad`]; [`Error::Shape`] when `cotangent` has another shape than `output`.
    pub fn vector_jacobian(&self, output: &Tensor, cotangent: &Tensor, wrt: &[Tensor]) -> Result<Vec<Option<Tensor>>> {
        if output.shape() != cotangent.shape() {
            return Err(Error::Shape("a cotangent has the shape of its output".into()));
        }
        let key = |id: NodeId| variable(&self.0.borrow().nodes[id], id);
        let wanted: Vec<Variable> = wrt.iter().map(|tensor| key(tensor.id)).collect();
        let depends = self.dependents(output.id, &wanted);
        let place = |variable: &Variable| wanted.iter().position(|other| other == variable);
        let mut cotangents: Vec<Option<Tensor>> = vec![None; output.id + 1];
        let mut found: Vec<Option<Tensor>> = vec![None; wanted.len()];
        cotangents[output.id] = Some(cotangent.clone());
        for id in (0..=output.id).rev() {
            if !depends[id] {
                continue;
            }
            let Some(gradient) = cotangents[id].take() else { continue };
            if let Some(place) = place(&key(id)) {
                accumulate(&mut found[place], gradient.clone())?;
            }
            let node = self.0.borrow().nodes[id].clone();
            let inputs: Vec<Tensor> = node.inputs.iter().map(|&id| Tensor { graph: self.clone(), id }).collect();
            let gradients = match &node.source {
                Source::Op(op) => {
                    let output = Tensor { graph: self.clone(), id };
                    let needed: Vec<bool> = node.inputs.iter().map(|&input| depends[input]).collect();
                    op.backward(&Backward { inputs: &inputs, output: &output, gradient: &gradient, needed: &needed })?
                }
                Source::View => vec![Some(gradient.reshape(inputs[0].shape())?)],
                Source::Pack { .. } => {
                    return Err(Error::Unsupported("a packed slab has no derivative".into()));
                }
                _ => continue,
            };
            for (input, gradient) in inputs.iter().zip(gradients) {
                if let (Some(gradient), true) = (gradient, depends[input.id]) {
                    debug_assert_eq!(gradient.shape(), input.shape(), "gradient of {:?}", node.source);
                    accumulate(&mut cotangents[input.id], gradient)?;
                }
            }
        }
        Ok(wanted.iter().map(|variable| place(variable).and_then(|place| found[place].clone())).collect())
    }

    /// Which nodes up to `last` depend on one of the variables.
    fn dependents(&self, last: NodeId, wanted: &[Variable]) -> Vec<bool> {
        let mut depends = vec![false; last + 1];
        for id in 0..=last {
            let node = &self.0.borrow().nodes[id];
            let through = !matches!(node.source, Source::Detached | Source::Effect { .. });
            depends[id] =
                wanted.contains(&variable(node, id)) || (through && node.inputs.iter().any(|&input| depends[input]));
        }
        depends
    }
}

fn variable(node: &Node, id: NodeId) -> Variable {
    match node.source {
        Source::Slab { slab, offset } => Variable::Slab(slab, offset, node.shape.numel()),
        _ => Variable::Node(id),
    }
}

/// What an op's derivative is computed from.
pub struct Backward<'a> {
    /// The op's inputs.
    pub inputs: &'a [Tensor],
    /// The op's output.
    pub output: &'a Tensor,
    /// The gradient of the loss with respect to the output, of the output's shape.
    pub gradient: &'a Tensor,
    /// Which inputs' gradients are asked for.
    pub needed: &'a [bool],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Variable {
    Node(NodeId),
    Slab(usize, usize, usize),
}

fn accumulate(sum: &mut Option<Tensor>, gradient: Tensor) -> Result<()> {
    *sum = Some(match sum.take() {
        Some(other) => other.add(&gradient)?,
        None => gradient,
    });
    Ok(())
}
