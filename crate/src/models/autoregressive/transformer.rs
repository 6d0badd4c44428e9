//! The causal transformer over patches: blocks of attention and a perceptron, norms in front of both (Vaswani et al. 2017;
//! Xiong et al. 2020 for the norms' place). What a place puts in is what it sees of the pixels written before it, so that
//! it may attend to itself and no patch is shifted.

use super::places::{Part, View};
use crate::error::Result;
use crate::graph::{Slab, Tensor};
use crate::nn::functional;
use crate::nn::layers::{layer_norm, linear};

/// How the places attend to those before them.
pub(super) trait Attend {
    /// The attention of layer `layer`: queries, keys and values `[rows, 3 width]` -> `[rows, width]`.
    fn attend(&mut self, layer: usize, projected: &Tensor) -> Result<Tensor>;
}

/// The logits `[rows, 16]` of the patches.
pub(super) fn logits(view: &View, past: &mut dyn Attend, params: &Slab, layers: usize) -> Result<Tensor> {
    let seen = linear(&view.window(Part::Both)?, params, "input")?;
    let mut x = view.add_position(&seen, params)?;
    for layer in 0..layers {
        let name = format!("layers.{layer}");
        let projected =
            linear(&layer_norm(&x, params, &format!("{name}.norm1"))?, params, &format!("{name}.attention.in"))?;
        let attended = past.attend(layer, &projected)?;
        x = x.add(&linear(&attended, params, &format!("{name}.attention.out"))?)?;
        let y = layer_norm(&x, params, &format!("{name}.norm2"))?;
        let y = linear(&y, params, &format!("{name}.mlp.0"))?.silu();
        x = x.add(&linear(&y, params, &format!("{name}.mlp.1"))?)?;
    }
    linear(&layer_norm(&x, params, "norm")?, params, "head")
}

/// All places of whole pictures.
pub(super) struct AllAtOnce {
    pub batch: usize,
    pub tokens: usize,
    pub heads: usize,
}

impl Attend for AllAtOnce {
    fn attend(&mut self, _layer: usize, projected: &Tensor) -> Result<Tensor> {
        let AllAtOnce { batch, tokens, heads } = *self;
        let width = projected.shape().dims()[1] / 3;
        let part = width / heads;
        let by_head = projected.reshape([batch, tokens, 3, heads, part])?.permute(&[2, 0, 3, 1, 4])?;
        let take = |index: usize| by_head.slice(0, index, 1)?.reshape([batch, heads, tokens, part]);
        let attended = functional::attention(&take(0)?, &take(1)?, &take(2)?, true)?;
        attended.permute(&[0, 2, 1, 3])?.reshape([batch * tokens, width])
    }
}
