//! The gated PixelCNN: a vertical stack that sees the rows above and a horizontal one that sees the row being written and
//! is told what the vertical one saw, so that no pixel written before is in a blind spot (van den Oord et al. 2016,
//! "Conditional image generation with PixelCNN decoders", sections 2.1 and 2.2).
//!
//! The kernels are those of masked convolutions, as matrices over the places that the mask leaves: three above and the
//! place itself in the vertical stack (which holds nothing of its own row), the left neighbour and the place itself in the
//! horizontal one.

use super::places::{Near, Part, Place, View};
use crate::error::{Error, Result};
use crate::graph::{Slab, Tensor};
use crate::nn::layers::linear;

/// The logits `[rows, 1]` of ink.
pub(super) fn logits(view: &View, near: &mut dyn Near, params: &Slab, blocks: usize) -> Result<Tensor> {
    let above = linear(&view.window(Part::Above)?, params, "above")?;
    let mut vertical = view.add_position(&above, params)?.silu();
    let mut horizontal = linear(&view.window(Part::Left)?, params, "left")?;
    for block in 0..blocks {
        let name = format!("blocks.{block}");
        let [first, second] = slots(block);
        near.keep(first, &vertical)?;
        near.keep(second, &horizontal)?;
        let missing = || Error::Shape("a place has itself as a neighbour".into());
        let seen = near.recall(first, &[Place::UpLeft, Place::Up, Place::UpRight, Place::Here])?.ok_or_else(missing)?;
        let left = near.recall(second, &[Place::Left, Place::Here])?.ok_or_else(missing)?;
        let value = linear(&seen, params, &format!("{name}.vertical.value"))?.tanh();
        vertical = value.mul(&linear(&seen, params, &format!("{name}.vertical.gate"))?.sigmoid())?;
        let joined = |way: &str| -> Result<Tensor> {
            linear(&left, params, &format!("{name}.horizontal.{way}"))?.add(&linear(
                &vertical,
                params,
                &format!("{name}.down.{way}"),
            )?)
        };
        let gated = joined("value")?.tanh().mul(&joined("gate")?.sigmoid())?;
        horizontal = horizontal.add(&linear(&gated, params, &format!("{name}.out"))?)?;
    }
    linear(&linear(&horizontal.relu(), params, "head.0")?.relu(), params, "head.1")
}

/// The numbers of what block `block` reads from neighbours.
fn slots(block: usize) -> [usize; 2] {
    [2 * block, 2 * block + 1]
}
