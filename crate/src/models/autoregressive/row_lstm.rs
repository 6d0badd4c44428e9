//! The row LSTM: one recurrent cell for each column, whose state moves down the picture; the gates of a pixel come from
//! the pixels written before it (input-to-state) and from the three states above it (state-to-state), van den Oord et al.
//! 2016, "Pixel recurrent neural networks", section 3.1 and equation 3.

use super::places::{Near, Part, Place, View};
use crate::error::{Error, Result};
use crate::graph::{Slab, Tensor};
use crate::nn::layers::linear;

/// The logits `[rows, 1]` of ink.
pub(super) fn logits(view: &View, near: &mut dyn Near, params: &Slab, layers: usize) -> Result<Tensor> {
    let seen = linear(&view.window(Part::Both)?, params, "input")?;
    let mut x = view.add_position(&seen, params)?.silu();
    for layer in 0..layers {
        let [hidden, cell] = slots(layer);
        if layer > 0 {
            let below = near.recall(slots(layer - 1)[0], &[Place::Left, Place::Here])?;
            x = below.ok_or_else(|| Error::Shape("a place has itself as a neighbour".into()))?;
        }
        let above = near.recall(hidden, &[Place::UpLeft, Place::Up, Place::UpRight])?;
        let gate = |gate: &str| -> Result<Tensor> {
            let from_input = linear(&x, params, &format!("layers.{layer}.{gate}.in"))?;
            match &above {
                Some(above) => from_input.add(&linear(above, params, &format!("layers.{layer}.{gate}.state"))?),
                None => Ok(from_input),
            }
        };
        let mut c = gate("input")?.sigmoid().mul(&gate("candidate")?.tanh())?;
        if let Some(before) = near.recall(cell, &[Place::Up])? {
            c = gate("forget")?.sigmoid().mul(&before)?.add(&c)?;
        }
        let h = gate("output")?.sigmoid().mul(&c.tanh())?;
        near.keep(hidden, &h)?;
        near.keep(cell, &c)?;
        x = h;
    }
    linear(&linear(&x, params, "head.0")?.relu(), params, "head.1")
}

/// The numbers of a layer's hidden state and of its cell.
fn slots(layer: usize) -> [usize; 2] {
    [2 * layer, 2 * layer + 1]
}
