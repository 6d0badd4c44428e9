/** Weights files of denoisers so small that a test computes hundreds of steps; nothing was learned in them. */

import { conv, file, linear } from './tiny-weights.js';

/** @import { Tensor } from './tiny-weights.js' */

const PIXELS = 784;

/**
 * 785 - 8 - 784, which knows no classes.
 * @param {'eps' | 'velocity'} [prediction]
 * @param {'linear' | 'straight'} [path]
 */
export function tinyMlp(prediction = 'eps', path = 'linear') {
  const hidden = 8;
  return file(
    { family: 'denoiser', network: { mlp: { hidden: [hidden] } }, prediction, path, conditional: false },
    [...linear('net.0', PIXELS + 1, hidden), ...linear('net.2', hidden, PIXELS)],
  );
}

/** The class-conditional U-Net with a few channels. */
export function tinyUnet() {
  const [outer, inner, embedding] = [4, 8, 8];
  const unet = { channels: [outer, inner], embedding, heads: 2, groups: 2 };
  return file({ family: 'denoiser', network: { unet }, prediction: 'velocity', path: 'straight', conditional: true }, [
    ...linear('time.0', 64, embedding),
    ...linear('time.2', embedding, embedding),
    ['label.weight', [11, embedding], 1],
    ...conv('stem', 1, outer, 2),
    ...block('down.0', outer, outer, embedding),
    ...conv('downsample', outer, inner, 3),
    ...block('down.1', inner, inner, embedding),
    ...norm('attention.norm', inner),
    ['attention.in_proj_weight', [3 * inner, inner], 0.3],
    ['attention.in_proj_bias', [3 * inner], 0.1],
    ['attention.out_proj.weight', [inner, inner], 0.3],
    ['attention.out_proj.bias', [inner], 0.1],
    ...block('up.1', inner, inner, embedding),
    ...conv('upsample', inner, outer, 1),
    ...block('up.0', 2 * outer, outer, embedding),
    ...norm('out_norm', outer),
    ...conv('out', outer, 4, 3),
  ]);
}

/** @param {string} name @param {number} channels @returns {Tensor[]} */
function norm(name, channels) {
  return [[`${name}.weight`, [channels], 0.1, 1], [`${name}.bias`, [channels], 0.1]];
}

/** @param {string} name @param {number} inputs @param {number} outputs @param {number} embedding @returns {Tensor[]} */
function block(name, inputs, outputs, embedding) {
  return [
    ...norm(`${name}.norm1`, inputs),
    ...conv(`${name}.conv1`, inputs, outputs, 3),
    ...linear(`${name}.film`, embedding, 2 * outputs),
    ...norm(`${name}.norm2`, outputs),
    ...conv(`${name}.conv2`, outputs, outputs, 3),
    ...(inputs === outputs ? [] : conv(`${name}.skip`, inputs, outputs, 1)),
  ];
}
