/** Weights of small adversarial networks; nothing was learned in them. */

import { conv, file, linear } from './tiny-weights.js';

/** @import { Tensor } from './tiny-weights.js' */

const PIXELS = 784;
const CODE = 12;

/** @param {number} scores @returns {[object[], Tensor[]]} */
function discriminator(scores) {
  const layers = [{ linear: { out: 8 } }, { linear: { out: scores } }];
  return [layers, [...linear('discriminator.0', PIXELS, 8), ...linear('discriminator.2', 8, scores)]];
}

/** 12-16-784, told no digit. @param {boolean} [judges]  whether its discriminator is in the file */
export function tinyGan(judges = true) {
  const [layers, tensors] = judges ? discriminator(1) : [[], []];
  return file(
    {
      family: 'gan',
      z_dim: CODE,
      conditional: false,
      generator: { layers: [{ linear: { out: 16 } }, { linear: { out: PIXELS } }] },
      discriminator: layers,
      slopes: [0, 0.2],
    },
    [...linear('generator.0', CODE, 16), ...linear('generator.2', 16, PIXELS), ...tensors],
  );
}

/** A style-based one that is told the digit. */
export function tinyStyleGan() {
  const [first, second, third, width] = [4, 3, 2, 6];
  const [layers, tensors] = discriminator(10);
  const channels = [[first, first], [first, second], [second, second], [second, third], [third, 1]];
  return file(
    {
      family: 'gan',
      z_dim: CODE,
      conditional: true,
      generator: { style: { mapping: [8, width], channels: [first, second, third] } },
      discriminator: layers,
      slopes: [0.2, 0.2],
    },
    [
      ...linear('generator.mapping.0', CODE + 10, 8),
      ...linear('generator.mapping.1', 8, width),
      ['generator.constant', [1, first, 7, 7], 1],
      ...channels.flatMap(([inputs = 1, outputs = 1], layer) => styled(`generator.${layer}`, inputs, outputs, width, layer)),
      ...tensors,
    ],
  );
}

/** @param {string} name @param {number} inputs @param {number} outputs @param {number} width @param {number} layer @returns {Tensor[]} */
function styled(name, inputs, outputs, width, layer) {
  // every second layer doubles the side, with its weights the other way round
  const doubles = layer === 1 || layer === 3;
  /** @type {Tensor[]} */
  const kernel = doubles
    ? [[`${name}.weight`, [inputs, outputs, 4, 4], 1], [`${name}.bias`, [outputs], 0.1]]
    : conv(name, inputs, outputs, 3);
  /** @type {Tensor[]} */
  const style = [[`${name}.style.weight`, [inputs, width], 1], [`${name}.style.bias`, [inputs], 0.1, 1]];
  return [...kernel, ...style, ...(layer < 4 ? [/** @type {Tensor} */ ([`${name}.noise`, [1], 0, 0.3])] : [])];
}

/** What lies beside a model: its directions, and mean codes of the digits where they are of w. @param {number} width @param {boolean} isStyle */
export function tinyPage(width, isStyle) {
  const direction = (/** @type {number} */ index) => ({
    vector: Array.from({ length: width }, (_, i) => Number(i === index)),
    share: 0.5 / (index + 1),
    spread: 1,
  });
  return {
    space: isStyle ? 'w' : 'z',
    directions: [0, 1, 2].map(direction),
    means: isStyle ? Array.from({ length: 10 }, () => Array(width).fill(0)) : [],
  };
}
