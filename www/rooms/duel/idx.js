/** Images of an IDX file, the format in which MNIST is published; the file may be compressed by gzip. */

import { KindError, PIXELS, SIDE } from '../../protocol.js';

/** The magic number of unsigned bytes in three dimensions. */
const MAGIC = 0x00000803;
const HEADER = 16;
/** More than any file of digits holds. */
const LARGEST = 1 << 29;

/** @param {File} file */
export function isIdx({ name }) {
  return /idx3|ubyte|\.gz$/i.test(name);
}

/**
 * @param {Blob} file
 * @returns {Promise<Uint8Array>} 784 bytes for each image
 */
export async function readIdx(file) {
  const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const zipped = start[0] === 0x1f && start[1] === 0x8b;
  const stream = zipped ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream();
  const bytes = await gathered(stream);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isImages =
    bytes.length >= HEADER && view.getUint32(0) === MAGIC && view.getUint32(8) === SIDE && view.getUint32(12) === SIDE;
  const count = isImages ? view.getUint32(4) : 0;
  if (count === 0 || bytes.length < HEADER + count * PIXELS) throw new KindError('data', 'not an IDX file of 28 by 28 images');
  return bytes.subarray(HEADER, HEADER + count * PIXELS);
}

/** @param {ReadableStream<Uint8Array>} stream */
async function gathered(stream) {
  /** @type {Uint8Array[]} */
  const parts = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new KindError('data', 'not a whole gzip file');
    });
    if (done) break;
    length += value.length;
    if (length > LARGEST) throw new KindError('data', 'larger than any file of digits');
    parts.push(value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
