/** What `npm run bench` measures: sizes of the six kinds of work, with parameters and inputs that are only numbers. */

/** A few lines of pseudo-random numbers (mulberry32): speed does not depend on which. */
function uniform(/** @type {number} */ seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {number} count @param {number} bound */
function values(count, bound) {
  const next = uniform(count);
  return Float32Array.from({ length: count }, () => bound * (2 * next() - 1));
}

/** Dense layers by name: [weight, bias, in, out]. @param {[string, string, number, number][]} layers */
const dense = (layers) =>
  Object.fromEntries(
    layers.flatMap(([weight, bias, inputs, outputs]) => [
      [weight, { shape: [inputs, outputs], data: values(inputs * outputs, Math.sqrt(6 / inputs)) }],
      [bias, { shape: [outputs], data: values(outputs, 0.1) }],
    ]),
  );

/** Channels in and out, and whether normalisation follows, of the U-Net's layers. @type {[number, number, boolean][]} */
const UNET = [
  [1, 32, true],
  [32, 64, true],
  [64, 64, true],
  [64, 64, true],
  [64, 64, true],
  [128, 32, false],
  [64, 32, true],
  [32, 1, false],
];

const unet = () =>
  Object.fromEntries(
    UNET.flatMap(([inputs, outputs, normalised], i) => [
      [`c${i}w`, { shape: [outputs, inputs, 3, 3], data: values(outputs * inputs * 9, Math.sqrt(6 / (9 * inputs))) }],
      [`c${i}b`, { shape: [outputs], data: values(outputs, 0.1) }],
      ...(normalised
        ? [
            [`g${i}g`, { shape: [outputs], data: new Float32Array(outputs).fill(1) }],
            [`g${i}b`, { shape: [outputs], data: values(outputs, 0.1) }],
          ]
        : []),
    ]),
  );

/** @param {number} batch */
const item = (/** @type {string} */ id, /** @type {string} */ kind, batch, /** @type {any} */ params, /** @type {any} */ inputs) => ({
  id,
  kind,
  spec: { kind, batch, ...params },
  inputs,
});

const square = (/** @type {number} */ n) =>
  item(`matmul ${n}`, 'matmul', 1, { n, params: { B: { shape: [n, n], data: values(n * n, 1) } } }, { A: values(n * n, 1) });

/** @param {number} batch */
const decoder = (batch) =>
  item(
    `decoder 20-400-784, batch ${batch}`,
    'decoder',
    batch,
    { params: dense([['W1', 'b1', 20, 400], ['W2', 'b2', 400, 784]]) },
    { z: values(20 * batch, 2) },
  );

/** @param {number} batch */
const denoiser = (batch) =>
  item(
    `denoiser 785-512-512-784, batch ${batch}`,
    'denoiser',
    batch,
    { params: dense([['W1', 'b1', 785, 512], ['W2', 'b2', 512, 512], ['W3', 'b3', 512, 784]]) },
    { x: values(785 * batch, 2) },
  );

/** @param {number} batch */
const network = (batch) => item(`U-Net 84 MFLOP, batch ${batch}`, 'unet', batch, { params: unet() }, { x: values(784 * batch, 2) });

/** Everything, in the order of the table. */
export const items = () => [
  square(256),
  square(512),
  decoder(1),
  decoder(64),
  denoiser(1),
  denoiser(64),
  network(1),
  network(16),
  item(
    'VAE training step, batch 128',
    'vaeTrain',
    128,
    {
      params: dense([
        ['W1', 'b1', 784, 400],
        ['Wm', 'bm', 400, 20],
        ['Wv', 'bv', 400, 20],
        ['W3', 'b3', 20, 400],
        ['W4', 'b4', 400, 784],
      ]),
    },
    { x: values(128 * 784, 1).map(Math.abs), eps: values(128 * 20, 2) },
  ),
  item(
    'GAN training step, batch 64',
    'ganTrain',
    64,
    {
      params: dense([
        ['GW1', 'Gb1', 100, 256],
        ['GW2', 'Gb2', 256, 512],
        ['GW3', 'Gb3', 512, 784],
        ['DW1', 'Db1', 784, 512],
        ['DW2', 'Db2', 512, 256],
        ['DW3', 'Db3', 256, 1],
      ]),
    },
    { x: values(64 * 784, 1).map(Math.abs), z1: values(6400, 2), z2: values(6400, 2) },
  ),
];
