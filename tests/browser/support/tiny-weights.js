/** Weights files for tests; nothing was learned in them. */

/** @typedef {[name: string, shape: number[], scale: number, centre?: number]} Tensor */

/** @param {string} name @param {number} inputs @param {number} outputs @returns {Tensor[]} */
export function linear(name, inputs, outputs) {
  return [[`${name}.weight`, [outputs, inputs], inputs ** -0.5], [`${name}.bias`, [outputs], 0.1]];
}

/** @param {string} name @param {number} inputs @param {number} outputs @param {number} side @returns {Tensor[]} */
export function conv(name, inputs, outputs, side) {
  const scale = (inputs * side * side) ** -0.5;
  return [[`${name}.weight`, [outputs, inputs, side, side], scale], [`${name}.bias`, [outputs], 0.1]];
}

/**
 * A safetensors file: the header's length as a u64, the header, the values.
 * @param {object} config
 * @param {Tensor[]} tensors
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function file(config, tensors) {
  /** @type {Record<string, unknown>} */
  const header = { __metadata__: { inkling: JSON.stringify(config) } };
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
