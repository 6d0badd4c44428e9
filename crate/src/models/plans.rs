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

/// Ends a training step: gradients of `loss` `[]`, Adam, the moving average. Further inputs of the plan: `hyper` `[4]`
/// ([`AdamConfig::hyper`]) and `ema_rate` (1 - decay, a scalar).
///
/// # Errors
/// [`Error::Shape`] when `loss` is no scalar.
pub fn minimize(loss: &Tensor, params: &Slab, adam: &AdamConfig) -> Result<()> {
    let graph = loss.graph();
    let hyper = graph.input("hyper", [4])?;
    let ema_rate = graph.input("ema_rate", Shape::default())?;
    let gradients = graph.grad(loss, &params.tensors())?;
    graph.adam(OPTIMIZER, params, &gradients, &hyper, adam)?;
    let average = graph.slab(EMA, params.layout())?;
    graph.moving_average(&average.all(), &params.all(), &ema_rate)
}
