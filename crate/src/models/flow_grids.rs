//! Pictures taken apart and put together again, without a loss: into four grids of every second pixel, into two halves.

use super::flow_config::PHASES;
use crate::error::Result;
use crate::graph::Tensor;

/// The four grids of a picture `[batch, side * side]`, each `[batch, (side / 2)^2]`, in the order of [`PHASES`].
pub(super) fn split(picture: &Tensor, side: usize) -> Result<Vec<Tensor>> {
    let (batch, half) = (picture.shape().dims()[0], side / 2);
    let grids = picture.reshape([batch, half, 2, half, 2])?.permute(&[2, 4, 0, 1, 3])?;
    let grids = grids.reshape([PHASES.len(), batch * half * half])?;
    PHASES.iter().map(|&phase| grids.slice(0, phase, 1)?.reshape([batch, half * half])).collect()
}

/// The inverse of [`split`]; `half` is the side of a grid.
pub(super) fn merge(grids: &[&Tensor], half: usize) -> Result<Tensor> {
    let batch = grids[0].shape().dims()[0];
    let mut ordered = grids.to_vec();
    for (grid, &phase) in grids.iter().zip(&PHASES) {
        ordered[phase] = grid;
    }
    let joined = grids[0].graph().concat(&ordered, 0)?.reshape([2, 2, batch, half, half])?;
    joined.permute(&[2, 3, 0, 4, 1])?.reshape([batch, 4 * half * half])
}

/// The pixels of even and of odd index of `[batch, pixels]`.
pub(super) fn halve(picture: &Tensor) -> Result<[Tensor; 2]> {
    let &[batch, pixels] = picture.shape().dims() else { unreachable!("a picture has two axes") };
    let even = pixels.div_ceil(2);
    let pairs = picture.pad(1, 0, 2 * even - pixels)?.reshape([batch, even, 2])?;
    let half = |index: usize, len: usize| pairs.slice(2, index, 1)?.reshape([batch, even])?.slice(1, 0, len);
    Ok([half(0, even)?, half(1, pixels / 2)?])
}

/// The inverse of [`halve`].
pub(super) fn join(halves: &[&Tensor; 2]) -> Result<Tensor> {
    let [batch, even] = [halves[0].shape().dims()[0], halves[0].shape().dims()[1]];
    let odd = halves[1].shape().dims()[1];
    let pair = [&halves[0].reshape([batch, even, 1])?, &halves[1].pad(1, 0, even - odd)?.reshape([batch, even, 1])?];
    halves[0].graph().concat(&pair, 2)?.reshape([batch, 2 * even])?.slice(1, 0, even + odd)
}
