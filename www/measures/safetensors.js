/** Reads the tables of numbers in a small safetensors file that the page fetches itself; weights are read by the engine. */

import { KindError } from '../protocol.js';

/** @typedef {{shape: number[], values: Float64Array}} Table */

/** Bytes of a value. */
const WIDTH = { F16: 2, F32: 4, F64: 8 };

/** How a value is read. */
const READ = {
  F16: (/** @type {DataView} */ view, /** @type {number} */ at) => half(view.getUint16(at, true)),
  F32: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getFloat32(at, true),
  F64: (/** @type {DataView} */ view, /** @type {number} */ at) => view.getFloat64(at, true),
};

/**
 * @param {ArrayBuffer} file
 * @returns {{tables: Map<string, Table>, config: any}}
 */
export function readTables(file) {
  const broken = (/** @type {string} */ what) => new KindError('checkpoint', what);
  const view = new DataView(file);
  const length = file.byteLength >= 8 ? Number(view.getBigUint64(0, true)) : Infinity;
  if (!(length <= file.byteLength - 8)) throw broken(`${file.byteLength} bytes, shorter than its own header`);
  /** @type {Record<string, any>} */
  let header;
  /** @type {any} */
  let config;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array(file, 8, length)));
    config = JSON.parse(header.__metadata__?.inkling ?? 'null');
  } catch (error) {
    throw broken(String(error));
  }
  const tables = new Map();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const width = WIDTH[/** @type {keyof typeof WIDTH} */ (entry.dtype)];
    const [from, to] = entry.data_offsets ?? [];
    const count = entry.shape?.reduce((/** @type {number} */ product, /** @type {number} */ size) => product * size, 1);
    if (!width || !(from >= 0) || to - from !== width * count || 8 + length + to > file.byteLength) throw broken(name);
    const at = (/** @type {number} */ i) => 8 + length + from + width * i;
    const values = new Float64Array(count);
    const read = READ[/** @type {keyof typeof READ} */ (entry.dtype)];
    for (let i = 0; i < count; i += 1) values[i] = read(view, at(i));
    tables.set(name, { shape: entry.shape, values });
  }
  return { tables, config };
}

/** The number that 16 bits mean (IEEE 754 binary16). @param {number} bits */
function half(bits) {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}
