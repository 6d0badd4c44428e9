/** Weights files of denoisers so small that a test computes hundreds of steps; nothing was learned in them. */

/** @typedef {[name: string, shape: number[], scale: number, centre?: number]} Tensor */

const PIXELS = 784;

/**
 * 785 - 8 - 784, which knows no classes.
 * @param {'eps' | 'velocity'} [prediction]
 * @param {'linear' | 'straight'} [path]
 */
export function tinyMlp(prediction = 'eps', path = 'linear') {
  const hidden = 8;
  return file(
    { network: { mlp: { hidden: [hidden] } }, prediction, path, conditional: false },
    [...linear('net.0', PIXELS + 1, hidden), ...linear('net.2', hidden, PIXELS)],
  );
}

/** The class-conditional U-Net with a few channels. */
export function tinyUnet() {
  const [outer, inner, embedding] = [4, 8, 8];
  const unet = { channels: [outer, inner], embedding, heads: 2, groups: 2 };
  return file({ network: { unet }, prediction: 'velocity', path: 'straight', conditional: true }, [
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

/** @param {string} name @param {number} inputs @param {number} outputs @returns {Tensor[]} */
function linear(name, inputs, outputs) {
  return [[`${name}.weight`, [outputs, inputs], inputs ** -0.5], [`${name}.bias`, [outputs], 0.1]];
}

/** @param {string} name @param {number} inputs @param {number} outputs @param {number} side @returns {Tensor[]} */
function conv(name, inputs, outputs, side) {
  const scale = (inputs * side * side) ** -0.5;
  return [[`${name}.weight`, [outputs, inputs, side, side], scale], [`${name}.bias`, [outputs], 0.1]];
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

/**
 * A safetensors file: the header's length as a u64, the header, the values.
 * @param {object} config
 * @param {Tensor[]} tensors
 * @returns {Uint8Array<ArrayBuffer>}
 */
function file(config, tensors) {
  /** @type {Record<string, unknown>} */
  const header = { __metadata__: { inkling: JSON.stringify({ family: 'denoiser', ...config }) } };
  /** @type {number[]} */
  const values = [];
  for (const [name, shape, scale, centre = 0] of tensors) {
    const start = values.length;
    const count = shape.reduce((product, size) => product * size, 1);
    for (let i = 0; i < count; i += 1) values.push(centre + scale * uniform(values.length));
    header[name] = { dtype: 'F32', shape, data_offsets: [4 * start, 4 * values.length] };
  }
  let text = JSON.stringify(header);
  text += ' '.repeat((8 - (text.length % 8)) % 8);
  const bytes = new Uint8Array(8 + text.length + 4 * values.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(new TextEncoder().encode(text), 8);
  bytes.set(new Uint8Array(Float32Array.from(values).buffer), 8 + text.length);
  return bytes;
}

/** A number from -1 to 1 that looks drawn at random, the same for the same index. @param {number} index */
function uniform(index) {
  let bits = Math.imul(index + 1, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 15), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 31 - 1;
}
