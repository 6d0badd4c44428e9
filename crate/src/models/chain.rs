//! What the visible chains of energy-based models have in common: a state that is kept from run to run, that begins anew
//! where it is told to, and of which a part may be held fast, so that the rest completes it.
//!
//! Inputs: `key` `[4]` ([`crate::ops::key_values`]), `begin` `[batch]` ([`GO_ON`], [`FROM_NOISE`] or [`FROM_GIVEN`]),
//! `given` `[batch, 784]`, a picture in 0 (paper) to 1 (ink), and `mask` `[batch, 784]`: 1 where the chain must show the
//! given picture, 0 where it is free. The state is the slab [`STATE`].

use super::plans::begin;
use crate::Result;
use crate::data::PIXELS;
use crate::graph::{Graph, ParamLayout, Slab, Tensor};
use std::rc::Rc;

/// The slab that holds the chains' states.
pub const STATE: &str = "chains";
/// A value of `begin`: the chain goes on from where it is.
pub const GO_ON: f32 = 0.0;
/// A value of `begin`: the chain begins anew from noise.
pub const FROM_NOISE: f32 = 1.0;
/// A value of `begin`: the chain begins anew from the given picture.
pub const FROM_GIVEN: f32 = 2.0;

/// Chains of a batch in a graph.
pub struct Chains {
    /// The graph.
    pub graph: Graph,
    /// The model's parameters.
    pub params: Slab,
    /// The key of the run.
    pub key: Tensor,
    state: Tensor,
    begin: Tensor,
    given: Tensor,
    mask: Tensor,
}

impl Chains {
    /// A graph with the parameters of `layout`, the chains' inputs and their state.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] for an empty batch.
    pub fn new(layout: &Rc<ParamLayout>, batch: usize) -> Result<Chains> {
        let (graph, params) = begin(layout, batch)?;
        let states = ParamLayout::new(&[("x".into(), [batch, PIXELS].into())])?;
        let state = graph.slab(STATE, &states)?.get("x")?;
        let key = graph.input("key", [4])?;
        let begin = graph.input("begin", [batch])?.reshape([batch, 1])?;
        let (given, mask) = (graph.input("given", [batch, PIXELS])?, graph.input("mask", [batch, PIXELS])?);
        Ok(Chains { graph, params, key, state, begin, given, mask })
    }

    /// The same chains for a model whose pixels are in -1 (paper) to 1 (ink).
    #[must_use]
    pub fn signed(self) -> Chains {
        Chains { given: self.given.mul_scalar(2.0).sub_scalar(1.0), ..self }
    }

    /// Where the run begins: `noise` `[batch, 784]`, the given picture or the state.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when the noise has another shape.
    pub fn start(&self, noise: &Tensor) -> Result<Tensor> {
        let from_noise = self.begin.equal_scalar(f64::from(FROM_NOISE));
        let from_given = self.begin.equal_scalar(f64::from(FROM_GIVEN));
        self.clamp(&from_noise.select(noise, &from_given.select(&self.given, &self.state)?)?)
    }

    /// `x` with the given picture where it is held fast.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when `x` is of another batch.
    pub fn clamp(&self, x: &Tensor) -> Result<Tensor> {
        self.mask.select(&self.given, x)
    }

    /// Keeps `x` for the next run, to the last bit: what was kept before leaves no rounding behind.
    ///
    /// # Errors
    /// [`crate::Error::Shape`] when `x` is of another batch.
    pub fn keep(&self, x: &Tensor) -> Result<()> {
        let (zero, whole) = (self.graph.scalar(0.0).broadcast_to(x.shape())?, self.graph.scalar(1.0));
        self.graph.moving_average(&self.state, &zero, &whole)?;
        self.graph.moving_average(&self.state, x, &whole)
    }
}
