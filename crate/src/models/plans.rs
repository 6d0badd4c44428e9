//! How the plans of all families begin and how their training steps end.

use std::rc::Rc;

use crate::graph::{Graph, ParamLayout, Shape, Slab, Tensor};
use crate::ops::AdamConfig;
use crate::{Error, Result};

/// The name of the slab that holds a model's parameters in every plan.
pub const PARAMS: &str = "params";
/// The name of the slab that holds their exponential moving average in a training plan.
pub const EMA: &str = "ema";
/// The name of the optimizer, whose moments are the slabs `adam.m` and `adam.v`.
pub const OPTIMIZER: &str = "adam";

/// An empty graph with the parameters of `layout`.
///
/// # Errors
/// [`Error::Shape`] for an empty batch.
pub fn begin(layout: &Rc<ParamLayout>, batch: usize) -> Result<(Graph, Slab)> {
    if batch == 0 {
        return Err(Error::Shape("a batch holds at least one image".into()));
    }
    let graph = Graph::new();
    let params = graph.slab(PARAMS, layout)?;
    Ok((graph, params))
}

/// Ends a training step: gradients of `loss` `[]`, Adam, the moving average. Further inputs of the plan: those of
/// [`pace`].
///
/// # Errors
/// [`Error::Shape`] when `loss` is no scalar.
pub fn minimize(loss: &Tensor, params: &Slab, adam: &AdamConfig) -> Result<()> {
    minimize_at(&pace(loss.graph())?, loss, params, adam)
}

/// What the trainer tells each step.
pub struct Pace {
    /// The input `hyper` `[4]` ([`AdamConfig::hyper`]).
    pub hyper: Tensor,
    /// The input `ema_rate`: 1 - decay, a scalar.
    pub ema_rate: Tensor,
}

/// The inputs of a training step that the trainer writes.
///
/// # Errors
/// [`Error::Shape`] when the graph has them already.
pub fn pace(graph: &Graph) -> Result<Pace> {
    Ok(Pace { hyper: graph.input("hyper", [4])?, ema_rate: graph.input("ema_rate", Shape::default())? })
}

/// [`minimize`] where other steps go by the same inputs.
///
/// # Errors
/// As [`minimize`].
pub fn minimize_at(pace: &Pace, loss: &Tensor, params: &Slab, adam: &AdamConfig) -> Result<()> {
    let graph = loss.graph();
    let gradients = graph.grad(loss, &params.tensors())?;
    graph.adam(OPTIMIZER, params, &gradients, &pace.hyper, adam)?;
    let average = graph.slab(EMA, params.layout())?;
    graph.moving_average(&average.all(), &params.all(), &pace.ema_rate)
}
