/** Weights of autoregressive models with a few numbers a layer; nothing was learned in them. */

import { file, linear } from './tiny-weights.js';

/** @import { Tensor } from './tiny-weights.js' */

const [ROWS, REACH, WIDTH] = [1, 1, 4];
/** Places in the window: a row above and those to the left. */
const SEEN = ROWS * (2 * REACH + 1);

/** @param {object} network @param {Tensor[]} tensors */
const model = (network, tensors) =>
  file({ family: 'autoregressive', side: 28, window: [ROWS, REACH], network }, tensors);

/** @param {string} name @returns {Tensor[]} */
const norm = (name) => [[`${name}.weight`, [WIDTH], 0.1, 1], [`${name}.bias`, [WIDTH], 0.1]];

/** One block with two heads; it writes patches. */
export function tinyTransformer() {
  return model({ transformer: { width: WIDTH, layers: 1, heads: 2 } }, [
    ...linear('input', 4 * (SEEN + REACH), WIDTH),
    ['position.weight', [14 * 14, WIDTH], 1],
    ...norm('layers.0.norm1'),
    ...linear('layers.0.attention.in', WIDTH, 3 * WIDTH),
    ...linear('layers.0.attention.out', WIDTH, WIDTH),
    ...norm('layers.0.norm2'),
    ...linear('layers.0.mlp.0', WIDTH, 4 * WIDTH),
    ...linear('layers.0.mlp.1', 4 * WIDTH, WIDTH),
    ...norm('norm'),
    ...linear('head', WIDTH, 16),
  ]);
}

/** One gated block; it writes pixels. */
export function tinyPixelCnn() {
  const ways = ['value', 'gate'].flatMap((way) => [
    ...linear(`blocks.0.vertical.${way}`, 4 * WIDTH, WIDTH),
    ...linear(`blocks.0.horizontal.${way}`, 2 * WIDTH, WIDTH),
    ...linear(`blocks.0.down.${way}`, WIDTH, WIDTH),
  ]);
  return model({ pixel_cnn: { channels: WIDTH, blocks: 1 } }, [
    ...linear('above', SEEN, WIDTH),
    ...linear('left', REACH, WIDTH),
    ['position.weight', [28 * 28, WIDTH], 1],
    ...ways,
    ...linear('blocks.0.out', WIDTH, WIDTH),
    ...linear('head.0', WIDTH, WIDTH),
    ['head.1.weight', [1, WIDTH], 1],
    ['head.1.bias', [1], 0.1],
  ]);
}
